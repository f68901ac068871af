"""A call that its client sends twice, by the id that Claude Code gives it: answered once, paid once."""

import json
import secrets
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.shared.dispatcher import ProgressFnT
from mcp_types import CallToolResult

from .driving import (
    LITE,
    Era,
    HttpServer,
    Json,
    Stand,
    Way,
    answer_of,
    bounded,
    error_of,
    ledger,
    nothing_reserved,
    over_http,
    over_stdio,
    raw_server,
    receipt_of,
    texts,
)

DIFF = """diff --git a/pay.py b/pay.py
--- a/pay.py
+++ b/pay.py
@@ -1,2 +1,4 @@
 def total(prices):
-    return sum(prices)
+    try:
+        return sum(prices)
+    except: return 0
"""


@pytest.fixture
def use_id() -> str:
    return f"toolu_{secrets.token_hex(12)}"


async def send(
    client: Client, use_id: Any, tool: str = "delegate_task", heard: ProgressFnT | None = None, **arguments: Any
) -> CallToolResult:
    meta: Any = {"claudecode/toolUseId": use_id}
    return await client.call_tool(tool, arguments, meta=meta, progress_callback=heard)


def noticing(joined: anyio.Event) -> ProgressFnT:
    """Listens for a call that was joined."""

    async def heard(progress: float, total: float | None, message: str | None) -> None:
        if "the same call is under way" in (message or ""):
            joined.set()

    return heard


def marked(result: CallToolResult) -> bool:
    told = texts(result)[-1].endswith(" · answered before]")
    assert receipt_of(result).get("answered_before", False) == told
    return told


def as_first(result: CallToolResult) -> Json:
    """What was delivered, without what says that it was delivered before."""
    whole = result.model_dump(mode="json", by_alias=True)
    whole["_meta"]["gemini-agents/receipt"].pop("answered_before", None)
    whole["_meta"].pop("io.modelcontextprotocol/serverInfo", None)
    unmarked: Json = json.loads(json.dumps(whole).replace(" \\u00b7 answered before]", "]"))
    return unmarked


async def test_a_call_that_is_sent_again_gets_the_first_answer_and_costs_nothing(
    way: Way, stand: Stand, task: str, use_id: str
) -> None:
    first = await send(way.client, use_id, task=task, fresh=True)
    before = len(ledger(way.home, "calls"))
    again = await send(way.client, use_id, task=task, fresh=True)
    assert not marked(first) and marked(again)
    assert as_first(again) == as_first(first)
    assert stand.asked == [LITE] and len(ledger(way.home, "calls")) == before


async def test_without_an_id_a_fresh_call_is_a_new_one(any_way: Way, stand: Stand, task: str) -> None:
    for _ in range(2):
        assert not marked(await any_way.client.call_tool("delegate_task", {"task": task, "fresh": True}))
    assert stand.asked == [LITE] * 2


@pytest.mark.parametrize("odd", [7, "", None, ["toolu_1"], "x" * 201])
async def test_what_is_no_id_is_none(any_way: Way, stand: Stand, task: str, odd: Any) -> None:
    for _ in range(2):
        assert not marked(await send(any_way.client, odd, task=task, fresh=True))
    assert stand.asked == [LITE] * 2


async def test_the_same_id_with_other_arguments_is_another_call(
    any_way: Way, stand: Stand, task: str, use_id: str
) -> None:
    for changes in ({}, {"context": "Be brief."}, {"max_cost_usd": 0.5}):
        assert not marked(await send(any_way.client, use_id, task=task, fresh=True, **changes))
    assert stand.asked == [LITE] * 3
    assert marked(await send(any_way.client, use_id, max_cost_usd=0.5, fresh=True, task=task))


