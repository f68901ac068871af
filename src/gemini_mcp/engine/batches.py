"""The table of batches: each row is one batch at Gemini, and ``batch_id`` the name that Gemini shows it by.

``creating``: recorded, and perhaps not created yet; ``unwanted``: the same, but its caller has left; ``submitted`` and
``running``: at Gemini; ``done`` and ``failed``: closed. A call has at most one open row, which holds all its work. Who
works on a row holds its lease.
"""

import json
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from gemini_mcp.domain.budgets import Budgets, Shortage
from gemini_mcp.engine import counters
from gemini_mcp.engine.batch_burial import bury
from gemini_mcp.engine.counters import BATCH_OWNER
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import BEGIN_CALL, local_day, local_moment
from gemini_mcp.engine.liveness import Owner
from gemini_mcp.engine.ports import Attempt, Call

State = Literal["creating", "unwanted", "submitted", "running"]
LEASE_S = 120.0
MOST_AT_ONCE = 20

_OPEN = "state NOT IN ('done', 'failed')"
_MINE = f"batch_id = ? AND lease_owner = ? AND {_OPEN}"
_RESERVE = """INSERT INTO attempts (attempt_id, result_id, owner, state, principal, session_id, tool, family, tier,
    model, service_tier, reserved_nano, started_at, day) VALUES (?, ?, ?, 'reserved', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_RECORD = """INSERT INTO batches (batch_id, result_id, principal, session_id, tool, endpoint, state, work, created_at,
    next_poll_at, lease_owner, lease_until) VALUES (?, ?, ?, ?, ?, ?, 'creating', ?, ?, ?, ?, ?)"""
# A batch may be created by one process alone: of another that still lives not even an old lease is taken.
_FREE = f"""endpoint = ? AND {_OPEN} AND next_poll_at <= ? AND (lease_owner = ''
    OR lease_owner IN (SELECT value FROM json_each(?))
    OR ((state <> 'creating' OR lease_owner = ?) AND lease_until <= ?))"""
_TAKE = f"""UPDATE batches SET lease_owner = ?, lease_until = ? WHERE batch_id IN
    (SELECT batch_id FROM batches WHERE {_FREE} ORDER BY next_poll_at LIMIT ?)
    RETURNING batch_id, result_id, principal, state, name, created_at, failing_since, failures"""
_SUBMITTED = f"""UPDATE batches SET state = 'submitted', name = ?, next_poll_at = ?, lease_owner = '', error = '',
    failing_since = 0, failures = 0 WHERE {_MINE}"""
_STANDING = """SELECT b.batch_id, b.state, b.error, c.started_at FROM batches b
    LEFT JOIN calls c USING (result_id) WHERE b.principal = ? AND b.result_id = ? ORDER BY b.batch_id"""

_PENDING = f"""SELECT DISTINCT result_id, tool FROM batches
    WHERE principal = ? AND {_OPEN} AND state <> 'unwanted'
    ORDER BY result_id DESC LIMIT ?"""
MOST_PENDING = 20


@dataclass(frozen=True, slots=True)
class Row:
    """A batch that this process has the lease of. ``name`` is Gemini's own, "" while it is not known.

    ``failing_since``: the first of the ``failures`` looks in a row that failed, in Unix time, 0 for none.
    """

    batch_id: str
    result_id: str
    principal: str
    state: State
    name: str
    created_at: float
    failing_since: float = 0.0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Lost:
    """The lease has passed to another process, which does what was to be done."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a call in batches stands, in words; ``over`` once nothing more will come of it."""

    words: str
    over: bool


