"""Batches on a real ledger against the real SDK and the stand-in: crashes, leases, budgets, and what is kept."""

import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import pytest

from gemini_mcp.domain.batching import FIRST_POLL_S, LAST_POLL_S, BatchRequest, UpstreamBatch, poll_interval
from gemini_mcp.domain.budgets import Budgets
from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.errors import (
    AgentError,
    BudgetExceeded,
    DeadlineExceeded,
    KeyRejected,
    NoApiKey,
    TooLarge,
    UpstreamMisbehaved,
    UpstreamUnavailable,
)
from gemini_mcp.domain.ids import attempt_id
from gemini_mcp.domain.material import Media, Page, Source
from gemini_mcp.domain.messages import ModelAnswer, WebSource
from gemini_mcp.domain.prompting import AgentPrompt
from gemini_mcp.domain.task import Rejected, Task
from gemini_mcp.engine.batch_burial import EXPIRED_S, STUCK_LOOKS, STUCK_S, is_hopeless
from gemini_mcp.engine.batch_cache import KeptAnswers
from gemini_mcp.engine.batch_creation import GRACE_S, Creation
from gemini_mcp.engine.batch_desk import PATIENCE_S, BatchDesk, Ends
from gemini_mcp.engine.batch_prices import turn_of, worst_case
from gemini_mcp.engine.batch_replay import batchable
from gemini_mcp.engine.batch_rounds import Rounds
from gemini_mcp.engine.batch_work import BatchLost, Item, Refused, Turn, UnknownForm, Work
from gemini_mcp.engine.batches import LEASE_S, Batches, Lost
from gemini_mcp.engine.cascade import cascading
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import Finished, Ledger
from gemini_mcp.engine.liveness import Owner
from gemini_mcp.engine.ports import AnswerTask, Attempt, Call, Generate
from gemini_mcp.gemini.batch_gateway import BatchGateway
from gemini_mcp.gemini.gateway import Gateway
from gemini_mcp.simulator.server import running
from gemini_mcp.simulator.simulator import Simulator

from .conftest import FLASH, LITE, TODAY, USED, WAIT_S, a_call, a_request, a_source, accepted, an_answer, rows, today

KEY = "a-key-for-the-stand-in"
TASK = Task("Say something.")
BAD_JSON, GOOD_JSON = {"do": "answer", "text": "no JSON"}, {"do": "answer", "text": '{"a": 1}'}


@dataclass
class Clock:
    """Unix time that stands still until it is moved."""

    now: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


class DiesBefore(BatchGateway):
    """The process ends before the request has left it."""

    async def create(self, display_name: str, requests: Sequence[BatchRequest], deadline: float) -> str:
        raise RuntimeError("killed")


class LosesTheReply(BatchGateway):
    """The request arrives, and its reply gets lost."""

    async def create(self, display_name: str, requests: Sequence[BatchRequest], deadline: float) -> str:
        await super().create(display_name, requests, deadline)
        raise UpstreamUnavailable("the connection broke", "Try again.", usage=None)


