"""The ledger: what every attempt reserved, used and cost. Rows are reserved before an attempt is sent.

An attempt is ``reserved`` at its worst case, then ``settled`` once. Whoever dies in between leaves a
reserved row behind; the next start settles it at its reservation, verdict ``unknown``, so that the ledger
is never below the bill.
"""

import sqlite3
import time
from collections import defaultdict
from dataclasses import astuple, dataclass
from datetime import datetime
from importlib.resources import files
from typing import Any

import anyio

from gemini_mcp.domain.budgets import Alert, BudgetKind, Budgets, Shortage
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine import answered, counters
from gemini_mcp.engine.answered import Delivery, Request
from gemini_mcp.engine.counters import BATCH_OWNER as BATCH_OWNER
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.liveness import Owner
from gemini_mcp.engine.ports import Answer, Attempt, Call, Caller

SCHEMA_VERSION = 3
STOPPED = "the server stopped before it could settle this"
RECOVER_EVERY_S = 5.0
UNLIMITED = Budgets()
_RESERVE = """INSERT INTO attempts (attempt_id, result_id, owner, state, principal, session_id, tool, family, tier,
    model, reserved_nano, started_at, day) VALUES (?, ?, ?, 'reserved', ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
BEGIN_CALL = """INSERT OR IGNORE INTO calls (result_id, owner, principal, session_id, tool, family, status, started_at,
    day) VALUES (?, ?, ?, ?, ?, ?, 'running', ?, ?)"""
_SETTLE = """UPDATE attempts SET state = 'settled', model_served = ?, service_tier = ?, verdict = ?, reason = ?,
    cost_nano = ?, usage_known = ?, ms = ?, simulated = ?, discount_nano = ?, context_nano = ?,
    input_tokens = ?, cached_tokens = ?, output_tokens = ?,
    thinking_tokens = ?, tool_use_tokens = ?, audio_tokens = ?, search_queries = ?
    WHERE attempt_id = ? AND state = 'reserved' RETURNING principal, session_id, day, reserved_nano"""
_CORRECT = "UPDATE attempts SET verdict = ?, reason = ? WHERE attempt_id = ? AND state = 'settled'"
_FINISH = """UPDATE calls SET status = ?, error_code = ?, cache = ?, tier = ?, model = ?, cost_nano = ?,
    saved_cache_nano = ?, baseline_nano = ?, simulated = ?, cache_key = ?, follow_up_to = ?, ms = ?
    WHERE result_id = ?"""
_KEEP = """INSERT OR REPLACE INTO results (result_id, principal, session_id, tool, created_at, instruction, text,
    mime_type, cost_nano) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"""


class LedgerTooNew(RuntimeError):
    """The file was written by a later version; this one would misread it."""


@dataclass(frozen=True, slots=True)
class Finished:
    """How a call ended. ``answer`` is None after an error, whose code is ``error_code``. ``aside``: nobody waits for
    it; its answer is not kept, and what it reached of a budget is told with another call."""

    answer: Answer | None
    error_code: str = ""
    instruction: str = ""
    mime_type: str = "text/plain"
    follow_up_to: str = ""
    cancelled: bool = False
    aside: bool = False


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file of any earlier version to this one's form. Raises LedgerTooNew."""
    connection.execute("BEGIN IMMEDIATE")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > SCHEMA_VERSION:
        connection.execute("ROLLBACK")
        raise LedgerTooNew(f"the ledger has form {version}; this version knows {SCHEMA_VERSION}")
    for form in range(version + 1, SCHEMA_VERSION + 1):
        for statement in files(__package__).joinpath(f"_schema_{form}.sql").read_text("utf-8").split(";"):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {form}")
    connection.execute("COMMIT")


