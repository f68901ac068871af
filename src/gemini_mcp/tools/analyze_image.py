"""analyze_image: a question about images, which are made as small as what is billed for before they are sent."""

from gemini_mcp.domain.errors import InvalidArgument
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.ledger import Finished
from gemini_mcp.engine.ports import Caller, Progress
from gemini_mcp.tools.arguments import AnalyzeImage
from gemini_mcp.tools.calls import Common, books, check_schema, finished, new_call
from gemini_mcp.tools.estimates import of_task
from gemini_mcp.tools.omissions import notes, with_omissions, worth_telling
from gemini_mcp.tools.services import Delivered, Services

NAME = "analyze_image"
MOST_IMAGES = 32
FAMILY = "image"


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
