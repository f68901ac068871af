"""The money of explicit caches: making and extending one is an attempt of the call, reserved before and settled once.

Beside the cache's own worst case the question's is held too until the cache is there, so that a cache never takes the
money that its question needs. Money in nano-USD.
"""

import time
from collections.abc import Callable
from datetime import date
from types import TracebackType

import anyio

from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.context_caching import TTL_S, Context, storage_nano
from gemini_mcp.domain.errors import DeadlineExceeded, UpstreamError
from gemini_mcp.domain.ids import attempt_id
from gemini_mcp.domain.messages import ModelRequest
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.ledger import Ledger
from gemini_mcp.engine.ports import Attempt, Call, Verdict
from gemini_mcp.engine.pricing import price_book
from gemini_mcp.engine.reserving import begun

NOTHING = TokenUsage()


class ContextCosts:
    """Reserves, by the catalogue's prices of the day."""

    def __init__(self, ledger: Ledger, catalogue: Catalogue, utc_today: Callable[[], date]) -> None:
        self._ledger, self._catalogue, self._utc_today = ledger, catalogue, utc_today

    async def reserve_creation(self, request: ModelRequest, call: Call) -> "Spending | None":
        """None when it does not fit beside the question, or a price is not known. Raises sqlite3.Error."""
        assert request.stable is not None
        tokens = request.stable.tokens
        making = self._catalogue.worst_case(request.model, tokens, 0, self._utc_today())
        keeping = self.storage(request.model, tokens)
        if making is None or keeping is None:
            return None
        return await self._reserve(request, call, tokens, making + keeping)

    async def reserve_storage(self, request: ModelRequest, call: Call, tokens: int) -> "Spending | None":
        """The same for ``TTL_S`` more."""
        keeping = self.storage(request.model, tokens)
        return None if keeping is None else await self._reserve(request, call, tokens, keeping)

    def creation(self, model: str, tokens: int) -> int | None:
        """What a cache of so many tokens costs, its first ``TTL_S`` of storage with it."""
        making = self._catalogue.cost(model, TokenUsage(input_tokens=tokens), self._utc_today())
        keeping = self.storage(model, tokens)
        return None if making is None or keeping is None else making + keeping

    def storage(self, model: str, tokens: int) -> int | None:
        return storage_nano(self._catalogue.rates(model, self._utc_today()), tokens, TTL_S)

    def credit(self, attempt: Attempt) -> None:
        """Note what an answered attempt saved on tokens that lay in a cache."""
        usage, cost = attempt.usage, attempt.cost_nano
        if usage is None or not cost:
            return
        fresh = TokenUsage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            thinking_tokens=usage.thinking_tokens,
            tool_use_tokens=usage.tool_use_tokens,
            audio_tokens=usage.audio_tokens,
            search_queries=usage.search_queries,
        )
        served = attempt.model_served or attempt.model
        plain = self._catalogue.cost(served, fresh, self._utc_today(), attempt.service_tier)
        attempt.context_nano = max(0, (plain or 0) - cost)

    async def _reserve(self, request: ModelRequest, call: Call, tokens: int, most_nano: int) -> "Spending | None":
        asking = self._catalogue.worst_case(
            request.model, request.estimated_input_tokens, request.max_output_tokens, self._utc_today()
        )
        if asking is None:
            return None
        whole = most_nano + asking
        if call.max_cost_nano is not None and whole > call.max_cost_nano - call.committed_nano:
            return None
        attempt = Attempt(attempt_id(), request.model, call.tier, whole, time.time(), keeps=True)
        spending = Spending(self, self._ledger, call, attempt, tokens, most_nano)
        return spending if await begun(self._ledger, call, attempt) is None else None


class Spending:
    """One attempt, settled once: by ``made`` or ``extended``, else by what the block raises. Of what Gemini did not
    say the most is assumed. ``tokens``: those that were reserved for."""

    def __init__(
        self, costs: ContextCosts, ledger: Ledger, call: Call, attempt: Attempt, tokens: int, most_nano: int
    ) -> None:
        self._costs, self._ledger, self._call, self._attempt = costs, ledger, call, attempt
        self.tokens, self._most = tokens, most_nano
        self._started = time.monotonic()

    def __enter__(self) -> "Spending":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._attempt.under_way:
            return
        if isinstance(error, UpstreamError):
            self._attempt.simulated = price_book(error.simulated)
            late = isinstance(error, DeadlineExceeded)
            cost = 0 if error.usage is not None else self._most
            self.settle(error.usage, cost, "timed_out" if late else "failed", f"{error.code}: {error.message}"[:300])
        elif isinstance(error, anyio.get_cancelled_exc_class()):
            self.settle(None, self._most, "cancelled", "the caller went away")
        else:
            self.settle(None, self._most, "failed", type(error).__name__)

    def made(self, context: Context) -> None:
        """The cache was made, to live ``TTL_S``."""
        self._attempt.simulated = context.simulated
        told = f"kept the material for {TTL_S} s at Gemini, since it is asked about again"
        if context.tokens is None:
            self.settle(None, self._most, "unknown", told)
            return
        cost = self._costs.creation(self._attempt.model, context.tokens)
        self.settle(TokenUsage(input_tokens=context.tokens), self._most if cost is None else cost, "accepted", told)

    def extended(self, context: Context) -> None:
        """The cache is to live ``TTL_S`` longer."""
        self._attempt.simulated = context.simulated
        told = f"kept the material at Gemini for {TTL_S} s longer, since it is still asked about"
        cost = self._costs.storage(self._attempt.model, self.tokens)
        self.settle(NOTHING, self._most if cost is None else cost, "accepted", told)

    def settle(self, usage: TokenUsage | None, cost_nano: int, verdict: Verdict, reason: str) -> None:
        attempt = self._attempt
        cost = 0 if attempt.simulated == "zero" else cost_nano
        attempt.usage, attempt.cost_nano, attempt.context_nano = usage, cost, -cost
        attempt.model_served, attempt.verdict, attempt.reason = attempt.model, verdict, reason
        attempt.ms = int((time.monotonic() - self._started) * 1000)
        attempt.under_way = False
        self._ledger.settle(attempt)
        self._call.came_back()
