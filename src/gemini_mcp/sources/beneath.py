"""Reads regular files beneath the allowed roots, and lists folders there. Nothing is decoded here.

Each call opens anew and checks what it opened: no answer depends on what a path meant a moment before. The calls
block; they are made in a thread.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePath
from typing import Literal

from gemini_mcp.domain.errors import (
    FileNotFound,
    InvalidArgument,
    PathDenied,
    Refusal,
    SecretFound,
    TooLarge,
    UnsupportedFormat,
)
from gemini_mcp.sources.opening import Opened, Opening, best, of_the_kernel
from gemini_mcp.sources.places import Place, Roots, secret_place

MOST_ENTRIES = 100_000
_CHUNK = 1 << 16

Kind = Literal["file", "folder", "link", "other"]


@dataclass(frozen=True, slots=True)
class RawFile:
    """``path`` as shown in answers: from its root, with the root's name in front where an earlier root has the same.
    ``sha256`` (hex) is of ``data``."""

    path: str
    data: bytes = field(repr=False)
    sha256: str


@dataclass(frozen=True, slots=True)
class Folder:
    """``place`` is the real one. The entries are what they are themselves: no link was followed to learn it."""

    place: Place
    entries: dict[str, Kind]


class Beneath:
    """``roots``: absolute folders; none means that nothing may be read. ``opening``: None for the best way here."""

    def __init__(self, roots: tuple[Path, ...], opening: Opening | None = None) -> None:
        self.roots = Roots(roots)
        self._given = opening

    def read(self, name: str, most_bytes: int) -> RawFile:
        """The whole file. Raises a Refusal that says what is wrong with ``name``."""
        return self.read_at(self.roots.place(name), name, most_bytes)

    def look(self, name: str, most_bytes: int = 0) -> tuple[int, bytes]:
        """A file's size in bytes, for now, and how it begins. Raises a Refusal as ``read`` does."""
        with self._file(self.roots.place(name), name) as (fd, status):
            return status.st_size, os.read(fd, most_bytes) if most_bytes else b""

    def read_at(self, place: Place, name: str, most_bytes: int) -> RawFile:
        """As ``read``, of a place already found; ``name`` is what errors call it."""
        with self._file(place, name) as (fd, status):
            if stat.S_ISDIR(status.st_mode):
                raise _IsFolder(f"{name} is a folder", "Name the files in it.")
            data = _all_of(fd, status.st_size, most_bytes, name)
        return RawFile(self.roots.shown(place), data, hashlib.sha256(data).hexdigest())

    def kind(self, place: Place, name: str) -> Literal["file", "folder"]:
        """What may be read there, links followed. Raises a Refusal."""
        try:
            with self._file(place, name) as (_, status):
                return "folder" if stat.S_ISDIR(status.st_mode) else "file"
        except _IsFolder:  # some systems do not open one as a file
            return "folder"

    def folder(self, place: Place, name: str) -> Folder:
        """What lies in a folder. Raises a Refusal; SecretFound when all that lies in it is secret."""
        with self._passed(self._opening.folder(place), place, name) as opened:
            real = opened.passed[-1]
            for passed in {place, *opened.passed}:
                _refuse_secret(passed.inside / "any.md", name)
            with os.scandir(opened.at) as entries:
                return Folder(real, dict(_told(entries, name)))

    @cached_property
    def _opening(self) -> Opening:
        return self._given or best(self.roots)

    @contextmanager
    def _file(self, place: Place, name: str) -> Iterator[tuple[int, os.stat_result]]:
        """A file or folder that may be read, whatever names led to it."""
        _refuse_secret(place.inside, name)
        with self._passed(self._opening.file(place), place, name) as opened:
            for passed in {*opened.passed} - {place}:
                _refuse_secret(passed.inside, name)
            assert isinstance(opened.at, int)
            status = os.fstat(opened.at)
            regular = stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)
            if not regular or of_the_kernel(opened.at):
                raise PathDenied(f"{name} is not a regular file", "Name regular files only.")
            yield opened.at, status

    @contextmanager
    def _passed(self, opening: AbstractContextManager[Opened], place: Place, name: str) -> Iterator[Opened]:
        try:
            with opening as opened:
                yield opened
        except OSError as error:
            raise self._denied(error, name) from None

    def _denied(self, error: OSError, name: str) -> Refusal:
        match error.errno:
            case errno.EISDIR:
                return _IsFolder(f"{name} is a folder", "Name the files in it.")
            case errno.ENOENT:
                return FileNotFound(f"{name} does not exist", "Check the path; nothing was sent.")
            case errno.ENAMETOOLONG:
                return InvalidArgument("a file's name is too long", "Check the path.")
            case errno.EXDEV:
                what = f"{name} leads outside the folders open for reading ({self.roots.shown_folders})"
                return PathDenied(what, "Add the folder it leads to to GEMINI_AGENTS_ROOTS.")
            case errno.ELOOP:
                fix = "Give the path of the file itself."
                return PathDenied(f"{name} leads through too many symbolic links, or round in a circle", fix)
            case errno.ENOTDIR:
                return PathDenied(f"{name} leads through a file as if it were a folder", "Check the path.")
            case errno.ENXIO | errno.EOPNOTSUPP:  # a socket
                return PathDenied(f"{name} is not a regular file", "Name regular files only.")
        reason = error.strerror or type(error).__name__
        return PathDenied(f"{name} cannot be read ({reason})", "Check its permissions.")


class _IsFolder(UnsupportedFormat):
    """A folder, where a file was to be read."""


def _refuse_secret(inside: PurePath, name: str) -> None:
    if reason := secret_place(inside):
        raise SecretFound(f"{name} is not read: {reason}", "Leave it out; no argument allows it.")


def _told(entries: Iterator[os.DirEntry[str]], name: str) -> Iterator[tuple[str, Kind]]:
    for number, entry in enumerate(entries):
        if number >= MOST_ENTRIES:
            raise TooLarge(f"{name} holds over {MOST_ENTRIES} entries", "Name a folder further down.")
        yield entry.name, _kind(entry)


def _kind(entry: os.DirEntry[str]) -> Kind:
    if entry.is_symlink():
        return "link"
    if entry.is_file(follow_symlinks=False):
        return "file"
    return "folder" if entry.is_dir(follow_symlinks=False) else "other"


def _all_of(fd: int, size: int, most_bytes: int, name: str) -> bytes:
    """The bytes of an open file, which may grow or shrink meanwhile. As a rule one read, so that there is one copy."""
    if size > most_bytes:
        raise TooLarge(f"{name} is over {_told_size(most_bytes)}", "Split it, or name a smaller file.")
    chunks: list[bytes] = []
    read = 0
    while chunk := os.read(fd, size + 1 if size and not chunks else _CHUNK):
        chunks.append(chunk)
        read += len(chunk)
        if read > most_bytes:
            raise TooLarge(f"{name} grew over {_told_size(most_bytes)} while it was read", "Name a smaller file.")
    return b"".join(chunks)


def _told_size(size: int) -> str:
    return f"{size >> 20} MiB" if size >= 1 << 20 else f"{size:,} bytes"
