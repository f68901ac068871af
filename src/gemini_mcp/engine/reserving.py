"""Room in the budgets for one attempt: at its worst case, or in a cheaper way that fits.

What others have reserved is waited for, since most of it comes back: parts of the same call, and other calls on the
same budget. Only then is it done in a cheaper way: as flex, at half the price, or with less room for the answer.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

import anyio

from gemini_mcp.domain.budgets import Shortage
from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.errors import BudgetExceeded, DeadlineExceeded
from gemini_mcp.domain.ids import attempt_id
from gemini_mcp.domain.messages import ModelRequest
from gemini_mcp.domain.money import short_usd, usd_text
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.ledger import Ledger
from gemini_mcp.engine.ports import Attempt, Call

SEARCHES_RESERVED = 8
"""Queries that one grounded answer is reserved for; Gemini decides how many it makes."""

FLEX_S = 60.0
"""What flex serves may wait: with less time than that it is not asked for."""

OTHERS_S = 0.25
"""How often it is looked whether money of other processes came back."""


@dataclass(frozen=True, slots=True)
class CapReached:
    """What is left of the call's own ``max_cost_usd``, in nano-USD."""

    cap_nano: int
    left_nano: int

    @property
    def words(self) -> str:
        return f"{short_usd(self.left_nano)} of this call's max_cost_usd is left"

    def fix(self, needed_nano: int) -> str:
        enough = usd_text(self.cap_nano - self.left_nano + needed_nano)
        return f"Raise max_cost_usd to {enough}, send less material, or choose a cheaper tier."


Bound = CapReached | Shortage


@dataclass(frozen=True, slots=True)
class Offer:
    """A request and the most it can cost, in nano-USD; None when a price is not known."""

    request: ModelRequest
    worst_nano: int | None


