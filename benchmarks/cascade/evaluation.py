"""Calibrated on one random half, measured on the other, many times over; and on families that were never seen."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.cascade.cases import BLOCKS, Case, with_shuffled_labels
from benchmarks.cascade.expected_costs import ExpectedCosts
from benchmarks.cascade.measures import Ends
from benchmarks.cascade.routes import WORTHS, Alike, Totals, alone
from gemini_mcp.domain.calibration import Calibration, Evidence, Outcome
from gemini_mcp.domain.policy import WORTH

DEFAULT, LEARNED = "default", "learned"
EQUAL = "equal quality"
AIMS = {EQUAL: 0.0, "half a point less": 0.5, "one point less": 1.0}
"""How far below the strong model, in points."""

_MOST_JUDGED = 3_000


@dataclass(slots=True)
class Half:
    """What was measured on one half: the models alone, the policies by name, and the learned policy at every worth, of
    which ``kept`` are the places that the other half found worth keeping."""

    cheap: Totals
    strong: Totals
    policies: dict[str, Totals] = field(default_factory=dict)
    at_worths: list[Totals] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    random: list[Totals] = field(default_factory=list)

    @property
    def curve(self) -> list[Totals]:
        return [self.at_worths[place] for place in self.kept]

    @property
    def ends(self) -> Ends:
        return Ends(self.cheap.accuracy, self.strong.accuracy, self.cheap.mean_cost, self.strong.mean_cost)


class Dealt:
    """Cases dealt into blocks, with each block's evidence summed up once."""

    def __init__(self, cases: Sequence[Case], *, shuffled: bool = False) -> None:
        self.blocks: list[list[Case]] = [[] for _ in range(BLOCKS)]
        for case in cases:
            self.blocks[case.block].append(case)
        labelled = [with_shuffled_labels(cases, seed=3)] if shuffled else [list(cases)]
        told: list[list[Case]] = [[] for _ in range(BLOCKS)]
        for case in labelled[0]:
            told[case.block].append(case)
        self._told = told
        self._evidence = [evidence_of(block) for block in told]

    def cases(self, blocks: Sequence[int]) -> list[Case]:
        return [case for block in blocks for case in self.blocks[block]]

    def told(self, blocks: Sequence[int]) -> list[Case]:
        """The cases as they are labelled for learning."""
        return [case for block in blocks for case in self._told[block]]

    def calibration(self, blocks: Sequence[int]) -> Calibration:
        return Calibration(sum((self._evidence[block] for block in blocks), Evidence()))


def evidence_of(cases: Sequence[Case]) -> Evidence:
    """What the outcomes of cases say."""
    return Evidence.of(
        Outcome(case.family, case.traits, case.seen, case.strong - case.cheap, case.agrees, case.weight)
        for case in cases
    )


