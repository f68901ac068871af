"""The one retry loop: how often, when, and what it leaves in the call's books."""

import time

import anyio
import pytest

from gemini_mcp.domain.catalog import TIERS, Catalogue
from gemini_mcp.domain.errors import (
    AgentError,
    BudgetExceeded,
    DailyQuotaClosed,
    DailyQuotaExhausted,
    DeadlineExceeded,
    KeyRejected,
    ModelNotFound,
    ModelResting,
    QuotaClosed,
    QuotaExhausted,
    UpstreamError,
    UpstreamMisbehaved,
    UpstreamTimedOut,
    UpstreamUnavailable,
)
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.domain.prompting import AgentPrompt
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.cascade import cascading
from gemini_mcp.engine.ports import Call, Generate
from gemini_mcp.engine.retry import MOST_ATTEMPTS, retrying
from gemini_mcp.engine.retry_quota import CAPACITY, RETRY_COST, TIMEOUT_COST, RetryQuota

from .conftest import FLASH, LITE, TODAY, WAIT_S, Upstream, a_call, a_request, an_answer, today


def down(after: float | None = 0.0, message: str = "Gemini answered 503") -> UpstreamUnavailable:
    return UpstreamUnavailable(message, "Wait.", retry_after=after)


async def test_an_error_that_may_pass_is_tried_again() -> None:
    upstream, call = Upstream([down(), an_answer("Good.")]), a_call()
    answer = await retrying(upstream)(a_request(), call)
    assert answer.text == "Good."
    assert [attempt.verdict for attempt in call.attempts] == ["retried", None]


async def test_at_most_three_attempts_and_then_the_last_error() -> None:
    last = down(message="the third")
    upstream, call = Upstream([down(), down(), last, an_answer()]), a_call()
    with pytest.raises(UpstreamUnavailable) as caught:
        await retrying(upstream)(a_request(), call)
    assert caught.value is last
    assert len(upstream.requests) == MOST_ATTEMPTS == 3
    assert [attempt.verdict for attempt in call.attempts] == ["retried", "retried", "failed"]


@pytest.mark.parametrize(
    "kind",
    [
        KeyRejected,
        ModelNotFound,
        DailyQuotaExhausted,
        QuotaClosed,
        ModelResting,
        UpstreamMisbehaved,
        DeadlineExceeded,
    ],
)
async def test_an_error_that_waiting_does_not_mend_is_raised_at_once(kind: type[UpstreamError]) -> None:
    error = kind("no", "Mend it.", retry_after=0.0)
    upstream, call = Upstream([error, an_answer()]), a_call()
    with pytest.raises(kind) as caught:
        await retrying(upstream)(a_request(), call)
    assert caught.value is error and len(upstream.requests) == 1
    assert call.attempts[0].verdict == "failed"


@pytest.mark.parametrize("error", [BudgetExceeded("b", "f"), ValueError("a bug")])
async def test_what_never_reached_upstream_is_not_tried_again(error: Exception) -> None:
    calls = 0

    async def generate(request: ModelRequest, call: Call) -> ModelAnswer:
        nonlocal calls
        calls += 1
        raise error

    with pytest.raises(type(error)):
        await retrying(generate)(a_request(), a_call())
    assert calls == 1


async def test_the_wait_that_upstream_asks_for_is_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(anyio, "sleep", sleep)
    upstream = Upstream([QuotaExhausted("q", "f", retry_after=7.25), down(after=0.5), an_answer()])
    await retrying(upstream)(a_request(), a_call())
    assert waits == [7.25, 0.5]


async def test_without_a_wait_asked_for_it_is_random_and_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(anyio, "sleep", sleep)
    for _ in range(20):
        await retrying(Upstream([down(None), down(None), an_answer()]))(a_request(), a_call())
    assert len(set(waits)) > 10
    assert all(0 <= wait <= 1.0 for wait in waits)


async def test_a_wait_past_the_deadline_is_not_begun() -> None:
    error = QuotaExhausted("q", "f", retry_after=3_600)
    upstream, call = Upstream([error, an_answer()]), a_call()
    with anyio.fail_after(WAIT_S), pytest.raises(QuotaExhausted) as caught:
        await retrying(upstream)(a_request(), call)
    assert caught.value is error and len(upstream.requests) == 1
    assert call.attempts[0].verdict == "failed"


async def test_after_the_deadline_nothing_is_tried_again() -> None:
    upstream, call = Upstream([down(), an_answer()]), a_call(deadline=time.monotonic() - 1)
    with pytest.raises(UpstreamUnavailable):
        await retrying(upstream)(a_request(), call)
    assert len(upstream.requests) == 1


async def test_progress_tells_what_happened_and_when_it_goes_on() -> None:
    told: list[str] = []

    async def progress(message: str) -> None:
        told.append(message)

    await retrying(Upstream([down(), an_answer()]))(a_request(), a_call(progress=progress))
    assert told == ["Gemini answered 503; trying again in 0.0 s"]


