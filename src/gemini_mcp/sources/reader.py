"""What a caller names, read: files beneath the roots, and https pages. All of it is read, or nothing is sent."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import anyio.to_thread

from gemini_mcp.domain.catalog import Family
from gemini_mcp.domain.material import Detail, Source
from gemini_mcp.sources.beneath import Beneath
from gemini_mcp.sources.child import Children
from gemini_mcp.sources.conversion import Conversion, Raw, shown_url
from gemini_mcp.sources.gathering import Convert, Gathering
from gemini_mcp.sources.purposes import DOCUMENTS, IMAGES, Purpose
from gemini_mcp.sources.secrets import Screen
from gemini_mcp.sources.survey import MOST_FILE_BYTES, Survey, Wanted, check_served
from gemini_mcp.sources.web import Web

__all__ = ["MOST_FILE_BYTES", "Material", "Reader"]


@dataclass(frozen=True, slots=True)
class Material:
    """What was read. ``left_out``: what a folder or a glob held besides, and why it is not there."""

    sources: tuple[Source, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


class Reader:
    """Reads for one server. ``beneath`` bounds the files, ``web`` the pages, ``screen`` what may leave."""

    def __init__(self, beneath: Beneath, web: Web, screen: Screen, children: Children) -> None:
        self._beneath, self._web, self._screen = beneath, web, screen
        self._survey = Survey(beneath)
        self._conversion = Conversion(children, screen)

    @property
    def beneath(self) -> Beneath:
        return self._beneath

    def screened(self, name: str, text: str) -> tuple[str, list[str]]:
        """A text of the caller's own, and warnings. Raises SecretFound."""
        return self._screen.screened(name, text) if text else (text, [])

    def screened_schema(self, schema: dict[str, Any] | None) -> tuple[dict[str, Any] | None, list[str]]:
        """A schema, which is sent like a task, and warnings. Raises SecretFound."""
        if schema is None:
            return None, []
        text, warnings = self.screened("output_schema", json.dumps(schema, ensure_ascii=False))
        return json.loads(text), warnings

    @property
    def screen(self) -> Screen:
        return self._screen

    async def read(self, names: Sequence[str], *, html_as_text: bool = False, purpose: Purpose = DOCUMENTS) -> Material:
        """Documents; of folders and globs every file that serves the purpose, sorted, without what ``!pattern`` leaves
        out. Raises a Refusal for the first at fault."""
        convert = partial(self._conversion.document, html_as_text=html_as_text)
        return await self._read(names, convert, purpose)

    async def images(self, names: Sequence[str], detail: Detail, family: Family) -> Material:
        """Images, made for a model of that family. Raises a Refusal for the first at fault."""
        return await self._read(names, lambda raw: self._conversion.image(raw, detail, family), IMAGES)

    async def cut(self, groups: Sequence[tuple[Source, ...]]) -> list[tuple[Source, ...]]:
        """The groups, in which a PDF of which only some pages are meant has become a PDF of just these."""
        return await self._conversion.cut(groups)

    async def _read(self, names: Sequence[str], convert: Convert, purpose: Purpose) -> Material:
        if not names:
            return Material((), (), ())
        selected = await anyio.to_thread.run_sync(self._survey.selected, names, purpose)
        converted = await Gathering(selected, self._fetch, convert).converted()
        check_served(selected, converted, purpose)
        warnings = [*selected.warnings, *(warning for one in converted.values() for warning in one.warnings)]
        sources = tuple(one.source for one in converted.values())
        return Material(sources, tuple(selected.left_out), tuple(warnings))

    async def _fetch(self, wanted: Wanted) -> Raw:
        return await (self._page(wanted) if wanted.url else self._file(wanted))

    async def _file(self, wanted: Wanted) -> Raw:
        file = await anyio.to_thread.run_sync(self._beneath.read, wanted.name, MOST_FILE_BYTES)
        return Raw(file.path, file.data, file.sha256, wanted.pages)

    async def _page(self, wanted: Wanted) -> Raw:
        page = await self._web.fetch(wanted.name)
        mime_type, charset = page.mime_type, page.charset
        return Raw.of(shown_url(page.url), page.data, pages=wanted.pages, charset=charset, mime_type=mime_type)
