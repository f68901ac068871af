"""Who calls: a principal, and the session that its usage is told by."""

import time
from typing import Any

from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.context import ServerRequestContext

from gemini_mcp.domain.ids import ulid
from gemini_mcp.engine.ledger import local_day
from gemini_mcp.engine.ports import Caller

LOCAL = "local"
SESSION_HEADER = "x-gemini-agents-session"
_MOST_NAME = 80


class StdioSessions:
    """One client, one process: the session is Claude Code's, else the process's own."""

    def __init__(self, session_id: str | None) -> None:
        self._caller = Caller(LOCAL, session_id or f"s_{ulid()}")

    def caller(self, context: ServerRequestContext[Any, Any]) -> Caller:
        return self._caller


class HttpSessions:
    """The bearer's principal, narrowed by the client's header if it sends one, anew each local day.

    Never an MCP session id: at 2026-07-28 there is none, and before, it proves nothing.
    """

    def caller(self, context: ServerRequestContext[Any, Any]) -> Caller:
        token = get_access_token()
        principal = token.client_id if token is not None else LOCAL
        headers = getattr(context.request, "headers", None) or {}
        narrowed = "".join(c for c in headers.get(SESSION_HEADER, "") if c.isalnum() or c in "-_.")[:_MOST_NAME]
        parts = [principal, *([narrowed] if narrowed else []), local_day(time.time())]
        return Caller(principal, "/".join(parts))


Sessions = StdioSessions | HttpSessions
