"""The resources: usage, the catalogue, earlier results. Fixed URIs, JSON."""

import json
import re
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    ReadResourceResult,
    Resource,
    ResourceTemplate,
    TextResourceContents,
)

from gemini_mcp.domain.ids import RESULT_ID
from gemini_mcp.engine.ports import Caller
from gemini_mcp.server.surface import MOST_CHARACTERS

if TYPE_CHECKING:
    from gemini_mcp.tools.services import Services

JSON = "application/json"
USAGE_URIS = ("usage://session", "usage://today", "usage://history", "results://recent")
"""What changes with every call."""

_RESULT = re.compile(r"results://(r_[^/]+)(?:/(\d{1,6}))?\Z")

RESOURCES: tuple[Resource, ...] = tuple(
    Resource(uri=uri, name=uri, title=title, description=description, mime_type=JSON)
    for uri, title, description in (
        ("usage://session", "Usage: this session", "Calls, tokens, USD spent and saved, by model and tool"),
        ("usage://today", "Usage: today", "The same for today"),
        ("usage://history", "Usage: history", "30 days, and the 20 latest sessions"),
        ("models://catalog", "Gemini models", "Tiers, models, prices with dates, start tier by family"),
        ("results://recent", "Recent results", "The 20 latest results, with their ids; what batches owe"),
    )
)
TEMPLATES: tuple[ResourceTemplate, ...] = (
    ResourceTemplate(uri_template="results://{id}", name="result", description="An earlier result, its first part"),
    ResourceTemplate(
        uri_template="results://{id}/{part}",
        name="result part",
        description=f"Parts of {MOST_CHARACTERS:,} characters, from 1",
    ),
)

Reader = Callable[["Services", Caller], Awaitable[Any]]


async def _catalog(services: "Services", caller: Caller) -> Any:
    from gemini_mcp.tools.models_report import catalogue_json

    return await catalogue_json(services)


async def _recent(services: "Services", caller: Caller) -> Any:
    """``pending``: what batches will make, which is no result yet."""
    waiting = await services.batches.table.pending(caller.principal) if services.batches else []
    pending = [
        {"id": result_id, "uri": f"results://{result_id}", "tool": tool, "standing": standing.words}
        for result_id, tool, standing in waiting
    ]
    return {"pending": pending, "results": await services.results.recent(caller.principal)}


_READERS: dict[str, Reader] = {
    "usage://session": lambda services, caller: services.reports.session(caller),
    "usage://today": lambda services, caller: services.reports.today(caller.principal),
    "usage://history": lambda services, caller: services.reports.history(caller.principal),
    "models://catalog": _catalog,
    "results://recent": _recent,
}


async def read_resource(uri: str, caller: Caller, services: "Services") -> ReadResourceResult:
    """A resource's content. Raises MCPError for what is not there, or is not this caller's."""
    if (reader := _READERS.get(uri)) is not None:
        text = json.dumps(await reader(services, caller), indent=1, ensure_ascii=False)
        return _content(uri, text, JSON)
    if (named := _RESULT.match(uri)) and RESULT_ID.match(named.group(1)):
        number = int(named.group(2)) if named.group(2) else None
        return await _result(uri, named.group(1), number, caller, services)
    raise _missing(uri, "resources/list names what can be read")


async def _result(
    uri: str, result_id: str, number: int | None, caller: Caller, services: "Services"
) -> ReadResourceResult:
    """A result, or a part of it. JSON comes whole unless a part is asked for: half of it is no JSON."""
    from gemini_mcp.tools.batch import result_or_standing

    found = await result_or_standing(caller.principal, result_id, services)
    if found is None:
        raise _missing(uri, "results://recent lists the results that are kept")
    if isinstance(found, str):
        return _content(uri, found, "text/plain")
    if number is None and found.mime_type == JSON:
        return _content(uri, found.text, JSON)
    part = found.part(1 if number is None else number)
    if part is None:
        raise _missing(uri, f"the result has {found.parts} parts")
    return _content(uri, part, found.mime_type if found.parts == 1 else "text/plain")


def _content(uri: str, text: str, mime_type: str) -> ReadResourceResult:
    return ReadResourceResult(contents=[TextResourceContents(uri=uri, text=text, mime_type=mime_type)])


def _missing(uri: str, fix: str) -> MCPError:
    return MCPError(code=INVALID_PARAMS, message=f"There is no resource {uri[:100]}: {fix}", data={"uri": uri[:200]})
