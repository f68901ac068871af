"""Figure 21: ten thousand calls in one server, and whether its memory grows."""

import asyncio
import os
import resource
import time
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from mcp import Client, StdioServerParameters
from mcp.client.stdio import get_default_environment, stdio_client
from mcp.client.streamable_http import streamable_http_client

from benchmarks.figures import Effort, Figure
from benchmarks.processes import ServerSpec, fast_upstream, product, temporary_home

CALLS = 10_000
AT_ONCE = 16
LOOKS = 10
MOST_MB = 10.0
MB = 1_000_000


def measure_soak(effort: Effort) -> list[Figure]:
    """Figure 21, for each transport."""
    calls = effort.of(CALLS, 1_000)
    figures = []
    for transport in ("stdio", "http"):
        with fast_upstream() as url, temporary_home() as home:
            home.parent.mkdir(exist_ok=True)
            spec = product(url, home)
            figures.append(_figure(transport, calls, asyncio.run(_soaked(spec, transport, calls))))
    return figures


async def _soaked(spec: ServerSpec, transport: str, calls: int) -> list[float]:
    """MB resident, at so many looks; the first after a tenth of the calls, by when all is loaded and pooled."""
    opened = _over_stdio(spec) if transport == "stdio" else _over_http(spec)
    async with opened as (client, pid):
        looks: list[float] = []
        for look in range(LOOKS):
            await _ask(client, range(look * calls // LOOKS, (look + 1) * calls // LOOKS))
            looks.append(_resident(pid) / MB)
        return looks


async def _ask(client: Client, numbers: range) -> None:
    left = iter(numbers)

    async def work() -> None:
        for number in left:
            result = await client.call_tool("delegate_task", {"task": f"What is 2+2? ({number})"})
            if result.is_error:
                raise RuntimeError(str(result.content))

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


@asynccontextmanager
async def _over_stdio(spec: ServerSpec) -> AsyncIterator[tuple[Client, int]]:
    parameters = StdioServerParameters(command=spec.argv[0], args=list(spec.argv[1:]), env=spec.env)
    before = _children()
    async with Client(stdio_client(parameters), mode="legacy", read_timeout_seconds=60) as client:
        (pid,) = _children() - before
        yield client, pid


@asynccontextmanager
async def _over_http(spec: ServerSpec) -> AsyncIterator[tuple[Client, int]]:
    port = 18_700 + os.getpid() % 1_000
    environment = get_default_environment() | spec.env
    argv = [*spec.argv, "serve", "--http", "--port", str(port)]
    process = await asyncio.create_subprocess_exec(*argv, env=environment, stdout=asyncio.subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}/mcp"
        await asyncio.to_thread(_wait_for, url)
        async with Client(streamable_http_client(url), mode="legacy", read_timeout_seconds=60) as client:
            yield client, process.pid
    finally:
        process.kill()
        await process.wait()


def _wait_for(url: str) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"{url} does not answer")


def _children() -> set[int]:
    return {int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def _resident(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()


def _figure(transport: str, calls: int, looks: list[float]) -> Figure:
    grown = max(looks[1:]) - looks[0]
    return Figure(
        "21",
        f"{calls:,} calls over {transport}: RSS at its highest, over that after the first tenth, MB",
        f"{grown:+.1f}",
        f"{looks[0]:.1f} after the first tenth",
        f"{max(looks[1:]) / looks[0]:.3f}",
        f"at most +{MOST_MB:.0f}",
        grown <= MOST_MB,
        f"{AT_ONCE} at a time, all different; at each tenth: {', '.join(f'{look:.1f}' for look in looks)}",
    )
