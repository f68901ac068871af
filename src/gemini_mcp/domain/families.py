"""The family of a task: tasks whose outcomes say something about one another. A small table, read from the top."""

import re
from collections.abc import Callable
from typing import Final

from gemini_mcp.domain.closed import closed_kind
from gemini_mcp.domain.task import Task

LONG_INPUT_TOKENS = 50_000
_MOST_READ = 2_000


def family_of(task: Task, input_tokens: int) -> str:
    """The tool's own family; else the form that was asked for; else what the first words ask to be done."""
    if task.family:
        return task.family
    return next(name for name, applies in _RULES if applies(task, input_tokens))


def _asks(words: str) -> Callable[[Task, int], bool]:
    pattern = re.compile(words, re.IGNORECASE)
    return lambda task, tokens: pattern.search(task.instruction[:_MOST_READ]) is not None


def _closed(kind: str) -> Callable[[Task, int], bool]:
    return lambda task, tokens: closed_kind(task) == kind


_RULES: Final[tuple[tuple[str, Callable[[Task, int], bool]], ...]] = (
    ("schema", lambda task, tokens: task.output_schema is not None),
    ("json", lambda task, tokens: task.expect == "json"),
    ("python", lambda task, tokens: task.expect == "python"),
    ("diff", lambda task, tokens: task.expect == "diff"),
    ("search", lambda task, tokens: task.web_search),
    ("long_text", lambda task, tokens: tokens > LONG_INPUT_TOKENS),
    ("choice", _closed("choice")),
    ("yes_no", _closed("yes_no")),
    ("number", _closed("number")),
    ("short", _closed("short")),
    ("translation", _asks(r"\btranslat(?:e|ion)\b")),
    ("summary", _asks(r"\b(?:summar(?:y|ise|ize)|tl;?dr|condense|key points)\b")),
    ("code", _asks(r"\b(?:write|implement|fix|refactor)\b[^.\n]{0,60}\b(?:function|class|script|code|regex|sql|test)")),
    ("extraction", _asks(r"\b(?:extract|list (?:all|every)|find (?:all|every)|pull out)\b")),
    ("classification", _asks(r"\b(?:classif(?:y|ication)|categori[sz]e|label|sentiment)\b")),
    ("rewriting", _asks(r"\b(?:rewrite|rephrase|proofread|reword|shorten|improve the (?:text|wording))\b")),
    ("explanation", _asks(r"\b(?:explain|why (?:does|do|is|are)|how (?:does|do))\b")),
    ("text", lambda task, tokens: True),
)  # fmt: skip
