"""Our requests as the SDK's arguments, and response bodies as our answers."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gemini_mcp.domain.context_caching import Context
from gemini_mcp.domain.errors import Blocked, UpstreamMisbehaved, UpstreamUnavailable
from gemini_mcp.domain.material import DETAILS
from gemini_mcp.domain.messages import FinishReason, ModelAnswer, ModelRequest, PriceBook, WebSource
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.gemini.sdk_models import Config, Content

if TYPE_CHECKING:
    from google.genai.types import CachedContent

SIMULATED_HEADER = "x-gemini-agents-simulated"
_COUNTS = {
    "input_tokens": "promptTokenCount",
    "cached_tokens": "cachedContentTokenCount",
    "output_tokens": "candidatesTokenCount",
    "thinking_tokens": "thoughtsTokenCount",
    "tool_use_tokens": "toolUsePromptTokenCount",
}
_MOST_TOKENS = 1 << 40
_LEAST_CONFIDENCE = -1e6
"""No token that a model chose is less likely than this, as a logarithm; what says so is broken."""

_FINISH: dict[str, FinishReason] = {
    "STOP": "stop",
    "MAX_TOKENS": "max_tokens",
    "SAFETY": "safety",
    "PROHIBITED_CONTENT": "safety",
    "SPII": "safety",
    "BLOCKLIST": "safety",
    "RECITATION": "recitation",
}


def generate_arguments(request: ModelRequest) -> dict[str, Any]:
    """What ``generate_content`` is called with.

    Automatic function calling and continuation are off, since each may send requests that nobody reserved;
    the raw body is asked for, since parsing it into the SDK's models costs more than reading it here.
    """
    config: dict[str, Any] = {
        "automatic_function_calling": {"disable": True},
        "automatic_continuation": False,
        "should_return_http_response": True,
        "max_output_tokens": request.max_output_tokens,
    }
    if request.cached_content:
        config["cached_content"] = request.cached_content  # which holds the system instruction, and must alone
    else:
        config["system_instruction"] = Content.of(request.system)
    if request.thinking_level is not None:
        config["thinking_config"] = {"thinking_level": request.thinking_level}
    elif request.thinking_budget is not None:
        config["thinking_config"] = {"thinking_budget": request.thinking_budget}
    if request.json_mode:
        config["response_mime_type"] = "application/json"
    if request.json_schema is not None:
        config["response_json_schema"] = request.json_schema
    if request.web_search:
        config["tools"] = [{"google_search": {}}]
    if request.service_tier != "standard":
        config["service_tier"] = request.service_tier
    if details := {each.media.detail for each in request.attachments if each.media.detail}:
        # For the whole request: only API versions before v1 take a resolution for a single part.
        config["media_resolution"] = f"MEDIA_RESOLUTION_{max(details, key=DETAILS.index).upper()}"
    content = Content.of(request.prompt, request.attachments)
    return {"model": request.model, "contents": content, "config": Config(**config)}


def context_arguments(request: ModelRequest, ttl_s: int) -> dict[str, Any]:
    """What ``caches.create`` is called with, to keep the stable part of a request."""
    assert request.stable is not None
    content = Content.of(request.stable.text, request.attachments)
    instruction = Content.of(request.system)
    return {
        "model": request.model,
        "config": {"contents": [content], "system_instruction": instruction, "ttl": f"{ttl_s}s"},
    }


def read_context(made: "CachedContent", headers: Mapping[str, str], *, trust_simulated: bool) -> Context:
    """Raises UpstreamMisbehaved for a cache without a name or an end."""
    if not made.name or made.expire_time is None:
        raise UpstreamMisbehaved("Gemini's answer holds no cache", "Try again.", usage=None)
    counted = made.usage_metadata.total_token_count if made.usage_metadata else None
    tokens = counted if counted is not None and 0 <= counted <= _MOST_TOKENS else None
    simulated = _price_book(headers.get(SIMULATED_HEADER)) if trust_simulated else None
    return Context(made.name, tokens, made.expire_time.timestamp(), simulated)


def read_answer(body: str, headers: Mapping[str, str], asked: str, *, trust_simulated: bool) -> ModelAnswer:
    """The answer in a 200's body. Raises Blocked, UpstreamUnavailable or UpstreamMisbehaved."""
    try:
        return _read_answer(body, headers, asked, trust_simulated)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError):
        raise UpstreamMisbehaved("Gemini's answer has a form we do not know", "Try again.", usage=None) from None


