"""What a task is about: files, pages and images as they were read, and as they are sent."""

from dataclasses import dataclass, field
from typing import Final

from gemini_mcp.domain.choices import Detail as Detail

DETAILS: Final[tuple[Detail, ...]] = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Media:
    """Bytes that a model sees as they are: an image, or a PDF.

    ``tokens``: what Gemini counts for it. ``detail``: the media resolution asked for, None for the model's own.
    ``uri``: where the Files API keeps it, when it was too large to travel inside the request.
    """

    mime_type: str
    data: bytes = field(repr=False)
    tokens: int
    detail: Detail | None = None
    uri: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a document, numbered from 1 as in the file, and the text on it ("" when it is a picture)."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """A file, page or image as it was read.

    ``path`` as shown to the model and in receipts; ``text`` is what can be read of it, numbered from
    ``first_line``; ``bytes`` and ``sha256`` (hex) are of the whole file as it was found; ``sent_as`` says in words
    what of it is sent ("text", "lines 1-400", "pdf pages 3-7", "image/png 1024x768"). Where ``media`` is set, that
    is sent in place of the text, and ``pages`` holds the text of the pages for checking what is quoted from them.
    """

    path: str
    text: str
    bytes: int
    sha256: str
    sent_as: str = "text"
    media: Media | None = None
    pages: tuple[Page, ...] = ()
    first_line: int = 1