class Reserving:
    """Reserves for one request."""

    def __init__(self, request: ModelRequest, call: Call, ledger: Ledger, catalogue: Catalogue, today: date) -> None:
        self._request, self._call, self._ledger = request, call, ledger
        self._catalogue, self._today = catalogue, today
        self._bound: Bound | None = None

    async def reserved(self) -> tuple[ModelRequest, Attempt]:
        """What is to be sent, and its attempt, begun and in the ledger.

        Raises BudgetExceeded, with nothing written, and DeadlineExceeded.
        """
        whole = self._offer(self._request)
        if whole.worst_nano is None:
            self._check_unbounded()
        while True:
            if (attempt := await self._patiently(whole)) is not None:
                return whole.request, attempt
            for offer in self._cheaper():
                if (attempt := await self._try(offer)) is not None:
                    self._tell(offer)
                    attempt.shrunk = offer.request.max_output_tokens < whole.request.max_output_tokens
                    return offer.request, attempt
            if not self._call.under_way:  # another part may have been quicker to take what was left
                raise self._too_dear(whole)

    async def _patiently(self, offer: Offer) -> Attempt | None:
        """Once more whenever something may have come back."""
        record = self._call.of_record
        while True:
            settled, changed = record.settled, record.changed
            if (attempt := await self._try(offer)) is not None:
                return attempt
            if isinstance(self._bound, Shortage):
                if not self._call.under_way:
                    return await self._in_turn(offer) if self._may_fit(offer) else None
                await self._wait(settled)  # not for parts that only ask: each would wake the other for ever
            elif self._call.wanting:
                await self._wait(changed)
            else:
                return None

    def _may_fit(self, offer: Offer) -> bool:
        return isinstance(self._bound, Shortage) and self._bound.may_fit(offer.worst_nano or 0)

    async def _in_turn(self, offer: Offer) -> Attempt | None:
        """First come, first served; for half the time that there is, so that the other half is left for the answer."""
        call, ledger, bound = self._call, self._ledger, self._bound
        assert isinstance(bound, Shortage)
        await call.progress(f"waiting for other calls to settle: {bound.words}")
        if await ledger.recover_soon():
            return await self._try(offer)
        with anyio.move_on_after((call.deadline - time.monotonic()) / 2):
            async with ledger.turn(call.caller, bound.kind):
                while True:
                    came_back = ledger.came_back
                    if (attempt := await self._try(offer)) is not None:
                        return attempt
                    if not self._may_fit(offer):
                        return None
                    with anyio.move_on_after(OTHERS_S):
                        await came_back.wait()
        return await self._try(offer)  # for those who waited behind others: money of their own may be there by now

    async def _wait(self, event: anyio.Event) -> None:
        with anyio.move_on_after(self._call.deadline - time.monotonic()):
            await event.wait()
            return
        fix = "Raise GEMINI_AGENTS_DEADLINE_S, or max_cost_usd."
        raise DeadlineExceeded("the deadline passed while this waited for money that other parts had reserved", fix)

    async def _try(self, offer: Offer) -> Attempt | None:
        """Reserve it if it fits; else ``_bound`` says against what it came up."""
        call, worst = self._call, offer.worst_nano or 0
        if call.max_cost_nano is not None and worst > (left := call.max_cost_nano - call.committed_nano):
            self._bound = CapReached(call.max_cost_nano, max(0, left))
            return None
        attempt = Attempt(attempt_id(), offer.request.model, call.tier, offer.worst_nano, time.time())
        attempt.service_tier = offer.request.service_tier
        shortage = await begun(self._ledger, call, attempt)
        if shortage is None:
            return attempt
        self._bound = shortage
        return None

    def _cheaper(self) -> Iterator[Offer]:
        """Each is worked out when it is asked for, by what is left then."""
        ways = [self._request]
        if self._may_be_flex():
            ways.append(replace(self._request, service_tier="flex"))
            yield self._offer(ways[1])
        for way in ways:
            smaller = self._smaller(way)
            if smaller is not None:
                yield smaller

    def _may_be_flex(self) -> bool:
        model = self._catalogue.find(self._request.model)
        able = model is not None and "flex" in model.capabilities
        return able and self._call.deadline - time.monotonic() > FLEX_S

    def _smaller(self, request: ModelRequest) -> Offer | None:
        """With as much room for the answer as what is left pays for; None when that is not worth paying for."""
        left, most, least = self._left, request.max_output_tokens, request.least_output_tokens
        worst = self._worst(request) or 0
        floor = self._worst(replace(request, max_output_tokens=least)) or 0
        if floor > left or least >= most:
            return None
        per_token = max(1.0, (worst - floor) / (most - least))
        room = min(most, least + int((left - floor) / per_token))
        return self._offer(replace(request, max_output_tokens=max(least, room - 1)))

    @property
    def _left(self) -> int:
        """What may still be reserved, by the bound that was met and by the cap."""
        assert self._bound is not None
        cap = self._call.max_cost_nano
        left = self._bound.left_nano
        return left if cap is None else min(left, cap - self._call.committed_nano)

    def _offer(self, request: ModelRequest) -> Offer:
        return Offer(request, self._worst(request))

    def _worst(self, request: ModelRequest) -> int | None:
        return self._catalogue.worst_case(
            request.model,
            request.estimated_input_tokens,
            request.max_output_tokens,
            self._today,
            search_queries=SEARCHES_RESERVED if request.web_search else 0,
            service_tier=request.service_tier,
        )

    def _check_unbounded(self) -> None:
        """Without a price nothing can be promised, so that is asked for only where nothing was promised."""
        if self._call.max_cost_nano is not None:
            raise BudgetExceeded(
                f"the price of {self._request.model} is not known, so max_cost_usd cannot be kept",
                "Leave max_cost_usd out, or choose a model with a known price (gemini-agents models).",
            )
        if self._ledger.budgets.limited:
            raise BudgetExceeded(
                f"the price of {self._request.model} is not known, so the session and day budgets cannot be kept",
                "Choose a model with a known price (gemini-agents models). The user can give its price in catalog.toml,"
                " or set GEMINI_AGENTS_SESSION_BUDGET_USD and GEMINI_AGENTS_DAY_BUDGET_USD to off.",
            )

    def _tell(self, offer: Offer) -> None:
        if offer.request.service_tier != "flex" or self._bound is None:
            return
        told = f"{offer.request.model} asked as flex, at half the price, to keep {_name_of(self._bound)}"
        if told not in self._call.warnings:
            self._call.warnings.append(told)

    def _too_dear(self, whole: Offer) -> BudgetExceeded:
        bound, request = self._bound, self._request
        assert bound is not None
        worst = whole.worst_nano or 0
        least = self._worst(replace(request, max_output_tokens=request.least_output_tokens)) or 0
        needs = f"{request.model} needs at least {short_usd(least)} (up to {short_usd(worst)} for the full answer)"
        return BudgetExceeded(f"{bound.words} and {needs}", bound.fix(worst), _name_of(bound))


def _name_of(bound: Bound) -> str:
    return "max_cost_usd" if isinstance(bound, CapReached) else f"the {bound.kind} budget"


async def begun(ledger: Ledger, call: Call, attempt: Attempt) -> Shortage | None:
    """Begin an attempt and reserve for it; withdrawn again when a budget does not allow it, or with any error."""
    call.begin(attempt)
    try:
        shortage = await ledger.reserve(call, attempt)
    except anyio.get_cancelled_exc_class():  # its row may be written all the same
        attempt.usage, attempt.cost_nano, attempt.under_way = TokenUsage(), 0, False
        attempt.verdict, attempt.reason = "cancelled", "cancelled before it was sent"
        ledger.settle(attempt)
        call.came_back()
        raise
    except BaseException:
        call.withdraw(attempt)
        raise
    if shortage is not None:
        call.withdraw(attempt)
    return shortage
