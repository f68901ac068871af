"""Money around the gateway, in a real ledger: reserved before, settled once, never above the cap."""

import random
import sqlite3
import time
from dataclasses import replace
from pathlib import Path

import anyio
import pytest

from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.errors import BudgetExceeded, DeadlineExceeded, KeyRejected, UpstreamError, UpstreamUnavailable
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.domain.money import nano_from_usd
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import Ledger
from gemini_mcp.engine.metering import metered
from gemini_mcp.engine.ports import Call, Generate
from gemini_mcp.engine.reserving import FLEX_S, Reserving

from .conftest import FLASH, LITE, PRO, TODAY, USED, WAIT_S, a_call, a_request, an_answer, rows, today


class Gateway:
    """Answers, raises, or waits until it is let go."""

    def __init__(self, told: ModelAnswer | Exception | None = None) -> None:
        self.told = told
        self.requests: list[ModelRequest] = []
        self.begun, self.let_go = anyio.Event(), anyio.Event()

    async def __call__(self, request: ModelRequest, call: Call) -> ModelAnswer:
        self.requests.append(request)
        self.begun.set()
        if self.told is None:
            await self.let_go.wait()
            return an_answer()
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


def worst(catalogue: Catalogue, request: ModelRequest) -> int:
    nano = catalogue.worst_case(
        request.model,
        request.estimated_input_tokens,
        request.max_output_tokens,
        TODAY,
        service_tier=request.service_tier,
    )
    assert nano is not None
    return nano


async def once(generate: Generate, call: Call) -> None:
    await generate(a_request(), call)


async def only(database: Database) -> dict[str, object]:
    (row,) = await rows(database, "SELECT * FROM attempts")
    return row


# ---------------------------------------------------------------------------------------------------------- reserved


async def test_the_reservation_is_on_disk_before_anything_is_sent(
    ledger: Ledger, catalogue: Catalogue, tmp_path: Path
) -> None:
    request, call = a_request(), a_call()
    seen: list[tuple[object, ...]] = []

    async def gateway(sent: ModelRequest, call: Call) -> ModelAnswer:
        with sqlite3.connect(f"file:{tmp_path / 'ledger.sqlite3'}?mode=ro", uri=True) as other:
            seen.extend(other.execute("SELECT state, reserved_nano, result_id, cost_nano FROM attempts"))
        other.close()
        return an_answer()

    await metered(gateway, ledger, catalogue, today)(request, call)
    assert seen == [("reserved", worst(catalogue, request), call.result_id, None)]


async def test_a_ledger_that_cannot_be_written_lets_nothing_through(
    database: Database, ledger: Ledger, catalogue: Catalogue
) -> None:
    await database.run(lambda connection: connection.execute("DROP TABLE attempts"))
    gateway = Gateway(an_answer())
    with pytest.raises(sqlite3.Error):
        await metered(gateway, ledger, catalogue, today)(a_request(), a_call())
    assert gateway.requests == []


async def test_a_search_reserves_for_the_queries_it_may_make(
    database: Database, ledger: Ledger, catalogue: Catalogue
) -> None:
    request = a_request(web_search=True)
    await metered(Gateway(an_answer()), ledger, catalogue, today)(request, a_call())
    reserved = (await only(database))["reserved_nano"]
    assert isinstance(reserved, int) and reserved >= worst(catalogue, request) + 8 * nano_from_usd("0.014")


# ----------------------------------------------------------------------------------------------------------- settled


async def test_an_answer_settles_at_what_it_used_by_the_model_that_served(
    database: Database, ledger: Ledger, catalogue: Catalogue
) -> None:
    call = a_call()
    await metered(Gateway(an_answer(model=FLASH)), ledger, catalogue, today)(a_request(LITE), call)
    row = await only(database)
    assert (row["state"], row["model"], row["model_served"]) == ("settled", LITE, FLASH)
    assert row["cost_nano"] == catalogue.cost(FLASH, USED, TODAY) == call.spent_nano
    assert (row["input_tokens"], row["output_tokens"], row["thinking_tokens"], row["usage_known"]) == (
        1_000,
        200,
        50,
        1,
    )


async def test_a_service_tier_is_billed_as_the_one_that_served(
    database: Database, ledger: Ledger, catalogue: Catalogue
) -> None:
    await metered(Gateway(an_answer(service_tier="flex")), ledger, catalogue, today)(a_request(), a_call())
    row = await only(database)
    assert (row["service_tier"], row["cost_nano"]) == ("flex", catalogue.cost(LITE, USED, TODAY, "flex"))


async def test_an_attempt_is_settled_once(database: Database, ledger: Ledger, catalogue: Catalogue) -> None:
    call = a_call()
    await metered(Gateway(an_answer()), ledger, catalogue, today)(a_request(), call)
    before = await only(database)
    ledger.settle(replace(call.attempts[0], cost_nano=1, usage=TokenUsage(input_tokens=1)))
    assert await only(database) == before


