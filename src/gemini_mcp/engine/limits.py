"""Rate limits around what is sent: a request waits for its turn and for room, never past its call's deadline.

Where no limit of a model is known, nothing is counted and nothing waits.
"""

import time
from collections.abc import Awaitable, Callable, Mapping

import anyio

from gemini_mcp.domain.errors import DailyQuotaClosed, DeadlineExceeded, QuotaClosed, QuotaExhausted, Refusal
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.domain.quotas import Held, ModelLimits
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ports import Call, Generate
from gemini_mcp.engine.quota_store import Place, QuotaStore
from gemini_mcp.engine.turns import Turns

LEAST_WAIT_S = 0.01
_RENEWS = "It renews at midnight Pacific; raise the project's quota or choose another model."
_WAIT = "Wait a minute, raise GEMINI_AGENTS_DEADLINE_S or the project's quota, or choose another model."


def limited(generate: Generate, limits: "Limits") -> Generate:
    """The same callable within the limits. Raises QuotaClosed or DailyQuotaClosed with nothing sent."""

    async def limited_generate(request: ModelRequest, call: Call) -> ModelAnswer:
        place = await limits.admitted(request, call)
        try:
            answer = await generate(request, call)
        except QuotaExhausted as error:
            if request.service_tier == "standard":  # flex is turned away first, and has limits of its own
                limits.learn(request.model, error)
            raise
        except Refusal:
            limits.give_back(place)
            raise
        limits.settle(place, answer)
        return answer

    return limited_generate


class Limits:
    """The limits of all models, for one process among those that share the ledger's file.

    ``now``: Unix time. Waits are made by ``sleep``, in seconds.
    """

    def __init__(
        self,
        database: Database,
        configured: Mapping[str, ModelLimits],
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        self._store = QuotaStore(database, configured, now)
        self._now, self._sleep = now, sleep
        self._turns: dict[str, Turns] = {}

    async def admitted(self, request: ModelRequest, call: Call) -> Place | None:
        """Returns when the request may be sent; None where no limit is known. Raises QuotaClosed, DailyQuotaClosed
        or DeadlineExceeded."""
        await self._store.refresh()
        if not self._store.knows(request.model):
            return None
        if (closed := self._store.closed(request.model)) is not None:
            self._check(request.model, closed, closed.until, call)
        turns = self._turns.setdefault(request.model, Turns())
        await self._take_turn(turns, request, call)
        try:
            return await self._take_place(turns, request, call)
        finally:
            turns.leave()

    def learn(self, model: str, error: QuotaExhausted) -> None:
        self._store.learn(model, error.violations, error.retry_after)

    def settle(self, place: Place | None, answer: ModelAnswer) -> None:
        if place is not None and answer.usage is not None:
            self._store.settle(place, answer.usage.input_tokens)

    def give_back(self, place: Place | None) -> None:
        if place is not None:
            self._store.give_back(place)

    async def _take_turn(self, turns: Turns, request: ModelRequest, call: Call) -> None:
        name = call.of_record.result_id
        before = turns.before(name)
        if before and turns.held is not None:
            self._check(request.model, turns.held, turns.held.after(before), call)
            await call.progress(f"{_waiting(request.model, turns.held)}; {before} before this")
        try:
            with anyio.fail_after(call.deadline - time.monotonic()):
                await turns.take(name)
        except TimeoutError:
            raise DeadlineExceeded(f"the deadline passed while this waited for {request.model}", _WAIT) from None

    async def _take_place(self, turns: Turns, request: ModelRequest, call: Call) -> Place:
        """In turn, so that whoever comes later cannot be first."""
        turns.held, told = None, ""
        while True:
            found = await self._store.admit(request.model, request.estimated_input_tokens)
            if isinstance(found, Place):
                return found
            turns.held = found
            self._check(request.model, found, found.until, call)
            if told != (told := found.words):
                await call.progress(_waiting(request.model, found))
            await self._sleep(max(LEAST_WAIT_S, found.until - self._now()))

    def _check(self, model: str, why: Held, until: float, call: Call) -> None:
        """Raises where waiting is pointless."""
        if why.daily:
            raise DailyQuotaClosed(f"the quota of {model} is used up for today ({why.words})", _RENEWS)
        wait_s = until - self._now()
        if time.monotonic() + wait_s >= call.deadline:
            told = (
                f"{model} is at its limit ({why.words}): it may be asked in {wait_s:.0f} s, past this call's deadline"
            )
            raise QuotaClosed(told, _WAIT)


def _waiting(model: str, why: Held) -> str:
    return f"waiting for {model}: {why.words}"