async def test_calls_that_are_sent_twice_at_once_share_one(way: Way, stand: Stand, task: str, use_id: str) -> None:
    stand.play({"do": "delay", "seconds": 0.5})
    results: list[CallToolResult] = []

    async def one() -> None:
        results.append(await send(way.client, use_id, task=task, fresh=True))

    async with bounded(), anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(one)
    assert sorted(marked(result) for result in results) == [False] + [True] * 4
    assert len({json.dumps(as_first(result)) for result in results}) == 1
    assert stand.asked == [LITE]


async def test_a_call_goes_on_until_the_last_who_waits_has_left(way: Way, stand: Stand, task: str, use_id: str) -> None:
    stand.play({"do": "hang"})
    known = {row["attempt_id"] for row in ledger(way.home)}
    first, second = anyio.CancelScope(), anyio.CancelScope()
    joined, left = anyio.Event(), anyio.Event()

    async def leaving() -> None:
        with first:
            await send(way.client, use_id, task=task, fresh=True)
        left.set()

    async def staying() -> None:
        with second:
            await send(way.client, use_id, task=task, fresh=True, heard=noticing(joined))

    async with bounded(), anyio.create_task_group() as group:
        group.start_soon(leaving)
        entry = await stand.under_way(task)
        group.start_soon(staying)
        await joined.wait()
        first.cancel()
        await left.wait()
        await way.client.list_tools()
        assert entry.outcome == "in_flight"
        second.cancel()
        await stand.given_up(entry)
    await nothing_reserved(way.client)
    (row,) = [row for row in ledger(way.home) if row["attempt_id"] not in known]
    assert (row["state"], row["verdict"]) == ("settled", "cancelled") and stand.asked == [LITE]


async def test_who_joined_is_answered_when_the_first_has_left(way: Way, stand: Stand, task: str, use_id: str) -> None:
    stand.play({"do": "delay", "seconds": 1.5})
    first, joined = anyio.CancelScope(), anyio.Event()
    results: list[CallToolResult] = []

    async def leaving() -> None:
        with first:
            await send(way.client, use_id, task=task, fresh=True, tier=LITE)

    async def staying() -> None:
        results.append(await send(way.client, use_id, task=task, fresh=True, tier=LITE, heard=noticing(joined)))

    async with bounded(), anyio.create_task_group() as group:
        group.start_soon(leaving)
        await stand.under_way(task)
        group.start_soon(staying)
        await joined.wait()
        first.cancel()
    assert answer_of(results[0]).startswith("[simulated]") and stand.asked == [LITE]
    (call,) = [c for c in ledger(way.home, "calls") if c["result_id"] == receipt_of(results[0])["result_id"]]
    assert (call["status"], call["tool_use_id"]) == ("done", use_id)


async def test_an_error_is_not_remembered(way: Way, stand: Stand, task: str, use_id: str) -> None:
    stand.play({"do": "blocked", "times": 1})
    error_of(await send(way.client, use_id, task=task))
    assert not marked(await send(way.client, use_id, task=task))
    assert marked(await send(way.client, use_id, task=task))


async def test_two_who_wait_for_one_call_are_told_the_same_error(
    any_way: Way, stand: Stand, task: str, use_id: str
) -> None:
    stand.play({"do": "hang", "seconds": 1.5, "times": 1}, {"do": "400"})
    joined, errors = anyio.Event(), list[Json]()

    async def one(heard: ProgressFnT | None = None) -> None:
        errors.append(error_of(await send(any_way.client, use_id, task=task, tier=LITE, fresh=True, heard=heard)))

    async with bounded(), anyio.create_task_group() as group:
        group.start_soon(one)
        await stand.under_way(task)
        group.start_soon(one, noticing(joined))
        await joined.wait()
    assert errors[0] == errors[1] and stand.asked == [LITE, LITE]


async def test_a_call_is_known_again_after_a_restart(
    env: dict[str, str], era: Era, stand: Stand, task: str, use_id: str
) -> None:
    async with over_stdio(env, era) as client:
        first = await send(client, use_id, task=task, fresh=True)
    stand.play({"do": "answer", "text": "Another answer."})
    async with over_stdio(env, era) as client:
        again = await send(client, use_id, task=task, fresh=True)
        assert marked(again) and as_first(again) == as_first(first)
        assert len(stand.asked) == 1


