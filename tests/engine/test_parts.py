"""One call made of several tasks: shared money, attempts of their own, one receipt."""

from collections.abc import Awaitable, Callable

import anyio
import pytest

from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.errors import AgentError, BudgetExceeded, KeyRejected, NoAcceptableAnswer
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.ledger import Ledger
from gemini_mcp.engine.metering import metered
from gemini_mcp.engine.parallel import outcomes
from gemini_mcp.engine.parts import joined
from gemini_mcp.engine.ports import Call
from gemini_mcp.engine.receipts import receipt, receipt_line

from .conftest import USED, WAIT_S, a_call, a_request, accepted, an_answer, an_attempt, today

Work = Callable[[int], Awaitable[int]]


def test_an_attempt_of_a_part_is_the_whole_call_s_too() -> None:
    call = a_call()
    one, two = call.part(), call.part()
    attempt = an_attempt(a_call())
    one.begin(attempt)
    assert (one.attempts, two.attempts, call.attempts) == ([attempt], [], [attempt])
    assert one.result_id == call.result_id and two.committed_nano == call.committed_nano == 5_000
    one.withdraw(attempt)
    assert (one.attempts, call.attempts, two.committed_nano) == ([], [], 0)


def test_a_part_of_a_part_belongs_to_the_whole() -> None:
    call = a_call()
    assert call.part().part().of_record is call
    assert call.of_record is call


async def test_parts_at_the_same_time_share_one_cap(ledger: Ledger, catalogue: Catalogue) -> None:
    """Each attempt's reservation counts while it is under way, so that together they cannot pass the cap."""
    at_once, most_at_once = 0, 0
    two, enough = anyio.Event(), anyio.Event()

    async def slow(request: ModelRequest, call: Call) -> ModelAnswer:
        nonlocal at_once, most_at_once
        if call.max_cost_nano is None:
            return an_answer()
        at_once += 1
        most_at_once = max(most_at_once, at_once)
        if at_once == 2:
            two.set()
        await enough.wait()
        at_once -= 1
        return an_answer()

    worst = catalogue.worst_case(a_request().model, 1_000, 4_096, today())
    assert worst
    call = a_call(max_cost_nano=2 * worst + worst // 50)
    refused: list[BudgetExceeded] = []
    generate = metered(slow, ledger, catalogue, today)

    async def ask() -> None:
        try:
            await generate(a_request(), call.part())
        except BudgetExceeded as error:
            refused.append(error)

    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            for _ in range(5):
                group.start_soon(ask)
            await two.wait()
            await generate(a_request(), a_call())  # behind it, whatever else there was room for has begun
            enough.set()
    assert most_at_once == 2
    assert call.max_cost_nano is not None and call.committed_nano <= call.max_cost_nano
    assert len(call.attempts) + len(refused) == 5
    assert len(call.attempts) > 2  # what the first did not use is there for the others


def test_what_is_joined_is_paid_and_told_as_one() -> None:
    call = a_call()
    parts = [call.part(), call.part()]
    for part in parts:
        part.begin(an_attempt(a_call(), verdict="accepted", usage=USED, cost_nano=2_000_000))
    call.saved_by_cache_nano = 5_000_000
    answers = [accepted(part, text=str(number)) for number, part in enumerate(parts)]
    answers.append(accepted(a_call(), cache="hit", cost_nano=5_000_000, tier="flash", model="gemini-3.8-flash"))
    whole = joined(answers, "all of it", "summary")
    assert (whole.text, whole.family, whole.tier, whole.cache) == ("all of it", "summary", "flash", "miss")
    assert whole.usage == TokenUsage(input_tokens=3_000, output_tokens=600, thinking_tokens=150)
    assert (whole.cost_nano, whole.baseline_nano) == (9_000_000, 27_000)
    told = receipt(call, whole)
    assert told["cost_usd"] == "0.004" and len(told["attempts"]) == 2
    assert "cache saved $0.005" in receipt_line(call, whole)


def test_a_join_is_a_hit_only_when_nothing_was_sent() -> None:
    def state(*states: str) -> str:
        return joined([accepted(a_call(), cache=each) for each in states], "", "").cache

    assert state("hit", "hit") == "hit"
    assert state("hit", "shared") == "shared"
    assert state("hit", "miss") == "miss"
    assert state("off", "off") == "off"


def test_a_join_with_an_unknown_price_has_an_unknown_price() -> None:
    whole = joined([accepted(a_call(), cost_nano=None), accepted(a_call(), cost_nano=5)], "", "")
    assert whole.cost_nano is None and whole.baseline_nano == 18_000


async def test_outcomes_come_in_order_and_no_more_run_at_once_than_may() -> None:
    running = most = 0

    async def work(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(10 - number):
            await anyio.lowlevel.checkpoint()
        running -= 1
        if number == 3:
            raise NoAcceptableAnswer("none", "Try again.")
        return number * number

    found = await outcomes(range(8), work, 3)
    assert most == 3
    assert [value if isinstance(value, int) else str(value.code) for value in found] == [
        0, 1, 4, "no_acceptable_answer", 16, 25, 36, 49,
    ]  # fmt: skip


@pytest.mark.parametrize(("kind", "begun"), [(KeyRejected, 1), (BudgetExceeded, 1), (NoAcceptableAnswer, 5)])
async def test_what_is_hopeless_ends_what_has_not_begun(kind: type[AgentError], begun: int) -> None:
    asked: list[int] = []

    async def work(number: int) -> int:
        asked.append(number)
        raise kind("no", "Mend it.")

    found = await outcomes(range(5), work, 1)
    assert len(asked) == begun
    assert [type(error) for error in found] == [kind] * 5
