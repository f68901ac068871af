"""Where a text is best cut: at a heading, between definitions, at a paragraph, and only then inside one.

The edges are hints: a text may be cut anywhere and nothing is lost, so that a file that lies about its form, or does
not parse, is merely cut less well. Every function is linear in the text.
"""

import ast
import re
import warnings
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_MARKDOWN: Final = frozenset({"md", "markdown", "mdx", "docx", "pptx", "xlsx", "odt", "html", "htm", "xhtml"})
_PYTHON: Final = frozenset({"py", "pyi"})
_SEPARATED: Final = frozenset({"csv", "tsv"})
_PROSE: Final = frozenset({"", "txt", "text", "log", "rst", "pdf"})

_MOST_PARSED: Final = 500_000
"""Characters of Python of which a syntax tree is built: it takes some hundred bytes for each."""

_MOST_HEADER: Final = 2_000
_MOST_LINES_BACK: Final = 400

_MARKDOWN_MARKS = re.compile(
    r"^ {0,3}(?:(?P<level>#{1,6})(?=[ \t\r\n])|(?P<fence>`{3,}|~{3,})(?P<info>[^\n]*))|\n(?P<under>=+|-{3,})[ \t\r]*$",
    re.MULTILINE,
)
_TABLE_HEAD = re.compile(r"^\|[^\n]*\n\|(?P<rule>[ \t:|-]+)\r?\n", re.MULTILINE)
_TABLE_END = re.compile(r"\n(?!\|)")
_AFTER_BLANK = re.compile(r"\n[ \t]*\r?\n(?P<indent>[ \t]*)(?=[^\s)\]}])")
_LINE = re.compile(r"\n")


@dataclass(frozen=True, slots=True)
class Table:
    """A table's head from ``start`` to ``body``, and its rows from there to ``end``. ``line``: lines above its head."""

    start: int
    body: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Structure:
    """A text's edges: offsets in order, each with a rank, of which a smaller one is a better place to cut.

    ``fences``: spans of code in Markdown, which a paragraph's end inside does not end.
    """

    offsets: list[int]
    ranks: list[int]
    fences: list[tuple[int, int]]
    tables: list[Table]

    def cut(self, text: str, low: int, high: int) -> int:
        """The best offset in (low, high] at which to end a piece; ``high`` where nothing speaks for another."""
        first, last = bisect_right(self.offsets, low), bisect_right(self.offsets, high)
        if first < last:
            best = min(range(first, last), key=lambda at: (self.ranks[at], -at))
            return self.offsets[best]
        return self._off_the_head(self._between(text, low, high), low)

    def head(self, offset: int) -> Table | None:
        """The table whose rows a piece that begins at ``offset`` would begin with, if its head is to be repeated."""
        at = bisect_right(self.tables, offset, key=lambda table: table.body) - 1
        table = self.tables[at] if at >= 0 else None
        return table if table is not None and offset < table.end else None

    def _between(self, text: str, low: int, high: int) -> int:
        for end in (self._paragraph(text, low, high), _line(text, low, high)):
            if end > low:
                return end
        for mark in (". ", " "):
            if (at := text.rfind(mark, low, high)) >= 0:
                return at + len(mark)
        return high

    def _paragraph(self, text: str, low: int, high: int) -> int:
        ends = [at + len(mark) for mark in ("\n\n", "\n\r\n") if (at := text.rfind(mark, low, high)) >= 0]
        end = max(ends, default=0)
        at = bisect_left(self.fences, end, key=lambda fence: fence[0]) - 1
        inside = at >= 0 and end < self.fences[at][1]
        return self.fences[at][0] if inside else end

    def _off_the_head(self, end: int, low: int) -> int:
        """Not between a table's head and its rows."""
        at = bisect_left(self.tables, end, key=lambda table: table.start) - 1
        split = at >= 0 and self.tables[at].start < end <= self.tables[at].body
        return self.tables[at].start if split and self.tables[at].start > low else end


