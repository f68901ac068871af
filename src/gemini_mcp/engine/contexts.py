"""Explicit context caches around ``generate``: material that is asked about again is kept at Gemini while it pays.

The first question is only noted. From the second on a cache is made when that is cheaper by what is to be expected
(``domain/context_caching.py``), the question is asked of it, and while questions keep coming its short life is
extended. Whatever goes wrong with a cache, the question is asked plainly: nobody but the log hears of it.
"""

import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Final, Protocol

import anyio
import structlog

from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.context_caching import (
    TTL_S,
    Context,
    context_key,
    creation_pays,
    extension_pays,
    further_questions,
    takes_context,
    without_stable,
)
from gemini_mcp.domain.errors import AgentError, KeyRejected, ModelNotFound, RequestRejected
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.engine.context_costs import ContextCosts
from gemini_mcp.engine.context_rows import ContextRows, Standing
from gemini_mcp.engine.ports import Call, Generate

DELETE_S: Final = 5.0
"""What deleting may hold up a server that stops: what is left expires by itself."""

CREATE_S, EXTEND_S = 20.0, 5.0
"""What making a cache, or extending its life, may hold up the question that it is to make cheaper; or half its time."""

_MOST_REFUSED: Final = 1_000
log = structlog.get_logger()


class ContextCaches(Protocol):
    """Gemini's explicit caches. All raise AgentError; deadlines are on the monotonic clock."""

    async def create_context(self, request: ModelRequest, ttl_s: int, deadline: float) -> Context: ...

    async def extend_context(self, name: str, expires_at: float, deadline: float) -> Context: ...

    async def delete_context(self, name: str, deadline: float) -> None: ...


