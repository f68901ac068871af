"""The resources: usage that adds up to the bill, the catalogue, earlier results, long ones in parts."""

import json
import re
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, ResourceLink, TextResourceContents

from gemini_mcp.domain.money import usd_text
from gemini_mcp.tools.usage_report import brief

from .conftest import Shared
from .driving import (
    CANDIDATES,
    FLASH,
    LITE,
    PRO,
    WAYS,
    Era,
    HttpServer,
    Json,
    Stand,
    answer_of,
    delegate,
    held,
    over_http,
    over_stdio,
    read_json,
    read_text,
    receipt_of,
    texts,
)

TOKENS = ("input_tokens", "cached_tokens", "output_tokens", "thinking_tokens", "tool_use_tokens", "search_queries")
PART = 45_000


@pytest_asyncio.fixture(loop_scope="session")
async def fresh(shared: Shared, stand: Stand, task: str) -> AsyncIterator[Client]:
    """A session that nothing was spent in yet."""
    async with held(over_http((await shared.http()).url, "modern", "carol", task[-12:])) as client:
        yield client


@pytest_asyncio.fixture(params=WAYS, loop_scope="session")
async def fresh_by_any_way(
    request: pytest.FixtureRequest, env: dict[str, str], shared: Shared, task: str
) -> AsyncIterator[Client]:
    transport, _, era = request.param.partition("-")
    url = (await shared.http()).url if transport == "http" else ""
    context = over_http(url, era, "carol", task[-12:]) if url else over_stdio(env, era)
    async with held(context) as client:
        yield client


async def spend(client: Client, stand: Stand, task: str) -> list[CallToolResult]:
    """Calls of every kind: accepted, climbed, reused, searched, rerouted, failed."""
    results = [await delegate(client, task), await delegate(client, task)]
    stand.play({"do": "answer", "text": "", "thinking_tokens": 11, "model": LITE})
    results.append(await delegate(client, f"{task}, climbing", context="Background. " * 300))
    stand.play({"do": "reroute", "to": CANDIDATES["flash"][-1], "model": FLASH})
    results.append(await delegate(client, f"{task}, elsewhere", tier="flash", web_search=True))
    stand.play({"do": "answer", "text": ""})
    results.append(await delegate(client, f"{task}, in vain"))
    stand.play({"do": "429", "retry_delay_s": 0, "times": 1})
    results.append(await delegate(client, f"{task}, again"))
    return results


async def test_the_resources_of_the_contract_are_listed(client: Client) -> None:
    listed = {str(each.uri): each for each in (await client.list_resources()).resources}
    assert set(listed) == {
        "usage://session",
        "usage://today",
        "usage://history",
        "models://catalog",
        "results://recent",
    }
    assert all(each.mime_type == "application/json" and each.title and each.description for each in listed.values())


async def test_results_are_listed_as_templates(client: Client) -> None:
    templates = (await client.list_resource_templates()).resource_templates
    assert [each.uri_template for each in templates] == ["results://{id}", "results://{id}/{part}"]


async def test_a_session_starts_with_nothing_spent(fresh: Client) -> None:
    usage = await read_json(fresh, "usage://session")
    assert (usage["calls"], usage["attempts"], usage["cost_usd"], usage["started_at"]) == (0, 0, "0", None)
    assert usage["by_model"] == usage["by_tool"] == [] and usage["session_id"]


async def test_usage_has_every_field_of_the_contract(client: Client, task: str) -> None:
    assert answer_of(await delegate(client, task))
    usage = await read_json(client, "usage://session")
    expected = {"session_id", "started_at", "calls", "attempts", "cache_hits", "cost_usd", "saved_usd", "baseline_usd"}
    expected |= {"by_model", "by_tool", "budget", "unknown_attempts", "simulated", *TOKENS[:-1]}
    assert expected <= set(usage)
    assert set(usage["saved_usd"]) == {"cache", "cascade", "context_cache", "batch", "flex"}
    amounts = {"limit_usd", "spent_usd", "reserved_usd"}
    assert set(usage["budget"]) == {f"{kind}_{amount}" for kind in ("session", "day") for amount in amounts}
    assert {"model", "calls", "cost_usd", *TOKENS[:-1]} <= set(usage["by_model"][0])
    assert {"tool", "calls", "cost_usd", *TOKENS[:-1]} <= set(usage["by_tool"][0])
    assert usage["simulated"] is True and usage["method"]


