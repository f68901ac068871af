"""Changes as git has them: every kind of range; nothing run, written or read elsewhere, whatever a repository holds."""

import os
import random
import shutil
import string
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import psutil
import pytest

from gemini_mcp.domain.errors import InvalidArgument, PathDenied, Refusal, TooLarge
from gemini_mcp.domain.patches import FilePatch
from gemini_mcp.sources import submodules
from gemini_mcp.sources.git import Change, Git

from .repositories import GIT, a_repository, commit, everything_in, git, write

WAIT_S = 30
BASE = {"a.py": "one\ntwo\nthree\n", "b.py": "alpha\n", "sub/c.py": "deep\n"}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return a_repository(tmp_path / "repository", BASE)


@pytest.fixture(autouse=True)
def own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """So that a test sees what is left behind."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


async def changed(folder: Path, range_: str) -> Change:
    with anyio.fail_after(WAIT_S):
        async with Git(folder) as repository:
            return await repository.change(range_)


async def paths(folder: Path, range_: str) -> list[str]:
    return [patch.path for patch in (await changed(folder, range_)).patches]


def there(path: Path) -> bool:
    return path.exists()


def empty(folder: Path) -> bool:
    return not any(folder.iterdir())


def added(patch: FilePatch) -> list[str]:
    return [line.text for hunk in patch.hunks for line in hunk.lines if line.mark == "+"]


async def refused(folder: Path, range_: str, kind: type[Refusal] = InvalidArgument) -> Refusal:
    with pytest.raises(kind) as caught:
        await changed(folder, range_)
    assert caught.value.fix
    return caught.value


# ------------------------------------------------------------------------------------------------------------ ranges


async def test_staged_is_what_the_next_commit_would_change(repository: Path) -> None:
    write(repository, {"a.py": "one\nTWO\nthree\n"})
    git(repository, "add", "a.py")
    write(repository, {"a.py": "one\nTWO\nTHREE\n", "b.py": "beta\n"})
    (patch,) = (await changed(repository, "staged")).patches
    assert (patch.path, added(patch)) == ("a.py", ["TWO"])


async def test_working_is_all_that_is_not_committed(repository: Path) -> None:
    write(repository, {"a.py": "one\nTWO\nthree\n"})
    git(repository, "add", "a.py")
    write(repository, {"a.py": "one\nTWO\nTHREE\n", "b.py": "beta\n", "new.py": "new\n"})
    change = await changed(repository, "working")
    assert {patch.path: added(patch) for patch in change.patches} == {"a.py": ["TWO", "THREE"], "b.py": ["beta"]}


async def test_what_git_does_not_know_is_told_apart(repository: Path) -> None:
    write(repository, {"new.py": "x\n", "sub/new.py": "y\n", "junk.o": "", ".gitignore": "*.o\n"})
    async with Git(repository) as whole, Git(repository / "sub") as part:
        assert sorted(await whole.untracked()) == [".gitignore", "new.py", "sub/new.py"]
        assert await part.untracked() == ["new.py"]


async def test_a_change_in_the_moment_in_which_the_index_was_written_is_seen(repository: Path) -> None:
    """Git takes a file for clean by its size and times, unless it is as young as the index. Here the index knows the
    size and times of the changed file, as if that had been written in the same moment."""
    moment = (1_000_000_000, 1_000_000_000)
    write(repository, {"a.py": "one\ntwO\nthree\n"})
    os.utime(repository / "a.py", moment)
    (repository / ".git" / "info" / "attributes").write_text("a.py filter=back\n")
    git(repository, "-c", "filter.back.clean=sed s/twO/two/", "add", "a.py")
    os.utime(repository / ".git" / "index", moment)
    assert git(repository, "--no-optional-locks", "diff", "--name-only") == "a.py"
    assert await paths(repository, "working") == ["a.py"]


async def test_a_touched_file_is_no_change(repository: Path) -> None:
    os.utime(repository / "a.py", (1, 1))
    assert await paths(repository, "working") == []


async def test_two_dots_compare_and_three_take_one_side(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "topic")
    commit(repository, {"a.py": "topic\n"})
    git(repository, "checkout", "-q", "main")
    commit(repository, {"b.py": "main\n"})
    assert await paths(repository, "main...topic") == ["a.py"]
    assert await paths(repository, "main..topic") == ["a.py", "b.py"]
    assert await paths(repository, "topic...") == ["b.py"]
    assert await paths(repository, "..topic") == ["a.py", "b.py"]


@pytest.mark.parametrize(
    "name", ["HEAD", "main", "v1", "{id}", "{short}", "HEAD^0", "@", "HEAD^{{/second}}", ":/second"]
)
async def test_a_commit_is_what_it_changed(repository: Path, name: str) -> None:
    whole = commit(repository, {"b.py": "beta\n"}, "the second one")
    git(repository, "tag", "-a", "v1", "-m", "v1")
    assert await paths(repository, name.format(id=whole, short=whole[:9])) == ["b.py"]


async def test_the_first_commit_added_everything(repository: Path) -> None:
    change = await changed(repository, "HEAD")
    assert {(patch.path, patch.status) for patch in change.patches} == {(path, "added") for path in BASE}


async def test_a_merge_is_told_against_its_first_parent(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "topic")
    commit(repository, {"a.py": "topic\n"})
    git(repository, "checkout", "-q", "main")
    commit(repository, {"b.py": "main\n"})
    git(repository, "merge", "-q", "--no-ff", "-m", "merged", "topic")
    assert await paths(repository, "HEAD") == ["a.py"]


async def test_names_from_the_reflog_and_of_the_upstream_are_understood(repository: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(repository), "clone")
    commit(tmp_path / "clone", {"b.py": "beta\n"})
    assert await paths(tmp_path / "clone", "@{upstream}...HEAD") == ["b.py"]
    assert await paths(tmp_path / "clone", "HEAD@{1}..") == ["b.py"]
    assert await paths(tmp_path / "clone", "origin/main..") == ["b.py"]


async def test_before_the_first_commit_everything_is_new(tmp_path: Path) -> None:
    folder = a_repository(tmp_path / "new")
    write(folder, {"a.py": "x\n"})
    assert await paths(folder, "staged") == []
    git(folder, "add", "-A")
    assert await paths(folder, "staged") == await paths(folder, "working") == ["a.py"]


async def test_refs_are_found_loose_and_packed(repository: Path) -> None:
    commit(repository, {"b.py": "beta\n"})
    git(repository, "branch", "old", "HEAD~1")
    git(repository, "pack-refs", "--all")
    git(repository, "gc", "-q")
    git(repository, "branch", "loose/one", "HEAD~1")
    assert await paths(repository, "old..main") == await paths(repository, "loose/one..main") == ["b.py"]


@pytest.mark.parametrize("kind", ["sha1", "sha256"])
async def test_both_kinds_of_ids_are_read(tmp_path: Path, kind: str) -> None:
    git(tmp_path, "init", "-q", "-b", "main", f"--object-format={kind}", "r")
    commit(tmp_path / "r", BASE)
    write(tmp_path / "r", {"a.py": "x\n"})
    assert await paths(tmp_path / "r", "working") == ["a.py"]
    assert len(await paths(tmp_path / "r", "HEAD")) == 3


# ------------------------------------------------------------------------------------------------------- work trees


async def test_every_kind_of_change_in_the_work_tree_is_told(repository: Path) -> None:
    commit(
        repository, {"gone.py": "x\n", "moved.py": "\n".join(map(str, range(40))), "run.sh": "a\n", "link-to": "b\n"}
    )
    (repository / "link").symlink_to("a.py")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "link")
    (repository / "gone.py").unlink()
    (repository / "moved.py").rename(repository / "there.py")
    git(repository, "add", "-N", "there.py")
    (repository / "run.sh").chmod(0o755)
    (repository / "link").unlink()
    (repository / "link").symlink_to("b.py")
    (repository / "link-to").unlink()
    (repository / "link-to").symlink_to("/etc/hostname")
    told = {patch.path: patch.status for patch in (await changed(repository, "working")).patches}
    assert told == {
        "gone.py": "deleted",
        "there.py": "renamed",
        "run.sh": "mode changed",
        "link": "modified",
        "link-to": told["link-to"],
    }
    (link,) = (
        patch for patch in (await changed(repository, "working")).patches if patch.new_path == "link-to" and patch.hunks
    )
    assert "/etc/hostname" in added(link) or link.status == "deleted"


async def test_a_link_is_told_by_its_words_and_never_followed(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("outside and secret")
    (repository / "a.py").unlink()
    (repository / "a.py").symlink_to(tmp_path / "outside")
    change = await changed(repository, "working")
    assert "outside and secret" not in repr(change)
    assert any(str(tmp_path / "outside") in added(patch) for patch in change.patches)


async def test_a_folder_that_became_a_link_leads_nowhere(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "c.py").write_text("outside and secret")
    shutil.rmtree(repository / "sub")
    (repository / "sub").symlink_to(tmp_path / "outside")
    change = await changed(repository, "working")
    assert [(patch.path, patch.status) for patch in change.patches] == [("sub/c.py", "deleted")]
    assert "outside and secret" not in repr(change)


async def test_a_pipe_in_the_place_of_a_file_does_not_hang(repository: Path) -> None:
    (repository / "a.py").unlink()
    os.mkfifo(repository / "a.py")
    assert await paths(repository, "working") == ["a.py"]


async def test_line_ends_that_attributes_ask_for_are_no_change(repository: Path) -> None:
    commit(repository, {".gitattributes": "*.bat text eol=crlf\n", "x.bat": "one\r\ntwo\r\n"})
    write(repository, {"x.bat": "one\r\nTWO\r\n"})
    (patch,) = (await changed(repository, "working")).patches
    assert added(patch) == ["TWO"]


async def test_the_settings_for_line_ends_are_kept(repository: Path) -> None:
    git(repository, "config", "core.autocrlf", "true")
    write(repository, {"a.py": "one\r\nTWO\r\nthree\r\n"})
    (patch,) = (await changed(repository, "working")).patches
    assert added(patch) == ["TWO"]


async def test_an_index_with_conflicts_is_told(repository: Path) -> None:
    git(repository, "checkout", "-q", "-b", "topic")
    commit(repository, {"a.py": "topic\n"})
    git(repository, "checkout", "-q", "main")
    commit(repository, {"a.py": "main\n"})
    git(repository, "merge", "-q", "topic", check=False)
    assert "unmerged" in (await refused(repository, "staged")).message
    (patch,) = (await changed(repository, "working")).patches
    assert "=======" in added(patch)


async def test_odd_names_are_read(repository: Path) -> None:
    names = ["späße.py", 'with "quotes".py', "with blank.py", "tab\there.py", "-dash.py", ":(top)magic.py", "star*.py"]
    commit(repository, dict.fromkeys(names, "x\n"))
    async with Git(repository) as opened:
        change = await opened.change("HEAD")
        assert sorted(patch.path for patch in change.patches) == sorted(names)
        readable = set(names) - {"tab\there.py"}
        assert set(await opened.contents(change.new, names)) == readable


LATIN = "name = 'caf\u00e9'\nother = 'na\u00efve'\nlast = 'd\u00e9j\u00e0 vu'\n"


def raw(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)


@pytest.mark.parametrize("range_", ["working", "staged", "HEAD"])
async def test_a_file_in_another_encoding_is_told_as_text(repository: Path, range_: str) -> None:
    raw(repository, "lat.py", LATIN.encode("latin-1"))
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "latin")
    raw(repository, "lat.py", LATIN.replace("caf\u00e9", "caf\u00e9 cr\u00e8me").encode("latin-1"))
    if range_ != "working":
        git(repository, "add", ".")
    if range_ == "HEAD":
        git(repository, "commit", "-q", "-m", "cream")
    (patch,) = (await changed(repository, range_)).patches
    (hunk,) = patch.hunks
    assert hunk.new_lines == LATIN.replace("caf\u00e9", "caf\u00e9 cr\u00e8me").split("\n")[:-1]
    assert hunk.old_lines == LATIN.split("\n")[:-1]


async def test_a_change_of_the_encoding_is_told_in_both(repository: Path) -> None:
    raw(repository, "lat.py", LATIN.encode("latin-1"))
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "latin")
    raw(repository, "lat.py", LATIN.encode())
    (patch,) = (await changed(repository, "working")).patches
    (hunk,) = patch.hunks
    assert hunk.old_lines == hunk.new_lines == LATIN.split("\n")[:-1]
    assert [line.mark for line in hunk.lines] == ["-"] * 3 + ["+"] * 3


async def test_a_deleted_file_in_another_encoding_is_told_as_text(repository: Path) -> None:
    raw(repository, "lat.py", LATIN.encode("latin-1"))
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "latin")
    (repository / "lat.py").unlink()
    (patch,) = (await changed(repository, "working")).patches
    assert patch.hunks[0].old_lines == LATIN.split("\n")[:-1] and patch.new_path is None


async def test_a_file_whose_encoding_cannot_be_told_is_left_out_and_named(repository: Path) -> None:
    raw(repository, "odd.txt", "\u00fcber ".encode() * 30 + b"\xfa\xfe\xff\n")
    write(repository, {"a.py": "one\n"})
    git(repository, "add", ".")
    change = await changed(repository, "staged")
    assert [patch.path for patch in change.patches] == ["a.py"]
    assert change.left_out == (("odd.txt", "it is not UTF-8, and its encoding cannot be told"),)


async def test_a_byte_order_mark_is_no_part_of_the_first_line(repository: Path) -> None:
    raw(repository, "m.cs", "\ufeffusing A;\nclass B {}\n".encode())
    git(repository, "add", ".")
    git(repository, "commit", "-q", "-m", "mark")
    raw(repository, "m.cs", "\ufeffusing A;\nclass C {}\n".encode())
    (patch,) = (await changed(repository, "working")).patches
    assert patch.hunks[0].new_lines == ["using A;", "class C {}"]


async def test_a_file_too_large_to_compare_counts_as_binary(repository: Path) -> None:
    write(repository, {"a.py": "x\n" * 3_000_000, "b.py": "beta\n"})
    told = {patch.path: patch.binary for patch in (await changed(repository, "working")).patches}
    assert told == {"a.py": True, "b.py": False}


async def test_a_change_too_large_to_review_is_refused(repository: Path) -> None:
    commit(repository, {"a.py": "a line of the file\n" * 600_000})
    assert (await refused(repository, "HEAD", TooLarge)).code == "too_large"


# --------------------------------------------------------------------------------------------------------- contents


async def test_both_sides_of_a_change_are_read(repository: Path) -> None:
    write(repository, {"a.py": "new\n"})
    (repository / "b.py").unlink()
    async with Git(repository) as opened:
        change = await opened.change("working")
        write(repository, {"a.py": "newer still\n"})
        assert await opened.contents(change.new, ["a.py", "b.py", "sub/c.py", "nowhere"]) == {
            "a.py": b"new\n",
            "sub/c.py": b"deep\n",
        }
        assert await opened.show(change.old, "b.py") == b"alpha\n"
        with pytest.raises(InvalidArgument, match="no file"):
            await opened.show(change.new, "b.py")
        with pytest.raises(InvalidArgument, match="no file"):
            await opened.show(change.new, "sub")


async def test_a_folder_sees_only_what_lies_beneath_it(repository: Path) -> None:
    write(repository, {"a.py": "x\n", "sub/c.py": "y\n"})
    async with Git(repository / "sub") as opened:
        assert opened.top == repository
        change = await opened.change("working")
        assert [patch.path for patch in change.patches] == ["c.py"]
        assert await opened.contents(change.new, ["c.py", "a.py", "../a.py", "sub/c.py"]) == {"c.py": b"y\n"}
    assert await paths(repository / "sub", "HEAD") == ["c.py"]


async def test_a_folder_that_is_new_or_gone_has_an_empty_side(repository: Path) -> None:
    commit(repository, {"fresh/x.py": "x\n"})
    shutil.rmtree(repository / "fresh")
    git(repository, "commit", "-q", "-am", "gone")
    (repository / "fresh").mkdir()
    assert await paths(repository / "fresh", "HEAD~1") == ["x.py"]
    assert await paths(repository / "fresh", "HEAD") == ["x.py"]
    assert await paths(repository / "fresh", "HEAD~2") == []


async def test_secret_files_are_left_out_by_name(repository: Path) -> None:
    commit(repository, {".env": "A=1\n", "keys/id_rsa": "x\n", "a.py": "x\n"})
    write(repository, {".env": "A=2\n", "a.py": "y\n"})
    for range_ in ("HEAD", "working"):
        async with Git(repository) as opened:
            change = await opened.change(range_)
            assert [patch.path for patch in change.patches] == ["a.py"]
            assert await opened.contents(change.new, [".env", "keys/id_rsa"]) == {}
            left_out = dict(change.left_out)
            assert set(left_out) == ({".env", "keys/id_rsa"} if range_ == "HEAD" else set())
            assert "A=2" not in repr(change) and "A=1" not in repr(change)


# ----------------------------------------------------------------------------------------------------- what is wrong


@pytest.mark.parametrize(
    "range_",
    [
        "",
        " ",
        "-",
        "--",
        "--output=x",
        "-c core.pager=x",
        "--upload-pack=x",
        "a....b",
        "x\0y",
        "x\ny",
        "a" * 500,
        "\ud800",
    ],
)
async def test_what_cannot_be_a_range_is_told_what_it_should_be(repository: Path, range_: str) -> None:
    assert "main...HEAD" in (await refused(repository, range_)).fix


@pytest.mark.parametrize(
    "range_", ["nope", "main..nope", "HEAD:a.py", "HEAD^{tree}", "^HEAD", "HEAD~99", "HEAD main", "main^@"]
)
async def test_an_unknown_revision_is_named(repository: Path, range_: str) -> None:
    refusal = await refused(repository, range_)
    assert range_.removeprefix("main..") in refusal.message


async def test_histories_with_nothing_in_common_are_told(repository: Path) -> None:
    git(repository, "checkout", "-q", "--orphan", "other")
    commit(repository, {"a.py": "other\n"})
    assert "in common" in (await refused(repository, "main...other")).message
    assert await paths(repository, "main..other") == ["a.py"]


async def test_a_folder_without_a_repository_is_told(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    assert "not in a git repository" in (await refused(tmp_path / "plain", "staged")).message


async def test_without_git_there_is_a_plain_answer(
    repository: Path, own_temporary_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert "not installed" in (await refused(repository, "staged")).message
    assert empty(own_temporary_folder)


async def test_a_git_that_the_work_tree_brings_along_is_not_run(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = repository / "bin" / "git"
    write(repository, {"bin/git": f"#!/bin/sh\n: > {tmp_path}/marker\n"})
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    assert "not installed" in (await refused(repository, "staged")).message
    assert not there(tmp_path / "marker")


async def test_the_edge_of_a_shallow_clone_is_told(repository: Path, tmp_path: Path) -> None:
    for number in range(3):
        commit(repository, {"a.py": f"{number}\n"})
    git(tmp_path, "clone", "-q", "--depth", "2", f"file://{repository}", "shallow")
    assert await paths(tmp_path / "shallow", "HEAD") == ["a.py"]
    assert "shallow" in (await refused(tmp_path / "shallow", "HEAD~1")).message


# -------------------------------------------------------------------------------------------- whose repository it is


async def test_a_linked_work_tree_is_read(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "topic", str(tmp_path / "linked"))
    commit(tmp_path / "linked", {"b.py": "beta\n"})
    write(tmp_path / "linked", {"a.py": "x\n"})
    assert await paths(tmp_path / "linked", "main...HEAD") == ["b.py"]
    assert await paths(tmp_path / "linked", "working") == ["a.py"]


def with_submodule(repository: Path, tmp_path: Path) -> Path:
    """The submodule's folder."""
    a_repository(tmp_path / "library", {"x.py": "x\n"})
    adding = ["submodule", "--quiet", "add", str(tmp_path / "library"), "sub/library"]
    git(repository, "-c", "protocol.file.allow=always", *adding)
    git(repository, "commit", "-q", "-m", "library")
    return repository / "sub" / "library"


