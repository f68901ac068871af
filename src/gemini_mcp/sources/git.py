"""Changes and files as a git repository has them. Git is given a stand-in for the repository (``sources.repository``).

    async with Git(folder) as git:
        change = await git.change("main...HEAD")
        files = await git.contents(change.new, paths)

Only what lies beneath ``folder`` is seen, by names from there. What the work tree holds is copied once, by the reader
that all files are read by, so that a change and the files around it are of one moment.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

import anyio
import anyio.to_thread

from gemini_mcp.domain.errors import InvalidArgument, PathDenied, Refusal, SecretFound, TooLarge, UnsupportedFormat
from gemini_mcp.domain.hunks import MalformedPatch
from gemini_mcp.domain.patches import FilePatch, parse_patch
from gemini_mcp.sources.beneath import Beneath
from gemini_mcp.sources.git_guard import command
from gemini_mcp.sources.git_process import environment, numbered, program, run
from gemini_mcp.sources.git_texts import as_escaped, is_told, named, told, without_mark
from gemini_mcp.sources.places import Place, secret_place, unusable_name
from gemini_mcp.sources.repository import StandIn, found, stand_in

MOST_DIFF_BYTES = 8 << 20
MOST_CONTENT_BYTES = 32 << 20
_MOST_LIST_BYTES = 32 << 20
_MOST_FILE_BYTES = 4 << 20
_MOST_CHANGED = 5_000
_AT_ONCE = 200
_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_RANGE = "Give staged, working, a commit, or two revisions as in main...HEAD."
_LONGEST_RANGE = 400
_BINARY = b"\0"
"""Stands for a file that is too large to be compared: git shows it as binary."""
_HARMLESS = (
    r"^(branch\..*\.(remote|merge)|remote\..*\.fetch"
    r"|core\.(autocrlf|eol|filemode|symlinks|ignorecase|precomposeunicode))$"
)
"""Settings taken over from a repository: what ``@{upstream}`` means, and how files are compared."""
_DIFF = (
    "-p", "-r", "-M", "--full-index", "--no-ext-diff", "--no-textconv", "--no-color", "--submodule=short",
    "--src-prefix=a/", "--dst-prefix=b/", "--unified=3",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Change:
    """``old`` and ``new``: ids of the two trees, to read files of either side by. ``left_out``: paths that the change
    touches and that are not read, each with the reason."""

    range: str
    old: str
    new: str
    patches: tuple[FilePatch, ...]
    left_out: tuple[tuple[str, str], ...] = ()


class Git:
    """The repository around ``folder``, which the caller has found to be open for reading."""

    def __init__(self, folder: Path) -> None:
        self._folder = Path(os.path.realpath(folder))
        self._beneath = Beneath((self._folder,))
        self._held: StandIn | None = None
        self._program = ""
        self._environment: dict[str, str] = {}
        self._empty_tree = ""

    async def __aenter__(self) -> "Git":
        """Raises InvalidArgument: no git, or no repository; PathDenied: one that reads from elsewhere."""
        try:
            self._held = await anyio.to_thread.run_sync(_made, self._folder)
            self._program = program(self.top)
            self._environment = environment(self._stand_in)
            self._environment |= numbered(await self._harmless_settings())
            self._empty_tree = await self._written(["hash-object", "-t", "tree", "-w", "--stdin"])
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._held is not None:
            folder, self._held = self._held.folder, None
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(shutil.rmtree, folder, True)

    @property
    def folder(self) -> Path:
        """Where the names of a change begin, as it really is."""
        return self._folder

    @property
    def top(self) -> Path:
        """The work tree's folder, at or above ``folder``."""
        return self._stand_in.repository.top

    async def change(self, range_: str) -> Change:
        """``staged`` (index against HEAD), ``working`` (work tree against HEAD, staged or not, without files that git
        does not know), ``a..b``, ``a...b`` (b since it left a) or one commit. Raises InvalidArgument, TooLarge."""
        sides = [await self._beneath_folder(tree) for tree in await self._sides(_checked(range_))]
        return await self._compared(range_, *sides)

    async def contents(self, tree: str, paths: Iterable[str]) -> dict[str, bytes]:
        """The files of a tree among ``paths``: regular ones that may be read. Raises TooLarge."""
        wanted = [path for path in dict.fromkeys(paths) if _readable(path)]
        blobs: dict[str, str] = {}
        for start in range(0, len(wanted), _AT_ONCE):
            listing = ["ls-tree", "-r", "-z", "--full-tree", tree, "--", *wanted[start : start + _AT_ONCE]]
            listed = await self._git(listing, most=_MOST_LIST_BYTES)
            blobs |= {path: blob for path, blob in _blobs(listed) if path in set(wanted)}
        return await self._read(blobs)

    async def show(self, tree: str, path: str) -> bytes:
        """One file of a tree. Raises InvalidArgument where it is none."""
        contents = await self.contents(tree, [path])
        if path not in contents:
            raise InvalidArgument(f"{path} is no file that can be read there", "Check the path and the revision.")
        return contents[path]

    async def untracked(self) -> list[str]:
        """New files that git does not know and is not told to ignore: no part of any change."""
        arguments = ["ls-files", "--others", "--exclude-standard", "-z", "--", self._prefix or "."]
        listed = await self._git(arguments, work=self.top, most=_MOST_LIST_BYTES)
        prefix = f"{self._prefix}/" if self._prefix else ""
        return [_name(name).removeprefix(prefix) for name in listed.split(b"\0") if name]

    async def submodules(self) -> list[tuple[str, str]]:
        """Their paths from the folder, and the commit that the index has of each."""
        if not await anyio.Path(self.top / ".gitmodules").is_file():
            return []
        listing = ["ls-files", "--stage", "-z", "--", self._prefix or "."]
        listed = await self._git(listing, work=self.top, most=_MOST_LIST_BYTES)
        entries = (entry.partition(b"\t") for entry in listed.split(b"\0") if entry.startswith(b"160000 "))
        prefix = f"{self._prefix}/" if self._prefix else ""
        return [(_name(name).removeprefix(prefix), head.split(b" ")[1].decode("ascii")) for head, _, name in entries]

    async def head(self) -> str:
        """The commit that is checked out; nothing before the first."""
        return await self._parsed("HEAD")

    # ------------------------------------------------------------------------------------------------------- sides

    async def _sides(self, range_: str) -> tuple[str, str]:
        """The trees to compare."""
        if range_ == "staged":
            return await self._head_tree(), await self._index_tree()
        if range_ == "working":
            return await self._head_tree(), await self._work_tree()
        if (found := re.fullmatch(r"(.*?)(\.{2,})(.*)", range_, re.DOTALL)) is not None:
            old, dots, new = found.groups()
            if len(dots) > 3:
                raise InvalidArgument(f"{range_!r} is no range of revisions", _RANGE)
            return await self._between(old or "HEAD", new or "HEAD", merge_base=dots == "...")
        return await self._of_commit(await self._commit(range_))

    async def _between(self, old: str, new: str, *, merge_base: bool) -> tuple[str, str]:
        first, second = await self._commit(old), await self._commit(new)
        if merge_base:
            bases = await self._git(["merge-base", first, second], may_fail=True)
            if not bases.strip():
                fix = f"Compare the two as they are: {old}..{new}."
                raise InvalidArgument(f"{old} and {new} have no commit in common in this repository", fix)
            first = bases.decode().split()[0]
        return await self._tree(first), await self._tree(second)

    async def _of_commit(self, commit: str) -> tuple[str, str]:
        """A commit against its first parent; the first of all against nothing."""
        text = await self._git(["cat-file", "commit", commit])
        parents = re.findall(rb"^parent ([0-9a-f]+)$", text.split(b"\n\n", 1)[0], re.MULTILINE)
        if not parents:
            return self._empty_tree, await self._tree(commit)
        parent = parents[0].decode()
        if not await self._parsed(f"{parent}^{{tree}}"):
            fix = "Deepen it: git fetch --deepen=1."
            raise InvalidArgument(f"the parent of {commit[:12]} is not in this shallow clone", fix)
        return await self._tree(parent), await self._tree(commit)

    async def _commit(self, revision: str) -> str:
        named = await self._parsed(revision)
        found = await self._parsed(f"{named}^{{commit}}") if _ID.fullmatch(named) else ""
        if not _ID.fullmatch(found):
            fix = "Name a branch, a tag or a commit of it, or staged or working."
            raise InvalidArgument(f"this repository has no revision {revision!r}", fix)
        return found

    async def _parsed(self, name: str) -> str:
        """The id of what a name means; an empty one where it means nothing."""
        arguments = ["rev-parse", "--verify", "--quiet", "--end-of-options", name]
        return (await self._git(arguments, may_fail=True)).decode("ascii", "replace").strip()

    async def _head_tree(self) -> str:
        """The tree of HEAD; the empty one before the first commit."""
        return await self._parsed("HEAD^{tree}") or self._empty_tree

    async def _tree(self, commit: str) -> str:
        return await self._parsed(f"{commit}^{{tree}}")

    async def _index_tree(self) -> str:
        if await self._git(["ls-files", "--unmerged", "-z"], most=_MOST_LIST_BYTES):
            fix = "Resolve them and git add them, or review working."
            raise InvalidArgument("the index holds unmerged files", fix)
        return await self._written(["write-tree", "--missing-ok"])

    async def _work_tree(self) -> str:
        """A tree of what lies in the work tree, as far as git knows it: copied, then added to the copy of the index."""
        listing = ["diff-files", "--name-only", "-z", "--ignore-submodules=all", "--", self._prefix or "."]
        listed = await self._git(listing, work=self.top, most=_MOST_LIST_BYTES)
        names = list(dict.fromkeys(name for name in listed.split(b"\0") if name))
        if len(names) > _MOST_CHANGED:
            raise TooLarge(f"{len(names)} files are changed", "Review them in parts: stage some, or name paths.")
        copied = await anyio.to_thread.run_sync(self._copied, names)
        if copied:
            adding = ["update-index", "-z", "--add", "--remove", "--stdin"]
            await self._git(adding, data=b"\0".join(copied) + b"\0")
        return await self._index_tree()

    async def _beneath_folder(self, tree: str) -> str:
        if not self._prefix:
            return tree
        found = await self._parsed(f"{tree}:{self._prefix}")
        kind = await self._git(["cat-file", "-t", found], may_fail=True) if found else b""
        return found if kind.strip() == b"tree" else self._empty_tree

    async def _compared(self, range_: str, old: str, new: str) -> Change:
        text = await self._git(["diff-tree", *_DIFF, old, new], most=MOST_DIFF_BYTES)
        try:
            found = parse_patch(as_escaped(text)) if text.strip() else ()
        except MalformedPatch as error:  # a line of a file that passes for a header
            raise InvalidArgument(f"the change cannot be read: {error}", "Give paths instead.") from None
        patches = [without_mark(named(patch)) for patch in found]
        left_out = {patch.path: reason for patch in patches if (reason := _secret(patch.path, patch.old_path or ""))}
        kept = [patch for patch in patches if patch.path not in left_out]
        texts = await self._told([patch for patch in kept if not is_told(patch)], old, new)
        left_out |= {path: told for path, told in texts.items() if isinstance(told, str)}
        told = (texts.get(patch.path, patch) for patch in kept)
        return Change(
            range_, old, new, tuple(each for each in told if not isinstance(each, str)), tuple(left_out.items())
        )

    async def _told(self, patches: Sequence[FilePatch], old: str, new: str) -> dict[str, FilePatch | str]:
        """Changes of files that are not in UTF-8, as text; why not, where it cannot be told what they are in."""
        if not patches:
            return {}
        olds = await self.contents(old, [patch.old_path for patch in patches if patch.old_path])
        news = await self.contents(new, [patch.new_path for patch in patches if patch.new_path])
        texts: dict[str, FilePatch | str] = {}
        for patch in patches:
            sides = olds.get(patch.old_path or ""), news.get(patch.new_path or "")
            try:
                texts[patch.path] = await anyio.to_thread.run_sync(told, patch, *sides)
            except UnsupportedFormat as error:
                texts[patch.path] = f"it {error.message.removeprefix(patch.path).strip()}"
        return texts

    # ----------------------------------------------------------------------------------------------------- copying

    def _copied(self, names: Sequence[bytes]) -> list[bytes]:
        """The names, from ``top``, of what was copied from the work tree, or is gone from it."""
        return [name for name in names if self._copy(PurePath(os.fsdecode(name)))]

    def _copy(self, path: PurePath) -> bool:
        """False for what is not read: it stays as it is in the index."""
        inside = path.relative_to(self._prefix) if self._prefix else path
        source, copy = self._folder / inside, self._stand_in.work / path
        with suppress(OSError):
            if source.is_symlink():
                target = os.readlink(source)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.symlink_to(target)  # never followed: git keeps the words
                return True
        try:
            data = self._beneath.read_at(Place(self._folder, inside), str(inside), _MOST_FILE_BYTES).data
        except SecretFound:
            return False
        except TooLarge:
            data = _BINARY
        except Refusal:
            return not source.is_dir()
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(data)
        with suppress(OSError):
            copy.chmod(0o755 if source.lstat().st_mode & 0o100 else 0o644)
        return True

    async def _read(self, blobs: dict[str, str]) -> dict[str, bytes]:
        if not blobs:
            return {}
        asked = "".join(f"{blob}\n" for blob in blobs.values()).encode()
        answer = memoryview(await self._git(["cat-file", "--batch"], data=asked, most=MOST_CONTENT_BYTES))
        contents: dict[str, bytes] = {}
        at = 0
        for path in blobs:
            head = bytes(answer[at : at + 100]).split(b"\n", 1)[0]
            at += len(head) + 1
            if (size := re.fullmatch(rb"[0-9a-f]+ blob (\d+)", head)) is None:
                raise InvalidArgument(f"{path} is missing from this clone", "It is a partial one: git fetch it whole.")
            contents[path] = bytes(answer[at : at + int(size.group(1))])
            at += int(size.group(1)) + 1
        return contents

    # ----------------------------------------------------------------------------------------------------- running

    @property
    def _stand_in(self) -> StandIn:
        assert self._held is not None, "used outside of its context"
        return self._held

    @property
    def _prefix(self) -> str:
        """The way from ``top`` to the folder."""
        return "" if self._folder == self.top else self._folder.relative_to(self.top).as_posix()

    async def _harmless_settings(self) -> list[tuple[str, str]]:
        """Of the repository's configuration, read as a list of words that no program of git acts on."""
        asked = ["config", "--file", "-", "--null", "--no-includes", "--get-regexp", _HARMLESS]
        listed = await self._git(asked, data=self._stand_in.config, may_fail=True)
        lines = (_name(line).partition("\n") for line in listed.split(b"\0") if line)
        return [(key, value) for key, _, value in lines]

    async def _written(self, arguments: Sequence[str]) -> str:
        """The id that a command writes."""
        return (await self._git(arguments)).decode("ascii", "replace").strip()

    async def _git(
        self,
        arguments: Sequence[str],
        *,
        data: bytes = b"",
        work: Path | None = None,
        most: int = 1 << 20,
        may_fail: bool = False,
    ) -> bytes:
        """What git writes. ``work``: the real work tree, where it is to be looked at rather than our copies."""
        folder = str(work or self._stand_in.work)
        environment = self._environment | {"GIT_WORK_TREE": folder}
        ended = await run(command(self._program, *arguments), folder, environment, data, most)
        if ended.status == 0:
            return ended.output
        if may_fail:
            return b""
        fix = "The clone may be partial or damaged: git fetch it whole, or pass the diff itself."
        raise InvalidArgument(f"git cannot read this ({ended.complaint or ended.status})", fix)


