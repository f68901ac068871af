"""The HTTP client under the SDK: no redirects (they would carry the key along), no proxies from the environment,
no compression (a small body could swell without bound), and a cap on what is read."""

import ssl
from collections.abc import AsyncIterator

import httpx2

from gemini_mcp.domain.errors import UpstreamMisbehaved

MOST_RESPONSE_BYTES = 32 * 1024 * 1024
CONNECTIONS = 256
IDLE_CONNECTIONS = 16
"""The pool probes every idle connection twice a request: many of them cost more than they save."""


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
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _Capped(response.stream)
        return response


class _Capped(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream) -> None:
        self._inner = inner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        total = 0
        async for chunk in self._inner:
            total += len(chunk)
            if total > MOST_RESPONSE_BYTES:
                raise _misbehaved("a body over 32 MiB")
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


def _misbehaved(what: str) -> UpstreamMisbehaved:
    return UpstreamMisbehaved(
        f"upstream sent {what}", "Check GEMINI_AGENTS_BASE_URL (gemini-agents doctor).", usage=None
    )


def new_client(transport: httpx2.AsyncBaseTransport | None = None) -> httpx2.AsyncClient:
    """The async client for the SDK. Timeouts are the gateway's: one absolute deadline a call."""
    limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=IDLE_CONNECTIONS)
    if transport is None:
        verify: ssl.SSLContext = httpx2.create_ssl_context(trust_env=False)
        transport = CappedTransport(verify=verify, trust_env=False, limits=limits)
    return httpx2.AsyncClient(
        transport=transport,
        trust_env=False,
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
        timeout=None,
    )


def refusing_client() -> httpx2.Client:
    """The SDK wants a synchronous client too; nothing here may go out through it."""

    def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.UnsupportedProtocol("requests are sent by the asynchronous client only")

    return httpx2.Client(transport=httpx2.MockTransport(refuse))
