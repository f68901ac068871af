"""What is measured of a set and a pair: plainly, at other price ratios, under stress, and on families never seen."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from benchmarks.cascade.cases import Case, Checker, cases_of, without_signals
from benchmarks.cascade.costing import Basis
from benchmarks.cascade.evaluation import Dealt, Half, families_left_out, halves
from benchmarks.cascade.figures import curve_points, policies, pooled, resampled
from benchmarks.cascade.recordings import Recording, Row
from benchmarks.cascade.routes import alone

SPLITS, FEWER_SPLITS = 40, 10
RATIOS = (5.0, 20.0, 60.0)
STRESSES = ("strong worse than cheap", "no signals", "shuffled labels", "weak second opinion")
MOST_GROUPS = 12
_RESAMPLED = 200


@dataclass(frozen=True, slots=True)
class Job:
    """One entry, or for ``unseen`` the entries of all families left out, to be worked out."""

    recording: Recording
    slice: str
    rows: tuple[Row, ...]
    cheap: str
    strong: str
    second: str | None
    ratio: float
    checker: Checker | None
    splits: int = SPLITS
    stress: str | None = None
    unseen: bool = False


def jobs_of(plain: Job, *, thorough: bool) -> list[Job]:
    """The plain one and, where asked for, all the others."""
    if not thorough:
        return [plain]
    fewer = replace(plain, splits=min(plain.splits, FEWER_SPLITS))
    ratios = [replace(fewer, ratio=ratio) for ratio in RATIOS if ratio != plain.ratio]
    return [plain, replace(plain, unseen=True), *ratios, *_stressed(fewer)]


def _stressed(job: Job) -> list[Job]:
    found = [replace(job, stress=stress) for stress in STRESSES[:3]]
    weaker = weaker_second(job) if job.second else None
    return found + ([replace(job, stress=STRESSES[3], second=weaker)] if weaker else [])


def weaker_second(job: Job) -> str | None:
    """Of the models that answered every row and are worse than the cheap one, the worst."""
    others = {model for row in job.rows for model in row["m"]} - {job.cheap, job.strong}
    able = [m for m in others if all(m in row["m"] and row["m"][m].get("ans") is not None for row in job.rows)]
    scores = {m: _accuracy(job.rows, m) for m in [*able, job.cheap]}
    worst = min(able, key=lambda model: (scores[model], model), default=None)
    return worst if worst is not None and scores[worst] < scores[job.cheap] else None


def _accuracy(rows: Sequence[Row], model: str) -> float:
    return sum(float(row["m"][model]["s"]) for row in rows) / len(rows)


def worked_out(job: Job) -> list[dict[str, Any]]:
    """The job's entries."""
    swapped = job.stress == STRESSES[0] and _accuracy(job.rows, job.strong) >= _accuracy(job.rows, job.cheap)
    cases, basis = cases_of(
        job.recording, job.rows, job.cheap, job.strong, job.second, job.ratio, job.checker, swapped=swapped
    )
    if job.stress == STRESSES[1]:
        cases = without_signals(cases)
    if job.unseen:
        return _unseen(job, cases, basis)
    dealt = Dealt(cases, shuffled=job.stress == STRESSES[2])
    return [_entry(job, cases, basis, list(halves(dealt, job.splits)), None)]


def _unseen(job: Job, cases: Sequence[Case], basis: Basis) -> list[dict[str, Any]]:
    everything: list[Half] = []
    found: list[dict[str, Any]] = []
    for group, measured in families_left_out(cases, MOST_GROUPS):
        everything += measured
        of_group = [case for case in cases if case.family in group]
        found.append(_entry(job, of_group, basis, resampled(measured, _RESAMPLED), ", ".join(group)))
    if not everything:
        return []
    return [_entry(job, cases, basis, resampled(everything, _RESAMPLED), "each family in turn"), *found]


def _entry(
    job: Job, cases: Sequence[Case], basis: Basis, measured: Sequence[Half], left_out: str | None
) -> dict[str, Any]:
    cheap, strong = alone(cases, strong=False), alone(cases, strong=True)
    return {
        "slice": job.slice,
        "pair": [job.cheap, job.strong],
        "second": job.second,
        "checker": [job.checker.sensitivity, job.checker.false_alarm] if job.checker else None,
        "ratio": job.ratio,
        "costs_from": basis,
        "stress": job.stress,
        "left_out": left_out,
        "n": round(cheap.cases),
        "splits": len(measured),
        "cheap": round(cheap.accuracy, 4),
        "strong": round(strong.accuracy, 4),
        "union": round(_union(cases), 4),
        "cheap_cost": round(cheap.cost / strong.cost, 4),
        "oracle_cost": _oracle_cost(cases),
        "policies": policies(measured),
        "curve": curve_points(measured),
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


__all__ = ["Job", "jobs_of", "pooled", "worked_out"]
