"""The cascade's policy: what it does by default, what outcomes make of it, and what they cannot."""

import random
from collections.abc import Iterable
from dataclasses import replace

import pytest

from gemini_mcp.domain.calibration import Calibration, Evidence, Outcome
from gemini_mcp.domain.policy import Prices, State, decide, starts_above, worth_asking
from gemini_mcp.domain.signals import Signals, seen, traits

TASK = traits("choice", "Which of these is the capital of France?")
CHEAP = Prices(answer=0.2, second=0.2)


def state(calibration: Calibration | None = None, **changes: object) -> State:
    return replace(State(calibration or Calibration(), CHEAP), **changes)  # type: ignore[arg-type]


# ----------------------------------------------------------------------------------------------------------- by default


@pytest.mark.parametrize(
    ("signals", "action", "why"),
    [
        (Signals(), "accept", "passed its checks"),
        (Signals(formed=True, hedges=0, characters=200), "accept", "passed its checks"),
        (Signals(objection="empty answer"), "climb", "empty answer"),
        (Signals(agrees=True), "accept", "a second opinion agrees"),
        (Signals(agrees=False), "climb", "a second opinion differs"),
        (Signals(tests=False), "climb", "a test of it failed"),
        (Signals(tests=True), "accept", "passed its checks"),
        (Signals(formed=False), "climb", "its form is wrong"),
        (Signals(confidence=-2.0), "accept", "not confident"),
        (Signals(confidence=-2.0, hedges=9), "climb", "not confident and it says that it is unsure"),
        (Signals(confidence=-0.01), "accept", "passed its checks"),
        (Signals(hedges=9), "accept", "unsure"),
    ],
    ids=lambda value: repr(value) if isinstance(value, Signals) else None,
)
def test_what_is_done_as_long_as_nothing_was_learned(signals: Signals, action: str, why: str) -> None:
    decision = decide(TASK, "choice", signals, state())
    assert decision.action == action and why in decision.reason


def test_a_climb_says_what_it_expects_to_mend() -> None:
    assert "expected to mend 21% of such answers" in decide(TASK, "choice", Signals(agrees=False), state()).reason


@pytest.mark.parametrize(("objection", "action"), [("empty answer", "stop"), ("", "accept")])
def test_with_nothing_above_only_what_cannot_be_handed_over_stops(objection: str, action: str) -> None:
    signals = Signals(objection=objection, agrees=False)
    assert decide(TASK, "choice", signals, state(may_climb=False)).action == action


def test_a_dear_tier_above_must_promise_more() -> None:
    doubted = Signals(agrees=False)
    assert decide(TASK, "choice", doubted, state(prices=Prices(0.2, above=1.0))).action == "climb"
    assert decide(TASK, "choice", doubted, state(prices=Prices(0.2, above=4.0))).action == "accept"
    assert decide(TASK, "choice", doubted, state(worth=0.4)).action == "accept"


@pytest.mark.parametrize(("price", "asks"), [(0.02, True), (0.2, True), (0.9, False), (None, False)])
def test_a_second_opinion_is_asked_for_where_it_is_cheap(price: float | None, asks: bool) -> None:
    here = state(prices=Prices(0.2, second=price))
    assert worth_asking(TASK, "choice", Signals(formed=True), here) is asks


@pytest.mark.parametrize(
    "signals", [Signals(objection="empty answer"), Signals(agrees=True), Signals(formed=False, hedges=9)]
)
def test_no_second_opinion_on_what_is_decided_already(signals: Signals) -> None:
    assert not worth_asking(TASK, "choice", signals, state(prices=Prices(0.2, second=0.5)))


def test_nothing_starts_above_before_anything_was_learned() -> None:
    assert not starts_above(TASK, "choice", state())


# -------------------------------------------------------------------------------------------------------------- learned


def outcomes(number: int, family: str, gain: float, signals: Signals, agrees: bool | None = None) -> Iterable[Outcome]:
    """``gain``: how many of them climbing mends; below 0, how many it spoils."""
    dice = random.Random(f"{family}{signals}{agrees}")
    value = 1.0 if gain > 0 else -1.0
    for _ in range(number):
        hit = dice.random() < abs(gain)
        yield Outcome(family, traits(family, "Which?"), seen(signals), value if hit else 0.0, agrees)


def learned(*groups: Iterable[Outcome]) -> Calibration:
    return Calibration(Evidence.of(outcome for group in groups for outcome in group))


FINE = Signals(formed=True, characters=300)
FAILED = Signals(objection="not JSON")


