"""The one retry loop: at most three attempts, upstream's own wait first, never past the deadline or the retry quota."""

import time

import anyio

from gemini_mcp.domain.errors import UpstreamError
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.engine.ports import Call, Generate
from gemini_mcp.engine.retry_quota import Draws, RetryQuota

MOST_ATTEMPTS = 3
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 20.0


def retrying(generate: Generate, quota: RetryQuota | None = None) -> Generate:
    """The same callable, asked again after an error that is ``retryable``. The last error is raised as it is.

    ``quota`` is shared with the cascade; without one it has its own.
    """
    shared = quota or RetryQuota()

    async def retrying_generate(request: ModelRequest, call: Call) -> ModelAnswer:
        draws = Draws(shared)
        try:
            answer = await generate(request, call)
        except UpstreamError as error:
            if not error.retryable:
                raise
            failed = error
        else:
            draws.succeeded()
            return answer
        return await _again(generate, request, call, failed, draws)

    return retrying_generate


async def _again(
    generate: Generate, request: ModelRequest, call: Call, first: UpstreamError, draws: Draws
) -> ModelAnswer:
    """The loop, told of the attempt that failed: setting it up costs 0.2 ms, which calls that succeed do not need."""
    from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt, wait_random_exponential

    jitter = wait_random_exponential(multiplier=FIRST_WAIT_S, max=LONGEST_WAIT_S)
    enough = stop_after_attempt(MOST_ATTEMPTS)
    failures = iter([first])

    async def attempt() -> ModelAnswer:
        for error in failures:
            raise error
        answer = await generate(request, call)
        draws.succeeded()
        return answer

    def wait(state: RetryCallState) -> float:
        asked = _error(state).retry_after
        return jitter(state) if asked is None else asked

    def stop(state: RetryCallState) -> bool:
        """Last of all it is paid for: after this, another attempt is made."""
        late = time.monotonic() + state.upcoming_sleep >= call.deadline
        return enough(state) or late or not draws.pay_for(_error(state))

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
