"""Errors as Gemini words them: raised anywhere while a reply is decided, turned into bytes at the edge."""

import json
from collections.abc import Sequence
from typing import Any

from gemini_mcp.simulator.reply import Reply

_RPC = "type.googleapis.com/google.rpc."
_QUOTA_DOCS = "https://ai.google.dev/gemini-api/docs/rate-limits"
_SERVICE = "generativelanguage.googleapis.com"

STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_RPC_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 500: 13, 502: 14, 503: 14, 504: 4}
MESSAGES = {
    400: "Request contains an invalid argument.",
    401: "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
    "authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project.",
    403: "The caller does not have permission",
    404: "Requested entity was not found.",
    500: "An internal error has occurred. Please retry or report in "
    "https://developers.generativeai.google/guide/troubleshooting",
    502: "Bad gateway.",
    503: "The model is overloaded. Please try again later.",
    504: "The request timed out. Please try again.",
}


class Refusal(Exception):
    """An answer with an error status. ``details`` are google.rpc messages; ``headers`` go out beside the body."""

    def __init__(
        self,
        code: int,
        message: str = "",
        details: Sequence[dict[str, Any]] = (),
        headers: Sequence[tuple[bytes, bytes]] = (),
    ) -> None:
        super().__init__(message or MESSAGES[code])
        self.code = code
        self.message = message or MESSAGES[code]
        self.details = tuple(details)
        self.headers = tuple(headers)

    def as_json(self) -> dict[str, Any]:
        error = {"code": self.code, "message": self.message, "status": STATUS_NAMES[self.code]}
        return error | ({"details": list(self.details)} if self.details else {})

    def as_status(self) -> dict[str, Any]:
        """As a google.rpc.Status, the shape of an error inside a batch: its code is gRPC's, not HTTP's."""
        return {"code": _RPC_CODES[self.code], "message": self.message}

    def reply(self) -> Reply:
        body = json.dumps({"error": self.as_json()}, indent=2).encode()
        return Reply((body,), status=self.code, headers=self.headers)


def no_key() -> Refusal:
    return Refusal(
        403,
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or "
        "other form of API consumer identity to call this API.",
    )


def bad_key() -> Refusal:
    message = "API key not valid. Please pass a valid API key."
    reason = {"@type": f"{_RPC}ErrorInfo", "reason": "API_KEY_INVALID", "domain": "googleapis.com"}
    localized = {"@type": f"{_RPC}LocalizedMessage", "locale": "en-US", "message": message}
    return Refusal(400, message, [reason | {"metadata": {"service": _SERVICE}}, localized])


def unauthenticated(message: str = "") -> Refusal:
    info = {"@type": f"{_RPC}ErrorInfo", "reason": "ACCESS_TOKEN_TYPE_UNSUPPORTED", "metadata": {"service": _SERVICE}}
    return Refusal(401, message, [info])


def model_not_found(model: str, version: str, method: str) -> Refusal:
    return Refusal(
        404,
        f"models/{model} is not found for API version {version}, or is not supported for {method}. Call ListModels to "
        "see the list of available models and their supported methods.",
    )


def quota_exhausted(
    model: str,
    retry_delay_s: float | None,
    quota_id: str,
    message: str = "",
    headers: Sequence[tuple[bytes, bytes]] = (),
) -> Refusal:
    """A 429 with QuotaFailure, Help and, unless ``retry_delay_s`` (seconds) is None, RetryInfo."""
    metric = f"{_SERVICE}/generate_content_{'free' if 'FreeTier' in quota_id else 'paid'}_tier_requests"
    dimensions = {"location": "global", "model": model}
    violation = {"quotaMetric": metric, "quotaId": quota_id, "quotaDimensions": dimensions, "quotaValue": "1000"}
    details: list[dict[str, Any]] = [
        {"@type": f"{_RPC}QuotaFailure", "violations": [violation]},
        {
            "@type": f"{_RPC}Help",
            "links": [{"description": "Learn more about Gemini API quotas", "url": _QUOTA_DOCS}],
        },
    ]
    if retry_delay_s is not None:
        details.append({"@type": f"{_RPC}RetryInfo", "retryDelay": duration_text(retry_delay_s)})
    return Refusal(429, message or _quota_message(metric, model, retry_delay_s), details, headers)


def _quota_message(metric: str, model: str, retry_delay_s: float | None) -> str:
    retry = "" if retry_delay_s is None else f"\nPlease retry in {retry_delay_s}s."
    return (
        "You exceeded your current quota, please check your plan and billing details. For more information on this "
        f"error, head over to: {_QUOTA_DOCS}.\n* Quota exceeded for metric: {metric}, limit: 1000,"
        f" model: {model}{retry}"
    )


def duration_text(seconds: float) -> str:
    """A protobuf Duration in JSON: ``53s``, ``0.250s``."""
    whole = int(seconds)
    return f"{whole}s" if seconds == whole else f"{seconds:.3f}s"
