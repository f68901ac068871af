"""One call made of several tasks: each is answered on its own, all are paid and told as one."""

from collections.abc import Sequence

from gemini_mcp.domain.catalog import TIERS
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.ports import Answer, CacheState


def joined(answers: Sequence[Answer], text: str, family: str) -> Answer:
    """The call's answer in the terms of its parts. The strongest of them, and of those the last, lends its model
    and tier."""
    last = max(reversed(answers), key=lambda answer: TIERS.index(answer.tier))
    return Answer(
        text=text,
        model=last.model,
        tier=last.tier,
        family=family,
        usage=sum((answer.usage for answer in answers), TokenUsage()),
        cost_nano=_sum([answer.cost_nano for answer in answers]),
        baseline_nano=_sum([answer.baseline_nano for answer in answers]),
        simulated=next((answer.simulated for answer in answers if answer.simulated), None),
        cache=_cache_state(answers),
        made_by=last.made_by,
    )


def _sum(amounts: Sequence[int | None]) -> int | None:
    """In nano-USD; unknown as soon as one of them is."""
    return None if any(amount is None for amount in amounts) else sum(amount or 0 for amount in amounts)


def _cache_state(answers: Sequence[Answer]) -> CacheState:
    """``hit`` only when nothing at all was sent."""
    states = {answer.cache for answer in answers}
    if states == {"hit"}:
        return "hit"
    return "shared" if states <= {"hit", "shared"} else "miss" if "miss" in states else "off"
