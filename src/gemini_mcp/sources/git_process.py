"""Git as a process: an argument list, for a bounded time and output, with nothing of our environment."""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE

import anyio
from anyio.abc import ByteReceiveStream, Process

from gemini_mcp.domain.errors import InvalidArgument, TooLarge
from gemini_mcp.sources.git_guard import ENVIRONMENT
from gemini_mcp.sources.repository import StandIn

_SECONDS = 20.0
_MOST_ERROR_BYTES = 4_096


@dataclass(frozen=True, slots=True)
class Ended:
    """``complaint``: the first line that it wrote to stderr."""

    status: int
    output: bytes
    complaint: str


def program(top: Path) -> str:
    """Where git is. One that the work tree itself brings along, by way of a PATH that points into it, is not run."""
    program = shutil.which("git")
    if program is None or not os.path.isabs(program) or Path(os.path.realpath(program)).is_relative_to(top):
        raise InvalidArgument("git_range needs git, which is not installed", "Install git, or pass the diff itself.")
    return program


def environment(stand_in: StandIn) -> dict[str, str]:
    """All of it: nothing of our own environment reaches git."""
    real = str(stand_in.repository.objects).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return {
        **ENVIRONMENT,
        "GIT_DIR": str(stand_in.folder),
        "GIT_INDEX_FILE": str(stand_in.index),
        "GIT_OBJECT_DIRECTORY": str(stand_in.objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": f'"{real}"',
    }


def numbered(settings: Sequence[tuple[str, str]]) -> dict[str, str]:
    """Settings as git takes them from its environment, where nothing in them needs quoting."""
    usable = [(key, value) for key, value in settings if "\0" not in key + value]
    numbered = {f"GIT_CONFIG_KEY_{number}": key for number, (key, _) in enumerate(usable)}
    numbered |= {f"GIT_CONFIG_VALUE_{number}": value for number, (_, value) in enumerate(usable)}
    return numbered | {"GIT_CONFIG_COUNT": str(len(usable))}


async def run(command: Sequence[str], folder: str, environment: dict[str, str], data: bytes, most: int) -> Ended:
    """A command run to its end. Raises TooLarge when it writes or takes too much; killed then, and when cancelled."""
    process = await anyio.open_process(
        command, stdin=PIPE, stdout=PIPE, stderr=PIPE, cwd=folder, env=environment, start_new_session=os.name == "posix"
    )
    output, complaint = bytearray(), bytearray()
    try:
        with anyio.move_on_after(_SECONDS) as time:
            async with anyio.create_task_group() as group:
                group.start_soon(_feed, process, data)
                group.start_soon(_drain, process.stderr, complaint)
                if not await _take(process.stdout, output, most):
                    process.kill()
            await process.wait()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        with anyio.CancelScope(shield=True):
            await process.wait()
            await process.aclose()
    if time.cancelled_caught:
        raise TooLarge(f"git takes over {_SECONDS:.0f} s", "Name a smaller range, or paths.")
    if len(output) > most:
        raise TooLarge(f"git writes over {most >> 20} MiB", "Name a smaller range, a folder further down, or paths.")
    assert process.returncode is not None
    return Ended(process.returncode, bytes(output), complaint.decode("utf-8", "replace").strip().split("\n")[0])


async def _feed(process: Process, data: bytes) -> None:
    assert process.stdin is not None
    with suppress(anyio.BrokenResourceError, anyio.ClosedResourceError):
        if data:
            await process.stdin.send(data)
        await process.stdin.aclose()


async def _take(stream: ByteReceiveStream | None, taken: bytearray, most: int) -> bool:
    """Reads to the end, or to the first byte too many: then False."""
    assert stream is not None
    with suppress(anyio.EndOfStream, anyio.ClosedResourceError):
        while len(taken) <= most:
            taken += await stream.receive()
    return len(taken) <= most


async def _drain(stream: ByteReceiveStream | None, taken: bytearray) -> None:
    """Reads all, lest the writer wait, and keeps the beginning."""
    assert stream is not None
    with suppress(anyio.EndOfStream, anyio.ClosedResourceError):
        while True:
            taken += (await stream.receive())[: max(0, _MOST_ERROR_BYTES - len(taken))]
