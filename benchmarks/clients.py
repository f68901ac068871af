"""mcp's own client over stdio, for the figures that time calls."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from benchmarks.processes import ServerSpec

_fresh = count()


class Caller:
    """One connection to one server. Every call is checked to be an answer."""

    def __init__(self, client: Client, spec: ServerSpec) -> None:
        self._client, self._spec = client, spec

    async def call(self, task: str) -> float:
        """Seconds it took."""
        began = time.perf_counter()
        result = await self._client.call_tool(self._spec.tool, {"task": task})
        took = time.perf_counter() - began
        if result.is_error:
            raise RuntimeError(f"{self._spec.name}: {result.content}")
        return took

    async def misses(self, calls: int) -> list[float]:
        """One after another, each with a task never asked before."""
        return [await self.call(f"What is 2+2? ({next(_fresh)})") for _ in range(calls)]

    async def hits(self, calls: int) -> list[float]:
        """One after another, the same task."""
        return [await self.call("What is 2+2?") for _ in range(calls)]

    async def throughput(self, calls: int, at_once: int) -> float:
        """Calls a second with so many under way."""
        left = iter(range(calls))

        async def work() -> None:
            for _ in left:
                await self.call(f"What is 2+2? ({next(_fresh)})")

        began = time.perf_counter()
        await asyncio.gather(*(work() for _ in range(at_once)))
        return calls / (time.perf_counter() - began)


@asynccontextmanager
async def connected(spec: ServerSpec) -> AsyncIterator[Caller]:
    """A server that has answered calls before."""
    parameters = StdioServerParameters(command=spec.argv[0], args=list(spec.argv[1:]), env=spec.env)
    async with Client(stdio_client(parameters), mode="legacy", read_timeout_seconds=60) as client:
        await client.list_tools()
        caller = Caller(client, spec)
        await caller.hits(5)
        await caller.misses(100)
        await caller.throughput(256, 64)
        yield caller
