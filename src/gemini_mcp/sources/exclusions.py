"""What a caller wants left out: ``!pattern`` among the names it gives, as in a ``.gitignore``.

``!tests/`` is every folder of that name and all below it, ``!*.min.js`` every such file, wherever it lies. A pattern
with a slash before its end is taken from a root, or from the folder that was named or that a glob begins with:
``!src/gen/`` leaves out ``src/gen``; one that begins with a slash, from a root alone. What a pattern spells to the
letter is meant, too, when it looks like a glob.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from gemini_mcp.domain.errors import InvalidArgument
from gemini_mcp.sources.globs import Glob, globs
from gemini_mcp.sources.places import Place, Roots
from gemini_mcp.sources.sifting import file_left_out, folder_left_out

MARK = "!"
MOST = 100
_FIX = 'Write it like "!tests/", "!*.min.js" or "!src/gen/x.py"; a file whose name begins with ! is named as "./!x".'

Parts = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Pattern:
    """``said``: as the caller wrote it. ``letters``: the parts it spells. ``anchored``: it holds where it begins,
    rather than at any depth; ``from_root``: and that is a root, ``root`` alone where it is an absolute path."""

    said: str
    letters: Parts
    globs: tuple[Glob, ...]
    folders_only: bool
    anchored: bool
    from_root: bool
    root: Path | None

    def matches(self, path: Parts, *, folder: bool) -> bool:
        """Whether an entry is meant itself, rather than by a folder above it."""
        if self.folders_only and not folder:
            return False
        spelt = path if self.anchored else path[-1:]
        return spelt == self.letters or any(glob.matches(path) for glob in self.globs)


class Exclusions:
    """Of one call. Without patterns nothing is excluded."""

    def __init__(self, patterns: Sequence[str], roots: Roots | None = None) -> None:
        """``patterns`` with their mark. Raises InvalidArgument for one that names nothing."""
        if len(patterns) > MOST:
            raise InvalidArgument(f"{len(patterns)} patterns are too many", f"Give at most {MOST}.")
        self._patterns = [_pattern(text, roots) for text in dict.fromkeys(patterns)]
        self._several_roots = roots is not None and len(roots.folders) > 1
        self._used: set[str] = set()
        self._known: dict[tuple[str, Parts], bool] = {}

    def __bool__(self) -> bool:
        return bool(self._patterns)

    def __str__(self) -> str:
        return ", ".join(f'"{pattern.said}"' for pattern in self._patterns)

    @property
    def used(self) -> bool:
        """Whether anything was excluded so far."""
        return bool(self._used)

    @property
    def notes(self) -> list[str]:
        """Patterns that excluded nothing: mistyped, perhaps. Those for what is never read anyway are not told."""
        idle = [pattern.said for pattern in self._patterns if pattern.said not in self._used and not _idle(pattern)]
        return [f'"{said}" left out nothing' for said in idle]

    def excludes(self, path: PurePath, *, folder: bool = False) -> bool:
        """Whether a path from where patterns begin is left out, by itself or with a folder above it."""
        return bool(self._patterns) and self._meant([path.parts], None, folder)

    def excludes_place(self, place: Place, base: Place | None = None, *, folder: bool = False) -> bool:
        """The same of a place, which a folder or glob at ``base`` holds."""
        if not self._patterns:
            return False
        starts = [place.inside.parts]
        if self._several_roots:
            starts.append((place.root.name, *place.inside.parts))
        if base is not None and base.root == place.root and base.inside.parts:
            starts.append(place.inside.parts[len(base.inside.parts) :])
        return self._meant(starts, place.root, folder)

    def _meant(self, starts: Sequence[Parts], root: Path | None, folder: bool) -> bool:
        for pattern in self._patterns:
            if root is not None and pattern.root not in (None, root):
                continue
            ways = starts[:1] if pattern.from_root else starts
            if any(self._covers(pattern, _composed(path), folder) for path in ways):
                self._used.add(pattern.said)
                return True
        return False

    def _covers(self, pattern: _Pattern, path: Parts, folder: bool) -> bool:
        if folder:
            return self._covers_folder(pattern, path)
        return bool(path) and (pattern.matches(path, folder=False) or self._covers_folder(pattern, path[:-1]))

    def _covers_folder(self, pattern: _Pattern, path: Parts) -> bool:
        """Each folder is looked at once, however many files it holds."""
        if not path:
            return False
        known = self._known.get((pattern.said, path))
        if known is None:
            known = pattern.matches(path, folder=True) or self._covers_folder(pattern, path[:-1])
            self._known[pattern.said, path] = known
        return known


def parted(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The names of what is to be read, and the patterns of what is not."""
    kept = [name for name in names if not name.lstrip().startswith(MARK)]
    return kept, [name.strip() for name in names if name.lstrip().startswith(MARK)]


def excluding(path: str) -> str:
    """The pattern that leaves out a path as it is shown, and nothing else."""
    return f"{MARK}/{path}" if "/" not in path else f"{MARK}{path}"


def _pattern(said: str, roots: Roots | None) -> _Pattern:
    text = said.removeprefix(MARK).strip()
    body, root = _inside(text, roots)
    parts = _composed(tuple(part for part in body.split("/") if part not in ("", ".")))
    if not parts or ".." in parts or "://" in text:
        raise InvalidArgument(f"{said} is no pattern of what to leave out", _FIX)
    from_root = root is not None or body.startswith(("/", "./"))
    anchored = from_root or len(parts) > 1
    found = tuple(map(_whole, globs("/".join(parts if anchored else ("**", *parts)))))
    return _Pattern(said, parts, found, body.endswith("/"), anchored, from_root, root)


def _whole(glob: Glob) -> Glob:
    """From where its pattern begins, rather than from its base."""
    return Glob(".", (*PurePath(glob.base).parts, *glob.parts))


def _inside(text: str, roots: Roots | None) -> tuple[str, Path | None]:
    """Of an absolute path beneath a root the way from it; what else begins with a slash begins at any root."""
    if roots is None or not PurePath(text).is_absolute():
        return text, None
    place = roots.lying(PurePath(text).parts)
    if place is None or not place.inside.parts:
        return text, None
    return place.inside.as_posix() + "/" * text.endswith("/"), place.root


def _idle(pattern: _Pattern) -> bool:
    path = PurePath(*pattern.letters)
    return bool(folder_left_out(path) or file_left_out(path))


def _composed(parts: Parts) -> Parts:
    """As some file systems compose characters and others do not."""
    return parts if all(map(str.isascii, parts)) else tuple(unicodedata.normalize("NFC", part) for part in parts)
