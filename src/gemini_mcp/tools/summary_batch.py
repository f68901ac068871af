"""A summary whose parts are read in a batch. Once they are, it is made as any other, its merges asked directly."""

from collections.abc import Mapping
from dataclasses import replace

from gemini_mcp.domain.errors import AgentError
from gemini_mcp.domain.material import Source
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.batch_desk import Ends
from gemini_mcp.engine.batch_replay import BatchFailed
from gemini_mcp.engine.batch_work import Item, Work
from gemini_mcp.engine.ledger import Finished
from gemini_mcp.engine.parallel import HOPELESS
from gemini_mcp.engine.ports import Answer, AnswerTask, Call
from gemini_mcp.tools.batch import check_batchable, desk_of, queue
from gemini_mcp.tools.services import Delivered, Services
from gemini_mcp.tools.summary_order import Order
from gemini_mcp.tools.summary_run import SummaryRun


async def queued(
    order: Order, run: SummaryRun, call: Call, sources: tuple[Source, ...], services: Services
) -> Delivered | None:
    """Have the parts read in a batch. None when the cache holds them all: that is cheaper. Raises AgentError."""
    tasks, desk = run.reading, desk_of(services)
    check_batchable(tasks[0], call, services)
    items = [Item(task, answer=await desk.kept.find(task, call.part())) for task in tasks]
    if all(item.answer for item in items):
        call.saved_by_cache_nano = 0  # it is counted when they are used
        return None
    return await queue(items, order.to_json(), call, sources, services)


async def batch_finished(work: Work, call: Call, ends: Ends, services: Services) -> Finished:
    """The summary, now that its parts are read. Raises AgentError when none could be."""
    tasks = [item.task for item in work.items]
    order = Order.from_json(work.extra, tasks)
    known = dict(zip(tasks, ends, strict=True))
    run = order.run(call, replace(services, answer=_knowing(known, services.answer)))
    end, _ = order.finished(run, *await order.made(run))
    return end


def _knowing(known: Mapping[Task, Answer | AgentError], answer: AnswerTask) -> AnswerTask:
    """The same callable, which need not ask for what is known."""

    async def knowing(task: Task, call: Call) -> Answer:
        end = known.get(task)
        if isinstance(end, HOPELESS):  # of its own batch, and no reason to give up what was read
            raise BatchFailed(f"{end.code}: {end.message}", end.fix)
        if isinstance(end, AgentError):
            raise end
        return end or await answer(task, call)

    return knowing
