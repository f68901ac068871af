"""Whether a server process still lives: it holds a lock on a file of its own for as long as it does.

A process id could be used again and a heartbeat could stall; the kernel drops a lock exactly when its holder dies.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from gemini_mcp.domain.ids import ulid

if sys.platform == "win32":
    import msvcrt

    def _try_lock(fd: int) -> bool:
        with suppress(OSError):
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
            return True
        return False
else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        with suppress(OSError):
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        return False


ALONE_S = 15.0


class Owner:
    """This process's mark on the rows it reserves. Take one before reserving anything."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.name = ulid()
        self._folder = folder
        self._fd = _open(folder, self.name)
        if not _try_lock(self._fd):
            raise OSError(f"could not lock {folder / self.name}")

    def is_dead(self, other: str) -> bool:
        """True when the process behind ``other`` is gone. A missing file counts as gone."""
        if other == self.name:
            return False
        fd = _open(self._folder, other)
        try:
            dead = _try_lock(fd)
            if dead:
                with suppress(OSError):
                    (self._folder / other).unlink()
            return dead
        finally:
            os.close(fd)

    def release(self) -> None:
        with suppress(OSError):
            os.close(self._fd)
            (self._folder / self.name).unlink()


@contextmanager
def alone(path: Path) -> Iterator[None]:
    """One process at a time: the lock of a file, waited for as long as ``ALONE_S``, and then done without. Blocks."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + ALONE_S
    try:
        while not _try_lock(fd) and time.monotonic() < until:
            time.sleep(0.02)
        yield
    finally:
        os.close(fd)


def _open(folder: Path, name: str) -> int:
    return os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
