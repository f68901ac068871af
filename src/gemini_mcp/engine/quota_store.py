"""What is known of the models' limits and what was sent to them: in the ledger's file for all processes, and in
memory for models that nothing is known of, which cost no transaction, and for a file that cannot be used."""

import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import takewhile
from typing import get_args

import anyio
import structlog

from gemini_mcp.domain.quotas import (
    Held,
    ModelLimits,
    Quota,
    Standing,
    Violation,
    held,
    in_force,
    lessons,
    window_began,
)
from gemini_mcp.engine.database import Database

REFRESH_S = 1.0
_KNOWN = "SELECT model, quota, most, closed_until, learned_at FROM quotas"
_LEARN = """INSERT INTO quotas (model, quota, most, closed_until, learned_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET most = COALESCE(excluded.most, most), learned_at = excluded.learned_at,
    closed_until = CASE WHEN learned_at > excluded.learned_at THEN excluded.closed_until
        ELSE MAX(closed_until, excluded.closed_until) END"""
_UNLIMITED = ModelLimits()
log = structlog.get_logger()


@dataclass(slots=True)
class Place:
    """One request among those sent. ``sent_id``: its row, None when it is in this process's own count alone."""

    model: str
    at: float
    tokens: int
    sent_id: int | None = None


class OwnWindow:
    """What this process sent to one model; the window that is left when the file cannot be used."""

    def __init__(self) -> None:
        self._places: deque[Place] = deque()

    def requests(self, since: float) -> int:
        return sum(1 for _ in self._since(since))

    def tokens(self, since: float) -> int:
        return sum(place.tokens for place in self._since(since))

    def each(self, since: float) -> Iterable[tuple[float, int]]:
        return [(place.at, place.tokens) for place in reversed(list(self._since(since)))]

    def prune(self, began: float, now: float) -> None:
        while self._places and self._places[0].at <= began:
            self._places.popleft()
        while self._places and self._places[-1].at > now:
            self._places.pop()

    def add(self, place: Place) -> None:
        self._places.append(place)

    def remove(self, place: Place) -> None:
        if place in self._places:
            self._places.remove(place)

    def _since(self, since: float) -> Iterable[Place]:
        return takewhile(lambda place: place.at > since, reversed(self._places))


@dataclass(frozen=True, slots=True)
class SharedWindow:
    """What all processes sent to one model, inside a transaction."""

    connection: sqlite3.Connection
    model: str

    def requests(self, since: float) -> int:
        return self._sum("COUNT(*)", since)

    def tokens(self, since: float) -> int:
        return self._sum("COALESCE(SUM(tokens), 0)", since)

    def each(self, since: float) -> Iterable[tuple[float, int]]:
        query = "SELECT at, tokens FROM sent WHERE model = ? AND at > ? ORDER BY at"
        return ((at, tokens) for at, tokens in self.connection.execute(query, (self.model, since)))

    def prune(self, began: float, now: float) -> None:
        """What is no longer needed goes, and rows from the future, which a clock that was wrong wrote."""
        self.connection.execute("DELETE FROM sent WHERE model = ? AND (at <= ? OR at > ?)", (self.model, began, now))

    def add(self, place: Place) -> None:
        row = (self.model, place.at, place.tokens)
        place.sent_id = self.connection.execute("INSERT INTO sent (model, at, tokens) VALUES (?, ?, ?)", row).lastrowid

    def _sum(self, what: str, since: float) -> int:
        query = f"SELECT {what} FROM sent WHERE model = ? AND at > ?"
        return int(self.connection.execute(query, (self.model, since)).fetchone()[0])