class Batches:
    """Reads and writes the table on behalf of one process, for one endpoint."""

    def __init__(
        self,
        database: Database,
        owner: Owner,
        endpoint: str,
        budgets: Budgets,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``clock`` gives Unix time."""
        self._database, self._owner, self._endpoint, self.budgets = database, owner, endpoint, budgets
        self._clock = clock

    async def record(
        self, batch_id: str, call: Call, attempts: Sequence[Attempt], family: str, work: str, replaced: Row | None
    ) -> Shortage | Lost | None:
        """Reserve the attempts and write the row, leased, in one transaction; ``replaced`` is closed by it.

        A shortage is returned when a budget does not allow all of them; nothing is written then.
        """
        now, who, owner = self._clock(), call.caller, self._owner.name
        account = counters.Account(who.principal, who.session_id, local_day(now))
        about = (who.principal, who.session_id, call.tool)
        begin = (call.result_id, BATCH_OWNER, *about, family, call.started_at, local_day(call.started_at))
        rows = [
            (a.attempt_id, call.result_id, BATCH_OWNER, *about, family, a.tier, a.model, "batch", a.reserved_nano, now)
            for a in attempts
        ]
        recorded = (batch_id, call.result_id, *about, self._endpoint, work, now, now, owner, now + LEASE_S)

        def operation(connection: sqlite3.Connection) -> Shortage | Lost | None:
            if replaced is not None and not _is_mine(connection, replaced, owner):
                return Lost()
            nano = sum(attempt.reserved_nano or 0 for attempt in attempts)
            shortage = counters.reserve(connection, account, nano, self.budgets)
            if shortage is None:
                connection.execute(BEGIN_CALL, begin)
                connection.executemany(_RESERVE, [(*row, account.day) for row in rows])
                connection.execute(_RECORD, recorded)
                if replaced is not None:
                    _close(connection, replaced.batch_id, owner, "done", "")
            return shortage

        return await self._database.run(operation)

    async def submitted(self, batch_id: str, name: str, next_poll_at: float) -> bool:
        """Note Gemini's name of it and let go of the lease. False: another process has taken the row over."""
        return await self._changed(_SUBMITTED, (name, next_poll_at, batch_id, self._owner.name))

    def post_submitted(self, batch_id: str, name: str, next_poll_at: float) -> None:
        """The same without waiting, for when the file cannot be written for now: a paid batch must not be forgotten."""
        values = (name, next_poll_at, batch_id, self._owner.name)
        self._database.post(lambda connection: connection.execute(_SUBMITTED, values))

    def unwanted(self, batch_id: str) -> None:
        """Its caller has left while it was not known whether it was created. Without waiting."""
        sql = "UPDATE batches SET state = 'unwanted' WHERE batch_id = ? AND state = 'creating'"
        self._database.post(lambda connection: connection.execute(sql, (batch_id,)))

    async def work(self, row: Row) -> str:
        """What it is about; many megabytes where there are attachments."""
        sql, values = "SELECT work FROM batches WHERE batch_id = ?", (row.batch_id,)
        found = await self._database.run(lambda connection: connection.execute(sql, values).fetchone())
        return str(found[0]) if found else ""

    async def trying(self, row: Row) -> bool:
        """Once more about to create it: from now on another process would wait before it does. False as above."""
        sql = f"UPDATE batches SET created_at = ?, lease_until = ? WHERE {_MINE}"
        now = self._clock()
        return await self._changed(sql, (now, now + LEASE_S, row.batch_id, self._owner.name))

    async def extend(self, row: Row, seconds: float) -> bool:
        """Hold the lease for so much longer. False as above."""
        sql = f"UPDATE batches SET lease_until = ? WHERE {_MINE}"
        return await self._changed(sql, (self._clock() + seconds, row.batch_id, self._owner.name))

    async def close(self, row: Row, error: str = "") -> bool:
        """Nothing more will come of it; ``error`` in words. Its work is forgotten. False as above."""
        state, owner = "failed" if error else "done", self._owner.name
        return await self._database.run(lambda c: _close(c, row.batch_id, owner, state, error))

    async def bury(self, row: Row, words: str) -> bool:
        """Close it as failed, and settle what its call has reserved as used. False as above."""
        owner = self._owner.name

        def operation(connection: sqlite3.Connection) -> bool:
            closed = _close(connection, row.batch_id, owner, "failed", words)
            if closed:
                bury(connection, row.result_id, words)
            return closed

        return await self._database.run(operation)

    def release(self, batch_id: str, next_poll_at: float) -> None:
        """Let go of the lease, if it is still held, until then. Without waiting, as the two below."""
        self._release(batch_id, next_poll_at, "", ())

    def seen(self, batch_id: str, next_poll_at: float, *, running: bool) -> None:
        """The same after a look that found it under way."""
        state = "'running'" if running else "state"
        self._release(batch_id, next_poll_at, f", state = {state}, error = '', failing_since = 0, failures = 0", ())

    def failing(self, batch_id: str, next_poll_at: float, words: str) -> None:
        """The same after a failure, which is counted and told."""
        changes = """, error = ?, failures = failures + 1,
            failing_since = CASE failing_since WHEN 0 THEN ? ELSE failing_since END"""
        self._release(batch_id, next_poll_at, changes, (words, self._clock()))

    def _release(self, batch_id: str, next_poll_at: float, changes: str, values: tuple[Any, ...]) -> None:
        sql = f"UPDATE batches SET lease_owner = '', next_poll_at = ?{changes} WHERE {_MINE}"
        filled = (next_poll_at, *values, batch_id, self._owner.name)
        self._database.post(lambda connection: connection.execute(sql, filled))

    async def take_due(self) -> list[Row]:
        """Rows to be looked at now, with their lease."""
        dead = await self._dead()
        now = self._clock()
        values = (self._owner.name, now + LEASE_S, self._endpoint, now, dead, self._owner.name, now, MOST_AT_ONCE)
        return await self._database.run(lambda connection: [Row(*row) for row in connection.execute(_TAKE, values)])

    async def hasten(self, principal: str, result_id: str) -> bool:
        """Have a call's open row looked at next. False when there is none, or somebody is at it."""
        free = f"principal = ? AND result_id = ? AND {_OPEN} AND state IN ('submitted', 'running') AND lease_owner = ''"
        return await self._changed(f"UPDATE batches SET next_poll_at = 0 WHERE {free}", (principal, result_id))

    async def next_due(self) -> float | None:
        """When the next open row is to be looked at, in Unix time; one in another's hands at the end of its lease."""
        sql = (
            "SELECT MIN(CASE WHEN lease_owner = '' THEN next_poll_at ELSE MAX(next_poll_at, lease_until) END)"
            f" FROM batches WHERE endpoint = ? AND {_OPEN}"
        )
        values = (self._endpoint,)
        found = await self._database.run(lambda connection: connection.execute(sql, values).fetchone())
        return None if found[0] is None else float(found[0])

    async def standing(self, principal: str, result_id: str) -> Standing | None:
        """How a call stands; None for one without batches."""
        values = (principal, result_id)
        rows = await self._database.run(lambda connection: connection.execute(_STANDING, values).fetchall())
        return _standing(result_id, rows) if rows else None

    async def pending(self, principal: str) -> list[tuple[str, str, Standing]]:
        """The 20 latest calls that wait for a batch: id, tool and how each stands."""

        def read(connection: sqlite3.Connection) -> list[tuple[str, str, Standing]]:
            calls = connection.execute(_PENDING, (principal, MOST_PENDING)).fetchall()
            rows = {call: connection.execute(_STANDING, (principal, call)).fetchall() for call, _ in calls}
            found = [(call, tool, _standing(call, rows[call])) for call, tool in calls]
            return [each for each in found if not each[2].over]  # it may just have ended

        return await self._database.read(read)

    async def _dead(self) -> str:
        sql = f"SELECT DISTINCT lease_owner FROM batches WHERE lease_owner <> '' AND {_OPEN}"
        owners = await self._database.run(lambda connection: [row[0] for row in connection.execute(sql)])
        return json.dumps([owner for owner in owners if self._owner.is_dead(owner)])

    async def _changed(self, sql: str, values: tuple[Any, ...]) -> bool:
        return await self._database.run(lambda connection: connection.execute(sql, values).rowcount == 1)


def _is_mine(connection: sqlite3.Connection, row: Row, owner: str) -> bool:
    return connection.execute(f"SELECT 1 FROM batches WHERE {_MINE}", (row.batch_id, owner)).fetchone() is not None


def _close(connection: sqlite3.Connection, batch_id: str, owner: str, state: str, error: str) -> bool:
    sql = f"UPDATE batches SET state = ?, error = ?, work = '', lease_owner = '' WHERE {_MINE}"
    return connection.execute(sql, (state, error, batch_id, owner)).rowcount == 1


def _standing(result_id: str, rows: list[sqlite3.Row]) -> Standing:
    _, state, error, started_at = rows[-1]
    if state == "failed":
        return Standing(error, over=True)
    if state == "done":
        return Standing(f"{result_id} is done, and its result is no longer kept.", over=True)
    since = f" since {local_moment(started_at)}" if started_at else ""
    asked = f", asked again for the {len(rows)}. time" if len(rows) > 1 else ""
    word = {"running": "running", "unwanted": "being cancelled"}.get(state, "queued")
    trouble = f" The last look at it failed: {error}" if error else ""
    told = f"{result_id} is {word}{since}{asked}: a batch at half price.{trouble} Read this again later."
    return Standing(told, over=False)
