"""Hostile bytes are parsed in a child process: one with little memory, little time, and none of our secrets.

A job is a function of a module listed in ``worker.JOBS``. It is given its arguments and a payload and yields
frames: small JSON values, each with bytes beside it if need be. What it raises of our Refusals is raised here.

This bounds what a file can cost, and keeps a crash from being ours. It is no jail: a file that took the child
over could read what its user can read.
"""

import json
import os
import signal
import struct
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from subprocess import DEVNULL
from typing import Any

import anyio
from anyio.abc import ByteReceiveStream, Process

from gemini_mcp.domain.errors import AgentError, Refusal, TooLarge, UnsupportedFormat

HEAD = struct.Struct(">II")
"""Lengths in bytes of a frame's JSON and of the bytes beside it."""

READY, END = "ready", "end"
"""The keys of the first frame, written when the libraries are loaded and the limits set, and of the last."""

MOST_VALUE = 8 << 20
"""Bytes of a frame's JSON: parsed, it may take forty times as much. What is longer travels beside it."""

_CHUNK = 256 << 10
_START_S = 30.0
_PATIENCE = 4.0 if os.name == "posix" else 1.0
"""How much longer than the child's own clock, which counts only what it computes, ours waits on a busy machine."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a job may cost.

    ``frame_s``: CPU seconds until the next frame, on systems that can tell; else, and for all frames together
    (``total_s``), seconds by the clock. ``memory`` and ``output`` in bytes, ``output`` for all frames together.
    """

    frame_s: float = 2.5
    total_s: float = 120.0
    memory: int = 1 << 30
    output: int = 256 << 20


@dataclass(frozen=True, slots=True)
class Frame:
    """What a job yields."""

    value: dict[str, Any]
    data: bytes = field(default=b"", repr=False)


