"""A name that is not there: where it was looked for, what is there that is called much the same, and which ways of
writing a path are not understood. Names of secrets are never suggested."""

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import PurePath

from gemini_mcp.domain.errors import FileNotFound, Refusal
from gemini_mcp.sources.beneath import Beneath
from gemini_mcp.sources.places import Place, secret_place, unusable_name

_MOST_ENTRIES = 2_000
_LONGEST = 80
_MOST_SUGGESTED = 3
_LIKENESS = 0.6
_LINES = re.compile(r"(?P<file>.+?)(?P<suffix>:\d+(?:[-:,]\d+)*:?|#L?\d+(?:C\d+)?(?:-L?\d+(?:C\d+)?)?)\Z", re.DOTALL)
_FRAGMENT = re.compile(r"(?P<file>.+?)(?P<suffix>#[^/]*)\Z", re.DOTALL)


def not_found(beneath: Beneath, name: str) -> FileNotFound:
    """The refusal of a name at which nothing lies. Blocks."""
    if (cut := _cut(beneath, name)) is not None:
        return cut
    where = f"in {beneath.roots.shown_folders}"
    if name.startswith(("~", "$", "%")):
        fix = "Give paths relative to the project, or absolute ones beneath that folder."
        return FileNotFound(f"{name} does not exist {where}: ~ and variables are not understood", fix)
    if likely := _alike(beneath, name):
        return FileNotFound(f"{name} does not exist {where}", f"Did you mean {' or '.join(likely)}? Nothing was sent.")
    return FileNotFound(f"{name} does not exist {where}", "Check the path; nothing was sent.")


def _cut(beneath: Beneath, name: str) -> FileNotFound | None:
    """For a file's name with the number of a line, or another part of the file, behind it."""
    for pattern in (_LINES, _FRAGMENT):
        found = pattern.match(name)
        if found is None or not _is_there(beneath, found["file"]):
            continue
        file, suffix = found["file"], found["suffix"]
        if file.lower().endswith(".pdf"):
            return FileNotFound(f"{suffix} behind {file} is not understood", f"Choose pages as in {file}#pages=3-7,12.")
        what = f"{name} names lines, and files are read whole" if pattern is _LINES else f"{suffix} is not understood"
        return FileNotFound(what, f"Give {file}; say in words which part of it matters.")
    return None


def _is_there(beneath: Beneath, name: str) -> bool:
    try:
        return beneath.kind(beneath.roots.place(name), name) == "file"
    except Refusal:
        return False


def _alike(beneath: Beneath, name: str) -> list[str]:
    """Entries of the folder in which the way of a name first breaks off, with the rest of the way where that is
    there."""
    found: dict[str, None] = {}
    for place in beneath.roots.places(name):
        for entry, rest in _candidates(beneath, place):
            way = entry.below(*rest)
            best = way if rest and os.path.lexists(way.whole) else entry
            if not secret_place(best.inside) and not secret_place(best.inside / "any"):
                found[beneath.roots.shown(best)] = None
    return list(found)[:_MOST_SUGGESTED]


def _candidates(beneath: Beneath, place: Place) -> Iterator[tuple[Place, tuple[str, ...]]]:
    parts = place.inside.parts
    folder = Place(place.root, PurePath())
    for number, part in enumerate(parts):
        try:
            entries = beneath.folder(folder, "it").entries
        except Refusal:
            return
        if part not in entries:
            yield from ((folder.below(entry), parts[number + 1 :]) for entry in _close(part, list(entries)))
            return
        folder = folder.below(part)


def _close(part: str, entries: list[str]) -> list[str]:
    """Cheap, whatever lies there: of few names, and short ones."""
    near = [entry for entry in entries if len(entry) <= _LONGEST and not unusable_name(entry)]
    if len(part) > _LONGEST or len(near) > _MOST_ENTRIES:
        return [entry for entry in near[:_MOST_ENTRIES] if entry.lower() == part.lower()]
    spelt: dict[str, list[str]] = {}
    for entry in sorted(near):
        spelt.setdefault(entry.lower(), []).append(entry)
    close = get_close_matches(part.lower(), list(spelt), n=_MOST_SUGGESTED, cutoff=_LIKENESS)
    return [entry for one in close for entry in spelt[one]]
