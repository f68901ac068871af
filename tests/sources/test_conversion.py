"""From bytes to what is sent: secrets are found wherever a format keeps them; what is sent is what was looked at."""

import io
import json
import re
import zlib
from collections.abc import Callable, Iterator

import anyio
import openpyxl
import pytest

from gemini_mcp.domain.errors import Refusal, SecretFound, TooLarge, UnsupportedFormat
from gemini_mcp.sources import secret_effort
from gemini_mcp.sources.child import Children
from gemini_mcp.sources.conversion import Conversion, Converted, Raw, shown_name, shown_url
from gemini_mcp.sources.secret_search import SLICE, Search
from gemini_mcp.sources.secrets import Policy, Screen

from . import made
from .canaries import SHAPED, Mint

SEED = 7
WAIT_S = 120
WORDS = b"BT /F 12 Tf 50 700 Td (The quarterly report says that revenue rose.) Tj ET"


def a_token() -> str:
    return SHAPED["GitHub token"](Mint(SEED))


async def converted(
    name: str, data: bytes, policy: Policy = "refuse", *, html_as_text: bool = True, pages: str = ""
) -> Converted:
    conversion = Conversion(Children(), Screen(policy))
    with anyio.fail_after(WAIT_S):
        return await conversion.document(Raw.of(name, data, pages=pages), html_as_text=html_as_text)


# ----------------------------------------------------------------------------------------------------- PDFs, natively


def a_pdf(
    *more: bytes, catalogue: bytes = b"", page: bytes = b"", trailer: bytes = b"", drawn: bytes = WORDS, kids: int = 1
) -> bytes:
    """One page, object 3, drawn by object 4 with the font 5; ``more`` are the objects from 6 on."""
    pages = b"<</Type/Pages/Kids[3 0 R]/Count %d>>" % kids
    shown = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R%b>>" % (page or RESOURCES)
    objects = [b"<</Type/Catalog/Pages 2 0 R%b>>" % catalogue, pages, shown, made.stream(drawn), made.FONT, *more]
    return made.pdf_of(objects, trailer)


RESOURCES = b"/Resources<</Font<</F 5 0 R>>>>"


Make = Callable[[bytes], bytes]


def information(secret: bytes) -> bytes:
    return a_pdf(b"<</Title(Report)/Subject(the key is %b)>>" % secret, trailer=b"/Info 6 0 R")


def metadata(secret: bytes) -> bytes:
    return a_pdf(made.stream(b"<x>%b</x>" % secret, b"/Type/Metadata/Subtype/XML"), catalogue=b"/Metadata 6 0 R")


def outline(secret: bytes) -> bytes:
    entry = b"<</Title(%b)/Parent 6 0 R/Dest[3 0 R/Fit]>>" % secret
    return a_pdf(b"<</Type/Outlines/First 7 0 R/Last 7 0 R/Count 1>>", entry, catalogue=b"/Outlines 6 0 R")


def script(secret: bytes) -> bytes:
    return a_pdf(catalogue=b"/OpenAction<</S/JavaScript/JS(var k='%b';)>>" % secret)


def attachment(secret: bytes) -> bytes:
    file = b"<</Type/Filespec/F(env.txt)/EF<</F 7 0 R>>>>"
    names = b"/Names<</EmbeddedFiles<</Names[(env.txt)6 0 R]>>>>"
    return a_pdf(file, made.stream(secret, b"/Type/EmbeddedFile"), catalogue=names)


def link(secret: bytes) -> bytes:
    target = b"/A<</S/URI/URI(https://host/?token=%b)>>" % secret
    return a_pdf(page=RESOURCES + b"/Annots[<</Type/Annot/Subtype/Link/Rect[50 690 300 720]%b>>]" % target)


def rich_note(secret: bytes) -> bytes:
    note = b"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(a note)/RC(<body>%b</body>)>>" % secret
    return a_pdf(page=RESOURCES + b"/Annots[%b]" % note)


