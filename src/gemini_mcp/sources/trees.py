"""What lies below a folder: as git tells it, or found by going through it. Links are told, and never gone through."""

import os
import time
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import PurePath
from typing import Literal

from gemini_mcp.domain.errors import FileNotFound, PathDenied, Refusal, TooLarge
from gemini_mcp.sources.beneath import Beneath, Kind
from gemini_mcp.sources.ignoring import Rules
from gemini_mcp.sources.places import Place
from gemini_mcp.sources.sifting import folder_left_out
from gemini_mcp.sources.worktree import TooMuch, git_names

_MOST_SEEN = 200_000
_MOST_DEPTH = 64
_MOST_SECONDS = 15.0
_MOST_RULES_BYTES = 1 << 18

Entry = tuple[Place, Kind | Literal["closed"]]
"""A folder that is told is one that was not gone through, on purpose; a closed one could not be."""
Wants = Callable[[tuple[str, ...]], bool]
"""Whether an entry, in parts from the base, is looked for; or whether a folder is passed over."""
Scopes = tuple[tuple[int, Rules], ...]
"""The rules that hold in a folder, each with the depth below the root at which its file lies; the nearest last."""


class Trees:
    """For one call, so that git is asked once for a folder, and no longer than a caller waits."""

    def __init__(self, beneath: Beneath, git: str | None) -> None:
        self._beneath, self._git = beneath, git
        self._known: dict[Place, list[bytes] | None] = {}
        self._deadline = time.monotonic() + _MOST_SECONDS
        self._seen = 0

    def entries(self, base: Place, name: str, depth: int | None, wants: Wants, skips: Wants) -> Iterator[Entry]:
        """All that is wanted below ``base``, a real place that errors call ``name``; at most ``depth`` names deep.
        What is below a folder that ``skips`` is wanted by nobody: it need not be gone through.

        Raises a Refusal: TooLarge when there is too much to go through.
        """
        try:
            listed = self._listed(base)
        except TooMuch:
            raise self._too_large(name) from None
        # In a work tree that ignores the whole of what was named, its own rules alone decide.
        if listed:
            return self._told(base, name, listed, wants)
        scopes = self._scopes_above(base) if listed is None else ()
        return self._walked(base, name, depth, wants, skips, scopes)

    def _listed(self, base: Place) -> list[bytes] | None:
        if base not in self._known:
            self._known[base] = git_names(self._beneath.roots.real[base.root] / base.inside, self._git)
        return self._known[base]

    # ------------------------------------------------------------------------------------------------------- by git

    def _told(self, base: Place, name: str, listed: list[bytes], wants: Wants) -> Iterator[Entry]:
        """What git lists, as far as it is there: it also lists what was deleted, or has become a link."""
        wanted: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for raw in listed:
            parts = tuple(os.fsdecode(raw).rstrip("/").split("/"))
            self._look(name)
            if not {"", ".", ".."}.intersection(parts) and wants(parts):
                wanted[parts[:-1]].append(parts[-1])
        for above, names in wanted.items():
            place = base.below(*above)
            # On some file systems git composes characters that the folder's own names do not.
            kinds = {_composed(entry): (entry, kind) for entry, kind in self._there(place, name).items()}
            found = (kinds.get(_composed(one)) for one in dict.fromkeys(names))
            yield from ((place.below(entry), kind) for entry, kind in filter(None, found))

    def _there(self, place: Place, name: str) -> dict[str, Kind]:
        """What a folder holds; nothing when it is gone, or behind a link."""
        try:
            folder = self._beneath.folder(place, name)
        except (FileNotFound, PathDenied):
            return {}
        return folder.entries if folder.place == place else {}

    # --------------------------------------------------------------------------------------------------- by walking

    def _walked(
        self, base: Place, name: str, depth: int | None, wants: Wants, skips: Wants, scopes: Scopes
    ) -> Iterator[Entry]:
        waiting: list[tuple[tuple[str, ...], Scopes]] = [((), scopes)]
        while waiting:
            parts, scopes = waiting.pop()
            folder = base.below(*parts)
            if (entries := self._found(folder, name)) is None:
                yield folder, "closed"
                continue
            if entries.get(".gitignore") == "file":
                scopes += self._rules(folder)
            for entry, kind in entries.items():
                self._look(name)
                place, below = folder.below(entry), (*parts, entry)
                if _is_ignored(place.inside, kind, scopes):
                    continue
                if kind != "folder":
                    yield from [(place, kind)] if wants(below) else []
                elif (depth is None or len(below) < depth) and not skips(below):
                    if folder_left_out(place.inside):
                        yield place, "folder"
                    else:
                        waiting.append((below, scopes))

    def _found(self, place: Place, name: str) -> dict[str, Kind] | None:
        """What a folder on the way holds; None when it cannot be gone through, or has become a link."""
        if len(place.inside.parts) > _MOST_DEPTH:
            return None
        try:
            folder = self._beneath.folder(place, name)
        except (FileNotFound, PathDenied):
            return None
        return folder.entries if folder.place == place else None

    def _scopes_above(self, base: Place) -> Scopes:
        """The rules of the folders above; none when they exclude what was named."""
        scopes: Scopes = ()
        for depth in range(len(base.inside.parts)):
            scopes += self._rules(Place(base.root, PurePath(*base.inside.parts[:depth])))
            if _is_ignored(PurePath(*base.inside.parts[: depth + 1]), "folder", scopes):
                return ()
        return scopes

    def _rules(self, folder: Place) -> Scopes:
        try:
            file = self._beneath.read_at(folder.below(".gitignore"), ".gitignore", _MOST_RULES_BYTES)
        except Refusal:
            return ()
        return ((len(folder.inside.parts), Rules(file.data.decode("utf-8-sig", "replace").splitlines())),)

    def _look(self, name: str) -> None:
        """Counts an entry seen, whether or not it is wanted."""
        self._seen += 1
        if self._seen > _MOST_SEEN or time.monotonic() > self._deadline:
            raise self._too_large(name)

    def _too_large(self, name: str) -> TooLarge:
        return TooLarge(f"{name} holds too much to look through", "Name a folder further down.")


def _is_ignored(inside: PurePath, kind: Kind, scopes: Scopes) -> bool:
    """The nearest rules that say anything decide."""
    end = "/" if kind == "folder" else ""
    verdicts = (rules.ignores("/".join(inside.parts[depth:]) + end) for depth, rules in reversed(scopes))
    return next((verdict for verdict in verdicts if verdict is not None), False)


def _composed(name: str) -> str:
    return unicodedata.normalize("NFC", name)
