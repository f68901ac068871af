"""The bill: exact sums over what was generated, by the model that served."""

from typing import Any

import pytest
from google.genai import errors, types

from gemini_mcp.domain.usage import TokenUsage

from .conftest import FLASH, Stand, Start

ARGON = "gemini-4-argon"
RATES = {FLASH: (750, 75, 3_750), ARGON: (2_000, 100, 10_000)}


def price(model: str, usage: TokenUsage, tier: str) -> int | None:
    """Nano-USD a token at list prices; flex is half; None for other models."""
    if model not in RATES:
        return None
    fresh, cached, out = RATES[model]
    whole = (usage.input_tokens + usage.tool_use_tokens - usage.cached_tokens) * fresh + usage.cached_tokens * cached
    return (whole + (usage.output_tokens + usage.thinking_tokens) * out) // (2 if tier == "flex" else 1)


def usage_of(answer: types.GenerateContentResponse) -> TokenUsage:
    usage = answer.usage_metadata
    assert usage
    return TokenUsage(
        input_tokens=usage.prompt_token_count or 0,
        cached_tokens=usage.cached_content_token_count or 0,
        output_tokens=usage.candidates_token_count or 0,
        thinking_tokens=usage.thoughts_token_count or 0,
        tool_use_tokens=usage.tool_use_prompt_token_count or 0,
    )


async def test_it_is_the_sum_of_what_the_answers_said_they_used(start: Start) -> None:
    stand = await start(prices="list", price=price)
    search = [types.Tool(google_search=types.GoogleSearch())]
    asked: list[tuple[str, dict[str, Any]]] = [
        (FLASH, {"contents": "word " * 5_000}),
        (FLASH, {"contents": "word " * 5_000}),
        (ARGON, {"contents": "Tell me about rivers."}),
        (FLASH, {"contents": "Who won?", "tools": search}),
    ]
    used = [(model, usage_of(await stand.ask(model=model, **config))) for model, config in asked]
    assert used[1][1].cached_tokens > 0
    bill = await stand.bill()
    for model in (FLASH, ARGON):
        total = sum((usage for name, usage in used if name == model), TokenUsage())
        line = bill["models"][model]
        assert line["calls"] == sum(name == model for name, _ in used)
        for name in ("input_tokens", "cached_tokens", "output_tokens", "thinking_tokens", "tool_use_tokens"):
            assert line[name] == getattr(total, name)
        assert line["nano_usd"] == sum(price(name, usage, "standard") or 0 for name, usage in used if name == model)
    assert bill["calls"] == 4
    assert bill["nano_usd"] == sum(line["nano_usd"] for line in bill["models"].values()) > 0


async def test_the_tier_that_served_is_billed(start: Start) -> None:
    stand = await start(prices="list", price=price)
    standard = usage_of(await stand.ask())
    first = (await stand.bill())["nano_usd"]
    assert usage_of(await stand.ask(service_tier=types.ServiceTier.FLEX)) == standard
    assert (await stand.bill())["nano_usd"] == first + (price(FLASH, standard, "flex") or 0)


@pytest.mark.parametrize(
    "arguments", [{"prices": "zero", "price": price}, {"prices": "list", "price": lambda *_: None}, {"prices": "list"}]
)
async def test_zero_prices_and_unknown_ones_cost_nothing(start: Start, arguments: dict[str, Any]) -> None:
    stand = await start(**arguments)
    await stand.ask()
    bill = await stand.bill()
    assert (bill["calls"], bill["nano_usd"]) == (1, 0)


async def test_counting_and_refusing_cost_nothing(stand: Stand) -> None:
    await stand.sdk.aio.models.count_tokens(model=FLASH, contents="hello")
    with pytest.raises(errors.ClientError):
        await stand.ask(model=ARGON, candidate_count=2)
    assert await stand.bill() == {"models": {}, "calls": 0, "nano_usd": 0}


async def test_every_candidate_is_billed(stand: Stand) -> None:
    one = usage_of(await stand.ask())
    three = usage_of(await stand.ask(candidate_count=3))
    assert three.output_tokens == 3 * one.output_tokens


async def test_a_reset_begins_anew(start: Start) -> None:
    stand = await start(faults=[{"do": "503", "times": 1}])
    for _ in range(2):
        with pytest.raises(errors.ServerError):
            await stand.ask()
        await stand.ask("word " * 5_000)
        assert (await stand.bill())["models"][FLASH]["cached_tokens"] == 0
        assert [each["n"] for each in await stand.log()] == [1, 2]
        assert (await stand.http.post("/__reset")).json() == {}
        assert (await stand.bill())["calls"] == 0
        assert await stand.log() == []


def stored(_model: str, tokens: int, seconds: float) -> int | None:
    """Nano-USD, one for each token and second."""
    return round(tokens * seconds)


async def test_a_cache_is_billed_by_its_tokens_and_by_the_time_it_was_asked_for(start: Start) -> None:
    now = 1_800_000_000.0
    stand = await start(prices="list", price=price, storage_price=stored, now=lambda: now)
    config = types.CreateCachedContentConfig(contents="word " * 100, ttl="60s")
    cache = await stand.sdk.aio.caches.create(model=FLASH, config=config)
    assert cache.name and cache.usage_metadata
    tokens = cache.usage_metadata.total_token_count or 0
    whole = tokens * RATES[FLASH][0] + tokens * 60
    bill = await stand.bill()
    line = bill["models"][FLASH]
    assert (line["calls"], line["caches"], line["input_tokens"], line["nano_usd"]) == (0, 1, tokens, whole)
    await stand.sdk.aio.caches.update(name=cache.name, config={"ttl": "90s"})
    assert (await stand.bill())["nano_usd"] == whole + tokens * 30
    await stand.sdk.aio.caches.update(name=cache.name, config={"ttl": "10s"})
    await stand.sdk.aio.caches.delete(name=cache.name)
    assert (await stand.bill())["nano_usd"] == bill["nano_usd"] + tokens * 30


async def test_a_cache_costs_nothing_at_prices_of_zero(start: Start) -> None:
    stand = await start(prices="zero", price=price, storage_price=stored)
    await stand.sdk.aio.caches.create(model=FLASH, config=types.CreateCachedContentConfig(contents="word " * 100))
    assert (await stand.bill())["nano_usd"] == 0
