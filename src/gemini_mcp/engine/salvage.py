"""A ledger's file that is none, or no longer one, is set aside under a name that says so: not deleted, not mended."""

import sqlite3
from contextlib import suppress
from pathlib import Path

from gemini_mcp.domain.ids import ulid

_SPOILT = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def is_spoilt(error: Exception) -> bool:
    """Whether SQLite says that the file itself is at fault; a full disk, say, or a lock is not."""
    code = getattr(error, "sqlite_errorcode", None)
    return isinstance(error, sqlite3.DatabaseError) and code is not None and code & 0xFF in _SPOILT


def set_aside(path: Path) -> str:
    """Rename the file and what SQLite keeps beside it. What is to be told about it. Raises OSError."""
    name = f"{path.name}.broken-{ulid()}"
    path.rename(path.with_name(name))
    for beside in ("-wal", "-shm"):
        with suppress(FileNotFoundError):
            path.with_name(path.name + beside).rename(path.with_name(name + beside))
    return (
        f"the ledger was damaged and is kept as {name}; a new one was begun, so that budgets count from zero and"
        " earlier usage is missing"
    )
