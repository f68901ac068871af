"""The rounds of a call in batches: what its tasks want to ask next, reserved and recorded as one batch to one model.

What another model is wanted for waits for the round after.
"""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from gemini_mcp.domain.batching import MOST_BATCH_BYTES, BatchRequest
from gemini_mcp.domain.budgets import Shortage
from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.errors import AgentError, TooLarge
from gemini_mcp.domain.ids import attempt_id, ulid
from gemini_mcp.domain.messages import ModelRequest
from gemini_mcp.domain.money import short_usd
from gemini_mcp.engine.batch_prices import BATCH, worst_case
from gemini_mcp.engine.batch_replay import Climbing, Wanted, replay
from gemini_mcp.engine.batch_work import Item, Refused, Work
from gemini_mcp.engine.batches import Batches, Lost, Row
from gemini_mcp.engine.ledger import Ledger
from gemini_mcp.engine.ports import Answer, Attempt, Call
from gemini_mcp.engine.reserving import CapReached


@dataclass(frozen=True, slots=True)
class Stand:
    """How the items of a call stand, in their order, its attempts so far being in ``call``."""

    call: Call
    items: list[Answer | AgentError | Wanted]

    @property
    def over(self) -> bool:
        return not any(isinstance(item, Wanted) for item in self.items)


@dataclass(frozen=True, slots=True)
class Round:
    """A batch that is recorded under its id and is now to be created."""

    batch_id: str
    requests: list[BatchRequest]


@dataclass(frozen=True, slots=True)
class Rounds:
    """``today`` is the day that price lists count by, ``clock`` gives Unix time."""

    climbing: Climbing
    catalogue: Catalogue
    table: Batches
    ledger: Ledger
    today: Callable[[], date]
    clock: Callable[[], float] = time.time

    async def stand(self, work: Work, call: Call) -> Stand:
        """Run the cascade of every item over what has come back, and settle that."""
        found: list[Answer | AgentError | Wanted] = []
        for item in work.items:
            part = call.part()
            end = await replay(item, part, self.climbing)
            found.append(self._rebased(end) if isinstance(end, Answer) and item.answer is None else end)
            call.family, call.tier = call.family or part.family, part.tier
        for attempt in call.attempts:
            self.ledger.settle(attempt)
        call.warnings[:] = dict.fromkeys(call.warnings)
        return Stand(call, found)

    async def begin(self, work: Work, new_call: Callable[[], Call], replaced: Row | None) -> Round | Stand | Lost:
        """The next round, reserved and recorded in place of ``replaced``; the stand when nothing more is wanted."""
        while True:
            stand = await self.stand(work, new_call())
            wanted = [(item, end) for item, end in zip(work.items, stand.items, strict=True) if isinstance(end, Wanted)]
            if not wanted:
                return stand
            group = [(item, end) for item, end in wanted if end.request.model == wanted[0][1].request.model]
            attempts = [self._attempt(end) for _, end in group]
            begun = await self._recorded(work, stand.call, group, attempts, replaced)
            if begun is not None:
                return begun

    def requests(self, work: Work, stand: Stand) -> list[BatchRequest]:
        """What the round that is under way asks."""
        pairs = zip(work.items, stand.items, strict=True)
        return [_request(item.asked, end) for item, end in pairs if item.asked and isinstance(end, Wanted)]

    async def _recorded(
        self, work: Work, call: Call, group: list[tuple[Item, Wanted]], attempts: list[Attempt], replaced: Row | None
    ) -> Round | Lost | None:
        """None when there is no money for it, which is noted in the items."""
        short = self._unaffordable(call, attempts)
        if short is None:
            for (item, _), attempt in zip(group, attempts, strict=True):
                item.asked = attempt
            requests = [_request(attempt, end) for attempt, (_, end) in zip(attempts, group, strict=True)]
            if replaced is None:
                _check_size(requests)
            batch_id = f"b_{ulid()}"
            recorded = await self.table.record(batch_id, call, attempts, call.family, work.to_json(), replaced)
            if recorded is None:
                for attempt in attempts:
                    call.begin(attempt)
                return Round(batch_id, requests)
            if isinstance(recorded, Lost):
                return recorded
            short = _refusal(recorded, attempts)
        for item, end in group:
            item.asked = None
            item.refused[end.request.model] = Refused(*short, len(item.turns))
        return None

    def _unaffordable(self, call: Call, attempts: Sequence[Attempt]) -> tuple[str, str] | None:
        """What stands against it besides the budgets, and how to mend it."""
        cap, needed = call.max_cost_nano, sum(attempt.reserved_nano or 0 for attempt in attempts)
        if any(attempt.reserved_nano is None for attempt in attempts):
            bounded = cap is not None or self.table.budgets.limited
            message = f"the price of {attempts[0].model} in batches is not known, so no budget can be kept"
            return (message, "Choose a model with a known price (gemini-agents models).") if bounded else None
        if cap is not None and needed > (left := cap - call.committed_nano):
            return _refusal(CapReached(cap, max(0, left)), attempts)
        return None

    def _attempt(self, wanted: Wanted) -> Attempt:
        worst = worst_case(wanted.request, self.catalogue, self.today())
        attempt = Attempt(attempt_id(), wanted.request.model, wanted.tier, worst, self.clock())
        attempt.service_tier = BATCH
        return attempt

    def _rebased(self, answer: Answer) -> Answer:
        """The pro tier is what it is, whether or not its model takes batches."""
        pro = self.catalogue.candidates("pro", self.today())
        if answer.baseline_nano is None or answer.simulated == "zero" or not pro:
            return answer
        return replace(answer, baseline_nano=self.catalogue.cost(pro[0].model.id, answer.usage, self.today()))


def _request(attempt: Attempt, wanted: Wanted) -> BatchRequest:
    return BatchRequest(attempt.attempt_id, replace(wanted.request, model=attempt.model))


def _refusal(bound: CapReached | Shortage, attempts: Sequence[Attempt]) -> tuple[str, str]:
    needed = sum(attempt.reserved_nano or 0 for attempt in attempts)
    return f"{bound.words} and {attempts[0].model} needs up to {short_usd(needed)} as a batch", bound.fix(needed)


def _check_size(requests: Sequence[BatchRequest]) -> None:
    """Raises TooLarge."""
    size = sum(_bytes(each.request) for each in requests)
    if size > MOST_BATCH_BYTES:
        message = f"the batch would have {size / 1e6:,.0f} MB, and Gemini takes {MOST_BATCH_BYTES / 1e6:.0f} MB"
        raise TooLarge(message, "Send less material, or leave batch out.")


def _bytes(request: ModelRequest) -> int:
    """As it travels, in JSON that is plain ASCII, attachments a third larger."""
    texts = len(json.dumps([request.prompt, request.system, request.json_schema]))
    return texts + sum(len(each.media.data) * 4 // 3 for each in request.attachments)
