"""A breaker for each model, in one process: a model that is unwell is left alone, and then tried by one request.

It opens after five failures in a row and stays open for 15 seconds, twice as long after each try that failed, up to
two minutes. Any success closes it.
"""

import time
from collections.abc import Callable
from typing import Final

from gemini_mcp.domain.errors import (
    DeadlineExceeded,
    ModelResting,
    UpstreamMisbehaved,
    UpstreamUnavailable,
    UpstreamUnreachable,
)
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.engine.ports import Call, Generate

FAILURES: Final = 5
FIRST_REST_S: Final = 15.0
LONGEST_REST_S: Final = 120.0
SILENT_MS: Final = 60_000
"""A model that says nothing for so long is unwell; a shorter wait may say more about the caller's deadline."""


class Breaker:
    """One model's. Moments are in seconds, on a clock that only goes forward."""

    def __init__(self) -> None:
        self.failures = 0
        self.rests_until: float | None = None
        self.probing = False
        self._rest_s = FIRST_REST_S

    def admits(self, now: float) -> bool:
        """Whether a request may be sent. Once the rest is over that is one request, the probe, until it has ended."""
        if self.rests_until is None:
            return True
        if now < self.rests_until or self.probing:
            return False
        self.probing = True
        return True

    def succeeded(self) -> None:
        self.failures, self.rests_until, self.probing, self._rest_s = 0, None, False, FIRST_REST_S

    def failed(self, now: float, *, probe: bool) -> None:
        """Requests that were under way when it opened have nothing to add."""
        self.failures += 1
        if probe:
            self._rest_s = min(2 * self._rest_s, LONGEST_REST_S)
        if probe or (self.rests_until is None and self.failures >= FAILURES):
            self.rests_until, self.probing = now + self._rest_s, False

    def abandoned(self, *, probe: bool) -> None:
        """A request ended without a word on how the model is: another may be the probe."""
        if probe:
            self.probing = False


class Breakers:
    """Those of all models. ``now`` in seconds, on a clock that only goes forward."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._breakers: dict[str, Breaker] = {}

    def of(self, model: str) -> Breaker:
        return self._breakers.setdefault(model, Breaker())


def guarded(generate: Generate, breakers: Breakers) -> Generate:
    """The same callable behind the models' breakers. Raises ModelResting with nothing sent."""

    async def guarded_generate(request: ModelRequest, call: Call) -> ModelAnswer:
        breaker = breakers.of(request.model)
        if not breaker.admits(breakers.now()):
            raise _resting(request.model, breaker, breakers.now())
        probe = breaker.probing
        try:
            answer = await generate(request, call)
        except BaseException as error:
            if _is_unwell(error, call):
                breaker.failed(breakers.now(), probe=probe)
            else:
                breaker.abandoned(probe=probe)
            raise
        breaker.succeeded()
        return answer

    return guarded_generate


def _is_unwell(error: BaseException, call: Call) -> bool:
    """Whether the failure speaks of the model: not of its quota, the request, the network, or the caller's patience.
    Flex is turned away first when there is much to do, so it says nothing of the rest."""
    last = call.attempts[-1] if call.attempts else None
    if last is not None and last.service_tier == "flex":
        return False
    if isinstance(error, DeadlineExceeded):
        return error.usage is None and last is not None and last.ms >= SILENT_MS
    elsewhere = UpstreamUnreachable | UpstreamMisbehaved
    return isinstance(error, UpstreamUnavailable) and not isinstance(error, elsewhere)


def _resting(model: str, breaker: Breaker, now: float) -> ModelResting:
    left_s = max(0.0, (breaker.rests_until or now) - now)
    when = "is being tried again right now" if breaker.probing else f"is tried again in {left_s:.0f} s"
    message = f"{model} failed {breaker.failures} times in a row and {when}"
    return ModelResting(message, "Wait until then, or choose another model.", retry_after=left_s)
