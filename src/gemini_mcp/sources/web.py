"""Reads a page from the web, and nothing that is not public.

A name is resolved once, all of its addresses are vetted, and the connection goes to one of those: there is no moment
in which the name could come to mean something else. Each redirect starts over. No cookies, no proxies, no logins.
"""

import re
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from gemini_mcp.domain.errors import FileNotFound, Refusal, UnsupportedFormat, UrlDenied
from gemini_mcp.sources.addresses import PORT, Target, redirected, target, vetted

if TYPE_CHECKING:
    import ssl

    from gemini_mcp.sources.pinned import Answer, Connect

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a name, for a port. May raise OSError."""

MOST_REDIRECTS = 3
MOST_BYTES = 20_000_000
DEADLINE_S = 30.0

_REDIRECTS = (301, 302, 303, 307, 308)
_OFFICE = "application/vnd.openxmlformats-officedocument."
_TYPES = frozenset(
    {
        "application/json", "application/xml", "application/pdf", "application/javascript", "application/yaml",
        "application/toml", f"{_OFFICE}wordprocessingml.document", f"{_OFFICE}presentationml.presentation",
        f"{_OFFICE}spreadsheetml.sheet", "image/png", "image/jpeg", "image/webp", "image/gif", "image/heic",
        "image/heif",
    }
)  # fmt: skip
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([A-Za-z0-9._:-]{1,40})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fetched:
    """``url``: where it was found in the end; ``mime_type`` in lower case; ``charset`` as the server names it."""

    url: str
    mime_type: str
    charset: str | None
    data: bytes = field(repr=False)


async def resolve(name: str, port: int) -> list[str]:
    """The real resolver."""
    found = await anyio.getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


class Web:
    """Fetches for one server; calls share nothing. ``trust`` makes the TLS context, when first needed."""

    def __init__(
        self,
        resolve: Resolve = resolve,
        connect: "Connect | None" = None,
        trust: "Callable[[], ssl.SSLContext] | None" = None,
        *,
        most_bytes: int = MOST_BYTES,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        self._resolve, self._connect, self._trust = resolve, connect, trust
        self._most_bytes, self._deadline_s = most_bytes, deadline_s
        self._context: ssl.SSLContext | None = None

    async def fetch(self, url: str) -> Fetched:
        """What ``url`` leads to. Raises a Refusal: UrlDenied, also for trouble on the way; FileNotFound; TooLarge;
        UnsupportedFormat."""
        start = target(url)
        try:
            with anyio.fail_after(self._deadline_s):
                return await self._follow(start)
        except TimeoutError:
            what = f"{start.shown} takes longer than {self._deadline_s:g} s"
            raise UrlDenied(what, "Try again later, or save it as a file and give its path.") from None

    async def _follow(self, start: Target) -> Fetched:
        here = start
        for _ in range(MOST_REDIRECTS + 1):
            found = await self._get(here)
            if isinstance(found, Fetched):
                return found
            here = found
        fix = "Give the address it leads to in the end."
        raise UrlDenied(f"{start.shown} redirects more than {MOST_REDIRECTS} times", fix)

    async def _get(self, here: Target) -> Fetched | Target:
        """The page, or where it redirects to."""
        from gemini_mcp.sources import pinned

        addresses = await self._addresses(here)
        if self._context is None:
            self._context = (self._trust or pinned.trust)()
        async with pinned.answer(here, addresses, self._connect or pinned.connect, self._context) as answer:
            if answer.status in _REDIRECTS:
                return redirected(here, answer.header(b"location"))
            mime_type, charset = _checked(here, answer)
            if int(answer.header(b"content-length") or 0) > self._most_bytes:
                raise pinned.too_large(here.shown, self._most_bytes)
            return Fetched(here.url, mime_type, charset, await answer.body(self._most_bytes, here.shown))

    async def _addresses(self, here: Target) -> tuple[str, ...]:
        if here.address is not None:
            return vetted(here.host, [here.address])
        try:
            found = await self._resolve(here.host, PORT)
        except OSError:
            fix = "Check the name, and whether this machine is on line."
            raise UrlDenied(f"{here.host} is not known to the name servers", fix) from None
        return vetted(here.host, found)


def _checked(here: Target, answer: "Answer") -> tuple[str, str | None]:
    """The type and charset of an answer that may be read on. Raises a Refusal."""
    if answer.status != 200:
        raise _refused(here, answer.status)
    encoding = answer.header(b"content-encoding").decode("latin-1").strip().lower()
    if encoding not in ("", "identity"):
        fix = "Save it as a file and give its path."
        raise UnsupportedFormat(f"{here.shown} is sent compressed, which was not asked for", fix)
    declared = answer.header(b"content-type").decode("latin-1")
    mime_type = declared.partition(";")[0].strip().lower()
    if not _readable(mime_type):
        what = f"{here.shown} is {_clean(mime_type) or 'of no declared type'}"
        raise UnsupportedFormat(what, "Pages, text, PDF, Office documents and images are read.")
    charset = _CHARSET.search(declared)
    return mime_type, charset[1].lower() if charset else None


def _readable(mime_type: str) -> bool:
    return mime_type.startswith("text/") or mime_type.endswith(("+json", "+xml")) or mime_type in _TYPES


def _clean(mime_type: str) -> str:
    """What a server wrote, fit for a message."""
    return re.sub(r"[^a-z0-9.+/-]", "", mime_type)[:60]


def _refused(here: Target, status: int) -> Refusal:
    if status in (404, 410):
        return FileNotFound(f"{here.shown} does not exist ({status})", "Check the address; nothing was sent.")
    if status in (401, 403):
        return UrlDenied(f"{here.shown} is not for everyone ({status})", "Save it as a file and give its path.")
    return UrlDenied(f"{here.shown} answers with status {status}", "Try again later, or check the address.")
