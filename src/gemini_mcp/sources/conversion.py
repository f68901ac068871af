"""From a file's bytes to a Source: what of it is sent, in which form, with its secrets screened."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import PurePath

import anyio.to_thread

from gemini_mcp.domain.catalog import Family
from gemini_mcp.domain.errors import InvalidArgument, TooLarge, UnsupportedFormat
from gemini_mcp.domain.imaging import PDF_PAGE_TOKENS
from gemini_mcp.domain.material import Detail, Media, Page, Source
from gemini_mcp.sources.child import Children
from gemini_mcp.sources.documents import office_text, pdf_pages, pdf_parts, places_of
from gemini_mcp.sources.formats import Format, format_of, unsupported
from gemini_mcp.sources.images import image_media
from gemini_mcp.sources.notebooks import notebook_code, notebook_text
from gemini_mcp.sources.pages import page_text
from gemini_mcp.sources.secrets import Screen
from gemini_mcp.sources.texts import decoded

MOST_TEXT_BYTES = 16 << 20
_ESCAPE = re.compile(r"\\(?=[_*~.\-+&=|{}\[\]()<>#!`])")
"""A converter's backslash before what Markdown might take for a mark. It says nothing to a model, and it would hide
from the screen what it stands in the middle of."""

_SELECTION = re.compile(r"\A(.+)#pages?=([\d,\- ]+)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes as they were found. ``pages``: which of a document's are wanted, "" for all."""

    path: str
    data: bytes = field(repr=False)
    sha256: str
    pages: str = ""
    charset: str | None = None
    mime_type: str = ""

    @classmethod
    def of(cls, path: str, data: bytes, **more: str | None) -> "Raw":
        return cls(path, data, hashlib.sha256(data).hexdigest(), **more)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Converted:
    """A source, and what its reader should know of it, in words."""

    source: Source
    warnings: Sequence[str] = ()


def shown_url(url: str) -> str:
    """How a page is called: without its query, which may hold a signature or a token; a mark keeps it apart from
    others that differ in theirs alone."""
    address, question, query = url.partition("?")
    return f"{address}?[{hashlib.sha256(query.encode()).hexdigest()[:8]}]" if question else address


def shown_name(name: str) -> str:
    """How what a caller names is called: a page as ``shown_url`` says, a file as it is."""
    return shown_url(name.strip()) if name.strip().lower().startswith("https://") else name


def selection(name: str) -> tuple[str, str]:
    """``report.pdf#pages=3-7,12`` as the name and the pages; "" where none are chosen."""
    found = _SELECTION.match(name)
    return (found.group(1), found.group(2)) if found else (name, "")


