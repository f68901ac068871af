"""The cascade's figures on recorded outcomes, for RESULTS.md. Which sets and models are asked is said here alone.

The recordings are not part of the project; without their folder the figures stay as they were measured last.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmarks.cascade.entries import EVERY_FAMILY
from benchmarks.cascade.half import AIMS
from benchmarks.figures import Figure

REPLAY = Path(__file__).with_name("replay.py")
_CODE = ("Gemini-2.5-Flash-Preview", "Gemini-2.5-Pro")
_MATHS = ("gemini-1.5-flash-exp-0827", "gemini-1.5-pro-exp-0827")
_CHOICE = ("gemini-1.5-flash-002", "gemini-1.5-pro-002")
_ROUTED = ("mixtral-8x7b", "gpt-4-1106")

HOW = (
    "with 24 to 30: recorded outcomes through the production policy, learned on one random half and measured on the"
    " other, 40 times (10 for other ratios and stress); points against all-strong at a share of its cost; prices 1 to"
    " 4.5, every call charged; families never seen: intervals over families drawn again. The commands are the replay's,"
    " with the pairs and options of `benchmarks/cascade/recorded.py`; the recordings are no part of the project"
)

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """One run of the replay, as it is asked for on the command line."""

    name: str
    pair: tuple[str, str]
    options: tuple[str, ...] = ()


RUNS = (
    Asked("code", _CODE, ("--checker", "0.85,0.05")),
    Asked("maths", _MATHS, ("--second", "gpt-4o-mini-2024-07-18")),
    Asked("choice", _CHOICE, ("--second", "llama-3.1-70b-instruct")),
    Asked("bare", _CHOICE, ("--labels", "10,50")),
    Asked("routed", _ROUTED),
)


def measure_recorded(data: Path) -> list[Figure]:
    """All figures, from one run of the replay for each pair."""
    found = {run.name: _entries(run, data) for run in RUNS}
    first, *others = _figures(found)
    return [replace(first, note=HOW), *others]


def _entries(run: Asked, data: Path) -> list[Entry]:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        arguments = ["--data", str(data), "--pair", ",".join(run.pair), *run.options, "--json", str(out)]
        subprocess.run([sys.executable, str(REPLAY), *arguments], check=True, stdout=subprocess.DEVNULL)
        entries: list[Entry] = json.loads(out.read_text("utf-8"))
        return entries


def _figures(found: dict[str, list[Entry]]) -> Iterator[Figure]:
    yield from _code(found["code"])
    yield from _maths(found["maths"])
    yield from _choice(found["choice"])
    yield from _unseen(found["bare"], found["routed"])
    yield from _stressed(found["choice"], found["bare"])
    yield from _few_labels(found["bare"])
    yield from _random_line(found["routed"])


def _code(entries: Sequence[Entry]) -> Iterator[Figure]:
    """The aims are judged on the calibrating half, with care: what counts is where they came out on the other."""
    plain = _plain(entries)
    aims = [_policy(plain, name) for name in AIMS]
    told = min((aim for aim in aims if aim["delta_vs_strong"] >= -0.5), key=lambda aim: float(aim["cost_share"]))
    what = "code, a checker of 85 % with 5 % false alarms: at most half a point below all-strong"
    yield _figure("23", what, plain, told, "at most 0.40", told["cost_share"] <= 0.40)


def _maths(entries: Sequence[Entry]) -> Iterator[Figure]:
    for ratio in (_plain(entries)["ratio"], 5.0, 20.0):
        plain = _plain(entries, ratio)
        for name, most in (("equal quality", 0.80), ("one point less", 0.70)):
            told = _policy(plain, name)
            what = f"MATH-L5 + CRUX, second opinion of equal skill, prices 1 to {ratio:g}: {name}"
            yield _figure("24", what, plain, told, f"at most {most:.2f}", told["cost_share"] <= most)


def _choice(entries: Sequence[Entry]) -> Iterator[Figure]:
    plain = _plain(entries)
    told = _policy(plain, "equal quality")
    what, met = "MMLU-Pro, one second opinion: equal quality", told["cost_share"] <= 0.85
    yield _figure("25", what, plain, told, "at most 0.85", met)


def _unseen(bare: Sequence[Entry], routed: Sequence[Entry]) -> Iterator[Figure]:
    for what, entries, name in (("MMLU-Pro", bare, "mmlu_pro"), ("RouteLLM's MMLU", routed, "routellm:mcq")):
        entry = _only(entries, slice=name, left_out=EVERY_FAMILY, stress=None)
        told, chance = _policy(entry, "cascade"), _policy(entry, "random")
        low, high = told["apgr_ci"]
        measured = f"APGR {told['apgr']:.3f} ({low:.3f} to {high:.3f})"
        title, ratio = f"{what}, no second opinion, families never seen", f"{told['apgr'] / chance['apgr']:.2f}"
        target = "above 0.50 at the lower end"
        yield Figure("26", title, measured, f"at random {chance['apgr']:.3f}", ratio, target, low > 0.50)


def _stressed(choice: Sequence[Entry], bare: Sequence[Entry]) -> Iterator[Figure]:
    worse = _only(choice, stress="strong worse than cheap", left_out=None)
    for name in ("cascade", "learned"):
        told, cheap = _policy(worse, name)["cost_share"], _policy(worse, "all cheap")["cost_share"]
        what = f"strong worse than cheap (MMLU-Pro, the models trade places): {name}"
        measured, baseline = f"{told:.3f} of all-strong", f"all-cheap {cheap:.3f}"
        yield Figure("27", what, measured, baseline, f"{told / cheap:.3f}", "at most 1.02", told <= 1.02 * cheap)
    shuffled = _only(choice, stress="shuffled labels", left_out=None)
    learned, usual = _policy(shuffled, "learned"), _policy(shuffled, "default")
    low, high = usual["ci"]
    what = "shuffled labels (MMLU-Pro), points against all-strong"
    baseline = f"default {_point(usual)}, interval {low:+.2f} to {high:+.2f}"
    ratio, within = learned["cost_share"] / usual["cost_share"], low <= learned["delta_vs_strong"] <= high
    yield Figure("28", what, _point(learned), baseline, f"{ratio:.2f}", "within the default's interval", within)


def _few_labels(bare: Sequence[Entry]) -> Iterator[Figure]:
    for count in (10, 50):
        entry = _only(bare, labels=count, slice="mmlu_pro")
        told, usual = _policy(entry, "learned"), _policy(entry, "default")
        gained = told["delta_vs_strong"] - usual["delta_vs_strong"]
        cheaper = told["cost_share"] / usual["cost_share"]
        met = gained >= -0.3 if count == 10 else gained >= 0.5 or cheaper <= 0.9
        target = "at most 0.3 point worse" if count == 10 else "+0.5 point or 10 % cheaper"
        what = f"{count} labels a family, MMLU-Pro, no second opinion, at the default's worth"
        yield Figure("29", what, _point(told), f"default {_point(usual)}", f"{cheaper:.2f}", target, met)


def _random_line(routed: Sequence[Entry]) -> Iterator[Figure]:
    entry = _only(routed, slice="routellm:mcq", stress=None, left_out=None)
    told = _policy(entry, "random")
    published = {"cpt50": 0.496, "cpt80": 0.799, "apgr": 0.50}
    met = all(abs(told[name] - value) <= 0.02 for name, value in published.items())
    measured = ", ".join(f"{name.upper()} {told[name]:.3f}" for name in published)
    baseline = "published " + ", ".join(f"{value:.3f}" for value in published.values())
    yield Figure("30", "RouteLLM's random line on MMLU", measured, baseline, "-", "within 0.02", met)


def _only(entries: Sequence[Entry], **wanted: Any) -> Entry:
    """The first that is as wanted."""
    return next(entry for entry in entries if all(entry[name] == value for name, value in wanted.items()))


def _plain(entries: Sequence[Entry], ratio: float | None = None) -> Entry:
    """The whole set's, at the ratio asked for or the first that there is."""
    fitting = (e for e in entries if e["stress"] is None and e["left_out"] is None and e["labels"] is None)
    return next(e for e in fitting if ":" not in e["slice"] and ratio in (None, e["ratio"]))


def _policy(entry: Entry, name: str) -> Entry:
    found: Entry = next(policy for policy in entry["policies"] if policy["name"] == name)
    return found


def _figure(number: str, what: str, entry: Entry, told: Entry, target: str, met: bool) -> Figure:
    cheap = f"all-cheap {100 * (entry['cheap'] - entry['strong']):+.1f} at {entry['cheap_cost']:.3f}"
    baseline = f"{cheap}, oracle +0.0 at {entry['oracle_cost']:.3f}"
    return Figure(number, what, _point(told), baseline, f"{told['cost_share']:.2f} of all-strong", target, met)


def _point(told: Entry) -> str:
    return f"{told['delta_vs_strong']:+.2f} points at {told['cost_share']:.3f}"
