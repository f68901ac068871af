"""Trials: now and then a task is also done on a neighbouring tier, aside, so that tiers can be compared on the user's
own work. Nobody waits for a trial, and none is handed over; what it costs is capped by the day and in the ledger."""

import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date

import anyio
import structlog
from anyio.abc import TaskGroup

from gemini_mcp.domain.catalog import TIERS, Catalogue, Tier, tier_above, tier_below
from gemini_mcp.domain.errors import AgentError
from gemini_mcp.domain.ids import result_id
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.learning import Learning
from gemini_mcp.engine.ledger import Finished, Ledger, local_day
from gemini_mcp.engine.outcomes import compared
from gemini_mcp.engine.ports import Answer, AnswerTask, Call, Caller, Judged, Today

TOOL = "trial"
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Trials:
    """``share`` of the calls (0 to 1) are tried by ``answer``, in ``group``, one at a time, on the books of ``ledger``,
    whose session budget is what trials may cost a day; ``spent`` says what they have cost today, whoever called."""

    share: float
    answer: AnswerTask
    ledger: Ledger
    learning: Learning
    catalogue: Catalogue
    today: Today
    group: TaskGroup
    deadline_s: float
    spent: Callable[[], Awaitable[int]]
    cap_nano: int
    dice: Callable[[], float] = random.random
    under_way: anyio.Lock = field(default_factory=anyio.Lock)

    def consider(self, task: Task, call: Call, made: Answer) -> None:
        """Begin a trial of what was just answered, if the dice say so."""
        told = call.judged[-1] if call.judged else None
        if told is None or told.objection or told.tier != made.tier or call.whole is not None:
            return
        other = other_tier(made.tier, self.catalogue, self.today())
        free = task.pinned_model is None and not self.under_way.locked()
        if other is not None and free and self.dice() < self.share:
            self.group.start_soon(self._aside, task, call.caller.principal, told, other)

    async def _aside(self, task: Task, principal: str, told: Judged, tier: Tier) -> None:
        """What goes wrong in a trial is nobody else's trouble."""
        try:
            async with self.under_way:
                await self._run(task, principal, told, tier)
        except Exception as error:
            log.warning("trial failed", error=f"{type(error).__name__}: {error}")

    async def _run(self, task: Task, principal: str, told: Judged, tier: Tier) -> None:
        model = self.catalogue.current(tier, self.today())
        left_nano = self.cap_nano - await self.spent()
        if left_nano <= 0 or model is None:
            return
        tried = replace(task, tier=tier, pinned_model=model.id, max_cost_nano=left_nano)
        call = self._call(principal, left_nano)
        made: Answer | None = None
        code = ""
        try:
            made = await self.answer(tried, call)
        except AgentError as error:
            code = error.code
        except anyio.get_cancelled_exc_class():
            code = "cancelled"
            raise
        finally:
            if call.attempts:  # work that nobody asked for saves nothing: its baseline is 0
                answer = replace(made, baseline_nano=0) if made else None
                self.ledger.post_finish(call, Finished(answer, code, cancelled=code == "cancelled", aside=True))
        if call.judged and not any(attempt.shrunk for attempt in call.attempts):
            lower, upper = sorted((told, call.judged[-1]), key=lambda judged: TIERS.index(judged.tier))
            row = compared(lower, upper)
            self.learning.note(call.result_id, [row])
            log.info("trial", family=row.family, lower=lower.tier, upper=upper.tier, outcome=row.kind)

    def _call(self, principal: str, most_nano: int) -> Call:
        """A session of its own, so that its budget is theirs alone; it counts against the day's all the same."""
        now, session = time.monotonic(), f"trials {local_day(time.time())}"
        deadline = now + self.deadline_s
        caller = Caller(principal, session)
        return Call(result_id(), caller, TOOL, time.time(), now, deadline, max_cost_nano=most_nano)


async def spent_today(database: Database) -> int:
    """What today's trials have cost or reserved, of all principals, in nano-USD."""
    asked = "SELECT COALESCE(SUM(COALESCE(cost_nano, reserved_nano)), 0) FROM attempts WHERE tool = ? AND day = ?"
    day = local_day(time.time())
    return await database.read(lambda connection: int(connection.execute(asked, (TOOL, day)).fetchone()[0]))


def trying(answer: AnswerTask, trials: Trials | None) -> AnswerTask:
    """The same callable, some of whose answers are tried on another tier too."""
    if trials is None:
        return answer

    async def tried_answer(task: Task, call: Call) -> Answer:
        made = await answer(task, call)
        trials.consider(task, call, made)
        return made

    return tried_answer


def other_tier(tier: Tier, catalogue: Catalogue, today: date) -> Tier | None:
    """The tier above, else the one below, that has a model."""
    near = (tier_above(tier), tier_below(tier))
    return next((other for other in near if other is not None and catalogue.current(other, today)), None)
