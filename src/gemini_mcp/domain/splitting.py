"""A review cut into units that fit a model's attention: along files, then functions, then lines.

Every line under review is under review in exactly one unit. Around it each unit has as context what it needs: the
function that a change is in, what the file imports, the signatures of what else is in it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from gemini_mcp.domain.excerpts import LEFT_OUT_TOKENS, Excerpt, Row, changed_file, whole_file
from gemini_mcp.domain.outline import Block, Outline, outline
from gemini_mcp.domain.patches import FilePatch

AROUND = 8
"""Lines of context on either side of a changed line."""
_FILE_TOKENS = 24
"""What a file's name and the marks around it cost."""
_FOR_CONTEXT = 5
"""One part in so many of a unit's budget is for imports and signatures."""
_LONGEST_FUNCTION = 4
"""A function that takes more than one part in so many of the budget is not shown whole around a change."""
_DEEPEST = 6


@dataclass(frozen=True, slots=True)
class ReviewUnit:
    """What one call reviews. ``tokens``: about how many its excerpts take."""

    label: str
    excerpts: tuple[Excerpt, ...]
    tokens: int


def split_files(files: Mapping[str, str], budget: int) -> tuple[ReviewUnit, ...]:
    """Whole files, all of whose lines are under review. ``budget``: tokens a unit, which only a line that is longer by
    itself exceeds."""
    sheets = (_Sheet(path, whole_file(text), outline(path, text), budget) for path, text in files.items())
    return tuple(_units(sheets, budget))


def split_change(patches: Iterable[FilePatch], files: Mapping[str, str], budget: int) -> tuple[ReviewUnit, ...]:
    """A change. ``files``: the new sides that are at hand; of other files the hunks must do."""
    sheets = (_changed_sheet(patch, files.get(patch.path), budget) for patch in patches)
    return tuple(_units(sheets, budget))


def _changed_sheet(patch: FilePatch, text: str | None, budget: int) -> "_Sheet":
    known = outline(patch.path, text) if text is not None else None
    return _Sheet(patch.path, changed_file(patch, text), known, budget)


# ------------------------------------------------------------------------------------------------------------- units


@dataclass(frozen=True, slots=True)
class _Piece:
    """Rows of one file, by index, that are under review together, and what showing them takes."""

    sheet: "_Sheet"
    focus: tuple[int, ...]
    tokens: int


def _units(sheets: Iterable["_Sheet"], budget: int) -> Iterator[ReviewUnit]:
    room = budget - budget // _FOR_CONTEXT
    unit: list[_Piece] = []
    for sheet in sheets:
        pieces = sheet.pieces(room)
        if unit and _tokens(unit) + _tokens(pieces) > room >= _tokens(pieces):
            yield _unit(unit, budget)  # the file fits a unit of its own: it is not torn for the sake of this one
            unit = []
        for piece in pieces:
            if unit and _tokens(unit) + piece.tokens > room:
                yield _unit(unit, budget)
                unit = []
            unit.append(piece)
    if unit:
        yield _unit(unit, budget)


def _tokens(pieces: Iterable[_Piece]) -> int:
    return sum(piece.tokens for piece in pieces)


def _unit(pieces: Sequence[_Piece], budget: int) -> ReviewUnit:
    by_sheet = [(sheet, list(group)) for sheet, group in groupby(pieces, key=lambda piece: piece.sheet)]
    share = (budget - _tokens(pieces)) // len(by_sheet)
    excerpts = tuple(
        sheet.excerpt({index for piece in group for index in piece.focus}, share) for sheet, group in by_sheet
    )
    tokens = sum(excerpt.tokens + _FILE_TOKENS for excerpt in excerpts)
    return ReviewUnit(_label(excerpts), excerpts, tokens)


def _label(excerpts: Sequence[Excerpt]) -> str:
    first = excerpts[0]
    if len(excerpts) > 1:
        return f"{first.path} and {len(excerpts) - 1} more"
    return first.path if first.whole else f"{first.path} lines {min(first.focus)}-{max(first.focus)}"


# ------------------------------------------------------------------------------------------------------------ sheets


