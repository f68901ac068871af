"""Learning from outcomes: noted in the ledger, read back from time to time, whichever process noted them."""

import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import anyio
import anyio.to_thread

from gemini_mcp.domain.calibration import Calibration, Evidence
from gemini_mcp.domain.catalog import TIERS, Tier
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.judging import uncalibrated, usual_start
from gemini_mcp.engine.outcome_report import count, starts
from gemini_mcp.engine.outcomes import Noted, cases, noted
from gemini_mcp.engine.ports import Answer, AnswerTask, Call

MOST_OUTCOMES = 10_000
"""The latest, that a server learns from when it starts."""

REMEMBERED_DAYS = 90
"""After that long a tier that was passed over is given another chance."""

REFRESH_S = 30.0
_NOTE = """INSERT INTO outcomes (result_id, family, tier, model, outcome, detail, at, upper, traits, seen, agrees)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_REJECT = """INSERT INTO outcomes (result_id, family, tier, model, outcome, detail, at, upper, traits, seen, agrees)
    SELECT result_id, family, tier, model, 'rejected_by_caller', ?, ?, upper, traits, seen, agrees
    FROM outcomes WHERE result_id = ? AND outcome = 'accepted' LIMIT 1"""
_READ = """SELECT rowid, family, tier, model, outcome, upper, traits, seen, agrees FROM outcomes
    WHERE rowid > ? AND at >= ? AND tier IN ('lite', 'flash', 'pro') ORDER BY rowid DESC LIMIT ?"""


ModelOf = Callable[[Tier], str | None]


class Learning:
    """What outcomes so far say of each tier, as long as its model (``model_of``) is the one that they are of. ``on``:
    off, outcomes are kept and nothing follows from them."""

    def __init__(self, database: Database, model_of: ModelOf, *, on: bool = True, refresh_s: float = REFRESH_S) -> None:
        self.on = on
        self._database, self._model_of, self._refresh_s = database, model_of, refresh_s
        self._evidence: defaultdict[Tier, Evidence] = defaultdict(Evidence)
        self._calibrations: dict[Tier, Calibration] = {}
        self._read_to, self._read_at = 0, -refresh_s
        self._reading = anyio.Lock()

    def calibration(self, tier: Tier) -> Calibration:
        """What to expect of climbing from a tier."""
        return self._calibrations.get(tier) or uncalibrated(tier)

    async def refresh(self) -> None:
        """Take in what was noted since, by whichever process; not more often than every ``refresh_s`` seconds. A ledger
        that cannot be read just now teaches nothing."""
        if not self.on or time.monotonic() - self._read_at < self._refresh_s or self._reading.locked():
            return
        async with self._reading:
            self._read_at = time.monotonic()
            try:
                rows = await self._database.read(self._read)
            except sqlite3.Error:
                return
            if rows:
                self._read_to = rows[0][0]
                self._calibrations |= await anyio.to_thread.run_sync(self._learned, rows)

    def _read(self, connection: sqlite3.Connection) -> list[tuple[Any, ...]]:
        since = time.time() - REMEMBERED_DAYS * 86_400
        return [tuple(row) for row in connection.execute(_READ, (self._read_to, since, MOST_OUTCOMES)).fetchall()]

    def _learned(self, rows: list[tuple[Any, ...]]) -> dict[Tier, Calibration]:
        """In a thread: solving for a hundred features takes some ten milliseconds."""
        by_tier: defaultdict[Tier, list[Noted]] = defaultdict(list)
        for _, family, tier, model, kind, upper, traits, seen, agrees in reversed(rows):
            if model != self._model_of(tier):
                continue
            told = (_features(traits), _features(seen), None if agrees is None else bool(agrees))
            by_tier[tier].append(Noted(family, tier, model, kind, upper, *told))
        for tier, found in by_tier.items():
            for outcome in cases(found):
                self._evidence[tier].add(outcome)
        return {tier: Calibration(self._evidence[tier]) for tier in TIERS if tier in by_tier}

    async def starts(self) -> list[dict[str, Any]]:
        """Where tasks of each family that was seen begin, and why: ``[{family, start, why}]``."""
        await self.refresh()
        counted = await self._database.read(count)
        return starts(counted, lambda family: usual_start(family, self.calibration))

    def note(self, result_id: str, rows: Iterable[Noted]) -> None:
        """Keep what became of answers, some time before whatever is asked of the ledger next."""
        values = [_values(result_id, row) for row in rows]
        if values:
            self._database.post(lambda connection: connection.executemany(_NOTE, values))

    async def reject(self, result_id: str, plain: Noted) -> None:
        """Keep that the caller turned a result down; ``plain`` is what is known of a result that was answered from
        what was kept. Waits for the commit."""

        def operation(connection: sqlite3.Connection) -> None:
            if not connection.execute(_REJECT, (plain.detail, time.time(), result_id)).rowcount:
                connection.execute(_NOTE, _values(result_id, plain))

        await self._database.run(operation)


def learning_from(answer: AnswerTask, learning: Learning) -> AnswerTask:
    """The same callable, whose climbs are learned from."""

    async def learned_answer(task: Task, call: Call) -> Answer:
        await learning.refresh()
        made: Answer | None = None
        try:
            made = await answer(task, call)
            return made
        finally:
            last = call.judged[-1] if call.judged else None
            accepted = made is not None and last is not None and last.tier == made.tier and not last.objection
            learning.note(call.result_id, noted(call.judged, accepted=accepted))

    return learned_answer


def _features(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


def _values(result_id: str, row: Noted) -> tuple[Any, ...]:
    told = ("\n".join(row.traits), "\n".join(row.seen), None if row.agrees is None else int(row.agrees))
    return (result_id, row.family, row.tier, row.model, row.kind, row.detail, time.time(), row.upper, *told)
