"""The paths beside a git range: every way to write one, and none that is passed over in silence."""

from pathlib import Path
from typing import Any

import pytest

from gemini_mcp.domain.errors import FileNotFound, InvalidArgument, PathDenied, Refusal
from gemini_mcp.engine.ports import silent
from gemini_mcp.tools.arguments import ReviewCode
from gemini_mcp.tools.review_code import review_code
from tests.sources.repositories import a_repository, commit, git, write

from .conftest import ME, Office, Open

FILES = {
    "src/app/x.py": "def one():\n    return 1\n",
    "src/app/y.py": "def two():\n    return 2\n",
    "src/z.ts": "const three = 3\n",
    "docs/a.md": "four\n",
    "idle.py": "pass\n",
    "pages/[id].py": "five = 5\n",
}
CHANGED = [name for name in FILES if name != "idle.py"]


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = a_repository(tmp_path / "project", FILES)
    write(folder, {name: FILES[name] + "more = 1\n" for name in CHANGED})
    return folder


async def reviewed(office: Office, *paths: str, git_range: str = "working") -> list[str]:
    given = await review_code(ReviewCode(git_range=git_range, paths=list(paths)), ME, silent, office.services)
    assert given.receipt is not None
    return sorted(source["path"] for source in given.receipt["sources"])


async def summary(office: Office, *paths: str, git_range: str = "working") -> str:
    given = await review_code(ReviewCode(git_range=git_range, paths=list(paths)), ME, silent, office.services)
    assert given.structured is not None
    said: str = given.structured["summary"]
    return said


@pytest.mark.parametrize(
    ("path", "meant"),
    [
        ("src/app/x.py", ["src/app/x.py"]),
        ("./src//app/../app/x.py", ["src/app/x.py"]),
        ("src/app/", ["src/app/x.py", "src/app/y.py"]),
        ("src", ["src/app/x.py", "src/app/y.py", "src/z.ts"]),
        (".", sorted(CHANGED)),
        ("*.py", ["pages/[id].py", "src/app/x.py", "src/app/y.py"]),
        ("src/**/*.{ts,md}", ["src/z.ts"]),
        ("pages/[id].py", ["pages/[id].py"]),
    ],
)
async def test_a_path_means_what_it_means_elsewhere(
    office: Open, repository: Path, path: str, meant: list[str]
) -> None:
    open_office = await office()
    assert await reviewed(open_office, path) == meant
    if "*" not in path:
        assert await reviewed(open_office, str(repository / path)) == meant


async def test_what_is_excluded_is_not_reviewed(office: Open, repository: Path) -> None:
    open_office = await office()
    assert await reviewed(open_office, "src", "!*.ts") == ["src/app/x.py", "src/app/y.py"]
    assert await reviewed(open_office, "!src/", "!pages/") == ["docs/a.md"]


@pytest.mark.parametrize("path", ["app/x.py", "src/app/x.py", "{}/src/app/x.py", "src/app/*.py", "app"])
async def test_from_a_folder_within_a_repository_paths_as_git_prints_them_are_understood(
    office: Open, repository: Path, path: str
) -> None:
    git(repository, "checkout", "-q", "src/app/y.py")
    open_office = await office(GEMINI_AGENTS_ROOTS=str(repository / "src"))
    assert await reviewed(open_office, path.format(repository)) == ["app/x.py"]


async def test_through_a_link_to_the_root_the_paths_are_the_same(
    office: Open, repository: Path, tmp_path: Path
) -> None:
    (tmp_path / "link").symlink_to(repository)
    open_office = await office(GEMINI_AGENTS_ROOTS=str(tmp_path / "link"))
    for root in (repository, tmp_path / "link"):
        assert await reviewed(open_office, str(root / "src/app/x.py")) == ["src/app/x.py"]


@pytest.mark.parametrize(
    ("paths", "error"),
    [
        (["nothing.py"], FileNotFound),
        (["src", "scr/app/x.py"], FileNotFound),
        (["src", "nothing/*.py"], FileNotFound),
        (["src", "/etc/hosts"], PathDenied),
        (["../x.py"], PathDenied),
        (["idle.py"], InvalidArgument),
    ],
)
async def test_a_path_that_is_nothing_is_named_and_nothing_is_sent(
    office: Open, repository: Path, paths: list[str], error: type[Refusal]
) -> None:
    open_office = await office()
    with pytest.raises(error) as refusal:
        await reviewed(open_office, *paths)
    assert paths[-1] in str(refusal.value) and open_office.asked == []


