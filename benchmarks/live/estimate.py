"""What a run is likely to cost, from the catalogue and by counting tokens: nothing is sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from benchmarks.live.pictures import SIZE
from benchmarks.live.task import Task
from gemini_mcp.domain.catalog import Catalogue, Model, Tier
from gemini_mcp.domain.imaging import tokens_of
from gemini_mcp.domain.likely import FRAME_TOKENS, thinking_tokens
from gemini_mcp.domain.tokens import estimate_tokens
from gemini_mcp.domain.usage import TokenUsage

_AGENTS = {"summarize_docs": "summarize_one"}
_FRAME_OF_AN_ANSWER = 8


@dataclass(frozen=True, slots=True)
class Likely:
    """Of some tasks on one model. ``nano``: in nano-USD, None where a price is not known."""

    tasks: int
    input_tokens: int
    output_tokens: int
    nano: int | None


def likely(tasks: Sequence[Task], model: Model, tier: Tier, catalogue: Catalogue, today: date) -> Likely:
    """Thinking is the part that differs most from what is assumed: hard code on pro may take several times as much."""
    usages = [_usage(task, model, tier) for task in tasks]
    costs = [catalogue.cost(model.id, usage, today) for usage in usages]
    whole = sum(usages, TokenUsage())
    nano = None if None in costs else sum(cost or 0 for cost in costs)
    return Likely(len(tasks), whole.input_tokens, whole.output_tokens + whole.thinking_tokens, nano)


def _usage(task: Task, model: Model, tier: Tier) -> TokenUsage:
    image = tokens_of(*SIZE, "medium", model.family) if task.kind == "image" else 0
    sent = FRAME_TOKENS[_AGENTS.get(task.tool, task.tool)] + estimate_tokens(task.prompt) + image
    said = task.answer_tokens or estimate_tokens(task.right) + _FRAME_OF_AN_ANSWER
    return TokenUsage(sent, output_tokens=said, thinking_tokens=thinking_tokens(model, tier, sent))
