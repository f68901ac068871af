"""Explicit caches end to end: a real ledger, the real gateway over HTTP to the stand-in, at list prices."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import pytest

from gemini_mcp.domain.budgets import Budgets
from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.context_caching import TTL_S, stable_of, storage_nano
from gemini_mcp.domain.errors import BudgetExceeded
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.domain.prompting import AgentPrompt, user_prompt
from gemini_mcp.domain.task import Task
from gemini_mcp.domain.tokens import safe_tokens
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.cascade import cascading
from gemini_mcp.engine.context_costs import ContextCosts
from gemini_mcp.engine.context_rows import ContextRows
from gemini_mcp.engine.contexts import Contexts
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import Ledger, migrate
from gemini_mcp.engine.liveness import Owner
from gemini_mcp.engine.metering import metered
from gemini_mcp.engine.ports import Attempt, Call, Generate
from gemini_mcp.engine.retry import retrying
from gemini_mcp.gemini.gateway import Gateway
from gemini_mcp.simulator.server import running
from gemini_mcp.simulator.simulator import Simulator

from .conftest import LITE, PRO, TODAY, WAIT_S, a_call, a_source, rows, today

DOCUMENT = " ".join(f"Sentence {n} says that lamp {n} hangs in the harbour." for n in range(1_500))
SYSTEM = "Be brief."


@dataclass
class Clock:
    seconds: float = 1_795_000_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Process:
    """A server process as far as this goes."""

    owner: Owner
    contexts: Contexts
    generate: Generate

    async def ask(
        self, question: str, call: Call | None = None, document: str = DOCUMENT, **changes: Any
    ) -> tuple[ModelAnswer, Call]:
        call = call or a_call()
        answer = await self.generate(a_question(question, document, **changes), call)
        for attempt in call.attempts:
            attempt.verdict = attempt.verdict or "accepted"
        return answer, call


@dataclass
class World:
    """One stand-in and one ledger's file, for as many processes as a test starts."""

    simulator: Simulator
    url: str
    clock: Clock
    database: Database
    folder: Path
    catalogue: Catalogue
    stack: AsyncExitStack = field(repr=False)

    async def process(self, budgets: Budgets | None = None) -> Process:
        gateway = Gateway("a-key", self.url, None)
        self.stack.push_async_callback(gateway.aclose)
        owner = Owner(self.folder / "run")
        self.stack.callback(owner.release)
        ledger = Ledger(self.database, owner, budgets or Budgets())

        async def send(request: ModelRequest, call: Call) -> ModelAnswer:
            return await gateway.generate(request, call.deadline)

        costs = ContextCosts(ledger, self.catalogue, today)
        held = ContextRows(self.database, owner)
        contexts = Contexts(held, gateway, costs, self.catalogue, today, now=self.clock)
        plain = retrying(metered(send, ledger, self.catalogue, today))
        return Process(owner, contexts, contexts.around(plain))

    @property
    def alive(self) -> list[dict[str, Any]]:
        """The caches at the stand-in."""
        return self.simulator.caches.listed(self.clock())

    def sent(self, path: str = "") -> list[dict[str, Any]]:
        return [entry.as_json() for entry in self.simulator.log.entries() if path in entry.path]

    async def attempts(self) -> list[dict[str, Any]]:
        return await rows(self.database, "SELECT * FROM attempts ORDER BY attempt_id")

    async def row(self) -> dict[str, Any]:
        (row,) = await rows(self.database, "SELECT * FROM contexts")
        return row

    async def books(self) -> tuple[int, int]:
        """(the ledger, the bill), in nano-USD."""
        spent = sum(row["cost_nano"] for row in await self.attempts())
        return spent, self.simulator.bill.as_json()["nano_usd"]


Start = Callable[..., Awaitable[World]]