async def test_a_path_of_another_root_is_named(office: Open, repository: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "b.py").write_text("pass\n")
    open_office = await office(GEMINI_AGENTS_ROOTS=f"{repository}:{tmp_path / 'other'}")
    with pytest.raises(InvalidArgument, match=r"b\.py is not in the repository"):
        await reviewed(open_office, "src", str(tmp_path / "other" / "b.py"))


async def test_a_path_that_is_gone_or_had_another_name_is_part_of_the_change(office: Open, repository: Path) -> None:
    git(repository, "checkout", "-q", ".")
    (repository / "docs/a.md").unlink()
    (repository / "src/z.ts").rename(repository / "src/new.ts")
    write(repository, {"src/app/x.py": "".join(f"line_{number}\n" for number in range(30))})
    commit(repository, {})
    git(repository, "mv", "src/app/x.py", "src/app/w.py")
    write(repository, {"src/app/w.py": "".join(f"line_{number}\n" for number in range(31))})
    commit(repository, {})
    open_office = await office()
    assert await reviewed(open_office, "src/app/x.py", git_range="HEAD") == ["src/app/w.py"]
    assert await reviewed(open_office, "docs/a.md", git_range="HEAD~1") == ["docs/a.md"]


async def test_what_is_left_out_is_told_of_the_named_paths_alone(office: Open, repository: Path) -> None:
    write(repository, {"src/new.py": "x\n", "docs/new.md": "y\n", "src/.env": "A=1\n"})
    git(repository, "add", "-f", "src/.env")
    open_office = await office()
    said = await summary(open_office, "src", "idle.py")
    assert "src/new.py" in said and "src/.env" in said and "docs/new.md" not in said
    assert "nothing in it changed" in said and "idle.py" in said
    said = await summary(open_office, "docs")
    assert "docs/new.md" in said and "src/" not in said


@pytest.mark.parametrize("how", ["working", "staged", "HEAD", "diff"])
async def test_a_changed_submodule_is_named_as_not_reviewed(
    office: Open, repository: Path, tmp_path: Path, how: str
) -> None:
    library = a_repository(tmp_path / "library", {"x.py": "x\n"})
    git(repository, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library), "library")
    git(repository, "commit", "-q", "-m", "library", "library", ".gitmodules")
    commit(repository / "library", {"x.py": "y\n"})
    if how != "working":
        git(repository, "add", ".")
    diff = git(repository, "diff", "--cached") + "\n"
    if how == "HEAD":
        git(repository, "commit", "-q", "-m", "all")
    arguments: dict[str, Any] = {"diff": diff} if how == "diff" else {"git_range": how}
    open_office = await office()
    given = await review_code(ReviewCode(**arguments), ME, silent, open_office.services)
    assert given.receipt is not None and given.structured is not None
    assert "library" in given.structured["summary"] and "submodule" in given.structured["summary"]
    assert "library" not in {source["path"] for source in given.receipt["sources"]}


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
async def test_a_change_in_any_encoding_is_reviewed_undamaged_with_the_code_around_it(
    office: Open, tmp_path: Path, encoding: str
) -> None:
    code = "# caf\u00e9\n" + "".join(f"def step_{n}(value):\n    return value + {n}\n" for n in range(40))
    project = a_repository(tmp_path / "project")
    (project / "a.py").write_bytes(code.encode(encoding))
    commit(project, {})
    (project / "a.py").write_bytes(code.replace("caf\u00e9", "caf\u00e9 cr\u00e8me").encode(encoding))
    open_office = await office()
    assert await reviewed(open_office) == ["a.py"]
    (entry,) = open_office.simulator.log.entries()
    sent = str(entry.as_json())
    assert "caf\u00e9 cr\u00e8me" in sent or "caf\\u00e9 cr\\u00e8me" in sent
    assert "\ufffd" not in sent and "ufffd" not in sent and "def step_39" in sent
