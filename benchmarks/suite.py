"""The benchmarks by name, and the command line over them."""

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks import (
    accounts,
    bomb_figures,
    budgets,
    calls,
    contexts,
    crash,
    durable,
    faults,
    flights,
    paths,
    review,
    screening,
    soak,
    startup,
    summaries,
    urls,
)
from benchmarks.cascade import decision_time
from benchmarks.cascade.recorded import measure_recorded
from benchmarks.figures import Effort, Figure
from benchmarks.report import shown, write

BENCHMARKS: dict[str, Callable[[Effort], list[Figure]]] = {
    "cpu": startup.measure_cpu,
    "memory": startup.measure_memory,
    "tools": startup.measure_tool_list,
    "body": startup.measure_body,
    "call": calls.measure_calls,
    "throughput": calls.measure_throughput,
    "hit": calls.measure_hits,
    "crash": crash.measure_crashes,
    "accounts": accounts.measure_accounts,
    "paths": paths.measure_paths,
    "urls": urls.measure_urls,
    "secrets": screening.measure_secrets,
    "bombs": bomb_figures.measure_bombs,
    "review": review.measure_review,
    "summaries": summaries.measure_summaries,
    "budgets": budgets.measure_budgets,
    "durable": durable.measure_durable,
    "faults": faults.measure_failures,
    "flights": flights.measure_flights,
    "contexts": contexts.measure_contexts,
    "soak": soak.measure_soak,
    "decision": decision_time.measure_decisions,
}


NAMES = (*BENCHMARKS, "cascade")


def _recorded(data: Path, effort: Effort) -> list[Figure]:
    return measure_recorded(data)


def main() -> int:
    """Runs what was asked for; the exit code is 0 whether or not targets were met."""
    parser = argparse.ArgumentParser(description="Measure gemini-agents against its targets.")
    parser.add_argument("--only", action="append", choices=NAMES, metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--data", type=Path, help="recorded outcomes, for the figures of the cascade")
    parser.add_argument("--quick", action="store_true", help="few repetitions: a look, not a measurement")
    parser.add_argument("--write", action="store_true", help="write RESULTS.md, the others as they were measured last")
    options = parser.parse_args()
    if options.write and options.quick:
        parser.error("a look is no measurement: leave out --quick or --write")
    asked = BENCHMARKS | ({"cascade": partial(_recorded, options.data)} if options.data else {})
    for name in options.only or asked:
        if name not in asked:
            parser.error(f"{name} needs --data FOLDER")
        began = time.monotonic()
        figures = asked[name](Effort(options.quick))
        took_s = time.monotonic() - began
        for figure in figures:
            print(shown(figure), flush=True)
        print(f"  ({name}: {took_s:.0f} s)", flush=True)
        if options.write:
            write({name: (figures, took_s)})
    return 0
