"""Reading beneath the roots: whatever a path is made of, what lies outside or is secret is never read."""

import ctypes
import hashlib
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gemini_mcp.domain.errors import (
    FileNotFound,
    InvalidArgument,
    PathDenied,
    Refusal,
    SecretFound,
    TooLarge,
    UnsupportedFormat,
)
from gemini_mcp.sources.beneath import Beneath, RawFile
from gemini_mcp.sources.linux import has_openat2
from gemini_mcp.sources.opening import Named, Openat2, Opening, Walk, best
from gemini_mcp.sources.places import Roots

MOST = 1 << 20
WAIT_S = 20
OUTSIDE = b"lies outside"
SECRET = b"by its name a secret"
WAYS: list[Callable[[Roots], Opening]] = [Openat2, Walk, Named]

Make = Callable[..., Beneath]


@pytest.fixture(params=WAYS, ids=lambda way: way.__name__)
def make(request: pytest.FixtureRequest) -> Make:
    """A reader of some roots, in each of the ways to open."""
    if request.param is Openat2 and not has_openat2():
        pytest.skip("this kernel has no openat2")
    return lambda *roots: Beneath(roots, request.param(Roots(roots)))


@pytest.fixture(params=[Openat2, Walk], ids=lambda way: way.__name__)
def exact(request: pytest.FixtureRequest) -> Make:
    """The ways that see every step."""
    return lambda *roots: Beneath(roots, request.param(Roots(roots)))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a secret in it, and beside it what must not be read."""
    folder = tmp_path / "root"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "a.txt").write_bytes(b"hello")
    (folder / "sub" / "b.txt").write_bytes(b"deeper")
    (folder / "sub" / "deep" / "c.txt").write_bytes(b"deepest")
    (folder / ".env").write_bytes(SECRET)
    (folder / ".ssh").mkdir()
    (folder / ".ssh" / "config").write_bytes(SECRET)
    (tmp_path / "outside.txt").write_bytes(OUTSIDE)
    (tmp_path / "root-evil").mkdir()
    (tmp_path / "root-evil" / "a.txt").write_bytes(OUTSIDE)
    return folder


def read(beneath: Beneath, name: str, most: int = MOST) -> RawFile:
    """Read in a thread that nobody waits for, so that what hangs fails."""
    done: list[RawFile | BaseException] = []

    def work() -> None:
        try:
            done.append(beneath.read(name, most))
        except BaseException as error:
            done.append(error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(WAIT_S)
    assert done, f"reading {name!r} hangs"
    if isinstance(done[0], BaseException):
        raise done[0]
    return done[0]


def refused(beneath: Beneath, name: str, most: int = MOST) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read(beneath, name, most)
    said = f"{caught.value.message} {caught.value.fix}"
    assert OUTSIDE.decode() not in said and SECRET.decode() not in said
    return caught.value


# ------------------------------------------------------------------------------------------------------------- reads


@pytest.mark.parametrize("name", ["sub/b.txt", "./sub/b.txt", "sub//b.txt", "sub/deep/../b.txt", "sub/b.txt/"])
def test_a_file_is_read_whole_and_named_from_its_root(make: Make, root: Path, name: str) -> None:
    assert read(make(root), name) == RawFile("sub/b.txt", b"deeper", hashlib.sha256(b"deeper").hexdigest())


def test_an_absolute_name_inside_is_read_however_the_root_is_spelt(make: Make, root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    for given in (root, tmp_path / "alias"):
        for asked in (root, tmp_path / "alias"):
            if given != asked == tmp_path / "alias":
                continue  # the real root does not know its aliases
            assert read(make(given), str(asked / "sub" / "b.txt")).path == "sub/b.txt"


@pytest.mark.parametrize("name", ["with space.txt", "grüße.txt", "a'b\"c.txt", "-rf", "日本.md", "$(touch x).txt", "~"])
def test_odd_names_are_names(make: Make, root: Path, name: str) -> None:
    (root / name).write_bytes(b"odd")
    assert read(make(root), name).data == b"odd"


@pytest.mark.parametrize("content", [b"", b"\0\xff\r\n", b"x" * 70_000, b"y" * (1 << 20)])
def test_bytes_are_what_they_are(make: Make, root: Path, content: bytes) -> None:
    (root / "x.bin").write_bytes(content)
    file = read(make(root), "x.bin")
    assert (file.data, file.sha256) == (content, hashlib.sha256(content).hexdigest())


def test_dots_are_taken_by_the_letters_of_the_path(make: Make, root: Path, tmp_path: Path) -> None:
    """``link/..`` is the folder that the link is in, not the one above where it leads."""
    (tmp_path / "elsewhere" / "inner").mkdir(parents=True)
    (tmp_path / "elsewhere" / "a.txt").write_bytes(OUTSIDE)
    (root / "link").symlink_to(tmp_path / "elsewhere" / "inner")
    assert read(make(root), "link/../a.txt").data == b"hello"


def test_no_descriptor_is_left_open(make: Make, root: Path) -> None:
    (root / "link").symlink_to("sub/../sub/deep/../b.txt")
    (root / "out").symlink_to("../outside.txt")
    (root / "loop").symlink_to("loop")
    beneath = make(root)
    read(beneath, "a.txt")
    before = len(os.listdir("/proc/self/fd"))
    for name in ("a.txt", "link", "out", "loop", "missing", "sub", ".env", "a.txt/x"):
        for _ in range(5):
            try:
                beneath.read(name, MOST)
            except Refusal:
                continue
    assert len(os.listdir("/proc/self/fd")) == before


# ----------------------------------------------------------------------------------------------------------- outside


@pytest.mark.parametrize(
    "name",
    [
        "../outside.txt",
        "sub/../../outside.txt",
        "./../outside.txt",
        "sub/deep/../../../outside.txt",
        "../root-evil/a.txt",
        "../root/../outside.txt",
        "{tmp}/outside.txt",
        "{tmp}/root-evil/a.txt",
        "{tmp}/root/../outside.txt",
        "{tmp}/ROOT/../outside.txt",
        "//{tmp}/outside.txt",
        "/etc/passwd",
        "/proc/self/environ",
        "/proc/self/root/etc/passwd",
        "/proc/self/root{tmp}/root/a.txt",
        "/dev/null",
        "/dev/stdin",
        "/dev/fd/0",
        "..",
        "/",
    ],
)
def test_what_lies_outside_is_denied(make: Make, root: Path, tmp_path: Path, name: str) -> None:
    assert isinstance(refused(make(root), name.format(tmp=tmp_path)), PathDenied)


@pytest.mark.parametrize(
    "name", [r"..\outside.txt", "..%2foutside.txt", "\uff0e\uff0e/outside.txt", "‥/outside.txt", "...", "… "]
)
def test_what_only_looks_like_dots_is_a_name_that_does_not_exist(make: Make, root: Path, name: str) -> None:
    assert isinstance(refused(make(root), name), FileNotFound)


def test_a_denial_says_which_folders_are_open(make: Make, root: Path) -> None:
    error = refused(make(root), "/etc/passwd")
    assert str(root) in error.message and "GEMINI_AGENTS_ROOTS" in error.fix


def test_without_a_root_nothing_is_read(make: Make, root: Path) -> None:
    assert "no folder is open" in refused(make(), str(root / "a.txt")).message


# ------------------------------------------------------------------------------------------------------------- links


@pytest.mark.parametrize(
    "target",
    [
        "sub/b.txt",
        "./sub/./b.txt",
        "sub/deep/../b.txt",
        "../root/sub/b.txt",
        "{tmp}/root/sub/b.txt",
        "one",
        "folder/b.txt",
    ],
)
def test_a_link_is_followed_within_the_roots(make: Make, root: Path, tmp_path: Path, target: str) -> None:
    (root / "one").symlink_to("sub/two")
    (root / "sub" / "two").symlink_to("b.txt")
    (root / "folder").symlink_to("sub/deep/..")
    (root / "link.txt").symlink_to(target.format(tmp=tmp_path))
    file = read(make(root), "link.txt")
    assert (file.data, file.path) == (b"deeper", "link.txt")


@pytest.mark.parametrize("target", ["..", "../sub", "{tmp}/root/sub", "deep/.."])
def test_a_linked_folder_is_gone_through_within_the_roots(make: Make, root: Path, tmp_path: Path, target: str) -> None:
    (root / "sub" / "link").symlink_to(target.format(tmp=tmp_path))
    name = "sub/link/sub/b.txt" if target == ".." else "sub/link/b.txt"
    assert read(make(root), name).data == b"deeper"


@pytest.mark.parametrize(
    "target",
    [
        "../outside.txt", "{tmp}/outside.txt", "/etc/passwd", "sub/../../outside.txt", "{tmp}/root-evil/a.txt",
        "{tmp}/root/../outside.txt", "../root-evil/a.txt", "/proc/self/environ", "/proc/self/exe", "/dev/null", "//",
        "chain", "folder/outside.txt", "deeper/../../outside.txt",
    ],
)  # fmt: skip
def test_a_link_is_not_followed_out_of_the_roots(make: Make, root: Path, tmp_path: Path, target: str) -> None:
    (root / "chain").symlink_to("sub/next")
    (root / "sub" / "next").symlink_to("../../outside.txt")
    (root / "folder").symlink_to("..")
    (root / "deeper").symlink_to("sub/deep/..")
    (root / "link.txt").symlink_to(target.format(tmp=tmp_path))
    error = refused(make(root), "link.txt")
    assert isinstance(error, PathDenied) and str(tmp_path / "outside.txt") not in error.message


@pytest.mark.parametrize("target", ["..", "{tmp}", "/", "../root-evil"])
def test_a_linked_folder_does_not_lead_out(make: Make, root: Path, tmp_path: Path, target: str) -> None:
    (root / "link").symlink_to(target.format(tmp=tmp_path))
    for name in ("link/outside.txt", "link/a.txt", "link/etc/passwd"):
        assert isinstance(refused(make(root), name), PathDenied | FileNotFound)


def test_a_link_may_not_pass_through_the_outside_to_come_back(exact: Make, root: Path, tmp_path: Path) -> None:
    (tmp_path / "back").symlink_to(root / "a.txt")
    (root / "link").symlink_to("../back")
    assert isinstance(refused(exact(root), "link"), PathDenied)


def test_a_circle_of_links_is_told(make: Make, root: Path) -> None:
    (root / "loop").symlink_to("loop")
    (root / "ping").symlink_to("pong/x")
    (root / "pong").symlink_to("ping/x")
    for name in ("loop", "loop/x", "ping", "pong/a.txt"):
        assert isinstance(refused(make(root), name), PathDenied)


def test_a_long_chain_is_followed_as_far_as_the_kernel_would(make: Make, root: Path) -> None:
    for number in range(60):
        (root / f"l{number}").symlink_to(f"l{number - 1}" if number else "a.txt")
    assert read(make(root), "l30").data == b"hello"
    assert isinstance(refused(make(root), "l59"), PathDenied)


def test_a_winding_link_is_given_up(exact: Make, root: Path) -> None:
    """Text of a few thousand letters that means a hundred thousand steps."""
    (root / "w0").symlink_to("sub/deep/../../" * 250 + "sub")
    for number in range(1, 30):
        (root / f"w{number}").symlink_to(f"w{number - 1}/../" * 300 + "sub")
    assert isinstance(refused(exact(root), "w29/b.txt"), PathDenied)


def test_a_link_to_nothing_does_not_exist(make: Make, root: Path) -> None:
    (root / "link").symlink_to("missing.txt")
    assert isinstance(refused(make(root), "link"), FileNotFound)


def test_links_lead_from_one_root_to_another(make: Make, root: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / "s.txt").write_bytes(b"second")
    (root / "relative").symlink_to("../second/s.txt")
    (root / "absolute").symlink_to(second / "s.txt")
    for name in ("relative", "absolute"):
        assert read(make(root, second), name).data == b"second"
        assert isinstance(refused(make(root), name), PathDenied)


# ----------------------------------------------------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    "target", [".env", "./sub/../.env", "{tmp}/root/.env", ".ssh/config", "folder/config", "chain"]
)
def test_a_link_lends_a_secret_no_other_name(make: Make, root: Path, tmp_path: Path, target: str) -> None:
    (root / "chain").symlink_to("sub/next")
    (root / "sub" / "next").symlink_to("../.env")
    (root / "folder").symlink_to(".ssh")
    (root / "notes.txt").symlink_to(target.format(tmp=tmp_path))
    assert isinstance(refused(make(root), "notes.txt"), SecretFound)


def test_a_secret_name_on_the_way_is_enough(exact: Make, root: Path) -> None:
    """What .env leads to is what is kept in .env, whatever it is called there."""
    (root / ".env.local").symlink_to("sub/b.txt")
    (root / "notes.txt").symlink_to(".env.local")
    assert isinstance(refused(exact(root), "notes.txt"), SecretFound)


@pytest.mark.parametrize(
    "name",
    [
        ".env", ".ENV", "sub/../.env", "./.env", ".env/", ".\u017f\u017fh/config", ".ⓔnv", ".e\u200bnv", ".en\u200dv",
        "\uff0e\uff45\uff4e\uff56",
        "\ufeff.env", ".ssh/config", ".SSH/config", ".s\u200csh/config", "\u2024env", "id_r\u017fa", "deploy.\u212aey",
        ".env ", ".env.", ".env::$DATA", ".\u00dfh/config", ".\u1e9eh/config",
    ],
)  # fmt: skip
def test_no_spelling_gets_round_the_names(make: Make, root: Path, name: str) -> None:
    """Even where this file system does not fold them: another may."""
    path = root / name
    path.parent.mkdir(exist_ok=True)
    if not path.exists():
        path.write_bytes(SECRET)
    assert isinstance(refused(make(root), name), SecretFound)
    assert isinstance(refused(make(root), str(path)), SecretFound)


def test_the_short_name_of_another_file_is_no_name(exact: Make, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """FAT and NTFS find CREDEN~1.JSO and do not list it. No such file system here: one file is kept off the list."""
    for name in ("REPORT~1.TXT", "CREDEN~1.JSO"):
        (root / name).write_bytes(b"so called")
    assert read(exact(root), "REPORT~1.TXT").data == read(exact(root), "CREDEN~1.JSO").data == b"so called"
    monkeypatch.setattr(os, "listdir", lambda fd: ["REPORT~1.TXT", "credentials.json"])
    assert read(exact(root), "REPORT~1.TXT").data == b"so called"
    assert isinstance(refused(exact(root), "CREDEN~1.JSO"), FileNotFound)


@pytest.mark.parametrize("name", [".env.example", "environment.py", "kübel.py", "\u017fcience.md", "notes.\uff45nv.md"])
def test_what_only_looks_like_a_secret_is_read(make: Make, root: Path, name: str) -> None:
    (root / name).write_bytes(b"harmless")
    assert read(make(root), name).data == b"harmless"


# ------------------------------------------------------------------------------------------------------- not regular


def test_a_fifo_is_denied_and_does_not_hang(make: Make, root: Path) -> None:
    os.mkfifo(root / "pipe")
    (root / "link").symlink_to("pipe")
    for name in ("pipe", "link"):
        assert isinstance(refused(make(root), name), PathDenied)


@pytest.mark.parametrize("name", ["null", "zero", "tty", "stdin", "fd/0", "full", "ptmx"])
def test_a_device_is_denied(make: Make, name: str) -> None:
    assert isinstance(refused(make(Path("/dev")), name), PathDenied | FileNotFound)


def test_a_socket_is_denied(make: Make, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock")
        assert isinstance(refused(make(root), "sock"), PathDenied)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize(
    "name",
    [
        "/proc/self/environ", "/proc/{pid}/environ", "/proc/self/root/etc/hostname", "/proc/self/root{tmp}/outside.txt",
        "/proc/self/fd/0", "/proc/self/fd/{fd}", "/proc/self/cwd/pyproject.toml", "/proc/thread-self/environ",
        "/proc/{pid}/cmdline", "/proc/self/mem", "/proc/self/exe", "/dev/fd/{fd}", "/sys/kernel/notes",
        "/proc/self/task/{pid}/root/etc/hostname", "/proc/self/net/unix", "/proc/kmsg",
    ],
)  # fmt: skip
def test_the_kernels_own_files_lead_nowhere_even_when_the_whole_disk_is_open(
    exact: Make, root: Path, tmp_path: Path, name: str
) -> None:
    with (tmp_path / "outside.txt").open("rb") as file:
        asked = name.format(pid=os.getpid(), tmp=tmp_path, fd=file.fileno())
        assert isinstance(refused(exact(Path("/")), asked), PathDenied | FileNotFound)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
@pytest.mark.parametrize("link", ["/proc/self/environ", "/proc/self/fd/{fd}", "/proc/self/root{tmp}/outside.txt"])
def test_a_magic_link_is_not_followed_from_a_project(make: Make, root: Path, tmp_path: Path, link: str) -> None:
    with (tmp_path / "outside.txt").open("rb") as file:
        (root / "link").symlink_to(link.format(fd=file.fileno(), tmp=tmp_path))
        assert isinstance(refused(make(root), "link"), PathDenied)


def test_a_folder_is_told_from_a_file(make: Make, root: Path) -> None:
    for name in ("sub", ".", str(root)):
        assert isinstance(refused(make(root), name), UnsupportedFormat)
    assert isinstance(refused(make(root), "a.txt/x"), PathDenied)


def test_a_file_that_is_not_there_is_told(make: Make, root: Path) -> None:
    for name in ("missing.txt", "missing/x.txt", "A.TXT"):
        error = refused(make(root), name)
        assert isinstance(error, FileNotFound) and name in error.message


def test_a_root_that_went_away_is_told(make: Make, tmp_path: Path) -> None:
    assert isinstance(refused(make(tmp_path / "gone"), "a.txt"), FileNotFound)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_denied(make: Make, root: Path) -> None:
    (root / "a.txt").chmod(0)
    assert isinstance(refused(make(root), "a.txt"), PathDenied)


@pytest.mark.parametrize(
    "name",
    ["", "a\0b", "\0", "a.txt\0.md", "a\nb", "a\x1b[2Jb", "x" * 5_000, "x" * 300, "d/" * 3_000, "\ud800", "\udcff.txt"],
    ids=range(11),
)
def test_a_name_that_no_file_can_have_is_refused(make: Make, root: Path, name: str) -> None:
    assert isinstance(refused(make(root), name), InvalidArgument)


# -------------------------------------------------------------------------------------------------------------- size


def test_a_file_may_be_as_large_as_the_limit_and_no_larger(make: Make, root: Path) -> None:
    (root / "big").write_bytes(b"x" * 100_000)
    assert len(read(make(root), "big", 100_000).data) == 100_000
    error = refused(make(root), "big", 99_999)
    assert isinstance(error, TooLarge) and "99,999 bytes" in error.message


def test_a_sparse_giant_is_refused_unread(make: Make, root: Path) -> None:
    with (root / "giant").open("wb") as file:
        file.truncate(1 << 40)
    assert isinstance(refused(make(root), "giant"), TooLarge)


def test_a_file_that_grows_without_end_is_given_up(make: Make, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "read", lambda fd, size: b"x" * size)
    error = refused(make(root), "a.txt")
    assert isinstance(error, TooLarge) and "grew" in error.message


# ------------------------------------------------------------------------------------------------------------- roots


@pytest.fixture
def second(tmp_path: Path) -> Path:
    folder = tmp_path / "second"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"shadowed")
    (folder / "only.txt").write_bytes(b"second")
    return folder


def test_a_relative_name_belongs_to_the_first_root_that_has_it(make: Make, root: Path, second: Path) -> None:
    beneath = make(root, second)
    assert [read(beneath, name).data for name in ("a.txt", "only.txt")] == [b"hello", b"second"]


def test_two_files_never_show_one_path_and_what_is_shown_can_be_read(make: Make, root: Path, second: Path) -> None:
    (root / "second").mkdir()
    (root / "second" / "only.txt").write_bytes(b"a folder of that name")
    third = second.parent / "more" / "second"
    third.mkdir(parents=True)
    (third / "a.txt").write_bytes(b"third")
    beneath = make(root, second, third)
    paths = [root / "a.txt", second / "a.txt", second / "only.txt", root / "second" / "only.txt", third / "a.txt"]
    files = [read(beneath, str(path)) for path in paths]
    assert [file.path for file in files[:4]] == ["a.txt", "second/a.txt", "only.txt", "second/only.txt"]
    assert len({file.path for file in files}) == len(files)
    assert [read(beneath, file.path) for file in files] == files


def test_a_root_within_another_is_of_the_outer_one(make: Make, root: Path) -> None:
    beneath = make(root / "sub", root)
    assert {read(beneath, name).path for name in ("b.txt", "sub/b.txt", str(root / "sub" / "b.txt"))} == {"sub/b.txt"}


def test_a_link_in_the_first_root_does_not_fall_through_to_the_second(make: Make, root: Path, second: Path) -> None:
    (root / "only.txt").symlink_to("../outside.txt")
    assert isinstance(refused(make(root, second), "only.txt"), PathDenied)


# ----------------------------------------------------------------------------------------------------------- folders


def test_a_folder_is_listed_without_following_what_is_in_it(make: Make, root: Path) -> None:
    (root / "link").symlink_to("/etc")
    os.mkfifo(root / "pipe")
    beneath = make(root)
    folder = beneath.folder(beneath.roots.place("."), ".")
    assert folder.entries == {
        "a.txt": "file", "sub": "folder", ".env": "file", ".ssh": "folder", "link": "link", "pipe": "other",
    }  # fmt: skip


def test_a_linked_folder_is_told_by_its_real_place(make: Make, root: Path) -> None:
    (root / "link").symlink_to("sub/deep")
    beneath = make(root)
    folder = beneath.folder(beneath.roots.place("link"), "link")
    assert (folder.place, folder.entries) == (beneath.roots.place("sub/deep"), {"c.txt": "file"})


@pytest.mark.parametrize(
    ("name", "error"),
    [("out", PathDenied), (".ssh", SecretFound), ("keys", SecretFound), ("a.txt", PathDenied), ("no", FileNotFound)],
)
def test_a_folder_that_may_not_be_listed_is_refused(make: Make, root: Path, name: str, error: type[Refusal]) -> None:
    (root / "out").symlink_to("..")
    (root / "keys").symlink_to(".ssh")
    beneath = make(root)
    with pytest.raises(error):
        beneath.folder(beneath.roots.place(name), name)


# ------------------------------------------------------------------------------------------------------------- races

SWAP = """
import os, sys
os.chdir(sys.argv[1])
sources = sys.argv[3:]
print("ready", flush=True)
while True:
    for source in sources:
        if sys.argv[2] == "file":
            os.link(source, "next.tmp", follow_symlinks=False)
            os.replace("next.tmp", "swapped")
        else:
            os.rename(source, "swapped")
            os.rename("swapped", source)
