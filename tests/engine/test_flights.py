"""Single flight: one piece of work for all who ask the same, for as long as anybody waits for it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import TaskGroup

from gemini_mcp.domain.errors import BudgetExceeded, UpstreamUnavailable
from gemini_mcp.engine.flights import Flights
from gemini_mcp.engine.ports import Answer, Call

from .conftest import a_call, accepted


@dataclass
class Hangar:
    """Flights, the one piece of work they do, and the callers under way, each of whom can be called off."""

    flights: Flights
    group: TaskGroup
    adopted: list[Call]
    gate: anyio.Event = field(default_factory=anyio.Event)
    begun: list[Call] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    error: Exception | None = None
    got: dict[str, tuple[Answer, bool] | BaseException] = field(default_factory=dict)

    async def work(self, call: Call) -> Answer:
        self.begun.append(call)
        try:
            await self.gate.wait()
        except anyio.get_cancelled_exc_class():
            self.ended.append("cancelled")
            raise
        await call.progress("done")
        self.ended.append("done")
        if self.error is not None:
            raise self.error
        return accepted(call)

    async def fly(self, call: Call, *, task_status: anyio.abc.TaskStatus[anyio.CancelScope]) -> None:
        with anyio.CancelScope() as scope:
            task_status.started(scope)
            try:
                self.got[call.result_id] = await self.flights.fly("key", call, self.work)
            except anyio.get_cancelled_exc_class() as error:
                self.got[call.result_id] = error
                raise
            except Exception as error:
                self.got[call.result_id] = error

    async def board(self, call: Call | None = None) -> tuple[Call, anyio.CancelScope]:
        """A caller that waits for the flight by the time this returns."""
        call = call or a_call()
        scope: anyio.CancelScope = await self.group.start(self.fly, call)
        await anyio.wait_all_tasks_blocked()
        return call, scope


async def all_end(tasks: Sequence[asyncio.Task[Any]]) -> bool:
    """Whether the tasks end in time; whatever does not is put down, shields and all, so that the tests go on."""
    _, late = await asyncio.wait(tasks, timeout=2)
    while late and (left := asyncio.all_tasks() - {asyncio.current_task()}):
        for task in left:
            task.cancel()
        await asyncio.wait(left, timeout=0.05)
    return not late and all(task.done() for task in tasks)


@pytest.fixture
async def hangar() -> AsyncIterator[Hangar]:
    """The groups live in a task of their own, since a fixture's two halves run in different ones."""
    ready: asyncio.Future[Hangar] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def hold() -> None:
        adopted: list[Call] = []
        async with anyio.create_task_group() as servers, anyio.create_task_group() as callers:
            ready.set_result(Hangar(Flights(servers, adopted.append), callers, adopted))
            await over.wait()
            callers.cancel_scope.cancel()

    holder = asyncio.create_task(hold())
    yield await ready
    over.set()
    assert await all_end([holder]), "somebody was never let go"


async def land(hangar: Hangar) -> None:
    hangar.gate.set()
    await anyio.wait_all_tasks_blocked()


def answer_of(hangar: Hangar, call: Call) -> tuple[Answer, bool]:
    got = hangar.got[call.result_id]
    assert isinstance(got, tuple)
    return got


async def test_all_who_ask_at_once_get_the_one_answer_and_one_paid(hangar: Hangar) -> None:
    calls = [(await hangar.board())[0] for _ in range(50)]
    await land(hangar)
    answers = [answer_of(hangar, call) for call in calls]
    assert len(hangar.begun) == 1 and len({answer.made_by for answer, _ in answers}) == 1
    assert [led for _, led in answers] == [True] + [False] * 49
    assert hangar.adopted == []


async def test_of_fifty_the_one_that_stays_is_answered(hangar: Hangar) -> None:
    boarded = [await hangar.board() for _ in range(50)]
    for _, scope in boarded[:49]:
        scope.cancel()
    await anyio.wait_all_tasks_blocked()
    assert hangar.ended == []
    await land(hangar)
    answer, led = answer_of(hangar, boarded[49][0])
    assert (answer.text, led, hangar.ended) == ("Good.", False, ["done"])


async def test_when_everybody_has_left_the_work_is_called_off(hangar: Hangar) -> None:
    boarded = [await hangar.board() for _ in range(5)]
    for _, scope in boarded:
        scope.cancel()
    await anyio.wait_all_tasks_blocked()
    assert hangar.ended == ["cancelled"]


