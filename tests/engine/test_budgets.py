"""Budgets in a real ledger: never passed, whoever spends; given back when a process dies; told when they run low."""

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

import gemini_mcp
from gemini_mcp.domain.budgets import Budgets
from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.errors import BudgetExceeded
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import Finished, Ledger, local_day, migrate
from gemini_mcp.engine.liveness import Owner
from gemini_mcp.engine.metering import metered
from gemini_mcp.engine.ports import Attempt, Call, Caller

from .conftest import LITE, TODAY, USED, WAIT_S, a_call, a_request, accepted, an_answer, an_attempt, rows, today

CHILD = """
import asyncio, sys, time
from pathlib import Path
from gemini_mcp.domain.budgets import Budgets
from gemini_mcp.domain.ids import attempt_id, result_id
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import Ledger, migrate
from gemini_mcp.engine.liveness import Owner
from gemini_mcp.engine.ports import Attempt, Call, Caller

async def spend(ledger, nano):
    now = time.time()
    call = Call(result_id(), Caller("me", "s1"), "delegate_task", now, time.monotonic(), time.monotonic() + 60)
    attempt = Attempt(attempt_id(), "gemini-3.5-flash-lite", "lite", nano, now)
    if await ledger.reserve(call, attempt) is not None:
        return 0
    attempt.usage, attempt.cost_nano = TokenUsage(input_tokens=7), nano * 2 // 3
    ledger.settle(attempt)
    return 1

async def main(folder, limit, calls, hold):
    database = Database(folder / "ledger.sqlite3", migrate)
    database.open()
    ledger = Ledger(database, Owner(folder / "run"), Budgets(session_nano=limit))
    print("open", flush=True)
    sys.stdin.readline()
    if hold:
        now = time.time()
        call = Call(result_id(), Caller("me", "s1"), "delegate_task", now, time.monotonic(), time.monotonic() + 60)
        await ledger.reserve(call, Attempt(attempt_id(), "gemini-3.5-flash-lite", "lite", limit, now))
        print("held", flush=True)
        time.sleep(600)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(spend(ledger, 900)) for _ in range(calls)]
    await database.aclose()
    print(sum(task.result() for task in tasks), flush=True)

asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4] == "hold"))
"""


def child(folder: Path, limit: int, calls: int, hold: str = "") -> subprocess.Popen[str]:
    env = {**os.environ, "PYTHONPATH": str(Path(gemini_mcp.__file__).parents[1])}
    command = [sys.executable, "-c", CHILD, str(folder), str(limit), str(calls), hold]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env)
    assert process.stdout is not None and process.stdout.readline().strip() == "open"
    return process


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


@asynccontextmanager
async def a_ledger(folder: Path, budgets: Budgets) -> AsyncIterator[tuple[Ledger, Database]]:
    database = Database(folder / "ledger.sqlite3", migrate)
    await anyio.to_thread.run_sync(database.open)
    owner = Owner(folder / "run")
    try:
        yield Ledger(database, owner, budgets), database
    finally:
        await database.aclose()
        owner.release()


def worst(catalogue: Catalogue, tier: str = "standard") -> int:
    nano = catalogue.worst_case(LITE, 1_000, 4_096, TODAY, service_tier=tier)
    assert nano is not None
    return nano


async def answering(request: ModelRequest, call: Call) -> ModelAnswer:
    return an_answer(service_tier=request.service_tier)


async def counted(database: Database) -> dict[str, tuple[int, int]]:
    found = await rows(database, "SELECT kind, spent_nano, reserved_nano FROM budgets")
    return {row["kind"]: (row["spent_nano"], row["reserved_nano"]) for row in found}


# ------------------------------------------------------------------------------------------------------------ counting


async def test_a_reservation_counts_until_it_is_settled_at_what_was_used(tmp_path: Path) -> None:
    async with a_ledger(tmp_path, Budgets()) as (ledger, database):
        call = a_call()
        attempt = an_attempt(call, reserved_nano=5_000)
        assert await ledger.reserve(call, attempt) is None
        assert await counted(database) == {"session": (0, 5_000), "day": (0, 5_000)}
        attempt.usage, attempt.cost_nano = USED, 700
        ledger.settle(attempt)
        ledger.settle(attempt)
        assert await counted(database) == {"session": (700, 0), "day": (700, 0)}


