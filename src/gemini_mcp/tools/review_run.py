"""One review under way: its parts are read in parallel, each finding is looked up, then a cheap model tries to refute
what stands."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence

from gemini_mcp.domain.catalog import Tier
from gemini_mcp.domain.errors import AgentError
from gemini_mcp.domain.excerpts import Excerpt, together, tokens_of
from gemini_mcp.domain.findings import FINDINGS_SCHEMA, Category, Finding, Reported, Severity, by_gravity, read_findings
from gemini_mcp.domain.material import Source
from gemini_mcp.domain.refutation import REFUTATION_SCHEMA, Judged, apply_verdicts, claims
from gemini_mcp.domain.review_text import Extent, Review
from gemini_mcp.domain.splitting import ReviewUnit
from gemini_mcp.domain.task import Task
from gemini_mcp.domain.verification import Reason, verified
from gemini_mcp.engine.parallel import HOPELESS, outcomes
from gemini_mcp.engine.ports import Answer, Call
from gemini_mcp.tools.calls import Common
from gemini_mcp.tools.estimates import Estimate
from gemini_mcp.tools.omissions import reasons
from gemini_mcp.tools.review_material import ReviewMaterial
from gemini_mcp.tools.services import Services

AT_ONCE = 8
TIER: Tier = "flash"
"""Where a review starts: finding a fault takes judgement, which is what the lite tier lacks most."""

REFUTING_TIER: Tier = "lite"
FAMILY, REFUTATION_FAMILY = "review", "refutation"
FINDINGS_AT_ONCE = 8
"""Findings that one second look is given."""

AROUND = 60
WHOLE_FILE_TOKENS = 6_000
"""The second look sees a file of up to so many tokens whole, of a longer one the lines around its findings."""


class ReviewRun:
    """``answers``: what was paid for and used."""

    def __init__(
        self,
        material: ReviewMaterial,
        focus: Sequence[Category],
        min_severity: Severity,
        common: Common,
        fresh: bool,
        cost: Estimate,
        call: Call,
        services: Services,
    ) -> None:
        self._material, self._focus, self._min_severity = material, tuple(focus), min_severity
        self._cost = cost
        self._common, self._fresh, self._call, self._services = common, fresh, call, services
        self.answers: list[Answer] = []

    @property
    def reading(self) -> list[Task]:
        """What is asked about each part, in their order."""
        return [self._reading(unit) for unit in self._material.units]

    async def made(self) -> Review:
        """The review. Raises AgentError when no part of it could be read."""
        reported, lost = await self._read()
        found = [finding for each in reported for finding in each.findings if self._is_wanted(finding)]
        looked_up = verified(found, self._material.files, self._material.patches, self._min_severity)
        dropped: Counter[Reason] = Counter(looked_up.dropped)
        dropped["malformed"] += sum(each.malformed for each in reported)
        kept = await self._unrefuted(looked_up.kept)
        dropped["refuted"] += len(looked_up.kept) - len(kept)
        summaries = [each.summary for each in reported if each.summary]
        why = reasons([(unit.label, error) for unit, error in lost], self._cost, self._common.max_cost_nano)
        extent = self._extent([unit for unit, _ in lost])
        return Review(tuple(summaries), by_gravity(kept), +dropped, why, self._material.left_out, extent)

    def _is_wanted(self, finding: Finding) -> bool:
        return not self._focus or finding.category in self._focus

    def _extent(self, lost: Sequence[ReviewUnit]) -> Extent:
        units = self._material.units
        return Extent(len(_files(units)), len(units), len(_files(lost)), len(lost))

    # ------------------------------------------------------------------------------------------------ the first look

    async def _read(self) -> tuple[list[Reported], list[tuple[ReviewUnit, AgentError]]]:
        units = list(self._material.units)
        found = await outcomes(units, self._read_one, AT_ONCE)
        again = [index for index, made in enumerate(found) if isinstance(made, AgentError) and _worth_another(made)]
        if again and len(units) > 1:
            retried = await outcomes([units[index] for index in again], self._read_one, AT_ONCE)
            for index, made in zip(again, retried, strict=True):
                found[index] = made
        reported = [made for made in found if isinstance(made, Reported)]
        if not reported:
            first = next(made for made in found if isinstance(made, AgentError))
            raise self._cost.of_whole(first, self._common.max_cost_nano)
        return reported, [(unit, made) for unit, made in zip(units, found, strict=True) if isinstance(made, AgentError)]

    async def _read_one(self, unit: ReviewUnit) -> Reported:
        answer = await self._asked(self._reading(unit))
        await self._call.progress(f"{len(self.answers)} of {len(self._material.units)} parts reviewed")
        return read_findings(answer.text)

    def _reading(self, unit: ReviewUnit) -> Task:
        sources = tuple(_source(each.path, each.text, each.whole) for each in unit.excerpts)
        tier = self._common.tier or TIER
        return self._task("review_code", self._instruction(), FINDINGS_SCHEMA, sources, tier, FAMILY)

    def _instruction(self) -> str:
        what = "this change" if self._material.patches is not None else "these files"
        focus = f" Report only findings of these categories: {', '.join(self._focus)}." if self._focus else ""
        return f"Review {what}.{focus} Leave out what is less grave than {self._min_severity}."

    # ----------------------------------------------------------------------------------------------- the second look

    async def _unrefuted(self, findings: Sequence[Finding]) -> list[Finding]:
        """What a second look does not refute. Where it fails, the findings stand, and the receipt says so."""
        groups = list(_groups(findings))
        if not groups:
            return []
        await self._call.progress(f"trying to refute {len(findings)} finding{'s'[: len(findings) != 1]}")
        judged = await outcomes(groups, self._second_look, AT_ONCE)
        kept: list[Finding] = []
        for group, made in zip(groups, judged, strict=True):
            if isinstance(made, AgentError):
                self._call.warnings.append(f"no second look at {len(group)} findings ({made.message})")
            kept += group if isinstance(made, AgentError) else made.kept
        return kept

    async def _second_look(self, group: tuple[Finding, ...]) -> Judged:
        paths = dict.fromkeys(finding.file for finding in group)
        sources = tuple(source for path in paths if (source := self._code_around(path, group)) is not None)
        instruction = f"Try to refute these findings:\n\n{claims(group)}"
        tier = self._common.tier or REFUTING_TIER
        task = self._task("review_refute", instruction, REFUTATION_SCHEMA, sources, tier, REFUTATION_FAMILY)
        answer = await self._asked(task)
        return apply_verdicts(group, answer.text)

    def _code_around(self, path: str, group: Iterable[Finding]) -> Source | None:
        """From what was sent already: nothing leaves that was not screened."""
        rows = together(each for unit in self._material.units for each in unit.excerpts if each.path == path)
        near = [number for finding in group if finding.file == path for number in (finding.line, finding.end_line)]
        if tokens_of(rows) > WHOLE_FILE_TOKENS:
            rows = tuple(row for row in rows if any(abs(row.number - line) <= AROUND for line in near))
        return _source(path, Excerpt(path, rows).text, whole=False) if rows else None

    async def _asked(self, task: Task) -> Answer:
        answer = await self._services.answer(task, self._call.part())
        self.answers.append(answer)
        return answer

    def _task(
        self,
        agent: str,
        instruction: str,
        schema: dict[str, object],
        sources: tuple[Source, ...],
        tier: Tier,
        family: str,
    ) -> Task:
        return Task(
            instruction=instruction,
            sources=sources,
            output_schema=schema,
            tier=None if self._common.model else tier,
            pinned_model=self._common.model,
            max_cost_nano=self._common.max_cost_nano,
            fresh=self._fresh,
            agent=agent,
            family=family,
        )


def _files(units: Iterable[ReviewUnit]) -> set[str]:
    return {each.path for unit in units for each in unit.excerpts}


def _groups(findings: Sequence[Finding]) -> Iterable[tuple[Finding, ...]]:
    """Findings of a file together, a few at a time."""
    ordered = sorted(findings, key=lambda finding: (finding.file, finding.line))
    for start in range(0, len(ordered), FINDINGS_AT_ONCE):
        yield tuple(ordered[start : start + FINDINGS_AT_ONCE])


def _source(path: str, text: str, whole: bool) -> Source:
    content = text.encode("utf-8", "replace")
    return Source(path, text, len(content), hashlib.sha256(content).hexdigest(), "text" if whole else "in part")


def _worth_another(error: AgentError) -> bool:
    return not isinstance(error, HOPELESS)
