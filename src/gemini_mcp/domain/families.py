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
    form = next((name for name, applies in _FORMS if applies(task, input_tokens)), None)
    kind = closed_kind(task) if form is None else None
    return form or kind or next((name for name, words in _WORDS if words.search(task.instruction[:_MOST_READ])), "text")


_FORMS: Final[tuple[tuple[str, Callable[[Task, int], bool]], ...]] = (
    ("schema", lambda task, tokens: task.output_schema is not None),
    ("json", lambda task, tokens: task.expect == "json"),
    ("python", lambda task, tokens: task.expect == "python"),
    ("diff", lambda task, tokens: task.expect == "diff"),
    ("search", lambda task, tokens: task.web_search),
    ("long_text", lambda task, tokens: tokens > LONG_INPUT_TOKENS),
)
_WORDS: Final = tuple(
    (name, re.compile(words, re.IGNORECASE))
    for name, words in (
        ("translation", r"\btranslat(?:e|ion)\b"),
        ("summary", r"\b(?:summar(?:y|ise|ize)|tl;?dr|condense|key points)\b"),
        ("code", r"\b(?:write|implement|fix|refactor)\b[^.\n]{0,60}\b(?:function|class|script|code|regex|sql|test)"),
        ("extraction", r"\b(?:extract|list (?:all|every)|find (?:all|every)|pull out)\b"),
        ("classification", r"\b(?:classif(?:y|ication)|categori[sz]e|label|sentiment)\b"),
        ("rewriting", r"\b(?:rewrite|rephrase|proofread|reword|shorten|improve the (?:text|wording))\b"),
        ("explanation", r"\b(?:explain|why (?:does|do|is|are)|how (?:does|do))\b"),
    )
)