@dataclass
class World:
    """A ledger, a stand-in, and desks of as many processes as a test wants."""

    database: Database
    folder: Path
    catalogue: Catalogue
    simulator: Simulator
    gateway: Gateway
    budgets: Budgets = field(default_factory=Budgets)
    clock: Clock = field(default_factory=Clock)
    told: list[str] = field(default_factory=list)
    made: list[Owner] = field(default_factory=list)

    def owner(self) -> Owner:
        self.made.append(Owner(self.folder / "run"))
        return self.made[-1]

    def table(self, owner: Owner | None = None) -> Batches:
        return Batches(self.database, owner or self.owner(), "here", self.budgets, self.clock)

    def desk(self, api: type[BatchGateway] = BatchGateway, owner: Owner | None = None) -> BatchDesk:
        owner = owner or self.owner()
        prompts, able = {"delegate_task": AgentPrompt.parse("Be brief.")}, batchable(self.catalogue)
        ledger, table = Ledger(self.database, owner, self.budgets), self.table(owner)

        def climbing(generate: Generate) -> AnswerTask:
            return cascading(generate, able, prompts, today)

        rounds = Rounds(climbing, self.catalogue, table, ledger, today, self.clock)
        creation = Creation(api(self.gateway), table, lambda age: 30.0, self.clock)
        return BatchDesk(creation, rounds, KeptAnswers(uncached), finish, 60.0, self.tell)

    async def tell(self, principal: str) -> None:
        self.told.append(principal)

    async def submitted(self, desk: BatchDesk, task: Task = TASK, **changes: Any) -> Call:
        call = a_call(**changes)
        await desk.submit(call, [Item(task)], {})
        return call

    async def polled(self, desk: BatchDesk, times: int = 1) -> None:
        """The desk looks at what is due, and the time of the next look comes."""
        for _ in range(times):
            for row in await desk.table.take_due():
                await desk.look_at(row)
            self.clock.now += 31

    async def attempts(self) -> list[dict[str, Any]]:
        return await rows(self.database, "SELECT * FROM attempts ORDER BY started_at, attempt_id")

    async def states(self) -> list[str]:
        return [row["state"] for row in await rows(self.database, "SELECT state FROM batches ORDER BY batch_id")]

    async def result(self) -> str | None:
        found = await rows(self.database, "SELECT text FROM results")
        return found[0]["text"] if found else None

    async def settled(self) -> tuple[str, str, int]:
        """Of the only attempt: its state, its verdict, and what it cost."""
        (attempt,) = await self.attempts()
        return attempt["state"], attempt["verdict"], attempt["cost_nano"]

    async def reserved(self) -> int:
        (held,) = await rows(self.database, "SELECT SUM(reserved_nano) AS nano FROM budgets")
        return int(held["nano"])

    @property
    def created(self) -> int:
        return sum("batchGenerateContent" in entry.path for entry in self.simulator.log.entries())


def uncached(answer: AnswerTask) -> AnswerTask:
    return answer


async def finish(work: Work, call: Call, ends: Ends) -> Finished:
    (end,) = ends
    if isinstance(end, AgentError):
        raise end
    return Finished(end)


@asynccontextmanager
async def a_world(database: Database, folder: Path, catalogue: Catalogue, **simulated: Any) -> AsyncIterator[World]:
    def price(model: str, usage: Any, service_tier: str) -> int | None:
        return catalogue.cost(model, usage, TODAY, service_tier)

    simulator = Simulator(prices="list", price=price, **simulated)
    async with running(simulator) as url:
        gateway = Gateway(KEY, url, None)
        world = World(database, folder, catalogue, simulator, gateway)
        yield world
        await gateway.aclose()
        for owner in world.made:
            owner.release()


@pytest.fixture
async def world(database: Database, tmp_path: Path, catalogue: Catalogue) -> AsyncIterator[World]:
    async with a_world(database, tmp_path, catalogue) as made:
        yield made


def play(world: World, *rules: dict[str, Any]) -> None:
    from gemini_mcp.simulator.faults import Faults

    world.simulator.faults = Faults(rules)


# ------------------------------------------------------------------------------------------------ crash and adoption


async def test_the_work_is_recorded_before_the_batch_is_created(world: World) -> None:
    with pytest.raises(RuntimeError, match="killed"):
        await world.submitted(world.desk(DiesBefore))
    assert await world.states() == ["creating"] and world.created == 0
    (attempt,) = await world.attempts()
    assert (attempt["state"], attempt["owner"], attempt["service_tier"]) == ("reserved", "batch", "batch")


async def test_a_batch_that_was_never_created_is_created_once_that_is_certain(world: World) -> None:
    dying, later = world.desk(DiesBefore), world.desk()
    with pytest.raises(RuntimeError, match="killed"):
        await world.submitted(dying)
    world.made[0].release()
    await world.polled(later, 3)
    assert world.created == 0, "it might still have appeared at Gemini"
    world.clock.now += GRACE_S
    await world.polled(later, 4)
    assert world.created == 1 and await world.result() and await world.states() == ["done"]
    assert (await world.attempts())[0]["cost_nano"] == world.simulator.bill.as_json()["nano_usd"] > 0


async def test_a_batch_whose_creation_was_not_heard_of_is_found_by_its_name_and_adopted(world: World) -> None:
    desk = world.desk(LosesTheReply)
    call = await world.submitted(desk)
    assert await world.states() == ["creating"] and world.created == 1
    world.clock.now += GRACE_S
    await world.polled(desk, 4)
    assert world.created == 1 and await world.result() is not None
    assert [row["attempt_id"] for row in await world.attempts()] == [call.attempts[0].attempt_id]


