"""Explicit caches (``cachedContents``): their tokens, and how long they live, which is what is billed."""

import re
from dataclasses import dataclass, field
from datetime import datetime

from gemini_mcp.simulator.generation import count_prompt
from gemini_mcp.simulator.listing import new_id, timestamp
from gemini_mcp.simulator.refusals import Refusal
from gemini_mcp.simulator.tokens import Counts
from gemini_mcp.simulator.wire import GenerateRequest, JsonObject, pick

_DEFAULT_TTL_S = 3_600.0
_MISSING = "CachedContent not found (or permission denied)"


@dataclass(slots=True)
class Cache:
    """What is cached is kept as it was sent, a request without a question."""

    id: str
    content: GenerateRequest
    counts: Counts
    display_name: str
    created: float
    updated: float
    expires: float

    @property
    def tokens(self) -> int:
        return sum(self.counts.values())

    def as_json(self) -> JsonObject:
        shown: JsonObject = {
            "name": f"cachedContents/{self.id}",
            "model": f"models/{self.content.model}",
            "createTime": timestamp(self.created),
            "updateTime": timestamp(self.updated),
            "expireTime": timestamp(self.expires),
            "usageMetadata": {"totalTokenCount": self.tokens},
        }
        return shown | ({"displayName": self.display_name} if self.display_name else {})


@dataclass(slots=True)
class Caches:
    _kept: dict[str, Cache] = field(default_factory=dict)

    def create(self, body: JsonObject, content: GenerateRequest, now: float) -> Cache:
        """Raises Refusal (400) for a bad life time, or a model of the fourth generation, which takes none."""
        if content.model.startswith("gemini-4"):
            raise Refusal(400, f"Model {content.model} does not support explicit caching.")
        expires = _expiry(body, now) or now + _DEFAULT_TTL_S
        name = str(pick(body, "displayName", ""))
        cache = Cache(new_id(), content, count_prompt(content), name, now, now, expires)
        self._kept[cache.id] = cache
        return cache

    def get(self, name: str, now: float) -> Cache:
        """Raises Refusal (403) for a cache that does not exist or has expired."""
        cache = self._kept.get(name.removeprefix("cachedContents/"))
        if cache is None or cache.expires <= now:
            raise Refusal(403, _MISSING)
        return cache

    def update(self, name: str, body: JsonObject, now: float) -> Cache:
        cache = self.get(name, now)
        cache.expires = _expiry(body, now) or cache.expires
        cache.updated = now
        return cache

    def delete(self, name: str, now: float) -> None:
        del self._kept[self.get(name, now).id]

    def listed(self, now: float) -> list[JsonObject]:
        return [cache.as_json() for cache in self._kept.values() if cache.expires > now]

    def for_request(self, request: GenerateRequest, now: float) -> Cache:
        """The cache a request names. Raises Refusal (400) when the two do not go together."""
        cache = self.get(request.cached_content, now)
        if cache.content.model != request.model:
            raise Refusal(
                400,
                f"Model used by GenerateContent request (models/{request.model}) and CachedContent "
                f"(models/{cache.content.model}) has to be the same.",
            )
        if request.restates:
            raise Refusal(
                400,
                "CachedContent can not be used with GenerateContent request setting system_instruction, tools or "
                "tool_config.\n\nProposed fix: move those values to CachedContent from GenerateContent request.",
            )
        return cache


def _expiry(body: JsonObject, now: float) -> float | None:
    ttl, at = pick(body, "ttl"), pick(body, "expireTime")
    if ttl is not None and not re.fullmatch(r"\d{1,9}(\.\d{1,9})?s", str(ttl)):
        raise Refusal(400, f"Invalid value at 'cached_content.ttl': {ttl}")
    if ttl is not None:
        return now + float(str(ttl)[:-1])
    try:
        return None if at is None else datetime.fromisoformat(str(at).replace("Z", "+00:00")).timestamp()
    except ValueError:
        raise Refusal(400, f"Invalid value at 'cached_content.expire_time': {at}") from None