def halves(dealt: Dealt, splits: int) -> Iterator[Half]:
    """Every split measured once."""
    for number in range(splits):
        dice = random.Random(number)
        order = dice.sample(range(BLOCKS), BLOCKS)
        learning, rest = order[: BLOCKS // 2], order[BLOCKS // 2 :]
        judged = _judged_in_turn(dealt, learning)
        half = measured(dealt.cases(rest), dealt.calibration(learning), ExpectedCosts(dealt.told(learning)), judged)
        half.random = at_random(dealt.cases(rest), dice)
        yield half


def _judged_in_turn(dealt: Dealt, blocks: Sequence[int]) -> "Judged":
    """The learned policy at every worth, on cases of the calibrating half that it has not learned from."""
    middle = len(blocks) // 2
    both = [(blocks[:middle], blocks[middle:]), (blocks[middle:], blocks[:middle])]
    curves: list[list[Totals]] = []
    strong, cheap = Totals(), Totals()
    for learning, judging in both:
        cases = dealt.told(judging)
        curves.append(curve_of(cases, dealt.calibration(learning), ExpectedCosts(dealt.told(learning))))
        strong, cheap = strong + alone(cases, strong=True), cheap + alone(cases, strong=False)
    return Judged(cheap, strong, [one + other for one, other in zip(*curves, strict=True)])


@dataclass(frozen=True, slots=True)
class Judged:
    """What the calibrating half says of the learned policy at every worth, and of the models alone."""

    cheap: Totals
    strong: Totals
    curve: list[Totals]

    def worth_for(self, points: float) -> float | None:
        """The worth that costs least and stays within so many points of the strong model; None: the strong model
        alone is the cheapest that does."""
        wanted = self.strong.accuracy - points / 100
        fitting = [(t.mean_cost, w) for t, w in zip(self.curve, WORTHS, strict=True) if t.accuracy >= wanted]
        best = min(fitting, default=None)
        return None if best is None or best[0] >= self.strong.mean_cost else best[1]

    @property
    def undominated(self) -> list[int]:
        """Places of the worths at which nothing cheaper was better."""
        kept: list[int] = []
        best = -1.0
        for place in sorted(range(len(WORTHS)), key=lambda place: (self.curve[place].mean_cost, place)):
            totals = self.curve[place]
            if totals.accuracy > best and totals.mean_cost <= self.strong.mean_cost:
                kept.append(place)
                best = totals.accuracy
        return kept


def curve_of(cases: Sequence[Case], calibration: Calibration, costs: ExpectedCosts) -> list[Totals]:
    """What the policy makes of cases, at every worth."""
    alike = Alike(cases)
    return [alike.totals(calibration, costs, worth) for worth in WORTHS]


def measured(cases: Sequence[Case], calibration: Calibration, costs: ExpectedCosts, judged: Judged) -> Half:
    """The policies on cases that they have not learned from."""
    alike = Alike(cases)
    half = Half(alone(cases, strong=False), alone(cases, strong=True))
    half.at_worths = [alike.totals(calibration, costs, worth) for worth in WORTHS]
    half.kept = judged.undominated

    def at(worth: float | None) -> Totals:
        return half.strong if worth is None else half.at_worths[WORTHS.index(worth)]

    half.policies[DEFAULT] = alike.totals(Calibration(), costs, WORTH)
    half.policies[LEARNED] = at(WORTH)
    for name, points in AIMS.items():
        half.policies[name] = at(judged.worth_for(points))
    return half


def at_random(cases: Sequence[Case], dice: random.Random, steps: int = 50) -> list[Totals]:
    """Each share of the cases, drawn at random, sent to the strong model and the rest to the cheap one."""
    shuffled = list(cases)
    dice.shuffle(shuffled)
    running = alone(shuffled, strong=False)
    found = [Totals(running.cases, running.right, running.cost)]
    for step in range(steps):
        for case in shuffled[len(shuffled) * step // steps : len(shuffled) * (step + 1) // steps]:
            running.right += case.weight * (case.strong - case.cheap)
            running.cost += case.weight * (case.strong_cost - case.cheap_cost)
        found.append(Totals(running.cases, running.right, running.cost))
    return found


def families_left_out(cases: Sequence[Case], most: int) -> Iterator[tuple[tuple[str, ...], list[Half]]]:
    """Families, one at a time where there are few, measured block by block by what was learned from all the others."""
    families = sorted({case.family for case in cases})
    random.Random(1).shuffle(families)
    groups = [tuple(families[place::most]) for place in range(min(most, len(families)))]
    sums = {group: evidence_of([case for case in cases if case.family in group]) for group in groups}
    for group in groups if len(groups) > 1 else []:
        calibration = Calibration(sum((found for other, found in sums.items() if other != group), Evidence()))
        rest = [case for case in cases if case.family not in group]
        costs = ExpectedCosts(rest)
        sample = random.Random(2).sample(rest, min(_MOST_JUDGED, len(rest)))
        curve = curve_of(sample, calibration, costs)
        judged = Judged(alone(sample, strong=False), alone(sample, strong=True), curve)
        yield group, _by_block([case for case in cases if case.family in group], calibration, costs, judged)


def _by_block(unseen: Sequence[Case], calibration: Calibration, costs: ExpectedCosts, judged: Judged) -> list[Half]:
    blocks = [[case for case in unseen if case.block == block] for block in range(BLOCKS)]
    found = [measured(block, calibration, costs, judged) for block in blocks if block]
    for half, block in zip(found, filter(None, blocks), strict=True):
        half.random = at_random(block, random.Random(2))
    return found
