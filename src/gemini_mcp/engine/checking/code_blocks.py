"""Code in a fenced block of an answer in words: where its language was asked for, it must parse.

Only languages that the standard library parses are looked at. Counting brackets in the others is no substitute:
strings, comments, templates and regular expressions hold what they like, and every language has its own of them.
"""

import re
from typing import Final

from gemini_mcp.domain.messages import ModelAnswer
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.checking.parsing import PARSERS
from gemini_mcp.engine.checking.prose import is_prose, read

_TAGS: Final = {"py": "python", "python": "python", "python3": "python", "json": "json", "toml": "toml", "xml": "xml"}
_WRITING = re.compile(
    r"\b(?:write|implement|create|generate|give|provide|produce|make|rewrite|refactor|port|convert"
    r"|translate|fix|complete"
    r"|build|return|output|code|draft|need|turn|show|answer)\b",
    re.IGNORECASE,
)
_OTHERWISE = re.compile(
    r"\b(?:invalid|malformed|broken|wrong|bugs?|syntax ?errors?|errors?|mistakes?|incorrect|python ?2\S*"
    r"|pseudo\w*|snippets?"
    r"|templates?|jinja2?|jsonl|ndjson|json ?lines|json5|jsonc|comments?|comment(?:ed|s)?|fragments?|excerpts?|notebook"
    r"|ipython|jupyter|sage|repl|doctests?|incomplete|skeleton|fill[- ]in|placeholder\w*|diff|explain|cython|mojo"
    r"|starlark|micropython)\b",
    re.IGNORECASE,
)
"""What is asked for where code may well not parse."""

_ELIDED = re.compile(
    r"\.{3}|…|(?:^|\s)(?://|/\*)|^[ \t]*(?:>>>|\$ |In \[\d+\]|[%!]\w|#\s*TODO|<!--)"
    r"|\{\{|\{%|<[a-z]+[-_ ][-_a-z ]*>|<your|\bYOUR_",
    re.MULTILINE,
)
_LEAST_LINES: Final = 2


def code_parses(task: Task, answer: ModelAnswer, text: str) -> str | None:
    """The one block in a language that was asked for parses, unless it is a snippet, elided, or meant to be wrong."""
    if not is_prose(task) or "```" not in text or _OTHERWISE.search(task.instruction):
        return None
    asked = [name for name in PARSERS if _is_asked_for(name, task.instruction)]
    for language in asked:
        blocks = [block.text for block in read(text).blocks if _TAGS.get(block.name) == language]
        if len(blocks) != 1 or not _is_whole(blocks[0], language):
            continue
        if problem := PARSERS[language](blocks[0]):
            return f"the {language} block does not parse: {problem}"
    return None


def _is_asked_for(language: str, instruction: str) -> bool:
    named = re.search(rf"(?<![\w./-]){language}(?![\w/+-]|\.\w)", instruction, re.IGNORECASE)
    return named is not None and _WRITING.search(instruction) is not None


def _is_whole(code: str, language: str) -> bool:
    lines = [line for line in code.split("\n") if line.strip()]
    if len(lines) < _LEAST_LINES or lines[0][:1].isspace():
        return False
    elided = _ELIDED.search(code)
    return elided is None or (language == "json" and elided[0] in ("...", "…") and _in_strings(code))


def _in_strings(code: str) -> bool:
    """Whether every ellipsis stands in a text of its own, as in ``"Loading..."``."""
    outside = re.sub(r'"(?:[^"\\\n]|\\.){0,2000}"', '""', code)
    return "..." not in outside and "…" not in outside