async def test_a_structure_and_a_long_text_are_told_again_as_they_were(
    env: dict[str, str], stand: Stand, task: str, use_id: str
) -> None:
    async with over_stdio(env, "modern") as client:
        review = await send(client, use_id, "review_code", diff=DIFF)
        stand.play({"do": "answer", "text": "word " * 20_000})
        long = await send(client, use_id, task=task, fresh=True)
    async with over_stdio(env, "modern") as client:
        asked = len(stand.asked)
        review_again = await send(client, use_id, "review_code", diff=DIFF)
        long_again = await send(client, use_id, task=task, fresh=True)
        assert len(stand.asked) == asked
    assert review.structured_content is not None and review.structured_content["findings"]
    assert review_again.structured_content is not None
    assert review_again.structured_content["receipt"].endswith("answered before]")
    assert len(long.content) == 4
    for first, again in ((review, review_again), (long, long_again)):
        assert marked(again) and as_first(again) == as_first(first)


async def test_a_call_that_was_killed_is_made_anew(env: dict[str, str], stand: Stand, task: str, use_id: str) -> None:
    stand.play({"do": "hang", "times": 1})
    params = {"name": "delegate_task", "arguments": {"task": task}, "_meta": {"claudecode/toolUseId": use_id}}
    async with raw_server(env) as server:
        await server.begin("tools/call", params)
        await stand.under_way(task)
        await server.killed()
    async with over_stdio(env, "legacy") as client:
        assert not marked(await send(client, use_id, task=task))
    assert stand.asked == [LITE, LITE]


async def test_the_end_of_input_lets_upstream_go(env: dict[str, str], stand: Stand, task: str, use_id: str) -> None:
    stand.play({"do": "hang"})
    params = {"name": "delegate_task", "arguments": {"task": task}, "_meta": {"claudecode/toolUseId": use_id}}
    async with raw_server(env) as server:
        await server.begin("tools/call", params)
        entry = await stand.under_way(task)
        await server.begin("tools/call", params)
        assert await server.closed() == 0
        await stand.given_up(entry)


async def test_a_batch_is_queued_once(env: dict[str, str], stand: Stand, task: str, use_id: str) -> None:
    async with over_stdio(env, "modern") as client:
        first = await send(client, use_id, task=task, batch=True)
    async with over_stdio(env, "modern") as client:
        again = await send(client, use_id, task=task, batch=True)
    queued = receipt_of(first)["result_id"]
    assert receipt_of(again)["result_id"] == queued and texts(again)[-1].endswith(f"{queued} · answered before]")
    assert f"results://{queued}" in texts(again)[0]
    created = [entry for entry in stand.simulator.log.entries() if "batchGenerateContent" in entry.path]
    assert len(created) == 1


async def test_another_principal_s_call_of_the_same_id_is_another_call(
    http: HttpServer, era: Era, stand: Stand, task: str, use_id: str
) -> None:
    async with over_http(http.url, era, "alice") as alice, over_http(http.url, era, "bob") as bob:
        for client in (alice, bob):
            assert not marked(await send(client, use_id, task=task))
        for client in (alice, bob):
            assert marked(await send(client, use_id, task=task))
    assert stand.asked == [LITE, LITE]


async def test_the_usage_report_is_made_anew_each_time(
    env: dict[str, str], stand: Stand, task: str, use_id: str
) -> None:
    async with over_stdio(env, "modern") as client:
        (before,) = texts(await send(client, use_id, "usage_report"))
        await send(client, f"{use_id}_2", task=task)
        (after,) = texts(await send(client, use_id, "usage_report"))
    assert (json.loads(before)["calls"], json.loads(after)["calls"]) == (0, 1)
