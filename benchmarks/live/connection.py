"""The product as its users start it, on a home and a folder of material of its own."""

import os
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

import gemini_mcp
from benchmarks.live.reply import Reply, reply
from benchmarks.live.task import Task
from benchmarks.processes import product

MOST_S = 900
_KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")


def settings_of(environ: Mapping[str, str]) -> dict[str, str]:
    """The user's key and settings, without what belongs to their own work: folders, budgets, learning, trials."""
    own = ("_HOME", "_ROOTS", "_SESSION_BUDGET_USD", "_DAY_BUDGET_USD", "_LEARNING", "_TRIALS", "_CACHE_TTL_S")
    kept = {name: value for name, value in environ.items() if name.startswith("GEMINI_AGENTS_") or name in _KEYS}
    return {name: value for name, value in kept.items() if not name.endswith(own)}


class Asking:
    """Asks one model alone, once."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def __call__(self, task: Task, model: str) -> Reply:
        given = {**task.arguments, "tier": model, "fresh": True}
        result = await self._client.call_tool(task.tool, given)
        texts = [str(getattr(block, "text", "")) for block in result.content]
        return reply(model, texts, result.meta, is_error=bool(result.is_error))


@asynccontextmanager
async def connected(url: str, settings: Mapping[str, str], folder: Path, cap_usd: str) -> AsyncIterator[Asking]:
    """A server with files readable in ``folder/material``, and a budget of ``cap_usd``. ``url``: "" for Gemini's."""
    spec = product(url, folder / "home")
    env = {
        **spec.env,
        **settings,
        "GEMINI_AGENTS_ROOTS": str(folder / "material"),
        "GEMINI_AGENTS_SESSION_BUDGET_USD": cap_usd,
        "GEMINI_AGENTS_DAY_BUDGET_USD": "off",
        "GEMINI_AGENTS_LEARNING": "0",
        "GEMINI_AGENTS_TRIALS": "0",
        "GEMINI_AGENTS_LOG": "error",
        "PYTHONPATH": str(Path(gemini_mcp.__file__).parents[1]),
    }
    parameters = StdioServerParameters(command=spec.argv[0], args=list(spec.argv[1:]), env=env, cwd=folder / "material")
    async with Client(stdio_client(parameters), mode="auto", read_timeout_seconds=MOST_S) as client:
        yield Asking(client)


def write_material(folder: Path, tasks: Iterable[Task]) -> None:
    """Every file that the tasks name."""
    os.makedirs(folder, exist_ok=True)
    for task in tasks:
        for name, content in task.files.items():
            (folder / name).write_bytes(content)