class Ledger:
    """Writes to the ledger's file on behalf of one process. ``budgets`` bound what may be reserved; ``came_back`` is
    set when a reservation is settled, and then replaced."""

    def __init__(self, database: Database, owner: Owner, budgets: Budgets = UNLIMITED) -> None:
        self._database = database
        self._owner = owner
        self.budgets = budgets
        self.came_back = anyio.Event()
        self._turns: defaultdict[tuple[str, str], anyio.Lock] = defaultdict(anyio.Lock)
        self._recovered_at = 0.0

    def turn(self, caller: Caller, kind: BudgetKind) -> anyio.Lock:
        """Held by the call that waits at the head of those of this process for money that others have reserved."""
        return self._turns[caller.principal, caller.session_id if kind == "session" else ""]

    async def recover_soon(self) -> int:
        """``recover``, unless that was done a moment ago: what the dead hold is spent, and is not waited for."""
        now = time.monotonic()
        if now - self._recovered_at < RECOVER_EVERY_S:
            return 0
        self._recovered_at = now
        return await self.recover()

    async def reserve(self, call: Call, attempt: Attempt) -> Shortage | None:
        """Write the attempt's row at its reservation. When this returns, a kill of this process cannot lose it.

        A shortage is returned when a budget does not allow it; nothing is written then.
        """
        who, day = call.caller, local_day(attempt.started_at)
        begin = (call.result_id, self._owner.name, who.principal, who.session_id, call.tool, call.family)
        what = (call.family, attempt.tier, attempt.model, attempt.reserved_nano, attempt.started_at, day)
        row = (attempt.attempt_id, *begin[:5], *what)
        account = counters.Account(who.principal, who.session_id, day)

        def operation(connection: sqlite3.Connection) -> Shortage | None:
            shortage = counters.reserve(connection, account, attempt.reserved_nano or 0, self.budgets)
            if shortage is None:
                connection.execute(BEGIN_CALL, (*begin, call.started_at, local_day(call.started_at)))
                connection.execute(_RESERVE, row)
            return shortage

        shortage: Shortage | None = await self._database.run(operation)
        attempt.reserved = shortage is None
        return shortage

    def settle(self, attempt: Attempt) -> None:
        """Write what the attempt used, and the verdict that it has by the time it is written. Once is enough."""
        self._database.defer(lambda connection: _settle(connection, attempt))
        waited_for, self.came_back = self.came_back, anyio.Event()
        waited_for.set()

    async def finish(self, call: Call, end: Finished) -> list[Alert]:
        """Write the call's end and keep its result. Waits for the commit. What is returned is to be told."""
        alerts: list[Alert] = await self._database.run(self._finishing(call, end))
        return alerts

    def post_finish(self, call: Call, end: Finished) -> None:
        """The same without waiting, for a call that is being cancelled."""
        self._database.post(self._finishing(call, end))

    def adopt(self, call: Call) -> None:
        """Close the books of a call whose caller left before its attempts were judged."""
        statement, row = "UPDATE calls SET cost_nano = ? WHERE result_id = ?", (total_cost(call), call.result_id)

        def operation(connection: sqlite3.Connection) -> None:
            connection.execute(statement, row)
            connection.executemany(_CORRECT, _corrections(call))

        self._database.post(operation)

    def _finishing(self, call: Call, end: Finished) -> Any:
        who, now, answer = call.caller, time.time(), end.answer
        begin = (call.result_id, self._owner.name, who.principal, who.session_id, call.tool, call.family)
        row = _finish_row(call, end)
        account = counters.Account(who.principal, who.session_id, local_day(now))

        def operation(connection: sqlite3.Connection) -> list[Alert]:
            if not call.attempts:
                connection.execute(BEGIN_CALL, (*begin, call.started_at, local_day(call.started_at)))
            connection.execute(_FINISH, row)
            connection.executemany(_CORRECT, _corrections(call))
            if answer is not None and not end.aside:
                kept = (call.result_id, who.principal, who.session_id, call.tool, now, end.instruction, answer.text)
                connection.execute(_KEEP, (*kept, end.mime_type, total_cost(call)))
            return counters.alerts(connection, account, self.budgets) if call.attempts and not end.aside else []

        return operation

    def remember(self, request: Request, result_id: str, told: str) -> None:
        """Note what answered a request that its client may send again, some time before whatever is asked next."""
        self._database.post(lambda connection: answered.remember(connection, request, result_id, told))

    async def answer_to(self, request: Request) -> Delivery | None:
        """What was given when this request was answered before, by whichever process."""
        return await self._database.read(lambda connection: answered.find(connection, request, BATCH_OWNER))

    async def recover(self) -> int:
        """Settle at their reservation what dead processes left reserved. Returns how many attempts that were."""
        owners = await self._database.run(_unfinished_owners)
        dead = [owner for owner in owners if self._owner.is_dead(owner)]
        return await self._database.run(lambda connection: sum(_bury(connection, owner) for owner in dead))


