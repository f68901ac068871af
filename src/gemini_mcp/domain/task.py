"""A delegated task, as the tools hand it to the engine."""

from dataclasses import dataclass, field
from typing import Any

from gemini_mcp.domain.catalog import Tier
from gemini_mcp.domain.choices import Expect as Expect
from gemini_mcp.domain.material import Source


@dataclass(frozen=True, slots=True)
class Rejected:
    """An earlier answer that the caller turned down, and why."""

    result_id: str
    answer: str
    feedback: str
    tier: Tier | None


@dataclass(frozen=True, slots=True)
class Task:
    """What to do, on what, in which form.

    ``tier`` is where to start (None: we choose); ``pinned_model`` allows that model alone.
    ``max_cost_nano`` caps the whole call, every attempt of it, in nano-USD. ``agent`` names the instructions
    (``prompts/agents/``). ``family`` and ``answer_tokens`` (room for the answer) are the tool's own, where it knows
    better than a look at the task.
    """

    instruction: str
    context: str = ""
    sources: tuple[Source, ...] = ()
    expect: Expect = "text"
    output_schema: dict[str, Any] | None = field(default=None, hash=False)
    tier: Tier | None = None
    pinned_model: str | None = None
    web_search: bool = False
    rejected: Rejected | None = None
    max_cost_nano: int | None = None
    fresh: bool = False
    agent: str = "delegate_task"
    family: str = ""
    answer_tokens: int | None = None

    @property
    def attached(self) -> tuple[Source, ...]:
        """The sources that travel as they are, beside the text."""
        return tuple(source for source in self.sources if source.media is not None)

    @property
    def wants_json(self) -> bool:
        return self.output_schema is not None or self.expect == "json"
