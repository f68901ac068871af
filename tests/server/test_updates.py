"""Subscribers of usage://session hear of every change, and of nobody else's."""

import warnings

import anyio
import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from .driving import (
    Era,
    Heard,
    HttpServer,
    Stand,
    bounded,
    delegate,
    error_of,
    nothing_reserved,
    over_http,
    over_stdio,
    read_json,
    receipt_of,
)

SESSION = "usage://session"


async def subscribe(client: Client, uri: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # removed at 2026-07-28; this is the era that has it
        await client.subscribe_resource(uri)


async def unsubscribe(client: Client, uri: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        await client.unsubscribe_resource(uri)


async def test_a_subscriber_over_stdio_hears_of_every_call_in_the_handshake_era(
    env: dict[str, str], stand: Stand, task: str
) -> None:
    heard = Heard()
    async with over_stdio(env, "legacy", heard) as client:
        await delegate(client, f"{task}, before subscribing")
        await subscribe(client, SESSION)
        await delegate(client, task)
        await heard.until(lambda uris: len(uris) == 1)
        assert (await read_json(client, SESSION))["calls"] == 2
        stand.play({"do": "blocked"})
        error_of(await delegate(client, f"{task}, blocked"))
        await heard.until(lambda uris: len(uris) == 2)
        await unsubscribe(client, SESSION)
        await subscribe(client, "results://recent")
        stand.play()
        await delegate(client, f"{task}, after unsubscribing")
        await heard.until(lambda uris: "results://recent" in uris)
    assert heard.uris == [SESSION, SESSION, "results://recent"]


async def test_what_was_paid_for_is_there_to_read_when_the_notification_comes(
    env: dict[str, str], stand: Stand, task: str
) -> None:
    heard = Heard()
    async with over_stdio(env, "legacy", heard) as client:
        await subscribe(client, SESSION)
        receipt = receipt_of(await delegate(client, task))
        await heard.until(lambda uris: bool(uris))
        assert (await read_json(client, SESSION))["cost_usd"] == receipt["cost_usd"] == stand.billed_usd


async def test_a_listener_over_stdio_hears_of_every_call(env: dict[str, str], task: str) -> None:
    async with over_stdio(env, "modern") as client, client.listen(resource_subscriptions=[SESSION]) as events:
        for number in range(2):
            await delegate(client, f"{task}, {number}")
            async with bounded():
                event = await anext(events)
            assert getattr(event, "uri", None) == SESSION


async def test_a_listener_over_http_hears_of_calls_of_its_own_principal_on_any_connection(
    http: HttpServer, task: str
) -> None:
    async with (
        over_http(http.url, "modern", "alice") as one,
        over_http(http.url, "legacy", "alice") as two,
        one.listen(resource_subscriptions=[SESSION]) as events,
    ):
        await delegate(two, task)
        async with bounded():
            event = await anext(events)
    assert getattr(event, "uri", None) == SESSION


async def test_a_listener_over_http_hears_nothing_of_another_principal_s_calls(http: HttpServer, task: str) -> None:
    heard, overheard = Heard(), Heard()
    async with (
        over_http(http.url, "modern", "alice", heard=heard) as alice,
        over_http(http.url, "modern", "bob", heard=overheard) as bob,
        alice.listen(resource_subscriptions=[SESSION]),
        bob.listen(resource_subscriptions=[SESSION]),
    ):
        for number in range(3):
            await delegate(alice, f"{task}, {number}")
        await heard.until(lambda uris: len(uris) == 3)
        # Bob's own calls come after Alice's in his one stream: had he been told of hers, there would be more than two.
        for number in range(2):
            await delegate(bob, f"{task}, {number}")
            await read_json(bob, SESSION)
        await overheard.until(lambda uris: len(uris) >= 2)
        for _ in range(3):
            await read_json(bob, SESSION)
    assert overheard.uris == [SESSION] * 2 and heard.uris == [SESSION] * 3


async def test_subscribing_is_not_on_offer_over_http_in_the_handshake_era(http: HttpServer) -> None:
    """There the protocol has no way to tell the subscriber anything."""
    async with over_http(http.url, "legacy", "alice") as client:
        with pytest.raises(MCPError) as caught:
            await subscribe(client, SESSION)
    assert caught.value.code == -32601


async def test_a_subscriber_hears_of_a_call_that_was_cancelled_since_it_is_paid_for(
    env: dict[str, str], era: Era, stand: Stand, task: str
) -> None:
    heard = Heard()
    stand.play({"do": "hang"})
    async with over_stdio(env, era, heard) as client:
        if era == "legacy":
            await subscribe(client, SESSION)
            await _cancel_one(client, stand, task)
        else:
            async with client.listen(resource_subscriptions=[SESSION]):
                await _cancel_one(client, stand, task)
                await heard.until(lambda uris: SESSION in uris)
        await heard.until(lambda uris: SESSION in uris)
        usage = await nothing_reserved(client)
    assert usage["unknown_attempts"] == 1 and usage["cost_usd"] != "0"


async def _cancel_one(client: Client, stand: Stand, task: str) -> None:
    async with bounded(), anyio.create_task_group() as group:
        group.start_soon(delegate, client, task)
        entry = await stand.under_way(task)
        group.cancel_scope.cancel()
    await stand.given_up(entry)


async def test_usage_report_changes_nothing_and_is_not_announced(env: dict[str, str], task: str) -> None:
    heard = Heard()
    async with over_stdio(env, "legacy", heard) as client:
        await subscribe(client, SESSION)
        await client.call_tool("usage_report", {})
        await delegate(client, task)
        await heard.until(lambda uris: bool(uris))
        await read_json(client, SESSION)
    assert heard.uris == [SESSION]
