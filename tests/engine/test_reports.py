"""The ledger read back: sums, nulls for what is unknown, and walls between principals."""

import time
from decimal import Decimal
from typing import Any

import pytest

from gemini_mcp.domain.budgets import Budgets
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import Finished, Ledger, local_day
from gemini_mcp.engine.ports import Attempt, Call, Caller
from gemini_mcp.engine.reports import Reports

from .conftest import FLASH, LITE, USED, a_call, accepted, an_attempt

ME = Caller("me", "s1")


@pytest.fixture
def reports(database: Database) -> Reports:
    return Reports(database)


async def spend(ledger: Ledger, call: Call, *attempts: Attempt, **answer: Any) -> Call:
    """A call that ended well, with its attempts as they stand."""
    for attempt in attempts:
        await ledger.reserve(call, attempt)
        ledger.settle(attempt)
    await ledger.finish(call, Finished(accepted(call, **answer)))
    return call


def paid(call: Call, nano: int | None = 1_000, **changes: Any) -> Attempt:
    fields: dict[str, Any] = {"usage": USED, "verdict": "accepted", "cost_nano": nano, "model_served": LITE}
    return an_attempt(call, **(fields | changes))


def at_noon(days_ago: int = 0) -> float:
    """Noon of a day, by local time."""
    today = time.localtime()
    return time.mktime((today.tm_year, today.tm_mon, today.tm_mday - days_ago, 12, 0, 0, 0, 0, -1))


# ---------------------------------------------------------------------------------------------------------- session


async def test_an_empty_session_is_all_zeros(reports: Reports) -> None:
    found = await reports.session(ME)
    assert (found["session_id"], found["started_at"], found["calls"], found["cost_usd"]) == ("s1", None, 0, "0")
    assert found["by_model"] == [] == found["by_tool"]
    assert found["saved_usd"] == {"cache": "0", "cascade": "0", "context_cache": "0", "batch": "0", "flex": "0"}


async def test_a_sessions_numbers_add_up(ledger: Ledger, reports: Reports) -> None:
    one, two = a_call(), a_call()
    await spend(ledger, one, paid(one, 1_000), paid(one, 500, verdict="rejected", model_served=FLASH))
    await spend(ledger, two, paid(two, 250))
    found = await reports.session(ME)
    assert (found["calls"], found["attempts"], found["cost_usd"]) == (2, 3, "0.00000175")
    assert (found["input_tokens"], found["output_tokens"], found["thinking_tokens"]) == (3_000, 600, 150)
    by_model = {each["model"]: each for each in found["by_model"]}
    assert {name: (each["calls"], each["cost_usd"]) for name, each in by_model.items()} == {
        LITE: (2, "0.00000125"),
        FLASH: (1, "0.0000005"),
    }
    assert [(each["tool"], each["calls"]) for each in found["by_tool"]] == [("delegate_task", 2)]
    assert found["budget"]["session_spent_usd"] == found["budget"]["day_spent_usd"] == "0.00000175"
    assert not found["simulated"]


async def test_what_is_reserved_and_not_yet_spent_is_told_apart(ledger: Ledger, reports: Reports) -> None:
    call = a_call()
    await ledger.reserve(call, an_attempt(call))
    found = await reports.session(ME)
    assert found["budget"]["session_reserved_usd"] == "0.000005"
    assert found["cost_usd"] == "0" == found["budget"]["session_spent_usd"]


async def test_what_is_left_is_that_of_the_tightest_budget_and_a_reservation_is_not_spent(
    ledger: Ledger, database: Database
) -> None:
    one, under_way = a_call(), a_call()
    await spend(ledger, one, paid(one, 1_000))
    await ledger.reserve(under_way, an_attempt(under_way))
    assert await Reports(database, Budgets(5_000, 4_000)).left(ME) == ("day", 3_000)
    assert await Reports(database, Budgets(900, None)).left(ME) == ("session", -100)
    assert await Reports(database, Budgets(5_000, None)).left(Caller("me", "s2")) == ("session", 5_000)
    assert await Reports(database).left(ME) is None


