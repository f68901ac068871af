"""From what was measured on halves to the figures of an entry."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks.cascade.half import EQUAL, Half
from benchmarks.cascade.measures import apgr, cost_at, cpt, interval, mean
from benchmarks.cascade.totals import Totals

CASCADE = "cascade"


def policies(halves: Sequence[Half], spread: Sequence[Half]) -> list[dict[str, Any]]:
    """Every policy's figures: means over the halves, with the middle 95 % of ``spread``."""
    named = [_policy(name, halves, spread, _named(name)) for name in halves[0].policies]
    models = [
        _policy("all cheap", halves, spread, lambda half: half.cheap),
        _policy("all strong", halves, spread, lambda half: half.strong),
    ]
    if not halves[0].at_worths:
        return models + named
    at_half = len(halves[0].random) // 2
    return [
        *models,
        _traded("random", halves, spread, lambda half: half.random, lambda half: half.random[at_half]),
        _traded(CASCADE, halves, spread, lambda half: half.curve, lambda half: half.policies[EQUAL]),
        *named,
    ]


def _named(name: str) -> Callable[[Half], Totals]:
    return lambda half: half.policies[name]


def _policy(name: str, halves: Sequence[Half], spread: Sequence[Half], of: Callable[[Half], Totals]) -> dict[str, Any]:
    """One point: the same thing done throughout. ``ci`` is of delta_vs_strong, in points."""
    return {
        "name": name,
        "accuracy": _rounded(mean([of(half).accuracy for half in halves])),
        "delta_vs_strong": _rounded(mean([_delta(of(half), half) for half in halves]), 3),
        "cost_share": _rounded(mean([_share(of(half), half) for half in halves])),
        "ci": _interval([_delta(of(half), half) for half in spread], 3),
        "cost_ci": _interval([_share(of(half), half) for half in spread]),
        "apgr": None,
        "apgr_ci": None,
        "cpt50": None,
        "cpt80": None,
    }


def _delta(point: Totals, half: Half) -> float:
    return 100 * (point.accuracy - half.strong.accuracy)


def _share(point: Totals, half: Half) -> float:
    return point.mean_cost / half.strong.mean_cost


def _traded(
    name: str,
    halves: Sequence[Half],
    spread: Sequence[Half],
    points: Callable[[Half], Sequence[Totals]],
    at: Callable[[Half], Totals],
) -> dict[str, Any]:
    """A policy that can be had at any cost: where it stands at one of them, and how good a trade it is over all."""

    def curves(measured: Sequence[Half]) -> list[list[tuple[float, float]] | None]:
        return [half.ends.curve([(point.accuracy, point.mean_cost) for point in points(half)]) for half in measured]

    found = curves(halves)
    averages = [average for average in map(apgr, curves(spread)) if average is not None]
    return _policy(name, halves, spread, at) | {
        "apgr": _rounded(mean([apgr(curve) for curve in found])),
        "apgr_ci": _interval(averages) or None,
        "cpt50": _rounded(mean([cpt(curve, 0.5) for curve in found])),
        "cpt80": _rounded(mean([cpt(curve, 0.8) for curve in found])),
    }


def mean_curve(halves: Sequence[Half]) -> list[tuple[float, float]]:
    """(cost share, accuracy) of the learned policy at each worth that most halves kept: means over all of them."""
    votes = Counter(place for half in halves for place in half.kept)
    kept = [place for place, count in votes.items() if 2 * count > len(halves)]
    count = len(halves)
    points = [
        (
            sum(_share(half.at_worths[place], half) for half in halves) / count,
            sum(half.at_worths[place].accuracy for half in halves) / count,
        )
        for place in kept
    ]
    return [(round(share, 4), round(accuracy, 4)) for share, accuracy in sorted(points)]


def costs_on_curve(
    halves: Sequence[Half], curve: Sequence[tuple[float, float]], aims: dict[str, float]
) -> dict[str, float | None]:
    """What the mean curve, with the strong model alone at its end, costs where it comes within so many points."""
    strong = sum(half.strong.accuracy for half in halves) / len(halves)
    whole = [*curve, (1.0, strong)]
    return {name: _rounded(cost_at(whole, strong - points / 100)) for name, points in aims.items()}


def _interval(values: Sequence[float], digits: int = 4) -> list[float]:
    return [round(edge, digits) for edge in interval(values) or []]


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)
