"""The production policy, asked what it would do with recorded cases."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from benchmarks.cascade.cases import Case
from benchmarks.cascade.expected_costs import ExpectedCosts
from gemini_mcp.domain.calibration import Calibration
from gemini_mcp.domain.policy import State, decide, starts_above, worth_asking
from gemini_mcp.domain.signals import Traits

WORTHS = (*(step / 100 for step in range(10)), *(step / 100 for step in range(10, 52, 2)), 0.6)
"""What a strong answer may be worth, in answers made right: from quality at any price to hardly ever."""


@dataclass(slots=True)
class Totals:
    """Over cases: how many, how many right, at which cost."""

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


@dataclass(frozen=True, slots=True)
class Route:
    """What was done with a case."""

    directly: bool = False
    asked: bool = False
    climbed: bool = False

    def outcome(self, case: Case) -> tuple[float, float]:
        """How right the answer handed over is, and what all calls cost, rejected ones and second opinions included."""
        if self.directly:
            return case.strong, case.strong_cost
        cost = case.cheap_cost + (case.second_cost if self.asked else 0.0)
        return (case.strong, cost + case.strong_cost) if self.climbed else (case.cheap, cost)


class Alike:
    """Cases that the policy cannot tell apart are decided once."""

    def __init__(self, cases: Iterable[Case]) -> None:
        by_task: defaultdict[Traits, defaultdict[object, list[Case]]] = defaultdict(lambda: defaultdict(list))
        for case in cases:
            by_task[case.traits][case.seen, case.agrees].append(case)
        self._tasks = [list(answers.values()) for answers in by_task.values()]

    def totals(self, calibration: Calibration, costs: ExpectedCosts, worth: float) -> Totals:
        """What the policy makes of all cases."""
        totals = Totals()
        for answers in self._tasks:
            first = answers[0][0]
            directly = starts_above(first.traits, first.family, State(calibration, costs.before(first), worth=worth))
            for alike in answers:
                route = Route(directly=True) if directly else routed(alike[0], calibration, costs, worth)
                for case in alike:
                    totals.add(case.weight, *route.outcome(case))
        return totals


def routed(case: Case, calibration: Calibration, costs: ExpectedCosts, worth: float) -> Route:
    """What the production policy does with a cheap answer."""
    state = State(calibration, costs.after(case), worth=worth)
    signals = case.signals
    asked = worth_asking(case.traits, case.family, signals, state)
    if asked:
        signals = replace(signals, agrees=case.agrees)
    return Route(asked=asked, climbed=decide(case.traits, case.family, signals, state).action == "climb")


def alone(cases: Sequence[Case], *, strong: bool) -> Totals:
    """One of the two models for everything."""
    totals = Totals()
    for case in cases:
        totals.add(case.weight, *Route(directly=strong).outcome(case))
    return totals