"""


@contextmanager
def swapping(folder: Path, what: str, *sources: str) -> Iterator[None]:
    """Another process lets ``swapped`` be one thing after the other, as fast as it can."""
    command = [sys.executable, "-c", SWAP, str(folder), what, *sources]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        try:
            yield
            assert process.poll() is None, "nothing was swapped"
        finally:
            process.kill()


REFUSALS = {"PathDenied", "FileNotFound", "SecretFound", "UnsupportedFormat"}


def outcomes(beneath: Beneath, name: str, times: int) -> set[str]:
    """What was read, and what was refused; read on, on a busy machine, until there was some of both."""
    seen: set[str] = set()
    for number in range(100 * times):
        try:
            seen.add(beneath.read(name, MOST).data.decode())
        except Refusal as error:
            seen.add(type(error).__name__)
        if number >= times and seen & REFUSALS and seen - REFUSALS:
            break
    return seen


def test_a_file_that_is_swapped_for_a_link_leaks_nothing(make: Make, root: Path) -> None:
    for name, target in (
        ("in", "a.txt"),
        ("out", "../outside.txt"),
        ("secret", ".env"),
        ("magic", "/proc/self/environ"),
    ):
        (root / name).symlink_to(target)
    with swapping(root, "file", "in", "out", "a.txt", "secret", "magic"):
        seen = outcomes(make(root), "swapped", 3_000)
    assert "hello" in seen and seen <= {"hello", *REFUSALS}


def test_a_folder_that_is_swapped_for_a_link_leaks_nothing(make: Make, root: Path, tmp_path: Path) -> None:
    (root / "evil").symlink_to("../root-evil")
    (root / "good").mkdir()
    (root / "good" / "a.txt").write_bytes(b"hello")
    with swapping(root, "folder", "good", "evil"):
        seen = outcomes(make(root), "swapped/a.txt", 3_000)
    assert "hello" in seen and seen <= {"hello", *REFUSALS}


def test_a_folder_that_is_moved_while_a_link_climbs_out_of_it_leaks_nothing(make: Make, root: Path) -> None:
    """Two steps up from ``x/y/far`` is inside, from ``far`` moved to the root it would be outside."""
    (root / "x" / "y" / "far").mkdir(parents=True)
    (root / "x" / "y" / "far" / "up").symlink_to("../../outside.txt")
    (root / "x" / "outside.txt").write_bytes(b"hello")
    command = [sys.executable, "-c", MOVE, str(root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        try:
            seen = outcomes(make(root), "x/y/far/up", 3_000)
            assert process.poll() is None, "nothing was moved"
        finally:
            process.kill()
    assert "hello" in seen and seen <= {"hello", *REFUSALS}


MOVE = """
import os, sys
os.chdir(sys.argv[1])
print("ready", flush=True)
while True:
    os.rename("x/y/far", "far")
    os.rename("far", "x/y/far")
"""


# ------------------------------------------------------------------------------------------------------------ choice


@pytest.mark.skipif(sys.platform != "linux", reason="openat2 is Linux's")
def test_the_best_way_is_taken(root: Path) -> None:
    assert isinstance(best(Roots((root,))), Openat2 if has_openat2() else Walk)


def test_without_openat2_the_walk_is_taken(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel without the call answers so to any number it does not know."""
    monkeypatch.setattr("gemini_mcp.sources.linux._OPENAT2", 9_999)
    has_openat2.cache_clear()
    try:
        assert isinstance(best(Roots((root,))), Walk)
        assert read(Beneath((root,)), "a.txt").data == b"hello"
    finally:
        has_openat2.cache_clear()


def test_ctypes_is_not_loaded_before_the_first_file_is_read(root: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from gemini_mcp.sources.beneath import Beneath;"
        "Beneath((Path(sys.argv[1]),)); print('ctypes' in sys.modules)"
    )
    env = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code, str(root)], env=env, capture_output=True, text=True, check=True)
    assert ctypes.sizeof(ctypes.c_long) and done.stdout == "False\n"
