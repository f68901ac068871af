"""A task in batches goes the cascade's own way: the cascade runs again over what has come back so far.

Where it wants to ask on, the next batch asks. So checks, climbs and errors are the same as for a task that is asked
directly, and nothing but answers has to be kept between two batches.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import replace

from gemini_mcp.domain.catalog import TIERS, Catalogue, Tier
from gemini_mcp.domain.errors import AgentError, BudgetExceeded, UpstreamError
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.engine.batch_work import Item, Turn
from gemini_mcp.engine.ports import Answer, AnswerTask, Attempt, Call, Generate

Climbing = Callable[[Generate], AnswerTask]
"""Makes the cascade around whatever asks a model."""


class Wanted(Exception):
    """What is to be asked next, in the next batch."""

    def __init__(self, request: ModelRequest, tier: Tier) -> None:
        super().__init__(request.model)
        self.request = request
        self.tier = tier


class BatchFailed(AgentError):
    """A request that failed in a batch, and once more in another."""

    code = "upstream_unavailable"


def batchable(catalogue: Catalogue) -> Catalogue:
    """The catalogue whose tiers hold only models that take batches."""

    def able(name: str) -> bool:
        return "batch" in catalogue.models[name].capabilities

    return replace(catalogue, tiers={tier: tuple(filter(able, catalogue.tiers.get(tier, ()))) for tier in TIERS})


async def replay(item: Item, call: Call, climbing: Climbing) -> Answer | AgentError | Wanted:
    """Where the item stands: answered, failed, or what it wants to ask. Its attempts are noted in ``call``, judged."""
    turns = deque(item.turns)
    if item.answer is not None:
        return item.answer
    try:
        return await climbing(_answering(item, turns))(item.task, call)
    except (AgentError, Wanted) as end:
        return end
    finally:
        for turn in turns:  # this version would not have asked, but it was paid
            _noted(turn, call).verdict = "rejected"


def _answering(item: Item, turns: deque[Turn]) -> Generate:
    async def generate(request: ModelRequest, call: Call) -> ModelAnswer:
        failed: Attempt | None = None
        refused = item.refused.get(request.model)
        # What was asked in the place of a refused model is the answer to a later request, not to this one; once it has
        # come back, there may be money again.
        while turns and (refused is None or turns[0].attempt.model == request.model):
            turn = turns.popleft()
            attempt = _noted(turn, call)
            if isinstance(turn.outcome, ModelAnswer):
                return turn.outcome
            if not turn.outcome.retryable:
                raise turn.outcome
            if failed is not None:
                raise _twice(turn.outcome)
            failed = attempt
            failed.verdict = "retried"
        if refused is not None and (turns or refused.turns == len(item.turns)):
            raise BudgetExceeded(refused.message, refused.fix)
        raise Wanted(request, call.tier)

    return generate


def _noted(turn: Turn, call: Call) -> Attempt:
    """A copy, since every replay judges anew."""
    attempt = replace(turn.attempt)
    call.begin(attempt)
    return attempt


def _twice(error: UpstreamError) -> BatchFailed:
    return BatchFailed(f"a batch could not answer it, twice ({error.code}: {error.message})", "Ask without batch.")