async def differing(folder: Path) -> list[str]:
    with anyio.fail_after(WAIT_S):
        async with Git(folder) as repository:
            return [path async for path in submodules.changed(repository)]


async def test_a_submodule_is_read_by_itself_and_not_through_its_parent(repository: Path, tmp_path: Path) -> None:
    library = with_submodule(repository, tmp_path)
    write(library, {"x.py": "y\n"})
    assert await paths(repository, "working") == []
    assert await paths(library, "working") == ["x.py"]


async def test_a_submodule_that_differs_from_its_commit_is_named(repository: Path, tmp_path: Path) -> None:
    library = with_submodule(repository, tmp_path)
    assert await differing(repository) == []
    write(library, {"x.py": "y\n"})
    assert await differing(repository) == ["sub/library"]
    assert await differing(repository / "sub") == ["library"]
    git(library, "add", ".")
    assert await differing(repository) == ["sub/library"]
    commit(library, {})
    assert await differing(repository) == ["sub/library"]
    git(repository, "add", "sub/library")
    assert await differing(repository) == []
    (patch,) = (await changed(repository, "staged")).patches
    assert patch.is_submodule and patch.path == "sub/library"


async def test_a_submodule_that_was_not_fetched_is_no_change_and_a_link_in_its_place_is(
    repository: Path, tmp_path: Path
) -> None:
    library = with_submodule(repository, tmp_path)
    shutil.rmtree(library)
    library.mkdir()
    assert await differing(repository) == []
    library.rmdir()
    library.symlink_to(tmp_path / "library")
    assert await differing(repository) == ["sub/library"]


