"""Text that shows one thing and says another: letters written as escapes, words with a bold part."""

import html
import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple
from urllib.parse import unquote

from gemini_mcp.sources.secret_text import Span

_LETTER = r"(?:2[dDeE]|3[0-9]|4[1-9a-fA-F]|5[0-9aAfF]|6[1-9a-fA-F]|7[0-9aA])"
_TAG = r"/?(?:b|i|u|s|em|strong|code|mark|span|font|wbr|tt)(?:\s[^<>]{0,80})?/?>"
_MARKS = (
    re.compile(rf"\\{{1,3}}(?:u00|x){_LETTER}"),
    re.compile(r"%(?:2[dDeE]|4[1-9a-fA-F]|5[1-9aAfF]|6[1-9a-fA-F]|7[0-9aA])(?<=[\w-]...)(?=[\w%-])"),
    re.compile(rf"&#(?:x0{{0,4}}{_LETTER}|0{{0,3}}(?:4[5-9]|5[0-7]|6[5-9]|[78][0-9]|9[05-9]|1[01][0-9]|12[0-2]));?"),
    # What says nothing: emphasis, and characters of no width.
    re.compile(
        rf"[*~`<&](?<=[A-Za-z0-9_-].)(?:(?<=\*)\**|(?<=~)~|(?<=`)`?|(?<=<){_TAG}|(?<=&)(?:shy|zwnj|zwj|\#8203|\#173);)"
        rf"(?:\*{{1,6}}|~~|`|<{_TAG}){{0,4}}(?=[A-Za-z0-9_-])"
    ),
)
"""Each begins with characters of its own, so that looking for it is quick."""

_AROUND = 400


class Part(NamedTuple):
    """A piece of what is meant, and where it stands in the text itself."""

    text: str
    start: int
    end: int


class Disguised:
    """Lines as they are meant."""

    def __init__(self, parts: list[Part]) -> None:
        self._parts = parts
        self._starts = list(accumulate((len(part.text) for part in parts), initial=0))
        self.text = "".join(part.text for part in parts)

    def span(self, span: Span) -> Span:
        """The same place in the text itself."""
        first, offset = self._part(span.start)
        last, place = self._part(span.end - 1)
        end = last.end if place == len(last.text) - 1 else last.start + place + 1
        return Span(first.start + offset, max(end, first.start + offset + 1), span.kind)

    def _part(self, at: int) -> tuple[Part, int]:
        number = bisect_right(self._starts, at) - 1
        return self._parts[number], at - self._starts[number]


def disguised(text: str) -> Iterator[Disguised]:
    """The lines in which something is written otherwise than it is meant, put together; nothing where there is none."""
    marks = sorted((mark for pattern in _MARKS for mark in pattern.finditer(text)), key=re.Match.start)
    if marks:
        yield _meant(text, marks)


def _meant(text: str, marks: list[re.Match[str]]) -> Disguised:
    """A line that is longer than what is looked at around a mark is cut off there."""
    parts: list[Part] = []
    done = 0
    for mark in marks:
        if mark.start() < done:
            continue
        start = max(done, _line_start(text, mark.start()))
        if parts and start > done:
            end = _line_end(text, done, start)
            parts += [_as_it_is(text, done, end), Part("\n", end, end + 1)]
        else:
            start = done if parts else start
        parts.append(_as_it_is(text, start, mark.start()))
        parts.append(Part(_said(mark), mark.start(), mark.end()))
        done = mark.end()
    parts.append(_as_it_is(text, done, _line_end(text, done, len(text))))
    return Disguised([part for part in parts if part.text])


def _as_it_is(text: str, start: int, end: int) -> Part:
    return Part(text[start:end], start, end)


def _said(mark: re.Match[str]) -> str:
    """What it stands for: a letter, or nothing."""
    written = mark.group()
    if written.startswith("\\"):
        return chr(int(written[-2:], 16))
    if written.startswith("%"):
        return unquote(written)
    return html.unescape(written) if written.startswith("&#") and mark.re is _MARKS[2] else ""


def _line_start(text: str, at: int) -> int:
    return max(text.rfind("\n", max(0, at - _AROUND), at) + 1, at - _AROUND, 0)


def _line_end(text: str, at: int, last: int) -> int:
    last = min(last, at + _AROUND)
    end = text.find("\n", at, last)
    return end if end >= 0 else last
