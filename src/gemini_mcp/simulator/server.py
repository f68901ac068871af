"""Serving the stand-in on loopback: for a command line until a signal, or for a test within its own event loop."""

import asyncio
import contextlib
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import anyio
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from gemini_mcp.simulator.app import build_app
from gemini_mcp.simulator.bill import Price, StoragePrice
from gemini_mcp.simulator.delivery import HANG_UP
from gemini_mcp.simulator.faults import read_rules
from gemini_mcp.simulator.simulator import Prices, Simulator

_HOST = "127.0.0.1"
_KEEP_ALIVE_S = 3_600
_BACKLOG = 2_048
_GRACE_S = 2.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Server(uvicorn.Server):
    """Stops when told to, not when it next looks: no ticks, no signal handlers, no waiting for open connections."""

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(_config(self._with_hang_up(app)))
        self.ready = anyio.Event()
        self._stop = anyio.Event()

    def stop(self) -> None:
        self._stop.set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        await self._stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=_GRACE_S)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def _with_hang_up(self, app: ASGIApp) -> ASGIApp:
        async def extended(scope: Scope, receive: Receive, send: Send) -> None:
            scope["extensions"] = {HANG_UP: partial(self._hang_up, scope["client"])}
            await app(scope, receive, send)

        return extended

    def _hang_up(self, client: tuple[str, int]) -> None:
        for connection in self.server_state.connections:
            if getattr(connection, "client", None) == client:
                connection.transport.abort()


def _config(app: ASGIApp) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        ws="none",
        lifespan="off",
        interface="asgi3",
        proxy_headers=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        backlog=_BACKLOG,
    )


def _listening_socket(port: int) -> socket.socket:
    """Raises OSError when the port is taken."""
    # The protocol is named because asyncio sets TCP_NODELAY only on sockets that say they are TCP.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((_HOST, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def _url(listener: socket.socket) -> str:
    return f"http://{_HOST}:{listener.getsockname()[1]}"


@contextlib.asynccontextmanager
async def running(simulator: Simulator, port: int = 0) -> AsyncIterator[str]:
    """The stand-in in this event loop, under the base URL given, until the block ends. Raises OSError for a port
    that is taken."""
    with contextlib.closing(_listening_socket(port)) as listener:
        server = _Server(build_app(simulator))
        task = asyncio.create_task(server.serve([listener]))
        try:
            await server.ready.wait()
            yield _url(listener)
        finally:
            server.stop()
            await task


async def serve(simulator: Simulator, port: int) -> None:
    """Serves until SIGINT or SIGTERM; the first and only line on stdout is the base URL, once it listens."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    before = {each: signal.signal(each, lambda *_: loop.call_soon_threadsafe(stopped.set)) for each in _SIGNALS}
    try:
        async with running(simulator, port) as url:
            print(url, flush=True)
            await stopped.wait()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def run(
    port: int,
    faults_file: Path | None,
    prices: Prices,
    price: Price | None,
    known_models: frozenset[str] | None,
    storage_price: StoragePrice | None = None,
) -> int:
    """The exit code: 0 after a signal, 1 for a port that cannot be had, 2 for a bad faults file."""
    try:
        faults = read_rules(faults_file) if faults_file else []
        simulator = Simulator(
            prices=prices, price=price, storage_price=storage_price, known_models=known_models, faults=faults
        )
    except ValueError as error:
        print(f"{faults_file}: {error}", file=sys.stderr)
        return 2
    try:
        asyncio.run(serve(simulator, port))
    except OSError as error:
        print(f"Port {port} cannot be had ({error.strerror}). Use another, or 0 for any free one.", file=sys.stderr)
        return 1
    return 0
