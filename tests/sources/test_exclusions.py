"""``!pattern`` among the names of files: what it leaves out of folders, globs and names, and what is said about it."""

from pathlib import Path, PurePath

import pytest

from gemini_mcp.domain.errors import FileNotFound, InvalidArgument, TooLarge
from gemini_mcp.sources.beneath import Beneath
from gemini_mcp.sources.child import Children
from gemini_mcp.sources.completion import paths_beginning_with
from gemini_mcp.sources.exclusions import Exclusions, excluding, parted
from gemini_mcp.sources.listing import Listing
from gemini_mcp.sources.reader import Material, Reader
from gemini_mcp.sources.secrets import Screen
from gemini_mcp.sources.web import Web

from .test_listing import git, write

FILES = (
    "a.py", "tests/test_a.py", "src/b.py", "src/b.min.py", "src/tests/c.py", "src/gen/d.py", "lib/src/gen/e.py",
    "docs/f [1].md", "!odd.md",
)  # fmt: skip


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "root", *FILES)
    return tmp_path / "root"


@pytest.fixture(params=["git", "folders"])
def in_either(request: pytest.FixtureRequest, root: Path) -> Path:
    """In a git work tree, and where there is none: the answers are the same."""
    if request.param == "git":
        git(root, "init", "-q")
        git(root, "add", "a.py", "src")
    return root


async def material(names: list[str], *roots: Path) -> Material:
    return await Reader(Beneath(roots), Web(), Screen(), Children()).read(names)


async def read(names: list[str], *roots: Path) -> list[str]:
    return [source.path for source in (await material(names, *roots)).sources]


@pytest.mark.parametrize(
    ("pattern", "left_out"),
    [
        ("!tests/", {"tests/test_a.py", "src/tests/c.py"}),
        ("!tests", {"tests/test_a.py", "src/tests/c.py"}),
        ("!/tests/", {"tests/test_a.py"}),
        ("!./tests", {"tests/test_a.py"}),
        ("!**/tests/**", {"tests/test_a.py", "src/tests/c.py"}),
        ("!*.min.py", {"src/b.min.py"}),
        ("!a.py", {"a.py"}),
        ("!a.py/", set()),
        ("!src/gen/", {"src/gen/d.py"}),
        ("!src/gen", {"src/gen/d.py"}),
        ("!**/gen/*.py", {"src/gen/d.py", "lib/src/gen/e.py"}),
        ("!src/*/*.py", {"src/tests/c.py", "src/gen/d.py"}),
        ("!src/*.py", {"src/b.py", "src/b.min.py"}),
        ("!{tests,gen}/", {"tests/test_a.py", "src/tests/c.py", "src/gen/d.py", "lib/src/gen/e.py"}),
        ("!docs/f [1].md", {"docs/f [1].md"}),
        ("!f [1].md", {"docs/f [1].md"}),
        ("!test_?.py", {"tests/test_a.py"}),
        ("!!odd.md", {"!odd.md"}),
        (" ! src/gen/ ", {"src/gen/d.py"}),
        ("!{root}/src/gen/", {"src/gen/d.py"}),
        ("!{root}/src/*.py", {"src/b.py", "src/b.min.py"}),
    ],
)
async def test_a_pattern_leaves_out_of_all_what_it_says(in_either: Path, pattern: str, left_out: set[str]) -> None:
    pattern = pattern.replace("{root}", str(in_either))
    for name in (".", "**", str(in_either)):
        assert set(FILES) - set(await read([name, pattern], in_either)) == left_out
        assert set(FILES) - set(await read([pattern, name], in_either)) == left_out


async def test_what_is_named_by_itself_is_left_out_too(root: Path) -> None:
    assert await read(["a.py", "src/b.py", "!/a.py"], root) == ["src/b.py"]
    assert await read(["src", "tests", "!tests/"], root) == ["src/b.min.py", "src/b.py", "src/gen/d.py"]


async def test_a_pattern_with_a_slash_may_begin_in_the_folder_that_was_named(root: Path) -> None:
    assert await read(["lib", "a.py", "!src/gen/"], root) == ["a.py"]
    assert await read(["lib/**/*.py", "a.py", "!/src/gen/"], root) == ["lib/src/gen/e.py", "a.py"]


async def test_what_is_left_out_on_request_is_not_told_as_missing(in_either: Path) -> None:
    write(in_either, "tests/x.zip", "x.zip")
    assert (await material([".", "!tests/"], in_either)).left_out == (("x.zip", ".zip files are not read"),)


@pytest.mark.parametrize(
    "names", [[".", "!*"], ["src", "!src/"], ["a.py", "!a.py"], ["**/*.py", "!*.py"], [".", "!**"]]
)
async def test_a_pattern_that_leaves_nothing_is_refused(in_either: Path, names: list[str]) -> None:
    with pytest.raises(InvalidArgument, match="leaves nothing of what was named") as caught:
        await read(names, in_either)
    assert f'"{names[1]}"' in caught.value.message


