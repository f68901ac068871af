"""``gemini-agents purge``: deletes what is kept."""

import sqlite3
import time
from collections.abc import Callable

import anyio

from gemini_mcp.commands.ages import age_s
from gemini_mcp.config import BadSetting, Settings, load_settings
from gemini_mcp.server.state import opened_database

_LEDGER = (
    "DELETE FROM attempts WHERE state = 'settled' AND started_at < ?",
    "DELETE FROM calls WHERE status <> 'running' AND started_at < ?",
    "DELETE FROM outcomes WHERE at < ?",
    "DELETE FROM batches WHERE state IN ('done', 'failed') AND created_at < ?",
)


def purge(older_than: str, chosen: set[str]) -> int:
    """Delete results, cache or ledger rows older than an age; the ledger only when named. Raises BadSetting."""
    if not chosen:
        raise BadSetting("say what to delete: --results, --cache, --ledger.")
    settings, before = load_settings(), time.time() - (age_s(older_than) or 0.0)  # all: until now
    if settings.ledger_path.exists() and chosen & {"results", "ledger"}:
        anyio.run(_purge_ledger, settings, before, chosen)
    if "cache" in chosen and (settings.home / "cache").exists():
        print(f"cache: {_purge_cache(settings, before)} entries deleted")
    return 0


async def _purge_ledger(settings: Settings, before: float, chosen: set[str]) -> None:
    database = await opened_database(settings)
    try:
        if "results" in chosen:
            deleted = await database.run(_deleting(("DELETE FROM results WHERE created_at < ?",), before))
            print(f"results: {deleted} deleted")
        if "ledger" in chosen:
            print(f"ledger: {await database.run(_deleting(_LEDGER, before))} rows deleted")
    finally:
        await database.aclose()
    _vacuum(settings)


def _deleting(statements: tuple[str, ...], before: float) -> Callable[[sqlite3.Connection], int]:
    def operation(connection: sqlite3.Connection) -> int:
        return sum(connection.execute(statement, (before,)).rowcount for statement in statements)

    return operation


def _vacuum(settings: Settings) -> None:
    """Deleted text stays in the file's free pages until they are given back."""
    connection = sqlite3.connect(settings.ledger_path, timeout=15, isolation_level=None)
    try:
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _purge_cache(settings: Settings, before: float) -> int:
    from gemini_mcp.engine.disk_cache import DiskStore

    store = DiskStore(settings.home / "cache")
    try:
        return store.delete_older(before)
    finally:
        store.close()
