"""The production policy, asked what it would do with recorded cases."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Generic, TypeVar

from benchmarks.cascade.cases import Case
from benchmarks.cascade.expected_costs import ExpectedCosts
from benchmarks.cascade.totals import Totals
from gemini_mcp.domain.calibration import Calibration
from gemini_mcp.domain.policy import State, decide, starts_above, worth_asking
from gemini_mcp.domain.signals import Traits

WORTHS = (
    *(0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.11, 0.12, 0.13, 0.14),
    *(0.16, 0.18, 0.2, 0.22, 0.25, 0.28, 0.32, 0.38, 0.46, 0.6),
)
"""What a strong answer may be worth, in answers made right: from quality at any price to hardly ever."""

Part = TypeVar("Part", bound=Hashable)
Found = TypeVar("Found")

_LOOKED_AT = (0, 1, 2, 3)
_STRIDE = 2


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


DIRECTLY = Route(directly=True)


class Alike(Generic[Part]):
    """Cases that the policy cannot tell apart are decided once. ``part``: what they are summed up by."""

    def __init__(self, cases: Iterable[Case], part: Callable[[Case], Part]) -> None:
        by_task: defaultdict[Traits, defaultdict[object, list[Case]]] = defaultdict(lambda: defaultdict(list))
        for case in cases:
            by_task[case.traits][case.seen, case.agrees].append(case)
        self._tasks = [list(answers.values()) for answers in by_task.values()]
        self._part = part

    def curves(
        self, calibration: Calibration, costs: ExpectedCosts, worths: Sequence[float] = WORTHS
    ) -> dict[Part, list[Totals]]:
        """What the policy makes of each part, at every worth."""
        found: dict[Part, list[Totals]] = {}
        for answers in self._tasks:
            directly = _begun_above(answers[0][0], calibration, costs, worths)
            for alike in answers:
                routes = _routes(alike[0], calibration, costs, worths, directly)
                for case in alike:
                    curve = found.setdefault(self._part(case), [Totals() for _ in worths])
                    for start, stop, route in routes:
                        outcome = route.outcome(case)
                        for totals in curve[start:stop]:
                            totals.add(case.weight, *outcome)
        return found


def _begun_above(case: Case, calibration: Calibration, costs: ExpectedCosts, worths: Sequence[float]) -> list[bool]:
    states = (State(calibration, costs.before(case), worth=worth) for worth in worths)
    return [starts_above(case.traits, case.family, state) for state in states]


def _routes(
    case: Case, calibration: Calibration, costs: ExpectedCosts, worths: Sequence[float], directly: Sequence[bool]
) -> list[tuple[int, int, Route]]:
    prices = costs.after(case)

    def route(place: int) -> Route:
        return DIRECTLY if directly[place] else routed(case, State(calibration, prices, worth=worths[place]))

    return list(stretches(route, len(worths)))


def routed(case: Case, state: State) -> Route:
    """What the production policy does with a cheap answer."""
    signals = case.signals
    asked = worth_asking(case.traits, case.family, signals, state)
    if asked:
        signals = replace(signals, agrees=case.agrees)
    return Route(asked=asked, climbed=decide(case.traits, case.family, signals, state).action == "climb")


def stretches(found_at: Callable[[int], Found], count: int) -> Iterator[tuple[int, int, Found]]:
    """(start, stop, what is found there) of places below ``count``. What a policy does changes but a few times as the
    worth grows, so two places of a stride with the same are taken to have it between them; the first few, where it
    changes to and fro, are all looked at."""
    known: dict[int, Found] = {}

    def at(place: int) -> Found:
        if place not in known:
            known[place] = found_at(place)
        return known[place]

    def between(low: int, high: int) -> None:
        if at(low) != at(high) and high - low > 1:
            middle = (low + high) // 2
            between(low, middle)
            between(middle, high)

    strides = range(_LOOKED_AT[-1] + _STRIDE, count - 1, _STRIDE)
    for low, high in pairwise([*_LOOKED_AT[:count], *strides, count - 1]):
        between(low, high)
    start = 0
    for place in (*sorted(known), count):
        if place == count or at(place) != at(start):
            yield start, place, at(start)
            start = place


def alone(cases: Iterable[Case], *, strong: bool) -> Totals:
    """One of the two models for everything."""
    totals, route = Totals(), Route(directly=strong)
    for case in cases:
        totals.add(case.weight, *route.outcome(case))
    return totals
