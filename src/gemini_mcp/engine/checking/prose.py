"""What of an answer is prose: its lines without code and quoted passages, and its fenced blocks by themselves."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from gemini_mcp.domain.forms import Block
from gemini_mcp.domain.task import Task

CODE = "\ufffc"
"""Stands where inline code stood, so that what is around it does not run together."""

_FENCE = re.compile(r"^ {0,12}(?P<fence>`{3,}|~{3,})(?P<name>[^`]*)$")
_INLINE = re.compile(r"(?<!`)(`{1,3})(?!`)[^`\n]{1,400}\1(?!`)")
_INDENTED = re.compile(r"^(?: {4}|\t)\s*(?![-*+•]\s|\d{1,3}[.)]\s)")
_QUOTED = re.compile(r'"[^"\n]{1,600}"|“[^“”\n]{1,600}”|„[^„“”\n]{1,600}[“”]|«[^«»\n]{1,600}»|「[^「」\n]{1,600}」')


@dataclass(frozen=True, slots=True)
class Prose:
    """``lines``: what is left without fenced and indented code, inline code and quoted lines; a line that fell out is
    blank. ``blocks``: the closed fenced blocks. ``is_whole``: nothing was in a fence that is still open."""

    lines: tuple[str, ...]
    blocks: tuple[Block, ...]
    is_whole: bool


def is_prose(task: Task) -> bool:
    """Code and data may well hold such words and numbers; where their form is right, there is nothing to say."""
    return not task.wants_json and task.expect in ("text", "markdown")


@lru_cache(maxsize=4)
def read(text: str) -> Prose:
    """One pass over the answer; several checks read the same one."""
    lines: list[str] = []
    blocks: list[Block] = []
    fence, name, inside = "", "", list[str]()
    for line in text.replace("\r\n", "\n").split("\n"):
        mark = _FENCE.match(line)
        if fence:
            if _closes(line, fence):
                blocks.append(Block(name, "\n".join(inside)))
                fence = ""
            else:
                inside.append(line)
            lines.append("")
        elif mark:
            fence, name, inside = mark["fence"], mark["name"].strip().lower(), []
            lines.append("")
        else:
            lines.append(_bare(line))
    return Prose(tuple(lines), tuple(blocks), not fence)


def without_quotes(lines: Iterable[str]) -> Iterator[str]:
    """The lines without what stands in quotation marks."""
    return (_QUOTED.sub(" ", line) for line in lines)


def material(task: Task) -> Iterator[str]:
    """Every text that the model was given: what stands there may be repeated, right or wrong."""
    yield task.instruction
    yield task.context
    if task.rejected is not None:
        yield task.rejected.answer
        yield task.rejected.feedback
    for source in task.sources:
        yield source.text
        yield from (page.text for page in source.pages)


def sees_pictures(task: Task) -> bool:
    """Whether the model sees what cannot be looked up here."""
    return any(source.media is not None and not any(page.text for page in source.pages) for source in task.sources)


def _closes(line: str, fence: str) -> bool:
    mark = line.strip()
    return len(mark) >= len(fence) and mark == mark[:1] * len(mark) and mark.startswith(fence[0])


def _bare(line: str) -> str:
    if line.lstrip().startswith(">") or _INDENTED.match(line):
        return ""
    return _INLINE.sub(CODE, line) if "`" in line else line
