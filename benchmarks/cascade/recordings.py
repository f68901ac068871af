"""Recorded outcomes: one prompt a row, and what several models made of it. Nothing is known by name."""

import gzip
import json
import math
import zlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]

SUFFIXES = (".jsonl.gz", ".jsonl")
_SEVERAL = 5
_LEAST_LIKELY = 1e-9


@dataclass(frozen=True, slots=True)
class Reading:
    """How the fields of a set are to be read. ``err_is_verdict``: ``err`` says what a grader found, which a policy must
    not see. ``confidence_unit``: what certainty is in ``conf`` where it holds likelihoods (1, or 100 for per cent);
    None where it holds mean log-probabilities."""

    err_is_verdict: bool = False
    confidence_unit: float | None = None

    def log_probability(self, given: Any) -> float | None:
        """``conf`` as a mean log-probability."""
        value = number_of(given, negative=True)
        if value is None or self.confidence_unit is None:
            return value
        return math.log(max(_LEAST_LIKELY, value / self.confidence_unit))


@dataclass(frozen=True, slots=True)
class Recording:
    """A set of rows under the name of its file."""

    name: str
    rows: tuple[Row, ...]
    reading: Reading


def number_of(given: Any, *, negative: bool = False) -> float | None:
    """A finite number (true is 1), not below 0 unless it may be; None for anything else."""
    if not isinstance(given, int | float) or not math.isfinite(given):
        return None
    return float(given) if negative or given >= 0 else None


def load(folder: Path) -> list[Recording]:
    """Every recording of a folder. Raises ValueError with the file and line that cannot be used, OSError."""
    paths = sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIXES))
    if not paths:
        raise ValueError(f"{folder} holds no *.jsonl.gz or *.jsonl file")
    return [_recording(path) for path in paths]


def _recording(path: Path) -> Recording:
    try:
        rows = tuple(_rows(path))
    except (EOFError, zlib.error, gzip.BadGzipFile, UnicodeDecodeError) as error:
        raise ValueError(f"{path.name} cannot be read: {error}") from error
    name = path.name.removesuffix(".gz").removesuffix(".jsonl")
    return Recording(name, rows, Reading(_is_verdict(rows, "err"), _confidence_unit(rows)))


def _rows(path: Path) -> Iterator[Row]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                yield _row(json.loads(line), number)
            except UnicodeDecodeError:
                raise
            except (ValueError, RecursionError) as error:
                raise ValueError(f"{path.name}, line {number}: {error}") from error


def _row(given: Any, number: int) -> Row:
    """A row with the fields that every other module relies on. Answers that were not scored are left out."""
    if not isinstance(given, dict) or not isinstance(given.get("m"), dict):
        raise ValueError("m must map models to what they made")
    prompt = given.get("prompt")
    if not isinstance(prompt, str | None):
        raise ValueError("prompt must be text")
    name, family = given.get("id"), given.get("family")
    return {
        "id": f"line {number}" if name is None else str(name),
        "family": "all" if family is None else str(family),
        "prompt": prompt or "",
        "in_chars": number_of(given.get("in_chars")),
        "m": {model: _made(model, made) for model, made in given["m"].items() if _is_scored(model, made)},
    }


def _is_scored(model: str, made: Any) -> bool:
    if not isinstance(made, dict):
        raise ValueError(f"what {model} made must map names to values")
    return made.get("s") is not None


def _made(model: str, made: Mapping[str, Any]) -> Mapping[str, Any]:
    score = number_of(made["s"])
    if score is None or score > 1.0:
        raise ValueError(f"the score of {model} is not within 0 and 1")
    return {**made, "s": score}


def _is_verdict(rows: Sequence[Row], name: str) -> bool:
    """Whether a field that looks like a failure was put there by a grader: most answers bear it, or it marks nothing
    but right ones, or it tells right from wrong without fail."""
    unmarked: list[float] = []
    marked: defaultdict[str, list[float]] = defaultdict(list)
    for row in rows:
        for made in row["m"].values():
            (marked[str(made[name])] if made.get(name) else unmarked).append(made["s"])
    scores = [score for found in marked.values() for score in found]
    if not scores:
        return False
    only_right = any(len(found) >= _SEVERAL and min(found) == 1.0 for found in marked.values())
    unfailing = len(scores) >= _SEVERAL and max(scores) < 1.0 and min(unmarked, default=1.0) == 1.0
    return len(scores) > len(unmarked) or only_right or unfailing


def _confidence_unit(rows: Sequence[Row]) -> float | None:
    values = [number_of(made.get("conf"), negative=True) for row in rows for made in row["m"].values()]
    most = max((value for value in values if value is not None), default=0.0)
    if most <= 0.0:
        return None
    return 1.0 if most <= 1.0 else 100.0


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
            tallies[model].append(made["s"])
    most = max(map(len, tallies.values()), default=0)
    known = {model: sum(scores) / len(scores) for model, scores in tallies.items() if len(scores) >= 0.9 * most}
    strong = max(known, key=lambda model: (known[model], model), default=None)
    if strong is None:
        return None
    fitting = [model for model in known if 0.02 <= known[strong] - known[model] <= 0.20]
    cheap = max(fitting, key=lambda model: (known[model], model), default=None)
    return None if cheap is None else (cheap, strong)
