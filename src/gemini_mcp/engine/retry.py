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

    async def retrying_generate(request: ModelRequest, call: Call) -> ModelAnswer:
        try:
            return await generate(request, call)
        except UpstreamError as error:
            if not error.retryable:
                raise
            failed = error
        return await _again(generate, request, call, failed)

    return retrying_generate


async def _again(generate: Generate, request: ModelRequest, call: Call, first: UpstreamError) -> ModelAnswer:
    """The loop, told of the attempt that failed: setting it up costs 0.2 ms, which calls that succeed do not need."""
    from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

    jitter = wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S)
    enough = stop_after_attempt(MOST_ATTEMPTS)
    failures = iter([first])

    async def attempt() -> ModelAnswer:
        for error in failures:
            raise error
        return await generate(request, call)

    def wait(state: RetryCallState) -> float:
        asked = _error(state).retry_after
        return jitter(state) if asked is None else asked

    def stop(state: RetryCallState) -> bool:
        return enough(state) or time.monotonic() + state.upcoming_sleep >= call.deadline

    async def announce(state: RetryCallState) -> None:
        _mark_retried(call)
        await call.progress(f"{_error(state).message}; trying again in {state.upcoming_sleep:.1f} s")

    def _error(state: RetryCallState) -> UpstreamError:
        error = state.outcome.exception() if state.outcome else None
        return error if isinstance(error, UpstreamError) else first

    loop = AsyncRetrying(
        stop=stop,
        wait=wait,
        retry=retry_if_exception(lambda error: isinstance(error, UpstreamError) and error.retryable),
        before_sleep=announce,
        sleep=anyio.sleep,
        reraise=True,
    )
    return await loop(attempt)


def _mark_retried(call: Call) -> None:
    """The verdict on a failed attempt, once it is known that another follows."""
    if call.attempts and call.attempts[-1].verdict == "failed":
        call.attempts[-1].verdict = "retried"
