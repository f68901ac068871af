"""Tasks at half price, through a real server: queued, read later, and found again whatever happened meanwhile."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError

from gemini_mcp.domain.money import nano_from_usd

from .driving import (
    FLASH,
    LITE,
    Json,
    Stand,
    Way,
    answer_of,
    bounded,
    delegate,
    error_of,
    ledger,
    over_http,
    over_stdio,
    read_json,
    read_text,
    receipt_of,
    texts,
)


async def queued(client: Client, task: str, **arguments: Any) -> Json:
    """The receipt of a task that was queued."""
    return receipt_of(await delegate(client, task, batch=True, **arguments))


async def arrived(client: Client, result_id: str) -> str:
    """The result, read again and again: each time the server looks at Gemini, and the batch is a step further on."""
    async with bounded():
        while True:
            text = await read_text(client, f"results://{result_id}")
            if not text.startswith(f"{result_id} is "):
                return text


def batches_created(stand: Stand) -> int:
    return sum("batchGenerateContent" in entry.path for entry in stand.simulator.log.entries())


def attempts_of(home: Path, receipt: Json) -> list[Json]:
    return [row for row in ledger(home) if row["result_id"] == receipt["result_id"]]


def spent_nano(rows: list[Json]) -> int:
    return sum(row["cost_nano"] for row in rows)


async def test_a_batch_is_queued_at_once_and_its_answer_costs_half(way: Way, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "text": "All is well.", "thinking_tokens": 40})
    result = await delegate(way.client, task, batch=True)
    receipt = receipt_of(result)
    uri = f"results://{receipt['result_id']}"
    assert answer_of(result).startswith(f"Queued as {receipt['result_id']}: half price") and uri in answer_of(result)
    (attempt,) = receipt["attempts"]
    assert (receipt["cost_usd"], attempt["service_tier"], attempt["verdict"]) == (None, "batch", None)
    assert texts(result)[1].startswith(f"[queued · {LITE} · lite · at most $")
    (row,) = attempts_of(way.home, receipt)
    assert (row["state"], row["owner"], row["reserved_nano"]) == (
        "reserved",
        "batch",
        nano_from_usd(receipt["reserved_usd"]),
    )
    assert stand.bill["calls"] == 0

    pending = (await read_json(way.client, "results://recent"))["pending"]
    (waiting,) = [each for each in pending if each["uri"] == uri]
    assert waiting["id"] == receipt["result_id"] and waiting["tool"] == "delegate_task"
    assert waiting["standing"].startswith(f"{receipt['result_id']} is queued since ")

    assert (await read_text(way.client, uri)).startswith(f"{receipt['result_id']} is ")
    assert await arrived(way.client, receipt["result_id"]) == "All is well."

    recent = await read_json(way.client, "results://recent")
    assert uri not in [each["uri"] for each in recent["pending"]] and recent["results"][0]["uri"] == uri
    (row,) = attempts_of(way.home, receipt)
    assert (row["state"], row["verdict"], row["service_tier"]) == ("settled", "accepted", "batch")
    assert row["cost_nano"] == stand.bill["nano_usd"] and row["discount_nano"] == row["cost_nano"] > 0
    assert batches_created(stand) == 1


async def test_a_finished_batch_is_a_result_like_any_other(any_way: Way, stand: Stand, task: str) -> None:
    client = any_way.client
    before = (await read_json(client, "usage://session"))["saved_usd"]["batch"]
    receipt = await queued(client, task, expect="json", output_schema={"type": "object"})
    text = await arrived(client, receipt["result_id"])
    assert text.startswith("{")
    (latest, *_) = (await read_json(client, "results://recent"))["results"]
    assert (latest["id"], latest["cost_usd"]) == (receipt["result_id"], stand.billed_usd)
    usage = await read_json(client, "usage://session")
    assert usage["budget"]["session_reserved_usd"] == "0"
    assert nano_from_usd(usage["saved_usd"]["batch"]) - nano_from_usd(before) == stand.bill["nano_usd"]
    (call,) = [row for row in ledger(any_way.home, "calls") if row["result_id"] == receipt["result_id"]]
    assert (call["status"], call["cost_nano"]) == ("done", stand.bill["nano_usd"])
    later = await delegate(client, task, expect="json", output_schema={"type": "object"})
    assert receipt_of(later)["cache"] == "hit" and answer_of(later) == text


async def test_what_the_cache_holds_is_not_queued(any_way: Way, stand: Stand, task: str) -> None:
    first = await delegate(any_way.client, task)
    again = await delegate(any_way.client, task, batch=True)
    assert answer_of(again) == answer_of(first) and receipt_of(again)["cache"] == "hit"
    assert batches_created(stand) == 0
    fresh = await queued(any_way.client, task, fresh=True)
    assert fresh["cache"] == "off" and batches_created(stand) == 1
    await arrived(any_way.client, fresh["result_id"])


async def test_an_answer_that_fails_its_check_climbs_in_another_batch(any_way: Way, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "model": LITE, "text": "no JSON"}, {"do": "answer", "model": FLASH, "text": '{"a": 1}'})
    receipt = await queued(any_way.client, task, expect="json")
    assert await arrived(any_way.client, receipt["result_id"]) == '{"a": 1}'
    rows = sorted(attempts_of(any_way.home, receipt), key=lambda row: row["attempt_id"])
    assert [(row["model"], row["verdict"]) for row in rows] == [(LITE, "rejected"), (FLASH, "accepted")]
    assert spent_nano(rows) == stand.bill["nano_usd"] and batches_created(stand) == 2
    asked = [entry for entry in stand.simulator.log.entries() if "batchGenerateContent" in entry.path]
    assert b"turned down: not JSON" in asked[1].body


async def test_a_request_that_fails_is_asked_once_more(any_way: Way, stand: Stand, task: str) -> None:
    stand.play({"do": "503", "model": LITE, "times": 1}, {"do": "answer", "text": "At last."})
    receipt = await queued(any_way.client, task)
    assert await arrived(any_way.client, receipt["result_id"]) == "At last."
    rows = sorted(attempts_of(any_way.home, receipt), key=lambda row: row["attempt_id"])
    assert [(row["verdict"], row["cost_nano"] > 0) for row in rows] == [("retried", False), ("accepted", True)]


async def test_a_request_that_fails_twice_is_told_in_words_and_costs_nothing(
    any_way: Way, stand: Stand, task: str
) -> None:
    stand.play({"do": "503"})
    receipt = await queued(any_way.client, task)
    told = await arrived(any_way.client, receipt["result_id"])
    assert told.startswith("upstream_unavailable: a batch could not answer it, twice")
    rows = attempts_of(any_way.home, receipt)
    assert len(rows) == 2 and spent_nano(rows) == 0 and all(row["state"] == "settled" for row in rows)
    (call,) = [row for row in ledger(any_way.home, "calls") if row["result_id"] == receipt["result_id"]]
    assert (call["status"], call["error_code"]) == ("error", "upstream_unavailable")


async def test_a_cancelled_batch_costs_nothing_where_gemini_says_so(any_way: Way, stand: Stand, task: str) -> None:
    receipt = await queued(any_way.client, task)
    simulator = stand.simulator
    (batch, *_) = simulator.batches.read_all(simulator.answer_in_batch, simulator.now())
    simulator.batches.cancel(batch.id, simulator.answer_in_batch, simulator.now())
    assert "the batch was cancelled" in await arrived(any_way.client, receipt["result_id"])
    (row,) = attempts_of(any_way.home, receipt)
    assert (row["state"], row["verdict"], row["cost_nano"]) == ("settled", "failed", 0)


async def test_what_gemini_refuses_is_an_error_and_costs_nothing(any_way: Way, stand: Stand, task: str) -> None:
    stand.play({"do": "400", "path": "*:batchGenerateContent", "message": "No."})
    error = error_of(await delegate(any_way.client, task, batch=True))
    assert error["code"] == "invalid_argument" and error["receipt"]["cost_usd"] == "0"
    (row,) = attempts_of(any_way.home, error["receipt"])
    assert (row["state"], row["cost_nano"]) == ("settled", 0)


async def test_what_takes_no_batches_is_refused_before_anything_is_sent(any_way: Way, stand: Stand, task: str) -> None:
    error = error_of(await delegate(any_way.client, task, batch=True, tier="gemma-4-31b-it"))
    assert error["code"] == "invalid_argument" and "takes no batches" in error["message"]
    assert stand.asked == []


async def test_a_tier_whose_first_model_takes_no_batches_says_who_is_asked(
    env: dict[str, str], stand: Stand, task: str
) -> None:
    async with over_stdio({**env, "GEMINI_AGENTS_LITE": "gemma-4-31b-it"}, "modern") as client:
        receipt = await queued(client, task)
    assert receipt["attempts"][0]["model"] == LITE
    assert receipt["warnings"] == [f"gemma-4-31b-it takes no batches; {LITE} is asked"]


async def test_a_cap_holds_for_a_batch_too(any_way: Way, stand: Stand, task: str) -> None:
    error = error_of(await delegate(any_way.client, task, batch=True, max_cost_usd=0.000001))
    assert error["code"] == "budget_exceeded" and "as a batch" in error["message"]
    assert batches_created(stand) == 0


async def test_the_day_budget_holds_for_a_batch_too(env: dict[str, str], stand: Stand, task: str) -> None:
    async with over_stdio({**env, "GEMINI_AGENTS_DAY_BUDGET_USD": "0.0001"}, "modern") as client:
        error = error_of(await delegate(client, task, batch=True))
    assert error["code"] == "budget_exceeded" and "day budget" in error["message"]
    assert batches_created(stand) == 0


async def test_nobody_reads_the_standing_of_another_principals_batch(shared: Any, stand: Stand, task: str) -> None:
    alices = await shared.way("http-modern")
    receipt = await queued(alices.client, task)
    server = await shared.http()
    async with over_http(server.url, "modern", "bob") as bob:
        with pytest.raises(MCPError) as caught:
            await read_text(bob, f"results://{receipt['result_id']}")
    assert "There is no resource" in caught.value.message
    await arrived(alices.client, receipt["result_id"])


# --------------------------------------------------------------------------------------------------------- summaries


def a_document(words: int, seed: str) -> str:
    """Prose of numbered sentences, no two alike."""
    sentences = (
        f"Finding {seed}{number} says that pump {number * 7} lost {number % 90 + 1} bar."
        for number in range(words // 10)
    )
    return "# Report\n\n" + "\n\n".join(sentences) + "\n"


async def summarize(client: Client, *paths: Path, **arguments: Any) -> Json:
    sources = [str(path) for path in paths]
    return receipt_of(await client.call_tool("summarize_docs", {"sources": sources, **arguments}))


async def test_a_document_is_summarised_in_a_batch_though_it_is_gone_by_then(
    any_way: Way, stand: Stand, task: str
) -> None:
    path = any_way.project / "short.md"
    path.write_text(a_document(300, task[-12:]))
    receipt = await summarize(any_way.client, path, batch=True)
    path.unlink()
    summary = await arrived(any_way.client, receipt["result_id"])
    assert "short.md:" in summary and batches_created(stand) == 1
    assert spent_nano(attempts_of(any_way.home, receipt)) == stand.bill["nano_usd"]


async def test_the_parts_of_a_long_summary_are_one_batch_and_its_merge_is_asked_directly(
    any_way: Way, stand: Stand, task: str
) -> None:
    paths = [any_way.project / f"long{number}.md" for number in range(3)]
    for number, path in enumerate(paths):
        path.write_text(a_document(22_000, f"{task[-12:]}-{number}-"))
    receipt = await summarize(any_way.client, *paths, batch=True)
    parts = len(receipt["attempts"])
    assert parts > 2 and all(attempt["service_tier"] == "batch" for attempt in receipt["attempts"])
    assert "long1.md:" in await arrived(any_way.client, receipt["result_id"])
    rows = attempts_of(any_way.home, receipt)
    assert sorted(row["service_tier"] for row in rows) == ["batch"] * parts + ["standard"] * (len(rows) - parts)
    assert len(rows) > parts and batches_created(stand) == 1
    assert spent_nano(rows) == stand.bill["nano_usd"] and all(row["verdict"] == "accepted" for row in rows)
    asked = len(stand.asked)
    again = await summarize(any_way.client, *paths)
    assert again["cache"] == "hit" and len(stand.asked) == asked


async def test_a_part_that_no_batch_could_read_is_named_in_the_summary(any_way: Way, stand: Stand, task: str) -> None:
    paths = [any_way.project / f"lost{number}.md" for number in range(3)]
    for number, path in enumerate(paths):
        path.write_text(a_document(22_000, f"{task[-12:]}-{number}-"))
    stand.play({"do": "400", "match": f"{task[-12:]}-2-2100 ", "message": "No."})
    receipt = await summarize(any_way.client, *paths, batch=True)
    summary = await arrived(any_way.client, receipt["result_id"])
    assert "lost2.md" in summary and "lost0.md:" in summary
    rows = attempts_of(any_way.home, receipt)
    assert [row["cost_nano"] for row in rows if row["verdict"] == "failed"] == [0]
    assert spent_nano(rows) == stand.bill["nano_usd"]


# ------------------------------------------------------------------------------------------------------ after an end


async def test_a_batch_outlives_its_server(env: dict[str, str], home: Path, stand: Stand, task: str) -> None:
    async with over_stdio(env, "legacy") as client:
        receipt = await queued(client, task)
    async with over_stdio(env, "modern") as client:
        await arrived(client, receipt["result_id"])
    rows = attempts_of(home, receipt)
    assert [row["verdict"] for row in rows] == ["accepted"] and spent_nano(rows) == stand.bill["nano_usd"]
    assert batches_created(stand) == 1


async def test_a_batch_that_was_created_but_not_noted_is_adopted(
    env: dict[str, str], home: Path, stand: Stand, task: str
) -> None:
    """As a server leaves the ledger that dies between creating and recording."""
    async with over_stdio(env, "legacy") as client:
        receipt = await queued(client, task)
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as connection, connection:
        connection.execute("UPDATE batches SET state = 'creating', name = '', lease_owner = 'gone', next_poll_at = 0")
    async with over_stdio(env, "legacy") as client:
        await read_json(client, "usage://session")
        await arrived(client, receipt["result_id"])
    assert batches_created(stand) == 1 and spent_nano(attempts_of(home, receipt)) == stand.bill["nano_usd"]


async def test_two_servers_pay_once(env: dict[str, str], home: Path, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "model": LITE, "text": "no JSON"}, {"do": "answer", "model": FLASH, "text": '{"a": 1}'})
    async with over_stdio(env, "legacy") as one, over_stdio(env, "legacy") as other:
        receipt = await queued(one, task, expect="json")
        assert await arrived(other, receipt["result_id"]) == await arrived(one, receipt["result_id"]) == '{"a": 1}'
    assert batches_created(stand) == 2 and spent_nano(attempts_of(home, receipt)) == stand.bill["nano_usd"]
