"""One HTTPS request to addresses that were vetted: no name is resolved here, nothing is kept, nothing followed.

The name is still what the certificate must be for, and what the header Host says.
"""

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import anyio
import httpcore2

from gemini_mcp.domain.errors import TooLarge, UrlDenied
from gemini_mcp.sources.addresses import PORT, Target

Connect = Callable[[str, int], Awaitable[httpcore2.AsyncNetworkStream]]
"""Opens a stream to an address and port. May raise OSError."""

MOST_TRIED = 3
CONNECT_S = 8.0
ROOM_BYTES = 64 * 1024
"""What an answer may hold beside its body: headers, and the framing of chunks (which may weigh as much as they)."""

_TROUBLES = (httpcore2.NetworkError, httpcore2.TimeoutException, OSError)
_HEADERS = [
    (b"accept", b"text/html, text/*;q=0.9, */*;q=0.8"),
    (b"accept-encoding", b"identity"),
    (b"user-agent", b"gemini-agents"),
    (b"connection", b"close"),
]


class Answer:
    """The head of an answer, and its body when it is asked for."""

    def __init__(self, response: httpcore2.Response, wire: "_Wire") -> None:
        self.status = response.status
        self._headers = {name.lower(): value for name, value in reversed(response.headers)}
        self._stream: Any = response.stream
        self._wire = wire

    def header(self, name: bytes) -> bytes:
        """The first header of that name, or nothing."""
        return self._headers.get(name, b"")

    async def body(self, most: int, name: str) -> bytes:
        """All of it. Raises TooLarge past ``most`` bytes."""
        body = bytearray()
        async with aclosing(self._stream.__aiter__()) as chunks:
            async for chunk in chunks:
                body += chunk
                if len(body) > most:
                    raise too_large(name, most)
                self._wire.allow(len(body))
        return bytes(body)


async def connect(address: str, port: int) -> httpcore2.AsyncNetworkStream:
    """The real connector."""
    return await httpcore2.AnyIOBackend().connect_tcp(address, port)


def trust() -> ssl.SSLContext:
    """The system's certificates, whatever the environment says."""
    import httpx2

    context: ssl.SSLContext = httpx2.create_ssl_context(trust_env=False)
    context.set_alpn_protocols(["http/1.1"])
    return context


def too_large(name: str, most: int) -> TooLarge:
    return TooLarge(f"{name} is over {most / 1e6:g} MB", "Save it as a file, and name the part that matters.")


@asynccontextmanager
async def answer(
    target: Target, addresses: tuple[str, ...], connect: Connect, context: ssl.SSLContext
) -> AsyncIterator[Answer]:
    """The answer to a GET of ``target``, from the first of its addresses that can be reached. Raises a Refusal."""
    origin = httpcore2.Origin(b"https", target.host.encode(), PORT)
    try:
        async with _opened(addresses, connect) as stream:
            wire = _Wire(await stream.start_tls(context, target.host), target.shown)
            connection = httpcore2.AsyncHTTP11Connection(origin, wire)
            yield Answer(await connection.handle_async_request(_request(target)), wire)
    except (*_TROUBLES, httpcore2.ProtocolError) as error:
        raise _trouble(target, error) from None


@asynccontextmanager
async def _opened(addresses: tuple[str, ...], connect: Connect) -> AsyncIterator[httpcore2.AsyncNetworkStream]:
    """A stream to the first address that takes it, closed at the end, also when a handshake was broken off."""
    stream = await _connected(addresses[:MOST_TRIED], connect)
    try:
        yield stream
    finally:
        with anyio.CancelScope(shield=True):
            await stream.aclose()


async def _connected(addresses: tuple[str, ...], connect: Connect) -> httpcore2.AsyncNetworkStream:
    trouble: Exception = OSError("no address")
    for address in addresses:
        try:
            with anyio.fail_after(CONNECT_S):
                return await connect(address, PORT)
        except _TROUBLES as error:
            trouble = error
    raise trouble


def _request(target: Target) -> httpcore2.Request:
    url = httpcore2.URL(scheme=b"https", host=target.host.encode(), port=PORT, target=target.path.encode())
    return httpcore2.Request(b"GET", url, headers=[(b"host", target.authority.encode()), *_HEADERS])


def _trouble(target: Target, error: Exception) -> UrlDenied:
    cause = error.__cause__ or error
    if isinstance(cause, ssl.SSLCertVerificationError):
        what = f"{target.host} has no valid certificate ({cause.verify_message})"
        return UrlDenied(what, "It may not be the site it claims to be; nothing was read.")
    what = f"{target.host} cannot be reached, or breaks off ({type(cause).__name__})"
    return UrlDenied(what, "Try again later; proxies are not used.")


class _Wire(httpcore2.AsyncNetworkStream):
    """A stream that breaks off once more came over it than is allowed. What TLS needs is not counted."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream, name: str) -> None:
        self._stream, self._name = stream, name
        self._seen, self._allowed = 0, ROOM_BYTES

    def allow(self, body: int) -> None:
        """``body``: bytes of the body so far. Without this, tiny chunks or endless headers could keep us busy."""
        self._allowed = ROOM_BYTES + 2 * body

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 (as its base has it)
        data = await self._stream.read(max_bytes, timeout)
        self._seen += len(data)
        if self._seen > self._allowed:
            raise TooLarge(f"{self._name} sends more headers than body", "Save it as a file and give its path.")
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
