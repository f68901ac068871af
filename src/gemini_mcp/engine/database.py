"""One SQLite file, one thread that owns it, and group commit.

WAL with synchronous=NORMAL: a committed transaction is in the kernel's hands, so that kill -9 loses nothing;
the thread syncs the log to the disk within a second of a commit, so that a power cut loses at most that second.
A commit that waited for the disk each time would cost 5 ms a call here; waiting calls share one commit instead.
"""

import os
import queue
import sqlite3
import threading
import time
from asyncio import AbstractEventLoop, Future, get_running_loop
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]
_Job = tuple[Operation[Any], "Future[Any] | None", AbstractEventLoop | None]

SYNC_EVERY_S = 0.9
BUSY_TIMEOUT_MS = 15_000
_BATCH = 256


class Database:
    """Runs operations in order on its own thread. An operation is a function of the connection.

    Those that wait together are committed together; one that raises is undone alone.
    """

    def __init__(self, path: Path, migrate: Operation[None]) -> None:
        self.path = path
        self._migrate = migrate
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._opened: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._own, name="ledger", daemon=True)

    def open(self) -> None:
        """Open the file and bring it to this version's form. Blocks. Raises sqlite3.Error or OSError."""
        self._thread.start()
        if (failure := self._opened.get()) is not None:
            raise failure

    async def run(self, operation: Operation[T]) -> T:
        """Run it and wait until it is committed."""
        loop = get_running_loop()
        future: Future[T] = loop.create_future()
        self._jobs.put((operation, future, loop))
        return await future

    def post(self, operation: Operation[Any]) -> None:
        """Run it after what was asked before, without waiting. Whatever is asked later sees its effect."""
        self._jobs.put((operation, None, None))

    def close(self) -> None:
        """Finish what was asked, sync, and close."""
        self._jobs.put(None)
        self._thread.join(timeout=30)

    def _own(self) -> None:
        try:
            connection = _connect(self.path)
            self._migrate(connection)
            self._opened.put(None)
        except BaseException as error:
            self._opened.put(error)
            return
        with suppress(KeyboardInterrupt):
            self._serve(connection)
        connection.close()

    def _serve(self, connection: sqlite3.Connection) -> None:
        sync_due: float | None = None
        while True:
            jobs, stop = self._next_jobs(sync_due)
            if jobs:
                _commit(connection, jobs)
                sync_due = sync_due or time.monotonic() + SYNC_EVERY_S
            if sync_due is not None and (stop or time.monotonic() >= sync_due):
                sync_log(self.path)
                sync_due = None
            if stop:
                return

    def _next_jobs(self, sync_due: float | None) -> tuple[list[_Job], bool]:
        try:
            wait = None if sync_due is None else max(0.0, sync_due - time.monotonic())
            first = self._jobs.get(timeout=wait)
        except queue.Empty:
            return [], False
        jobs: list[_Job] = []
        while first is not None:
            jobs.append(first)
            if len(jobs) >= _BATCH or self._jobs.empty():
                return jobs, False
            first = self._jobs.get()
        return jobs, True


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def _commit(connection: sqlite3.Connection, jobs: list[_Job]) -> None:
    """All jobs in one transaction; if any of them, or the commit, fails, each again in its own."""
    try:
        results = _transaction(connection, [operation for operation, _, _ in jobs])
    except Exception as error:
        if len(jobs) == 1:
            _deliver(jobs, [error])
            return
        for job in jobs:
            _commit(connection, [job])
        return
    _deliver(jobs, results)


def _transaction(connection: sqlite3.Connection, operations: list[Operation[Any]]) -> list[Any]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        results = [operation(connection) for operation in operations]
        connection.execute("COMMIT")
    except BaseException:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        raise
    return results


def _deliver(jobs: list[_Job], results: list[Any]) -> None:
    """Wake every waiter of one loop with a single call into it."""
    waiting: dict[AbstractEventLoop, list[tuple[Future[Any], Any]]] = {}
    for (_, future, loop), result in zip(jobs, results, strict=True):
        if future is not None and loop is not None:
            waiting.setdefault(loop, []).append((future, result))
    for loop, answers in waiting.items():
        with suppress(RuntimeError):  # the loop has closed: nobody waits any more
            loop.call_soon_threadsafe(_resolve, answers)


def _resolve(answers: Iterable[tuple["Future[Any]", Any]]) -> None:
    for future, result in answers:
        if future.done():
            continue
        if isinstance(result, Exception):
            future.set_exception(result)
        else:
            future.set_result(result)


def sync_log(path: Path) -> None:
    """Push SQLite's write-ahead log to the disk. Its file holds no SQLite lock, so opening it beside SQLite is safe."""
    with suppress(OSError):
        fd = os.open(path.with_name(path.name + "-wal"), os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