async def test_patterns_alone_are_refused(root: Path) -> None:
    with pytest.raises(InvalidArgument, match=r'"!tests/", "!\*.py" alone names nothing') as caught:
        await read(["!tests/", "!*.py"], root)
    assert '["src/", "!src/gen/"]' in caught.value.fix


@pytest.mark.parametrize("pattern", ["!", "! ", "!.", "!/", "!../x", "!a/../b", "!https://example.org/", "!{a,..}/b"])
async def test_what_is_no_pattern_is_refused(root: Path, pattern: str) -> None:
    with pytest.raises(InvalidArgument):
        await read(["a.py", pattern], root)


async def test_too_many_patterns_are_refused(root: Path) -> None:
    with pytest.raises(InvalidArgument, match="101 patterns"):
        await read(["a.py", *(f"!{number}" for number in range(101))], root)


async def test_a_pattern_that_leaves_out_nothing_is_told(root: Path) -> None:
    assert (await material(["src", "!test/", "!gen/"], root)).warnings == ('"!test/" left out nothing',)


async def test_a_pattern_for_what_is_never_read_is_not_told(in_either: Path) -> None:
    assert (await material(["src", "!node_modules/", "!*.min.js", "!.env"], in_either)).warnings == ()


async def test_a_file_whose_name_begins_as_a_pattern_does_can_be_named(root: Path) -> None:
    assert await read(["./!odd.md"], root) == ["!odd.md"]


async def test_a_name_that_holds_nothing_else_is_told_although_there_are_patterns(in_either: Path) -> None:
    for name in ("*.rs", "tests/*.md", "src/**/*.rs"):
        with pytest.raises(FileNotFound, match="nothing matches"):
            await read(["a.py", name, "!gen/"], in_either)


def test_an_excluded_folder_is_not_gone_through(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gemini_mcp.sources.trees._MOST_SEEN", 30)
    write(root, *(f"data/deep/{number}.txt" for number in range(40)))
    listing = Listing(Beneath((root,)), git="no-git-here")
    with pytest.raises(TooLarge):
        listing.expanded(["."])
    roots = Beneath((root,)).roots
    assert len(listing.expanded(["."], exclusions=Exclusions(["!data/"], roots)).files) == len(FILES)


async def test_of_several_roots_one_may_be_meant(root: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    write(second, "a.py", "z.py")
    both = ["a.py", "second/a.py", "z.py"]
    assert await read(["*.py"], root, second) == both
    assert await read(["*.py", "!second/a.py"], root, second) == ["a.py", "z.py"]
    assert await read(["*.py", f"!{second}/a.py"], root, second) == ["a.py", "z.py"]
    assert await read(["*.py", "!a.py"], root, second) == ["z.py"]


async def test_composed_and_decomposed_names_are_one(root: Path) -> None:
    write(root, "u\u0308ber.md")
    assert "u\u0308ber.md" in await read(["."], root)
    assert "u\u0308ber.md" not in await read([".", "!\u00fcber.md"], root)


@pytest.mark.parametrize("path", FILES)
async def test_what_is_suggested_leaves_out_just_that_path(root: Path, path: str) -> None:
    assert set(FILES) - set(await read([".", excluding(path)], root)) == {path}


def test_names_and_patterns_are_told_apart() -> None:
    assert parted(["a", "!b", " !c", "./!d", "https://x/!y"]) == (["a", "./!d", "https://x/!y"], ["!b", "!c"])


def test_a_path_of_a_change_is_matched_as_it_is_called() -> None:
    exclusions = Exclusions(["!tests/", "!src/gen/*.py"])
    paths = ["tests/a.py", "src/tests/a.py", "src/gen/a.py", "src/a.py", "a.py"]
    assert [path for path in paths if not exclusions.excludes(PurePath(path))] == ["src/a.py", "a.py"]


def test_an_absolute_pattern_holds_for_a_path_of_a_change_too(root: Path) -> None:
    exclusions = Exclusions([f"!{root}/tests/"], Beneath((root,)).roots)
    assert exclusions.excludes(PurePath("tests/a.py")) and not exclusions.excludes(PurePath("src/tests/a.py"))


def test_matching_takes_no_longer_for_a_spiteful_pattern() -> None:
    """In full, each would keep a matcher that goes back and tries again busy for years."""
    exclusions = Exclusions(["!" + "*a" * 60 + "*b", "!" + "**/a/" * 60 + "b"])
    assert not exclusions.excludes(PurePath("a" * 250)) and not exclusions.excludes(PurePath("/".join("a" * 250)))


async def test_what_is_left_out_is_completed_as_it_is_typed(root: Path) -> None:
    assert await paths_beginning_with((root,), "src/, !te", 10) == ["src/,!tests/"]
    assert await paths_beginning_with((root,), "!src/ge", 10) == ["!src/gen/"]
