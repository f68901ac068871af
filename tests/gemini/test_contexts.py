"""Explicit caches through the real SDK: made, asked, extended, deleted."""

import time
from collections.abc import Awaitable
from typing import Any

import pytest

from gemini_mcp.domain.context_caching import Context
from gemini_mcp.domain.errors import AgentError, DeadlineExceeded, KeyRejected, NoApiKey, RequestRejected, UpstreamError
from gemini_mcp.domain.material import Media
from gemini_mcp.domain.messages import Attachment, ModelRequest, Stable
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.gemini.gateway import Gateway

from .conftest import FLASH, KEY, WAIT_S, Stand, Start, a_request, answering, http

MATERIAL = "The boat has 3 masts. " * 400


def stable_request(**changes: Any) -> ModelRequest:
    return a_request(f"{MATERIAL}\n\nWhat is 6 * 7?", stable=Stable(MATERIAL, 4_096, "k"), **changes)


def soon(seconds: float = WAIT_S) -> float:
    return time.monotonic() + seconds


async def made(stand: Stand, **changes: Any) -> Context:
    return await stand.gateway.create_context(stable_request(**changes), 300, soon())


async def test_a_cache_is_made_of_what_is_stable_and_says_its_size_and_end(start: Start) -> None:
    stand = await start(prices="list", log_body_bytes=1_000_000, now=lambda: 1_795_000_000.25)
    context = await made(stand)
    (kept,) = stand.simulator.caches.listed(1_795_000_001)
    assert context == Context(kept["name"], kept["usageMetadata"]["totalTokenCount"], 1_795_000_300.25, "list")
    body = stand.simulator.log.entries()[-1].as_json()["body"]
    assert body["contents"] == [{"parts": [{"text": MATERIAL}], "role": "user"}]
    instruction = body.get("systemInstruction") or body["system_instruction"]
    assert instruction["parts"] == [{"text": "Be brief."}]
    assert (body["ttl"], body["model"]) == ("300s", f"models/{FLASH}")


async def test_attachments_lie_in_the_cache_in_front_of_the_text(start: Start) -> None:
    stand = await start(log_body_bytes=1_000_000)
    await made(stand, attachments=(Attachment("a.png", Media("image/png", b"png", 1_120)),))
    parts = stand.simulator.log.entries()[-1].as_json()["body"]["contents"][0]["parts"]
    assert [next(iter(part)) for part in parts] == ["text", "inlineData", "text"]
    assert parts[0]["text"] == "a.png:" and parts[2]["text"] == MATERIAL


async def test_a_question_of_a_cache_sends_nothing_that_it_holds_and_pays_the_cached_price(start: Start) -> None:
    stand = await start(log_body_bytes=1_000_000)
    context = await made(stand)
    answer = await stand.ask(a_request("What is 6 * 7?", cached_content=context.name, json_mode=True))
    assert answer.usage and context.tokens and answer.usage.cached_tokens == context.tokens
    body = stand.simulator.log.entries()[-1].as_json()["body"]
    assert body["cachedContent"] == context.name and MATERIAL not in str(body)
    assert not {"systemInstruction", "system_instruction", "tools"} & body.keys()


async def test_an_extension_sets_the_end_it_was_asked_for(start: Start) -> None:
    now = 1_795_000_000.123456
    stand = await start(now=lambda: now)
    context = await made(stand)
    extended = await stand.gateway.extend_context(context.name, context.expires_at + 300, soon())
    assert extended.expires_at == pytest.approx(now + 600, abs=1e-3)
    assert (extended.name, extended.tokens, extended.simulated) == (context.name, context.tokens, "zero")


async def test_a_deleted_cache_is_refused_like_a_key_that_may_not(start: Start) -> None:
    stand = await start()
    context = await made(stand)
    await stand.gateway.delete_context(context.name, soon())
    attempts: list[Awaitable[object]] = [
        stand.ask(a_request(cached_content=context.name)),
        stand.gateway.extend_context(context.name, time.time() + 300, soon()),
        stand.gateway.delete_context(context.name, soon()),
    ]
    for attempt in attempts:
        with pytest.raises(KeyRejected, match="403") as caught:
            await attempt
        assert caught.value.usage == TokenUsage()


async def test_a_model_that_takes_no_cache_refuses(start: Start) -> None:
    with pytest.raises(RequestRejected, match="explicit caching"):
        await made(await start(), model="gemini-4-argon")


async def test_a_cache_that_takes_too_long_is_of_unknown_cost(start: Start) -> None:
    stand = await start({"path": "*cachedContents", "do": "hang"})
    with pytest.raises(DeadlineExceeded) as caught:
        await stand.gateway.create_context(stable_request(), 300, soon(0.2))
    assert caught.value.usage is None


@pytest.mark.parametrize("body", ["{}", '{"name": "cachedContents/a"}', "[]", "nonsense", '{"expireTime": "soon"}'])
async def test_an_answer_that_is_no_cache_is_an_error_of_unknown_cost(body: str) -> None:
    async with answering(http(200, body)) as wire:
        gateway = Gateway(KEY, wire.url, None)
        with pytest.raises(AgentError) as caught:
            await gateway.create_context(stable_request(), 300, soon())
        await gateway.aclose()
    assert isinstance(caught.value, UpstreamError) and caught.value.usage is None


async def test_a_cache_of_untold_size_is_one_all_the_same() -> None:
    body = '{"name": "cachedContents/a", "expireTime": "2026-11-21T10:00:00Z"}'
    async with answering(http(200, body)) as wire:
        gateway = Gateway(KEY, wire.url, None)
        context = await gateway.create_context(stable_request(), 300, soon())
        await gateway.aclose()
    assert (context.name, context.tokens, context.simulated) == ("cachedContents/a", None, None)


async def test_without_a_key_nothing_is_made() -> None:
    with pytest.raises(NoApiKey):
        await Gateway(None, None, None).create_context(stable_request(), 300, soon())
