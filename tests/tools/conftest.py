"""The tools on the parts that a server gives them: real ledger, real cache, real SDK, the stand-in upstream."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gemini_mcp.config import load_settings
from gemini_mcp.engine.ports import Caller, silent
from gemini_mcp.gemini.catalog import load_catalogue
from gemini_mcp.server.composition import opened
from gemini_mcp.simulator.server import running
from gemini_mcp.simulator.simulator import Simulator
from gemini_mcp.tools.arguments import DelegateTask
from gemini_mcp.tools.delegate_task import delegate_task
from gemini_mcp.tools.services import Delivered, Services

ME, YOU = Caller("me", "s1"), Caller("you", "s2")
LITE, FLASH, PRO = "gemini-3.5-flash-lite", "gemini-3.8-flash", "gemini-4-argon"


@dataclass
class Office:
    """Services over a stand-in at list prices, and the project that files are read from."""

    services: Services
    simulator: Simulator
    project: Path
    home: Path

    async def delegate(self, task: str = "What is 6 * 7?", caller: Caller = ME, **arguments: Any) -> Delivered:
        return await delegate_task(DelegateTask(task=task, **arguments), caller, silent, self.services)

    @property
    def asked(self) -> list[str | None]:
        """The models of the requests that the stand-in saw, in order."""
        return [entry.model for entry in self.simulator.log.entries()]

    @property
    def billed_nano(self) -> int:
        nano: int = self.simulator.bill.as_json()["nano_usd"]
        return nano


Open = Callable[..., Awaitable[Office]]


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Open]:
    """Opens an office whose stand-in has these faults. It lives in a task of its own, as its task groups must."""
    over = asyncio.Event()
    holders: list[asyncio.Task[None]] = []

    async def hold(faults: tuple[dict[str, Any], ...], environ: dict[str, str], ready: asyncio.Future[Office]) -> None:
        catalogue = load_catalogue(None)
        simulator = Simulator(
            prices="list",
            price=lambda model, usage, tier: catalogue.cost(model, usage, datetime.now(UTC).date(), tier),
            faults=faults,
            log_body_bytes=100_000,
        )
        project, home = tmp_path / "project", tmp_path / "home"
        project.mkdir(exist_ok=True)
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(running(simulator))
            settings = load_settings(
                {
                    "GEMINI_API_KEY": "any-key",
                    "GEMINI_AGENTS_BASE_URL": url,
                    "GEMINI_AGENTS_HOME": str(home),
                    "GEMINI_AGENTS_ROOTS": str(project),
                }
                | environ
            )
            engine = await stack.enter_async_context(opened(settings))
            ready.set_result(Office(engine.services, simulator, project, home))
            await over.wait()

    async def _open(*faults: dict[str, Any], **environ: str) -> Office:
        ready: asyncio.Future[Office] = asyncio.get_running_loop().create_future()

        def tell(holder: asyncio.Task[None]) -> None:
            """What keeps an office from opening is its opener's to hear."""
            if not ready.done():
                ready.set_exception(holder.exception() or AssertionError("it closed before it opened"))

        holder = asyncio.create_task(hold(faults, environ, ready))
        holder.add_done_callback(tell)
        made = await ready
        holders.append(holder)
        return made

    yield _open
    over.set()
    await asyncio.gather(*holders)
