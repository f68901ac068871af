"""What a caller names, file by file: a file, a folder with all that is in it, or a glob.

In a git work tree a folder holds what git lists, elsewhere what no ``.gitignore`` excludes. Of a folder or a glob,
secrets, links, binaries and installed packages are left out and counted; a file named by itself is read or refused.
Every file found is read through ``Beneath`` like any other. The calls block; they are made in a thread.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePath

from gemini_mcp.domain.errors import FileNotFound, TooLarge
from gemini_mcp.sources.beneath import Beneath
from gemini_mcp.sources.exclusions import Exclusions
from gemini_mcp.sources.globs import Glob, globs, is_glob
from gemini_mcp.sources.places import Place, unusable_name
from gemini_mcp.sources.sifting import KEPT_BY_GIT, file_left_out, folder_left_out
from gemini_mcp.sources.suggestions import not_found
from gemini_mcp.sources.trees import Entry, Trees

MOST_FILES = 500
_NOT_A_FILE = {
    "link": "a symbolic link",
    "folder": "another git repository",
    "other": "not a regular file",
    "closed": "a folder that cannot be listed",
}

Unwanted = Callable[[str], str | None]
"""Why a tool has no use for a path, or None."""


@dataclass(frozen=True, slots=True)
class Expansion:
    """``files``: names for ``Beneath.read``, sorted, each file once. ``left_out``: (path, why), sorted.
    ``found``: those of the files that a folder or a glob held, and nobody named."""

    files: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    found: frozenset[str] = frozenset()


def nothing(path: str) -> str | None:
    """Leaves nothing out beyond what nobody reads."""
    return None


class Listing:
    """Expands names beneath the roots. ``git``: the program, None for the one on the search path."""

    def __init__(self, beneath: Beneath, git: str | None = None) -> None:
        self._beneath, self._git = beneath, git

    def expanded(
        self,
        names: list[str],
        most: int = MOST_FILES,
        unwanted: Unwanted = nothing,
        exclusions: Exclusions | None = None,
    ) -> Expansion:
        """At most ``most`` files. What is ``unwanted`` is left out, unless it was named by itself; what the caller
        excludes is not there, however it was named.

        Raises a Refusal: FileNotFound when a name matches nothing, TooLarge when it matches too much. A name of which
        all is excluded is no error.
        """
        trees = Trees(self._beneath, self._git)
        search = _Search(self._beneath, trees, unwanted, exclusions or Exclusions(()))
        for name in names:
            search.take(name)
        if (count := len(search.files)) > most:
            fix = f'At most {most} can be: name a folder further down, or leave some out, as in "!tests/".'
            raise TooLarge(f"{count:,} files are too many for one call", fix)
        return search.expansion()


@dataclass(slots=True)
class _Search:
    """What one call has found so far."""

    beneath: Beneath
    trees: Trees
    unwanted: Unwanted
    exclusions: Exclusions
    files: set[Place] = field(default_factory=set)
    named: set[Place] = field(default_factory=set)
    left_out: dict[Place, str] = field(default_factory=dict)
    excluded: int = 0

    def expansion(self) -> Expansion:
        left_out = {self._shown(place): why for place, why in self.left_out.items() if place not in self.files}
        found = frozenset(map(self._shown, self.files - self.named))
        return Expansion(tuple(sorted(map(self._shown, self.files))), tuple(sorted(left_out.items())), found)

    def take(self, name: str) -> None:
        """Adds all that a name stands for. What is there by that very name is no glob."""
        place = self.beneath.roots.place(name)
        if is_glob(place.inside.as_posix()) and not os.path.lexists(place.whole):
            self._insist(lambda: self._take_globs(name), f"nothing matches {name}")
        elif self._kind(place, name) == "folder":
            self._insist(lambda: self._take_folder(place, name, None), f"{name} holds no file that can be read")
        elif not self._excludes(place):
            self.files.add(place)
            self.named.add(place)

    def _kind(self, place: Place, name: str) -> str:
        try:
            return self.beneath.kind(place, name)
        except FileNotFound:
            raise not_found(self.beneath, name) from None

    def _take_globs(self, name: str) -> int:
        """Raises FileNotFound when none of the folders that it may begin with is there."""
        starts = [
            (place.root, glob) for place in self.beneath.roots.places(name) for glob in globs(place.inside.as_posix())
        ]
        found, missing = 0, []
        for root, glob in starts:
            try:
                found += self._take_folder(Place(root, PurePath(glob.base)), name, glob)
            except FileNotFound:
                missing.append(glob.base)
        if len(missing) == len(starts):
            error = not_found(self.beneath, missing[0])
            raise FileNotFound(f"nothing matches {name}: {error.message}", error.fix)
        return found

    def _take_folder(self, place: Place, name: str, glob: Glob | None) -> int:
        """How many files a folder has that are meant."""
        base = self.beneath.folder(place, name).place
        depth = glob.depth if glob else None
        wants, skips = partial(self._wants, base, glob), partial(self._skips, base, glob)
        entries = self.trees.entries(base, name, depth, wants, skips)
        return sum(self._takes(base, entry) for entry in entries)

    def _takes(self, base: Place, entry: Entry) -> bool:
        place, kind = entry
        if kind == "file":
            self.files.add(place)
        elif place.inside.name.lower() not in KEPT_BY_GIT and not self._excludes(place, base, folder=kind == "folder"):
            self._leave_out(place, (kind == "folder" and folder_left_out(place.inside)) or _NOT_A_FILE[kind])
        return kind == "file"

    def _wants(self, base: Place, glob: Glob | None, parts: tuple[str, ...]) -> bool:
        """Whether what lies at ``parts`` below ``base`` is meant; notes why not when it only seems so."""
        if (glob and not glob.matches(parts)) or self._excludes(base.below(*parts), base):
            return False
        for depth in range(1, len(parts)):
            if folder_left_out((folder := base.below(*parts[:depth])).inside):
                self._takes(base, (folder, "folder"))
                return False
        place = base.below(*parts)
        if why := file_left_out(place.inside) or self.unwanted(place.inside.as_posix()):
            self._leave_out(place, why)
        return not why

    def _skips(self, base: Place, glob: Glob | None, parts: tuple[str, ...]) -> bool:
        """Whether a folder is excluded. A glob may have meant nothing of what is in there."""
        skipped = self.exclusions.excludes_place(base.below(*parts), base, folder=True)
        self.excluded += skipped and glob is None
        return skipped

    def _excludes(self, place: Place, base: Place | None = None, *, folder: bool = False) -> bool:
        excluded = self.exclusions.excludes_place(place, base, folder=folder)
        self.excluded += excluded
        return excluded

    def _leave_out(self, place: Place, why: str) -> None:
        if os.path.lexists(place.whole):  # git also names what was deleted, and a false one what was never there
            self.left_out[place] = why

    def _insist(self, take: Callable[[], int], what: str) -> None:
        excluded = self.excluded
        if not take() and self.excluded == excluded:
            why = f" ({len(self.left_out)} left out: {self._reasons()})" if self.left_out else ""
            raise FileNotFound(what + why, "Check the path; an ignored file is read when it is named by itself.")

    def _reasons(self) -> str:
        return "; ".join(sorted(set(self.left_out.values()))[:3])

    def _shown(self, place: Place) -> str:
        inside = place.inside.as_posix()
        return ascii(inside) if unusable_name(inside) else self.beneath.roots.shown(place)
