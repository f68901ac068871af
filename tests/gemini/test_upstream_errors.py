"""Every way upstream can fail, as our errors: class, wait, and whether anything is charged."""

import json
from typing import Any

import anyio
import pytest

from gemini_mcp.domain.errors import (
    AgentError,
    Blocked,
    DailyQuotaExhausted,
    FreeTierRefused,
    KeyRejected,
    ModelNotFound,
    QuotaExhausted,
    RequestRejected,
    RequestTooLarge,
    UpstreamError,
    UpstreamMisbehaved,
    UpstreamTimedOut,
    UpstreamUnavailable,
)
from gemini_mcp.domain.quotas import Violation
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.gemini.gateway import Gateway

from .conftest import FLASH, KEY, WAIT_S, Start, a_request, answering, http, told

NOTHING = TokenUsage()
PER_MINUTE = "GenerateRequestsPerMinutePerProjectPerModel"
FREE_TIER = "GenerateRequestsPerMinutePerProjectPerModel-FreeTier"


async def failure(start: Start, **fault: Any) -> UpstreamError:
    with anyio.fail_after(WAIT_S), pytest.raises(UpstreamError) as caught:
        await (await start(fault)).ask()
    return caught.value


async def answered(status: int, body: Any, *headers: str) -> UpstreamError:
    text = body if isinstance(body, str) else json.dumps(body)
    with anyio.fail_after(WAIT_S), pytest.raises(UpstreamError) as caught:
        await told(http(status, text, *headers))
    return caught.value


# ------------------------------------------------------------------------------------------------------------ status


@pytest.mark.parametrize(
    ("do", "kind"),
    [
        ("400", RequestRejected),
        ("401", KeyRejected),
        ("403", KeyRejected),
        ("404", ModelNotFound),
        ("500", UpstreamUnavailable),
        ("502", UpstreamUnavailable),
        ("503", UpstreamUnavailable),
        ("504", UpstreamTimedOut),
    ],
)
async def test_a_status_is_translated_and_charges_nothing(start: Start, do: str, kind: type[UpstreamError]) -> None:
    error = await failure(start, do=do)
    assert type(error) is kind and error.usage == NOTHING
    assert error.message and error.fix


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (302, UpstreamMisbehaved),
        (304, UpstreamMisbehaved),
        (402, RequestRejected),
        (405, RequestRejected),
        (408, UpstreamTimedOut),
        (413, RequestTooLarge),
        (418, RequestRejected),
        (529, UpstreamUnavailable),
        (599, UpstreamUnavailable),
    ],
)
@pytest.mark.parametrize(
    "body", ["", "{}", "<html>", '{"error": {"message": "why"}}', '[{"error": {"code": 1}}]', "null"]
)
async def test_a_status_is_translated_whatever_the_body_says(status: int, kind: type[UpstreamError], body: str) -> None:
    error = await answered(status, "" if status == 304 else body)
    assert type(error) is kind and error.usage == NOTHING


async def test_a_key_that_google_calls_invalid_in_a_400_is_the_key(start: Start) -> None:
    with pytest.raises(KeyRejected) as caught:
        await (await start(key="a-bad-key")).ask()
    assert not caught.value.retryable and not caught.value.escalates and "GEMINI_API_KEY" in caught.value.fix


async def test_what_upstream_said_is_short_and_on_one_line(start: Start) -> None:
    error = await failure(start, do="400", message="first line\n\tsecond\r\n" + "x" * 10_000)
    assert "first line second" in error.message and len(error.message) < 400 and "\n" not in error.message


async def test_a_model_that_is_not_there_is_named(start: Start) -> None:
    assert FLASH in (await failure(start, do="404")).message


# ------------------------------------------------------------------------------------------------------------- quota