def test_a_family_whose_answers_mostly_fail_starts_above_and_the_others_do_not() -> None:
    knows = learned(
        outcomes(60, "diff", 0.95, FAILED), outcomes(3, "diff", 0.0, FINE), outcomes(200, "text", 0.01, FINE)
    )
    assert starts_above(traits("diff", "Change it."), "diff", state(knows))
    assert not starts_above(traits("text", "Say it."), "text", state(knows))


def test_a_family_that_fails_now_and_then_is_still_cheaper_from_below() -> None:
    knows = learned(outcomes(30, "diff", 0.95, FAILED), outcomes(70, "diff", 0.0, FINE))
    assert not starts_above(traits("diff", "Change it."), "diff", state(knows))


def test_a_family_that_its_callers_turn_down_climbs_at_once() -> None:
    knows = learned(outcomes(80, "code", 0.5, FINE), outcomes(400, "text", 0.01, FINE))
    task = traits("code", "Write a function.")
    assert starts_above(task, "code", state(knows)) or decide(task, "code", FINE, state(knows)).action == "climb"
    assert decide(traits("text", "Say it."), "text", FINE, state(knows)).action == "accept"


def test_where_a_second_opinion_tells_nothing_it_is_not_asked_for() -> None:
    usual, noise = Signals(formed=True), 0.03
    told = learned(
        outcomes(300, "choice", noise, usual, True), outcomes(300, "choice", noise, usual, False),
        outcomes(300, "number", 0.0, usual, True), outcomes(200, "number", 0.5, usual, False),
    )  # fmt: skip
    assert not worth_asking(traits("choice", "Which?"), "choice", usual, state(told))
    assert worth_asking(traits("number", "How many?"), "number", usual, state(told))


def test_a_few_outcomes_do_not_overrule_the_default() -> None:
    knows = learned(outcomes(3, "choice", 1.0, FINE))
    assert decide(TASK, "choice", FINE, state(knows)).action == "accept"


def test_a_tier_above_that_is_worse_is_only_for_what_cannot_be_handed_over() -> None:
    knows = learned(outcomes(100, "choice", -0.3, FINE, False), outcomes(100, "choice", 0.0, FINE, True))
    assert knows.inverted
    assert decide(TASK, "choice", Signals(agrees=False), state(knows)).action == "accept"
    assert decide(TASK, "choice", Signals(objection="empty answer"), state(knows)).action == "climb"
    assert not worth_asking(TASK, "choice", FINE, state(knows))
    assert not starts_above(TASK, "choice", state(knows))


def test_shuffled_outcomes_teach_nothing() -> None:
    dice = random.Random(3)
    found = [*outcomes(500, "choice", 0.02, FINE, True), *outcomes(250, "choice", 0.4, FINE, False)]
    gains = [outcome.gain for outcome in found]
    dice.shuffle(gains)
    shuffled = [replace(outcome, gain=gain) for outcome, gain in zip(found, gains, strict=True)]
    told, nothing = Calibration(Evidence.of(found)), Calibration(Evidence.of(shuffled))
    answer = (TASK, "choice", seen(FINE))
    assert told.gain(*answer, False).mean - told.gain(*answer, True).mean > 0.3
    for agrees in (True, False, None):
        signals = replace(FINE, agrees=agrees)
        assert decide(TASK, "choice", signals, state(nothing)) == decide(TASK, "choice", signals, state())


def test_a_family_never_seen_borrows_what_is_common_to_all() -> None:
    knows = learned(
        outcomes(400, "number", 0.0, FINE, True), outcomes(300, "number", 0.45, FINE, False),
        outcomes(400, "choice", 0.0, FINE, True), outcomes(300, "choice", 0.45, FINE, False),
    )  # fmt: skip
    unseen = traits("yes_no", "Is it?")
    told = [knows.gain(unseen, "yes_no", seen(FINE), agrees).mean for agrees in (True, False)]
    assert told[0] < 0.08 < 0.3 < told[1]
    assert sum(share for share, _ in knows.outlook(unseen, "yes_no")) == pytest.approx(1.0)


def test_evidence_in_two_parts_is_the_same_evidence() -> None:
    found = [*outcomes(90, "choice", 0.1, FINE, True), *outcomes(60, "diff", 0.7, FAILED)]
    whole, halves = Calibration(Evidence.of(found)), Calibration(Evidence.of(found[::2]) + Evidence.of(found[1::2]))
    for family in ("choice", "diff"):
        task = traits(family, "Which?")
        assert whole.gain(task, family, seen(FINE), None).mean == pytest.approx(
            halves.gain(task, family, seen(FINE), None).mean
        )
        assert len(whole.outlook(task, family)) == len(halves.outlook(task, family))
