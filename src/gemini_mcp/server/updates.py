"""Telling subscribers that their usage changed. Never across principals."""

from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.session import ServerSession
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated
from mcp_types import SubscriptionsListenRequestParams, SubscriptionsListenResult

from gemini_mcp.server.resources import USAGE_URIS


class Updates:
    """One bus a principal for ``subscriptions/listen``; for ``resources/subscribe``, the sessions that asked."""

    def __init__(self) -> None:
        self._buses: dict[str, tuple[InMemorySubscriptionBus, ListenHandler]] = {}
        self._subscribed: dict[tuple[str, str], ServerSession] = {}

    async def listen(
        self, principal: str, context: ServerRequestContext[Any, Any], params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        """Serve one listen stream (2026-07-28)."""
        if principal not in self._buses:
            bus = InMemorySubscriptionBus()
            self._buses[principal] = (bus, ListenHandler(bus))
        return await self._buses[principal][1](context, params)

    def subscribe(self, principal: str, uri: str, session: ServerSession) -> None:
        """Remember a handshake-era subscription: on stdio there is one client, so the latest session stands."""
        self._subscribed[principal, uri] = session

    def unsubscribe(self, principal: str, uri: str) -> None:
        self._subscribed.pop((principal, uri), None)

    async def usage_changed(self, principal: str) -> None:
        for uri in USAGE_URIS:
            if principal in self._buses:
                await self._buses[principal][0].publish(ResourceUpdated(uri=uri))
            if (session := self._subscribed.get((principal, uri))) is not None:
                await session.send_resource_updated(uri)
