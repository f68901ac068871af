"""What tools do alike to have tasks answered in batches: refuse what cannot be, queue the rest, say how it stands."""

from typing import Any

from gemini_mcp.domain.errors import InvalidArgument
from gemini_mcp.domain.material import Source
from gemini_mcp.domain.money import short_usd, usd_text
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.batch_desk import BatchDesk
from gemini_mcp.engine.batch_replay import batchable
from gemini_mcp.engine.batch_work import Item
from gemini_mcp.engine.cascade import steps
from gemini_mcp.engine.ports import Call
from gemini_mcp.engine.receipts import receipt
from gemini_mcp.engine.results import KeptResult
from gemini_mcp.tools.services import Delivered, Services

_WITHOUT = "Leave batch out, or choose another tier or model."


def desk_of(services: Services) -> BatchDesk:
    """Raises InvalidArgument where batches are not offered."""
    if services.batches is None:
        raise InvalidArgument("batches are not available here", "Leave batch out.")
    return services.batches


def check_batchable(task: Task, call: Call, services: Services) -> None:
    """Raises InvalidArgument when no model that could be asked takes batches; warns when it is not the usual one."""
    today, start = services.today(), task.tier or "lite"
    usual = steps(task, start, services.catalogue, today)
    able = steps(task, start, batchable(services.catalogue), today)
    if task.pinned_model is not None:
        able = [step for step in able if "batch" in step.model.capabilities]
    if not able:
        named = usual[0].model.id if usual else f"tier {start}"
        does = " and searches the web" if task.web_search else ""
        raise InvalidArgument(f"{named} takes no batches, nor does a model above it{does}", _WITHOUT)
    if usual and able[0].model.id != usual[0].model.id:
        call.warnings.append(f"{usual[0].model.id} takes no batches; {able[0].model.id} is asked")


async def queue(
    items: list[Item], extra: dict[str, Any], call: Call, sources: tuple[Source, ...], services: Services
) -> Delivered:
    """Have the tasks answered in a batch. Raises AgentError when it was refused, with nothing paid."""
    await desk_of(services).submit(call, items, extra)
    uri, reserved = f"results://{call.result_id}", _reserved(call)
    text = (
        f"Queued as {call.result_id}: half price, done within 24 hours, often sooner."
        f" Read {uri} (or results://recent) later."
    )
    told = {**receipt(call, None, sources), "model": call.attempts[0].model, "cost_usd": None}
    return Delivered(text, "text/plain", call.result_id, _line(call, reserved), told | {"reserved_usd": reserved})


async def result_or_standing(principal: str, result_id: str, services: Services) -> KeptResult | str | None:
    """A kept result; else in words how the call stands that is to make it, or why there is none."""
    found = await services.results.get(principal, result_id)
    if found is not None or services.batches is None:
        return found
    standing = await services.batches.look(principal, result_id)
    if standing is None:
        return None
    return await services.results.get(principal, result_id) or standing.words


def _reserved(call: Call) -> str | None:
    """Decimal text in USD; None where a price is not known."""
    amounts = [attempt.reserved_nano for attempt in call.attempts]
    return usd_text(None if any(each is None for each in amounts) else sum(each or 0 for each in amounts))


def _line(call: Call, reserved: str | None) -> str:
    nano = None if reserved is None else sum(attempt.reserved_nano or 0 for attempt in call.attempts)
    first = call.attempts[0]
    parts = ["queued", first.model, first.tier, f"at most {short_usd(nano)} reserved at the batch price"]
    return f"[{' · '.join([*parts, call.result_id, *call.warnings])}]"
