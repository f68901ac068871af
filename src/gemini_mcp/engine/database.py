"""One SQLite file: written on the event loop a batch at a time, read and synced beside it.

WAL with synchronous=NORMAL: a commit is a write into the kernel's memory, some 50 us, so that kill -9 loses
nothing; a thread syncs the log to the disk within a second of a commit, so that a power cut loses at most that
second. That makes a commit cheaper than handing it to a thread and being woken by it, twice a call. What could
block is kept off the loop: another process's lock is waited for with a timer, and syncing, checkpoints and
reports have a thread and a connection of their own.
"""

import os
import sqlite3
import time
from asyncio import AbstractEventLoop, Future, TimerHandle, get_running_loop
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
Operation = Callable[[sqlite3.Connection], T]
_Job = tuple[Operation[Any], "Future[Any] | None"]

DEFER_S = 0.05
SYNC_EVERY_S = 0.9
BUSY_FOR_S = 15.0
AGAIN_S = 1.0
_BUSY_WAIT_S = 0.002
_LONGEST_BUSY_WAIT_S = 0.05
_PASSING = (
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN,
)  # fmt: skip
_CHECKPOINT_BYTES = 4 * 1024 * 1024


class Database:
    """Runs operations, functions of the connection, in the order they were asked for.

    Those asked for in one turn of the event loop are committed together; one that raises is undone alone. ``notice``:
    what the first caller should hear of, such as that an earlier file was set aside.
    """

    def __init__(self, path: Path, migrate: Operation[None]) -> None:
        self.path = path
        self.notice = ""
        self._migrate = migrate
        self._jobs: list[_Job] = []
        self._timer: TimerHandle | None = None
        self._due = 0.0
        self._busy_since: float | None = None
        self._busy_wait = _BUSY_WAIT_S
        self._syncing: TimerHandle | None = None
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="ledger")

    def open(self) -> None:
        """Open the file and bring it to this version's form. Blocks. Raises sqlite3.Error or OSError."""
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # tasks and answers are nobody else's business
        self._writer = _connect(self.path, BUSY_FOR_S)
        try:
            self._migrate(self._writer)
            self._check(self._writer)
        except BaseException:
            self._writer.close()
            raise
        self._writer.execute("PRAGMA busy_timeout = 0")
        self._writer.execute("PRAGMA wal_autocheckpoint = 0")
        self._reader = _connect(self.path, BUSY_FOR_S)

    def _check(self, connection: sqlite3.Connection) -> None:
        """A damaged file is to be known before money depends on it. 20,000 calls take some 20 ms."""
        for (found,) in connection.execute("PRAGMA quick_check(1)").fetchall():
            if found != "ok":
                error = sqlite3.DatabaseError(found)
                error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
                raise error

    async def run(self, operation: Operation[T]) -> T:
        """Run it and wait until it is committed."""
        loop = get_running_loop()
        future: Future[T] = loop.create_future()
        self._jobs.append((operation, future))
        self._commit_in(loop, 0.0)
        return await future

    def post(self, operation: Operation[Any]) -> None:
        """Run it after what was asked before, without waiting. Whatever is asked later sees its effect."""
        self._jobs.append((operation, None))
        self._commit_in(get_running_loop(), 0.0)

    def defer(self, operation: Operation[Any]) -> None:
        """Like ``post``, but in no hurry: it rides along with whatever is asked next, within 50 ms at the latest."""
        self._jobs.append((operation, None))
        self._commit_in(get_running_loop(), DEFER_S)

    async def read(self, operation: Operation[T]) -> T:
        """Run a query of any length aside. It sees all that was asked for before, and must not write."""
        if self._jobs:
            await self.run(lambda connection: None)
        return await get_running_loop().run_in_executor(self._aside, operation, self._reader)

    async def aclose(self) -> None:
        """Finish what was asked, sync, and close."""
        await self.run(lambda connection: None)
        if self._syncing is not None:
            self._syncing.cancel()
        await get_running_loop().run_in_executor(self._aside, self._sync)
        self._aside.shutdown(wait=True)
        self._reader.close()
        self._writer.close()

    def _commit_in(self, loop: AbstractEventLoop, delay_s: float) -> None:
        """Have the next commit within that time; while another process holds the lock, its timer decides."""
        due = loop.time() + delay_s
        if self._timer is not None:
            if self._busy_since is not None or self._due <= due:
                return
            self._timer.cancel()
        self._due = due
        self._timer = loop.call_later(delay_s, self._commit, loop)

    def _commit(self, loop: AbstractEventLoop) -> None:
        self._timer = None
        jobs, self._jobs = self._jobs, []
        try:
            results = _transaction(self._writer, [operation for operation, _ in jobs])
        except Exception as error:
            if _is_busy(error):
                self._wait_for_lock(loop, jobs, error)
            else:
                self._one_by_one(loop, jobs)
            return
        self._busy_since, self._busy_wait = None, _BUSY_WAIT_S
        for job, result in zip(jobs, results, strict=True):
            _resolve(job, result)
        if self._syncing is None:
            self._syncing = loop.call_later(SYNC_EVERY_S, self._sync_aside, loop)

    def _one_by_one(self, loop: AbstractEventLoop, jobs: list[_Job]) -> None:
        """Some job of the batch failed, and all were undone: each again, in a transaction of its own. What nobody waits
        for is kept until the disk has room again: it may be what an attempt cost."""
        kept: list[_Job] = []
        for job in jobs:
            try:
                (result,) = _transaction(self._writer, [job[0]])
            except Exception as error:
                if job[1] is None and _may_pass(error):
                    kept.append(job)
                    continue
                result = error
            _resolve(job, result)
        if kept:
            self._jobs = kept + self._jobs
            self._commit_in(loop, AGAIN_S)

    def _wait_for_lock(self, loop: AbstractEventLoop, jobs: list[_Job], error: Exception) -> None:
        """Another process holds the file. Whoever waits is told after 15 s; what nobody waits for is never dropped."""
        self._busy_since = self._busy_since or time.monotonic()
        if time.monotonic() - self._busy_since > BUSY_FOR_S:
            for job in jobs:
                _resolve(job, error)
            jobs = [job for job in jobs if job[1] is None]
            self._busy_since = None
        self._jobs = jobs + self._jobs
        self._busy_wait = min(2 * self._busy_wait, _LONGEST_BUSY_WAIT_S)
        self._due = loop.time() + self._busy_wait
        self._timer = loop.call_later(self._busy_wait, self._commit, loop)

    def _sync_aside(self, loop: AbstractEventLoop) -> None:
        self._syncing = None
        loop.run_in_executor(self._aside, self._sync)

    def _sync(self) -> None:
        """Push the log to the disk, and fold it into the database once it has grown."""
        log = self.path.with_name(self.path.name + "-wal")
        with suppress(OSError, sqlite3.Error):
            sync_file(log)
            if log.stat().st_size > _CHECKPOINT_BYTES:
                self._reader.execute("PRAGMA wal_checkpoint(PASSIVE)")


def _connect(path: Path, busy_s: float) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection


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


def _is_busy(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY


def _may_pass(error: Exception) -> bool:
    """A full disk, say, on which there may be room in a while."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _PASSING


def _resolve(job: _Job, result: Any) -> None:
    future = job[1]
    if future is None or future.done():
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)


def sync_file(path: Path) -> None:
    """Push a file to the disk. SQLite holds no lock on its log, so opening that beside SQLite is safe."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