class Conversion:
    """Converts for one server. Whatever parses does so in a child process."""

    def __init__(self, children: Children, screen: Screen) -> None:
        self._children, self._screen = children, screen

    async def document(self, raw: Raw, *, html_as_text: bool) -> Converted:
        """Text as it is, or a PDF natively. ``html_as_text``: the readable part of pages rather than their source.

        Raises a Refusal: SecretFound, TooLarge, UnsupportedFormat, InvalidArgument.
        """
        path, warnings = self._screen.name(raw.path)
        found = await self._document(replace(raw, path=path), _form(raw), html_as_text)
        return Converted(found.source, [*warnings, *found.warnings])

    async def _document(self, raw: Raw, form: Format, html_as_text: bool) -> Converted:
        if raw.pages and form.kind != "pdf":
            raise InvalidArgument(f"{raw.path} has no pages to choose from", "Only PDFs have; leave #pages= out.")
        match form.kind:
            case "pdf":
                return await self._pdf(raw)
            case "docx" | "pptx" | "xlsx":
                text = await office_text(self._children, raw.data, raw.path, form.kind)
                return await self._text(raw, text, f"text of {form.kind}")
            case "html" if html_as_text:
                text = await page_text(self._children, raw.data, raw.path, raw.charset)
                return await self._text(raw, text, "text of html")
            case "image":
                raise UnsupportedFormat(f"{raw.path} is an image", "Give it to analyze_image.")
        text = await anyio.to_thread.run_sync(_decoded, raw)
        if form.kind == "notebook":
            as_text = notebook_text if html_as_text else notebook_code
            text = await anyio.to_thread.run_sync(as_text, text, raw.path)
            return await self._text(raw, text, "text of notebook" if html_as_text else "cells of notebook")
        return await self._text(raw, text, "text")

    async def image(self, raw: Raw, detail: Detail, family: Family) -> Converted:
        """An image in the size that is billed for. Raises TooLarge, UnsupportedFormat."""
        path, warnings = self._screen.name(raw.path)
        read = await image_media(self._children, raw.data, path, detail, family)
        source = Source(path, "", len(raw.data), raw.sha256, read.sent_as, read.media)
        return Converted(source, [*warnings, *(f"{path}: {warning}" for warning in read.warnings)])

    async def cut(self, groups: Sequence[tuple[Source, ...]]) -> list[tuple[Source, ...]]:
        """PDFs cut to the pages that each group's sources name; every file is opened once.

        The groups together hold every page that was read of a file.
        """
        read: dict[int, list[Source]] = {}
        for source in chain.from_iterable(groups):
            if source.media is not None and source.pages:
                # Not by its content: pages that look alike are other pages of other numbers.
                read.setdefault(id(source.media), []).append(source)
        made: dict[tuple[int, tuple[Page, ...]], Media] = {}
        for media, parts in read.items():
            for part, cut in zip(parts, await self._parts(parts), strict=True):
                made[media, part.pages] = cut
        return [tuple(replace(s, media=made.get((id(s.media), s.pages), s.media)) for s in group) for group in groups]

    async def _parts(self, parts: Sequence[Source]) -> list[Media]:
        """For each source a PDF of its pages. All are of one PDF, which holds their pages alone, in order."""
        whole = parts[0].media
        assert whole is not None
        places = places_of([page.number for source in parts for page in source.pages])
        numbers = [[places[page.number] for page in source.pages] for source in parts]
        cut = await pdf_parts(self._children, whole.data, parts[0].path, numbers)
        return [
            replace(whole, data=data, tokens=PDF_PAGE_TOKENS * len(source.pages))
            for source, data in zip(parts, cut, strict=True)
        ]

    async def _text(self, raw: Raw, text: str, sent_as: str) -> Converted:
        if sent_as.startswith("text of"):
            text = _ESCAPE.sub("", text)
        shown, warnings = await self._screen.looked_through(raw.path, text)
        return Converted(Source(raw.path, shown, len(raw.data), raw.sha256, sent_as), warnings)

    async def _pdf(self, raw: Raw) -> Converted:
        """Natively, so that tables and figures are seen; as its text where a secret in it is to be redacted.

        What is sent is never the file, but one made of the pages that were looked through.
        """
        found = await pdf_pages(self._children, raw.data, raw.path, raw.pages)
        pages, warnings = await self._screen.pages(raw.path, found.pages)
        rest, told = await self._screen.looked_through(f"{raw.path}, beside what its pages show,", found.rest)
        source = Source(raw.path, "", len(raw.data), raw.sha256, "pdf", pages=pages)
        if pages != found.pages or rest != found.rest:
            text = "\n\n".join(f"[page {page.number}]\n{page.text}" for page in pages)
            said = f"{raw.path} is sent as its text, without its figures, since a PDF cannot be redacted"
            return Converted(replace(source, text=text, sent_as="text of pdf", pages=()), [*warnings, *told, said])
        if found.notes:
            notes = "a note" if found.notes == 1 else f"{found.notes} notes"
            told = [*told, f"{raw.path}: {notes} on its pages not sent"]
        if len(pages) < found.page_count:
            source = replace(source, sent_as=f"pdf pages {raw.pages.replace(' ', '')}")
        media = Media("application/pdf", found.data, PDF_PAGE_TOKENS * len(pages))
        return Converted(replace(source, media=media), [*warnings, *told])


def _form(raw: Raw) -> Format:
    if raw.mime_type in ("text/html", "application/xhtml+xml"):
        return Format("html")
    found = format_of(PurePath(raw.path).name, raw.data[:8_192])
    if found is None:
        raise unsupported(raw.path, raw.data)
    return found


def _decoded(raw: Raw) -> str:
    if len(raw.data) > MOST_TEXT_BYTES:
        raise TooLarge(f"{raw.path} is over {MOST_TEXT_BYTES >> 20} MiB of text", "Split it, or name a smaller file.")
    return decoded(raw.data, raw.path)
