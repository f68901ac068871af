"""The replay's command line."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.cascade import plots
from benchmarks.cascade.cases import Checker, Contest
from benchmarks.cascade.costing import RATIO
from benchmarks.cascade.entries import SPLITS, Job, jobs_of, worked_out
from benchmarks.cascade.recordings import Recording, Row, chosen_pair, load, slices
from benchmarks.cascade.table import print_entries

LEAST_ROWS = 40


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when something was measured, 2 when the arguments or the data cannot be used."""
    options = _parsed(arguments)
    try:
        _prepare(options)
        entries = _worked_out(_jobs(options), options.processes)
        print_entries(entries)
        if options.json is not None:
            options.json.write_text(json.dumps(entries, indent=1, ensure_ascii=False, allow_nan=False) + "\n", "utf-8")
        if options.plots is not None:
            plots.draw([entry for entry in entries if plots.is_plain(entry)], options.plots)
    except (OSError, ValueError) as error:
        print(f"replay: {error}", file=sys.stderr)
        return 2
    return 0


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="replay.py", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of *.jsonl.gz or *.jsonl")
    parser.add_argument("--pair", type=_pair, action="append", default=[], metavar="CHEAP,STRONG")
    parser.add_argument("--second", metavar="MODEL", help="whose answers serve as the second opinion")
    parser.add_argument("--checker", type=_checker, metavar="SENSITIVITY,FALSE_ALARM", help="a simulated test")
    parser.add_argument("--ratio", type=_ratio, default=RATIO, help=f"price of strong against cheap ({RATIO})")
    parser.add_argument("--splits", type=_count, default=SPLITS, help=f"random halves ({SPLITS})")
    parser.add_argument("--labels", type=_counts, default=(), metavar="N[,N...]", help="learn from N of each family")
    parser.add_argument("--quick", action="store_true", help="no other ratios, stress or families left out")
    parser.add_argument("--processes", type=_count, default=os.cpu_count() or 1)
    parser.add_argument("--json", type=Path, metavar="OUT")
    parser.add_argument("--plots", type=Path, metavar="DIR", help="curves as PNG and SVG; needs matplotlib")
    return parser.parse_args(arguments)


def _pair(text: str) -> tuple[str, str]:
    cheap, _, strong = text.partition(",")
    if not cheap.strip() or not strong.strip() or cheap.strip() == strong.strip():
        raise argparse.ArgumentTypeError(f"{text!r} is not CHEAP,STRONG")
    return cheap.strip(), strong.strip()


def _checker(text: str) -> Checker:
    try:
        sensitivity, false_alarm = (float(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not SENSITIVITY,FALSE_ALARM") from None
    if not (0.0 <= sensitivity <= 1.0 and 0.0 <= false_alarm <= 1.0):
        raise argparse.ArgumentTypeError("both must be within 0 and 1, such as 0.85,0.05")
    return Checker(sensitivity, false_alarm)


def _ratio(text: str) -> float:
    ratio = float(text)
    if not 1.0 <= ratio < float("inf"):
        raise argparse.ArgumentTypeError("the strong model is not the cheaper one: 1 or more")
    return ratio


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return count


def _counts(text: str) -> tuple[int, ...]:
    return tuple(dict.fromkeys(map(_count, text.split(","))))


def _prepare(options: argparse.Namespace) -> None:
    """What can fail at the end fails here, before the work. Raises OSError, ValueError."""
    if options.plots is not None:
        plots.check_available()
        options.plots.mkdir(parents=True, exist_ok=True)
    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        if options.json.is_dir():
            raise ValueError(f"{options.json} is a folder: name a file")
    if any(options.second in pair for pair in options.pair):
        raise ValueError(f"{options.second} is one of the pair: a second opinion comes from another model")


def _jobs(options: argparse.Namespace) -> list[Job]:
    """Raises ValueError when nothing of the data fits what was asked for."""
    recordings = load(options.data)
    found = [job for recording in recordings for job in _jobs_of(recording, options)]
    if not found:
        raise ValueError(
            f"no set holds both models of a pair in {LEAST_ROWS} rows or more; named in the data: {_models(recordings)}"
        )
    if options.second and not any(job.contest.second == options.second for job in found):
        raise ValueError(f"no set holds {options.second} beside a pair in {LEAST_ROWS} rows or more")
    return found


def _models(recordings: Sequence[Recording]) -> str:
    names = sorted({model for recording in recordings for row in recording.rows for model in row["m"]})
    return ", ".join(names[:20]) + (f" and {len(names) - 20} more" if len(names) > 20 else "") or "none"


def _jobs_of(recording: Recording, options: argparse.Namespace) -> list[Job]:
    chosen = chosen_pair(recording) if not options.pair else None
    found: list[Job] = []
    for cheap, strong in options.pair or ([chosen] if chosen else []):
        for name, rows in slices(recording, cheap, strong).items():
            second = options.second if options.second not in (cheap, strong) else None
            asked = tuple(row for row in rows if second in row["m"])
            if not _enough(asked):
                second, asked = None, rows
            if _enough(asked):
                contest = Contest(cheap, strong, second, options.ratio)
                plain = Job(name, recording.reading, asked, contest, options.checker, options.splits)
                found += jobs_of(plain, options.labels, thorough=not options.quick)
    return found


def _enough(rows: Sequence[Row]) -> bool:
    return len({row["id"] for row in rows}) >= LEAST_ROWS


def _worked_out(jobs: list[Job], processes: int) -> list[dict[str, Any]]:
    """The entries of all jobs, in their order."""
    if processes == 1 or len(jobs) == 1:
        return [entry for job in jobs for entry in worked_out(job)]
    with ProcessPoolExecutor(processes) as pool:
        return [entry for entries in pool.map(worked_out, jobs) for entry in entries]
