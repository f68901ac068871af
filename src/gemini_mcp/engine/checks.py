"""The checks on an answer: small pure functions in one table. Adding a check is adding a row to ``CHECKS``.

A check looks at the task, the raw answer and its bare text (``domain.forms.unwrap``) and says what is wrong,
or None. The first that objects decides; its words go into the receipt and along to the next tier. An objection is
paid for by a dearer model, so a check that is not sure says nothing. The checks themselves are in ``checking``.
"""

from collections.abc import Callable
from dataclasses import dataclass

from gemini_mcp.domain.forms import unwrap
from gemini_mcp.domain.messages import ModelAnswer
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.checking.arithmetic import equations_hold
from gemini_mcp.engine.checking.citations import citations_stand
from gemini_mcp.engine.checking.code_blocks import code_parses
from gemini_mcp.engine.checking.forms import (
    claims_stand,
    diff_applies,
    finished,
    not_empty,
    python_parses,
    truncated,
    valid_json,
)
from gemini_mcp.engine.checking.languages import in_the_language
from gemini_mcp.engine.checking.lengths import as_many_as_asked
from gemini_mcp.engine.checking.refusals import not_refused, saw_the_input
from gemini_mcp.engine.checking.totals import totals_add_up
from gemini_mcp.engine.coercion import mended


@dataclass(frozen=True, slots=True)
class Objection:
    """Why an answer is not acceptable. ``cut_short``: more room, on whatever tier, might mend it. ``fatal``: it cannot
    be handed over; else it can, should no tier above do better."""

    check: str
    reason: str
    cut_short: bool = False
    fatal: bool = True


@dataclass(frozen=True, slots=True)
class Examined:
    """An answer's bare text, what was mended in it (words for the call's warnings), and the objection to it."""

    text: str
    mended: tuple[str, ...]
    objection: Objection | None


Check = Callable[[Task, ModelAnswer, str], str | None]


def examined(task: Task, answer: ModelAnswer) -> Examined:
    """The answer taken out of its wrapping and checked; JSON that merely has a type written otherwise is mended."""
    text = unwrap(task, answer.text)
    objection = check_answer(task, answer, text)
    if objection is not None and objection.check == "json":
        better, report = mended(task, text)
        if report:
            return Examined(better, report, check_answer(task, answer, better))
    return Examined(text, (), objection)


def check_answer(task: Task, answer: ModelAnswer, text: str) -> Objection | None:
    """The first objection to the answer, or None: it is acceptable."""
    for name, check in CHECKS:
        if (reason := check(task, answer, text)) is not None:
            return Objection(name, reason, cut_short=answer.finish_reason == "max_tokens", fatal=name not in DOUBTS)
    return None


CHECKS: tuple[tuple[str, Check], ...] = (
    ("truncated", truncated),
    ("finish_reason", finished),
    ("empty", not_empty),
    ("json", valid_json),
    ("python", python_parses),
    ("diff", diff_applies),
    ("claims", claims_stand),
    ("refusal", not_refused),
    ("missing_input", saw_the_input),
    ("code", code_parses),
    ("language", in_the_language),
    ("length", as_many_as_asked),
    ("citations", citations_stand),
    ("arithmetic", equations_hold),
    ("totals", totals_add_up),
)

DOUBTS = frozenset({"code", "language", "length", "citations", "arithmetic", "totals"})
"""Checks of what an answer says, not of whether it is one: their answers are better than none."""
