"""What binds, what it frees and when; midnight Pacific in summer, in winter and on the days between."""

import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gemini_mcp.domain.pacific import PacificRule, day_began, day_ends
from gemini_mcp.domain.quotas import (
    LEARNED_FOR_S,
    Held,
    ModelLimits,
    Quota,
    Standing,
    Violation,
    held,
    in_force,
    lessons,
    quota_of,
    window_began,
)

NOW = datetime(2026, 11, 21, 20, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2026, 11, 22, 8, tzinfo=UTC).timestamp()
LOS_ANGELES = ZoneInfo("America/Los_Angeles")


class Sent:
    """Requests at these moments, with so many tokens."""

    def __init__(self, *places: tuple[float, int]) -> None:
        self._places = sorted(places)

    def requests(self, since: float) -> int:
        return len(list(self.each(since)))

    def tokens(self, since: float) -> int:
        return sum(tokens for _, tokens in self.each(since))

    def each(self, since: float) -> Iterable[tuple[float, int]]:
        return [place for place in self._places if place[0] > since]


def limits(**most: int) -> dict[Quota, Standing]:
    return in_force(ModelLimits(**most), {}, NOW)


# ---------------------------------------------------------------------------------------------------------- midnight


@pytest.mark.parametrize(
    ("moment", "began", "ends"),
    [
        ("2026-11-21T20:00", "2026-11-21T08:00", "2026-11-22T08:00"),
        ("2026-11-21T07:59", "2026-11-20T08:00", "2026-11-21T08:00"),
        ("2026-11-21T08:00", "2026-11-21T08:00", "2026-11-22T08:00"),
        ("2026-07-04T12:00", "2026-07-04T07:00", "2026-07-05T07:00"),
        ("2026-03-08T20:00", "2026-03-08T08:00", "2026-03-09T07:00"),
        ("2026-11-01T20:00", "2026-11-01T07:00", "2026-11-02T08:00"),
    ],
)
def test_a_day_of_quotas_goes_from_midnight_to_midnight_pacific(moment: str, began: str, ends: str) -> None:
    now, start, end = (datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() for text in (moment, began, ends))
    assert (day_began(now), day_ends(now)) == (start, end)


def test_the_rule_that_stands_in_for_the_time_zone_database_agrees_with_it() -> None:
    rule = PacificRule()
    for hour in (datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=n) for n in range(24 * 366 * 6)):
        assert hour.astimezone(rule).date() == hour.astimezone(LOS_ANGELES).date()
    for midnight in (datetime(2024, 1, 1) + timedelta(days=n) for n in range(366 * 6)):
        assert midnight.replace(tzinfo=rule).utcoffset() == midnight.replace(tzinfo=LOS_ANGELES).utcoffset()


# ------------------------------------------------------------------------------------------------------------- minute


def test_without_a_limit_nothing_is_held() -> None:
    assert in_force(ModelLimits(), {}, NOW) == {}
    assert held({}, Sent(*[(NOW, 1)] * 1_000), 10**9, NOW) is None


def test_requests_of_the_latest_minute_count_and_older_ones_do_not() -> None:
    old, recent = (NOW - 60.0, 1), (NOW - 59.0, 1)
    assert held(limits(rpm=2), Sent(old, old, recent), 1, NOW) is None
    assert held(limits(rpm=2), Sent(old, recent, (NOW - 10, 1)), 1, NOW) == Held("rpm", 2, NOW + 1.0)


def test_a_limit_that_shrank_frees_when_enough_have_left_the_minute() -> None:
    sent = Sent(*[(NOW - 50 + n, 1) for n in range(10)])
    assert held(limits(rpm=3), sent, 1, NOW) == Held("rpm", 3, NOW - 50 + 7 + 60)


def test_tokens_free_when_those_that_came_first_have_left_the_minute() -> None:
    sent = Sent((NOW - 50, 400), (NOW - 40, 400), (NOW - 30, 100))
    assert held(limits(tpm=1_000), sent, 100, NOW) is None
    assert held(limits(tpm=1_000), sent, 101, NOW) == Held("tpm", 1_000, NOW + 10)
    assert held(limits(tpm=1_000), sent, 600, NOW) == Held("tpm", 1_000, NOW + 20)


def test_a_request_of_more_tokens_than_a_minute_has_goes_alone() -> None:
    assert held(limits(tpm=1_000), Sent(), 5_000, NOW) is None
    assert held(limits(tpm=1_000), Sent((NOW - 59, 1)), 5_000, NOW) == Held("tpm", 1_000, NOW + 1)


def test_the_longest_wait_is_the_one_that_is_told() -> None:
    sent = Sent((NOW - 50, 900), (NOW - 20, 50))
    assert held(limits(rpm=2, tpm=1_000), sent, 200, NOW) == Held("rpm", 2, NOW + 10)
    assert held(limits(rpm=2, tpm=1_000), sent, 960, NOW) == Held("tpm", 1_000, NOW + 40)


def test_whoever_waits_until_it_is_told_to_is_let_go_and_never_more_than_the_limit_in_any_minute() -> None:
    dice, now, places = random.Random(4), NOW, list[tuple[float, int]]()
    standings = limits(rpm=7, tpm=900)
    for _ in range(400):
        tokens = dice.randint(1, 400)
        while (waits := held(standings, Sent(*places), tokens, now)) is not None:
            assert waits.until > now
            now = waits.until
        places.append((now, tokens))
        now += dice.choice((0.0, 0.5, 9.0))
    for at, _ in places:
        minute = [tokens for moment, tokens in places if at - 60 < moment <= at]
        assert len(minute) <= 7 and sum(minute) <= 900


