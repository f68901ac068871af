"""What a name stands for: files, folders, globs; what is left out of them; and what a hostile repository cannot do."""

import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from gemini_mcp.domain.errors import FileNotFound, InvalidArgument, PathDenied, SecretFound, TooLarge
from gemini_mcp.sources.beneath import Beneath
from gemini_mcp.sources.git_guard import ENVIRONMENT
from gemini_mcp.sources.globs import globs
from gemini_mcp.sources.ignoring import Rules
from gemini_mcp.sources.listing import Expansion, Listing
from gemini_mcp.sources.worktree import TooMuch, git_names

NO_GIT = "no-git-here"
"""Not an absolute path, so never run."""


def git(folder: Path, *arguments: str, check: bool = True) -> None:
    """Git as a user runs it in that folder, with the repository's configuration in force."""
    env = {
        "PATH": os.defpath,
        "HOME": str(folder.parent),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@example.org",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@example.org",
    }
    subprocess.run(["git", *arguments], cwd=folder, env=env, check=check, capture_output=True)


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    write(folder, "a.py", "README.md", "src/b.py", "src/deep/c.py", "src/deep/d.md", ".github/ci.yml", "docs/e [1].md")
    (tmp_path / "outside.py").write_text("outside")
    return folder


@pytest.fixture(params=["git", "folders"])
def expand(request: pytest.FixtureRequest, root: Path) -> Callable[..., Expansion]:
    """In a git work tree, and where there is none: the answers are the same."""
    if request.param == "git":
        git(root, "init", "-q")
        git(root, "add", "a.py", "src")
    return Listing(Beneath((root,))).expanded


def paths(expansion: Expansion) -> list[str]:
    return list(expansion.files)


# ------------------------------------------------------------------------------------------------- files and folders


def test_a_file_is_itself(expand: Callable[..., Expansion]) -> None:
    assert expand(["a.py", "./src/../a.py", "src/b.py"]) == Expansion(("a.py", "src/b.py"))


def test_a_folder_is_all_that_is_in_it(expand: Callable[..., Expansion]) -> None:
    assert paths(expand(["src"])) == ["src/b.py", "src/deep/c.py", "src/deep/d.md"]
    everything = [".github/ci.yml", "README.md", "a.py", "docs/e [1].md", "src/b.py", "src/deep/c.py", "src/deep/d.md"]
    assert paths(expand(["."])) == everything


def test_absolute_names_and_several_names_are_one_sorted_list(expand: Callable[..., Expansion], root: Path) -> None:
    assert paths(expand([str(root / "src"), "src/deep", "*.py", "a.py"])) == [
        "a.py", "src/b.py", "src/deep/c.py", "src/deep/d.md",
    ]  # fmt: skip


def test_what_is_found_can_be_read_by_its_name(expand: Callable[..., Expansion], root: Path) -> None:
    beneath = Beneath((root,))
    assert [beneath.read(name, 1 << 20).path for name in expand(["."]).files] == paths(expand(["."]))


@pytest.mark.parametrize("name", ["missing", "missing/*.py", "*.rs", "src/**/*.rs", "a.py/*", "**/nothing"])
def test_what_matches_nothing_is_told(expand: Callable[..., Expansion], name: str) -> None:
    with pytest.raises(FileNotFound if "a.py/" not in name else PathDenied) as caught:
        expand(["a.py", name])
    assert name in caught.value.message


@pytest.mark.parametrize("name", ["../outside.py", "../*.py", "/etc", "/etc/*.conf", "src/../../*.py", "/**/*.py"])
def test_nothing_outside_is_listed(expand: Callable[..., Expansion], name: str) -> None:
    with pytest.raises(PathDenied):
        expand([name])


def test_a_file_named_by_itself_is_read_or_refused_never_left_out(expand: Callable[..., Expansion], root: Path) -> None:
    write(root, "yarn.lock", "x.zip", "node_modules/m.js", ".env", "ignored.py", ".gitignore")
    (root / ".gitignore").write_text("ignored.py\nnode_modules\n")
    (root / "link.py").symlink_to("a.py")
    named = ["ignored.py", "link.py", "node_modules/m.js", "x.zip", "yarn.lock"]
    assert expand(named) == Expansion(tuple(named))
    with pytest.raises(SecretFound):
        expand(["a.py", ".env"])