def _by_pointer(mine: Path, theirs: Path) -> None:
    shutil.rmtree(mine / ".git")
    (mine / ".git").write_text(f"gitdir: {theirs / '.git'}\n")


def _by_link(mine: Path, theirs: Path) -> None:
    shutil.rmtree(mine / ".git")
    (mine / ".git").symlink_to(theirs / ".git")


def _by_commondir(mine: Path, theirs: Path) -> None:
    (mine / ".git" / "commondir").write_text(str(theirs / ".git"))


def _by_objects(mine: Path, theirs: Path) -> None:
    shutil.rmtree(mine / ".git" / "objects")
    (mine / ".git" / "objects").symlink_to(theirs / ".git" / "objects")


def _by_one_folder_of_objects(mine: Path, theirs: Path) -> None:
    name = git(theirs, "rev-parse", "HEAD")[:2]
    shutil.rmtree(mine / ".git" / "objects" / name, ignore_errors=True)
    (mine / ".git" / "objects" / name).symlink_to(theirs / ".git" / "objects" / name)


def _by_alternates(mine: Path, theirs: Path) -> None:
    (mine / ".git" / "objects" / "info").mkdir(exist_ok=True)
    (mine / ".git" / "objects" / "info" / "alternates").write_text(f"{theirs / '.git' / 'objects'}\n")