async def test_a_second_round_that_its_process_did_not_live_to_create_is_created_by_another(world: World) -> None:
    play(world, BAD_JSON | {"model": LITE}, GOOD_JSON)
    first, dying, later = world.desk(), world.desk(DiesBefore), world.desk()
    await world.submitted(first, replace(TASK, expect="json"))
    world.clock.now += 31
    await world.polled(dying, 2)
    assert await world.states() == ["done", "creating"] and world.created == 1
    world.clock.now += GRACE_S
    await world.polled(later, 4)
    assert await world.result() == '{"a": 1}' and world.created == 2
    assert [(row["model"], row["verdict"]) for row in await world.attempts()] == [
        (LITE, "rejected"),
        (FLASH, "accepted"),
    ]


async def test_a_batch_without_a_key_is_refused_and_not_created_later(world: World) -> None:
    class Keyless(BatchGateway):
        async def create(self, display_name: str, requests: Sequence[BatchRequest], deadline: float) -> str:
            raise NoApiKey("there is no key", "Set one.")

    with pytest.raises(AgentError, match="no_api_key: there is no key"):
        await world.submitted(world.desk(Keyless))
    assert await world.states() == ["failed"] and await world.settled() == ("settled", "failed", 0)


async def test_a_name_that_the_busy_file_did_not_take_is_noted_once_it_does(world: World) -> None:
    class Busy(Batches):
        async def submitted(self, batch_id: str, name: str, next_poll_at: float) -> bool:
            raise sqlite3.OperationalError("database is locked")

    desk = world.desk()
    busy = Busy(world.database, world.made[0], "here", world.budgets, world.clock)
    desk.creation = replace(desk.creation, table=busy)
    await world.submitted(desk)
    assert await world.states() == ["submitted"]
    world.clock.now += 31
    await world.polled(desk, 3)
    assert await world.result() and world.created == 1


async def test_a_caller_who_leaves_while_it_is_unknown_whether_it_was_created_pays_nothing(world: World) -> None:
    desk = await left_meanwhile(world, created=False)
    world.clock.now += GRACE_S
    await world.polled(desk, 2)
    assert world.created == 0 and await world.states() == ["failed"]
    assert await world.settled() == ("settled", "failed", 0) and await world.reserved() == 0


async def test_a_batch_that_was_created_unheard_for_a_caller_who_left_is_cancelled(world: World) -> None:
    desk = await left_meanwhile(world, created=True)
    world.clock.now += GRACE_S
    await world.polled(desk, 1)
    (batch,) = world.simulator.batches.read_all(world.simulator.answer_in_batch, world.clock())
    assert batch.state == "CANCELLED"
    await world.polled(desk, 2)
    assert world.created == 1 and await world.settled() == ("settled", "failed", 0)


async def left_meanwhile(world: World, *, created: bool) -> BatchDesk:
    """A desk whose caller left while the reply to the creation got lost."""
    desk = world.desk()
    with anyio.CancelScope() as scope:

        class Hangs(BatchGateway):
            async def create(self, display_name: str, requests: Sequence[BatchRequest], deadline: float) -> str:
                scope.cancel()
                if created:
                    await super().create(display_name, requests, deadline)
                raise DeadlineExceeded("the deadline passed", "Try again.", usage=None)

        desk.creation = replace(desk.creation, api=Hangs(world.gateway))
        await world.submitted(desk)
    assert scope.cancelled_caught
    desk.creation = replace(desk.creation, api=BatchGateway(world.gateway))
    return desk


# ----------------------------------------------------------------------------------------------------------- giving up


@pytest.mark.parametrize(
    ("age_s", "stuck_s", "looks", "error", "hopeless"),
    [
        (60, STUCK_S + 1, STUCK_LOOKS, KeyRejected("no", "x"), True),
        (60, STUCK_S + 1, STUCK_LOOKS, UpstreamMisbehaved("too large", "x"), True),
        (60, STUCK_S + 1, STUCK_LOOKS, UnknownForm("newer"), True),
        (60, STUCK_S, STUCK_LOOKS, KeyRejected("no", "x"), False),
        (EXPIRED_S, 10 * STUCK_S, STUCK_LOOKS - 1, KeyRejected("no", "x"), False),
        (EXPIRED_S, 10 * STUCK_S, 100, UpstreamUnavailable("503", "x"), False),
        (EXPIRED_S + 1, 10 * STUCK_S, 100, UpstreamUnavailable("503", "x"), True),
        (60, 10 * STUCK_S, 100, sqlite3.OperationalError("locked"), False),
    ],
)
def test_a_batch_is_given_up_when_its_trouble_lasts(
    age_s: float, stuck_s: float, looks: int, error: Exception, hopeless: bool
) -> None:
    assert is_hopeless(age_s, stuck_s, looks, error) is hopeless


