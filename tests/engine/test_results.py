"""Earlier results: whole, in parts, the latest, and only one's own."""

import time
from typing import Any

import pytest

from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import Finished, Ledger
from gemini_mcp.engine.ports import Call
from gemini_mcp.engine.results import PART_CHARACTERS, RECENT, KeptResult, Results

from .conftest import LITE, a_call, accepted, an_attempt, rows


@pytest.fixture
def results(database: Database) -> Results:
    return Results(database)


async def keep(ledger: Ledger, text: str = "Good.", principal: str = "me", **call: Any) -> Call:
    made = a_call(principal=principal, family="text", cache_key="key", **call)
    attempt = an_attempt(made, cost_nano=1_000, verdict="accepted")
    await ledger.reserve(made, attempt)
    ledger.settle(attempt)
    await ledger.finish(made, Finished(accepted(made, text), instruction="do it", mime_type="text/markdown"))
    return made


async def test_a_result_comes_back_as_it_was_given(ledger: Ledger, results: Results) -> None:
    text = "Grüße 😀\n\n\ttab\r\n" + "\u2028"
    call = await keep(ledger, text)
    assert await results.get("me", call.result_id) == KeptResult(
        call.result_id, "delegate_task", "do it", text, "text/markdown", "lite", LITE, "text", "key"
    )


async def test_nobody_gets_anothers_result(ledger: Ledger, results: Results) -> None:
    call = await keep(ledger)
    assert await results.get("you", call.result_id) is None
    assert await results.recent("you") == []
    assert await results.get("me", "r_" + "0" * 26) is None


@pytest.mark.parametrize(
    ("size", "parts"),
    [(0, 1), (1, 1), (PART_CHARACTERS, 1), (PART_CHARACTERS + 1, 2), (3 * PART_CHARACTERS, 3)],
)
def test_the_parts_put_together_are_the_whole(size: int, parts: int) -> None:
    text = "".join(chr(97 + n % 26) for n in range(size))
    kept = KeptResult("r_1", "t", "", text, "text/plain", None, "", "", None)
    assert kept.parts == parts
    found = [kept.part(number) for number in range(1, parts + 1)]
    assert "".join(part or "" for part in found) == text and None not in found
    assert all(len(part or "") <= PART_CHARACTERS for part in found)


@pytest.mark.parametrize("number", [-1, 0, 2, 10**9])
def test_there_is_no_part_before_the_first_or_after_the_last(number: int) -> None:
    assert KeptResult("r_1", "t", "", "short", "text/plain", None, "", "", None).part(number) is None


async def test_the_latest_come_first_with_their_first_line_and_cost(ledger: Ledger, results: Results) -> None:
    calls = [
        await keep(ledger, f"\n\n  line {number}\nmore", result_id=f"r_{number:026}") for number in range(RECENT + 3)
    ]
    found = await results.recent("me")
    assert [each["id"] for each in found] == [call.result_id for call in reversed(calls)][:RECENT]
    newest = found[0]
    assert newest["uri"] == f"results://{calls[-1].result_id}"
    assert newest["first_line"].strip() == f"line {RECENT + 2}"
    assert newest["cost_usd"] == "0.000001"
    assert newest["time"].startswith(time.strftime("%Y-"))


async def test_a_long_first_line_is_cut(ledger: Ledger, results: Results) -> None:
    await keep(ledger, "x" * 5_000)
    assert len((await results.recent("me"))[0]["first_line"]) == 120


async def test_an_empty_result_has_an_empty_first_line(ledger: Ledger, results: Results) -> None:
    await keep(ledger, "")
    assert (await results.recent("me"))[0]["first_line"] == ""


async def test_purging_deletes_what_is_older_and_keeps_the_ledger(
    database: Database, ledger: Ledger, results: Results
) -> None:
    old, new = await keep(ledger), await keep(ledger)
    await database.run(
        lambda connection: connection.execute(
            "UPDATE results SET created_at = ? WHERE result_id = ?", (time.time() - 31 * 86_400, old.result_id)
        )
    )
    results.purge_older_than(30)
    assert await results.get("me", old.result_id) is None
    assert await results.get("me", new.result_id) is not None
    assert len(await rows(database, "SELECT * FROM attempts")) == 2
