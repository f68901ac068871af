"""A path at which nothing lies: the refusal says where it was looked for, and what to write instead."""

from pathlib import Path

import pytest

from gemini_mcp.domain.errors import FileNotFound, PathDenied
from gemini_mcp.sources.beneath import Beneath
from gemini_mcp.sources.listing import Listing

from .test_listing import write


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write(tmp_path / "root", "README.md", "src/main.py", "src/deep/util.py", "report.pdf", "environ.py")
    return tmp_path / "root"


def refusal(name: str, *roots: Path) -> FileNotFound:
    with pytest.raises(FileNotFound) as caught:
        Listing(Beneath(roots)).expanded([name])
    return caught.value


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("READMEE.md", "README.md"),
        ("readme.md", "README.md"),
        ("README", "README.md"),
        ("@README.md", "README.md"),
        ("README.md ", "README.md"),
        ("src/mian.py", "src/main.py"),
        ("scr/main.py", "src/main.py"),
        ("scr/nothing.py", "src"),
        ("src/deeper/util.py", "src/deep/util.py"),
        ("scr/*.py", "src"),
        ("{root}/READMEE.md", "README.md"),
        ("READMEE.md:10", "README.md"),
    ],
)
def test_what_is_called_much_the_same_is_suggested(root: Path, name: str, meant: str) -> None:
    error = refusal(name.replace("{root}", str(root)), root)
    assert f"Did you mean {meant}?" in error.fix and str(root) in error.message


@pytest.mark.parametrize("name", ["xyzzy.rs", "src/xyzzy.rs", "x" * 250, "a/b/c/d/e"])
def test_where_nothing_is_alike_nothing_is_suggested(root: Path, name: str) -> None:
    error = refusal(name, root)
    assert "Did you mean" not in str(error) and str(root) in error.message and name in error.message


def test_each_root_is_named_and_looked_through(root: Path, tmp_path: Path) -> None:
    write(tmp_path / "second", "REEDME.md")
    error = refusal("READMEE.md", root, tmp_path / "second")
    assert "Did you mean README.md or REEDME.md?" in error.fix
    assert str(root) in error.message and str(tmp_path / "second") in error.message


def test_secrets_and_what_lies_outside_are_never_suggested(root: Path, tmp_path: Path) -> None:
    write(root, ".env", "id_rsa", "secrets/token.txt", ".ssh/config", "secret.yaml")
    write(tmp_path, "outside.py")
    for name in ("_env", ".enw", "idrsa", "secrest/token.txt", "sssh/config", ".sssh", "sercet.yaml"):
        error = str(refusal(name, root)).replace(name, "")
        assert not any(told in error for told in (".env", "id_rsa", "token.txt", ".ssh", "secret.yaml"))
    (root / "way").symlink_to(tmp_path)
    with pytest.raises((PathDenied, FileNotFound)) as caught:
        Listing(Beneath((root,))).expanded(["way/outsidee.py"])
    assert "outside.py" not in str(caught.value)


@pytest.mark.parametrize(
    "name",
    ["README.md:10", "README.md:10-20", "README.md:10:5", "README.md:3,7", "README.md#L10", "README.md#L10-L20",
     "README.md#L10-20", "README.md#10"],
)  # fmt: skip
def test_the_number_of_a_line_is_not_understood_and_the_file_is_named(root: Path, name: str) -> None:
    error = refusal(name, root)
    assert "names lines, and files are read whole" in error.message and error.fix.startswith("Give README.md;")


def test_a_file_that_is_called_so_is_read(root: Path) -> None:
    for name in ("README.md:10", "README.md#L10", "~x", "notes#1.md"):
        write(root, name)
        assert Listing(Beneath((root,))).expanded([name]).files == (name,)


def test_another_part_of_a_file_is_not_understood(root: Path) -> None:
    error = refusal("README.md#install", root)
    assert "#install is not understood" in error.message and "Give README.md;" in error.fix


@pytest.mark.parametrize("suffix", ["#p3", "#pages=", "#pages=x", ":3", "#3-7"])
def test_pages_are_chosen_in_one_way(root: Path, suffix: str) -> None:
    error = refusal(f"report.pdf{suffix}", root)
    assert f"{suffix} behind report.pdf is not understood" in error.message
    assert error.fix == "Choose pages as in report.pdf#pages=3-7,12."


@pytest.mark.parametrize("name", ["~/x.md", "$HOME/x.md", "%USERPROFILE%/x.md", "~root/x"])
def test_homes_and_variables_are_not_understood(root: Path, name: str) -> None:
    error = refusal(name, root)
    assert "~ and variables are not understood" in error.message and str(root) in error.message
    assert "relative to the project" in error.fix


def test_a_folder_of_very_many_names_costs_no_search(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gemini_mcp.sources.suggestions._MOST_ENTRIES", 3)
    assert "Did you mean" not in refusal("READMEE.md", root).fix
    assert "Did you mean README.md?" in refusal("readme.MD", root).fix
