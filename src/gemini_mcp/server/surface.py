"""The tools as MCP shows them, and the edge where results and errors take their MCP form."""

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from mcp_types import CallToolResult, ContentBlock, ResourceLink, TextContent, Tool, ToolAnnotations
from pydantic import BaseModel, ValidationError

from gemini_mcp.domain.errors import AgentError, InvalidArgument
from gemini_mcp.engine.ports import Caller, Progress
from gemini_mcp.tools import arguments

if TYPE_CHECKING:
    from gemini_mcp.tools.repeats import Repeats
    from gemini_mcp.tools.services import Delivered, Services

RECEIPT_META = "gemini-agents/receipt"
ERROR_META = "gemini-agents/error"
MOST_CHARACTERS = 45_000
_PREVIEW = 2_000

logger = logging.getLogger(__name__)
Handler = Callable[[Any, Caller, Progress, "Services"], Awaitable["Delivered"]]


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """One tool: how it is described, what it takes. The function behind it has its name, in a module of that name."""

    name: str
    title: str
    description: str
    arguments: type[BaseModel]
    search_hint: str
    spends: bool


TOOLS: tuple[ToolSpec, ...] = (
    ToolSpec(
        "delegate_task",
        "Delegate a task to Gemini",
        arguments.DELEGATE_TASK,
        arguments.DelegateTask,
        "delegate read summarize extract draft translate Gemini cheap long files",
        spends=True,
    ),
    ToolSpec(
        "summarize_docs",
        "Summarize documents with Gemini",
        arguments.SUMMARIZE_DOCS,
        arguments.SummarizeDocs,
        "summarize documents PDF folder read long files docs Gemini",
        spends=True,
    ),
    ToolSpec(
        "analyze_image",
        "Look at images with Gemini",
        arguments.ANALYZE_IMAGE,
        arguments.AnalyzeImage,
        "image screenshot photo chart picture scan look OCR Gemini",
        spends=True,
    ),
    ToolSpec(
        "review_code",
        "Review code with Gemini",
        arguments.REVIEW_CODE,
        arguments.ReviewCode,
        "review code diff git bugs security findings Gemini",
        spends=True,
    ),
    ToolSpec(
        "usage_report",
        "Gemini usage and cost",
        arguments.USAGE_REPORT,
        arguments.UsageReport,
        "cost spend usage tokens bill Gemini",
        spends=False,
    ),
)
_BY_NAME = {tool.name: tool for tool in TOOLS}


def tool_list() -> list[Tool]:
    """tools/list, without the schema noise that eats a client's context."""
    return [
        Tool(
            name=tool.name,
            title=tool.title,
            description=tool.description,
            input_schema=lean_schema(tool.arguments),
            annotations=ToolAnnotations(
                read_only_hint=True,
                destructive_hint=False,
                idempotent_hint=not tool.spends,
                open_world_hint=tool.spends,
            ),
            _meta={"anthropic/searchHint": tool.search_hint, "anthropic/maxResultSizeChars": 60_000},
        )
        for tool in TOOLS
    ]


def load_handlers() -> None:
    """Before the first call, where nobody waits."""
    for tool in TOOLS:
        _handler(tool)


def find_tool(name: str) -> ToolSpec | None:
    return _BY_NAME.get(name)


async def call_tool(
    tool: ToolSpec,
    given: dict[str, Any],
    caller: Caller,
    progress: Progress,
    services: "Services",
    repeats: "Repeats | None" = None,
    meta: Mapping[str, Any] | None = None,
) -> CallToolResult:
    """Run a tool, once for a call that its client sends twice (``meta`` names it). Every AgentError becomes a result
    that says what is wrong and how to mend it."""
    from gemini_mcp.tools.repeats import request_of
    from gemini_mcp.tools.services import ToolFailure

    try:
        arguments = parse_arguments(tool, given)
        request = request_of(tool.name, given, caller, meta or {}) if tool.spends else None

        async def work(progress: Progress) -> "Delivered":
            return await _handler(tool)(arguments, caller, progress, services)

        if repeats is None or request is None:
            return delivered(await work(progress))
        return delivered(await repeats.once(request, services.ledger, progress, work))
    except ToolFailure as failure:
        return failed(failure.error, failure.receipt)
    except AgentError as error:
        return failed(error, None)
    except Exception as error:  # the client is owed a result; the traceback is for the log
        logger.exception("%s failed", tool.name)
        return failed(InternalError(f"an error of our own ({type(error).__name__})", "Please report it."), None)


