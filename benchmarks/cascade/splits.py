"""Calibrated on one random half, measured on the other, many times over."""

import random
from collections.abc import Iterator, Sequence

from benchmarks.cascade.cases import BLOCKS, Case, with_shuffled_labels
from benchmarks.cascade.expected_costs import ExpectedCosts
from benchmarks.cascade.half import DEFAULT, LEARNED, Half, measured
from benchmarks.cascade.judged import Judged
from benchmarks.cascade.routes import Alike, alone
from benchmarks.cascade.totals import Totals, summed_curves
from gemini_mcp.domain.calibration import Calibration, Evidence, Outcome
from gemini_mcp.domain.policy import WORTH

_FOLDS = 4
"""Parts of the calibrating half, each judged by what the others taught."""


def curve_of(cases: Sequence[Case], calibration: Calibration, costs: ExpectedCosts) -> list[Totals]:
    """What the policy makes of cases, at every worth."""
    return Alike(cases, lambda case: 0).curves(calibration, costs)[0]


def at_worth(cases: Sequence[Case], calibration: Calibration, costs: ExpectedCosts) -> Totals:
    """What the policy makes of cases, at its own worth."""
    return Alike(cases, lambda case: 0).curves(calibration, costs, (WORTH,))[0][0]


def evidence_of(cases: Sequence[Case]) -> Evidence:
    """What the outcomes of cases say."""
    return Evidence.of(
        Outcome(case.family, case.traits, case.seen, case.strong - case.cheap, case.agrees, case.weight)
        for case in cases
    )


class Dealt:
    """Cases dealt into blocks, with each block's evidence summed up once. ``shuffled``: with labels to learn from that
    are not their own."""

    def __init__(self, cases: Sequence[Case], *, shuffled: bool = False) -> None:
        self._blocks = _by_block(cases)
        self._told = _by_block(with_shuffled_labels(cases, seed=3)) if shuffled else self._blocks
        self._evidence = [evidence_of(block) for block in self._told]

    def cases(self, blocks: Sequence[int]) -> list[Case]:
        return [case for block in blocks for case in self._blocks[block]]

    def told(self, blocks: Sequence[int]) -> list[Case]:
        """The cases as they are labelled for learning."""
        return [case for block in blocks for case in self._told[block]]

    def calibration(self, blocks: Sequence[int]) -> Calibration:
        return Calibration(sum((self._evidence[block] for block in blocks), Evidence()))


def _by_block(cases: Sequence[Case]) -> list[list[Case]]:
    blocks: list[list[Case]] = [[] for _ in range(BLOCKS)]
    for case in cases:
        blocks[case.block].append(case)
    return blocks


def halves(dealt: Dealt, splits: int) -> Iterator[Half]:
    """Every split measured once."""
    for number in range(splits):
        dice = random.Random(number)
        learning, rest = _split(dice)
        cases, costs = dealt.cases(rest), ExpectedCosts(dealt.told(learning))
        curve = curve_of(cases, dealt.calibration(learning), costs)
        yield measured(cases, curve, at_worth(cases, Calibration(), costs), _judged_in_turn(dealt, learning), dice)


def _split(dice: random.Random) -> tuple[list[int], list[int]]:
    order = dice.sample(range(BLOCKS), BLOCKS)
    return order[: BLOCKS // 2], order[BLOCKS // 2 :]


def _judged_in_turn(dealt: Dealt, blocks: Sequence[int]) -> Judged:
    """The learned policy at every worth, on cases of the calibrating half that it has not learned from."""
    curves: list[list[Totals]] = []
    for fold in range(_FOLDS):
        learning = [block for place, block in enumerate(blocks) if place % _FOLDS != fold]
        costs = ExpectedCosts(dealt.told(learning))
        curves.append(curve_of(dealt.told(blocks[fold::_FOLDS]), dealt.calibration(learning), costs))
    everything = dealt.told(blocks)
    return Judged(alone(everything, strong=False), alone(everything, strong=True), summed_curves(curves))


def few_labels(dealt: Dealt, labels: int, draws: int) -> Iterator[Half]:
    """Calibrated on so many cases of each family only, drawn anew each time; the policy at its own worth."""
    for number in range(draws):
        dice = random.Random(number)
        learning, rest = _split(dice)
        told, cases = dealt.told(learning), dealt.cases(rest)
        calibration = Calibration(evidence_of(_drawn(told, labels, dice)))
        costs = ExpectedCosts(told)
        half = Half(alone(cases, strong=False), alone(cases, strong=True))
        half.policies[DEFAULT] = at_worth(cases, Calibration(), costs)
        half.policies[LEARNED] = at_worth(cases, calibration, costs)
        yield half


def _drawn(cases: Sequence[Case], labels: int, dice: random.Random) -> list[Case]:
    rows: dict[str, dict[int, None]] = {}
    for case in cases:
        rows.setdefault(case.family, {})[case.row] = None
    kept = {row for found in rows.values() for row in dice.sample(list(found), min(labels, len(found)))}
    return [case for case in cases if case.row in kept]