async def test_usage_that_was_never_told_settles_at_the_reservation(
    database: Database, ledger: Ledger, catalogue: Catalogue
) -> None:
    call = a_call()
    await metered(Gateway(an_answer(usage=None)), ledger, catalogue, today)(a_request(), call)
    row = await only(database)
    assert (row["verdict"], row["usage_known"], row["cost_nano"]) == ("unknown", 0, row["reserved_nano"])
    assert call.spent_nano == row["reserved_nano"]


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (DeadlineExceeded("late", "f", usage=None), "timed_out"),
        (UpstreamUnavailable("broke off", "f", usage=None), "failed"),
    ],
)
async def test_an_error_of_unknown_usage_settles_at_the_reservation(
    database: Database, ledger: Ledger, catalogue: Catalogue, error: UpstreamError, verdict: str
) -> None:
    with pytest.raises(type(error)):
        await metered(Gateway(error), ledger, catalogue, today)(a_request(), a_call())
    row = await only(database)
    assert (row["verdict"], row["usage_known"], row["cost_nano"]) == (verdict, 0, row["reserved_nano"])
    assert row["reserved_nano"]


async def test_an_error_status_costs_nothing(database: Database, ledger: Ledger, catalogue: Catalogue) -> None:
    with pytest.raises(KeyRejected):
        await metered(Gateway(KeyRejected("no", "f")), ledger, catalogue, today)(a_request(), a_call())
    row = await only(database)
    assert (row["verdict"], row["cost_nano"], row["usage_known"]) == ("failed", 0, 1)
    assert "key_rejected" in str(row["reason"])


async def test_a_blocked_prompt_costs_its_input(database: Database, ledger: Ledger, catalogue: Catalogue) -> None:
    usage = TokenUsage(input_tokens=1_000)
    blocked = UpstreamError("blocked", "f", usage=usage, model_served=LITE)
    with pytest.raises(UpstreamError):
        await metered(Gateway(blocked), ledger, catalogue, today)(a_request(), a_call())
    assert (await only(database))["cost_nano"] == catalogue.cost(LITE, usage, TODAY) != 0


async def test_a_bug_below_settles_at_the_reservation(database: Database, ledger: Ledger, catalogue: Catalogue) -> None:
    with pytest.raises(ZeroDivisionError):
        await metered(Gateway(ZeroDivisionError()), ledger, catalogue, today)(a_request(), a_call())
    row = await only(database)
    assert (row["state"], row["verdict"], row["cost_nano"]) == ("settled", "failed", row["reserved_nano"])


async def test_a_caller_that_leaves_settles_at_the_reservation(
    database: Database, ledger: Ledger, catalogue: Catalogue
) -> None:
    gateway, call = Gateway(), a_call()
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(once, metered(gateway, ledger, catalogue, today), call)
            await gateway.begun.wait()
            group.cancel_scope.cancel()
    row = await only(database)
    assert (row["state"], row["verdict"], row["cost_nano"]) == ("settled", "cancelled", row["reserved_nano"])


