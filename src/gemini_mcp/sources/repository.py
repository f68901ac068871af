"""Where a git repository keeps its things, found without asking git, and a stand-in that git can be let loose on.

A repository's own configuration can make git run programs: hooks, filters, drivers, monitors, transports. Rather than
forbid each of them, git is never shown that configuration. It is given a folder of ours as repository: with the real
one's refs and objects to read, a copy of its index, a configuration that we wrote, and an object folder to write to.
"""

import os
import re
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gemini_mcp.domain.errors import InvalidArgument, PathDenied

_SMALL = 1 << 20
_INDEX_BYTES = 1 << 29
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
_NO_REPOSITORY = "Name paths, or pass the diff itself."
_CONFIG = """\
[core]
	repositoryformatversion = 1
	bare = false
[extensions]
	objectformat = {hash}
"""


@dataclass(frozen=True, slots=True)
class Repository:
    """``top``: the work tree's folder. ``git_dir`` is its own; linked work trees share ``common_dir``."""

    top: Path
    git_dir: Path
    common_dir: Path

    @property
    def objects(self) -> Path:
        return self.common_dir / "objects"


def found(folder: Path) -> Repository:
    """The repository around a folder. Raises InvalidArgument where there is none, PathDenied for one that reads
    elsewhere: its folder may lie outside of what is open for reading."""
    folder = Path(os.path.realpath(folder))
    for top in (folder, *folder.parents):
        if (entry := _entry(top / ".git")) is not None:
            repository = _repository(top, entry)
            _check_objects(repository.objects, top)
            return repository
    raise InvalidArgument(f"{folder} is not in a git repository", _NO_REPOSITORY)


def _entry(path: Path) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None


def _repository(top: Path, entry: os.stat_result) -> Repository:
    git_dir = top / ".git"
    if stat.S_ISREG(entry.st_mode):
        return _linked(top, _pointed(git_dir, "gitdir:"))
    if not stat.S_ISDIR(entry.st_mode):
        raise _elsewhere(top)
    if _entry(git_dir / "commondir") is not None:
        raise _elsewhere(top)
    return Repository(top, git_dir, git_dir)


def _linked(top: Path, git_dir: Path) -> Repository:
    """A work tree whose repository lies elsewhere: that repository must know of it, or anyone's could be named."""
    common = git_dir
    if _entry(git_dir / "commondir") is not None:
        common = git_dir.parent.parent
        known = _pointed(git_dir / "gitdir") == top / ".git" and _pointed(git_dir / "commondir") == common
    else:
        known = git_dir.is_relative_to(top) or _worktree_of(git_dir) == top
    if not known:
        raise _elsewhere(top)
    return Repository(top, git_dir, common)


def _pointed(file: Path, label: str = "") -> Path:
    """The path that a file holds, relative to the file's own folder."""
    text = small_file(file).decode("utf-8", "surrogateescape").strip()
    return Path(os.path.realpath(file.parent / text.removeprefix(label).strip()))


def _worktree_of(git_dir: Path) -> Path | None:
    """Where a submodule's repository says that its work tree is."""
    text = small_file(git_dir / "config").decode("utf-8", "replace")
    lines = re.findall(r'^[ \t]*worktree[ \t]*=[ \t]*"?([^"\n]+?)"?[ \t]*$', text, re.MULTILINE)
    return Path(os.path.realpath(git_dir / lines[-1])) if lines else None


def _check_objects(objects: Path, top: Path, levels: int = 5) -> None:
    """Neither links nor alternates may bring in another repository's objects."""
    if not levels or any(_lead_away(folder) for folder in (objects, objects / "pack", objects / "info")):
        raise _elsewhere(top)
    for line in small_file(objects / "info" / "alternates").decode("utf-8", "surrogateescape").splitlines():
        if line.strip() and not line.startswith("#"):
            other = Path(os.path.realpath(objects / line.strip('"')))
            if not other.is_relative_to(top):
                raise _elsewhere(top)
            _check_objects(other, top, levels - 1)


