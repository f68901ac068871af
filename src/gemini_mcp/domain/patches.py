"""Unified diffs as data: which files, which hunks, and the numbers of each line on either side."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from gemini_mcp.domain.hunks import MalformedPatch, Names, Other, RawHunk, diff_events, unquoted

Status = Literal["modified", "added", "deleted", "renamed", "copied", "mode changed"]

_NO_FILE = "/dev/null"
_SUBMODULE = re.compile(r"Subproject commit [0-9a-f]{40,64}(?:-dirty)?\s*")


@dataclass(frozen=True, slots=True)
class PatchLine:
    """A line of a hunk. ``mark``: " ", "+" or "-". ``old`` and ``new`` are its numbers on either side, None where it is
    not there; ``place``: its number on the new side, for a removed line that of the line which came after it."""

    mark: str
    text: str
    old: int | None
    new: int | None
    place: int


@dataclass(frozen=True, slots=True)
class Hunk:
    """``section`` is what the header says behind its second ``@@``, mostly the enclosing function."""

    section: str
    old_start: int
    new_start: int
    lines: tuple[PatchLine, ...]

    @property
    def old_lines(self) -> list[str]:
        return [line.text for line in self.lines if line.mark != "+"]

    @property
    def new_lines(self) -> list[str]:
        return [line.text for line in self.lines if line.mark != "-"]


@dataclass(frozen=True, slots=True)
class FilePatch:
    """What happens to one file. ``old_path`` is None for a new file, ``new_path`` for a deleted one."""

    old_path: str | None
    new_path: str | None
    status: Status
    hunks: tuple[Hunk, ...] = ()
    binary: bool = False

    @property
    def path(self) -> str:
        """The name it goes by: the new one, where there is one."""
        return self.new_path or self.old_path or ""

    @property
    def is_submodule(self) -> bool:
        """Whether it is another repository, of which git tells nothing but the commit."""
        lines = [line for hunk in self.hunks for line in hunk.lines]
        return bool(lines) and all(_SUBMODULE.fullmatch(line.text) for line in lines)

    @property
    def touched(self) -> frozenset[int]:
        """Lines of the new side that were changed: the added ones, and the two around a place where lines only went."""
        return frozenset(number for hunk in self.hunks for number in _touched(hunk))


def parse_patch(text: str) -> tuple[FilePatch, ...]:
    """The files of a diff: git's, or plain ``diff -u``'s. Raises MalformedPatch."""
    draft: _Draft | None = None
    files: list[FilePatch] = []
    for event in diff_events(_without_transport_cr(text)):
        if draft is None or _begins_file(event, draft):
            files.extend(_finished(draft))
            draft = _Draft()
        _take(event, draft)
    files.extend(_finished(draft))
    if not files:
        raise MalformedPatch("no change in it: neither file headers nor hunks of a unified diff")
    return tuple(files)


def new_side(patch: FilePatch, text: str) -> str | None:
    """The file as it is after the change, from the file as it was found: already changed, or not yet. None: neither."""
    lines = text.split("\n")
    before = all(_stands(lines, hunk.old_start, hunk.old_lines) for hunk in patch.hunks)
    after = all(_stands(lines, hunk.new_start, hunk.new_lines) for hunk in patch.hunks)
    if after and not (before and not any(hunk.new_lines for hunk in patch.hunks)):
        return text
    return "\n".join(_applied(lines, patch.hunks)) if before else None


def _without_transport_cr(text: str) -> str:
    """A diff whose very headers end in CRLF got them on its way here; elsewhere they belong to the file's lines."""
    headers = [line for line in text.split("\n") if line.startswith(("--- ", "+++ ", "@@ ", "diff --git "))]
    return text.replace("\r\n", "\n") if headers and all(line.endswith("\r") for line in headers) else text


# ------------------------------------------------------------------------------------------------------------- names


_PREFIXES = {("a", "b"), ("b", "a"), ("c", "i"), ("c", "w"), ("i", "w"), ("o", "w"), ("i", "c"), ("w", "c"), ("w", "i")}
"""What git puts in front of names: ``a/`` and ``b/``, or with diff.mnemonicPrefix letters for what is compared."""


def _git_names(line: str) -> tuple[str, str]:
    """The two names of a ``diff --git`` line. A blank may belong to a name: then the halves are alike."""
    rest = line.removeprefix("diff --git ").strip()
    if quoted := re.fullmatch(r'("(?:[^"\\]|\\.)*"|\S+) ("(?:[^"\\]|\\.)*"|\S+)', rest):
        return unquoted(quoted.group(1)), unquoted(quoted.group(2))
    blanks = [position for position, character in enumerate(rest) if character == " "]
    halves = [(rest[:blank], rest[blank + 1 :]) for blank in blanks]
    alike = (pair for pair in halves if pair[0].partition("/")[2] == pair[1].partition("/")[2])
    return next(alike, (rest, rest))


def _bare(old: str, new: str) -> tuple[str | None, str | None]:
    """The names without git's prefixes, None for a side where the file is not."""
    sides = old.split("/", 1), new.split("/", 1)
    if all(len(side) == 2 for side in sides) and _NO_FILE not in (old, new):
        return (sides[0][1], sides[1][1]) if (sides[0][0], sides[1][0]) in _PREFIXES else (old, new)
    return _one_sided(old, "aciow"), _one_sided(new, "bciow")


def _one_sided(name: str, prefixes: str) -> str | None:
    if name == _NO_FILE:
        return None
    return name[2:] if len(name) > 2 and name[1] == "/" and name[0] in prefixes else name


# ------------------------------------------------------------------------------------------------------------- files


