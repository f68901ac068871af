"""Batches from their submission to their result, by whichever process is alive.

A batch is recorded before it is created, under the name that Gemini will show it by. So whoever finds a recorded
batch without Gemini's own name for it looks for ours at Gemini first: found, it is adopted; not found for long enough,
it was never created. What comes back is settled and judged by the cascade, which is the same for everybody, so that
doing it twice changes nothing; only who holds the lease may begin another round.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.lowlevel
import structlog

from gemini_mcp.domain.batching import UNDER_WAY, UpstreamBatch
from gemini_mcp.domain.errors import NOTHING_USED, AgentError, ModelNotFound, RequestRejected, UpstreamError
from gemini_mcp.engine.batch_burial import is_expired, is_hopeless
from gemini_mcp.engine.batch_cache import KeptAnswers
from gemini_mcp.engine.batch_creation import GRACE_S, Creation, soon
from gemini_mcp.engine.batch_prices import failed_turn, turn_of
from gemini_mcp.engine.batch_replay import Wanted
from gemini_mcp.engine.batch_rounds import Round, Rounds, Stand
from gemini_mcp.engine.batch_work import BatchLost, Item, Work
from gemini_mcp.engine.batches import LEASE_S, Batches, Lost, Row, Standing
from gemini_mcp.engine.ledger import Finished
from gemini_mcp.engine.ports import Answer, Call

PATIENCE_S = 86_400.0
"""How long a batch that Gemini does not take for now is offered again."""

IDLE_S = 300.0
LEAST_PAUSE_S = 1.0
LOOK_S = 10.0
log = structlog.get_logger()

Ends = list[Answer | AgentError]
Finish = Callable[[Work, Call, Ends], Awaitable[Finished]]
"""Puts a call's result together from what became of its tasks. Raises AgentError."""

Told = Callable[[str], Awaitable[None]]


async def nobody(principal: str) -> None:
    """Who is told when there is nobody to tell."""


