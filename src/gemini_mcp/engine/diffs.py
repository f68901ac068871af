"""Whether a unified diff would apply: its form, and its old lines where the file is at hand."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

_HUNK = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@dataclass(frozen=True, slots=True)
class Hunk:
    """One hunk of one file: the counts its header claims, and its lines with their marks."""

    path: str
    header: str
    old_count: int
    new_count: int
    lines: tuple[str, ...]

    @property
    def old_lines(self) -> list[str]:
        return [line[1:] for line in self.lines if line[:1] in (" ", "-", "")]

    @property
    def new_lines(self) -> list[str]:
        return [line[1:] for line in self.lines if line[:1] in (" ", "+", "")]


class _Malformed(ValueError):
    pass


def diff_problem(text: str, files: Mapping[str, str]) -> str | None:
    """What keeps the diff from applying, or None. ``files``: path to content, of the files that are at hand."""
    try:
        hunks = list(_hunks(text))
    except _Malformed as error:
        return str(error)
    if not hunks:
        return "no hunk in it"
    return next((problem for hunk in hunks if (problem := _hunk_problem(hunk, files))), None)


def _hunk_problem(hunk: Hunk, files: Mapping[str, str]) -> str | None:
    old, new = len(hunk.old_lines), len(hunk.new_lines)
    if (old, new) != (hunk.old_count, hunk.new_count):
        return f"{hunk.header} claims {hunk.old_count} old and {hunk.new_count} new lines and has {old} and {new}"
    content = _content(hunk.path, files)
    if content is not None and not _contains(_plain(content.split("\n")), _plain(hunk.old_lines)):
        return f"{hunk.header} of {hunk.path}: its old lines are not in the file"
    return None


def _plain(lines: list[str]) -> list[str]:
    """Line ends are not what a diff is turned down for."""
    return [line.removesuffix("\r") for line in lines]


def _content(path: str, files: Mapping[str, str]) -> str | None:
    """The file that a diff's path means: its name may have lost leading folders on the way."""
    if path in files:
        return files[path]
    fitting = [text for name, text in files.items() if name.endswith(f"/{path}") or path.endswith(f"/{name}")]
    return fitting[0] if len(fitting) == 1 else None


def _contains(lines: list[str], wanted: list[str]) -> bool:
    if not wanted:
        return True
    starts = (i for i, line in enumerate(lines) if line == wanted[0])
    return any(lines[i : i + len(wanted)] == wanted for i in starts)


def _hunks(text: str) -> Iterator[Hunk]:
    lines = text.removesuffix("\n").split("\n")
    position, path = 0, ""
    while position < len(lines):
        line = lines[position]
        if line.startswith("--- ") and position + 1 < len(lines) and lines[position + 1].startswith("+++ "):
            path = _path(line, lines[position + 1])
            position += 2
        elif header := _HUNK.match(line):
            if not path:
                raise _Malformed("a hunk before any --- and +++ lines")
            old, new = int(header.group(2) or 1), int(header.group(4) or 1)
            body = _body(lines, position + 1, old, new)
            yield Hunk(path, header.group(0), old, new, tuple(body))
            position += 1 + len(body)
        elif line.startswith(("--- ", "+++ ", "@@")):
            raise _Malformed(f"line {position + 1} is no valid header: {line[:60]!r}")
        else:
            position += 1


def _body(lines: list[str], start: int, old: int, new: int) -> list[str]:
    """The lines of a hunk: as many as its header claims, or until something that no hunk holds."""
    body: list[str] = []
    for line in lines[start:]:
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


def _path(old: str, new: str) -> str:
    name = new[4:].split("\t")[0].strip()
    if name == "/dev/null":
        name = old[4:].split("\t")[0].strip()
    return re.sub(r"^[ab]/", "", name)
