"""A stand-in served over real HTTP, and the real SDK pointed at it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import types

from gemini_mcp.simulator.server import running
from gemini_mcp.simulator.simulator import Simulator

FLASH = "gemini-3.8-flash"
HELLO = {"contents": [{"role": "user", "parts": [{"text": "hello"}]}]}


@dataclass(frozen=True)
class Stand:
    simulator: Simulator
    url: str
    http: httpx2.AsyncClient
    sdk: genai.Client

    async def ask(self, contents: Any = "hello", model: str = FLASH, **config: Any) -> types.GenerateContentResponse:
        settings = types.GenerateContentConfig(automatic_continuation=False, **config)
        return await self.sdk.aio.models.generate_content(model=model, contents=contents, config=settings)

    async def post(self, path: str, body: Any = None, **headers: str) -> httpx2.Response:
        return await self.http.post(path, json=HELLO if body is None else body, headers=headers)

    async def bill(self) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.http.get("/__bill")).json()
        return answer

    async def log(self, query: str = "") -> list[dict[str, Any]]:
        requests: list[dict[str, Any]] = (await self.http.get(f"/__log{query}")).json()["requests"]
        return requests


@asynccontextmanager
async def sdk_for(url: str, key: str = "any-key", version: str = "v1") -> AsyncIterator[genai.Client]:
    options = types.HttpOptions(
        base_url=url, api_version=version, timeout=10_000, async_client_args={"trust_env": False}
    )
    client = genai.Client(api_key=key, http_options=options)
    try:
        yield client
    finally:
        await client.aio.aclose()
        client.close()


Start = Callable[..., Awaitable[Stand]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a stand-in with the arguments of Simulator."""
    async with AsyncExitStack() as stack:

        async def _start(**arguments: Any) -> Stand:
            simulator = Simulator(**arguments)
            url = await stack.enter_async_context(running(simulator))
            headers = {"x-goog-api-key": "any-key"}
            http = httpx2.AsyncClient(base_url=url, headers=headers, trust_env=False, timeout=10)
            sdk = await stack.enter_async_context(sdk_for(url))
            return Stand(simulator, url, await stack.enter_async_context(http), sdk)

        yield _start


@pytest.fixture
async def stand(start: Start) -> Stand:
    return await start()