async def test_a_caller_that_leaves_before_anything_is_sent_pays_nothing(
    database: Database, ledger: Ledger, catalogue: Catalogue
) -> None:
    gateway, call = Gateway(an_answer()), a_call()
    other = sqlite3.connect(database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # another process writes, so that the reservation has to wait
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(once, metered(gateway, ledger, catalogue, today), call)
            await anyio.wait_all_tasks_blocked()
            group.cancel_scope.cancel()
    other.execute("ROLLBACK")
    other.close()
    row = await only(database)
    assert gateway.requests == []
    assert (row["state"], row["verdict"], row["cost_nano"]) == ("settled", "cancelled", 0)


# --------------------------------------------------------------------------------------------------------- simulated


async def test_the_stand_in_at_zero_prices_costs_nothing(
    database: Database, ledger: Ledger, catalogue: Catalogue
) -> None:
    await metered(Gateway(an_answer(simulated="zero")), ledger, catalogue, today)(a_request(), a_call())
    row = await only(database)
    assert (row["cost_nano"], row["simulated"], row["input_tokens"]) == (0, "zero", 1_000)


async def test_the_stand_in_at_list_prices_costs_what_gemini_would(
    database: Database, ledger: Ledger, catalogue: Catalogue
) -> None:
    await metered(Gateway(an_answer(simulated="list")), ledger, catalogue, today)(a_request(), a_call())
    row = await only(database)
    assert (row["cost_nano"], row["simulated"]) == (catalogue.cost(LITE, USED, TODAY), "list")


async def test_a_served_model_without_a_price_is_unpriced_and_not_free(
    database: Database, ledger: Ledger, catalogue: Catalogue
) -> None:
    await metered(Gateway(an_answer(model="gemini-9-nobody")), ledger, catalogue, today)(a_request(), a_call())
    assert (await only(database))["cost_nano"] is None


# --------------------------------------------------------------------------------------------------------------- cap


async def test_what_the_cap_has_no_room_for_is_asked_as_flex(ledger: Ledger, catalogue: Catalogue) -> None:
    request = a_request()
    cap = worst(catalogue, replace(request, service_tier="flex"))
    gateway, call = Gateway(an_answer(service_tier="flex")), a_call(max_cost_nano=cap)
    await metered(gateway, ledger, catalogue, today)(request, call)
    assert gateway.requests == [replace(request, service_tier="flex")]
    assert ["flex" in warning and "max_cost_usd" in warning for warning in call.warnings] == [True]
    (attempt,) = call.attempts
    standard = catalogue.cost(LITE, USED, TODAY)
    assert attempt.cost_nano is not None and attempt.discount_nano + attempt.cost_nano == standard


async def test_without_the_time_for_flex_the_answer_gets_what_room_the_money_buys(
    ledger: Ledger, catalogue: Catalogue
) -> None:
    request = a_request()
    cap = worst(catalogue, request) // 2
    gateway, call = Gateway(an_answer()), a_call(max_cost_nano=cap)
    call.deadline = time.monotonic() + FLEX_S / 2
    await metered(gateway, ledger, catalogue, today)(request, call)
    (sent,) = gateway.requests
    assert request.least_output_tokens <= sent.max_output_tokens < request.max_output_tokens
    assert sent.service_tier == "standard" and worst(catalogue, sent) <= cap
    assert call.attempts[0].shrunk


async def test_parts_of_a_call_wait_for_what_others_have_reserved(ledger: Ledger, catalogue: Catalogue) -> None:
    request, gateway = a_request(), Gateway()
    call = a_call(max_cost_nano=worst(catalogue, request) + 100)
    generate = metered(gateway, ledger, catalogue, today)
    second = call.part()
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(once, generate, call.part())
            await gateway.begun.wait()
            group.start_soon(once, generate, second)
            await anyio.wait_all_tasks_blocked()
            assert len(gateway.requests) == 1
            gateway.let_go.set()
    assert gateway.requests == [request, gateway.requests[1]]
    assert second.attempts[0].cost_nano is not None


async def test_a_cap_above_the_worst_case_changes_nothing(ledger: Ledger, catalogue: Catalogue) -> None:
    request = a_request()
    gateway, call = Gateway(an_answer()), a_call(max_cost_nano=worst(catalogue, request))
    await metered(gateway, ledger, catalogue, today)(request, call)
    assert gateway.requests == [request]


async def test_a_cap_too_small_for_any_answer_sends_nothing(
    database: Database, ledger: Ledger, catalogue: Catalogue
) -> None:
    gateway, call = Gateway(an_answer()), a_call(max_cost_nano=1_000)
    with pytest.raises(BudgetExceeded) as caught:
        await metered(gateway, ledger, catalogue, today)(a_request(), call)
    assert "max_cost_usd" in caught.value.fix and LITE in caught.value.message
    assert (gateway.requests, call.attempts, await rows(database, "SELECT * FROM attempts")) == ([], [], [])


async def test_what_earlier_attempts_cost_is_no_longer_there_to_spend(ledger: Ledger, catalogue: Catalogue) -> None:
    request = a_request()
    call = a_call(max_cost_nano=worst(catalogue, request) + 100)
    gateway = Gateway(an_answer(usage=None))
    generate = metered(gateway, ledger, catalogue, today)
    await generate(request, call)
    with pytest.raises(BudgetExceeded):
        await generate(request, call)
    assert len(gateway.requests) == 1


async def test_a_cap_refuses_a_model_of_unknown_price(ledger: Ledger, catalogue: Catalogue) -> None:
    gateway = Gateway(an_answer())
    with pytest.raises(BudgetExceeded, match="not known"):
        await metered(gateway, ledger, catalogue, today)(
            a_request("gemini-9-nobody"), a_call(max_cost_nano=nano_from_usd(100))
        )
    assert gateway.requests == []


async def test_without_a_cap_a_model_of_unknown_price_may_be_asked(
    database: Database, ledger: Ledger, catalogue: Catalogue
) -> None:
    generate = metered(Gateway(an_answer(model="gemini-9-nobody")), ledger, catalogue, today)
    await generate(a_request("gemini-9-nobody"), a_call())
    row = await only(database)
    assert (row["reserved_nano"], row["cost_nano"]) == (None, None)


async def test_nothing_reserved_can_cost_more_than_what_is_left(ledger: Ledger, catalogue: Catalogue) -> None:
    dice = random.Random(1)
    fitted = 0
    for _ in range(500):
        model = dice.choice([LITE, FLASH, PRO, "gemini-3.1-pro-preview", "gemini-2.5-flash-lite"])
        size, room = int(10 ** dice.uniform(0, 6)), int(10 ** dice.uniform(1.9, 4.6))
        request = a_request(model, estimated_input_tokens=size, max_output_tokens=room)
        cap = int(10 ** dice.uniform(5, 10))
        try:
            sent, attempt = await Reserving(request, a_call(max_cost_nano=cap), ledger, catalogue, TODAY).reserved()
        except BudgetExceeded:
            smallest = replace(request, max_output_tokens=min(room, request.least_output_tokens), service_tier="flex")
            assert worst(catalogue, smallest) > cap
            continue
        fitted += sent != request
        assert attempt.reserved_nano == worst(catalogue, sent) <= cap
        assert sent.max_output_tokens <= room
    assert fitted > 50
