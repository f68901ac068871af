"""delegate_task from its arguments to its receipt, over everything real but Gemini."""

import json
import sqlite3
from decimal import Decimal
from typing import Any

import anyio
import pytest
from pydantic import ValidationError

from gemini_mcp.domain.errors import (
    AgentError,
    BudgetExceeded,
    FileNotFound,
    InvalidArgument,
    KeyRejected,
    NoAcceptableAnswer,
    NoApiKey,
    PathDenied,
    SecretFound,
    TooLarge,
    UnknownModelName,
)
from gemini_mcp.domain.money import usd_text
from gemini_mcp.tools.arguments import DelegateTask
from gemini_mcp.tools.services import Delivered, ToolFailure

from .conftest import FLASH, LITE, ME, PRO, YOU, Office, Open

WAIT_S = 10


def receipt(delivered: Delivered) -> dict[str, Any]:
    assert delivered.receipt is not None
    return delivered.receipt


async def refused(office: Office, kind: type[AgentError], task: str = "hi", **arguments: Any) -> AgentError:
    """A refusal before anything was sent: nothing charged and nothing in the ledger."""
    with pytest.raises(kind) as caught:
        await office.delegate(task, **arguments)
    assert type(caught.value) is kind
    assert (office.asked, office.billed_nano) == ([], 0)
    assert (await office.services.reports.session(ME))["calls"] == 0
    return caught.value


async def failed(office: Office, **arguments: Any) -> ToolFailure:
    with pytest.raises(ToolFailure) as caught:
        await office.delegate(**arguments)
    return caught.value


# ------------------------------------------------------------------------------------------------------------- works


async def test_a_task_is_answered_by_the_cheapest_tier_with_a_receipt(office: Open) -> None:
    here = await office()
    made = await here.delegate("What is 6 * 7?")
    assert "42" in made.text and here.asked == [LITE]
    whole = receipt(made)
    assert (whole["tier"], whole["model"], whole["cache"], whole["simulated"]) == ("lite", LITE, "miss", True)
    assert whole["cost_usd"] == usd_text(here.billed_nano) != "0"
    assert made.receipt_line.startswith(f"[{LITE} · lite · ") and made.result_id in made.receipt_line
    assert [attempt["verdict"] for attempt in whole["attempts"]] == ["accepted"]


async def test_files_are_read_here_and_listed_in_the_receipt(office: Open) -> None:
    here = await office()
    (here.project / "a.txt").write_text("The sum is 5.")
    made = await here.delegate("Summarise.", files=["a.txt"])
    (source,) = receipt(made)["sources"]
    assert (source["path"], source["bytes"], source["sent_as"]) == ("a.txt", 13, "text")
    assert "The sum is 5." in json.dumps(here.simulator.log.entries()[0].as_json()["body"])


async def test_a_schema_gives_json_that_fits_it(office: Open) -> None:
    here = await office()
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    made = await here.delegate("Name something.", output_schema=schema)
    assert isinstance(json.loads(made.text)["name"], str) and made.mime_type == "application/json"


async def test_a_failed_check_climbs_and_every_attempt_is_on_the_bill(office: Open) -> None:
    here = await office({"do": "answer", "text": "I cannot help with that.", "model": LITE})
    made = await here.delegate("What is 6 * 7?")
    whole = receipt(made)
    assert here.asked == [LITE, FLASH]
    assert [(a["verdict"], a["model"]) for a in whole["attempts"]] == [("rejected", LITE), ("accepted", FLASH)]
    assert whole["cost_usd"] == usd_text(here.billed_nano)
    assert "lite rejected: refused" in made.receipt_line


async def test_the_ledger_is_the_bill_to_the_nano_dollar(office: Open) -> None:
    here = await office(
        {"do": "503", "times": 1},
        {"do": "answer", "text": "", "model": LITE, "match": "third"},
        {"do": "reroute", "to": "gemini-3.6-flash", "match": "fourth"},
        {"do": "blocked", "match": "fifth"},
    )
    for task in ("first", "second", "third", "fourth", "first"):
        await here.delegate(task)
    with pytest.raises(ToolFailure):
        await here.delegate("fifth")
    session = await here.services.reports.session(ME)
    assert session["cost_usd"] == usd_text(here.billed_nano)
    assert (session["calls"], session["cache_hits"]) == (6, 1)
    served = here.simulator.bill.as_json()["models"]
    by_model = {each["model"]: each["cost_usd"] for each in session["by_model"]}
    assert by_model == {model: usd_text(line["nano_usd"]) for model, line in served.items()}