async def test_the_session_s_usage_is_exactly_the_bill(fresh_by_any_way: Client, stand: Stand, task: str) -> None:
    results = await spend(fresh_by_any_way, stand, task)
    usage, bill = await read_json(fresh_by_any_way, "usage://session"), stand.bill
    assert usage["cost_usd"] == usage["budget"]["session_spent_usd"] == usd_text(bill["nano_usd"])
    assert usage["calls"] == len(results) and usage["cache_hits"] == 1
    assert usage["attempts"] == len(stand.asked) and usage["unknown_attempts"] == 0
    assert usage["budget"]["session_reserved_usd"] == "0"
    billed = bill["models"]
    by_model = {line["model"]: line for line in usage["by_model"]}
    assert {name: line for name, line in by_model.items() if line["cost_usd"] != "0"}.keys() == billed.keys()
    for name, line in billed.items():
        assert {token: by_model[name][token] for token in TOKENS} == {token: line[token] for token in TOKENS}
        assert by_model[name]["cost_usd"] == usd_text(line["nano_usd"])
    for token in TOKENS:
        assert usage[token] == sum(line[token] for line in billed.values())
    (tool,) = usage["by_tool"]
    assert (tool["tool"], tool["cost_usd"], tool["attempts"]) == ("delegate_task", usage["cost_usd"], usage["attempts"])


async def test_receipts_add_up_to_the_session(fresh: Client, stand: Stand, task: str) -> None:
    results = await spend(fresh, stand, task)
    receipts = [_receipt(result) for result in results]
    usage = await read_json(fresh, "usage://session")
    assert sum(Decimal(receipt["cost_usd"]) for receipt in receipts) == Decimal(usage["cost_usd"])
    assert {receipt["session_id"] for receipt in receipts} == {usage["session_id"]}


async def test_savings_are_the_baseline_less_the_bill(fresh: Client, stand: Stand, task: str) -> None:
    await spend(fresh, stand, task)
    usage = await read_json(fresh, "usage://session")
    saved = {name: Decimal(amount) for name, amount in usage["saved_usd"].items()}
    assert sum(saved.values()) == Decimal(usage["baseline_usd"]) - Decimal(usage["cost_usd"])
    first_call_cost = Decimal(usage["saved_usd"]["cache"])
    assert first_call_cost > 0 and saved["batch"] == saved["flex"] == saved["context_cache"] == 0


async def test_the_baseline_is_the_accepted_work_at_pro_s_price(fresh: Client, stand: Stand, task: str) -> None:
    await delegate(fresh, task, tier="pro")
    usage = await read_json(fresh, "usage://session")
    assert usage["baseline_usd"] == usage["cost_usd"] == stand.billed_usd
    assert usage["saved_usd"]["cascade"] == "0" and usage["by_model"][0]["model"] == PRO


def _receipt(result: CallToolResult) -> Json:
    meta: Any = result.meta
    receipt: Json = meta["gemini-agents/error"]["receipt"] if result.is_error else meta["gemini-agents/receipt"]
    return receipt


async def test_today_and_history_tell_the_same_as_the_session(env: dict[str, str], stand: Stand, task: str) -> None:
    async with over_stdio(env, "modern") as client:
        await spend(client, stand, task)
        session = await read_json(client, "usage://session")
        (today,) = (await read_json(client, "usage://today"))["days"]
        history = await read_json(client, "usage://history")
    for name in ("calls", "attempts", "cache_hits", "cost_usd", "saved_usd", "baseline_usd", "by_model", *TOKENS):
        assert today[name] == session[name]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", today["date"])
    assert history["days"] == [today]
    (only,) = history["sessions"]
    assert (only["session_id"], only["calls"]) == (session["session_id"], session["calls"])
    assert (only["cost_usd"], only["started_at"]) == (session["cost_usd"], session["started_at"])


