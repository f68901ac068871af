"""What each recorded call cost, from what its row has: dollars, tokens, characters, or only that there was a call.

Tokens and characters become a cost by one price ratio between strong and cheap; output counts five times as much as
input, as in the price list of the tiers flash and pro. Costs are relative: only their shares are reported.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from benchmarks.cascade.recordings import Row

RATIO = 4.5
"""What pro costs against lite in the catalogue of November 2026 for a request of two tokens in and one out."""

OUTPUT_WEIGHT = 5.0

Basis = Literal["cost", "usage", "tokens", "characters", "calls"]


def basis_of(rows: Sequence[Row], models: Sequence[str]) -> Basis:
    """The best that every row has for every model."""
    for basis, has in (
        ("cost", _has_cost),
        ("usage", _has_usage),
        ("tokens", _has_tokens),
        ("characters", _has_length),
    ):
        if rows and all(has(row["m"][model]) for row in rows for model in models if model in row["m"]):
            return basis  # type: ignore[return-value]
    return "calls"


def cost(row: Row, model: str, basis: Basis, price: float) -> float:
    """Of one recorded call. ``price``: of the model's unit of input against the strong model's; dollars need none."""
    made = row["m"][model]
    match basis:
        case "cost":
            return float(made["cost"])
        case "usage":
            given, written = _usage(made["usage"])
        case "tokens":
            given, written = float(made["in_tok"]), float(made["out_tok"])
        case "characters":
            given, written = float(row.get("in_chars") or len(row.get("prompt") or "")), float(made["out_chars"])
        case "calls":
            return price
    return price * (given + OUTPUT_WEIGHT * written)


def _usage(usage: Mapping[str, Any]) -> tuple[float, float]:
    """Input and output tokens. Where a total says that there was more than both, the rest was thinking: output."""
    given = _first(usage, ("input", "input_tokens", "prompt_tokens", "promptTokenCount"))
    written = _first(usage, ("output", "output_tokens", "completion_tokens", "candidatesTokenCount"))
    thought = _first(usage, ("thinking", "thinking_tokens", "reasoning_tokens", "thoughtsTokenCount"))
    whole = _first(usage, ("total", "total_tokens", "totalTokenCount"))
    return given, max(written + thought, whole - given)


def _first(usage: Mapping[str, Any], names: Sequence[str]) -> float:
    return next((float(usage[name]) for name in names if usage.get(name) is not None), 0.0)


def _has_cost(made: Mapping[str, Any]) -> bool:
    return made.get("cost") is not None


def _has_usage(made: Mapping[str, Any]) -> bool:
    return isinstance(made.get("usage"), Mapping)


def _has_tokens(made: Mapping[str, Any]) -> bool:
    return made.get("in_tok") is not None and made.get("out_tok") is not None


def _has_length(made: Mapping[str, Any]) -> bool:
    return made.get("out_chars") is not None