def _by_a_forged_work_tree(mine: Path, theirs: Path) -> None:
    git(theirs, "worktree", "add", "-q", "--detach", str(mine.parent / "theirs-linked"))
    shutil.rmtree(mine / ".git")
    (mine / ".git").write_text(f"gitdir: {theirs / '.git' / 'worktrees' / 'theirs-linked'}\n")


@pytest.mark.parametrize(
    "lead_away",
    [
        _by_pointer,
        _by_link,
        _by_commondir,
        _by_objects,
        _by_one_folder_of_objects,
        _by_alternates,
        _by_a_forged_work_tree,
    ],
)
async def test_another_repository_is_not_read_through_this_one(
    repository: Path, tmp_path: Path, lead_away: Any
) -> None:
    theirs = a_repository(tmp_path / "theirs", {"private.py": "outside and secret\n"})
    wanted = git(theirs, "rev-parse", "HEAD")
    lead_away(repository, theirs)
    refusal = await refused(repository, wanted, PathDenied)
    assert "outside of it" in refusal.message


async def test_a_configured_work_tree_elsewhere_is_not_read(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "a.py").write_text("outside and secret\n")
    git(repository, "config", "core.worktree", str(tmp_path / "elsewhere"))
    async with Git(repository) as opened:
        assert opened.top == repository
        assert (await opened.change("working")).patches == ()


