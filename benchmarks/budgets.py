"""Figure 16: many calls in many processes near a budget, and what was spent, reserved and billed in the end."""

import json
import threading
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import ledger
from benchmarks.figures import Effort, Figure
from benchmarks.processes import get_json, product, stand_in, temporary_home
from benchmarks.raw import RawServer

PROCESSES = 8
CALLS = 200
LIMIT_USD = "0.10"
LIMIT_NANO = 100_000_000
FAULTS = [
    {"do": "503", "probability": 0.05, "seed": 1},
    {"do": "answer", "text": "", "thinking_tokens": 200, "probability": 0.05, "seed": 2},
    {"do": "delay", "seconds": 0.05},
]
_LOOK_EVERY_S = 0.01


@dataclass(slots=True)
class Watch:
    """Looks at the budget while it is spent."""

    home: Path
    most: int = 0
    looks: int = 0
    ended: bool = False

    def run(self) -> None:
        while not self.ended:
            with ledger.opened(self.home) as connection:
                rows = connection.execute("SELECT spent_nano + reserved_nano FROM budgets").fetchall()
            self.most = max([self.most, *(row[0] for row in rows)])
            self.looks += 1
            time.sleep(_LOOK_EVERY_S)


def measure_budgets(effort: Effort) -> list[Figure]:
    """Figure 16."""
    calls = effort.of(CALLS, 40)
    with temporary_home() as home:
        home.parent.mkdir(exist_ok=True)
        faults = home.parent / "faults.json"
        faults.write_text(json.dumps(FAULTS))
        with stand_in(faults) as url:
            watch, ends, took_s = _spent(url, home, calls)
            bill = get_json(f"{url}/__bill")["nano_usd"]
        return [_figure(home, watch, ends, bill, calls, took_s)]


def _spent(url: str, home: Path, calls: int) -> tuple[Watch, Counter[str], float]:
    budgets = {"GEMINI_AGENTS_SESSION_BUDGET_USD": LIMIT_USD, "GEMINI_AGENTS_DAY_BUDGET_USD": LIMIT_USD}
    spec = product(url, home, CLAUDE_CODE_SESSION_ID="one", **budgets)
    servers = [RawServer(spec) for _ in range(PROCESSES)]
    try:
        with ThreadPoolExecutor(PROCESSES) as pool:
            list(pool.map(_ready, servers))
        watch = Watch(home)
        looking = threading.Thread(target=watch.run)
        looking.start()
        began = time.monotonic()
        under_way = [_begin(server, n, call) for call in range(calls) for n, server in enumerate(servers)]
        ends = Counter(_end(future.result(300)) for future in under_way)
        took_s = time.monotonic() - began
        watch.ended = True
        looking.join()
        for server in servers:
            server.stop()
        return watch, ends, took_s
    finally:
        for server in servers:
            server.kill()


def _ready(server: RawServer) -> None:
    server.shake_hands()
    server.ask("resources/read", {"uri": "usage://session"})


def _begin(server: RawServer, process: int, call: int) -> "Future[dict[str, Any]]":
    arguments = {"task": f"Say something about process {process}, call {call}.", "tier": "flash"}
    return server.request("tools/call", {"name": server.spec.tool, "arguments": arguments})[1]


def _end(message: dict[str, Any]) -> str:
    result = message["result"]
    error: dict[str, str] | None = (result.get("_meta") or {}).get("gemini-agents/error")
    return error["code"] if error else "answered"


def _figure(home: Path, watch: Watch, ends: Counter[str], bill: int, calls: int, took_s: float) -> Figure:
    rows = ledger.attempts(home)
    spent = sum(row["cost_nano"] for row in rows)
    known = sum(row["cost_nano"] for row in rows if row["usage_known"])
    unknown = sum(not row["usage_known"] for row in rows)
    left = ledger.count(home, "attempts WHERE state = 'reserved'") + ledger.count(
        home, "budgets WHERE reserved_nano != 0"
    )
    over = max(0, max(watch.most, spent) - LIMIT_NANO)
    agrees = known == bill if not unknown else known <= bill <= spent
    met = over == 0 and left == 0 and agrees and ends["budget_exceeded"] > 0 and ends["answered"] > 0
    others = ends.total() - ends["answered"] - ends["budget_exceeded"]
    note = (
        f"{ends['answered']:,} calls answered, {ends['budget_exceeded']:,} refused by the budget, {others} others;"
        f" {len(rows):,} attempts, {unknown} of unknown usage; ledger {spent:,} nano-USD, bill {bill:,}, limit"
        f" {LIMIT_NANO:,}; spent and reserved together were at most {watch.most:,} at {watch.looks} looks;"
        f" {took_s:.0f} s"
    )
    measured = f"{over:,} nano-USD over, {left} left reserved, ledger {'equal to' if known == bill else 'not'} the bill"
    what = f"{calls} concurrent calls in each of {PROCESSES} processes on a budget of ${LIMIT_USD}"
    return Figure("16", what, measured, "-", "-", "0 over, 0 reserved, equal", met, note)
