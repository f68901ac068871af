"""usage_report: the ledger as JSON, for its caller alone, with or without a key."""

import json
from typing import Any

import pytest
from pydantic import ValidationError

from gemini_mcp.domain.money import usd_text
from gemini_mcp.engine.ports import Caller, silent
from gemini_mcp.tools.arguments import UsageReport
from gemini_mcp.tools.usage_report import brief, usage_report

from .conftest import LITE, ME, YOU, Office, Open


async def report(office: Office, scope: str = "session", caller: Caller = ME) -> dict[str, Any]:
    made = await usage_report(UsageReport.model_validate({"scope": scope}), caller, silent, office.services)
    assert made.mime_type == "application/json" and made.receipt is None
    whole: dict[str, Any] = json.loads(made.text)
    return whole


async def test_a_session_is_told_as_the_resource_tells_it(office: Open) -> None:
    here = await office()
    await here.delegate("hi")
    told, whole = await report(here), await here.services.reports.session(ME)
    assert told["cost_usd"] == usd_text(here.billed_nano) and told["by_model"][0]["model"] == LITE
    assert_the_same(told, json.loads(json.dumps(whole)))


def assert_the_same(told: Any, whole: Any) -> None:
    """Nothing is told that is not so, and nothing is left out but what is 0 or empty, or explained elsewhere."""
    if isinstance(told, dict):
        assert told.keys() <= whole.keys()
        for name, value in whole.items():
            if name in told:
                assert_the_same(told[name], value)
            else:
                assert name in ("method", "priced_usd") or says_nothing(value), name
    elif isinstance(told, list):
        assert len(told) == len(whole)
        for one, other in zip(told, whole, strict=True):
            assert_the_same(one, other)
    else:
        assert told == whole


def says_nothing(value: Any) -> bool:
    return all(map(says_nothing, value.values())) if isinstance(value, dict) else value in (0, "0", "", [])


@pytest.mark.parametrize("scope", ["session", "today", "week", "all"])
async def test_it_takes_at_most_half_the_room_of_the_resource(office: Open, scope: str) -> None:
    here = await office()
    await here.delegate("What is 2+2?")
    whole = await here.services.reports.scope(scope, ME)  # type: ignore[arg-type]
    made = await usage_report(UsageReport.model_validate({"scope": scope}), ME, silent, here.services)
    assert 2 * len(made.text) <= len(json.dumps(whole, indent=1))


def test_what_is_unknown_is_told_and_what_is_free_costs_nothing() -> None:
    unknown = {"calls": 1, "cost_usd": None, "priced_usd": "0.5", "saved_usd": {"cache": "0", "cascade": None}}
    assert brief(unknown) == unknown | {"saved_usd": {"cascade": None}}
    free = {"calls": 0, "attempts": 0, "cost_usd": "0", "priced_usd": "0", "by_tool": [{"tool": "t", "calls": 2}]}
    assert brief(free) == {"calls": 0, "cost_usd": "0", "by_tool": [{"tool": "t", "calls": 2}]}
    assert brief({"cost_usd": "0", "simulated": False, "method": "How.", "budget": {"a_usd": "0"}}) == {"cost_usd": "0"}


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
