"""A look at the task before any money is spent: its family, the tier to start on, the room its answer needs.

What is asked says little about whether a cheap model will fail; what comes back, checked, says much. So
the look is deliberately modest: start low unless the caller said otherwise or the form is known to be hard.
"""

from dataclasses import dataclass

from gemini_mcp.domain.catalog import TIERS, Model, Tier, tier_above
from gemini_mcp.domain.families import family_of
from gemini_mcp.domain.task import Task

HARD_FORM_INPUT_TOKENS = 8_000

ANSWER_TOKENS: dict[str, int] = {"text": 4_096, "markdown": 8_192, "json": 8_192, "python": 8_192, "diff": 12_288}
THINKING_TOKENS: dict[Tier, int] = {"lite": 2_048, "flash": 8_192, "pro": 16_384}
"""Room left for thinking, beside the answer's own, so that thinking never eats the answer."""

MOST_OUTPUT_TOKENS = 32_768
"""What every model gives in one answer that is not streamed; some refuse to be asked for more."""

LEAST_ANSWER_TOKENS = 256
LEAST_THINKING_TOKENS: dict[Tier, int] = {"lite": 0, "flash": 1_024, "pro": 4_096}
"""With less room than both, a budget would pay for an answer that thinking ate, or that breaks off. What models think
at the levels that are asked for here (next to nothing on lite), as far as is known."""


@dataclass(frozen=True, slots=True)
class Look:
    """Where a task starts and why; ``family`` groups tasks whose outcomes say something about one another."""

    family: str
    start: Tier
    reason: str


def look(task: Task, input_tokens: int) -> Look:
    """Choose the family and the tier to start on."""
    family = family_of(task, input_tokens)
    if task.rejected is not None:
        start = tier_above(task.rejected.tier or "lite") or "pro"
        if task.tier is not None and TIERS.index(task.tier) > TIERS.index(start):
            start = task.tier
        return Look(family, start, f"the caller rejected the {task.rejected.tier or 'earlier'} answer")
    if task.tier is not None:
        return Look(family, task.tier, "asked for")
    if family == "diff" and input_tokens > HARD_FORM_INPUT_TOKENS:
        return Look(family, "flash", "a diff against much code")
    return Look(family, "lite", "the cheapest tier first")


def output_limit(task: Task, tier: Tier, model: Model, *, more_room: bool) -> int:
    """``max_output_tokens`` for an attempt, thinking included. ``more_room`` after an answer that was cut short."""
    answer = task.answer_tokens or ANSWER_TOKENS["json" if task.wants_json else task.expect]
    thinking = THINKING_TOKENS[tier] if model.thinking.kind != "none" else 0
    wanted = (answer + thinking) * (2 if more_room else 1)
    return min(wanted, model.output_tokens, MOST_OUTPUT_TOKENS)


def least_output(task: Task, tier: Tier, model: Model) -> int:
    """The least ``max_output_tokens`` that is worth paying for, thinking included."""
    thinking = LEAST_THINKING_TOKENS[tier] if model.thinking.kind != "none" else 0
    return min(thinking + LEAST_ANSWER_TOKENS, output_limit(task, tier, model, more_room=False))


def thinking_level(model: Model, tier: Tier) -> str | None:
    """The least thinking on lite, little on flash; pro keeps the model's default (None)."""
    if model.thinking.kind != "level" or tier == "pro":
        return None
    levels = [level for level in model.thinking.levels if level.upper() not in {f.upper() for f in model.forbids}]
    if not levels:
        return None
    return (
        levels[0] if tier == "lite" or len(levels) == 1 else next((x for x in levels if x.lower() == "low"), levels[0])
    )


def thinking_budget(model: Model, tier: Tier) -> int | None:
    """For models that take a number of tokens: none on lite where it can be off, else the tier's room."""
    if model.thinking.kind != "budget" or "thinking_budget" in model.forbids:
        return None
    wanted = 0 if tier == "lite" and model.thinking.can_be_off else THINKING_TOKENS[tier]
    floor, ceiling = model.thinking.minimum_budget or 0, model.thinking.maximum_budget or wanted
    return wanted if wanted == 0 else max(floor, min(wanted, ceiling))
