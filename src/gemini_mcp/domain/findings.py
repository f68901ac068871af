"""Findings of a code review: their form, the schema a model is given for them, and a patient reading of its answer.

Nothing here says whether a finding is true; ``domain.verification`` does, as far as that can be looked up.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar, get_args

from gemini_mcp.domain.choices import Category as Category
from gemini_mcp.domain.choices import Severity as Severity

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The gravest first."""
CATEGORIES: tuple[Category, ...] = get_args(Category)

_Word = TypeVar("_Word", bound=str)

LONGEST_QUOTE = 8_000
_LONGEST_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class Finding:
    """``line`` to ``end_line`` of ``file``, on the new side of a change, counted from 1; 0 is a line not known.
    ``quote`` is the code in question, word for word."""

    file: str
    line: int
    end_line: int
    severity: Severity
    category: Category
    message: str
    quote: str
    suggestion: str = ""

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return SEVERITIES.index(self.severity)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Reported:
    """What a model's answer holds. ``malformed``: how many of its findings lack what a finding must have."""

    summary: str
    findings: tuple[Finding, ...]
    malformed: int = 0


class NoFindings(ValueError):
    """An answer that is no review at all: no JSON, or JSON without a list of findings."""


_TEXTS: dict[str, str] = {
    "message": "What is wrong, what follows from it, and when; name the symbols.",
    "quote": "The lines at fault, copied word for word from the file, without line numbers or marks.",
    "suggestion": "How to mend it, as code where that is short.",
}

FINDINGS_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "summary": {"type": "string", "description": "Two or three sentences for the author."},
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "file": {"type": "string", "description": "As given in the material."},
                    "line": {"type": "integer"},
                    "end_line": {"type": "integer"},
                    "severity": {"type": "string", "enum": list(SEVERITIES)},
                    "category": {"type": "string", "enum": list(CATEGORIES)},
                    **{name: {"type": "string", "description": text} for name, text in _TEXTS.items()},
                },
                "required": ["file", "line", "severity", "category", "message", "quote", "suggestion"],
            },
        },
    },
    "required": ["summary", "findings"],
}


def read_findings(text: str) -> Reported:
    """The findings in a model's JSON. Raises NoFindings."""
    value = json_in(text)
    items = _first(value, ("findings", "issues", "comments")) if isinstance(value, Mapping) else value
    if not isinstance(items, list):
        raise NoFindings("the answer holds no list of findings")
    read = [_finding(item) for item in items]
    findings = tuple(finding for finding in read if finding is not None)
    summary = _text(value.get("summary")) if isinstance(value, Mapping) else ""
    return Reported(summary, findings, len(read) - len(findings))


def json_in(text: str) -> Any:
    """The JSON value in a text that may hold a fence and talk around it. Raises NoFindings."""
    starts = [position for mark in "{[" if (position := text.find(mark)) >= 0]
    for start in sorted(starts):
        try:
            return json.JSONDecoder().raw_decode(text[start:])[0]
        except (ValueError, RecursionError):
            continue
    raise NoFindings("the answer is not JSON")


def dropped_list(dropped: Mapping[_Word, int]) -> list[dict[str, Any]]:
    """What fell and why, the most frequent reason first, as it is told to users."""
    return [{"reason": reason, "count": count} for reason, count in sorted(dropped.items(), key=_by_count) if count]


def by_gravity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The gravest first, then by file and line."""
    return tuple(sorted(findings, key=lambda found: (found.rank, found.file, found.line, found.end_line)))


def _by_count(item: tuple[str, int]) -> tuple[int, str]:
    return -item[1], item[0]


# ------------------------------------------------------------------------------------------------- reading patiently

_SEVERITY_WORDS: dict[str, Severity] = {
    **{severity: severity for severity in SEVERITIES},
    "blocker": "critical",
    "fatal": "critical",
    "error": "high",
    "major": "high",
    "severe": "high",
    "moderate": "medium",
    "warning": "medium",
    "minor": "low",
    "info": "low",
    "nit": "low",
}
_CATEGORY_WORDS: dict[str, Category] = {
    **{category: category for category in CATEGORIES},
    "vulnerability": "security",
    "race": "concurrency",
    "thread": "concurrency",
    "deadlock": "concurrency",
    "efficiency": "performance",
    "test": "tests",
    "readability": "style",
    "maintainability": "style",
    "naming": "style",
    "documentation": "style",
}


def _finding(item: object) -> Finding | None:
    """None where file, message or quote are missing: such a finding cannot be looked up."""
    if not isinstance(item, Mapping):
        return None
    file, in_name = _file(_text(_first(item, ("file", "path", "filename"))))
    quote = str(item.get("quote") or "").strip("\n")[:LONGEST_QUOTE]
    message = _text(_first(item, ("message", "description", "title")))
    if not (file and quote.strip() and message):
        return None
    line, end = _lines(item.get("line")) or in_name, _lines(item.get("end_line"))
    return Finding(
        file=file,
        line=line[0] if line else 0,
        end_line=max((*line, *end), default=0),
        severity=_word(item.get("severity"), _SEVERITY_WORDS, "medium"),
        category=_word(item.get("category"), _CATEGORY_WORDS, "bug"),
        message=message,
        quote=quote,
        suggestion=str(item.get("suggestion") or "").strip()[:_LONGEST_TEXT],
    )


def _first(item: Mapping[Any, Any], names: Iterable[str]) -> Any:
    return next((item[name] for name in names if item.get(name)), item.get(next(iter(names))))


def _text(value: object) -> str:
    return " ".join(str(value or "").split())[:_LONGEST_TEXT]


def _file(name: str) -> tuple[str, tuple[int, ...]]:
    """The name, and the lines that some put behind it: ``a.py:12`` or ``a.py#L12-L20``."""
    found = re.fullmatch(r"(.*?)[:#]L?(\d{1,9})(?:[-:]L?(\d{1,9}))?", name)
    if found is None:
        return name, ()
    return found.group(1), tuple(int(number) for number in found.groups()[1:2] if number)


def _lines(value: object) -> tuple[int, ...]:
    """Line numbers in a number, or in words such as ``12-15`` and ``L12``."""
    if isinstance(value, bool) or value is None:
        return ()
    found = [int(number) for number in re.findall(r"\d{1,9}", str(value).split(".")[0])]
    return tuple(number for number in found[:2] if number > 0)


def _word(value: object, words: Mapping[str, _Word], default: _Word) -> _Word:
    """The word meant: the very one, else the first of which the text speaks."""
    text = str(value or "").strip().lower()
    return words[text] if text in words else next((word for hint, word in words.items() if hint in text), default)