def structure_of(path: str, text: str) -> Structure:
    """The edges of a text whose form its path's ending tells. A page of the web is Markdown by the time it is here."""
    name = path.rpartition("/")[2]
    form = "md" if path.startswith("https://") else name.rpartition(".")[2].lower() if "." in name else ""
    if form in _MARKDOWN:
        return _markdown(text)
    if form in _SEPARATED:
        return Structure([], [], [], _separated(text))
    if form in _PROSE:
        return Structure([], [], [], [])
    edges = (_python(text) if form in _PYTHON else None) or list(_code(text))
    return Structure([offset for offset, _ in edges], [rank for _, rank in edges], [], [])


def _line(text: str, low: int, high: int) -> int:
    """A line's end, if possible before a line that is neither indented nor closes a bracket."""
    last = at = text.rfind("\n", low, high)
    for _ in range(_MOST_LINES_BACK):
        if at < 0:
            break
        if text[at + 1 : at + 2] not in (" ", "\t", "}", ")", "]", ""):
            return at + 1
        at = text.rfind("\n", low, at)
    return last + 1


def _markdown(text: str) -> Structure:
    """Headings by their level, outside of fenced code."""
    offsets, ranks, fences = [], [], []
    fence, opened = "", 0
    for mark in _MARKDOWN_MARKS.finditer(text):
        if mark["fence"]:
            if not fence and not ("`" in mark["fence"] and "`" in mark["info"]):
                fence, opened = mark["fence"], mark.start()
            elif fence and mark["fence"].startswith(fence) and not mark["info"].strip():
                fences.append((opened, mark.end()))
                fence = ""
        elif not fence and (edge := _heading(text, mark)) is not None:
            offsets.append(edge)
            ranks.append(len(mark["level"]) if mark["level"] else 1 if "=" in mark["under"] else 2)
    if fence:
        fences.append((opened, len(text)))
    return Structure(offsets, ranks, fences, list(_tables(text)))


def _heading(text: str, mark: re.Match[str]) -> int | None:
    """Where a heading begins: an underlined one on the line above the mark, if that is a line of text."""
    if mark["level"]:
        return mark.start()
    start = text.rfind("\n", max(0, mark.start() - _MOST_HEADER), mark.start()) + 1
    title = text[start : mark.start()].strip()
    return start if title and title[0] not in "|-=>`~#" and mark.start() - start < _MOST_HEADER else None


def _tables(text: str) -> Iterator[Table]:
    end = counted = line = 0
    for head in _TABLE_HEAD.finditer(text):
        if head.start() < end or "-" not in head["rule"] or len(head[0]) > _MOST_HEADER:
            continue
        line, counted = line + text.count("\n", counted, head.start()), head.start()
        after = _TABLE_END.search(text, head.end() - 1)
        end = after.end() if after else len(text)
        yield Table(head.start(), head.end(), end, line)


def _separated(text: str) -> list[Table]:
    body = text.find("\n") + 1
    return [Table(0, body, len(text), 0)] if 0 < body <= _MOST_HEADER else []


def _code(text: str) -> Iterator[tuple[int, int]]:
    """Unindented lines behind a blank one, then indented ones by depth: so definitions stand in most languages."""
    for blank in _AFTER_BLANK.finditer(text):
        depth = len(blank["indent"].expandtabs(4))
        if depth <= 8:
            yield blank.start("indent"), 1 + (depth + 3) // 4


def _python(text: str) -> list[tuple[int, int]] | None:
    """Definitions of the module, then those in its classes, each with its decorators and the comment above it."""
    if len(text) > _MOST_PARSED:
        return None
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    starts = [0, *(line.end() for line in _LINE.finditer(text))]
    edges = {_above(text, starts, line): rank for line, rank in _definitions(tree) if line <= len(starts)}
    return sorted(edges.items())


def _definitions(tree: ast.Module) -> Iterator[tuple[int, int]]:
    for node in tree.body:
        defined = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        yield _first_line(node), 1 if defined else 3
        if isinstance(node, ast.ClassDef):
            yield from ((_first_line(inner), 2) for inner in node.body[1:])


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def _above(text: str, starts: list[int], line: int) -> int:
    """The offset of a line, or of the comment that stands directly above it."""
    while line > 1 and text[starts[line - 2] : starts[line - 1]].lstrip().startswith("#"):
        line -= 1
    return starts[line - 1]
