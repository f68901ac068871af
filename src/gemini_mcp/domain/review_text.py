"""A review as its reader sees it: as Markdown, and as the structure that programs read."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from gemini_mcp.domain.findings import Finding, dropped_list
from gemini_mcp.domain.missing import Missing, told
from gemini_mcp.domain.verification import Reason

MOST_CHARACTERS: Final = 40_000
"""Of the structure as JSON: clients move what is longer out of sight."""

_MOST_SUMMARIES: Final = 3
"""Of more parts each knows too little for its words to be of use."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much there was to review, in files and in parts, and how much of it was lost: files at least in part."""

    files: int = 1
    parts: int = 1
    files_lost: int = 0
    parts_lost: int = 0


@dataclass(frozen=True, slots=True)
class Review:
    """``findings`` that stood, the gravest first; ``dropped`` by reason; ``lost``: parts that no model could read;
    ``left_out``: what was not to be reviewed. Both with the reason."""

    summaries: tuple[str, ...]
    findings: tuple[Finding, ...]
    dropped: Counter[Reason]
    lost: tuple[Missing, ...] = ()
    left_out: tuple[Missing, ...] = ()
    extent: Extent = Extent()

    @property
    def summary(self) -> str:
        """The totals, what is missing from the review, and of few parts what each is about."""
        extent = self.extent
        missing = told(self.lost, "not reviewed", extent.parts, "part")
        missing += told(self.left_out, "not reviewed", extent.files + len(self.left_out))
        return "\n".join([self._totals, *missing, *self._about])

    @property
    def _totals(self) -> str:
        found = _counted(len(self.findings), "finding") if self.findings else "no findings"
        fallen = ", ".join(f"{each['count']} {each['reason']}" for each in dropped_list(self.dropped))
        dropped = f"; {sum(self.dropped.values())} dropped ({fallen})" if fallen else ""
        return f"{self._reviewed}: {found}{dropped}."

    @property
    def _reviewed(self) -> str:
        """What is not reviewed is said before all else: silence about it would read as praise."""
        extent = self.extent
        if not extent.parts_lost:
            parts = f" in {extent.parts} parts" if extent.parts > 1 else ""
            return f"{_counted(extent.files, 'file')} reviewed{parts}"
        parts = f"{extent.parts - extent.parts_lost} of {extent.parts} parts"
        files = f"{extent.files - extent.files_lost} of {_counted(extent.files, 'file')} whole"
        return f"INCOMPLETE: only {parts} reviewed ({files}). In these"

    @property
    def _about(self) -> list[str]:
        if not 0 < len(self.summaries) <= _MOST_SUMMARIES or self.extent.parts > _MOST_SUMMARIES:
            return []
        return list(self.summaries) if len(self.summaries) == 1 else [f"- {summary}" for summary in self.summaries]


def rendered(review: Review) -> str:
    """Markdown."""
    return "\n\n".join([review.summary, *map(_finding, review.findings)])


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


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s'[: count != 1]}"
