"""A model's code, run in a child process that has little memory, little time, no network and no say in the verdict.

The child is given arguments and sends values back; what is right stays here, and is compared here. So nothing that the
code prints, writes or exits with can make a wrong answer pass.
"""

import json
import math
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CHILD = Path(__file__).with_name("_candidate.py")
_NOBODY = 65_534
_CLOSE = 1e-9


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a candidate may cost: seconds by the clock and of CPU, bytes of memory, of a file, of what it sends back."""

    wall_s: float = 10.0
    cpu_s: int = 5
    memory: int = 512 << 20
    file_bytes: int = 1 << 20
    output: int = 1 << 20


@dataclass(frozen=True, slots=True)
class Case:
    """A call and what must come of it: a JSON value, or the name of the exception that it raises."""

    arguments: tuple[Any, ...]
    expected: Any = None
    raises: str = ""


BOUNDS = Bounds()


def passes(source: str, function: str, cases: Sequence[Case], bounds: Bounds = BOUNDS) -> bool:
    """Whether the code's function does every case right."""
    sent = results(source, function, [case.arguments for case in cases], bounds)
    return sent is not None and len(sent) == len(cases) and all(map(_is_right, cases, sent))


def results(
    source: str, function: str, calls: Sequence[Sequence[Any]], bounds: Bounds = BOUNDS
) -> list[list[Any]] | None:
    """What each call gave, as the child says; None when it did not end well. Raises OSError where none can start."""
    job = {
        "source": source,
        "function": function,
        "calls": [list(call) for call in calls],
        "memory": bounds.memory,
        "cpu_s": bounds.cpu_s,
        "file_bytes": bounds.file_bytes,
    }
    with tempfile.TemporaryDirectory(prefix="gemini-agents-candidate-", ignore_cleanup_errors=True) as folder:
        if os.geteuid() == 0:
            os.chown(folder, _NOBODY, _NOBODY)
        said = _run(json.dumps(job).encode(), folder, bounds)
    return None if said is None else _read(said)


def _is_right(case: Case, sent: list[Any]) -> bool:
    if case.raises:
        return sent == ["raised", case.raises]
    return sent[:1] == ["value"] and same(case.expected, sent[1])


def same(wanted: Any, got: Any) -> bool:
    """Equal as JSON: true is not 1, a tuple is a list, and a float may differ in its last digits."""
    if isinstance(wanted, bool) or isinstance(got, bool) or wanted is None or got is None:
        return wanted is got
    if isinstance(wanted, int | float) and isinstance(got, int | float):
        return wanted == got or math.isclose(wanted, got, rel_tol=_CLOSE, abs_tol=_CLOSE)
    if isinstance(wanted, list | tuple) and isinstance(got, list):
        return len(wanted) == len(got) and all(map(same, wanted, got))
    if isinstance(wanted, dict) and isinstance(got, dict):
        return wanted.keys() == got.keys() and all(same(wanted[key], got[key]) for key in wanted)
    return type(wanted) is type(got) and bool(wanted == got)


@cache
def apart() -> tuple[str, ...]:
    """The command that gives a child a network and a process space of its own; empty where there is none."""
    user = () if os.name == "posix" and os.geteuid() == 0 else ("--user", "--map-root-user")
    for spaces in (("--net", "--pid", "--fork", "--kill-child"), ("--net",)):
        command = ("unshare", *user, *spaces, "--")
        with suppress(OSError, subprocess.TimeoutExpired):
            tried = subprocess.run([*command, sys.executable, "-I", "-S", "-c", ""], capture_output=True, timeout=20)
            if tried.returncode == 0:
                return command
    return ()


def _run(job: bytes, folder: str, bounds: Bounds) -> bytes | None:
    """What the child wrote before it ended by itself; None when it had to be ended."""
    process = subprocess.Popen(
        [*apart(), sys.executable, "-I", "-S", "-B", str(CHILD)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=folder,
        env={},
        start_new_session=True,
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(job)
            process.stdin.close()
        said = _read_all(process.stdout.fileno(), time.monotonic() + bounds.wall_s, bounds.output)
        return said if said is not None and process.wait(bounds.wall_s) == 0 else None
    except subprocess.TimeoutExpired:
        return None
    finally:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()


def _read_all(pipe: int, deadline: float, most: int) -> bytes | None:
    """To the end of the pipe; None when that takes too long, or is too much."""
    said = b""
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while (left := deadline - time.monotonic()) > 0 and len(said) <= most:
            if selector.select(left):
                if not (piece := os.read(pipe, 65_536)):
                    return said
                said += piece
    return None


def _read(said: bytes) -> list[list[Any]] | None:
    try:
        value = json.loads(said)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, list) and all(isinstance(each, list) and each for each in value) else None
