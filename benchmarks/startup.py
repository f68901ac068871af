"""Figures 1 to 4: what a start costs, what it keeps in memory, and how much goes over both wires."""

import json
import time
from dataclasses import dataclass
from statistics import median

from benchmarks.figures import Effort, Figure, ratio_of, spread
from benchmarks.processes import ServerSpec, fast_upstream, floor, get_json, hello, product, temporary_home
from benchmarks.raw import RawServer

MB = 1_000_000
CHARACTERS_PER_TOKEN = 3.6


@dataclass(frozen=True, slots=True)
class Start:
    """One server from spawn to the answer of tools/list."""

    cpu_s: float
    wall_s: float
    resident: int
    tools: str


def measure_cpu(effort: Effort) -> list[Figure]:
    """Figure 1."""
    with fast_upstream() as url, temporary_home() as home:
        ours, theirs = product(url, home), hello()
        _start(ours), _start(theirs)  # compiled files, page cache, the ledger's file
        pairs = [(_start(ours), _start(theirs)) for _ in range(effort.of(25, 7))]
    measured, baseline = [a.cpu_s for a, _ in pairs], [b.cpu_s for _, b in pairs]
    ratio = ratio_of(measured, baseline)
    wall = f"wall: {median(a.wall_s for a, _ in pairs):.2f} s against {median(b.wall_s for _, b in pairs):.2f} s"
    return [
        Figure(
            "1",
            "spawn to the answer of tools/list, CPU s",
            spread(measured, ".3f"),
            f"hello-world {spread(baseline, '.3f')}",
            f"{ratio:.2f}",
            "at most 1.10",
            ratio <= 1.10,
            f"{len(pairs)} interleaved starts each; user and system time by wait4 after a kill at the answer; {wall}",
        )
    ]


def measure_memory(effort: Effort) -> list[Figure]:
    """Figure 2."""
    with fast_upstream() as url, temporary_home() as home:
        ours, plain, calling = product(url, home), hello(), floor(url)
        rounds = range(effort.of(9, 3))
        starts = [(_start(ours).resident / MB, _start(plain).resident / MB) for _ in rounds]
        calls = [(_resident_after_a_call(ours, i) / MB, _resident_after_a_call(calling, i) / MB) for i in rounds]
    at_start = "RSS at the answer of tools/list, MB"
    after = "RSS after the first call, MB"
    return [
        _memory("2a", at_start, "hello-world", starts, 8),
        _memory("2b", after, "hello-world and one google-genai call", calls, 25),
    ]


def _memory(number: str, what: str, name: str, pairs: list[tuple[float, float]], most: int) -> Figure:
    ours, theirs = [a for a, _ in pairs], [b for _, b in pairs]
    more = median(a - b for a, b in pairs)
    note = f"{len(pairs)} interleaved starts each; MB = 1,000,000 bytes; the process is stopped while it is read"
    baseline = f"{name} {spread(theirs, '.1f')}"
    return Figure(
        number, what, spread(ours, ".1f"), baseline, f"{more:+.1f} MB", f"at most +{most} MB", more <= most, note
    )


def measure_tool_list(effort: Effort) -> list[Figure]:
    """Figure 3."""
    with fast_upstream() as url, temporary_home() as home:
        line = _start(product(url, home)).tools
    tools = json.loads(line)["result"]["tools"]
    characters = len(json.dumps(tools, ensure_ascii=False, separators=(",", ":")))
    tokens = characters / CHARACTERS_PER_TOKEN
    return [
        Figure(
            "3",
            f"tools/list, tokens ({len(tools)} tools)",
            f"{tokens:,.0f}",
            "-",
            "-",
            "at most 2,500",
            tokens <= 2_500,
            f"{characters:,} characters of the wire JSON of `tools`, divided by {CHARACTERS_PER_TOKEN}",
        )
    ]


def measure_body(effort: Effort) -> list[Figure]:
    """Figure 4."""
    with fast_upstream() as url, temporary_home() as home, RawServer(product(url, home)) as server:
        server.shake_hands()
        server.call("2+2?")
        size = int(get_json(f"{url}/__last")["bytes"])
    note = "Content-Length as the upstream saw it"
    return [
        Figure("4", 'body upstream for the task "2+2?", bytes', str(size), "-", "-", "at most 600", size <= 600, note)
    ]


def _start(spec: ServerSpec) -> Start:
    began = time.monotonic()
    with RawServer(spec) as server:
        server.shake_hands()
        tools = server.list_tools()
        server.freeze()
        wall = time.monotonic() - began
        resident = server.resident_bytes()
        return Start(server.kill(), wall, resident, tools)


def _resident_after_a_call(spec: ServerSpec, number: int) -> int:
    with RawServer(spec) as server:
        server.shake_hands()
        server.list_tools()
        answer = server.call(f"What is 2+2? ({number})")
        server.freeze()
        if answer.get("isError"):
            raise RuntimeError(f"{spec.name}: {answer['content']}")
        return server.resident_bytes()
