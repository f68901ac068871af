"""Which findings of a review stand up to being looked up: in a file of the review, with a quote that is in it, about
the change where there is one, each told once. Nothing is taken on trust that can be looked up.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from gemini_mcp.domain.findings import SEVERITIES, Finding, Severity, by_gravity
from gemini_mcp.domain.outline import Outline, outline
from gemini_mcp.domain.patches import FilePatch
from gemini_mcp.domain.quotes import Stretch, Text, is_trivial
from gemini_mcp.domain.symbols import ChangedNames, changed_names, lines_said, names_in, said, said_as_code

Reason = Literal[
    "malformed",
    "file not in the review",
    "quote not found",
    "quote too short to place",
    "outside the change",
    "duplicate",
    "below min_severity",
    "refuted",
]
_ALIKE = 0.5


@dataclass(frozen=True, slots=True)
class Verified:
    """The findings that stood, corrected, the gravest first; and how many fell for which reason."""

    kept: tuple[Finding, ...]
    dropped: Counter[Reason] = field(default_factory=Counter)


def verified(
    findings: Iterable[Finding],
    files: Mapping[str, str],
    patches: Sequence[FilePatch] | None = None,
    min_severity: Severity = "low",
) -> Verified:
    """Look every finding up.

    ``files``: path to the text of all files in the review, of a change their new side. ``patches``: the change under
    review, None where whole files are; a patched file need not be in ``files``, its hunks will do.
    """
    review = _Review(files, patches)
    dropped: Counter[Reason] = Counter()
    placed: list[Finding] = []
    for finding in findings:
        found = review.placed(finding)
        if isinstance(found, Finding):
            placed.append(found)
        else:
            dropped[found] += 1
    merged = _merged(placed)
    kept = tuple(finding for finding in merged if finding.rank <= SEVERITIES.index(min_severity))
    dropped["duplicate"] += len(placed) - len(merged)
    dropped["below min_severity"] += len(merged) - len(kept)
    return Verified(by_gravity(kept), +dropped)


# ------------------------------------------------------------------------------------------------------------ places


@dataclass(frozen=True, slots=True)
class _Place:
    """Lines where a quote stands, whether the change touches them, all that is in them, and the quote itself."""

    first: int
    last: int
    touched: bool
    text: str
    quote: str

    def distance(self, line: int) -> int:
        return max(self.first - line, line - self.last, 0)


class _File:
    """One file of the review. A change's hunks are searched too: they hold what was removed."""

    def __init__(self, path: str, text: str | None, patch: FilePatch | None) -> None:
        self.path = path
        self.patch = patch
        self.touched = patch.touched if patch else frozenset[int]()
        self.outline: Outline | None = outline(path, text) if patch and text is not None else None
        rows = text.split("\n") if text is not None else []
        self._whole = Text(row.removesuffix("\r") for row in rows)
        self._lines = len(rows) - (rows[-1:] == [""])
        self._shown, self._numbers, self._marks = self._of_hunks()

    def _of_hunks(self) -> tuple[Text, list[int], list[str]]:
        hunks = self.patch.hunks if self.patch else ()
        lines = [line for hunk in hunks for line in hunk.lines]
        starts = {sum(len(hunk.lines) for hunk in hunks[:index]) for index in range(1, len(hunks))}
        gone = self.patch is not None and self.patch.new_path is None
        numbers = [self._within((line.old if gone else line.new) or line.place) for line in lines]
        return Text((line.text for line in lines), frozenset(starts)), numbers, [line.mark for line in lines]

    def _within(self, number: int) -> int:
        """What was removed at the very end has no line after it."""
        return max(1, min(number, self._lines) if self._lines else number)

    def places(self, quote: str) -> list[_Place]:
        found = {self._place(stretch): None for stretch in self._whole.find(quote)}
        found |= {self._shown_place(stretch): None for stretch in self._shown.find(quote)}
        return list(found)

    def _place(self, stretch: Stretch) -> _Place:
        first, last = stretch.first + 1, stretch.last + 1
        touched = not self.touched.isdisjoint(range(first, last + 1))
        return _Place(first, last, touched, _text(self._whole, stretch), self._whole.says(stretch))

    def _shown_place(self, stretch: Stretch) -> _Place:
        numbers = self._numbers[stretch.first : stretch.last + 1]
        touched = any(mark != " " for mark in self._marks[stretch.first : stretch.last + 1])
        return _Place(min(numbers), max(numbers), touched, _text(self._shown, stretch), self._shown.says(stretch))

    def changed_around(self, place: _Place) -> bool:
        """Whether something was changed in the function around the place, or in its hunk where no function is known."""
        block = self.outline.enclosing(place.first) if self.outline else None
        if block is not None:
            return not self.touched.isdisjoint(range(block.first, block.last + 1))
        hunks = self.patch.hunks if self.patch else ()
        ends = ((hunk.lines[0].place, hunk.lines[-1].place) for hunk in hunks if hunk.lines)
        return any(first <= place.first <= last for first, last in ends)


