"""Which session a call's cost is told by."""

import re
from pathlib import Path

import pytest

from .driving import (
    ERAS,
    Era,
    HttpServer,
    Stand,
    delegate,
    http_server,
    ledger,
    over_http,
    over_stdio,
    read_json,
    receipt_of,
)


async def test_claude_code_s_session_is_ours(env: dict[str, str], home: Path, era: Era, task: str) -> None:
    async with over_stdio(env | {"CLAUDE_CODE_SESSION_ID": "a-session-of-claude-code"}, era) as client:
        receipt = receipt_of(await delegate(client, task))
        usage = await read_json(client, "usage://session")
    assert receipt["session_id"] == usage["session_id"] == "a-session-of-claude-code"
    assert [row["session_id"] for row in ledger(home)] == ["a-session-of-claude-code"]


async def test_a_resumed_session_goes_on_counting(env: dict[str, str], stand: Stand, task: str) -> None:
    same = env | {"CLAUDE_CODE_SESSION_ID": "resumed"}
    for number in range(2):
        async with over_stdio(same, "legacy") as client:
            await delegate(client, f"{task}, {number}")
            usage = await read_json(client, "usage://session")
    assert usage["calls"] == 2 and usage["cost_usd"] == stand.billed_usd


async def test_without_one_each_process_is_a_session(env: dict[str, str], task: str) -> None:
    seen = []
    for number, era in enumerate(ERAS):
        async with over_stdio(env, era) as client:
            receipts = [receipt_of(await delegate(client, f"{task}, {number} {each}")) for each in range(2)]
            usage = await read_json(client, "usage://session")
        assert {receipt["session_id"] for receipt in receipts} == {usage["session_id"]}
        assert usage["calls"] == 2
        seen.append(usage["session_id"])
    assert len(set(seen)) == 2 and all(re.fullmatch(r"s_[0-9a-hjkmnp-tv-z]{26}", each) for each in seen)


async def test_a_header_names_the_session_over_http(http: HttpServer, era: Era, task: str) -> None:
    async with over_http(http.url, era, "dave", f"mine-{era}") as client:
        receipt = receipt_of(await delegate(client, task))
        usage = await read_json(client, "usage://session")
    assert receipt["session_id"] == usage["session_id"]
    assert re.fullmatch(rf"dave/mine-{era}/\d{{4}}-\d\d-\d\d", usage["session_id"])
    assert usage["calls"] == 1


async def test_without_the_header_the_principal_s_day_is_the_session(http: HttpServer, era: Era) -> None:
    async with over_http(http.url, era, "dave") as client:
        assert re.fullmatch(r"dave/\d{4}-\d\d-\d\d", (await read_json(client, "usage://session"))["session_id"])


async def test_the_same_header_of_another_principal_is_another_session(http: HttpServer, task: str) -> None:
    async with (
        over_http(http.url, "modern", "alice", "same") as alice,
        over_http(http.url, "modern", "bob", "same") as bob,
    ):
        before = await read_json(bob, "usage://session")
        await delegate(alice, task)
        assert await read_json(bob, "usage://session") == before


@pytest.mark.parametrize("hostile", ["../../x", "a/b", "x" * 500, "dave/2026-01-01", "' OR 1=1 --"])
async def test_a_hostile_header_cannot_name_another_s_session(http: HttpServer, hostile: str) -> None:
    async with over_http(http.url, "modern", "dave", hostile) as client:
        session = (await read_json(client, "usage://session"))["session_id"]
    principal, narrowed, _ = session.split("/")
    assert principal == "dave" and re.fullmatch(r"[\w.-]{1,80}", narrowed)


async def test_claude_code_s_session_says_nothing_over_http(env: dict[str, str]) -> None:
    started = env | {"CLAUDE_CODE_SESSION_ID": "of-who-started-the-server"}
    async with http_server(started) as server, over_http(server.url, "modern") as client:
        assert "of-who-started" not in (await read_json(client, "usage://session"))["session_id"]