# --------------------------------------------------------------------------------------------------- nothing is run


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    return tmp_path / "somebody-ran-this"


@pytest.fixture
def hostile(repository: Path, tmp_path: Path, marker: Path) -> Path:
    """A repository whose every setting that names a program names one that leaves a mark."""
    script = tmp_path / "evil.sh"
    script.write_text(f"#!/bin/sh\n: > {marker}\ncat\n")
    script.chmod(0o755)
    commit(repository, {".gitattributes": "* filter=evil diff=evil merge=evil text\n", "a.py": "one\n"})
    for hook in ("post-index-change", "pre-commit", "post-checkout", "reference-transaction", "fsmonitor-watchman"):
        (repository / ".git" / "hooks" / hook).write_bytes(script.read_bytes())
        (repository / ".git" / "hooks" / hook).chmod(0o755)
    sections: dict[str, dict[str, object]] = {
        "core": {
            "fsmonitor": script, "pager": script, "editor": script, "sshCommand": script, "askPass": script,
            "hooksPath": repository / ".git" / "hooks", "gitProxy": script, "alternateRefsCommand": script,
            "attributesFile": repository / ".gitattributes",
        },
        'filter "evil"': {"clean": script, "smudge": script, "process": script, "required": "true"},
        'diff "evil"': {"command": script, "textconv": script, "cachetextconv": "true"},
        'merge "evil"': {"driver": script},
        "diff": {"external": script, "submodule": "log", "ignoreSubmodules": "none"},
        "pager": {"diff": script, "diff-tree": script, "diff-files": script, "ls-files": script},
        "interactive": {"diffFilter": script},
        "alias": {"diff-tree": f"!{script}", "rev-parse": f"!{script}", "config": f"!{script}"},
        "credential": {"helper": script},
        "gpg": {"program": script},
        "extensions": {"partialClone": "evil"},
        'remote "evil"': {"url": f"ext::{script}", "promisor": "true", "vcs": "evil", "uploadpack": script},
        "include": {"path": "evil.inc"},
    }  # fmt: skip
    settings = "\n".join(
        f"[{section}]\n" + "\n".join(f"\t{key} = {value}" for key, value in keys.items())
        for section, keys in sections.items()
    )
    (repository / ".git" / "evil.inc").write_text(f"[core]\n\tfsmonitor = {script}\n")
    with (repository / ".git" / "config").open("a") as config:
        config.write(settings + "\n")
    write(repository, {"a.py": "evil\n", "sub/c.py": "worse\n"})
    return repository