async def test_a_caller_that_leaves_during_the_wait_ends_it() -> None:
    waiting = anyio.Event()

    async def progress(message: str) -> None:
        waiting.set()

    upstream = Upstream([down(after=30), an_answer()])
    call = a_call(progress=progress)

    async def generate() -> None:
        await retrying(upstream)(a_request(), call)

    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(generate)
            await waiting.wait()
            group.cancel_scope.cancel()
    assert len(upstream.requests) == 1


async def test_calls_that_run_at_once_count_their_own_attempts() -> None:
    failures: list[AgentError] = []
    upstream = Upstream(lambda request: down())
    generate = retrying(upstream)

    async def one() -> None:
        try:
            await generate(a_request(), a_call())
        except AgentError as error:
            failures.append(error)

    async with anyio.create_task_group() as group:
        for _ in range(10):
            group.start_soon(one)
    assert len(failures) == 10 and len(upstream.requests) == 30


# -------------------------------------------------------------------------------------------------------------- quota


async def failed(generate: Generate) -> UpstreamError:
    with pytest.raises(UpstreamError) as caught:
        await generate(a_request(), a_call())
    return caught.value


async def test_each_retry_costs_five_and_after_a_timeout_ten() -> None:
    quota = RetryQuota()
    await failed(retrying(Upstream(lambda request: down()), quota))
    assert quota.left == CAPACITY - 2 * RETRY_COST == 490
    timed_out = UpstreamTimedOut("Gemini answered 504", "Wait.", retry_after=0.0)
    await failed(retrying(Upstream(lambda request: timed_out), quota))
    assert quota.left == 490 - 2 * TIMEOUT_COST == 470


async def test_a_retry_that_succeeds_puts_back_what_it_cost() -> None:
    quota = RetryQuota()
    await retrying(Upstream([down(), down(), an_answer()]), quota)(a_request(), a_call())
    assert quota.left == CAPACITY - RETRY_COST


async def test_a_success_puts_back_one_and_never_more_than_there_is_room_for() -> None:
    quota = RetryQuota()
    quota.take(RETRY_COST)
    generate = retrying(Upstream(lambda request: an_answer()), quota)
    for left in (496, 497, 498, 499, 500, 500):
        await generate(a_request(), a_call())
        assert quota.left == left


async def test_with_nothing_left_the_error_is_raised_as_it_is_and_says_why() -> None:
    quota, error = RetryQuota(capacity=RETRY_COST - 1), down()
    upstream = Upstream([error, an_answer()])
    assert await failed(retrying(upstream, quota)) is error
    assert len(upstream.requests) == 1
    assert error.message == "Gemini answered 503; not asked again, since too many requests have failed of late"


async def test_a_retry_that_the_deadline_forbids_costs_nothing() -> None:
    quota = RetryQuota()
    await failed(retrying(Upstream([QuotaExhausted("q", "f", retry_after=3_600)]), quota))
    assert quota.left == CAPACITY


async def test_however_many_fail_they_share_what_there_is() -> None:
    upstream = Upstream(lambda request: down())
    generate = retrying(upstream, RetryQuota())
    for _ in range(500):
        await failed(generate)
    assert len(upstream.requests) == 500 + CAPACITY // RETRY_COST


# ----------------------------------------------------------------------------------------------------- other models


async def climbed(catalogue: Catalogue, upstream: Upstream, quota: RetryQuota) -> UpstreamError | None:
    """One task, with each model asked once."""
    prompts = {"delegate_task": AgentPrompt.parse("Be brief.")}
    try:
        await cascading(upstream, catalogue, prompts, today, quota)(Task("x"), a_call())
    except UpstreamError as error:
        return error
    return None


async def test_another_model_that_is_asked_after_a_failure_costs_what_a_retry_does(catalogue: Catalogue) -> None:
    quota, every = RetryQuota(), sum(len(catalogue.candidates(tier, TODAY)) for tier in TIERS)
    assert await climbed(catalogue, Upstream(lambda request: down()), quota)
    assert quota.left == CAPACITY - RETRY_COST * (every - 1)


async def test_another_model_that_answers_puts_back_what_it_cost(catalogue: Catalogue) -> None:
    quota, upstream = RetryQuota(), Upstream([down(), an_answer()])
    assert await climbed(catalogue, upstream, quota) is None
    assert quota.left == CAPACITY and len(upstream.requests) == 2


async def test_without_anything_left_no_other_model_is_asked(catalogue: Catalogue) -> None:
    upstream = Upstream(lambda request: down())
    error = await climbed(catalogue, upstream, RetryQuota(capacity=0))
    assert error is not None and "not asked again" in error.message
    assert upstream.models == [LITE]


async def test_a_climb_after_an_answer_that_was_turned_down_costs_nothing(catalogue: Catalogue) -> None:
    upstream = Upstream([an_answer(""), an_answer("Good.", model=FLASH)])
    assert await climbed(catalogue, upstream, RetryQuota(capacity=0)) is None
    assert upstream.models == [LITE, FLASH]


@pytest.mark.parametrize("kind", [ModelResting, QuotaClosed, DailyQuotaClosed])
async def test_a_model_that_was_not_asked_costs_nothing(catalogue: Catalogue, kind: type[UpstreamError]) -> None:
    upstream = Upstream([kind("not now", "f"), an_answer()])
    assert await climbed(catalogue, upstream, RetryQuota(capacity=0)) is None