# ------------------------------------------------------------------------------------------------------------- globs


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("*.py", ["a.py"]),
        ("**/*.py", ["a.py", "src/b.py", "src/deep/c.py"]),
        ("src/*", ["src/b.py"]),
        ("src/**", ["src/b.py", "src/deep/c.py", "src/deep/d.md"]),
        ("src/**/*.md", ["src/deep/d.md"]),
        ("**/deep/*.py", ["src/deep/c.py"]),
        ("s?c/[a-c].py", ["src/b.py"]),
        ("src/[!b]*/*", ["src/deep/c.py", "src/deep/d.md"]),
        ("*/*.{yml,py}", [".github/ci.yml", "src/b.py"]),
        ("{src,docs}/**/*.md", ["docs/e [1].md", "src/deep/d.md"]),
        ("docs/e [1].md", ["docs/e [1].md"]),
        ("./src/**/**/c.py", ["src/deep/c.py"]),
        ("**", [".github/ci.yml", "README.md", "a.py", "docs/e [1].md", "src/b.py", "src/deep/c.py", "src/deep/d.md"]),
    ],
)
def test_a_glob_matches(expand: Callable[..., Expansion], root: Path, name: str, found: list[str]) -> None:
    assert paths(expand([name])) == found
    assert paths(expand([f"{root}/{name.removeprefix('./')}"])) == found


def test_dots_are_taken_by_name_before_a_glob_is_a_glob(expand: Callable[..., Expansion]) -> None:
    assert expand(["src/*/../../*.py", "src/deep/../*.py"]) == expand(["*.py", "src/*.py"])


@pytest.mark.parametrize("name", ["{src,..}/*.py", "{src,../..}/**", "src/{deep,..}/*"])
def test_a_glob_that_climbs_is_refused(expand: Callable[..., Expansion], name: str) -> None:
    with pytest.raises((InvalidArgument, PathDenied)):
        expand([name])


def test_a_root_may_be_named_like_a_glob(tmp_path: Path) -> None:
    root = tmp_path / "[a]{b,c}*"
    write(root, "src/x.py")
    expanded = Listing(Beneath((root,))).expanded
    for name in ("src", "src/*.py", f"{root}/src/*.py", f"{root}/**", str(root)):
        assert paths(expanded([name])) == ["src/x.py"]


def test_a_glob_of_too_many_alternatives_is_refused() -> None:
    with pytest.raises(InvalidArgument):
        globs("{a,b}" * 10)


def test_matching_takes_no_longer_for_a_spiteful_pattern() -> None:
    """Each of these would keep a matcher that goes back and tries again busy for years."""
    (stars,) = globs("*a" * 60 + "*b")
    assert not stars.matches(("a" * 250,))
    (folders,) = globs("**/a/" * 60 + "b")
    assert not folders.matches(("a",) * 250)