class _Sheet:
    """A file's rows, and which of them belong together."""

    def __init__(self, path: str, rows: tuple[Row, ...], known: Outline | None, budget: int) -> None:
        self.path = path
        self._rows = rows
        self._outline = known or Outline((), ())
        self._costs = [row.tokens for row in rows]
        self._around: list[tuple[Block, ...] | None] = [None] * len(rows)
        self._index = {row.number: index for index, row in enumerate(rows) if row.sign != "-"}
        self._longest_function = budget // _LONGEST_FUNCTION

    def pieces(self, room: int) -> list[_Piece]:
        """All that is under review, in pieces of at most ``room`` tokens."""
        focus = [index for index, row in enumerate(self._rows) if row.under_review]
        return list(self._fitting(focus, room, 0)) if focus else []

    def excerpt(self, focus: set[int], share: int) -> Excerpt:
        """The rows in ``focus``, with as much context as ``share`` tokens allow beyond what they need. What another
        unit reviews is context here."""
        shown = self._shown(focus)
        for index in self._worth_knowing(focus):
            cost = self._costs[index] + LEFT_OUT_TOKENS
            if index not in shown and cost <= share:
                share -= cost
                shown.add(index)
        rows = tuple(row for index in sorted(shown) if (row := self._as_shown(index, focus)) is not None)
        return Excerpt(self.path, rows, whole=focus == set(range(len(self._rows))))

    def _as_shown(self, index: int, focus: set[int]) -> Row | None:
        """A row that another unit reviews is context here, as the file is after the change."""
        row = self._rows[index]
        if index in focus:
            return row
        return None if row.sign == "-" else Row(row.number, "|", row.text)

    # --- cutting

    def _fitting(self, focus: Sequence[int], room: int, level: int) -> Iterator[_Piece]:
        """Cut along the blocks of ``level``, and along those within them only where it must be."""
        taken: list[int] = []
        whole = self._piece(focus)
        if whole.tokens <= room or len(focus) == 1:
            yield whole
            return
        for group in self._groups(focus, level):
            if taken and self._piece([*taken, *group]).tokens > room:
                yield self._piece(taken)
                taken = []
            taken += group
            if self._piece(taken).tokens > room:
                yield from self._deeper(taken, room, level)
                taken = []
        if taken:
            yield self._piece(taken)

    def _deeper(self, focus: Sequence[int], room: int, level: int) -> Iterator[_Piece]:
        deeper = (below for below in range(level + 1, _DEEPEST) if len(list(self._groups(focus, below))) > 1)
        if (below := next(deeper, None)) is not None:
            yield from self._fitting(focus, room, below)
        else:
            yield from self._lines(focus, room)

    def _lines(self, focus: Sequence[int], room: int) -> Iterator[_Piece]:
        """Cut between any two lines, at a blank one if there is one in the last third."""
        start = 0
        while start < len(focus):
            end = self._most(focus, start, room)
            if end < len(focus):
                blanks = (at for at in range(end, start + (end - start) * 2 // 3, -1) if self._blank(focus[at - 1]))
                end = next(blanks, end)
            yield self._piece(focus[start:end])
            start = end

    def _most(self, focus: Sequence[int], start: int, room: int) -> int:
        """The end of the longest run of lines from ``start`` that fits; one line at least. Found by halving."""
        low, high = start + 1, len(focus)
        while low < high:
            middle = (low + high + 1) // 2
            if self._piece(focus[start:middle]).tokens <= room:
                low = middle
            else:
                high = middle - 1
        return low

    def _blank(self, index: int) -> bool:
        return not self._rows[index].text.strip()

    def _groups(self, focus: Sequence[int], level: int) -> Iterator[list[int]]:
        """Neighbours within one block of a level, or between the same two blocks."""
        grouped = groupby(focus, key=lambda index: self._blocks(index)[: level + 1])
        return (list(group) for _, group in grouped)

    def _piece(self, focus: Sequence[int]) -> _Piece:
        shown = sorted(self._shown(set(focus)))
        gaps = 1 + sum(after > before + 1 for before, after in pairwise(shown))
        tokens = sum(self._costs[index] for index in shown) + gaps * LEFT_OUT_TOKENS + _FILE_TOKENS
        return _Piece(self, tuple(focus), tokens)

    # --- context

    def _shown(self, focus: set[int]) -> set[int]:
        """With the lines around a change, and the function it is in unless that is long. A whole file needs nothing."""
        shown = set(focus)
        for index in focus:
            if self._rows[index].sign != ":":
                shown |= self._near(index)
        for block in {
            self._blocks(index)[-1] for index in focus if self._rows[index].sign != ":" and self._blocks(index)
        }:
            within = self._indexes(range(block.first, block.last + 1))
            if sum(self._costs[index] for index in within) <= self._longest_function:
                shown |= within
        return shown

    def _near(self, index: int) -> set[int]:
        """Rows around one, as far as no line is missing between."""
        near = {index}
        for step in (-1, 1):
            at = index
            for _ in range(AROUND):
                if not self._adjoin(at, at + step):
                    break
                at += step
                near.add(at)
        return near

    def _adjoin(self, index: int, other: int) -> bool:
        return 0 <= other < len(self._rows) and abs(self._rows[index].number - self._rows[other].number) <= 1

    def _worth_knowing(self, focus: set[int]) -> Iterator[int]:
        """Signatures around the focus, imports, then the other signatures."""
        for block in _distinct(self._blocks(index) for index in sorted(focus)):
            yield from sorted(self._indexes(range(block.first, block.head + 1)))
        yield from sorted(self._indexes(self._outline.imports))
        for block in _all(self._outline.blocks):
            yield from sorted(self._indexes(range(block.first, block.head + 1)))

    def _blocks(self, index: int) -> tuple[Block, ...]:
        if self._around[index] is None:
            row = self._rows[index]
            # What was removed at the end of a function stands before a line that is no longer in it.
            above = self._outline.around(row.number - 1) if row.sign == "-" else ()
            self._around[index] = self._outline.around(row.number) or above
        return self._around[index] or ()

    def _indexes(self, numbers: Iterable[int]) -> set[int]:
        return {self._index[number] for number in numbers if number in self._index}


def _distinct(blocks: Iterable[tuple[Block, ...]]) -> Iterable[Block]:
    """Each block once; it is told by where it is, since to compare two compares all that is within them."""
    return {(block.first, block.last): block for path in blocks for block in path}.values()


def _all(blocks: Iterable[Block]) -> Iterator[Block]:
    for block in blocks:
        yield block
        yield from _all(block.children)