@pytest.mark.parametrize(
    ("fault", "wait"),
    [
        ({}, 53.0),
        ({"retry_delay_s": 0.25}, 0.25),
        ({"retry_delay_s": 0.25, "retry_after": 9}, 0.25),
        ({"retry_delay_s": None, "retry_after": 9}, 9.0),
        ({"retry_delay_s": None, "retry_after": "1.5"}, 1.5),
        ({"retry_delay_s": None, "retry_after": "Wed, 21 Oct 2026 07:28:00 GMT"}, None),
        ({"retry_delay_s": None, "retry_after": "-5"}, None),
        ({"retry_delay_s": None}, None),
    ],
)
async def test_the_wait_is_retryinfos_then_the_headers(start: Start, fault: dict[str, Any], wait: float | None) -> None:
    error = await failure(start, do="429", quota_id=PER_MINUTE, **fault)
    assert type(error) is QuotaExhausted and error.retryable and error.escalates and error.usage == NOTHING
    assert error.retry_after == wait


async def test_a_quota_is_named(start: Start) -> None:
    error = await failure(start, do="429", quota_id=PER_MINUTE)
    assert PER_MINUTE in error.message and FLASH in error.message


async def test_a_quota_of_the_day_is_not_waited_for(start: Start) -> None:
    error = await failure(start, do="429", quota_id="GenerateRequestsPerDayPerProjectPerModel")
    assert type(error) is DailyQuotaExhausted and not error.retryable and error.escalates
    assert "midnight Pacific" in error.fix


@pytest.mark.parametrize(
    "details",
    [
        "no list",
        [None, 5, "x"],
        [{"retryDelay": 5}],
        [{"retryDelay": None}],
        [{"retryDelay": "soon"}],
        [{"violations": "x"}],
        [{"violations": [None, "x", {}]}],
        [{"violations": [{"quotaId": 5}]}],
        {"a": 1},
    ],
)
async def test_strange_details_of_a_quota_do_not_matter(details: Any) -> None:
    error = await answered(429, {"error": {"code": 429, "message": "slow down", "details": details}})
    assert isinstance(error, QuotaExhausted) and error.violations == ()


def violated(*violations: dict[str, Any]) -> dict[str, Any]:
    detail = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": list(violations)}
    return {"error": {"code": 429, "message": "You exceeded your current quota", "details": [detail]}}


@pytest.mark.parametrize(
    ("quota_id", "quota"),
    [
        (PER_MINUTE, "rpm"),
        ("GenerateRequestsPerDayPerProjectPerModel", "rpd"),
        ("GenerateContentPaidTierInputTokensPerModelPerMinute", "tpm"),
        ("GenerateContentInputTokensPerModelPerDay", "tpd"),
        ("SpendPerTenMinutes", "other"),
    ],
)
@pytest.mark.parametrize(
    ("value", "most"),
    [({"quotaValue": "250"}, 250), ({}, None), ({"quotaValue": "many"}, None), ({"quotaValue": None}, None)],
)
async def test_a_429_teaches_the_quotas_that_it_names(
    quota_id: str, quota: Any, value: dict[str, Any], most: int | None
) -> None:
    error = await answered(429, violated({"quotaId": quota_id} | value))
    assert isinstance(error, QuotaExhausted) and error.violations == (Violation(quota, most),)


async def test_a_quota_of_nothing_is_not_waited_for() -> None:
    error = await answered(429, violated({"quotaId": PER_MINUTE, "quotaValue": "0"}))
    assert isinstance(error, DailyQuotaExhausted) and not error.retryable and error.escalates
    assert "none for this model" in error.fix


async def test_a_key_of_the_free_tier_is_refused_with_what_google_does_there(start: Start) -> None:
    error = await failure(start, do="429", quota_id=FREE_TIER, retry_delay_s=0)
    assert type(error) is FreeTierRefused and error.code == "quota_exhausted" and error.usage == NOTHING
    assert not error.retryable and not error.escalates
    assert "free tier" in error.message and "improve its products" in error.fix
    assert "billing" in error.fix and "GEMINI_AGENTS_FREE_TIER=1" in error.fix


