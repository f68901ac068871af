"""Earlier results, for ``results://`` and ``follow_up_to``. Nobody sees another principal's."""

import sqlite3
import time
from dataclasses import dataclass
from typing import Any

from gemini_mcp.domain.catalog import Tier
from gemini_mcp.domain.money import usd_text
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import local_moment

PART_CHARACTERS = 45_000
RECENT = 20


@dataclass(frozen=True, slots=True)
class KeptResult:
    """A result as it was given. ``cache_key`` is that of the cache entry it came from, if any."""

    result_id: str
    tool: str
    instruction: str
    text: str
    mime_type: str
    tier: Tier | None
    model: str
    family: str
    cache_key: str | None

    def part(self, number: int) -> str | None:
        """The ``number``-th part of the text, from 1; None beyond the last."""
        start = (number - 1) * PART_CHARACTERS
        return (
            self.text[start : start + PART_CHARACTERS]
            if number >= 1 and (start < len(self.text) or number == 1)
            else None
        )

    @property
    def parts(self) -> int:
        return max(1, -(-len(self.text) // PART_CHARACTERS))


class Results:
    """Reads what ``Ledger.finish`` kept."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, principal: str, result_id: str) -> KeptResult | None:
        """One of this principal's results, or None."""
        return await self._database.read(lambda connection: _get(connection, principal, result_id))

    async def recent(self, principal: str) -> list[dict[str, Any]]:
        """The 20 latest: id, tool, first line, cost, time."""
        return await self._database.read(lambda connection: _recent(connection, principal))

    def purge_older_than(self, days: float) -> None:
        """Delete what is older, some time soon."""
        before = time.time() - days * 86_400
        self._database.post(
            lambda connection: connection.execute("DELETE FROM results WHERE created_at < ?", (before,))
        )


def _get(connection: sqlite3.Connection, principal: str, result_id: str) -> KeptResult | None:
    row = connection.execute(
        "SELECT r.result_id, r.tool, r.instruction, r.text, r.mime_type, c.tier, c.model, c.family, c.cache_key"
        " FROM results r LEFT JOIN calls c USING (result_id) WHERE r.principal = ? AND r.result_id = ?",
        (principal, result_id),
    ).fetchone()
    if row is None:
        return None
    result, tool, instruction, text, mime_type, tier, model, family, cache_key = row
    return KeptResult(result, tool, instruction, text, mime_type, tier or None, model or "", family or "", cache_key)


def _recent(connection: sqlite3.Connection, principal: str) -> list[dict[str, Any]]:
    rows = connection.execute(
        "SELECT result_id, tool, text, cost_nano, created_at FROM results WHERE principal = ?"
        " ORDER BY result_id DESC LIMIT ?",
        (principal, RECENT),
    ).fetchall()
    return [
        {
            "id": row["result_id"],
            "uri": f"results://{row['result_id']}",
            "tool": row["tool"],
            "first_line": next((line for line in row["text"].splitlines() if line.strip()), "")[:120],
            "cost_usd": usd_text(row["cost_nano"]),
            "time": local_moment(row["created_at"]),
        }
        for row in rows
    ]
