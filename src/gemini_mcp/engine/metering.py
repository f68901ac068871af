"""Money around the gateway: reserve the worst case, send, settle what was used. Rejected answers are counted too."""

import time
from collections.abc import Callable
from datetime import date

import anyio
import structlog

from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.errors import DeadlineExceeded, UpstreamError
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.ledger import Ledger
from gemini_mcp.engine.ports import Attempt, Call, Generate, Verdict
from gemini_mcp.engine.pricing import price, price_book
from gemini_mcp.engine.reserving import Reserving

log = structlog.get_logger()


def metered(generate: Generate, ledger: Ledger, catalogue: Catalogue, utc_today: Callable[[], date]) -> Generate:
    """The same callable, with each attempt in the ledger. Raises BudgetExceeded before anything is sent."""

    async def metered_generate(request: ModelRequest, call: Call) -> ModelAnswer:
        today = utc_today()
        request, attempt = await Reserving(request, call, ledger, catalogue, today).reserved()
        meter = _Meter(attempt, call, ledger, catalogue, today)
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
        self._attempt.simulated = price_book(error.simulated)
        verdict: Verdict = "timed_out" if isinstance(error, DeadlineExceeded) else "failed"
        self.settle(error.usage, verdict, f"{error.code}: {error.message}"[:300])

    def settle(self, usage: TokenUsage | None, verdict: Verdict | None, reason: str) -> None:
        attempt = self._attempt
        attempt.usage, attempt.verdict, attempt.reason = usage, verdict, reason
        attempt.ms = int((time.monotonic() - self._started) * 1000)
        price(attempt, self._catalogue, self._today)
        attempt.under_way = False
        self._ledger.settle(attempt)
        self._call.came_back()
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
