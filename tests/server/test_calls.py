"""A call that goes well: the answer in a block of its own, the receipt in the last, and in full beside it."""

import ast
import json
import re
from decimal import Decimal
from hashlib import sha256
from typing import Any

from mcp import Client
from mcp_types import TextContent

from .driving import CANDIDATES, LITE, Json, Stand, Way, answer_of, delegate, ledger, of_call, receipt_of, texts

RECEIPT_TYPES: dict[str, type | tuple[type, ...]] = {
    "result_id": str,
    "session_id": str,
    "tool": str,
    "tier": str,
    "model": str,
    "family": str,
    "cost_usd": str,
    "saved_usd": str,
    "cache": str,
    "simulated": bool,
    "attempts": list,
    "sources": list,
}
ATTEMPT_TYPES: dict[str, type | tuple[type, ...]] = {
    "attempt_id": str,
    "model": str,
    "model_served": str,
    "service_tier": str,
    "tier": str,
    "verdict": str,
    "reason": str,
    "input_tokens": int,
    "cached_tokens": int,
    "output_tokens": int,
    "thinking_tokens": int,
    "tool_use_tokens": int,
    "search_queries": int,
    "cost_usd": str,
    "ms": int,
}
SCHEMA: Json = {
    "type": "object",
    "properties": {"colours": {"type": "array", "items": {"type": "string"}, "minItems": 2}},
    "required": ["colours"],
}


def has_types(value: Json, types: dict[str, Any]) -> bool:
    return all(isinstance(value[name], expected) and type(value[name]) is expected for name, expected in types.items())


async def test_the_first_block_is_the_answer_and_the_last_the_receipt(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "text": "Blue.\nAnd green."})
    result = await delegate(client, task)
    assert all(isinstance(block, TextContent) for block in result.content)
    answer, line = texts(result)
    assert answer == "Blue.\nAnd green."
    result_id = receipt_of(result)["result_id"]
    shape = rf"\[{LITE} · lite · [\d,]+ in / [\d,]+ out · \$0\.\d+ · \d+(?:\.\d+)? s · {result_id}( · .*)?\]"
    assert re.fullmatch(shape, line)
    assert line.endswith("SIMULATED]")


async def test_there_is_no_structured_content_that_would_hide_the_text(client: Client, task: str) -> None:
    assert (await delegate(client, task)).structured_content is None
    assert (await client.call_tool("usage_report", {})).structured_content is None


async def test_the_receipt_has_every_field_of_the_contract(client: Client, task: str) -> None:
    receipt = receipt_of(await delegate(client, task))
    assert has_types(receipt, RECEIPT_TYPES)
    (attempt,) = receipt["attempts"]
    assert has_types(attempt, ATTEMPT_TYPES)
    assert re.fullmatch(r"r_[0-9a-hjkmnp-tv-z]{26}", receipt["result_id"])
    assert re.fullmatch(r"a_[0-9a-hjkmnp-tv-z]{26}", attempt["attempt_id"])
    named = {name: receipt[name] for name in ("tool", "tier", "model", "family", "cache", "simulated", "sources")}
    assert named == {
        "tool": "delegate_task",
        "tier": "lite",
        "model": LITE,
        "family": "text",
        "cache": "miss",
        "simulated": True,
        "sources": [],
    }
    assert (attempt["model"], attempt["model_served"], attempt["verdict"]) == (LITE, LITE, "accepted")


async def test_the_receipt_is_to_the_nano_dollar_what_upstream_bills(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "text": "An answer.", "thinking_tokens": 37})
    receipt = receipt_of(await delegate(client, task))
    (attempt,) = receipt["attempts"]
    assert receipt["cost_usd"] == attempt["cost_usd"] == stand.billed_usd != "0"
    (line,) = stand.bill["models"].values()
    counted = ("input_tokens", "cached_tokens", "output_tokens", "thinking_tokens", "tool_use_tokens", "search_queries")
    assert {name: attempt[name] for name in counted} == {name: line[name] for name in counted}
    assert attempt["thinking_tokens"] == 37
    assert Decimal(receipt["saved_usd"]) > 0


async def test_one_row_of_the_ledger_holds_what_the_receipt_says(way: Way, task: str) -> None:
    receipt = receipt_of(await delegate(way.client, task))
    (row,) = of_call(way.home, receipt)
    (attempt,) = receipt["attempts"]
    assert (row["state"], row["verdict"], row["usage_known"]) == ("settled", "accepted", 1)
    for name in ("attempt_id", "model", "model_served", "tier", "input_tokens", "output_tokens"):
        assert row[name] == attempt[name]
    assert Decimal(row["cost_nano"]) / 10**9 == Decimal(attempt["cost_usd"])
    assert row["reserved_nano"] >= row["cost_nano"]
    (call,) = [each for each in ledger(way.home, "calls") if each["result_id"] == receipt["result_id"]]
    assert (call["status"], call["session_id"]) == ("done", receipt["session_id"])


