"""Which tasks are closed questions: those to which two models' answers can be compared for equality.

Only plain cases, worded in English. A closed question that is not seen goes without a second opinion; an open task
taken for a closed one would pay for a comparison that says nothing.
"""

from typing import Final, Literal

from gemini_mcp.domain.closed_demands import asked_by_question, demanded
from gemini_mcp.domain.closed_options import offers_options
from gemini_mcp.domain.closed_schemas import is_closed
from gemini_mcp.domain.task import Task
from gemini_mcp.domain.typed import typed

Kind = Literal["choice", "yes_no", "number", "short", "record"]

_AGENTS: Final = frozenset(("delegate_task", "analyze_image"))
_LONGEST: Final = 20_000


def closed_kind(task: Task) -> Kind | None:
    """What kind of closed question the task is, from its own words, form and schema alone; None: it is open."""
    if task.agent not in _AGENTS or task.web_search:
        return None
    if task.output_schema is not None:
        return "record" if is_closed(task.output_schema) else None
    if task.expect != "text" or len(task.instruction) > _LONGEST:
        return None
    words = typed(task.instruction).replace("**", "").strip()
    if offers_options(words):
        return "choice"
    return demanded(words) or asked_by_question(words)
