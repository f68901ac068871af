"""A connection to gemini-agents for the examples: on Gemini when GEMINI_API_KEY is set, else on the stand-in."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult, TextContent

HERE = Path(__file__).resolve().parent


@asynccontextmanager
async def connected(*roots: Path) -> AsyncIterator[Client]:
    """A client whose server may read the files in these folders, or in this one."""
    environment = {**os.environ, "GEMINI_AGENTS_ROOTS": os.pathsep.join(str(root) for root in roots or (HERE,))}
    with _upstream(environment):
        server = StdioServerParameters(command=sys.executable, args=["-m", "gemini_mcp"], env=environment)
        async with Client(stdio_client(server)) as client:
            yield client


@contextmanager
def _upstream(environment: dict[str, str]) -> Iterator[None]:
    if environment.get("GEMINI_API_KEY"):
        yield
        return
    print("No GEMINI_API_KEY: these answers are SIMULATED.\n")
    command = [sys.executable, "-m", "gemini_mcp", "simulate", "--faults", str(HERE / "faults.json")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as stand_in:
        assert stand_in.stdout is not None
        environment.update(GEMINI_API_KEY="not-a-key", GEMINI_AGENTS_BASE_URL=stand_in.stdout.readline().strip())
        try:
            yield
        finally:
            stand_in.terminate()


async def delegate(client: Client, task: str, **arguments: Any) -> CallToolResult:
    """Call delegate_task; exits with the error's text if it is one."""
    return await call(client, "delegate_task", task=task, **arguments)


async def call(client: Client, tool: str, **arguments: Any) -> CallToolResult:
    """Call a tool and tell its progress; exits with the error's text if it is one."""

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        print(f"… {message}")

    result = await client.call_tool(tool, arguments, progress_callback=tell)
    if result.is_error:
        sys.exit(texts(result)[0])
    return result


def texts(result: CallToolResult) -> list[str]:
    """The result's text blocks: the answer first, the receipt's line last."""
    return [block.text for block in result.content if isinstance(block, TextContent)]


def result_id(result: CallToolResult) -> str:
    return str((result.meta or {})["gemini-agents/receipt"]["result_id"])
