"""A review that is computed, not judged: what a linter would find; and the second look, which decides nothing."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gemini_mcp.simulator.code_shown import Code, code_under_review
from gemini_mcp.simulator.lint_rules import Fault
from gemini_mcp.simulator.python_lint import python_faults
from gemini_mcp.simulator.shown import instruction
from gemini_mcp.simulator.text_lint import text_faults

_PYTHON = (".py", ".pyi", ".pyw")
_MOST_OF_A_RULE, _MOST = 5, 60
_QUOTE_CHARACTERS = 160
_CATEGORIES = re.compile(r"\bcategories: ([a-z, ]+)")
_LEAST = re.compile(r"\bless grave than (\w+)")
_ASKED_ABOUT = re.compile(r"^(?:#+ |- |\* )?\**([A-Za-z]{1,3}-?\d{1,6})\**(?: ·|:| \||$)", re.MULTILINE)
_UNDECIDED = "A judgement needs a real model: the stand-in computes and does not understand."


@dataclass(frozen=True, slots=True)
class _Asked:
    """``categories``: empty for all."""

    categories: frozenset[str]
    least: str

    @classmethod
    def read(cls, task: str) -> "_Asked":
        named, least = _CATEGORIES.search(task), _LEAST.search(task)
        return cls(frozenset(re.findall(r"[a-z]+", named[1]) if named else ()), least[1] if least else "low")

    def wants(self, fault: Fault) -> bool:
        grave_enough = self.least == "low" or (self.least == "medium" and fault.rule.severity == "medium")
        return grave_enough and (not self.categories or fault.rule.category in self.categories)


def computed_review(asked: str) -> dict[str, Any]:
    """Findings in the order of the files and their lines."""
    code, wanted = code_under_review(asked), _Asked.read(instruction(asked))
    findings = [_finding(each, fault) for each in code for fault in _faults(each, wanted)]
    count = f"{min(len(findings), _MOST)} finding{'s'[: len(findings) != 1]} in {len(code)} file{'s'[: len(code) != 1]}"
    summary = f"Simulated: {count}, computed by fixed rules as a linter does. This is no judgement of the code."
    return {"summary": summary, "findings": findings[:_MOST]}


def _faults(code: Code, wanted: _Asked) -> Iterator[Fault]:
    """Each rule once a line and a few times a file, on lines under review."""
    reviewed = {line.number for line in code.lines if line.under_review}
    found = [*text_faults(code), *(python_faults(code) if code.path.endswith(_PYTHON) else ())]
    told: Counter[str] = Counter()
    for fault in sorted(dict.fromkeys(found), key=lambda fault: (fault.line, fault.rule.message)):
        if fault.line in reviewed and wanted.wants(fault) and told[fault.rule.message] < _MOST_OF_A_RULE:
            told[fault.rule.message] += 1
            yield fault


def _finding(code: Code, fault: Fault) -> dict[str, Any]:
    text = next(line.text for line in code.lines if line.number == fault.line).strip()
    return {
        "file": code.path,
        "line": fault.line,
        "end_line": fault.line,
        "severity": fault.rule.severity,
        "category": fault.rule.category,
        "message": fault.rule.message,
        "quote": text[:_QUOTE_CHARACTERS],
        "suggestion": fault.rule.suggestion,
    }


def undecided(asked: str) -> dict[str, Any]:
    """Every id that is asked about, in order, with the verdict that leaves all as it is."""
    ids = dict.fromkeys(_ASKED_ABOUT.findall(instruction(asked)))
    return {"verdicts": [{"id": each, "verdict": "unsure", "reason": _UNDECIDED} for each in ids]}