@pytest.mark.parametrize(
    ("scope", "uri"), [("session", "usage://session"), ("today", "usage://today"), ("all", "usage://history")]
)
async def test_usage_report_is_the_same_data_as_the_resource(client: Client, task: str, scope: str, uri: str) -> None:
    await delegate(client, task)
    result = await client.call_tool("usage_report", {"scope": scope})
    (text,) = texts(result)
    assert json.loads(text) == brief(await read_json(client, uri))


async def test_usage_report_of_the_week_holds_today(client: Client, task: str) -> None:
    await delegate(client, task)
    (text,) = texts(await client.call_tool("usage_report", {"scope": "week"}))
    assert json.loads(text)["days"][0] == brief((await read_json(client, "usage://today"))["days"][0])


async def test_reading_and_reporting_cost_nothing(client: Client, stand: Stand) -> None:
    before = await read_json(client, "usage://session")
    for uri in ("usage://today", "usage://history", "models://catalog", "results://recent"):
        await read_json(client, uri)
    await client.call_tool("usage_report", {})
    assert await read_json(client, "usage://session") == before and stand.asked == []


async def test_the_catalogue_tells_tiers_models_prices_and_what_changes(client: Client) -> None:
    catalogue = await read_json(client, "models://catalog")
    assert {tier: each["candidates"] for tier, each in catalogue["tiers"].items()} == CANDIDATES
    lite = next(model for model in catalogue["models"] if model["id"] == LITE)
    assert Decimal(lite["price"]["input"]) > 0 and Decimal(lite["price"]["output"]) > 0
    assert {"status", "context_tokens", "output_tokens", "retires", "rerouted_to"} <= set(lite)
    assert isinstance(catalogue["changes"], list)


async def test_recent_results_are_listed_newest_first(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "text": "\n\nFirst line.\nSecond line."})
    receipts = [receipt_of(await delegate(client, f"{task}, {number}")) for number in range(3)]
    recent = (await read_json(client, "results://recent"))["results"]
    assert [each["id"] for each in recent[:3]] == [receipt["result_id"] for receipt in reversed(receipts)]
    assert len(recent) <= 20
    newest = recent[0]
    assert (newest["tool"], newest["first_line"]) == ("delegate_task", "First line.")
    assert newest["cost_usd"] == receipts[-1]["cost_usd"] and newest["time"]


async def test_a_result_can_be_read_again(client: Client, task: str) -> None:
    result = await delegate(client, task)
    result_id = receipt_of(result)["result_id"]
    assert await read_text(client, f"results://{result_id}") == texts(result)[0]
    assert await read_text(client, f"results://{result_id}/1") == texts(result)[0]


async def test_a_failed_call_leaves_no_result(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "blocked"})
    result_id = _receipt(await delegate(client, task))["result_id"]
    with pytest.raises(MCPError):
        await client.read_resource(f"results://{result_id}")


def long_text() -> str:
    return "".join(f"{number:09d}\n" for number in range(10_050))


async def test_a_long_answer_comes_in_part_with_a_link_to_the_rest(client: Client, stand: Stand, task: str) -> None:
    whole = long_text()
    stand.play({"do": "answer", "text": whole})
    result = await delegate(client, task)
    part, note, link, line = result.content
    uri = f"results://{receipt_of(result)['result_id']}"
    first, told, last = texts(result)
    assert [block.type for block in (part, note, link, line)] == ["text", "text", "resource_link", "text"]
    assert first == whole[:PART] and last.startswith(f"[{LITE}")
    assert "Part 1 of 3" in told and f"{uri}/2" in told and "100,499" in told
    assert isinstance(link, ResourceLink)
    assert (str(link.uri), link.mime_type, link.size) == (uri, "text/plain", 100_499)
    parts = [await read_text(client, f"{uri}/{number}") for number in (1, 2, 3)]
    assert "".join(parts) == whole.strip("\n") and [len(each) for each in parts[:2]] == [PART, PART]
    assert await read_text(client, uri) == parts[0]
    for beyond in ("4", "0", "999999"):
        with pytest.raises(MCPError, match="3 parts"):
            await client.read_resource(f"{uri}/{beyond}")


