"""RESULTS.md: what was measured, on what, by which command. Missed targets are said to be missed.

What each benchmark measured last is kept beside it, in results.json, so that one can be run anew by itself.
"""

import json
import os
import platform
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path

from benchmarks.figures import Figure

RESULTS = Path(__file__).resolve().with_name("RESULTS.md")
_KEPT = RESULTS.with_name("results.json")
_PACKAGES = ("gemini-agents", "mcp", "google-genai", "httpx2", "anyio", "pydantic")
_HEAD = """\
# Benchmarks

Written by `python benchmarks/run.py --write` (`make bench`), measured {when}; {took} in all. Do not edit.

- Machine: {machine}. Other work may have run beside it: read the ratios, which compare neighbours in time.
- Versions: {versions}; Python {python}.
- Everything is on loopback. The floor is a bare MCP tool on the same mcp that awaits one call of google-genai at its
  default settings, against the same upstream, which answers at once (`upstream.py`). Hello-world is an MCP server with
  one tool that gives its argument back. Medians; in brackets the smallest and the largest.

| figure | what | measured | baseline | ratio | target | met | again with `python benchmarks/run.py` |
|---|---|---|---|---|---|---|---|
"""


def shown(figure: Figure) -> str:
    """For the terminal."""
    columns = (figure.what, figure.measured, figure.baseline, figure.ratio, figure.target, _met(figure))
    return f"{figure.number}. {' | '.join(columns)}\n   {figure.note}"


def write(done: dict[str, tuple[list[Figure], float]]) -> None:
    """Replace what was measured before by this run, and write it all. ``done``: figures and seconds, by benchmark."""
    kept = json.loads(_KEPT.read_text("utf-8")) if _KEPT.exists() else {}
    for name, (figures, took_s) in done.items():
        today = time.strftime("%Y-%m-%d")
        kept[name] = {"date": today, "took_s": round(took_s), "figures": [asdict(figure) for figure in figures]}
    _KEPT.write_text(json.dumps(kept, indent=1, ensure_ascii=False, sort_keys=True) + "\n", "utf-8")
    dates = sorted({one["date"] for one in kept.values()})
    head = _HEAD.format(
        when=f"on {dates[0]}" if len(dates) == 1 else f"from {dates[0]} to {dates[-1]}",
        took=f"{sum(one['took_s'] for one in kept.values()) / 60:.0f} minutes",
        machine=_machine(),
        versions=", ".join(f"{name} {version(name)}" for name in _PACKAGES),
        python=platform.python_version(),
    )
    lines = [(Figure(**figure), name) for name, one in kept.items() for figure in one["figures"]]
    lines.sort(key=lambda line: (int(line[0].number.rstrip("ab")), line[0].number))
    rows = [_row(figure, name) for figure, name in lines]
    told = (figure for figure, _ in lines if figure.note)
    notes = list(dict.fromkeys(f"- **{figure.number}**: {figure.note}." for figure in told))
    missed = list(dict.fromkeys(figure.number for figure, _ in lines if not figure.met))
    verdict = f"Missed: {', '.join(missed)}." if missed else "All targets are met."
    RESULTS.write_text("\n".join([head + "\n".join(rows), "", verdict, "", "## How", "", *notes, ""]), "utf-8")


def _row(figure: Figure, name: str) -> str:
    columns = (figure.number, figure.what, figure.measured, figure.baseline, figure.ratio, figure.target, _met(figure))
    data = " --data FOLDER" if name == "cascade" else ""
    return f"| {' | '.join(columns)} | `--only {name}{data}` |"


def _met(figure: Figure) -> str:
    return "yes" if figure.met else "**no**"


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{os.cpu_count()} cores ({_processor()}), {memory:.0f} GB, {platform.system()} {platform.machine()}"


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown")
