"""What a call is likely to cost, said before it is sent."""

from collections.abc import Iterable

from gemini_mcp.domain.catalog import Tier
from gemini_mcp.domain.money import short_usd
from gemini_mcp.domain.routing import look
from gemini_mcp.domain.task import Task
from gemini_mcp.domain.tokens import estimate_tokens
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.tools.services import Services

LIKELY_ANSWER_TOKENS = 600


def estimate(task: Task, services: Services, *, output_tokens: int = LIKELY_ANSWER_TOKENS) -> str:
    """In words, for one task that the first model asked answers well: "about 2,310 tokens, $0.0012"."""
    tokens = task_tokens(task)
    return in_words(tokens, expected_nano([(tokens, output_tokens)], look(task, tokens).start, services))


def task_tokens(task: Task) -> int:
    """About how many tokens the task is, without its instructions."""
    text = sum(estimate_tokens(source.text) for source in task.sources if source.media is None)
    media = sum(source.media.tokens for source in task.sources if source.media)
    return text + media + estimate_tokens(task.instruction) + estimate_tokens(task.context)


def expected_nano(calls: Iterable[tuple[int, int]], tier: Tier, services: Services) -> int | None:
    """What calls of so many input and output tokens cost on a tier's first model, in nano-USD; None if unknown."""
    catalogue, today = services.catalogue, services.today()
    candidates = catalogue.candidates(tier, today)
    if not candidates:
        return None
    model = candidates[0].model.id
    costs = [catalogue.cost(model, TokenUsage(input_tokens=given, output_tokens=made), today) for given, made in calls]
    return None if any(cost is None for cost in costs) else sum(cost or 0 for cost in costs)


def in_words(tokens: int, nano: int | None) -> str:
    return f"about {tokens:,} tokens" + (f", {short_usd(nano)}" if nano is not None else "")
