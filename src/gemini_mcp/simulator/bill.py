"""What Google would have billed: every request it began to generate for, at the price of the model that served."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gemini_mcp.domain.usage import TokenUsage

Price = Callable[[str, TokenUsage, str], int | None]
"""Nano-USD for (served model, usage, tier: ``standard``, ``flex``, ``priority`` or ``batch``); None: unknown."""

StoragePrice = Callable[[str, int, float], int | None]
"""Nano-USD for keeping (model, tokens, seconds) in an explicit cache; None: unknown."""


@dataclass(slots=True)
class _Line:
    calls: int = 0
    caches: int = 0
    usage: TokenUsage = field(default_factory=TokenUsage)
    nano_usd: int = 0

    def as_json(self) -> dict[str, int]:
        return {
            "calls": self.calls,
            "caches": self.caches,
            "input_tokens": self.usage.input_tokens,
            "cached_tokens": self.usage.cached_tokens,
            "output_tokens": self.usage.output_tokens,
            "thinking_tokens": self.usage.thinking_tokens,
            "tool_use_tokens": self.usage.tool_use_tokens,
            "search_queries": self.usage.search_queries,
            "nano_usd": self.nano_usd,
        }


@dataclass(slots=True)
class Bill:
    """Sums by served model. Without a ``price`` everything costs nothing; so does what it has no price for.

    ``calls`` counts what was generated, ``caches`` explicit caches made; their tokens are input tokens.
    """

    price: Price | None = None
    storage: StoragePrice | None = None
    _lines: dict[str, _Line] = field(init=False, default_factory=dict)

    def charge(self, model: str, usage: TokenUsage, service_tier: str) -> None:
        line = self._lines.setdefault(model, _Line())
        line.calls += 1
        line.usage += usage
        line.nano_usd += (self.price(model, usage, service_tier) if self.price else None) or 0

    def charge_cache(self, model: str, tokens: int, seconds: float) -> None:
        """A cache was made to live that long: its tokens at the input price, once, and their storage."""
        line, usage = self._lines.setdefault(model, _Line()), TokenUsage(input_tokens=tokens)
        line.caches += 1
        line.usage += usage
        line.nano_usd += (self.price(model, usage, "standard") if self.price else None) or 0
        self.charge_storage(model, tokens, seconds)

    def charge_storage(self, model: str, tokens: int, seconds: float) -> None:
        """For the time asked for, whether or not the cache is deleted before."""
        line = self._lines.setdefault(model, _Line())
        line.nano_usd += (self.storage(model, tokens, seconds) if self.storage else None) or 0

    def as_json(self) -> dict[str, Any]:
        lines = self._lines.values()
        return {
            "models": {model: line.as_json() for model, line in sorted(self._lines.items())},
            "calls": sum(line.calls for line in lines),
            "nano_usd": sum(line.nano_usd for line in lines),
        }

    def clear(self) -> None:
        self._lines.clear()
