"""Creating a batch at Gemini, where it may remain unknown whether it was."""

import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from gemini_mcp.domain.batching import BatchRequest, UpstreamBatch, poll_interval
from gemini_mcp.domain.errors import (
    AgentError,
    DeadlineExceeded,
    KeyRejected,
    NoApiKey,
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


class KeyMissing(KeyRejected):
    """There was no key to ask with, so nothing was sent."""

    code = NoApiKey.code


class BatchApi(Protocol):
    """Batches at Gemini. ``deadline`` is on the monotonic clock, in seconds."""

    async def create(self, display_name: str, requests: Sequence[BatchRequest], deadline: float) -> str: ...

    async def find(self, display_name: str, deadline: float) -> str | None: ...

    async def get(self, name: str, deadline: float) -> UpstreamBatch: ...

    async def cancel(self, name: str, deadline: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Creation:
    """``interval``: seconds between two looks at a batch, by its age; ``clock`` gives Unix time;
    ``under_way``: what this process is creating at this moment."""

    api: BatchApi
    table: Batches
    interval: Callable[[float], float] = poll_interval
    clock: Callable[[], float] = time.time
    under_way: set[str] = field(default_factory=set)

    async def create(self, begun: Round) -> str | UpstreamError | None:
        """Create it at Gemini: its name there; None where it may have been created, which is found out later; an
        error when it certainly was not."""
        self.under_way.add(begun.batch_id)
        try:
            return await self._created(begun)
        finally:
            self.under_way.discard(begun.batch_id)

    async def _created(self, begun: Round) -> str | UpstreamError | None:
        try:
            name = await self.api.create(begun.batch_id, begun.requests, soon())
        except NoApiKey as error:
            return KeyMissing(error.message, error.fix)
        except UpstreamError as error:
            if _not_created(error):
                return error
            self.table.failing(begun.batch_id, self.clock() + GRACE_S, str(error))
            log.warning("batch_perhaps_created", batch=begun.batch_id, error=str(error))
            return None
        except Exception as error:
            self.table.failing(begun.batch_id, self.clock() + GRACE_S, f"{type(error).__name__}: {error}")
            raise
        except BaseException:
            self.table.release(begun.batch_id, self.clock() + GRACE_S)
            raise
        if not await self._noted(begun.batch_id, name):
            await self.abandon(name)  # while this process stood still, another created it
        return name

    async def _noted(self, batch_id: str, name: str) -> bool:
        """False: the row is another's by now. It is paid from now on, so a file that is busy changes nothing."""
        next_poll_at = self.clock() + self.interval(0.0)
        try:
            return await self.table.submitted(batch_id, name, next_poll_at)
        except sqlite3.Error as error:
            self.table.post_submitted(batch_id, name, next_poll_at)
            log.warning("batch_noted_later", batch=batch_id, name=name, error=str(error))
            return True

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
