"""Two calls of Linux that Python does not offer: openat2, and the kind of file system that a file is on."""

import ctypes
import errno
import os
from functools import cache

_OPENAT2 = 437
"""The same number on every architecture: the call is younger than their common table."""
_NO_MAGICLINKS, _NO_SYMLINKS, _BENEATH = 0x02, 0x04, 0x08
_KERNELS_OWN = frozenset({0x9FA0, 0x62656572, 0x64626720, 0x74726163, 0x73636673, 0xCAFE4A11})
"""proc, sysfs, debugfs, tracefs, securityfs, bpf: what lies there is the state of processes, not files of a project."""
_STATFS_BYTES = 512


class _How(ctypes.Structure):
    _fields_ = (("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64))


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.argtypes = (ctypes.c_long, ctypes.c_int, ctypes.c_char_p, ctypes.POINTER(_How), ctypes.c_size_t)
    libc.syscall.restype = ctypes.c_long
    libc.fstatfs.argtypes = (ctypes.c_int, ctypes.c_char_p)
    return libc


def opened_beneath(folder: int, path: str, flags: int) -> int:
    """A new descriptor of ``path`` beneath the open ``folder``, with no link on the way. Raises OSError."""
    how = _How(flags, 0, _BENEATH | _NO_SYMLINKS | _NO_MAGICLINKS)
    while True:
        fd = int(_libc().syscall(_OPENAT2, folder, os.fsencode(path), ctypes.byref(how), ctypes.sizeof(how)))
        if fd >= 0:
            return fd
        if (number := ctypes.get_errno()) != errno.EINTR:
            raise OSError(number, os.strerror(number))


@cache
def has_openat2() -> bool:
    """An old kernel has no such call; a container's filter may refuse it."""
    folder = os.open("/", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.close(opened_beneath(folder, ".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
    except OSError:
        return False
    finally:
        os.close(folder)
    return True


def of_the_kernel(fd: int) -> bool:
    """Whether a descriptor lies on a file system that the kernel makes up, such as /proc. Raises OSError."""
    status = ctypes.create_string_buffer(_STATFS_BYTES)
    if _libc().fstatfs(fd, status) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return ctypes.c_ulong.from_buffer(status).value in _KERNELS_OWN