def _made(folder: Path) -> StandIn:
    try:
        repository = found(folder)
        ours = Path(tempfile.mkdtemp(prefix="gemini-agents-git-"))
        try:
            return stand_in(repository, ours)
        except BaseException:
            shutil.rmtree(ours, ignore_errors=True)
            raise
    except OSError as error:
        why = error.strerror or type(error).__name__
        raise PathDenied(
            f"the git repository cannot be read ({why})", "Check its permissions, or name paths."
        ) from None


def _checked(range_: str) -> str:
    wanted = range_.strip()
    odd = any(ord(character) < 32 or ord(character) == 127 for character in wanted)
    surrogate = any("\ud800" <= character <= "\udfff" for character in wanted)
    if not wanted or wanted.startswith("-") or odd or surrogate or len(wanted) > _LONGEST_RANGE:
        raise InvalidArgument(f"{range_[:_LONGEST_RANGE]!r} is no range of revisions", _RANGE)
    return wanted


def _blobs(listed: bytes) -> Iterable[tuple[str, str]]:
    """Paths and ids of the regular files in a tree's listing."""
    for entry in listed.split(b"\0"):
        head, _, name = entry.partition(b"\t")
        mode, _, rest = head.partition(b" ")
        if mode in (b"100644", b"100755"):
            yield _name(name), rest.split(b" ")[1].decode("ascii")


def _name(name: bytes) -> str:
    return name.decode("utf-8", "replace")


def _readable(path: str) -> bool:
    return bool(path) and not unusable_name(path) and ".." not in PurePath(path).parts and not _secret(path)


def _secret(*paths: str) -> str:
    return next((reason for path in paths if path and (reason := secret_place(PurePath(path)))), "")