async def test_the_last_to_leave_waits_until_the_work_has_ended(hangar: Hangar) -> None:
    """So that the call's books can be closed after its attempt was settled."""
    call, scope = await hangar.board()
    scope.cancel()
    await anyio.wait_all_tasks_blocked()
    assert hangar.ended == ["cancelled"] and isinstance(hangar.got[call.result_id], BaseException)


async def test_a_leader_that_leaves_has_its_books_closed_when_the_others_are_answered(hangar: Hangar) -> None:
    leader, scope = await hangar.board()
    follower, _ = await hangar.board()
    scope.cancel()
    await anyio.wait_all_tasks_blocked()
    assert hangar.adopted == []
    await land(hangar)
    assert hangar.adopted == [leader]
    assert answer_of(hangar, follower)[0].made_by == leader.result_id


async def test_a_follower_that_leaves_disturbs_nobody(hangar: Hangar) -> None:
    leader, _ = await hangar.board()
    _, scope = await hangar.board()
    scope.cancel()
    await land(hangar)
    assert answer_of(hangar, leader)[1] and hangar.adopted == []


async def test_who_asks_after_the_work_was_called_off_gets_a_flight_of_its_own(hangar: Hangar) -> None:
    _, scope = await hangar.board()
    scope.cancel()
    await anyio.wait_all_tasks_blocked()
    call, _ = await hangar.board()
    await land(hangar)
    assert answer_of(hangar, call)[1] and len(hangar.begun) == 2


async def test_who_asks_after_the_landing_gets_a_flight_of_its_own(hangar: Hangar) -> None:
    await hangar.board()
    await land(hangar)
    call, _ = await hangar.board()
    assert answer_of(hangar, call)[1] and len(hangar.begun) == 2


@pytest.mark.parametrize("error", [UpstreamUnavailable("down", "Wait."), ValueError("a bug")])
async def test_an_error_reaches_everybody(hangar: Hangar, error: Exception) -> None:
    hangar.error = error
    calls = [(await hangar.board())[0] for _ in range(3)]
    await land(hangar)
    assert [type(hangar.got[call.result_id]) for call in calls] == [type(error)] * 3
    assert len(hangar.begun) == 1


async def test_progress_reaches_everybody_who_still_waits(hangar: Hangar) -> None:
    told: dict[str, list[str]] = {}

    def listening(name: str) -> Call:
        async def progress(message: str) -> None:
            told.setdefault(name, []).append(message)

        return a_call(progress=progress)

    await hangar.board(listening("leader"))
    _, scope = await hangar.board(listening("gone"))
    await hangar.board(listening("follower"))
    scope.cancel()
    await anyio.wait_all_tasks_blocked()
    await land(hangar)
    waiting = "the same call is under way; waiting for its answer"
    assert told == {"leader": ["done"], "gone": [waiting], "follower": [waiting, "done"]}


async def test_a_follower_that_leaves_while_it_is_being_told_so_is_forgotten(hangar: Hangar) -> None:
    async def never(message: str) -> None:
        await anyio.sleep_forever()

    _, leader = await hangar.board()
    _, follower = await hangar.board(a_call(progress=never))
    follower.cancel()
    await anyio.wait_all_tasks_blocked()
    leader.cancel()
    await anyio.wait_all_tasks_blocked()
    assert hangar.ended == ["cancelled"]


async def test_a_listener_that_fails_does_not_fail_the_others(hangar: Hangar) -> None:
    async def failing(message: str) -> None:
        if message == "done":
            raise OSError("the client's connection broke")

    leader, _ = await hangar.board()
    await hangar.board(a_call(progress=failing))
    await land(hangar)
    assert answer_of(hangar, leader)[0].text == "Good."


async def test_when_the_server_stops_everybody_is_let_go() -> None:
    async def work(call: Call) -> Answer:
        await anyio.sleep_forever()
        raise AssertionError

    async with anyio.create_task_group() as server:
        flights = Flights(server, lambda call: None)
        callers = [asyncio.create_task(flights.fly("key", a_call(), work)) for _ in range(3)]
        await anyio.wait_all_tasks_blocked()
        server.cancel_scope.cancel()
    assert await all_end(callers)


async def test_what_the_leader_had_no_money_for_is_asked_again_by_who_may_have_some(hangar: Hangar) -> None:
    hangar.error = BudgetExceeded("the leader's session has no money left", "Raise it.")
    leader, _ = await hangar.board(a_call("s1"))
    same, _ = await hangar.board(a_call("s1"))
    other, _ = await hangar.board(a_call("s2"))
    await land(hangar)
    assert [call.result_id for call in hangar.begun] == [leader.result_id, other.result_id]
    assert all(isinstance(hangar.got[call.result_id], BudgetExceeded) for call in (leader, same, other))
