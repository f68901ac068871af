"""The replay's command line."""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.cascade.cases import Checker
from benchmarks.cascade.costing import RATIO
from benchmarks.cascade.entries import SPLITS, Job, jobs_of, worked_out
from benchmarks.cascade.recordings import Recording, chosen_pair, load, slices
from benchmarks.cascade.table import print_entries

LEAST_ROWS = 40


def main(arguments: Sequence[str] | None = None) -> int:
    """0 when something was measured, 2 when the arguments or the data cannot be used."""
    options = _parsed(arguments)
    try:
        jobs = _jobs(options)
    except (OSError, ValueError) as error:
        print(f"replay: {error}", file=sys.stderr)
        return 2
    entries = _worked_out(jobs, options.processes)
    print_entries(entries)
    if options.json is not None:
        options.json.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", "utf-8")
    if options.plots is not None:
        from benchmarks.cascade.plots import draw

        draw([entry for entry in entries if entry["stress"] is None and entry["left_out"] is None], options.plots)
    return 0


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="replay.py", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of *.jsonl.gz or *.jsonl")
    parser.add_argument("--pair", type=_pair, action="append", default=[], metavar="CHEAP,STRONG")
    parser.add_argument("--second", metavar="MODEL", help="whose answers serve as the second opinion")
    parser.add_argument("--checker", type=_checker, metavar="SENSITIVITY,FALSE_ALARM", help="a simulated test")
    parser.add_argument("--ratio", type=_ratio, default=RATIO, help=f"price of strong against cheap ({RATIO})")
    parser.add_argument("--splits", type=int, default=SPLITS, help=f"random halves ({SPLITS})")
    parser.add_argument("--quick", action="store_true", help="no other ratios, stress or families left out")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
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
    if not ratio >= 1.0:
        raise argparse.ArgumentTypeError("the strong model is not the cheaper one: 1 or more")
    return ratio


def _jobs(options: argparse.Namespace) -> list[Job]:
    """Raises ValueError when nothing of the data fits what was asked for."""
    found = [job for recording in load(options.data) for job in _jobs_of(recording, options)]
    if not found:
        raise ValueError("no set holds both models of a pair in enough rows; the models are named as in the data")
    return found


def _jobs_of(recording: Recording, options: argparse.Namespace) -> list[Job]:
    chosen = chosen_pair(recording) if not options.pair else None
    pairs = options.pair or ([chosen] if chosen else [])
    found: list[Job] = []
    for cheap, strong in pairs:
        for name, rows in slices(recording, cheap, strong).items():
            asked = [row for row in rows if options.second in row["m"]] if options.second else []
            second = options.second if len(asked) >= LEAST_ROWS and options.second not in (cheap, strong) else None
            kept = tuple(asked) if second else rows
            if len(kept) < LEAST_ROWS:
                continue
            plain = Job(recording, name, kept, cheap, strong, second, options.ratio, options.checker, options.splits)
            found += jobs_of(plain, thorough=not options.quick)
    return found


def _worked_out(jobs: list[Job], processes: int) -> list[dict[str, Any]]:
    if processes <= 1 or len(jobs) == 1:
        return [entry for job in jobs for entry in worked_out(job)]
    with ProcessPoolExecutor(processes) as pool:
        return [entry for entries in pool.map(worked_out, jobs) for entry in entries]
