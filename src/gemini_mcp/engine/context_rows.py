"""What was asked about before, and which explicit cache holds it: the table ``contexts``, shared by all processes.

A row's ``name`` is that of its cache, alive until ``expires_at``. While a process makes one, ``name`` is empty and
``expires_at`` says how long that may take: after it, whoever asks next may try.
"""

import sqlite3
from dataclasses import dataclass
from typing import Final

from gemini_mcp.domain.context_caching import SLACK_S, TTL_S
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.liveness import Owner

CLAIM_S: Final = 120.0
_FORGET_AFTER_S: Final = 86_400.0
_READ = "SELECT asked, last_asked_at, owner, name, tokens, expires_at FROM contexts WHERE context_key = ?"
_ASK = """INSERT INTO contexts (context_key, principal, model, asked, last_asked_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET asked = excluded.asked, last_asked_at = excluded.last_asked_at"""
_CLAIM = """UPDATE contexts SET owner = ?, name = '', tokens = 0, expires_at = ?
    WHERE context_key = ? AND expires_at <= ?"""
_KEEP = "UPDATE contexts SET name = ?, tokens = ?, expires_at = ? WHERE context_key = ? AND owner = ? AND name = ''"
_RELEASE = """UPDATE contexts SET owner = '', name = '', tokens = 0, expires_at = 0
    WHERE context_key = ? AND owner = ? AND name = ''"""
_EXTEND = "UPDATE contexts SET expires_at = ? WHERE context_key = ? AND name = ? AND expires_at = ?"
_FORGET = "UPDATE contexts SET owner = '', name = '', tokens = 0, expires_at = 0 WHERE context_key = ? AND name = ?"
_TAKE = """UPDATE contexts SET owner = '', name = '', tokens = 0, expires_at = 0 WHERE owner = ?"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Material as it stands with the present question: how often it was asked about, how long after the last time,
    and its cache (``name`` empty: none that may be asked). ``claimed``: some process is making one."""

    asked: int
    gap_s: float
    name: str = ""
    tokens: int = 0
    expires_at: float = 0.0
    claimed: bool = False


class ContextRows:
    """Reads and writes them on behalf of one process."""

    def __init__(self, database: Database, owner: Owner) -> None:
        self._database, self._owner = database, owner

    async def ask(self, key: str, principal: str, model: str, now: float) -> Standing:
        """Count a question. After a pause in which no cache would have lived, counting begins anew."""

        def operation(connection: sqlite3.Connection) -> Standing:
            standing = _standing(connection.execute(_READ, (key,)).fetchone(), now)
            connection.execute(_ASK, (key, principal, model, standing.asked, now))
            return standing

        return await self._database.run(operation)

    async def claim(self, key: str, now: float) -> bool:
        """The right to make a cache, which one asker at a time has; False for the others."""
        row = (self._owner.name, now + CLAIM_S, key, now + SLACK_S)
        return await self._database.run(lambda connection: connection.execute(_CLAIM, row).rowcount == 1)

    def keep(self, key: str, name: str, tokens: int, expires_at: float) -> None:
        """The cache that was claimed is made."""
        row = (name, tokens, expires_at, key, self._owner.name)
        self._database.post(lambda connection: connection.execute(_KEEP, row))

    def release(self, key: str) -> None:
        """It was not made."""
        self._database.post(lambda connection: connection.execute(_RELEASE, (key, self._owner.name)))

    async def extend(self, key: str, name: str, before: float, until: float) -> bool:
        """Write down a longer life; False when another process did, or the cache is gone."""
        row = (until, key, name, before)
        return await self._database.run(lambda connection: connection.execute(_EXTEND, row).rowcount == 1)

    def shorten(self, key: str, name: str, before: float, until: float) -> None:
        """It could not be made to live longer."""
        self._database.post(lambda connection: connection.execute(_EXTEND, (until, key, name, before)))

    def forget(self, key: str, name: str) -> None:
        """The cache is gone."""
        self._database.post(lambda connection: connection.execute(_FORGET, (key, name)))

    async def take_own(self, now: float) -> list[str]:
        """The names of the caches that this process made and that still live; they are forgotten."""
        return await self._take([self._owner.name], now)

    async def take_dead(self, now: float) -> list[str]:
        """The same of processes that are gone. What was last asked about a day ago is forgotten altogether."""
        owners = await self._database.run(_owners)
        return await self._take([owner for owner in owners if self._owner.is_dead(owner)], now)

    async def _take(self, owners: list[str], now: float) -> list[str]:
        def operation(connection: sqlite3.Connection) -> list[str]:
            found: list[str] = []
            for owner in owners:
                living = "SELECT name FROM contexts WHERE owner = ? AND name != '' AND expires_at > ?"
                found += [row[0] for row in connection.execute(living, (owner, now))]
                connection.execute(_TAKE, (owner,))
            old = "DELETE FROM contexts WHERE last_asked_at < ? AND expires_at < ?"
            connection.execute(old, (now - _FORGET_AFTER_S, now))
            return found

        return await self._database.run(operation)


def _standing(row: sqlite3.Row | None, now: float) -> Standing:
    if row is None:
        return Standing(1, 0.0)
    gap_s, alive = max(0.0, now - row["last_asked_at"]), row["expires_at"] > now + SLACK_S
    asked = row["asked"] + 1 if gap_s <= TTL_S or (alive and row["name"]) else 1
    if not alive:
        return Standing(asked, gap_s)
    return Standing(asked, gap_s, row["name"], row["tokens"], row["expires_at"], claimed=not row["name"])


def _owners(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT DISTINCT owner FROM contexts WHERE owner != ''")]
