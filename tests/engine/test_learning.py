"""Learning on a real ledger: what is noted, read back, and followed."""

import sqlite3
import time
from contextlib import suppress
from pathlib import Path

import anyio
import anyio.to_thread
import pytest

from gemini_mcp.domain.catalog import Catalogue, Tier
from gemini_mcp.domain.errors import NoAcceptableAnswer
from gemini_mcp.domain.prompting import AgentPrompt
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.cascade import cascading
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.learning import Learning, learning_from
from gemini_mcp.engine.ledger import Ledger, migrate
from gemini_mcp.engine.outcome_report import wilson
from gemini_mcp.engine.outcomes import Noted, compared, noted
from gemini_mcp.engine.ports import Call, Judged
from gemini_mcp.engine.reports import Reports

from .conftest import FLASH, LITE, PRO, Scripted, Upstream, a_call, an_answer, rows, today

PROMPTS = {"delegate_task": AgentPrompt.parse("Be brief.")}
MODELS: dict[Tier, str] = {"lite": LITE, "flash": FLASH, "pro": PRO}
JSON = Task("The tides as JSON.", expect="json")


async def answered(catalogue: Catalogue, learning: Learning, task: Task, *script: Scripted) -> tuple[Upstream, Call]:
    upstream, call = Upstream(list(script)), a_call()
    climbing = cascading(upstream, catalogue, PROMPTS, today, learned=learning.calibration, seconding=True)
    with suppress(NoAcceptableAnswer):
        await learning_from(climbing, learning)(task, call)
    return upstream, call


async def kinds(database: Database) -> list[tuple[str, str, str]]:
    found = await rows(database, "SELECT tier, outcome, upper FROM outcomes ORDER BY rowid")
    return [(row["tier"], row["outcome"], row["upper"]) for row in found]


BAD, GOOD = an_answer("{"), an_answer('{"high": 3}')


async def test_an_accepted_answer_and_a_climb_are_noted(catalogue: Catalogue, database: Database) -> None:
    learning = Learning(database, MODELS.get, refresh_s=0.0)
    await answered(catalogue, learning, JSON, GOOD)
    await answered(catalogue, learning, JSON, BAD, GOOD)
    assert await kinds(database) == [
        ("lite", "accepted", ""), ("lite", "climbed_better", "flash"), ("flash", "accepted", ""),
    ]  # fmt: skip


async def test_a_climb_that_nothing_came_of_is_noted_as_such(catalogue: Catalogue, database: Database) -> None:
    learning = Learning(database, MODELS.get, refresh_s=0.0)
    await answered(catalogue, learning, JSON, BAD, BAD, BAD)
    assert await kinds(database) == [("lite", "climbed_same", "flash"), ("flash", "climbed_same", "pro")]


async def test_a_family_that_keeps_failing_starts_above_in_whichever_process(
    catalogue: Catalogue, database: Database, tmp_path: Path
) -> None:
    learning = Learning(database, MODELS.get, refresh_s=0.0)
    for word in range(40):
        await answered(catalogue, learning, Task(f"Say {word}."), an_answer())
    tried = 0
    while (await answered(catalogue, learning, JSON, BAD, GOOD))[0].models[0] == LITE and tried < 100:
        tried += 1
    assert 5 < tried < 50
    upstream, call = await answered(catalogue, learning, JSON, GOOD)
    assert upstream.models == [FLASH] and "learned that lite seldom does for json" in call.attempts[0].reason
    other = Database(tmp_path / "ledger.sqlite3", migrate)
    await anyio.to_thread.run_sync(other.open)
    elsewhere = Learning(other, MODELS.get, refresh_s=0.0)
    upstream, _ = await answered(catalogue, elsewhere, JSON, GOOD)
    assert upstream.models == [FLASH]
    starts = {one["family"]: (one["start"], one["why"]) for one in await elsewhere.starts()}
    assert starts["json"][0] == "flash" and f"lite: 0 of {tried} answers stood" in starts["json"][1]
    assert starts["text"][0] == "lite"
    await other.aclose()


@pytest.mark.parametrize("tier", ["lite", None])
async def test_what_the_caller_asks_for_stands(catalogue: Catalogue, database: Database, tier: Tier | None) -> None:
    learning = Learning(database, MODELS.get, refresh_s=0.0)
    for _ in range(40):
        await answered(catalogue, learning, JSON, BAD, GOOD)
    pinned = None if tier else LITE
    upstream, _ = await answered(catalogue, learning, Task("x", expect="json", tier=tier, pinned_model=pinned), GOOD)
    assert upstream.models == [LITE]