def _submodule_with(marker: Path, repository: Path, tmp_path: Path) -> None:
    """To see whether a submodule was changed, git runs itself in it, with that one's configuration."""
    a_repository(tmp_path / "library", {"x.py": "x\n"})
    git(
        repository,
        "-c",
        "protocol.file.allow=always",
        "submodule",
        "--quiet",
        "add",
        str(tmp_path / "library"),
        "library",
    )
    git(repository, "commit", "-q", "-m", "library")
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n: > {marker}\n")
    program.chmod(0o755)
    for key in ("core.fsmonitor", "filter.evil.clean"):
        git(repository / "library", "config", key, str(program))
    (repository / ".git" / "modules" / "library" / "info" / "attributes").write_text("* filter=evil\n")
    write(repository / "library", {"x.py": "y\n"})


RANGES = ("staged", "working", "HEAD", "HEAD~1..HEAD", "HEAD~1...HEAD", "@{u}...", "0" * 40)


async def use_everything(folder: Path) -> None:
    async with Git(folder) as opened:
        for range_ in RANGES:
            try:
                change = await opened.change(range_)
            except Refusal:
                continue
            await opened.contents(change.new, [patch.path for patch in change.patches])
            await opened.contents(change.old, [patch.path for patch in change.patches])
        await opened.untracked()