def note(secret: bytes) -> bytes:
    return a_pdf(page=RESOURCES + b"/Annots[<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(%b)>>]" % secret)


def field(secret: bytes) -> bytes:
    parent = b"<</FT/Tx/T(apikey)/V(%b)/Kids[7 0 R]/DA(/Helv 0 Tf)>>" % secret
    widget = b"<</Type/Annot/Subtype/Widget/Parent 6 0 R/Rect[50 600 500 620]/P 3 0 R>>"
    return a_pdf(parent, widget, catalogue=b"/AcroForm<</Fields[6 0 R]>>", page=RESOURCES + b"/Annots[7 0 R]")


def stamp(secret: bytes) -> bytes:
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 500 20]/Resources<</Font<</F 5 0 R>>>>"
    drawn = made.stream(b"BT /F 9 Tf 2 4 Td (%b) Tj ET" % secret, form)
    free = b"<</Type/Annot/Subtype/FreeText/Rect[50 500 550 520]/AP<</N 6 0 R>>>>"
    return a_pdf(drawn, page=RESOURCES + b"/Annots[%b]" % free)


def trailing(secret: bytes) -> bytes:
    return a_pdf() + b"\n% " + secret + b"\n"


def invisible_words(secret: bytes) -> bytes:
    return a_pdf(drawn=WORDS + b" BT /F 12 Tf 3 Tr 50 600 Td (%b) Tj ET" % secret)


def earlier_revision(secret: bytes) -> bytes:
    """The page's drawing is replaced by what is written after the first end of the file."""
    old = a_pdf(drawn=b"BT /F 12 Tf 50 700 Td (The key is %b) Tj ET" % secret)
    table = int(old.rsplit(b"startxref\n", 1)[1].split()[0])
    new = b"4 0 obj\n%b\nendobj\n" % made.stream(WORDS)
    entry = b"xref\n4 1\n%010d 00000 n \ntrailer\n<</Size 6/Root 1 0 R/Prev %d>>\n" % (len(old), table)
    return old + new + entry + b"startxref\n%d\n%%%%EOF\n" % (len(old) + len(new))


def metadata_of_the_page(secret: bytes) -> bytes:
    return a_pdf(made.stream(b"<x>%b</x>" % secret, b"/Type/Metadata"), page=RESOURCES + b"/Metadata 6 0 R")


def private_data_of_the_page(secret: bytes) -> bytes:
    private = b"/PieceInfo<</Draw<</LastModified(D:2026)/Private<</Text(%b)>>>>>>" % secret
    return a_pdf(page=RESOURCES + private)


def script_of_the_page(secret: bytes) -> bytes:
    return a_pdf(page=RESOURCES + b"/AA<</O<</S/JavaScript/JS(var k='%b';)>>>>" % secret)


def words_that_stand_for_others(secret: bytes) -> bytes:
    return a_pdf(drawn=WORDS + b" /Span<</ActualText(%b)>>BDC BT /F 9 Tf (a picture) Tj ET EMC" % secret)


def words_that_stand_for_others_in_utf_16(secret: bytes) -> bytes:
    said = secret.decode().encode("utf-16-be").hex().encode()
    return a_pdf(drawn=WORDS + b" /Span<</ActualText<feff%b>>>BDC BT /F 9 Tf (a picture) Tj ET EMC" % said)


def words_for_which_others_stand(secret: bytes) -> bytes:
    return a_pdf(drawn=WORDS + b" /Span<</ActualText(harmless)>>BDC BT /F 9 Tf (%b) Tj ET EMC" % secret)


def comment_among_commands(secret: bytes) -> bytes:
    return a_pdf(drawn=b"% key " + secret + b"\n" + WORDS)


def drawing_of_another_page(secret: bytes) -> bytes:
    """Pages share what they draw with; not all of it is drawn on each."""
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 500 20]/Resources<</Font<</F 5 0 R>>>>"
    drawn = made.stream(b"BT /F 9 Tf 2 4 Td [(%b) -20 (%b)] TJ ET" % (secret[:10], secret[10:]), form)
    return a_pdf(drawn, page=b"/Resources<</Font<</F 5 0 R>>/XObject<</X 6 0 R>>>>")