async def test_switched_off_outcomes_are_kept_and_nothing_follows(catalogue: Catalogue, database: Database) -> None:
    learning = Learning(database, MODELS.get, on=False, refresh_s=0.0)
    for _ in range(40):
        upstream, _ = await answered(catalogue, learning, JSON, BAD, GOOD)
    assert upstream.models == [LITE, FLASH] and len(await kinds(database)) == 80


async def test_outcomes_are_read_no_more_often_than_asked_for(catalogue: Catalogue, database: Database) -> None:
    learning = Learning(database, MODELS.get, refresh_s=3_600.0)
    await learning.refresh()
    for _ in range(40):
        upstream, _ = await answered(catalogue, learning, JSON, BAD, GOOD)
    assert upstream.models == [LITE, FLASH]


async def test_a_result_that_its_caller_turned_down_is_noted_with_what_was_seen_of_it(
    catalogue: Catalogue, database: Database
) -> None:
    learning = Learning(database, MODELS.get, refresh_s=0.0)
    _, call = await answered(catalogue, learning, JSON, GOOD)
    plain = Noted("json", "lite", LITE, "rejected_by_caller", detail="a test fails")
    await learning.reject(call.result_id, plain)
    await learning.reject(call.result_id, plain)
    await learning.reject("r_unheard_of", plain)
    accepted, rejected, unknown = await rows(database, "SELECT * FROM outcomes ORDER BY rowid")
    same = ("result_id", "family", "tier", "model", "traits", "seen")
    assert [rejected[name] for name in same] == [accepted[name] for name in same]
    assert (rejected["outcome"], rejected["detail"]) == ("rejected_by_caller", "a test fails")
    assert (unknown["result_id"], unknown["family"], unknown["traits"]) == ("r_unheard_of", "json", "")


async def test_a_tier_that_has_another_model_begins_anew(catalogue: Catalogue, database: Database) -> None:
    for _ in range(40):
        await answered(catalogue, Learning(database, MODELS.get, refresh_s=0.0), JSON, BAD, GOOD, GOOD)
    renewed = Learning(database, {"lite": "gemini-9-lite"}.get, refresh_s=0.0)
    upstream, _ = await answered(catalogue, renewed, JSON, GOOD)
    assert upstream.models == [LITE]


async def test_what_is_long_ago_is_forgotten(catalogue: Catalogue, database: Database) -> None:
    learning = Learning(database, MODELS.get, refresh_s=3_600.0)
    for _ in range(40):
        await answered(catalogue, learning, JSON, BAD, GOOD)
    await database.run(lambda connection: connection.execute("UPDATE outcomes SET at = at - 91 * 86400"))
    upstream, _ = await answered(catalogue, Learning(database, MODELS.get, refresh_s=0.0), JSON, GOOD)
    assert upstream.models == [LITE]


async def test_rejections_that_an_earlier_version_noted_alone_are_not_learned_from(
    catalogue: Catalogue, database: Database
) -> None:
    row = "INSERT INTO outcomes (result_id, family, tier, model, outcome, at) VALUES (?, 'json', 'lite', ?, ?, ?)"
    values = [(f"r_{number}", LITE, "rejected_by_caller", time.time()) for number in range(40)]
    await database.run(lambda connection: connection.executemany(row, values))
    learning = Learning(database, MODELS.get, refresh_s=0.0)
    upstream, _ = await answered(catalogue, learning, JSON, GOOD)
    assert upstream.models == [LITE] and learning.calibration("lite").outcomes == 0


async def test_a_damaged_row_is_passed_over(catalogue: Catalogue, database: Database) -> None:
    learning = Learning(database, MODELS.get, refresh_s=0.0)
    await answered(catalogue, learning, JSON, GOOD)
    await database.run(lambda connection: connection.execute("UPDATE outcomes SET traits = x'00ff'"))
    await answered(catalogue, learning, JSON, GOOD)
    await learning.refresh()
    assert learning.calibration("lite").outcomes == 0.5


async def test_one_familys_failures_move_no_other_family(catalogue: Catalogue, database: Database) -> None:
    learning = Learning(database, MODELS.get, refresh_s=0.0)
    for word in range(40):
        await answered(catalogue, learning, Task(f"Say {word}."), an_answer())
    for word in range(40):
        _, call = await answered(catalogue, learning, Task(f"Write a function named f{word}."), *[an_answer()] * 3)
        await learning.reject(call.result_id, Noted("code", "lite", LITE, "rejected_by_caller"))
    for task in (Task("Say hello."), Task("Explain how locks work."), Task("Translate this into Finnish.")):
        upstream, _ = await answered(catalogue, learning, task, an_answer(), an_answer())
        assert upstream.models == [LITE], task


