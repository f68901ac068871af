"""Text as secrets lie in it: escaped, quoted, spread over lines and strings. Positions are of the text as given."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from gemini_mcp.sources.secret_values import made_by_machine, wordy

MOST_PIECES = 60
LONGEST = 20_000
"""Characters of one secret at most, frames and line breaks included."""

_QUOTE = r"\\{0,3}[\"'`]"
_BLANKS = r"[^\S\r\n]{0,80}"
_RUN = re.compile(r"[A-Za-z0-9_\-+/=.~:]*+")
_GLUE = re.compile(
    rf"""
      [\u00ad\u200b-\u200d\u2060\ufeff\ufffe\x02]{{1,4}} \s{{0,80}}                         # of no width; a soft hyphen
    | {_BLANKS} \\? (?:\r?\n|\r) {_BLANKS} (?: (?:[+>\#|*]|//|-(?=[ ])) {_BLANKS} )?         # a line ends
    | {_QUOTE} \s{{0,80}}+ (?: (?:\+|\.\.?|&|\|\||\\) \s{{0,80}}+ (?:[+-]\s{{1,80}}+)? )?
      [rbfuRBFU]{{0,2}} {_QUOTE}                                                            # "a" + "b"
    | (?: {_QUOTE} [ ]?\+?[ ]? )? \\n ", \s{{1,80}}+ " [ ]{{0,80}} (?: {_QUOTE} )?           # lines of a notebook
    | (?:\\r)?\\n [ ]{{0,80}}                                                               # a line ends, escaped
    """,
    re.VERBOSE,
)
_ESCAPE_BEFORE = re.compile(r"(?:\\[abfnrtv]|\\u[0-9a-fA-F]{4}|\\x[0-9a-fA-F]{2}|%[0-9a-fA-F]{2}|\x1b\[[\d;]*m)\Z")
_NAME_AFTER = re.compile(r"[^\S\r\n]{0,8}[:=(]")


class Span(NamedTuple):
    """Where a secret stands. ``end`` is past its last character."""

    start: int
    end: int
    kind: str


class Joined(NamedTuple):
    """What begins at one place and goes on after breaks, put together."""

    text: str
    pieces: tuple[tuple[int, int], ...]

    def end(self, length: int) -> int:
        """Where the first ``length`` characters end in the text they were taken from."""
        for start, end in self.pieces:
            if length <= end - start:
                return start + length
            length -= end - start
        return self.pieces[-1][1]


def folded(text: str) -> str:
    """In small letters, position by position: the one letter that becomes two is replaced first."""
    return text.replace("\u0130", "i").lower()


def positions(text: str, mark: str) -> Iterator[int]:
    """Every place where ``mark`` begins."""
    at = text.find(mark)
    while at >= 0:
        yield at
        at = text.find(mark, at + len(mark))


def begins_at(text: str, at: int, inside: str = "") -> bool:
    """Whether a token can begin here, and is not the tail of another word; the letter of an escape is no word.

    ``inside``: characters besides letters and digits that words of this sort have inside them.
    """
    before = text[at - 1 : at]
    if not before or not (before.isascii() and (before.isalnum() or before in inside)):
        return True
    return _ESCAPE_BEFORE.search(text, max(0, at - 12), at) is not None


class Runs:
    """Where runs of token characters end. A run is walked through once, however often it is asked for."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._start = self._end = -1

    def end(self, at: int) -> int:
        if not self._start <= at < self._end:
            run = _RUN.match(self._text, at)
            assert run is not None
            self._start, self._end = at, run.end()
        return self._end

    def is_broken(self, at: int) -> bool:
        """Whether the run at ``at`` ends where a token may go on after a break."""
        return _GLUE.match(self._text, self.end(at)) is not None


def joined(
    text: str, start: int, *, cautious: bool = False, hyphens: bool = True, stops: tuple[str, ...] = ()
) -> Joined:
    """The run of token characters at ``start`` and what continues it, up to a piece that begins with one of ``stops``.

    ``cautious``: after a line's end only what looks as random as a token. Without ``hyphens``, one before a break
    goes: it was put there by whoever broke the line.
    """
    pieces: list[tuple[int, int]] = []
    at = start
    while len(pieces) < MOST_PIECES and at - start < LONGEST:
        run = _RUN.match(text, at, at + LONGEST)
        assert run is not None
        end = run.end()
        if end == at:
            break
        glue = _GLUE.match(text, end)
        hyphen = glue is not None and not hyphens and text[end - 1] == "-"
        pieces.append((at, end - hyphen))
        if glue is None or text.startswith(stops, glue.end()):
            break
        if cautious and not continues(text, glue.end(), glue.group()):
            break
        at = glue.end()
    return Joined("".join(text[a:b] for a, b in pieces), tuple(pieces) or ((start, start),))


def broken_at(text: str, end: int) -> bool:
    """Whether a token that ends here may go on after a break."""
    glue = _GLUE.match(text, end)
    return glue is not None and continues(text, glue.end(), glue.group())


def continues(text: str, at: int, glue: str) -> bool:
    """Whether what stands after ``glue`` is more of the same token rather than the next word."""
    if "\n" not in glue and "\r" not in glue and "\\n" not in glue:
        return True
    run = _RUN.match(text, at, at + 200)
    assert run is not None
    chunk = run.group()
    if len(chunk) < 4 or _NAME_AFTER.match(text, run.end()):
        return False
    return made_by_machine(chunk, 4) or (len(chunk) >= 12 and not wordy(chunk))
