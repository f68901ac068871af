"""summarize_docs: much material as a short summary whose every claim was found in its source."""

from collections.abc import Sequence
from dataclasses import replace

import anyio.to_thread

from gemini_mcp.domain.catalog import TIERS, Tier, tier_above
from gemini_mcp.domain.errors import InvalidArgument, UnsupportedFormat
from gemini_mcp.domain.likely import THINKING_TOKENS
from gemini_mcp.domain.material import Source
from gemini_mcp.domain.summary_plan import MERGE_TOKENS, Plan, Terms, plan
from gemini_mcp.engine.ports import Caller, Progress
from gemini_mcp.sources.conversion import shown_name
from gemini_mcp.tools.allowance import check_allowed
from gemini_mcp.tools.arguments import SummarizeDocs
from gemini_mcp.tools.calls import Common, books, finished, new_call
from gemini_mcp.tools.estimates import Estimate, estimate, least_nano, worst_nano
from gemini_mcp.tools.omissions import with_omissions, worth_telling
from gemini_mcp.tools.services import Delivered, Services
from gemini_mcp.tools.summary_batch import queued
from gemini_mcp.tools.summary_order import Order

NAME = "summarize_docs"


async def summarize_docs(arguments: SummarizeDocs, caller: Caller, progress: Progress, services: Services) -> Delivered:
    """Read, plan, ask, check and put together. Raises AgentError before anything was sent, ToolFailure after."""
    if not arguments.sources:
        raise InvalidArgument("sources is empty", "Name files, folders, globs or https URLs.")
    common = Common.of(arguments.tier, arguments.max_cost_usd, services)
    await services.ready()
    focus, warnings = services.reader.screened("focus", arguments.focus)
    await progress("reading the sources")
    material = await services.reader.read(arguments.sources, html_as_text=True)
    merging_tier = _merging_tier(common.tier)
    terms = _terms(common, merging_tier, services)
    planned = await anyio.to_thread.run_sync(plan, material.sources, arguments.length, terms)
    if not planned.chunks:
        raise UnsupportedFormat("there is no text in the sources", "Name sources that hold text.")
    planned = await _with_parts(planned, services)
    cost = _estimate(planned, common, merging_tier, services)
    call = new_call(NAME, caller, progress, services, common.max_cost_nano)
    call.warnings += [*warnings, *material.warnings]
    await progress(f"{_counted(material.sources)}: {planned.words()}")
    found = worth_telling(material.left_out)
    about = (focus, arguments.length, common, merging_tier, arguments.fresh, cost, found)
    order = Order(planned, *about, len(material.sources) + len(found), _instruction(arguments.sources, focus))
    run = order.run(call, services)
    if not arguments.batch:
        parts = [(task, chunk.tokens) for task, chunk in zip(run.reading, planned.chunks, strict=True)]
        await check_allowed(cost, parts, call, services, "name fewer sources")
    elif planned.kind == "map_reduce":  # what a batch needs is reserved at once: the budgets are looked at then
        cost.check(common.max_cost_nano, "name fewer sources")
    async with books(call, services, material.sources):
        if arguments.batch and (given := await queued(order, run, call, material.sources, services)):
            return with_omissions(given, order.left_out)
        title, sections = await order.made(run)
    end, gaps = order.finished(run, title, sections)
    given = await finished(call, end, material.sources, services)
    return with_omissions(given, [*gaps.lost, *gaps.left_out])


def _merging_tier(reading: Tier | None) -> Tier:
    """A tier up: a merge is short and decides what the reader sees."""
    return tier_above(reading or TIERS[0]) or TIERS[-1]


def _terms(common: Common, merging_tier: Tier, services: Services) -> Terms:
    today = services.today()
    reading, reading_tier = common.first_of(common.tier or TIERS[0], services)
    merging, merging_tier = common.first_of(merging_tier, services)
    read = reading.price_on(today) if reading else None
    merged = merging.price_on(today) if merging else None
    return Terms(
        context_tokens=common.first_model(services).context_tokens,
        reading_input=read.rates.input if read else None,
        reading_output=read.rates.output if read else None,
        merging_input=merged.rates.input if merged else None,
        merging_output=merged.rates.output if merged else None,
        reading_thinking=THINKING_TOKENS[reading_tier],
        merging_thinking=THINKING_TOKENS[merging_tier],
    )


def _estimate(planned: Plan, common: Common, merging_tier: Tier, services: Services) -> Estimate:
    reading = common.first_of(common.tier or TIERS[0], services)
    nano = planned.estimated_nano
    if planned.kind == "one":
        least = least_nano(*reading, planned.estimated_input_tokens, services)
        more = None if nano is None or least is None else least - nano
        return estimate(planned.estimated_input_tokens, [nano], [more])
    worst = worst_nano(*reading, max(chunk.tokens for chunk in planned.chunks), services)
    merging = worst_nano(*common.first_of(merging_tier, services), MERGE_TOKENS, services)
    return estimate(planned.estimated_input_tokens, [nano], [worst, merging])


async def _with_parts(planned: Plan, services: Services) -> Plan:
    """Chunks that hold some pages of a PDF are given a PDF of just these pages."""
    parts = await services.reader.cut([chunk.sources for chunk in planned.chunks])
    chunks = [replace(chunk, sources=part) for chunk, part in zip(planned.chunks, parts, strict=True)]
    return replace(planned, chunks=tuple(chunks))


def _counted(sources: Sequence[Source]) -> str:
    return f"{len(sources)} source{'s'[: len(sources) != 1]}"


def _instruction(sources: Sequence[str], focus: str) -> str:
    """What is kept of the call: its words as they were sent."""
    return f"Summarize {', '.join(shown_name(source) for source in sources)}" + (
        f", with a focus on {focus}" if focus else ""
    )
