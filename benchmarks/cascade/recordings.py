"""Recorded outcomes: one prompt a row, and what several models made of it. No file, family or model is known by name."""

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]
Made = Mapping[str, Any]

SUFFIXES = (".jsonl.gz", ".jsonl")


@dataclass(frozen=True, slots=True)
class Recording:
    """A set of rows under the name of its file."""

    name: str
    rows: tuple[Row, ...]
    verdicts: frozenset[str]
    """Names of fields that look like signals and are the grader's verdict: a policy must not see them."""


def load(folder: Path) -> list[Recording]:
    """Every recording of a folder. Raises ValueError with the file and line that cannot be used."""
    paths = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIXES))
    if not paths:
        raise ValueError(f"{folder} holds no *.jsonl.gz or *.jsonl file")
    return [_recording(path) for path in paths]


def _recording(path: Path) -> Recording:
    rows = tuple(_rows(path))
    name = path.name.removesuffix(".gz").removesuffix(".jsonl")
    return Recording(name, rows, frozenset({"err"} if _is_verdict(rows, "err") else ()))


def _rows(path: Path) -> Iterator[Row]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                _check(row)
            except (ValueError, TypeError, KeyError, AttributeError) as error:
                raise ValueError(f"{path.name}, line {number}: {error}") from error
            yield row


def _check(row: Any) -> None:
    for name in ("id", "family"):
        if not isinstance(row[name], str):
            raise ValueError(f"{name} must be text")
    if not isinstance(row["m"], dict):
        raise ValueError("m must map models to what they made")
    for model, made in row["m"].items():
        if not 0.0 <= float(made["s"]) <= 1.0:
            raise ValueError(f"the score of {model} is not within 0 and 1")


def _is_verdict(rows: Sequence[Row], name: str) -> bool:
    """A mark that right answers bear as well as wrong ones, and that tells them apart, was put there by a grader."""
    scores: defaultdict[str, set[float]] = defaultdict(set)
    for row in rows:
        for made in row["m"].values():
            if made.get(name):
                scores[str(made[name])].add(float(made["s"]))
    return any(found == {1.0} for found in scores.values())


def slices(recording: Recording, cheap: str, strong: str) -> dict[str, tuple[Row, ...]]:
    """The rows that both models answered: all of them, and by the first part of their family where there are several
    such parts."""
    both = tuple(row for row in recording.rows if cheap in row["m"] and strong in row["m"])
    parts: defaultdict[str, list[Row]] = defaultdict(list)
    for row in both:
        parts[row["family"].partition("/")[0]].append(row)
    found = {recording.name: both} if both else {}
    if len(parts) > 1:
        found |= {f"{recording.name}:{part}": tuple(rows) for part, rows in sorted(parts.items())}
    return found


def chosen_pair(recording: Recording) -> tuple[str, str] | None:
    """Where none is asked for: the most accurate of the models that answered most rows, and of those that are worse by
    2 to 20 points the one that is the best."""
    tallies: defaultdict[str, list[float]] = defaultdict(list)
    for row in recording.rows:
        for model, made in row["m"].items():
            tallies[model].append(float(made["s"]))
    known = {m: sum(s) / len(s) for m, s in tallies.items() if len(s) >= 0.9 * max(map(len, tallies.values()))}
    strong = max(known, key=lambda model: (known[model], model))
    fitting = [model for model in known if 0.02 <= known[strong] - known[model] <= 0.20]
    cheap = max(fitting, key=lambda model: (known[model], model), default=None)
    return None if cheap is None else (cheap, strong)
