"""Real git repositories for tests, made by git itself, apart from the configuration of whoever runs the tests."""

import os
import shutil
import subprocess
from pathlib import Path

GIT = shutil.which("git") or "git"
_ENVIRONMENT = {
    "PATH": os.environ.get("PATH", ""),
    "HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_AUTHOR_NAME": "A",
    "GIT_AUTHOR_EMAIL": "a@example.invalid",
    "GIT_COMMITTER_NAME": "A",
    "GIT_COMMITTER_EMAIL": "a@example.invalid",
    "GIT_ALLOW_PROTOCOL": "file",
}


def git(folder: Path, *arguments: str, check: bool = True) -> str:
    """What git writes."""
    done = subprocess.run([GIT, *arguments], cwd=folder, env=_ENVIRONMENT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 or not check, done.stderr
    return done.stdout.strip()


def a_repository(folder: Path, files: dict[str, str] | None = None) -> Path:
    """A repository with these files in one commit, on branch main."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "-b", "main")
    if files:
        commit(folder, files)
    return folder


def write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())


def commit(folder: Path, files: dict[str, str], message: str = "a change") -> str:
    """The new commit's id."""
    write(folder, files)
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def everything_in(folder: Path) -> dict[str, tuple[int, int]]:
    """Size and time of all that lies in a folder, to see whether anything was written there."""
    found = {}
    for above, _, names in os.walk(folder):
        for name in names:
            status = os.lstat(os.path.join(above, name))
            found[os.path.join(above, name)] = (status.st_size, status.st_mtime_ns)
    return found
