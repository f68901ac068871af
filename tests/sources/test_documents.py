"""Documents as text: what is kept of them, what is refused, and that nothing is fetched."""

import io
import socket
import zipfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any

import anyio
import pytest

from gemini_mcp.domain.errors import InvalidArgument, Refusal, TooLarge, UnsupportedFormat
from gemini_mcp.domain.material import Page
from gemini_mcp.sources.child import Children
from gemini_mcp.sources.documents import MOST_BYTES, OfficeKind, Pdf, office_text, pdf_pages, pdf_parts
from gemini_mcp.sources.pdf_job import MOST_PAGES

from . import bombs, made

WAIT_S = 120
FIVE = made.pdf([f"This is page {number}." for number in range(1, 6)])


@pytest.fixture
def children() -> Children:
    return Children()


async def pages_of(children: Children, data: bytes, pages: str = "") -> Pdf:
    with anyio.fail_after(WAIT_S):
        return await pdf_pages(children, data, "a.pdf", pages)


async def parts_of(children: Children, data: bytes, *numbers: list[int]) -> list[bytes]:
    with anyio.fail_after(WAIT_S):
        return await pdf_parts(children, data, "a.pdf", numbers)


async def text_of(children: Children, data: bytes, kind: OfficeKind, name: str = "") -> str:
    with anyio.fail_after(WAIT_S):
        return await office_text(children, data, name or f"a.{kind}", kind)


# ---------------------------------------------------------------------------------------------------------------- PDF


async def test_every_page_has_its_number_and_its_text(children: Children) -> None:
    found = await pages_of(children, FIVE)
    assert found == Pdf(5, tuple(Page(number, f"This is page {number}.") for number in range(1, 6)))


@pytest.mark.parametrize(
    ("pages", "numbers"),
    [("2", [2]), ("3-5", [3, 4, 5]), ("4-5,1", [1, 4, 5]), (" 2 - 3 , 3,2", [2, 3]), ("1-5", [1, 2, 3, 4, 5])],
)
async def test_a_selection_names_pages_in_the_files_order(children: Children, pages: str, numbers: list[int]) -> None:
    found = await pages_of(children, FIVE, pages)
    assert (found.page_count, [page.number for page in found.pages]) == (5, numbers)
    assert all(page.text == f"This is page {page.number}." for page in found.pages)


@pytest.mark.parametrize(
    "pages",
    ["0", "6", "3-6", "4-2", "x", "1-", "-2", "1,,2", ",", "1;2", "1.5", "٣", "1-99999999999999999999", "1," * 2_000],
)
async def test_any_other_selection_is_refused_with_the_pages_that_there_are(children: Children, pages: str) -> None:
    with pytest.raises(InvalidArgument, match="from 1 to 5"):
        await pages_of(children, FIVE, pages)


async def test_lines_and_letters_beyond_ascii_are_kept(children: Children) -> None:
    (page,) = (await pages_of(children, made.pdf(["Grüße (from) C:\\here\nsecond line «€5»"]))).pages
    assert page.text == "Grüße (from) C:\\here\nsecond line «€5»"


async def test_a_word_broken_at_the_end_of_a_line_is_whole(children: Children) -> None:
    (page,) = (await pages_of(children, made.pdf(["inter-\nnational law of Saxe-\nCoburg\nand others"]))).pages
    assert page.text == "international law of Saxe-Coburg\nand others"


async def test_a_page_without_text_is_empty(children: Children) -> None:
    assert (await pages_of(children, made.pdf(["", "x"]))).pages == (Page(1, ""), Page(2, "x"))


async def test_text_beside_the_page_is_seen(children: Children) -> None:
    """It is sent with the PDF: who looks for secrets must see it."""
    hidden = made.stream(b"BT /F 9 Tf 2000 -900 Td (hidden) Tj ET")
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 5 0 R>>>>/Contents 4 0 R>>"
    data = bombs.page_tree(b"/Count 1/Kids[3 0 R]", page, hidden, made.FONT)
    assert (await pages_of(children, data)).pages == (Page(1, "hidden"),)


FORM = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/DA(/Helv 0 Tf)>>>>"
FIELD = b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/Rect[50 500 400 520]/P 3 0 R/V(Ada Lovelace)>>"
STAMP = b"<</Type/Annot/Subtype/FreeText/Rect[50 600 400 620]/Contents(unseen)/AP<</N 5 0 R>>>>"
NOTE = b"<</Type/Annot/Subtype/Text/Rect[0 0 9 9]/Contents(a note on it)>>"
LINK = b"<</Type/Annot/Subtype/Link/Rect[0 0 9 9]/A<</S/URI/URI(https://host/elsewhere)>>>>"


