"""Figures 18 and 20: how often a failing upstream is asked, and when a call ends that upstream does not answer."""

import json
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import anyio
import anyio.to_thread

from benchmarks.failing import failing
from benchmarks.figures import Effort, Figure, spread
from benchmarks.processes import product, stand_in, temporary_home
from benchmarks.raw import RawServer
from gemini_mcp.domain.errors import AgentError
from gemini_mcp.domain.ids import result_id
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.breaker import Breakers, guarded
from gemini_mcp.engine.cascade import cascading
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import Ledger, migrate
from gemini_mcp.engine.limits import Limits, limited
from gemini_mcp.engine.liveness import Owner
from gemini_mcp.engine.metering import metered
from gemini_mcp.engine.ports import AnswerTask, Call, Caller, Generate
from gemini_mcp.engine.retry import retrying
from gemini_mcp.engine.retry_quota import RetryQuota
from gemini_mcp.gemini.catalog import load_catalogue
from gemini_mcp.gemini.gateway import Gateway
from gemini_mcp.server.logs import configure_logs
from gemini_mcp.server.prompt_files import agent_prompt

CALLS, AT_ONCE = 2_000, 16
WITHOUT, WITH = 1.05, 0.15
DEADLINE_S, LATE_MS = 1.0, 250.0
FAULTS = [{"do": "hang", "match": "hang"}, {"do": "drip", "interval_s": 0.05, "match": "drip"}]
Around = Callable[[Generate], Generate]


@dataclass(frozen=True, slots=True)
class Storm:
    """What so many failing calls came to."""

    calls: int
    failed: int
    upstream: int
    took_s: float

    @property
    def per_request(self) -> float:
        return self.upstream / self.calls


def measure_failures(effort: Effort) -> list[Figure]:
    """Figures 18 and 20."""
    calls = effort.of(CALLS, CALLS // 4)
    without = _storm(calls, lambda generate: generate)
    breakers = Breakers()
    behind = _storm(calls, lambda generate: guarded(generate, breakers))
    late = {kind: _lateness(kind, effort.of(20, 4)) for kind in ("hang", "drip")}
    return [
        _storm_figure(without, "without the breaker", WITHOUT),
        _storm_figure(behind, "with it", WITH),
        _late_figure("a hanging upstream", late["hang"]),
        _late_figure("a dripping upstream", late["drip"]),
    ]


# -------------------------------------------------------------------------------------------------------------- storm


def _storm(calls: int, around: Around) -> Storm:
    configure_logs("error")
    with temporary_home() as home:
        home.mkdir()
        return anyio.run(_all_fail, home, calls, around)


async def _all_fail(home: Path, calls: int, around: Around) -> Storm:
    """The engine as the server composes it, but for the cache, which no failure reaches."""
    async with failing() as upstream, _engine(upstream.url, home, around) as answer:
        began = time.monotonic()
        failed = await _asked(answer, calls)
        return Storm(calls, failed, upstream.times, time.monotonic() - began)


@asynccontextmanager
async def _engine(url: str, home: Path, around: Around) -> AsyncIterator[AnswerTask]:
    database, owner = Database(home / "ledger.sqlite3", migrate), Owner(home / "run")
    await anyio.to_thread.run_sync(database.open)
    gateway = Gateway("k", url, None)
    try:
        await gateway.load()
        yield _composed(gateway, database, owner, home, around)
    finally:
        await gateway.aclose()
        await database.aclose()
        owner.release()


def _composed(gateway: Gateway, database: Database, owner: Owner, home: Path, around: Around) -> AnswerTask:
    catalogue, quota = load_catalogue(), RetryQuota()
    prompts = {"delegate_task": agent_prompt("delegate_task", home)}

    async def send(request: ModelRequest, call: Call) -> ModelAnswer:
        return await gateway.generate(request, call.deadline)

    counted = limited(metered(send, Ledger(database, owner), catalogue, _today), Limits(database, catalogue.limits))
    return cascading(retrying(around(counted), quota), catalogue, prompts, _today, quota)


async def _asked(answer: AnswerTask, calls: int) -> int:
    failures: list[bool] = []
    numbers = iter(range(calls))

    async def worker() -> None:
        for number in numbers:
            failures.append(await _fails(answer(Task(f"task {number}"), _call())))

    async with anyio.create_task_group() as group:
        for _ in range(AT_ONCE):
            group.start_soon(worker)
    return sum(failures)


async def _fails(answered: Awaitable[object]) -> bool:
    try:
        await answered
    except AgentError:
        return True
    return False


def _call() -> Call:
    now = time.monotonic()
    return Call(result_id(), Caller("me", "s1"), "delegate_task", time.time(), now, now + 120)


def _today() -> date:
    return datetime.now(UTC).date()


def _storm_figure(storm: Storm, how: str, target: float) -> Figure:
    note = (
        f"{AT_ONCE} calls at a time, each answered 503; the engine in one process with a ledger, counted upstream."
        f" Retries, fallbacks and climbs draw on one quota; {storm.failed:,} calls failed, as they must;"
        f" {storm.upstream:,} upstream calls in {storm.took_s:.0f} s {how}"
    )
    met = storm.per_request <= target and storm.failed == storm.calls
    what = f"upstream calls a request, {storm.calls:,} calls at 100 % failure, {how}"
    return Figure("18", what, f"{storm.per_request:.3f}", "1 without any retry", "-", f"at most {target}", met, note)


# ----------------------------------------------------------------------------------------------------------- deadline


def _lateness(kind: str, times: int) -> list[float]:
    """By how many milliseconds each of so many calls ended after its deadline."""
    with tempfile.TemporaryDirectory() as folder, temporary_home() as home:
        rules = Path(folder) / "faults.json"
        rules.write_text(json.dumps(FAULTS))
        with stand_in(rules) as url:
            server = product(url, home, GEMINI_AGENTS_DEADLINE_S=f"{DEADLINE_S:g}")
            with RawServer(server) as raw, ThreadPoolExecutor(4) as pool:
                raw.shake_hands()
                raw.call("What is 2+2?")
                return list(pool.map(lambda number: _late_ms(raw, f"{kind}, number {number}"), range(times)))


def _late_ms(server: RawServer, task: str) -> float:
    began = time.monotonic()
    result = server.call(task)
    took_s = time.monotonic() - began
    if not result.get("isError") or "deadline_exceeded" not in result["content"][0]["text"]:
        raise RuntimeError(str(result["content"]))
    return (took_s - DEADLINE_S) * 1_000


def _late_figure(what: str, late: list[float]) -> Figure:
    note = f"{len(late)} calls of a real server over stdio, 4 at a time, with a deadline of {DEADLINE_S:g} s"
    met, target = max(late) <= LATE_MS, f"at most {LATE_MS:.0f} ms"
    return Figure("20", f"{what}: error after the deadline", f"{spread(late, '.0f')} ms", "-", "-", target, met, note)
