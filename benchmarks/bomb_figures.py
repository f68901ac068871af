"""Bombs: each is read by us in a new process, and by its library alone in another, which is ended after a while."""

import argparse
import gc
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import anyio

from benchmarks.bomb_cases import Case, cases
from benchmarks.figures import Effort, Figure
from gemini_mcp.domain.errors import Refusal
from gemini_mcp.sources.child import Children

MB = 1_000_000
MOST_S, MOST_MB = 3.0, 20.0
_NAIVE_S, _NAIVE_BYTES = 10.0, 4 << 30
_SCRIPT = Path(__file__).with_name("bombs.py")


@dataclass(frozen=True, slots=True)
class Outcome:
    """``ended``: the error's code or type, "read", or "ended" by the time limit; ``grown``: MB at the peak."""

    ended: str
    seconds: float
    grown: float


@dataclass(frozen=True, slots=True)
class Pair:
    """``ours``: one outcome for each repetition."""

    case: Case
    size: int
    ours: tuple[Outcome, ...]
    naive: Outcome

    @property
    def met(self) -> bool:
        typed = all(one.ended in ("too_large", "unsupported_format") for one in self.ours)
        return typed and self.slowest <= MOST_S and self.largest <= MOST_MB

    @property
    def slowest(self) -> float:
        return max(one.seconds for one in self.ours)

    @property
    def largest(self) -> float:
        return max(one.grown for one in self.ours)


def measure_bombs(effort: Effort) -> list[Figure]:
    """One figure a kind."""
    by_kind: dict[str, list[Pair]] = {}
    for case in cases():
        by_kind.setdefault(case.kind, []).append(_measured(case, effort))
    return [_figure(kind, pairs) for kind, pairs in by_kind.items()]


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure what bombs do.")
    parser.add_argument("--only", action="append", metavar="NAME", help="a kind, or one bomb")
    parser.add_argument("--quick", action="store_true", help="once each")
    parser.add_argument("--one", nargs=3, metavar=("NAME", "WAY", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(_read(*options.one)))
        return 0
    chosen = [case for case in cases() if not options.only or {case.kind, case.name} & set(options.only)]
    print("| bomb | bytes | error | s | parent +MB | library alone | s | peak MB | met |")
    print("|---" * 9 + "|")
    pairs = []
    for case in chosen:
        pairs.append(_measured(case, Effort(options.quick)))
        print(_row(pairs[-1]), flush=True)
    missed = [pair.case.name for pair in pairs if not pair.met]
    print(f"\n{len(pairs)} bombs; missed: {', '.join(missed) or 'none'}")
    return 0


def _measured(case: Case, effort: Effort) -> Pair:
    with tempfile.NamedTemporaryFile(suffix=".bomb") as file:
        data = case.make()
        file.write(data)
        file.flush()
        ours = tuple(_ours(case, file.name) for _ in range(effort.of(3, 1)))
        return Pair(case, len(data), ours, _naive(case, file.name))


def _command(case: Case, way: str, path: str) -> list[str]:
    return [sys.executable, str(_SCRIPT), "--one", f"{case.kind}/{case.name}", way, path]


def _ours(case: Case, path: str) -> Outcome:
    done = subprocess.run(_command(case, "ours", path), capture_output=True, text=True, check=True, timeout=120)
    return Outcome(**json.loads(done.stdout))


def _naive(case: Case, path: str) -> Outcome:
    """Its peak is that of the whole process, with the interpreter and the library."""
    began = time.monotonic()
    with subprocess.Popen(_command(case, "naive", path), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            out, _ = process.communicate(timeout=_NAIVE_S)
        except subprocess.TimeoutExpired:
            peak = _peak(process.pid)
            process.kill()
            return Outcome("ended", time.monotonic() - began, peak / MB)
    if process.returncode:
        return Outcome(f"crash ({process.returncode})", time.monotonic() - began, float("nan"))
    return Outcome(**json.loads(out))


def _read(name: str, way: str, path: str) -> dict[str, str | float]:
    """In the new process."""
    case = next(case for case in cases() if f"{case.kind}/{case.name}" == name)
    data = Path(path).read_bytes()
    return anyio.run(_read_by_us, case, data) if way == "ours" else _read_naively(case, data)


async def _read_by_us(case: Case, data: bytes) -> dict[str, str | float]:
    children = Children()
    with suppress(Refusal):
        await case.ours(children, b"what is loaded at a first call is not the bomb's")
    before = _marked()
    began = time.monotonic()
    try:
        await case.ours(children, data)
        ended = "read"
    except Refusal as error:
        ended = error.code
    return {"ended": ended, "seconds": time.monotonic() - began, "grown": (_peak(os.getpid()) - before) / MB}


def _read_naively(case: Case, data: bytes) -> dict[str, str | float]:
    resource.setrlimit(resource.RLIMIT_AS, (_NAIVE_BYTES, _NAIVE_BYTES))
    began = time.monotonic()
    try:
        case.naive(data)
        ended = "read"
    except Exception as error:  # whatever its library raises is what is measured
        ended = type(error).__name__
    return {"ended": ended, "seconds": time.monotonic() - began, "grown": _peak(os.getpid()) / MB}


def _marked() -> int:
    """Bytes resident now, from where the peak counts from here on."""
    gc.collect()
    Path("/proc/self/clear_refs").write_text("5")
    return _peak(os.getpid())


def _peak(pid: int) -> int:
    """Bytes resident at most, since the start or since the mark was taken back."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("VmHWM"))


def _row(pair: Pair) -> str:
    naive = pair.naive
    columns = (
        f"{pair.case.kind}: {pair.case.name}", f"{pair.size:,}", "/".join(sorted({one.ended for one in pair.ours})),
        f"{pair.slowest:.2f}", f"{pair.largest:.1f}", naive.ended, f"{naive.seconds:.1f}", f"{naive.grown:,.0f}",
        "yes" if pair.met else "**no**",
    )  # fmt: skip
    return f"| {' | '.join(columns)} |"


def _figure(kind: str, pairs: list[Pair]) -> Figure:
    slowest, largest = max(pair.slowest for pair in pairs), max(pair.largest for pair in pairs)
    untyped = sorted({one.ended for pair in pairs for one in pair.ours} - {"too_large", "unsupported_format"})
    ended = sum(pair.naive.ended == "ended" or pair.naive.ended.startswith("crash") for pair in pairs)
    worst = max((pair.naive.grown for pair in pairs if pair.naive.grown == pair.naive.grown), default=0.0)
    return Figure(
        "13",
        f"{kind}: {len(pairs)} bombs, slowest s and parent's growth in MB",
        f"{slowest:.2f} s, +{largest:.1f} MB, {'typed errors' if not untyped else ', '.join(untyped)}",
        f"library alone: {ended} crash or run past {_NAIVE_S:.0f} s, up to {worst:,.0f} MB",
        "-",
        f"typed errors, {MOST_S:.0f} s, +{MOST_MB:.0f} MB",
        all(pair.met for pair in pairs),
        "each bomb in a new process; growth of its peak resident memory; of all repetitions the worst",
    )
