"""Pages of a PDF, as text and as PDFs of their own. Runs in the child process alone.

``{"do": "read", "pages": "3-7,12"}``: a frame ``{"count"}``, then frames ``{"pages": [[number, bytes of text], ...]}``
with the texts beside them, one ``{"notes": count}`` with a PDF of these pages beside it, and frames ``{"rest": true}``
with what that carries besides. ``{"do": "parts", "numbers": [[1, 2], [3]]}``: one frame for each list, with the PDF of
these pages beside it, or ``{"whole": true}`` when it would be the file itself.

A file holds more than its pages show: what it was before it was changed, its outline, attachments, scripts and forms,
the targets of links. So what is sent is never the file. What notes and fields show is drawn onto the pages first, and
then a new file is made of the pages.
"""

import io
import re
import time
from collections.abc import Iterator
from typing import Any

import pypdfium2
import pypdfium2.raw as pdfium

from gemini_mcp.domain.errors import InvalidArgument, TooLarge, UnsupportedFormat
from gemini_mcp.sources.child import Frame
from gemini_mcp.sources.pdf_rest import rest

MOST_PAGES = 3_000
"""Three times what Gemini takes in one file. A longer file is rather an archive, or claims pages it does not have."""

MOST_PAGE_CHARACTERS = 400_000
"""A full page of a newspaper has some 30,000."""

_START_S, _PAGE_S, _MEGABYTE_S = 1.2, 0.02, 4.0
"""CPU seconds that a file may take at first, for each page, and for each MB of it. A page takes 1 to 6 ms."""

_START_CHARACTERS, _PAGE_CHARACTERS = 2_000_000, 60_000
_MOST_NOTES = 20_000
_DRAWN = (pdfium.FPDF_ANNOT_LINK, pdfium.FPDF_ANNOT_FREETEXT, pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_POPUP)
"""What says nothing of its own, or shows what it says."""

_MOST_RANGES = 1_000
_BATCH_BYTES = 64 << 10
_BATCH_S = 0.25
_MADE = re.compile(rb"(/CreationDate\(D:)([^()]{0,40})\)(?=/Creator\(PDFium\))")
_ID = re.compile(rb"<[0-9A-Fa-f]{8,}>")
_ZEROS = bytes.maketrans(b"123456789ABCDEFabcdef", b"0" * 21)
_EVERYWHERE = {"left": -1e7, "bottom": -1e7, "right": 1e7, "top": 1e7}
"""Also beside the page: what is hidden there is sent with a PDF, so it is to be seen by who looks for secrets."""


def frames(arguments: dict[str, Any], payload: bytes) -> Iterator[Frame]:
    document = _opened(payload)
    if arguments["do"] == "parts":
        yield from _parts(document, arguments["numbers"])
        return
    yield Frame({"count": len(document)})
    numbers = selected(arguments["pages"], len(document))
    pages = _Pages(document)
    yield from _texts(pages, numbers, _Pace(len(payload)))
    made = _part(document, numbers)
    yield Frame({"notes": pages.notes}, made)
    yield from _rest(made)


def selected(pages: str, count: int) -> list[int]:
    """Page numbers of a selection such as "3-7,12", in the file's order; "" is all. Raises InvalidArgument."""
    fix = f"Choose from 1 to {count}, as in file.pdf#pages={_example(count)}; without #pages= it is read whole."
    if not pages.strip():
        return list(range(1, count + 1))
    ranges = pages.split(",")
    if len(ranges) > _MOST_RANGES:
        raise InvalidArgument(f"{len(ranges)} ranges of pages are too many", fix)
    numbers: set[int] = set()
    for part in ranges:
        match = re.fullmatch(r"\s*([0-9]{1,9})(?:\s*-\s*([0-9]{1,9}))?\s*", part)
        if match is None:
            raise InvalidArgument(f"{part.strip()[:40]!r} is no page and no range of pages", fix)
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= count:
            raise InvalidArgument(_not_there(part.strip(), first, last, count), fix)
        numbers.update(range(first, last + 1))
    return sorted(numbers)


def _example(count: int) -> str:
    return "1" if count < 2 else f"1-{min(3, count)}" if count < 4 else f"1-3,{count}"


def _not_there(part: str, first: int, last: int, count: int) -> str:
    there = f"it has {count:,} page{'s'[: count != 1]}"
    if first > last:
        return f"pages {part} run backwards"
    return f"page {part} is not in it: {there}" if first == last else f"pages {part} are not all in it: {there}"


def _opened(payload: bytes) -> pypdfium2.PdfDocument:
    try:
        document = pypdfium2.PdfDocument(payload)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            fix = "Save a copy without a password, and name that."
            raise UnsupportedFormat("it is encrypted with a password", fix) from None
        raise UnsupportedFormat("it is damaged, or no PDF", "Save it again with the program that made it.") from None
    if len(document) > MOST_PAGES:
        what = f"it has, or claims to have, {len(document):,} pages; at most {MOST_PAGES:,} are read"
        raise TooLarge(what, "Split it into smaller files.")
    if len(document) < 1:
        raise UnsupportedFormat("it has no pages", "Save it again with the program that made it.")
    return document


class _Pace:
    """Ends a file that is small and takes long, or gives much: pages may share what they show."""

    def __init__(self, size: int) -> None:
        self._since = time.process_time()
        self._size, self._pages, self._characters = size, 0, 0

    def add(self, text: str) -> None:
        self._pages += 1
        self._characters += len(text)
        seconds = _START_S + _PAGE_S * self._pages + _MEGABYTE_S * self._size / 1e6
        if time.process_time() - self._since > seconds:
            raise TooLarge("it takes too long to read for its size", "Name fewer pages, or leave it out.")
        if self._characters > _START_CHARACTERS + _PAGE_CHARACTERS * self._pages:
            raise TooLarge("its pages hold too much text", "Name fewer pages, or leave it out.")