def test_the_hostile_repository_is_hostile(hostile: Path, marker: Path) -> None:
    git(hostile, "diff", check=False)
    assert there(marker)


async def test_a_hostile_configuration_runs_nothing(hostile: Path, marker: Path) -> None:
    await use_everything(hostile)
    assert not there(marker)
    assert await paths(hostile, "working") == ["a.py", "sub/c.py"]


async def test_a_hostile_submodule_runs_nothing(repository: Path, tmp_path: Path, marker: Path) -> None:
    _submodule_with(marker, repository, tmp_path)
    await use_everything(repository)
    assert not there(marker)
    git(repository, "diff", check=False)
    assert there(marker), "git itself would have run it"


async def test_what_a_partial_clone_lacks_is_not_fetched(repository: Path, tmp_path: Path, marker: Path) -> None:
    commit(repository, {"a.py": "changed\n"})
    git(repository, "config", "uploadpack.allowFilter", "true")
    git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{repository}", "partial")
    program = tmp_path / "upload"
    program.write_text(f'#!/bin/sh\n: > {marker}\nexec git-upload-pack "$@"\n')
    program.chmod(0o755)
    git(tmp_path / "partial", "config", "remote.origin.uploadpack", str(program))
    refusal = await refused(tmp_path / "partial", "HEAD")
    assert not there(marker) and "fetch" in refusal.fix
    git(tmp_path / "partial", "diff", "HEAD~1", "HEAD", check=False)
    assert there(marker), "git itself would have fetched"


