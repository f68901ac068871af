"""What was answered before, found again in the ledger: by everything that makes two calls one, while it is kept."""

from dataclasses import replace

import pytest

from gemini_mcp.engine.answered import Delivery, Request
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import BATCH_OWNER, Finished, Ledger
from gemini_mcp.engine.results import Results

from .conftest import a_call, accepted, rows

ASKED = Request("me", "toolu_1", "abc")


async def answer(ledger: Ledger, request: Request = ASKED, text: str = "Good.", told: str = '{"line": ""}') -> str:
    """A call that ended well and was remembered; its result's id."""
    call = a_call(principal=request.principal)
    await ledger.finish(call, Finished(accepted(call, text), mime_type="text/markdown"))
    ledger.remember(request, call.result_id, told)
    return call.result_id


async def test_an_answer_is_found_again_as_it_was_given(ledger: Ledger) -> None:
    assert await ledger.answer_to(ASKED) is None
    result_id = await answer(ledger)
    assert await ledger.answer_to(ASKED) == Delivery(result_id, "Good.", "text/markdown", '{"line": ""}')


@pytest.mark.parametrize("changed", [{"principal": "you"}, {"tool_use_id": "toolu_2"}, {"arguments_sha256": "abd"}])
async def test_anything_else_is_another_request(ledger: Ledger, changed: dict[str, str]) -> None:
    await answer(ledger)
    assert await ledger.answer_to(replace(ASKED, **changed)) is None


async def test_of_two_answers_the_latest_is_found(ledger: Ledger) -> None:
    await answer(ledger, text="Old.")
    latest = await answer(ledger, text="New.")
    found = await ledger.answer_to(ASKED)
    assert found is not None and (found.result_id, found.text) == (latest, "New.")


async def test_nobody_marks_another_principal_s_result(ledger: Ledger) -> None:
    mine = await answer(ledger, replace(ASKED, tool_use_id="mine"))
    ledger.remember(replace(ASKED, principal="you"), mine, "{}")
    assert await ledger.answer_to(replace(ASKED, principal="you")) is None
    found = await ledger.answer_to(replace(ASKED, tool_use_id="mine"))
    assert found is not None and found.told != "{}"


async def test_what_is_no_longer_kept_is_not_found(ledger: Ledger, database: Database) -> None:
    await answer(ledger)
    Results(database).purge_older_than(-1)
    assert await ledger.answer_to(ASKED) is None


async def test_a_batch_is_found_while_it_is_under_way_and_once_it_is_done(ledger: Ledger, database: Database) -> None:
    call = a_call()
    await ledger.finish(call, Finished(None, "cancelled"))
    ledger.remember(ASKED, call.result_id, "{}")
    assert await ledger.answer_to(ASKED) is None
    await rows(database, "UPDATE calls SET owner = ?, status = 'running'", BATCH_OWNER)
    found = await ledger.answer_to(ASKED)
    assert found is not None and (found.result_id, found.text) == (call.result_id, None)
    await ledger.finish(call, Finished(accepted(call, "Done.")))
    found = await ledger.answer_to(ASKED)
    assert found is not None and (found.text, found.told) == ("Done.", "")


async def test_looking_for_an_answer_does_not_read_the_whole_ledger(ledger: Ledger, database: Database) -> None:
    from gemini_mcp.engine import answered

    plan = await rows(database, f"EXPLAIN QUERY PLAN {answered._FIND}", *("me", "toolu_1", "abc", BATCH_OWNER))
    assert any("calls_by_tool_use" in row["detail"] for row in plan)
    assert not any(row["detail"].startswith("SCAN") for row in plan)
