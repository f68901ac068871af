"""Secrets in a column whose head says what it holds: CSV and its kin, tables in Markdown."""

import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from gemini_mcp.sources.secret_assignments import Value, credible, family_of
from gemini_mcp.sources.secret_effort import Effort
from gemini_mcp.sources.secret_text import Span

_DELIMITERS = "|\t;,"
_LONGEST_LINE = 4_000
_MOST_CELLS = 200
_HEAD_CELL = re.compile(r"[+>\s]{0,4}[\"'*_`\s]{0,6}[^\W\d][\w ./#?-]{0,48}(?: ?\([\w .,/-]{1,30}\))?[\"'*_`:\s]{0,40}")
_RULE = re.compile(r"[+>\s]{0,4}[|:\s-]*-{2,}[|:\s-]*")
_CODE = re.compile(r"[\w.]{0,100}[(\[{]|[\w.]{1,200}[)\]}:]{1,3}\Z")
_NAME_MARKS = " \t\"'*_`:+>"
_CELL_MARKS = " \t\r\"'`*"
_QUOTED = {
    delimiter: re.compile(rf"\s?\"(?:[^\"]|\"\")*\"\s?(?={re.escape(delimiter)}|\Z)|[^{re.escape(delimiter)}]*")
    for delimiter in _DELIMITERS
}


def tables(text: str, names: list[tuple[int, int]], effort: Effort) -> Iterator[Span]:
    """Cells below a head that names a secret, that look like one. ``names`` as ``marks`` finds them."""
    done = -1
    places = [at for at, _ in names]
    for at in places:
        if at <= done:
            continue
        effort.tick()
        start, done = _line(text, at)
        if head := _head(text, start, done):
            for span, end in _cells_below(text, places, done, head, effort):
                done = end
                if span is not None:
                    yield span


@dataclass(frozen=True, slots=True)
class _Head:
    """``names``: of the columns that hold secrets, by their place."""

    delimiter: str
    width: int
    names: dict[int, str]


def _line(text: str, at: int) -> tuple[int, int]:
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    return start, end if end >= 0 else len(text)


def _head(text: str, start: int, end: int) -> _Head | None:
    if end - start > _LONGEST_LINE:
        return None
    line = text[start:end].strip("\r")
    delimiter = max(_DELIMITERS, key=line.count)
    cells = line.split(delimiter)
    if not 2 <= len(cells) <= _MOST_CELLS or not all(_HEAD_CELL.fullmatch(cell) for cell in cells if cell.strip()):
        return None
    names = {place: cell.strip(_NAME_MARKS) for place, cell in enumerate(cells)}
    names = {place: name for place, name in names.items() if family_of(name)}
    return _Head(delimiter, len(cells), names) if names else None


def _cells_below(
    text: str, places: list[int], at: int, head: _Head, effort: Effort
) -> Iterator[tuple[Span | None, int]]:
    """What is found in each row, and where the row ends, up to the first line that is none. A row may be a head too."""
    names = dict(head.names)
    while at < len(text):
        effort.tick()
        start, end = _line(text, at + 1)
        cells = list(_cells(text, start, end, head.delimiter)) if end - start <= _LONGEST_LINE else []
        if len(cells) != head.width:
            return
        at = end
        if bisect_left(places, start) < bisect_left(places, end):
            another = _head(text, start, end)
            names |= another.names if another and another.delimiter == head.delimiter else {}
        if not _RULE.fullmatch(text, start, end):
            for place, name in names.items():
                yield _secret(text, name, *cells[place]), end
        yield None, end


def _cells(text: str, start: int, end: int, delimiter: str) -> Iterator[tuple[int, int]]:
    """Where each begins and ends. A delimiter in quotes parts nothing."""
    pattern = _QUOTED[delimiter]
    while True:
        cell = pattern.match(text, start, end)
        assert cell is not None
        yield cell.span()
        if cell.end() >= end:
            return
        start = cell.end() + 1


def _secret(text: str, name: str, start: int, end: int) -> Span | None:
    while start < end and text[start] in _CELL_MARKS:
        start += 1
    while end > start and text[end - 1] in _CELL_MARKS:
        end -= 1
    family = family_of(name)
    if (
        family
        and not _CODE.match(text, start, end)
        and credible(text, name, family, Value(start, end, text[start:end], True, False))
    ):
        return Span(start, end, family)
    return None
