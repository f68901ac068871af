"""What is measured of a set and a pair: plainly, at other price ratios, under stress, and on families never seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.cascade.cases import Case, Checker, Contest, cases_of, without_signals
from benchmarks.cascade.costing import Basis
from benchmarks.cascade.figures import costs_on_curve, mean_curve, policies
from benchmarks.cascade.half import AIMS, Half, pooled
from benchmarks.cascade.recordings import Reading, Row
from benchmarks.cascade.routes import alone
from benchmarks.cascade.splits import Dealt, few_labels, halves
from benchmarks.cascade.unseen import families_left_out, resampled

SPLITS, FEWER_SPLITS = 40, 10
RATIOS = (5.0, 20.0, 60.0)
SWAPPED, NO_SIGNALS, SHUFFLED, WEAK_SECOND = (
    *("strong worse than cheap", "no signals"),
    *("shuffled labels", "weak second opinion"),
)
EVERY_FAMILY = "each family in turn"
MOST_GROUPS = 12
_RESAMPLED = 400


@dataclass(frozen=True, slots=True)
class Job:
    """One entry, or for ``unseen`` the entries of all families left out, to be worked out. ``labels``: how many
    outcomes of each family are learned from; None for all of them."""

    slice: str
    reading: Reading
    rows: tuple[Row, ...]
    contest: Contest
    checker: Checker | None
    splits: int = SPLITS
    stress: str | None = None
    unseen: bool = False
    labels: int | None = None


def jobs_of(plain: Job, labels: Sequence[int], *, thorough: bool) -> list[Job]:
    """The plain one, those of few labels and, where asked for, all the others."""
    few = [replace(plain, labels=count) for count in labels]
    if not thorough:
        return [plain, *few]
    fewer = replace(plain, splits=min(plain.splits, FEWER_SPLITS))
    stressed = _stressed(fewer)
    without = [replace(job, unseen=True) for job in stressed if job.stress == NO_SIGNALS]
    return [plain, replace(plain, unseen=True), *without, *few, *_at_other_ratios(fewer), *stressed]


def _at_other_ratios(job: Job) -> list[Job]:
    contests = [replace(job.contest, ratio=ratio) for ratio in RATIOS if ratio != job.contest.ratio]
    return [replace(job, contest=contest) for contest in contests]


def _stressed(job: Job) -> list[Job]:
    inverted = _accuracy(job.rows, job.contest.strong) < _accuracy(job.rows, job.contest.cheap)
    swapped = replace(job, stress=SWAPPED, contest=replace(job.contest, swapped=not inverted))
    found = [swapped, *(replace(job, stress=stress) for stress in (NO_SIGNALS, SHUFFLED))]
    weaker = weaker_second(job)
    if weaker is not None:
        found.append(replace(job, stress=WEAK_SECOND, contest=replace(job.contest, second=weaker)))
    return found


def weaker_second(job: Job) -> str | None:
    """Of the models that answered every row and are worse than the cheap one, the worst."""
    contest = job.contest
    others = {model for row in job.rows for model in row["m"]} - {contest.cheap, contest.strong}
    able = [m for m in others if all(m in row["m"] and row["m"][m].get("ans") is not None for row in job.rows)]
    scores = {model: _accuracy(job.rows, model) for model in [*able, contest.cheap]}
    worst = min(able, key=lambda model: (scores[model], model), default=None)
    return worst if worst is not None and scores[worst] < scores[contest.cheap] else None


def _accuracy(rows: Sequence[Row], model: str) -> float:
    return sum(float(row["m"][model]["s"]) for row in rows) / len(rows)


def worked_out(job: Job) -> list[dict[str, Any]]:
    """The job's entries."""
    cases, basis = cases_of(job.reading, job.rows, job.contest, job.checker)
    if job.stress == NO_SIGNALS:
        cases = without_signals(cases)
    if job.unseen:
        return _unseen(job, cases, basis)
    dealt = Dealt(cases, shuffled=job.stress == SHUFFLED)
    if job.labels is not None:
        found = list(few_labels(dealt, job.labels, job.splits))
    else:
        found = list(halves(dealt, job.splits))
    return [_entry(job, cases, basis, found, found, None)]


def _unseen(job: Job, cases: Sequence[Case], basis: Basis) -> list[dict[str, Any]]:
    groups = list(families_left_out(cases, MOST_GROUPS))
    if not groups:
        return []
    entries = [_left_out(job, cases, basis, {f: parts for group in groups for f, parts in group.items()}, EVERY_FAMILY)]
    for group in groups:
        of_group = [case for case in cases if case.family in group]
        entries.append(_left_out(job, of_group, basis, group, ", ".join(group)))
    return entries


def _left_out(
    job: Job, cases: Sequence[Case], basis: Basis, families: dict[str, list[Half]], name: str
) -> dict[str, Any]:
    whole = pooled([part for parts in families.values() for part in parts])
    return _entry(job, cases, basis, [whole], resampled(list(families.values()), _RESAMPLED), name)


def _entry(
    job: Job,
    cases: Sequence[Case],
    basis: Basis,
    measured: Sequence[Half],
    spread: Sequence[Half],
    left_out: str | None,
) -> dict[str, Any]:
    cheap, strong = alone(cases, strong=False), alone(cases, strong=True)
    curve = mean_curve(measured)
    return {
        "slice": job.slice,
        "pair": [job.contest.cheap, job.contest.strong],
        "second": job.contest.second,
        "checker": [job.checker.sensitivity, job.checker.false_alarm] if job.checker else None,
        "ratio": job.contest.ratio,
        "costs_from": basis,
        "stress": job.stress,
        "left_out": left_out,
        "labels": job.labels,
        "n": round(cheap.cases),
        "splits": len(measured),
        "cheap": round(cheap.accuracy, 4),
        "strong": round(strong.accuracy, 4),
        "union": round(_union(cases), 4),
        "cheap_cost": round(cheap.cost / strong.cost, 4),
        "oracle_cost": _oracle_cost(cases),
        "policies": policies(measured, spread),
        "curve": curve,
        "cost_on_curve": costs_on_curve(measured, curve, AIMS) if curve else None,
    }


def _union(cases: Sequence[Case]) -> float:
    """How many would be right if the better of both answers were always taken."""
    whole = sum(case.weight for case in cases)
    return sum(case.weight * max(case.cheap, case.strong) for case in cases) / whole


def _oracle_cost(cases: Sequence[Case]) -> float | None:
    """What it would cost to be as good as the strong model, asking it only where that mends the cheap answer, and no
    more often than needed; None where it never mends enough."""
    cheap, strong = alone(cases, strong=False), alone(cases, strong=True)
    mended = [case for case in cases if case.strong > case.cheap]
    gained = sum(case.weight * (case.strong - case.cheap) for case in mended)
    wanted = max(0.0, strong.right - cheap.right)
    if gained <= 0.0:
        return round(cheap.cost / strong.cost, 4) if wanted == 0.0 else None
    climbing = sum(case.weight * case.strong_cost for case in mended) * wanted / gained
    return round((cheap.cost + climbing) / strong.cost, 4)
