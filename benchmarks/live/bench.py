"""One run: every task on every model, some at a time, until it is done or the money is."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import anyio
import anyio.to_thread

from benchmarks.live.reply import Reply
from benchmarks.live.rows import Book, cell
from benchmarks.live.task import Score, Task

NEAR_THE_CAP = (
    "near the cap the product asks at half the price; an answer at another price is not comparable and was left out"
)
PROSE = ("grounded", "image")
"""Kinds whose answers are a model's own words."""

Ask = Callable[[Task, str], Awaitable[Reply]]


@dataclass(slots=True)
class Outcome:
    """``spent_usd``: by the receipts, what was thrown away included. ``stopped``: why it ended early; ``failed``: by an
    error that every other call would have met. ``left_out``: tasks and models that were not asked."""

    spent_usd: Decimal = Decimal()
    asked: int = 0
    stopped: str = ""
    failed: bool = False
    left_out: list[tuple[Task, str]] = field(default_factory=list)


async def run(tasks: Sequence[Task], models: Sequence[str], book: Book, ask: Ask, at_once: int) -> Outcome:
    """What the book has already is not asked again."""
    outcome = Outcome()
    wanted = iter([task for task in tasks if any(not book.has(task, model) for model in models)])
    async with anyio.create_task_group() as group:
        for _ in range(at_once):
            group.start_soon(_work, wanted, models, book, ask, outcome)
    outcome.left_out = [(task, model) for task in tasks for model in models if not book.has(task, model)]
    return outcome


async def _work(wanted: Iterator[Task], models: Sequence[str], book: Book, ask: Ask, outcome: Outcome) -> None:
    for task in wanted:
        for model in models:
            if outcome.stopped:
                return
            if not book.has(task, model):
                await _one(task, model, book, ask, outcome)


async def _one(task: Task, model: str, book: Book, ask: Ask, outcome: Outcome) -> None:
    reply = await ask(task, model)
    outcome.spent_usd += reply.cost_usd or 0
    outcome.asked += 1
    if reply.out_of_money or reply.hopeless:
        outcome.stopped = outcome.stopped or reply.told or NEAR_THE_CAP
        outcome.failed |= reply.hopeless
        return
    score: Score | None = None
    if reply.answered:
        score = await anyio.to_thread.run_sync(task.score, reply.text)
    book.add(task, model, cell(reply, score, prose=task.kind in PROSE))
