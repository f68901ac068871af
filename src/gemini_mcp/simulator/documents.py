"""PDFs: how many pages one has, and the text on some of them."""

import re
from collections.abc import Sequence
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from gemini_mcp.simulator.remembered import Remembered
from gemini_mcp.simulator.wire import Blob

if TYPE_CHECKING:
    from pypdfium2 import PdfDocument

_PAGE = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
_SOFT_HYPHEN = re.compile("[\u0002\ufffe](?:\r?\n)?")
_ANYWHERE = {"left": -1e7, "bottom": -1e7, "right": 1e7, "top": 1e7}
_MOST_CHARACTERS = 20_000
"""Read of a page."""

_COUNTS: Remembered[int] = Remembered(1_024)
_TEXTS: Remembered[str] = Remembered(4_096)
_ONE_AT_A_TIME = Lock()
"""PDFium is not made for threads, and tests may run several stand-ins."""


def page_count(blob: Blob) -> int:
    """At least 1. Without pypdfium2, or for a file that it cannot open, the page objects that stand there in the open
    are counted."""
    return _COUNTS.get(blob.digest, lambda: _count(blob.data))


def page_texts(blob: Blob, indexes: Sequence[int]) -> list[str] | None:
    """The text of the pages at ``indexes``, from 0; "" where a page has none. None when the file cannot be read."""
    try:
        document = _Opened(blob)
        return [_TEXTS.get((blob.digest, index), partial(document.text, index)) for index in indexes]
    except _Unreadable:
        return None


class _Unreadable(Exception):
    """No PDF, or no pypdfium2."""


class _Opened:
    """A PDF, opened when its first page is read."""

    def __init__(self, blob: Blob) -> None:
        self._data = blob.data
        self._document: PdfDocument | None = None

    def text(self, index: int) -> str:
        with _ONE_AT_A_TIME:
            self._document = self._document or _document(self._data)
            return _plain(_page_text(self._document, index))


def _count(data: bytes) -> int:
    try:
        with _ONE_AT_A_TIME:
            return max(1, len(_document(data)))
    except _Unreadable:
        return max(1, len(_PAGE.findall(data)))


def _document(data: bytes) -> "PdfDocument":
    """Raises _Unreadable."""
    try:
        from pypdfium2 import PdfDocument, PdfiumError
    except ImportError:
        raise _Unreadable from None
    try:
        return PdfDocument(data)
    except PdfiumError:
        raise _Unreadable from None


def _page_text(document: "PdfDocument", index: int) -> str:
    from pypdfium2 import PdfiumError

    try:
        page = document[index]
        words = page.get_textpage()
    except (PdfiumError, IndexError):
        return ""
    text: str = words.get_text_bounded(**_ANYWHERE) if words.count_chars() <= 10 * _MOST_CHARACTERS else ""
    words.close()
    page.close()
    return text[:_MOST_CHARACTERS]


def _plain(text: str) -> str:
    """PDFium ends lines in two characters, and marks a hyphen that only the end of the line asked for."""
    return _SOFT_HYPHEN.sub("", text).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
