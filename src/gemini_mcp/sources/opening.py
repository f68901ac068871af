"""Opens what lies at a place so that it cannot come to lie elsewhere between a check and its use.

Three ways with one meaning; ``best`` chooses. Links are followed only to what lies beneath a root, and every
name that was passed on the way is told, so that a link cannot lend a secret another name.

    Openat2    Linux: one call opens what no link leads through; where there are links, Walk takes over
    Walk       folder by folder, never through a link: each is read, and its text walked like any other name
    Named      without openat (Windows): open, then ask the system by which path it knows what was opened
"""

import errno
import os
import re
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Protocol

from gemini_mcp.sources.places import Place, Roots

_MOST_LINKS, _MOST_STEPS, _MOST_LEFT = 40, 10_000, 4_096
"""Of one walk: links, as in the kernel; folders entered; names of links not yet taken."""
_PLAIN = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
_FILE = (
    os.O_RDONLY | _PLAIN | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
)  # O_NONBLOCK: a FIFO must not hang us
_FOLDER = os.O_RDONLY | _PLAIN | getattr(os, "O_DIRECTORY", 0)
_PASSING = getattr(os, "O_PATH", os.O_RDONLY) | _PLAIN | getattr(os, "O_DIRECTORY", 0)
"""To go through a folder needs less than to list it."""
_IS_A_LINK = (errno.ELOOP, errno.ENOTDIR, errno.EMLINK)
"""What systems answer when O_NOFOLLOW meets a link; ENOTDIR may also mean a file."""
_SHORT_NAME = re.compile(r"[^.]{0,6}~[0-9A-Fa-f]{1,6}(?:\.[^.]{0,3})?")
"""CREDEN~1.JSO: another name that FAT and NTFS keep for credentials.json, on Linux too."""


@dataclass(frozen=True, slots=True)
class Opened:
    """``at``: a descriptor, or for a folder what ``os.scandir`` takes. ``passed``: the places whose names led here,
    the place asked for first, the real one last."""

    at: int | str
    passed: tuple[Place, ...]


class Opening(Protocol):
    """A way to open. Raises OSError: EXDEV when the way leads out of the roots."""

    def file(self, place: Place) -> AbstractContextManager[Opened]:
        """What lies there, open for reading, of whatever kind it is; ``at`` is a descriptor."""

    def folder(self, place: Place) -> AbstractContextManager[Opened]:
        """The folder that lies there, open for listing."""


def best(roots: Roots) -> Opening:
    """The way that this system allows."""
    if os.open not in os.supports_dir_fd or not hasattr(os, "O_NOFOLLOW"):
        return Named(roots)
    if sys.platform == "linux":
        from gemini_mcp.sources.linux import has_openat2

        return Openat2(roots) if has_openat2() else Walk(roots)
    return Walk(roots)


class _ByDescriptor:
    """What the two ways that open from a descriptor share."""

    @contextmanager
    def file(self, place: Place) -> Iterator[Opened]:
        yield from _closing(*self.open(place, _FILE))

    @contextmanager
    def folder(self, place: Place) -> Iterator[Opened]:
        yield from _closing(*self.open(place, _FOLDER))

    def open(self, place: Place, flags: int) -> tuple[int, tuple[Place, ...]]:
        """A descriptor of what lies there, and the places passed."""
        raise NotImplementedError


class Walk(_ByDescriptor):
    """Needs openat alone."""

    def __init__(self, roots: Roots) -> None:
        self._roots = roots

    def open(self, place: Place, flags: int) -> tuple[int, tuple[Place, ...]]:
        steps = _Steps(self._roots, place)
        try:
            return steps.end(flags), steps.passed
        finally:
            steps.close()


class Openat2(_ByDescriptor):
    """The kernel's own check, in one call."""

    def __init__(self, roots: Roots) -> None:
        self._walk = Walk(roots)

    def open(self, place: Place, flags: int) -> tuple[int, tuple[Place, ...]]:
        return self._straight(place, flags) or self._walk.open(place, flags)

    def _straight(self, place: Place, flags: int) -> tuple[int, tuple[Place, ...]] | None:
        from gemini_mcp.sources.linux import opened_beneath

        if any(map(_SHORT_NAME.fullmatch, place.inside.parts)):
            return None
        root = os.open(place.root, _PASSING)
        try:
            return opened_beneath(root, str(place.inside), flags), (place,)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.EXDEV, errno.EAGAIN):
                raise
            return None
        finally:
            os.close(root)


