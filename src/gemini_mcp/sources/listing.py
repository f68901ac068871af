"""What a caller names, file by file: a file, a folder with all that is in it, or a glob.

In a git work tree a folder holds what git lists, elsewhere what no ``.gitignore`` excludes. Of a folder or a glob,
secrets, links, binaries and installed packages are left out and counted; a file named by itself is read or refused.
Every file found is read through ``Beneath`` like any other. The calls block; they are made in a thread.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import PurePath

from gemini_mcp.domain.errors import FileNotFound, TooLarge
from gemini_mcp.sources.beneath import Beneath
from gemini_mcp.sources.globs import Glob, globs, is_glob
from gemini_mcp.sources.places import Place, unusable_name
from gemini_mcp.sources.sifting import KEPT_BY_GIT, file_left_out, folder_left_out
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
    """``files``: names for ``Beneath.read``, sorted, each file once. ``left_out``: (path, why), sorted."""

    files: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...] = ()


def nothing(path: str) -> str | None:
    """Leaves nothing out beyond what nobody reads."""
    return None


class Listing:
    """Expands names beneath the roots. ``git``: the program, None for the one on the search path."""

    def __init__(self, beneath: Beneath, git: str | None = None) -> None:
        self._beneath, self._git = beneath, git

    def expanded(self, names: list[str], most: int = MOST_FILES, unwanted: Unwanted = nothing) -> Expansion:
        """At most ``most`` files. What is ``unwanted`` is left out, unless it was named by itself.

        Raises a Refusal: FileNotFound when a name matches nothing, TooLarge when it matches too much.
        """
        search = _Search(self._beneath, Trees(self._beneath, self._git), unwanted)
        for name in names:
            search.take(name)
        if (count := len(search.files)) > most:
            fix = f"At most {most} can be: name a folder further down, or a narrower glob."
            raise TooLarge(f"{count:,} files are too many for one call", fix)
        return search.expansion()


@dataclass(slots=True)
class _Search:
    """What one call has found so far."""

    beneath: Beneath
    trees: Trees
    unwanted: Unwanted
    files: set[Place] = field(default_factory=set)
    left_out: dict[Place, str] = field(default_factory=dict)

    def expansion(self) -> Expansion:
        left_out = {self._shown(place): why for place, why in self.left_out.items() if place not in self.files}
        return Expansion(tuple(sorted(map(self._shown, self.files))), tuple(sorted(left_out.items())))

    def take(self, name: str) -> None:
        """Adds all that a name stands for. What is there by that very name is no glob."""
        place = self.beneath.roots.place(name)
        if is_glob(place.inside.as_posix()) and not os.path.lexists(place.whole):
            self._insist(self._take_globs(name), f"nothing matches {name}")
        elif self.beneath.kind(place, name) == "file":
            self.files.add(place)
        else:
            self._insist(self._take_folder(place, name, None), f"{name} holds no file that can be read")

    def _take_globs(self, name: str) -> int:
        found = 0
        for place in self.beneath.roots.places(name):
            for glob in globs(place.inside.as_posix()):
                with suppress(FileNotFound):
                    found += self._take_folder(Place(place.root, PurePath(glob.base)), name, glob)
        return found

    def _take_folder(self, place: Place, name: str, glob: Glob | None) -> int:
        """How many files a folder has that are meant."""
        base = self.beneath.folder(place, name).place
        entries = self.trees.entries(base, name, glob.depth if glob else None, partial(self._wants, base, glob))
        return sum(map(self._takes, entries))

    def _takes(self, entry: Entry) -> bool:
        place, kind = entry
        if kind == "file":
            self.files.add(place)
        elif place.inside.name.lower() not in KEPT_BY_GIT:
            self._leave_out(place, (kind == "folder" and folder_left_out(place.inside)) or _NOT_A_FILE[kind])
        return kind == "file"

    def _wants(self, base: Place, glob: Glob | None, parts: tuple[str, ...]) -> bool:
        """Whether what lies at ``parts`` below ``base`` is meant; notes why not when it only seems so."""
        if glob and not glob.matches(parts):
            return False
        for depth in range(1, len(parts)):
            if folder_left_out((folder := base.below(*parts[:depth])).inside):
                self._takes((folder, "folder"))
                return False
        place = base.below(*parts)
        if why := file_left_out(place.inside) or self.unwanted(place.inside.as_posix()):
            self._leave_out(place, why)
        return not why

    def _leave_out(self, place: Place, why: str) -> None:
        if os.path.lexists(place.whole):  # git also names what was deleted, and a false one what was never there
            self.left_out[place] = why

    def _insist(self, found: int, what: str) -> None:
        if not found:
            why = f" ({len(self.left_out)} left out: {self._reasons()})" if self.left_out else ""
            raise FileNotFound(what + why, "Check the path; an ignored file is read when it is named by itself.")

    def _reasons(self) -> str:
        return "; ".join(sorted(set(self.left_out.values()))[:3])

    def _shown(self, place: Place) -> str:
        inside = place.inside.as_posix()
        return ascii(inside) if unusable_name(inside) else self.beneath.roots.shown(place)
