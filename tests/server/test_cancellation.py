"""A client that leaves or changes its mind: upstream is let go at once, and the books are closed."""

import json
from contextlib import suppress
from pathlib import Path

import anyio
import httpx2
import pytest
from mcp import Client

from .driving import (
    LITE,
    MODERN_VERSION,
    Era,
    HttpServer,
    Json,
    RawServer,
    Stand,
    Way,
    answer_of,
    bounded,
    delegate,
    headers_of,
    http_server,
    ledger,
    modern_meta,
    nothing_reserved,
    over_http,
    over_stdio,
    raw_server,
    read_json,
)


def only_row(home: Path, session_id: str | None = None) -> Json:
    rows = [row for row in ledger(home) if session_id in (None, row["session_id"])]
    (row,) = rows
    return row


def assert_closed_as_cancelled(home: Path, row: Json) -> None:
    """What upstream used was never learned: the reservation stands, and says so."""
    assert (row["state"], row["verdict"], row["usage_known"]) == ("settled", "cancelled", 0)
    assert row["cost_nano"] == row["reserved_nano"] > 0
    (call,) = [call for call in ledger(home, "calls") if call["result_id"] == row["result_id"]]
    assert (call["status"], call["cost_nano"]) == ("cancelled", row["cost_nano"])


async def cancel_under_way(client: Client, stand: Stand, task: str) -> None:
    """Call, take the call back once it has reached upstream; returns when upstream was let go."""
    async with bounded(), anyio.create_task_group() as group:
        group.start_soon(delegate, client, task)
        entry = await stand.under_way(task)
        group.cancel_scope.cancel()
    await stand.given_up(entry)


async def test_a_cancelled_call_lets_upstream_go_and_is_settled(way: Way, stand: Stand, task: str) -> None:
    stand.play({"do": "hang"})
    known = {row["attempt_id"] for row in ledger(way.home)}
    await cancel_under_way(way.client, stand, task)
    await nothing_reserved(way.client)
    (row,) = [row for row in ledger(way.home) if row["attempt_id"] not in known]
    assert_closed_as_cancelled(way.home, row)
    assert stand.asked == [LITE]


async def test_the_session_goes_on_after_a_cancelled_call(way: Way, stand: Stand, task: str) -> None:
    stand.play({"do": "hang", "times": 1})
    before = await read_json(way.client, "usage://session")
    await cancel_under_way(way.client, stand, task)
    assert answer_of(await delegate(way.client, task)).startswith("[simulated]")
    after = await nothing_reserved(way.client)
    assert after["unknown_attempts"] == before["unknown_attempts"] + 1
    assert after["attempts"] == before["attempts"] + 2


async def test_a_cancelled_call_leaves_the_others_alone(way: Way, stand: Stand, task: str) -> None:
    stand.play({"do": "hang", "match": "to be cancelled"}, {"do": "delay", "seconds": 0.4})
    answers = []

    async def stay() -> None:
        answers.append(answer_of(await delegate(way.client, f"{task}, to stay")))

    async with bounded(), anyio.create_task_group() as group:
        group.start_soon(stay)
        await stand.under_way("to stay")
        await cancel_under_way(way.client, stand, f"{task}, to be cancelled")
    assert len(answers) == 1


async def test_a_call_cancelled_while_it_waits_to_try_again_is_settled(
    env: dict[str, str], home: Path, stand: Stand, task: str
) -> None:
    stand.play({"do": "429", "retry_delay_s": 200})
    waiting = anyio.Event()

    async def told(progress: float, total: float | None, message: str | None) -> None:
        if "trying again" in (message or ""):
            waiting.set()

    async with bounded(), over_stdio(env, "legacy") as client:
        async with anyio.create_task_group() as group:
            arguments = {"task": task, "tier": LITE}
            group.start_soon(lambda: client.call_tool("delegate_task", arguments, progress_callback=told))
            await waiting.wait()
            group.cancel_scope.cancel()
        await nothing_reserved(client)
    row = max(ledger(home), key=lambda row: row["started_at"])
    assert (row["state"], row["cost_nano"], row["usage_known"]) == ("settled", 0, 1)
    call = max(ledger(home, "calls"), key=lambda call: call["started_at"])
    assert (call["status"], call["cost_nano"]) == ("cancelled", 0)
    assert stand.asked == [LITE]


