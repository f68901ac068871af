"""Recorded rows as the policy sees them, and as they are scored. Nothing that is for scoring alone is shown to it."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.cascade.costing import Basis, basis_of, cost
from benchmarks.cascade.recordings import Reading, Row, number_of
from gemini_mcp.domain.closed import same_answer
from gemini_mcp.domain.signals import Seen, Signals, Traits, seen, traits

BLOCKS = 16
"""Rows are dealt into as many blocks, those of one id into the same; a split is half of them."""


@dataclass(frozen=True, slots=True)
class Case:
    """One row for one pair. ``seen``: what the policy makes of the signals. ``agrees``: what a second opinion would
    say, where one is on record. Costs as shares of the mean cost of the strong model. ``weight``: below 1 where a
    simulated checker splits the row into pass and fail."""

    row: int
    block: int
    family: str
    traits: Traits
    signals: Signals
    seen: Seen
    agrees: bool | None
    cheap: float
    strong: float
    cheap_cost: float
    strong_cost: float
    second_cost: float
    weight: float = 1.0

    def showing(self, signals: Signals) -> "Case":
        """With other signals."""
        return replace(self, signals=signals, seen=seen(signals))


@dataclass(frozen=True, slots=True)
class Checker:
    """A simulated test of the cheap answer: the shares of the wrong ones that it finds, of the right ones it blames."""

    sensitivity: float
    false_alarm: float

    def split(self, case: Case) -> Iterable[Case]:
        """The row where the check passes and where it fails, each as likely as it is: no dice, no noise."""
        failing = case.cheap * self.false_alarm + (1 - case.cheap) * self.sensitivity
        for passed, chance in ((True, 1 - failing), (False, failing)):
            if chance > 1e-12:
                right = case.cheap * ((1 - self.false_alarm) if passed else self.false_alarm) / chance
                shown = case.showing(replace(case.signals, tests=passed))
                yield replace(shown, cheap=right, weight=case.weight * chance)


@dataclass(frozen=True, slots=True)
class Contest:
    """Who is compared, at which prices. ``ratio``: of strong against cheap; a second opinion is priced as the cheap
    model. ``swapped``: the models trade places, not prices."""

    cheap: str
    strong: str
    second: str | None
    ratio: float
    swapped: bool = False

    @property
    def models(self) -> tuple[str, ...]:
        return (self.cheap, self.strong, *([self.second] if self.second else []))


def cases_of(
    reading: Reading, rows: Sequence[Row], contest: Contest, checker: Checker | None
) -> tuple[list[Case], Basis]:
    """The rows as cases, and what their costs were taken from."""
    basis = basis_of(rows, contest.models, contest.strong)
    places = {name: place for place, name in enumerate(dict.fromkeys(row["id"] for row in rows))}
    blocks = [place % BLOCKS for place in range(len(places))]
    random.Random(7).shuffle(blocks)
    made = [_case(reading, row, contest, basis, number, blocks[places[row["id"]]]) for number, row in enumerate(rows)]
    mean = sum(case.strong_cost for case in made) / max(1, len(made)) or 1.0
    scaled = [_scaled(case, mean) for case in made]
    return ([part for case in scaled for part in checker.split(case)] if checker else scaled), basis


def _case(reading: Reading, row: Row, contest: Contest, basis: Basis, number: int, block: int) -> Case:
    cheap, strong, second = contest.cheap, contest.strong, contest.second
    cheap_cost, strong_cost, second_cost = _costs(row, contest, basis)
    if contest.swapped:
        cheap, strong = strong, cheap
    answer = row["m"][cheap]
    signals = signals_of(reading, answer)
    return Case(
        row=number,
        block=block,
        family=row["family"],
        traits=traits(row["family"], row["prompt"]),
        signals=signals,
        seen=seen(signals),
        agrees=_agrees(answer, row["m"][second]) if second else None,
        cheap=answer["s"],
        strong=row["m"][strong]["s"],
        cheap_cost=cheap_cost,
        strong_cost=strong_cost,
        second_cost=second_cost,
    )


def _costs(row: Row, contest: Contest, basis: Basis) -> tuple[float, float, float]:
    """Of an answer of the cheap tier, of the strong one, and of a second opinion. Where the models trade places, each
    writes as much as it does and is paid as the tier it stands in for; dollars stay with the tier."""
    cheap, strong = contest.cheap, contest.strong
    if contest.swapped and basis != "cost":
        cheap, strong = strong, cheap
    second = cost(row, contest.second, basis, 1 / contest.ratio) if contest.second else 0.0
    return cost(row, cheap, basis, 1 / contest.ratio), cost(row, strong, basis, 1.0), second


def signals_of(reading: Reading, made: Mapping[str, Any]) -> Signals:
    """What may be seen of a recorded answer."""
    formed = None if made.get("fmt_ok") is None else bool(made["fmt_ok"])
    if made.get("err") and not reading.err_is_verdict:
        formed = False
    characters, doubts = number_of(made.get("out_chars")), number_of(made.get("hedge"))
    return Signals(
        formed=formed,
        characters=None if characters is None else int(characters),
        hedges=None if doubts is None else int(doubts),
        confidence=reading.log_probability(made.get("conf")),
    )


def _agrees(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool | None:
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
    return [replace(case.showing(Signals()), agrees=None) for case in cases]


def with_shuffled_labels(cases: Sequence[Case], seed: int) -> list[Case]:
    """As if what became of each answer had become of another one."""
    labels = [(case.cheap, case.strong) for case in cases]
    random.Random(seed).shuffle(labels)
    return [replace(case, cheap=cheap, strong=strong) for case, (cheap, strong) in zip(cases, labels, strict=True)]
