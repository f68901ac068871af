"""The one safe reader: beneath its roots, regular files, UTF-8 text, all or nothing."""

import asyncio
import hashlib
import io
import os
import re
import socket
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from PIL import Image

from gemini_mcp.domain.errors import (
    AgentError,
    FileNotFound,
    InvalidArgument,
    PathDenied,
    Refusal,
    SecretFound,
    TooLarge,
    UnsupportedFormat,
    UrlDenied,
)
from gemini_mcp.domain.material import Source
from gemini_mcp.sources.beneath import Beneath
from gemini_mcp.sources.child import Children
from gemini_mcp.sources.conversion import MOST_TEXT_BYTES
from gemini_mcp.sources.documents import pdf_pages
from gemini_mcp.sources.purposes import CODE
from gemini_mcp.sources.reader import Reader
from gemini_mcp.sources.secrets import Screen
from gemini_mcp.sources.survey import MOST_FILE_BYTES, MOST_URLS
from gemini_mcp.sources.web import Web

from .canaries import SHAPED, Mint
from .made import docx, paragraph, pdf
from .tls import Asked, Authority, serving
from .url_corpus import SITE, Trial, World, answer

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


def reader_of(*roots: Path) -> Reader:
    return Reader(Beneath(roots), Web(), Screen(), Children())


async def read(roots: tuple[Path, ...], names: list[str]) -> tuple[Source, ...]:
    return (await reader_of(*roots).read(names)).sources


async def one(root: Path, name: str) -> Source:
    with anyio.fail_after(WAIT_S):
        (source,) = await read((root,), [name])
    return source


async def refused(root: Path, name: str) -> Refusal:
    """The refusal of a name; nothing from outside may stand in it."""
    with anyio.fail_after(WAIT_S), pytest.raises(Refusal) as caught:
        await read((root,), [name])
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


# ------------------------------------------------------------------------------------------------------------- roots


async def test_without_a_root_nothing_is_read(root: Path) -> None:
    with pytest.raises(PathDenied, match="no folder is open"):
        await read((), [str(root / "a.txt")])


async def test_a_relative_name_belongs_to_the_first_root_that_has_it(root: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / "a.txt").write_text("shadowed")
    (second / "only.txt").write_text("second")
    reader = reader_of(root, second)
    assert [source.text for source in (await reader.read(["a.txt", "only.txt"])).sources] == ["hello", "second"]
    assert (await reader.read([str(second / "a.txt")])).sources[0].text == "shadowed"


async def test_a_link_in_the_first_root_does_not_fall_through_to_the_second(root: Path, tmp_path: Path) -> None:
    second = tmp_path / "second"
    second.mkdir()
    (second / "x.txt").write_text("second")
    (root / "x.txt").symlink_to(tmp_path / "outside.txt")
    with pytest.raises(PathDenied):
        await read((root, second), ["x.txt"])


async def test_a_root_that_went_away_is_told(tmp_path: Path) -> None:
    assert isinstance(await refused(tmp_path / "gone", "a.txt"), FileNotFound)


async def test_one_bad_name_spoils_them_all(root: Path) -> None:
    for bad in ("missing.txt", "../outside.txt", ".env", "sub/none"):
        with pytest.raises(Refusal):
            await read((root,), ["a.txt", bad, "sub/b.txt"])


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


# ----------------------------------------------------------------------------------------------------------- formats


async def test_files_come_once_and_a_folder_brings_all_of_its_own(root: Path) -> None:
    sources = await read((root,), ["sub/b.txt", "a.txt", "sub/b.txt", "sub"])
    assert [source.path for source in sources] == ["sub/b.txt", "a.txt"]


async def test_no_names_need_no_roots() -> None:
    assert await read((), []) == ()


async def test_what_a_folder_holds_besides_is_told(root: Path) -> None:
    (root / ".env").write_text("A=1")
    (root / "x.zip").write_bytes(b"PK")
    material = await reader_of(root).read(["."])
    assert [source.path for source in material.sources] == ["a.txt", "sub/b.txt"]
    assert {path for path, _ in material.left_out} == {".env", "x.zip"}


