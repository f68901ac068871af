"""One file, group commit, and other processes that write to it too."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from gemini_mcp.engine.database import Database

from .conftest import WAIT_S, rows


def make(connection: sqlite3.Connection) -> None:
    connection.execute("CREATE TABLE IF NOT EXISTS words (word TEXT PRIMARY KEY)")


def insert(word: str) -> Callable[[sqlite3.Connection], str]:
    def operation(connection: sqlite3.Connection) -> str:
        connection.execute("INSERT INTO words VALUES (?)", (word,))
        return word

    return operation


@pytest.fixture
async def words(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(tmp_path / "words.sqlite3", make)
    await anyio.to_thread.run_sync(database.open)
    yield database
    await database.aclose()


async def kept(database: Database) -> list[str]:
    return [row["word"] for row in await rows(database, "SELECT word FROM words ORDER BY word")]


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process is writing: what is asked meanwhile waits together."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


async def together(database: Database, operations: list[Callable[[sqlite3.Connection], Any]]) -> list[Any]:
    """Results or errors of operations that were waiting at the same time."""
    outcomes: list[Any] = [None] * len(operations)

    async def one(index: int) -> None:
        try:
            outcomes[index] = await database.run(operations[index])
        except Exception as error:
            outcomes[index] = error

    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            with locked(database.path):
                for index in range(len(operations)):
                    group.start_soon(one, index)
                await anyio.wait_all_tasks_blocked()
    return outcomes


async def test_what_ran_is_committed_where_others_see_it(words: Database) -> None:
    assert await words.run(insert("a")) == "a"
    with sqlite3.connect(words.path) as other:
        assert other.execute("SELECT word FROM words").fetchall() == [("a",)]
    other.close()


async def test_an_operation_that_fails_is_undone_alone(words: Database) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO words VALUES ('half')")
        raise LookupError("in the middle")

    outcomes = await together(words, [insert("a"), half, insert("b"), insert("a"), insert("c")])
    assert [outcomes[0], outcomes[2], outcomes[4]] == ["a", "b", "c"]
    assert isinstance(outcomes[1], LookupError) and isinstance(outcomes[3], sqlite3.IntegrityError)
    assert await kept(words) == ["a", "b", "c"]


async def test_operations_that_wait_together_share_a_commit(words: Database) -> None:
    def changes(connection: sqlite3.Connection) -> int:
        insert(f"w{connection.total_changes}")(connection)
        assert connection.in_transaction
        with sqlite3.connect(f"file:{words.path}?mode=ro", uri=True) as other:
            (seen,) = other.execute("SELECT COUNT(*) FROM words").fetchone()
        other.close()
        return int(seen)

    assert await together(words, [changes] * 20) == [0] * 20
    assert len(await kept(words)) == 20


async def test_what_is_posted_is_seen_by_what_is_asked_later(words: Database) -> None:
    for word in "abc":
        words.post(insert(word))
    assert await kept(words) == ["a", "b", "c"]


async def test_what_is_deferred_is_seen_by_what_is_asked_later_and_in_order(words: Database) -> None:
    words.defer(insert("a"))
    words.defer(lambda connection: connection.execute("UPDATE words SET word = 'b'"))
    assert await kept(words) == ["b"]


async def test_what_is_deferred_is_written_though_nothing_more_is_asked(words: Database) -> None:
    written = asyncio.Event()
    loop = asyncio.get_running_loop()

    def operation(connection: sqlite3.Connection) -> None:
        insert("a")(connection)
        loop.call_soon_threadsafe(written.set)  # on whatever thread this runs

    words.defer(operation)
    with anyio.fail_after(WAIT_S):
        await written.wait()


async def test_a_posted_operation_that_fails_harms_nobody(words: Database) -> None:
    words.post(insert("a"))
    words.post(insert("a"))
    words.post(insert("b"))
    assert await kept(words) == ["a", "b"]


async def test_a_caller_that_left_does_not_undo_what_it_asked_for(words: Database) -> None:
    with locked(words.path):
        async with anyio.create_task_group() as group:
            group.start_soon(words.run, insert("a"))
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
    assert await kept(words) == ["a"]


async def test_a_report_sees_all_that_was_asked_for_before_it(words: Database) -> None:
    words.post(insert("a"))
    words.defer(insert("b"))
    assert await words.read(lambda c: [word for (word,) in c.execute("SELECT word FROM words ORDER BY word")]) == [
        "a",
        "b",
    ]
    words.defer(insert("c"))
    assert await words.read(lambda c: c.execute("SELECT COUNT(*) FROM words").fetchone()[0]) == 3


async def test_closing_finishes_what_was_asked(tmp_path: Path) -> None:
    database = Database(tmp_path / "words.sqlite3", make)
    await anyio.to_thread.run_sync(database.open)
    for number in range(1_000):
        (database.defer if number % 2 else database.post)(insert(f"{number:04}"))
    await database.aclose()
    with sqlite3.connect(tmp_path / "words.sqlite3") as other:
        assert other.execute("SELECT COUNT(*) FROM words").fetchone() == (1_000,)
    other.close()


async def test_a_file_that_is_no_database_is_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "words.sqlite3"
    path.write_bytes(b"this is not a database, and long enough to look like one " * 40)
    database = Database(path, make)
    with anyio.fail_after(WAIT_S), pytest.raises(sqlite3.DatabaseError):
        await anyio.to_thread.run_sync(database.open)


async def test_a_folder_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    database = Database(tmp_path / "nowhere" / "words.sqlite3", make)
    with anyio.fail_after(WAIT_S), pytest.raises((sqlite3.OperationalError, OSError)):
        await anyio.to_thread.run_sync(database.open)


async def test_a_lock_that_another_process_holds_is_waited_for_while_the_loop_goes_on(words: Database) -> None:
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            with locked(words.path):
                group.start_soon(words.run, insert("a"))
                words.post(insert("b"))
                words.defer(insert("c"))
                await anyio.wait_all_tasks_blocked()
    assert await kept(words) == ["a", "b", "c"]


async def test_a_lock_taken_between_the_retries_of_a_failed_batch_loses_nothing(words: Database) -> None:
    """One operation of a batch fails, the others are run again alone, and just then another process writes."""
    other = sqlite3.connect(words.path, isolation_level=None)
    runs = 0

    def fails(connection: sqlite3.Connection) -> None:
        nonlocal runs
        runs += 1
        if runs == 2:
            connection.execute("ROLLBACK")
            other.execute("BEGIN IMMEDIATE")
        raise LookupError

    words.post(fails)
    words.post(insert("a"))
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(words.run, insert("b"))
            await anyio.wait_all_tasks_blocked()
            if other.in_transaction:
                other.execute("ROLLBACK")
            other.close()
    assert await kept(words) == ["a", "b"]


async def test_what_nobody_waits_for_outlives_a_full_disk(words: Database) -> None:
    """It may be what an attempt cost: it is written once there is room."""

    def no_room(connection: sqlite3.Connection) -> None:
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    await words.run(no_room)
    words.defer(insert("x" * 100_000))
    with pytest.raises(sqlite3.OperationalError, match="full"):
        await words.run(insert("y" * 100_000))
    await words.run(lambda connection: connection.execute("PRAGMA max_page_count = 1000000"))
    assert [word[0] for word in await kept(words)] == ["x"]
