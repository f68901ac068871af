"""One summary under way: its parts are read in parallel, what they claim is merged, what was lost is named."""

import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from gemini_mcp.domain.catalog import Tier
from gemini_mcp.domain.chunking import Chunk
from gemini_mcp.domain.claims import (
    CLAIMS_SCHEMA,
    MERGE_SCHEMA,
    Claim,
    Reason,
    Section,
    Verified,
    merged,
    numbered,
    verified_answer,
)
from gemini_mcp.domain.errors import AgentError
from gemini_mcp.domain.summary_plan import (
    WANTED_OF_GROUP,
    Length,
    Plan,
    merge_groups,
    merging_task,
    reading_task,
)
from gemini_mcp.domain.summary_text import SHOWN
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.parallel import HOPELESS, outcomes
from gemini_mcp.engine.ports import Answer, Call
from gemini_mcp.tools.calls import Common
from gemini_mcp.tools.omissions import Lost
from gemini_mcp.tools.services import Services

AT_ONCE = 8
"""Parts that are read at the same time."""

FAMILY = "summary"
MERGE_FAMILY = "summary_merge"


class SummaryRun:
    """``dropped``: claims that fell, by reason; ``lost``: what could not be read, piece by piece, and why, in
    ``parts_lost`` parts; ``answers``: what was paid for and used."""

    def __init__(
        self,
        plan: Plan,
        focus: str,
        length: Length,
        common: Common,
        merging_tier: Tier,
        fresh: bool,
        call: Call,
        services: Services,
    ) -> None:
        self._plan, self._focus, self._length, self._common = plan, focus, length, common
        self._merging_tier, self._fresh, self._call, self._services = merging_tier, fresh, call, services
        self.dropped: Counter[Reason] = Counter()
        self.lost: list[Lost] = []
        self.parts_lost = 0
        self.answers: list[Answer] = []

    @property
    def reading(self) -> list[Task]:
        """What is asked about each part, in their order."""
        return [self._reading(chunk) for chunk in self._plan.chunks]

    async def made(self) -> tuple[str, Sequence[Section]]:
        """The title and the sections. Raises AgentError when nothing at all could be read."""
        parts = await self._read()
        if self._plan.kind == "one":
            return parts[0].title, parts[0].sections
        claims = [claim for part in parts for claim in part.claims]
        if len(parts) == 1 or not claims:
            return parts[0].title, parts[0].sections
        return await self._merge(claims, [section for part in parts for section in part.sections])

    async def _read(self) -> list[Verified]:
        """What the parts claim. What failed is tried once more, by itself; what then is lost is named."""
        chunks = list(self._plan.chunks)
        found = await outcomes(chunks, self._read_one, AT_ONCE)
        again = [index for index, made in enumerate(found) if isinstance(made, AgentError) and _worth_another(made)]
        if again and len(chunks) > 1:
            await self._call.progress(f"{len(again)} of {len(chunks)} parts failed; trying these again")
            retried = await outcomes([chunks[index] for index in again], self._read_one, AT_ONCE)
            for index, made in zip(again, retried, strict=True):
                found[index] = made
        return self._kept(chunks, found)

    def _kept(self, chunks: list[Chunk], found: list[Verified | AgentError]) -> list[Verified]:
        kept: list[Verified] = []
        for chunk, made in zip(chunks, found, strict=True):
            if isinstance(made, AgentError):
                self.lost += [(part, made) for part in chunk.parts]
                self.parts_lost += 1
                continue
            self.dropped.update(made.dropped)
            kept.append(made)
        if not kept:
            raise next(made for made in found if isinstance(made, AgentError))
        return kept

    async def _read_one(self, chunk: Chunk) -> Verified:
        read = verified_answer(await self._asked(self._reading(chunk)), chunk.sources)
        if self._plan.kind == "map_reduce":
            done = sum(answer.family == FAMILY for answer in self.answers)
            await self._call.progress(f"{done} of {len(self._plan.chunks)} parts read")
        return read

    def _reading(self, chunk: Chunk) -> Task:
        agent = "summarize_one" if self._plan.kind == "one" else "summarize_map"
        return self._task(agent, reading_task(self._plan, self._focus), CLAIMS_SCHEMA, chunk.sources)

    async def _merge(self, claims: list[Claim], sections: list[Section]) -> tuple[str, Sequence[Section]]:
        """Level by level. Claims of a merge that failed stay as they are."""
        while len(groups := merge_groups(claims)) > 1:
            await self._call.progress(f"merging {len(claims):,} claims in {len(groups)} groups")
            made = await outcomes(
                groups, lambda group: self._merge_one(group, WANTED_OF_GROUP, WANTED_OF_GROUP), AT_ONCE
            )
            handed_on = [
                list(group[:WANTED_OF_GROUP]) if isinstance(part, AgentError) else list(part.claims)
                for group, part in zip(groups, made, strict=True)
            ]
            claims = [claim for group in handed_on for claim in group]
        await self._call.progress(f"merging {len(claims):,} claims")
        try:
            whole = await self._merge_one(tuple(claims), self._plan.claims_wanted, SHOWN[self._length])
        except AgentError as error:
            self._call.warnings.append(f"the claims were not merged ({error.message})")
            return "", sections
        self.dropped.update(whole.dropped)
        return whole.title, whole.sections

    async def _merge_one(self, claims: tuple[Claim, ...], wanted: int, most: int) -> Verified:
        """``wanted`` is what is asked for, ``most`` what is kept of more."""
        task = self._task("summarize_reduce", merging_task(wanted, self._focus), MERGE_SCHEMA, (numbered(claims),))
        return merged(_json(await self._asked(task)), claims, most)

    async def _asked(self, task: Task) -> str:
        answer = await self._services.answer(task, self._call.part())
        self.answers.append(answer)
        return answer.text

    def _task(self, agent: str, instruction: str, schema: dict[str, Any], sources: tuple[Any, ...]) -> Task:
        merging = agent == "summarize_reduce"
        return Task(
            instruction=instruction,
            sources=sources,
            output_schema=schema,
            tier=self._merging_tier if merging and self._common.model is None else self._common.tier,
            pinned_model=self._common.model,
            max_cost_nano=self._common.max_cost_nano,
            fresh=self._fresh,
            agent=agent,
            family=MERGE_FAMILY if merging else FAMILY,
        )


def _worth_another(error: AgentError) -> bool:
    return not isinstance(error, HOPELESS)


def _json(text: str) -> Any:
    """The answer passed the check of its form."""
    return json.loads(text)
