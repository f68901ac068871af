"""Without a key the server is there, says how to get one, and still tells what was spent."""

import json
from pathlib import Path

from .driving import (
    Era,
    Stand,
    delegate,
    error_of,
    http_server,
    ledger,
    over_http,
    over_stdio,
    read_json,
    receipt_of,
    texts,
)


async def test_the_server_starts_and_the_call_says_how_to_set_a_key(
    env: dict[str, str], home: Path, era: Era, stand: Stand
) -> None:
    del env["GEMINI_API_KEY"]
    async with over_stdio(env, era) as client:
        assert (await client.list_tools()).tools
        result = await delegate(client, "x")
        (report,) = texts(await client.call_tool("usage_report", {}))
        catalogue = await read_json(client, "models://catalog")
    error = error_of(result)
    assert error["code"] == "no_api_key" and error["receipt"] is None
    assert "GEMINI_API_KEY" in error["fix"] and "aistudio.google.com/apikey" in error["fix"]
    assert texts(result)[0].startswith("no_api_key: ")
    assert json.loads(report)["cost_usd"] == "0" and catalogue["models"]
    assert stand.asked == [] and ledger(home) == ledger(home, "calls") == []


async def test_over_http_too(env: dict[str, str], era: Era, stand: Stand) -> None:
    del env["GEMINI_API_KEY"]
    async with http_server(env) as server, over_http(server.url, era) as client:
        assert error_of(await delegate(client, "x"))["code"] == "no_api_key"
    assert stand.asked == []


async def test_a_placeholder_that_was_never_filled_in_counts_as_no_key(env: dict[str, str], stand: Stand) -> None:
    async with over_stdio(env | {"GEMINI_API_KEY": "${GEMINI_API_KEY}"}, "modern") as client:
        assert error_of(await delegate(client, "x"))["code"] == "no_api_key"
    assert stand.asked == []


async def test_google_s_own_variable_will_do(env: dict[str, str], task: str) -> None:
    async with over_stdio(env | {"GEMINI_API_KEY": "", "GOOGLE_API_KEY": "another"}, "modern") as client:
        assert receipt_of(await delegate(client, task))["cache"] == "miss"


async def test_a_key_that_upstream_rejects_is_told(env: dict[str, str], stand: Stand) -> None:
    async with over_stdio(env | {"GEMINI_API_KEY": "a-bad-key"}, "modern") as client:
        error = error_of(await delegate(client, "x"))
    assert error["code"] == "key_rejected" and "a-bad-key" not in json.dumps(error)
    assert len(stand.asked) == 1 and error["receipt"]["cost_usd"] == "0"
