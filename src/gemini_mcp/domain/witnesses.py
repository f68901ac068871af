"""Sources as witnesses: which one a model means by a name, what stands in it, and where."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Final

from gemini_mcp.domain.chunking import page_ranges, repeated_head
from gemini_mcp.domain.material import Source
from gemini_mcp.domain.prompting import label
from gemini_mcp.domain.quotable import Quotable, Span, plain

_SPARSE: Final = 16
"""Letters on a page below which it is a picture: a scanned page may still have its number as text."""

_LONGEST_NAME: Final = 2_000
_PAGE = re.compile(
    r",?\s*\(?(?<![.\w])(?:pdf )?(?:pp?|pages?)[.:]? ?(?P<page>\d{1,6})(?:\s?-\s?\d+)?\)?$", re.IGNORECASE
)
_LINES = re.compile(r"(?::\d+(?:-\d+)?|#L\d+(?:-L?\d+)?|,? \(?(?:lines?|characters) [\d-]+\)?)$", re.IGNORECASE)
_PART = re.compile(r" \([^()]*\)$")
_FENCE = re.compile(r"^(?:<*SOURCE )?[0-9a-f]{12} ")


@dataclass(frozen=True, slots=True)
class Place:
    """A line of a text, or pages of a document ("3", "41-80"). ``checked``: the quote was found there."""

    path: str
    line: int = 0
    pages: str = ""
    checked: bool = True

    def cited(self) -> str:
        """``[path:line]``, ``[file.pdf p. 3]``, ``[scan.pdf p. 3, unchecked]``, ``[https://host/page line 12]``."""
        where = self.path
        if self.pages:
            where += f" {'p.' if self.pages.isdigit() else 'pp.'} {self.pages}"
        elif self.line:
            where += f" line {self.line}" if "://" in self.path else f":{self.line}"
        return f"[{where}]" if self.checked else f"[{where}, unchecked]"


class Witness:
    """One source. Its text is made ready when it is first called upon."""

    def __init__(self, source: Source) -> None:
        self.source = source

    @cached_property
    def quotable(self) -> Quotable:
        if self.source.pages:
            return Quotable("\n".join(self._pages))
        return Quotable.of(self.source.text)

    def find(self, quote: str, page: int) -> list[Span]:
        """Where the quote stands, on the page that was named first."""
        spans = self.quotable.find(quote)
        if not page or not self.source.pages:
            return spans
        return sorted(spans, key=lambda span: self.source.pages[self._page_at(span)].number != page)

    def place(self, span: Span) -> Place:
        if self.source.pages:
            return Place(self.source.path, pages=str(self.source.pages[self._page_at(span)].number))
        line = self.source.first_line + self.quotable.line(span.start)
        repeated, stands_at = repeated_head(self.source) or (0, 0)
        above = self.source.first_line + repeated - line
        return Place(self.source.path, line=line if above <= 0 else stands_at + repeated - above)

    def unchecked(self, page: int) -> Place | None:
        """A place for a claim about a picture, in which no quote can be found; None where there is text to find it in.

        ``page`` is 0 when none was named. A model that is given pages 41 to 80 may well call the first of them 1.
        """
        if not self.source.pages:
            sees = self.source.media is not None and self.quotable.is_sparse(_SPARSE)
            return Place(self.source.path, checked=False) if sees else None
        pages = self.source.pages
        named = next((each for each in pages if each.number == page), None)
        if named is None and 0 < page <= len(pages):
            named = pages[page - 1]
        if named is None and self.quotable.is_sparse(_SPARSE):
            return Place(self.source.path, pages=page_ranges(pages), checked=False)
        pictured = named is not None and Quotable.of(named.text).is_sparse(_SPARSE)
        return Place(self.source.path, pages=str(named.number), checked=False) if named and pictured else None

    @cached_property
    def _pages(self) -> list[str]:
        return [plain(page.text) for page in self.source.pages]

    @cached_property
    def _page_starts(self) -> list[int]:
        return list(accumulate((len(page) + 1 for page in self._pages), initial=0))

    def _page_at(self, span: Span) -> int:
        return min(bisect_right(self._page_starts, span.start) - 1, len(self.source.pages) - 1)


class Witnesses:
    """The sources of one call, by the names that a model may give them."""

    def __init__(self, sources: Sequence[Source]) -> None:
        self._by_path: dict[str, list[Witness]] = {}
        for source in sources:
            self._by_path.setdefault(source.path, []).append(Witness(source))
        self._paths = {label(source): source.path for source in sources}
        self._found: dict[str, tuple[list[Witness], int]] = {}

    def named(self, name: str) -> tuple[list[Witness], int]:
        """The source that is meant, in all its pieces that were sent, and the page that goes with the name (or 0)."""
        if name not in self._found:
            self._found[name] = self._look_up(name) if len(name) <= _LONGEST_NAME else ([], 0)
        return self._found[name]

    def _look_up(self, name: str) -> tuple[list[Witness], int]:
        bare, page = _FENCE.sub("", name.strip(" \t\r\n`'\"<>")), 0
        while True:
            if found := self._meant(bare):
                return found, page
            if numbered := _PAGE.search(bare):
                page, shorter = int(numbered["page"]), bare[: numbered.start()]
            else:
                shorter = _PART.sub("", _LINES.sub("", bare))
                shorter = shorter[1:-1] if shorter == bare and bare.startswith("[") and bare.endswith("]") else shorter
            if shorter == bare:
                return [], 0
            bare = shorter.rstrip(" ,")

    def _meant(self, name: str) -> list[Witness]:
        """By its label, its path, or the end of its path where that leaves no doubt."""
        if found := self._by_path.get(self._paths.get(name, name)):
            return found
        path = name.replace("\\", "/").removeprefix("./").rstrip("/")
        ends = [known for known in self._by_path if _same_end(known.removeprefix("./").rstrip("/"), path)]
        return self._by_path[ends[0]] if len(ends) == 1 and path else []


def _same_end(known: str, path: str) -> bool:
    return known == path or known.endswith(f"/{path}") or path.endswith(f"/{known}")