async def test_what_cannot_be_priced_counts_at_its_reservation(tmp_path: Path) -> None:
    async with a_ledger(tmp_path, Budgets()) as (ledger, database):
        call = a_call()
        attempt = an_attempt(call, reserved_nano=5_000)
        await ledger.reserve(call, attempt)
        attempt.usage, attempt.cost_nano = USED, None
        ledger.settle(attempt)
        assert await counted(database) == {"session": (5_000, 0), "day": (5_000, 0)}


async def test_sessions_and_principals_have_budgets_of_their_own_and_a_day_is_shared(tmp_path: Path) -> None:
    async with a_ledger(tmp_path, Budgets(session_nano=1_000, day_nano=1_500)) as (ledger, _):

        async def reserve(call: Call) -> str | None:
            short = await ledger.reserve(call, an_attempt(call, reserved_nano=900))
            return short.kind if short else None

        assert await reserve(a_call("s1")) is None
        assert await reserve(a_call("s1")) == "session"
        assert await reserve(a_call("s2")) == "day"
        assert await reserve(a_call("s1", principal="you")) is None


async def test_what_a_budget_refuses_leaves_no_trace(tmp_path: Path) -> None:
    async with a_ledger(tmp_path, Budgets(session_nano=1_000)) as (ledger, database):
        call = a_call()
        short = await ledger.reserve(call, an_attempt(call, reserved_nano=1_001))
        assert short is not None and (short.limit_nano, short.left_nano) == (1_000, 1_000)
        assert await counted(database) == {} and await rows(database, "SELECT * FROM calls") == []


async def test_a_ledger_of_the_first_form_brings_its_spending_along(tmp_path: Path) -> None:
    async with a_ledger(tmp_path, Budgets()) as (ledger, database):
        call = a_call()
        for cost in (700, None):
            attempt = an_attempt(call, reserved_nano=5_000)
            await ledger.reserve(call, attempt)
            attempt.usage, attempt.cost_nano = USED, cost
            ledger.settle(attempt)
        await ledger.reserve(call, an_attempt(call, reserved_nano=40))
        await ledger.reserve(call := a_call("s2"), an_attempt(call, reserved_nano=2))
        before = await rows(database, "SELECT * FROM budgets ORDER BY kind, period")

        def as_it_was(connection: object) -> None:
            statements = (
                "DROP TABLE budgets", "DROP TABLE quotas", "DROP TABLE sent", "DROP TABLE contexts",
                "DROP TABLE batches", "DROP INDEX calls_by_tool_use", "ALTER TABLE calls DROP COLUMN tool_use_id",
                "ALTER TABLE calls DROP COLUMN arguments_sha256", "ALTER TABLE results DROP COLUMN delivered",
                "ALTER TABLE attempts DROP COLUMN discount_nano", "ALTER TABLE attempts DROP COLUMN context_nano",
                "DROP INDEX outcomes_by_result", "ALTER TABLE outcomes DROP COLUMN upper",
                "ALTER TABLE outcomes DROP COLUMN traits", "ALTER TABLE outcomes DROP COLUMN seen",
                "ALTER TABLE outcomes DROP COLUMN agrees", "PRAGMA user_version = 1",
            )  # fmt: skip
            for statement in statements:
                connection.execute(statement)  # type: ignore[attr-defined]

        await database.run(as_it_was)
    async with a_ledger(tmp_path, Budgets()) as (_, database):
        assert await rows(database, "SELECT * FROM budgets ORDER BY kind, period") == before
        assert len(before) == 3


# ------------------------------------------------------------------------------------------------------ several at once


