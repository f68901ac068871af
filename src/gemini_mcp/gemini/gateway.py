"""One generateContent through google-genai: one attempt, one deadline, our errors.

The SDK takes half a second and 50 MB to import, so it is imported in a thread when the server has nothing
better to do, and warmed by one request that never leaves the process.
"""

import io
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from gemini_mcp.domain.context_caching import Context
from gemini_mcp.domain.errors import NOTHING_USED, AgentError, DeadlineExceeded, NoApiKey, UpstreamMisbehaved
from gemini_mcp.domain.material import Media
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest, Uploaded
from gemini_mcp.domain.usage import TokenUsage

if TYPE_CHECKING:
    from google.genai import Client
    from google.genai.types import File
    from httpx2 import AsyncClient, Response

DEFAULT_BASE_URL = "https://generativelanguage.googleapis.com"
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
PROCESSING_POLL_S = 1.0
_WARMING = ModelRequest("gemini-3.5-flash-lite", "warm", "warm", 1, 1, thinking_level="LOW", json_mode=True)
_HEADERS: ContextVar[dict[str, str] | None] = ContextVar("headers", default=None)
"""Where those of a response are noted, for what the SDK gives back without them."""


class Gateway:
    """``generate`` sends one request. Make it anywhere; the SDK is loaded by ``load`` or the first call."""

    def __init__(
        self, api_key: str | None, base_url: str | None, api_version: str | None, *, free_tier: bool = False
    ) -> None:
        """``free_tier``: the user allows a key of the free tier, whose content Google trains on."""
        self._key = api_key or ""
        self._base_url = base_url or DEFAULT_BASE_URL
        self._api_version = api_version
        self._free_tier = free_tier
        # Only a stand-in on this machine may call itself simulated and so free of charge.
        self._loopback = (urlsplit(self._base_url).hostname or "") in LOOPBACK_HOSTS
        self._client: Client | None = None
        self._http: AsyncClient | None = None
        self._loading = anyio.Lock()

    @property
    def endpoint(self) -> str:
        return f"{self._base_url}/{self._api_version or 'v1'}"

    def _require_key(self) -> None:
        if not self._key:
            raise NoApiKey(
                "no Gemini API key is set",
                "Get one at https://aistudio.google.com/apikey and pass it to the server: claude mcp add gemini-agents"
                " -e GEMINI_API_KEY=YOUR_KEY -- gemini-agents; gemini-agents doctor checks it.",
            )

    async def load(self) -> None:
        """Import and warm the SDK, in a thread; nothing the second time. Raises NoApiKey, which says how to set one."""
        self._require_key()
        if self._client is not None:
            return
        async with self._loading:
            if self._client is None:
                await anyio.to_thread.run_sync(_import_and_warm)
                self._http = await anyio.to_thread.run_sync(_new_http)
                self._client = _new_client(self._key, self._base_url, self._api_version, self._http)

    async def generate(self, request: ModelRequest, deadline: float) -> ModelAnswer:
        """One attempt. ``deadline``: on the monotonic clock, in seconds. Raises UpstreamError or NoApiKey."""
        await self.load()
        from gemini_mcp.gemini.wire import read_answer

        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise _late(NOTHING_USED)
        try:
            with anyio.fail_after(left_s):
                response = await self._send(request)
        except TimeoutError:
            raise _late(None) from None
        except Exception as error:
            raise self._ours(error, request.model) from None
        return read_answer(response.body or "", response.headers or {}, request.model, trust_simulated=self._loopback)

    async def _send(self, request: ModelRequest) -> Any:
        from gemini_mcp.gemini.wire import generate_arguments

        assert self._client is not None
        response = await self._client.aio.models.generate_content(**generate_arguments(request))
        return response.sdk_http_response

    async def upload(self, media: Media, deadline: float) -> Uploaded:
        """Keep a file at Gemini. ``deadline`` as for ``generate``. Raises UpstreamError or NoApiKey."""
        await self.load()
        with self._translated(), _until(deadline):
            assert self._client is not None
            config = {"mime_type": media.mime_type}
            file = await self._client.aio.files.upload(file=io.BytesIO(media.data), config=config)  # type: ignore[arg-type]
            while _state(file) == "PROCESSING":
                await anyio.sleep(PROCESSING_POLL_S)
                file = await self._client.aio.files.get(name=file.name or "")
        if _state(file) == "FAILED" or not file.name or not file.uri:
            raise UpstreamMisbehaved("Gemini could not take in an uploaded file", "Make it smaller, or convert it.")
        return Uploaded(file.name, file.uri)

    async def delete(self, name: str) -> None:
        """Delete an uploaded file. Raises UpstreamError."""
        with self._translated():
            assert self._client is not None
            await self._client.aio.files.delete(name=name)

    async def create_context(self, request: ModelRequest, ttl_s: int, deadline: float) -> Context:
        """Keep the stable part of a request for that long. Raises UpstreamError or NoApiKey."""
        await self.load()
        from gemini_mcp.gemini.wire import context_arguments, read_context

        with self._translated(request.model), _until(deadline, used=None), _noting_headers() as headers:
            assert self._client is not None
            made = await self._client.aio.caches.create(**context_arguments(request, ttl_s))
        return read_context(made, headers, trust_simulated=self._loopback)

    async def extend_context(self, name: str, expires_at: float, deadline: float) -> Context:
        """Have a cache live until then (Unix time). Raises UpstreamError or NoApiKey."""
        await self.load()
        from gemini_mcp.gemini.wire import read_context

        until = datetime.fromtimestamp(expires_at, UTC)
        with self._translated("the cache"), _until(deadline, used=None), _noting_headers() as headers:
            assert self._client is not None
            extended = await self._client.aio.caches.update(name=name, config={"expire_time": until})
        return read_context(extended, headers, trust_simulated=self._loopback)

    async def delete_context(self, name: str, deadline: float) -> None:
        """Delete a cache. Raises UpstreamError or NoApiKey."""
        await self.load()
        with self._translated("the cache"), _until(deadline):
            assert self._client is not None
            await self._client.aio.caches.delete(name=name)

    @asynccontextmanager
    async def sdk(self, what: str, deadline: float) -> AsyncIterator["Client"]:
        """The SDK's client, for a request whose translation has a module of its own. Errors inside come as ours; what
        a request costs that the deadline ends is not known. Raises UpstreamError or NoApiKey."""
        await self.load()
        with self._translated(what), _until(deadline, used=None):
            assert self._client is not None
            yield self._client

    async def fetch(self, path: str, what: str, deadline: float) -> "Response":
        """A GET beneath the endpoint, for what the SDK gives back without all that Gemini said. Raises as ``sdk``."""
        from google.genai.errors import APIError

        async with self.sdk(what, deadline):
            assert self._http is not None
            response = await self._http.get(f"{self.endpoint}/{path}", headers={"x-goog-api-key": self._key})
            if response.status_code != 200:
                raise APIError(response.status_code, _json_of(response), response)
            return response

    @property
    def trusts_simulated(self) -> bool:
        """Whether an upstream that calls itself simulated is believed."""
        return self._loopback

    def _ours(self, error: Exception, what: str) -> AgentError:
        from gemini_mcp.gemini.upstream_errors import translate

        return translate(error, what, self._key, trust_simulated=self._loopback, free_tier=self._free_tier)

    @contextmanager
    def _translated(self, what: str = "the Files API") -> Iterator[None]:
        try:
            yield
        except AgentError:
            raise
        except Exception as error:
            raise self._ours(error, what) from None

    async def aclose(self) -> None:
        """Close the connections. The SDK leaves a client that it was given to its giver."""
        if self._http is not None:
            await self._http.aclose()


