"""The folder that the server keeps things in: whether it can. Nothing is made: a doctor who changes the patient finds
other things than the server will."""

import os
import sqlite3
import sys
from pathlib import Path

from gemini_mcp.config import Settings
from gemini_mcp.sources.opening import of_the_kernel


def state_of(settings: Settings) -> tuple[str, str | None]:
    """How it is, and a fix where there is something to mend."""
    home, ledger = settings.home, settings.ledger_path
    existing = next(folder for folder in (home, *home.parents) if os.path.lexists(folder))
    if not _is_writable(existing):
        return str(home), f"nothing can be written in {existing}: mend it or set GEMINI_AGENTS_HOME"
    if not ledger.exists():
        return f"{home} (made at the first call)", None
    if not os.access(ledger, os.W_OK):
        return str(home), f"{ledger} cannot be written: mend its permissions"
    try:
        return f"{home} (ledger: {_attempts(ledger):,} attempts)", None
    except sqlite3.Error as error:
        return f"{ledger}: {error}", "move the ledger away; a new one is made"


def _attempts(ledger: Path) -> int:
    connection = sqlite3.connect(f"{ledger.as_uri()}?mode=ro", uri=True)
    try:
        (attempts,) = connection.execute("SELECT COUNT(*) FROM attempts").fetchone()
        return int(attempts)
    finally:
        connection.close()


def _is_writable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK) and not _is_made_up(folder)


def _is_made_up(folder: Path) -> bool:
    """What the kernel makes up, such as /proc, tells an administrator that it can be written, and cannot."""
    if sys.platform != "linux":
        return False
    fd = os.open(folder, os.O_PATH)
    try:
        return of_the_kernel(fd)
    finally:
        os.close(fd)
