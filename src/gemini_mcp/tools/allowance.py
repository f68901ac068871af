"""Whether what the caller and the user allow pays for a call, looked at before anything is sent: part of an answer is
not what was asked for."""

import sqlite3
from collections.abc import Sequence
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from gemini_mcp.domain.budgets import BudgetKind, raising
from gemini_mcp.domain.errors import BudgetExceeded
from gemini_mcp.domain.money import NANO_PER_USD
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.ports import Call
from gemini_mcp.tools.estimates import Estimate
from gemini_mcp.tools.services import Services

Reading = Sequence[tuple[Task, int]]
"""What is asked about each part first, and about how many tokens the part is."""


async def check_allowed(cost: Estimate, reading: Reading, call: Call, services: Services, instead: str) -> None:
    """Raises BudgetExceeded when the cap, or what is left of a budget, is less than what the call is likely to cost.

    What the cache holds of it is not counted. ``instead``: what to do rather than to allow more.
    """
    left = await _left(call, services)
    bounds = [bound for bound in (call.max_cost_nano, left[1] if left else None) if bound is not None]
    if cost.nano is None or not bounds or cost.nano <= min(bounds):
        return
    cost = await _not_kept(cost, reading, call, services)
    cost.check(call.max_cost_nano, instead)
    if left is not None and cost.nano is not None and cost.nano > left[1]:
        raise _beyond_budget(cost, cost.nano, *left, services, instead)


async def _left(call: Call, services: Services) -> tuple[BudgetKind, int] | None:
    try:
        return await services.reports.left(call.caller)
    except sqlite3.Error:  # nothing can be reserved then either, which is told in better words
        return None


async def _not_kept(cost: Estimate, reading: Reading, call: Call, services: Services) -> Estimate:
    """Of what is not in the cache."""
    if services.batches is None:
        return cost
    missing, saved = 0, call.saved_by_cache_nano
    for task, tokens in reading:
        if await services.batches.kept.find(task, call.part()) is None:
            missing += tokens
    call.saved_by_cache_nano = saved  # it is counted when they are used
    return cost.remaining(missing, sum(tokens for _, tokens in reading))


def _beyond_budget(
    cost: Estimate, nano: int, kind: BudgetKind, left_nano: int, services: Services, instead: str
) -> BudgetExceeded:
    limit = services.ledger.budgets.limit(kind) or 0
    enough = _cents(limit - left_nano + (cost.enough_nano or nano), ROUND_CEILING)
    message = f"about ${_cents(nano, ROUND_CEILING)} is needed and ${_cents(max(0, left_nano), ROUND_FLOOR)} of the"
    return BudgetExceeded(
        f"{message} {kind} budget of ${_cents(limit, ROUND_FLOOR)} is left",
        f"{raising(kind, enough)}, or {instead}. Nothing was sent.",
    )


def _cents(nano: int, rounding: str) -> str:
    """In USD, to the cent: a need is rounded up and what there is down, so that the one never looks like the other."""
    return str((Decimal(nano) / NANO_PER_USD).quantize(Decimal("0.01"), rounding))
