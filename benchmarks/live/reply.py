"""What a tool's result says, with the product's own receipt."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gemini_mcp.server.surface import ERROR_META, RECEIPT_META

UNUSABLE = frozenset({"no_api_key", "key_rejected", "model_not_found", "quota_exhausted", "state_unavailable"})
"""Errors after which every other call would fail, too."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One call of a tool on one model. ``text``: the answer, or the one that the product's checks turned down;
    ``error``: the error's code; ``told``: its words. ``output_tokens`` include thinking. ``paid_in_full``: no attempt
    was served at another price than the standard tier's."""

    model: str
    text: str
    error: str
    told: str
    served: str
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None
    simulated: bool
    paid_in_full: bool

    @property
    def answered(self) -> bool:
        """Whether there is something to score."""
        return not self.error or bool(self.text)

    @property
    def out_of_money(self) -> bool:
        """Near a budget the product asks at half the price or with less room, rather than not at all. What that gives
        is not to be compared with the rest."""
        return self.error == "budget_exceeded" or not self.paid_in_full

    @property
    def hopeless(self) -> bool:
        return self.error in UNUSABLE


def reply(model: str, texts: Sequence[str], meta: dict[str, Any] | None, *, is_error: bool) -> Reply:
    """Of an error the first text says what is wrong, and the second, where there is one, is the best attempt."""
    error: dict[str, Any] = (meta or {}).get(ERROR_META) or {}
    receipt: dict[str, Any] = error.get("receipt") or (meta or {}).get(RECEIPT_META) or {}
    attempts: list[dict[str, Any]] = receipt.get("attempts") or []
    best = texts[1] if len(texts) > 1 else ""
    return Reply(
        model=model,
        text=best if is_error else texts[0] if texts else "",
        error=str(error.get("code") or "internal_error") if is_error else "",
        told=texts[0] if is_error and texts else "",
        served=str(attempts[-1]["model_served"]) if attempts else "",
        input_tokens=_sum(attempts, "input_tokens", "tool_use_tokens"),
        output_tokens=_sum(attempts, "output_tokens", "thinking_tokens"),
        cost_usd=_cost(receipt, attempts),
        simulated=bool(receipt.get("simulated")),
        paid_in_full=all(attempt["service_tier"] == "standard" for attempt in attempts),
    )


def _cost(receipt: dict[str, Any], attempts: list[dict[str, Any]]) -> Decimal | None:
    """Nothing was paid for what never was attempted."""
    if not attempts:
        return Decimal(0)
    told = receipt.get("cost_usd")
    return None if told is None else Decimal(told)


def _sum(attempts: list[dict[str, Any]], *names: str) -> int:
    return sum(attempt[name] or 0 for attempt in attempts for name in names)
