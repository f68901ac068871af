"""Whether words stand in a text, and where: told as a reader would, not as a computer.

A model that quotes rightly still changes what it does not see: line ends, runs of blanks, curly quotes, a hyphen at
the end of a line, the marks of Markdown. Both sides are written alike here, blanks are left out of the comparison,
and the place that is found is exact again. Letters, digits and their order are never forgiven.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

_LEAST_CHARACTERS: Final = 12
_LEAST_WORDS: Final = 3
_ENOUGH_CHARACTERS: Final = 24
"""So much of a text is telling even if it is one or two words, as names in code are."""

_GAP: Final = 200
"""What an ellipsis may leave out, in characters without blanks: about two sentences."""

_LONGEST_GAP: Final = 2_000
"""The same with blanks, of which a page's layout may hold many."""

_MOST_FOUND: Final = 8
_MOST_TRIED: Final = 64
_BLOCK: Final = 512

_ALIKE = str.maketrans(
    {
        **dict.fromkeys("*_`#|~\\\"'[]\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u201f", " "),
        **dict.fromkeys("\u2032\u2033\u2039\u203a\u00ab\u00bb", " "),
        **dict.fromkeys("\u2014\u2015\u2022\u25cf\u25e6\u00b7", " "),
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2212\ufe63\uff0d", "-"),
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff"),
        "\u2026": "...",
    }
)
_TARGET = re.compile(r"\]\([^()\s]*(?: \"[^\"\n]*\")?\)")
_TAG = re.compile(r"</?(?:a|b|i|u|em|strong|br|p|span|div|sub|sup|code|t[dhr]|li|[uo]l|h[1-6])\b[^<>\n]{0,200}>")
_LINE_MARK = re.compile(r"//+|(?<!\S)>(?!\S)")
_HYPHEN = re.compile(r"-(?!\d)")
_ELLIPSIS = re.compile(r"\[\s*(?:\.{3,}|\u2026)\s*\]|\(\s*(?:\.{3,}|\u2026)\s*\)|\.{3,}|\u2026")
_NEGATION = re.compile(
    r"\b(?:not|no|never|none|nor|neither|without|cannot|(?:do|does|did|is|are|was|were|has|have|had|ca|wo|would|should|could"
    r"|must|need)n t|nicht|nie|niemals|kein\w*|ohne|weder)\b",
    re.IGNORECASE,
)
"""Words that turn what is said into its opposite when they are left out, in English and German; "don't" as it reads
without its apostrophe. Negation has more ways than these: a reader who must be sure looks at the place."""

_OUTER: Final = " .,;:!?()\u3002\u3001"
_ENDS: Final = " ,;:!?\u3002\u3001"
"""Without the full stops of an ellipsis, which the text may hold, too."""
_WIDE = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def plain(text: str) -> str:
    """The text without what a quote may lose on its way. Line ends stay, so that lines can be counted."""
    if not text.isascii() and not unicodedata.is_normalized("NFKC", text):
        text = unicodedata.normalize("NFKC", text)
    for pattern, put in ((_TARGET, "]"), (_TAG, " "), (_LINE_MARK, " ")):
        text = pattern.sub(put, text)
    return _HYPHEN.sub(" ", text.translate(_ALIKE))