def annotated() -> bytes:
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[4 0 R %b%b%b]>>" % (STAMP, NOTE, LINK)
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 350 20]/Resources<</Font<</F 6 0 R>>>>"
    drawn = made.stream(b"BT /F 9 Tf 2 4 Td (Approved by Grace) Tj ET", form)
    return made.pdf_of([FORM, b"<</Type/Pages/Count 1/Kids[3 0 R]>>", page, FIELD, drawn, made.FONT])


async def test_what_notes_and_fields_show_becomes_a_part_of_their_page(children: Children) -> None:
    found = await pages_of(children, annotated())
    assert "Ada Lovelace" in found.pages[0].text and "Approved by Grace" in found.pages[0].text
    again = await pages_of(children, found.data)
    assert again.pages == found.pages


async def test_what_notes_say_and_do_not_show_is_counted_and_not_sent(children: Children) -> None:
    found = await pages_of(children, annotated())
    assert found.notes == 1 and (await pages_of(children, found.data)).notes == 0
    sent = found.data + found.rest.encode()
    assert not any(hidden in sent for hidden in (b"a note on it", b"elsewhere", b"unseen", b"Annots", b"AcroForm"))


async def test_a_pdf_made_of_the_same_pages_is_the_same(children: Children) -> None:
    assert (await pages_of(children, FIVE)).data == (await pages_of(children, FIVE)).data


async def test_fifteen_hundred_pages_are_read_in_order(children: Children) -> None:
    found = await pages_of(children, made.pdf([f"Page {i}.\n" + "Words on it.\n" * 40 for i in range(1, 1_501)]))
    assert found.page_count == 1_500
    assert [page.number for page in found.pages] == list(range(1, 1_501))
    assert all(page.text.startswith(f"Page {page.number}.\n") for page in found.pages)


async def test_each_part_is_a_pdf_of_just_its_pages(children: Children) -> None:
    parts = await parts_of(children, FIVE, [1, 2], [5], [4, 2])
    texts = [[page.text for page in (await pages_of(children, part)).pages] for part in parts]
    assert texts == [
        ["This is page 1.", "This is page 2."], ["This is page 5."], ["This is page 4.", "This is page 2."],
    ]  # fmt: skip


async def test_all_pages_in_one_part_are_the_file_itself(children: Children) -> None:
    parts = await parts_of(children, FIVE, [1, 2, 3, 4, 5], [1])
    assert parts[0] is FIVE
    assert parts[1] != FIVE


@pytest.mark.parametrize("numbers", [[0], [6], [1, 6], []])
async def test_a_part_of_pages_that_are_not_there_is_refused(children: Children, numbers: list[int]) -> None:
    with pytest.raises(InvalidArgument, match="1 to 5"):
        await parts_of(children, FIVE, [1], numbers)


def encrypted() -> bytes:
    """Asks for a password: any 32 bytes as the check of one make every password wrong."""
    entry = b"<</Filter/Standard/V 1/R 2/P -4/O<%b>/U<%b>>>" % (b"41" * 32, b"42" * 32)
    objects = [bombs.CATALOGUE, b"<</Type/Pages/Count 1/Kids[3 0 R]>>", bombs.PAGE, entry]
    return made.pdf_of(objects, b"/Encrypt 4 0 R/ID[<00><00>]")


async def test_an_encrypted_pdf_is_refused_with_what_to_do(children: Children) -> None:
    with pytest.raises(UnsupportedFormat, match=r"a\.pdf: .*encrypted") as caught:
        await pages_of(children, encrypted())
    assert "without a password" in caught.value.fix


@pytest.mark.parametrize(
    "data", [b"", b"%PDF-1.7", b"%PDF-1.7\n" + b"x" * 5_000, FIVE[:700], b"PK\x03\x04", b"\0" * 100_000]
)
async def test_a_damaged_pdf_is_refused(children: Children, data: bytes) -> None:
    for read in (pages_of(children, data), parts_of(children, data, [1])):
        with pytest.raises(UnsupportedFormat, match=r"a\.pdf"):
            await read


