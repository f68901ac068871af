"""delegate_task: one task to the cheapest Gemini model whose answer passes the checks."""

from dataclasses import replace

from gemini_mcp.domain.errors import AgentError, InvalidArgument, TooLarge
from gemini_mcp.domain.ids import RESULT_ID
from gemini_mcp.domain.task import Rejected, Task
from gemini_mcp.engine.batch_desk import Ends
from gemini_mcp.engine.batch_work import Item, Work
from gemini_mcp.engine.ledger import Finished
from gemini_mcp.engine.outcomes import Noted
from gemini_mcp.engine.ports import Answer, Call, Caller, Progress
from gemini_mcp.engine.results import KeptResult
from gemini_mcp.tools.arguments import DelegateTask
from gemini_mcp.tools.batch import check_batchable, desk_of, queue
from gemini_mcp.tools.calls import Common, books, check_schema, finished, new_call
from gemini_mcp.tools.omissions import notes, with_omissions, worth_telling
from gemini_mcp.tools.services import Delivered, Services

NAME = "delegate_task"
_MIME_TYPES: dict[str, str] = {"markdown": "text/markdown", "json": "application/json", "python": "text/x-python"}


async def delegate_task(arguments: DelegateTask, caller: Caller, progress: Progress, services: Services) -> Delivered:
    """Answer the task. Raises AgentError before anything was sent, ToolFailure after."""
    task = _task(arguments, services)
    await services.ready()
    task, warnings = _screened(task, services)
    feedback, told = services.reader.screened("feedback", arguments.feedback)
    arguments = arguments.model_copy(update={"task": task.instruction, "feedback": feedback})
    material = await services.reader.read(arguments.files)
    task = replace(task, sources=material.sources)
    earlier = await _earlier(arguments, caller, services)
    if earlier is not None:
        task = _following(task, arguments, earlier)
        await _note_rejection(arguments, earlier, services)
    call = new_call(NAME, caller, progress, services, task.max_cost_nano)
    call.warnings += [*warnings, *told, *notes(material)]
    about = {"instruction": arguments.task, "follow_up_to": arguments.follow_up_to}
    async with books(call, services, task.sources):
        queued = await _queued(task, about, call, services) if arguments.batch else None
        if isinstance(queued, Delivered):
            return with_omissions(queued, worth_telling(material.left_out))
        answer = queued or await _answered(task, call, services)
    given = await finished(call, _end(task, answer, about), task.sources, services)
    return with_omissions(given, worth_telling(material.left_out))


async def _queued(task: Task, about: dict[str, str], call: Call, services: Services) -> Answer | Delivered:
    """What the cache holds is cheaper than any batch."""
    check_batchable(task, call, services)
    found = await desk_of(services).kept.find(task, call)
    return found or await queue([Item(task)], dict(about), call, task.sources, services)


def batch_finished(work: Work, ends: Ends) -> Finished:
    """The result of a task that a batch answered. Raises AgentError when it could not."""
    (item,), (end,) = work.items, ends
    if isinstance(end, AgentError):
        raise end
    return _end(item.task, end, work.extra)


def _end(task: Task, answer: Answer, about: dict[str, str]) -> Finished:
    kept = replace(answer, text=_with_web_sources(task, answer))
    instruction, follow_up_to = about["instruction"], about["follow_up_to"]
    return Finished(kept, instruction=instruction, mime_type=_mime_type(task), follow_up_to=follow_up_to)


async def _answered(task: Task, call: Call, services: Services) -> Answer:
    """Raises TooLarge with a way that is open: what one request cannot hold is read in parts elsewhere."""
    try:
        return await services.answer(task, call)
    except TooLarge as error:
        if not task.sources:
            raise
        fix = "Name fewer files or a part of them, or call summarize_docs, which reads any length in parts."
        raise TooLarge(error.message, fix) from error


def _task(arguments: DelegateTask, services: Services) -> Task:
    """The task without its files. Raises InvalidArgument or UnknownModelName."""
    if not arguments.task.strip():
        raise InvalidArgument("task is empty", "Say what is to be done.")
    if arguments.feedback and not arguments.follow_up_to:
        raise InvalidArgument("feedback needs follow_up_to", "Name the result that the feedback is about.")
    if arguments.output_schema is not None and arguments.expect not in ("text", "json"):
        fix = 'Leave expect out, or give expect="json".'
        raise InvalidArgument(f"output_schema asks for JSON and expect for {arguments.expect}", fix)
    check_schema(arguments.output_schema)
    common = Common.of(arguments.tier, arguments.max_cost_usd, services)
    return Task(
        instruction=arguments.task,
        context=arguments.context,
        expect=arguments.expect,
        output_schema=arguments.output_schema,
        tier=common.tier,
        pinned_model=common.model,
        web_search=arguments.web_search,
        max_cost_nano=common.max_cost_nano,
        fresh=arguments.fresh,
    )


def _screened(task: Task, services: Services) -> tuple[Task, list[str]]:
    """The caller's own words may hold secrets, too. Raises SecretFound."""
    instruction, told = services.reader.screened("task", task.instruction)
    context, more = services.reader.screened("context", task.context)
    schema, again = services.reader.screened_schema(task.output_schema)
    return replace(task, instruction=instruction, context=context, output_schema=schema), [*told, *more, *again]


async def _earlier(arguments: DelegateTask, caller: Caller, services: Services) -> KeptResult | None:
    wanted = arguments.follow_up_to.strip().removeprefix("results://")
    if not wanted:
        return None
    found = await services.results.get(caller.principal, wanted) if RESULT_ID.match(wanted) else None
    if found is None:
        fix = "results://recent lists the results that can be followed up."
        raise InvalidArgument(f"there is no result {wanted[:40]!r} to follow up", fix)
    return found


def _following(task: Task, arguments: DelegateTask, earlier: KeptResult) -> Task:
    """With feedback the earlier answer counts as rejected; without, it is context to go on from."""
    if arguments.feedback:
        rejected = Rejected(earlier.result_id, earlier.text, arguments.feedback, earlier.tier)
        return replace(task, rejected=rejected)
    said = f"Earlier task:\n{earlier.instruction}\n\nEarlier answer:\n{earlier.text}"
    return replace(task, context=f"{said}\n\n{task.context}" if task.context else said)


async def _note_rejection(arguments: DelegateTask, earlier: KeptResult, services: Services) -> None:
    """An answer that its caller turned down must not be served from the cache again."""
    if not arguments.feedback:
        return
    if earlier.cache_key:
        services.forget(earlier.cache_key)
    said = arguments.feedback[:1_000]
    plain = Noted(earlier.family, earlier.tier or "", earlier.model, "rejected_by_caller", detail=said)
    await services.learning.reject(earlier.result_id, plain)


def _with_web_sources(task: Task, answer: Answer) -> str:
    """Prose found by searching ends in the pages that the search named; data and code stay clean."""
    if not answer.web_sources or task.wants_json or task.expect not in ("text", "markdown"):
        return answer.text
    pages = "\n".join(f"- {title}: {uri}" for title, uri in answer.web_sources)
    return f"{answer.text}\n\nSources:\n{pages}"


def _mime_type(task: Task) -> str:
    return "application/json" if task.wants_json else _MIME_TYPES.get(task.expect, "text/plain")