async def test_many_processes_together_never_pass_a_budget(tmp_path: Path) -> None:
    limit, calls = 60_000, 60
    processes = [child(tmp_path, limit, calls) for _ in range(3)]
    for process in processes:
        begin(process)
    outs = [(await anyio.to_thread.run_sync(process.communicate))[0] for process in processes]
    sent = sum(int(out) for out in outs)
    async with a_ledger(tmp_path, Budgets(session_nano=limit)) as (_, database):
        found = await counted(database)
        assert found["session"] == found["day"] == (sent * 600, 0)
        assert limit // 900 <= sent <= limit // 600
        (most,) = await rows(database, "SELECT SUM(cost_nano) AS spent, COUNT(*) AS attempts FROM attempts")
        assert (most["spent"], most["attempts"]) == (sent * 600, sent)


async def test_what_a_dead_process_had_reserved_counts_as_spent(tmp_path: Path) -> None:
    """It may have been sent: the budget is never more than what is certainly left."""
    process = child(tmp_path, 800, 0, "hold")
    begin(process)
    assert process.stdout is not None and process.stdout.readline().strip() == "held"
    process.kill()
    process.communicate()
    async with a_ledger(tmp_path, Budgets(session_nano=1_000)) as (ledger, database):
        call = a_call()
        assert await counted(database) == {"session": (0, 800), "day": (0, 800)}
        assert await ledger.recover() == 1
        assert await counted(database) == {"session": (800, 0), "day": (800, 0)}
        short = await ledger.reserve(call, an_attempt(call, reserved_nano=201))
        assert short is not None and short.left_nano == 200
        assert await ledger.reserve(call, an_attempt(call, reserved_nano=200)) is None


# --------------------------------------------------------------------------------------------------------- what is done


async def test_when_the_budget_has_no_room_flex_is_tried_and_named(tmp_path: Path, catalogue: Catalogue) -> None:
    async with a_ledger(tmp_path, Budgets(session_nano=worst(catalogue, "flex"))) as (ledger, database):
        call = a_call()
        await metered(answering, ledger, catalogue, today)(a_request(), call)
        assert [attempt.service_tier for attempt in call.attempts] == ["flex"]
        assert "flex" in call.warnings[0] and "session budget" in call.warnings[0]
        (row,) = await rows(database, "SELECT * FROM attempts")
        assert row["discount_nano"] == row["cost_nano"] > 0


async def test_a_call_waits_for_what_others_on_its_budget_have_reserved(tmp_path: Path, catalogue: Catalogue) -> None:
    begun, let_go = anyio.Event(), anyio.Event()
    asked: list[str] = []

    async def slow(request: ModelRequest, call: Call) -> ModelAnswer:
        asked.append(call.result_id)
        begun.set()
        await let_go.wait()
        return an_answer()

    async with a_ledger(tmp_path, Budgets(day_nano=worst(catalogue) + 1_000)) as (ledger, database):
        generate = metered(slow, ledger, catalogue, today)
        told: list[str] = []

        async def progress(message: str) -> None:
            told.append(message)
            let_go.set()

        async def ask(call: Call) -> None:
            await generate(a_request(), call)

        first, second = a_call("s1"), a_call("s2", progress=progress)
        with anyio.fail_after(WAIT_S):
            async with anyio.create_task_group() as group:
                group.start_soon(ask, first)
                await begun.wait()
                group.start_soon(ask, second)
        assert asked == [first.result_id, second.result_id]
        assert ["waiting for other calls" in message for message in told] == [True]
        assert [attempt.service_tier for attempt in second.attempts] == ["standard"]
        assert (await counted(database))["day"][1] == 0


async def test_what_a_batch_holds_is_not_waited_for(tmp_path: Path, catalogue: Catalogue) -> None:
    async with a_ledger(tmp_path, Budgets(day_nano=worst(catalogue) + 1_000)) as (ledger, database):
        call = a_call()
        await ledger.reserve(call, an_attempt(call, reserved_nano=worst(catalogue)))
        await database.run(lambda connection: connection.execute("UPDATE attempts SET owner = 'batch'"))
        with pytest.raises(BudgetExceeded), anyio.fail_after(WAIT_S):
            await metered(answering, ledger, catalogue, today)(a_request(), a_call())


