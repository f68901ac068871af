"""The receipt: what the contract names, unknowns as null, and one line that tells what is out of the ordinary."""

import json
import re
import time

from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.receipts import receipt, receipt_line

from .conftest import FLASH, LITE, USED, a_call, a_source, accepted, an_attempt

KEYS = {
    "result_id", "session_id", "tool", "tier", "model", "family", "cost_usd", "saved_usd", "cache", "simulated",
    "attempts", "sources",
}  # fmt: skip
ATTEMPT_KEYS = {
    "attempt_id", "model", "model_served", "service_tier", "tier", "verdict", "reason", "input_tokens", "cached_tokens",
    "output_tokens", "thinking_tokens", "tool_use_tokens", "search_queries", "cost_usd", "ms",
}  # fmt: skip


def test_a_receipt_has_every_name_of_the_contract() -> None:
    call = a_call(family="text")
    an_attempt(call, usage=USED, cost_nano=1_000, verdict="accepted", model_served=LITE)
    made = receipt(call, accepted(call), (a_source("hello"),))
    assert made.keys() >= KEYS and made["attempts"][0].keys() >= ATTEMPT_KEYS
    assert made["sources"][0].keys() == {"path", "bytes", "sha256", "sent_as"}
    assert json.loads(json.dumps(made)) == made


def test_money_is_exact_and_saved_against_the_pro_tier() -> None:
    call = a_call()
    an_attempt(call, usage=USED, cost_nano=1_001, verdict="rejected")
    an_attempt(call, usage=USED, cost_nano=2_002, verdict="accepted")
    made = receipt(call, accepted(call, baseline_nano=9_000))
    assert (made["cost_usd"], made["saved_usd"]) == ("0.000003003", "0.000005997")


def test_an_unknown_price_is_null_and_never_zero() -> None:
    call = a_call()
    an_attempt(call, usage=USED, cost_nano=None, verdict="accepted")
    made = receipt(call, accepted(call))
    assert (made["cost_usd"], made["saved_usd"], made["attempts"][0]["cost_usd"]) == (None, None, None)
    assert "$?" in receipt_line(call, accepted(call))


def test_tokens_that_were_never_told_are_null() -> None:
    call = a_call()
    an_attempt(call, usage=None, cost_nano=5_000, verdict="unknown")
    (attempt,) = receipt(call, accepted(call))["attempts"]
    assert (attempt["input_tokens"], attempt["output_tokens"], attempt["cost_usd"]) == (None, None, "0.000005")


def test_a_receipt_of_an_error_names_the_model_that_was_asked_last() -> None:
    call = a_call(tier="flash")
    an_attempt(call, LITE, verdict="rejected", cost_nano=1_000, model_served=LITE, usage=USED)
    an_attempt(call, FLASH, verdict="failed", cost_nano=0, usage=TokenUsage())
    made = receipt(call, None)
    assert (made["model"], made["tier"], made["cost_usd"], made["saved_usd"]) == (FLASH, "flash", "0.000001", "0")
    assert made["attempts"][1]["model_served"] == FLASH


def test_a_receipt_of_a_call_that_asked_nobody_has_no_model() -> None:
    made = receipt(a_call(), None)
    assert (made["model"], made["attempts"], made["cost_usd"]) == (None, [], "0")


def test_the_line_is_the_contracts() -> None:
    call = a_call(started_monotonic=time.monotonic() - 1.93)
    an_attempt(
        call, usage=TokenUsage(2_300, output_tokens=204, tool_use_tokens=10), cost_nano=1_200_000, verdict="accepted"
    )
    line = receipt_line(call, accepted(call))
    assert re.fullmatch(
        rf"\[{re.escape(LITE)} · lite · 2,310 in / 204 out · \$0\.0012 · \d+\.\d s · {call.result_id}\]", line
    )


def test_of_a_call_in_parts_the_line_names_every_model_that_answered() -> None:
    call = a_call()
    for _ in range(14):
        an_attempt(call, usage=TokenUsage(24_000, 20_000, 600), cost_nano=2_000_000, verdict="accepted")
    an_attempt(call, usage=TokenUsage(), cost_nano=0, verdict="failed")
    an_attempt(call, FLASH, tier="flash", usage=TokenUsage(6_762, 0, 1_196), cost_nano=9_000_000, verdict="accepted")
    line = receipt_line(call, accepted(call, model=FLASH, tier="flash"))
    assert line.startswith(f"[14 x {LITE} + 1 x {FLASH} · flash · 342,762 in (280,000 cached) / 9,596 out · $0.0370 · ")


def test_cached_tokens_are_told_where_there_are_some() -> None:
    call = a_call()
    an_attempt(call, usage=TokenUsage(5_000, 4_096, 20), cost_nano=1_000, verdict="accepted")
    assert f"[{LITE} · lite · 5,000 in (4,096 cached) / 20 out · " in receipt_line(call, accepted(call))


def test_a_call_that_climbed_names_the_model_that_was_accepted() -> None:
    call = a_call()
    an_attempt(call, usage=USED, cost_nano=1_000, verdict="rejected", reason="empty answer")
    an_attempt(call, FLASH, tier="flash", usage=USED, cost_nano=1_000, verdict="accepted")
    assert receipt_line(call, accepted(call, model=FLASH, tier="flash")).startswith(f"[{FLASH} · flash · 2,000 in / ")


def test_the_line_tells_what_is_out_of_the_ordinary() -> None:
    call = a_call(warnings=["tier lite uses another"])
    an_attempt(call, usage=USED, cost_nano=1_000, verdict="rejected", reason="empty answer")
    an_attempt(call, FLASH, tier="flash", usage=USED, cost_nano=1_000, verdict="accepted", simulated="list")
    line = receipt_line(call, accepted(call, simulated="list"))
    for part in ("100 thinking", "lite rejected: empty answer", "tier lite uses another", "SIMULATED"):
        assert part in line
    assert line.count("\n") == 0


def test_the_line_says_when_an_answer_was_reused() -> None:
    call = a_call()
    assert " · cached" in receipt_line(call, accepted(call, cache="hit"))
    assert "identical call" in receipt_line(call, accepted(call, cache="shared"))
    assert "cached" not in receipt_line(call, accepted(call))


def test_a_reused_answer_costs_nothing_and_saves_its_baseline() -> None:
    call = a_call()
    made = receipt(call, accepted(call, cache="hit", cost_nano=700, baseline_nano=9_000))
    assert (made["cost_usd"], made["saved_usd"], made["cache"]) == ("0", "0.000009", "hit")
