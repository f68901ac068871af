"""A summary as it was ordered, and what its making comes to; as plain JSON it waits for a batch to be read in."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from gemini_mcp.domain.catalog import Tier
from gemini_mcp.domain.chunking import Chunk
from gemini_mcp.domain.claims import Section
from gemini_mcp.domain.errors import AgentError
from gemini_mcp.domain.missing import Missing
from gemini_mcp.domain.summary_plan import Length, Plan
from gemini_mcp.domain.summary_text import Gaps, rendered
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.ledger import Finished
from gemini_mcp.engine.parts import joined
from gemini_mcp.engine.ports import Call
from gemini_mcp.tools.calls import Common
from gemini_mcp.tools.estimates import Estimate
from gemini_mcp.tools.omissions import reasons
from gemini_mcp.tools.services import Services
from gemini_mcp.tools.summary_run import FAMILY, SummaryRun


@dataclass(frozen=True, slots=True)
class Order:
    """``left_out``: what was not read and why; ``sources``: how many were, or were to be."""

    plan: Plan
    focus: str
    length: Length
    common: Common
    merging_tier: Tier
    fresh: bool
    cost: Estimate
    left_out: tuple[Missing, ...]
    sources: int
    instruction: str

    def run(self, call: Call, services: Services) -> SummaryRun:
        how = (self.plan, self.focus, self.length, self.common, self.merging_tier, self.fresh)
        return SummaryRun(*how, call, services)

    async def made(self, run: SummaryRun) -> tuple[str, Sequence[Section]]:
        """Raises AgentError, in terms of the whole call."""
        try:
            return await run.made()
        except AgentError as error:
            raise self.cost.of_whole(error, self.common.max_cost_nano) from None

    def finished(self, run: SummaryRun, title: str, sections: Sequence[Section]) -> tuple[Finished, Gaps]:
        """The summary, and what it lacks."""
        gaps = self._gaps(run)
        text = rendered(title, sections, self.length, dropped=run.dropped, gaps=gaps)
        answer = joined(run.answers, text, FAMILY)
        return Finished(answer, instruction=self.instruction, mime_type="text/markdown"), gaps

    def _gaps(self, run: SummaryRun) -> Gaps:
        return Gaps(
            lost=reasons(run.lost, self.cost, self.common.max_cost_nano),
            pieces=sum(len(chunk.parts) for chunk in self.plan.chunks),
            parts=len(self.plan.chunks),
            parts_lost=run.parts_lost,
            left_out=[*self.left_out, *((path, "nothing to read in it") for path in self.plan.blank)],
            sources=self.sources,
        )

    def to_json(self) -> dict[str, Any]:
        """Without the sources, which are in the tasks."""
        chunks = [{"label": chunk.label, "tokens": chunk.tokens} for chunk in self.plan.chunks]
        plain = replace(self, plan=replace(self.plan, chunks=()))
        return {**asdict(plain), "chunks": chunks}

    @classmethod
    def from_json(cls, value: dict[str, Any], tasks: Sequence[Task]) -> "Order":
        """``tasks``: what reads each part, in their order."""
        about = {name: each for name, each in value.items() if name != "chunks"}
        chunks = zip(tasks, value["chunks"], strict=True)
        plan = about["plan"] | {
            "chunks": tuple(Chunk(task.sources, **chunk) for task, chunk in chunks),
            "merges": tuple(about["plan"]["merges"]),
            "blank": tuple(about["plan"]["blank"]),
        }
        left_out = tuple((path, why) for path, why in about["left_out"])
        common, cost = Common(**about["common"]), Estimate(**about["cost"])
        return cls(**{**about, "plan": Plan(**plan), "common": common, "cost": cost, "left_out": left_out})
