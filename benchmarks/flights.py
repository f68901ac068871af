"""Figure 19: identical calls at the same time, some or all of which are cancelled."""

import json
import time
from concurrent.futures import Future
from typing import Any

from benchmarks.figures import Effort, Figure, spread
from benchmarks.processes import get_json, product, stand_in, temporary_home
from benchmarks.raw import RawServer

IDENTICAL = 500
SOME = 50
MOST_MS = 250.0
FAULTS = [{"do": "delay", "seconds": 1.0, "match": "answered in time"}, {"do": "hang", "match": "never answered"}]
_LOOK_EVERY_S = 0.005
Call = tuple[int, "Future[dict[str, Any]]"]


def measure_flights(effort: Effort) -> list[Figure]:
    """Figure 19."""
    with temporary_home() as home:
        home.parent.mkdir(exist_ok=True)
        faults = home.parent / "faults.json"
        faults.write_text(json.dumps(FAULTS))
        with stand_in(faults) as url, RawServer(product(url, home)) as server:
            server.shake_hands()
            server.call("Get ready.")
            before = _asked(url)
            answered = _all(server, IDENTICAL, f"To be answered in time by {IDENTICAL}.")
            upstream = _asked(url) - before
            survivor = _all_but_one(server)
            closed_ms = [_none_left(server, url, round_) for round_ in range(effort.of(20, 4))]
    return [_figure(answered, upstream, survivor, closed_ms)]


def _begin(server: RawServer, task: str) -> Call:
    return server.request("tools/call", {"name": server.spec.tool, "arguments": {"task": task}})


def _cancel(server: RawServer, call: Call) -> None:
    server.notify("notifications/cancelled", {"requestId": call[0], "reason": "not wanted"})


def _answered(call: Call) -> bool:
    result = call[1].result(60).get("result")
    return result is not None and not result.get("isError")


def _all(server: RawServer, calls: int, task: str) -> int:
    return sum(map(_answered, [_begin(server, task) for _ in range(calls)]))


def _all_but_one(server: RawServer) -> bool:
    """The first to ask is among those that leave."""
    calls = [_begin(server, "To be answered in time for one.") for _ in range(SOME)]
    time.sleep(0.2)
    for call in calls[:-1]:
        _cancel(server, call)
    return _answered(calls[-1])


def _none_left(server: RawServer, url: str, round_: int) -> float:
    """Milliseconds from the last cancellation to the end of the request upstream."""
    task = f"To be never answered, {round_}."
    calls = [_begin(server, task) for _ in range(SOME)]
    while not (found := _of(url, task)):
        time.sleep(_LOOK_EVERY_S)
    if len(found) != 1:
        raise RuntimeError(f"{len(found)} requests went upstream for one task")
    for call in calls:
        _cancel(server, call)
    began = time.monotonic()
    while _of(url, task)[0]["outcome"] == "in_flight":
        time.sleep(_LOOK_EVERY_S)
    return (time.monotonic() - began) * 1_000


def _of(url: str, task: str) -> list[dict[str, Any]]:
    return [each for each in get_json(f"{url}/__log")["requests"] if each["body"] and task in json.dumps(each["body"])]


def _asked(url: str) -> int:
    return len(get_json(f"{url}/__log")["requests"])


def _figure(answered: int, upstream: int, survivor: bool, closed_ms: list[float]) -> Figure:
    met = answered == IDENTICAL and upstream == 1 and survivor and max(closed_ms) <= MOST_MS
    told = "answered" if survivor else "not answered"
    return Figure(
        "19",
        f"{IDENTICAL} identical calls; {SOME - 1} of {SOME} cancelled; {SOME} of {SOME} cancelled",
        f"{upstream} sent, {answered} answered; survivor {told}; upstream closed after {spread(closed_ms, '.0f')} ms",
        f"{IDENTICAL} sent without it",
        f"{upstream / IDENTICAL:.3f}",
        f"1 sent; survivor answered; within {MOST_MS:.0f} ms",
        met,
        f"over stdio; {len(closed_ms)} rounds in which all leave; seen by asking the stand-in, which takes some"
        " milliseconds itself",
    )
