"""usage_report: the ledger as JSON, for its caller alone, with or without a key."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from gemini_mcp.domain.money import usd_text
from gemini_mcp.engine.ports import Caller, silent
from gemini_mcp.tools.usage_report import UsageReport, usage_report

from .conftest import LITE, ME, YOU, Office, Open


async def report(office: Office, scope: str = "session", caller: Caller = ME) -> dict[str, Any]:
    made = await usage_report(UsageReport.model_validate({"scope": scope}), caller, silent, office.services)
    assert made.mime_type == "application/json" and made.receipt is None
    whole: dict[str, Any] = json.loads(made.text)
    return whole


async def test_a_session_is_told_as_the_resource_tells_it(office: Open) -> None:
    here = await office()
    await here.delegate("hi")
    told = await report(here)
    assert told == json.loads(json.dumps(await here.services.reports.session(ME)))
    assert told["cost_usd"] == usd_text(here.billed_nano) and told["by_model"][0]["model"] == LITE
    assert {
        "session_id", "started_at", "calls", "attempts", "cache_hits", "input_tokens", "cached_tokens", "output_tokens",
        "thinking_tokens", "tool_use_tokens", "cost_usd", "saved_usd", "baseline_usd", "by_model", "by_tool", "budget",
        "unknown_attempts", "simulated",
    } <= told.keys()  # fmt: skip


@pytest.mark.parametrize("scope", ["today", "week", "all"])
async def test_every_other_scope_is_told_by_days(office: Open, scope: str) -> None:
    here = await office()
    await here.delegate("hi")
    (day,) = (await report(here, scope))["days"]
    assert day["cost_usd"] == usd_text(here.billed_nano)
    assert (await report(here, scope, YOU))["days"] == []


async def test_it_needs_no_key_and_costs_nothing(office: Open) -> None:
    here = await office(GEMINI_API_KEY="")
    assert (await report(here))["calls"] == 0 and here.asked == []


def test_a_scope_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValidationError):
        UsageReport.model_validate({"scope": "month"})
