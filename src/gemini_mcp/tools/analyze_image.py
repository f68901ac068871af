"""analyze_image: a question about images, which are made as small as what is billed for before they are sent."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gemini_mcp.domain.errors import InvalidArgument
from gemini_mcp.domain.material import Detail
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.ledger import Finished
from gemini_mcp.engine.ports import Caller, Progress
from gemini_mcp.tools.calls import Common, books, check_schema, finished, new_call
from gemini_mcp.tools.estimates import of_task
from gemini_mcp.tools.omissions import notes, with_omissions, worth_telling
from gemini_mcp.tools.services import Delivered, Services

NAME = "analyze_image"
DESCRIPTION = (
    "Ask a Gemini model about images: screenshots, photos, charts, scans (PNG, JPEG, WebP, GIF, HEIC). Metadata such as"
    " GPS stays here. Several images may be compared in one question."
)
MOST_IMAGES = 32
FAMILY = "image"


class AnalyzeImage(BaseModel):
    """The tool's arguments."""

    model_config = ConfigDict(extra="forbid")

    images: Annotated[list[str], Field(description="Paths in the project, or https URLs")]
    question: Annotated[str, Field(description="What to find out")]
    output_schema: Annotated[dict[str, Any] | None, Field(description="JSON Schema the answer must fit")] = None
    detail: Annotated[Detail, Field(description="high for small print")] = "medium"
    tier: Annotated[str, Field(description="As for delegate_task")] = "auto"
    max_cost_usd: Annotated[float | None, Field(description="Cap for this call")] = None
    fresh: Annotated[bool, Field(description="Do not answer from the cache")] = False


async def analyze_image(arguments: AnalyzeImage, caller: Caller, progress: Progress, services: Services) -> Delivered:
    """Answer the question. Raises AgentError before anything was sent, ToolFailure after."""
    _check(arguments)
    common = Common.of(arguments.tier, arguments.max_cost_usd, services)
    await services.ready()
    question, warnings = services.reader.screened("question", arguments.question)
    schema, told = services.reader.screened_schema(arguments.output_schema)
    family = common.first_model(services).family
    material = await services.reader.images(arguments.images, arguments.detail, family)
    call = new_call(NAME, caller, progress, services, common.max_cost_nano)
    call.warnings += [*warnings, *told, *notes(material)]
    task = Task(
        instruction=question,
        sources=material.sources,
        output_schema=schema,
        tier=common.tier,
        pinned_model=common.model,
        max_cost_nano=common.max_cost_nano,
        fresh=arguments.fresh,
        agent=NAME,
        family=FAMILY,
    )
    await progress(f"{len(task.sources)} image{'s'[: len(task.sources) != 1]}: {of_task(task, services).words}")
    async with books(call, services, task.sources):
        answer = await services.answer(task, call)
    mime_type = "application/json" if task.wants_json else "text/plain"
    end = Finished(answer, instruction=question, mime_type=mime_type)
    given = await finished(call, end, task.sources, services)
    return with_omissions(given, worth_telling(material.left_out))


def _check(arguments: AnalyzeImage) -> None:
    if not arguments.images:
        raise InvalidArgument("images is empty", "Name at least one image.")
    if len(arguments.images) > MOST_IMAGES:
        raise InvalidArgument(f"{len(arguments.images)} images are too many for one question", f"Name {MOST_IMAGES}.")
    if not arguments.question.strip():
        raise InvalidArgument("question is empty", "Ask what you want to know about the images.")
    check_schema(arguments.output_schema)