# ---------------------------------------------------------------------------------------------------------------- day


def test_requests_of_the_day_count_from_midnight_pacific_and_free_at_the_next() -> None:
    yesterday, today = (day_began(NOW) - 1, 1), (day_began(NOW) + 1, 1)
    assert held(limits(rpd=2), Sent(yesterday, yesterday, today), 1, NOW) is None
    found = held(limits(rpd=2), Sent(yesterday, today, today), 1, NOW)
    assert found == Held("rpd", 2, MIDNIGHT) and found.daily


def test_only_a_limit_of_the_day_needs_more_than_a_minute_of_history() -> None:
    assert window_began(limits(rpm=1, tpm=1), NOW) == NOW - 60
    assert window_began(limits(rpd=1), NOW) == day_began(NOW)
    just_after_midnight = MIDNIGHT + 1
    assert window_began(limits(rpd=1), just_after_midnight) == just_after_midnight - 60


# ------------------------------------------------------------------------------------------------------------ learned


@pytest.mark.parametrize(
    ("violation", "after", "lesson"),
    [
        (Violation("rpm", 15), 53.0, Standing(15, NOW + 53, NOW)),
        (Violation("tpm", None), 0.25, Standing(None, NOW + 0.25, NOW)),
        (Violation("rpm", 15), None, Standing(15, NOW + 60, NOW)),
        (Violation("rpd", 1_500), 18.0, Standing(1_500, MIDNIGHT, NOW)),
        (Violation("tpd", None), None, Standing(None, MIDNIGHT, NOW)),
        (Violation("rpm", 0), 18.0, Standing(None, MIDNIGHT, NOW)),
        (Violation("other", None), 600.0, Standing(None, NOW + 600, NOW)),
        (Violation("other", None), 10.0**9, Standing(None, MIDNIGHT, NOW)),
    ],
)
def test_a_429_teaches_the_limit_and_until_when(violation: Violation, after: float | None, lesson: Standing) -> None:
    assert lessons([violation], after, NOW) == {violation.quota: lesson}


def test_a_429_that_says_nothing_teaches_nothing() -> None:
    assert lessons([], None, NOW) == {}
    assert lessons([], 7.0, NOW) == {"other": Standing(None, NOW + 7, NOW)}


def test_what_was_learned_binds_until_it_is_over() -> None:
    learned: dict[Quota, Standing] = {"rpm": Standing(15, NOW + 10, NOW)}
    assert held(in_force(ModelLimits(), learned, NOW), Sent(), 1, NOW) == Held("rpm", 15, NOW + 10)
    later = in_force(ModelLimits(), learned, NOW + 10)
    assert later["rpm"].most == 15 and held(later, Sent(), 1, NOW + 10) is None


def test_what_was_learned_is_forgotten_in_time_since_limits_are_raised() -> None:
    learned: dict[Quota, Standing] = {"rpm": Standing(15, NOW, NOW)}
    assert in_force(ModelLimits(), learned, NOW + LEARNED_FOR_S - 1)
    assert in_force(ModelLimits(), learned, NOW + LEARNED_FOR_S) == {}


def test_the_users_limit_goes_before_a_learned_one() -> None:
    assert in_force(ModelLimits(rpm=100), {"rpm": Standing(15, 0.0, NOW)}, NOW)["rpm"].most == 100


def test_two_lessons_keep_the_longer_wait_and_the_later_limit() -> None:
    early, late = Standing(15, NOW + 100, NOW - 5), Standing(20, NOW + 10, NOW - 1)
    assert early.joined(late, NOW) == late.joined(early, NOW) == Standing(20, NOW + 100, NOW - 1)
    assert early.joined(Standing(None, 0.0, NOW - 1), NOW).most == 15


def test_what_a_clock_that_ran_ahead_taught_does_not_stay() -> None:
    ahead = Standing(1, NOW + 10**7, NOW + 10**6)
    assert in_force(ModelLimits(), {"rpm": ahead}, NOW) == {}
    assert ahead.joined(Standing(15, NOW + 10, NOW), NOW) == Standing(15, NOW + 10, NOW)


# -------------------------------------------------------------------------------------------------------------- words


def test_a_limit_is_told_in_words() -> None:
    assert Held("rpm", 15, NOW).words == "15 requests a minute"
    assert Held("tpm", 1_000_000, NOW).words == "1,000,000 tokens a minute"
    assert Held("rpd", None, NOW).words == "requests a day"


def test_those_behind_wait_a_minute_for_each_limit_full_of_others() -> None:
    assert [Held("rpm", 15, NOW).after(others) for others in (0, 14, 15, 31)] == [NOW, NOW, NOW + 60, NOW + 120]
    assert Held("tpm", 15, NOW).after(100) == NOW


@pytest.mark.parametrize(
    ("quota_id", "quota"),
    [
        ("GenerateRequestsPerMinutePerProjectPerModel-FreeTier", "rpm"),
        ("GenerateRequestsPerDayPerProjectPerModel", "rpd"),
        ("GenerateContentPaidTierInputTokensPerModelPerMinute", "tpm"),
        ("GenerateContentInputTokensPerModelPerDay-FreeTier", "tpd"),
        ("", "other"),
    ],
)
def test_a_quota_is_known_by_its_id(quota_id: str, quota: Quota) -> None:
    assert quota_of(quota_id) == quota