async def test_a_batch_that_cannot_be_looked_at_is_told_so_and_then_given_up_as_perhaps_paid(world: World) -> None:
    class Denied(BatchGateway):
        async def get(self, name: str, deadline: float) -> UpstreamBatch:
            raise KeyRejected("Gemini rejected the API key (403)", "Set another.")

    desk = world.desk(Denied)
    call = await world.submitted(desk)
    world.clock.now += 31
    await world.polled(desk)
    standing = await desk.table.standing("me", call.result_id)
    assert standing is not None and not standing.over and "rejected the API key" in standing.words
    for _ in range(STUCK_LOOKS):
        world.clock.now += STUCK_S / 2
        await world.polled(desk)
    standing = await desk.table.standing("me", call.result_id)
    assert standing is not None and standing.over and "rejected the API key" in standing.words
    assert await world.settled() == ("settled", "unknown", call.attempts[0].reserved_nano)
    assert await world.states() == ["failed"] and await world.reserved() == 0


async def test_a_batch_that_gemini_never_finishes_is_given_up_as_perhaps_paid(world: World) -> None:
    class Endless(BatchGateway):
        async def get(self, name: str, deadline: float) -> UpstreamBatch:
            return UpstreamBatch(name, "running")

    desk = world.desk(Endless)
    call = await world.submitted(desk)
    world.clock.now += EXPIRED_S
    await world.polled(desk)
    assert await world.states() == ["running"]
    await world.polled(desk)
    assert await world.states() == ["failed"]
    assert await world.settled() == ("settled", "unknown", call.attempts[0].reserved_nano)


async def test_a_batch_that_gemini_does_not_take_for_a_day_ends_without_having_cost_anything(world: World) -> None:
    class Unavailable(BatchGateway):
        async def create(self, display_name: str, requests: Sequence[BatchRequest], deadline: float) -> str:
            raise UpstreamUnavailable("Gemini answered 503", "Try again.")

    desk = world.desk(Unavailable)
    await world.submitted(desk)
    for _ in range(3):
        world.clock.now += PATIENCE_S / 2
        await world.polled(desk)
    assert await world.states() == ["failed"] and await world.settled() == ("settled", "failed", 0)


# ------------------------------------------------------------------------------------------------------------ leases


async def recorded(world: World, table: Batches) -> str:
    attempt = Attempt(attempt_id(), LITE, "lite", 5_000, world.clock())
    assert await table.record("b_1", a_call(), [attempt], "text", "{}", None) is None
    return "b_1"


async def test_a_batch_is_in_one_processs_hands_at_a_time(world: World) -> None:
    one, other = world.table(), world.table()
    batch_id = await recorded(world, one)
    assert await one.submitted(batch_id, "batches/x", world.clock())
    (row,) = await one.take_due()
    assert await other.take_due() == [] and await one.take_due() == []
    one.release(row.batch_id, world.clock())
    assert [row.batch_id for row in await other.take_due()] == [batch_id]


@pytest.mark.parametrize("dies", [True, False])
async def test_a_batch_leaves_the_hands_of_the_dead_and_of_those_who_stand_still(world: World, dies: bool) -> None:
    owner = world.owner()
    one, other = world.table(owner), world.table()
    assert await one.submitted(await recorded(world, one), "batches/x", world.clock())
    assert len(await one.take_due()) == 1
    if dies:
        owner.release()
    else:
        world.clock.now += LEASE_S
    assert len(await other.take_due()) == 1


async def test_nobody_creates_a_batch_in_the_place_of_a_process_that_lives(world: World) -> None:
    """It may stand still between its decision and its request."""
    owner = world.owner()
    one, other = world.table(owner), world.table()
    await recorded(world, one)
    world.clock.now += 10 * LEASE_S
    assert await other.take_due() == []
    owner.release()
    assert len(await other.take_due()) == 1