def _texts(pages: "_Pages", numbers: list[int], pace: _Pace) -> Iterator[Frame]:
    """In batches that are small in bytes and in time."""
    batch: list[tuple[int, bytes]] = []
    since = time.monotonic()
    for number in numbers:
        text = pages.text(number)
        pace.add(text)
        batch.append((number, text.encode()))
        if sum(len(text) for _, text in batch) > _BATCH_BYTES or time.monotonic() - since > _BATCH_S:
            yield _batch(batch)
            batch, since = [], time.monotonic()
    if batch:
        yield _batch(batch)


def _batch(pages: list[tuple[int, bytes]]) -> Frame:
    value = {"pages": [[number, len(text)] for number, text in pages]}
    return Frame(value, b"".join(text for _, text in pages))


def _rest(made: bytes) -> Iterator[Frame]:
    """As lines, in batches."""
    batch, size, since = list[str](), 0, time.monotonic()
    for text in rest(made):
        batch.append(text)
        size += len(text)
        if size > _BATCH_BYTES or time.monotonic() - since > _BATCH_S:
            yield Frame({"rest": True}, "\n".join(filter(None, batch)).encode())
            batch, size, since = [], 0, time.monotonic()
    yield Frame({"rest": True}, "\n".join(filter(None, batch)).encode())


class _Pages:
    """Pages of which notes, stamps and filled fields have become a part. ``notes``: those of which nothing is drawn."""

    def __init__(self, document: pypdfium2.PdfDocument) -> None:
        document.init_forms()  # draws the fields of which the file says that its reader is to draw them
        self._document = document
        self.notes = 0

    def text(self, number: int) -> str:
        page = self._flat(number)
        found = page.get_textpage()
        if found.count_chars() > MOST_PAGE_CHARACTERS:
            what = f"page {number} holds {found.count_chars():,} characters"
            raise TooLarge(what, f"At most {MOST_PAGE_CHARACTERS:,} are read of a page; name other pages.")
        text = _plain(found.get_text_bounded(**_EVERYWHERE))
        found.close()
        page.close()
        return text

    def _flat(self, number: int) -> pypdfium2.PdfPage:
        page = self._page(number)
        if pdfium.FPDFPage_GetAnnotCount(page) == 0:
            return page
        self.notes += sum(_is_note(page, place) for place in range(_annotations(page)))
        done = pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY)
        if done == pdfium.FLATTEN_FAIL or pdfium.FPDFPage_GetAnnotCount(page):
            for place in reversed(range(_annotations(page))):
                pdfium.FPDFPage_RemoveAnnot(page, place)
        page.close()
        return self._page(number)

    def _page(self, number: int) -> pypdfium2.PdfPage:
        try:
            return self._document[number - 1]
        except pypdfium2.PdfiumError:
            fix = "Save the file again with the program that made it, or name other pages."
            raise UnsupportedFormat(f"page {number} is damaged, or missing", fix) from None


def _annotations(page: pypdfium2.PdfPage) -> int:
    count: int = pdfium.FPDFPage_GetAnnotCount(page)
    if count > _MOST_NOTES:
        raise TooLarge(f"a page has {count:,} notes or links", f"At most {_MOST_NOTES:,} are read; name other pages.")
    return count


def _is_note(page: pypdfium2.PdfPage, place: int) -> bool:
    """Whether an annotation says something that is not drawn on the page."""
    note = pdfium.FPDFPage_GetAnnot(page, place)
    if not note:
        return False
    says = pdfium.FPDFAnnot_GetStringValue(note, b"Contents", None, 0) > len("\0".encode("utf-16-le"))
    drawn = pdfium.FPDFAnnot_GetSubtype(note) in _DRAWN
    pdfium.FPDFPage_CloseAnnot(note)
    return says and not drawn


def _plain(text: str) -> str:
    """PDFium ends lines in two characters, and marks a hyphen at the end of one, which need not be the word's own."""
    joined = re.sub("[\u0002\ufffe](.?)", lambda match: match[1] if match[1].islower() else f"-{match[1]}", text)
    return joined.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")


def _parts(document: pypdfium2.PdfDocument, parts: list[list[int]]) -> Iterator[Frame]:
    count = len(document)
    for numbers in parts:
        if not numbers or not all(1 <= number <= count for number in numbers):
            raise InvalidArgument(f"the file has the pages 1 to {count}", f"Name pages from 1 to {count}.")
        if numbers == list(range(1, count + 1)):
            yield Frame({"whole": True})
        else:
            yield Frame({"whole": False}, _part(document, numbers))


def _part(document: pypdfium2.PdfDocument, numbers: list[int]) -> bytes:
    """In one call: what pages share, such as fonts, is copied once a call."""
    part = pypdfium2.PdfDocument.new()
    try:
        part.import_pages(document, [number - 1 for number in numbers])
    except pypdfium2.PdfiumError:
        fix = "Save the file again with the program that made it, or name other pages."
        raise UnsupportedFormat(f"pages {numbers[0]} to {numbers[-1]} are damaged, or missing", fix) from None
    buffer = io.BytesIO()
    part.save(buffer)
    part.close()
    return _timeless(buffer.getvalue())


def _timeless(data: bytes) -> bytes:
    """The same for the same pages, whenever it is made: answers are kept by what was asked."""
    data = _MADE.sub(lambda found: b"%b%b)" % (found[1], found[2].translate(_ZEROS)), data, count=1)
    at = data.rfind(b"trailer")
    return data[:at] + _ID.sub(lambda found: found[0].translate(_ZEROS), data[at:])
