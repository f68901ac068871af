"""The cascade through the wire: a bad answer climbs, and everything that was paid on the way is told."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from mcp import Client

from .driving import (
    CANDIDATES,
    FLASH,
    LITE,
    PRO,
    Json,
    Stand,
    Way,
    answer_of,
    delegate,
    error_of,
    ledger,
    read_json,
    receipt_of,
    texts,
    verdicts,
)

SCHEMA: Json = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}


@dataclass(frozen=True)
class Bad:
    """A way for the lite model to answer badly, why it is turned down, and what a good answer would be."""

    name: str
    lite: Json
    why: str
    good: str = "A good answer."
    arguments: Json = field(default_factory=dict)


def says(text: str, **more: Any) -> Json:
    return {"do": "answer", "text": text, **more}


BAD_ANSWERS = [
    Bad("empty", says(""), "empty"),
    Bad("blank", says(" \n\t\n"), "empty"),
    Bad("no parts", {"do": "no_text"}, "empty"),
    Bad("thought instead of answering", {"do": "max_tokens_empty"}, "thinking used up the output limit"),
    Bad("cut short", says("A begin", finish_reason="MAX_TOKENS"), "cut off"),
    Bad("stopped for safety", {"do": "safety"}, "SAFETY"),
    Bad("recited", {"do": "safety", "finish_reason": "RECITATION"}, "RECITATION"),
    Bad("refused", says("I'm sorry, but I can't help with that request."), "refused"),
    Bad("saw no file", says("I cannot see the file you mention. Please attach it."), "cannot see the input"),
    Bad("asks for the text", says("Please provide the text you would like me to summarise."), "cannot see the input"),
    Bad("malformed JSON", says('{"n": 4'), "not JSON", '{"n": 4}', {"output_schema": SCHEMA}),
    Bad("JSON that breaks the schema", says('{"n": "four"}'), "schema", '{"n": 4}', {"output_schema": SCHEMA}),
    Bad("prose for JSON", says("It is four."), "not JSON", "4", {"expect": "json"}),
    Bad("Python that does not parse", says("def f(:\n    pass"), "does not parse", "x = 1", {"expect": "python"}),
    Bad(
        "a diff of another file",
        says("--- a/poem.txt\n+++ b/poem.txt\n@@ -1 +1 @@\n-violets\n+roses\n"),
        "does not apply",
        "--- a/poem.txt\n+++ b/poem.txt\n@@ -1 +1 @@\n-roses\n+violets\n",
        {"expect": "diff", "files": ["poem.txt"]},
    ),
]


@pytest.mark.parametrize("bad", BAD_ANSWERS, ids=lambda bad: bad.name)
async def test_a_bad_answer_climbs_and_both_attempts_are_told(way: Way, stand: Stand, task: str, bad: Bad) -> None:
    (way.project / "poem.txt").write_text("roses\n")
    stand.play({**bad.lite, "model": LITE}, says(bad.good, model=FLASH))
    result = await delegate(way.client, task, **bad.arguments)
    assert answer_of(result).strip() == bad.good.strip()
    receipt = receipt_of(result)
    assert verdicts(receipt) == [("lite", "rejected"), ("flash", "accepted")]
    rejected, accepted = receipt["attempts"]
    assert bad.why in rejected["reason"] and bad.why in accepted["reason"]
    assert (receipt["tier"], receipt["model"]) == ("flash", FLASH)
    assert stand.asked == [LITE, FLASH]
    assert bad.why in texts(result)[-1]


@pytest.mark.parametrize("bad", BAD_ANSWERS[:4], ids=lambda bad: bad.name)
async def test_what_was_turned_down_is_paid_for_too(way: Way, stand: Stand, task: str, bad: Bad) -> None:
    stand.play({**bad.lite, "model": LITE}, says(bad.good))
    receipt = receipt_of(await delegate(way.client, task))
    each = [Decimal(attempt["cost_usd"]) for attempt in receipt["attempts"]]
    assert all(cost > 0 for cost in each)
    assert receipt["cost_usd"] == stand.billed_usd and Decimal(receipt["cost_usd"]) == sum(each)
    rows = [row for row in ledger(way.home) if row["result_id"] == receipt["result_id"]]
    assert sorted(row["verdict"] for row in rows) == ["accepted", "rejected"]
    assert sum(row["cost_nano"] for row in rows) == stand.bill["nano_usd"]


async def test_the_next_tier_is_told_what_was_wrong(client: Client, stand: Stand, task: str) -> None:
    stand.play(says('{"n": "four"}', model=LITE), says('{"n": 4}'))
    await delegate(client, task, output_schema=SCHEMA)
    first, second = stand.prompts
    assert "turned down" not in first
    assert "turned down" in second and "schema" in second and second.startswith(first)


async def test_an_answer_cut_short_is_given_more_room_on_the_next_tier(client: Client, stand: Stand, task: str) -> None:
    cut_short = says("A begin", finish_reason="MAX_TOKENS", model=LITE, times=1)
    stand.play(cut_short, says("", model=LITE), says("A good answer."))
    await delegate(client, task)
    await delegate(client, f"{task}, again")
    rooms = [
        json.loads(entry.body)["generationConfig"]["maxOutputTokens"]
        for entry in stand.simulator.log.entries()
        if entry.model == FLASH
    ]
    assert rooms[0] == 2 * rooms[1]


async def test_the_climb_goes_on_to_pro(client: Client, stand: Stand, task: str) -> None:
    stand.play(says("", model=LITE), says("", model=FLASH), says("At last."))
    result = await delegate(client, task)
    assert answer_of(result) == "At last."
    assert verdicts(receipt_of(result)) == [("lite", "rejected"), ("flash", "rejected"), ("pro", "accepted")]
    assert stand.asked == [LITE, FLASH, PRO]


async def test_when_every_tier_fails_the_best_attempt_and_the_bill_come_back(way: Way, stand: Stand, task: str) -> None:
    stand.play(says('{"n": "one"}', model=LITE), says('{"n": "two"}', model=FLASH), says('{"n": "three"}'))
    result = await delegate(way.client, task, output_schema=SCHEMA)
    error = error_of(result)
    assert error["code"] == "no_acceptable_answer" and "schema" in error["message"]
    head, best = texts(result)
    assert head == f"no_acceptable_answer: {error['message']}. {error['fix']}"
    assert best == '{"n": "three"}'
    receipt = error["receipt"]
    assert verdicts(receipt) == [("lite", "rejected"), ("flash", "rejected"), ("pro", "rejected")]
    assert receipt["cost_usd"] == stand.billed_usd != "0"
    assert stand.asked == [LITE, FLASH, PRO]


async def test_a_failed_call_is_not_kept_in_the_cache(client: Client, stand: Stand, task: str) -> None:
    stand.play(says("", times=3), says("Better now."))
    assert error_of(await delegate(client, task))["code"] == "no_acceptable_answer"
    result = await delegate(client, task)
    assert answer_of(result) == "Better now." and receipt_of(result)["cache"] == "miss"


async def test_a_tier_whose_answer_was_turned_down_is_not_asked_again(client: Client, stand: Stand, task: str) -> None:
    stand.play(says(""))
    await delegate(client, task)
    assert stand.asked == [LITE, FLASH, PRO]


async def test_a_model_pinned_by_name_never_climbs(client: Client, stand: Stand, task: str) -> None:
    stand.play(says(""))
    assert error_of(await delegate(client, task, tier=LITE))["code"] == "no_acceptable_answer"
    assert stand.asked == [LITE]


async def test_a_model_that_upstream_does_not_know_gives_way_to_the_next_candidate(
    client: Client, stand: Stand, task: str
) -> None:
    second = CANDIDATES["lite"][1]
    stand.play({"do": "404", "model": LITE})
    result = await delegate(client, task)
    receipt = receipt_of(result)
    assert stand.asked == [LITE, second] and (receipt["tier"], receipt["model"]) == ("lite", second)
    assert verdicts(receipt) == [("lite", "failed"), ("lite", "accepted")]
    assert receipt["attempts"][0]["cost_usd"] == "0" and receipt["cost_usd"] == stand.billed_usd
    (warning,) = receipt["warnings"]
    assert LITE in warning and warning in texts(result)[-1]


async def test_an_answer_by_another_model_is_billed_as_that_model_s(way: Way, stand: Stand, task: str) -> None:
    served = CANDIDATES["flash"][-1]
    stand.play({"do": "reroute", "to": served, "model": LITE})
    receipt = receipt_of(await delegate(way.client, task))
    (attempt,) = receipt["attempts"]
    assert (attempt["model"], attempt["model_served"], receipt["model"]) == (LITE, served, served)
    assert list(stand.bill["models"]) == [served]
    assert receipt["cost_usd"] == stand.billed_usd
    usage = await read_json(way.client, "usage://session")
    assert served in [line["model"] for line in usage["by_model"]]


async def test_a_model_of_unknown_price_makes_the_cost_unknown_and_not_zero(
    client: Client, stand: Stand, task: str
) -> None:
    stand.play({"do": "reroute", "to": "gemini-99-unheard-of"})
    result = await delegate(client, task)
    receipt = receipt_of(result)
    assert receipt["cost_usd"] is None and receipt["attempts"][0]["cost_usd"] is None
    assert "$?" in texts(result)[-1] and "$0" not in texts(result)[-1]


async def test_feedback_climbs_a_tier_with_the_answer_that_was_wrong(way: Way, stand: Stand, task: str) -> None:
    stand.play(says("The wrong answer.", model=LITE), says("The right answer."))
    first = receipt_of(await delegate(way.client, task))
    result = await delegate(way.client, task, follow_up_to=first["result_id"], feedback="The test test_it failed.")
    assert answer_of(result) == "The right answer."
    receipt = receipt_of(result)
    assert verdicts(receipt) == [("flash", "accepted")] and stand.asked == [LITE, FLASH]
    assert "The wrong answer." in stand.prompts[1] and "The test test_it failed." in stand.prompts[1]
    noted = [row for row in ledger(way.home, "outcomes") if row["result_id"] == first["result_id"]]
    assert [(row["outcome"], row["tier"], row["family"]) for row in noted] == [
        ("accepted", "lite", "text"),
        ("rejected_by_caller", "lite", "text"),
    ]
    assert noted[0]["traits"] == noted[1]["traits"] and noted[1]["detail"] == "The test test_it failed."


async def test_an_answer_that_its_caller_turned_down_is_not_served_from_the_cache_again(
    client: Client, stand: Stand, task: str
) -> None:
    first = receipt_of(await delegate(client, task))
    assert receipt_of(await delegate(client, task))["cache"] == "hit"
    await delegate(client, task, follow_up_to=first["result_id"], feedback="No.")
    assert receipt_of(await delegate(client, task))["cache"] == "miss"
    assert stand.asked == [LITE, FLASH, LITE]


async def test_feedback_on_a_cached_answer_forgets_it_too(client: Client, stand: Stand, task: str) -> None:
    await delegate(client, task)
    hit = receipt_of(await delegate(client, task))
    assert hit["cache"] == "hit"
    await delegate(client, task, follow_up_to=hit["result_id"], feedback="No.")
    assert stand.asked == [LITE, FLASH]
    assert receipt_of(await delegate(client, task))["cache"] == "miss"


async def test_feedback_on_a_pro_answer_stays_on_pro(client: Client, stand: Stand, task: str) -> None:
    first = receipt_of(await delegate(client, task, tier="pro"))
    again = receipt_of(await delegate(client, task, follow_up_to=first["result_id"], feedback="Still wrong."))
    assert verdicts(again) == [("pro", "accepted")] and stand.asked == [PRO, PRO]


async def test_a_follow_up_without_feedback_goes_on_from_the_earlier_answer(
    client: Client, stand: Stand, task: str
) -> None:
    stand.play(says("Seven dwarfs."))
    first = receipt_of(await delegate(client, task))
    follow_up = receipt_of(await delegate(client, "Name them.", follow_up_to=f"results://{first['result_id']}"))
    assert verdicts(follow_up) == [("lite", "accepted")] and stand.asked == [LITE, LITE]
    assert task in stand.prompts[1] and "Seven dwarfs." in stand.prompts[1] and "Name them." in stand.prompts[1]
