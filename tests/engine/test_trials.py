"""Trials on a real ledger: what is tried, what it may cost, and that nobody sees it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import anyio
import pytest

from gemini_mcp.domain.budgets import Budgets
from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.domain.money import nano_from_usd
from gemini_mcp.domain.prompting import AgentPrompt
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.cascade import cascading
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.learning import Learning, learning_from
from gemini_mcp.engine.ledger import Ledger
from gemini_mcp.engine.liveness import Owner
from gemini_mcp.engine.metering import metered
from gemini_mcp.engine.ports import AnswerTask, Call
from gemini_mcp.engine.trials import Trials, other_tier, spent_today, trying

from .conftest import FLASH, LITE, PRO, TODAY, USED, a_call, an_answer, rows, today

PROMPTS = {"delegate_task": AgentPrompt.parse("Be brief.")}
QUESTION = Task("Is the harbour open? Answer yes or no.")
MODELS = {"lite": LITE, "flash": FLASH, "pro": PRO}


class Fixture:
    """The engine's stack around an upstream that answers by model, with trials of every call."""

    def __init__(self, catalogue: Catalogue, database: Database, ledger: Ledger, trials: Ledger, cap: str) -> None:
        self.cap = cap
        self.catalogue, self.database, self.ledger, self.trial_books = catalogue, database, ledger, trials
        self.says = {LITE: "yes", FLASH: "yes", PRO: "yes"}
        self.asked: list[str] = []

    async def upstream(self, request: ModelRequest, call: Call) -> ModelAnswer:
        self.asked.append(request.model)
        return an_answer(self.says[request.model], usage=USED, model=request.model)

    def climbing(self, books: Ledger) -> AnswerTask:
        return cascading(metered(self.upstream, books, self.catalogue, today), self.catalogue, PROMPTS, today)

    @asynccontextmanager
    async def answering(self, share: float = 1.0, dice: float = 0.5) -> AsyncIterator[AnswerTask]:
        """The whole stack; on leaving, every trial has ended."""
        learning = Learning(self.database, MODELS.get)
        async with anyio.create_task_group() as group:
            books = self.trial_books
            spent, cap = partial(spent_today, self.database), nano_from_usd(self.cap)
            what = (self.climbing(books), books, learning, self.catalogue, today, group, 30.0, spent, cap)
            trials = Trials(share, *what, lambda: dice)
            yield trying(learning_from(self.climbing(self.ledger), learning), trials)

    async def outcomes(self) -> list[tuple[str, str, str]]:
        found = await rows(self.database, "SELECT tier, outcome, upper FROM outcomes ORDER BY rowid")
        return [(row["tier"], row["outcome"], row["upper"]) for row in found]


