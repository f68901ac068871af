"""Which tasks are closed questions: those to which two models' answers can be compared for equality.

Only plain cases, worded in English. A closed question that is not seen goes without a second opinion; an open task
taken for a closed one would pay for a comparison that says nothing.
"""

import re
from typing import Any, Final, Literal

from gemini_mcp.domain.closed_demands import asked_by_question, closing_question, demanded
from gemini_mcp.domain.closed_judgements import judges, prefers
from gemini_mcp.domain.closed_options import offers_options
from gemini_mcp.domain.closed_schemas import is_closed
from gemini_mcp.domain.task import Task
from gemini_mcp.domain.typed import typed

Kind = Literal["choice", "yes_no", "number", "short", "record"]

_AGENTS: Final = frozenset(("delegate_task", "analyze_image"))
_LONGEST: Final = 20_000
_FINDING: Final = re.compile(
    r"""\b(?: extract(?:s|ed|ing|ion)? | invoices? | receipts? | read(?:ing)?\ (?:[\w-]+\ ){0,4}(?:off|out|from)
      | transcribe | count(?:s|ed|ing)? | how\ (?:many|much) | (?:sub)?totals? | sums? | comput(?:e[sd]?|ing|ation)
      | calculat(?:e[sd]?|ing|ion) | convert(?:s|ed|ing)? | conversion )\b""",
    re.VERBOSE | re.IGNORECASE,
)
"""Asks for numbers that are there, or that follow from those that are."""


def closed_kind(task: Task) -> Kind | None:
    """What kind of closed question the task is, from its own words, form and schema alone; None: it is open."""
    if task.agent not in _AGENTS or task.web_search:
        return None
    if task.output_schema is not None:
        return "record" if _is_record(task, task.output_schema) else None
    if task.expect != "text" or len(task.instruction) > _LONGEST:
        return None
    words = typed(task.instruction).replace("**", "").strip()
    if offers_options(words):
        return None if prefers(words) else "choice"
    kind = demanded(words) or asked_by_question(words)
    return kind if kind is not None and not judges(words, closing_question(words)) else None


def _is_record(task: Task, schema: dict[str, Any]) -> bool:
    """Numbers are to be read off or computed: of two models that think of one, each thinks of its own."""
    words = typed(task.instruction[:_LONGEST])
    found = _FINDING.search(words) is not None and not judges(words, closing_question(words))
    return is_closed(schema, numbers=found)
