"""Which files of a change are meant by the paths that a caller names beside a range.

A path may be from a root, absolute, or as git prints it: from the top of the repository, which lies above the root
where that is a folder within one. Globs match, ``!pattern`` leaves out. A path at which nothing is, and nothing was, is
refused: a review of less than was meant would look like one of all of it.
"""

import os
import posixpath
import sys
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

from gemini_mcp.domain.errors import FileNotFound, InvalidArgument, Refusal
from gemini_mcp.sources.beneath import Beneath
from gemini_mcp.sources.exclusions import Exclusions, parted
from gemini_mcp.sources.globs import Glob, globs, is_glob
from gemini_mcp.sources.listing import Listing
from gemini_mcp.sources.suggestions import not_found

UNCHANGED = "nothing in it changed"


class NamedPaths:
    """``folder``: where the names of the change begin. ``top``: of the repository. Raises a Refusal for a path that
    lies outside the roots, or is none."""

    def __init__(self, named: Sequence[str], folder: Path, top: Path, beneath: Beneath) -> None:
        wanted, patterns = parted(named)
        self._exclusions = Exclusions(patterns, beneath.roots)
        self._beneath = beneath
        self._folder, self._prefix = folder, folder.relative_to(top).as_posix()
        self._meant = {name: tuple(self._spellings(name)) for name in wanted}
        self._seen: set[str] = set()

    def include(self, path: str, old_path: str | None = None) -> bool:
        """Whether a file is meant, by the name that it has or by one that it had."""
        if self._exclusions.excludes(PurePath(path)):
            return False
        known = [name for name in (path, old_path) if name]
        by = {name for name, ways in self._meant.items() if any(_matches(path, way) for path in known for way in ways)}
        self._seen |= by
        return bool(by) or not self._meant

    def unchanged(self) -> list[tuple[str, str]]:
        """What was named and meant nothing so far: it is there. Raises a Refusal where it is not. Blocks."""
        idle = [name for name in self._meant if name not in self._seen]
        for name in idle:
            self._insist(name)
        return [(name, UNCHANGED) for name in idle]

    def _spellings(self, name: str) -> Iterator[str]:
        """Ways from the folder that a name may mean."""
        roots = self._beneath.roots
        for place in roots.places(name):
            whole = roots.real[place.root] / place.inside
            if whole.is_relative_to(self._folder):
                yield whole.relative_to(self._folder).as_posix()
        spelt = posixpath.normpath(name)
        if self._prefix != "." and (spelt == self._prefix or spelt.startswith(f"{self._prefix}/")):
            yield posixpath.relpath(spelt, self._prefix)

    def _insist(self, name: str) -> None:
        if not self._meant[name]:
            what = f"{name} is not in the repository that the range is read from ({self._folder.name})"
            raise InvalidArgument(what, "Name paths of that one, or leave git_range out.")
        if any(self._is_there(way) for way in self._meant[name]):
            return
        why = not_found(self._beneath, name)
        raise FileNotFound(f"{name} is neither a file here nor in the change", why.fix)

    def _is_there(self, way: str) -> bool:
        """Something to read, or that is refused for another reason than not being there."""
        whole = str(self._folder / way)
        if os.path.lexists(whole):
            return True
        try:
            return is_glob(way) and bool(Listing(self._beneath).expanded([whole], most=sys.maxsize).files)
        except FileNotFound:
            return False
        except Refusal:
            return True


def _matches(path: str, wanted: str) -> bool:
    """Whether it is what is named, lies in it, or is one of the files that a glob stands for."""
    if wanted in (".", path) or path.startswith(f"{wanted}/") or fnmatchcase(path, wanted):
        return True
    return is_glob(wanted) and any(_is_one(PurePath(path).parts, glob) for glob in globs(wanted))


def _is_one(path: tuple[str, ...], glob: Glob) -> bool:
    base = PurePath(glob.base).parts
    return path[: len(base)] == base and glob.matches(path[len(base) :])
