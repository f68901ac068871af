"""The ledger's file as it lies on the disk, read beside the server that writes it."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def opened(home: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(f"file:{home / 'ledger.sqlite3'}?mode=ro", uri=True, timeout=15)
    connection.row_factory = sqlite3.Row
    try:
        yield connection
    finally:
        connection.close()


def attempts(home: Path) -> list[sqlite3.Row]:
    with opened(home) as connection:
        return connection.execute("SELECT * FROM attempts").fetchall()


def count(home: Path, sql: str) -> int:
    with opened(home) as connection:
        return int(connection.execute(f"SELECT COUNT(*) FROM {sql}").fetchone()[0])