async def test_more_pages_than_are_read_are_too_large(children: Children) -> None:
    assert (await pages_of(children, made.pdf([""] * MOST_PAGES), "1")).page_count == MOST_PAGES
    with pytest.raises(TooLarge, match="3,001 pages"):
        await pages_of(children, made.pdf([""] * (MOST_PAGES + 1)))


@pytest.mark.parametrize("kind", ["pdf", "docx", "xlsx", "pptx"])
async def test_a_file_over_the_size_is_not_even_parsed(children: Children, kind: OfficeKind) -> None:
    data = bytes(MOST_BYTES + 1)
    with pytest.raises(TooLarge, match="50 MB"):
        await (pdf_pages(children, data, "a.pdf") if str(kind) == "pdf" else office_text(children, data, "a", kind))


# --------------------------------------------------------------------------------------------------------------- Word


async def test_a_word_document_keeps_headings_lists_tables_and_its_words(children: Children) -> None:
    body = (
        made.paragraph("The Title", "Title")
        + made.paragraph("Part", "H1")
        + made.paragraph("Some *stars*, snake_case & <tags>.")
        + made.paragraph("one", level=0)
        + made.paragraph("nested", level=1)
        + made.paragraph("two", level=0)
        + made.word_table([["name", "a|b"], ["x", "1"]])
        + made.paragraph("End", "H2")
    )
    assert (await text_of(children, made.docx(body), "docx")).split("\n") == [
        "# The Title", "", "# Part", "", "Some *stars*, snake_case & <tags>.", "", "- one", "  - nested", "- two", "",
        "| name | a\\|b |", "| --- | --- |", "| x | 1 |", "", "## End",
    ]  # fmt: skip


def lines_of(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]


async def test_a_long_word_document_is_read_in_pieces_without_a_gap(children: Children) -> None:
    """Each paragraph has four elements: a piece has 12,000 at least."""
    body = "".join(made.paragraph(f"paragraph {i}") for i in range(7_000))
    wrapped = f"<w:sdt><w:sdtPr/><w:sdtContent>{body}</w:sdtContent></w:sdt>"
    for one in (body, wrapped):
        assert lines_of(await text_of(children, made.docx(one), "docx")) == [f"paragraph {i}" for i in range(7_000)]


async def test_a_long_table_repeats_its_head_where_it_is_read_on(children: Children) -> None:
    rows = [["number", "word"]] + [[str(i), f"word {i}"] for i in range(2_500)]
    lines = lines_of(await text_of(children, made.docx(made.word_table(rows)), "docx"))
    head = ["| number | word |", "| --- | --- |"]
    assert lines[:2] == head
    assert lines.count(head[0]) > 1
    assert [line for line in lines if line not in head] == [f"| {i} | word {i} |" for i in range(2_500)]


async def test_notes_keep_their_numbers_and_their_text(children: Children) -> None:
    def note(number: int) -> str:
        return f'<w:footnote w:id="{number}">{made.paragraph(f"Note {number}.")}</w:footnote>'

    mark = '<w:p><w:r><w:t>Claim {0}</w:t></w:r><w:r><w:footnoteReference w:id="{0}"/></w:r></w:p>'
    body = mark.format(4) + "".join(made.paragraph(f"filler {i}") for i in range(4_000)) + mark.format(5)
    notes = f'<w:footnotes xmlns:w="{made.WORD}">{note(4)}{note(5)}</w:footnotes>'
    links = made.relation("rId9", "footnotes", "footnotes.xml")
    lines = lines_of(await text_of(children, made.docx(body, {"word/footnotes.xml": notes}, links=links), "docx"))
    assert [line for line in lines if not line.startswith("filler")] == [
        "Claim 4[^4]", "[^4]: Note 4.", "Claim 5[^5]", "[^5]: Note 5.",
    ]  # fmt: skip


async def test_links_out_keep_their_target_and_links_within_are_text(children: Children) -> None:
    link = "<w:p><w:hyperlink {0}><w:r><w:t>{1}</w:t></w:r></w:hyperlink></w:p>"
    body = link.format('r:id="rId5"', "site") + link.format('w:anchor="_Toc1"', "chapter")
    links = made.relation("rId5", "hyperlink", "https://example.org/x", "External")
    assert await text_of(children, made.docx(body, links=links), "docx") == "[site](https://example.org/x)\n\nchapter"


