"""How these tests drive the product: real processes, mcp's own client, the stand-in, the ledger read back."""

import asyncio
import json
import os
import socket
import sqlite3
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, TextIO, TypeVar

import anyio
import httpx2
from mcp import Client, StdioServerParameters
from mcp.client.session import IncomingMessage
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult, ResourceUpdatedNotification, TextContent, TextResourceContents

import gemini_mcp
from gemini_mcp.domain.catalog import TIERS
from gemini_mcp.domain.money import usd_text
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.gemini.catalog import load_catalogue
from gemini_mcp.simulator.faults import Faults
from gemini_mcp.simulator.log import Entry
from gemini_mcp.simulator.simulator import Simulator

T = TypeVar("T")
Json = dict[str, Any]
Era = Literal["legacy", "modern"]

ERAS: Final[tuple[Era, ...]] = ("legacy", "modern")
WAYS: Final = ("stdio-legacy", "stdio-modern", "http-legacy", "http-modern")
MODERN_VERSION: Final = "2026-07-28"
PATIENCE_S: Final = 25.0
"""How long anything may take before the test fails; nothing is measured against it."""

CATALOGUE: Final = load_catalogue()
TODAY: Final = datetime.now(UTC).date()
CANDIDATES: Final = {tier: [each.model.id for each in CATALOGUE.candidates(tier, TODAY)] for tier in TIERS}
LITE, FLASH, PRO = (CANDIDATES[tier][0] for tier in TIERS)
KEY: Final = "a-key-for-the-stand-in"
TOKENS: Final = {name: f"{name}-0123456789abcdef" for name in ("alice", "bob", "carol", "dave")}


def bounded() -> AbstractAsyncContextManager[anyio.CancelScope]:
    """A block that fails rather than hangs."""

    @asynccontextmanager
    async def block() -> AsyncIterator[anyio.CancelScope]:
        with anyio.fail_after(PATIENCE_S) as scope:
            yield scope

    return block()


@asynccontextmanager
async def held(context: AbstractAsyncContextManager[T]) -> AsyncIterator[T]:
    """The context, entered and left by one task of its own: fixtures are set up and torn down by different tasks."""
    entered: asyncio.Future[T] = asyncio.get_running_loop().create_future()
    leave = asyncio.Event()

    async def own() -> None:
        try:
            async with context as value:
                entered.set_result(value)
                await leave.wait()
        except BaseException as error:
            if entered.done():
                raise
            entered.set_exception(error)

    task = asyncio.create_task(own())
    try:
        yield await entered
    finally:
        leave.set()
        await task


# ------------------------------------------------------------------------------------------------------ the stand-in


def price(model: str, usage: TokenUsage, service_tier: str) -> int | None:
    return CATALOGUE.cost(model, usage, TODAY, service_tier)


FORGOTTEN: Final = frozenset({"answer", "delay", "hang", "blocked", "max_tokens_empty", "400", "401", "403", "404"})
"""Faults that say nothing about the model's health, nor its quotas."""


@dataclass(frozen=True)
class Stand:
    """The stand-in for Gemini, at list prices."""

    simulator: Simulator
    url: str
    troubles: list[Json] = field(default_factory=list)
    """What made the models look unwell or their quotas used up, which servers remember."""

    def play(self, *rules: Json) -> None:
        """From now on these rules, and no others."""
        self.simulator.faults = Faults(rules)
        self.troubles.extend(rule for rule in rules if rule["do"] not in FORGOTTEN)

    def reset(self) -> None:
        self.play()
        self.simulator.reset()

    @property
    def asked(self) -> list[str | None]:
        """The models asked for, in order."""
        return [entry.model for entry in self.simulator.log.entries()]

    @property
    def prompts(self) -> list[str]:
        return [prompt_of(entry) for entry in self.simulator.log.entries()]

    @property
    def bill(self) -> Json:
        return self.simulator.bill.as_json()

    @property
    def billed_usd(self) -> str | None:
        return usd_text(self.bill["nano_usd"])

    async def under_way(self, text: str) -> Entry:
        """The request with ``text`` in its prompt, once it has arrived."""
        async with bounded():
            return await self.simulator.log.wait_for(lambda entry: text in entry.body.decode() and bool(entry.model))

    async def given_up(self, entry: Entry) -> None:
        """Returns when the client of that request has closed its connection."""
        async with bounded():
            await self.simulator.log.wait_for(lambda each: each is entry and each.outcome != "in_flight")
        assert entry.outcome == "client_closed"


def prompt_of(entry: Entry) -> str:
    contents = json.loads(entry.body)["contents"]
    return "".join(part["text"] for content in contents for part in content["parts"])


# ---------------------------------------------------------------------------------------------------- the environment