@pytest.fixture
async def start(tmp_path: Path, catalogue: Catalogue) -> AsyncIterator[Start]:
    def price(model: str, usage: TokenUsage, tier: str) -> int | None:
        return catalogue.cost(model, usage, TODAY, tier)

    def storage(model: str, tokens: int, seconds: float) -> int | None:
        return storage_nano(catalogue.rates(model, TODAY), tokens, seconds)

    async with AsyncExitStack() as stack:

        async def _start(*faults: dict[str, Any], prices: Any = "list") -> World:
            clock = Clock()
            simulator = Simulator(
                prices=prices, price=price, storage_price=storage, faults=faults, now=clock, log_body_bytes=1_000_000
            )
            url = await stack.enter_async_context(running(simulator))
            database = Database(tmp_path / "ledger.sqlite3", migrate)
            await anyio.to_thread.run_sync(database.open)
            stack.push_async_callback(database.aclose)
            return World(simulator, url, clock, database, tmp_path, catalogue, stack)

        yield _start


def a_question(question: str, document: str = DOCUMENT, model: str = LITE, **changes: Any) -> ModelRequest:
    task = Task(question, sources=(a_source(document),))
    prompt = user_prompt(task)
    tokens = safe_tokens(SYSTEM, prompt)
    request = ModelRequest(model, prompt, SYSTEM, 2_000, tokens, stable=stable_of(task, SYSTEM))
    return replace(request, **changes)


async def asked_thrice(process: Process) -> list[Call]:
    return [(await process.ask(f"What is {n} + 40?"))[1] for n in range(1, 4)]


def made(call: Call) -> list[Attempt]:
    """Attempts for the cache itself."""
    return [attempt for attempt in call.attempts if attempt.context_nano < 0]


# ---------------------------------------------------------------------------------------------------------------- asked


async def test_the_first_question_is_plain_the_second_makes_a_cache_and_the_third_is_asked_of_it(start: Start) -> None:
    world = await start()
    process = await world.process()
    first, second, third = await asked_thrice(process)
    assert [len(call.attempts) for call in (first, second, third)] == [1, 2, 1]
    assert len(world.alive) == 1 and len(world.sent("cachedContents")) == 1
    plain, *cached = [entry["body"] for entry in world.sent(":generateContent")]
    assert "cachedContent" not in plain and DOCUMENT in str(plain)
    for body, question in zip(cached, ("What is 2 + 40?", "What is 3 + 40?"), strict=True):
        assert body["cachedContent"] == world.alive[0]["name"]
        assert not {"systemInstruction", "system_instruction"} & body.keys()
        assert body["contents"][0]["parts"] == [{"text": f"Task:\n{question}"}]


async def test_an_answer_from_a_cache_is_the_one_to_the_whole_prompt(start: Start) -> None:
    process = await (await start()).process()
    for n in range(1, 4):
        answer, _ = await process.ask(f"What is {n} + 40?")
        assert answer.text == f"[simulated] {n + 40}"


async def test_the_cache_holds_instructions_and_material_for_five_minutes(start: Start) -> None:
    world = await start()
    await asked_thrice(await world.process())
    (creation,) = world.sent("cachedContents")
    body = creation["body"]
    instruction = body.get("systemInstruction") or body["system_instruction"]
    assert instruction["parts"] == [{"text": SYSTEM}]
    assert body["ttl"] == f"{TTL_S}s" and body["model"] == f"models/{LITE}"
    assert DOCUMENT in str(body["contents"]) and "What is" not in str(body["contents"])


async def test_questions_far_apart_make_no_cache(start: Start) -> None:
    world = await start()
    process = await world.process()
    for _ in range(3):
        await process.ask("Why?")
        world.clock.seconds += TTL_S + 1
    assert world.sent("cachedContents") == [] and (await world.row())["asked"] == 1


@pytest.mark.parametrize(
    "changes", [{"document": "short"}, {"model": PRO}, {"stable": None}], ids=["small", "fourth generation", "unknown"]
)
async def test_what_cannot_be_cached_is_not_even_noted(start: Start, changes: dict[str, Any]) -> None:
    world = await start()
    process = await world.process()
    for n in range(3):
        await process.ask(f"What is {n} + 1?", **changes)
    assert world.sent("cachedContents") == []
    assert await rows(world.database, "SELECT * FROM contexts") == []


