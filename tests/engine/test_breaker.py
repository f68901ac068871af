"""The breakers: when they open, how long, who is let through to try, and what tells nothing of a model."""

from contextlib import suppress
from dataclasses import dataclass

import anyio
import pytest

from gemini_mcp.domain.errors import (
    Blocked,
    BudgetExceeded,
    DailyQuotaExhausted,
    DeadlineExceeded,
    KeyRejected,
    ModelNotFound,
    ModelResting,
    QuotaExhausted,
    RequestRejected,
    UpstreamError,
    UpstreamMisbehaved,
    UpstreamTimedOut,
    UpstreamUnavailable,
    UpstreamUnreachable,
)
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.engine.breaker import FAILURES, FIRST_REST_S, LONGEST_REST_S, SILENT_MS, Breakers, guarded
from gemini_mcp.engine.ports import Call

from .conftest import FLASH, LITE, WAIT_S, a_call, a_request, an_answer, an_attempt

DOWN = UpstreamUnavailable("Gemini answered 503", "Wait.")


@dataclass
class Clock:
    at: float = 1_000.0

    def __call__(self) -> float:
        return self.at


class Model:
    """Answers or fails as it is told, and counts what was sent to it."""

    def __init__(self, clock: Clock) -> None:
        self.told: ModelAnswer | Exception = DOWN
        self.sent: list[str] = []
        self.clock = clock
        self.generate = guarded(self._generate, Breakers(clock))

    async def _generate(self, request: ModelRequest, call: Call) -> ModelAnswer:
        self.sent.append(request.model)
        if isinstance(self.told, Exception):
            raise self.told
        return self.told

    async def ask(self, model: str = LITE, call: Call | None = None) -> ModelAnswer | Exception:
        try:
            return await self.generate(a_request(model), call or a_call())
        except (UpstreamError, BudgetExceeded) as error:
            return error

    async def fail(self, times: int = FAILURES, error: Exception = DOWN) -> None:
        self.told = error
        for _ in range(times):
            await self.ask()

    async def is_resting(self) -> bool:
        before = len(self.sent)
        return isinstance(await self.ask(), ModelResting) and len(self.sent) == before


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def model(clock: Clock) -> Model:
    return Model(clock)


# -------------------------------------------------------------------------------------------------------------- opens


async def test_five_failures_in_a_row_open_it_and_nothing_more_is_sent(model: Model) -> None:
    await model.fail(20)
    assert len(model.sent) == FAILURES == 5


async def test_what_it_says_when_open(model: Model, clock: Clock) -> None:
    await model.fail()
    clock.at += 3
    error = await model.ask()
    assert isinstance(error, ModelResting) and error.code == "upstream_unavailable"
    assert error.escalates and not error.retryable and error.retry_after == 12.0
    assert error.message == f"{LITE} failed 5 times in a row and is tried again in 12 s"


async def test_an_answer_among_the_failures_begins_the_count_anew(model: Model) -> None:
    await model.fail(FAILURES - 1)
    model.told = an_answer()
    await model.ask()
    await model.fail(FAILURES - 1)
    assert not await model.is_resting()


async def test_each_model_has_its_own(model: Model) -> None:
    await model.fail()
    assert isinstance(await model.ask(LITE), ModelResting)
    assert await model.ask(FLASH) is DOWN


@pytest.mark.parametrize(
    "error", [DOWN, UpstreamTimedOut("Gemini answered 504", "f"), UpstreamUnavailable("broke off", "f", usage=None)]
)
async def test_what_a_model_that_is_unwell_does_counts(model: Model, error: UpstreamError) -> None:
    await model.fail(error=error)
    assert await model.is_resting()


@pytest.mark.parametrize(
    "error",
    [
        QuotaExhausted("429", "f"),
        DailyQuotaExhausted("429", "f"),
        KeyRejected("401", "f"),
        RequestRejected("400", "f"),
        ModelNotFound("404", "f"),
        Blocked("blocked", "f"),
        UpstreamUnreachable("no network", "f"),
        UpstreamMisbehaved("a redirect", "f"),
        DeadlineExceeded("late", "f", usage=None),
        BudgetExceeded("too dear", "f"),
    ],
)
async def test_what_says_nothing_of_the_model_does_not_count(model: Model, error: Exception) -> None:
    await model.fail(2 * FAILURES, error)
    assert len(model.sent) == 2 * FAILURES


@pytest.mark.parametrize(
    ("ms", "usage_known", "counts"), [(SILENT_MS, False, True), (SILENT_MS - 1, False, False), (SILENT_MS, True, False)]
)
async def test_a_deadline_counts_when_the_model_was_silent_for_a_minute(
    model: Model, ms: int, usage_known: bool, counts: bool
) -> None:
    model.told = DeadlineExceeded("late", "f") if usage_known else DeadlineExceeded("late", "f", usage=None)
    for _ in range(FAILURES):
        call = a_call()
        an_attempt(call, ms=ms)
        await model.ask(call=call)
    assert await model.is_resting() == counts


