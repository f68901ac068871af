"""The one retry loop: at most three attempts, upstream's own wait first, never past the deadline."""

import time

import anyio

from gemini_mcp.domain.errors import UpstreamError
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.engine.ports import Call, Generate

MOST_ATTEMPTS = 3
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 20.0


def retrying(generate: Generate) -> Generate:
    """The same callable, asked again after an error that is ``retryable``. The last error is raised as it is."""
    # Here and not above: the handshake does without it.
    from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

    jitter = wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.retry_after if isinstance(error, UpstreamError) else None
        return jitter(state) if asked is None else asked

    async def retrying_generate(request: ModelRequest, call: Call) -> ModelAnswer:
        def too_late(state: RetryCallState) -> bool:
            return time.monotonic() + state.upcoming_sleep >= call.deadline

        async def announce(state: RetryCallState) -> None:
            _mark_retried(call)
            await call.progress(f"{_reason(state)}; trying again in {state.upcoming_sleep:.1f} s")

        attempts = AsyncRetrying(
            stop=lambda state: stop_after_attempt(MOST_ATTEMPTS)(state) or too_late(state),
            wait=wait,
            retry=retry_if_exception(lambda error: isinstance(error, UpstreamError) and error.retryable),
            before_sleep=announce,
            sleep=anyio.sleep,
            reraise=True,
        )
        return await attempts(generate, request, call)

    def _reason(state: RetryCallState) -> str:
        error = state.outcome.exception() if state.outcome else None
        return error.message if isinstance(error, UpstreamError) else "no answer"

    return retrying_generate


def _mark_retried(call: Call) -> None:
    """The verdict on a failed attempt, once it is known that another follows."""
    if call.attempts and call.attempts[-1].verdict == "failed":
        call.attempts[-1].verdict = "retried"
