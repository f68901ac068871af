"""Single flight: identical calls at the same time share one. It ends when its last waiter has gone."""

import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

import anyio
from anyio.abc import TaskGroup

from gemini_mcp.domain.errors import AgentError, BudgetExceeded, DeadlineExceeded
from gemini_mcp.engine.ports import Answer, Call, Caller, Progress

LISTENER_S = 0.25
WAITING = "the same call is under way; waiting for its answer"
LATER_S = 1.0
"""Who joined late has so much time left, or more, when the leader's is over."""

Work = Callable[[Call], Awaitable[Answer]]


@dataclass(slots=True)
class _Flight:
    caller: Caller
    landed: anyio.Event = field(default_factory=anyio.Event)
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    listeners: dict[int, Progress] = field(default_factory=dict)
    answer: Answer | None = None
    error: BaseException | None = None

    async def tell(self, message: str) -> None:
        await tell_all(self.listeners.values(), message)


class Flights:
    """The flights under way, in the server's own task group, so that none depends on the caller that began it."""

    def __init__(self, group: TaskGroup, adopt: Callable[[Call], None]) -> None:
        """``adopt`` closes the books of a call whose own caller left while others still waited for its answer."""
        self._group = group
        self._adopt = adopt
        self._flights: dict[str, _Flight] = {}

    async def fly(self, key: str, call: Call, work: Work) -> tuple[Answer, bool]:
        """The answer, and whether this call led the flight (and so paid for it)."""
        flight = self._flights.get(key)
        led = flight is None
        if flight is None:
            flight = self._flights[key] = _Flight(call.caller)
            own = call.progress
            call.progress = flight.tell
            flight.listeners[id(call)] = own
            self._group.start_soon(self._run, key, flight, call, work)
        else:
            flight.listeners[id(call)] = call.progress
        try:
            if not led:
                await call.progress(WAITING)
            await flight.landed.wait()
        finally:
            await self._leave(key, flight, call)
        if not led and _is_the_leaders_own(flight, call):
            return await self.fly(key, call, work)
        return _outcome(flight), led

    async def _run(self, key: str, flight: _Flight, call: Call, work: Work) -> None:
        with flight.scope:
            try:
                flight.answer = await work(call)
            except Exception as error:
                flight.error = error
            finally:
                self._land(key, flight, call)

    def _land(self, key: str, flight: _Flight, call: Call) -> None:
        self._forget(key, flight)
        if id(call) not in flight.listeners:
            self._adopt(call.of_record)
        flight.landed.set()

    async def _leave(self, key: str, flight: _Flight, call: Call) -> None:
        flight.listeners.pop(id(call), None)
        if flight.listeners or flight.landed.is_set():
            return
        self._forget(key, flight)
        flight.scope.cancel()
        with anyio.CancelScope(shield=True):
            await flight.landed.wait()

    def _forget(self, key: str, flight: _Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]


async def tell_all(listeners: Iterable[Progress], message: str) -> None:
    """One that does not read, or fails, must not hold up the others."""
    for progress in list(listeners):
        with anyio.move_on_after(LISTENER_S), suppress(Exception):
            await progress(message)


def _is_the_leaders_own(flight: _Flight, call: Call) -> bool:
    """Whether it failed for want of what the leader lacked and this call may have: money, or time."""
    if isinstance(flight.error, BudgetExceeded):
        return flight.caller != call.caller
    return isinstance(flight.error, DeadlineExceeded) and call.deadline - time.monotonic() > LATER_S


def _outcome(flight: _Flight) -> Answer:
    if flight.answer is not None:
        return flight.answer
    if flight.error is None:
        raise AgentError("the shared call was cancelled", "Call again.")
    if isinstance(flight.error, AgentError):
        raise flight.error.with_traceback(None)
    raise flight.error
