"""Sentences that can be quoted: verbatim, short, and such as can be understood alone, as far as their looks tell."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice

from gemini_mcp.domain.figures import unsupported
from gemini_mcp.domain.quotable import is_short, plain
from gemini_mcp.simulator.material import Window
from gemini_mcp.simulator.summary import telling_words

_READ_CHARACTERS = 1_500
"""Of a window; so much is read however long the text is."""

_MOST_WORDS, _FEWEST_BEFORE_A_CUT, _MOST_CHARACTERS = 25, 10, 300
_PARAGRAPH = re.compile(
    r"\n[ \t]*\n|\n(?=[ \t]*(?:[-*+>]|\d{1,3}[.)]|#{1,6})[ \t])|\n(?=[ \t]*(?:\||```|~~~))|(?<=\|)\n|(?<=```)\n"
)
_HEADING = re.compile(r"[ \t]*#{1,6} [^\n]*\n?")
_PAGE_HEADING = re.compile(r"(?:[^\n]{0,60}(?<![.,;:!?-])\n\s*(?=[A-Z\d])){1,2}")
"""On a page a heading has no mark, but it is short, and the line after it begins anew."""

_LINE = re.compile(r"\n|<[^<>\n]{0,300}>")
_SENTENCE = re.compile(
    r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!\bvs\.)(?<!\bNo\.)(?<!\bDr\.)(?<!\bMr\.)(?<!\bp\.)(?<!\bcf\.)\s+(?=[^\sa-z])"
    r"|(?<=[.!?][\"')\]*_`])\s+(?=[^\sa-z])|(?<=[\u3002\uff01\uff1f])"
)
_FIRST = re.compile(r"[\[`\"\u201c\u201e(]?[^\W_]")
_WORD = re.compile(r"\S+")
_LETTERS = re.compile(r"[^\W\d_]")
_ENDED = re.compile(r"[.!?\u3002\uff01\uff1f][\"')\]*_`\u201d]*$")
_LEANS = re.compile(
    r"(?:this|that|these|those|it|its|they|their|he|she|but|and|so|or|however|otherwise|then|here|there|also"
    r"|for example|in contrast|see)\b",
    re.IGNORECASE,
)
_CITATION = re.compile(r"[\[(]c\d|:\d[\d, -]*\]")
_ODD = re.compile(r"[<>\u2026]|\.\.\.")
_LINK = re.compile(r"!?\[([^\[\]]*)\]\([^()\s]*\)")
_LINE_END = re.compile(r"\s*\n[ \t]*(?:(?:[-*+>#|;%]+|//+)[ \t]+)*")
_TRAILING = " \t\n\"'"
_EMPHASIS = re.compile(r"(?<!\w)\*{1,3}(?=\S)|(?<=\S)\*{1,3}(?!\w)")


@dataclass(frozen=True)
class Sentence:
    """``quote`` as it stands in the window's text, at ``start``; ``cut``: the sentence goes on."""

    quote: str
    start: int
    score: float
    cut: bool = False

    @cached_property
    def claim(self) -> str:
        """The quote on one line, without marks."""
        return _claim(self.quote, cut=self.cut)

    @property
    def stands(self) -> bool:
        """Whether the quote is long enough to be told apart, and has the claim's numbers."""
        return not is_short(self.quote) and not unsupported(self.claim, plain(self.quote))


def sentences_of(window: Window, focus: frozenset[str]) -> list[Sentence]:
    """The best first."""
    return _ranked(window, list(_spans(window)), focus)


def opening_of(window: Window) -> list[Sentence]:
    """For a window without a sentence: what it begins with, one at most."""
    return _ranked(window, [_bounds(window)], frozenset())


def _ranked(window: Window, spans: Sequence[tuple[int, int]], focus: frozenset[str]) -> list[Sentence]:
    words = [telling_words(window.text[start:end]) for start, end in spans]
    frequency = Counter(chain.from_iterable(words))
    most = max(frequency.values(), default=1)
    found = []
    for (start, end), telling in zip(spans, words, strict=True):
        if (quoted := _quote(window.text, start, end)) is not None:
            at, last = quoted
            weight = sum(map(frequency.__getitem__, telling)) / (most * max(8, len(telling)))
            quote = window.text[at:last]
            score = weight + 3 * len(focus.intersection(telling)) + _looks(quote, at)
            found.append(Sentence(quote, at, score, cut=bool(window.text[last:end].strip(_TRAILING))))
    return sorted(found, key=lambda each: (-each.score, each.start))


