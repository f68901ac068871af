"""The ledger: nothing lost by a kill, nothing counted twice, nobody shown what is another's."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

import gemini_mcp
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import SCHEMA_VERSION, STOPPED, Finished, Ledger, LedgerTooNew, migrate, total_cost
from gemini_mcp.engine.liveness import Owner

from .conftest import USED, WAIT_S, a_call, accepted, an_attempt, rows

CHILD = """
import asyncio, sys, time
from pathlib import Path
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import Finished, Ledger, migrate
from gemini_mcp.engine.liveness import Owner
from gemini_mcp.engine.ports import Attempt, Call, Caller
from gemini_mcp.domain.ids import attempt_id, result_id
from gemini_mcp.domain.usage import TokenUsage

async def attempted(ledger, settle):
    now = time.time()
    call = Call(result_id(), Caller("me", "s1"), "delegate_task", now, time.monotonic(), time.monotonic() + 60)
    attempt = Attempt(attempt_id(), "gemini-3.5-flash-lite", "lite", 5_000, now)
    await ledger.reserve(call, attempt)
    if settle:
        attempt.usage, attempt.cost_nano = TokenUsage(input_tokens=7), 700
        call.attempts.append(attempt)
        ledger.settle(attempt)
    return call

async def main(folder, job, count):
    database = Database(folder / "ledger.sqlite3", migrate)
    database.open()
    ledger = Ledger(database, Owner(folder / "run"))
    print("open", flush=True)
    if job != "die":
        sys.stdin.readline()
    for _ in range(count):
        call = await attempted(ledger, job != "die")
        if job == "work":
            call.attempts[0].verdict = "accepted"
            await ledger.finish(call, Finished(None, "none"))
    await database.run(lambda connection: None)
    print("done", flush=True)
    if job != "work":
        time.sleep(600)
    await database.aclose()

asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
"""


@contextmanager
def child(folder: Path, job: str, count: int = 1) -> Iterator[subprocess.Popen[str]]:
    """Another process at work on the ledger in ``folder``; killed, if it has not ended, when the block does."""
    env = {**os.environ, "PYTHONPATH": str(Path(gemini_mcp.__file__).parents[1])}
    command = [sys.executable, "-c", CHILD, str(folder), job, str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env) as process:
        try:
            yield process
        finally:
            process.kill()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go\n")
    process.stdin.flush()


# ------------------------------------------------------------------------------------------------------------- kill


async def test_a_kill_between_reserving_and_settling_loses_nothing(
    tmp_path: Path, database: Database, ledger: Ledger
) -> None:
    with child(tmp_path, "die", count=3) as process:
        assert (said(process), said(process)) == ("open", "done")
        assert await ledger.recover() == 0, "a live process's reservations were taken from it"
        process.send_signal(signal.SIGKILL)
        process.wait(WAIT_S)
        assert await ledger.recover() == 3
    found = await rows(database, "SELECT state, verdict, cost_nano, reserved_nano, usage_known, reason FROM attempts")
    settled = {"state": "settled", "verdict": "unknown", "cost_nano": 5_000, "reserved_nano": 5_000}
    assert found == [settled | {"usage_known": 0, "reason": STOPPED}] * 3
    calls = await rows(database, "SELECT status, cost_nano FROM calls")
    assert calls == [{"status": "interrupted", "cost_nano": 5_000}] * 3
    assert await ledger.recover() == 0


async def test_a_kill_after_settling_keeps_what_was_used(tmp_path: Path, database: Database, ledger: Ledger) -> None:
    with child(tmp_path, "settle") as process:
        assert said(process) == "open"
        begin(process)
        assert said(process) == "done"
        process.send_signal(signal.SIGKILL)
        process.wait(WAIT_S)
    assert await ledger.recover() == 0
    (found,) = await rows(database, "SELECT verdict, cost_nano, input_tokens, usage_known, reason FROM attempts")
    assert found == {
        "verdict": "cancelled", "cost_nano": 700, "input_tokens": 7, "usage_known": 1, "reason": STOPPED,
    }  # fmt: skip
    assert await rows(database, "SELECT status, cost_nano FROM calls") == [{"status": "interrupted", "cost_nano": 700}]


async def test_processes_that_share_a_ledger_lose_none_of_each_others_rows(tmp_path: Path) -> None:
    """They also begin at once, so that each would make the file."""
    with (
        child(tmp_path, "work", 100) as one,
        child(tmp_path, "work", 100) as two,
        child(tmp_path, "work", 100) as three,
    ):
        everyone = (one, two, three)
        assert [said(process) for process in everyone] == ["open"] * 3
        for process in everyone:
            begin(process)
        assert [said(process) for process in everyone] == ["done"] * 3
        assert [process.wait(WAIT_S) for process in everyone] == [0] * 3
    with sqlite3.connect(tmp_path / "ledger.sqlite3") as other:
        assert other.execute("SELECT COUNT(*), SUM(cost_nano) FROM attempts WHERE state = 'settled'").fetchone() == (
            300,
            300 * 700,
        )
        assert other.execute("SELECT COUNT(*) FROM calls WHERE status = 'error'").fetchone() == (300,)
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    other.close()


# ---------------------------------------------------------------------------------------------------------- one process


async def test_a_row_is_reserved_then_settled_then_judged(database: Database, ledger: Ledger) -> None:
    call = a_call()
    attempt = an_attempt(call)
    states = "SELECT state, verdict, cost_nano FROM attempts"
    await ledger.reserve(call, attempt)
    assert await rows(database, states) == [{"state": "reserved", "verdict": None, "cost_nano": None}]
    attempt.usage, attempt.cost_nano = USED, 1_234
    ledger.settle(attempt)
    attempt.verdict = "accepted"
    await ledger.finish(call, Finished(accepted(call)))
    assert await rows(database, states) == [{"state": "settled", "verdict": "accepted", "cost_nano": 1_234}]


async def test_an_attempt_id_cannot_be_used_twice(database: Database, ledger: Ledger) -> None:
    call = a_call()
    attempt = an_attempt(call)
    await ledger.reserve(call, attempt)
    with pytest.raises(sqlite3.IntegrityError):
        await ledger.reserve(call, attempt)
    assert len(await rows(database, "SELECT * FROM attempts")) == 1


async def test_settling_twice_changes_nothing(database: Database, ledger: Ledger) -> None:
    call = a_call()
    attempt = an_attempt(call)
    await ledger.reserve(call, attempt)
    attempt.usage, attempt.cost_nano = USED, 1_000
    ledger.settle(attempt)
    await rows(database, "SELECT 1")
    attempt.cost_nano = 9_999
    ledger.settle(attempt)
    assert await rows(database, "SELECT cost_nano FROM attempts") == [{"cost_nano": 1_000}]


async def test_a_call_that_asked_nobody_is_still_a_call(database: Database, ledger: Ledger) -> None:
    call = a_call(cache_key="key", family="text", saved_by_cache_nano=700)
    await ledger.finish(call, Finished(accepted(call, cache="hit", cost_nano=700), instruction="do it"))
    (found,) = await rows(database, "SELECT status, cache, cost_nano, saved_cache_nano, cache_key, family FROM calls")
    assert found == {
        "status": "done", "cache": "hit", "cost_nano": 0, "saved_cache_nano": 700, "cache_key": "key", "family": "text",
    }  # fmt: skip


async def test_an_error_keeps_its_code_its_cost_and_no_result(database: Database, ledger: Ledger) -> None:
    call = a_call()
    attempt = an_attempt(call, cost_nano=300, verdict="rejected", reason="empty", usage=USED)
    await ledger.reserve(call, attempt)
    ledger.settle(attempt)
    await ledger.finish(call, Finished(None, "no_acceptable_answer"))
    assert await rows(database, "SELECT status, error_code, cost_nano FROM calls") == [
        {"status": "error", "error_code": "no_acceptable_answer", "cost_nano": 300}
    ]
    assert await rows(database, "SELECT * FROM results") == []


async def test_a_cancelled_call_is_closed_without_waiting(database: Database, ledger: Ledger) -> None:
    call = a_call()
    ledger.post_finish(call, Finished(None, "cancelled", cancelled=True))
    assert await rows(database, "SELECT status FROM calls") == [{"status": "cancelled"}]


async def test_an_adopted_calls_books_are_closed_with_what_it_cost(database: Database, ledger: Ledger) -> None:
    call = a_call()
    attempt = an_attempt(call, usage=USED, cost_nano=300)
    await ledger.reserve(call, attempt)
    ledger.post_finish(call, Finished(None, "cancelled", cancelled=True))
    ledger.settle(attempt)
    attempt.verdict, attempt.reason = "accepted", "the cheapest tier first"
    ledger.adopt(call)
    assert await rows(database, "SELECT verdict, reason FROM attempts") == [
        {"verdict": "accepted", "reason": "the cheapest tier first"}
    ]
    assert await rows(database, "SELECT cost_nano FROM calls") == [{"cost_nano": 300}]


def test_a_total_with_an_unpriced_attempt_is_unknown() -> None:
    call = a_call()
    assert total_cost(call) == 0
    an_attempt(call, cost_nano=300)
    assert total_cost(call) == 300
    an_attempt(call, cost_nano=None)
    assert total_cost(call) is None


# ------------------------------------------------------------------------------------------------------------- file


async def test_a_file_of_a_later_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    with sqlite3.connect(path) as other:
        other.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
        other.execute("CREATE TABLE attempts (something_new TEXT)")
    other.close()
    database = Database(path, migrate)
    with anyio.fail_after(WAIT_S), pytest.raises(LedgerTooNew, match="this version knows"):
        await anyio.to_thread.run_sync(database.open)
    with sqlite3.connect(path) as other:
        assert other.execute("PRAGMA table_info(attempts)").fetchall()[0][1] == "something_new"
        assert other.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION + 1,)
    other.close()


async def test_opening_again_keeps_what_is_there(tmp_path: Path) -> None:
    for expected in (0, 1, 2):
        database = Database(tmp_path / "ledger.sqlite3", migrate)
        await anyio.to_thread.run_sync(database.open)
        owner = Owner(tmp_path / "run")
        found = await rows(database, "SELECT * FROM attempts")
        call = a_call()
        await Ledger(database, owner).reserve(call, an_attempt(call))
        await database.aclose()
        owner.release()
        assert len(found) == expected


# --------------------------------------------------------------------------------------------------------- liveness


def test_an_owner_lives_until_it_lets_go(tmp_path: Path) -> None:
    one, two = Owner(tmp_path), Owner(tmp_path)
    name = one.name
    assert not two.is_dead(name) and not one.is_dead(name)
    one.release()
    assert two.is_dead(name)
    two.release()
    assert list(tmp_path.iterdir()) == []


def test_an_owner_without_a_file_is_dead_and_gets_none(tmp_path: Path) -> None:
    owner = Owner(tmp_path)
    assert owner.is_dead("01aryz6s410000000000000000")
    assert [path.name for path in tmp_path.iterdir()] == [owner.name]
    owner.release()


def test_asking_whether_a_live_owner_is_dead_does_not_hurt_it(tmp_path: Path) -> None:
    one, two, three = Owner(tmp_path), Owner(tmp_path), Owner(tmp_path)
    assert [other.is_dead(one.name) for other in (two, three, two)] == [False] * 3
    for owner in (one, two, three):
        owner.release()


def test_the_folder_of_owners_is_its_users_alone(tmp_path: Path) -> None:
    owner = Owner(tmp_path / "run")
    assert (tmp_path / "run").stat().st_mode & 0o077 == 0
    assert (tmp_path / "run" / owner.name).stat().st_mode & 0o077 == 0
    owner.release()
