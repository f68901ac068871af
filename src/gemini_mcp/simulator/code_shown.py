"""Code under review as a request shows it: numbered excerpts, diffs, or files as they are."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gemini_mcp.domain.hunks import MalformedPatch
from gemini_mcp.domain.patches import FilePatch, parse_patch
from gemini_mcp.simulator.fences import fences, unfenced
from gemini_mcp.simulator.shown import shown_files

_ROW = re.compile(r"(\d{1,9})([:|+])(.*)", re.DOTALL)
_LEFT_OUT = "..."
_HUNK = re.compile(r"^@@ -\d", re.MULTILINE)
_FILE_HEADER = re.compile(r"^\+\+\+ ", re.MULTILINE)
_LOOKED_AT = 40


@dataclass(frozen=True, slots=True)
class Line:
    """``number`` as in the file; ``under_review``: context is not."""

    number: int
    text: str
    under_review: bool = True


@dataclass(frozen=True, slots=True)
class Code:
    """What is shown of one file, without what a change removed. ``whole``: nothing of it is left out."""

    path: str
    lines: tuple[Line, ...]
    whole: bool = False

    def runs(self) -> Iterator[tuple[Line, ...]]:
        """Lines that follow on one another."""
        run: list[Line] = []
        for line in self.lines:
            if run and line.number != run[-1].number + 1:
                yield tuple(run)
                run = []
            run.append(line)
        if run:
            yield tuple(run)


def code_under_review(asked: str) -> list[Code]:
    """In order. Diffs that cannot be read are left out."""
    sources = fences(asked)
    found = [code for fence in sources for code in _code(fence.label.path, fence.text, whole=not fence.label.part)]
    others = (file for file in shown_files(unfenced(asked, sources)) if file.path or _is_diff(file.text))
    return found + [code for file in others for code in _code(file.path, file.text, file.first_line)]


def _code(path: str, text: str, first_line: int = 1, *, whole: bool = False) -> list[Code]:
    if _is_diff(text):
        return _changed(text)
    lines = text.removesuffix("\n").split("\n")
    if _is_numbered(lines):
        rows = tuple(_rows(lines))
        return [
            Code(path, rows, whole and bool(rows) and rows[0].number == 1 and all(row.under_review for row in rows))
        ]
    return [Code(path, tuple(Line(first_line + at, line.removesuffix("\r")) for at, line in enumerate(lines)), whole)]


def _is_numbered(lines: Sequence[str]) -> bool:
    first = [line for line in lines[:_LOOKED_AT] if line]
    marked = [line for line in first if _ROW.match(line)]
    return bool(marked) and all(_ROW.match(line) or line[0] == "-" or line == _LEFT_OUT for line in first)


def _rows(lines: Sequence[str]) -> Iterator[Line]:
    for found in filter(None, map(_ROW.match, lines)):
        yield Line(int(found[1]), found[3].removesuffix("\r"), found[2] != "|")


def _is_diff(text: str) -> bool:
    return _HUNK.search(text) is not None and _FILE_HEADER.search(text) is not None


def _changed(diff: str) -> list[Code]:
    try:
        return [_new_side(patch) for patch in parse_patch(diff) if patch.new_path is not None]
    except MalformedPatch:
        return []


def _new_side(patch: FilePatch) -> Code:
    lines = (line for hunk in patch.hunks for line in hunk.lines if line.new is not None)
    return Code(patch.path, tuple(Line(line.place, line.text, line.mark == "+") for line in lines))