async def test_json_stands_alone_in_its_block(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "text": 'Here you are:\n```json\n{"colours": ["blue", "green"]}\n```\n'})
    result = await delegate(client, task, output_schema=SCHEMA)
    assert json.loads(answer_of(result)) == {"colours": ["blue", "green"]}
    assert len(result.content) == 2 and receipt_of(result)["family"] == "schema"


async def test_expect_json_gives_json_without_a_schema(client: Client, task: str) -> None:
    result = await delegate(client, task, expect="json")
    assert isinstance(json.loads(answer_of(result)), dict)
    assert receipt_of(result)["family"] == "json"


async def test_python_stands_alone_in_its_block(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "text": "Sure!\n```python\ndef add(a, b):\n    return a + b\n```\nThat is it."})
    code = answer_of(await delegate(client, task, expect="python"))
    assert code == "def add(a, b):\n    return a + b"
    ast.parse(code)


async def test_a_diff_stands_alone_in_its_block_ready_to_apply(way: Way, stand: Stand, task: str) -> None:
    (way.project / "greeting.txt").write_text("hello\nworld\n")
    diff = "--- a/greeting.txt\n+++ b/greeting.txt\n@@ -1,2 +1,2 @@\n-hello\n+good day\n world\n"
    stand.play({"do": "answer", "text": f"```diff\n{diff}```"})
    assert answer_of(await delegate(way.client, task, expect="diff", files=["greeting.txt"])) == diff


async def test_files_are_sent_whole_and_told_in_the_receipt(way: Way, stand: Stand, task: str) -> None:
    content = "The quick brown fox.\nJumps ↷ over the lazy dog.\n"
    (way.project / "fox.md").write_text(content, "utf-8")
    receipt = receipt_of(await delegate(way.client, task, files=["fox.md"]))
    raw = content.encode()
    assert receipt["sources"] == [
        {"path": "fox.md", "bytes": len(raw), "sha256": sha256(raw).hexdigest(), "sent_as": "text"}
    ]
    (prompt,) = stand.prompts
    assert content in prompt and task in prompt


async def test_lists_and_objects_given_as_json_text_are_understood(way: Way, stand: Stand, task: str) -> None:
    """Models now and then quote what should be a list or an object."""
    (way.project / "quoted.txt").write_text("quoted")
    result = await delegate(way.client, task, files='["quoted.txt"]', output_schema=json.dumps(SCHEMA))
    assert [source["path"] for source in receipt_of(result)["sources"]] == ["quoted.txt"]
    assert set(json.loads(answer_of(result))) == {"colours"}


async def test_the_tier_asked_for_is_where_it_starts(client: Client, stand: Stand, task: str) -> None:
    receipt = receipt_of(await delegate(client, task, tier="pro"))
    assert receipt["tier"] == "pro" and stand.asked == [receipt["model"]]
    assert receipt["cost_usd"] == stand.billed_usd


async def test_a_model_asked_for_by_name_is_the_one_that_answers(client: Client, stand: Stand, task: str) -> None:
    wanted = CANDIDATES["flash"][-1]
    receipt = receipt_of(await delegate(client, task, tier=wanted))
    assert receipt["model"] == wanted and stand.asked == [wanted]


async def test_pages_found_by_searching_end_the_answer(client: Client, stand: Stand, task: str) -> None:
    result = await delegate(client, task, web_search=True)
    assert answer_of(result).endswith("Sources:\n- simulated source: https://example.com/simulated")
    receipt = receipt_of(result)
    assert (receipt["attempts"][0]["search_queries"], receipt["family"]) == (1, "search")
    assert receipt["cost_usd"] == stand.billed_usd


async def test_a_cap_that_fits_shrinks_the_answer_s_room(client: Client, stand: Stand, task: str) -> None:
    receipt = receipt_of(await delegate(client, task, max_cost_usd=0.002))
    body = json.loads(stand.simulator.log.entries()[0].body)
    assert body["generationConfig"]["maxOutputTokens"] < 4_096
    assert Decimal(receipt["cost_usd"]) <= Decimal("0.002")


async def test_a_retried_error_is_told_and_costs_nothing(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "429", "times": 1, "retry_delay_s": 0})
    receipt = receipt_of(await delegate(client, task))
    assert [attempt["verdict"] for attempt in receipt["attempts"]] == ["retried", "accepted"]
    assert receipt["attempts"][0]["cost_usd"] == "0" and receipt["cost_usd"] == stand.billed_usd


async def test_usage_that_was_not_told_costs_the_reservation(way: Way, stand: Stand, task: str) -> None:
    stand.play({"do": "no_usage"})
    receipt = receipt_of(await delegate(way.client, task))
    (attempt,) = receipt["attempts"]
    assert attempt["verdict"] == "unknown" and attempt["input_tokens"] is None
    (row,) = of_call(way.home, receipt)
    assert (row["verdict"], row["usage_known"]) == ("unknown", 0)
    assert row["cost_nano"] == row["reserved_nano"] > 0
    assert Decimal(receipt["cost_usd"]) * 10**9 == row["reserved_nano"] >= stand.bill["nano_usd"]
