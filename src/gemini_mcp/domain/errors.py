"""Everything that can go wrong, as one tree. Raised inside, turned into a tool result once, at the server's edge.

    AgentError                 code, message, fix
    ├── Refusal                refused before anything was sent: nothing charged
    │   ├── InvalidArgument · FileNotFound · PathDenied · SecretFound · UrlDenied · TooLarge · UnsupportedFormat
    │   ├── NoApiKey · BudgetExceeded
    ├── UpstreamError          what Gemini, or the way to it, answered
    │   ├── KeyRejected        never climbs: another model would refuse the key too
    │   ├── RequestRejected    Gemini calls the request itself wrong
    │   ├── ModelNotFound      escalates: the tier's next candidate may live
    │   ├── Blocked            the prompt was blocked
    │   ├── QuotaExhausted     retryable while a wait is worth it, then escalates
    │   │   └── QuotaClosed · DailyQuotaClosed    known to be used up: nothing was sent
    │   ├── FreeTierRefused    the key is on the free tier and the user has not allowed that
    │   ├── UpstreamUnavailable retryable, then escalates
    │   │   └── ModelResting   failed too often of late: nothing was sent
    │   └── DeadlineExceeded   the call's one deadline has passed
    ├── StateUnavailable       the ledger, or another file of ours, cannot be used
    └── NoAcceptableAnswer     every tier answered and every answer failed its check

``retryable``: the same request may succeed later. ``escalates``: another model may succeed.
``retry_after``: seconds that upstream asked us to wait.
"""

from typing import ClassVar

from gemini_mcp.domain.quotas import Violation
from gemini_mcp.domain.usage import TokenUsage

NOTHING_USED = TokenUsage()


class AgentError(Exception):
    """Base of the tree. ``message`` says what is wrong, ``fix`` how to mend it; neither ever holds a key.

    ``best``: an answer that was paid for and turned down, for the caller to judge.
    """

    code: ClassVar[str] = "internal_error"
    retryable: ClassVar[bool] = False
    escalates: ClassVar[bool] = False

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix
        self.retry_after: float | None = None
        self.best = ""

    def __str__(self) -> str:
        return f"{self.code}: {self.message.rstrip('.')}. {self.fix}"


class Refusal(AgentError):
    """Refused before the call: nothing sent, nothing charged."""


class InvalidArgument(Refusal):
    code = "invalid_argument"


class FileNotFound(Refusal):
    code = "file_not_found"


class PathDenied(Refusal):
    code = "path_denied"


class SecretFound(Refusal):
    code = "secret_found"


class UrlDenied(Refusal):
    code = "url_denied"


class TooLarge(Refusal):
    code = "too_large"


class UnsupportedFormat(Refusal):
    code = "unsupported_format"


class NoApiKey(Refusal):
    code = "no_api_key"


class UnknownModelName(Refusal):
    code = "model_not_found"


class BudgetExceeded(Refusal):
    """``of`` names what is used up: max_cost_usd, the session budget, the day budget."""

    code = "budget_exceeded"

    def __init__(self, message: str, fix: str, of: str = "the budget") -> None:
        super().__init__(message, fix)
        self.of = of


class UpstreamError(AgentError):
    """An attempt that ended without an answer.

    ``usage`` is what Gemini charges for it: ``TokenUsage()`` when it is known that nothing was used
    (an HTTP error status), None when it was never learned and the reservation must stand. ``sent`` is False for
    what was refused on this side, by what is known of the model.
    """

    sent: ClassVar[bool] = True

    def __init__(
        self,
        message: str,
        fix: str,
        *,
        usage: TokenUsage | None = NOTHING_USED,
        model_served: str | None = None,
        retry_after: float | None = None,
        simulated: str | None = None,
    ) -> None:
        super().__init__(message, fix)
        self.usage = usage
        self.model_served = model_served
        self.retry_after = retry_after
        self.simulated = simulated


class KeyRejected(UpstreamError):
    code = "key_rejected"


class RequestRejected(UpstreamError):
    code = "invalid_argument"


class RequestTooLarge(UpstreamError):
    code = "too_large"


class ModelNotFound(UpstreamError):
    code = "model_not_found"
    escalates = True


class Blocked(UpstreamError):
    code = "blocked"


class QuotaExhausted(UpstreamError):
    """``violations``: the quotas that the 429 named."""

    code = "quota_exhausted"
    retryable = True
    escalates = True
    violations: tuple[Violation, ...] = ()


class DailyQuotaExhausted(QuotaExhausted):
    """The quota named in the 429 renews tomorrow: waiting within one call is pointless."""

    retryable = False


class QuotaClosed(QuotaExhausted):
    """A limit that is known leaves no room before the call's deadline."""

    retryable = False
    sent = False


class DailyQuotaClosed(DailyQuotaExhausted):
    """A quota that is known to be used up for today."""

    sent = False


class FreeTierRefused(UpstreamError):
    """Google trains on what the free tier sends, so that is the user's to allow."""

    code = "quota_exhausted"


class UpstreamUnavailable(UpstreamError):
    code = "upstream_unavailable"
    retryable = True
    escalates = True


class UpstreamUnreachable(UpstreamUnavailable):
    """No connection at all: another model is no nearer."""

    escalates = False


class UpstreamTimedOut(UpstreamUnavailable):
    """The model, or something on the way to it, gave up waiting."""


class ModelResting(UpstreamUnavailable):
    """The model failed so often in a row that it is left alone for a while."""

    retryable = False
    sent = False


class UpstreamMisbehaved(UpstreamUnavailable):
    """An answer that no retry mends: a redirect, an oversized or compressed body."""

    retryable = False


class DeadlineExceeded(UpstreamError):
    code = "deadline_exceeded"


class StateUnavailable(AgentError):
    """The ledger or another file of ours cannot be used: nothing can be reserved, so nothing is sent."""

    code = "state_unavailable"


class NoAcceptableAnswer(AgentError):
    """The last tier's answer failed its check too."""

    code = "no_acceptable_answer"
