"""``python benchmarks/review.py [--said]``: what becomes of a scripted model's findings over 24 planted bugs and 40
clean changes. ``--said`` names each finding that did not fare as it should.

Each finding is looked up by itself and with all the others of its answer; then the second look, scripted too, is
applied to what is left. The corpus is the tests' own.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import argparse
import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.figures import Effort, Figure
from benchmarks.report import shown
from gemini_mcp.domain.findings import Finding, read_findings
from gemini_mcp.domain.refutation import apply_verdicts
from gemini_mcp.domain.verification import Verified, verified
from tests.review_corpus.script import Kind, Said, Script, answer_of, scripts

Place = tuple[str, int]
Look = Callable[[Script, Sequence[Said]], list[Finding]]
"""From a model's findings to those that a user sees."""


def product(script: Script, said: Sequence[Said]) -> list[Finding]:
    """Ours, without the second look."""
    return list(_verified(script, said).kept)


def with_second_look(script: Script, said: Sequence[Said]) -> list[Finding]:
    kept = _verified(script, said).kept
    verdicts = [(name, *script.verdict(found.file, found.line)) for name, found in zip(_ids(kept), kept, strict=True)]
    answer = {"verdicts": [{"id": name, "verdict": verdict, "reason": reason} for name, verdict, reason in verdicts]}
    return list(apply_verdicts(kept, json.dumps(answer)).kept)


def trusting(script: Script, said: Sequence[Said]) -> list[Finding]:
    """Shows what the model says."""
    return list(read_findings(answer_of(tuple(said))).findings)


def substring(script: Script, said: Sequence[Said]) -> list[Finding]:
    """Shows what is quoted character by character from a file of the review."""
    files = script.case.files
    return [found for found in trusting(script, said) if found.quote in files.get(found.file, "")]


def _verified(script: Script, said: Sequence[Said]) -> Verified:
    findings = read_findings(answer_of(tuple(said))).findings
    return verified(findings, script.case.files, script.patches)


def _ids(findings: Sequence[Finding]) -> Iterable[str]:
    return (f"F{number}" for number in range(1, len(findings) + 1))


@dataclass(slots=True)
class Tally:
    """Findings by kind: how many there were, and how many a user sees right and wrong. ``failed``: which fared ill."""

    all: Counter[Kind] = field(default_factory=Counter)
    right: Counter[Kind] = field(default_factory=Counter)
    wrong: Counter[Kind] = field(default_factory=Counter)
    exact_cases: int = 0
    failed: list[str] = field(default_factory=list)


def measured(look: Look) -> Tally:
    tally = Tally()
    for script in scripts():
        for said in script.said:
            _note(tally, script, said, _places(look(script, [said])))
        tally.exact_cases += _places(look(script, script.said)) == {(bug.file, bug.line) for bug in script.case.bugs}
    return tally


def _note(tally: Tally, script: Script, said: Said, seen: set[Place]) -> None:
    expected = {said.place} if said.place else set()
    tally.all[said.kind] += 1
    tally.right[said.kind] += bool(seen) and seen == expected
    tally.wrong[said.kind] += bool(seen - expected)
    if seen != expected:
        tally.failed.append(f"{script.case.name}: {said.kind}: {said.item['file']}: {said.item['quote']!r}")


def _places(findings: Iterable[Finding]) -> set[Place]:
    return {(found.file, found.line) for found in findings}


def measure_review(effort: Effort) -> list[Figure]:
    """It takes a second: there is no quicker way."""
    ours, second, naive, exact = (measured(look) for look in (product, with_second_look, trusting, substring))
    return [
        _seen("true", ours, naive, exact),
        _seen("misplaced", ours, naive, exact),
        _fell(ours, naive, exact),
        _whole(ours, second, naive, exact),
    ]


def _seen(kind: Kind, ours: Tally, naive: Tally, exact: Tally) -> Figure:
    what = f"{kind} findings that a user sees at their line, of {ours.all[kind]}"
    baseline = f"trusting the model {naive.right[kind]}; exact quotes {exact.right[kind]}"
    met = ours.right[kind] == ours.all[kind]
    return Figure("15", what, str(ours.right[kind]), baseline, "-", str(ours.all[kind]), met, "24 planted bugs")


def _fell(ours: Tally, naive: Tally, exact: Tally) -> Figure:
    what = f"invented findings that a user sees, of {ours.all['invented']}"
    baseline = f"trusting the model {naive.wrong['invented']}; exact quotes {exact.wrong['invented']}"
    note = (
        "no such code or file, code beside the change, quotes that say nothing; 24 cases with a bug, 40 clean changes"
    )
    return Figure("15", what, str(ours.wrong["invented"]), baseline, "-", "0", not ours.wrong["invented"], note)


def _whole(ours: Tally, second: Tally, naive: Tally, exact: Tally) -> Figure:
    cases = len(scripts())
    what = f"cases of {cases} whose whole answer comes down to the planted bugs, each once"
    measure = f"{second.exact_cases} ({ours.exact_cases} without the second look)"
    baseline = f"trusting the model {naive.exact_cases}; exact quotes {exact.exact_cases}"
    note = (
        f"{second.all['false']} clean changes are also claimed to be faulty with a true quote: only the second look,"
        " scripted to be right, can tell"
    )
    return Figure("15", what, measure, baseline, "-", str(cases), second.exact_cases == cases, note)


def main() -> int:
    """Prints the figures; the exit code is 1 when one misses its target."""
    parser = argparse.ArgumentParser(description="Count what becomes of a scripted model's findings.")
    parser.add_argument("--said", action="store_true", help="name the findings that did not fare as they should")
    options = parser.parse_args()
    figures = measure_review(Effort())
    for figure in figures:
        print(shown(figure))
    if options.said:
        print("\n".join(measured(with_second_look).failed))
    return 0 if all(figure.met for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
