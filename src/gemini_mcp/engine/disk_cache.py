"""A diskcache that holds JSON and nothing else.

diskcache pickles by default (CVE-2025-69872), and its JSONDisk still unpickles a row whose ``mode`` was edited
and reads or deletes the file that a row's ``filename`` names, anywhere. This Disk stores every value as text
inside the row and refuses to read, or remove, anything else.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import structlog
from diskcache import Cache, Disk
from diskcache.core import MODE_TEXT, UNKNOWN

SIZE_LIMIT_BYTES = 256 * 1024 * 1024
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
        return len(text), MODE_TEXT, None, text

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
    """The cache's ``Store`` over diskcache, on a thread of its own. Fails open: trouble is a miss, and is logged."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._cache = Cache(str(folder), disk=StrictJSONDisk, size_limit=SIZE_LIMIT_BYTES, timeout=2)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="cache")

    async def get(self, key: str) -> dict[str, Any] | None:
        from asyncio import get_running_loop

        return await get_running_loop().run_in_executor(self._thread, self._get, key)

    def put(self, key: str, value: dict[str, Any], ttl_s: float) -> None:
        self._thread.submit(self._guarded, "set", key, value, expire=ttl_s)

    def drop(self, key: str) -> None:
        self._thread.submit(self._guarded, "delete", key)

    def clear(self) -> int:
        """Remove everything; returns how many entries that were. Blocks."""
        return int(self._cache.clear())

    def close(self) -> None:
        self._thread.shutdown(wait=True)
        self._cache.close()

    def _get(self, key: str) -> dict[str, Any] | None:
        try:
            value = self._cache.get(key)
        except ForeignRow as error:
            log.warning("cache_row_refused", error=str(error))
            self._guarded("delete", key)
            return None
        except Exception as error:
            log.warning("cache_unreadable", error=str(error))
            return None
        return value if isinstance(value, dict) else None

    def _guarded(self, method: str, *args: Any, **options: Any) -> None:
        try:
            getattr(self._cache, method)(*args, **options)
        except Exception as error:
            log.warning("cache_unwritable", error=str(error))