HIDDEN: tuple[Make, ...] = (
    information, metadata, outline, script, attachment, link, rich_note, note, field, stamp, trailing, invisible_words,
    earlier_revision, metadata_of_the_page, private_data_of_the_page, script_of_the_page, words_that_stand_for_others,
    words_that_stand_for_others_in_utf_16, words_for_which_others_stand, comment_among_commands,
    drawing_of_another_page,
)  # fmt: skip
SEEN: set[Make] = {field, stamp, invisible_words}
"""They are words of the page, or become some."""

KEPT: set[Make] = {
    metadata_of_the_page, private_data_of_the_page, script_of_the_page, words_that_stand_for_others,
    words_that_stand_for_others_in_utf_16, words_for_which_others_stand, comment_among_commands,
    drawing_of_another_page,
}  # fmt: skip
"""They go wherever the page goes."""


def everything_in(data: bytes) -> bytes:
    """With what its streams unpack to."""
    return data + b"".join(_unpacked(data))


def _unpacked(data: bytes) -> Iterator[bytes]:
    for found in re.finditer(rb"stream\r?\n(.*?)endstream", data, re.DOTALL):
        try:
            yield zlib.decompressobj().decompress(found[1])
        except zlib.error:
            continue


@pytest.mark.parametrize("make", HIDDEN, ids=lambda make: make.__name__)
async def test_a_secret_anywhere_in_a_pdf_is_refused_or_left_behind(make: Make) -> None:
    secret = a_token()
    try:
        found = await converted("a.pdf", make(secret.encode()))
    except SecretFound as error:
        assert make in SEEN | KEPT and "a.pdf" in error.message and secret not in str(error)
        return
    assert make not in SEEN | KEPT and found.source.media is not None
    sent = everything_in(found.source.media.data)
    assert b"quarterly report" in sent and not any(
        form in sent for form in (secret.encode(), secret.encode("utf-16-be"), secret[10:].encode())
    )


@pytest.mark.parametrize("make", [make for make in HIDDEN if make in SEEN | KEPT], ids=lambda make: make.__name__)
async def test_a_pdf_with_a_secret_is_sent_as_its_text_where_secrets_are_redacted(
    make: Make,
) -> None:
    secret = a_token()
    found = await converted("a.pdf", make(secret.encode()), "redact")
    assert found.source.media is None and found.source.pages == () and found.source.sent_as == "text of pdf"
    assert "quarterly report" in found.source.text and secret not in found.source.text
    assert any("redacted in a.pdf" in warning for warning in found.warnings)
    assert any("sent as its text" in warning for warning in found.warnings)


async def test_what_the_user_allows_is_sent_natively_with_a_warning() -> None:
    found = await converted("a.pdf", metadata_of_the_page(a_token().encode()), "allow")
    assert found.source.media is not None and any("allow" in warning for warning in found.warnings)


async def test_notes_that_stay_behind_are_told() -> None:
    found = await converted("a.pdf", note(b"only a remark"))
    assert found.warnings == ["a.pdf: a note on its pages not sent"]


async def test_a_secret_that_begins_on_one_page_and_ends_on_the_next_is_found() -> None:
    secret = a_token()
    key = Mint(SEED).pem("RSA ", 800).splitlines()
    for first, second in (
        (f"Handbook. The key is\n{secret[:20]}", f"{secret[20:]}\nThe end."),
        ("\n".join(["Handbook", *key[:9]]), "\n".join([*key[9:], "The end."])),
    ):
        data = made.pdf(["Nothing here.", first, second])
        with pytest.raises(SecretFound, match=r"a\.pdf holds 1 secret \(p\. 2 line 2: "):
            await converted("a.pdf", data)
        left = (await converted("a.pdf", data, "redact")).source.text
        assert "Handbook" in left and " end." in left and "[page 3]" in left
        assert not any(piece in left for piece in (secret[:20], secret[20:], key[3], key[12]))


