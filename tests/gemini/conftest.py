"""The real gateway over real HTTP: to the stand-in, and to servers that say whatever a test wants said."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.gemini.gateway import Gateway
from gemini_mcp.simulator.server import running
from gemini_mcp.simulator.simulator import Simulator

KEY = "AIzaSyCANARY-0123456789-0123456789-01234"
FLASH = "gemini-3.8-flash"
WAIT_S = 10


def a_request(prompt: str = "What is 6 * 7?", **changes: Any) -> ModelRequest:
    fields: dict[str, Any] = {
        "model": FLASH,
        "prompt": prompt,
        "system": "Be brief.",
        "max_output_tokens": 1_000,
        "estimated_input_tokens": 50,
    }
    return ModelRequest(**(fields | changes))


@dataclass
class Stand:
    """A gateway and the stand-in that it talks to."""

    simulator: Simulator
    gateway: Gateway

    async def ask(self, request: ModelRequest | None = None, seconds: float = WAIT_S) -> ModelAnswer:
        return await self.gateway.generate(request or a_request(), time.monotonic() + seconds)

    @property
    def requests(self) -> int:
        return len(self.simulator.log.entries())


Start = Callable[..., Awaitable[Stand]]


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Starts a stand-in with these faults, and a gateway to it."""
    async with AsyncExitStack() as stack:

        async def _start(*faults: dict[str, Any], key: str = KEY, **options: Any) -> Stand:
            simulator = Simulator(faults=faults, **options)
            gateway = Gateway(key, await stack.enter_async_context(running(simulator)), None)
            stack.push_async_callback(gateway.aclose)
            return Stand(simulator, gateway)

        yield _start


@dataclass
class Wire:
    """A server that answers everything with the same bytes; ``seen`` is what it was sent."""

    url: str
    seen: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def answering(*chunks: bytes) -> AsyncIterator[Wire]:
    wire = Wire("")
    serving: set[asyncio.Task[None] | None] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving.add(asyncio.current_task())
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            wire.seen.append(head)
            length = next(
                (int(x.split(b":")[1]) for x in head.lower().split(b"\r\n") if x.startswith(b"content-length")), 0
            )
            await reader.readexactly(length)
            for chunk in chunks:
                writer.write(chunk)
                await writer.drain()
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    wire.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield wire
    finally:
        server.close()
        for task in serving:
            if task is not None and not task.done():
                task.cancel()


def http(status: int, body: str | bytes = "{}", *headers: str) -> bytes:
    """A whole response."""
    content = body.encode() if isinstance(body, str) else body
    head = [f"HTTP/1.1 {status} X", "content-type: application/json", f"content-length: {len(content)}", *headers]
    return "\r\n".join([*head, "connection: close", "", ""]).encode() + content


async def told(*chunks: bytes, key: str = KEY) -> ModelAnswer:
    """What the gateway makes of such a response."""
    async with answering(*chunks) as wire:
        gateway = Gateway(key, wire.url, None)
        try:
            return await gateway.generate(a_request(), time.monotonic() + WAIT_S)
        finally:
            await gateway.aclose()
