"""The form asked for: complete, and JSON, Python, a diff or claims where those were wanted."""

import json
from typing import Any

from gemini_mcp.domain.claims import claims_problem, merge_problem
from gemini_mcp.domain.messages import ModelAnswer
from gemini_mcp.domain.summary_plan import has_focus
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.checking.parsing import python_problem
from gemini_mcp.engine.diffs import diff_problem
from gemini_mcp.engine.schemas import schema_violation, shown


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
    problem = python_problem(text)
    return f"Python that does not parse: {problem}" if problem else None


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
