"""What git knows to lie in a folder: its files and the new ones, without what is ignored."""

import os
import shutil
import signal
import subprocess
import threading
from contextlib import suppress
from pathlib import Path

from gemini_mcp.sources.git_guard import ENVIRONMENT, command

_SECONDS = 10.0
_MOST_BYTES = 16 << 20


class TooMuch(Exception):
    """Git listed more than is read."""


def git_names(folder: Path, git: str | None = None) -> list[bytes] | None:
    """Names from ``folder``, absolute and without links; None where git is not there or does not answer.

    A folder that is a repository of its own comes with a slash behind it. Raises TooMuch.
    """
    top = next((above for above in (folder, *folder.parents) if os.path.lexists(above / ".git")), None)
    program = git or shutil.which("git")
    # A git that the work tree itself brings along, by way of a PATH that points into it, is not run.
    if top is None or program is None or not os.path.isabs(program) or Path(program).is_relative_to(top):
        return None
    listing = ("ls-files", "--cached", "--others", "--exclude-standard", "-z", "--", ".")
    output = _output(command(program, *listing), folder, top)
    return None if output is None else [name for name in output.split(b"\0") if name]


def _output(words: list[str], folder: Path, top: Path) -> bytes | None:
    """What a command writes, or None when it fails or takes too long. Raises TooMuch.

    ``top``: the work tree, whatever its repository takes for one.
    """
    try:
        process = subprocess.Popen(
            words,
            cwd=folder,
            env={**ENVIRONMENT, "GIT_WORK_TREE": str(top)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=os.name == "posix",
        )
    except OSError:
        return None
    assert process.stdout is not None
    clock = threading.Timer(_SECONDS, _end, (process,))
    clock.start()
    with process.stdout as stream:
        output = stream.read(_MOST_BYTES + 1)
    clock.cancel()
    clock.join()  # before the process is reaped: its number may then be another's
    if len(output) > _MOST_BYTES:
        _end(process)
        process.wait()
        raise TooMuch
    return output if _status(process) == 0 else None


def _status(process: subprocess.Popen[bytes]) -> int:
    """Of a process that has nothing more to say, so that it need not be waited for long."""
    with suppress(subprocess.TimeoutExpired):
        return process.wait(1.0)
    _end(process)
    return process.wait()


def _end(process: subprocess.Popen[bytes]) -> None:
    """With whatever it started: a child that holds the pipe would keep us waiting."""
    with suppress(ProcessLookupError, PermissionError):
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
