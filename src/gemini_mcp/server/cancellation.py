"""``notifications/cancelled`` over stateless HTTP comes in a request of its own, with only an id to go by."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import anyio
from mcp.shared.exceptions import MCPError

from gemini_mcp.engine.ports import Caller

REQUEST_CANCELLED = -32800
"""As the Language Server Protocol numbers it; MCP has no number of its own."""


class InFlight:
    """The calls under way, by session and request id. Where the SDK matches a cancellation, this adds nothing."""

    def __init__(self) -> None:
        self._calls: dict[tuple[Caller, str], list[anyio.CancelScope]] = {}

    @contextmanager
    def registered(self, caller: Caller, request_id: Any) -> Iterator[None]:
        key = (caller, repr(request_id))
        with anyio.CancelScope() as scope:
            self._calls.setdefault(key, []).append(scope)
            try:
                yield
            finally:
                self._calls[key].remove(scope)
                if not self._calls[key]:
                    del self._calls[key]
        if scope.cancelled_caught:
            raise MCPError(code=REQUEST_CANCELLED, message="Cancelled by the client")

    def cancel(self, caller: Caller, request_id: Any) -> None:
        """Cancel that call. Two clients of one session may use the same id at once: then neither is touched."""
        scopes = self._calls.get((caller, repr(request_id)), [])
        if len(scopes) == 1:
            scopes[0].cancel()