async def test_one_attempt_of_unknown_price_makes_every_sum_it_is_in_null(ledger: Ledger, reports: Reports) -> None:
    one, two = a_call(), a_call("s2")
    await spend(ledger, one, paid(one, 1_000), paid(one, None, model_served="gemini-9-nobody"))
    await spend(ledger, two, paid(two, 1_000))
    found = await reports.session(ME)
    assert found["cost_usd"] is None and found["priced_usd"] == "0.000001"
    assert {each["model"]: each["cost_usd"] for each in found["by_model"]} == {
        LITE: "0.000001",
        "gemini-9-nobody": None,
    }
    assert (await reports.session(Caller("me", "s2")))["cost_usd"] == "0.000001"


async def test_savings_that_rest_on_an_unknown_price_are_null(ledger: Ledger, reports: Reports) -> None:
    call = a_call()
    await spend(ledger, call, paid(call, None), cost_nano=None)
    found = await reports.session(ME)
    assert found["saved_usd"]["cascade"] is None


async def test_a_baseline_that_is_not_known_is_null(ledger: Ledger, reports: Reports) -> None:
    call = a_call()
    await spend(ledger, call, paid(call, 1_000), baseline_nano=None)
    found = await reports.session(ME)
    assert (found["baseline_usd"], found["saved_usd"]["cascade"]) == (None, None)


async def test_unknown_usage_is_counted_and_costs_its_reservation(ledger: Ledger, reports: Reports) -> None:
    call = a_call()
    await spend(ledger, call, paid(call, 5_000, usage=None, verdict="unknown"))
    found = await reports.session(ME)
    assert (found["unknown_attempts"], found["cost_usd"], found["input_tokens"]) == (1, "0.000005", 0)


async def test_what_the_stand_in_answered_is_labelled(ledger: Ledger, reports: Reports) -> None:
    call = a_call()
    await spend(ledger, call, paid(call, 0, simulated="zero"), simulated="zero")
    assert (await reports.session(ME))["simulated"] is True


async def test_baseline_and_savings_are_what_the_method_says(ledger: Ledger, reports: Reports) -> None:
    """baseline = cost + saved by the cache + saved by the cascade, to the nano-dollar."""
    one, two, hit = a_call(), a_call(), a_call(saved_by_cache_nano=1_000)
    await spend(ledger, one, paid(one, 1_000), baseline_nano=9_000)
    await spend(ledger, two, paid(two, 2_000, verdict="rejected"), paid(two, 12_000), baseline_nano=10_000)
    await spend(ledger, hit, cache="hit", cost_nano=1_000, baseline_nano=9_000)
    found = await reports.session(ME)
    assert (found["cache_hits"], found["cost_usd"], found["baseline_usd"]) == (1, "0.000015", "0.000028")
    assert found["saved_usd"]["cache"] == "0.000001"
    assert found["saved_usd"]["cascade"] == "0.000012"
    parts = sum(Decimal(part) for part in found["saved_usd"].values())
    assert Decimal(found["baseline_usd"]) == Decimal(found["cost_usd"]) + parts


async def test_a_cascade_that_cost_more_than_it_saved_shows_a_loss(ledger: Ledger, reports: Reports) -> None:
    call = a_call()
    await spend(ledger, call, paid(call, 4_000, verdict="rejected"), paid(call, 9_000), baseline_nano=9_000)
    assert (await reports.session(ME))["saved_usd"]["cascade"] == "-0.000004"


# ------------------------------------------------------------------------------------------------------------- walls


