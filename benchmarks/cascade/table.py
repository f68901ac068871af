"""The entries for people."""

from collections.abc import Sequence
from typing import Any

_COLUMNS = ("accuracy", "delta_vs_strong", "cost_share", "apgr", "cpt50", "cpt80")
_HEADS = ("accuracy", "vs strong", "cost", "APGR", "CPT50", "CPT80")


def print_entries(entries: Sequence[dict[str, Any]]) -> None:
    """One block each: what was measured, then a line for every policy. Costs as shares of asking the strong model
    alone, ``vs strong`` in points."""
    for entry in entries:
        print(_title(entry))
        print(_facts(entry))
        width = max(len(policy["name"]) for policy in entry["policies"])
        print("  " + " ".join([" " * width, *(head.rjust(9) for head in _HEADS)]))
        for policy in entry["policies"]:
            cells = [_cell(policy[column]) for column in _COLUMNS]
            print("  " + " ".join([policy["name"].ljust(width), *(cell.rjust(9) for cell in cells)]))
        print()


def _title(entry: dict[str, Any]) -> str:
    what = [f"{entry['slice']}: {' to '.join(entry['pair'])}"]
    if entry["second"]:
        what.append(f"second opinion {entry['second']}")
    if entry["checker"]:
        what.append("checker {:.0%}, false alarms {:.0%}".format(*entry["checker"]))
    what += [f"stress: {entry['stress']}"] if entry["stress"] else []
    what += [f"learned from {entry['labels']} of each family"] if entry["labels"] else []
    what += [f"left out: {entry['left_out']}"] if entry["left_out"] else []
    return ", ".join(what)


def _facts(entry: dict[str, Any]) -> str:
    scores = f"cheap {entry['cheap']:.3f}, strong {entry['strong']:.3f}, either {entry['union']:.3f}"
    basis = f"({entry['costs_from']}, ratio {entry['ratio']:g})"
    costs = f"cost of cheap {entry['cheap_cost']:.3f}, of the oracle {_cell(entry['oracle_cost'])} {basis}"
    found = f"  {entry['n']:,} rows; {scores}; {costs}"
    if entry["cost_on_curve"]:
        named = ", ".join(f"{name} {_cell(cost)}" for name, cost in entry["cost_on_curve"].items())
        found += f"\n  cost along the mean curve: {named}"
    return found


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
