"""Second opinions, learning and trials as the user meets them: through the wire, against the stand-in's own bill."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
from mcp import Client

from .driving import (
    FLASH,
    LITE,
    Json,
    Stand,
    answer_of,
    bounded,
    delegate,
    environment,
    ledger,
    over_stdio,
    read_json,
    receipt_of,
    texts,
    verdicts,
)

OTHER_LITE = "gemini-3.1-flash-lite"
QUESTION = "Which of these is a harbour?\n(A) a hill\n(B) a port\n(C) a lake\nAnswer with the letter only."
JSON_TASK = "The tides of day {} as JSON."


def says(text: str, **more: Any) -> Json:
    return {"do": "answer", "text": text, **more}


@asynccontextmanager
async def a_server(home: Path, stand: Stand, **more: str) -> AsyncIterator[Client]:
    env = environment(home, stand.url, CLAUDE_CODE_SESSION_ID="one", **more)
    async with over_stdio(env, "modern") as client:
        yield client


async def test_a_closed_question_is_put_to_a_second_model_and_both_are_billed(tmp_path: Path, stand: Stand) -> None:
    stand.play(says("B", model=LITE), says("The answer is (B).", model=OTHER_LITE))
    async with a_server(tmp_path / "home", stand) as client:
        result = await delegate(client, QUESTION)
        session = await read_json(client, "usage://session")
    receipt = receipt_of(result)
    assert answer_of(result) == "B" and verdicts(receipt) == [("lite", "accepted"), ("lite", "accepted")]
    assert stand.asked == [LITE, OTHER_LITE] and f"second opinion: agrees ({OTHER_LITE})" in texts(result)[-1]
    assert receipt["cost_usd"] == session["cost_usd"] == stand.billed_usd


async def test_an_answer_that_a_second_model_contradicts_climbs_and_the_ledger_says_why(
    tmp_path: Path, stand: Stand
) -> None:
    stand.play(says("A", model=LITE), says("B", model=OTHER_LITE), says("B", model=FLASH))
    async with a_server(tmp_path / "home", stand) as client:
        result = await delegate(client, QUESTION)
    assert answer_of(result) == "B" and receipt_of(result)["tier"] == "flash"
    kept = [(row["model"], row["verdict"], row["reason"]) for row in ledger(tmp_path / "home")]
    assert [verdict for _, verdict, _ in kept] == ["rejected", "rejected", "accepted"]
    assert "a second opinion differs" in kept[0][2] and kept[1][2] == "second opinion: differs"
    assert "lite rejected: a second opinion differs" in texts(result)[-1]


async def test_second_opinions_can_be_switched_off(tmp_path: Path, stand: Stand) -> None:
    async with a_server(tmp_path / "home", stand, GEMINI_AGENTS_SECOND_OPINIONS="0") as client:
        await delegate(client, QUESTION)
    assert stand.asked == [LITE]


async def test_what_one_server_learned_the_next_one_starts_from(tmp_path: Path, stand: Stand) -> None:
    home = tmp_path / "home"
    stand.play(says("{", model=LITE), says('{"high": 3}', model=FLASH))
    async with a_server(home, stand) as client:
        for day in range(40):
            await delegate(client, JSON_TASK.format(day), expect="json", fresh=True)
        for day in range(40):
            await delegate(client, f"Say something of day {day}.", fresh=True)
    asked = len(stand.asked)
    async with a_server(home, stand) as client:
        receipt = receipt_of(await delegate(client, JSON_TASK.format(99), expect="json"))
        catalogue = await read_json(client, "models://catalog")
    assert stand.asked[asked:] == [FLASH] and receipt["tier"] == "flash"
    assert "learned that lite seldom does for json" in receipt["attempts"][0]["reason"]
    starts = {one["family"]: one for one in catalogue["families"]}
    assert starts["json"]["start"] == "flash" and "lite: 0 of 40 answers stood" in starts["json"]["why"]
    assert catalogue["learning"] is True
    async with a_server(home, stand, GEMINI_AGENTS_LEARNING="0") as client:
        receipt = receipt_of(await delegate(client, JSON_TASK.format(100), expect="json"))
        assert (await read_json(client, "models://catalog"))["learning"] is False
    assert verdicts(receipt) == [("lite", "rejected"), ("flash", "accepted")]


async def test_a_trial_runs_aside_on_its_own_books(tmp_path: Path, stand: Stand) -> None:
    home = tmp_path / "home"
    stand.play(says("yes", model=LITE), says("no", model=FLASH))
    switched = {"GEMINI_AGENTS_TRIALS": "1:0.50", "GEMINI_AGENTS_SECOND_OPINIONS": "0"}
    async with a_server(home, stand, **switched) as client:
        result = await delegate(client, "Is the harbour open? Answer yes or no.")
        await stand.under_way("Is the harbour open?")
        async with bounded():
            while not [row for row in ledger(home, "outcomes") if row["outcome"].startswith("trial")]:
                await anyio.lowlevel.checkpoint()
                await delegate(client, "Say hello.")  # whatever is asked next is written after what was noted
        recent = await read_json(client, "results://recent")
    assert answer_of(result) == "yes" and receipt_of(result)["tier"] == "lite"
    (trial,) = [row for row in ledger(home, "outcomes") if row["outcome"] == "trial_differs"]
    assert (trial["tier"], trial["upper"], trial["family"]) == ("lite", "flash", "yes_no")
    tried = [row for row in ledger(home) if row["tool"] == "trial"]
    assert tried and all(row["session_id"].startswith("trials ") for row in tried)
    assert not [one for one in recent["results"] if one["tool"] == "trial"]