async def test_sessions_and_principals_are_kept_apart(ledger: Ledger, reports: Reports) -> None:
    for principal, session, nano in [("me", "s1", 1_000), ("me", "s2", 2_000), ("you", "s1", 4_000)]:
        call = a_call(session, principal)
        await spend(ledger, call, paid(call, nano))
    mine = await reports.session(ME)
    assert (mine["calls"], mine["cost_usd"]) == (1, "0.000001")
    assert mine["budget"]["day_spent_usd"] == "0.000003"
    assert (await reports.session(Caller("you", "s1")))["cost_usd"] == "0.000004"
    for scope in ("today", "week", "all"):
        found = await reports.scope(scope, ME)
        assert [day["cost_usd"] for day in found["days"]] == ["0.000003"]
    assert {each["session_id"] for each in (await reports.history("me"))["sessions"]} == {"s1", "s2"}
    assert (await reports.history("nobody")) == {"days": [], "sessions": []}


# -------------------------------------------------------------------------------------------------------------- days


async def test_days_come_newest_first_and_not_older_than_asked(ledger: Ledger, reports: Reports) -> None:
    for ago in (40, 10, 0, 3):
        call = a_call(started_at=at_noon(ago))
        await spend(ledger, call, paid(call, 1_000 + ago))
    assert [day["date"] for day in (await reports.history("me"))["days"]] == [local_day(at_noon(a)) for a in (0, 3, 10)]
    assert [day["date"] for day in (await reports.scope("week", ME))["days"]] == [local_day(at_noon(a)) for a in (0, 3)]
    assert [day["date"] for day in (await reports.today("me"))["days"]] == [local_day(at_noon())]


async def test_an_attempt_after_midnight_is_on_some_day(ledger: Ledger, reports: Reports) -> None:
    yesterday, today = at_noon(1), at_noon()
    call = a_call(started_at=yesterday)
    attempt = paid(call, 1_000)
    attempt.started_at = today
    await spend(ledger, call, attempt)
    days = (await reports.history("me"))["days"]
    assert sum(Decimal(day["cost_usd"]) for day in days) == Decimal("0.000001")


async def test_the_latest_sessions_come_first_and_no_more_than_twenty(ledger: Ledger, reports: Reports) -> None:
    for number in range(23):
        call = a_call(f"s{number:02}", started_at=time.time() - 100 + number)
        await spend(ledger, call, paid(call, 1_000))
    sessions = (await reports.history("me"))["sessions"]
    assert [each["session_id"] for each in sessions] == [f"s{number:02}" for number in range(22, 2, -1)]
    assert {each["cost_usd"] for each in sessions} == {"0.000001"}


# ------------------------------------------------------------------------------------------------------------ grouped


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("model", [FLASH, LITE]),
        ("tool", ["delegate_task"]),
        ("session", ["s2", "s1"]),
        ("family", ["json", "text"]),
        ("day", [local_day(at_noon())]),
    ],
)
async def test_the_whole_ledger_is_grouped_as_asked(
    ledger: Ledger, reports: Reports, by: Any, names: list[str]
) -> None:
    noon = at_noon()
    one = a_call("s1", family="text", started_at=noon)
    two = a_call("s2", "you", family="json", started_at=noon)
    await spend(ledger, one, paid(one, 1_000))
    await spend(ledger, two, paid(two, 3_000, model_served=FLASH))
    found = (await reports.spending(by, None))["rows"]
    assert [each[by] for each in found] == names
    assert sum(Decimal(each["cost_usd"]) for each in found) == Decimal("0.000004")
    assert (await reports.spending(by, noon + 1))["rows"] == []


async def test_every_kind_of_token_is_reported(ledger: Ledger, reports: Reports) -> None:
    call = a_call()
    usage = TokenUsage(100, 20, 30, 40, 50, 0, 2)
    await spend(ledger, call, paid(call, 1_000, usage=usage))
    found = await reports.session(ME)
    names = ("input_tokens", "cached_tokens", "output_tokens", "thinking_tokens", "tool_use_tokens", "search_queries")
    assert [found[name] for name in names] == [100, 20, 30, 40, 50, 2]


# ----------------------------------------------------------------------------------------------------------- spending