async def test_principals_never_share_a_cache(start: Start) -> None:
    world = await start()
    process = await world.process()
    await asked_thrice(process)
    for _ in range(2):
        await process.ask("Why?", a_call(principal="you"))
    assert len(world.alive) == 2
    names = [entry["body"].get("cachedContent") for entry in world.sent(":generateContent")]
    mine, yours = set(names[:3]) - {None}, set(names[3:]) - {None}
    assert len(mine) == len(yours) == 1 and not mine & yours


async def test_another_process_of_the_same_user_asks_the_same_cache(start: Start) -> None:
    world = await start()
    await asked_thrice(await world.process())
    _, call = await (await world.process()).ask("And now?")
    assert len(world.alive) == 1 and call.attempts[0].context_nano > 0


async def test_of_questions_asked_at_once_one_makes_the_cache(start: Start) -> None:
    world = await start()
    process = await world.process()
    await process.ask("First?")
    calls = [a_call() for _ in range(8)]
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            for n, call in enumerate(calls):
                group.start_soon(process.ask, f"What is {n} + 1?", call)
    assert len(world.alive) == 1 and len(world.sent("cachedContents")) == 1
    assert sum(len(made(call)) for call in calls) == 1
    assert sum(len(call.attempts) for call in calls) == 9


async def test_where_gemini_caches_by_itself_nothing_is_bought(start: Start) -> None:
    """The stand-in's implicit cache hits whenever it can. Questions that come while a cache may not be made show it."""
    world = await start({"path": "*cachedContents", "do": "503"})
    process = await world.process()
    for n in range(4):
        await process.ask(f"What is {n} + 1?")
    tries = len(world.sent("cachedContents"))
    for n in range(4):
        await process.ask(f"What is {n} + 1?", document=DOCUMENT + "!")
    assert (tries, len(world.sent("cachedContents"))) == (1, 1)


# ---------------------------------------------------------------------------------------------------------------- money


async def test_ledger_and_bill_agree_to_the_nano_dollar(start: Start) -> None:
    world = await start()
    await asked_thrice(await world.process())
    spent, billed = await world.books()
    assert spent == billed > 0


async def test_making_a_cache_is_an_attempt_of_the_call_at_its_price(start: Start) -> None:
    world = await start()
    _, second, _ = await asked_thrice(await world.process())
    (creation,) = made(second)
    assert creation is second.attempts[0]
    tokens = world.alive[0]["usageMetadata"]["totalTokenCount"]
    rates = world.catalogue.rates(LITE, TODAY)
    making = world.catalogue.cost(LITE, TokenUsage(input_tokens=tokens), TODAY)
    storage = storage_nano(rates, tokens, TTL_S)
    assert making and storage and creation.cost_nano == making + storage
    row = next(row for row in await world.attempts() if row["attempt_id"] == creation.attempt_id)
    assert (row["state"], row["verdict"], row["usage_known"], row["simulated"]) == ("settled", "accepted", 1, "list")
    assert (row["input_tokens"], row["cost_nano"], row["context_nano"]) == (tokens, making + storage, -making - storage)
    assert row["reserved_nano"] >= row["cost_nano"] and "asked about again" in row["reason"]
    assert second.spent_nano == sum(attempt.cost_nano or 0 for attempt in second.attempts)


async def test_what_was_saved_is_the_difference_to_plain_questions(start: Start) -> None:
    """Summed over questions and cache: less what the same tokens would have cost uncached."""
    world = await start()
    calls = await asked_thrice(await world.process())
    written = await world.attempts()
    questions = [call.attempts[-1] for call in calls[1:]]
    plain = 0
    for attempt in questions:
        assert attempt.usage
        cost = world.catalogue.cost(LITE, replace(attempt.usage, cached_tokens=0), TODAY)
        assert cost
        plain += cost
    paid = sum(attempt.cost_nano or 0 for call in calls[1:] for attempt in call.attempts)
    assert sum(row["context_nano"] for row in written) == plain - paid
    assert sum(row["context_nano"] > 0 for row in written) == 2


