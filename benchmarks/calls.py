"""Figures 5 to 7: calls through stdio against the floor, on the same upstream."""

import asyncio
from collections.abc import Awaitable, Callable
from statistics import median

from benchmarks.clients import Caller, connected
from benchmarks.figures import Effort, Figure, ratio_of, spread
from benchmarks.processes import fast_upstream, floor, product, temporary_home

BLOCK = 25
AT_ONCE = 64
Measure = Callable[[Caller], Awaitable[float]]


def measure_calls(effort: Effort) -> list[Figure]:
    """Figure 5."""
    ours, theirs = _interleaved(_p50_of_misses, _p50_of_misses, effort.of(60, 12))
    return [_latency("5", "one call through stdio, p50, ms", "one call of the floor", ours, theirs, 1.35)]


def measure_hits(effort: Effort) -> list[Figure]:
    """Figure 7."""
    ours, theirs = _interleaved(_p50_of_hits, _p50_of_misses, effort.of(60, 12))
    return [_latency("7", "cache hit through stdio, p50, ms", "one call of the floor", ours, theirs, 0.6)]


def measure_throughput(effort: Effort) -> list[Figure]:
    """Figure 6."""
    calls = effort.of(320, 320)
    ours, theirs = _interleaved(_throughput(calls), _throughput(calls), effort.of(24, 6))
    ratio = ratio_of(ours, theirs)
    return [
        Figure(
            "6",
            f"throughput, {AT_ONCE} concurrent calls on one connection, calls/s",
            spread(ours, ".0f"),
            f"the floor {spread(theirs, '.0f')}",
            f"{ratio:.2f}",
            "at least 0.80",
            ratio >= 0.80,
            f"{len(ours)} interleaved blocks of {calls} calls each; tasks never asked before",
        )
    ]


def _latency(number: str, what: str, name: str, ours: list[float], theirs: list[float], most: float) -> Figure:
    ratio = ratio_of(ours, theirs)
    note = f"{len(ours)} interleaved blocks of {BLOCK} calls each, the p50 of each block; ratio: median over the blocks"
    return Figure(
        number,
        what,
        spread(ours, ".2f"),
        f"{name} {spread(theirs, '.2f')}",
        f"{ratio:.2f}",
        f"at most {most}",
        ratio <= most,
        note,
    )


async def _p50_of_misses(caller: Caller) -> float:
    return median(await caller.misses(BLOCK)) * 1_000


async def _p50_of_hits(caller: Caller) -> float:
    return median(await caller.hits(BLOCK)) * 1_000


def _throughput(calls: int) -> Measure:
    async def measure(caller: Caller) -> float:
        return await caller.throughput(calls, AT_ONCE)

    return measure


def _interleaved(ours: Measure, theirs: Measure, rounds: int) -> tuple[list[float], list[float]]:
    """Both measured in turns, the product first in every other round."""

    async def run() -> tuple[list[float], list[float]]:
        with fast_upstream() as url, temporary_home() as home:
            async with connected(product(url, home)) as product_, connected(floor(url)) as floor_:
                measured: list[float] = []
                baseline: list[float] = []
                for number in range(rounds):
                    if number % 2:
                        baseline.append(await theirs(floor_))
                    measured.append(await ours(product_))
                    if not number % 2:
                        baseline.append(await theirs(floor_))
                return measured, baseline

    return asyncio.run(run())
