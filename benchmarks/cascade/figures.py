"""From what was measured on halves to the figures of an entry."""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from benchmarks.cascade.evaluation import EQUAL, Half
from benchmarks.cascade.measures import apgr, cpt, interval, mean
from benchmarks.cascade.routes import WORTHS, Totals

CASCADE = "cascade"


def policies(halves: Sequence[Half]) -> list[dict[str, Any]]:
    """Every policy's figures: means over the halves, with the middle 95 % of them."""
    found = [
        _policy("all cheap", halves, lambda half: half.cheap),
        _policy("all strong", halves, lambda half: half.strong),
        _curve("random", halves, lambda half: half.random, lambda half: half.random[len(half.random) // 2]),
        _curve(CASCADE, halves, lambda half: half.curve, lambda half: half.policies[EQUAL]),
    ]
    return found + [_policy(name, halves, _named(name)) for name in halves[0].policies]


def _named(name: str) -> Callable[[Half], Totals]:
    return lambda half: half.policies[name]


def _policy(name: str, halves: Sequence[Half], of: Callable[[Half], Totals]) -> dict[str, Any]:
    """One point: the same thing done throughout. ``ci`` is of delta_vs_strong, in points."""
    points = [of(half) for half in halves]
    deltas = [100 * (point.accuracy - half.strong.accuracy) for point, half in zip(points, halves, strict=True)]
    costs = [point.mean_cost / half.strong.mean_cost for point, half in zip(points, halves, strict=True)]
    return {
        "name": name,
        "accuracy": _rounded(mean([point.accuracy for point in points])),
        "delta_vs_strong": _rounded(mean(deltas), 3),
        "cost_share": _rounded(mean(costs)),
        "ci": [_rounded(edge, 3) for edge in interval(deltas) or []],
        "cost_ci": [_rounded(edge) for edge in interval(costs) or []],
        "apgr": None,
        "apgr_ci": None,
        "cpt50": None,
        "cpt80": None,
    }


def _curve(
    name: str, halves: Sequence[Half], points: Callable[[Half], Sequence[Totals]], at: Callable[[Half], Totals]
) -> dict[str, Any]:
    """A policy that can be had at any cost: where it stands at one of them, and how good a trade it is over all."""
    curves = [half.ends.curve([(point.accuracy, point.mean_cost) for point in points(half)]) for half in halves]
    averages = [apgr(curve) for curve in curves]
    known = [average for average in averages if average is not None]
    return _policy(name, halves, at) | {
        "apgr": _rounded(mean(averages)),
        "apgr_ci": [_rounded(edge) for edge in interval(known) or []] or None,
        "cpt50": _rounded(mean([cpt(curve, 0.5) for curve in curves])),
        "cpt80": _rounded(mean([cpt(curve, 0.8) for curve in curves])),
    }


def resampled(halves: Sequence[Half], times: int) -> list[Half]:
    """Disjoint halves as one, with as many of them drawn again and again: how much of it is chance."""
    dice = random.Random(5)
    return [pooled([dice.choice(halves) for _ in halves]) for _ in range(times)]


def pooled(halves: Sequence[Half]) -> Half:
    """Disjoint halves as one, each policy with itself; of the worths those that most of them kept."""
    whole = Half(_sum(h.cheap for h in halves), _sum(h.strong for h in halves))
    for name in halves[0].policies:
        whole.policies[name] = _sum(half.policies[name] for half in halves)
    for points, kept in ((whole.random, "random"), (whole.at_worths, "at_worths")):
        points += [_sum(same) for same in zip(*(getattr(half, kept) for half in halves), strict=True)]
    votes = Counter(place for half in halves for place in half.kept)
    whole.kept = [place for place, count in votes.items() if 2 * count > len(halves)]
    return whole


def _sum(totals: Iterable[Totals]) -> Totals:
    return sum(totals, Totals())


def curve_points(halves: Sequence[Half]) -> list[tuple[float, float]]:
    """(cost share, accuracy) of the learned policy at each worth that most halves kept, for drawing."""
    shares = [(p.mean_cost / h.strong.mean_cost, p.accuracy) for h in halves for p in h.curve]
    return sorted(shares)[:: max(1, len(shares) // (4 * len(WORTHS)))]


def _rounded(value: float | None, digits: int = 4) -> float | None:
    return None if value is None else round(value, digits)
