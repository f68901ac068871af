"""The checks on an answer: small pure functions in one table. Adding a check is adding a row to ``CHECKS``.

A check looks at the task, the raw answer and its bare text (``domain.forms.unwrap``) and says what is wrong,
or None. The first that objects decides; its words go into the receipt and along to the next tier.
"""

import ast
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gemini_mcp.domain.messages import ModelAnswer
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.diffs import diff_problem
from gemini_mcp.engine.schemas import schema_violation, shown


@dataclass(frozen=True, slots=True)
class Objection:
    """Why an answer is not acceptable. ``cut_short``: more room, on whatever tier, might mend it."""

    check: str
    reason: str
    cut_short: bool = False


Check = Callable[[Task, ModelAnswer, str], str | None]


def check_answer(task: Task, answer: ModelAnswer, text: str) -> Objection | None:
    """The first objection to the answer, or None: it is acceptable."""
    for name, check in CHECKS:
        if (reason := check(task, answer, text)) is not None:
            return Objection(name, reason, cut_short=answer.finish_reason == "max_tokens")
    return None


def truncated(task: Task, answer: ModelAnswer, text: str) -> str | None:
    if answer.finish_reason != "max_tokens":
        return None
    if not text.strip():
        return "thinking used up the output limit and left no answer"
    return "cut off at the output limit"


def finished(task: Task, answer: ModelAnswer, text: str) -> str | None:
    if answer.finish_reason == "stop":
        return None
    return f"stopped early ({answer.finish_detail or answer.finish_reason})"


def not_empty(task: Task, answer: ModelAnswer, text: str) -> str | None:
    return None if text.strip() else "empty answer"


_REFUSAL = re.compile(
    r"""^\W* (?: i'?m\ sorry | sorry | i\ apologi[sz]e | as\ an\ ai | unfortunately
              | i\ (?: cannot | can'?t | am\ unable | won'?t ) )
        [^.!?\n]{0,120} \b
        (?: assist | help | comply | fulfil+ | provide | answer | do\ th(?:at|is) | with\ th(?:at|is) | request | unable
          | able\ to | generate | create | write | complete | perform ) \b""",
    re.IGNORECASE | re.VERBOSE,
)
_MISSING_INPUT = re.compile(
    r"""\b (?: i\ (?: do(?:n't|\ not) | can'?t | cannot ) \ (?: see | view | find | open | access | read )
             | i\ do(?:n't|\ not)\ (?:currently\ )? have\ (?: access\ to | the\ ability\ to\ (?:access|open|read|view) )
             | (?: i\ am | i\ was | i'm )\ (?: unable | not\ able )\ to\ (?: see | view | open | access | read )
             | (?: please | could\ you | can\ you ) (?:\ please)? \ (?: provide|share|paste|upload|attach|include|send )
             | you\ (?: haven't | have\ not | didn't | did\ not )
               \ (?: provided? | attach(?:ed)? | shared? | upload(?:ed)? | included? | pasted? ) )
        [^.!?\n]{0,60} \b
        (?: files? | attachments? | images? | documents? | code | contents? | text | data | input | repository | diff
          | material | it ) \b
      | \b no\ (?: file | attachment | image | document | code | text | diff )s?
        \ (?: was | were | is | (?:has|have)\ been )\ (?: attached | provided | included | shared | uploaded )""",
    re.IGNORECASE | re.VERBOSE,
)
_OPENING = 400


def not_refused(task: Task, answer: ModelAnswer, text: str) -> str | None:
    """A refusal opens the answer and is most of it; a long answer that begins with regret is still an answer."""
    stripped = text.strip().replace("\u2019", "'")
    if _is_prose(task) and len(stripped) <= 2 * _OPENING and (found := _REFUSAL.search(stripped[:_OPENING])):
        return f"refused: {shown(found.group(0))}"
    return None


def saw_the_input(task: Task, answer: ModelAnswer, text: str) -> str | None:
    """Models that did not get (or did not look at) the material say so at once, or ask for it."""
    stripped = text.strip().replace("\u2019", "'")
    if _is_prose(task) and len(stripped) <= 3 * _OPENING and (found := _MISSING_INPUT.search(stripped[:_OPENING])):
        return f"says that it cannot see the input: {shown(found.group(0))}"
    return None


def _is_prose(task: Task) -> bool:
    """Code and data may well hold such words; where their form is right, they are no refusal."""
    return not task.wants_json and task.expect in ("text", "markdown")


def valid_json(task: Task, answer: ModelAnswer, text: str) -> str | None:
    if not task.wants_json:
        return None
    try:
        value = json.loads(text, parse_constant=_not_json)
    except RecursionError:
        return "JSON nested too deep"
    except ValueError as error:
        return f"not JSON: {shown(str(error))}"
    return None if task.output_schema is None else schema_violation(task.output_schema, value)


def _not_json(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def python_parses(task: Task, answer: ModelAnswer, text: str) -> str | None:
    if task.expect != "python" or task.wants_json:
        return None
    try:
        ast.parse(text)
    except SyntaxError as error:
        return f"Python that does not parse: line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return f"Python that does not parse: {shown(str(error) or type(error).__name__)}"
    return None


def diff_applies(task: Task, answer: ModelAnswer, text: str) -> str | None:
    if task.expect != "diff" or task.wants_json:
        return None
    problem = diff_problem(text, {source.path: source.text for source in task.sources})
    return f"diff that does not apply: {problem}" if problem else None


CHECKS: tuple[tuple[str, Check], ...] = (
    ("truncated", truncated),
    ("finish_reason", finished),
    ("empty", not_empty),
    ("json", valid_json),
    ("python", python_parses),
    ("diff", diff_applies),
    ("refusal", not_refused),
    ("missing_input", saw_the_input),
)
