"""Figure 8: servers killed in mid-call, and what their ledger then holds.

Each lane has a home of its own and kills one server after another on it. Every call's task has a length of its own,
and so a reservation of its own: a control run learns which. What the stand-in received is then found in the ledger
call by call, although a killed call never learns its result id.
"""

import json
import random
import re
import time
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import ledger
from benchmarks.figures import Effort, Figure
from benchmarks.processes import get_json, product, stand_in, temporary_home
from benchmarks.raw import RawServer, ServerDied

LANES = 2
CALLS = 24
SENT_AFTER_S = 0.15
LATEST_KILL_S = 0.9
FAULTS = [
    {"do": "delay", "seconds": 0.02, "match": r"call \d[012]"},
    {"do": "delay", "seconds": 0.15, "match": r"call \d[345]"},
    {"do": "delay", "seconds": 0.6, "match": r"call \d[678]"},
    {"do": "delay", "seconds": 5.0, "match": r"call \d9"},
]
_TAG = re.compile(r"lane (\d\d), kill (\d\d\d), call (\d\d)")


def task(lane: int, kill: int, call: int) -> str:
    """No two calls of a home have the same reservation: each is four words longer than the one before."""
    return f"lane {lane:02}, kill {kill:03}, call {call:02}: say" + " and so on it goes" * call


@dataclass(slots=True)
class Tally:
    """What the kills of one lane, or of all, came to."""

    kills: int = 0
    in_flight: int = 0
    received: int = 0
    rows: int = 0
    lost: int = 0
    doubled: int = 0
    left_reserved: int = 0
    left_running: int = 0
    answers_lost: int = 0
    wrong_verdicts: int = 0
    bill: int = 0
    ledger: int = 0

    def add(self, other: "Tally") -> None:
        for name in self.__slots__:
            setattr(self, name, getattr(self, name) + getattr(other, name))


@dataclass(slots=True)
class Lane:
    """One home; what was answered on it, by kill."""

    number: int
    home: Path
    url: str
    kills: int
    tally: Tally = field(default_factory=Tally)
    answered: set[str] = field(default_factory=set)

    def run(self) -> None:
        dice = random.Random(self.number)
        for kill in range(self.kills):
            while_sending = kill % 2 == 0
            self._kill_one(kill, dice.uniform(0.0, SENT_AFTER_S) if while_sending else dice.uniform(0.0, LATEST_KILL_S))
        with RawServer(product(self.url, self.home)) as server:
            self._open(server)
            self._note_leftovers()

    def _kill_one(self, kill: int, after_s: float) -> None:
        with RawServer(product(self.url, self.home)) as server:
            self._open(server)
            self._note_leftovers()
            server.call(task(self.number, kill, 0))
            began = time.monotonic()
            calls = [self._begin(server, task(self.number, kill, call)) for call in range(1, CALLS)]
            time.sleep(max(0.0, began + after_s - time.monotonic()))
            self.tally.in_flight += server.in_flight
            self.tally.kills += server.in_flight > 0
            server.kill()
            self.answered |= {found for call in calls if (found := _result_id(call))}

    def _begin(self, server: RawServer, text: str) -> "Future[dict[str, Any]]":
        return server.request("tools/call", {"name": server.spec.tool, "arguments": {"task": text}})[1]

    def _open(self, server: RawServer) -> None:
        """The engine is open, and has recovered, once it answers this."""
        server.shake_hands()
        server.ask("resources/read", {"uri": "usage://session"})

    def _note_leftovers(self) -> None:
        self.tally.left_reserved += ledger.count(self.home, "attempts WHERE state = 'reserved'")
        self.tally.left_running += ledger.count(self.home, "calls WHERE status = 'running'")


