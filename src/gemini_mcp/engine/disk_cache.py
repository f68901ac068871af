"""A diskcache that holds JSON and nothing else.

diskcache pickles by default (CVE-2025-69872), and its JSONDisk still unpickles a row whose ``mode`` was edited
and reads or deletes the file that a row's ``filename`` names, anywhere. This Disk stores every value as text
inside the row and refuses to read, or remove, anything else.
"""

import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Event, Lock
from typing import Any

import structlog
from diskcache import Cache, Disk, Timeout
from diskcache.core import MODE_TEXT, UNKNOWN

from gemini_mcp.domain.ids import ulid

SIZE_LIMIT_BYTES = 256 * 1024 * 1024
BUSY_TIMEOUT_S = 0.25
WRITE_AFTER_S = 0.1
log = structlog.get_logger()


class ForeignRow(ValueError):
    """A row that this Disk did not write."""


class StrictJSONDisk(Disk):  # type: ignore[misc]
    """Keys are text, values are JSON text in the row itself; no pickles, no files."""

    def put(self, key: Any) -> tuple[str, bool]:
        return _text(key), True

    def get(self, key: Any, raw: bool) -> str:
        if not raw:
            raise ForeignRow("a key that was not written as text")
        return _text(key)

    def store(self, value: Any, read: bool, key: Any = UNKNOWN) -> tuple[int, int, str | None, str]:
        if read:
            raise ForeignRow("values are JSON, not files")
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        return 0, MODE_TEXT, None, text  # no bytes beside the row, which diskcache counts itself

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        if mode != MODE_TEXT or filename is not None or read:
            raise ForeignRow(f"mode {mode!r}, file {filename!r}")
        return json.loads(_text(value))

    def remove(self, file_path: str) -> None:
        """There is no file of ours to remove, whatever a row says."""


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ForeignRow(f"expected text, found {type(value).__name__}")
    return value


class DiskStore:
    """The cache's ``Store`` over diskcache; writes have a thread of their own.

    Fails open: trouble is a miss, and is logged; a file that is no cache is set aside, under a name that says so.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        self._cache = _opened(folder)
        self._waiting: dict[str, tuple[dict[str, Any], float]] = {}
        self._dropped: set[str] = set()
        self._lock = Lock()
        self._scheduled = False
        self._closing = Event()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cache")

    async def get(self, key: str) -> dict[str, Any] | None:
        """Read on the spot: one row by its key takes a third of the time of a trip through a thread."""
        return self._get(key)

    def put(self, key: str, value: dict[str, Any], ttl_s: float) -> None:
        """Served at once, written soon; entries that wait together share a transaction."""
        with self._lock:
            self._waiting[key] = (value, ttl_s)
            self._dropped.discard(key)
            due, self._scheduled = not self._scheduled, True
        if due:
            self._thread.submit(self._guarded, self._write_waiting)

    def drop(self, key: str) -> None:
        """Gone at once, and from the disk soon, after whatever is being written."""
        self._waiting.pop(key, None)
        self._dropped.add(key)
        self._thread.submit(self._guarded, lambda: self._delete(key))

    def delete_older(self, before: float) -> int:
        """Remove what was stored before a Unix time; returns how many entries that were. Blocks."""
        with sqlite3.connect(self._folder / "cache.db") as connection:
            rows = connection.execute("SELECT key FROM Cache WHERE store_time < ?", (before,)).fetchall()
        connection.close()
        return sum(bool(self._cache.delete(key)) for (key,) in rows if isinstance(key, str))

    def close(self) -> None:
        """Write what waits, and close. Blocks."""
        self._closing.set()
        self._thread.shutdown(wait=True)
        self._cache.close()

    def _get(self, key: str) -> dict[str, Any] | None:
        if (waiting := self._waiting.get(key)) is not None:
            return waiting[0]
        if key in self._dropped:
            return None
        try:
            value = self._cache.get(key)
        except ForeignRow as error:
            log.warning("cache_row_refused", error=str(error))
            self.drop(key)
            return None
        except (Timeout, sqlite3.Error, ValueError, OSError, RecursionError) as error:
            log.warning("cache_unreadable", error=str(error))
            return None
        return value if isinstance(value, dict) else None

    def _delete(self, key: str) -> None:
        self._cache.delete(key)
        self._dropped.discard(key)

    def _write_waiting(self) -> None:
        """After a while, so that the thread wakes but now and then. What cannot be written is let go of."""
        self._closing.wait(WRITE_AFTER_S)
        with self._lock:
            self._scheduled = False
            entries = list(self._waiting.items())
        try:
            with self._cache.transact():
                for key, (value, ttl_s) in entries:
                    self._cache.set(key, value, expire=ttl_s)
        finally:
            with self._lock:
                for key, entry in entries:
                    if self._waiting.get(key) is entry:  # and not a newer one
                        del self._waiting[key]

    def _guarded(self, action: Callable[[], object]) -> None:
        try:
            action()
        except (Timeout, sqlite3.Error, ValueError, OSError) as error:
            log.warning("cache_unwritable", error=str(error))


def _opened(folder: Path) -> Cache:
    try:
        return _cache(folder)
    except (sqlite3.DatabaseError, TypeError, KeyError, ValueError, AttributeError) as error:
        aside = f"broken-{ulid()}"
        log.warning("cache_set_aside", error=str(error), folder=str(folder), renamed_to=aside)
        for file in folder.glob("cache.db*"):
            with suppress(OSError):
                file.rename(folder / f"{aside}-{file.name}")
    return _cache(folder)


def _cache(folder: Path) -> Cache:
    """With 1 MB of pages in memory for each thread: diskcache would take 32, and map 64 of the file besides."""
    memory = {"sqlite_mmap_size": 0, "sqlite_cache_size": 256}
    return Cache(str(folder), disk=StrictJSONDisk, size_limit=SIZE_LIMIT_BYTES, timeout=BUSY_TIMEOUT_S, **memory)
