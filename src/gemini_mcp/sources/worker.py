"""The child's side of ``child``: limits itself, reads a payload, runs one job, writes its frames."""

import importlib
import json
import math
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any, BinaryIO

from gemini_mcp.domain.errors import Refusal, TooLarge, UnsupportedFormat
from gemini_mcp.sources.child import END, HEAD, READY, Frame

JOBS: dict[str, str] = {
    "pdf": "gemini_mcp.sources.pdf_job",
    "docx": "gemini_mcp.sources.docx_job",
    "pptx": "gemini_mcp.sources.pptx_job",
    "xlsx": "gemini_mcp.sources.xlsx_job",
    "html": "gemini_mcp.sources.html_job",
    "image": "gemini_mcp.sources.image_job",
}
"""The module of each job; its ``frames(arguments, payload)`` yields Frames.

Such a module is imported here alone, so it imports its libraries at its head: that is done before the limits are
set, does not count as time, and may write their compiled files.
"""

Job = Callable[[dict[str, Any], bytes], Iterator[Frame]]
_OPEN_FILES = 64


def main() -> None:
    name, memory, frame_s, total_s = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), float(sys.argv[4])
    output = _own_stdout()
    try:
        job = _job(name)
        _limit(memory, total_s)
        clock = _Clock(frame_s)
        for frame in _frames(job, sys.stdin.buffer):
            _write(output, frame)
            clock.restart()
    except Refusal as error:
        _write(output, _refused(error))
    except (MemoryError, RecursionError):
        _write(output, _refused(TooLarge("it needs too much memory to read", "It may be a bomb; leave it out.")))
    except Exception as error:  # whatever a parser raises at what it cannot read
        what = f"it cannot be read as {name} ({type(error).__name__})"
        _write(output, _refused(UnsupportedFormat(what, "It may be damaged; leave it out or convert it.")))
    _write(output, Frame({END: True}))


def _own_stdout() -> BinaryIO:
    """The pipe to our parent, out of the reach of libraries that print."""
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return output


def _job(name: str) -> Job:
    try:
        job: Job = importlib.import_module(JOBS[name]).frames
    except ImportError as error:
        what = f"files of this kind cannot be read here: {error.name or 'a library'} is missing"
        raise UnsupportedFormat(what, "Install gemini-agents again, with what it depends on.") from None
    sys.dont_write_bytecode = True
    return job


def _limit(memory: int, seconds: float) -> None:
    """Where the system can. The parent's clock is the limit that always holds."""
    try:
        import resource
    except ImportError:
        return
    cpu = math.ceil(seconds)
    limits = {
        resource.RLIMIT_AS: (memory, memory),
        resource.RLIMIT_CPU: (cpu, cpu + 1),  # at the first it is told, at the second killed
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_FSIZE: (0, 0),  # it writes to its pipe alone
        resource.RLIMIT_NOFILE: (_OPEN_FILES, _OPEN_FILES),
    }
    for what, most in limits.items():
        with suppress(ValueError, OSError):
            resource.setrlimit(what, most)


class _Clock:
    """Ends this process when it has computed for ``seconds`` without a restart, even inside a library."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.restart()

    def restart(self) -> None:
        if sys.platform != "win32":
            signal.setitimer(signal.ITIMER_PROF, self._seconds)


def _frames(job: Job, stream: BinaryIO) -> Iterator[Frame]:
    yield Frame({READY: True})
    head, size = HEAD.unpack(stream.read(HEAD.size))
    arguments: dict[str, Any] = json.loads(stream.read(head))
    yield from job(arguments, stream.read(size))


def _refused(error: Refusal) -> Frame:
    return Frame({"refused": error.code, "message": error.message, "fix": error.fix})


def _write(output: BinaryIO, frame: Frame) -> None:
    value = json.dumps(frame.value).encode()
    output.write(HEAD.pack(len(value), len(frame.data)) + value)
    output.write(frame.data)
    output.flush()


if __name__ == "__main__":
    main()