async def test_what_was_deleted_in_review_is_not_read(children: Children) -> None:
    body = "<w:p><w:r><w:t>kept</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>"
    assert await text_of(children, made.docx(body), "docx") == "kept"


async def test_a_document_in_utf16_is_read(children: Children) -> None:
    xml = '<?xml version="1.0" encoding="UTF-16"?>' + made.word_document(made.paragraph("grüße") * 4_000)
    data = made.docx("", {"word/document.xml": xml.encode("utf-16")})
    assert lines_of(await text_of(children, data, "docx")) == ["grüße"] * 4_000


async def test_pictures_are_their_description(children: Children) -> None:
    drawing = (
        '<w:p><w:r><w:drawing><wp:inline xmlns:wp="http://schemas.openxmlformats.org/drawingml/2006/'
        'wordprocessingDrawing"><wp:docPr id="1" name="p" descr="a falling curve"/><a:graphic xmlns:a="'
        'http://schemas.openxmlformats.org/drawingml/2006/main"><a:graphicData><pic:pic xmlns:pic="'
        'http://schemas.openxmlformats.org/drawingml/2006/picture"><pic:blipFill><a:blip r:embed="rId7"/>'
        "</pic:blipFill></pic:pic></a:graphicData></a:graphic></wp:inline></w:drawing></w:r></w:p>"
    )
    data = made.docx(drawing, {"word/media/p.png": b"no picture"}, links=made.relation("rId7", "image", "media/p.png"))
    assert await text_of(children, data, "docx") == "[picture: a falling curve]"


