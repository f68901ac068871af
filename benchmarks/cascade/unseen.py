"""What is made of families that were never seen: each left out in turn, the policy calibrated on all the others."""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.cascade.cases import Case
from benchmarks.cascade.expected_costs import ExpectedCosts
from benchmarks.cascade.half import Half, measured, pooled
from benchmarks.cascade.judged import Judged
from benchmarks.cascade.routes import Alike, alone
from benchmarks.cascade.splits import evidence_of
from benchmarks.cascade.totals import Totals, summed_curves
from gemini_mcp.domain.calibration import Calibration, Evidence
from gemini_mcp.domain.policy import WORTH

Part = tuple[str, int]
"""A family and a block."""


@dataclass(frozen=True, slots=True)
class Unseen:
    """Families left out together: their cases, and what the policies made of them, by part."""

    cases: dict[Part, list[Case]]
    curves: dict[Part, list[Totals]]
    defaults: dict[Part, list[Totals]]

    @property
    def together(self) -> list[Case]:
        return [case for cases in self.cases.values() for case in cases]


def families_left_out(cases: Sequence[Case], most: int) -> Iterator[dict[str, list[Half]]]:
    """Groups of families, one at a time where there are few; of each family, its blocks as they were measured. The
    worth is chosen by what the other groups came to when they were left out themselves."""
    found = list(_measured_in_turn(cases, most))
    for unseen in found if len(found) > 1 else []:
        judged = _judged(other for other in found if other is not unseen)
        dice, families = random.Random(2), dict[str, list[Half]]()
        for part, curve in sorted(unseen.curves.items()):
            half = measured(unseen.cases[part], curve, unseen.defaults[part][0], judged, dice)
            families.setdefault(part[0], []).append(half)
        yield families


def _measured_in_turn(cases: Sequence[Case], most: int) -> Iterator[Unseen]:
    families = sorted({case.family for case in cases})
    random.Random(1).shuffle(families)
    groups = [tuple(families[place::most]) for place in range(min(most, len(families)))]
    sums = {group: evidence_of([case for case in cases if case.family in group]) for group in groups}
    for group in groups:
        calibration = Calibration(sum((found for other, found in sums.items() if other != group), Evidence()))
        costs = ExpectedCosts([case for case in cases if case.family not in group])
        parts: dict[Part, list[Case]] = {}
        for case in cases:
            if case.family in group:
                parts.setdefault((case.family, case.block), []).append(case)
        alike = Alike((case for part in parts.values() for case in part), lambda case: (case.family, case.block))
        curves, defaults = alike.curves(calibration, costs), alike.curves(Calibration(), costs, (WORTH,))
        yield Unseen(parts, curves, defaults)


def _judged(others: Iterable[Unseen]) -> Judged:
    known = list(others)
    cases = [case for unseen in known for case in unseen.together]
    curve = summed_curves(curve for unseen in known for curve in unseen.curves.values())
    return Judged(alone(cases, strong=False), alone(cases, strong=True), curve)


def resampled(families: Sequence[Sequence[Half]], times: int) -> list[Half]:
    """Families drawn again and again, and of each its blocks: how much is chance, and how much the choice of
    families. A single family is drawn by its blocks alone."""
    dice = random.Random(5)
    return [
        pooled([dice.choice(family) for family in dice.choices(families, k=len(families)) for _ in family])
        for _ in range(times)
    ]
