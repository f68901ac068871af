"""The tree of errors: codes are the contract's, and what may be tried again, or elsewhere, is as drawn."""

import pytest

from gemini_mcp.domain import errors
from gemini_mcp.domain.errors import AgentError, NoAcceptableAnswer, Refusal, UpstreamError
from gemini_mcp.domain.usage import TokenUsage

CONTRACT = {
    "invalid_argument", "file_not_found", "path_denied", "secret_found", "url_denied", "too_large",
    "unsupported_format", "no_api_key", "key_rejected", "model_not_found", "blocked", "budget_exceeded",
    "quota_exhausted", "deadline_exceeded", "upstream_unavailable", "no_acceptable_answer",
    "state_unavailable",  # not in the first contract
}  # fmt: skip
ABSTRACT = {AgentError, Refusal, UpstreamError}
CONCRETE = [
    each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, AgentError)
    if each not in ABSTRACT
]


@pytest.mark.parametrize("kind", CONCRETE, ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_of_the_contract(kind: type[AgentError]) -> None:
    assert kind.code in CONTRACT


@pytest.mark.parametrize("kind", CONCRETE, ids=lambda kind: kind.__name__)
def test_an_error_reads_as_code_what_and_how_to_mend_it(kind: type[AgentError]) -> None:
    assert str(kind("it broke.", "Mend it.")) == f"{kind.code}: it broke. Mend it."


@pytest.mark.parametrize(
    ("kind", "code", "retryable", "escalates"),
    [
        (errors.KeyRejected, "key_rejected", False, False),
        (errors.RequestRejected, "invalid_argument", False, False),
        (errors.RequestTooLarge, "too_large", False, False),
        (errors.ModelNotFound, "model_not_found", False, True),
        (errors.Blocked, "blocked", False, False),
        (errors.QuotaExhausted, "quota_exhausted", True, True),
        (errors.DailyQuotaExhausted, "quota_exhausted", False, True),
        (errors.UpstreamUnavailable, "upstream_unavailable", True, True),
        (errors.UpstreamMisbehaved, "upstream_unavailable", False, True),
        (errors.DeadlineExceeded, "deadline_exceeded", False, False),
        (errors.NoAcceptableAnswer, "no_acceptable_answer", False, False),
        (errors.BudgetExceeded, "budget_exceeded", False, False),
        (errors.NoApiKey, "no_api_key", False, False),
    ],
)
def test_what_may_be_tried_again_or_elsewhere(
    kind: type[AgentError], code: str, retryable: bool, escalates: bool
) -> None:
    assert (kind.code, kind.retryable, kind.escalates) == (code, retryable, escalates)


def test_a_refusal_is_never_tried_again() -> None:
    refusals = [kind for kind in CONCRETE if issubclass(kind, Refusal)]
    assert refusals and not any(kind.retryable or kind.escalates for kind in refusals)


def test_an_upstream_error_used_nothing_unless_it_says_so() -> None:
    assert UpstreamError("m", "f").usage == TokenUsage()
    assert UpstreamError("m", "f", usage=None).usage is None


def test_an_error_has_no_best_attempt_unless_it_is_given_one() -> None:
    error = NoAcceptableAnswer("m", "f")
    assert error.best == ""
    error.best = "almost"
    assert NoAcceptableAnswer("m", "f").best == ""
