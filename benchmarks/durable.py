"""Figure 17: reservations and settlements that survive a kill, by many callers of one process."""

import asyncio
import sqlite3
import time
from pathlib import Path

from benchmarks.figures import Effort, Figure, ratio_of, spread
from benchmarks.processes import temporary_home
from gemini_mcp.domain.budgets import Budgets
from gemini_mcp.domain.ids import attempt_id, result_id
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import Ledger, migrate
from gemini_mcp.engine.liveness import Owner
from gemini_mcp.engine.ports import Attempt, Call, Caller

CALLERS = 200
LEAST_CALLS_S = 5_000
MOST_P99_MS = 50.0
_USED = TokenUsage(input_tokens=1_000, output_tokens=200)
_RESERVED = "SELECT COUNT(*) FROM attempts WHERE state = 'reserved'"
_TABLE = "CREATE TABLE attempts (attempt_id TEXT PRIMARY KEY, state TEXT, reserved INTEGER, cost INTEGER)"
_BUDGETS = Budgets(session_nano=10**15, day_nano=10**15)


def measure_durable(effort: Effort) -> list[Figure]:
    """Figure 17."""
    each = effort.of(100, 20)
    ours: list[float] = []
    p99s: list[float] = []
    theirs: list[float] = []
    for _ in range(effort.of(5, 2)):
        with temporary_home() as home:
            home.mkdir()
            theirs.append(_one_commit_each(home / "plain.sqlite3", effort.of(300, 100)))
            rate, p99 = asyncio.run(_together(home, each))
        ours.append(rate)
        p99s.append(p99)
    rate, p99 = sorted(ours)[len(ours) // 2], sorted(p99s)[len(p99s) // 2]
    return [
        Figure(
            "17",
            f"reserve and settle, {CALLERS} callers, calls/s; p99 of both together, ms",
            f"{spread(ours, ',.0f')}; {spread(p99s, '.1f')}",
            f"two synced commits a call {spread(theirs, ',.0f')}",
            f"{ratio_of(ours, theirs):.0f}",
            f"at least {LEAST_CALLS_S:,}/s, p99 under {MOST_P99_MS:.0f} ms",
            rate >= LEAST_CALLS_S and p99 < MOST_P99_MS,
            f"{CALLERS * each:,} calls a run, with budgets, a new call row each; kill -9 loses none, a power cut at"
            " most the last second; the baseline syncs at each commit",
        )
    ]


async def _together(home: Path, each: int) -> tuple[float, float]:
    database = Database(home / "ledger.sqlite3", migrate)
    database.open()
    owner = Owner(home / "run")
    ledger = Ledger(database, owner, _BUDGETS)
    waits: list[float] = []

    async def caller(name: str) -> None:
        for _ in range(each):
            waits.append(await _call(ledger, name))

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for n in range(CALLERS):
            group.create_task(caller(f"s{n % 8}"))
    await database.run(lambda connection: None)
    took = time.perf_counter() - began
    left = await database.run(
        lambda c: c.execute("SELECT COUNT(*) FROM attempts WHERE state = 'reserved'").fetchone()[0]
    )
    await database.aclose()
    owner.release()
    if left:
        raise RuntimeError(f"{left} attempts were left reserved")
    return len(waits) / took, sorted(waits)[int(len(waits) * 0.99)] * 1_000


async def _call(ledger: Ledger, session: str) -> float:
    """Seconds that the caller waits: until the reservation is committed, and for handing over the settlement."""
    began, now = time.perf_counter(), time.time()
    call = Call(result_id(), Caller("me", session), "delegate_task", now, began, began + 60)
    attempt = Attempt(attempt_id(), "gemini-3.5-flash-lite", "lite", 5_000, now)
    if await ledger.reserve(call, attempt) is not None:
        raise RuntimeError("the budget refused it")
    attempt.usage, attempt.cost_nano, attempt.verdict = _USED, 700, "accepted"
    ledger.settle(attempt)
    return time.perf_counter() - began


def _one_commit_each(path: Path, calls: int) -> float:
    """Calls a second of the plain way: a transaction for each statement, synced."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(
        "CREATE TABLE attempts (attempt_id TEXT PRIMARY KEY, state TEXT, reserved INTEGER, cost INTEGER)"
    )
    began = time.perf_counter()
    for _ in range(calls):
        name = attempt_id()
        connection.execute("INSERT INTO attempts VALUES (?, 'reserved', 5000, NULL)", (name,))
        connection.execute("UPDATE attempts SET state = 'settled', cost = 700 WHERE attempt_id = ?", (name,))
    took = time.perf_counter() - began
    connection.close()
    return calls / took
