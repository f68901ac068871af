"""Creating a batch at Gemini, where it may remain unknown whether it was."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog

from gemini_mcp.domain.batching import BatchRequest, UpstreamBatch, poll_interval
from gemini_mcp.domain.errors import (
    AgentError,
    DeadlineExceeded,
    UpstreamError,
    UpstreamUnavailable,
    UpstreamUnreachable,
)
from gemini_mcp.engine.batch_rounds import Round
from gemini_mcp.engine.batches import Batches

REQUEST_S = 60.0
GRACE_S = 120.0
"""How long a batch may take from its creation to being listed."""

log = structlog.get_logger()


class BatchApi(Protocol):
    """Batches at Gemini. ``deadline`` is on the monotonic clock, in seconds."""

    async def create(self, display_name: str, requests: Sequence[BatchRequest], deadline: float) -> str: ...

    async def find(self, display_name: str, deadline: float) -> str | None: ...

    async def get(self, name: str, deadline: float) -> UpstreamBatch: ...

    async def cancel(self, name: str, deadline: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Creation:
    """``interval``: seconds between two looks at a batch, by its age; ``clock`` gives Unix time."""

    api: BatchApi
    table: Batches
    interval: Callable[[float], float] = poll_interval
    clock: Callable[[], float] = time.time

    async def create(self, begun: Round) -> str | UpstreamError | None:
        """Create it at Gemini: its name there; None where it may have been created, which is found out later; an
        error when it certainly was not."""
        try:
            name = await self.api.create(begun.batch_id, begun.requests, soon())
        except UpstreamError as error:
            if _not_created(error):
                return error
            self.table.release(begun.batch_id, self.clock() + GRACE_S)
            log.warning("batch_perhaps_created", batch=begun.batch_id, error=str(error))
            return None
        except BaseException:
            self.table.release(begun.batch_id, self.clock() + GRACE_S)
            raise
        if not await self.table.submitted(begun.batch_id, name, self.clock() + self.interval(0.0)):
            await self.abandon(name)  # while this process stood still, another created it
        return name

    async def abandon(self, name: str | None) -> None:
        """Have Gemini leave it alone. What it did until then is settled when it is looked at."""
        try:
            if name is not None:
                await self.api.cancel(name, soon())
        except AgentError as error:
            log.warning("batch_not_cancelled", name=name, error=str(error))


def soon() -> float:
    """The deadline of one request about a batch."""
    return time.monotonic() + REQUEST_S


def _not_created(error: UpstreamError) -> bool:
    """Certain only when there was an answer that says so, or no connection at all."""
    if isinstance(error, UpstreamUnreachable):
        return True
    return error.usage is not None and not isinstance(error, UpstreamUnavailable | DeadlineExceeded)
