"""The lines of a unified diff told apart: names, hunks with whatever counts they claim, and all that is neither.

Only newlines end a line: form feeds and the like stand within lines of real files.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_HUNK = re.compile(r"^@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
_SHOWN = 60


class MalformedPatch(ValueError):
    """No unified diff, or a damaged one. The text says at which line, and what is wrong there."""


@dataclass(frozen=True, slots=True)
class RawHunk:
    """A hunk as it stands: what its header claims, its lines with their marks, and the number of the header's line.

    ``old`` and ``new``: the file's names as the last ``---`` and ``+++`` lines have them, marks cut off.
    """

    old: str
    new: str
    header: str
    section: str
    old_start: int
    old_count: int
    new_start: int
    new_count: int
    lines: tuple[str, ...]
    at: int

    @property
    def old_lines(self) -> list[str]:
        return [line[1:] for line in self.lines if line[:1] in (" ", "-", "")]

    @property
    def new_lines(self) -> list[str]:
        return [line[1:] for line in self.lines if line[:1] in (" ", "+", "")]


@dataclass(frozen=True, slots=True)
class Names:
    """A ``---`` line and the ``+++`` line after it."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Other:
    """A line between hunks: git's headers, or talk."""

    text: str
    at: int


def raw_hunks(text: str) -> Iterator[RawHunk]:
    """The hunks with whatever counts they claim. Raises MalformedPatch for a header that is none."""
    return (event for event in diff_events(text) if isinstance(event, RawHunk))


def diff_events(text: str) -> Iterator[Names | RawHunk | Other]:
    """Everything in a diff, in order. Raises MalformedPatch."""
    lines = text.removesuffix("\n").split("\n")
    position, names = 0, None
    while position < len(lines):
        line = lines[position]
        if line.startswith("--- ") and position + 1 < len(lines) and lines[position + 1].startswith("+++ "):
            names = Names(_name(line), _name(lines[position + 1]))
            yield names
            position += 2
        elif header := _HUNK.match(line):
            if names is None:
                raise MalformedPatch(f"line {position + 1}: a hunk before any --- and +++ lines")
            hunk = _raw_hunk(header, names, lines, position)
            yield hunk
            position += 1 + len(hunk.lines)
        elif line.startswith("@@@"):
            raise MalformedPatch(f"line {position + 1} belongs to a combined diff of a merge, which is no valid header")
        elif line.startswith(("--- ", "+++ ", "@@")):
            raise MalformedPatch(f"line {position + 1} is no valid header: {line[:_SHOWN]!r}")
        else:
            yield Other(line, position + 1)
            position += 1


def _raw_hunk(header: re.Match[str], names: Names, lines: list[str], position: int) -> RawHunk:
    old_count, new_count = (1 if count is None else int(count) for count in header.group(2, 4))
    return RawHunk(
        old=names.old,
        new=names.new,
        header=header.group(0),
        section=lines[position][header.end() :].strip(),
        old_start=int(header.group(1)),
        old_count=old_count,
        new_start=int(header.group(3)),
        new_count=new_count,
        lines=tuple(_body(lines, position + 1, old_count, new_count)),
        at=position + 1,
    )


def _body(lines: list[str], start: int, old: int, new: int) -> list[str]:
    """The lines of a hunk: as many as its header claims, or until something that no hunk holds."""
    body: list[str] = []
    for position in range(start, len(lines)):
        line = lines[position]
        mark = line[:1]
        if mark == "\\":
            body.append(line)
            continue
        if mark not in (" ", "+", "-", "") or (old <= 0 and new <= 0 and not _more(line)):
            break
        body.append(line)
        old -= mark in (" ", "-", "")
        new -= mark in (" ", "+", "")
    while body and body[-1] == "" and (old < 0 or new < 0):
        body.pop()
        old, new = old + 1, new + 1
    return body


def _more(line: str) -> bool:
    """A marked line after the claimed counts means that the header lied; a new file begins with ``---``."""
    return line[:1] in ("+", "-", " ") and line.rstrip() != "--" and not line.startswith(("--- ", "+++ "))


_ESCAPE = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_ESCAPES = {b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r"}


def _name(header: str) -> str:
    """The name in a ``---`` or ``+++`` line, without the time that may follow behind a tab."""
    return unquoted(header[4:].split("\t")[0].strip())


def unquoted(name: str) -> str:
    """Git writes names with odd characters as a C string, byte by byte."""
    if len(name) < 2 or name[0] != '"' or name[-1] != '"':
        return name
    return _ESCAPE.sub(_unescaped, name[1:-1].encode("utf-8", "replace")).decode("utf-8", "replace")


def _unescaped(found: re.Match[bytes]) -> bytes:
    code = found.group(1)
    return bytes([int(code, 8) & 255]) if code.isdigit() and code < b"8" else _ESCAPES.get(code, code)
