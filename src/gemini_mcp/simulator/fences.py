"""Material between ``<<<SOURCE mark label>>>`` and ``<<<END mark>>>``, and what a label says of it."""

import re
from bisect import bisect_left
from dataclasses import dataclass

# Each begins with what is rare, which lets a search run fast through a long text.
_OPENING = re.compile(r"<<<SOURCE (?<![^\n]<<<SOURCE )([0-9a-f]{12}) ([^\n]*)>>>\n")
_CLOSING = re.compile(r"<<<END (?<![^\n]<<<END )([0-9a-f]{12})>>>(?![^\n])")
_PART = re.compile(r" \(([^()]*)\)$")
_WITH_FILE_TYPE = re.compile(r"\.\w{1,8}$|://")
_SAYS_HOW = re.compile(r"\b(?:text|lines?|pages?|characters|image|part|change)\b")
_LINES = re.compile(r"\blines? (\d+)")
_PAGES = re.compile(r"\bpages? ([\d, -]+)")
_MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True)
class Label:
    """A source's name: its ``path``, and in words which ``part`` of it is shown ("" for all of it)."""

    whole: str
    path: str
    part: str

    @classmethod
    def read(cls, text: str) -> "Label":
        found = _PART.search(text)
        path = text[: found.start()] if found else text
        if found is None or not (_WITH_FILE_TYPE.search(path) or _SAYS_HOW.search(found[1])):
            return cls(text, text, "")
        return cls(text, path, found[1])

    @property
    def name(self) -> str:
        """To speak of the source by. Where the label stands for characters that cannot be shown, the label itself."""
        return self.whole if "?" in self.path else self.path

    @property
    def first_line(self) -> int:
        found = _LINES.search(self.part)
        return int(found[1]) if found else 1

    def page_number(self, index: int, count: int) -> int:
        """The number of a page of the ``count`` shown, by its index from 0: as listed, else counted on."""
        found = _PAGES.search(self.part)
        numbers = _numbers(found[1]) if found else []
        if len(numbers) == count:
            return numbers[index]
        return (numbers[0] if numbers else 1) + index


def _numbers(ranges: str) -> list[int]:
    """Of "3-7, 12"."""
    numbers: list[int] = []
    for part in re.findall(r"(\d{1,6})(?:-(\d{1,6}))?", ranges):
        first, last = int(part[0]), int(part[1] or part[0])
        numbers += range(first, min(last, first + _MOST_PAGES) + 1)
    return numbers


@dataclass(frozen=True, slots=True)
class Fence:
    """``text`` is what stands between the marks, ``start`` and ``end`` are those of the marks themselves."""

    label: Label
    text: str
    start: int
    end: int


def fences(text: str) -> list[Fence]:
    """In order, none within another; one that nothing closes is none. Linear in the text."""
    found: list[Fence] = []
    closings: dict[str, list[tuple[int, int]]] = {}
    for closing in _CLOSING.finditer(text):
        closings.setdefault(closing[1], []).append(closing.span())
    at = 0
    for opening in _OPENING.finditer(text):
        ends = closings.get(opening[1], [])
        index = bisect_left(ends, (opening.end(), 0))
        if opening.start() < at or index == len(ends):
            continue
        start, at = ends[index]
        inner = text[opening.end() : max(opening.end(), start - 1)]
        found.append(Fence(Label.read(opening[2]), inner, opening.start(), at))
    return found


def unfenced(text: str, found: list[Fence]) -> str:
    """``text`` without its fences."""
    kept, at = [], 0
    for fence in found:
        kept.append(text[at : fence.start])
        at = fence.end
    return "".join(kept) + text[at:]
