"""Opens the engine when it is first needed, and loads the SDK when the server has nothing better to do."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup

from gemini_mcp.config import Settings
from gemini_mcp.domain.errors import NoApiKey, StateUnavailable

if TYPE_CHECKING:
    from gemini_mcp.server.composition import Engine

IDLE_S = 1.0
AFTER_LIST_S = 0.05
"""Long enough for the answer of tools/list to leave before the import takes the processor."""

Opened = Callable[[Settings], AbstractAsyncContextManager["Engine"]]


class EngineHost:
    """One engine for one server. ``touch`` at every message, ``listed`` once tools/list was answered."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._wanted, self._settled, self._listed = anyio.Event(), anyio.Event(), anyio.Event()
        self._engine: Engine | None = None
        self._failure: StateUnavailable | None = None
        self._touched = time.monotonic()

    def touch(self) -> None:
        self._touched = time.monotonic()

    def listed(self) -> None:
        self._listed.set()

    async def engine(self) -> "Engine":
        """The open engine. Raises StateUnavailable."""
        if self._engine is None:
            self._wanted.set()
            await self._settled.wait()
        if self._engine is None:
            raise self._failure or StateUnavailable("the server is stopping", "Start it again.")
        return self._engine

    @asynccontextmanager
    async def running(self) -> AsyncIterator["EngineHost"]:
        """The host's life: on leaving, what the engine holds is closed."""
        async with anyio.create_task_group() as group:
            group.start_soon(self._hold)
            group.start_soon(self._warm, group)
            try:
                yield self
            finally:
                group.cancel_scope.cancel()

    async def _hold(self) -> None:
        await self._wanted.wait()
        try:
            opened = await anyio.to_thread.run_sync(_import_composition)
            async with opened(self._settings) as engine:
                self._engine = engine
                self._settled.set()
                await anyio.sleep_forever()
        except Exception as error:  # whatever it is, the client hears of it instead of waiting for ever
            where = f"Mend {self._settings.home} or point GEMINI_AGENTS_HOME elsewhere"
            fix = f"{where}, or correct the setting that is named; gemini-agents doctor tells more."
            self._failure = StateUnavailable(str(error) or type(error).__name__, fix)
        finally:
            self._engine = None
            self._settled.set()

    async def _warm(self, group: TaskGroup) -> None:
        """After the first tools/list or one idle second, whichever comes first."""
        with anyio.CancelScope() as waiting:
            group.start_soon(self._wake_when_idle, waiting)
            await self._listed.wait()
            await anyio.sleep(AFTER_LIST_S)
        try:
            engine = await self.engine()
        except StateUnavailable:
            return  # the first call will say so
        with suppress(NoApiKey):  # the first call will say that too
            await engine.gateway.load()

    async def _wake_when_idle(self, waiting: anyio.CancelScope) -> None:
        idle = 0.0
        while idle < IDLE_S:
            await anyio.sleep(IDLE_S - idle)
            idle = time.monotonic() - self._touched
        waiting.cancel()


def _import_composition() -> Opened:
    """The handshake does without the engine, so it is imported when it is opened, and off the event loop."""
    from gemini_mcp.server.composition import opened
    from gemini_mcp.server.surface import load_handlers

    load_handlers()
    return opened
