"""All rules on one text, a slice at a time, so that who waits for it can stop waiting."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from gemini_mcp.sources.secret_assignments import assignments, marks
from gemini_mcp.sources.secret_disguises import disguised
from gemini_mcp.sources.secret_effort import Effort
from gemini_mcp.sources.secret_places import addresses, commands, files, headers, keys
from gemini_mcp.sources.secret_tables import tables
from gemini_mcp.sources.secret_text import LONGEST, Span, folded, positions
from gemini_mcp.sources.secret_tokens import tokens

SLICE = 512 << 10
_BEHIND, _AHEAD = 8_000, LONGEST + 4_000
"""How far rules look around what they find."""

_MOST_SEARCHED = 2_000_000_000
"""Characters looked through for the other places of values already found."""

LINE_BREAK = re.compile(r"\r\n|\r|\n")
_LOOSE = ("password", "secret", "key", "token", "credentials in a header", "bearer token")
"""Kinds that a name or a place gave; a shape says more."""

Rules = Callable[[str], Iterable[Span]]


@dataclass(frozen=True, slots=True)
class SecretHit:
    """A secret at ``text[start:end]``, beginning on a line counted from 1. Its value is kept nowhere."""

    line: int
    kind: str
    start: int
    end: int


class Search:
    """Looks through ``text``, called ``name``. Each step takes a second at most; there is more while it says so.

    ``enough``: of secrets, after which the rest is not looked at. ``more``: rules besides ours.
    """

    def __init__(self, name: str, text: str, *, enough: int | None = None, more: Rules | None = None) -> None:
        self._text, self._enough, self._more = text, enough, more
        self._effort = Effort(name, len(text))
        self._found: list[Span] = []
        self._at = 0
        self.cut_short = False

    def step(self) -> bool:
        """Looks at the next slice; whether there is another. Raises TooLarge."""
        self._effort.resume()
        begin, end = self._at, min(len(self._text), self._at + SLICE)
        first = max(0, begin - _BEHIND)
        window = self._text if len(self._text) <= SLICE else self._text[first : end + _AHEAD]
        found = [span for span in self._spans(window) if begin <= span.start + first < max(end, 1)]
        self._found += [Span(span.start + first, span.end + first, span.kind) for span in found]
        self._at = end
        self._effort.check()
        self.cut_short = self._enough is not None and len(self._found) > self._enough and end < len(self._text)
        return end < len(self._text) and not self.cut_short

    def hits(self) -> list[SecretHit]:
        """What was found, in order, without overlaps."""
        self._effort.resume()
        spans = merged(self._found)
        return _hits(self._text, spans if self.cut_short else self._everywhere(spans))

    def _spans(self, text: str) -> Iterator[Span]:
        yield from spans(text, self._effort)
        if self._more is not None:
            yield from self._more(text)

    def _everywhere(self, spans: list[Span]) -> list[Span]:
        """With every other place of the same values: what was found by its name may stand elsewhere without it."""
        values = {self._text[span.start : span.end]: span.kind for span in spans if span.end - span.start >= 8}
        more: list[Span] = []
        for value, kind in islice(values.items(), max(1, _MOST_SEARCHED // (len(self._text) + 1))):
            self._effort.check()
            if not value.isalpha():
                more += [Span(at, at + len(value), kind) for at in positions(self._text, value)]
        return merged([*spans, *more])


def found_secrets(text: str) -> list[SecretHit]:
    """Every secret that the built-in rules know, in order, without overlaps. Raises TooLarge."""
    search = Search("the text", text)
    while search.step():
        pass
    return search.hits()


def spans(text: str, effort: Effort) -> Iterator[Span]:
    """Of all rules, in no order; they may overlap."""
    yield from _plainly(text, effort)
    for plain in disguised(text):
        yield from (plain.span(span) for span in _plainly(plain.text, effort))


def _plainly(text: str, effort: Effort) -> Iterator[Span]:
    small = folded(text)
    yield from tokens(text, effort)
    yield from keys(text)
    yield from addresses(text)
    yield from headers(text, small)
    yield from files(text, small)
    yield from commands(text, small)
    names = marks(small)
    yield from tables(text, names, effort)
    yield from assignments(text, names, effort)


def merged(spans: Iterable[Span]) -> list[Span]:
    """In order; those that overlap become one, of the kind that says most."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.start < found[-1].end:
            last = found[-1]
            found[-1] = Span(last.start, max(last.end, span.end), _better(last, span).kind)
        else:
            found.append(span)
    return found


def _better(first: Span, second: Span) -> Span:
    def rank(span: Span) -> tuple[bool, int]:
        return span.kind not in _LOOSE, span.end - span.start

    return second if rank(second) > rank(first) else first


def _hits(text: str, spans: Sequence[Span]) -> list[SecretHit]:
    hits: list[SecretHit] = []
    line, at = 1, 0
    for span in spans:
        line += sum(1 for _ in LINE_BREAK.finditer(text, at, span.start))
        at = span.start
        hits.append(SecretHit(line, span.kind, span.start, span.end))
    return hits