class QuotaStore:
    """``configured``: the user's limits by model. ``now``: Unix time, which all processes share."""

    def __init__(self, database: Database, configured: Mapping[str, ModelLimits], now: Callable[[], float]) -> None:
        self._database, self._configured, self._now = database, configured, now
        self._learned: dict[str, dict[Quota, Standing]] = {}
        self._own: dict[str, OwnWindow] = {}
        self._refreshed_at: float | None = None
        self._refreshing: anyio.Event | None = None

    async def refresh(self) -> None:
        """Take in what other processes learned, at most once a second, for all who ask meanwhile."""
        while not self._is_fresh():
            if self._refreshing is not None:
                await self._refreshing.wait()
                continue
            done = self._refreshing = anyio.Event()
            try:
                await self._read_all()
            finally:
                self._refreshing = None
                done.set()

    async def _read_all(self) -> None:
        try:
            await self._database.run(self._take_in)
        except sqlite3.Error as error:
            log.warning("limits_not_read", error=str(error))
        self._refreshed_at = self._now()

    def knows(self, model: str) -> bool:
        """Whether there is anything to keep to. Right after a ``refresh``."""
        return bool(self._in_force(model, self._now()))

    def closed(self, model: str) -> Held | None:
        """Whether nothing may be sent to the model, whatever its size. No transaction."""
        now = self._now()
        shut = {quota: one for quota, one in self._in_force(model, now).items() if one.closed_until > now}
        return held(shut, OwnWindow(), 0, now)

    async def admit(self, model: str, tokens: int) -> Place | Held:
        """A place among what is sent, noted in one transaction, or why there is none yet."""
        if not any(standing.most for standing in self._in_force(model, self._now()).values()):
            return self.closed(model) or Place(model, self._now(), tokens)
        own = self._own.setdefault(model, OwnWindow())
        try:
            found = await self._database.run(lambda connection: self._admit_shared(connection, model, tokens))
        except sqlite3.Error as error:
            log.warning("limits_kept_alone", model=model, error=str(error))
            return self._admit(own, model, tokens)
        if isinstance(found, Place):
            own.prune(window_began(self._in_force(model, found.at), found.at), found.at)
            own.add(found)
        return found

    def _admit_shared(self, connection: sqlite3.Connection, model: str, tokens: int) -> Place | Held:
        rows = connection.execute(f"{_KNOWN} WHERE model = ?", (model,)).fetchall()
        self._learned[model] = _standings(rows).get(model, {})
        return self._admit(SharedWindow(connection, model), model, tokens)

    def _admit(self, window: OwnWindow | SharedWindow, model: str, tokens: int) -> Place | Held:
        now = self._now()
        standings = self._in_force(model, now)
        window.prune(window_began(standings, now), now)
        if (waits := held(standings, window, tokens, now)) is not None:
            return waits
        place = Place(model, now, tokens)
        window.add(place)
        return place

    def learn(self, model: str, violations: tuple[Violation, ...], retry_after: float | None) -> None:
        """Keep what a 429 says, for this process at once and for the others soon."""
        now = self._now()
        found = lessons(violations, retry_after, now)
        self._note(model, found)
        if found:
            log.info("limit_learned", model=model, quotas=sorted(found))
            self._database.post(lambda connection: self._write(connection, model, found))

    def settle(self, place: Place, tokens: int) -> None:
        """The tokens that it turned out to be."""
        place.tokens = tokens
        if place.sent_id is not None:
            row = (tokens, place.sent_id)
            self._database.defer(lambda c: c.execute("UPDATE sent SET tokens = ? WHERE sent_id = ?", row))

    def give_back(self, place: Place) -> None:
        """It was never sent."""
        if place.model in self._own:
            self._own[place.model].remove(place)
        if place.sent_id is not None:
            self._database.defer(lambda c: c.execute("DELETE FROM sent WHERE sent_id = ?", (place.sent_id,)))

    def _is_fresh(self) -> bool:
        return self._refreshed_at is not None and 0 <= self._now() - self._refreshed_at < REFRESH_S

    def _in_force(self, model: str, now: float) -> dict[Quota, Standing]:
        configured, learned = self._configured.get(model), self._learned.get(model)
        return in_force(configured or _UNLIMITED, learned or {}, now) if configured or learned else {}

    def _take_in(self, connection: sqlite3.Connection) -> None:
        """What the file holds goes, so that what is deleted there is forgotten."""
        self._learned = _standings(connection.execute(_KNOWN).fetchall())

    def _write(self, connection: sqlite3.Connection, model: str, found: Mapping[Quota, Standing]) -> None:
        rows = [(model, quota, one.most, one.closed_until, one.learned_at) for quota, one in found.items()]
        connection.executemany(_LEARN, rows)
        self._note(model, found)  # once more: what was asked for before may just have been read without it

    def _note(self, model: str, found: Mapping[Quota, Standing]) -> None:
        known = self._learned.setdefault(model, {})
        for quota, standing in found.items():
            known[quota] = known.get(quota, standing).joined(standing, self._now())


def _standings(rows: Iterable[sqlite3.Row]) -> dict[str, dict[Quota, Standing]]:
    """By model; a later version may know of more quotas than this one."""
    found: dict[str, dict[Quota, Standing]] = {}
    for model, quota, most, closed_until, learned_at in rows:
        if quota in get_args(Quota):
            found.setdefault(model, {})[quota] = Standing(most, closed_until, learned_at)
    return found
