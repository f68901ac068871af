"""Scorecards: closed-form answers on cases small enough to work out by hand, and what no case can overrule."""

import random

import pytest

from gemini_mcp.domain.scorecard import Prior, Scorecard, Sums


def flat(feature: str) -> tuple[float, float]:
    return (0.0, 0.5)


def card(cases: list[tuple[tuple[str, ...], float]], prior: Prior = flat, noise: float = 0.5) -> Scorecard:
    sums = Sums()
    for features, value in cases:
        sums.add(features, value)
    return Scorecard(sums, prior, noise)


def test_without_a_case_the_prior_holds() -> None:
    empty = card([], lambda feature: (0.1 if feature == "a" else 0.02, 0.2))
    told = empty.estimate(("a", "b"))
    assert told.mean == told.expected == pytest.approx(0.12) and told.sd == pytest.approx((2 * 0.04) ** 0.5)
    assert empty.mean(("a",)) == pytest.approx(0.1) and not empty.informed


@pytest.mark.parametrize("cases", [1, 3, 30])
def test_one_feature_is_the_conjugate_normal(cases: int) -> None:
    """Prior N(0, .5^2), noise .5: after n cases of value 1, mean n/(n+1) and variance .25/(n+1)."""
    told = card([(("a",), 1.0)] * cases).estimate(("a",))
    assert told.mean == pytest.approx(cases / (cases + 1)) and told.sd == pytest.approx((0.25 / (cases + 1)) ** 0.5)
    assert told.expected == 0.0


def test_two_features_that_always_come_together_share_what_they_explain() -> None:
    both = card([(("a", "b"), 1.0)] * 1_000)
    assert both.mean(("a",)) == pytest.approx(both.mean(("b",))) == pytest.approx(0.5, abs=0.01)
    assert both.estimate(("a",)).sd > 10 * both.estimate(("a", "b")).sd, "together they are sure, apart they are not"


def test_weights_are_found_again_from_noisy_cases() -> None:
    dice = random.Random(4)
    truth = {"base": 0.1, "a": 0.3, "b": -0.2, "c": 0.0}
    cases = []
    for _ in range(4_000):
        features = ("base", *(name for name in "abc" if dice.random() < 0.4))
        cases.append((features, sum(truth[name] for name in features) + dice.gauss(0, 0.3)))
    learned = card(cases, noise=0.3)
    for name, weight in truth.items():
        told = learned.estimate((name,))
        assert abs(told.mean - weight) < 4 * told.sd < 0.1


def test_an_unheard_of_feature_adds_what_was_expected_of_it_and_doubt() -> None:
    learned = card([(("a",), 1.0)] * 50)
    known, unknown = learned.estimate(("a",)), learned.estimate(("a", "new"))
    assert unknown.mean == known.mean and unknown.sd == pytest.approx((known.sd**2 + 0.25) ** 0.5)


def test_sums_of_parts_are_the_sums_of_the_whole() -> None:
    dice = random.Random(1)
    cases = [(tuple(n for n in "abcd" if dice.random() < 0.5), dice.random()) for _ in range(60)]
    parts = [Sums(), Sums()]
    for place, (features, value) in enumerate(cases):
        parts[place % 2].add(features, value, 0.5)
    whole = Sums()
    for features, value in cases:
        whole.add(features, value, 0.5)
    joined, at_once = Scorecard(parts[0] + parts[1], flat, 0.5), Scorecard(whole, flat, 0.5)
    for name in "abcd":
        assert joined.mean((name,)) == pytest.approx(at_once.mean((name,)))
    assert (parts[0] + parts[1]).cases == pytest.approx(whole.cases) == 30


def coins(*, shuffled: bool) -> list[tuple[tuple[str, ...], float]]:
    dice = random.Random(7)
    features = [("base", "good" if dice.random() < 0.5 else "bad") for _ in range(600)]
    values = [float(dice.random() < (0.1 if "good" in one else 0.5)) for one in features]
    if shuffled:
        dice.shuffle(values)
    return list(zip(features, values, strict=True))


def test_cases_that_features_explain_are_told_from_cases_that_nothing_explains() -> None:
    def expecting(feature: str) -> tuple[float, float]:
        return (0.3, 0.1) if feature == "bad" else (0.1 if feature == "base" else 0.0, 0.1)

    assert card(coins(shuffled=False), expecting, 0.4).informed
    assert not card(coins(shuffled=True), expecting, 0.4).informed


@pytest.mark.parametrize(
    ("values", "negative"),
    [([-1.0] * 19, False), ([-1.0] * 40, True), ([-1.0, 1.0] * 40, False), ([-1.0, 0.0, 0.0] * 20, True)],
    ids=["too few", "all", "as often as not", "mostly the same, never better"],
)
def test_a_mean_below_zero_must_be_no_chance(values: list[float], negative: bool) -> None:
    sums = Sums()
    for value in values:
        sums.add(("a",), value)
    assert sums.surely_negative is negative
