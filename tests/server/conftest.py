"""The stand-in and the servers that tests share: all in one event loop, and each started when first wanted."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from inspect import iscoroutinefunction
from pathlib import Path
from typing import cast

import pytest
import pytest_asyncio
from mcp import Client

from gemini_mcp.simulator.server import running
from gemini_mcp.simulator.simulator import Simulator

from .driving import (
    WAYS,
    Era,
    HttpServer,
    Stand,
    Way,
    environment,
    held,
    http_server,
    over_http,
    over_stdio,
    price,
    write_tokens,
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents and iscoroutinefunction(getattr(item, "function", None)):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@dataclass
class Kept:
    """A server that tests share, from when, and what closes it."""

    stack: AsyncExitStack
    troubles: int
    way: Way | None = None
    http: HttpServer | None = None


class Shared:
    """The servers that tests share, each started when first wanted, and anew after troubles that it would remember.
    Tests keep apart by asking different things."""

    def __init__(self, stand: Stand, folder: Path) -> None:
        self._stand, self._folder = stand, folder
        self._kept: dict[str, Kept] = {}
        self.project = folder / "project"
        self.project.mkdir()

    async def way(self, name: str) -> Way:
        transport, _, era = name.partition("-")
        if transport == "http":
            return await self._way_over_http(name, cast(Era, era))
        kept = await self._current(name)
        if kept.way is None:
            env = self._environment(name)
            client = await kept.stack.enter_async_context(held(over_stdio(env, cast(Era, era))))
            kept.way = Way(name, client, Path(env["GEMINI_AGENTS_HOME"]), self.project)
        return kept.way

    async def _way_over_http(self, name: str, era: Era) -> Way:
        server = await self.http()
        kept = await self._current(name)
        if kept.way is None:
            client = await kept.stack.enter_async_context(held(over_http(server.url, era, "alice")))
            kept.way = Way(name, client, server.home, self.project)
        return kept.way

    async def http(self) -> HttpServer:
        """The HTTP server, for the principals alice, bob, carol and dave."""
        if self._is_stale("http"):
            for name in ("http-legacy", "http-modern"):
                await self._close(name)
        kept = await self._current("http")
        if kept.http is None:
            env = self._environment("http")
            flags = ("--token-file", str(write_tokens(self._folder)))
            kept.http = await kept.stack.enter_async_context(http_server(env, *flags))
        return kept.http

    async def aclose(self) -> None:
        for name in sorted(self._kept, key="http".__eq__):  # clients before their server
            await self._close(name)

    def _is_stale(self, name: str) -> bool:
        return name in self._kept and self._kept[name].troubles != len(self._stand.troubles)

    async def _current(self, name: str) -> Kept:
        if self._is_stale(name):
            await self._close(name)
        return self._kept.setdefault(name, Kept(AsyncExitStack(), len(self._stand.troubles)))

    async def _close(self, name: str) -> None:
        if name in self._kept:
            await self._kept.pop(name).stack.aclose()

    def _environment(self, name: str) -> dict[str, str]:
        folder = self._folder / f"{name}-{len(self._stand.troubles)}"
        folder.mkdir()
        return environment(folder / "home", self._stand.url, GEMINI_AGENTS_ROOTS=str(self.project))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_stand() -> AsyncIterator[Stand]:
    simulator = Simulator(prices="list", price=price, log_body_bytes=1 << 20)
    async with running(simulator) as url:
        yield Stand(simulator, url)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared(running_stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shared]:
    shared = Shared(running_stand, tmp_path_factory.mktemp("shared"))
    try:
        yield shared
    finally:
        await shared.aclose()


@pytest.fixture
def stand(running_stand: Stand) -> Stand:
    """The stand-in as if nothing had been asked of it yet."""
    running_stand.reset()
    return running_stand


@pytest_asyncio.fixture(params=WAYS, loop_scope="session")
async def way(request: pytest.FixtureRequest, shared: Shared, stand: Stand) -> Way:
    """A shared server, by each transport in both protocol eras."""
    return await shared.way(request.param)


@pytest_asyncio.fixture(loop_scope="session")
async def any_way(shared: Shared, stand: Stand) -> Way:
    """A shared server, where the transport makes no difference."""
    return await shared.way("stdio-legacy")


@pytest_asyncio.fixture(loop_scope="session")
async def http(shared: Shared, stand: Stand) -> HttpServer:
    return await shared.http()


@pytest.fixture
def client(way: Way) -> Client:
    return way.client


@pytest.fixture
def task(request: pytest.FixtureRequest) -> str:
    """A task that no other test gives, so that no cache has its answer."""
    return f"Say something about {request.node.name.split('[')[0].replace('_', ' ')}, number {secrets.token_hex(6)}"


@pytest.fixture
def env(stand: Stand, tmp_path: Path) -> dict[str, str]:
    """The environment of a server of the test's own, with files readable in ``project``."""
    (tmp_path / "project").mkdir()
    return environment(tmp_path / "home", stand.url, GEMINI_AGENTS_ROOTS=str(tmp_path / "project"))


@pytest.fixture
def home(env: dict[str, str]) -> Path:
    return Path(env["GEMINI_AGENTS_HOME"])


@pytest.fixture(params=["legacy", "modern"])
def era(request: pytest.FixtureRequest) -> Era:
    return cast(Era, request.param)
