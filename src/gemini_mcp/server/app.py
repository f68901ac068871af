"""The MCP server: its handlers, on the SDK's low-level server, which leaves schemas and results to us."""

from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.caching import CacheHint
from mcp.server.context import CallNext, HandlerResult, ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    CompleteRequestParams,
    CompleteResult,
    EmptyResult,
    GetPromptRequestParams,
    GetPromptResult,
    ListPromptsResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    ReadResourceRequestParams,
    ReadResourceResult,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

from gemini_mcp import __version__
from gemini_mcp.config import Settings
from gemini_mcp.domain.errors import AgentError
from gemini_mcp.server.cancellation import InFlight
from gemini_mcp.server.host import EngineHost
from gemini_mcp.server.instructions import INSTRUCTIONS
from gemini_mcp.server.progress import progress_for
from gemini_mcp.server.resources import RESOURCES, TEMPLATES, read_resource
from gemini_mcp.server.sessions import HttpSessions, Sessions, StdioSessions
from gemini_mcp.server.slash_commands import SlashCommands
from gemini_mcp.server.surface import call_tool, failed, find_tool, tool_list
from gemini_mcp.server.updates import Updates

if TYPE_CHECKING:
    from gemini_mcp.server.composition import Engine

NOTIFY_S = 1.0
"""A subscriber that does not read must not hold up a call's end."""

Context = ServerRequestContext[Any, Any]

NAME = "gemini-agents"


def build_server(settings: Settings, *, http: bool) -> Server[EngineHost]:
    """The server for one transport. ``http``: many principals, and no handshake-era subscriptions."""
    sessions: Sessions = HttpSessions() if http else StdioSessions(settings.session_id)
    commands = SlashCommands(settings.home, settings.roots)
    handlers = _Handlers(EngineHost(settings), sessions, Updates(), commands)
    server: Server[EngineHost] = Server(
        NAME,
        version=__version__,
        title="Gemini agents",
        instructions=INSTRUCTIONS,
        lifespan=handlers.lifespan,
        cache_hints={"tools/list": CacheHint(ttl_ms=3_600_000, scope="public")},
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
        on_list_prompts=handlers.list_prompts,
        on_get_prompt=handlers.get_prompt,
        on_completion=handlers.complete,
        on_subscriptions_listen=handlers.listen,
        on_subscribe_resource=None if http else handlers.subscribe,
        on_unsubscribe_resource=None if http else handlers.unsubscribe,
    )
    server.middleware.append(handlers)
    return server


class _Handlers:
    """MCP's requests, each handed on to the part that answers it."""

    def __init__(self, host: EngineHost, sessions: Sessions, updates: Updates, commands: SlashCommands) -> None:
        self._host, self._sessions, self._updates, self._commands = host, sessions, updates, commands
        self._in_flight = InFlight()

    def lifespan(self, server: Server[EngineHost]) -> AbstractAsyncContextManager[EngineHost]:
        return self._host.running()

    async def __call__(self, ctx: Context, call_next: CallNext) -> HandlerResult:
        """As middleware: idle time, and cancellations that the transport itself cannot match to a request."""
        self._host.touch()
        if ctx.method == "notifications/cancelled":
            request_id = (ctx.params or {}).get("requestId")
            self._in_flight.cancel(self._sessions.caller(ctx), request_id)
        return await call_next(ctx)

    async def list_tools(self, context: Context, params: Any) -> ListToolsResult:
        self._host.listed()
        return ListToolsResult(tools=tool_list())

    async def _engine(self) -> "Engine":
        """Raises StateUnavailable."""
        engine = await self._host.engine()
        if engine.services.batches is not None:
            engine.services.batches.told = self._updates.usage_changed
        return engine

    async def call_tool(self, context: Context, params: CallToolRequestParams) -> CallToolResult:
        tool = find_tool(params.name)
        if tool is None:
            raise MCPError(code=INVALID_PARAMS, message=f"Unknown tool: {params.name[:80]}")
        caller, given = self._sessions.caller(context), params.arguments or {}
        meta = (context.params or {}).get("_meta")
        try:
            engine = await self._engine()
        except AgentError as error:
            return failed(error, None)
        try:
            with self._in_flight.registered(caller, context.request_id):
                async with progress_for(context) as progress:
                    return await call_tool(tool, given, caller, progress, engine.services, engine.repeats, meta)
        finally:
            if tool.spends:
                with anyio.move_on_after(NOTIFY_S, shield=True):
                    await self._updates.usage_changed(caller.principal)

    async def list_resources(self, context: Context, params: Any) -> ListResourcesResult:
        return ListResourcesResult(resources=list(RESOURCES))

    async def list_templates(self, context: Context, params: Any) -> ListResourceTemplatesResult:
        return ListResourceTemplatesResult(resource_templates=list(TEMPLATES))

    async def read_resource(self, context: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        try:
            engine = await self._engine()
        except AgentError as error:
            raise MCPError(code=INTERNAL_ERROR, message=str(error)) from None
        return await read_resource(str(params.uri), self._sessions.caller(context), engine.services)

    async def list_prompts(self, context: Context, params: Any) -> ListPromptsResult:
        return self._commands.listed()

    async def get_prompt(self, context: Context, params: GetPromptRequestParams) -> GetPromptResult:
        return self._commands.text(params.name, params.arguments or {})

    async def complete(self, context: Context, params: CompleteRequestParams) -> CompleteResult:
        return await self._commands.complete(params)

    async def listen(self, context: Context, params: SubscriptionsListenRequestParams) -> SubscriptionsListenResult:
        return await self._updates.listen(self._sessions.caller(context).principal, context, params)

    async def subscribe(self, context: Context, params: SubscribeRequestParams) -> EmptyResult:
        self._updates.subscribe(self._sessions.caller(context).principal, str(params.uri), context.session)
        return EmptyResult()

    async def unsubscribe(self, context: Context, params: UnsubscribeRequestParams) -> EmptyResult:
        self._updates.unsubscribe(self._sessions.caller(context).principal, str(params.uri))
        return EmptyResult()