async def test_verdicts_on_disk_are_those_of_the_receipt(office: Open) -> None:
    here = await office({"do": "503", "times": 1}, {"do": "answer", "text": "", "model": LITE})
    made = await here.delegate("first")
    await here.services.reports.session(ME)
    with sqlite3.connect(here.home / "ledger.sqlite3") as other:
        kept = other.execute("SELECT attempt_id, verdict, state FROM attempts ORDER BY attempt_id").fetchall()
    other.close()
    told = [(a["attempt_id"], a["verdict"], "settled") for a in receipt(made)["attempts"]]
    assert kept == sorted(told) and [verdict for _, verdict, _ in told] == ["retried", "rejected", "accepted"]


# ------------------------------------------------------------------------------------------------------------- cache


async def test_the_same_again_costs_nothing_and_says_so(office: Open) -> None:
    here = await office()
    first, second = await here.delegate("hi"), await here.delegate("hi")
    assert (second.text, here.asked) == (first.text, [LITE])
    assert second.result_id != first.result_id
    assert (receipt(second)["cache"], receipt(second)["cost_usd"]) == ("hit", "0")
    assert "cached" in second.receipt_line


@pytest.mark.parametrize("change", [{"fresh": True}, {"caller": YOU}, {"task": "hi!"}, {"context": "x"}])
async def test_what_is_not_the_same_is_asked(office: Open, change: dict[str, Any]) -> None:
    here = await office()
    await here.delegate("hi")
    await here.delegate(**({"task": "hi"} | change))
    assert len(here.asked) == 2


async def test_what_no_model_can_hold_is_sent_to_summarize_docs(office: Open) -> None:
    here = await office()
    (here.project / "big.txt").write_text("1 2 3 4\n" * 150_000)
    failure = await failed(here, task="What is it about?", files=["big.txt"])
    assert isinstance(failure.error, TooLarge) and "summarize_docs" in failure.error.fix
    failure = await failed(here, task="What is it about?", context="1 2 3 4\n" * 150_000)
    assert isinstance(failure.error, TooLarge) and "summarize_docs" not in failure.error.fix
    assert here.asked == []


async def test_an_empty_file_is_told(office: Open) -> None:
    here = await office()
    for name in ("zero.md", "blank.md"):
        (here.project / name).write_text("\n" if name == "blank.md" else "")
    (here.project / "full.md").write_text("text")
    assert "nothing to read in zero.md · " in (await here.delegate("hi", files=["zero.md", "full.md"])).receipt_line
    assert "nothing to read in blank.md, zero.md · " in (await here.delegate("hi", files=["."])).receipt_line


async def test_what_a_folder_holds_besides_is_counted_in_the_line_and_listed_in_the_receipt(office: Open) -> None:
    here = await office()
    for number in range(5):
        (here.project / f"{number}.zip").write_bytes(b"")
    (here.project / "__pycache__").mkdir()
    (here.project / "__pycache__" / "a.txt").write_text("text")
    (here.project / "full.md").write_text("text")
    made = await here.delegate("hi", files=["."])
    assert "5 of 6 files not read: .zip files are not read; e.g. 0.zip, 1.zip, 2.zip · " in made.receipt_line
    assert [each["path"] for each in receipt(made)["not_read"]] == [f"{number}.zip" for number in range(5)]


async def test_a_changed_file_is_asked_about_again(office: Open) -> None:
    here = await office()
    for text in ("one", "two", "one"):
        (here.project / "a.txt").write_text(text)
        await here.delegate("Summarise.", files=["a.txt"])
    assert len(here.asked) == 2


async def test_identical_calls_at_once_are_paid_once(office: Open) -> None:
    here = await office({"do": "delay", "seconds": 0.05})
    made: list[Delivered] = []

    async def one() -> None:
        made.append(await here.delegate("hi"))

    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            for _ in range(20):
                group.start_soon(one)
    assert here.asked == [LITE] and len({each.result_id for each in made}) == 20
    costs = [Decimal(receipt(each)["cost_usd"]) for each in made]
    assert sum(cost > 0 for cost in costs) == 1
    assert usd_text(here.billed_nano) == (await here.services.reports.session(ME))["cost_usd"]


