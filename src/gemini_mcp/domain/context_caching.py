"""Explicit context caches: what may lie in one, whether it pays, and for how long. Pure.

Making a cache costs its tokens once at the input price, and their storage for as long as it is to live; every question
asked of it then pays the cached price for them. With ``n`` tokens, and ``f`` further questions after the present one:

    plain     (1 + f) n input
    cached    n input + n storage hours + (1 + f) n cached

Rates are nano-USD per 1,000,000 tokens (storage: and hour), as in the catalogue; amounts are whole nano-USD.
"""

import hashlib
import json
import math
from dataclasses import dataclass
from typing import Final

from gemini_mcp.domain.catalog import Family, Model, Rates
from gemini_mcp.domain.messages import ModelRequest, PriceBook, Stable
from gemini_mcp.domain.prompting import stable_prompt
from gemini_mcp.domain.task import Task
from gemini_mcp.domain.tokens import safe_tokens

TTL_S: Final = 300
"""A cache is made to live so long, and each extension adds as much. A question that comes later than this after the
one before it begins anew, since no cache would have lived to see it."""

SLACK_S: Final = 10
"""A cache with less than this left is no longer asked: it could be gone when the request arrives."""

_WELL_BEFORE_S: Final = 60
_LEAST_TOKENS: Final = 2_048
_PER: Final = 1_000_000 * 3_600


@dataclass(frozen=True, slots=True)
class Context:
    """A cache as Gemini made it. ``tokens``: None when it did not say; ``expires_at``: Unix time."""

    name: str
    tokens: int | None
    expires_at: float
    simulated: PriceBook | None = None


def minimum_tokens(family: Family) -> int:
    """What Gemini takes at least in a cache."""
    return _LEAST_TOKENS if family == "gemini-2.5" else 4_096


def stable_of(task: Task, system: str) -> Stable | None:
    """The part of the task's requests that is the same for every question about the same material; None when it is
    too small for any cache, or when a search goes along: a request with tools takes no cache."""
    text = stable_prompt(task)
    media = sum(source.media.tokens for source in task.attached if source.media)
    if task.web_search or len(text) + len(system) + media < _LEAST_TOKENS:
        return None
    tokens = safe_tokens(system, text) + media
    if tokens < _LEAST_TOKENS:
        return None
    attached = [(source.path, source.sha256, source.sent_as) for source in task.attached]
    return Stable(text, tokens, _digest(system, text, attached))


def context_key(principal: str, model: str, stable: Stable) -> str:
    """Under which a cache is known: nobody finds another principal's."""
    return _digest(principal, model, stable.key)


def takes_context(model: Model, request: ModelRequest) -> bool:
    """Whether the model may keep what is stable in the request. An uploaded file is deleted after its call, and a
    media resolution cannot be set for what lies in a cache."""
    stable = request.stable
    if stable is None or "explicit_cache" not in model.capabilities or request.cached_content:
        return False
    plain = not any(each.media.uri or each.media.detail for each in request.attachments)
    return plain and stable.tokens >= minimum_tokens(model.family)


def without_stable(prompt: str, stable: Stable) -> str:
    """The prompt of a request whose cache holds the stable part."""
    return prompt.removeprefix(stable.text).removeprefix("\n\n")


def storage_nano(rates: Rates | None, tokens: int, seconds: float) -> int | None:
    """What it costs to keep so many tokens so long, begun seconds counted whole; None when its price is not known."""
    if rates is None or rates.cache_storage is None:
        return None
    whole_s = math.ceil(round(seconds, 3))
    return -(-tokens * rates.cache_storage * whole_s // _PER)


def further_questions(asked: int, gap_s: float) -> int:
    """How many more to count on, when it was asked ``asked`` times with the present one, ``gap_s`` after the last.

    What has gone on for a while goes on, as a rule, about as long again: as many as came before the present one, so
    none after the first question and one after the second; but no more than come within a cache's life at that pace.
    """
    return min(asked - 1, int(TTL_S / max(gap_s, 1.0)))


def creation_pays(rates: Rates, tokens: int, further: int, implicit_percent: int = 0) -> bool:
    """Whether a cache of so many tokens is cheaper than the present question and ``further`` ones asked plainly.

    ``implicit_percent``: the share of such tokens that Gemini's own, implicit cache has lately given the cached price
    anyway: only on the rest does an explicit cache save anything.
    """
    storage, prices = storage_nano(rates, tokens, TTL_S), _prices(rates, tokens)
    if storage is None or prices is None:
        return False
    fresh, cached = prices
    saved_percent = 100 - min(100, max(0, implicit_percent))
    saved = (1 + further) * tokens * (fresh - cached) * saved_percent
    return saved > 100 * (tokens * fresh + storage * 1_000_000)


def extension_pays(rates: Rates, tokens: int, gap_s: float, left_s: float) -> bool:
    """Whether a cache in use, with ``left_s`` to live, is worth keeping ``TTL_S`` longer: the next question, expected
    after as long as it took the present one to come, could come too late, and alone would save more than the storage.
    """
    storage, prices = storage_nano(rates, tokens, TTL_S), _prices(rates, tokens)
    if storage is None or prices is None or gap_s > TTL_S or left_s >= max(2 * gap_s, _WELL_BEFORE_S):
        return False
    fresh, cached = prices
    return tokens * (fresh - cached) > storage * 1_000_000


def _prices(rates: Rates, tokens: int) -> tuple[int, int] | None:
    """Of fresh and of cached input, for a prompt of at least that size."""
    long = rates.long_over is not None and tokens > rates.long_over
    fresh, cached = (rates.long_input, rates.long_cached) if long else (rates.input, rates.cached)
    return None if fresh is None or cached is None else (fresh, cached)


def _digest(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode("utf-8", "surrogatepass")).hexdigest()
