"""The SDK's errors, translated once into ours. What upstream said is shortened, and never holds the key."""

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx2
from google.genai import errors as sdk

from gemini_mcp.domain.errors import (
    AgentError,
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
    UpstreamUnreachable,
)
from gemini_mcp.domain.quotas import Violation, quota_of
from gemini_mcp.gemini.wire import SIMULATED_HEADER

_MOST_SAID = 300
_MOST_DIGITS = 15
_SECONDS = re.compile(r"^(\d+(?:\.\d+)?)s?$")
_KEY_LIKE = re.compile(r"AIza[\w-]{10,}|AQ\.[\w-]{10,}")
_SET_KEY = "Set GEMINI_API_KEY to a valid key from https://aistudio.google.com/apikey and restart the server."
_FREE_TIER = (
    "Google uses what the free tier is sent to improve its products, so it is used only if you allow it: set up billing"
    " for the key's project at https://aistudio.google.com/apikey, or set GEMINI_AGENTS_FREE_TIER=1 and restart the"
    " server."
)


def translate(error: Exception, model: str, key: str, *, trust_simulated: bool, free_tier: bool = False) -> AgentError:
    """Our error for one of the SDK's, of httpx2's, or of JSON's. ``free_tier``: the user allows the free tier."""
    if isinstance(error, AgentError):
        return error
    if isinstance(error, sdk.APIError):
        return _answered(error, model, key, trust_simulated, free_tier)
    if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout):
        return UpstreamUnreachable("Gemini cannot be reached", "Check the network and GEMINI_AGENTS_BASE_URL.")
    if isinstance(error, httpx2.TimeoutException):
        return UpstreamTimedOut(f"Gemini did not go on ({type(error).__name__})", "Try again.", usage=None)
    if isinstance(error, httpx2.HTTPError | json.JSONDecodeError):
        what = type(error).__name__
        return UpstreamUnavailable(f"the connection to Gemini broke ({what})", "Try again.", usage=None)
    # Whatever else the libraries stumble over, it may have been after the request was sent: of unknown cost.
    what = f"{type(error).__name__}: {_said(str(error), key)}"
    return UpstreamMisbehaved(f"the answer could not be read ({what})", "Try again.", usage=None)


def _answered(error: sdk.APIError, model: str, key: str, trust_simulated: bool, free_tier: bool) -> UpstreamError:
    """An HTTP status other than 200. From 300 on nothing was generated and nothing is charged."""
    body = _error_body(error.details)
    said = _said(str(error.message or body.get("message") or ""), key)
    simulated = _header(error, SIMULATED_HEADER) if trust_simulated else ""
    status = int(error.code or 0)
    if status == 429:
        made: UpstreamError = _quota(body, said, model, _header(error, "retry-after"), free_tier)
    else:
        made = _by_status(status, body, said, model, error)
    made.simulated = ("list" if simulated.endswith("list") else "zero") if simulated else None
    return made


def _by_status(status: int, body: Mapping[str, Any], said: str, model: str, error: sdk.APIError) -> UpstreamError:
    if status < 300:
        return UpstreamMisbehaved(f"Gemini answered {status} without an answer", "Try again.", usage=None)
    if status in (401, 403) or _reason(body) in ("API_KEY_INVALID", "API_KEY_EXPIRED"):
        return KeyRejected(f"Gemini rejected the API key ({status}): {said}", _SET_KEY)
    if status == 404:
        return ModelNotFound(f"Gemini does not know {model}", "Choose another model (gemini-agents models).")
    if status == 413:
        return RequestTooLarge(f"Gemini finds the request too large: {said}", "Send less material.")
    if status == 408 or status >= 500:
        after = _seconds(_header(error, "retry-after"))
        kind = UpstreamTimedOut if status in (408, 504) else UpstreamUnavailable
        return kind(f"Gemini answered {status}", "Try again in a minute.", retry_after=after)
    if 300 <= status < 400:
        fix = "Check GEMINI_AGENTS_BASE_URL: redirects are not followed, since the key would go along."
        return UpstreamMisbehaved(f"upstream redirected the request ({status})", fix)
    return RequestRejected(f"Gemini refused the request ({status}): {said}", "Change the task or its output_schema.")


def _quota(
    body: Mapping[str, Any], said: str, model: str, retry_after: str, free_tier: bool
) -> QuotaExhausted | FreeTierRefused:
    """A 429. Its quotas, as far as it names any, are the limits that it teaches."""
    found = [v for d in _details(body) if isinstance(d.get("violations"), list) for v in d["violations"]]
    named = [v for v in found if isinstance(v, dict) and isinstance(v.get("quotaId"), str) and v["quotaId"]]
    ids = list(dict.fromkeys(v["quotaId"] for v in named))
    if not free_tier and any("FreeTier" in quota for quota in ids):
        return FreeTierRefused(f"the API key is on Gemini's free tier, and its quota of {model} is used up", _FREE_TIER)
    asked = next((str(d["retryDelay"]) for d in _details(body) if "retryDelay" in d), "") or retry_after
    names = f" ({', '.join(ids)})" if ids else ""
    error = _quota_error(f"the quota of {model} is used up{names}", names, said, named, _seconds(asked))
    error.violations = tuple(Violation(quota_of(v["quotaId"]), _whole(v.get("quotaValue"))) for v in named)
    return error


def _quota_error(
    message: str, names: str, said: str, named: list[dict[str, Any]], after: float | None
) -> QuotaExhausted:
    if any("PerDay" in v["quotaId"] for v in named):
        return DailyQuotaExhausted(message, "It renews at midnight Pacific; raise the quota or choose another model.")
    if any(_whole(v.get("quotaValue")) == 0 for v in named):
        return DailyQuotaExhausted(message, "The project has none for this model: raise it, or choose another model.")
    fix = "Wait a minute, or raise the project's quota." if names else f"Wait a minute. Gemini says: {said}"
    return QuotaExhausted(message, fix, retry_after=after)


def _whole(text: Any) -> int | None:
    """A quota's value, which comes as a string of digits, or is left out."""
    digits = str(text)
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= _MOST_DIGITS else None


def _seconds(text: str | None) -> float | None:
    found = _SECONDS.match(text.strip()) if text else None
    return float(found.group(1)) if found else None


def _error_body(details: Any) -> Mapping[str, Any]:
    body = details[0] if isinstance(details, list) and details else details
    inner = body.get("error", body) if isinstance(body, dict) else {}
    return inner if isinstance(inner, dict) else {}


def _details(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    details = body.get("details")
    return [d for d in details if isinstance(d, dict)] if isinstance(details, list) else []


def _reason(body: Mapping[str, Any]) -> str:
    return next((str(d["reason"]) for d in _details(body) if "reason" in d), "")


def _header(error: sdk.APIError, name: str) -> str:
    headers = getattr(error.response, "headers", None) or {}
    return str(headers.get(name) or "")


def _said(text: str, key: str) -> str:
    """Upstream's own words: one line, short, no key in them."""
    flat = " ".join(text.split())
    if key:
        flat = flat.replace(key, "[key]")
    return _KEY_LIKE.sub("[key]", flat)[:_MOST_SAID]
