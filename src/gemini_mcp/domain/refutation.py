"""The second look at a review's findings: another model tries to refute each, and only a clear refutation counts."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from gemini_mcp.domain.findings import Finding, NoFindings, json_in

REFUTATION_SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "verdicts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "id": {"type": "string"},
                    "verdict": {"type": "string", "enum": ["stands", "refuted", "unsure"]},
                    "reason": {"type": "string", "description": "The code that decides it, and where it is."},
                },
                "required": ["id", "verdict", "reason"],
            },
        }
    },
    "required": ["verdicts"],
}


@dataclass(frozen=True, slots=True)
class Judged:
    """The findings that were not refuted; and those that were, with the reason given."""

    kept: tuple[Finding, ...]
    refuted: tuple[tuple[Finding, str], ...]


def claims(findings: Sequence[Finding]) -> str:
    """The findings as the second look is given them, each under its id; ``apply_verdicts`` takes the same order."""
    return "\n\n".join(_claim(name, finding) for name, finding in zip(_ids(findings), findings, strict=True))


def apply_verdicts(findings: Sequence[Finding], answer: str) -> Judged:
    """Drop what was refuted. An answer that cannot be read, or that contradicts itself, refutes nothing."""
    verdicts = _verdicts(answer)
    judged = [
        (finding, _refutation(verdicts.get(name, ()))) for name, finding in zip(_ids(findings), findings, strict=True)
    ]
    kept = tuple(finding for finding, reason in judged if not reason)
    return Judged(kept, tuple((finding, reason) for finding, reason in judged if reason))


def _ids(findings: Sequence[Finding]) -> list[str]:
    return [f"F{number}" for number in range(1, len(findings) + 1)]


def _claim(name: str, finding: Finding) -> str:
    head = f"{name} · {finding.file}:{finding.line} · {finding.severity} {finding.category}"
    return "\n".join([head, finding.message, *(f"> {line}" for line in finding.quote.split("\n"))])


def _verdicts(answer: str) -> Mapping[str, list[tuple[str, str]]]:
    """Id to the verdicts given under it, each with its reason."""
    try:
        value = json_in(answer)
    except NoFindings:
        return {}
    items = value.get("verdicts") if isinstance(value, Mapping) else value
    found: dict[str, list[tuple[str, str]]] = {}
    for item in items if isinstance(items, list) else ():
        if isinstance(item, Mapping):
            said = str(item.get("verdict") or "").strip().lower(), " ".join(str(item.get("reason") or "").split())
            found.setdefault(str(item.get("id") or "").strip(), []).append(said)
    return found


def _refutation(verdicts: Iterable[tuple[str, str]]) -> str:
    """The reason, if all that was said of a finding is that it is refuted, and why."""
    given = list(verdicts)
    clear = bool(given) and all(verdict == "refuted" and reason for verdict, reason in given)
    return given[0][1] if clear else ""