class _Steps:
    """One walk: where it stands (a descriptor and its real names), and the names yet to be taken."""

    def __init__(self, roots: Roots, place: Place) -> None:
        self._roots = roots
        self._here = -1
        self._names: list[str] = []
        self._steps, self._links = _MOST_STEPS, _MOST_LINKS
        self._passed = [place]
        self._left: deque[str] = deque()
        self._start(place)

    @property
    def passed(self) -> tuple[Place, ...]:
        return (*self._passed, Place(self._root, PurePath(*self._names)))

    def close(self) -> None:
        if self._here >= 0:
            os.close(self._here)
        self._here = -1

    def end(self, flags: int) -> int:
        """Takes all names; the last is opened with ``flags``."""
        while self._left:
            part = self._left.popleft()
            if part == "..":
                self._up()
            elif not self._left:
                if (fd := self._entered(part, flags)) is not None:
                    return fd
            elif (fd := self._entered(part, _PASSING)) is not None:
                self.close()
                self._here = fd
        return os.open(".", flags, dir_fd=self._here)  # the root itself, or a link that ends in ".."

    def _start(self, place: Place) -> None:
        """Goes on from a root, with the names of a place before those that are left."""
        self.close()
        self._root, self._names = place.root, []
        self._left.extendleft(reversed(place.inside.parts))
        self._here = os.open(place.root, _PASSING)

    def _entered(self, part: str, flags: int) -> int | None:
        """A descriptor of the entry ``part`` of this folder, or None when it is a link that is now being followed."""
        self._count_step()
        if _SHORT_NAME.fullmatch(part):
            self._insist_on_spelling(part)
        try:
            fd = os.open(part, flags | os.O_NOFOLLOW, dir_fd=self._here)
        except OSError as error:
            if error.errno not in _IS_A_LINK:
                raise
            self._follow(part, error)
            return None
        self._names.append(part)
        return fd

    def _follow(self, part: str, error: OSError) -> None:
        try:
            target = PurePath(os.readlink(part, dir_fd=self._here))
        except OSError:  # no link, or none any more
            raise error from None
        self._links -= 1
        if self._links < 0 or len(self._left) > _MOST_LEFT:
            raise _winding()
        if of_the_kernel(self._here):  # its links lead to what their text does not say
            raise _outside()
        self._passed.append(Place(self._root, PurePath(*self._names, part)))
        if target.is_absolute():
            self._jump(target.parts)
        else:
            self._left.extendleft(reversed(target.parts))

    def _up(self) -> None:
        """``..`` in a link's text. The way to the folder above is walked anew: it may have been moved meanwhile."""
        self._count_step()
        if self._names:
            self._start(Place(self._root, PurePath(*self._names[:-1])))
            return
        above = self._roots.real[self._root].parent
        while self._left and self._left[0] == "..":
            self._left.popleft()
            above = above.parent
        self._jump(above.parts)

    def _jump(self, parts: tuple[str, ...]) -> None:
        """Goes on at an absolute path, which may reach a root only by names that are left."""
        parts += tuple(self._left)
        self._left.clear()
        place = self._roots.lying(parts)
        if place is None:
            raise _outside()
        self._start(place)

    def _count_step(self) -> None:
        self._steps -= 1
        if self._steps < 0:
            raise _winding()

    def _insist_on_spelling(self, part: str) -> None:
        listed = os.open(".", _FOLDER, dir_fd=self._here)
        try:
            if part not in os.listdir(listed):
                raise OSError(errno.ENOENT, os.strerror(errno.ENOENT))
        finally:
            os.close(listed)


class Named:
    """Opens first, and then asks the system for the path of what it opened: it holds no link, nor another spelling.

    What lies outside may be opened so, and is closed unread. Folders are listed by their path: who swaps one at that
    moment learns us a name, of which nothing can be read.
    """

    def __init__(self, roots: Roots) -> None:
        self._roots = roots

    @contextmanager
    def file(self, place: Place) -> Iterator[Opened]:
        if os.name == "nt" and os.path.isdir(place.whole):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        fd = os.open(place.whole, _FILE)
        try:
            yield Opened(fd, (place, self._real(path_of(fd))))
        finally:
            os.close(fd)

    @contextmanager
    def folder(self, place: Place) -> Iterator[Opened]:
        path = os.path.realpath(place.whole, strict=True)
        if not os.path.isdir(path):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        yield Opened(path, (place, self._real(path)))

    def _real(self, path: str) -> Place:
        place = self._roots.lying(Path(path).parts)
        if place is None:
            raise _outside()
        return place


if sys.platform == "win32":

    def path_of(fd: int) -> str:
        """The path by which the system knows an open file, whatever name it was opened by. Raises OSError."""
        import ctypes
        import msvcrt

        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.GetFinalPathNameByHandleW.argtypes = (
            ctypes.c_void_p,
            ctypes.c_wchar_p,
            ctypes.c_uint32,
            ctypes.c_uint32,
        )
        path = ctypes.create_unicode_buffer(1 << 15)
        size = kernel.GetFinalPathNameByHandleW(msvcrt.get_osfhandle(fd), path, len(path), 0)
        if not 0 < size < len(path):
            raise ctypes.WinError(ctypes.get_last_error())
        plain = path.value.removeprefix("\\\\?\\")
        return "\\\\" + plain.removeprefix("UNC\\") if plain.startswith("UNC\\") else plain

else:

    def path_of(fd: int) -> str:
        """The path by which the system knows an open file, whatever name it was opened by. Raises OSError."""
        return os.readlink(f"/proc/self/fd/{fd}")


def _closing(fd: int, passed: tuple[Place, ...]) -> Iterator[Opened]:
    try:
        yield Opened(fd, passed)
    finally:
        os.close(fd)


def _outside() -> OSError:
    return OSError(errno.EXDEV, "leads outside")


def _winding() -> OSError:
    return OSError(errno.ELOOP, os.strerror(errno.ELOOP))


def of_the_kernel(fd: int) -> bool:
    """Whether a descriptor lies where the kernel shows the state of processes: /proc and its like."""
    if sys.platform != "linux":
        return False
    from gemini_mcp.sources import linux

    return linux.of_the_kernel(fd)
