"""From a request to an answer and its usage: pure, given what the caches know."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.simulator.answers import answer
from gemini_mcp.simulator.fault_replies import Script
from gemini_mcp.simulator.thinking import thinking_tokens
from gemini_mcp.simulator.tokens import Counts, count_blob, count_text, cut
from gemini_mcp.simulator.wire import Blob, GenerateRequest, JsonObject, pick

_SEARCH_TOKENS = 120


@dataclass(frozen=True, slots=True)
class Prompt:
    """Tokens of the prompt by modality, cached ones included; of which ``cached``."""

    counts: Counts
    cached: int = 0

    @property
    def tokens(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Generated:
    """An answer by the model that served. ``text`` is the candidate's, empty without one."""

    model: str
    service_tier: str
    prompt: Prompt
    usage: TokenUsage
    text: str = ""
    candidates: tuple[JsonObject, ...] = ()
    block_reason: str = ""
    without_usage: bool = False

    def body(self, response_id: str) -> JsonObject:
        body: JsonObject = {"candidates": list(self.candidates)} if self.candidates else {}
        if self.block_reason:
            body["promptFeedback"] = {"blockReason": self.block_reason}
        if not self.without_usage:
            body["usageMetadata"] = usage_metadata(self.usage, self.prompt)
        return body | {"modelVersion": self.model, "responseId": response_id}


@dataclass(slots=True)
class _Draft:
    """A candidate in the making: what is said, what it cost to think, and why it ends."""

    text: str
    thinking: int
    finish_reason: str = "STOP"
    token: str = ""
    extra: JsonObject = field(default_factory=dict)


def count_prompt(request: GenerateRequest) -> Counts:
    """Tokens by modality of all that is sent: system instruction, contents, function declarations, schema."""
    counts = {"TEXT": count_text(request.system)}
    for piece in request.pieces:
        modality, tokens = _count_piece(piece, request)
        counts[modality] = counts.get(modality, 0) + tokens
    declared = [*filter(None, (pick(tool, "functionDeclarations") for tool in request.tools)), request.settings.schema]
    counts["TEXT"] += sum(count_text(json.dumps(each)) for each in declared if each is not None)
    return counts


def _count_piece(piece: str | Blob, request: GenerateRequest) -> tuple[str, int]:
    if isinstance(piece, str):
        return "TEXT", count_text(piece)
    return count_blob(piece, request.model, request.settings.resolution)


def generate(request: GenerateRequest, prompt: Prompt, script: Script) -> Generated:
    model = script.served_by or request.model
    if script.block_reason:
        usage = TokenUsage(input_tokens=prompt.tokens, audio_tokens=prompt.counts.get("AUDIO", 0))
        prompt = Prompt(prompt.counts)
        return Generated(model, request.service_tier, prompt, usage, block_reason=script.block_reason)
    draft = _draft(request, prompt, script, model)
    copies = request.settings.candidates
    candidates = tuple(_candidate(draft, script.content, index, request) for index in range(copies))
    usage = _usage(request, prompt, draft, copies)
    return Generated(
        model, request.service_tier, prompt, usage, draft.text, candidates, without_usage=script.without_usage
    )


def _draft(request: GenerateRequest, prompt: Prompt, script: Script, model: str) -> _Draft:
    settings = request.settings
    thinking = thinking_tokens(model, settings.level, settings.budget, prompt.tokens)
    draft = _Draft(script.text if script.text is not None else "", thinking)
    if script.thinking_tokens is not None:
        draft.thinking = script.thinking_tokens
    if script.thinks_it_all:
        draft.thinking = settings.max_output_tokens or max(thinking, 1_024)
    if script.avg_logprobs is not None:
        draft.extra["avgLogprobs"] = script.avg_logprobs
    if script.text is None and script.content == "text":
        draft.text = _continued(answer(request), request.continuation)
        _within_limit(draft, settings.max_output_tokens)
    if script.interrupted and not request.continuation:
        _interrupt(draft)
    draft.finish_reason = script.finish_reason or draft.finish_reason
    return draft