async def test_real_and_simulated_money_are_never_added_up(ledger: Ledger, reports: Reports) -> None:
    real, simulated = a_call(), a_call()
    await spend(ledger, real, paid(real, 1_000))
    await spend(ledger, simulated, paid(simulated, 4_000, simulated="list"), simulated="list")
    found = await reports.spending("tool", None)
    for part in ("rows", "totals", "days"):
        assert [(each["simulated"], each["cost_usd"]) for each in found[part]] == [
            (False, "0.000001"),
            (True, "0.000004"),
        ]


async def test_a_kind_of_money_without_usage_has_no_total(ledger: Ledger, reports: Reports) -> None:
    assert (await reports.spending("model", None))["totals"] == []
    call = a_call()
    await spend(ledger, call, paid(call, 1_000, simulated="zero"), simulated="zero")
    (total,) = (await reports.spending("model", None))["totals"]
    assert total["simulated"] is True and total["calls"] == 1


@pytest.mark.parametrize("by", ["tool", "session", "day", "family"])
async def test_calls_that_were_answered_from_the_cache_are_in_their_group(
    ledger: Ledger, reports: Reports, by: Any
) -> None:
    call = a_call(started_at=at_noon(), family="text")
    hit = a_call(started_at=at_noon(), family="text", saved_by_cache_nano=1_000)
    await spend(ledger, call, paid(call, 1_000))
    await spend(ledger, hit, cache="hit")
    (row,) = (await reports.spending(by, None))["rows"]
    assert (row["calls"], row["cache_hits"], row["attempts"]) == (2, 1, 1)
    assert (row["baseline_usd"], row["saved_usd"]) == ("0.000018", "0.000017")


async def test_the_savings_of_all_groups_make_up_those_of_the_total(ledger: Ledger, reports: Reports) -> None:
    one, two, hit = a_call("s1"), a_call("s2"), a_call("s3", saved_by_cache_nano=1_000)
    await spend(ledger, one, paid(one, 1_000), paid(one, 500, verdict="rejected"))
    await spend(ledger, two, paid(two, 3_000, service_tier="flex", discount_nano=3_000))
    await spend(ledger, hit, cache="hit")
    found = await reports.spending("session", None)
    (total,) = found["totals"]
    assert total["saved_usd"]["flex"] == "0.000003" and total["saved_usd"]["cache"] == "0.000001"
    saved = sum(Decimal(row["saved_usd"]) for row in found["rows"])
    assert saved == sum(map(Decimal, total["saved_usd"].values())) == Decimal("0.0000225")


async def test_the_savings_of_a_group_with_an_unknown_price_are_not_known(ledger: Ledger, reports: Reports) -> None:
    one, two = a_call("s1"), a_call("s2")
    await spend(ledger, one, paid(one, None))
    await spend(ledger, two, paid(two, 1_000), baseline_nano=None)
    rows = {row["session"]: row for row in (await reports.spending("session", None))["rows"]}
    assert rows["s1"]["saved_usd"] is None and rows["s1"]["baseline_usd"] == "0.000009"
    assert rows["s2"]["saved_usd"] is None and rows["s2"]["baseline_usd"] is None


async def test_the_share_of_cached_input_is_of_all_input(ledger: Ledger, reports: Reports) -> None:
    call, other = a_call(), a_call("s2")
    await spend(ledger, call, paid(call, usage=TokenUsage(1_000, 900)), paid(call, usage=TokenUsage(2_000, 0)))
    await spend(ledger, other, paid(other, usage=None))
    found = await reports.spending("session", None)
    assert {row["session"]: row["cached_share"] for row in found["rows"]} == {"s1": 0.3, "s2": None}
    assert found["totals"][0]["cached_share"] == 0.3


async def test_only_what_began_since_then_is_spending(ledger: Ledger, reports: Reports) -> None:
    for ago in (0, 3):
        call = a_call(started_at=at_noon(ago))
        await spend(ledger, call, paid(call, 1_000))
    recent, whole = await reports.spending("day", at_noon(1)), await reports.spending("day", None)
    assert [day["day"] for day in recent["rows"]] == [local_day(at_noon())] and recent["days"] == recent["rows"]
    assert recent["totals"][0]["calls"] == 1 and whole["totals"][0]["calls"] == 2