async def test_a_pdf_is_sent_natively_and_its_pages_are_known(root: Path) -> None:
    content = pdf(["One speaks of piers.", "Two speaks of ships.", "Three speaks of storms."])
    (root / "a.pdf").write_bytes(content)
    source = await one(root, "a.pdf")
    assert source.media is not None and source.media.data.startswith(b"%PDF-") and source.sent_as == "pdf"
    assert (source.bytes, source.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    assert [(page.number, "speaks" in page.text) for page in source.pages] == [(1, True), (2, True), (3, True)]
    assert source.media.tokens == 3 * 560


async def test_of_a_pdf_only_the_pages_asked_for_are_sent(root: Path) -> None:
    (root / "a.pdf").write_bytes(pdf(["One speaks of piers.", "Two speaks of ships.", "Three speaks of storms."]))
    source = await one(root, "a.pdf#pages=2-3")
    assert [page.number for page in source.pages] == [2, 3] and source.sent_as == "pdf pages 2-3"
    assert source.media is not None and b"%PDF" in source.media.data[:10]
    found = await pdf_pages(Children(), source.media.data, "cut")
    assert ["ships" in found.pages[0].text, "storms" in found.pages[1].text, found.page_count] == [True, True, 2]


async def test_parts_of_a_pdf_are_cut_for_those_who_read_them(root: Path) -> None:
    (root / "a.pdf").write_bytes(pdf([f"Page {number} is short." for number in range(1, 6)]))
    reader = reader_of(root)
    (source,) = (await reader.read(["a.pdf"])).sources
    groups = [(replace(source, pages=source.pages[:2]),), (replace(source, pages=source.pages[2:]),), (source,)]
    first, second, whole = [sources[0].media for sources in await reader.cut(groups)]
    assert first and second and whole and source.media and whole.data == source.media.data
    pages = [(await pdf_pages(Children(), media.data, "part")).page_count for media in (first, second)]
    assert pages == [2, 3] and (first.tokens, second.tokens) == (2 * 560, 3 * 560)


async def test_parts_of_chosen_pages_hold_the_pages_of_these_numbers(root: Path) -> None:
    (root / "a.pdf").write_bytes(pdf([f"Page {number} is short." for number in range(1, 8)]))
    reader = reader_of(root)
    (source,) = (await reader.read(["a.pdf#pages=2,4-5,7"])).sources
    groups = [(replace(source, pages=source.pages[:2]),), (replace(source, pages=source.pages[2:]),), (source,)]
    parts = [sources[0] for sources in await reader.cut(groups)]
    shown = [(await pdf_pages(Children(), part.media.data, "part")).pages for part in parts if part.media]
    assert [[page.text.strip() for page in pages] for pages in shown] == [
        [f"Page {number} is short." for number in numbers] for numbers in ((2, 4), (5, 7), (2, 4, 5, 7))
    ]
    assert [[page.number for page in part.pages] for part in parts] == [[2, 4], [5, 7], [2, 4, 5, 7]]


async def test_office_files_are_read_as_text(root: Path) -> None:
    (root / "a.docx").write_bytes(docx(paragraph("Harbour", "Heading1") + paragraph("It has three piers.")))
    source = await one(root, "a.docx")
    assert "# Harbour" in source.text and "three piers" in source.text and source.sent_as == "text of docx"


async def test_a_page_is_read_as_text_where_that_is_wanted_and_else_as_it_is(root: Path) -> None:
    page = "<html><body><nav>Home</nav><article><h1>Harbour</h1><p>It has three piers, built in 1902 for the fishing"
    (root / "a.html").write_text(
        page + " fleet, and a lighthouse at the end of the longest.</p></article></body></html>"
    )
    (readable,) = (await reader_of(root).read(["a.html"], html_as_text=True)).sources
    assert "three piers" in readable.text and "<p>" not in readable.text
    assert "<p>" in (await one(root, "a.html")).text


@pytest.mark.parametrize("content", [b"a\0b\1c\2" * 50, b"\x7fELF" + bytes(range(256))])
async def test_what_is_no_text_is_refused(root: Path, content: bytes) -> None:
    (root / "x.bin").write_bytes(content)
    assert isinstance(await refused(root, "x.bin"), UnsupportedFormat)


async def test_pages_of_what_has_none_are_refused(root: Path) -> None:
    assert isinstance(await refused(root, "a.txt#pages=1"), InvalidArgument)


@pytest.mark.parametrize(
    ("pages", "wrong"),
    [
        ("40", "a.pdf: page 40 is not in it: it has 3 pages"),
        ("2-40", "a.pdf: pages 2-40 are not all in it: it has 3 pages"),
        ("3-2", "a.pdf: pages 3-2 run backwards"),
        ("1-", "a.pdf: '1-' is no page and no range of pages"),
    ],
)
async def test_pages_that_are_not_there_are_refused_in_the_words_of_a_path(root: Path, pages: str, wrong: str) -> None:
    (root / "a.pdf").write_bytes(pdf(["One.", "Two.", "Three."]))
    error = await refused(root, f"a.pdf#pages={pages}")
    assert isinstance(error, InvalidArgument) and error.message == wrong
    assert error.fix == "Choose from 1 to 3, as in file.pdf#pages=1-3; without #pages= it is read whole."


@pytest.mark.parametrize("name", ["a.pdf", "a.docx", "a.txt"])
async def test_a_document_instead_of_an_image_is_sent_where_it_can_be_asked_about(root: Path, name: str) -> None:
    (root / "a.pdf").write_bytes(pdf(["One."]))
    (root / "a.docx").write_bytes(docx(paragraph("One.")))
    with pytest.raises(UnsupportedFormat) as caught:
        await reader_of(root).images([name], "medium", "gemini-3")
    assert "delegate_task" in caught.value.fix and "summarize_docs" in caught.value.fix


async def test_a_sparse_giant_is_refused_unread(root: Path) -> None:
    with (root / "giant.txt").open("wb") as file:
        file.truncate(MOST_FILE_BYTES + 1)
    assert isinstance(await refused(root, "giant.txt"), TooLarge)


async def test_text_has_a_lower_limit_than_documents(root: Path) -> None:
    (root / "long.txt").write_bytes(b"x " * (MOST_TEXT_BYTES // 2 + 1))
    assert isinstance(await refused(root, "long.txt"), TooLarge)


async def test_all_together_have_a_limit(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gemini_mcp.sources.survey.MOST_TOTAL_BYTES", 10)
    assert (await read((root,), ["a.txt"]))[0].text == "hello"
    assert isinstance(await refused(root, "."), TooLarge)


# --------------------------------------------------------------------------------------------- found, and not of use


PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)
BINARY = b"\x7fELF" + bytes(range(256))


@pytest.fixture
def mixed(root: Path) -> Path:
    """A folder in which some of everything lies."""
    folder = root / "mix"
    folder.mkdir()
    (folder / "note.md").write_text("A note.")
    (folder / "chart.png").write_bytes(PNG)
    (folder / "core").write_bytes(BINARY)
    (folder / "locked.pdf").write_bytes(b"%PDF-1.7\nnothing of the kind")
    return root


def secret() -> str:
    """Made here, so that none stands in a file of ours."""
    return SHAPED["AWS access key"](Mint(7))


def picture() -> bytes:
    kept = io.BytesIO()
    Image.new("RGB", (20, 10)).save(kept, "PNG")
    return kept.getvalue()


@pytest.mark.parametrize("names", [["mix"], ["mix/*"], ["mix/**", "mix/note.md"]])
async def test_what_a_folder_holds_and_cannot_be_read_is_left_out_and_named(mixed: Path, names: list[str]) -> None:
    material = await reader_of(mixed).read(names)
    assert [source.path for source in material.sources] == ["mix/note.md"]
    assert dict(material.left_out) == {
        "mix/chart.png": "an image",
        "mix/core": "binary",
        "mix/locked.pdf": "it is damaged, or no PDF",
    }


@pytest.mark.parametrize("name", ["chart.png", "core", "locked.pdf"])
async def test_what_is_named_by_itself_is_refused_even_when_a_folder_holds_it_too(mixed: Path, name: str) -> None:
    for names in (["mix", f"mix/{name}"], [f"mix/{name}", "mix"], [f"mix/{name}"]):
        with pytest.raises(UnsupportedFormat, match=f"mix/{name}"):
            await read((mixed,), names)


@pytest.mark.parametrize("name", ["mix/c*", "mix/*.png", "mix/*.pdf"])
async def test_a_name_of_which_nothing_can_be_read_is_refused_with_the_reasons(mixed: Path, name: str) -> None:
    with pytest.raises(UnsupportedFormat, match=r"left out: (an image; binary|an image|it is damaged)") as caught:
        await read((mixed,), ["a.txt", name])
    assert "analyze_image" in caught.value.fix and name in caught.value.message


async def test_code_alone_is_found_for_a_review(mixed: Path) -> None:
    (mixed / "mix" / "a.docx").write_bytes(docx(paragraph("Words.")))
    (mixed / "mix" / "a.py").write_text("pass")
    material = await reader_of(mixed).read(["mix"], purpose=CODE)
    assert [source.path for source in material.sources] == ["mix/a.py", "mix/note.md"]
    assert {why for path, why in material.left_out if path.endswith(("docx", "pdf"))} == {"no code"}
    assert (await reader_of(mixed).read(["mix/a.docx"], purpose=CODE)).sources[0].text == "Words."


async def test_images_alone_are_found_for_a_question_about_images(mixed: Path) -> None:
    (mixed / "mix" / "good.png").write_bytes(picture())
    material = await reader_of(mixed).images(["mix"], "medium", "gemini-3")
    assert [source.path for source in material.sources] == ["mix/good.png"]
    assert dict(material.left_out)["mix/note.md"] == "no image that can be read"
    assert "mix/chart.png" in dict(material.left_out), "only its first bytes are a PNG's"


async def test_what_is_too_large_by_itself_is_left_out_of_a_folder_and_counts_for_nothing(root: Path) -> None:
    for name in ("giant.txt", "huge.log", "vast"):
        with (root / name).open("wb") as file:
            file.truncate(MOST_FILE_BYTES + 1)
    (root / "long.txt").write_bytes(b"x " * (MOST_TEXT_BYTES // 2 + 1))
    material = await reader_of(root).read(["."])
    assert [source.path for source in material.sources] == ["a.txt", "sub/b.txt"]
    assert dict(material.left_out)["long.txt"] == "over 16 MiB of text"


async def test_of_many_files_only_those_that_serve_are_counted(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gemini_mcp.sources.survey.MOST_FILES", 3)
    for number in range(5):
        (root / f"{number}.png").write_bytes(PNG)
    assert len((await reader_of(root).read(["."])).sources) == 2
    for number in range(5):
        (root / f"{number}.txt").write_text("x")
    with pytest.raises(TooLarge, match="7 files are too many") as caught:
        await read((root,), ["."])
    assert '"!tests/"' in caught.value.fix


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_what_may_not_be_opened_is_left_out_of_a_folder(root: Path) -> None:
    (root / "a.txt").chmod(0)
    assert "a.txt" in dict((await reader_of(root).read(["."])).left_out)


# ------------------------------------------------------------------------------------------- secrets in what is found


async def test_secrets_that_a_folder_holds_refuse_the_call_and_say_how_to_leave_them_out(root: Path) -> None:
    for name in ("sub/one.py", "top.py", "sub/odd [1].py"):
        (root / name).write_text(f'x = 1\nTOKEN = "{secret()}"\n')
    with pytest.raises(SecretFound) as caught:
        await read((root,), ["."])
    assert all(f"{name} holds 1 secret (line 2" in caught.value.message for name in ("sub/one.py", "top.py"))
    patterns = re.findall(r'"(!.+?)"', caught.value.fix)
    assert patterns == ["!sub/odd [1].py", "!sub/one.py", "!/top.py"]
    assert [source.path for source in await read((root,), [".", *patterns])] == ["a.txt", "sub/b.txt"]


async def test_a_secret_in_what_was_named_by_itself_is_no_matter_of_patterns(root: Path) -> None:
    (root / "top.py").write_text(f'TOKEN = "{secret()}"\n')
    with pytest.raises(SecretFound) as caught:
        await read((root,), ["top.py", "sub"])
    assert '"!' not in caught.value.fix and "GEMINI_AGENTS_SECRETS" in caught.value.fix


async def test_more_secrets_than_can_be_named_are_counted_and_all_left_out(root: Path) -> None:
    for number in range(8):
        (root / f"{number}.py").write_text(f'TOKEN = "{secret()}"\n')
    with pytest.raises(SecretFound, match="and so do 3 more") as caught:
        await read((root,), ["."])
    patterns = re.findall(r'"(!.+?)"', caught.value.fix)
    assert len(patterns) == 8 and len(await read((root,), [".", *patterns])) == 2


# -------------------------------------------------------------------------------------------------------------- URLs


async def test_a_page_of_the_web_is_read_over_tls_and_shown_by_its_url(root: Path, tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def respond(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await answer(asked, writer, {})

    async with serving(respond, authority.server(SITE)) as site:
        world = World(Trial("", ""), site.port)
        web = Web(world.resolve, world.connect, authority.trust)
        reader = Reader(Beneath((root,)), web, Screen(), Children())
        found = await reader.read([f"https://{SITE}/page", "a.txt"], html_as_text=True)
    assert [source.path for source in found.sources] == [f"https://{SITE}/page", "a.txt"]
    assert found.sources[0].sent_as == "text of html" and found.sources[0].text.strip()


@pytest.mark.parametrize(
    "name",
    ["http://example.com/", "file:///etc/passwd", "ftp://example.com/x", "FILE:/etc/passwd", "https://127.0.0.1/"],
)
async def test_a_url_is_never_taken_for_a_path(root: Path, name: str) -> None:
    assert isinstance(await refused(root, name), UrlDenied)


async def test_more_pages_than_a_call_may_fetch_are_refused_before_any_is(root: Path) -> None:
    with pytest.raises(TooLarge):
        await read((root,), [f"https://{SITE}/{number}" for number in range(MOST_URLS + 1)])


async def test_a_child_that_does_not_start_is_told_as_one_error(tmp_path: Path) -> None:
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        (tmp_path / name).write_bytes(pdf(["The harbour has three piers."]))
    children = Children(worker=("-c", "import sys; sys.exit(3)"))
    reader = Reader(Beneath((tmp_path,)), Web(), Screen(), children)
    with pytest.raises(AgentError) as error:
        await reader.read(["a.pdf", "b.pdf", "c.pdf"])
    assert error.value.fix
