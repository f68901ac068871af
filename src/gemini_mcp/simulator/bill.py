"""What Google would have billed: every request it began to generate for, at the price of the model that served."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from gemini_mcp.domain.usage import TokenUsage

Price = Callable[[str, TokenUsage, str], int | None]
"""Nano-USD for (served model, usage, tier: ``standard``, ``flex``, ``priority`` or ``batch``); None: unknown."""


@dataclass(slots=True)
class _Line:
    calls: int = 0
    usage: TokenUsage = field(default_factory=TokenUsage)
    nano_usd: int = 0

    def as_json(self) -> dict[str, int]:
        return {
            "calls": self.calls,
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
    """Sums by served model. Without a ``price`` everything costs nothing; so does what it has no price for."""

    price: Price | None = None
    _lines: dict[str, _Line] = field(init=False, default_factory=dict)

    def charge(self, model: str, usage: TokenUsage, service_tier: str) -> None:
        line = self._lines.setdefault(model, _Line())
        line.calls += 1
        line.usage += usage
        line.nano_usd += (self.price(model, usage, service_tier) if self.price else None) or 0

    def as_json(self) -> dict[str, Any]:
        lines = self._lines.values()
        return {
            "models": {model: line.as_json() for model, line in sorted(self._lines.items())},
            "calls": sum(line.calls for line in lines),
            "nano_usd": sum(line.nano_usd for line in lines),
        }

    def clear(self) -> None:
        self._lines.clear()
