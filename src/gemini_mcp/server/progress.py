"""Progress to the client: at every step, and at least every 10 seconds so that no idle limit strikes."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import anyio
from mcp.server.context import ServerRequestContext

from gemini_mcp.engine.ports import Progress, silent

HEARTBEAT_S = 8.0


class _Reporter:
    """Counts up, as the protocol demands, and repeats the last message while nothing new happens."""

    def __init__(self, context: ServerRequestContext[Any, Any]) -> None:
        self._session = context.session
        self._count = 0
        self._last = "working"
        self._started = self._told = time.monotonic()

    async def __call__(self, message: str) -> None:
        self._last = message
        await self._send(message)

    async def beat(self) -> None:
        while True:
            quiet = time.monotonic() - self._told
            if quiet >= HEARTBEAT_S:
                await self._send(f"{self._last} ({time.monotonic() - self._started:.0f} s)")
                quiet = 0.0
            await anyio.sleep(HEARTBEAT_S - quiet)

    async def _send(self, message: str) -> None:
        self._told = time.monotonic()
        self._count += 1
        with suppress(
            anyio.ClosedResourceError, anyio.BrokenResourceError
        ):  # the client has gone; a cancellation follows
            await self._session.report_progress(self._count, None, message)


@asynccontextmanager
async def progress_for(context: ServerRequestContext[Any, Any]) -> AsyncIterator[Progress]:
    """A Progress for one request; silent, and free of charge, where the client asked for none."""
    meta = (context.params or {}).get("_meta") or {}
    if "progressToken" not in meta:
        yield silent
        return
    reporter = _Reporter(context)
    failure: Exception | None = None
    async with anyio.create_task_group() as group:
        group.start_soon(reporter.beat)
        try:
            yield reporter
        except Exception as error:  # carried out of the group, which would wrap it
            failure = error
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure
