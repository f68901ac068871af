"""Documents as text, and PDFs in parts: parsed in a child process, put together here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from gemini_mcp.domain.errors import TooLarge, UnsupportedFormat
from gemini_mcp.domain.material import Page
from gemini_mcp.sources.child import Children, Frame, Limits
from gemini_mcp.sources.formats import is_old_office, unsupported

MOST_BYTES = 50_000_000
"""Of a document: what Gemini takes as one PDF."""

MOST_TEXT = 16 << 20
"""Bytes of a document's text: 3,000 dense pages. A million tokens are some 4 MB."""

_TOTAL_S = 60.0
"""3,000 pages of text take 6 s, a thousand pages of Word 20 s."""

_PDF_FRAME_S, _OFFICE_FRAME_S = 1.2, 2.0
"""Of computing: a page takes 1 to 6 ms, the largest workbook 1 s to open. With the start, a bomb ends within 3 s."""

_MEMORY = 768 << 20
_SPARE = 16 << 20
_COPIES = 4
"""What pages share, such as fonts, is in every part: parts together may be so many times as large as their PDF."""

OfficeKind = Literal["docx", "pptx", "xlsx"]


@dataclass(frozen=True, slots=True)
class Pdf:
    """``page_count`` of the whole file; ``pages``: those asked for.

    ``data``: a PDF of these pages, made anew; ``rest``: what it carries besides their text, which nobody sees;
    ``notes``: how many notes on the pages are not in it.
    """

    page_count: int
    pages: tuple[Page, ...]
    data: bytes = field(default=b"", repr=False, compare=False)
    rest: str = field(default="", repr=False, compare=False)
    notes: int = 0


async def pdf_pages(children: Children, data: bytes, name: str, pages: str = "") -> Pdf:
    """Pages of a PDF called ``name``, read and made anew; ``pages`` as in "3-7,12", "" for all. Raises a Refusal."""
    _check_size(data, name)
    limits = Limits(_PDF_FRAME_S, _TOTAL_S, _MEMORY, 2 * MOST_TEXT + _COPIES * len(data) + _SPARE)
    arguments = {"do": "read", "pages": pages}
    first, *more = await children.run("pdf", arguments, data, name=name, limits=limits)
    read = tuple(page for frame in more if "pages" in frame.value for page in _pages(frame))
    rest = b"\n".join(frame.data for frame in more if "rest" in frame.value and frame.data)
    made = next(frame for frame in more if "notes" in frame.value)
    return Pdf(int(first.value["count"]), read, made.data, rest.decode("utf-8", "replace"), int(made.value["notes"]))


async def pdf_parts(children: Children, data: bytes, name: str, numbers: Sequence[Sequence[int]]) -> list[bytes]:
    """For each list of pages a PDF of just these; all pages in one part are ``data`` itself.

    ``numbers``: where the pages stand in ``data``, from 1. For a PDF made anew see ``places_of``.
    """
    _check_size(data, name)
    limits = Limits(_PDF_FRAME_S, _TOTAL_S, _MEMORY, _COPIES * len(data) + _SPARE)
    arguments = {"do": "parts", "numbers": [list(part) for part in numbers]}
    parts = await children.run("pdf", arguments, data, name=name, limits=limits)
    return [data if part.value["whole"] else part.data for part in parts]


def places_of(numbers: Iterable[int]) -> dict[int, int]:
    """Where pages with these numbers, in any order, stand in a PDF made anew of just them: the first at 1."""
    return {number: place for place, number in enumerate(sorted(set(numbers)), start=1)}


async def office_text(children: Children, data: bytes, name: str, kind: OfficeKind) -> str:
    """A document, deck or workbook as Markdown. Nothing that it refers to is fetched. Raises a Refusal."""
    _check_size(data, name)
    if is_old_office(data):
        raise unsupported(name, data)
    limits = Limits(_OFFICE_FRAME_S, _TOTAL_S, _MEMORY, MOST_TEXT)
    frames = await children.run(kind, {}, data, name=name, limits=limits)
    return _decoded(b"\n\n".join(frame.data for frame in frames if frame.data), name)


def _check_size(data: bytes, name: str) -> None:
    if len(data) > MOST_BYTES:
        raise TooLarge(f"{name} is over {MOST_BYTES // 1_000_000} MB", "Split it, or name a smaller file.")


def _pages(frame: Frame) -> list[Page]:
    pages: list[Page] = []
    start = 0
    for number, size in frame.value["pages"]:
        pages.append(Page(number, frame.data[start : start + size].decode("utf-8", "replace")))
        start += size
    return pages


def _decoded(text: bytes, name: str) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise UnsupportedFormat(f"{name} confuses its reader", "It may be damaged; convert it.") from None