async def test_who_lost_the_lease_begins_no_other_round_and_closes_nothing(world: World) -> None:
    one, other = world.table(), world.table()
    batch_id = await recorded(world, one)
    await one.submitted(batch_id, "batches/x", world.clock())
    (row,) = await one.take_due()
    world.clock.now += LEASE_S
    assert len(await other.take_due()) == 1
    attempt = Attempt(attempt_id(), FLASH, "flash", 5_000, world.clock())
    assert await one.record("b_2", a_call(), [attempt], "text", "{}", row) == Lost()
    assert not await one.close(row) and not await one.extend(row, 60)
    assert await world.states() == ["submitted"] and len(await world.attempts()) == 1


async def test_who_stood_still_while_another_created_the_batch_cancels_its_own(world: World) -> None:
    class StandsStill(BatchGateway):
        async def create(self, display_name: str, requests: Sequence[BatchRequest], deadline: float) -> str:
            take = "UPDATE batches SET lease_owner = 'another'"
            await world.database.run(lambda connection: connection.execute(take))
            return await super().create(display_name, requests, deadline)

    await world.submitted(world.desk(StandsStill))
    (batch,) = world.simulator.batches.read_all(world.simulator.answer_in_batch, world.clock())
    assert batch.state == "CANCELLED" and await world.states() == ["creating"]


async def test_a_process_takes_up_its_own_creation_again_once_the_lease_has_run_out(world: World) -> None:
    one = world.table()
    batch_id = await recorded(world, one)
    world.clock.now += LEASE_S - 1
    assert await one.take_due() == []
    world.clock.now += 1
    assert [row.batch_id for row in await one.take_due()] == [batch_id]


async def test_what_is_being_created_at_this_moment_is_not_created_beside_that(world: World) -> None:
    desk = world.desk()

    class Slow(BatchGateway):
        async def create(self, display_name: str, requests: Sequence[BatchRequest], deadline: float) -> str:
            world.clock.now += 2 * LEASE_S
            taken = await desk.table.take_due()
            assert len(taken) == 1
            await desk.look_at(taken[0])
            return await super().create(display_name, requests, deadline)

    desk.creation = replace(desk.creation, api=Slow(world.gateway))
    await world.submitted(desk)
    assert world.created == 1 and await world.states() == ["submitted"]


async def test_a_batch_of_another_endpoint_is_left_alone(world: World) -> None:
    one = world.table()
    await one.submitted(await recorded(world, one), "batches/x", world.clock())
    elsewhere = Batches(world.database, world.owner(), "elsewhere", world.budgets, world.clock)
    assert await elsewhere.take_due() == [] and await elsewhere.next_due() is None
    assert await one.next_due() == world.clock()


async def test_a_dead_process_buries_no_batch(world: World) -> None:
    owner = world.owner()
    await world.submitted(world.desk(owner=owner))
    owner.release()
    assert await Ledger(world.database, world.owner()).recover() == 0
    assert [row["state"] for row in await world.attempts()] == ["reserved"]


# ----------------------------------------------------------------------------------------------------------- budgets


