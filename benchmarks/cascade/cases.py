"""Recorded rows as the policy sees them, and as they are scored. Nothing that is for scoring alone is shown to it."""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.cascade.costing import Basis, basis_of, cost
from benchmarks.cascade.recordings import Recording, Row
from gemini_mcp.domain.closed import same_answer
from gemini_mcp.domain.signals import Seen, Signals, Traits, seen, traits

BLOCKS = 16
"""Rows are dealt into as many blocks; a split is half of them."""


@dataclass(frozen=True, slots=True)
class Case:
    """One row for one pair. ``agrees``: what a second opinion would say, where one is on record. Costs as shares of the
    mean cost of the strong model. ``weight``: below 1 where a simulated checker splits the row into pass and fail."""

    block: int
    family: str
    traits: Traits
    signals: Signals
    agrees: bool | None
    cheap: float
    strong: float
    cheap_cost: float
    strong_cost: float
    second_cost: float
    weight: float = 1.0

    @property
    def seen(self) -> Seen:
        return seen(self.signals)


@dataclass(frozen=True, slots=True)
class Checker:
    """A simulated test of the cheap answer: how many of the wrong ones it finds, how many of the right ones it blames."""

    sensitivity: float
    false_alarm: float

    def split(self, case: Case) -> Iterable[Case]:
        """The row where the check passes and where it fails, each as likely as it is: no dice, no noise."""
        failing = case.cheap * self.false_alarm + (1 - case.cheap) * self.sensitivity
        for passed, chance in ((True, 1 - failing), (False, failing)):
            if chance > 1e-12:
                right = case.cheap * ((1 - self.false_alarm) if passed else self.false_alarm) / chance
                signals = replace(case.signals, tests=passed)
                yield replace(case, signals=signals, cheap=right, weight=case.weight * chance)


def cases_of(
    recording: Recording,
    rows: Sequence[Row],
    cheap: str,
    strong: str,
    second: str | None,
    ratio: float,
    checker: Checker | None,
    *,
    swapped: bool = False,
) -> tuple[list[Case], Basis]:
    """The rows as cases, and what their costs were taken from. ``swapped``: the models trade places, not prices."""
    asked = [row for row in rows if second is None or second in row["m"]]
    models = [cheap, strong, *([second] if second else [])]
    basis = basis_of(asked, models)
    if swapped:
        cheap, strong = strong, cheap
    blocks = [place % BLOCKS for place in range(len(asked))]
    random.Random(7).shuffle(blocks)
    made = [
        _case(recording, row, cheap, strong, second, basis, ratio, block, swapped)
        for row, block in zip(asked, blocks, strict=True)
    ]
    mean = sum(case.strong_cost for case in made) / max(1, len(made)) or 1.0
    scaled = [_scaled(case, mean) for case in made]
    return ([part for case in scaled for part in checker.split(case)] if checker else scaled), basis


def _case(
    recording: Recording,
    row: Row,
    cheap: str,
    strong: str,
    second: str | None,
    basis: Basis,
    ratio: float,
    block: int,
    swapped: bool,
) -> Case:
    answer = row["m"][cheap]
    priced = {"cheap": 1 / ratio, "strong": 1.0}
    if basis == "cost" and swapped:  # the price goes with the tier, not with the model
        costs = (cost(row, strong, basis, 1.0), cost(row, cheap, basis, 1.0))
    else:
        costs = (cost(row, cheap, basis, priced["cheap"]), cost(row, strong, basis, priced["strong"]))
    return Case(
        block=block,
        family=row["family"],
        traits=traits(row["family"], row.get("prompt") or ""),
        signals=signals_of(recording, answer),
        agrees=_agrees(answer, row["m"][second]) if second else None,
        cheap=float(answer["s"]),
        strong=float(row["m"][strong]["s"]),
        cheap_cost=costs[0],
        strong_cost=costs[1],
        second_cost=cost(row, second, basis, priced["cheap"]) if second else 0.0,
    )


def signals_of(recording: Recording, made: Any) -> Signals:
    """What may be seen of a recorded answer."""
    formed = None if made.get("fmt_ok") is None else bool(made["fmt_ok"])
    if made.get("err") and "err" not in recording.verdicts:
        formed = False
    return Signals(
        formed=formed,
        characters=made.get("out_chars"),
        hedges=made.get("hedge"),
        confidence=made.get("conf"),
    )


def _agrees(one: Any, other: Any) -> bool | None:
    if one.get("ans") is None or other.get("ans") is None:
        return None
    given, compared = str(one["ans"]), str(other["ans"])
    return given == compared or same_answer(given, compared)


def _scaled(case: Case, unit: float) -> Case:
    return replace(
        case,
        cheap_cost=case.cheap_cost / unit,
        strong_cost=case.strong_cost / unit,
        second_cost=case.second_cost / unit,
    )


def without_signals(cases: Iterable[Case]) -> list[Case]:
    """As if nothing could be seen of any answer."""
    return [replace(case, signals=Signals(), agrees=None) for case in cases]


def with_shuffled_labels(cases: Sequence[Case], seed: int) -> list[Case]:
    """As if what became of each answer had become of another one."""
    labels = [(case.cheap, case.strong) for case in cases]
    random.Random(seed).shuffle(labels)
    return [replace(case, cheap=cheap, strong=strong) for case, (cheap, strong) in zip(cases, labels, strict=True)]