@dataclass(slots=True)
class _Draft:
    """A file of which more may come. ``git``: names of its ``diff --git`` line; ``renamed``: named without prefixes."""

    git: tuple[str, str] | None = None
    names: tuple[str, str] | None = None
    renamed: dict[str, str] = field(default_factory=dict)
    status: Status | None = None
    binary: bool = False
    hunks: list[Hunk] = field(default_factory=list)


def _begins_file(event: Names | RawHunk | Other, draft: _Draft) -> bool:
    if isinstance(event, RawHunk):
        return False
    if isinstance(event, Other) and event.text.startswith("diff "):
        return True
    return draft.names is not None and (isinstance(event, Names) or event.text.startswith("Binary files "))


def _take(event: Names | RawHunk | Other, draft: _Draft) -> None:
    if isinstance(event, Names):
        draft.names = event.old, event.new
    elif isinstance(event, RawHunk):
        draft.names = draft.names or (event.old, event.new)
        draft.hunks.append(_hunk(event))
    else:
        _take_header(event, draft)


def _take_header(event: Other, draft: _Draft) -> None:
    text = event.text.rstrip("\r")
    if text.startswith("diff --git "):
        draft.git = _git_names(text)
    elif text.startswith(("diff --cc ", "diff --combined ")):
        raise MalformedPatch(f"line {event.at} opens a combined diff of a merge; only a diff of two sides can be read")
    elif found := re.match(r"Binary files (.+) and (.+) differ$", text):
        draft.binary = True
        draft.names = draft.names or (unquoted(found.group(1)), unquoted(found.group(2)))
    elif text == "GIT binary patch":
        draft.binary = True
    elif draft.git is not None and not draft.hunks:
        _take_git_header(text, draft)


_STATUSES: dict[str, Status] = {
    "new file mode ": "added",
    "deleted file mode ": "deleted",
    "rename from ": "renamed",
    "copy from ": "copied",
    "old mode ": "mode changed",
}


def _take_git_header(text: str, draft: _Draft) -> None:
    for start, status in _STATUSES.items():
        if text.startswith(start) and draft.status in (None, "mode changed"):
            draft.status = status
    if found := re.match(r"(?:rename|copy) (from|to) (.+)$", text):
        draft.renamed[found.group(1)] = unquoted(found.group(2))


def _finished(draft: _Draft | None) -> Iterable[FilePatch]:
    """The draft's file, unless it was mere talk."""
    if draft is None or (draft.names is None and draft.git is None):
        return ()
    if draft.git is None and not draft.hunks and not draft.binary:
        return ()
    old, new = _bare(*(draft.names or draft.git or ("", "")))
    old, new = draft.renamed.get("from", old), draft.renamed.get("to", new)
    status = _status(draft, old, new)
    sides = (None if status == "added" else old, None if status == "deleted" else new)
    return (FilePatch(sides[0], sides[1], status, tuple(draft.hunks), draft.binary),)


def _status(draft: _Draft, old: str | None, new: str | None) -> Status:
    if old is None or new is None:
        return "added" if old is None else "deleted"
    if draft.status == "mode changed" and (draft.hunks or draft.binary):
        return "modified"
    return draft.status or "modified"


def _hunk(raw: RawHunk) -> Hunk:
    # A count of nothing comes with the number of the line before.
    old, new = raw.old_start + (raw.old_count == 0), raw.new_start + (raw.new_count == 0)
    first = old, new
    lines: list[PatchLine] = []
    for line in raw.lines:
        mark, text = line[:1] or " ", line[1:]
        if mark == "\\":
            continue
        lines.append(PatchLine(mark, text, None if mark == "+" else old, None if mark == "-" else new, new))
        old, new = old + (mark != "+"), new + (mark != "-")
    _check_counts(raw, old - first[0], new - first[1])
    return Hunk(raw.section, *first, tuple(lines))


def _check_counts(raw: RawHunk, old: int, new: int) -> None:
    """One blank line less on both sides is forgiven: it is what trimming the text takes away."""
    if (raw.old_count and not raw.old_start) or (raw.new_count and not raw.new_start):
        raise MalformedPatch(f"line {raw.at}: {raw.header} begins at line 0; lines count from 1")
    if (old, new) in ((raw.old_count, raw.new_count), (raw.old_count - 1, raw.new_count - 1)):
        return
    claimed = f"claims {raw.old_count} old and {raw.new_count} new lines and has {old} and {new}"
    raise MalformedPatch(f"line {raw.at}: {raw.header} {claimed}")


def _touched(hunk: Hunk) -> Iterator[int]:
    removed_at: int | None = None
    for line in (*hunk.lines, PatchLine(" ", "", None, None, 0)):
        if line.mark == "-":
            removed_at = line.place
        elif line.new is not None and line.mark == "+":
            removed_at = None
            yield line.new
        elif removed_at is not None:
            yield from (number for number in (removed_at - 1, removed_at) if number > 0)
            removed_at = None


# ------------------------------------------------------------------------------------------------------------- sides


def _stands(lines: list[str], start: int, wanted: list[str]) -> bool:
    found = lines[start - 1 : start - 1 + len(wanted)]
    return [line.rstrip() for line in found] == [line.rstrip() for line in wanted]


def _applied(lines: list[str], hunks: Iterable[Hunk]) -> Iterator[str]:
    position = 0
    for hunk in sorted(hunks, key=lambda hunk: hunk.old_start):
        yield from lines[position : hunk.old_start - 1]
        yield from hunk.new_lines
        position = hunk.old_start - 1 + len(hunk.old_lines)
    yield from lines[position:]
