"""Where a quote stands in a text: word by word, so that blanks, indentation and line breaks do not matter.

A quote may come in a fence, with line numbers or the marks of a diff in front of its lines, or shortened by an
ellipsis: each way of reading it is tried in turn, and what was read must stand in the text in a row.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

_TOKEN = re.compile(r"\w+|[^\w\s]")
_ELLIPSIS = re.compile(r"\.{3,}|…")
_NUMBER = re.compile(r"^[ \t]*[Ll]?\d+[ \t]*(?:[:|│>.)]|(?=[-+\s]))")
_REMARK = frozenset("#/*[]")
"""What opens a comment or a bracket that holds nothing but an ellipsis."""

_GAP = "\0"
_MOST_PLACES = 1_000
_MOST_PIECES = 8
_LONGEST = 8_000
_FEW = 6
"""A quote of fewer characters, blanks aside, stands in too many places to say where."""

_COMMON = frozenset(
    {
        "and", "as", "async", "await", "begin", "break", "case", "catch", "class", "const", "continue", "def",
        "default", "do", "done", "elif", "else", "end", "endif", "esac", "except", "export", "false", "fi", "final",
        "finally", "fn", "for", "func", "function", "if", "import", "in", "int", "is", "lambda", "let", "loop",
        "match", "new", "nil", "none", "not", "null", "or", "pass", "private", "public", "raise", "ret", "return",
        "self", "static", "super", "switch", "then", "this", "throw", "true", "try", "undefined", "val", "var",
        "void", "while", "with", "yield",
    }
)  # fmt: skip
"""Words that say nothing about where a quote comes from."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows ``first`` to ``last`` of a Text, by index from 0. ``quote``: what was found there, without what had been put
    around it."""

    first: int
    last: int
    quote: str = field(default="", compare=False)


class Text:
    """Rows of a text to look quotes up in. ``gaps``: indexes of rows before which something is left out."""

    def __init__(self, rows: Iterable[str], gaps: frozenset[int] = frozenset()) -> None:
        self.rows = tuple(rows)
        self._tokens: list[str] = []
        self._rows: list[int] = []
        self._places: dict[str, list[int]] = {}
        for index, row in enumerate(self.rows):
            self._add([_GAP] * (index in gaps) + _TOKEN.findall(row), index)

    def _add(self, tokens: list[str], row: int) -> None:
        for token in tokens:
            self._places.setdefault(token, []).append(len(self._tokens))
            self._tokens.append(token)
            self._rows.append(row)

    def find(self, quote: str) -> tuple[Stretch, ...]:
        """Where the quote stands, read in the first way in which it stands anywhere; a thousand places at most."""
        ways = (found for way in _readings(quote[:_LONGEST]) if (found := self._elided(way)))
        return next(ways, ())

    def says(self, stretch: Stretch) -> str:
        """The rows of a stretch if they hold the quote and nothing else; or else the quote. No word is added to it."""
        rows = "\n".join(self.rows[stretch.first : stretch.last + 1])
        return rows if _TOKEN.findall(rows) == _TOKEN.findall(stretch.quote) else stretch.quote.strip()

    def _elided(self, quote: str) -> tuple[Stretch, ...]:
        """As it is, or in pieces around an ellipsis that leaves out no whole line."""
        if whole := tuple(self._stretch(start, end, quote) for start, end in self._runs(_TOKEN.findall(quote))):
            return whole
        pieces = [tokens for piece in _ELLIPSIS.split(quote) if (tokens := _without_remark(_TOKEN.findall(piece)))]
        if not 0 < len(pieces) <= _MOST_PIECES or not _ELLIPSIS.search(quote):
            return ()
        chains = list(self._runs(pieces[0]))
        for piece in pieces[1:]:
            runs = sorted(self._runs(piece))
            chains = [(start, later[1]) for start, end in chains if (later := self._next(end, runs)) is not None]
        return tuple(self._stretch(start, end, quote) for start, end in chains)

    def _next(self, end: int, runs: list[tuple[int, int]]) -> tuple[int, int] | None:
        """The first run after ``end``, if it begins in the same row or in the next that is not blank."""
        later = bisect_right(runs, (end, len(self._tokens)))
        return runs[later] if later < len(runs) and not self._skips_row(end, runs[later][0]) else None

    def _skips_row(self, end: int, start: int) -> bool:
        between = {self._rows[position] for position in range(end, start)} - {self._rows[end], self._rows[start]}
        return bool(between) or _GAP in self._tokens[end : start + 1]

    def _runs(self, wanted: list[str]) -> Iterator[tuple[int, int]]:
        """First and last position of each place where the tokens stand in a row; the outer words may be cut short."""
        if not wanted or any(token not in self._places for token in wanted[1:-1]):
            return
        found = list(islice(self._exact(wanted), _MOST_PLACES))
        yield from found or islice(self._cut(wanted), _MOST_PLACES)

    def _exact(self, wanted: list[str]) -> Iterator[tuple[int, int]]:
        if any(token not in self._places for token in wanted):
            return
        offset, anchor = min(enumerate(wanted), key=lambda pair: len(self._places[pair[1]]))
        for place in self._places[anchor]:
            start = place - offset
            if start >= 0 and self._tokens[start : start + len(wanted)] == wanted:
                yield start, start + len(wanted) - 1

    def _cut(self, wanted: list[str]) -> Iterator[tuple[int, int]]:
        """As when a quote was taken by the character: whole words between, and pieces of words at its ends."""
        inner = wanted[1:-1]
        if not _distinctive(inner):
            return
        for start, end in self._exact(inner):
            if start > 0 and end + 1 < len(self._tokens):
                before, after = self._tokens[start - 1], self._tokens[end + 1]
                if before.endswith(wanted[0]) and after.startswith(wanted[-1]):
                    yield start - 1, end + 1

    def _stretch(self, start: int, end: int, quote: str) -> Stretch:
        return Stretch(self._rows[start], self._rows[end], quote)


def _without_remark(tokens: list[str]) -> list[str]:
    while tokens and tokens[-1] in _REMARK:
        tokens = tokens[:-1]
    while tokens and tokens[0] in _REMARK:
        tokens = tokens[1:]
    return tokens


def is_trivial(quote: str) -> bool:
    """Whether a quote is too short, or too common, to say by itself where it comes from: ``}`` or ``return None``."""
    return not any(_distinctive(_TOKEN.findall(way)) for way in _readings(quote))


def _distinctive(tokens: Sequence[str]) -> bool:
    telling = any(len(token) > 1 and token[0].isidentifier() and token.lower() not in _COMMON for token in tokens)
    return telling and sum(map(len, tokens)) >= _FEW


# ---------------------------------------------------------------------------------------------------------- readings


def _readings(quote: str) -> Iterator[str]:
    """The quote as it is, and then without what may have been put around it."""
    bare = _unfenced(quote)
    seen: set[str] = set()
    for way in (quote, bare, *_without_gutter(bare), _unescaped(bare)):
        if way.strip() and way not in seen:
            seen.add(way)
            yield way


def _unfenced(quote: str) -> str:
    lines = [line for line in quote.strip("\n").split("\n") if not line.strip().startswith("```")]
    text = "\n".join(lines)
    return text.strip().strip("`") if text.strip().startswith("`") and text.strip().endswith("`") else text


def _without_gutter(quote: str) -> Iterator[str]:
    """Without line numbers, without a diff's marks, without both; of a diff that removes and adds, the added side."""
    lines = quote.split("\n")
    for candidate in (lines, _unnumbered(lines)):
        yield "\n".join(candidate)
        if any(line[:1] in ("+", "-") for line in candidate):
            yield "\n".join(_unmarked(candidate))
            yield "\n".join(_unmarked(line for line in candidate if line[:1] != "-"))


def _unnumbered(lines: list[str]) -> list[str]:
    """Without the numbers, if all lines have one; those that a diff removes have none."""
    filled = [line for line in lines if line.strip()]
    if not all(_NUMBER.match(line) or line[:1] == "-" for line in filled):
        return lines
    return [_NUMBER.sub("", line).lstrip() for line in lines]


def _unmarked(lines: Iterable[str]) -> Iterator[str]:
    return (line[1:] if line[:1] in ("+", "-") else line for line in lines)


def _unescaped(quote: str) -> str:
    """A quote that was escaped twice on its way into JSON."""
    return quote.replace("\\n", "\n").replace("\\t", "\t").replace('\\"', '"')