async def test_a_secret_on_a_page_that_is_not_asked_for_stays_behind() -> None:
    secret = a_token()
    data = made.pdf(["One speaks of piers.", f"Two says {secret}.", "Three speaks of storms."])
    found = await converted("a.pdf", data, pages="1,3")
    assert found.source.media is not None and secret.encode() not in everything_in(found.source.media.data)


# ---------------------------------------------------------------------------------------------- other forms of a text


def word(*runs: tuple[str, str]) -> bytes:
    def run(text: str, mark: str) -> str:
        return f'<w:r><w:rPr>{mark}</w:rPr><w:t xml:space="preserve">{text}</w:t></w:r>'

    return made.docx(f"<w:p>{''.join(run(*one) for one in runs)}</w:p>")


@pytest.mark.parametrize("mark", ["<w:b/>", "<w:i/>", "<w:b/><w:i/>", "<w:strike/>", ""])
async def test_a_token_with_a_part_in_another_type_is_found(mark: str) -> None:
    secret = a_token()
    data = word(("The build uses ", ""), (secret[:14], ""), (secret[14:26], mark), (secret[26:], ""), (" now.", ""))
    with pytest.raises(SecretFound):
        await converted("a.docx", data)
    left = (await converted("a.docx", data, "redact")).source.text
    assert left.startswith("The build uses [REDACTED") and left.endswith(" now.") and secret[26:] not in left


async def test_a_column_of_passwords_in_a_workbook_is_found() -> None:
    book, buffer = openpyxl.Workbook(), io.BytesIO()
    assert book.active is not None
    password = Mint(SEED).password()
    for row in (("Service", "User", "Password"), ("db", "bob", password)):
        book.active.append(row)
    book.save(buffer)
    with pytest.raises(SecretFound, match="password"):
        await converted("a.xlsx", buffer.getvalue())


def notebook(*cells: dict[str, object]) -> bytes:
    return json.dumps({"cells": list(cells), "nbformat": 4}).encode()


PLOT: dict[str, object] = {
    "cell_type": "code",
    "source": "plot(\n    sales)",
    "outputs": [{"output_type": "display_data", "data": {"image/png": "iVBOR" * 9_000, "text/plain": "<Figure>"}}],
}


async def test_a_notebook_as_code_is_its_cells_without_its_pictures() -> None:
    prose: dict[str, object] = {"cell_type": "markdown", "source": ["# Sales\n", "rise"]}
    found = await converted("a.ipynb", notebook(prose, PLOT), html_as_text=False)
    assert found.source.text == (
        "# %% [cell 1, prose]\n# # Sales\n# rise\n\n# %% [cell 2]\nplot(\n    sales)\n# output:\n# <Figure>"
    )
    assert found.source.sent_as == "cells of notebook"


@pytest.mark.parametrize("html_as_text", [True, False])
async def test_half_a_character_in_a_notebook_is_replaced(html_as_text: bool) -> None:
    data = notebook({"cell_type": "markdown", "source": "cut \ud83d here"})
    text = (await converted("a.ipynb", data, html_as_text=html_as_text)).source.text
    assert "cut \ufffd here" in text


@pytest.mark.parametrize("html_as_text", [True, False])
async def test_what_is_wrong_with_a_notebook_names_it(html_as_text: bool) -> None:
    for data in (b'{"cells": null}', b"[]", b"{"):
        with pytest.raises(UnsupportedFormat, match=r"odd\.ipynb"):
            await converted("odd.ipynb", data, html_as_text=html_as_text)


async def test_text_in_utf_16_without_a_mark_is_read() -> None:
    text = "A report on the harbour.\r\nIt has three piers.\r\n"
    assert (await converted("a.txt", text.encode("utf-16-le"))).source.text == text


# -------------------------------------------------------------------------------------------------------------- names