def environment(home: Path, base_url: str, **more: str | None) -> dict[str, str]:
    """All that a server gets to see; nothing of the developer's own. None leaves a variable out."""
    variables: dict[str, str | None] = {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home.parent),
        "PYTHONPATH": str(Path(gemini_mcp.__file__).parents[1]),
        "GEMINI_API_KEY": KEY,
        "GEMINI_AGENTS_BASE_URL": base_url,
        "GEMINI_AGENTS_HOME": str(home),
        # What many tests together spend at list prices is no reason for any of them to fail.
        "GEMINI_AGENTS_SESSION_BUDGET_USD": "1000",
        "GEMINI_AGENTS_DAY_BUDGET_USD": "1000",
    }
    return {name: value for name, value in (variables | more).items() if value is not None}


def kept_stderr(env: Mapping[str, str]) -> TextIO:
    """Where a server's stderr goes: beside its home."""
    return Path(env["HOME"], "stderr.log").open("a")


def mode(era: Era) -> str:
    return "legacy" if era == "legacy" else "auto"


@dataclass
class Heard:
    """The notifications a client was sent, as they came."""

    uris: list[str] = field(default_factory=list)
    _changed: anyio.Event = field(default_factory=anyio.Event)

    async def __call__(self, message: IncomingMessage) -> None:
        if isinstance(message, ResourceUpdatedNotification):
            self.uris.append(message.params.uri)
            self._changed.set()
            self._changed = anyio.Event()

    async def until(self, wanted: Callable[[list[str]], bool]) -> None:
        async with bounded():
            while not wanted(self.uris):
                await self._changed.wait()


@asynccontextmanager
async def over_stdio(env: Mapping[str, str], era: Era, heard: Heard | None = None) -> AsyncIterator[Client]:
    """A client of a server of its own. What the server writes to stderr is kept beside its home."""
    command, arguments = sys.executable, ["-m", "gemini_mcp"]
    parameters = StdioServerParameters(command=command, args=arguments, env=dict(env), cwd=env["HOME"])
    with kept_stderr(env) as errlog:
        transport = stdio_client(parameters, errlog)
        async with Client(
            transport, mode=mode(era), cache=None, message_handler=heard, read_timeout_seconds=PATIENCE_S
        ) as client:
            yield client


def headers_of(principal: str | None, session: str | None = None) -> dict[str, str]:
    bearer = {"authorization": f"Bearer {TOKENS[principal]}"} if principal else {}
    return bearer | ({"x-gemini-agents-session": session} if session else {})


@asynccontextmanager
async def over_http(
    url: str, era: Era, principal: str | None = None, session: str | None = None, heard: Heard | None = None
) -> AsyncIterator[Client]:
    async with AsyncExitStack() as stack:
        timeout = httpx2.Timeout(PATIENCE_S)
        http = httpx2.AsyncClient(headers=headers_of(principal, session), trust_env=False, timeout=timeout)
        transport = streamable_http_client(url, http_client=await stack.enter_async_context(http))
        client = Client(transport, mode=mode(era), cache=None, message_handler=heard, read_timeout_seconds=PATIENCE_S)
        yield await stack.enter_async_context(client)


@dataclass(frozen=True)
class HttpServer:
    process: asyncio.subprocess.Process
    origin: str
    home: Path

    @property
    def url(self) -> str:
        return f"{self.origin}/mcp"


def free_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def write_tokens(folder: Path) -> Path:
    path = folder / "tokens"
    path.write_text("# principal token\n" + "".join(f"{name} {token}\n" for name, token in TOKENS.items()))
    return path


@asynccontextmanager
async def http_server(env: Mapping[str, str], *flags: str) -> AsyncIterator[HttpServer]:
    """``gemini-agents serve --http`` on a free port, once it listens. It says nothing when it does, so that the only
    way to know is to try."""
    port = free_port()
    arguments = ("-m", "gemini_mcp", "serve", "--http", "--port", str(port), *flags)
    with kept_stderr(env) as errlog:
        process = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, env=dict(env), cwd=env["HOME"], stdin=DEVNULL, stdout=DEVNULL, stderr=errlog
        )
        try:
            async with bounded():
                while not await _listens(port):
                    assert process.returncode is None, f"{env['HOME']}/stderr.log says why"
            yield HttpServer(process, f"http://127.0.0.1:{port}", Path(env["GEMINI_AGENTS_HOME"]))
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _listens(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        await anyio.sleep(0.02)
        return False
    writer.close()
    await writer.wait_closed()
    return True


@dataclass(frozen=True)
class Way:
    """A way to reach a server that tests share, and where that server keeps its things."""

    name: str
    client: Client
    home: Path
    project: Path

    @property
    def era(self) -> Era:
        return "legacy" if self.name.endswith("legacy") else "modern"

    @property
    def is_http(self) -> bool:
        return self.name.startswith("http")


# ------------------------------------------------------------------------------------------------- calls and results


async def delegate(client: Client, task: str, **arguments: Any) -> CallToolResult:
    return await client.call_tool("delegate_task", {"task": task, **arguments})


async def read_json(client: Client, uri: str) -> Json:
    value: Json = json.loads(await read_text(client, uri))
    return value


async def read_text(client: Client, uri: str) -> str:
    (content,) = (await client.read_resource(uri)).contents
    assert isinstance(content, TextResourceContents) and content.uri == uri
    return content.text


async def nothing_reserved(client: Client) -> Json:
    """The session's usage once no attempt of it is open any more: each look is a round trip to the server."""
    async with bounded():
        while True:
            usage = await read_json(client, "usage://session")
            if usage["budget"]["session_reserved_usd"] == "0":
                return usage


def texts(result: CallToolResult) -> list[str]:
    return [block.text for block in result.content if isinstance(block, TextContent)]


def answer_of(result: CallToolResult) -> str:
    assert not result.is_error, texts(result)
    return texts(result)[0]


def receipt_of(result: CallToolResult) -> Json:
    assert not result.is_error, texts(result)
    receipt: Json = (result.meta or {})["gemini-agents/receipt"]
    return receipt


def error_of(result: CallToolResult) -> Json:
    assert result.is_error, texts(result)
    error: Json = (result.meta or {})["gemini-agents/error"]
    return error


def verdicts(receipt: Json) -> list[tuple[str, str]]:
    return [(attempt["tier"], attempt["verdict"]) for attempt in receipt["attempts"]]


# -------------------------------------------------------------------------------------------------------- the ledger


def ledger(home: Path, table: str = "attempts") -> list[Json]:
    """All rows of a table, oldest first; none while there is no ledger."""
    path = home / "ledger.sqlite3"
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=PATIENCE_S)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {table} ORDER BY 1")]


