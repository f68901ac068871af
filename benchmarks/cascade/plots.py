"""Cost against quality as pictures. Needs matplotlib, which nothing else here does."""

import importlib
import importlib.util
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.cascade.half import AIMS, DEFAULT, EQUAL

_BLUE, _ORANGE, _GREEN, _PURPLE, _GREY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#595959"
"""Colours of Okabe and Ito, told apart by all eyes; each has its own marker besides."""

_POINTS = {DEFAULT: ("default, nothing learned", "s", _ORANGE), EQUAL: ("aims at equal quality", "o", _GREEN)} | {
    name: (f"aims at {name}", "v", _PURPLE) for name, points in AIMS.items() if points == 1.0
}


def check_available() -> None:
    """Raises ValueError where no picture can be drawn."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ValueError("--plots needs matplotlib: install it (pip install matplotlib) or leave --plots out")


def is_plain(entry: dict[str, Any]) -> bool:
    """Whether an entry is one of those drawn: everything learned from, nothing left out, no stress."""
    return entry["stress"] is None and entry["left_out"] is None and entry["labels"] is None


def draw(entries: Sequence[dict[str, Any]], folder: Path) -> None:
    """A PNG and an SVG for each entry."""
    matplotlib: Any = importlib.import_module("matplotlib")
    matplotlib.use("Agg")
    pyplot: Any = importlib.import_module("matplotlib.pyplot")
    for entry in entries:
        figure, axes = pyplot.subplots(figsize=(8.0, 5.6), layout="constrained")
        _draw_lines(axes, entry)
        _draw_points(axes, entry)
        _label(axes, entry)
        for suffix in ("png", "svg"):
            figure.savefig(folder / f"{_file_name(entry)}.{suffix}", dpi=150)
        pyplot.close(figure)


def _draw_lines(axes: Any, entry: dict[str, Any]) -> None:
    cheap, strong = _point(entry, "all cheap"), _point(entry, "all strong")
    axes.plot(*zip(cheap, strong, strict=True), linestyle="--", color=_GREY, label="random")
    if entry["curve"]:
        costs, accuracies = zip(*entry["curve"], strict=True)
        axes.plot(costs, [100 * accuracy for accuracy in accuracies], color=_BLUE, marker=".", label="learned cascade")
    axes.axhline(strong[1], color=_GREY, linewidth=0.8, linestyle=":")


def _draw_points(axes: Any, entry: dict[str, Any]) -> None:
    for name, marker in (("all cheap", "<"), ("all strong", ">")):
        axes.plot(*_point(entry, name), marker, color=_GREY, markersize=9, label=name)
    for name, (words, marker, colour) in _POINTS.items():
        axes.plot(*_point(entry, name), marker, color=colour, markersize=8, markeredgecolor="black", label=words)
    if entry["oracle_cost"] is not None:
        oracle = (entry["oracle_cost"], _point(entry, "all strong")[1])
        axes.plot(*oracle, "*", color="black", markersize=13, label="oracle at the strong model's quality")


def _point(entry: dict[str, Any], name: str) -> tuple[float, float]:
    """Cost share, and accuracy in per cent."""
    policy = next(policy for policy in entry["policies"] if policy["name"] == name)
    return policy["cost_share"], 100 * policy["accuracy"]


def _label(axes: Any, entry: dict[str, Any]) -> None:
    seen = [f"price ratio {entry['ratio']:g}", f"costs from {entry['costs_from']}", f"{entry['n']:,} rows"]
    if entry["second"]:
        seen.insert(0, f"second opinion: {entry['second']}")
    if entry["checker"]:
        seen.insert(0, "checker {:.0%}, false alarms {:.0%}".format(*entry["checker"]))
    axes.set_title(f"{entry['slice']}: {entry['pair'][0]} to {entry['pair'][1]}\n{', '.join(seen)}", fontsize=10)
    axes.set_xlabel("cost, as a share of asking the strong model alone")
    axes.set_ylabel("right answers, %")
    axes.grid(alpha=0.3)
    axes.legend(fontsize=8, loc="lower right")


def _file_name(entry: dict[str, Any]) -> str:
    parts = [entry["slice"], *entry["pair"], f"ratio {entry['ratio']:g}"]
    parts += [entry["second"]] if entry["second"] else []
    return re.sub(r"[^\w.-]+", "_", " ".join(parts))[:180]
