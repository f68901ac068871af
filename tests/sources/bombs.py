"""Files that are small and cost much, by the kind they claim to be. Each is made when it is asked for."""

import io
import random
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from functools import cache

from .made import FONT, WORD, docx, docx_entries, paragraph, pdf, pdf_of, stream, word_document, zipped

CATALOGUE = b"<</Type/Catalog/Pages 2 0 R>>"
PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


# ---------------------------------------------------------------------------------------------------------------- PDF


def page_tree(entries: bytes, *more: bytes) -> bytes:
    """A PDF whose root of pages has these entries, and these objects from 3 on."""
    return pdf_of([CATALOGUE, b"<</Type/Pages%b>>" % entries, *more])


def a_million_pages() -> bytes:
    """One page, named a million times."""
    return page_tree(b"/Kids[%b]" % (b"3 0 R " * 1_000_000), PAGE)


def claimed_pages() -> bytes:
    """One page that claims to be 2,500, which is not too many; two kids, since a lone one is counted."""
    return page_tree(b"/Count 2500/Kids[3 0 R 4 0 R]", PAGE, PAGE)


def own_kid() -> bytes:
    return page_tree(b"/Count 100/Kids[2 0 R 2 0 R]")


def deep_tree(levels: int = 100_000, count: bytes = b"/Count 1") -> bytes:
    nodes = (b"<</Type/Pages%b/Kids[%d 0 R]/Parent %d 0 R>>" % (count, i + 3, i + 1) for i in range(levels))
    return pdf_of([CATALOGUE, *nodes, b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 5 5]>>" % (levels + 1)])


def deep_tree_uncounted() -> bytes:
    return deep_tree(count=b"")


def branching_tree() -> bytes:
    """Ten kids a level that are all the same one, eight levels deep: a hundred million pages in a kilobyte."""
    nodes = [b"<</Type/Pages/Count %d/Kids[%b]>>" % (10 ** (8 - i), b"%d 0 R " % (i + 3) * 10) for i in range(8)]
    return pdf_of([CATALOGUE, *nodes, PAGE])


def drawn_text() -> bytes:
    """A page of 100 MB of text."""
    content = b"BT /F 1 Tf " + b"(AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA) Tj\n" * 2_000_000 + b"ET"
    return page_tree(b"/Count 1/Kids[3 0 R]", _page(b"/Font<</F 5 0 R>>", 4), stream(content), FONT)


def deflated_twice() -> bytes:
    """A gigabyte of blanks in 2 kB."""
    packer = zlib.compressobj(9)
    first = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(b" " * (1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)
    twice = zlib.compress(first + again * 1_023, 9)
    content = b"<</Length %d/Filter[/FlateDecode/FlateDecode]>>stream\n%b\nendstream" % (len(twice), twice)
    return page_tree(b"/Count 1/Kids[3 0 R]", _page(b"", 4), content)


def nested_forms() -> bytes:
    """Ten levels of drawings, each of which draws the next ten times."""
    form = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]"
    levels = [
        stream(b"/X Do " * 10, form + b"/Resources<</XObject<</X %d 0 R>>>>" % (i + 6), deflated=False)
        for i in range(9)
    ]
    page = _page(b"/XObject<</X 5 0 R>>", 4)
    return page_tree(b"/Count 1/Kids[3 0 R]", page, stream(b"/X Do " * 10), *levels, stream(b"0 0 5 5 re f", form))


def pages_of_one_stream() -> bytes:
    """2,000 pages that all show the same 300,000 characters: half a gigabyte of text."""
    content = b"BT /F 1 Tf " + b"9 TL 0 800 Td " + (b"(" + b"A" * 300 + b") Tj T*\n") * 1_000 + b"ET"
    kids = b"3 0 R " * 2_000
    return page_tree(b"/Kids[%b]" % kids, _page(b"/Font<</F 5 0 R>>", 4), stream(content), FONT)


def _page(resources: bytes, content: int) -> bytes:
    return b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<<%b>>/Contents %d 0 R>>" % (resources, content)


def truncated_pdf() -> bytes:
    return pdf(["hello"] * 50)[:2_000]


# --------------------------------------------------------------------------------------------------------------- Word


@cache
def large_document() -> bytes:
    """100 MB of XML in some 100 kB."""
    return docx("<w:p><w:r><w:t>bomb</w:t></w:r></w:p>" * (100_000_000 // 38))


def large_document_hidden() -> bytes:
    """The same, said to be small."""
    return _lying(large_document(), "word/document.xml", 1_000)


def dense_document() -> bytes:
    """30 MB in 30 kB: below every cap but the ratio."""
    return docx(paragraph(" " * 30_000_000))


@cache
def empty_paragraphs() -> bytes:
    """Many, each with an attribute of its own, so that the ratio is not unusual."""
    numbers = random.Random(1)
    return docx("".join(f'<w:p a="{numbers.randrange(10**4)}"/>' for _ in range(600_000)))


def deep_xml() -> bytes:
    return docx("<w:p>" * 200_000 + "</w:p>" * 200_000)


def nested_tables() -> bytes:
    return docx("<w:tbl><w:tr><w:tc>" * 120 + paragraph("deep") + "</w:tc></w:tr></w:tbl>" * 120)


def entities() -> bytes:
    """A billion laughs."""
    levels = "".join(f'<!ENTITY e{i + 1} "{f"&e{i};" * 10}">' for i in range(9))
    return docx(paragraph("") + "&e9;", head=f'<!DOCTYPE x [<!ENTITY e0 "ha">{levels}]>')


def external_entity() -> bytes:
    return docx("&outside;", head='<!DOCTYPE x [<!ENTITY outside SYSTEM "file:///etc/hostname">]>')


def doctype_in_utf16() -> bytes:
    xml = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x [<!ENTITY e "ha">]>' + word_document(paragraph("x"))
    return docx("", {"word/document.xml": xml.encode("utf-16")})


def many_entries() -> bytes:
    return zipped({**docx_entries(paragraph("x")), **{f"word/{i}.xml": b"" for i in range(60_000)}})


def repeated_styles() -> bytes:
    """A part other than the document that is large: styles of 100 MB."""
    return docx(
        paragraph("x"), {"word/styles.xml": f'<w:styles xmlns:w="{WORD}">{"<w:style/>" * 10_000_000}</w:styles>'}
    )


def unusual_packing() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_LZMA) as archive:
        for name, content in docx_entries(paragraph(" " * 30_000_000)).items():
            archive.writestr(name, content)
    return buffer.getvalue()


def encrypted_document() -> bytes:
    """Marked as encrypted, in the directory and before the entry."""
    data = bytearray(docx(paragraph("x")))
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        for place in _places(data, signature):
            data[place + at] |= 1
    return bytes(data)


def _lying(data: bytes, name: str, size: int) -> bytes:
    """A zip whose directory says that an entry inflates to ``size`` bytes."""
    out = bytearray(data)
    for place in _places(out, b"PK\x01\x02"):
        if out[place + 46 :].startswith(name.encode()):
            struct.pack_into("<I", out, place + 24, size)
    return bytes(out)


def _places(data: bytearray, signature: bytes) -> Iterable[int]:
    place = data.find(signature)
    while place >= 0:
        yield place
        place = data.find(signature, place + 1)


# ------------------------------------------------------------------------------------------------- Excel and PowerPoint


def workbook(*sheets: str, strings: str = "") -> bytes:
    """A workbook of these ``sheetData``."""
    import openpyxl

    book = openpyxl.Workbook()
    for _ in sheets[1:]:
        book.create_sheet()
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        entries: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    for number, sheet in enumerate(sheets, 1):
        data = f'<worksheet xmlns="{SHEET}"><sheetData>{sheet}</sheetData></worksheet>'
        entries[f"xl/worksheets/sheet{number}.xml"] = data
    if strings:
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
        types = zipfile.ZipFile(buffer).read("[Content_Types].xml").decode()
        override = f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
        entries["[Content_Types].xml"] = types.replace("</Types>", override)
        entries["xl/sharedStrings.xml"] = f'<sst xmlns="{SHEET}">{strings}</sst>'
    return zipped(entries)


def repeated_string() -> bytes:
    """A text of 30,000 characters in 20,000 cells: 600 MB."""
    cells = "".join(f'<row r="{i}"><c r="A{i}" t="s"><v>0</v></c></row>' for i in range(1, 20_001))
    return workbook(cells, strings=f"<si><t>{'x' * 30_000}</t></si>")


def far_rows() -> bytes:
    """Thirty sheets, each with a cell in its last row."""
    return workbook(*['<row r="1048576"><c r="A1048576"><v>1</v></c></row>'] * 30)


def many_cells() -> bytes:
    row = "".join(f"<c><v>{i}</v></c>" for i in range(100))
    return workbook("".join(f"<row>{row}</row>" for _ in range(12_000)))


def diagonal() -> bytes:
    """6,000 cells, each in a row and a column of its own."""
    from openpyxl.utils import get_column_letter

    places = ((i, get_column_letter(i)) for i in range(1, 6_001))
    return workbook("".join(f'<row r="{i}"><c r="{letter}{i}"><v>{i}</v></c></row>' for i, letter in places))


def large_strings() -> bytes:
    return workbook("", strings="<si><t>bomb</t></si>" * 6_000_000)


def nested_groups() -> bytes:
    """Shapes within shapes, 5,000 deep."""
    import pptx

    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[6])
    buffer = io.BytesIO()
    deck.save(buffer)
    with zipfile.ZipFile(buffer) as archive:
        entries: dict[str, bytes | str] = {name: archive.read(name) for name in archive.namelist()}
    slide = bytes(entries["ppt/slides/slide1.xml"] if isinstance(entries["ppt/slides/slide1.xml"], bytes) else b"")
    groups = b"<p:grpSp><p:nvGrpSpPr/><p:grpSpPr/>" * 5_000 + b"</p:grpSp>" * 5_000
    entries["ppt/slides/slide1.xml"] = slide.replace(b"</p:spTree>", groups + b"</p:spTree>")
    return zipped(entries)


# --------------------------------------------------------------------------------------------------------------- JSON


def deep_json() -> bytes:
    return b'{"cells": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


def wide_json() -> bytes:
    """Four million lists in 12 MB: half a gigabyte when it is read."""
    return b'{"cells": [' + b"[]," * 4_000_000 + b"[]]}"


BOMBS: dict[str, tuple[Callable[[], bytes], ...]] = {
    "pdf": (
        a_million_pages, claimed_pages, own_kid, deep_tree, deep_tree_uncounted, branching_tree, drawn_text,
        deflated_twice, nested_forms, pages_of_one_stream, truncated_pdf,
    ),
    "docx": (
        large_document, large_document_hidden, dense_document, empty_paragraphs, deep_xml, nested_tables, entities,
        external_entity, doctype_in_utf16, many_entries, repeated_styles, unusual_packing, encrypted_document,
    ),
    "xlsx": (repeated_string, far_rows, many_cells, diagonal, large_strings),
    "pptx": (nested_groups,),
    "notebook": (deep_json, wide_json),
}  # fmt: skip
