"""The checks on an answer: small pure functions in one table. Adding a check is adding a row to ``CHECKS``.

A check looks at the task, the raw answer and its bare text (``domain.forms.unwrap``) and says what is wrong,
or None. The first that objects decides; its words go into the receipt and along to the next tier.
"""

import ast
import json
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gemini_mcp.domain.claims import claims_problem, merge_problem
from gemini_mcp.domain.messages import ModelAnswer
from gemini_mcp.domain.summary_plan import has_focus
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
    r"""^\W* (?: (?: i'?m\ (?:very\ )? sorry | sorry | i\ apologi[sz]e | unfortunately ) [,.:;]? \s+ (?: but\ )? )?
        (?: as\ an\ ai (?:\ \w+){0,3} , \s+ )?
        i (?: \ cannot | \ can'?t | \ can\ not | 'm\ (?:un|not\ )able\ to | \ am\ (?:un|not\ )able\ to 
            | \ won'?t(?:\ be\ able\ to)?
            | \ must\ decline | \ must\ refuse | \ have\ to\ decline | \ decline\ to | 'm\ not\ going\ to )
        (?: \ (?: help | assist | comply | engage ) \b
          | \ (?: do | answer | provide | generate | create | write | perform | fulfil+ | complete | support )
              \ (?: that | this | such | your | the | any\ such )
              (?: \ (?: request | task | content | information | question | kind | type | sort ) \b | [.,;!] )
          | \ (?: this | that | your | the )\ request \b | [.!] )""",
    re.IGNORECASE | re.VERBOSE,
)
_ATTACHED = r"""(?: the | any | your | that | this | an )? \ ?
    (?: attached | uploaded | provided | linked | shared )? \ ?
    (?: files? | attachments? | images? | pictures? | screenshots? | documents? | pdfs? | links? | urls? )"""
_MISSING_INPUT = re.compile(
    rf"""^\W* (?: (?: i'?m\ sorry | sorry | i\ apologi[sz]e | unfortunately ) [,.:;]? \s+ (?: but\ )? )?
        (?: i\ (?: can'?t | cannot | don't | do\ not | am\ unable\ to
            | am\ not\ able\ to )\ (?:currently\ |directly\ |actually\ )?
              (?: see | view | open | access | read | receive | have\ access\ to )\ {_ATTACHED} \b
              (?! \ (?: (?! you \b ) \w+\ ){{0,4}} (?: mention | say | state | contain | describe ) )
          | i(?:'m|\ am)\ (?:unable|not\ able)\ to\ (?: see | view | open | access | read )\ {_ATTACHED} \b
          | (?: it\ (?:looks|seems|appears)\ (?:like|that|as\ if)\ )? (?: you\ (?: haven't | have\ not
              | didn't | did\ not ) \ (?: yet\ )?
              (?: provided? | attach(?:ed)? | shared? | upload(?:ed)? | included? | pasted? ) )
          | (?: it\ (?:looks|seems|appears)\ (?:like|that|as\ if)\ )?
              (?: no\ (?: files? | attachments? | images? | documents? | code | text | diff | content )
                  \ (?: was | were | has\ been | have\ been )\ (?: attached | included | uploaded | shared )
                | the\ (?: files? | attachments? | images? | documents? | code | text | diff | content )
                  \ (?: wasn't | weren't | (?: was | were | has\ been | have\ been )\ not )
                  \ (?: attached | included | uploaded | shared | provided ) )
              (?: \ (?: to | in | with )\ (?: your | the | this )\ (?: message | request | prompt
                  | conversation ) | [.,;!] | \Z )
          | (?: please | could\ you (?:\ please)? | can\ you (?:\ please)? )\ (?: provide | share | paste
              | upload | attach | send )
              \ (?: me\ )? (?:the|your|a)\ (?:\w+\ ){{0,3}}
              (?: files? | attachments? | images? | documents? | code | contents? | text | diff | material )
              (?: [^.!?\n]{{0,80}} \b (?: so\ (?:that\ )?i | and\ i(?:'ll|\ will) | for\ me\ to
                  | i\ need\ to ) | \ you )\b )""",
    re.IGNORECASE | re.VERBOSE,
)
_OPENING = 400


def not_refused(task: Task, answer: ModelAnswer, text: str) -> str | None:
    """A refusal opens the answer and is most of it; a long answer that begins with regret is still an answer."""
    return _opens_with(_REFUSAL, task, text, "refused")


def saw_the_input(task: Task, answer: ModelAnswer, text: str) -> str | None:
    """Models that did not get the material say so at once. Not finding something *in* it is an honest answer."""
    return _opens_with(_MISSING_INPUT, task, text, "says that it cannot see the input")


def _opens_with(pattern: re.Pattern[str], task: Task, text: str, what: str) -> str | None:
    opening = text.strip().replace("\u2019", "'")
    if not _is_prose(task) or len(opening) > 2 * _OPENING:
        return None
    found = pattern.search(opening[:_OPENING])
    return f"{what}: {shown(found.group(0))}" if found else None


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
        with warnings.catch_warnings(action="ignore"):  # what Python merely warns of is no reason to turn it down
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


def claims_stand(task: Task, answer: ModelAnswer, text: str) -> str | None:
    """A summary's claims are in its sources, or most of them are."""
    match task.agent:
        case "summarize_one" | "summarize_map":
            may_be_empty = task.agent == "summarize_map" or has_focus(task.instruction)
            return claims_problem(task.sources, text, may_be_empty=may_be_empty)
        case "summarize_reduce":
            return merge_problem(task.sources, text)
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
)