async def test_one_quota_of_the_free_tier_among_others_is_enough() -> None:
    both = violated({"quotaId": PER_MINUTE}, {"quotaId": FREE_TIER})
    assert type(await answered(429, both)) is FreeTierRefused


async def test_a_free_tier_that_the_user_allows_is_an_ordinary_quota() -> None:
    body = json.dumps(violated({"quotaId": FREE_TIER, "quotaValue": "15"}))
    async with answering(http(429, body, "retry-after: 3")) as wire:
        gateway = Gateway(KEY, wire.url, None, free_tier=True)
        with pytest.raises(QuotaExhausted) as caught:
            await gateway.generate(a_request(), anyio.current_time() + WAIT_S)
        await gateway.aclose()
    assert caught.value.retryable and caught.value.retry_after == 3.0
    assert caught.value.violations == (Violation("rpm", 15),)


@pytest.mark.parametrize("status", [500, 503])
async def test_a_wait_asked_for_with_an_outage_is_kept(status: int) -> None:
    assert (await answered(status, {}, "retry-after: 2")).retry_after == 2.0


# -------------------------------------------------------------------------------------------------------- broken off


@pytest.mark.parametrize("do", ["malformed", "empty_body", "disconnect", "html"])
async def test_an_answer_that_broke_is_of_unknown_cost_and_may_be_asked_for_again(start: Start, do: str) -> None:
    error = await failure(start, do=do)
    assert type(error) is UpstreamUnavailable and error.retryable and error.escalates and error.usage is None


@pytest.mark.parametrize(
    "response",
    [
        pytest.param(b"not http at all\r\n\r\n", id="no HTTP"),
        pytest.param(b"", id="nothing"),
        pytest.param(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", id="cut off"),
        pytest.param(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", id="a bad chunk"),
        pytest.param(http(200, b"\xff\xfe{"), id="no UTF-8"),
        pytest.param(http(200, "[1, 2]"), id="a list"),
        pytest.param(http(200, "[" * 100_000), id="too deep"),
    ],
)
async def test_a_response_that_is_none_is_of_unknown_cost(response: bytes) -> None:
    with anyio.fail_after(WAIT_S), pytest.raises(UpstreamError) as caught:
        await told(response)
    assert type(caught.value) is UpstreamUnavailable and caught.value.usage is None


async def test_a_server_that_is_not_there_cannot_be_reached_and_charges_nothing() -> None:
    gateway = Gateway(KEY, "http://127.0.0.1:1", None)
    with anyio.fail_after(WAIT_S), pytest.raises(UpstreamUnavailable) as caught:
        await gateway.generate(a_request(), anyio.current_time() + WAIT_S)
    await gateway.aclose()
    assert caught.value.usage == NOTHING and "reached" in caught.value.message


# ------------------------------------------------------------------------------------------------------------ blocked


async def test_a_blocked_prompt_is_charged_for_its_input(start: Start) -> None:
    error = await failure(start, do="blocked", reason="PROHIBITED_CONTENT")
    assert isinstance(error, Blocked) and "PROHIBITED_CONTENT" in error.message
    assert error.usage is not None and error.usage.input_tokens > 0 and error.usage.output_tokens == 0
    assert error.model_served == FLASH


async def test_our_own_errors_pass_through_as_they_are() -> None:
    from gemini_mcp.gemini.upstream_errors import translate

    error = AgentError("m", "f")
    assert translate(error, FLASH, KEY, trust_simulated=True) is error


@pytest.mark.parametrize("error", [KeyError(KEY), ValueError(f"no {KEY}"), RuntimeError("x")])
async def test_whatever_else_the_libraries_stumble_over_is_of_unknown_cost(error: Exception) -> None:
    """It may have been after the request was sent."""
    from gemini_mcp.gemini.upstream_errors import translate

    made = translate(error, FLASH, KEY, trust_simulated=True)
    assert isinstance(made, UpstreamMisbehaved) and made.usage is None and not made.retryable
    assert KEY not in str(made)