def _read_answer(body: str, headers: Mapping[str, str], asked: str, trust_simulated: bool) -> ModelAnswer:
    lowered = {name.lower(): value for name, value in headers.items()}
    simulated = _price_book(lowered.get(SIMULATED_HEADER)) if trust_simulated else None
    message = _decoded(body, simulated)
    served = str(message.get("modelVersion") or asked).removeprefix("models/")
    usage = read_usage(message)
    candidates = message.get("candidates") or []
    if not candidates:
        raise _no_candidate(message, usage, served, simulated)
    candidate = candidates[0]
    grounding = candidate.get("groundingMetadata") or {}
    reason = str(candidate.get("finishReason") or "STOP")
    return ModelAnswer(
        text=_text(candidate),
        finish_reason=_FINISH.get(reason, "other"),
        finish_detail=reason,
        usage=usage,
        model_served=served,
        service_tier=lowered.get("x-gemini-service-tier", "standard").lower(),
        simulated=simulated,
        web_sources=_web_sources(grounding),
        confidence=_confidence(candidate),
    )


def read_usage(message: Mapping[str, Any]) -> TokenUsage | None:
    """The tokens a response says it used; None when it does not say, or says what cannot be."""
    said = message.get("usageMetadata")
    if not isinstance(said, dict) or "promptTokenCount" not in said:
        return None
    candidates = message.get("candidates") or [{}]
    queries = (candidates[0].get("groundingMetadata") or {}).get("webSearchQueries") or []
    audio = sum(d.get("tokenCount") or 0 for d in said.get("promptTokensDetails") or [] if d.get("modality") == "AUDIO")
    counts = {ours: said.get(theirs) or 0 for ours, theirs in _COUNTS.items()} | {"audio_tokens": audio}
    if not all(type(count) is int and 0 <= count <= _MOST_TOKENS for count in counts.values()):
        return None
    return TokenUsage(**counts, search_queries=len(set(queries)))


def _decoded(body: str, simulated: PriceBook | None) -> dict[str, Any]:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        message = None
    if not isinstance(message, dict):
        raise UpstreamUnavailable(
            "Gemini's answer was not JSON",
            "Try again; if it stays, check GEMINI_AGENTS_BASE_URL.",
            usage=None,
            simulated=simulated,
        )
    return message


def _text(candidate: Mapping[str, Any]) -> str:
    parts = (candidate.get("content") or {}).get("parts") or []
    return "".join(part.get("text") or "" for part in parts if not part.get("thought"))


def _confidence(candidate: Mapping[str, Any]) -> float | None:
    """It is read where it comes by itself, and never asked for: most models refuse a request that does."""
    said = candidate.get("avgLogprobs")
    if not isinstance(said, int | float) or isinstance(said, bool):
        return None
    return float(said) if _LEAST_CONFIDENCE <= said <= 0 else None


def _no_candidate(
    message: Mapping[str, Any], usage: TokenUsage | None, served: str, simulated: PriceBook | None
) -> Blocked | UpstreamMisbehaved:
    reason = (message.get("promptFeedback") or {}).get("blockReason")
    if reason:
        return Blocked(
            f"Gemini blocked the prompt ({reason})",
            "Rephrase the task or leave out the material that trips the filter.",
            usage=usage,
            model_served=served,
            simulated=simulated,
        )
    return UpstreamMisbehaved(
        "Gemini's answer holds no candidate", "Try again.", usage=usage, model_served=served, simulated=simulated
    )


def _web_sources(grounding: Mapping[str, Any]) -> tuple[WebSource, ...]:
    pages = [chunk.get("web") or {} for chunk in grounding.get("groundingChunks") or []]
    return tuple(WebSource(page.get("title") or page["uri"], page["uri"]) for page in pages if page.get("uri"))


def _price_book(header: str | None) -> PriceBook | None:
    if header is None:
        return None
    return "list" if header.endswith("list") else "zero"