async def test_at_no_price_nothing_is_charged_nor_saved(start: Start) -> None:
    world = await start(prices="zero")
    await asked_thrice(await world.process())
    assert len(world.alive) == 1
    assert {(row["cost_nano"], row["context_nano"], row["simulated"]) for row in await world.attempts()} == {
        (0, 0, "zero")
    }


async def test_a_cap_that_holds_no_cache_leaves_the_question_plain(start: Start) -> None:
    world = await start()
    process = await world.process()
    await process.ask("First?")
    request = a_question("Second?")
    worst = world.catalogue.worst_case(LITE, request.estimated_input_tokens, request.max_output_tokens, TODAY)
    _, call = await process.ask("Second?", a_call(max_cost_nano=worst))
    assert len(call.attempts) == 1 and world.sent("cachedContents") == []
    assert worst is not None and call.spent_nano <= worst
    await process.ask("Third?", a_call(max_cost_nano=3 * worst))
    assert len(world.alive) == 1


async def test_a_budget_that_holds_no_cache_leaves_the_question_plain(start: Start) -> None:
    world = await start()
    request = a_question("Second?")
    worst = world.catalogue.worst_case(LITE, request.estimated_input_tokens, request.max_output_tokens, TODAY)
    assert worst
    process = await world.process(Budgets(session_nano=2 * worst))
    await process.ask("First?")
    _, call = await process.ask("Second?")
    assert len(call.attempts) == 1 and world.sent("cachedContents") == []
    (budget,) = await rows(world.database, "SELECT * FROM budgets WHERE kind = 'session'")
    assert budget["reserved_nano"] == 0 and budget["spent_nano"] == sum(
        row["cost_nano"] for row in await world.attempts()
    )


async def test_a_budget_too_small_for_the_question_is_told_as_ever(start: Start) -> None:
    world = await start()
    process = await world.process()
    await process.ask("First?")
    with pytest.raises(BudgetExceeded):
        await process.ask("Second?", a_call(max_cost_nano=1))
    assert len(await world.attempts()) == 1


# ----------------------------------------------------------------------------------------------------------------- life


async def test_a_cache_in_use_is_extended_and_the_extension_is_paid_for(start: Start) -> None:
    world = await start()
    process = await world.process()
    for n in range(8):
        await process.ask(f"What is {n} + 1?")
        world.clock.seconds += 100
    assert len(world.alive) == 1
    extensions = [entry for entry in world.sent("cachedContents") if entry["method"] == "PATCH"]
    paid = [row for row in await world.attempts() if "longer" in row["reason"]]
    assert len(paid) == len(extensions) >= 1
    tokens = world.alive[0]["usageMetadata"]["totalTokenCount"]
    storage = storage_nano(world.catalogue.rates(LITE, TODAY), tokens, TTL_S)
    assert {(row["cost_nano"], row["context_nano"], row["verdict"]) for row in paid} == {
        (storage, -(storage or 0), "accepted")
    }
    spent, billed = await world.books()
    assert spent == billed


async def test_a_cache_nobody_asks_expires_and_the_next_question_is_plain(start: Start) -> None:
    world = await start()
    process = await world.process()
    await asked_thrice(process)
    world.clock.seconds += TTL_S + 1
    _, call = await process.ask("Anybody there?")
    assert world.alive == [] and len(call.attempts) == 1 and call.attempts[0].context_nano == 0


