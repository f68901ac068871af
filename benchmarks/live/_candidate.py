"""The child's side of ``sandbox``: takes its own powers away, runs a model's code, writes what each call gave.

Nothing of ours is imported, and nothing here says what the right results are. It bounds what an honest mistake can
cost and what a careless model's code can reach; against malice it is helped by the system where it can be (a network
and a process space of its own, no right to start processes), and it is no virtual machine.
"""

import json
import os
import sys
from collections.abc import Callable
from typing import Any

PRELOADED = (
    *("abc", "array", "bisect", "calendar", "collections", "collections.abc", "contextlib", "copy", "dataclasses"),
    *("datetime", "decimal", "enum", "fractions", "functools", "heapq", "itertools", "math", "numbers", "operator"),
    *("random", "re", "statistics", "string", "textwrap", "time", "types", "typing", "unicodedata", "zlib"),
)
"""Imported while the library can still be read, whoever we are afterwards."""

_NOBODY = 65_534
_REFUSED = (
    *("socket.", "subprocess.", "ctypes.", "pty.", "shutil.", "mmap.", "signal.", "syslog.", "fcntl.", "resource."),
    *("os.fork", "os.exec", "os.posix_spawn", "os.spawn", "os.system", "os.kill", "os.startfile"),
    *("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.utime"),
    *("os.chmod", "os.chown", "os.chflags", "os.setxattr", "os.removexattr", "os.putenv", "gc."),
)
"""Beginnings of the names of audit events."""

_UNWANTED = frozenset({"_ctypes", "ctypes", "_posixsubprocess", "_socket", "_multiprocessing", "_ssl"})
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def main() -> None:
    job = json.loads(sys.stdin.buffer.read())
    output = _own_stdout()
    for name in PRELOADED:
        __import__(name)
    _limit(job["memory"], job["cpu_s"], job["file_bytes"])
    _become_nobody()
    sys.addaudithook(_guard(os.path.realpath(os.getcwd())))
    results = _results(job["source"], job["function"], job["calls"])
    os.write(output, results)
    os._exit(0)


def _own_stdout() -> int:
    """The pipe to our parent; what the code prints goes nowhere."""
    output = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nowhere, standard)
    os.close(nowhere)
    return output


def _limit(memory: int, cpu_s: int, file_bytes: int) -> None:
    import resource

    limits = [
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 32),
        (resource.RLIMIT_NPROC, 0),  # none beside those there are
        (resource.RLIMIT_AS, memory),
    ]
    for what, most in limits:
        try:
            resource.setrlimit(what, (most, most))
        except (ValueError, OSError):  # a system that does not know it: the parent's clock always holds
            continue


def _become_nobody() -> None:
    """Root may start as many processes and write as many files as it likes."""
    if os.geteuid() != 0:
        return
    try:
        os.setgroups([])
        os.setgid(_NOBODY)
        os.setuid(_NOBODY)
    except OSError:  # root of a user namespace, which is nobody outside it
        return


def _guard(folder: str) -> Callable[[str, tuple[Any, ...]], None]:
    """Refuses network, processes, and files other than the library's (to read) and those in ``folder``."""
    library = tuple(os.path.realpath(path) + os.sep for path in sys.path if path)
    own, realpath, fspath = folder + os.sep, os.path.realpath, os.fsdecode
    refused, unwanted, writing = _REFUSED, _UNWANTED, _WRITING

    def guard(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(refused):
            raise PermissionError(f"{event} is not allowed here")
        if event == "import" and arguments[0] in unwanted:
            raise PermissionError(f"{arguments[0]} is not allowed here")
        if event == "open":
            path, flags = arguments[0], arguments[2]
            if isinstance(path, int):
                raise PermissionError("descriptors are not opened here")
            place = realpath(fspath(path))
            if not place.startswith(own) and (flags & writing or not place.startswith(library)):
                raise PermissionError("that file is not for you")

    return guard


def _results(source: str, name: str, calls: list[list[Any]]) -> bytes:
    """A JSON list: for each call ["value", v], ["raised", type] or ["odd", type] for what is no JSON."""
    dumps = json.dumps
    module: dict[str, Any] = {"__name__": "candidate"}
    try:
        exec(compile(source, "candidate.py", "exec"), module)
        function = module[name]
    except BaseException as error:
        return dumps([["raised", type(error).__name__]] * len(calls)).encode()
    return dumps([json.loads(_result(function, arguments, dumps)) for arguments in calls]).encode()


def _result(function: Callable[..., Any], arguments: list[Any], dumps: Callable[[Any], str]) -> str:
    value: Any = None
    try:
        value = function(*arguments)
    except BaseException as error:
        return dumps(["raised", type(error).__name__])
    try:
        return dumps(["value", value])
    except BaseException:
        return dumps(["odd", type(value).__name__])


if __name__ == "__main__":
    main()
