"""Cutting material into pieces that a model reads well, and packing small files together.

Nothing is lost and nothing doubled: a source's pieces, put together, are its text, but for the head of a table that
is repeated above the rows it is for. The work is linear in the text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, groupby, pairwise
from typing import Final

from gemini_mcp.domain.imaging import PDF_PAGE_TOKENS
from gemini_mcp.domain.material import Page, Source
from gemini_mcp.domain.structure import Structure, structure_of
from gemini_mcp.domain.tokens import estimate_tokens

PAGE_TOKENS: Final = PDF_PAGE_TOKENS
"""What Gemini counts for a page of a PDF."""

MOST_PAGES: Final = 40
"""Pages in a chunk. A page is billed alike whatever is on it, which is 500 to 1,800 tokens of text: the bill is no
measure of how much there is to read, and forty are about what a chunk of 28,000 tokens holds."""

_FRAME_TOKENS: Final = 40
_WINDOW: Final = 1_024
_SAMPLE: Final = 256
_EXACT: Final = 200_000
"""Characters up to which a text's tokens are counted whole, and beyond which a sample of each window is."""

_PART = re.compile(r"\b(?:lines?|pages?) \d.*")
_HEAD = re.compile(r"\blines? (?P<first>\d+)\b.* under the table head of line (?P<head>\d+)$")


@dataclass(frozen=True, slots=True)
class Chunk:
    """What one call reads. ``label`` says so in a few words, ``tokens`` is about what it counts for."""

    sources: tuple[Source, ...]
    label: str
    tokens: int

    @property
    def parts(self) -> tuple[str, ...]:
        """Everything in it by name, for people: ``a.md``, ``big.log lines 101-340``."""
        return tuple(named(source) for source in self.sources)


def named(source: Source) -> str:
    """A source's path, and which part of it this is when it is one."""
    part = _PART.search(source.sent_as)
    return f"{source.path} {part[0].partition(' under ')[0]}" if part else source.path


def chunks(sources: Sequence[Source], budget_tokens: int) -> list[Chunk]:
    """The pieces to read one by one, in the order of the paths, each of about ``budget_tokens`` at most.

    Small files of a folder go together. What cannot be cut, an image say, may be over the budget. Of a PDF the piece
    holds its ``pages``; its ``media`` is still the whole file, from which the caller takes those pages. Blank texts
    are in no chunk.
    """
    pieces = (piece for source in sorted(sources, key=_order) for piece in _pieces(source, budget_tokens))
    return [_chunk(packed) for packed in _packed(pieces, budget_tokens)]


def one_chunk(sources: Sequence[Source]) -> Chunk:
    """All of it in one, however large; blank texts aside."""
    present = (source for source in sorted(sources, key=_order) if not is_blank(source))
    return _chunk([_Piece(source, source_tokens(source)) for source in present])


def is_blank(source: Source) -> bool:
    """Whether there is nothing in it to read."""
    return source.media is None and (not source.text or source.text.isspace())


def source_tokens(source: Source) -> int:
    """About what a source counts for in a prompt, its fence included."""
    if source.media is None:
        return _FRAME_TOKENS + estimate_tokens(source.text)
    return _FRAME_TOKENS + (len(source.pages) * PAGE_TOKENS or source.media.tokens)


def repeated_head(source: Source) -> tuple[int, int] | None:
    """For a piece that begins with a repeated table head: how many lines that is, and where the head stands."""
    part = _HEAD.search(source.sent_as)
    return (int(part["first"]) - source.first_line, int(part["head"])) if part else None


@dataclass(frozen=True, slots=True)
class _Piece:
    """``weight``: what it takes of a chunk's room, which for pages is more than they are billed for."""

    source: Source
    tokens: int
    weight: int = 0


def _order(source: Source) -> tuple[list[str], str]:
    """Files of one folder stand together, before those of the folders in it."""
    *folders, name = source.path.split("/")
    return folders, name


def _folder(piece: _Piece) -> str:
    return piece.source.path.rpartition("/")[0]


def _packed(pieces: Iterable[_Piece], budget: int) -> Iterator[list[_Piece]]:
    """Fill chunks in order. A folder that would not fit whole begins a new one, if this one is half full."""
    filling: list[_Piece] = []
    size = 0
    for _, group in groupby(pieces, key=_folder):
        folder = list(group)
        whole = sum(piece.weight for piece in folder)
        for first, piece in enumerate(folder):
            parting = first == 0 and 2 * size >= budget and size + whole > budget
            if filling and (parting or size + piece.weight > budget):
                yield filling
                filling, size = [], 0
            filling.append(piece)
            size += piece.weight
    if filling:
        yield filling


def _chunk(pieces: list[_Piece]) -> Chunk:
    names = [named(piece.source) for piece in pieces]
    label = ", ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]} and {len(names) - 2} more"
    return Chunk(tuple(piece.source for piece in pieces), label, sum(piece.tokens for piece in pieces))


def _pieces(source: Source, budget: int) -> Iterator[_Piece]:
    if is_blank(source):
        return
    if source.media is not None and source.pages:
        yield from _page_runs(source, budget)
    elif source.media is not None:
        tokens = source_tokens(source)
        yield _Piece(source, tokens, tokens)
    else:
        yield from _text_pieces(source, budget)