async def test_a_batch_counts_against_the_budgets_from_the_moment_it_is_queued(world: World) -> None:
    request = a_request(max_output_tokens=6_144, estimated_input_tokens=100)
    worst = worst_case(request, world.catalogue, TODAY)
    assert worst is not None
    world.budgets = Budgets(session_nano=2 * worst - worst // 2)
    desk = world.desk()
    await world.submitted(desk)
    with pytest.raises(BudgetExceeded, match="session budget"):
        await world.submitted(desk)
    await world.polled(desk, 3)
    await world.submitted(desk)
    assert len(await world.attempts()) == 2


async def test_a_climb_that_the_cap_does_not_allow_ends_with_the_best_attempt(world: World) -> None:
    play(world, BAD_JSON)
    desk = world.desk()
    call = await world.submitted(desk, replace(TASK, expect="json"), max_cost_nano=14_000_000)
    await world.polled(desk, 4)
    standing = await desk.table.standing("me", call.result_id)
    assert standing is not None and standing.over
    assert standing.words.startswith("budget_exceeded: the lite answer failed its check (not JSON")
    assert standing.words.endswith("\n\nno JSON")
    assert [row["verdict"] for row in await world.attempts()] == ["rejected"]


async def test_the_answer_of_a_model_asked_in_anothers_place_is_told_as_its_own(world: World) -> None:
    desk = await asked_lower(world, TASK)
    await world.polled(desk, 3)
    found = await rows(world.database, "SELECT tier, model, status FROM calls")
    assert found == [{"tier": "lite", "model": LITE, "status": "done"}]


async def test_a_model_that_there_was_no_money_for_is_asked_once_there_is(world: World) -> None:
    play(world, BAD_JSON | {"model": LITE}, GOOD_JSON)
    await asked_lower(world, replace(TASK, expect="json"))
    world.budgets = Budgets()
    await world.polled(world.desk(), 5)
    assert [(row["model"], row["verdict"]) for row in await world.attempts()] == [
        (LITE, "rejected"),
        (FLASH, "accepted"),
    ]


async def asked_lower(world: World, task: Task) -> BatchDesk:
    """The session's budget holds a batch of lite, and none of flash, which was asked for."""
    lite = world.catalogue.worst_case(LITE, 60, 8_192 + 2_048, TODAY, service_tier="batch")
    world.budgets = Budgets(session_nano=lite)
    desk = world.desk()
    call = await world.submitted(desk, replace(task, tier="flash"))
    assert [attempt.model for attempt in call.attempts] == [LITE]
    world.clock.now += 31
    return desk


async def test_what_is_too_large_for_a_batch_is_refused_before_anything_is_written(world: World) -> None:
    picture = replace(a_source(""), media=Media("image/png", b"\0" * 15_000_000, 258))
    with pytest.raises(TooLarge, match="20 MB"):
        await world.submitted(world.desk(), replace(TASK, sources=(picture,)))
    assert await world.states() == [] and await world.attempts() == [] and world.created == 0


# ------------------------------------------------------------------------------------------------------------- prices


def an_attempt() -> Attempt:
    attempt = Attempt(attempt_id(), LITE, "lite", 5_000_000, 1_800_000_000.0)
    attempt.service_tier = "batch"
    return attempt


def test_what_a_batch_saved_is_the_difference_to_the_standard_price(catalogue: Catalogue) -> None:
    asked = an_attempt()
    batch = UpstreamBatch("batches/x", "succeeded", {asked.attempt_id: an_answer(usage=USED)})
    made = turn_of(asked, batch, catalogue, TODAY).attempt
    standard, price = catalogue.cost(LITE, USED, TODAY), catalogue.cost(LITE, USED, TODAY, "batch")
    assert standard is not None and price is not None
    assert (made.cost_nano, made.discount_nano) == (price, standard - price) and price < standard


@pytest.mark.parametrize(
    ("charged", "cost", "verdict"), [(False, 0, "failed"), (True, 5_000_000, "unknown"), (None, 5_000_000, "unknown")]
)
def test_a_batch_without_answers_costs_nothing_only_when_gemini_says_so(
    catalogue: Catalogue, charged: bool | None, cost: int, verdict: str
) -> None:
    turn = turn_of(an_attempt(), UpstreamBatch("batches/x", "expired", charged=charged), catalogue, TODAY)
    assert (turn.attempt.cost_nano, turn.attempt.verdict) == (cost, verdict)
    assert isinstance(turn.outcome, BatchLost) and "expired" in turn.outcome.message


def test_the_worst_case_covers_the_days_that_a_batch_may_take(catalogue: Catalogue) -> None:
    request = a_request(FLASH)
    last_day, after = TODAY.replace(month=12, day=31), TODAY.replace(year=2027, month=1, day=1)
    assert worst_case(request, catalogue, last_day) == worst_case(request, catalogue, after)


@pytest.mark.parametrize(
    ("age_s", "interval_s"), [(0, FIRST_POLL_S), (60, FIRST_POLL_S), (600, 150.0), (86_400, LAST_POLL_S)]
)
def test_an_old_batch_is_looked_at_more_rarely(age_s: float, interval_s: float) -> None:
    assert poll_interval(age_s) == interval_s


# -------------------------------------------------------------------------------------------------- what is written


def whole_work() -> Work:
    pdf = Media("application/pdf", b"%PDF\x00\xff", 258, "high", "https://files/1")
    source = Source("a.pdf", "text \ud800", 6, "ab" * 32, "pdf pages 1-2", pdf, (Page(1, "one"), Page(2, "")), 3)
    rejected = Rejected("r_1", "before", "wrong", "lite")
    schema = {"type": "object", "properties": {"data": {"type": "string"}}}
    task = Task("Do it.", "context", (source,), "json", schema, "flash", None, True, rejected, 5, True, family="f")
    attempt = replace(an_attempt(), usage=USED, cost_nano=7)
    answer = ModelAnswer("{}", "stop", USED, LITE, "batch", "list", "STOP", (WebSource("t", "u"),), -0.25)
    item = Item(task, [Turn(attempt, answer)], an_attempt(), {LITE: Refused("too dear", "pay", 1)})
    call = a_call()
    known = Item(TASK, answer=accepted(call, web_sources=(("t", "u"),)))
    return Work.of(call, [item, known], {"focus": "x"})


def test_work_comes_back_from_the_ledger_as_it_was() -> None:
    work = whole_work()
    assert Work.from_json(work.to_json()) == work


def test_work_from_before_answers_had_a_confidence_is_read() -> None:
    work = whole_work()
    older = json.loads(work.to_json())
    del older["items"][0]["turns"][0]["answer"]["confidence"]
    read = Work.from_json(json.dumps(older)).items[0].turns[0].outcome
    assert isinstance(read, ModelAnswer) and (read.text, read.confidence) == ("{}", None)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", json.dumps({"form": 99, "items": []}), json.dumps({"form": 1, "items": [{}]})]
)
def test_work_of_another_version_is_told_from_work_that_can_be_read(text: str) -> None:
    with pytest.raises(UnknownForm):
        Work.from_json(text)