def _looks(quote: str, at: int) -> float:
    """Points for what looks like a whole sentence that stands alone."""
    first = _LETTERS.search(quote)
    letters = len(_LETTERS.findall(quote)) / len(quote)
    return (
        1.0 * bool(_ENDED.search(quote))
        + 1.0 * bool(first and not first[0].islower())
        + 0.7 * (letters > 0.7)
        + 0.5 * (quote.count(" ") >= 5)
        + 0.3 * ("\n" not in quote)
        + 0.5 * (at < 400)
        - 1.0 * bool(_LEANS.match(quote))
        - 1.0 * ("://" in quote or quote.endswith(":"))
        - 1.5 * ("|" in quote or "=" in quote or "{" in quote)
    )


# ------------------------------------------------------------------------------------------------------------- spans


def _spans(window: Window) -> Iterator[tuple[int, int]]:
    """Where sentences may stand, as offsets into the text."""
    start, end = _bounds(window)
    if window.by_line:
        yield from _parted(_LINE, window.text, start, end)
        return
    for first, last in _parted(_PARAGRAPH, window.text, start, end):
        if window.of is None or not window.of.in_code(first):
            heading = (_HEADING if window.of else _PAGE_HEADING).match(window.text, first, last)
            yield from _parted(_SENTENCE, window.text, heading.end() if heading else first, last)


def _bounds(window: Window) -> tuple[int, int]:
    """From where a paragraph begins, or else a line, to where one ends; anywhere in a text without line ends."""
    text, breaks = window.text, ("\n",) if window.by_line else ("\n\n", "\n")
    start = _after_break(text, window.start, breaks) if window.start else 0
    end = start + _READ_CHARACTERS
    if end >= len(text):
        return start, len(text)
    late = (at for each in (*breaks, " ") if (at := text.rfind(each, start + _READ_CHARACTERS // 2, end)) >= 0)
    return start, next(late, end)


def _after_break(text: str, start: int, breaks: tuple[str, ...]) -> int:
    for each in (*breaks, " "):
        if (at := text.find(each, start, start + _READ_CHARACTERS // 2)) >= 0:
            return at + len(each)
    return start


def _parted(pattern: re.Pattern[str], text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    for cut in pattern.finditer(text, start, end):
        if cut.start() > start:
            yield start, cut.start()
        start = cut.end()
    if start < end:
        yield start, end


# ------------------------------------------------------------------------------------------------------------ quotes


def _quote(text: str, start: int, end: int) -> tuple[int, int] | None:
    """Where the span's quote stands: from its first letter, cut at a word. None for what is not fit to be quoted."""
    opening = _FIRST.search(text, start, end)
    if opening is None:
        return None
    first = opening.start()
    words = [word.end() for word in islice(_WORD.finditer(text, first, end), _MOST_WORDS + 1)]
    last = words[-1] if len(words) <= _MOST_WORDS else _clause_end(text, words[:_MOST_WORDS])
    if last - first > _MOST_CHARACTERS:
        last = first + len(text[first : first + _MOST_CHARACTERS].rpartition(" ")[0])
    if text.startswith('"""', last - 3):
        last -= 3
    if text.startswith('""', first - 1):
        first += 1
    return (first, last) if last > first and _is_fit(text[first:last]) else None


def _clause_end(text: str, words: list[int]) -> int:
    """The end of the last clause within reach, else of the last word."""
    ends = [end for end in words[_FEWEST_BEFORE_A_CUT:] if text[end - 1] in ",;:)"]
    return ends[-1] if ends else words[-1]


def _is_fit(quote: str) -> bool:
    """Words rather than figures, and nothing that reads otherwise when it is torn out: tags, link targets, citations,
    brackets that nothing opened."""
    bare = _LINK.sub(r"\1", quote)
    torn = "](" in bare or any(
        bare.find(close) < bare.find(open_) or bare.count(close) > bare.count(open_) for open_, close in ("()", "[]")
    )
    figures = sum(map(str.isdigit, quote)) > sum(map(str.isalpha, quote))
    return not torn and not figures and not _ODD.search(quote) and not _CITATION.search(quote)


def _claim(quote: str, *, cut: bool) -> str:
    text = _EMPHASIS.sub("", _LINE_END.sub(" ", _LINK.sub(r"\1", quote)))
    text = " ".join(text.split())
    if text.count("`") % 2:
        text = text.replace("`", "")
    if text.count('"') % 2:
        text = text.replace('"', "")
    return f"{text.rstrip(' ,;:(')} \u2026" if cut else text
