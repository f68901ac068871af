"""What is kept between calls: out of order, from the future, cut off in the middle, shared."""

import sqlite3
from collections.abc import Callable
from contextlib import AsyncExitStack, closing
from pathlib import Path

import anyio
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from gemini_mcp.engine.ledger import migrate

from .driving import (
    LITE,
    Era,
    Stand,
    bounded,
    delegate,
    error_of,
    ledger,
    over_stdio,
    raw_server,
    read_json,
    receipt_of,
    texts,
)


def a_file_in_its_place(home: Path) -> None:
    home.write_text("not a folder")


def a_ledger_from_the_future(home: Path) -> None:
    home.mkdir()
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as connection:
        connection.execute("PRAGMA user_version = 99")


def a_ledger_that_is_none(home: Path) -> None:
    home.mkdir()
    (home / "ledger.sqlite3").write_text("Dear diary, " * 1_000)


def a_ledger_that_is_a_folder(home: Path) -> None:
    (home / "ledger.sqlite3").mkdir(parents=True)


def a_broken_catalogue(home: Path) -> None:
    home.mkdir()
    (home / "catalog.toml").write_text("[tiers]\nlite = 5\n")


UNUSABLE = [
    (a_file_in_its_place, "home"),
    (a_ledger_from_the_future, "99"),
    (a_ledger_that_is_a_folder, "directory"),
    (a_broken_catalogue, "catalog.toml"),
]


@pytest.mark.parametrize(("spoil", "says"), UNUSABLE, ids=lambda each: getattr(each, "__name__", ""))
async def test_with_unusable_state_the_server_starts_and_the_call_says_what_to_mend(
    env: dict[str, str], home: Path, stand: Stand, spoil: Callable[[Path], None], says: str
) -> None:
    spoil(home)
    async with over_stdio(env, "modern") as client:
        assert (await client.list_tools()).tools
        for tool, arguments in (("delegate_task", {"task": "x"}), ("usage_report", {})):
            result = await client.call_tool(tool, arguments)
            error = error_of(result)
            assert says in error["message"] and "GEMINI_AGENTS_HOME" in error["fix"] and error["receipt"] is None
            assert texts(result) == [f"state_unavailable: {error['message'].rstrip('.')}. {error['fix']}"]
        with pytest.raises(MCPError) as caught:
            await client.read_resource("usage://session")
        assert says in caught.value.message
    assert stand.asked == []


def a_ledger_cut_in_half(home: Path) -> None:
    a_ledger_that_is_none(home)
    path = home / "ledger.sqlite3"
    path.unlink()
    with closing(sqlite3.connect(path)) as connection:
        migrate(connection)
        connection.execute("CREATE TABLE padding (text)")
        connection.executemany("INSERT INTO padding VALUES (?)", [("x" * 900,)] * 200)
        connection.commit()
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def set_aside(home: Path) -> Path:
    (kept,) = home.glob("ledger.sqlite3.broken-*")
    return kept


@pytest.mark.parametrize("spoil", [a_ledger_that_is_none, a_ledger_cut_in_half], ids=lambda each: each.__name__)
async def test_a_damaged_ledger_is_set_aside_and_named_once(
    env: dict[str, str], home: Path, stand: Stand, task: str, spoil: Callable[[Path], None]
) -> None:
    spoil(home)
    damaged = (home / "ledger.sqlite3").read_bytes()
    async with over_stdio(env, "modern") as client:
        first, second = await delegate(client, task), await delegate(client, f"{task} again")
        usage = await read_json(client, "usage://session")
    kept = set_aside(home)
    assert kept.read_bytes() == damaged and kept.name in texts(first)[-1]
    assert "broken" not in texts(second)[-1]
    assert usage["calls"] == 2 and usage["cost_usd"] == stand.billed_usd


async def test_a_ledger_from_the_future_is_left_as_it_is(env: dict[str, str], home: Path) -> None:
    a_ledger_from_the_future(home)
    before = (home / "ledger.sqlite3").read_bytes()
    async with over_stdio(env, "legacy") as client:
        error_of(await delegate(client, "x"))
    assert (home / "ledger.sqlite3").read_bytes()[100:] == before[100:]
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)
        assert connection.execute("SELECT COUNT(*) FROM sqlite_master").fetchone() == (0,)


async def test_a_broken_cache_costs_hits_and_not_answers(env: dict[str, str], home: Path, stand: Stand) -> None:
    """The cache fails open; the ledger fails closed."""
    (home / "cache").mkdir(parents=True)
    (home / "cache" / "cache.db").write_text("Not a database. " * 1_000)
    async with over_stdio(env, "legacy") as client:
        assert receipt_of(await delegate(client, "x"))["cost_usd"] == stand.billed_usd


