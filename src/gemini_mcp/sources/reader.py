"""What a caller names, read: files beneath the roots, and https pages. All of it is read, or nothing is sent."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import anyio
import anyio.to_thread

from gemini_mcp.domain.catalog import Family
from gemini_mcp.domain.errors import InvalidArgument, Refusal, TooLarge
from gemini_mcp.domain.material import Detail, Source
from gemini_mcp.sources.beneath import Beneath
from gemini_mcp.sources.child import Children
from gemini_mcp.sources.conversion import Conversion, Converted, Raw, selection
from gemini_mcp.sources.listing import MOST_FILES, Listing
from gemini_mcp.sources.secrets import Screen
from gemini_mcp.sources.web import Web

MOST_FILE_BYTES = 50_000_000
MOST_TOTAL_BYTES = 100_000_000
MOST_URLS = 20
MOST_NAMED = 3
AT_ONCE = 4
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:/{2}|(?:https?|file|data|ftp|javascript):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Material:
    """What was read. ``left_out``: what a folder or a glob held besides, and why it is not there."""

    sources: tuple[Source, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def notes(self) -> list[str]:
        """The warnings, and in a few words what was left out."""
        if not self.left_out:
            return list(self.warnings)
        named = ", ".join(f"{path} ({why})" for path, why in self.left_out[:MOST_NAMED])
        more = f" and {len(self.left_out) - MOST_NAMED} more" if len(self.left_out) > MOST_NAMED else ""
        return [*self.warnings, f"left out: {named}{more}"]


Convert = Callable[[Raw], Awaitable[Converted]]


class Reader:
    """Reads for one server. ``beneath`` bounds the files, ``web`` the pages, ``screen`` what may leave."""

    def __init__(self, beneath: Beneath, web: Web, screen: Screen, children: Children) -> None:
        self._beneath, self._web, self._screen = beneath, web, screen
        self._listing = Listing(beneath)
        self._conversion = Conversion(children, screen)

    @property
    def beneath(self) -> Beneath:
        return self._beneath

    def screened(self, name: str, text: str) -> tuple[str, list[str]]:
        """A text of the caller's own, and warnings. Raises SecretFound."""
        return self._screen.screened(name, text) if text else (text, [])

    def screened_file(self, path: str, text: str, first_line: int) -> tuple[str, list[str]]:
        """Part of a file, from that line on, and warnings. Raises SecretFound."""
        return self._screen.screened(path, text, first_line)

    async def read(self, names: Sequence[str], *, html_as_text: bool = False) -> Material:
        """Documents; of folders and globs every file, sorted. Raises a Refusal for the first at fault."""
        return await self._read(names, lambda raw: self._conversion.document(raw, html_as_text=html_as_text))

    async def images(self, names: Sequence[str], detail: Detail, family: Family) -> Material:
        """Images, made for a model of that family. Raises a Refusal for the first at fault."""
        return await self._read(names, lambda raw: self._conversion.image(raw, detail, family))

    async def cut(self, groups: Sequence[tuple[Source, ...]]) -> list[tuple[Source, ...]]:
        """The groups, in which a PDF of which only some pages are meant has become a PDF of just these."""
        return await self._conversion.cut(groups)

    async def _read(self, names: Sequence[str], convert: Convert) -> Material:
        wanted, left_out = await self._wanted(names)
        await anyio.to_thread.run_sync(self._check_size, wanted)
        converted = await _in_order([self._fetching(one) for one in wanted], convert)
        warnings = tuple(warning for one in converted for warning in one.warnings)
        return Material(tuple(one.source for one in converted), left_out, warnings)

    async def _wanted(self, names: Sequence[str]) -> tuple[list["_Wanted"], tuple[tuple[str, str], ...]]:
        """What there is to read, each once."""
        if any(not name.strip() for name in names):
            raise InvalidArgument("a source has no name", "Give paths relative to the project, or https URLs.")
        wanted: dict[_Wanted, None] = {}
        left_out: dict[tuple[str, str], None] = {}
        for name in names:
            if is_url(name):
                wanted[_Wanted(*selection(name), url=True)] = None
                continue
            path, pages = selection(name)
            found = await anyio.to_thread.run_sync(self._listing.expanded, [path])
            wanted |= {_Wanted(file, pages, url=False): None for file in found.files}
            left_out |= dict.fromkeys(found.left_out)
        _check_counts(list(wanted))
        return list(wanted), tuple(left_out)

    def _check_size(self, wanted: Sequence["_Wanted"]) -> None:
        """Before minutes go into reading what is too much."""
        _check_total(sum(self._beneath.size(one.name) for one in wanted if not one.url))

    def _fetching(self, wanted: "_Wanted") -> Callable[[], Awaitable[Raw]]:
        return lambda: self._page(wanted) if wanted.url else self._file(wanted)

    async def _file(self, wanted: "_Wanted") -> Raw:
        file = await anyio.to_thread.run_sync(self._beneath.read, wanted.name, MOST_FILE_BYTES)
        return Raw(file.path, file.data, file.sha256, wanted.pages)

    async def _page(self, wanted: "_Wanted") -> Raw:
        page = await self._web.fetch(wanted.name)
        mime_type, charset = page.mime_type, page.charset
        return Raw.of(page.url, page.data, pages=wanted.pages, charset=charset, mime_type=mime_type)


@dataclass(frozen=True, slots=True)
class _Wanted:
    name: str
    pages: str
    url: bool


def is_url(name: str) -> bool:
    """Whatever begins with a scheme and ``//``, so that none is ever taken for a path."""
    return bool(_SCHEME.match(name.strip()))


def _check_counts(wanted: list[_Wanted]) -> None:
    if len(wanted) > MOST_FILES:
        raise TooLarge(f"{len(wanted):,} files are too many for one call", f"Name at most {MOST_FILES}.")
    if (urls := sum(one.url for one in wanted)) > MOST_URLS:
        raise TooLarge(f"{urls} URLs are too many for one call", f"Name at most {MOST_URLS}.")


def _check_total(size: int) -> None:
    if size > MOST_TOTAL_BYTES:
        most = MOST_TOTAL_BYTES // 1_000_000
        raise TooLarge(f"the sources are over {most} MB together", "Name fewer, or a part of them.")


async def _in_order(fetches: Sequence[Callable[[], Awaitable[Raw]]], convert: Convert) -> list[Converted]:
    """All of them, a few at a time. Raises what the first of them raised, and then begins no more."""
    found: dict[int, Converted] = {}
    failed: dict[int, Refusal] = {}
    waiting, total = iter(enumerate(fetches)), 0

    async def worker() -> None:
        nonlocal total
        for index, fetch in waiting:
            if failed:
                return
            try:
                raw = await fetch()
                total += len(raw.data)
                _check_total(total)
                found[index] = await convert(raw)
            except Refusal as error:
                failed[index] = error

    async with anyio.create_task_group() as group:
        for _ in range(min(AT_ONCE, len(fetches))):
            group.start_soon(worker)
    if failed:
        raise failed[min(failed)]
    return [found[index] for index in range(len(fetches))]
