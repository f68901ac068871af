"""The stand-in and the servers that tests share: all in one event loop, and each started when first wanted."""

import secrets
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
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


class Shared:
    """The servers that tests share, each started when first wanted. Tests keep apart by asking different things."""

    def __init__(self, stack: AsyncExitStack, stand_url: str, folder: Path) -> None:
        self._stack, self._stand_url, self._folder = stack, stand_url, folder
        self._ways: dict[str, Way] = {}
        self._http: HttpServer | None = None
        self.project = folder / "project"
        self.project.mkdir()

    async def way(self, name: str) -> Way:
        if name not in self._ways:
            self._ways[name] = await self._opened(name)
        return self._ways[name]

    async def _opened(self, name: str) -> Way:
        transport, _, era = name.partition("-")
        if transport == "http":
            server = await self.http()
            return Way(name, await self._held_http(server, cast(Era, era)), server.home, self.project)
        env = self._environment(name)
        client = await self._stack.enter_async_context(held(over_stdio(env, cast(Era, era))))
        return Way(name, client, Path(env["GEMINI_AGENTS_HOME"]), self.project)

    async def _held_http(self, server: HttpServer, era: Era) -> Client:
        return await self._stack.enter_async_context(held(over_http(server.url, era, "alice")))

    async def http(self) -> HttpServer:
        """The HTTP server, for the principals alice, bob, carol and dave."""
        if self._http is None:
            env = self._environment("http")
            flags = ("--token-file", str(write_tokens(self._folder)))
            self._http = await self._stack.enter_async_context(http_server(env, *flags))
        return self._http

    def _environment(self, name: str) -> dict[str, str]:
        folder = self._folder / name
        folder.mkdir()
        return environment(folder / "home", self._stand_url, GEMINI_AGENTS_ROOTS=str(self.project))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def running_stand() -> AsyncIterator[Stand]:
    simulator = Simulator(prices="list", price=price, log_body_bytes=1 << 20)
    async with running(simulator) as url:
        yield Stand(simulator, url)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared(running_stand: Stand, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shared]:
    async with AsyncExitStack() as stack:
        yield Shared(stack, running_stand.url, tmp_path_factory.mktemp("shared"))


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