def test_a_glob_looks_into_every_root_that_has_its_folder(root: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    write(second, "a.py", "z.py", "src/only.py")
    listing = Listing(Beneath((root, second)))
    assert paths(listing.expanded(["*.py", "src/*.py"])) == ["a.py", "second/a.py", "src/b.py", "src/only.py", "z.py"]


# ---------------------------------------------------------------------------------------------------------- ignoring


@pytest.mark.parametrize("way", ["git", "folders"])
def test_ignore_rules_hold(root: Path, way: str) -> None:
    write(
        root, "x.log", "keep.log", "build/x.py", "src/build/y.py", "src/x.tmp", "src/deep/x.tmp", "src/deep/no.md",
        "src/only-here/q.md", "q.md", "vendor/in/f.c", "vendor/f.c", "sp ace.txt", "#hash", "a/b/c/d.txt", "deep.cfg",
        "src/deep.cfg",
    )  # fmt: skip
    (root / ".gitignore").write_text(
        "# comment\n\n*.log\n!keep.log\n/build/\n*.tmp\nvendor/*\n!vendor/in/\n\\#hash\n"
        "a/**/d.txt\nsp ace.txt  \n/*.cfg\n"
    )
    (root / "src" / ".gitignore").write_text("only-here/*.md\n!deep/x.tmp\nno.md\n")
    if way == "git":
        git(root, "init", "-q")
    expanded = Listing(Beneath((root,)), git=None if way == "git" else NO_GIT).expanded
    assert paths(expanded(["."])) == [
        ".github/ci.yml", ".gitignore", "README.md", "a.py", "docs/e [1].md", "keep.log", "q.md", "src/.gitignore",
        "src/b.py", "src/build/y.py", "src/deep.cfg", "src/deep/c.py", "src/deep/d.md", "src/deep/x.tmp",
        "vendor/in/f.c",
    ]  # fmt: skip
    assert paths(expanded(["src/deep"])) == ["src/deep/c.py", "src/deep/d.md", "src/deep/x.tmp"]
    assert paths(expanded(["build"])) == ["build/x.py"], "named by itself, although it is ignored"


def test_a_tracked_file_is_listed_although_it_is_ignored_and_a_deleted_one_is_not(root: Path) -> None:
    git(root, "init", "-q")
    write(root, "tracked.log", "gone.py", "src/gone/too.py")
    git(root, "add", ".")
    (root / "gone.py").unlink()
    (root / "src" / "gone" / "too.py").unlink()
    (root / "src" / "gone").rmdir()
    write(root, "untracked.log")
    (root / ".gitignore").write_text("*.log\n")
    found = paths(Listing(Beneath((root,))).expanded(["."]))
    assert "tracked.log" in found and not {"gone.py", "src/gone/too.py", "untracked.log"} & set(found)


def test_a_root_below_the_top_of_a_work_tree_keeps_to_itself(root: Path) -> None:
    git(root, "init", "-q")
    (root / ".gitignore").write_text("*.md\n")
    assert paths(Listing(Beneath((root / "src",))).expanded(["."])) == ["b.py", "deep/c.py"]


@pytest.mark.parametrize(
    "name", ["grüße/日本.md", "-rf/--help.md", "a\\b.md", "q'u\"o$(te).md", " lead.md", "[x]{y,z}.md"]
)
def test_odd_names_are_found(expand: Callable[..., Expansion], root: Path, name: str) -> None:
    write(root, name)
    assert name in paths(expand(["."])) and name in paths(expand(["**/*.md"])) and paths(expand([name])) == [name]


def test_a_name_that_git_and_the_folder_compose_differently_is_found(root: Path) -> None:
    """As on macOS, where git lists composed names. Here the index is given the other form by hand."""
    git(root, "init", "-q")
    composed = unicodedata.normalize("NFC", "über.py")
    write(root, unicodedata.normalize("NFD", composed))
    git(root, "update-index", "--add", "--cacheinfo", f"100644,{'0' * 39}1,{composed}")
    (root / ".gitignore").write_text("u*.py\n")
    assert unicodedata.normalize("NFD", composed) in paths(Listing(Beneath((root,))).expanded(["."]))


def test_spiteful_patterns_cost_no_time(root: Path) -> None:
    """Passed over, or few enough stars to be cheap: matching in full would take longer than the test may."""
    write(root, "a" * 250)
    (root / ".gitignore").write_text("\n".join(["*a" * 20 + "b", "*a*ab", "**/" * 30 + "b", "[[:x:]--a]*"] * 200))
    found = Listing(Beneath((root,)), git=NO_GIT).expanded(["."])
    assert "a" * 250 in found.files


def test_a_rule_with_few_stars_is_not_passed_over() -> None:
    rules = Rules(["**/*.py[cod]", "!keep*", "foo/**/bar/"])
    assert [rules.ignores(path) for path in ("a/b.pyc", "keep.pyc", "foo/x/y/bar/", "foo/x/y/bar")] == [
        True, False, True, None,
    ]  # fmt: skip


# ---------------------------------------------------------------------------------------------------------- left out


def test_what_nobody_means_is_left_out_and_named(expand: Callable[..., Expansion], root: Path) -> None:
    write(
        root, ".env", "src/.env.local", "src/key.pem", "logo.ico", "data.tar.gz", "lib.so", "clip.mp4", "uv.lock",
        "go.sum", "node_modules/x/i.js", "node_modules/x/j.js", "src/__pycache__/b.pyc", "app.min.js", ".env.example",
        ".svn/entries", "report.pdf", "photo.JPG", "table.xlsx", "deck.PPTX",
    )  # fmt: skip
    (root / "link.py").symlink_to("a.py")
    (root / "out.py").symlink_to("../outside.py")
    (root / "folder").symlink_to("src")
    (root / "loop").symlink_to(".")
    expansion = expand(["."])
    assert {"report.pdf", "photo.JPG", "table.xlsx", "deck.PPTX", ".env.example"} <= set(expansion.files)
    assert dict(expansion.left_out) == {
        ".env": "files named .env* may hold secrets",
        "src/.env.local": "files named .env* may hold secrets",
        "src/key.pem": "files named *.pem may hold secrets",
        "logo.ico": ".ico files are not read",
        "data.tar.gz": ".gz files are not read",
        "lib.so": ".so files are not read",
        "clip.mp4": ".mp4 files are not read",
        "uv.lock": "a lock file",
        "go.sum": "a lock file",
        "node_modules": "a folder of installed or generated files",
        "src/__pycache__": "a folder of installed or generated files",
        "app.min.js": "generated",
        "link.py": "a symbolic link",
        "out.py": "a symbolic link",
        "folder": "a symbolic link",
        "loop": "a symbolic link",
    }
    assert not set(expansion.files) & dict(expansion.left_out).keys()


def test_only_what_a_glob_means_is_left_out_of_it(expand: Callable[..., Expansion], root: Path) -> None:
    write(root, "x.zip", ".env", "src/prod.env", "node_modules/i.py")
    assert expand(["src/*.py"]).left_out == expand(["*.py"]).left_out == ()
    assert [path for path, _ in expand(["**/*.{py,env}"]).left_out] == [".env", "node_modules", "src/prod.env"]


def test_a_folder_of_secrets_is_left_out_and_refused_by_name(expand: Callable[..., Expansion], root: Path) -> None:
    write(root, ".aws/config", "home/.ssh/known")
    left_out = dict(expand(["."]).left_out)
    assert set(left_out) == {".aws", "home/.ssh"} and all("credentials" in why for why in left_out.values())
    for name in (".aws", ".aws/*", "home/.ssh", "home/.ssh/**", ".aws/config", ".git", ".git/*"):
        with pytest.raises((SecretFound, FileNotFound) if ".git" in name else SecretFound):
            expand([name])


def test_when_all_is_left_out_the_reasons_are_told(expand: Callable[..., Expansion], root: Path) -> None:
    write(root, "bin/x.zip", "bin/y.so")
    with pytest.raises(FileNotFound, match=r"2 left out: \.so files are not read; \.zip files are not read"):
        expand(["bin"])


def test_a_tool_says_what_it_has_no_use_for(expand: Callable[..., Expansion]) -> None:
    def no_prose(path: str) -> str | None:
        return "not code" if path.endswith(".md") else None

    expansion = expand(["src", "README.md"], unwanted=no_prose)
    assert paths(expansion) == ["README.md", "src/b.py", "src/deep/c.py"]
    assert expansion.left_out == (("src/deep/d.md", "not code"),)


def test_a_file_named_by_itself_is_not_also_left_out(expand: Callable[..., Expansion], root: Path) -> None:
    write(root, "uv.lock")
    expansion = expand([".", "uv.lock"])
    assert "uv.lock" in expansion.files and expansion.left_out == ()


@pytest.mark.parametrize("name", [b"bad\xff.py", b"new\nline.py", b"esc\x1b[2J.py"])
def test_a_name_that_no_answer_can_hold_is_left_out(expand: Callable[..., Expansion], root: Path, name: bytes) -> None:
    (root / os.fsdecode(name)).write_text("x")
    expansion = expand(["**/*.py"])
    ((path, _),) = expansion.left_out
    assert path.isprintable() and path.encode() and len(expansion.files) == 3


def test_another_repository_inside_is_named(root: Path) -> None:
    git(root, "init", "-q")
    write(root, "inner/x.py")
    git(root / "inner", "init", "-q")
    expanded = Listing(Beneath((root,))).expanded
    assert ("inner", "another git repository") in expanded(["."]).left_out
    assert paths(expanded(["inner"])) == ["inner/x.py"]


def test_a_linked_folder_named_by_itself_is_listed_where_it_really_is(
    expand: Callable[..., Expansion], root: Path
) -> None:
    (root / "link").symlink_to("src/deep")
    (root / "out").symlink_to("..")
    assert paths(expand(["link", "link/*.py", "src/deep"])) == ["src/deep/c.py", "src/deep/d.md"]
    for name in ("out", "out/*", "out/**/*.py"):
        with pytest.raises(PathDenied):
            expand([name])


def test_a_tracked_folder_that_became_a_link_lists_nothing_from_beyond(root: Path, tmp_path: Path) -> None:
    git(root, "init", "-q")
    git(root, "add", ".")
    (root / "src").rename(tmp_path / "elsewhere")
    (root / "src").symlink_to("../elsewhere")
    expansion = Listing(Beneath((root,))).expanded(["."])
    assert not [path for path in expansion.files if path.startswith("src")]
    assert ("src", "a symbolic link") in expansion.left_out


def test_a_tracked_folder_that_became_a_link_within_is_not_listed_twice(root: Path) -> None:
    git(root, "init", "-q")
    git(root, "add", ".")
    (root / "src").rename(root / "lib")
    (root / "src").symlink_to("lib")
    found = Listing(Beneath((root,))).expanded(["**/*.py"]).files
    assert found == ("a.py", "lib/b.py", "lib/deep/c.py")


# -------------------------------------------------------------------------------------------------------------- caps


def test_too_many_files_are_counted_and_refused(expand: Callable[..., Expansion], root: Path) -> None:
    write(root, *(f"many/f{number}.txt" for number in range(12)))
    assert len(expand(["many"], most=12).files) == 12
    with pytest.raises(TooLarge, match="12 files are too many") as caught:
        expand(["many"], most=11)
    assert "At most 11" in caught.value.fix
    with pytest.raises(TooLarge):
        expand([f"many/f{number}.txt" for number in range(12)], most=11)


def test_too_much_to_look_through_is_refused(
    expand: Callable[..., Expansion], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gemini_mcp.sources.trees._MOST_SEEN", 10)
    write(root, *(f"many/f{number}.txt" for number in range(12)))
    with pytest.raises(TooLarge, match="too much to look through"):
        expand(["many/*.py"])


def test_more_than_git_may_say_is_refused(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git(root, "init", "-q")
    monkeypatch.setattr("gemini_mcp.sources.worktree._MOST_BYTES", 20)
    with pytest.raises(TooMuch):
        git_names(root)
    with pytest.raises(TooLarge):
        Listing(Beneath((root,))).expanded(["."])


def test_a_tree_deeper_than_any_is_not_gone_through_to_the_end(root: Path) -> None:
    deep = root / "deep" / Path(*["d"] * 80)
    deep.mkdir(parents=True)
    write(root, "deep/top.py")
    (deep / "x.py").write_text("x")
    expansion = Listing(Beneath((root,)), git=NO_GIT).expanded(["deep"])
    assert paths(expansion) == ["deep/top.py"]
    assert [why for _, why in expansion.left_out] == ["a folder that cannot be listed"]


# --------------------------------------------------------------------------------------------------- hostile folders


@pytest.fixture
def hostile(root: Path) -> Path:
    git(root, "init", "-q")
    git(root, "add", ".")
    git(root, "commit", "-qm", "x")
    write(root, "new.py")
    return root


def trap(folder: Path) -> tuple[Path, str]:
    """A command that leaves a mark when anybody runs it."""
    mark = folder.parent / "mark"
    script = folder.parent / "trap.sh"
    script.write_text(f"#!/bin/sh\necho sprung > '{mark}'\n")
    script.chmod(0o755)
    return mark, str(script)


def list_all(folder: Path) -> None:
    listing = Listing(Beneath((folder,)))
    for name in (".", "**/*.py", "src", "a.py"):
        assert listing.expanded([name]).files


def test_a_file_system_monitor_is_not_run(hostile: Path) -> None:
    mark, command = trap(hostile)
    git(hostile, "config", "core.fsmonitor", command)
    git(hostile, "ls-files", "-co", "--exclude-standard")
    assert mark.exists(), "the trap works: git by itself runs it"
    mark.unlink()
    list_all(hostile)
    assert not mark.exists()


def test_hooks_are_not_run(hostile: Path) -> None:
    mark, command = trap(hostile)
    for hook in ("post-index-change", "fsmonitor-watchman", "query-watchman", "post-checkout", "pre-auto-gc"):
        (hostile / ".git" / "hooks" / hook).symlink_to(command)
    git(hostile, "config", "core.fsmonitor", ".git/hooks/fsmonitor-watchman")
    git(hostile, "add", "new.py")
    assert mark.exists(), "the trap works"
    mark.unlink()
    os.utime(hostile / "a.py", (1, 1))  # what would be refreshed in the index
    list_all(hostile)
    assert not mark.exists()


def test_filters_diff_drivers_pagers_and_aliases_are_not_run(hostile: Path) -> None:
    mark, command = trap(hostile)
    (hostile / ".gitattributes").write_text("* diff=evil filter=evil merge=evil\n")
    for key in (
        "diff.external", "diff.evil.textconv", "diff.evil.command", "filter.evil.clean", "filter.evil.smudge",
        "filter.evil.process", "core.pager", "pager.ls-files", "alias.ls-files", "core.editor", "core.askPass",
        "core.sshCommand", "credential.helper", "merge.evil.driver", "core.alternateRefsCommand", "gpg.program",
        "uploadpack.packObjectsHook", "interactive.diffFilter", "sequence.editor", "core.gitProxy",
    ):  # fmt: skip
        git(hostile, "config", key, command)
    git(hostile, "config", "filter.evil.required", "true")
    (hostile / "a.py").write_text("changed")
    git(hostile, "diff", check=False)
    assert mark.exists(), "the trap works"
    mark.unlink()
    list_all(hostile)
    assert not mark.exists()


@pytest.mark.parametrize("knows_no_lazy_fetch", [True, False], ids=["git", "older-git"])
def test_what_is_missing_is_not_fetched(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, knows_no_lazy_fetch: bool
) -> None:
    """Git reads an ignore file that is not checked out from its store, and fetches it when it is not there either:
    by a command of the repository's choice."""
    if not knows_no_lazy_fetch:
        older = {name: value for name, value in ENVIRONMENT.items() if name != "GIT_NO_LAZY_FETCH"}
        monkeypatch.setattr("gemini_mcp.sources.worktree.ENVIRONMENT", older)
    origin = tmp_path / "origin"
    write(origin, "x.py")
    (origin / ".gitignore").write_text("*.log\n")
    git(origin, "init", "-q")
    git(origin, "config", "uploadpack.allowFilter", "true")
    git(origin, "add", ".")
    git(origin, "commit", "-qm", "x")
    mark, command = trap(root)
    for number in (1, 2):
        clone = tmp_path / f"clone{number}"
        git(tmp_path, "clone", "-q", "--no-checkout", "--filter=blob:none", origin.as_uri(), clone.name)
        git(clone, "read-tree", "HEAD")
        git(clone, "update-index", "--skip-worktree", ".gitignore")
        git(clone, "config", "remote.origin.uploadpack", f"{command}; git-upload-pack")
        write(clone, "new.py", "new.log")
    git(tmp_path / "clone1", "ls-files", "-o", "--exclude-standard", check=False)
    assert mark.exists(), "the trap works: git by itself runs it"
    mark.unlink()
    assert "new.py" in Listing(Beneath((tmp_path / "clone2",))).expanded(["."]).files
    assert not mark.exists()


def test_a_bare_repository_inside_has_no_say(hostile: Path) -> None:
    mark, command = trap(hostile)
    bare = hostile / "fixture"
    git(hostile, "init", "-q", "--bare", "fixture")
    git(bare, "config", "core.bare", "false")
    git(bare, "config", "core.worktree", str(hostile))
    git(bare, "config", "core.fsmonitor", command)
    write(bare, "x.py")
    (bare / "info" / "exclude").write_text("*.py\n")
    assert "fixture/x.py" in Listing(Beneath((hostile,))).expanded(["fixture"]).files
    assert not mark.exists()


def test_a_work_tree_set_to_elsewhere_lists_nothing_from_there(hostile: Path, tmp_path: Path) -> None:
    write(tmp_path / "elsewhere", "theirs.py")
    (tmp_path / ".gitignore").write_text("*.py\n")  # of no work tree
    for elsewhere in (tmp_path / "elsewhere", tmp_path, Path("/etc")):
        git(hostile, "config", "core.worktree", str(elsewhere))
        expansion = Listing(Beneath((hostile,))).expanded(["."])
        named = [*expansion.files, *(path for path, _ in expansion.left_out)]
        assert {"a.py", "new.py"} <= set(named) and all(os.path.lexists(hostile / name) for name in named)


def test_a_git_folder_that_points_elsewhere_lists_nothing_from_there(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    write(other, "theirs.py", "src/theirs.py", "theirs.zip", "theirs.env", ".ssh/theirs", "node_modules/theirs")
    git(other, "init", "-q")
    git(other, "add", ".")
    (root / ".git").write_text(f"gitdir: {other / '.git'}\n")
    expansion = Listing(Beneath((root,))).expanded(["."])
    assert "a.py" in expansion.files and expansion.left_out == ()
    assert not [path for path in expansion.files if "theirs" in path]


@pytest.mark.parametrize(
    "broken",
    [b"", b"gitdir: /nowhere\n", b"gitdir: .git\n", b"\0" * 1_000, b"[core]\n\tbare = true\n"],
    ids=["empty", "nowhere", "itself", "zeros", "config"],
)
def test_a_broken_repository_is_a_folder_like_any_other(root: Path, broken: bytes) -> None:
    (root / ".git").write_bytes(broken)
    (root / ".gitignore").write_text("src/deep/\n")
    assert "src/b.py" in (found := Listing(Beneath((root,))).expanded(["."]).files) and "src/deep/c.py" not in found


def test_an_ignore_file_that_never_ends_does_not_hang(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git waits for a writer; it is given up, and the folder gone through without it."""
    assert git_names(hostile) is not None
    os.mkfifo(hostile / ".git" / "info" / "pipe")
    (hostile / ".git" / "info" / "exclude").unlink(missing_ok=True)
    (hostile / ".git" / "info" / "exclude").symlink_to("pipe")
    os.mkfifo(hostile / ".gitignore")
    monkeypatch.setattr("gemini_mcp.sources.worktree._SECONDS", 0.3)
    assert git_names(hostile) is None
    expansion = Listing(Beneath((hostile,))).expanded(["."])
    assert "new.py" in expansion.files and (".gitignore", "not a regular file") in expansion.left_out


def test_a_git_that_the_project_brings_along_is_not_run(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark, command = trap(hostile)
    (hostile / "bin").mkdir()
    (hostile / "bin" / "git").write_text(Path(command).read_text())
    (hostile / "bin" / "git").chmod(0o755)
    monkeypatch.chdir(hostile)
    for path in (f"{hostile / 'bin'}", "bin", "./bin", "."):
        monkeypatch.setenv("PATH", path + os.pathsep + os.defpath)
        assert "a.py" in Listing(Beneath((hostile,))).expanded(["."]).files
    assert not mark.exists()


def test_the_environment_of_the_server_does_not_reach_git(hostile: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mark, command = trap(hostile)
    settings = {
        "GIT_DIR": "/nowhere", "GIT_WORK_TREE": "/etc", "GIT_INDEX_FILE": "/nowhere", "GIT_TRACE2": str(mark),
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": command,
        "GIT_CONFIG_PARAMETERS": f"'core.fsmonitor'='{command}'", "GIT_EXEC_PATH": str(hostile),
    }  # fmt: skip
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert b"a.py" in (git_names(hostile) or [])
    assert not mark.exists()


def test_a_user_gets_the_same_list_from_git_itself(hostile: Path) -> None:
    env = {"PATH": os.defpath, "HOME": str(hostile.parent)}
    command = ["git", "ls-files", "-co", "--exclude-standard", "-z"]
    done = subprocess.run(command, cwd=hostile, env=env, capture_output=True, check=True)
    assert sorted(filter(None, done.stdout.split(b"\0"))) == sorted(git_names(hostile) or [])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may list everything")
def test_a_folder_that_cannot_be_listed_is_named(root: Path) -> None:
    (root / "src").chmod(0)
    try:
        expansion = Listing(Beneath((root,)), git=NO_GIT).expanded(["."])
    finally:
        (root / "src").chmod(0o755)
    assert ("src", "a folder that cannot be listed") in expansion.left_out


def test_pathspec_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, gemini_mcp.sources.listing, gemini_mcp.sources.texts; print(*sys.modules, sep='\\n')"
    env = {"PYTHONPATH": os.pathsep.join(sys.path)}
    loaded = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True).stdout
    assert not {"pathspec", "charset_normalizer", "ctypes"} & set(loaded.split())