async def test_a_notification_over_stdio_cancels_by_request_id(
    env: dict[str, str], home: Path, era: Era, stand: Stand, task: str
) -> None:
    stand.play({"do": "hang"})
    async with raw_server(env, era) as server:
        request_id = await server.begin_delegating(task)
        entry = await stand.under_way(task)
        await _cancelled(server, request_id + 1_000)
        await server.write({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {}})
        await server.ask("tools/list", {})
        assert entry.outcome == "in_flight"
        await _cancelled(server, request_id)
        await stand.given_up(entry)
        stand.play()
        assert not (await server.delegate(f"{task}, again"))["isError"]
        assert await server.closed() == 0
    (row, _) = ledger(home)
    assert_closed_as_cancelled(home, row)


async def _cancelled(server: RawServer, request_id: int) -> None:
    params = {"requestId": request_id, "reason": "changed my mind"}
    await server.write({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params})


async def test_the_end_of_input_over_stdio_cancels_what_is_under_way(
    env: dict[str, str], home: Path, era: Era, stand: Stand, task: str
) -> None:
    stand.play({"do": "hang"})
    async with raw_server(env, era) as server:
        await server.begin_delegating(task)
        entry = await stand.under_way(task)
        assert await server.closed() == 0
        await stand.given_up(entry)
    assert_closed_as_cancelled(home, only_row(home))


def post_of(task: str, era: Era, principal: str, request_id: int = 1) -> Json:
    """A tools/call as one HTTP request, for a client that does not wait for the answer."""
    params: Json = {"name": "delegate_task", "arguments": {"task": task}}
    headers = headers_of(principal) | {"accept": "application/json, text/event-stream"}
    if era == "modern":
        params["_meta"] = modern_meta()
        headers |= {"mcp-protocol-version": MODERN_VERSION, "mcp-method": "tools/call", "mcp-name": "delegate_task"}
    else:
        headers |= {"mcp-protocol-version": "2025-11-25"}
    return {"json": {"jsonrpc": "2.0", "id": request_id, "method": "tools/call", "params": params}, "headers": headers}


async def test_a_closed_connection_over_http_cancels_the_call(
    http: HttpServer, era: Era, stand: Stand, task: str
) -> None:
    stand.play({"do": "hang"})
    known = {row["attempt_id"] for row in ledger(http.home)}
    async with httpx2.AsyncClient(trust_env=False, timeout=None) as caller, bounded():
        async with anyio.create_task_group() as group:
            group.start_soon(lambda: caller.post(http.url, **post_of(task, era, "bob")))
            entry = await stand.under_way(task)
            group.cancel_scope.cancel()
        await stand.given_up(entry)
    async with over_http(http.url, era, "bob") as client:
        await nothing_reserved(client)
        stand.play()
        assert not (await delegate(client, f"{task}, again")).is_error
    first, _ = [row for row in ledger(http.home) if row["attempt_id"] not in known]
    assert_closed_as_cancelled(http.home, first)


@pytest.mark.parametrize("stranger", ["another principal", "another session"])
async def test_nobody_can_cancel_another_s_call_over_http(
    http: HttpServer, stand: Stand, task: str, stranger: str
) -> None:
    stand.play({"do": "delay", "seconds": 0.5})
    who = headers_of("bob") if stranger == "another principal" else headers_of("alice", "another")
    headers = who | {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25"}
    notification = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 4_711}}
    replies = []
    async with httpx2.AsyncClient(trust_env=False, timeout=None) as caller, bounded():

        async def call() -> None:
            replies.append(await caller.post(http.url, **post_of(task, "legacy", "alice", 4_711)))

        async with anyio.create_task_group() as group:
            group.start_soon(call)
            entry = await stand.under_way(task)
            reply = await caller.post(http.url, json=notification, headers=headers)
            assert reply.status_code == 202 and entry.outcome == "in_flight"
    data = next(line for line in replies[0].text.splitlines() if line.startswith("data: {"))
    result = json.loads(data.removeprefix("data: "))["result"]
    assert not result["isError"] and entry.outcome == "answered"


async def test_a_stopping_http_server_closes_the_books_of_what_is_under_way(
    env: dict[str, str], home: Path, stand: Stand, task: str
) -> None:
    stand.play({"do": "hang"})
    async with http_server(env) as server, httpx2.AsyncClient(trust_env=False, timeout=None) as caller:

        async def call() -> None:
            with suppress(httpx2.HTTPError):
                await caller.post(server.url, **post_of(task, "modern", "alice"))

        async with anyio.create_task_group() as group:
            group.start_soon(call)
            entry = await stand.under_way(task)
            server.process.terminate()
            with anyio.fail_after(10):
                await stand.given_up(entry)
                await server.process.wait()
            group.cancel_scope.cancel()
    row = only_row(home)
    assert (row["state"], row["verdict"], row["usage_known"]) == ("settled", "cancelled", 0)