def _page_runs(source: Source, budget: int) -> Iterator[_Piece]:
    """Runs of pages, as even as can be."""
    fitting = max(1, min(MOST_PAGES, (budget - _FRAME_TOKENS) // PAGE_TOKENS))
    runs = -(-len(source.pages) // fitting)
    edges = [at * len(source.pages) // runs for at in range(runs + 1)]
    for start, end in pairwise(edges):
        pages = source.pages[start:end]
        part = source if runs == 1 else replace(source, pages=pages, sent_as=f"pdf pages {page_ranges(pages)}")
        tokens = _FRAME_TOKENS + len(pages) * PAGE_TOKENS
        yield _Piece(part, tokens, max(tokens, len(pages) * budget // MOST_PAGES))


def page_ranges(pages: Sequence[Page]) -> str:
    """``3-7, 9``: the pages' numbers in words short enough for a label."""
    runs: list[list[int]] = []
    for page in pages:
        if runs and page.number == runs[-1][-1] + 1:
            runs[-1].append(page.number)
        else:
            runs.append([page.number])
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)


def _text_pieces(source: Source, budget: int) -> Iterator[_Piece]:
    gauge = _Gauge(source.text)
    if gauge.total + _FRAME_TOKENS <= budget:
        tokens = gauge.total + _FRAME_TOKENS
        yield _Piece(source, tokens, tokens)
        return
    structure = structure_of(source.path, source.text)
    place = _Place(source.first_line)
    while place.offset < len(source.text):
        table = structure.head(place.offset)
        head = source.text[table.start : table.body] if table else ""
        taken = _FRAME_TOKENS + estimate_tokens(head)
        end = _end(structure, gauge, source.text, place.offset, max(budget - taken, budget // 2, 1))
        tokens = taken + gauge.between(place.offset, end)
        piece = _cut_out(source, place, end)
        yield _Piece(_headed(piece, head, source.first_line + table.line) if table else piece, tokens, tokens)
        place = place.after(source.text, end)


def _end(structure: Structure, gauge: "_Gauge", text: str, start: int, room: int) -> int:
    """Where a piece ends that begins at ``start``: what is left is shared out evenly, then cut where it is best."""
    left = gauge.between(start, len(text))
    if left <= room:
        return len(text)
    share = left / -(-left // room)
    low, high = gauge.reach(start, share * 0.6), gauge.reach(start, min(room, share * 1.15))
    return structure.cut(text, min(low, high - 1), high)


@dataclass(frozen=True, slots=True)
class _Place:
    """A place in a text: its ``line``, numbered as the source numbers them, and where that line begins."""

    line: int
    offset: int = 0
    line_start: int = 0

    def after(self, text: str, end: int) -> "_Place":
        line_start = text.rfind("\n", self.offset, end) + 1 or self.line_start
        return _Place(self.line + text.count("\n", self.offset, end), end, line_start)


def _cut_out(source: Source, place: _Place, end: int) -> Source:
    text = source.text[place.offset : end]
    return replace(source, text=text, first_line=place.line, sent_as=_words(source, place, end))


def _headed(piece: Source, head: str, line: int) -> Source:
    """With the head of its table above it. The lines below keep their numbers."""
    words = f"{piece.sent_as} under the table head of line {line}"
    return replace(piece, text=head + piece.text, first_line=piece.first_line - head.count("\n"), sent_as=words)


def _words(source: Source, place: _Place, end: int) -> str:
    after = place.after(source.text, end)
    last = after.line - (1 if end == after.line_start else 0)
    kept = "" if source.sent_as == "text" or _PART.match(source.sent_as) else f"{source.sent_as}, "
    if last > place.line:
        return f"{kept}lines {place.line}-{last}"
    whole = place.offset == place.line_start and (end == len(source.text) or end == after.line_start)
    characters = f", characters {place.offset - place.line_start + 1}-{end - place.line_start}"
    return f"{kept}line {place.line}{'' if whole else characters}"


@dataclass(slots=True)
class _Gauge:
    """Tokens by offset: counted window by window, in a long text by a sample of each, and even within a window."""

    text: str
    _sums: list[int] = field(init=False)

    def __post_init__(self) -> None:
        size = len(self.text)
        sample = _WINDOW if size <= _EXACT else _SAMPLE
        windows = range(0, size, _WINDOW)
        self._sums = list(accumulate((self._count(start, sample) for start in windows), initial=0))

    @property
    def total(self) -> int:
        return self._sums[-1]

    def between(self, start: int, end: int) -> int:
        return round(self._at(end) - self._at(start))

    def reach(self, start: int, tokens: float) -> int:
        """The offset up to which ``tokens`` go; at least one character on."""
        wanted = self._at(start) + tokens
        window = bisect_right(self._sums, wanted) - 1
        if window >= len(self._sums) - 1:
            return len(self.text)
        share = (wanted - self._sums[window]) / (self._sums[window + 1] - self._sums[window])
        return max(start + 1, window * _WINDOW + int(share * self._width(window)))

    def _count(self, start: int, sample: int) -> int:
        width = min(_WINDOW, len(self.text) - start)
        taken = min(sample, width)
        return estimate_tokens(self.text[start : start + taken]) * width // taken

    def _at(self, offset: int) -> float:
        window = min(offset // _WINDOW, len(self._sums) - 2)
        share = (offset - window * _WINDOW) / self._width(window)
        return self._sums[window] + share * (self._sums[window + 1] - self._sums[window])

    def _width(self, window: int) -> int:
        return min(_WINDOW, len(self.text) - window * _WINDOW)