def _corrections(call: Call) -> list[tuple[str | None, str, str]]:
    """A second opinion, or what became of climbing, may change a verdict that is written already."""
    told = ((a, (a.verdict, a.reason)) for a in call.attempts if a.written is not None)
    return [(*judged, attempt.attempt_id) for attempt, judged in told if attempt.written != judged]


def _settle(connection: sqlite3.Connection, attempt: Attempt) -> None:
    """What cannot be priced counts at its reservation against a budget."""
    attempt.written = (attempt.verdict, attempt.reason)
    for principal, session_id, day, reserved in connection.execute(_SETTLE, _settled_row(attempt)).fetchall():
        spent = attempt.cost_nano if attempt.cost_nano is not None else reserved or 0
        counters.settle(connection, counters.Account(principal, session_id, day), reserved or 0, spent)


def _settled_row(attempt: Attempt) -> tuple[Any, ...]:
    usage = attempt.usage or TokenUsage()
    served = (attempt.model_served or attempt.model, attempt.service_tier, attempt.verdict, attempt.reason)
    spent = (attempt.cost_nano, int(attempt.usage is not None), attempt.ms, attempt.simulated)
    saved = (attempt.discount_nano, attempt.context_nano)
    return (*served, *spent, *saved, *astuple(usage), attempt.attempt_id)


def total_cost(call: Call) -> int | None:
    """The call's cost in nano-USD; None when a model of unknown price served any attempt."""
    return None if any(a.cost_nano is None for a in call.attempts) else call.spent_nano


def _finish_row(call: Call, end: Finished) -> tuple[Any, ...]:
    answer = end.answer
    ms = int((time.monotonic() - call.started_monotonic) * 1000)
    if answer is None:
        simulated = next((a.simulated for a in call.attempts if a.simulated), None)
        status = "cancelled" if end.cancelled else "error"
        return (
            status,
            end.error_code,
            "off",
            call.tier,
            "",
            total_cost(call),
            0,
            0,
            simulated,
            None,
            "",
            ms,
            call.result_id,
        )
    spent, saved = total_cost(call), call.saved_by_cache_nano
    row = ("done", "", answer.cache, answer.tier, answer.model, spent, saved, answer.baseline_nano)
    return (*row, answer.simulated, call.cache_key, end.follow_up_to, ms, call.result_id)


def _unfinished_owners(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        "SELECT owner FROM attempts WHERE state = 'reserved' UNION SELECT owner FROM calls WHERE status = 'running'"
    )
    return [row[0] for row in rows if row[0] != BATCH_OWNER]


def _bury(connection: sqlite3.Connection, owner: str) -> int:
    held = connection.execute(
        "SELECT principal, session_id, day, SUM(reserved_nano) FROM attempts"
        " WHERE owner = ? AND state = 'reserved' GROUP BY principal, session_id, day",
        (owner,),
    ).fetchall()
    for principal, session_id, day, reserved in held:
        counters.settle(connection, counters.Account(principal, session_id, day), reserved or 0, reserved or 0)
    buried = connection.execute(
        "UPDATE attempts SET state = 'settled', cost_nano = reserved_nano, usage_known = 0, verdict = 'unknown',"
        " reason = ?, model_served = model WHERE owner = ? AND state = 'reserved'",
        (STOPPED, owner),
    ).rowcount
    unjudged = "UPDATE attempts SET verdict = 'cancelled', reason = ? WHERE owner = ? AND verdict IS NULL"
    connection.execute(unjudged, (STOPPED, owner))
    connection.execute(
        "UPDATE calls SET status = 'interrupted', cost_nano ="
        " (SELECT SUM(cost_nano) FROM attempts WHERE attempts.result_id = calls.result_id)"
        " WHERE owner = ? AND status = 'running'",
        (owner,),
    )
    return buried


def local_moment(at: float) -> str:
    """A Unix time as RFC 3339, in local time with its offset, to the second."""
    return datetime.fromtimestamp(at).astimezone().isoformat(timespec="seconds")


def local_day(at: float) -> str:
    """The local date of a Unix time, as people and budgets count days."""
    return time.strftime("%Y-%m-%d", time.localtime(at))