_listeners: list[Callable[[tuple[str, ...]], None]] = []


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "subprocess.Popen":
        for listener in _listeners:
            listener(tuple(map(os.fsdecode, arguments[1])))


sys.addaudithook(_watch)


@contextmanager
def each_started(listener: Callable[[tuple[str, ...]], None]) -> Iterator[None]:
    """Tells the command of every process that is started meanwhile."""
    _listeners.append(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


WORDS = [
    "HEAD", "main", "staged", "working", "..", "...", "^", "~", "~1", "^0", "@{", "}", "@{-1}", "{/", ":/", ":", ":0:",
    "--", "-", "--output=/tmp/x", "--exec=touch", "core.pager=x", "ext::sh", "refs/heads/", "$(touch x)", "`touch x`",
    ";touch x", "|", "&&", "\\", "'", '"', " ", "\t", "*", "?", "[", "%", "é", "🙂", "a.py", "../", "/etc/passwd",
    "0" * 40,
]  # fmt: skip


async def test_no_argument_starts_anything_but_git_nor_writes_anything(
    hostile: Path, marker: Path, own_temporary_folder: Path
) -> None:
    chance = random.Random(20261121)
    before = everything_in(hostile)
    asked = ["".join(chance.choices(WORDS, k=chance.randint(1, 5))) for _ in range(150)]
    asked += ["".join(chance.choices(string.printable, k=chance.randint(1, 30))) for _ in range(50)]
    started: list[tuple[str, ...]] = []
    with each_started(started.append), anyio.fail_after(WAIT_S * 4):
        async with Git(hostile) as opened:
            for range_ in asked:
                try:
                    change = await opened.change(range_)
                    await opened.contents(change.new, [range_, "a.py"])
                except Refusal as refusal:
                    assert refusal.code in ("invalid_argument", "too_large")
    assert not there(marker)
    assert everything_in(hostile) == before
    assert len(started) > len(asked) // 2
    for command in started:
        assert command[0] == GIT
        options = (
            {word for word in command[: command.index("--end-of-options")]} if "--end-of-options" in command else set()
        )
        assert options.isdisjoint(asked)
    assert empty(own_temporary_folder)


async def test_git_sees_nothing_of_our_environment(
    repository: Path, tmp_path: Path, marker: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "evil").write_text(f"#!/bin/sh\n: > {marker}\n")
    (tmp_path / "evil").chmod(0o755)
    for name in ("GIT_EXTERNAL_DIFF", "GIT_PAGER", "GIT_SSH_COMMAND"):
        monkeypatch.setenv(name, str(tmp_path / "evil"))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", "core.fsmonitor")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", str(tmp_path / "evil"))
    write(repository, {"a.py": "x\n"})
    assert await paths(repository, "working") == ["a.py"]
    assert not there(marker)


# ------------------------------------------------------------------------------------------------------- cleaning up


async def test_a_cancelled_call_ends_its_git_and_leaves_nothing_behind(
    repository: Path, own_temporary_folder: Path
) -> None:
    """Where rules of what to ignore should be are pipes, which git waits to open. That the first is opened tells that
    it runs; nobody opens the second."""
    os.mkfifo(repository / ".gitignore")
    os.mkfifo(repository / "sub" / ".gitignore")

    async def hang() -> None:
        async with Git(repository) as opened:
            await opened.untracked()

    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(hang)
            os.close(await anyio.to_thread.run_sync(os.open, repository / ".gitignore", os.O_WRONLY))
            assert not empty(own_temporary_folder)
            group.cancel_scope.cancel()
    assert not any(child.name() == "git" for child in psutil.Process().children())
    assert empty(own_temporary_folder)


async def test_a_refusal_leaves_nothing_behind(repository: Path, own_temporary_folder: Path) -> None:
    await refused(repository, "nope")
    shutil.rmtree(repository / ".git" / "objects")
    with pytest.raises(Refusal):
        await changed(repository, "HEAD")
    assert empty(own_temporary_folder)


def test_the_tests_have_a_git() -> None:
    assert subprocess.run([GIT, "--version"], capture_output=True, check=True).stdout.startswith(b"git version")
