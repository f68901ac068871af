"""A review as its reader sees it: as Markdown, and as the structure that programs read."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from gemini_mcp.domain.findings import Finding, dropped_list
from gemini_mcp.domain.verification import Reason

MOST_CHARACTERS: Final = 40_000
"""Of the structure as JSON: clients move what is longer out of sight."""

_MOST_SUMMARIES: Final = 12


@dataclass(frozen=True, slots=True)
class Review:
    """``findings`` that stood, the gravest first; ``dropped`` by reason; ``lost``: parts that no model could read;
    ``left_out``: what was not to be reviewed. Both with the reason."""

    summaries: tuple[str, ...]
    findings: tuple[Finding, ...]
    dropped: Counter[Reason]
    lost: tuple[tuple[str, str], ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()

    @property
    def summary(self) -> str:
        """In words, with what is missing from the review."""
        told = list(self.summaries[:_MOST_SUMMARIES]) or ["No summary was given."]
        if len(self.summaries) > 1:
            told = [f"- {summary}" for summary in told]
        return "\n".join([*told, *_missing("Not reviewed", self.lost), *_missing("Left out", self.left_out)])


def rendered(review: Review) -> str:
    """Markdown."""
    found = [_finding(finding) for finding in review.findings] or ["No finding stood up."]
    fallen = ", ".join(f"{each['count']} {each['reason']}" for each in dropped_list(review.dropped))
    return "\n\n".join([review.summary, *found, *([f"Dropped: {fallen}."] if fallen else [])])


def structured(review: Review, receipt: str, uri: str) -> dict[str, Any]:
    """The structure that the tool returns. Of more findings than fit, the gravest, and where the whole is."""
    findings = [finding.as_dict() for finding in review.findings]
    whole = {
        "summary": review.summary,
        "findings": findings,
        "dropped": dropped_list(review.dropped),
        "receipt": receipt,
    }
    while findings and len(json.dumps(whole, ensure_ascii=False)) > MOST_CHARACTERS:
        findings.pop()
        rest = len(review.findings) - len(findings)
        whole["more"] = f"{rest} less grave findings do not fit here; the whole review: {uri}"
    return whole


def _finding(finding: Finding) -> str:
    place = f"{finding.file}:{finding.line}"
    end = f"-{finding.end_line}" if finding.end_line > finding.line else ""
    quote = "\n".join(f"    {line}" for line in finding.quote.split("\n"))
    mend = f"\n\n{finding.suggestion}" if finding.suggestion else ""
    return f"**{finding.severity} · {finding.category} · {place}{end}** {finding.message}\n\n{quote}{mend}"


def _missing(what: str, items: tuple[tuple[str, str], ...]) -> Iterator[str]:
    if items:
        named = ", ".join(f"{name} ({why})" for name, why in items[:10])
        more = f" and {len(items) - 10} more" if len(items) > 10 else ""
        yield f"{what}: {named}{more}."
