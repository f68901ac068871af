"""The log: what was asked, what became of it, bounded and without keys."""

import json

import anyio
import pytest
from google.genai import errors

from gemini_mcp.simulator.log import RequestLog

from .conftest import FLASH, Stand, Start

PATH = f"/v1/models/{FLASH}:generateContent"


async def test_a_request_is_logged_with_what_became_of_it(start: Start) -> None:
    stand = await start(faults=[{"do": "answer", "text": "x"}])
    await stand.ask("hello boat")
    (entry,) = await stand.log()
    assert entry["body"]["contents"] == [{"parts": [{"text": "hello boat"}], "role": "user"}]
    assert entry["bytes"] == len(json.dumps(entry["body"]))
    assert {name: entry[name] for name in ("n", "method", "path", "model", "status", "rule", "outcome")} == {
        "n": 1,
        "method": "POST",
        "path": PATH,
        "model": FLASH,
        "status": 200,
        "rule": 0,
        "outcome": "answered",
    }
    assert entry["at"] >= 0 and "closed_after_ms" not in entry


async def test_no_key_is_ever_shown(stand: Stand) -> None:
    await stand.post(f"{PATH}?key=canary-key", **{"x-goog-api-key": "canary-key", "accept-encoding": "identity"})
    shown = await stand.log()
    assert "canary" not in json.dumps(shown)
    headers = shown[0]["headers"]
    assert headers["x-goog-api-key"] is None and headers["user-agent"] is None
    assert (headers["content-type"], headers["accept-encoding"]) == ("application/json", "identity")


async def test_errors_are_logged_with_their_status(stand: Stand) -> None:
    with pytest.raises(errors.ClientError):
        await stand.ask(model="llama-3")
    await stand.http.get("/nowhere")
    assert [(each["model"], each["status"], each["rule"]) for each in await stand.log()] == [
        ("llama-3", 404, None),
        (None, 404, None),
    ]


async def test_the_stand_ins_own_endpoints_are_not_logged(stand: Stand) -> None:
    await stand.bill()
    assert await stand.log() == []


async def test_only_the_latest_are_shown_when_a_limit_is_given(stand: Stand) -> None:
    for _ in range(3):
        await stand.ask()
    assert [each["n"] for each in await stand.log("?limit=2")] == [2, 3]
    assert await stand.log("?limit=0") == []
    assert (await stand.http.get("/__log?limit=x")).status_code == 400


async def test_a_long_body_is_cut_and_its_size_is_told(start: Start) -> None:
    stand = await start(log_body_bytes=100)
    await stand.ask("long " * 1_000)
    (entry,) = await stand.log()
    assert entry["bytes"] > 5_000
    assert isinstance(entry["body"], str) and len(entry["body"]) == 100


async def test_a_body_that_is_no_text_is_not_shown(stand: Stand) -> None:
    await stand.http.post("/upload/v1/files", content=bytes(range(256)))
    assert (await stand.log())[0]["body"] is None


async def test_a_request_in_flight_is_seen(start: Start) -> None:
    stand = await start(faults=[{"do": "hang"}])
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stand.ask)
            await stand.simulator.log.wait_for(lambda entry: entry.rule == 0)
            (entry,) = await stand.log()
            assert (entry["outcome"], entry["status"]) == ("in_flight", None)
            tasks.cancel_scope.cancel()


async def test_a_client_that_goes_while_it_sends_is_noticed(stand: Stand) -> None:
    host, port = stand.url.removeprefix("http://").split(":")
    with anyio.fail_after(5):
        async with await anyio.connect_tcp(host, int(port)) as client:
            await client.send(f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\nab".encode())
            await stand.simulator.log.wait_for(lambda entry: entry.outcome == "in_flight")
        entry = await stand.simulator.log.wait_for(lambda entry: entry.outcome == "client_closed")
    assert (entry.status, (await stand.bill())["calls"]) == (None, 0)


def test_only_so_many_are_kept() -> None:
    log = RequestLog(keep=3)
    for _ in range(10):
        log.open("GET", "/", [])
    assert [entry.n for entry in log.entries()] == [8, 9, 10]
    assert RequestLog().keep == 5_000