async def test_flex_that_is_turned_away_says_nothing_of_the_rest(model: Model) -> None:
    for _ in range(2 * FAILURES):
        call = a_call()
        an_attempt(call, service_tier="flex")
        await model.ask(call=call)
    assert len(model.sent) == 2 * FAILURES


# --------------------------------------------------------------------------------------------------------------- rest


async def test_the_rest_doubles_with_every_try_that_fails_up_to_two_minutes(model: Model, clock: Clock) -> None:
    await model.fail()
    rests = []
    for _ in range(6):
        error = await model.ask()
        assert isinstance(error, ModelResting) and error.retry_after is not None
        rests.append(error.retry_after)
        clock.at += error.retry_after
        assert await model.ask() is DOWN
    assert rests == [FIRST_REST_S, 30.0, 60.0, LONGEST_REST_S, 120.0, 120.0]
    assert len(model.sent) == FAILURES + 6


async def test_nobody_is_let_through_before_the_rest_is_over(model: Model, clock: Clock) -> None:
    await model.fail()
    clock.at += FIRST_REST_S - 0.01
    assert await model.is_resting()


async def test_a_success_closes_it_and_the_next_rest_is_short_again(model: Model, clock: Clock) -> None:
    await model.fail()
    clock.at += FIRST_REST_S
    await model.ask()
    clock.at += 2 * FIRST_REST_S
    model.told = an_answer()
    assert isinstance(await model.ask(), ModelAnswer) and isinstance(await model.ask(), ModelAnswer)
    await model.fail()
    error = await model.ask()
    assert isinstance(error, ModelResting) and error.retry_after == FIRST_REST_S


# -------------------------------------------------------------------------------------------------------------- probe


class Held:
    """A model whose answers wait until they are let go."""

    def __init__(self, breakers: Breakers) -> None:
        self.begun, self.let_go = anyio.Event(), anyio.Event()
        self.sent = 0
        self.told: ModelAnswer | UpstreamError = an_answer()
        self.generate = guarded(self._generate, breakers)

    async def _generate(self, request: ModelRequest, call: Call) -> ModelAnswer:
        self.sent += 1
        self.begun.set()
        await self.let_go.wait()
        if isinstance(self.told, UpstreamError):
            raise self.told
        return self.told

    async def ask(self) -> None:
        with suppress(UpstreamError):
            await self.generate(a_request(), a_call())


@pytest.fixture
def opened(clock: Clock) -> Breakers:
    """Open, and its rest is over."""
    breakers = Breakers(clock)
    breaker = breakers.of(LITE)
    for _ in range(FAILURES):
        breaker.failed(clock.at, probe=False)
    clock.at += FIRST_REST_S
    return breakers


async def test_one_request_tries_while_the_others_are_refused(opened: Breakers) -> None:
    held = Held(opened)
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(held.ask)
            await held.begun.wait()
            for _ in range(3):
                with pytest.raises(ModelResting, match="being tried again right now"):
                    await held.generate(a_request(), a_call())
            held.let_go.set()
    assert held.sent == 1
    await held.ask()
    assert held.sent == 2


async def test_a_probe_that_is_cancelled_leaves_its_place_to_another(opened: Breakers) -> None:
    held = Held(opened)
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(held.ask)
            await held.begun.wait()
            group.cancel_scope.cancel()
        held.let_go.set()
        await held.ask()
    assert held.sent == 2 and opened.of(LITE).rests_until is None


async def test_a_probe_that_says_nothing_of_the_model_leaves_its_place_to_another(
    opened: Breakers, clock: Clock
) -> None:
    held = Held(opened)
    held.let_go.set()
    held.told = QuotaExhausted("429", "f")
    await held.ask()
    await held.ask()
    assert held.sent == 2 and opened.of(LITE).rests_until == clock.at


async def test_failures_that_were_under_way_when_it_opened_do_not_prolong_the_rest(clock: Clock) -> None:
    breakers = Breakers(clock)
    held = Held(breakers)
    held.told = DOWN
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            for _ in range(3 * FAILURES):
                group.start_soon(held.ask)
            await held.begun.wait()
            held.let_go.set()
    assert breakers.of(LITE).rests_until == clock.at + FIRST_REST_S


async def test_an_answer_that_was_under_way_when_it_opened_closes_it(clock: Clock) -> None:
    breakers = Breakers(clock)
    held = Held(breakers)
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(held.ask)
            await held.begun.wait()
            for _ in range(FAILURES):
                breakers.of(LITE).failed(clock.at, probe=False)
            held.let_go.set()
    assert breakers.of(LITE).rests_until is None
