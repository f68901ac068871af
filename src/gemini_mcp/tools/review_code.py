"""review_code: findings about code, each looked up in it before anybody sees it."""

from typing import Any

from gemini_mcp.domain.errors import InvalidArgument, UnsupportedFormat
from gemini_mcp.domain.likely import FRAME_TOKENS, LikelyCall
from gemini_mcp.domain.review_text import rendered, structured
from gemini_mcp.engine.ledger import Finished
from gemini_mcp.engine.parts import joined
from gemini_mcp.engine.ports import Caller, Progress
from gemini_mcp.tools import review_material
from gemini_mcp.tools.allowance import check_allowed
from gemini_mcp.tools.arguments import ReviewCode
from gemini_mcp.tools.calls import Common, books, finished, new_call
from gemini_mcp.tools.estimates import Estimate, of_calls
from gemini_mcp.tools.omissions import with_omissions
from gemini_mcp.tools.review_material import ReviewMaterial
from gemini_mcp.tools.review_run import FAMILY, FINDINGS_AT_ONCE, REFUTING_TIER, TIER, ReviewRun
from gemini_mcp.tools.services import Delivered, Services

NAME = "review_code"
LIKELY_FINDINGS = 2
"""In one part; what a finding, a part's summary and a verdict on a finding take, in tokens:"""

FINDING_TOKENS, SUMMARY_TOKENS, VERDICT_TOKENS = 170, 80, 60
SECOND_LOOK_TOKENS = 8_000
"""About what a second look is shown."""


async def review_code(arguments: ReviewCode, caller: Caller, progress: Progress, services: Services) -> Delivered:
    """Read, split, ask, look up, refute. Raises AgentError before anything was sent, ToolFailure after."""
    _check(arguments)
    common = Common.of(arguments.tier, arguments.max_cost_usd, services)
    await services.ready()
    await progress("reading the code")
    material = await _material(arguments, services)
    if not material.units:
        raise UnsupportedFormat("there is no text in what is to be reviewed", "Name files that hold code.")
    call = new_call(NAME, caller, progress, services, common.max_cost_nano)
    call.warnings += material.warnings
    cost = _estimate(material, common, services)
    await progress(f"{len(material.units)} part{'s'[: len(material.units) != 1]} to review: {cost.words}")
    run = ReviewRun(material, arguments.focus, arguments.min_severity, common, arguments.fresh, cost, call, services)
    parts = [(task, unit.tokens) for task, unit in zip(run.reading, material.units, strict=True)]
    await check_allowed(cost, parts, call, services, "name fewer files")
    async with books(call, services, material.sources):
        review = await run.made()
    answer = joined(run.answers, rendered(review), FAMILY)
    end = Finished(answer, instruction=_instruction(arguments), mime_type="text/markdown")
    uri = f"results://{call.result_id}"

    def form(receipt_line: str) -> dict[str, Any]:
        return structured(review, receipt_line, uri)

    given = await finished(call, end, material.sources, services, form)
    return with_omissions(given, [*review.lost, *review.left_out])


def _check(arguments: ReviewCode) -> None:
    if arguments.diff.strip() and (arguments.git_range.strip() or arguments.paths):
        raise InvalidArgument("diff stands alone", "Give diff, or git_range and paths.")
    if not (arguments.diff.strip() or arguments.git_range.strip() or arguments.paths):
        fix = 'Give paths, a diff, or git_range="working" for what is not committed yet.'
        raise InvalidArgument("there is nothing to review", fix)


async def _material(arguments: ReviewCode, services: Services) -> ReviewMaterial:
    if arguments.diff.strip():
        return await review_material.of_diff(arguments.diff, services.reader)
    if wanted := arguments.git_range.strip():
        return await review_material.of_git_range(wanted, arguments.paths, services.reader)
    return await review_material.of_files(arguments.paths, services.reader)


def _estimate(material: ReviewMaterial, common: Common, services: Services) -> Estimate:
    """Of both looks: the first at every part, the second at what it is likely to find."""
    units, first = [unit.tokens for unit in material.units], FRAME_TOKENS["review_code"]
    reading = [LikelyCall(common.tier or TIER, tokens + first, _found_tokens(tokens)) for tokens in units]
    looks = -(-len(units) * LIKELY_FINDINGS // FINDINGS_AT_ONCE)
    seen = min(sum(units), SECOND_LOOK_TOKENS) + FRAME_TOKENS["review_refute"]
    refuting = LikelyCall(common.tier or REFUTING_TIER, seen, FINDINGS_AT_ONCE * VERDICT_TOKENS)
    return of_calls([*reading, *[refuting] * looks], common, services, in_parts=len(units) > 1)


def _found_tokens(tokens: int) -> int:
    """What is said about a part: little about little."""
    return SUMMARY_TOKENS + min(LIKELY_FINDINGS * FINDING_TOKENS, tokens // 8)


def _instruction(arguments: ReviewCode) -> str:
    what = arguments.git_range or ", ".join(arguments.paths) or "a diff"
    return f"Review {what}" + (f" for {', '.join(arguments.focus)}" if arguments.focus else "")