async def test_a_broken_installation_is_told_and_does_not_hang(env: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "diskcache.py").write_text("raise ImportError('half installed')\n")
    broken = env | {"PYTHONPATH": f"{tmp_path / 'broken'}:{env['PYTHONPATH']}"}
    async with over_stdio(broken, "legacy") as client:
        await client.list_tools()
        result = await client.call_tool("delegate_task", {"task": "x"}, read_timeout_seconds=5)
    assert result.is_error and "half installed" in texts(result)[0]


async def test_after_a_kill_nothing_stays_reserved_and_every_request_has_its_one_row(
    env: dict[str, str], home: Path, stand: Stand, task: str
) -> None:
    async with raw_server(env) as server:
        stand.play({"do": "answer", "text": "", "model": LITE, "times": 1})
        await server.delegate(f"{task}, climbing")
        stand.play({"do": "hang"})
        await server.begin_delegating(f"{task}, one")
        await server.begin_delegating(f"{task}, two")
        await stand.under_way(f"{task}, one")
        await stand.under_way(f"{task}, two")
        await server.killed()
    assert sorted(row["state"] for row in ledger(home)) == ["reserved", "reserved", "settled", "settled"]

    stand.play()
    async with over_stdio(env, "legacy") as client:
        usage = await read_json(client, "usage://today")
        rows = ledger(home)
        assert [row["state"] for row in rows] == ["settled"] * 4
        lost = [row for row in rows if not row["usage_known"]]
        assert [row["verdict"] for row in lost] == ["unknown", "unknown"]
        assert all(row["cost_nano"] == row["reserved_nano"] > 0 for row in lost)
        assert usage["days"][0]["unknown_attempts"] == 2
        await delegate(client, f"{task}, one")
    assert len(ledger(home)) == len(stand.asked) == 5
    assert sum(row["cost_nano"] for row in ledger(home)) >= stand.bill["nano_usd"]
    interrupted = [call["status"] for call in ledger(home, "calls")]
    assert sorted(interrupted) == ["done", "done", "interrupted", "interrupted"]


async def test_a_living_server_s_reservations_are_left_to_it(
    env: dict[str, str], home: Path, stand: Stand, task: str
) -> None:
    """Another server that starts on the same home must not take a call under way for one that died."""
    stand.play({"do": "hang", "match": "under way"})
    async with raw_server(env) as server:
        await server.begin_delegating(f"{task}, under way")
        entry = await stand.under_way("under way")
        async with over_stdio(env, "modern") as client:
            await delegate(client, task)
        open_rows = [row for row in ledger(home) if row["state"] == "reserved"]
        assert len(open_rows) == 1 and entry.outcome == "in_flight"
        await server.closed()
    assert sorted(row["verdict"] for row in ledger(home)) == ["accepted", "cancelled"]


async def test_several_servers_share_one_home_and_one_ledger(
    env: dict[str, str], home: Path, stand: Stand, task: str
) -> None:
    eras: tuple[Era, ...] = ("legacy", "modern", "legacy")
    calls = 6
    usages = []
    async with AsyncExitStack() as stack:

        async def work(number: int, client: Client) -> None:
            for call in range(calls):
                assert not (await delegate(client, f"{task}, {number} {call}")).is_error
            usages.append(await read_json(client, "usage://session"))

        others = [await stack.enter_async_context(over_stdio(env, era)) for era in eras[1:]]
        async with over_stdio(env, eras[0]) as first, bounded(), anyio.create_task_group() as group:
            for number, client in enumerate([first, *others]):
                group.start_soon(work, number, client)
        # What a server cached is on the disk a moment after it was served, and for certain once it has closed.
        shared = receipt_of(await delegate(others[0], f"{task}, 0 0"))
    assert shared["cache"] == "hit"
    rows = ledger(home)
    assert len(rows) == len(stand.asked) == calls * len(eras)
    assert {row["state"] for row in rows} == {"settled"}
    assert sum(row["cost_nano"] for row in rows) == stand.bill["nano_usd"]
    assert [usage["calls"] for usage in usages] == [calls] * len(eras)
    assert len({usage["session_id"] for usage in usages}) == len(eras)


async def test_many_calls_at_once_add_up(env: dict[str, str], home: Path, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "text": "", "match": "[05]$", "model": LITE})
    async with over_stdio(env, "modern") as client, bounded():
        async with anyio.create_task_group() as group:
            for number in range(40):
                group.start_soon(delegate, client, f"{task}, {number}")
        usage = await read_json(client, "usage://session")
    assert usage["calls"] == 40 and usage["attempts"] == len(stand.asked) == len(ledger(home)) == 48
    assert usage["cost_usd"] == stand.billed_usd


async def test_a_session_leaves_no_trace_of_its_process(env: dict[str, str], home: Path, task: str) -> None:
    async with over_stdio(env, "legacy") as client:
        await delegate(client, task)
    assert list((home / "run").iterdir()) == []