class Children:
    """Runs jobs, at most ``most`` at a time; the others wait their turn, and waiting does not count as time.

    ``worker``: what Python is told to run.
    """

    def __init__(
        self,
        most: int = max(2, (os.cpu_count() or 2) // 2),
        worker: tuple[str, ...] = ("-m", "gemini_mcp.sources.worker"),
    ) -> None:
        self._turns = anyio.Semaphore(most)
        self._worker = worker

    async def run(
        self, job: str, arguments: dict[str, Any], payload: bytes, *, name: str, limits: Limits
    ) -> list[Frame]:
        """All frames of a job on ``payload``, called ``name`` in errors.

        Cancelled, it ends the child. Raises a Refusal for what is wrong with the payload, AgentError else.
        """
        failure: AgentError | None = None
        frames: list[Frame] = []
        command = [*self._worker, job, str(limits.memory), str(limits.frame_s), str(limits.total_s)]
        async with self._turns, _child(command) as process, anyio.create_task_group() as group:
            group.start_soon(_feed, process, arguments, payload)
            try:
                frames = await _Frames(process, name, limits).all()
            except AgentError as error:  # carried out of the group, which would wrap it
                failure = error
            group.cancel_scope.cancel()
        if failure is not None:
            raise failure
        return frames


@asynccontextmanager
async def _child(arguments: list[str]) -> AsyncIterator[Process]:
    with anyio.CancelScope(shield=True):  # cancelled halfway, it would leave a process that nobody knows
        process = await anyio.open_process(
            [sys.executable, "-P", *arguments],
            stderr=DEVNULL,
            env=_environment(),
            cwd=tempfile.gettempdir(),
            start_new_session=os.name == "posix",
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            _kill(process)
        with anyio.CancelScope(shield=True):
            await process.wait()
            await process.aclose()


def _environment() -> dict[str, str]:
    """Our import path and nothing else of our environment: the key is in there."""
    environment = {"PYTHONPATH": os.pathsep.join(path for path in sys.path if os.path.isabs(path))}
    if sys.platform == "win32":  # without it Windows loads no sockets
        import ctypes

        folder = ctypes.create_unicode_buffer(260)
        ctypes.windll.kernel32.GetWindowsDirectoryW(folder, len(folder))
        environment["SYSTEMROOT"] = folder.value
    return environment


def _kill(process: Process) -> None:
    """With whatever it started. It leads a group of its own; one that has been waited for may be another's by now."""
    if process.returncode is None and sys.platform != "win32":
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()


async def _feed(process: Process, arguments: dict[str, Any], payload: bytes) -> None:
    """In pieces: what is sent at once is copied. A child that refuses early does not read to the end."""
    head = json.dumps(arguments).encode()
    assert process.stdin is not None
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError, OSError, RuntimeError):  # as the loop names it
        await process.stdin.send(HEAD.pack(len(head), len(payload)) + head)
        for start in range(0, len(payload), _CHUNK):
            await process.stdin.send(payload[start : start + _CHUNK])
        await process.stdin.aclose()


class _Frames:
    """Reads a child's frames. It may write anything, at any pace."""

    def __init__(self, process: Process, name: str, limits: Limits) -> None:
        assert process.stdout is not None
        self._process, self._stdout = process, process.stdout
        self._name, self._limits, self._left = name, limits, limits.output
        self._ready = False

    async def all(self) -> list[Frame]:
        if READY not in (await self._next(_START_S)).value:
            raise self._garbled()
        self._ready = True
        frames: list[Frame] = []
        deadline = time.monotonic() + self._limits.total_s
        while END not in (frame := await self._next(self._wait(deadline))).value:
            frames.append(frame)
        return frames

    def _wait(self, deadline: float) -> float:
        return max(0.0, min(self._limits.frame_s * _PATIENCE, deadline - time.monotonic()))

    async def _next(self, seconds: float) -> Frame:
        try:
            with anyio.fail_after(seconds):
                frame = await self._read()
        except TimeoutError:
            raise self._slow() if self._ready else _not_started("it takes too long") from None
        except anyio.EndOfStream:  # before the frame that says so
            raise await self._ended() from None
        if "refused" in frame.value:
            raise self._refused(frame.value)
        return frame

    async def _read(self) -> Frame:
        value_length, data_length = HEAD.unpack(await _exactly(self._stdout, HEAD.size))
        self._left -= HEAD.size + value_length + data_length
        if self._left < 0:
            raise TooLarge(f"{self._name} becomes too large when it is read", "Leave it out, or name a part of it.")
        if value_length > MOST_VALUE:
            raise self._garbled()
        value = self._value(await _exactly(self._stdout, value_length))
        return Frame(value, await _exactly(self._stdout, data_length))

    def _value(self, text: bytes) -> dict[str, Any]:
        try:
            value = json.loads(text)
        except (ValueError, RecursionError):
            raise self._garbled() from None
        if not isinstance(value, dict):
            raise self._garbled()
        return value

    def _refused(self, value: dict[str, Any]) -> Refusal:
        """The job's own refusal, with the file's name before it."""
        known = {error.code: error for error in Refusal.__subclasses__()}
        message, fix = str(value.get("message")), str(value.get("fix"))
        named = message if self._name in message else f"{self._name}: {message}"
        return known.get(str(value["refused"]), UnsupportedFormat)(named, fix)

    async def _ended(self) -> AgentError:
        """Why a child ended without a word: by its limits, or by the file."""
        with anyio.move_on_after(1):
            await self._process.wait()
        code = self._process.returncode
        ended = _signal_name(code)
        if not self._ready:
            return _not_started(ended or f"exit {code}")
        if ended in ("SIGPROF", "SIGXCPU"):
            return self._slow()
        if ended in ("SIGKILL", "SIGABRT"):  # by the system; by a library that was given none
            fix = "It may be damaged, or a bomb; leave it out."
            return TooLarge(f"{self._name} needs too much memory to read", fix)
        what = f"{self._name} makes its reader crash ({ended or f'exit {code}'})"
        return UnsupportedFormat(what, "It may be damaged; leave it out or convert it.")

    def _slow(self) -> TooLarge:
        return TooLarge(f"{self._name} takes too long to read", "It may be damaged, or a bomb; leave it out.")

    def _garbled(self) -> UnsupportedFormat:
        return UnsupportedFormat(f"{self._name} confuses its reader", "It may be damaged; leave it out or convert it.")


def _not_started(why: str) -> AgentError:
    """Before it has seen the file, which is not to blame."""
    return AgentError(f"the process that reads files does not start ({why})", "Install gemini-agents again.")


async def _exactly(stream: ByteReceiveStream, size: int) -> bytes:
    """Raises EndOfStream when there is less."""
    pieces: list[bytes] = []
    while size:
        pieces.append(await stream.receive(min(size, _CHUNK)))
        size -= len(pieces[-1])
    return b"".join(pieces)


def _signal_name(code: int | None) -> str:
    """Of the signal that ended a process; "" when none did, or it has no name here."""
    try:
        return signal.Signals(-code).name if code is not None and code < 0 else ""
    except ValueError:
        return ""
