"""A change's lines as text. Git tells them as the bytes that they are, and files are not all in UTF-8.

A file is decoded whole, as any other is read, and each line of the change taken from it: what a few lines alone are
written in could only be guessed worse. One side may be in UTF-8 and the other not: a change may be of just that.
"""

import re
from dataclasses import replace

from gemini_mcp.domain.patches import FilePatch, PatchLine
from gemini_mcp.sources.texts import decoded

_STRAY = re.compile(r"[\udc80-\udcff]")
_MARK = "\ufeff"


def as_escaped(output: bytes) -> str:
    """What git wrote, the bytes that are no UTF-8 escaped: ``in_words`` and ``told`` put something in their place."""
    return output.decode("utf-8", "surrogateescape")


def in_words(text: str) -> str:
    """A name or the like, in which such bytes are of no use."""
    return _bytes(text).decode("utf-8", "replace") if _STRAY.search(text) else text


def named(patch: FilePatch) -> FilePatch:
    """With names and headings that can be shown."""
    old, new = (path and in_words(path) for path in (patch.old_path, patch.new_path))
    hunks = tuple(replace(hunk, section=in_words(hunk.section)) for hunk in patch.hunks)
    return replace(patch, old_path=old, new_path=new, hunks=hunks)


def is_told(patch: FilePatch) -> bool:
    """Whether every line is text already."""
    return not any(_STRAY.search(line.text) for hunk in patch.hunks for line in hunk.lines)


def told(patch: FilePatch, old: bytes | None, new: bytes | None) -> FilePatch:
    """The change with its lines as text. ``old`` and ``new``: the file on either side, None where it is not at hand.
    Raises UnsupportedFormat."""
    sides = {True: _lines(patch, old, removed=True), False: _lines(patch, new, removed=False)}
    strange = [removed for removed, lines in sides.items() if any(map(_STRAY.search, lines.values()))]
    # Looked at together, lest two encodings be guessed for one file.
    data = b"\n".join(_bytes(line) for removed in strange for line in sides[removed].values())
    text = iter(decoded(data, patch.path).split("\n")) if strange else iter(())
    for removed in strange:
        sides[removed] = {number: next(text) for number in sides[removed]}
    hunks = tuple(
        replace(hunk, lines=tuple(replace(line, text=_line(line, sides)) for line in hunk.lines))
        for hunk in patch.hunks
    )
    return replace(patch, hunks=hunks)


def without_mark(patch: FilePatch) -> FilePatch:
    """Without the byte order mark, which is no part of a file's first line when it is read."""
    first = patch.hunks[0] if patch.hunks else None
    if first is None or not any(line.text.startswith(_MARK) for line in first.lines):
        return patch
    lines = tuple(replace(line, text=line.text.removeprefix(_MARK)) for line in first.lines)
    return replace(patch, hunks=(replace(first, lines=lines), *patch.hunks[1:]))


def _lines(patch: FilePatch, data: bytes | None, *, removed: bool) -> dict[int, str]:
    """The lines of a side by their numbers, escaped; those of the change alone where the file is not at hand."""
    if data is not None:
        return dict(enumerate(as_escaped(data).split("\n"), 1))
    own = (line for hunk in patch.hunks for line in hunk.lines if (line.mark == "-") == removed)
    return {_number(line): line.text for line in own}


def _line(line: PatchLine, sides: dict[bool, dict[int, str]]) -> str:
    return sides[line.mark == "-"][_number(line)] if _STRAY.search(line.text) else line.text


def _number(line: PatchLine) -> int:
    number = line.old if line.mark == "-" else line.new
    assert number is not None, "a line stands on its side"
    return number


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
