"""Where a name lies: beneath which of the allowed roots, by its letters alone. Nothing is opened here."""

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

from gemini_mcp.domain.errors import InvalidArgument, PathDenied
from gemini_mcp.sources.names import secret_name

_MOST_NAME_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Place:
    """A path that is held against its root at every use. ``inside``: the way from the root, "." for the root itself."""

    root: Path
    inside: PurePath

    def below(self, *parts: str) -> "Place":
        return Place(self.root, self.inside.joinpath(*parts))

    @property
    def whole(self) -> Path:
        return self.root / self.inside


class Roots:
    """The folders open for reading, absolute. Each is known as it was given and as it really is."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = folders
        self.real = {folder: Path(os.path.realpath(folder)) for folder in folders}
        spellings = {spelling.parts: folder for folder in folders for spelling in (self.real[folder], folder)}
        # A root inside another is never needed to find a place: the outermost first, so that a file has one place.
        self._spellings = sorted(spellings.items(), key=lambda item: len(item[0]))

    def place(self, name: str) -> Place:
        """The place of an absolute or a relative name; a relative one belongs to the first root that has it.

        Whether it may be read is decided when it is opened. Raises InvalidArgument, PathDenied.
        """
        places = list(self.places(name))
        with_label = self._labelled(name) if len(self.folders) > 1 else ()
        return next((place for place in (*places, *with_label) if os.path.lexists(place.whole)), places[0])

    def places(self, name: str) -> Iterator[Place]:
        """Every place that a name may mean, the likeliest first; at least one. ``..`` is resolved by name alone."""
        _check(name)
        if not self.folders:
            raise PathDenied("no folder is open for reading", "Set GEMINI_AGENTS_ROOTS for the server.")
        wholes = [Path(os.path.normpath(folder / name)) for folder in self.folders]
        found = dict.fromkeys(place for whole in wholes if (place := self.lying(whole.parts)))
        if not found:
            fix = "Add its folder to GEMINI_AGENTS_ROOTS."
            raise PathDenied(f"{name} is outside the folders open for reading ({self.shown_folders})", fix)
        yield from found

    def lying(self, parts: tuple[str, ...]) -> Place | None:
        """The place of an absolute path, of which only the part below a root may hold ``..``."""
        fitting = (item for item in self._spellings if parts[: len(item[0])] == item[0])
        return next((Place(folder, PurePath(*parts[len(spelling) :])) for spelling, folder in fitting), None)

    def shown(self, place: Place) -> str:
        """How a place is called in answers. Reading this name reads this place: two never share one."""
        inside = place.inside.as_posix()
        if len(self.folders) == 1:
            return inside
        names = (inside, f"{place.root.name}/{inside}")
        return next((name for name in names if self.place(name) == place), place.whole.as_posix())

    @property
    def shown_folders(self) -> str:
        return os.pathsep.join(str(folder) for folder in self.folders)

    def _labelled(self, name: str) -> Iterator[Place]:
        """A name as ``shown`` gives it, with the name of a root in front."""
        parts = PurePath(os.path.normpath(name)).parts
        for folder in self.folders:
            if parts[:1] == (folder.name,) and (place := self.lying(folder.parts + parts[1:])):
                yield place


def secret_place(inside: PurePath) -> str | None:
    """Why a path's name forbids reading it, or None: however it is spelt, for a file system that takes it for another.

    Some fold case by Unicode's rules, some compose characters, some pass over those that are not seen.
    """
    name = inside.as_posix()
    if (reason := secret_name(inside)) or name.isascii():
        return reason
    folded = unicodedata.normalize("NFKC", name).casefold()
    return secret_name(PurePath("".join(letter for letter in folded if unicodedata.category(letter) != "Cf")))


def unusable_name(name: str) -> str | None:
    """Why a name cannot stand in an answer or a receipt, or None."""
    if any(unicodedata.category(letter) == "Cc" for letter in name):
        return "its name holds control characters"
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return "its name is not UTF-8"
    return None


def _check(name: str) -> None:
    fix = "Give paths relative to the project."
    if not name:
        raise InvalidArgument("a file's name is empty", fix)
    if reason := unusable_name(name):
        raise InvalidArgument(f"a file cannot be named: {reason}", "Rename the file, or leave it out.")
    try:
        length = len(os.fsencode(name))
    except UnicodeEncodeError:  # a system whose names are not in Unicode
        raise InvalidArgument("no file can have such a name here", fix) from None
    if length > _MOST_NAME_BYTES:
        raise InvalidArgument("a file's name is too long", fix)