async def test_a_secret_in_a_name_is_refused_redacted_or_allowed() -> None:
    secret = a_token()
    name = f"notes-{secret}.md"
    with pytest.raises(SecretFound) as caught:
        await converted(name, b"The moon.")
    assert secret not in str(caught.value) and "[REDACTED" in caught.value.message
    found = await converted(name, b"The moon.", "redact")
    assert found.source.path.endswith("[REDACTED GitHub token].md") and "name" in found.warnings[0]
    found = await converted(name, b"The moon.", "allow")
    assert found.source.path == name and secret not in found.warnings[0]


async def test_the_name_of_an_image_is_looked_at_too() -> None:
    conversion = Conversion(Children(), Screen("refuse"))
    with pytest.raises(SecretFound, match="name"):
        await conversion.image(Raw.of(f"{a_token()}.png", b"\x89PNG\r\n\x1a\n"), "medium", "gemini-3")


def test_a_page_is_called_by_its_address_without_its_query() -> None:
    first, second = (shown_url(f"https://host/report.pdf?token={value}") for value in ("abc", "abd"))
    assert first.startswith("https://host/report.pdf?[") and "abc" not in first and first != second
    assert shown_url("https://host/a") == "https://host/a"
    assert "abc" not in shown_name("HTTPS://host/?token=abc") and shown_name("docs/*.m?") == "docs/*.m?"


# ------------------------------------------------------------------------------------------------------------ bounded


def long_text(*, slices: int) -> list[str]:
    """Lines of prose, of so many slices."""
    line = "The harbour has three piers, and ships lie at two of them.\n"
    return [line] * (slices * SLICE // len(line))


async def test_what_takes_too_long_to_look_through_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_effort, "_START_S", 0.0)
    monkeypatch.setattr(secret_effort, "_MEGABYTE_S", 0.0)
    with pytest.raises(TooLarge, match=r"a\.txt takes too long to look through"):
        await Screen().looked_through("a.txt", "".join(long_text(slices=2)))


async def test_a_call_that_is_cancelled_ends_with_the_slice_it_is_at(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = 0
    step = Search.step
    scope = anyio.CancelScope()

    def counted(search: Search) -> bool:
        nonlocal steps
        steps += 1
        anyio.from_thread.run_sync(scope.cancel)
        return step(search)

    monkeypatch.setattr(Search, "step", counted)
    with scope:
        await Screen().looked_through("a.txt", "".join(long_text(slices=4)))
    assert scope.cancelled_caught and steps == 1


def test_a_secret_is_found_once_wherever_a_slice_ends() -> None:
    token, size = a_token(), len(a_token())
    for before in (SLICE - size, SLICE - size // 2, SLICE - 1, SLICE, SLICE + 1):
        text = "".join(long_text(slices=2))[:before] + f" {token} " + "x " * 1_000
        (hit,) = Screen("redact").found("a", text)
        assert text[hit.start : hit.end] == token


def test_a_key_over_the_end_of_a_slice_is_found_whole() -> None:
    key = Mint(SEED).pem("RSA ", 3_200)
    text = "".join(long_text(slices=2))[: SLICE - 900] + f"\n{key}\nThe end." + "".join(long_text(slices=1))
    (hit,) = Screen("redact").found("a", text)
    assert text[hit.start : hit.end] == key


def test_what_is_to_be_refused_is_not_looked_at_to_the_end() -> None:
    mint = Mint(SEED)
    lines = long_text(slices=2)
    lines[1:1] = [f"{SHAPED['npm token'](mint)}\n" for _ in range(40)]
    with pytest.raises(SecretFound, match=r"holds at least 40 secrets \(line 2: npm token, .* and 35 more\)"):
        Screen().screened("a.txt", "".join([*lines, SHAPED["npm token"](mint)]))


@pytest.mark.parametrize("unit", ["password: ", "token,key\n", "a**b", "\\u0041", "pass:", "login a password b "])
async def test_a_file_made_to_be_slow_is_read_or_refused(unit: str) -> None:
    try:
        found = await converted("a.txt", (unit * (600_000 // len(unit))).encode())
        assert found.source.text
    except Refusal as error:
        assert isinstance(error, TooLarge)
