"""Money around the gateway: reserve the worst case, send, settle what was used. Rejected answers are counted too."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date

import anyio
import structlog

from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.errors import BudgetExceeded, DeadlineExceeded, UpstreamError
from gemini_mcp.domain.ids import attempt_id
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest, PriceBook
from gemini_mcp.domain.money import short_usd, usd_text
from gemini_mcp.domain.routing import SMALLEST_OUTPUT_TOKENS
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.ledger import Ledger
from gemini_mcp.engine.ports import Attempt, Call, Generate, Verdict

log = structlog.get_logger()
SEARCHES_RESERVED = 8
"""Queries that one grounded answer is reserved for; Gemini decides how many it makes."""


def metered(generate: Generate, ledger: Ledger, catalogue: Catalogue, utc_today: Callable[[], date]) -> Generate:
    """The same callable, with each attempt in the ledger. Raises BudgetExceeded before anything is sent."""

    async def metered_generate(request: ModelRequest, call: Call) -> ModelAnswer:
        today = utc_today()
        request, reserved = fit(request, call, catalogue, today)
        attempt = Attempt(attempt_id(), request.model, call.tier, reserved, time.time())
        meter = _Meter(attempt, call, ledger, catalogue, today)
        call.begin(attempt)
        try:
            await ledger.reserve(call, attempt)
        except anyio.get_cancelled_exc_class():
            meter.settle(TokenUsage(), "cancelled", "cancelled before it was sent")
            raise
        except BaseException:
            call.withdraw(attempt)
            raise
        try:
            answer = await generate(request, call)
        except UpstreamError as error:
            meter.failed(error)
            raise
        except BaseException as error:
            meter.settle(None, *_interrupted(error))
            raise
        meter.answered(answer)
        return answer

    return metered_generate


def fit(request: ModelRequest, call: Call, catalogue: Catalogue, today: date) -> tuple[ModelRequest, int | None]:
    """Shrink the output limit until the worst case fits under the call's cap, and price it in nano-USD."""
    worst = _worst(request, catalogue, today)
    if call.max_cost_nano is None:
        return request, worst
    left = call.max_cost_nano - call.committed_nano
    if worst is None:
        raise BudgetExceeded(
            f"the price of {request.model} is not known, so max_cost_usd cannot be kept",
            "Leave max_cost_usd out, or choose a model with a known price (gemini-agents models).",
        )
    if worst <= left:
        return request, worst
    return _shrunk(request, left, worst, catalogue, today, call.max_cost_nano)


def _shrunk(
    request: ModelRequest, left: int, worst: int, catalogue: Catalogue, today: date, cap: int
) -> tuple[ModelRequest, int | None]:
    smallest = replace(request, max_output_tokens=SMALLEST_OUTPUT_TOKENS)
    floor = _worst(smallest, catalogue, today) or 0
    if floor > left:
        raise BudgetExceeded(
            f"{short_usd(left)} of this call's max_cost_usd is left and {request.model} needs at least"
            f" {short_usd(floor)} (up to {short_usd(worst)} for the full answer)",
            f"Raise max_cost_usd to {usd_text(cap - left + worst)}, send less material, or choose a cheaper tier.",
        )
    per_token = (worst - floor) / max(1, request.max_output_tokens - SMALLEST_OUTPUT_TOKENS)
    room = SMALLEST_OUTPUT_TOKENS + int((left - floor) / per_token)
    fitted = replace(request, max_output_tokens=max(SMALLEST_OUTPUT_TOKENS, room - 1))
    return fitted, _worst(fitted, catalogue, today)


def _worst(request: ModelRequest, catalogue: Catalogue, today: date) -> int | None:
    searches = SEARCHES_RESERVED if request.web_search else 0
    return catalogue.worst_case(
        request.model, request.estimated_input_tokens, request.max_output_tokens, today, search_queries=searches
    )


def _interrupted(error: BaseException) -> tuple[Verdict, str]:
    if isinstance(error, anyio.get_cancelled_exc_class()):
        return "cancelled", "the caller went away"
    return "failed", type(error).__name__


class _Meter:
    """Settles one attempt, exactly once."""

    def __init__(self, attempt: Attempt, call: Call, ledger: Ledger, catalogue: Catalogue, today: date) -> None:
        self._attempt, self._call, self._ledger, self._catalogue, self._today = attempt, call, ledger, catalogue, today
        self._started = time.monotonic()

    def answered(self, answer: ModelAnswer) -> None:
        attempt = self._attempt
        attempt.model_served, attempt.service_tier = answer.model_served, answer.service_tier
        attempt.simulated = answer.simulated
        if answer.usage is None:
            self.settle(None, "unknown", "the response did not say what it used")
        else:
            self.settle(answer.usage, None, "")

    def failed(self, error: UpstreamError) -> None:
        self._attempt.model_served = error.model_served or ""
        self._attempt.simulated = "list" if error.simulated == "list" else "zero" if error.simulated else None
        verdict: Verdict = "timed_out" if isinstance(error, DeadlineExceeded) else "failed"
        self.settle(error.usage, verdict, f"{error.code}: {error.message}"[:300])

    def settle(self, usage: TokenUsage | None, verdict: Verdict | None, reason: str) -> None:
        """Usage that was never learned costs the reservation, so that the ledger is never below the bill."""
        attempt = self._attempt
        attempt.usage, attempt.verdict, attempt.reason = usage, verdict, reason
        attempt.ms = int((time.monotonic() - self._started) * 1000)
        attempt.cost_nano = attempt.reserved_nano if usage is None else self._cost(usage, attempt.simulated)
        self._ledger.settle(attempt)
        log.info(
            "attempt",
            result_id=self._call.result_id,
            model=attempt.model,
            tier=attempt.tier,
            verdict=verdict or "answered",
            reason=reason,
            ms=attempt.ms,
            cost_nano=attempt.cost_nano,
        )

    def _cost(self, usage: TokenUsage, simulated: PriceBook | None) -> int | None:
        if simulated == "zero" or usage == TokenUsage():
            return 0
        attempt = self._attempt
        served = attempt.model_served or attempt.model
        return self._catalogue.cost(served, usage, self._today, attempt.service_tier)