# --------------------------------------------------------------------------------------------------------- follow-up


async def test_feedback_takes_the_task_up_a_tier_with_the_earlier_answer(office: Open) -> None:
    here = await office()
    first = await here.delegate("What is 6 * 7?")
    second = await here.delegate("What is 6 * 7?", follow_up_to=first.result_id, feedback="A TEST FAILS")
    assert here.asked == [LITE, FLASH] and receipt(second)["tier"] == "flash"
    body = json.dumps(here.simulator.log.entries()[1].as_json()["body"])
    assert "A TEST FAILS" in body and "An earlier answer" in body
    with sqlite3.connect(here.home / "ledger.sqlite3") as other:
        noted = "SELECT tier, outcome, detail, traits, seen FROM outcomes WHERE result_id = ? ORDER BY rowid"
        accepted, rejected = other.execute(noted, (first.result_id,)).fetchall()
    assert accepted[:3] == ("lite", "accepted", "") and rejected[:3] == ("lite", "rejected_by_caller", "A TEST FAILS")
    assert accepted[3:] == rejected[3:] and "family" in rejected[3]
    other.close()


async def test_a_rejected_answer_is_not_served_again(office: Open) -> None:
    here = await office()
    first = await here.delegate("hi")
    await here.delegate("hi", follow_up_to=first.result_id, feedback="wrong")
    again = await here.delegate("hi")
    assert receipt(again)["cache"] == "miss" and len(here.asked) == 3


async def test_a_follow_up_without_feedback_goes_on_from_the_earlier_answer(office: Open) -> None:
    here = await office()
    first = await here.delegate("What is 6 * 7?")
    second = await here.delegate("And now?", follow_up_to=f"results://{first.result_id}")
    assert receipt(second)["tier"] == "lite"
    assert "Earlier answer" in json.dumps(here.simulator.log.entries()[1].as_json()["body"])


async def test_nobody_follows_up_anothers_result(office: Open) -> None:
    here = await office()
    first = await here.delegate("hi", caller=YOU)
    with pytest.raises(InvalidArgument, match="no result"):
        await here.delegate("hi", follow_up_to=first.result_id)
    assert len(here.asked) == 1


# ----------------------------------------------------------------------------------------------------------- refused


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (InvalidArgument, {"task": " \n"}),
        (InvalidArgument, {"feedback": "wrong"}),
        (InvalidArgument, {"follow_up_to": "nonsense"}),
        (InvalidArgument, {"follow_up_to": "r_" + "0" * 26}),
        (InvalidArgument, {"output_schema": {"type": "strin"}}),
        (InvalidArgument, {"output_schema": {"$ref": "https://example.com/s.json"}}),
        (InvalidArgument, {"output_schema": {}, "expect": "python"}),
        (InvalidArgument, {"max_cost_usd": 0}),
        (InvalidArgument, {"max_cost_usd": -1}),
        (InvalidArgument, {"max_cost_usd": float("nan")}),
        (InvalidArgument, {"max_cost_usd": float("inf")}),
        (UnknownModelName, {"tier": "gemini-9"}),
        (UnknownModelName, {"tier": "gemini-1.5-pro-nobody"}),
        (FileNotFound, {"files": ["missing.txt"]}),
        (PathDenied, {"files": ["/etc/passwd"]}),
        (SecretFound, {"files": [".env"]}),
    ],
)
async def test_what_can_be_refused_before_is_refused_before(
    office: Open, kind: type[AgentError], arguments: dict[str, Any]
) -> None:
    error = await refused(await office(), kind, **arguments)
    assert error.message and error.fix


async def test_without_a_key_nothing_goes_out(office: Open) -> None:
    await refused(await office(GEMINI_API_KEY=""), NoApiKey)


async def test_a_model_that_looks_like_another_is_suggested(office: Open) -> None:
    error = await refused(await office(), UnknownModelName, tier="gemini-3.8-flsh")
    assert FLASH in error.fix


