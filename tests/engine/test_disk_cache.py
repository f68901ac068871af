"""The cache on disk: a row that somebody edited is a miss, and can neither run, read nor remove anything."""

import os
import pickle
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from diskcache import Cache

from gemini_mcp.engine import disk_cache
from gemini_mcp.engine.disk_cache import DiskStore, StrictJSONDisk

VALUE = {"text": "Grüße 😀\n", "cost_nano": None, "nested": {"a": [1, 2.5, True, None]}}
MODE_RAW, MODE_BINARY, MODE_TEXT, MODE_PICKLE = 1, 2, 3, 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


class Creates:
    """Unpickling one creates a file: what an attacker would run."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


def edit(folder: Path, **columns: Any) -> None:
    """Write into every row, as anybody can who can write the file."""
    with sqlite3.connect(folder / "cache.db") as other:
        sets = ", ".join(f"{name} = ?" for name in columns)
        assert other.execute(f"UPDATE Cache SET {sets}", tuple(columns.values())).rowcount
    other.close()


def stored(folder: Path) -> int:
    with sqlite3.connect(folder / "cache.db") as other:
        (count,) = other.execute("SELECT COUNT(*) FROM Cache").fetchone()
    other.close()
    return int(count)


@contextmanager
def opened(folder: Path) -> Iterator[DiskStore]:
    """A store whose writes are all on the disk when the block ends."""
    store = DiskStore(folder)
    try:
        yield store
    finally:
        store.close()


def put(folder: Path, key: str = "k", value: dict[str, Any] | None = None) -> None:
    with opened(folder) as store:
        store.put(key, VALUE if value is None else value, 60)


async def found(folder: Path, key: str = "k") -> dict[str, Any] | None:
    """What a server that starts now finds."""
    with opened(folder) as store:
        return await store.get(key)


# ----------------------------------------------------------------------------------------------------------- honest


async def test_values_come_back_as_they_were(folder: Path) -> None:
    with opened(folder) as store:
        store.put("k", VALUE, 60)
        assert await store.get("k") == VALUE
        assert await store.get("another") is None
    assert await found(folder) == VALUE


async def test_the_newest_value_is_the_one_that_is_found_at_once_and_later(folder: Path) -> None:
    put(folder)
    with opened(folder) as store:
        for text in ("older", "newer"):
            store.put("k", {"text": text}, 60)
            assert await store.get("k") == {"text": text}
    assert await found(folder) == {"text": "newer"}


async def test_a_dropped_value_is_gone_at_once_and_later(folder: Path) -> None:
    """Even while another process writes, so that it cannot be deleted yet."""
    put(folder, "old")
    other = sqlite3.connect(folder / "cache.db", isolation_level=None)
    with opened(folder) as store:
        other.execute("BEGIN IMMEDIATE")
        store.put("new", VALUE, 60)
        store.drop("new")
        store.drop("old")
        assert [await store.get("old"), await store.get("new")] == [None, None]
        other.execute("ROLLBACK")
    other.close()
    assert [await found(folder, "old"), await found(folder, "new")] == [None, None]


async def test_what_was_stored_before_a_moment_is_deleted(folder: Path) -> None:
    put(folder, "old")
    edit(folder, store_time=1_000.0)
    put(folder, "new")
    with opened(folder) as store:
        assert store.delete_older(2_000.0) == 1
    assert [await found(folder, "old"), await found(folder, "new")] == [None, VALUE]


async def test_a_value_past_its_time_is_a_miss(folder: Path) -> None:
    put(folder)
    edit(folder, expire_time=1.0)
    assert await found(folder) is None


def test_a_value_is_kept_for_as_long_as_it_was_said(folder: Path) -> None:
    before = time.time()
    with opened(folder) as store:
        store.put("k", VALUE, 3_600)
    with sqlite3.connect(folder / "cache.db") as other:
        (expires,) = other.execute("SELECT expire_time FROM Cache").fetchone()
    other.close()
    assert before + 3_600 <= expires <= time.time() + 3_600


async def test_the_cache_stays_below_its_size(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk_cache, "SIZE_LIMIT_BYTES", 1_000_000)
    for round_ in range(10):
        with opened(folder) as store:
            for number in range(40):
                store.put(f"k{40 * round_ + number}", {"text": "x" * 10_000}, 60)
    assert await found(folder, "k0") is None
    assert await found(folder, "k399") is not None
    assert (folder / "cache.db").stat().st_size < 1_500_000


async def test_values_put_and_asked_for_at_a_great_rate_are_all_kept(folder: Path) -> None:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with opened(folder) as store:
            for number in range(3_000):
                store.put(f"k{number}", {"n": number}, 60)
                assert await store.get("nothing") is None
    finally:
        sys.setswitchinterval(before)
    assert stored(folder) == 3_000


def test_values_stand_in_the_row_and_never_in_a_file(folder: Path) -> None:
    put(folder, value={"text": "x" * 1_000_000})
    assert {path.name for path in folder.rglob("*")} <= {"cache.db", "cache.db-wal", "cache.db-shm"}


def test_the_folder_is_its_users_alone(folder: Path) -> None:
    put(folder)
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("value", [{"a": object()}, {"a": b"bytes"}, {"a": {1, 2}}])
async def test_what_is_no_json_is_not_kept_and_harms_nothing(folder: Path, value: dict[str, Any]) -> None:
    put(folder, "odd", value)
    put(folder)
    assert await found(folder, "odd") is None and await found(folder) == VALUE


# ----------------------------------------------------------------------------------------------------------- edited


async def test_a_pickle_in_a_row_is_not_unpickled(folder: Path, tmp_path: Path) -> None:
    """CVE-2025-69872, as published: a value in pickle mode."""
    marker = tmp_path / "executed"
    put(folder)
    edit(folder, mode=MODE_PICKLE, value=pickle.dumps(Creates(marker)))
    assert await found(folder) is None
    assert not marker.exists()
    assert stored(folder) == 0


def test_the_exploit_does_work_on_a_cache_that_pickles(folder: Path, tmp_path: Path) -> None:
    """Or the test above would prove nothing."""
    marker = tmp_path / "executed"
    with Cache(str(folder)) as cache:
        cache.set("k", "v")
        edit(folder, mode=MODE_PICKLE, value=pickle.dumps(Creates(marker)))
        cache.get("k")
    assert marker.is_dir()


async def test_a_pickle_in_a_file_is_not_unpickled(folder: Path, tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    put(folder)
    (folder / "payload.val").write_bytes(pickle.dumps(Creates(marker)))
    edit(folder, mode=MODE_PICKLE, value=None, filename="payload.val")
    assert await found(folder) is None
    assert not marker.exists()


async def test_a_pickled_key_is_not_unpickled(folder: Path, tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    put(folder)
    edit(folder, key=sqlite3.Binary(pickle.dumps(Creates(marker))), raw=0)
    assert await found(folder) is None
    with Cache(str(folder), disk=StrictJSONDisk) as cache, pytest.raises(disk_cache.ForeignRow):
        list(cache)
    assert not marker.exists()


@pytest.mark.parametrize("mode", [MODE_RAW, MODE_BINARY, MODE_TEXT, MODE_PICKLE])
@pytest.mark.parametrize("way", ["{}", "../outside.json", "sub/../../outside.json"])
async def test_a_row_that_names_a_file_neither_reads_nor_removes_it(
    folder: Path, tmp_path: Path, mode: int, way: str
) -> None:
    outside = tmp_path / "outside.json"
    outside.write_text('{"text": "secret"}')
    put(folder)
    edit(folder, mode=mode, value=None, filename=way.format(outside))
    assert await found(folder) is None
    assert outside.read_text() == '{"text": "secret"}'


@pytest.mark.parametrize("act", ["replace", "drop", "purge", "expire", "evict"])
def test_nothing_that_removes_a_row_removes_the_file_it_names(
    folder: Path, tmp_path: Path, act: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("mine")
    put(folder)
    edit(folder, filename=str(outside), **({"expire_time": 1.0} if act == "expire" else {}))
    if act == "evict":
        monkeypatch.setattr(disk_cache, "SIZE_LIMIT_BYTES", 1)
    with opened(folder) as store:
        if act == "drop":
            store.drop("k")
        elif act == "purge":
            store.delete_older(time.time() + 60)
        else:
            store.put("k" if act == "replace" else "another", VALUE, 60)
    with sqlite3.connect(folder / "cache.db") as other:
        assert other.execute("SELECT COUNT(*) FROM Cache WHERE filename IS NOT NULL").fetchone() == (0,)
    other.close()
    assert outside.read_text() == "mine"


@pytest.mark.parametrize(
    ("mode", "value"),
    [
        pytest.param(MODE_TEXT, "{not json", id="no JSON"),
        pytest.param(MODE_TEXT, b"\x80\x04K\x01.", id="bytes"),
        pytest.param(MODE_TEXT, 5, id="a number"),
        pytest.param(MODE_TEXT, None, id="nothing"),
        pytest.param(MODE_TEXT, "[1, 2]", id="a list"),
        pytest.param(MODE_TEXT, '"text"', id="a string"),
        pytest.param(MODE_TEXT, "[" * 100_000, id="too deep"),
        pytest.param(MODE_RAW, '{"text": "x"}', id="raw"),
        pytest.param(MODE_BINARY, b'{"text": "x"}', id="binary"),
        pytest.param(0, '{"text": "x"}', id="no mode"),
        pytest.param(99, '{"text": "x"}', id="no known mode"),
    ],
)
async def test_a_row_of_another_form_is_a_miss(folder: Path, mode: int, value: Any) -> None:
    put(folder)
    edit(folder, mode=mode, value=value)
    assert await found(folder) is None
    put(folder)
    assert await found(folder) == VALUE


# ----------------------------------------------------------------------------------------------------------- broken


@pytest.mark.parametrize(("name", "value"), [("disk_unheard_of", 1), ("eviction_policy", "none of ours")])
async def test_settings_that_somebody_edited_are_no_failure(folder: Path, name: str, value: Any) -> None:
    put(folder)
    with sqlite3.connect(folder / "cache.db") as other:
        other.execute("INSERT OR REPLACE INTO Settings (key, value) VALUES (?, ?)", (name, value))
    other.close()
    put(folder, "new")
    assert await found(folder, "new") == VALUE


async def test_a_file_that_is_no_cache_is_no_failure(folder: Path) -> None:
    put(folder)
    (folder / "cache.db").write_bytes(b"no database at all, for some pages " * 400)
    assert await found(folder) is None
    put(folder)
    assert await found(folder) == VALUE


async def test_a_table_that_went_missing_is_a_miss(folder: Path) -> None:
    with opened(folder) as store:
        with sqlite3.connect(folder / "cache.db") as other:
            other.execute("DROP TABLE Cache")
        other.close()
        assert await store.get("k") is None
        store.put("k", VALUE, 60)