@dataclass(slots=True)
class BatchDesk:
    """``told``: hears of each principal whose usage changed. Clock and table are those of ``creation``."""

    creation: Creation
    rounds: Rounds
    kept: KeptAnswers
    finish: Finish
    deadline_s: float
    told: Told = nobody
    _wake: anyio.Event = field(default_factory=anyio.Event)
    _at_hand: set[str] = field(default_factory=set)
    _looked_at: dict[str, anyio.Event] = field(default_factory=dict)

    @property
    def table(self) -> Batches:
        return self.creation.table

    def _next_look(self, age_s: float) -> float:
        return self.creation.clock() + self.creation.interval(age_s)

    async def submit(self, call: Call, items: list[Item], extra: dict[str, Any]) -> None:
        """Queue the tasks as one call. Its attempts, reserved, are in ``call`` afterwards.

        Raises AgentError: refused, with nothing paid.
        """
        # What is recorded must be created at once, or it would wait for this process to end.
        with anyio.CancelScope(shield=True):
            batch_id, name = await self._submitted(call, Work.of(call, items, extra))
        self._wake.set()
        try:
            await anyio.lowlevel.checkpoint_if_cancelled()
        except anyio.get_cancelled_exc_class():
            if name is None:
                self.table.unwanted(batch_id)
            with anyio.CancelScope(shield=True):
                await self.creation.abandon(name)
            raise

    async def _submitted(self, call: Call, work: Work) -> tuple[str, str | None]:
        """Its id and Gemini's name of it, None as long as it is not known whether it was created."""
        begun = await self.rounds.begin(work, lambda: call, None)
        if not isinstance(begun, Round):
            raise _first_error(begun)
        created = await self.creation.create(begun)
        if isinstance(created, UpstreamError):
            await self._withdraw(begun, call, created)
            raise created
        return begun.batch_id, created

    async def look(self, principal: str, result_id: str) -> Standing | None:
        """How a call in batches stands, by a look at Gemini where that is possible; None for any other call."""
        if await self.table.hasten(principal, result_id):
            looked_at = self._looked_at.setdefault(result_id, anyio.Event())
            self._wake.set()
            with anyio.move_on_after(LOOK_S):
                await looked_at.wait()
        return await self.table.standing(principal, result_id)

    async def run(self) -> None:
        """Look at what is due, for as long as the server lives."""
        async with anyio.create_task_group() as group:
            while True:
                pause = IDLE_S
                try:
                    for row in await self.table.take_due():
                        group.start_soon(self.look_at, row)
                    pause = await self._pause()
                except Exception as error:  # the ledger cannot be used for now; the server lives on
                    log.warning("batches_not_polled", error=str(error))
                with anyio.move_on_after(pause):
                    await self._wake.wait()
                self._wake = anyio.Event()

    async def look_at(self, row: Row) -> None:
        """One leased row. Whatever goes wrong, it is looked at again later, until it is given up."""
        if row.batch_id in self._at_hand or row.batch_id in self.creation.under_way:
            return  # it is slow, and its lease has run out meanwhile
        self._at_hand.add(row.batch_id)
        try:
            await self._advance(row)
        except Exception as error:
            await self._failed(row, error)
        except BaseException:
            self.table.release(row.batch_id, self._next_look(self._age(row)))
            raise
        finally:
            self._at_hand.discard(row.batch_id)
            if (waiting := self._looked_at.pop(row.result_id, None)) is not None:
                waiting.set()

    async def _failed(self, row: Row, error: Exception) -> None:
        words = str(error) if isinstance(error, AgentError) else f"{type(error).__name__}: {error}"
        log.warning("batch_not_polled", batch=row.batch_id, error=words)
        if is_hopeless(self._age(row), self._stuck(row), row.failures + 1, error):
            try:
                await self._give_up(row, _unheard_of(words))
                return
            except Exception as second:
                log.warning("batch_not_given_up", batch=row.batch_id, error=f"{type(second).__name__}: {second}")
        self.table.failing(row.batch_id, self._next_look(self._age(row)), words)

    async def _give_up(self, row: Row, error: UpstreamError) -> None:
        """The end, without another round: what is under way is settled by what the error says was used."""
        await self.creation.abandon(row.name or None)
        try:
            work = Work.from_json(await self.table.work(row))
            self._note_failure(work, error)
            stand = await self.rounds.stand(work, work.call(self.deadline_s))
            stand.items[:] = [error if isinstance(end, Wanted) else end for end in stand.items]
            await self._conclude(row, work, stand)
        except Exception as unusable:  # it cannot be read, or its tool cannot put it together
            log.warning("batch_buried", batch=row.batch_id, error=f"{type(unusable).__name__}: {unusable}")
            await self.table.bury(row, str(error))
            await self.told(row.principal)

    def _age(self, row: Row) -> float:
        return self.creation.clock() - row.created_at

    def _stuck(self, row: Row) -> float:
        return self.creation.clock() - row.failing_since if row.failing_since else 0.0

    async def _pause(self) -> float:
        due = await self.table.next_due()
        return IDLE_S if due is None else min(IDLE_S, max(LEAST_PAUSE_S, due - self.creation.clock()))

    async def _advance(self, row: Row) -> None:
        if row.state in ("creating", "unwanted"):
            await self._adopt(row)
            return
        upstream = await self._upstream(row)
        if upstream is None or upstream.phase in UNDER_WAY:
            if is_expired(self._age(row)):
                await self._give_up(row, _unheard_of("Gemini still shows it as not done"))
                return
            running = upstream is not None and upstream.phase == "running"
            self.table.seen(row.batch_id, self._next_look(self._age(row)), running=running)
            return
        work = Work.from_json(await self.table.work(row))
        for item in work.items:
            if item.asked is not None:
                item.turns.append(turn_of(item.asked, upstream, self.rounds.catalogue, self.rounds.today()))
                item.asked = None
        await self._go_on(row, work)

    async def _upstream(self, row: Row) -> UpstreamBatch | None:
        """None for a batch so young that Gemini may not know it everywhere yet."""
        try:
            return await self.creation.api.get(row.name, soon())
        except ModelNotFound:
            young = self.creation.clock() - row.created_at < GRACE_S
            return None if young else UpstreamBatch(row.name, "failed", reason="Gemini does not know it any more")

    async def _adopt(self, row: Row) -> None:
        """Recorded, and perhaps created by a process that died before it could note so."""
        name = await self.creation.api.find(row.batch_id, soon())
        if name is not None:
            if row.state == "unwanted":
                await self._cancel(name)
            await self.table.submitted(row.batch_id, name, self.creation.clock())
            self._wake.set()
        elif self._age(row) < GRACE_S:
            self.table.release(row.batch_id, row.created_at + GRACE_S)
        elif row.state == "unwanted":
            await self._give_up(row, _never_created("cancelled before Gemini had it"))
        elif self._stuck(row) > PATIENCE_S:
            await self._give_up(row, _never_created("offered for a day, and Gemini did not take it"))
        elif await self.table.trying(row):
            await self._create(row)

    async def _create(self, row: Row) -> None:
        """What was recorded and never came to be."""
        work = Work.from_json(await self.table.work(row))
        stand = await self.rounds.stand(work, work.call(self.deadline_s))
        made = await self.creation.create(Round(row.batch_id, self.rounds.requests(work, stand)))
        if isinstance(made, UpstreamError) and not self._postponed(row.batch_id, work, made):
            self._note_failure(work, made)
            await self._go_on(row, work)

    async def _cancel(self, name: str) -> None:
        """Raises UpstreamError when it goes on, so that it is tried again."""
        try:
            await self.creation.api.cancel(name, soon())
        except (RequestRejected, ModelNotFound) as error:  # it is over
            log.warning("batch_not_cancelled", name=name, error=str(error))

    async def _go_on(self, row: Row, work: Work) -> None:
        """Another round, or the end."""
        while True:
            begun = await self.rounds.begin(work, lambda: work.call(self.deadline_s), row)
            if isinstance(begun, Lost):
                return
            if isinstance(begun, Stand):
                await self._conclude(row, work, begun)
                return
            made = await self.creation.create(begun)
            if not isinstance(made, UpstreamError) or self._postponed(begun.batch_id, work, made):
                return
            self._note_failure(work, made)
            row = Row(begun.batch_id, row.result_id, row.principal, "creating", "", self.creation.clock())

    async def _conclude(self, row: Row, work: Work, stand: Stand) -> None:
        if not await self.table.extend(row, self.deadline_s + LEASE_S):
            return
        call = stand.call
        ends = await self._kept_ends(work, stand)
        try:
            end, words = await self.finish(work, call, ends), ""
        except AgentError as error:
            best = f"\n\n{error.best}" if error.best else ""
            end, words = Finished(None, error.code), f"{error}{best}"
        for alert in await self.rounds.ledger.finish(call, end):
            log.warning("budget", told=alert.words)
        await self.table.close(row, words)
        await self.told(row.principal)

    async def _kept_ends(self, work: Work, stand: Stand) -> Ends:
        """What became of the items, in their order; the answers that came in batches are in the cache from now on."""
        ends: Ends = []
        for item, end in zip(work.items, stand.items, strict=True):
            if isinstance(end, Wanted):
                raise AssertionError("an item is not through")
            if isinstance(end, Answer) and item.answer is None:
                end = await self.kept.keep(item.task, end, stand.call.part() if len(work.items) > 1 else stand.call)
            ends.append(end)
        return ends

    async def _withdraw(self, begun: Round, call: Call, error: UpstreamError) -> None:
        """Gemini refused it: nothing is paid."""
        for attempt in call.attempts:
            attempt.usage, attempt.cost_nano, attempt.under_way = NOTHING_USED, 0, False
            attempt.verdict, attempt.reason = "failed", f"{error.code}: {error.message}"[:300]
            self.rounds.ledger.settle(attempt)
        row = Row(begun.batch_id, call.result_id, call.caller.principal, "creating", "", self.creation.clock())
        await self.table.close(row, str(error))

    def _postponed(self, batch_id: str, work: Work, error: UpstreamError) -> bool:
        """What will pass is waited for, a day at most."""
        if not error.retryable or self.creation.clock() - work.started_at > PATIENCE_S:
            return False
        self.table.failing(batch_id, self._next_look(PATIENCE_S), str(error))
        return True

    def _note_failure(self, work: Work, error: UpstreamError) -> None:
        for item in work.items:
            if item.asked is not None:
                item.turns.append(failed_turn(item.asked, error, self.rounds.catalogue, self.rounds.today()))
                item.asked = None


def _unheard_of(words: str) -> BatchLost:
    """It was perhaps answered, and so paid."""
    lost = BatchLost(f"the batch was given up ({words})", "Ask again, with or without batch.")
    lost.usage = None
    return lost


def _never_created(words: str) -> BatchLost:
    return BatchLost(f"the batch was {words}", "Ask again, with or without batch.")


def _first_error(stand: Stand | Lost) -> AgentError:
    ends = stand.items if isinstance(stand, Stand) else []
    known = next((end for end in ends if isinstance(end, AgentError)), None)
    return known or AgentError("there is nothing to ask in a batch", "Please report it.")