def of_call(home: Path, receipt: Json) -> list[Json]:
    return [row for row in ledger(home) if row["result_id"] == receipt["result_id"]]


# ----------------------------------------------------------------------------------------------------------- by hand


class RawServer:
    """A stdio server driven by hand: where a test needs its process, its raw lines, or an end without a goodbye."""

    def __init__(self, process: asyncio.subprocess.Process, era: Era) -> None:
        self.process = process
        self.lines: list[str] = []
        self.notifications: list[Json] = []
        self._era = era
        self._sent = 0
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout is not None
        async for line in self.process.stdout:
            self.lines.append(line.decode())
            message = json.loads(line)
            waiting = self._waiting.pop(message.get("id"), None)
            if waiting is not None and not waiting.done():
                waiting.set_result(message)
            elif "id" not in message:
                self.notifications.append(message)

    async def start(self) -> None:
        """The handshake; at 2026-07-28 there is none."""
        if self._era == "legacy":
            info = {"name": "by-hand", "version": "1"}
            await self.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": info})
            await self.write({"jsonrpc": "2.0", "method": "notifications/initialized"})

    async def write(self, message: Json | str) -> None:
        assert self.process.stdin is not None
        text = message if isinstance(message, str) else json.dumps(message)
        self.process.stdin.write(text.encode() + b"\n")
        await self.process.stdin.drain()

    async def begin(self, method: str, params: Json) -> "tuple[int, asyncio.Future[Json]]":
        """Send a request; its id, and its reply to come."""
        self._sent += 1
        reply = self._waiting[self._sent] = asyncio.get_running_loop().create_future()
        if self._era == "modern":
            params = params | {"_meta": modern_meta()}
        await self.write({"jsonrpc": "2.0", "id": self._sent, "method": method, "params": params})
        return self._sent, reply

    async def ask(self, method: str, params: Json) -> Json:
        async with bounded():
            return await (await self.begin(method, params))[1]

    async def delegate(self, task: str, **arguments: Any) -> Json:
        reply = await self.ask("tools/call", {"name": "delegate_task", "arguments": {"task": task, **arguments}})
        result: Json = reply["result"]
        return result

    async def begin_delegating(self, task: str) -> int:
        return (await self.begin("tools/call", {"name": "delegate_task", "arguments": {"task": task}}))[0]

    async def closed(self) -> int:
        """Close its stdin, as a client that leaves does; its exit code."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        return await self.ended()

    async def killed(self) -> None:
        self.process.kill()
        await self.ended()

    async def ended(self) -> int:
        async with bounded():
            code = await self.process.wait()
            await self._reading
        return code


def modern_meta() -> Json:
    return {
        "io.modelcontextprotocol/protocolVersion": MODERN_VERSION,
        "io.modelcontextprotocol/clientInfo": {"name": "by-hand", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }


@asynccontextmanager
async def raw_server(
    env: Mapping[str, str], era: Era = "legacy", argv: Sequence[str] = (sys.executable, "-m", "gemini_mcp")
) -> AsyncIterator[RawServer]:
    with kept_stderr(env) as errlog:
        process = await asyncio.create_subprocess_exec(
            *argv, env=dict(env), cwd=env["HOME"], stdin=PIPE, stdout=PIPE, stderr=errlog, limit=1 << 24
        )
        server = RawServer(process, era)
        try:
            await server.start()
            yield server
        finally:
            if process.returncode is None:
                process.kill()
            await server.ended()


async def run_to_the_end(env: Mapping[str, str], arguments: Sequence[str]) -> tuple[int, str, str]:
    """A command line that should end by itself: exit code, stdout, stderr."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "gemini_mcp",
        *arguments,
        env=dict(env),
        cwd=env["HOME"],
        stdin=DEVNULL,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        async with bounded():
            out, err = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode(), err.decode()