@pytest.fixture
def here(catalogue: Catalogue, database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Fixture:
    owner = Owner(tmp_path / "run")
    request.addfinalizer(owner.release)
    cap = getattr(request, "param", "0.50")
    budgets = Budgets.of_usd("5", "20")
    books, trial_books = Ledger(database, owner, budgets), Ledger(database, owner, budgets.within_session(cap))
    return Fixture(catalogue, database, books, trial_books, cap)


async def test_a_trial_asks_the_tier_above_and_compares(here: Fixture) -> None:
    here.says[FLASH] = "no"
    async with here.answering() as answer:
        made = await answer(QUESTION, a_call())
    assert (made.text, made.tier) == ("yes", "lite") and here.asked == [LITE, FLASH]
    assert await here.outcomes() == [("lite", "accepted", ""), ("lite", "trial_differs", "flash")]


async def test_what_is_answered_on_the_top_is_tried_below(here: Fixture) -> None:
    here.says[FLASH] = ""
    async with here.answering() as answer:
        await answer(replace(QUESTION, tier="pro"), a_call())
    assert here.asked == [PRO, FLASH]
    assert ("flash", "trial_better", "pro") in await here.outcomes()


async def test_a_trial_is_on_books_of_its_own_and_keeps_no_result(here: Fixture) -> None:
    async with here.answering() as answer:
        await answer(QUESTION, call := a_call())
    calls = await rows(here.database, "SELECT tool, session_id, principal, status, baseline_nano FROM calls")
    (tried,) = [row for row in calls if row["tool"] == "trial"]
    assert tried["session_id"].startswith("trials ") and tried["principal"] == call.caller.principal
    assert (tried["status"], tried["baseline_nano"]) == ("done", 0)
    assert await rows(here.database, "SELECT * FROM results") == []
    spent = await rows(here.database, "SELECT cost_nano FROM attempts WHERE tool = 'trial' AND state = 'settled'")
    assert len(spent) == 1 and spent[0]["cost_nano"] > 0


@pytest.mark.parametrize("here", ["0.000001"], indirect=True)
async def test_a_trial_that_would_pass_the_cap_is_not_sent(here: Fixture) -> None:
    async with here.answering() as answer:
        for _ in range(3):
            await answer(QUESTION, a_call())
    assert here.asked == [LITE] * 3
    assert await rows(here.database, "SELECT * FROM calls WHERE tool = 'trial'") == []


@pytest.mark.parametrize(("share", "dice", "tried"), [(0.2, 0.1, True), (0.2, 0.2, False), (1.0, 0.99, True)])
async def test_a_share_of_the_calls_is_tried(here: Fixture, share: float, dice: float, tried: bool) -> None:
    async with here.answering(share, dice) as answer:
        await answer(QUESTION, a_call())
    assert (FLASH in here.asked) is tried


async def test_neither_a_pinned_model_nor_a_part_of_a_call_is_tried(here: Fixture) -> None:
    async with here.answering() as answer:
        await answer(replace(QUESTION, pinned_model=LITE), a_call())
        await answer(QUESTION, a_call().part())
    assert here.asked == [LITE, LITE]


async def test_without_trials_the_callable_is_left_as_it_is(here: Fixture) -> None:
    climbing = here.climbing(here.ledger)
    assert trying(climbing, None) is climbing


async def test_what_goes_wrong_in_a_trial_is_nobody_elses_trouble(here: Fixture) -> None:
    async with here.answering() as answer:
        del here.says[FLASH]  # a KeyError in the trial
        made = await answer(QUESTION, a_call())
        assert made.text == "yes"
        await answer(replace(QUESTION, instruction="Is the pier open? Answer yes or no."), a_call())
    assert [kind for _, kind, _ in await here.outcomes()] == ["accepted", "accepted"]


@pytest.mark.parametrize("here", ["0.10"], indirect=True)
async def test_the_cap_is_for_all_who_call_together(here: Fixture) -> None:
    """Each trial on flash costs some $0.002 and reserves more."""
    for who in range(60):
        async with here.answering() as answer:
            await answer(QUESTION, a_call(principal=f"p{who}"))
    (spent,) = await rows(here.database, "SELECT SUM(cost_nano) AS nano FROM attempts WHERE tool = 'trial'")
    assert 50_000_000 < spent["nano"] <= 100_000_000


@pytest.mark.parametrize("here", ["0.02"], indirect=True)
async def test_a_trial_that_its_cap_cuts_short_teaches_nothing(here: Fixture) -> None:
    upstream = here.upstream

    async def cut(request: ModelRequest, call: Call) -> ModelAnswer:
        answer = await upstream(request, call)
        return replace(answer, finish_reason="max_tokens") if request.model == FLASH else answer

    here.upstream = cut  # type: ignore[method-assign]
    async with here.answering() as answer:
        await answer(QUESTION, a_call())
    assert FLASH in here.asked and [kind for _, kind, _ in await here.outcomes()] == ["accepted"]


def test_the_neighbour_is_above_where_there_is_one(catalogue: Catalogue) -> None:
    assert [other_tier(tier, catalogue, TODAY) for tier in ("lite", "flash", "pro")] == ["flash", "pro", "flash"]
