"""Budgets as the user meets them: kept by every server on a ledger, told in receipts, explained when they are spent."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path

import anyio
from mcp import Client

from .driving import (
    LITE,
    PRO,
    Era,
    Stand,
    answer_of,
    delegate,
    environment,
    error_of,
    ledger,
    over_stdio,
    read_json,
    receipt_of,
    texts,
)


@asynccontextmanager
async def a_server(home: Path, stand: Stand, session: str, era: Era = "modern") -> AsyncIterator[Client]:
    budgets = {"GEMINI_AGENTS_SESSION_BUDGET_USD": session, "GEMINI_AGENTS_DAY_BUDGET_USD": "20"}
    env = environment(home, stand.url, CLAUDE_CODE_SESSION_ID="one", **budgets)
    async with over_stdio(env, era) as client:
        yield client


async def test_usage_tells_the_budget_and_what_of_it_is_spent(tmp_path: Path, stand: Stand, task: str) -> None:
    async with a_server(tmp_path / "home", stand, "0.5") as client:
        receipt = receipt_of(await delegate(client, task))
        budget = (await read_json(client, "usage://session"))["budget"]
    assert (budget["session_limit_usd"], budget["day_limit_usd"]) == ("0.5", "20")
    assert budget["session_spent_usd"] == budget["day_spent_usd"] == receipt["cost_usd"] == stand.billed_usd
    assert budget["session_reserved_usd"] == "0"


async def test_a_spent_budget_refuses_before_anything_is_sent(tmp_path: Path, stand: Stand, task: str) -> None:
    async with a_server(tmp_path / "home", stand, "0.000001") as client:
        error = error_of(await delegate(client, task))
    assert error["code"] == "budget_exceeded" and "session budget" in error["message"]
    assert "GEMINI_AGENTS_SESSION_BUDGET_USD" in error["fix"]
    assert stand.asked == [] and ledger(tmp_path / "home") == []


async def test_a_dear_tier_that_does_not_fit_gives_way_to_a_cheaper_one_which_is_named(
    tmp_path: Path, stand: Stand, task: str
) -> None:
    async with a_server(tmp_path / "home", stand, "0.02") as client:
        result = await delegate(client, task, tier="pro")
    assert answer_of(result)
    assert PRO not in stand.asked and receipt_of(result)["tier"] != "pro"
    assert "instead of pro" in texts(result)[-1] and "session budget" in texts(result)[-1]


async def test_a_pinned_model_gives_way_to_nothing(tmp_path: Path, stand: Stand, task: str) -> None:
    async with a_server(tmp_path / "home", stand, "0.002") as client:
        assert error_of(await delegate(client, task, tier=PRO))["code"] == "budget_exceeded"
    assert stand.asked == []


async def test_the_receipt_tells_when_a_share_of_the_budget_is_reached(tmp_path: Path, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "text": "Well.", "thinking_tokens": 4_000})
    async with a_server(tmp_path / "home", stand, "0.030") as client:
        lines = [texts(await delegate(client, f"{task} {n}"))[-1] for n in range(3)]
    told = [line for line in lines if "session budget reached" in line]
    assert told and "% of the session budget reached" in told[0]
    assert len(told) < len(lines)


async def test_two_servers_on_one_ledger_keep_one_budget(tmp_path: Path, stand: Stand, task: str) -> None:
    limit, refused = Decimal("0.002"), []

    async def spend(client: Client, number: int) -> None:
        result = await delegate(client, f"{task} {number}", tier=LITE)
        if result.is_error:
            refused.append(error_of(result)["code"])

    home = tmp_path / "home"
    async with a_server(home, stand, str(limit)) as first, a_server(home, stand, str(limit), "legacy") as second:
        async with anyio.create_task_group() as group:
            for number in range(30):
                group.start_soon(spend, (first, second)[number % 2], number)
        usage = await read_json(first, "usage://session")
    assert set(refused) == {"budget_exceeded"} and len(refused) < 30
    assert 0 < Decimal(usage["budget"]["session_spent_usd"]) <= limit
    assert usage["budget"]["session_spent_usd"] == stand.billed_usd
