"""The one safe reader: beneath its roots, regular files, UTF-8 text, all or nothing."""

import hashlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import anyio
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
from gemini_mcp.domain.material import Source
from gemini_mcp.sources.reader import MOST_FILE_BYTES, MOST_FILES, MOST_TOTAL_BYTES, Reader

WAIT_S = 10
SECRET = "outside and secret"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project, and beside it what must not be read."""
    folder = tmp_path / "root"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "a.txt").write_text("hello")
    (folder / "sub" / "b.txt").write_text("deeper")
    (tmp_path / "outside.txt").write_text(SECRET)
    (tmp_path / "root-evil").mkdir()
    (tmp_path / "root-evil" / "a.txt").write_text(SECRET)
    return folder


@pytest.fixture
def read(root: Path) -> Callable[..., object]:
    return Reader((root,)).read


async def one(root: Path, name: str) -> Source:
    with anyio.fail_after(WAIT_S):
        (source,) = await Reader((root,)).read([name])
    return source


async def refused(root: Path, name: str) -> Refusal:
    """The refusal of a name; nothing from outside may stand in it."""
    with anyio.fail_after(WAIT_S), pytest.raises(Refusal) as caught:
        await Reader((root,)).read([name])
    assert SECRET not in str(caught.value)
    return caught.value


# ------------------------------------------------------------------------------------------------------------- reads


@pytest.mark.parametrize("name", ["sub/b.txt", "./sub/b.txt", "sub//b.txt", "sub/deep/../b.txt", "sub/b.txt/"])
async def test_a_file_is_read_whole_and_named_from_its_root(root: Path, name: str) -> None:
    assert await one(root, name) == Source("sub/b.txt", "deeper", 6, hashlib.sha256(b"deeper").hexdigest())


async def test_an_absolute_name_inside_is_read(root: Path) -> None:
    assert (await one(root, str(root / "sub" / "b.txt"))).path == "sub/b.txt"


@pytest.mark.parametrize("name", ["with space.txt", "grüße.txt", "a'b\"c.txt", "-rf", "日本.md", "$(touch x).txt"])
async def test_odd_names_are_names(root: Path, name: str) -> None:
    (root / name).write_text("odd")
    assert (await one(root, name)).text == "odd"


async def test_a_byte_order_mark_is_not_part_of_the_text(root: Path) -> None:
    content = b"\xef\xbb\xbfhello"
    (root / "bom.txt").write_bytes(content)
    source = await one(root, "bom.txt")
    assert (source.text, source.bytes, source.sha256) == ("hello", 8, hashlib.sha256(content).hexdigest())


@pytest.mark.parametrize("content", [b"", b"\r\n\r\n", "grüße 日本 😀".encode(), b"\x0c\x1b[0m"])
async def test_text_comes_back_to_the_byte(root: Path, content: bytes) -> None:
    (root / "x.txt").write_bytes(content)
    assert (await one(root, "x.txt")).text.encode() == content


async def test_files_come_in_the_order_they_were_named_and_once(root: Path) -> None:
    sources = await Reader((root,)).read(["sub/b.txt", "a.txt", "sub/b.txt"])
    assert [source.path for source in sources] == ["sub/b.txt", "a.txt"]


async def test_no_names_need_no_roots() -> None:
    assert await Reader(()).read([]) == ()


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
        "//{tmp}/outside.txt",
        "/etc/passwd",
        "/proc/self/environ",
        "/proc/self/root/etc/passwd",
        "/dev/null",
        "..",
        "/",
    ],
)
async def test_what_lies_outside_is_denied(root: Path, tmp_path: Path, name: str) -> None:
    error = await refused(root, name.format(tmp=tmp_path))
    assert isinstance(error, PathDenied | UnsupportedFormat)


async def test_a_denial_says_which_folders_are_open(root: Path) -> None:
    error = await refused(root, "/etc/passwd")
    assert isinstance(error, PathDenied) and str(root) in error.message and "GEMINI_AGENTS_ROOTS" in error.fix


@pytest.mark.parametrize(
    "target", ["../outside.txt", "{tmp}/outside.txt", "a.txt", "/proc/self/environ", "missing.txt"]
)
async def test_a_symbolic_link_is_not_followed(root: Path, tmp_path: Path, target: str) -> None:
    (root / "link.txt").symlink_to(target.format(tmp=tmp_path))
    assert isinstance(await refused(root, "link.txt"), PathDenied)


@pytest.mark.parametrize("target", ["..", "{tmp}", "sub", "/"])
async def test_a_folder_that_is_a_symbolic_link_is_not_followed(root: Path, tmp_path: Path, target: str) -> None:
    (root / "link").symlink_to(target.format(tmp=tmp_path))
    for name in ("link/outside.txt", "link/b.txt", "link/etc/passwd"):
        assert isinstance(await refused(root, name), PathDenied)


async def test_a_chain_of_links_is_not_followed(root: Path, tmp_path: Path) -> None:
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("sub/three")
    (root / "sub" / "three").symlink_to(tmp_path / "outside.txt")
    assert isinstance(await refused(root, "one"), PathDenied)
    (root / "loop").symlink_to("loop")
    assert isinstance(await refused(root, "loop"), PathDenied)


async def test_dots_are_taken_by_the_letters_of_the_path(root: Path, tmp_path: Path) -> None:
    """``link/..`` is the folder that the link is in, not the one above where it leads."""
    (tmp_path / "elsewhere" / "inner").mkdir(parents=True)
    (tmp_path / "elsewhere" / "a.txt").write_text(SECRET)
    (root / "link").symlink_to(tmp_path / "elsewhere" / "inner")
    assert (await one(root, "link/../a.txt")).text == "hello"


async def test_a_root_may_itself_be_reached_by_a_link(root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    assert (await one(tmp_path / "alias", "a.txt")).text == "hello"


async def test_proc_leads_nowhere_even_when_the_whole_disk_is_open() -> None:
    for name in ("/proc/self/environ", "/proc/self/root/etc/hostname", "/proc/self/fd/0", "/proc/thread-self/environ"):
        assert isinstance(await refused(Path("/"), name), PathDenied | FileNotFound)


async def test_a_file_that_is_swapped_for_a_link_while_it_is_read_leaks_nothing(root: Path, tmp_path: Path) -> None:
    """Another thread swaps file and link as fast as it can; what is read is the file, or nothing."""
    import threading

    reader, stop = Reader((root,)), threading.Event()
    (root / "link.tmp").symlink_to(tmp_path / "outside.txt")
    (root / "file.tmp").write_text("hello")
    target = root / "swapped.txt"

    def swap() -> None:
        while not stop.is_set():
            for source in ("link.tmp", "file.tmp"):
                os.link(root / source, root / "next.tmp", follow_symlinks=False)
                os.replace(root / "next.tmp", target)

    swapper = threading.Thread(target=swap)
    swapper.start()
    seen = set()
    try:
        for _ in range(1_000):
            try:
                seen.add(reader._read_one("swapped.txt").text)
            except Refusal as error:
                seen.add(type(error).__name__)
    finally:
        stop.set()
        swapper.join()
    assert seen <= {"hello", "PathDenied", "FileNotFound"}


# ------------------------------------------------------------------------------------------------------ not regular


async def test_a_fifo_is_denied_and_does_not_hang(root: Path) -> None:
    os.mkfifo(root / "pipe")
    assert isinstance(await refused(root, "pipe"), PathDenied)


async def test_a_device_is_denied() -> None:
    for name in ("null", "zero", "tty"):
        assert isinstance(await refused(Path("/dev"), name), PathDenied | FileNotFound)


async def test_a_socket_is_denied(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("sock")
        assert isinstance(await refused(root, "sock"), PathDenied)


async def test_a_folder_is_told_from_a_file(root: Path) -> None:
    assert isinstance(await refused(root, "sub"), UnsupportedFormat)
    assert isinstance(await refused(root, "a.txt/x"), PathDenied)


async def test_a_file_that_is_not_there_is_told(root: Path) -> None:
    for name in ("missing.txt", "missing/x.txt"):
        error = await refused(root, name)
        assert isinstance(error, FileNotFound) and name in error.message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_a_file_without_permission_is_denied(root: Path) -> None:
    (root / "a.txt").chmod(0)
    assert isinstance(await refused(root, "a.txt"), PathDenied)


@pytest.mark.parametrize("name", ["", "a\0b", "\0", "a.txt\0.md", "x" * 5_000, "/".join(["d"] * 3_000), "\ud800"])
async def test_a_name_that_no_file_can_have_is_refused(root: Path, name: str) -> None:
    assert isinstance(await refused(root, name), InvalidArgument | FileNotFound | PathDenied)


# -------------------------------------------------------------------------------------------------------------- form


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n\0\0", b"text\0text", "grüße".encode("utf-16"), "grüße".encode("latin-1"), b"\xff\xfe"],
)
async def test_what_is_not_utf8_text_is_refused(root: Path, content: bytes) -> None:
    (root / "x.bin").write_bytes(content)
    assert isinstance(await refused(root, "x.bin"), UnsupportedFormat)


async def test_a_file_may_be_as_large_as_the_limit_and_no_larger(root: Path) -> None:
    (root / "big.txt").write_bytes(b"x" * MOST_FILE_BYTES)
    assert (await one(root, "big.txt")).bytes == MOST_FILE_BYTES
    (root / "big.txt").write_bytes(b"x" * (MOST_FILE_BYTES + 1))
    assert isinstance(await refused(root, "big.txt"), TooLarge)


async def test_a_sparse_giant_is_refused_unread(root: Path) -> None:
    with (root / "giant.txt").open("wb") as file:
        file.truncate(1 << 40)
    assert isinstance(await refused(root, "giant.txt"), TooLarge)


async def test_a_file_that_grows_without_end_is_given_up(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(fd: int, size: int) -> bytes:
        return b"x" * size

    monkeypatch.setattr(os, "read", endless)
    assert isinstance(await refused(root, "a.txt"), TooLarge)


async def test_many_files_have_a_limit_together(root: Path) -> None:
    names = [f"f{number}.txt" for number in range(3)]
    for name in names:
        (root / name).write_bytes(b"x" * (MOST_TOTAL_BYTES // 2))
    assert len(await Reader((root,)).read(names[:2])) == 2
    with pytest.raises(TooLarge, match="together"):
        await Reader((root,)).read(names)
    with pytest.raises(TooLarge, match="too many"):
        await Reader((root,)).read([f"{number}" for number in range(MOST_FILES + 1)])


# ------------------------------------------------------------------------------------------------------------- roots


async def test_without_a_root_nothing_is_read(root: Path) -> None:
    with pytest.raises(PathDenied, match="no folder is open"):
        await Reader(()).read([str(root / "a.txt")])


async def test_a_relative_name_belongs_to_the_first_root_that_has_it(root: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / "a.txt").write_text("shadowed")
    (second / "only.txt").write_text("second")
    reader = Reader((root, second))
    assert [source.text for source in await reader.read(["a.txt", "only.txt"])] == ["hello", "second"]
    assert (await reader.read([str(second / "a.txt")]))[0].text == "shadowed"


async def test_a_link_in_the_first_root_does_not_fall_through_to_the_second(root: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / "x.txt").write_text("second")
    (root / "x.txt").symlink_to(tmp_path / "outside.txt")
    with pytest.raises(PathDenied):
        await Reader((root, second)).read(["x.txt"])


async def test_a_root_that_went_away_is_told(tmp_path: Path) -> None:
    assert isinstance(await refused(tmp_path / "gone", "a.txt"), FileNotFound)


async def test_one_bad_name_spoils_them_all(root: Path) -> None:
    for bad in ("missing.txt", "../outside.txt", ".env", "sub"):
        with pytest.raises(Refusal):
            await Reader((root,)).read(["a.txt", bad, "sub/b.txt"])


# ----------------------------------------------------------------------------------------------------------- secrets


@pytest.mark.parametrize(
    "name",
    [
        ".env", ".ENV", ".Env.Local", ".env.local", ".env.production", "prod.env", "sub/.env", ".envrc",
        "id_rsa", "ID_RSA", "id_rsa.pub", "id_ed25519", "deploy_key.pem", "server.KEY", "cert.p12", "store.jks",
        ".ssh/config", ".SSH/known_hosts", "sub/.ssh/x.txt", ".aws/config", ".AWS/credentials", ".kube/config",
        ".docker/config.json", ".gnupg/x", ".config/gcloud/x.json", ".netrc", ".npmrc", ".pypirc", ".pgpass",
        "credentials.json", "credentials", "client_secret_1.json", "service-account-x.json", ".git-credentials",
        "secrets.yaml", "secrets.yml", "terraform.tfstate", "prod.tfvars", ".bash_history", "authorized_keys",
        ".env.", ".env ", ".env. .", "id_rsa..", ".ssh./config", ".env::$DATA", ".env:stream",
    ],
)  # fmt: skip
async def test_a_secret_by_its_name_is_never_read(root: Path, name: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(SECRET)
    assert isinstance(await refused(root, name), SecretFound)
    assert isinstance(await refused(root, str(path)), SecretFound)
    assert isinstance(await refused(root, f"sub/../{name}"), SecretFound)


async def test_a_secret_is_refused_whether_or_not_it_is_there(root: Path) -> None:
    assert isinstance(await refused(root, ".env"), SecretFound)


@pytest.mark.parametrize(
    "name",
    [
        ".env.example",
        ".env.sample",
        ".ENV.TEMPLATE",
        "environment.py",
        "keys.py",
        "ssh/config",
        "env",
        "monkey.txt",
        "id.txt",
    ],
)
async def test_what_only_looks_like_a_secret_is_read(root: Path, name: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("harmless")
    assert (await one(root, name)).text == "harmless"