class Contexts:
    """The caches of this process: made, asked, extended, and deleted when it stops."""

    def __init__(
        self,
        rows: ContextRows,
        caches: ContextCaches,
        costs: ContextCosts,
        catalogue: Catalogue,
        utc_today: Callable[[], date],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._rows, self._caches, self._costs = rows, caches, costs
        self._catalogue, self._utc_today, self._now = catalogue, utc_today, now
        self._refused: dict[str, float] = {}
        self._implicit_percent: dict[str, int] = {}

    def around(self, generate: Generate) -> Generate:
        """The same callable, asked of an explicit cache where there is one or one pays."""

        async def contextual_generate(request: ModelRequest, call: Call) -> ModelAnswer:
            model = self._catalogue.find(request.model)
            if request.stable is None or model is None or not takes_context(model, request):
                return await generate(request, call)
            key = context_key(call.caller.principal, request.model, request.stable)
            standing = await self._standing(key, request, call)
            name = await self._context(key, standing, request, call) if standing else None
            if name is None:
                answer = await generate(request, call)
                self._note_implicit(request, standing, answer)
                return answer
            return await self._asked_of(name, key, request, call, generate)

        return contextual_generate

    async def recover(self) -> None:
        """Delete what dead processes left behind. To be run beside whatever else starts."""
        try:
            names = await self._rows.take_dead(self._now())
        except sqlite3.Error as error:
            log.warning("contexts_not_recovered", error=str(error))
            return
        await self._delete(names)

    async def aclose(self) -> None:
        """Delete the caches of this process."""
        with anyio.CancelScope(shield=True):
            try:
                names = await self._rows.take_own(self._now())
            except sqlite3.Error as error:
                log.warning("contexts_not_deleted", error=str(error))
                return
            await self._delete(names)

    async def _standing(self, key: str, request: ModelRequest, call: Call) -> Standing | None:
        try:
            return await self._rows.ask(key, call.caller.principal, request.model, self._now())
        except sqlite3.Error as error:
            log.warning("context_not_noted", error=str(error))
            return None

    async def _context(self, key: str, standing: Standing, request: ModelRequest, call: Call) -> str | None:
        """The name of the cache to ask, made now where that pays; None: ask plainly."""
        try:
            if standing.name:
                await self._extend(key, standing, request, call)
                return standing.name
            if standing.claimed or not self._creation_pays(key, standing, request):
                return None
            claimed = await self._rows.claim(key, self._now())
            return await self._made(key, request, call) if claimed else None
        except sqlite3.Error as error:
            log.warning("context_not_noted", error=str(error))
            return None

    def _creation_pays(self, key: str, standing: Standing, request: ModelRequest) -> bool:
        rates = self._catalogue.rates(request.model, self._utc_today())
        if rates is None or request.stable is None or self._refused.get(key, 0.0) > self._now():
            return False
        further = further_questions(standing.asked, standing.gap_s)
        given = self._implicit_percent.get(request.model, 0)
        return creation_pays(rates, request.stable.tokens, further, given)

    async def _made(self, key: str, request: ModelRequest, call: Call) -> str | None:
        """Make the cache that was claimed. None, and the claim given up, when money or Gemini do not allow it."""
        name = None
        try:
            spending = await self._costs.reserve_creation(request, call)
            if spending is None:
                return None
            with spending:
                await call.progress("keeping the material at Gemini for further questions")
                context = await self._caches.create_context(request, TTL_S, _soon(call, CREATE_S))
                spending.made(context)
            name = context.name
            self._rows.keep(key, name, context.tokens or spending.tokens, context.expires_at)
        except AgentError as error:
            self._refuse(key)
            log.warning("context_not_made", model=request.model, error=str(error))
        finally:
            if name is None:
                self._rows.release(key)
        return name

    async def _asked_of(
        self, name: str, key: str, request: ModelRequest, call: Call, generate: Generate
    ) -> ModelAnswer:
        assert request.stable is not None
        rest = without_stable(request.prompt, request.stable)
        cached = replace(request, prompt=rest, attachments=(), cached_content=name)
        try:
            answer = await generate(cached, call)
        except (KeyRejected, ModelNotFound, RequestRejected) as error:
            self._rows.forget(key, name)
            log.warning("context_vanished", model=request.model, error=str(error))
            if call.attempts and call.attempts[-1].verdict == "failed":
                call.attempts[-1].verdict = "retried"
            return await generate(request, call)
        self._costs.credit(call.attempts[-1])  # no await before this: the ledger writes the row at the next turn
        return answer

    async def _extend(self, key: str, standing: Standing, request: ModelRequest, call: Call) -> None:
        rates = self._catalogue.rates(request.model, self._utc_today())
        left_s = standing.expires_at - self._now()
        if rates is None or not extension_pays(rates, standing.tokens, standing.gap_s, left_s):
            return
        until = standing.expires_at + TTL_S
        if not await self._rows.extend(key, standing.name, standing.expires_at, until):
            return  # another call did
        known = False
        try:
            spending = await self._costs.reserve_storage(request, call, standing.tokens)
            if spending is None:
                return
            with spending:
                context = await self._caches.extend_context(standing.name, until, _soon(call, EXTEND_S))
                spending.extended(context)
            known = True
        except AgentError as error:
            log.warning("context_not_extended", model=request.model, error=str(error))
        finally:
            if not known:
                self._rows.shorten(key, standing.name, until, standing.expires_at)

    def _note_implicit(self, request: ModelRequest, standing: Standing | None, answer: ModelAnswer) -> None:
        """How much of material asked about again Gemini's own cache gave the cached price: the mean, by halves."""
        if standing is None or standing.asked < 2 or request.stable is None or answer.usage is None:
            return
        seen = min(100, 100 * answer.usage.cached_tokens // request.stable.tokens)
        self._implicit_percent[request.model] = (self._implicit_percent.get(request.model, 0) + seen) // 2

    def _refuse(self, key: str) -> None:
        """Not to be tried again for a while."""
        if len(self._refused) >= _MOST_REFUSED:
            self._refused.clear()
        self._refused[key] = self._now() + TTL_S

    async def _delete(self, names: list[str]) -> None:
        deadline = time.monotonic() + DELETE_S
        for name in names:
            try:
                await self._caches.delete_context(name, deadline)
            except AgentError as error:
                log.warning("context_not_deleted", name=name, error=str(error))


def _soon(call: Call, seconds: float) -> float:
    """A deadline for what only helps."""
    now = time.monotonic()
    return now + min(seconds, (call.deadline - now) / 2)
