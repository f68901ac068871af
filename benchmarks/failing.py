"""A Gemini that answers everything with 503, at once, and counts how often it was asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from benchmarks.upstream import Upstream

BODY = b'{"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}'
HEAD = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


@dataclass(slots=True)
class Asked:
    """Where it listens, and how many requests it has refused."""

    url: str = ""
    times: int = 0


@asynccontextmanager
async def failing() -> AsyncIterator[Asked]:
    """It serves on this event loop for as long as the context lasts."""
    asked = Asked()

    class Failing(Upstream):
        def _reply(self, path: str, size: int) -> None:
            asked.times += 1
            self._transport.write(HEAD % len(BODY) + BODY)

    server = await asyncio.get_running_loop().create_server(Failing, "127.0.0.1", 0)
    asked.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield asked
    finally:
        server.close()
