"""The receipt of a call: one line for people, and in full for programs."""

import time
from collections import Counter
from typing import Any

from gemini_mcp.domain.material import Source
from gemini_mcp.domain.money import short_usd, usd_text
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.ledger import total_cost
from gemini_mcp.engine.ports import Answer, Attempt, Call

MOST_REJECTIONS_TOLD = 3


def receipt(call: Call, answer: Answer | None, sources: tuple[Source, ...] = ()) -> dict[str, Any]:
    """Everything about the call, as the contract names it. Money: decimal strings in USD, null where unknown."""
    return {
        "result_id": call.result_id,
        "session_id": call.caller.session_id,
        "tool": call.tool,
        "tier": answer.tier if answer else call.tier,
        "model": answer.model if answer else _last_asked(call),
        "family": call.family,
        "cost_usd": usd_text(total_cost(call)),
        "saved_usd": usd_text(_saved(call, answer)),
        "cache": answer.cache if answer else "off",
        "simulated": _simulated(call, answer),
        "attempts": [_attempt(attempt) for attempt in call.attempts],
        "sources": [{"path": s.path, "bytes": s.bytes, "sha256": s.sha256, "sent_as": s.sent_as} for s in sources],
        **({"warnings": call.warnings} if call.warnings else {}),
    }


def receipt_line(call: Call, answer: Answer) -> str:
    """``[model · tier · tokens · money · time · id]``, then what is out of the ordinary."""
    usage = _sum(call) if call.attempts else answer.usage
    seconds = time.monotonic() - call.started_monotonic
    parts = [
        _models(call) or answer.model,
        answer.tier,
        _tokens(usage),
        short_usd(total_cost(call)),
        f"{seconds:.1f} s" if seconds >= 0.1 else f"{seconds:.3f} s",
        call.result_id,
    ]
    if usage.thinking_tokens:
        parts.append(f"{usage.thinking_tokens:,} thinking")
    if answer.cache in ("hit", "shared"):
        parts.append("cached" if answer.cache == "hit" else "shared with an identical call")
    if call.saved_by_cache_nano:
        parts.append(f"cache saved {short_usd(call.saved_by_cache_nano)}")
    if kept := [attempt for attempt in call.attempts if attempt.keeps and attempt.cost_nano]:
        parts.append(f"material kept at Gemini for {short_usd(sum(a.cost_nano or 0 for a in kept))}")
    parts += [f"{a.reason} ({a.model_served or a.model})" for a in call.attempts if a.advises and a.usage]
    parts += _rejections(call)
    parts += call.warnings
    if _simulated(call, answer):
        parts.append("SIMULATED")
    return f"[{' · '.join(parts)}]"


def _models(call: Call) -> str:
    """Of a call in parts, each model that gave an answer and how many: the line's tokens and money are of them all."""
    asked = [attempt for attempt in call.attempts if not attempt.keeps and not attempt.advises]
    if sum(attempt.verdict == "accepted" for attempt in asked) < 2:
        return ""
    told = Counter(attempt.model_served or attempt.model for attempt in asked if attempt.usage != TokenUsage())
    return " + ".join(f"{count} x {model}" for model, count in told.most_common())


def _tokens(usage: TokenUsage) -> str:
    """As billed: cached tokens are among those that went in, and cost a fraction."""
    cached = f" ({usage.cached_tokens:,} cached)" if usage.cached_tokens else ""
    return f"{usage.input_tokens + usage.tool_use_tokens:,} in{cached} / {usage.output_tokens:,} out"


def _rejections(call: Call) -> list[str]:
    """Why cheaper answers were turned down; of many, the first and how many more there were."""
    told = [f"{a.tier} rejected: {a.reason}" for a in call.attempts if a.verdict == "rejected" and not a.advises]
    return told if len(told) <= MOST_REJECTIONS_TOLD else [told[0], f"{len(told) - 1} more rejected"]


def _last_asked(call: Call) -> str | None:
    return (call.attempts[-1].model_served or call.attempts[-1].model) if call.attempts else None


def _simulated(call: Call, answer: Answer | None) -> bool:
    return bool(answer and answer.simulated) or any(attempt.simulated for attempt in call.attempts)


def _saved(call: Call, answer: Answer | None) -> int | None:
    """By how much the call was cheaper than its accepted work on the pro tier, in nano-USD; 0 without an answer."""
    cost = total_cost(call)
    if answer is None:
        return 0
    return None if answer.baseline_nano is None or cost is None else answer.baseline_nano - cost


def _sum(call: Call) -> TokenUsage:
    """Of the questions; what was kept at Gemini is told apart."""
    return sum((a.usage for a in call.attempts if a.usage and not a.keeps), TokenUsage())


def _attempt(attempt: Attempt) -> dict[str, Any]:
    usage = attempt.usage
    known = usage is not None
    return {
        "attempt_id": attempt.attempt_id,
        "model": attempt.model,
        "model_served": attempt.model_served or attempt.model,
        "service_tier": attempt.service_tier,
        "tier": attempt.tier,
        "verdict": attempt.verdict,
        "reason": attempt.reason,
        "input_tokens": usage.input_tokens if usage else None,
        "cached_tokens": usage.cached_tokens if usage else None,
        "output_tokens": usage.output_tokens if usage else None,
        "thinking_tokens": usage.thinking_tokens if usage else None,
        "tool_use_tokens": usage.tool_use_tokens if usage else None,
        "search_queries": usage.search_queries if usage else None,
        "cost_usd": usd_text(attempt.cost_nano),
        "usage_known": known,
        "ms": attempt.ms,
    }