async def test_a_budget_that_is_spent_says_what_is_left_what_is_needed_and_how_to_raise_it(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    async with a_ledger(tmp_path, Budgets(session_nano=10_000)) as (ledger, database):
        with pytest.raises(BudgetExceeded) as caught:
            await metered(answering, ledger, catalogue, today)(a_request(), a_call())
        assert "of the session budget" in caught.value.message and LITE in caught.value.message
        assert "GEMINI_AGENTS_SESSION_BUDGET_USD" in caught.value.fix
        assert await rows(database, "SELECT * FROM attempts") == []


async def test_with_a_budget_a_model_of_unknown_price_is_not_asked(tmp_path: Path, catalogue: Catalogue) -> None:
    async with a_ledger(tmp_path, Budgets(day_nano=10**12)) as (ledger, _):
        with pytest.raises(BudgetExceeded, match="not known"):
            await metered(answering, ledger, catalogue, today)(a_request("gemini-9-nobody"), a_call())


async def test_each_share_of_a_budget_is_told_by_the_call_that_reaches_it(tmp_path: Path) -> None:
    async with a_ledger(tmp_path, Budgets(session_nano=1_000)) as (ledger, _):
        told: list[int] = []
        for cost in (400, 100, 200, 200, 50):
            call = a_call()
            attempt = an_attempt(call, reserved_nano=cost, verdict="accepted", usage=USED, cost_nano=cost)
            assert await ledger.reserve(call, attempt) is None
            ledger.settle(attempt)
            told += [alert.percent for alert in await ledger.finish(call, Finished(accepted(call)))]
        assert told == [50, 80, 95]


async def test_an_attempt_counts_on_the_day_on_which_it_began(tmp_path: Path) -> None:
    async with a_ledger(tmp_path, Budgets()) as (ledger, database):
        yesterday = time.time() - 86_400
        now = time.monotonic()
        call = Call("r_" + "0" * 26, Caller("me", "s1"), "delegate_task", yesterday, now, now + 60)
        attempt = Attempt("a_" + "0" * 26, LITE, "lite", 500, yesterday)
        await ledger.reserve(call, attempt)
        attempt.usage, attempt.cost_nano = USED, 300
        ledger.settle(attempt)
        (row,) = await rows(database, "SELECT * FROM budgets WHERE kind = 'day'")
        assert (row["period"], row["spent_nano"], row["reserved_nano"]) == (local_day(yesterday), 300, 0)


async def test_parts_that_are_all_refused_do_not_wait_for_one_another(tmp_path: Path, catalogue: Catalogue) -> None:
    async with a_ledger(tmp_path, Budgets(session_nano=worst(catalogue) // 100)) as (ledger, _):
        generate, whole = metered(answering, ledger, catalogue, today), a_call()
        refused: list[str] = []

        async def ask() -> None:
            try:
                await generate(a_request(), whole.part())
            except BudgetExceeded as error:
                refused.append(error.message)

        with anyio.fail_after(WAIT_S):
            async with anyio.create_task_group() as group:
                for _ in range(8):
                    group.start_soon(ask)
        assert len(refused) == 8


async def test_a_part_that_is_cancelled_while_it_reserves_wakes_those_who_wait_for_it(
    tmp_path: Path, catalogue: Catalogue
) -> None:
    async with a_ledger(tmp_path, Budgets()) as (ledger, database):
        generate, whole = metered(answering, ledger, catalogue, today), a_call(max_cost_nano=worst(catalogue) + 100)
        first, second = anyio.CancelScope(), whole.part()

        async def cancelled() -> None:
            with first:
                await generate(a_request(), whole.part())

        async def waits() -> None:
            await generate(a_request(), second)

        other = sqlite3.connect(database.path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")  # so that the first is still reserving when it is cancelled
        with anyio.fail_after(WAIT_S):
            async with anyio.create_task_group() as group:
                group.start_soon(cancelled)
                await anyio.wait_all_tasks_blocked()
                group.start_soon(waits)
                await anyio.wait_all_tasks_blocked()
                first.cancel()
                other.execute("ROLLBACK")
        other.close()
        assert second.attempts[0].cost_nano