async def test_nothing_that_a_document_refers_to_is_fetched(children: Children) -> None:
    """Neither a template nor a picture; the listener would see the connection waiting."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        links = made.relation("rId7", "image", url, "External") + made.relation(
            "rId8", "attachedTemplate", url, "External"
        )
        blip = (
            '<w:p><w:r><w:t>text</w:t></w:r><w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml">'
            '<v:imagedata r:id="rId7" r:link="rId7" o:title="t" xmlns:o="urn:schemas-microsoft-com:office:office"/>'
            "</v:shape></w:pict></w:r></w:p>"
        )
        assert "text" in await text_of(children, made.docx(blip, links=links), "docx")
        listener.setblocking(False)
        with pytest.raises(BlockingIOError):
            listener.accept()


async def test_a_zip_within_the_file_is_not_opened(children: Children) -> None:
    inner = made.zipped({"bomb.xml": b"x" * 50_000_000})
    data = made.docx(made.paragraph("outer"), {"word/embeddings/inner.zip": inner, "word/inner.docx": inner})
    assert await text_of(children, data, "docx") == "outer"


# -------------------------------------------------------------------------------------------------------- Excel, decks


def workbook(fill: Callable[[Any], None]) -> bytes:
    import openpyxl

    book = openpyxl.Workbook()
    fill(book)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


async def test_a_workbook_is_a_heading_a_sheet_and_a_table_a_block(children: Children) -> None:
    def fill(book: Any) -> None:
        sheet = book.active
        sheet.title = "Sales"
        sheet["A1"] = "Report | 2026"
        for row in (
            ("day", "paid", None, "sum"),
            (datetime(2026, 1, 2), True, None, 3.0),
            (None, "a\nb|c", None, 0.25),
        ):
            sheet.append(row)
        sheet.insert_rows(2, 2)
        sheet["D900"] = "far"
        book.create_sheet("Nothing")
        book.create_sheet("Kept back").sheet_state = "hidden"

    assert (await text_of(children, workbook(fill), "xlsx")).split("\n") == [
        "## Sheet Sales", "", "Report | 2026", "", "| day | paid | sum |", "| --- | --- | --- |",
        "| 2026-01-02 | TRUE | 3 |", "|  | a b\\|c | 0.25 |", "", "far", "", "## Sheet Nothing", "",
        "## Sheet Kept back (hidden)",
    ]  # fmt: skip


async def test_shared_texts_of_a_workbook_are_read_whole_and_without_how_they_are_spoken(children: Children) -> None:
    strings = "<si><t>plain</t></si><si><r><t>two </t></r><r><t>runs</t></r><rPh><t>spoken</t></rPh></si>"
    strings += "<si><t>a_x0041_b</t></si>"
    cells = "".join(f'<row r="{i}"><c r="A{i}" t="s"><v>{i - 1}</v></c></row>' for i in (1, 2, 3))
    data = bombs.workbook(cells, strings=strings)
    assert await text_of(children, data, "xlsx") == "## Sheet Sheet\n\nplain\ntwo runs\naAb"


async def test_what_formulas_came_to_is_read_and_not_the_formulas(children: Children) -> None:
    cells = '<row r="1"><c r="A1"><f>SUM(1,2)</f><v>3</v></c></row>'
    assert await text_of(children, bombs.workbook(cells), "xlsx") == "## Sheet Sheet\n\n3"


async def test_a_sheet_that_lies_about_its_size_is_read_as_it_is(children: Children) -> None:
    """To fill 5,000 rows up to the width that it claims would take longer than the clock allows."""
    data = bombs.workbook("".join(f'<row r="{i}"><c r="A{i}"><v>1</v></c></row>' for i in range(1, 5_001)))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    entries[name] = archive_text(entries[name]).replace("<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>')
    assert await text_of(children, made.zipped(entries), "xlsx") == "## Sheet Sheet\n" + "\n1" * 5_000


def archive_text(content: bytes | str) -> str:
    return content if isinstance(content, str) else content.decode()


def deck(fill: Callable[[Any], None]) -> bytes:
    import pptx

    presentation = pptx.Presentation()
    fill(presentation)
    buffer = io.BytesIO()
    presentation.save(buffer)
    return buffer.getvalue()


def full_deck(presentation: Any) -> None:
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE

    slide = presentation.slides.add_slide(presentation.slide_layouts[1])
    slide.shapes.title.text = "Results\nof 2026"
    slide.placeholders[1].text = "first\nsecond"
    slide.placeholders[1].text_frame.paragraphs[1].level = 1
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(0, 0, 9, 9).text_frame.text = "in a group"
    table = slide.shapes.add_table(2, 2, 0, 0, 9, 9).table
    for place, text in (((0, 0), "k"), ((0, 1), "v"), ((1, 0), "a|b"), ((1, 1), "1\n2")):
        table.cell(*place).text = text
    numbers: Any = CategoryChartData()  # type: ignore[no-untyped-call]
    numbers.categories = ["Q1", "Q2"]
    numbers.add_series("Sold", (1.5, 1_234_567))
    chart = slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, 0, 0, 9, 9, numbers).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Sales"
    slide.notes_slide.notes_text_frame.text = "Do not forget."
    presentation.slides.add_slide(presentation.slide_layouts[6]).element.set("show", "0")


async def test_a_deck_is_a_heading_a_slide_with_its_text_tables_charts_and_notes(children: Children) -> None:
    assert (await text_of(children, deck(full_deck), "pptx")).split("\n") == [
        "## Slide 1: Results of 2026", "", "- first", "  - second", "", "in a group", "", "| k | v |", "| --- | --- |",
        "| a\\|b | 1 2 |", "", "Chart: Sales", "", "|  | Sold |", "| --- | --- |", "| Q1 | 1.5 |", "| Q2 | 1234567 |",
        "", "Notes: Do not forget.", "", "## Slide 2 (hidden)",
    ]  # fmt: skip


def retyped(data: bytes, old: str, new: str) -> bytes:
    """An Office file that says it is of another, related kind."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    types = archive_text(entries["[Content_Types].xml"])
    assert old in types
    entries["[Content_Types].xml"] = types.replace(old, new)
    return made.zipped(entries)


DECK = "application/vnd.openxmlformats-officedocument.presentationml.presentation.main+xml"
BOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


@pytest.mark.parametrize(
    "kind",
    [
        DECK.replace("presentation.main", "slideshow.main"),
        DECK.replace("presentation.main", "template.main"),
        "application/vnd.ms-powerpoint.presentation.macroEnabled.main+xml",
        "application/vnd.ms-powerpoint.slideshow.macroEnabled.main+xml",
        "application/vnd.ms-powerpoint.template.macroEnabled.main+xml",
    ],
)
async def test_shows_templates_and_decks_with_macros_are_read_as_decks(children: Children, kind: str) -> None:
    assert "## Slide 1: Results" in await text_of(children, retyped(deck(full_deck), DECK, kind), "pptx")


@pytest.mark.parametrize(
    "kind", [BOOK.replace("sheet.main", "template.main"), "application/vnd.ms-excel.sheet.macroEnabled.main+xml"]
)
async def test_templates_and_workbooks_with_macros_are_read_as_workbooks(children: Children, kind: str) -> None:
    data = retyped(bombs.workbook('<row r="1"><c r="A1"><v>7</v></c></row>'), BOOK, kind)
    assert await text_of(children, data, "xlsx") == "## Sheet Sheet\n\n7"


