"""One generateContent through google-genai: one attempt, one deadline, our errors.

The SDK takes half a second and 50 MB to import, so it is imported in a thread when the server has nothing
better to do, and warmed by one request that never leaves the process.
"""

import io
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from gemini_mcp.domain.errors import NOTHING_USED, AgentError, DeadlineExceeded, NoApiKey, UpstreamMisbehaved
from gemini_mcp.domain.material import Media
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest, Uploaded
from gemini_mcp.domain.usage import TokenUsage

if TYPE_CHECKING:
    from google.genai import Client
    from google.genai.types import File
    from httpx2 import AsyncClient

DEFAULT_BASE_URL = "https://generativelanguage.googleapis.com"
LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
PROCESSING_POLL_S = 1.0
_WARMING = ModelRequest("gemini-3.5-flash-lite", "warm", "warm", 1, 1, thinking_level="LOW", json_mode=True)


class Gateway:
    """``generate`` sends one request. Make it anywhere; the SDK is loaded by ``load`` or the first call."""

    def __init__(self, api_key: str | None, base_url: str | None, api_version: str | None) -> None:
        self._key = api_key or ""
        self._base_url = base_url or DEFAULT_BASE_URL
        self._api_version = api_version
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
        from gemini_mcp.gemini.upstream_errors import translate
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
            raise translate(error, request.model, self._key, trust_simulated=self._loopback) from None
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

    @contextmanager
    def _translated(self) -> Iterator[None]:
        from gemini_mcp.gemini.upstream_errors import translate

        try:
            yield
        except AgentError:
            raise
        except Exception as error:
            raise translate(error, "the Files API", self._key, trust_simulated=self._loopback) from None

    async def aclose(self) -> None:
        """Close the connections. The SDK leaves a client that it was given to its giver."""
        if self._http is not None:
            await self._http.aclose()


@contextmanager
def _until(deadline: float) -> Iterator[None]:
    try:
        with anyio.fail_after(deadline - time.monotonic()):
            yield
    except TimeoutError:
        raise _late(NOTHING_USED) from None


def _state(file: "File") -> str:
    return str(getattr(file.state, "value", file.state or ""))


def _late(usage: TokenUsage | None) -> DeadlineExceeded:
    fix = "Raise GEMINI_AGENTS_DEADLINE_S, or make the task smaller."
    return DeadlineExceeded("the deadline passed before Gemini answered", fix, usage=usage)


def _new_http() -> "AsyncClient":
    """In a thread: reading the certificate store takes some 20 ms."""
    from gemini_mcp.gemini.transport import new_client

    return new_client()


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