def _text(text: Text, stretch: Stretch) -> str:
    return "\n".join(text.rows[stretch.first : stretch.last + 1])


# ------------------------------------------------------------------------------------------------------------ lookup


class _Review:
    """All that a finding can be about. Files are taken apart when a finding first names them."""

    def __init__(self, files: Mapping[str, str], patches: Sequence[FilePatch] | None) -> None:
        self._texts = files
        self._patches = {patch.path: patch for patch in patches or ()}
        self._reviews_change = patches is not None
        self._names = {path: path for path in (*self._patches, *files)}
        olds = ((patch.old_path, path) for path, patch in self._patches.items())
        self._names |= {old: path for old, path in olds if old and old not in self._names}
        self._files: dict[str, _File] = {}

    def placed(self, finding: Finding) -> Finding | Reason:
        """The finding as it is true of a file, or why it is of none."""
        meant = [self._file(path) for path in _meant(finding.file, self._names)]
        found = [(file, places) for file in meant if (places := file.places(finding.quote))]
        if len(found) != 1:
            return "quote not found" if meant and not found else "file not in the review"
        file, places = found[0]
        if is_trivial(finding.quote) and not (places := [p for p in places if not p.distance(finding.line)]):
            return "quote too short to place"
        place = min(places, key=lambda place: self._unlikely(place, finding.line))
        if self._reviews_change and not place.touched and not _broken(finding, file, place, self._changes):
            return "outside the change"
        return replace(finding, file=file.path, line=place.first, end_line=place.last, quote=place.quote)

    def _file(self, path: str) -> _File:
        if path not in self._files:
            self._files[path] = _File(path, self._texts.get(path), self._patches.get(path))
        return self._files[path]

    @cached_property
    def _changes(self) -> ChangedNames:
        outlines = {path: file.outline for path in self._patches if (file := self._file(path)).outline is not None}
        return changed_names(self._patches.values(), outlines)

    def _unlikely(self, place: _Place, line: int) -> tuple[bool, bool, int, int]:
        """Best where the model says; else in the change, and as near to the line it says as may be."""
        distance = place.distance(line) if line else 0
        return not line or distance > 0, self._reviews_change and not place.touched, distance, place.first


def _meant(name: str, names: Mapping[str, str]) -> Sequence[str]:
    """The files that may be meant: a name may have come with ``./``, with a diff's prefix, all the way from the root,
    or without its folders."""
    name = name.strip().strip("`'\"").replace("\\", "/").removeprefix("./")
    for exact in (name, name[2:] if name[:2] in ("a/", "b/") else name):
        if exact in names:
            return (names[exact],)
    if not name:
        return ()
    longer = {path for known, path in names.items() if known.endswith(f"/{name}")}
    shorter = {path for known, path in names.items() if name.startswith("/") and name.endswith(f"/{known}")}
    return sorted(longer or shorter)


def _broken(finding: Finding, file: _File, place: _Place, changes: ChangedNames) -> bool:
    """Whether a finding on lines that were not changed is about what the change breaks there.

    Its message must name what was changed, and the place must have to do with it: the code there uses the name,
    calls the function that was changed, or stands in the same function as the change.
    """
    words, used = said(finding.message), names_in(place.text)
    if any(name in words and name in used for name in changes.names):
        return True
    for owner in changes.owners:
        inside = owner.path == file.path and owner.first <= place.first <= owner.last
        if not inside and owner.name in words and owner.name in used:
            return True
    named = not changes.names.isdisjoint(said_as_code(finding.message)) or lines_said(finding.message) & file.touched
    return bool(named) and file.changed_around(place)


# -------------------------------------------------------------------------------------------------------- duplicates


def _merged(findings: Iterable[Finding]) -> list[Finding]:
    """Each thing told once: of two the graver one, with the longer suggestion."""
    merged: list[Finding] = []
    for finding in by_gravity(findings):
        index = next((index for index, other in enumerate(merged) if _same(other, finding)), None)
        if index is None:
            merged.append(finding)
        else:
            merged[index] = _joined(merged[index], finding)
    return merged


def _same(one: Finding, other: Finding) -> bool:
    overlap = one.file == other.file and one.line <= other.end_line and other.line <= one.end_line
    return overlap and (one.category == other.category or _alike(one.message, other.message))


def _joined(graver: Finding, other: Finding) -> Finding:
    """Where the two say different things, nothing of what they say is lost."""
    message = graver.message
    if not _alike(message, other.message):
        message = f"{message.rstrip('.')}. Also: {other.message}"
    return replace(graver, message=message, suggestion=max(graver.suggestion, other.suggestion, key=len))


def _alike(one: str, other: str) -> bool:
    words, others = ({word.lower() for word in said(text)} for text in (one, other))
    return len(words & others) >= _ALIKE * max(1, min(len(words), len(others)))