async def test_work_that_cannot_be_read_is_left_for_who_can(world: World) -> None:
    desk = world.desk()
    await world.submitted(desk)
    await world.database.run(lambda connection: connection.execute("UPDATE batches SET work = '{}'"))
    await world.polled(desk, 3)
    assert await world.states() == ["running"]
    assert [row["state"] for row in await world.attempts()] == ["reserved"]


async def test_work_that_nobody_could_read_for_an_hour_is_buried_with_its_money_as_used(world: World) -> None:
    desk = world.desk()
    call = await world.submitted(desk)
    await world.database.run(lambda connection: connection.execute("UPDATE batches SET work = '{}'"))
    for _ in range(STUCK_LOOKS + 3):
        await world.polled(desk)
        world.clock.now += STUCK_S / STUCK_LOOKS
    assert await world.settled() == ("settled", "unknown", call.attempts[0].reserved_nano)
    assert await world.states() == ["failed"] and await world.reserved() == 0
    assert [row["status"] for row in await rows(world.database, "SELECT status FROM calls")] == ["error"]


async def test_what_is_done_with_keeps_no_work(world: World) -> None:
    desk = world.desk()
    await world.submitted(desk)
    await world.polled(desk, 3)
    assert [row["work"] for row in await rows(world.database, "SELECT work FROM batches")] == [""]


# ------------------------------------------------------------------------------------------------------ the long run


async def test_a_desk_that_runs_polls_by_itself_and_tells_whose_usage_changed(world: World) -> None:
    desk = world.desk()
    arrived = anyio.Event()

    async def told(principal: str) -> None:
        world.told.append(principal)
        arrived.set()

    desk.told = told
    async with anyio.create_task_group() as group:
        group.start_soon(desk.run)
        call = await world.submitted(desk)
        with anyio.fail_after(WAIT_S):
            while not arrived.is_set():
                world.clock.now += 31
                await desk.look("me", call.result_id)
        group.cancel_scope.cancel()
    assert world.told == ["me"] and await world.result() is not None


async def test_a_caller_who_leaves_while_the_batch_is_created_has_it_cancelled(world: World) -> None:
    desk = world.desk()
    with anyio.CancelScope() as scope:

        class LeavesMeanwhile(BatchGateway):
            async def create(self, display_name: str, requests: Sequence[BatchRequest], deadline: float) -> str:
                scope.cancel()
                return await super().create(display_name, requests, deadline)

        desk.creation = replace(desk.creation, api=LeavesMeanwhile(world.gateway))
        await world.submitted(desk)
    assert scope.cancelled_caught and world.created == 1
    world.clock.now += 31
    await world.polled(desk, 2)
    (attempt,) = await world.attempts()
    assert (attempt["state"], attempt["cost_nano"]) == ("settled", 0)
