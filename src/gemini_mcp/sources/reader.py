"""Reads UTF-8 text files beneath the allowed roots. All of what was asked for is read, or nothing is sent.

Each component of a path is opened from the folder above it without following symbolic links: there is no
moment between a check and its use in which the path could come to mean something else.
"""

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

import anyio.to_thread

from gemini_mcp.domain.errors import FileNotFound, InvalidArgument, PathDenied, SecretFound, TooLarge, UnsupportedFormat
from gemini_mcp.domain.material import Source
from gemini_mcp.sources.names import secret_name

MOST_FILES = 200
MOST_FILE_BYTES = 4 * 1024 * 1024
MOST_TOTAL_BYTES = 8 * 1024 * 1024
_CHUNK = 1024 * 1024


class Reader:
    """Reads for one server. ``roots``: absolute folders; none means that no file may be read."""

    def __init__(self, roots: tuple[Path, ...]) -> None:
        self._roots = roots

    async def read(self, names: list[str]) -> tuple[Source, ...]:
        """The files' contents, in order. Raises a Refusal that names the first file at fault."""
        if len(names) > MOST_FILES:
            raise TooLarge(f"{len(names)} files are too many for one call", f"Name at most {MOST_FILES}.")
        return await anyio.to_thread.run_sync(self._read_all, names) if names else ()

    def _read_all(self, names: list[str]) -> tuple[Source, ...]:
        sources: list[Source] = []
        total = 0
        for name in dict.fromkeys(names):
            sources.append(self._read_one(name))
            total += sources[-1].bytes
            if total > MOST_TOTAL_BYTES:
                raise TooLarge(f"the files are over {MOST_TOTAL_BYTES >> 20} MiB together", "Name fewer files.")
        return tuple(sources)

    def _read_one(self, name: str) -> Source:
        root, inside = self._place(name)
        if reason := secret_name(inside):
            raise SecretFound(f"{name} is not read: {reason}", "Leave it out; no argument allows it.")
        content = _content(root, inside, name)
        return Source(inside.as_posix(), _decoded(content, name), len(content), hashlib.sha256(content).hexdigest())

    def _place(self, name: str) -> tuple[Path, PurePath]:
        """The root a path lies beneath, and its way from there. ``..`` is resolved by name alone."""
        if not name or "\0" in name or not _encodable(name):
            raise InvalidArgument("no file can have such a name", "Give paths relative to the project.")
        if not self._roots:
            raise PathDenied("no folder is open for reading", "Set GEMINI_AGENTS_ROOTS for the server.")
        places = [(root, whole.relative_to(root)) for root in self._roots if (whole := _beneath(root, name))]
        if not places:
            shown = os.pathsep.join(str(root) for root in self._roots)
            fix = "Add its folder to GEMINI_AGENTS_ROOTS."
            raise PathDenied(f"{name} is outside the folders open for reading ({shown})", fix)
        # A relative name belongs to the first root that has it; whether it may be read is decided when it is opened.
        return next((place for place in places if os.path.lexists(place[0] / place[1])), places[0])


def _encodable(name: str) -> bool:
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return False
    return True


def _beneath(root: Path, name: str) -> Path | None:
    whole = Path(os.path.normpath(root / name))
    return whole if whole.is_relative_to(root) else None


def _content(root: Path, inside: PurePath, name: str) -> bytes:
    try:
        with _opened(root, inside) as fd:
            status = os.fstat(fd)
            if stat.S_ISDIR(status.st_mode):
                raise UnsupportedFormat(f"{name} is a folder", "Name the files in it.")
            if not stat.S_ISREG(status.st_mode):
                raise PathDenied(f"{name} is not a regular file", "Name regular files only.")
            if status.st_size > MOST_FILE_BYTES:
                raise TooLarge(f"{name} is over {MOST_FILE_BYTES >> 20} MiB", "Split it, or name a smaller file.")
            return _all_of(fd, name)
    except OSError as error:
        raise _denied(error, name) from None


def _denied(error: OSError, name: str) -> FileNotFound | PathDenied | InvalidArgument:
    if error.errno == errno.ENOENT:
        return FileNotFound(f"{name} does not exist", "Check the path; nothing was sent.")
    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK):
        return PathDenied(f"{name} leads through a symbolic link or a file", "Give the path of the file itself.")
    if error.errno == errno.ENAMETOOLONG:
        return InvalidArgument("a file's name is too long", "Check the path.")
    return PathDenied(f"{name} cannot be read ({error.strerror or type(error).__name__})", "Check its permissions.")


def _all_of(fd: int, name: str) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while chunk := os.read(fd, _CHUNK):
        chunks.append(chunk)
        size += len(chunk)
        if size > MOST_FILE_BYTES:
            raise TooLarge(f"{name} grew over {MOST_FILE_BYTES >> 20} MiB while it was read", "Name a smaller file.")
    return b"".join(chunks)


def _decoded(content: bytes, name: str) -> str:
    fix = "Only UTF-8 text can be sent; convert the file first."
    if b"\0" in content:
        raise UnsupportedFormat(f"{name} is binary", fix)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise UnsupportedFormat(f"{name} is not UTF-8 text", fix) from None


if os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW"):

    @contextmanager
    def _opened(root: Path, inside: PurePath) -> Iterator[int]:
        """The file, opened folder by folder. O_NONBLOCK: a FIFO must not hang us."""
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in inside.parts[:-1]:
                below = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
                os.close(folder)
                folder = below
            flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | getattr(os, "O_NOCTTY", 0)
            fd = os.open(inside.name or ".", flags, dir_fd=folder)
        finally:
            os.close(folder)
        try:
            yield fd
        finally:
            os.close(fd)

else:

    @contextmanager
    def _opened(root: Path, inside: PurePath) -> Iterator[int]:
        """Without openat: open, then make sure that what was opened is what the path still means, beneath the root."""
        path = root / inside
        fd = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        try:
            real = Path(os.path.realpath(path))
            same = os.path.samestat(os.fstat(fd), os.stat(real))
            if not same or real != Path(os.path.realpath(root)) / inside:
                raise OSError(errno.ELOOP, "leads elsewhere")
            yield fd
        finally:
            os.close(fd)