def measure_crashes(effort: Effort) -> list[Figure]:
    """Figure 8."""
    began = time.monotonic()
    kills = effort.of(500, 8)
    with temporary_home() as folder:
        folder.mkdir()
        faults = folder / "faults.json"
        faults.write_text(json.dumps(FAULTS))
        with stand_in(faults) as url:
            reservations = _reservations(url, folder / "control" / "home")
            lanes = [Lane(n, folder / f"lane{n}" / "home", url, kills // LANES) for n in range(LANES)]
            with ThreadPoolExecutor(LANES) as pool:
                list(pool.map(Lane.run, lanes))
            received = _received(url)
            total = Tally(bill=get_json(f"{url}/__bill")["nano_usd"])
            for lane in lanes:
                _compare(lane, received, reservations)
                total.add(lane.tally)
            total.ledger += _total(folder / "control" / "home")
    return [_figure(total, kills, time.monotonic() - began)]


def _reservations(url: str, home: Path) -> dict[int, int]:
    """The reservation of each call, from a server that is left to finish."""
    found: dict[int, int] = {}
    with RawServer(product(url, home)) as server, ThreadPoolExecutor(CALLS) as pool:
        server.shake_hands()
        answers = list(pool.map(lambda call: server.call(task(99, 0, call)), range(CALLS)))
        ids = {_receipt(answer)["result_id"]: call for call, answer in enumerate(answers)}
        for row in ledger.attempts(home):
            found[ids[row["result_id"]]] = row["reserved_nano"]
    if len(set(found.values())) != CALLS:
        raise RuntimeError("two calls have the same reservation: they could not be told apart")
    return found


def _received(url: str) -> dict[int, list[tuple[int, int]]]:
    """(kill, call) of every request that reached the stand-in, by lane."""
    found: dict[int, list[tuple[int, int]]] = {}
    for request in get_json(f"{url}/__log")["requests"]:
        if request["body"] is None:
            continue  # killed while it was sending: the stand-in never knew, nor billed, what was asked
        tag = _TAG.search(json.dumps(request["body"]))
        if tag is None:
            raise RuntimeError(f"request {request['n']} is not one of ours")
        lane, kill, call = map(int, tag.groups())
        found.setdefault(lane, []).append((kill, call))
    return found


def _compare(lane: Lane, received: dict[int, list[tuple[int, int]]], reservations: dict[int, int]) -> None:
    """Rows against requests, call by call. A row without a request was reserved and killed before it was sent."""
    rows, tally = ledger.attempts(lane.home), lane.tally
    kills = {owner: kill for kill, owner in enumerate(sorted({row["owner"] for row in rows}))}  # ulids sort by time
    written = Counter((kills[row["owner"]], row["reserved_nano"]) for row in rows)
    requests = Counter((kill, reservations[call]) for kill, call in received[lane.number])
    tally.received, tally.rows = requests.total(), len(rows)
    tally.lost = (requests - written).total()
    tally.doubled = len(rows) - len(written)
    done = {row["result_id"] for row in rows if row["verdict"] == "accepted" and row["usage_known"]}
    tally.answers_lost = len(lane.answered - done)
    tally.wrong_verdicts = sum(not _plausible(row) for row in rows)
    tally.ledger = _total(lane.home)


def _plausible(row: Any) -> bool:
    """Settled by its usage, or as unknown at its reservation."""
    if row["state"] != "settled":
        return False
    if row["usage_known"]:
        charged: bool = 0 < row["cost_nano"] <= row["reserved_nano"]
        return charged
    at_reservation: bool = row["cost_nano"] == row["reserved_nano"]
    return at_reservation and row["verdict"] == "unknown"


def _total(home: Path) -> int:
    return sum(row["cost_nano"] for row in ledger.attempts(home))


def _result_id(call: "Future[dict[str, Any]]") -> str | None:
    try:
        answer = call.result(timeout=10)["result"]
    except ServerDied:
        return None
    if answer.get("isError"):
        raise RuntimeError(str(answer["content"]))
    return str(_receipt(answer)["result_id"])


def _receipt(answer: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = answer["_meta"]["gemini-agents/receipt"]
    return found


def _figure(tally: Tally, kills: int, took_s: float) -> Figure:
    wrong = tally.lost, tally.doubled, tally.left_reserved
    others = tally.left_running + tally.answers_lost + tally.wrong_verdicts
    met = not any(wrong) and not others and tally.ledger >= tally.bill and tally.kills >= kills * 0.9
    note = (
        f"{tally.kills} of {kills} kills had calls under way, {tally.in_flight} in all; {tally.received:,} requests"
        f" reached the stand-in, {tally.rows:,} rows in the ledger (more: reserved, and killed before sending);"
        f" {tally.answers_lost} delivered answers without their row, {tally.left_running} calls left running,"
        f" {tally.wrong_verdicts} rows neither settled by usage nor unknown at their reservation;"
        f" ledger {tally.ledger:,} nano-USD, bill {tally.bill:,}; {took_s:.0f} s"
    )
    measured = f"{wrong[0]} lost, {wrong[1]} doubled, {wrong[2]} left reserved"
    return Figure("8", f"{kills} times kill -9 in mid-call", measured, "-", "-", "0, 0 and 0", met, note)
