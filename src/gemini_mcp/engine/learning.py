"""Learning from outcomes: noted in the ledger, read back from time to time, whichever process noted them."""

import math
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import anyio
import anyio.to_thread
import structlog

from gemini_mcp.domain.calibration import Calibration, Evidence
from gemini_mcp.domain.catalog import TIERS, Tier
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.judging import uncalibrated, usual_start
from gemini_mcp.engine.outcome_report import count, starts
from gemini_mcp.engine.outcomes import Noted, cases, noted
from gemini_mcp.engine.ports import Answer, AnswerTask, Call

MOST_OUTCOMES = 3_000
"""The latest, that a server learns from."""

REMEMBERED_DAYS = 90
"""After that long a tier that was passed over is given another chance."""

REFRESH_S = 30.0
_NOTE = """INSERT INTO outcomes (result_id, family, tier, model, outcome, detail, at, upper, traits, seen, agrees)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_TURNED_DOWN = "SELECT 1 FROM outcomes WHERE result_id = ? AND outcome = 'rejected_by_caller'"
_REJECT = """INSERT INTO outcomes (result_id, family, tier, model, outcome, detail, at, upper, traits, seen, agrees)
    SELECT result_id, family, tier, model, 'rejected_by_caller', ?, ?, upper, traits, seen, agrees
    FROM outcomes WHERE result_id = ? AND outcome = 'accepted' LIMIT 1"""
_STAMP = "SELECT COUNT(*), MAX(rowid), MAX(at) FROM outcomes"
_READ = """SELECT family, tier, model, outcome, upper, traits, seen, agrees FROM outcomes
    WHERE at >= ? AND tier IN ('lite', 'flash', 'pro') ORDER BY at DESC LIMIT ?"""
log = structlog.get_logger()

ModelOf = Callable[[Tier], str | None]


class Learning:
    """What outcomes so far say of each tier, as long as its model (``model_of``) is the one that they are of. ``on``:
    off, outcomes are kept and nothing follows from them."""

    def __init__(self, database: Database, model_of: ModelOf, *, on: bool = True, refresh_s: float = REFRESH_S) -> None:
        self.on = on
        self._database, self._model_of, self._refresh_s = database, model_of, refresh_s
        self._calibrations: dict[Tier, Calibration] = {}
        self._stamp: tuple[Any, ...] = ()
        self._read_at = -math.inf
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
                found = await self._database.read(self._read)
                if found is not None:
                    self._calibrations = await anyio.to_thread.run_sync(_learned, found)
            except sqlite3.Error as error:
                log.warning("outcomes cannot be read", error=str(error))

    def _read(self, connection: sqlite3.Connection) -> list[tuple[Any, ...]] | None:
        """The rows to learn from; None where nothing has changed since."""
        models = {tier: self._model_of(tier) for tier in TIERS}
        day = int(time.time() // 86_400)
        stamp = (*connection.execute(_STAMP).fetchone(), *models.values(), day)
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        since = time.time() - REMEMBERED_DAYS * 86_400
        rows = connection.execute(_READ, (since, MOST_OUTCOMES)).fetchall()
        return [tuple(row) for row in rows if row["model"] == models[row["tier"]]]

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
            if connection.execute(_TURNED_DOWN, (result_id,)).fetchone():
                return
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
            learning.note(call.result_id, noted(call.judged, accepted=made is not None and not call.stands))

    return learned_answer


def _learned(rows: list[tuple[Any, ...]]) -> dict[Tier, Calibration]:
    """In a thread: solving for a hundred features takes some ten milliseconds. A row that makes no sense is passed
    over."""
    by_tier: defaultdict[Tier, list[Noted]] = defaultdict(list)
    for family, tier, model, kind, upper, traits, seen, agrees in rows:
        if isinstance(traits, str) and isinstance(seen, str):
            told = (_features(traits), _features(seen), None if agrees is None else bool(agrees))
            by_tier[tier].append(Noted(family, tier, model, kind, upper, *told))
    found = {tier: Calibration(Evidence.of(cases(noted))) for tier, noted in by_tier.items()}
    for calibration in found.values():
        calibration.prepare()
    return found


def _features(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.split("\n"))) if text else ()


def _values(result_id: str, row: Noted) -> tuple[Any, ...]:
    told = ("\n".join(row.traits), "\n".join(row.seen), None if row.agrees is None else int(row.agrees))
    return (result_id, row.family, row.tier, row.model, row.kind, row.detail, time.time(), row.upper, *told)
