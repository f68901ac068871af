"""What a policy comes to over cases."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class Totals:
    """How many cases, how many right, at which cost."""

    cases: float = 0.0
    right: float = 0.0
    cost: float = 0.0

    def add(self, weight: float, right: float, cost: float) -> None:
        self.cases += weight
        self.right += weight * right
        self.cost += weight * cost

    def __add__(self, other: "Totals") -> "Totals":
        return Totals(self.cases + other.cases, self.right + other.right, self.cost + other.cost)

    @property
    def accuracy(self) -> float:
        return self.right / self.cases

    @property
    def mean_cost(self) -> float:
        return self.cost / self.cases


def summed(totals: Iterable[Totals]) -> Totals:
    """All as one."""
    return sum(totals, Totals())


def summed_curves(curves: Iterable[list[Totals]]) -> list[Totals]:
    """Curves over the same worths as one."""
    return [summed(same) for same in zip(*curves, strict=True)]