# ------------------------------------------------------------------------------------------------------ what is refused


@pytest.mark.parametrize("kind", ["docx", "pptx", "xlsx"])
@pytest.mark.parametrize("data", [b"", b"text", b"PK\x03\x04", made.zipped({"a.txt": "x"}), FIVE])
async def test_what_is_no_office_file_is_refused(children: Children, kind: OfficeKind, data: bytes) -> None:
    with pytest.raises(UnsupportedFormat, match=rf"a\.{kind}"):
        await text_of(children, data, kind)


async def test_one_kind_named_as_another_is_refused(children: Children) -> None:
    with pytest.raises(UnsupportedFormat):
        await text_of(children, deck(full_deck), "docx")


@pytest.mark.parametrize(
    ("name", "kind", "fix"),
    [
        ("old.doc", "docx", "Save it as .docx"),
        ("old.xls", "xlsx", "Save it as .xlsx"),
        ("old.ppt", "pptx", "Save it as .pptx"),
        ("locked.docx", "docx", "without a password"),
    ],
)
async def test_old_and_locked_office_files_say_how_to_save_them(
    children: Children, name: str, kind: OfficeKind, fix: str
) -> None:
    with pytest.raises(UnsupportedFormat) as caught:
        await text_of(children, bytes.fromhex("d0cf11e0a1b11ae1") + bytes(5_000), kind, name)
    assert fix in caught.value.fix


@pytest.mark.parametrize("make", bombs.BOMBS["pdf"], ids=lambda make: make.__name__)
async def test_a_pdf_bomb_is_a_refusal(children: Children, make: Callable[[], bytes]) -> None:
    with pytest.raises((TooLarge, UnsupportedFormat), match=r"a\.pdf"):
        await pages_of(children, make())


@pytest.mark.parametrize("make", bombs.BOMBS["pdf"], ids=lambda make: make.__name__)
async def test_parts_of_a_pdf_bomb_are_small_or_a_refusal(children: Children, make: Callable[[], bytes]) -> None:
    """What its pages show is not worked out for them."""
    data = make()
    with suppress(Refusal):
        (part,) = await parts_of(children, data, [1])
        assert part is data or len(part) < 1_000_000


@pytest.mark.parametrize(
    ("kind", "make"),
    [(kind, make) for kind in ("docx", "xlsx", "pptx") for make in bombs.BOMBS[kind]],
    ids=lambda value: getattr(value, "__name__", value),
)
async def test_an_office_bomb_is_a_refusal(children: Children, kind: OfficeKind, make: Callable[[], bytes]) -> None:
    with pytest.raises((TooLarge, UnsupportedFormat), match=rf"a\.{kind}"):
        await text_of(children, make(), kind)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (bombs.a_million_pages, "1,000,000 pages"),
        (bombs.claimed_pages, "page 3 is damaged, or missing"),
        (bombs.pages_of_one_stream, "too much text"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_pdfs_refusal_says_which_limit_was_passed(
    children: Children, make: Callable[[], bytes], message: str
) -> None:
    """So that it is the limit that stops it, and not the clock."""
    with pytest.raises(Refusal, match=message):
        await pages_of(children, make())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (bombs.large_document, "unpacks to over 64 MiB"),
        (bombs.repeated_styles, "unpacks to over 64 MiB"),
        (bombs.dense_document, "over 200 times"),
        (bombs.many_entries, "over 10,000 files"),
        (bombs.empty_paragraphs, "hardly any text"),
        (bombs.entities, "document type"),
        (bombs.external_entity, "document type"),
        (bombs.doctype_in_utf16, "document type"),
        (bombs.encrypted_document, "password"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
async def test_a_documents_refusal_says_which_limit_was_passed(
    children: Children, make: Callable[[], bytes], message: str
) -> None:
    with pytest.raises(Refusal, match=message):
        await text_of(children, make(), "docx")


async def test_a_directory_that_lies_is_caught_while_it_is_read(children: Children) -> None:
    """It says a thousand bytes, and a hundred million come."""
    with pytest.raises(UnsupportedFormat, match="damaged"):
        await text_of(children, bombs.large_document_hidden(), "docx")