def _lead_away(folder: Path) -> bool:
    entry = _entry(folder)
    if entry is None:
        return False
    if not stat.S_ISDIR(entry.st_mode):
        return True
    with os.scandir(folder) as entries:
        return any(entry.is_symlink() for entry in entries)


def _elsewhere(top: Path) -> PathDenied:
    fix = "Pass the diff itself, or give paths."
    return PathDenied(f"the git repository of {top} reads from outside of it", fix)


def small_file(path: Path, most: int = _SMALL) -> bytes:
    """What is in a regular file, and nothing where there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | _NOFOLLOW)
    except OSError:
        return b""
    with os.fdopen(fd, "rb") as file:
        return file.read(most) if stat.S_ISREG(os.fstat(fd).st_mode) else b""


# ---------------------------------------------------------------------------------------------------------- stand-in


@dataclass(frozen=True, slots=True)
class StandIn:
    """The folder that git is given. ``work``: a work tree with copies of what was changed, and nothing else."""

    folder: Path
    repository: Repository

    @property
    def index(self) -> Path:
        return self.folder / "index"

    @property
    def work(self) -> Path:
        return self.folder / "work"

    @property
    def objects(self) -> Path:
        return self.folder / "objects"

    @property
    def config(self) -> bytes:
        """The repository's own configuration, to pick harmless settings from."""
        return small_file(self.repository.common_dir / "config")


def stand_in(repository: Repository, folder: Path) -> StandIn:
    """Fill ``folder``, which must be empty and ours alone."""
    made = StandIn(folder, repository)
    for path in (made.work, made.objects, folder / "info", folder / "logs"):
        path.mkdir()
    for name in ("HEAD", "ORIG_HEAD", "FETCH_HEAD", "MERGE_HEAD"):
        if (content := small_file(repository.git_dir / name)) or name == "HEAD":
            (folder / name).write_bytes(content)
    (folder / "config").write_text(_config(made.config.decode("utf-8", "replace")), "utf-8")
    for name, real in _read_in_place(repository):
        if _entry(real) is not None:
            (folder / name).symlink_to(real)
    if not (folder / "refs").exists():
        (folder / "refs").mkdir()
    _copy_index(repository.git_dir / "index", made.index)
    return made


def _config(own: str) -> str:
    """Ours. Of the repository's only its hash function and the form of its refs are taken over, as fixed words."""
    sha256 = re.search(r"^[ \t]*objectformat[ \t]*=[ \t]*\"?sha256", own, re.IGNORECASE | re.MULTILINE)
    reftable = re.search(r"^[ \t]*refstorage[ \t]*=[ \t]*\"?reftable", own, re.IGNORECASE | re.MULTILINE)
    return _CONFIG.format(hash="sha256" if sha256 else "sha1") + "\trefstorage = reftable\n" * bool(reftable)


def _read_in_place(repository: Repository) -> Iterator[tuple[str, Path]]:
    """What git may read where it is: ids and names of commits, and what is ignored."""
    for name in ("refs", "packed-refs", "shallow", "reftable", "info/exclude", "logs/refs"):
        yield name, repository.common_dir / name
    yield "logs/HEAD", repository.git_dir / "logs" / "HEAD"
    with os.scandir(repository.git_dir) as entries:
        shared = [entry.name for entry in entries if entry.name.startswith("sharedindex.")]
    for name in shared:
        yield name, repository.git_dir / name


def _copy_index(index: Path, copy: Path) -> None:
    """With its time: git looks more closely at files that were written after it."""
    try:
        fd = os.open(index, os.O_RDONLY | _NOFOLLOW)
    except OSError:
        return
    with os.fdopen(fd, "rb") as source, open(copy, "wb") as target:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _INDEX_BYTES:
            raise PathDenied("the repository's index cannot be read", _NO_REPOSITORY)
        shutil.copyfileobj(source, target)
        target.flush()
        os.utime(copy, ns=(status.st_atime_ns, status.st_mtime_ns))
