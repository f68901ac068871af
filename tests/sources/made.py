"""Real documents, made at test time, by hand where no library writes them."""

import io
import zipfile
import zlib
from collections.abc import Sequence
from xml.sax.saxutils import escape

FONT = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>"
WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
LINKS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"


# ---------------------------------------------------------------------------------------------------------------- PDF


def pdf_of(objects: Sequence[bytes], trailer: bytes = b"") -> bytes:
    """A PDF file of these objects, numbered from 1; the first is the catalogue."""
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<</Size %d/Root 1 0 R%b>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, trailer, table)
    return bytes(out)


def stream(data: bytes, entries: bytes = b"", *, deflated: bool = True) -> bytes:
    if deflated:
        data, entries = zlib.compress(data, 9), entries + b"/Filter/FlateDecode"
    return b"<<%b/Length %d>>stream\n%b\nendstream" % (entries, len(data), data)


def pdf(texts: Sequence[str]) -> bytes:
    """A PDF with one page for each text, line by line, in one shared font."""
    pages = range(len(texts))
    kids = b" ".join(b"%d 0 R" % (5 + 2 * i) for i in pages)
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Count %d/Kids[%b]>>" % (len(texts), kids), FONT]
    for i in pages:
        objects.append(stream(_drawn(texts[i])))
        page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>/Contents %d 0 R>>"
        objects.append(page % (4 + 2 * i))
    return pdf_of(objects)


def _drawn(text: str) -> bytes:
    lines = (line.encode("cp1252") for line in text.split("\n"))
    safe = (line.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)") for line in lines)
    return b"BT /F 11 Tf 14 TL 40 800 Td\n" + b"".join(b"(%b) Tj T*\n" % line for line in safe) + b"ET"


# ------------------------------------------------------------------------------------------------------------- Office


def zipped(entries: dict[str, bytes | str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def paragraph(text: str, style: str = "", level: int | None = None) -> str:
    """``level``: of a bulleted list."""
    number = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="1"/></w:numPr>' if level is not None else ""
    style = f'<w:pStyle w:val="{style}"/>' if style else ""
    return f'<w:p><w:pPr>{style}{number}</w:pPr><w:r><w:t xml:space="preserve">{escape(text)}</w:t></w:r></w:p>'


def word_table(rows: Sequence[Sequence[str]]) -> str:
    cells = ("".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in row) for row in rows)
    return f"<w:tbl><w:tblPr/>{''.join(f'<w:tr>{row}</w:tr>' for row in cells)}</w:tbl>"


def docx(body: str, more: dict[str, bytes | str] | None = None, *, links: str = "", head: str = "") -> bytes:
    """A Word file with this body. ``links``: relationships of the document; ``head``: before its root element."""
    return zipped({**docx_entries(body, links=links, head=head), **(more or {})})


def docx_entries(body: str, *, links: str = "", head: str = "") -> dict[str, bytes | str]:
    return {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"/>',
        "_rels/.rels": relations(("rId1", "officeDocument", "word/document.xml", "")),
        "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{links}</Relationships>',
        "word/styles.xml": _styles(),
        "word/numbering.xml": _numbering(),
        "word/document.xml": f"{head}{word_document(body)}",
    }


def word_document(body: str) -> str:
    return f'<w:document xmlns:w="{WORD}" xmlns:r="{LINKS}"><w:body>{body}</w:body></w:document>'


def relations(*found: tuple[str, str, str, str]) -> str:
    """A part's relationships: id, kind, target and, for what lies elsewhere, ``External``."""
    shown = "".join(relation(*one) for one in found)
    return f'<Relationships xmlns="{PACKAGE}/relationships">{shown}</Relationships>'


def relation(name: str, kind: str, target: str, mode: str = "") -> str:
    mode = f' TargetMode="{mode}"' if mode else ""
    return f'<Relationship Id="{name}" Type="{LINKS}/{kind}" Target="{target}"{mode}/>'


def _styles() -> str:
    names = {"Title": "Title", **{f"H{level}": f"heading {level}" for level in range(1, 4)}}
    styles = (
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/></w:style>'
        for key, name in names.items()
    )
    return f'<w:styles xmlns:w="{WORD}">{"".join(styles)}</w:styles>'


def _numbering() -> str:
    levels = "".join(f'<w:lvl w:ilvl="{i}"><w:numFmt w:val="bullet"/></w:lvl>' for i in range(3))
    return (
        f'<w:numbering xmlns:w="{WORD}"><w:abstractNum w:abstractNumId="0">{levels}</w:abstractNum>'
        '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
    )
