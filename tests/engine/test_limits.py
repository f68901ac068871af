"""Limits in a real ledger's file: what waits, for what and in which order; what a 429 teaches all."""

import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from gemini_mcp.domain.errors import (
    BudgetExceeded,
    DailyQuotaClosed,
    DailyQuotaExhausted,
    DeadlineExceeded,
    QuotaClosed,
    QuotaExhausted,
    UpstreamError,
    UpstreamUnavailable,
)
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.domain.quotas import ModelLimits, Violation
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.database import Database, Operation
from gemini_mcp.engine.ledger import migrate
from gemini_mcp.engine.limits import Limits, limited
from gemini_mcp.engine.ports import Call, Generate
from gemini_mcp.engine.turns import Turns

from .conftest import FLASH, LITE, WAIT_S, a_call, a_request, an_answer, rows

START = datetime(2026, 11, 21, 20, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC).timestamp()


@dataclass
class Clock:
    """Unix time, and a sleep that makes it pass."""

    at: float = START
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(round(seconds, 3))
        self.at += seconds
        await anyio.lowlevel.checkpoint()


@dataclass
class Model:
    """Answers, or fails once as it is told; ``sent`` is who was sent and when."""

    clock: Clock
    sent: list[tuple[float, str]] = field(default_factory=list)
    fails: list[Exception] = field(default_factory=list)
    usage: TokenUsage = field(default_factory=lambda: TokenUsage(input_tokens=1_000))

    async def __call__(self, request: ModelRequest, call: Call) -> ModelAnswer:
        self.sent.append((self.clock.at - START, request.prompt))
        if self.fails:
            raise self.fails.pop(0)
        return an_answer(usage=self.usage, model=request.model)

    @property
    def times(self) -> list[float]:
        return [round(at, 3) for at, _ in self.sent]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def model(clock: Clock) -> Model:
    return Model(clock)


Start = Callable[..., Generate]


@pytest.fixture
def start(database: Database, clock: Clock, model: Model) -> Start:
    """The model within these limits of LITE, in a process that has just begun."""

    def _start(**most: int) -> Generate:
        configured = {LITE: ModelLimits(**most)} if most else {}
        return limited(model, Limits(database, configured, clock, clock.sleep))

    return _start


@pytest.fixture
async def other(tmp_path: Path, database: Database, clock: Clock, model: Model) -> AsyncIterator[Start]:
    """Another process on the same file."""
    second = Database(tmp_path / "ledger.sqlite3", migrate)
    await anyio.to_thread.run_sync(second.open)

    def _start(**most: int) -> Generate:
        configured = {LITE: ModelLimits(**most)} if most else {}
        return limited(model, Limits(second, configured, clock, clock.sleep))

    yield _start
    await second.aclose()


def used_up(*violations: Violation, after: float | None = None, daily: bool = False) -> QuotaExhausted:
    error = (DailyQuotaExhausted if daily else QuotaExhausted)("429", "Wait.", retry_after=after)
    error.violations = violations
    return error


async def ask(generate: Generate, times: int = 1, model: str = LITE, call: Call | None = None, **request: Any) -> None:
    for _ in range(times):
        await generate(a_request(model, **request), call or a_call())


async def refused(generate: Generate, call: Call | None = None, **request: Any) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await ask(generate, call=call, **request)
    return caught.value


# -------------------------------------------------------------------------------------------------------------- waits


async def test_requests_beyond_a_minutes_limit_wait_for_the_minute_to_pass(start: Start, model: Model) -> None:
    await ask(start(rpm=3), 7)
    assert model.times == [0, 0, 0, 60, 60, 60, 120]


async def test_tokens_beyond_a_minutes_limit_wait_too(start: Start, model: Model) -> None:
    await ask(start(tpm=2_500), 5)
    assert model.times == [0, 0, 60, 60, 120]


async def test_tokens_count_as_what_they_turned_out_to_be(start: Start, model: Model) -> None:
    model.usage = TokenUsage(input_tokens=100, output_tokens=5_000)
    await ask(start(tpm=2_500), 5)
    assert model.times == [0] * 5


async def test_what_was_never_sent_gives_its_place_back(start: Start, model: Model) -> None:
    model.fails = [BudgetExceeded("too dear", "f")]
    generate = start(rpm=1)
    with pytest.raises(BudgetExceeded):
        await ask(generate)
    await ask(generate)
    assert model.times == [0, 0]