def _within_limit(draft: _Draft, limit: int | None) -> None:
    """Thinking eats the budget first."""
    if limit is None or draft.thinking + count_text(draft.text) <= limit:
        return
    draft.thinking = min(draft.thinking, limit)
    draft.text = cut(draft.text, limit - draft.thinking)
    draft.finish_reason = "MAX_TOKENS"


def _interrupt(draft: _Draft) -> None:
    half = len(draft.text) // 2
    draft.text, draft.finish_reason = draft.text[:half], "CONTINUATION"
    draft.token = base64.b64encode(f"from:{half}".encode()).decode()


def _continued(text: str, token: str) -> str:
    """What is left to say after the part that ended in ``token``."""
    try:
        start = base64.b64decode(token.replace("-", "+").replace("_", "/")).decode().removeprefix("from:")
        return text[int(start) :] if token else text
    except (binascii.Error, ValueError):
        return text


def _candidate(draft: _Draft, content: str, index: int, request: GenerateRequest) -> JsonObject:
    candidate: JsonObject = {"finishReason": draft.finish_reason, "index": index, **draft.extra}
    if content != "none":
        candidate = {"content": _content(draft.text, content), **candidate}
    if draft.token:
        candidate["continuationToken"] = draft.token
    return candidate | ({"groundingMetadata": _grounding(request)} if request.searches else {})


def _content(text: str, content: str) -> JsonObject:
    if content == "empty":
        return {"parts": [], "role": "model"}
    return {"parts": [{"text": text}], "role": "model"} if text else {"role": "model"}


def search_queries(request: GenerateRequest) -> list[str]:
    """One query: the first words of what is asked."""
    return [" ".join(request.asked.split()[:8])] if request.searches else []


def _grounding(request: GenerateRequest) -> JsonObject:
    source = {"uri": "https://example.com/simulated", "title": "simulated source"}
    return {"webSearchQueries": search_queries(request), "groundingChunks": [{"web": source}]}


def _usage(request: GenerateRequest, prompt: Prompt, draft: _Draft, copies: int) -> TokenUsage:
    return TokenUsage(
        input_tokens=prompt.tokens,
        cached_tokens=prompt.cached,
        output_tokens=copies * count_text(draft.text),
        thinking_tokens=draft.thinking,
        tool_use_tokens=_SEARCH_TOKENS if request.searches else 0,
        audio_tokens=prompt.counts.get("AUDIO", 0),
        search_queries=len(search_queries(request)),
    )


def usage_metadata(usage: TokenUsage, prompt: Prompt) -> JsonObject:
    """As on the wire, where counts of zero are left out."""
    counted = {
        "promptTokenCount": usage.input_tokens,
        "cachedContentTokenCount": usage.cached_tokens,
        "candidatesTokenCount": usage.output_tokens,
        "thoughtsTokenCount": usage.thinking_tokens,
        "toolUsePromptTokenCount": usage.tool_use_tokens,
        "totalTokenCount": usage.input_tokens + usage.output_tokens + usage.thinking_tokens + usage.tool_use_tokens,
    }
    shown: JsonObject = {name: count for name, count in counted.items() if count}
    shown["promptTokensDetails"] = details(prompt.counts)
    if usage.cached_tokens:
        shown["cacheTokensDetails"] = details({"TEXT": usage.cached_tokens})
    return shown


def details(counts: Counts) -> list[dict[str, Any]]:
    return [{"modality": modality, "tokenCount": tokens} for modality, tokens in counts.items() if tokens]


def stream_bodies(generated: Generated, response_id: str, pieces: int = 3) -> Sequence[JsonObject]:
    """The body in chunks: the text in pieces, the finish reason and the rest in the last."""
    whole = generated.body(response_id)
    if len(generated.candidates) != 1 or not generated.text:
        return [whole]
    size = max(1, -(-len(generated.text) // pieces))
    texts = [generated.text[start : start + size] for start in range(0, len(generated.text), size)]
    bare = {name: whole[name] for name in ("modelVersion", "responseId")}
    chunks = [{"candidates": [{"content": _content(text, "text"), "index": 0}], **bare} for text in texts[:-1]]
    last = generated.candidates[0] | {"content": _content(texts[-1], "text")}
    return [*chunks, whole | {"candidates": [last]}]