async def test_a_cache_that_vanished_is_forgotten_and_the_question_asked_plainly_once(start: Start) -> None:
    world = await start()
    process = await world.process()
    await asked_thrice(process)
    world.simulator.caches.delete(world.alive[0]["name"], world.clock())
    answer, call = await process.ask("What is 20 + 22?")
    assert answer.text == "[simulated] 42"
    assert [(attempt.verdict, attempt.cost_nano == 0) for attempt in call.attempts] == [
        ("retried", True),
        ("accepted", False),
    ]
    assert (await world.row())["name"] == ""


async def test_a_cache_that_cannot_be_made_costs_nothing_and_is_not_tried_at_every_question(start: Start) -> None:
    world = await start({"path": "*cachedContents", "do": "503"})
    process = await world.process()
    calls = await asked_thrice(process)
    assert len(world.sent("cachedContents")) == 1
    failed, answered = calls[1].attempts
    assert (failed.verdict, failed.cost_nano, answered.verdict) == ("failed", 0, "accepted")
    spent, billed = await world.books()
    assert spent == billed
    row = await world.row()
    assert (row["owner"], row["name"], row["expires_at"]) == ("", "", 0)


async def test_a_caller_that_leaves_while_a_cache_is_made_pays_for_it_and_gives_the_claim_up(start: Start) -> None:
    world = await start({"path": "*cachedContents", "do": "hang"})
    process = await world.process()
    await process.ask("First?")
    call = a_call()
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(process.ask, "Second?", call)
            await world.simulator.log.wait_for(lambda entry: "cachedContents" in entry.path)
            group.cancel_scope.cancel()
    (attempt,) = call.attempts
    rates = world.catalogue.rates(LITE, TODAY)
    stable = a_question("Second?").stable
    assert stable
    most = world.catalogue.worst_case(LITE, stable.tokens, 0, TODAY)
    storage = storage_nano(rates, stable.tokens, TTL_S)
    assert most and storage
    assert (attempt.verdict, attempt.usage, attempt.cost_nano) == ("cancelled", None, most + storage)
    row = await world.row()
    assert (row["owner"], row["expires_at"]) == ("", 0)


async def test_a_process_that_stops_deletes_its_caches_and_no_others(start: Start) -> None:
    world = await start()
    one, other = await world.process(), await world.process()
    await asked_thrice(one)
    for _ in range(2):
        await other.ask("Why?", document=DOCUMENT + "!")
    assert len(world.alive) == 2
    await one.contexts.aclose()
    (left,) = world.alive
    _, call = await other.ask("Why not?", document=DOCUMENT + "!")
    assert call.attempts[0].context_nano > 0
    await other.contexts.aclose()
    assert world.alive == [] and left


async def test_what_a_dead_process_left_is_deleted_by_the_next(start: Start) -> None:
    world = await start()
    dead, living = await world.process(), await world.process()
    await asked_thrice(dead)
    await living.contexts.recover()
    assert len(world.alive) == 1  # it lives yet
    dead.owner.release()
    await living.contexts.recover()
    assert world.alive == []
    row = await world.row()
    assert (row["owner"], row["name"]) == ("", "")


async def test_a_stand_in_that_is_gone_does_not_keep_a_server_from_stopping(start: Start) -> None:
    world = await start()
    process = await world.process()
    await asked_thrice(process)
    world.simulator.caches.delete(world.alive[0]["name"], world.clock())
    with anyio.fail_after(WAIT_S):
        await process.contexts.aclose()
    assert (await world.row())["name"] == ""


async def test_the_cascade_says_what_is_stable(start: Start) -> None:
    world = await start()
    process = await world.process()
    prompts = {"delegate_task": AgentPrompt.parse("Be brief.\n")}
    answer = cascading(process.generate, world.catalogue, prompts, today)
    for n in range(1, 4):
        task = Task(f"What is {n} + 40?", sources=(a_source(DOCUMENT),))
        told = await answer(task, a_call(deadline=time.monotonic() + WAIT_S))
        assert told.text == f"[simulated] {n + 40}"
    assert len(world.alive) == 1
    saved = [row["context_nano"] > 0 for row in await world.attempts() if row["context_nano"] >= 0]
    assert saved == [False, True, True]