async def test_a_request_that_failed_keeps_its_place(start: Start, model: Model) -> None:
    model.fails = [UpstreamUnavailable("down", "f")]
    generate = start(rpm=1)
    await refused(generate)
    await ask(generate)
    assert model.times == [0, 60]


async def test_another_model_does_not_wait(start: Start, model: Model) -> None:
    generate = start(rpm=1)
    await ask(generate)
    await ask(generate, 5, FLASH)
    assert model.times == [0] * 6


async def test_a_model_without_a_limit_writes_nothing(start: Start, database: Database) -> None:
    await ask(start(), 20)
    assert await rows(database, "SELECT * FROM sent") == []


async def test_a_model_without_a_limit_asks_the_file_once_a_second_at_most(
    start: Start, database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    transactions, run = list[float](), database.run

    def counting(operation: Operation[Any]) -> Awaitable[Any]:
        transactions.append(clock.at - START)
        return run(operation)

    monkeypatch.setattr(database, "run", counting)
    generate = start()
    for _ in range(50):
        await ask(generate)
        clock.at += 0.1
    assert [int(at) for at in transactions] == [0, 1, 2, 3, 4]


async def test_what_is_older_than_needed_is_deleted(start: Start, database: Database, clock: Clock) -> None:
    generate = start(rpm=100)
    await ask(generate, 10)
    clock.at += 61
    await ask(generate)
    assert [row["at"] for row in await rows(database, "SELECT at FROM sent")] == [START + 61]


async def test_what_a_clock_that_ran_ahead_sent_is_deleted(start: Start, model: Model, clock: Clock) -> None:
    generate = start(rpm=1)
    clock.at += 10_000
    await ask(generate)
    clock.at -= 10_000
    await ask(generate)
    assert model.times == [10_000, 0]


# ----------------------------------------------------------------------------------------------------------- deadline


async def test_a_wait_past_the_deadline_is_not_begun(start: Start, model: Model, clock: Clock) -> None:
    generate = start(rpm=1)
    await ask(generate)
    error = await refused(generate, a_call(deadline=time.monotonic() + 59))
    assert type(error) is QuotaClosed and error.escalates and not error.retryable and not error.sent
    assert error.code == "quota_exhausted" and "1 requests a minute" in error.message and "60 s" in error.message
    assert clock.slept == [] and len(model.sent) == 1


async def test_those_who_would_wait_behind_others_are_told_at_once(
    start: Start, clock: Clock, database: Database
) -> None:
    waiting, refusals = anyio.Event(), list[UpstreamError]()

    async def sleep(seconds: float) -> None:
        waiting.set()
        await anyio.sleep_forever()

    limits = Limits(database, {LITE: ModelLimits(rpm=1)}, clock, sleep)
    generate = limited(Model(clock), limits)
    await ask(generate)
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(ask, generate)
            await waiting.wait()
            refusals.append(await refused(generate, a_call(deadline=time.monotonic() + 100)))
            group.cancel_scope.cancel()
    assert type(refusals[0]) is QuotaClosed and "120 s" in refusals[0].message


async def test_a_deadline_that_passes_in_the_queue_ends_the_wait(clock: Clock, database: Database) -> None:
    waiting = anyio.Event()

    async def sleep(seconds: float) -> None:
        waiting.set()
        await anyio.sleep_forever()

    generate = limited(Model(clock), Limits(database, {LITE: ModelLimits(tpm=1_000)}, clock, sleep))
    await ask(generate)
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(ask, generate)
            await waiting.wait()
            clock.at += 59.99
            error = await refused(generate, a_call(deadline=time.monotonic() + 0.05))
            group.cancel_scope.cancel()
    assert type(error) is DeadlineExceeded and error.usage == TokenUsage()


async def test_a_caller_that_leaves_lets_the_next_one_go(clock: Clock, database: Database) -> None:
    held, let_go = anyio.Event(), anyio.Event()

    async def sleep(seconds: float) -> None:
        held.set()
        await let_go.wait()
        clock.at += seconds

    async def one(call: Call) -> None:
        await ask(generate, call=call)

    model = Model(clock)
    generate = limited(model, Limits(database, {LITE: ModelLimits(rpm=1)}, clock, sleep))
    await ask(generate)
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            async with anyio.create_task_group() as leaving:
                leaving.start_soon(one, a_call())
                await held.wait()
                group.start_soon(one, a_call(deadline=time.monotonic() + 1_000))
                leaving.cancel_scope.cancel()
            let_go.set()
    assert model.times == [0, 60]


# ------------------------------------------------------------------------------------------------------------ fairness


async def test_a_call_of_many_parts_does_not_keep_a_single_request_waiting(
    clock: Clock, model: Model, database: Database
) -> None:
    held, queued, let_go = anyio.Event(), anyio.Event(), anyio.Event()
    late = time.monotonic() + 10**6

    async def sleep(seconds: float) -> None:
        held.set()
        await let_go.wait()
        clock.at += seconds

    async def told(message: str) -> None:
        if message.endswith("before this"):
            queued.set()

    generate = limited(model, Limits(database, {LITE: ModelLimits(rpm=1)}, clock, sleep))
    large, small = a_call(deadline=late), a_call(deadline=late, progress=told)

    async def one(call: Call, name: str) -> None:
        await ask(generate, call=call, prompt=name)

    await ask(generate, model=FLASH)
    model.sent.clear()
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            for number in range(30):
                group.start_soon(one, large.part(), f"part {number}")
            await held.wait()
            group.start_soon(one, small, "single")
            await queued.wait()
            let_go.set()
    order = [name for _, name in model.sent]
    assert order.index("single") == 3, "one was sent, one waits for the minute, one is next"
    assert [name for name in order if name != "single"] == [f"part {number}" for number in range(30)]


async def test_calls_take_turns_and_each_calls_requests_keep_their_order() -> None:
    turns, served = Turns(), list[str]()
    await turns.take("first")

    async def one(call: str, name: str) -> None:
        await turns.take(call)
        served.append(name)
        turns.leave()

    async with anyio.create_task_group() as group:
        for call, name in [("a", "a1"), ("a", "a2"), ("a", "a3"), ("b", "b1"), ("c", "c1"), ("b", "b2")]:
            group.start_soon(one, call, name)
            await anyio.lowlevel.checkpoint()
        assert (turns.before("a"), turns.before("b"), turns.before("c"), turns.before("d")) == (7, 7, 6, 4)
        turns.leave()
    assert served == ["a1", "b1", "c1", "a2", "b2", "a3"]
    assert turns.before("a") == 0


async def test_progress_tells_what_it_waits_for_and_how_many_go_before(clock: Clock, database: Database) -> None:
    told: dict[str, list[str]] = {"first": [], "second": []}
    held, let_go = anyio.Event(), anyio.Event()

    async def sleep(seconds: float) -> None:
        held.set()
        await let_go.wait()
        clock.at += seconds

    def caller(name: str) -> Call:
        async def progress(message: str) -> None:
            told[name].append(message)

        return a_call(progress=progress, deadline=time.monotonic() + 1_000)

    generate = limited(Model(clock), Limits(database, {LITE: ModelLimits(rpm=15)}, clock, sleep))
    await ask(generate, 15)

    async def one(name: str) -> None:
        await ask(generate, call=caller(name))

    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(one, "first")
            await held.wait()
            group.start_soon(one, "second")
            while not told["second"]:
                await anyio.lowlevel.checkpoint()
            let_go.set()
    waiting = f"waiting for {LITE}: 15 requests a minute"
    assert told == {"first": [waiting], "second": [f"{waiting}; 1 before this"]}


# ------------------------------------------------------------------------------------------------------------- learns


async def test_a_429_closes_the_model_for_as_long_as_it_says(start: Start, model: Model) -> None:
    model.fails = [used_up(Violation("rpm", 2), after=30)]
    generate = start()
    await refused(generate)
    await ask(generate, 4)
    assert model.times == [0, 30, 30, 90, 90]


async def test_what_one_process_learned_another_keeps_to(
    start: Start, other: Start, model: Model, clock: Clock
) -> None:
    first, second = start(), other()
    await ask(second, model=FLASH)
    model.fails = [used_up(Violation("rpm", 1), after=30)]
    await refused(first)
    clock.at += 1
    await ask(second)
    await ask(first)
    assert model.times[2:] == [30, 90]


async def test_processes_share_one_minute(start: Start, other: Start, model: Model) -> None:
    first, second = start(rpm=3), other(rpm=3)
    for generate in (first, second) * 3:
        await ask(generate)
    assert model.times == [0, 0, 0, 60, 60, 60]


async def test_what_was_learned_outlives_the_process(start: Start, model: Model, database: Database) -> None:
    model.fails = [used_up(Violation("rpm", 1), after=30)]
    await refused(start())
    await rows(database, "SELECT 1")
    await ask(start())
    assert model.times == [0, 30]


async def test_a_quota_of_the_day_closes_the_model_until_midnight_pacific(
    start: Start, other: Start, model: Model, clock: Clock
) -> None:
    model.fails = [used_up(Violation("rpd", 1_500), after=18, daily=True)]
    first, second = start(), other()
    await refused(first)
    clock.at += 60
    for generate in (first, second):
        error = await refused(generate)
        assert type(error) is DailyQuotaClosed and error.escalates and not error.retryable and not error.sent
        assert "1,500 requests a day" in error.message and "midnight Pacific" in error.fix
    assert len(model.sent) == 1 and clock.slept == []
    clock.at = MIDNIGHT
    await ask(second)
    assert len(model.sent) == 2


async def test_the_users_daily_limit_is_kept_to_and_renewed_at_midnight_pacific(
    start: Start, model: Model, clock: Clock
) -> None:
    generate = start(rpd=2)
    await ask(generate, 2)
    assert type(await refused(generate)) is DailyQuotaClosed
    clock.at = MIDNIGHT - 1
    assert type(await refused(generate)) is DailyQuotaClosed
    clock.at = MIDNIGHT
    await ask(generate, 2)
    assert len(model.sent) == 4


async def test_a_429_that_names_nothing_is_waited_for_as_long_as_it_asks(start: Start, model: Model) -> None:
    model.fails = [used_up(after=12), used_up()]
    generate = start()
    await refused(generate)
    await refused(generate)
    await ask(generate, 3)
    assert model.times == [0, 12, 12, 12, 12]


async def test_what_is_deleted_from_the_file_is_forgotten(
    start: Start, database: Database, model: Model, clock: Clock
) -> None:
    model.fails = [used_up(Violation("rpd", 5), daily=True)]
    generate = start()
    await refused(generate)
    await rows(database, "DELETE FROM quotas")
    clock.at += 1
    await ask(generate)
    assert model.times == [0, 1]


async def test_a_lesson_is_not_lost_to_a_look_at_the_file_that_is_under_way(clock: Clock, database: Database) -> None:
    limits = Limits(database, {}, clock, clock.sleep)
    async with anyio.create_task_group() as group:
        group.start_soon(limits.admitted, a_request(FLASH), a_call())
        await anyio.lowlevel.checkpoint()
        limits.learn(LITE, used_up(Violation("rpd", 5), daily=True))
    with pytest.raises(DailyQuotaClosed):
        await limits.admitted(a_request(), a_call())


async def test_what_a_later_version_knows_of_is_no_hindrance(start: Start, database: Database, model: Model) -> None:
    await rows(database, "INSERT INTO quotas VALUES (?, 'images a week', 1, ?, ?)", LITE, START + 10**6, START)
    await ask(start())
    assert model.times == [0]


# ---------------------------------------------------------------------------------------------------------- fails open


async def test_without_the_file_a_process_keeps_to_its_own_count(
    start: Start, database: Database, model: Model
) -> None:
    generate = start(rpm=2)
    await ask(generate)
    await database.run(lambda connection: connection.execute("DROP TABLE sent"))
    await ask(generate, 3)
    assert model.times == [0, 0, 60, 60]


async def test_without_the_file_a_429_still_teaches(start: Start, database: Database, model: Model) -> None:
    await database.run(lambda connection: connection.execute("DROP TABLE quotas"))
    model.fails = [used_up(Violation("rpm", 1), after=30)]
    generate = start()
    await refused(generate)
    await ask(generate, 2)
    assert model.times == [0, 30, 90]


async def test_what_the_file_holds_is_what_another_process_reads(
    start: Start, database: Database, tmp_path: Path
) -> None:
    """The rows as they stand on disk, by a plain connection."""
    await ask(start(rpm=5), 2)
    await rows(database, "SELECT 1")
    with sqlite3.connect(f"file:{tmp_path / 'ledger.sqlite3'}?mode=ro", uri=True) as plain:
        found = plain.execute("SELECT model, at, tokens FROM sent").fetchall()
    plain.close()
    assert found == [(LITE, START, 1_000)] * 2