def is_short(quote: str) -> bool:
    """Whether so little is quoted, in any of its parts, that it may stand somewhere by chance."""
    parts = _parts(quote)
    return not parts or any(_is_short(part) for part in parts)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a quote stands: offsets into ``Quotable.text``."""

    start: int
    end: int


class Quotable:
    """A text made ready for finding quotes in it. ``text`` is its plain form."""

    def __init__(self, text: str) -> None:
        self.text = text
        blocks = [text[start : start + _BLOCK] for start in range(0, len(text), _BLOCK)]
        dense = ["".join(block.split()) for block in blocks]
        self._dense = "".join(dense)
        self._sums = list(accumulate(map(len, dense), initial=0))
        self._lines = list(accumulate((block.count("\n") for block in blocks), initial=0))

    @classmethod
    def of(cls, text: str) -> "Quotable":
        """Of a text as it was read."""
        return cls(plain(text))

    def find(self, quote: str) -> list[Span]:
        """The first places, eight at most, where the quote stands: whole, or by its parts around an ellipsis.

        Each part must be telling by itself, and what is left out between two short and without a negation: a few words
        picked from a page can be made to say anything.
        """
        whole = quote.strip()
        parts = _parts(whole)
        if not parts:
            return []
        elided = _ELLIPSIS.search(whole) is not None
        for form in dict.fromkeys((whole, whole.replace("\\n", "\n").replace("\\t", "\t"))):
            if found := self._chains([_dense(form, _ENDS if elided else _OUTER)]):
                return found
        if not elided or any(_is_short(part) for part in parts):
            return []
        return self._chains([_dense(part) for part in parts])

    def around(self, span: Span, reach: int) -> str:
        """The text from ``reach`` characters before to as many after."""
        return self.text[max(0, span.start - reach) : span.end + reach]

    def line(self, offset: int) -> int:
        """How many line ends stand before an offset."""
        block = offset // _BLOCK
        return self._lines[block] + self.text.count("\n", block * _BLOCK, offset)

    def is_sparse(self, least: int) -> bool:
        """Whether there are fewer characters than ``least``, blanks aside."""
        return len(self._dense) < least

    def _chains(self, parts: list[str]) -> list[Span]:
        if not all(parts):
            return []
        found = []
        short = all(len(part) < _LEAST_CHARACTERS for part in parts)
        for start in self._occurrences(parts[0]):
            end = self._rest(start + len(parts[0]), parts[1:])
            if end is None:
                continue
            span = Span(self._offset(start), self._offset(end - 1) + 1)
            if not short or self._stands_alone(span):
                found.append(span)
            if len(found) == _MOST_FOUND:
                break
        return found

    def _occurrences(self, part: str) -> Iterator[int]:
        """The first letter's case may differ: a quote may begin a sentence that the text does not."""
        for form in dict.fromkeys((part, part[0].swapcase() + part[1:])):
            at, tried = self._dense.find(form), 0
            while at >= 0 and tried < _MOST_TRIED:
                yield at
                at, tried = self._dense.find(form, at + 1), tried + 1

    def _rest(self, end: int, parts: list[str]) -> int | None:
        """The end of the last part, if each follows soon after the one before."""
        for part in parts:
            at = self._dense.find(part, end, end + _GAP + len(part))
            if at < 0 or not self._may_be_left_out(self._offset(end - 1) + 1, self._offset(at)):
                return None
            end = at + len(part)
        return end

    def _may_be_left_out(self, start: int, end: int) -> bool:
        return end - start <= _LONGEST_GAP and _NEGATION.search(self.text, start, end) is None

    def _stands_alone(self, span: Span) -> bool:
        """Not a part of longer words."""
        inner = self.text[span.start], self.text[span.end - 1]
        outer = self.text[max(0, span.start - 1) : span.start], self.text[span.end : span.end + 1]
        return not any(a.isalnum() and b.isalnum() and not _WIDE.match(a) for a, b in zip(inner, outer, strict=True))

    def _offset(self, dense: int) -> int:
        """The offset in the text of a character of its dense form."""
        block = bisect_right(self._sums, dense) - 1
        left = dense - self._sums[block]
        for offset in range(block * _BLOCK, min(len(self.text), (block + 1) * _BLOCK)):
            if not self.text[offset].isspace():
                if left == 0:
                    return offset
                left -= 1
        return len(self.text)


def _parts(quote: str) -> list[str]:
    return [part for part in _ELLIPSIS.split(quote) if part.strip()]


def _dense(part: str, ends: str = _OUTER) -> str:
    return "".join(plain(part).split()).strip(ends)


def _is_short(part: str) -> bool:
    words = [word for word in plain(part).split() if any(character.isalnum() for character in word)]
    size = sum(map(len, words)) + 2 * len(_WIDE.findall(part))
    return size < _LEAST_CHARACTERS or (len(words) < _LEAST_WORDS and size < _ENOUGH_CHARACTERS)
