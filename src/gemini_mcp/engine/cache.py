"""The exact cache, and one flight for identical calls. Outermost, so that only accepted answers are kept."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from gemini_mcp.domain.material import Source
from gemini_mcp.domain.task import Task
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.flights import Flights
from gemini_mcp.engine.ports import Answer, AnswerTask, Call, Store

KEY_FORM = 2
"""Raise it when the meaning of a key or the form of a value changes."""

_ANSWER_FIELDS = tuple(field.name for field in fields(Answer))
_USAGE_FIELDS = tuple(field.name for field in fields(TokenUsage))

KeyOf = Callable[[Task, Call], str]
Lifetime = Callable[[Task], float]


def key_of(task: Task, principal: str, surroundings: dict[str, Any]) -> str:
    """A hash over everything that changes the answer.

    ``surroundings``: the plan of models, the prompt's version, the endpoint. What does not change the answer
    (the caps, where a file lies on the disk beyond the name the model sees) stays out.
    """
    rejected = task.rejected
    parts = {
        "form": KEY_FORM,
        "principal": principal,
        "agent": task.agent,
        "instruction": _normalised(task.instruction),
        "context": _normalised(task.context),
        "sources": [(source.path, source.sha256, source.sent_as, _detail(source)) for source in task.sources],
        "expect": task.expect,
        "schema": task.output_schema,
        "tier": task.tier,
        "model": task.pinned_model,
        "search": task.web_search,
        "rejected": [rejected.answer, rejected.feedback, rejected.tier] if rejected else None,
        **surroundings,
    }
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _detail(source: Source) -> str | None:
    return source.media.detail if source.media else None


def _normalised(text: str) -> str:
    """Line ends and outer blanks do not change an answer; anything inside may."""
    return text.replace("\r\n", "\n").strip()


def cached(answer: AnswerTask, store: Store, flights: Flights, key: KeyOf, lifetime_s: Lifetime) -> AnswerTask:
    """The same callable, answered from the store where it can be, and once where several ask the same at once."""

    async def compute(task: Task, call: Call, key_text: str) -> Answer:
        made = await answer(task, call)
        unsure = any(attempt.verdict == "unknown" for attempt in call.attempts)
        if not (unsure or call.lowered or call.stands):  # another time there may be money, or a tier that is well
            store.put(key_text, _packed(made), lifetime_s(task))
        return replace(made, cache="miss")

    async def cached_answer(task: Task, call: Call) -> Answer:
        key_text = call.cache_key = key(task, call)
        if task.fresh:
            return replace(await compute(task, call, key_text), cache="off")
        if (kept := await _kept(store, key_text)) is not None:
            return _reused(kept, call, "hit")
        flight_key = f"{key_text}:{task.max_cost_nano}"
        made, led = await flights.fly(flight_key, call, lambda leader: compute(task, leader, key_text))
        return made if led else _reused(made, call, "shared")

    return cached_answer


async def _kept(store: Store, key_text: str) -> Answer | None:
    value = await store.get(key_text)
    try:
        return None if value is None else _unpacked(value)
    except (KeyError, TypeError, ValueError):  # of another version, or tampered with
        store.drop(key_text)
        return None


def _reused(answer: Answer, call: Call, state: Any) -> Answer:
    call.family, call.tier = answer.family, answer.tier
    call.of_record.saved_by_cache_nano += answer.cost_nano or 0
    return replace(answer, cache=state)


def _packed(answer: Answer) -> dict[str, Any]:
    values = {name: getattr(answer, name) for name in _ANSWER_FIELDS}
    return values | {"usage": {name: getattr(answer.usage, name) for name in _USAGE_FIELDS}}


def _unpacked(value: dict[str, Any]) -> Answer:
    sources = tuple((title, uri) for title, uri in value["web_sources"])
    return Answer(**{**value, "usage": TokenUsage(**value["usage"]), "web_sources": sources})
