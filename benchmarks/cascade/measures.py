"""How good a trade of cost for quality is: the measures of RouteLLM, by cost instead of by calls.

A curve runs from asking the cheap model alone (0, 0) to asking the strong one alone (1, 1): along, the share of what
lies between their costs; up, the share of what lies between their accuracies (the performance gap recovered).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
_STEPS = 200


@dataclass(frozen=True, slots=True)
class Ends:
    """Accuracy (0 to 1) and cost of the two models alone, in the same unit."""

    cheap: float
    strong: float
    cheap_cost: float
    strong_cost: float

    def curve(self, points: Sequence[tuple[float, float]]) -> list[Point] | None:
        """Of (accuracy, cost) points, along the cost. None where the strong model is no better or no dearer."""
        if self.strong <= self.cheap or self.strong_cost <= self.cheap_cost:
            return None
        dearer, better = self.strong_cost - self.cheap_cost, self.strong - self.cheap
        found = [((cost - self.cheap_cost) / dearer, (accuracy - self.cheap) / better) for accuracy, cost in points]
        return sorted([(0.0, 0.0), *(point for point in found if 0.0 <= point[0] <= 1.0), (1.0, 1.0)])


def apgr(curve: Sequence[Point] | None) -> float | None:
    """The average of the gap recovered over all costs: .5 for choosing at random."""
    if curve is None:
        return None
    return sum(_at(curve, (step + 0.5) / _STEPS) for step in range(_STEPS)) / _STEPS


def cpt(curve: Sequence[Point] | None, share: float) -> float | None:
    """The least share of the cost between the two that recovers that share of the gap."""
    if curve is None:
        return None
    for (x0, y0), (x1, y1) in pairwise(curve):
        if y1 >= share:
            return x1 if y1 == y0 or y0 >= share else x0 + (x1 - x0) * (share - y0) / (y1 - y0)
    return None


def cost_at(points: Sequence[Point], wanted: float) -> float | None:
    """The least cost at which a line through (cost, accuracy) points is as accurate as wanted."""
    ordered = sorted(points)
    if ordered and ordered[0][1] >= wanted:
        return ordered[0][0]
    for (x0, y0), (x1, y1) in pairwise(ordered):
        if y1 >= wanted:
            return x0 + (x1 - x0) * (wanted - y0) / (y1 - y0)
    return None


def _at(curve: Sequence[Point], x: float) -> float:
    for (x0, y0), (x1, y1) in pairwise(curve):
        if x <= x1:
            return y1 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return curve[-1][1]


def interval(values: Sequence[float]) -> list[float] | None:
    """The middle 95 % of values."""
    if not values:
        return None
    ordered = sorted(values)
    last = len(ordered) - 1
    return [ordered[round(0.025 * last)], ordered[round(0.975 * last)]]


def mean(values: Sequence[float | None]) -> float | None:
    """Of the values that there are; None when most are missing."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known and 2 * len(known) > len(values) else None