async def test_an_answer_of_just_the_limit_comes_whole(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "text": "x" * PART})
    result = await delegate(client, task)
    assert texts(result)[0] == "x" * PART and len(result.content) == 2


async def test_long_json_is_never_cut_but_previewed_and_read_whole_by_its_link(
    client: Client, stand: Stand, task: str
) -> None:
    value = {"rows": [f"row {number}" for number in range(6_000)]}
    stand.play({"do": "answer", "text": json.dumps(value)})
    result = await delegate(client, task, expect="json")
    preview, note, _ = texts(result)
    (link,) = [block for block in result.content if isinstance(block, ResourceLink)]
    assert json.dumps(value).startswith(preview) and len(preview) <= 5_000 and "Preview" in note
    (content,) = (await client.read_resource(str(link.uri))).contents
    assert isinstance(content, TextResourceContents)
    assert json.loads(content.text) == value
    assert content.mime_type == link.mime_type == "application/json"


async def test_the_parts_of_long_json_make_up_the_whole(client: Client, stand: Stand, task: str) -> None:
    value = {"rows": [f"row {number}" for number in range(6_000)]}
    stand.play({"do": "answer", "text": json.dumps(value)})
    uri = f"results://{receipt_of(await delegate(client, task, expect='json'))['result_id']}"
    parts = [await read_text(client, f"{uri}/{number}") for number in (1, 2)]
    assert len(parts[0]) == PART and json.loads("".join(parts)) == value


@pytest.mark.parametrize(
    "uri",
    [
        "usage://sessions",
        "usage://session?all=1",
        "models://catalog/lite",
        "results://",
        "results://r_00000000000000000000000000",
        "results://r_short",
        "results://recent/1",
        "results://../ledger.sqlite3",
        "file:///etc/hostname",
    ],
)
async def test_a_resource_that_does_not_exist_is_an_error(client: Client, uri: str) -> None:
    with pytest.raises(MCPError) as caught:
        await client.read_resource(uri)
    assert caught.value.code == -32602


async def test_another_principal_s_results_are_not_found(http: HttpServer, era: Era, task: str) -> None:
    async with over_http(http.url, era, "alice") as alice, over_http(http.url, era, "bob") as bob:
        uri = f"results://{receipt_of(await delegate(alice, task))['result_id']}"
        assert await read_text(alice, uri)
        for hidden in (uri, f"{uri}/1"):
            with pytest.raises(MCPError) as caught:
                await bob.read_resource(hidden)
            assert "There is no resource" in caught.value.message
        recent = (await read_json(bob, "results://recent"))["results"]
        assert uri not in [each["uri"] for each in recent]
        follow_up = await delegate(bob, task, follow_up_to=uri)
        assert follow_up.is_error and texts(follow_up)[0].startswith("invalid_argument: there is no result")


async def test_another_principal_s_usage_is_not_told(http: HttpServer, era: Era, task: str) -> None:
    async with over_http(http.url, era, "alice") as alice, over_http(http.url, era, "dave") as dave:
        before = {uri: await read_json(dave, uri) for uri in ("usage://session", "usage://today", "usage://history")}
        await delegate(alice, task)
        assert {uri: await read_json(dave, uri) for uri in before} == before
        sessions = [each["session_id"] for each in (await read_json(alice, "usage://history"))["sessions"]]
    assert sessions and all(each.startswith("alice/") for each in sessions)
