"""The exact cache on a real store: what shares an answer, and what must not."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import anyio.lowlevel
import pytest

from gemini_mcp.domain.errors import NoAcceptableAnswer, UpstreamUnavailable
from gemini_mcp.domain.material import Source
from gemini_mcp.domain.task import Rejected, Task
from gemini_mcp.engine.cache import cached, key_of
from gemini_mcp.engine.disk_cache import DiskStore
from gemini_mcp.engine.flights import Flights
from gemini_mcp.engine.ports import Answer, AnswerTask, Call

from .conftest import WAIT_S, a_call, a_source, accepted, an_attempt

AROUND: dict[str, Any] = {"plan": ["lite", "flash"], "prompt": "v1", "endpoint": "https://example.com/v1"}
TASK = Task(
    "summarise",
    context="because",
    sources=(a_source("one", "1.txt"), a_source("two", "2.txt")),
    output_schema={"type": "object", "required": ["a"]},
)


# -------------------------------------------------------------------------------------------------------------- key


def key(task: Task = TASK, principal: str = "me", **around: Any) -> str:
    return key_of(task, principal, AROUND | around)


@pytest.mark.parametrize(
    "changed",
    [
        key(replace(TASK, instruction="summarise.")),
        key(replace(TASK, instruction="Summarise")),
        key(replace(TASK, context="")),
        key(replace(TASK, sources=TASK.sources[:1])),
        key(replace(TASK, sources=TASK.sources[::-1])),
        key(replace(TASK, sources=(a_source("one!", "1.txt"), TASK.sources[1]))),
        key(replace(TASK, sources=(a_source("one", "other.txt"), TASK.sources[1]))),
        key(replace(TASK, sources=(replace(TASK.sources[0], sent_as="image"), TASK.sources[1]))),
        key(replace(TASK, expect="json")),
        key(replace(TASK, output_schema=None)),
        key(replace(TASK, output_schema={"type": "object", "required": ["b"]})),
        key(replace(TASK, tier="pro")),
        key(replace(TASK, pinned_model="gemini-4-argon")),
        key(replace(TASK, web_search=True)),
        key(replace(TASK, rejected=Rejected("r_1", "old", "wrong", "lite"))),
        key(replace(TASK, agent="review_code")),
        key(principal="you"),
        key(plan=["lite"]),
        key(prompt="v2"),
        key(endpoint="http://127.0.0.1:1/v1"),
    ],
)
def test_whatever_changes_the_answer_changes_the_key(changed: str) -> None:
    assert changed != key()


@pytest.mark.parametrize(
    "other",
    [
        Rejected("r_1", "older", "wrong", "lite"),
        Rejected("r_1", "old", "worse", "lite"),
        Rejected("r_1", "old", "wrong", "flash"),
    ],
)
def test_another_rejection_is_another_key(other: Rejected) -> None:
    rejected = Rejected("r_1", "old", "wrong", "lite")
    assert key(replace(TASK, rejected=rejected)) != key(replace(TASK, rejected=other))


@pytest.mark.parametrize(
    "same",
    [
        replace(TASK, max_cost_nano=5),
        replace(TASK, fresh=True),
        replace(TASK, instruction="  summarise\n"),
        replace(TASK, output_schema={"required": ["a"], "type": "object"}),
    ],
)
def test_what_does_not_change_the_answer_leaves_the_key_alone(same: Task) -> None:
    assert key(same) == key()


def test_line_ends_do_not_change_the_key_but_lines_do() -> None:
    assert key(Task("a\r\nb")) == key(Task("a\nb")) != key(Task("a\n\nb"))


def test_fields_cannot_run_into_one_another() -> None:
    assert key(Task("a", context="b")) != key(Task("ab")) != key(Task("", context="ab"))
    one = Source("a", "", 0, "bc")
    assert key(Task("x", sources=(one,))) != key(Task("x", sources=(replace(one, path="ab", sha256="c"),)))


def test_text_that_utf8_cannot_hold_still_has_a_key() -> None:
    assert key(Task("\ud800")) != key(Task("\ud801"))


# ------------------------------------------------------------------------------------------------------------ cached


@dataclass
class Kitchen:
    """Makes answers, one at a time if it is told to wait, and counts them."""

    folder: Path
    store: DiskStore
    flights: Flights
    adopted: list[Call]
    told: Callable[[Call], Answer] = field(default=lambda call: accepted(call, cost_nano=700))
    made: list[Call] = field(default_factory=list)
    begun: anyio.Event = field(default_factory=anyio.Event)
    gate: anyio.Event | None = None
    cancelled: int = 0

    async def __call__(self, task: Task, call: Call) -> Answer:
        self.made.append(call)
        self.begun.set()
        try:
            if self.gate is not None:
                await self.gate.wait()
        except anyio.get_cancelled_exc_class():
            self.cancelled += 1
            raise
        call.tier, call.family = "lite", "text"
        return self.told(call)

    def reopen(self) -> None:
        """All that was put is on the disk afterwards."""
        self.store.close()
        self.store = DiskStore(self.folder)

    @property
    def answer(self) -> AnswerTask:
        return cached(self, self.store, self.flights, lambda task, call: key_of(task, call.caller.principal, {}), life)


def life(task: Task) -> float:
    return 60.0 if task.web_search else 3_600.0


@pytest.fixture
async def kitchen(tmp_path: Path) -> AsyncIterator[Kitchen]:
    """The flights' group lives in a task of its own, since a fixture's two halves run in different ones."""
    folder = tmp_path / "cache"
    store = DiskStore(folder)
    ready: asyncio.Future[Kitchen] = asyncio.get_running_loop().create_future()
    over = asyncio.Event()

    async def hold() -> None:
        adopted: list[Call] = []
        async with anyio.create_task_group() as group:
            ready.set_result(Kitchen(folder, store, Flights(group, adopted.append), adopted))
            await over.wait()
            group.cancel_scope.cancel()

    holder = asyncio.create_task(hold())
    yield await ready
    over.set()
    await asyncio.wait_for(holder, WAIT_S)
    (await ready).store.close()


async def ask(kitchen: Kitchen, task: Task) -> None:
    await kitchen.answer(task, a_call())


async def test_the_second_call_is_a_hit_and_costs_nothing(kitchen: Kitchen) -> None:
    first, call = await kitchen.answer(TASK, a_call()), a_call()
    second = await kitchen.answer(TASK, call)
    assert (first.cache, second.cache, len(kitchen.made)) == ("miss", "hit", 1)
    assert replace(second, cache="miss") == first
    assert (call.attempts, call.tier, call.family) == ([], "lite", "text")
    assert call.saved_by_cache_nano > 0


async def test_pages_of_a_search_survive_the_cache(kitchen: Kitchen) -> None:
    pages = (("A", "https://example.com/a"), ("B", "https://example.com/b"))
    kitchen.told = lambda call: accepted(call, web_sources=pages)
    await kitchen.answer(TASK, a_call())
    assert (await kitchen.answer(TASK, a_call())).web_sources == pages


async def test_principals_do_not_share_answers(kitchen: Kitchen) -> None:
    await kitchen.answer(TASK, a_call(principal="me"))
    assert (await kitchen.answer(TASK, a_call(principal="you"))).cache == "miss"
    assert len(kitchen.made) == 2


async def test_a_fresh_call_asks_again_and_its_answer_is_stored(kitchen: Kitchen) -> None:
    await kitchen.answer(TASK, a_call())
    kitchen.told = lambda call: accepted(call, "Newer.")
    fresh = await kitchen.answer(replace(TASK, fresh=True), a_call())
    assert (fresh.text, fresh.cache) == ("Newer.", "off")
    assert (await kitchen.answer(TASK, a_call())).text == "Newer."


async def test_a_fresh_call_does_not_join_a_flight(kitchen: Kitchen) -> None:
    kitchen.gate = anyio.Event()
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(ask, kitchen, TASK)
            group.start_soon(ask, kitchen, replace(TASK, fresh=True))
            await anyio.wait_all_tasks_blocked()
            while len(kitchen.made) < 2:
                await anyio.lowlevel.checkpoint()
            kitchen.gate.set()
    assert len(kitchen.made) == 2


@pytest.mark.parametrize("error", [UpstreamUnavailable("down", "Wait."), NoAcceptableAnswer("bad", "f")])
async def test_an_error_is_not_kept(kitchen: Kitchen, error: Exception) -> None:
    def fail(call: Call) -> Answer:
        raise error

    kitchen.told = fail
    for _ in range(2):
        with pytest.raises(type(error)):
            await kitchen.answer(TASK, a_call())
    kitchen.told = accepted
    assert (await kitchen.answer(TASK, a_call())).cache == "miss"
    assert len(kitchen.made) == 3


async def test_an_answer_whose_usage_is_unknown_is_not_kept(kitchen: Kitchen) -> None:
    def unknown(call: Call) -> Answer:
        an_attempt(call, verdict="unknown")
        return accepted(call)

    kitchen.told = unknown
    await kitchen.answer(TASK, a_call())
    assert (await kitchen.answer(TASK, a_call())).cache == "miss"


async def test_how_long_an_answer_lives_depends_on_the_task(kitchen: Kitchen) -> None:
    for task in (TASK, replace(TASK, web_search=True)):
        await kitchen.answer(task, a_call())
    kitchen.reopen()
    with sqlite3.connect(kitchen.folder / "cache.db") as other:
        lives = sorted(until - stored for until, stored in other.execute("SELECT expire_time, store_time FROM Cache"))
    other.close()
    assert [round(life) for life in lives] == [60, 3_600]


async def test_a_dropped_answer_is_asked_for_again(kitchen: Kitchen) -> None:
    call = a_call()
    await kitchen.answer(TASK, call)
    assert call.cache_key is not None
    kitchen.store.drop(call.cache_key)
    assert (await kitchen.answer(TASK, a_call())).cache == "miss"


@pytest.mark.parametrize(
    "stored",
    [
        pytest.param(lambda kept: {}, id="empty"),
        pytest.param(lambda kept: kept | {"of_a_later_version": 1}, id="a field too many"),
        pytest.param(lambda kept: {k: v for k, v in kept.items() if k != "tier"}, id="a field too few"),
        pytest.param(lambda kept: kept | {"usage": None}, id="no usage"),
        pytest.param(lambda kept: kept | {"web_sources": [["one"]]}, id="half a page"),
    ],
)
async def test_a_stored_value_of_another_form_is_a_miss(
    kitchen: Kitchen, stored: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    call = a_call()
    await kitchen.answer(TASK, call)
    assert call.cache_key is not None
    kept = await kitchen.store.get(call.cache_key)
    assert kept is not None
    kitchen.reopen()
    kitchen.store.put(call.cache_key, stored(kept), 60)
    assert (await kitchen.answer(TASK, a_call())).cache == "miss"


async def test_identical_calls_at_once_are_one(kitchen: Kitchen) -> None:
    kitchen.gate = anyio.Event()
    answers: list[Answer] = []

    async def one() -> None:
        answers.append(await kitchen.answer(TASK, a_call()))

    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            for _ in range(50):
                group.start_soon(one)
            await kitchen.begun.wait()
            await anyio.wait_all_tasks_blocked()
            kitchen.gate.set()
    assert len(kitchen.made) == 1
    assert sorted(answer.cache for answer in answers) == ["miss"] + ["shared"] * 49
    assert {answer.text for answer in answers} == {"Good."}


async def test_calls_with_another_cap_do_not_share_a_flight(kitchen: Kitchen) -> None:
    kitchen.gate = anyio.Event()
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            for cap in (None, 5, 6):
                group.start_soon(ask, kitchen, replace(TASK, max_cost_nano=cap))
            while len(kitchen.made) < 3:
                await anyio.lowlevel.checkpoint()
            kitchen.gate.set()
    assert len(kitchen.made) == 3


async def test_an_answer_of_a_cheaper_tier_than_the_one_asked_for_is_not_kept(kitchen: Kitchen) -> None:
    """Another time there may be money for the tier that was asked for."""

    def lowered(call: Call) -> Answer:
        call.lowered = True
        return accepted(call)

    kitchen.told = lowered
    await kitchen.answer(TASK, a_call())
    assert (await kitchen.answer(TASK, a_call())).cache == "miss"
