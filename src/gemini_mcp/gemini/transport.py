"""The HTTP client under the SDK: no redirects (they would carry the key along), no proxies from the environment,
no compression (a small body could swell without bound), and a cap on what is read."""

import ssl
from collections.abc import AsyncIterator, Callable

import httpx2

from gemini_mcp.domain.errors import UpstreamMisbehaved

MOST_RESPONSE_BYTES = 32 * 1024 * 1024
POOL_CONNECTIONS = 8
MOST_POOLS = 32


class CappedTransport(httpx2.AsyncHTTPTransport):
    """Refuses compressed bodies, and stops reading a body at the cap."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        response = await super().handle_async_request(request)
        encoding = response.headers.get("content-encoding", "identity")
        if encoding.strip().lower() != "identity":
            await response.aclose()
            raise _misbehaved(f"a body compressed as {encoding[:20]!r} that was not asked for")
        if int(response.headers.get("content-length") or 0) > MOST_RESPONSE_BYTES:
            await response.aclose()
            raise _misbehaved("a body over 32 MiB")
        return response


class PooledTransport(httpx2.AsyncBaseTransport):
    """Several small pools, filled one after the other.

    A pool probes each of its idle connections twice a request; in one pool for all that is half a millisecond
    a call at 64 concurrent calls.
    """

    def __init__(self, new_pool: Callable[[httpx2.Limits], httpx2.AsyncBaseTransport]) -> None:
        self._new_pool = new_pool
        self._limits = httpx2.Limits(max_connections=POOL_CONNECTIONS, max_keepalive_connections=POOL_CONNECTIONS)
        self._pools: list[httpx2.AsyncBaseTransport] = []
        self._busy: list[int] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        index = self._with_room()
        self._busy[index] += 1
        try:
            response = await self._pools[index].handle_async_request(request)
        except BaseException:
            self._busy[index] -= 1
            raise
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Body(response.stream, lambda: self._release(index))
        return response

    async def aclose(self) -> None:
        for pool in self._pools:
            await pool.aclose()

    def _with_room(self) -> int:
        for index, busy in enumerate(self._busy):
            if busy < POOL_CONNECTIONS:
                return index
        if len(self._pools) < MOST_POOLS:
            self._pools.append(self._new_pool(self._limits))
            self._busy.append(0)
            return len(self._pools) - 1
        return self._busy.index(min(self._busy))

    def _release(self, index: int) -> None:
        self._busy[index] -= 1


class _Body(httpx2.AsyncByteStream):
    """A body under the cap, which tells once when it is done with."""

    def __init__(self, inner: httpx2.AsyncByteStream, release: Callable[[], None]) -> None:
        self._inner = inner
        self._release: Callable[[], None] | None = release

    async def __aiter__(self) -> AsyncIterator[bytes]:
        total = 0
        async for chunk in self._inner:
            total += len(chunk)
            if total > MOST_RESPONSE_BYTES:
                raise _misbehaved("a body over 32 MiB")
            yield chunk

    async def aclose(self) -> None:
        if self._release is not None:
            self._release()
            self._release = None
        await self._inner.aclose()


def _misbehaved(what: str) -> UpstreamMisbehaved:
    return UpstreamMisbehaved(
        f"upstream sent {what}", "Check GEMINI_AGENTS_BASE_URL (gemini-agents doctor).", usage=None
    )


def new_client(transport: httpx2.AsyncBaseTransport | None = None) -> httpx2.AsyncClient:
    """The async client for the SDK. Timeouts are the gateway's: one absolute deadline a call."""
    return httpx2.AsyncClient(
        transport=transport or _direct(),
        trust_env=False,
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
        timeout=None,
    )


def _direct() -> PooledTransport:
    verify: ssl.SSLContext = httpx2.create_ssl_context(trust_env=False)
    return PooledTransport(lambda limits: CappedTransport(verify=verify, trust_env=False, limits=limits))


def refusing_client() -> httpx2.Client:
    """The SDK wants a synchronous client too; nothing here may go out through it."""

    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.UnsupportedProtocol("requests are sent by the asynchronous client only")

    return httpx2.Client(transport=httpx2.MockTransport(refuse))