def _handler(tool: ToolSpec) -> Handler:
    """Imported at its first call: the handshake does without what reads files and asks models."""
    return cast(Handler, getattr(import_module(f"gemini_mcp.tools.{tool.name}"), tool.name))


class InternalError(AgentError):
    """A bug. The message names its kind and nothing of the call."""


def parse_arguments(tool: ToolSpec, given: dict[str, Any]) -> BaseModel:
    """The arguments as the tool's model. Raises InvalidArgument, which names the first one at fault."""
    try:
        return tool.arguments.model_validate(_unquoted(tool.arguments, given))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the arguments"
        known = ", ".join(tool.arguments.model_fields)
        raise InvalidArgument(f"{where}: {first['msg']}", f"{tool.name} takes {known}.") from None


def delivered(result: "Delivered") -> CallToolResult:
    """The answer in blocks of its own, then the receipt's line."""
    blocks = _blocks(result)
    if result.receipt_line:
        blocks.append(TextContent(text=result.receipt_line))
    meta = {RECEIPT_META: result.receipt} if result.receipt else None
    return CallToolResult(content=blocks, structured_content=result.structured, _meta=meta)


def failed(error: AgentError, receipt: dict[str, Any] | None) -> CallToolResult:
    """``code: what is wrong. How to mend it.``, and the best attempt where there is one."""
    blocks: list[ContentBlock] = [TextContent(text=str(error))]
    if error.best:
        blocks.append(TextContent(text=error.best))
    about = {"code": error.code, "message": error.message, "fix": error.fix, "receipt": receipt}
    return CallToolResult(content=blocks, is_error=True, _meta={ERROR_META: about})


def _blocks(result: "Delivered") -> list[ContentBlock]:
    """A long text in part, with a link to the whole; long JSON only as a preview, since half of it is no JSON."""
    if len(result.text) <= MOST_CHARACTERS or not result.result_id:
        return [TextContent(text=result.text)]
    uri = f"results://{result.result_id}"
    parts = -(-len(result.text) // MOST_CHARACTERS)
    is_json = result.mime_type == "application/json"
    shown = result.text[: _PREVIEW if is_json else MOST_CHARACTERS]
    note = (
        f"[{'Preview' if is_json else f'Part 1 of {parts}'} of {len(result.text):,} characters."
        f" Read {'the whole: ' + uri if is_json else f'on at {uri}/2'} (parts of {MOST_CHARACTERS:,} characters,"
        f" {uri}/1 to {uri}/{parts})]"
    )
    link = ResourceLink(name=result.result_id, uri=uri, mime_type=result.mime_type, size=len(result.text.encode()))
    return [TextContent(text=shown), TextContent(text=note), link]


@cache
def lean_schema(arguments: type[BaseModel]) -> dict[str, Any]:
    """The arguments' JSON Schema without titles, and with ``null`` defaults left to be understood."""
    schema = arguments.model_json_schema()
    properties = {name: _lean(value) for name, value in schema["properties"].items()}
    required = {"required": schema["required"]} if "required" in schema else {}
    return {"type": "object", "properties": properties, **required, "additionalProperties": False}


def _lean(value: dict[str, Any]) -> dict[str, Any]:
    lean = {key: item for key, item in value.items() if key != "title"}
    options = [option for option in lean.get("anyOf", []) if option != {"type": "null"}]
    if len(options) == 1:
        lean = {**options[0], **{key: item for key, item in lean.items() if key not in ("anyOf", "default")}}
    if lean.get("type") == "object":
        lean.pop("additionalProperties", None)
    if lean.get("default") in ("", [], False):
        lean.pop("default")
    return lean


def _unquoted(model: type[BaseModel], given: dict[str, Any]) -> dict[str, Any]:
    """Models now and then pass a list or an object as JSON text, or one file's name as a bare string."""
    known = lean_schema(model)["properties"]
    return {name: _unquote(known.get(name, {}), value) for name, value in given.items()}


def _unquote(schema: dict[str, Any], value: Any) -> Any:
    if not isinstance(value, str) or schema.get("type") not in ("array", "object"):
        return value
    try:
        parsed = json.loads(value)
    except (ValueError, RecursionError):
        parsed = None
    if isinstance(parsed, list | dict):
        return parsed
    return [value] if schema.get("type") == "array" and value else value