@pytest.mark.parametrize("extra", [{"temperature": 1}, {"expect": "yaml"}, {"files": "a.txt"}, {"task": 5}])
def test_arguments_that_there_are_not_are_refused(extra: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DelegateTask.model_validate({"task": "x"} | extra)


# ------------------------------------------------------------------------------------------------------------ failed


async def test_an_error_comes_with_what_was_paid_for(office: Open) -> None:
    here = await office({"do": "answer", "text": "{"})
    failure = await failed(here, task="x", expect="json")
    assert isinstance(failure.error, NoAcceptableAnswer) and failure.error.best == "{"
    assert [a["verdict"] for a in failure.receipt["attempts"]] == ["rejected"] * 3
    assert failure.receipt["cost_usd"] == usd_text(here.billed_nano) != "0"
    assert here.asked == [LITE, FLASH, PRO]


async def test_a_bad_key_is_told_after_one_request(office: Open) -> None:
    here = await office(GEMINI_API_KEY="a-bad-key")
    failure = await failed(here)
    assert isinstance(failure.error, KeyRejected) and len(here.asked) == 1
    assert failure.receipt["cost_usd"] == "0"


async def test_a_cap_that_buys_nothing_sends_nothing(office: Open) -> None:
    here = await office()
    failure = await failed(here, task="hi", max_cost_usd=0.0000001)
    assert isinstance(failure.error, BudgetExceeded) and here.asked == [] and failure.receipt["attempts"] == []


async def test_no_call_costs_more_than_its_cap(office: Open) -> None:
    here = await office({"do": "answer", "text": "{"})
    cap = Decimal("0.02")
    failure = await failed(here, task="x", expect="json", max_cost_usd=float(cap))
    assert isinstance(failure.error, BudgetExceeded | NoAcceptableAnswer)
    assert 0 < Decimal(usd_text(here.billed_nano) or "0") <= cap


async def test_a_model_that_is_rerouted_says_so_in_its_receipt(office: Open) -> None:
    here = await office()
    made = await here.delegate(tier="gemini-3.7-flash")
    assert here.asked == [FLASH] and "rerouted" in made.receipt_line


async def test_a_caller_that_leaves_closes_the_connection_and_the_books(office: Open) -> None:
    here = await office({"do": "hang"})
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(here.delegate)
            await here.simulator.log.wait_for(lambda entry: entry.size > 0)
            group.cancel_scope.cancel()
        await here.simulator.log.wait_for(lambda entry: entry.outcome == "client_closed")
    session = await here.services.reports.session(ME)
    assert (session["attempts"], session["unknown_attempts"]) == (1, 1)
    assert Decimal(session["cost_usd"]) >= Decimal(usd_text(here.billed_nano) or "0")
    with sqlite3.connect(here.home / "ledger.sqlite3") as other:
        assert other.execute("SELECT status FROM calls").fetchall() == [("cancelled",)]
        assert other.execute("SELECT verdict, state FROM attempts").fetchall() == [("cancelled", "settled")]
    other.close()


async def test_a_leader_that_leaves_does_not_take_the_answer_along(office: Open) -> None:
    here = await office({"do": "delay", "seconds": 0.2})
    made: list[Delivered] = []

    async def one() -> None:
        made.append(await here.delegate("hi"))

    async def leave(scope: anyio.CancelScope) -> None:
        with scope:
            await here.delegate("hi")

    leader = anyio.CancelScope()
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(leave, leader)
            await here.simulator.log.wait_for(lambda entry: entry.size > 0)
            group.start_soon(one)
            await anyio.wait_all_tasks_blocked()
            leader.cancel()
    assert receipt(made[0])["cache"] == "shared" and here.asked == [LITE]
    session = await here.services.reports.session(ME)
    assert (session["cost_usd"], session["unknown_attempts"]) == (usd_text(here.billed_nano), 0)


async def test_the_deadline_is_the_settings(office: Open) -> None:
    here = await office({"do": "hang"}, GEMINI_AGENTS_DEADLINE_S="0.3")
    with anyio.fail_after(WAIT_S):
        failure = await failed(here)
    assert failure.error.code == "deadline_exceeded"
    assert [a["verdict"] for a in failure.receipt["attempts"]] == ["timed_out"]