async def test_a_purged_ledger_is_learned_from_anew(catalogue: Catalogue, database: Database) -> None:
    learning = Learning(database, MODELS.get, refresh_s=0.0)
    for _ in range(4):
        await answered(catalogue, learning, JSON, GOOD)
    await database.run(lambda connection: connection.execute("DELETE FROM outcomes"))
    await answered(catalogue, learning, JSON, GOOD)
    await learning.refresh()
    assert learning.calibration("lite").outcomes == 0.5


async def test_outcomes_of_a_later_version_do_no_harm(catalogue: Catalogue, database: Database) -> None:
    await database.run(
        lambda connection: connection.execute(
            "INSERT INTO outcomes (result_id, family, tier, model, outcome, at) VALUES ('r', 'f', 'lite', ?, 'new', ?)",
            (LITE, time.time()),
        )
    )
    learning = Learning(database, MODELS.get, refresh_s=0.0)
    upstream, _ = await answered(catalogue, learning, JSON, GOOD)
    assert upstream.models == [LITE]


async def test_usage_by_family_tells_what_became_of_answers(
    catalogue: Catalogue, database: Database, ledger: Ledger
) -> None:
    learning = Learning(database, MODELS.get, refresh_s=0.0)
    _, first = await answered(catalogue, learning, JSON, GOOD)
    await answered(catalogue, learning, JSON, GOOD)
    await answered(catalogue, learning, JSON, BAD, GOOD)
    await learning.reject(first.result_id, Noted("json", "lite", LITE, "rejected_by_caller"))
    lite, flash = (await Reports(database).spending("family", None))["outcomes"]
    assert (lite["family"], lite["tier"], lite["accepted"], lite["climbed_better"]) == ("json", "lite", 2, 1)
    assert lite["rejected_by_caller"] == 1 and lite["stood"] == pytest.approx(1 / 3, abs=1e-4)
    assert flash["stood"] == 1.0 and flash["stood_95"][0] < 0.5
    assert "outcomes" not in await Reports(database).spending("model", None)


@pytest.mark.parametrize(
    ("good", "cases", "low", "high"),
    [(0, 0, 0.0, 1.0), (10, 10, 0.7225, 1.0), (0, 10, 0.0, 0.2775), (50, 100, 0.4038, 0.5962)],
)
def test_an_interval_of_a_share_is_wilsons(good: int, cases: int, low: float, high: float) -> None:
    assert wilson(good, cases) == pytest.approx((low, high), abs=1e-4)


# ------------------------------------------------------------------------------------------------- what an answer shows


def judged(tier: Tier, given: str | None = None, objection: str = "") -> Judged:
    return Judged(tier, "m", "f", ("base",), (), None, given, objection)


@pytest.mark.parametrize(
    ("lower", "upper", "kind"),
    [
        (judged("lite", objection="empty"), judged("flash"), "climbed_better"),
        (judged("lite", objection="empty"), judged("flash", objection="empty"), "climbed_same"),
        (judged("lite", "A"), judged("flash", "B"), "climbed_better"),
        (judged("lite", "18.0"), judged("flash", "18"), "climbed_same"),
        (judged("lite", "A"), judged("flash"), "climbed_same"),
        (judged("lite", "A"), judged("flash", objection="empty"), "climbed_same"),
    ],
)
def test_what_a_climb_shows(lower: Judged, upper: Judged, kind: str) -> None:
    first, *rest = noted([lower, upper], accepted=True)
    assert (first.kind, first.tier, first.upper) == (kind, "lite", "flash")
    assert [(one.kind, one.tier) for one in rest] == [("accepted", "flash")]
    assert [one.kind for one in noted([lower, upper], accepted=False)] == [kind]


@pytest.mark.parametrize(
    ("lower", "upper", "kind"),
    [
        (judged("lite", objection="empty"), judged("flash"), "trial_better"),
        (judged("lite"), judged("flash", objection="empty"), "trial_worse"),
        (judged("lite", objection="x"), judged("flash", objection="y"), "trial_same"),
        (judged("lite", "A"), judged("flash", "B"), "trial_differs"),
        (judged("lite", "A"), judged("flash", "(a)"), "trial_same"),
        (judged("lite"), judged("flash"), "trial_passed"),
    ],
)
def test_what_a_trial_shows(lower: Judged, upper: Judged, kind: str) -> None:
    row = compared(lower, upper)
    assert (row.kind, row.tier, row.upper) == (kind, "lite", "flash")


async def test_a_ledger_that_cannot_be_read_teaches_nothing_and_stops_nothing(
    catalogue: Catalogue, database: Database
) -> None:
    def drop(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE outcomes")

    await database.run(drop)
    learning = Learning(database, MODELS.get, refresh_s=0.0)
    await learning.refresh()
    assert learning.calibration("lite").outcomes == 0