@contextmanager
def _until(deadline: float, used: TokenUsage | None = NOTHING_USED) -> Iterator[None]:
    """``used``: what is billed should the deadline pass, None when that is not known."""
    try:
        with anyio.fail_after(deadline - time.monotonic()):
            yield
    except TimeoutError:
        raise _late(used) from None


def _json_of(response: "Response") -> Any:
    try:
        return response.json()
    except ValueError:
        return {}


@contextmanager
def _noting_headers() -> Iterator[Mapping[str, str]]:
    """Those of the response that is read meanwhile, in lower case."""
    noted: dict[str, str] = {}
    token = _HEADERS.set(noted)
    try:
        yield noted
    finally:
        _HEADERS.reset(token)


async def _note_headers(response: "Response") -> None:
    noted = _HEADERS.get()
    if noted is not None:
        noted |= {name.lower(): value for name, value in response.headers.items()}


def _state(file: "File") -> str:
    return str(getattr(file.state, "value", file.state or ""))


def _late(usage: TokenUsage | None) -> DeadlineExceeded:
    fix = "Raise GEMINI_AGENTS_DEADLINE_S, or make the task smaller."
    return DeadlineExceeded("the deadline passed before Gemini answered", fix, usage=usage)


def _new_http() -> "AsyncClient":
    """In a thread: reading the certificate store takes some 20 ms."""
    from gemini_mcp.gemini.transport import new_client

    client = new_client()
    client.event_hooks = {"response": [_note_headers]}
    return client


def _new_client(key: str, base_url: str, api_version: str | None, http: "AsyncClient") -> "Client":
    """A client that takes nothing from the environment: a checked-out project could set a base URL to collect keys."""
    from google.genai import Client, types
    from google.genai.client import DebugConfig

    from gemini_mcp.gemini.transport import refusing_client

    options = types.HttpOptions(
        base_url=base_url,
        api_version=api_version or "v1",
        retry_options=types.HttpRetryOptions(attempts=1),
        httpx_async_client=http,
        httpx_client=refusing_client(),
    )
    return Client(vertexai=False, api_key=key, http_options=options, debug_config=DebugConfig(client_mode=""))


def _import_and_warm() -> None:
    """The import, and the 75 ms that the SDK's first request costs beyond it."""
    import asyncio

    import httpx2

    from gemini_mcp.gemini import upstream_errors, wire  # noqa: F401
    from gemini_mcp.gemini.transport import new_client

    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, json={"candidates": [{"content": {"parts": [{"text": "warm"}]}}]})

    async def one_request() -> None:
        gateway = Gateway("unused", "https://warm.invalid", None)
        gateway._http = new_client(httpx2.MockTransport(answer))
        gateway._client = _new_client("unused", "https://warm.invalid", None, gateway._http)
        await gateway._send(_WARMING)
        await gateway.aclose()

    asyncio.run(one_request())
