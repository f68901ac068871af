"""500 files, 20 MB of text, summarised by one server: how far its parts run in parallel when an answer takes 0.3 s,
and how much memory that takes."""

import json
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import anyio
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client

from benchmarks.figures import Effort, Figure
from benchmarks.processes import product, stand_in, temporary_home
from gemini_mcp.tools.summary_run import AT_ONCE

FILES, BYTES = 500, 20_000_000
UPSTREAM_S = 0.3
MB = 1_000_000
WORDS = (
    "harbour",
    "pier",
    "storm",
    "ship",
    "board",
    "cost",
    "rebuild",
    "north",
    "south",
    "decision",
    "winter",
    "tide",
    "lamp",
)


@dataclass(frozen=True, slots=True)
class Run:
    """One call. ``reading_s``: from the plan to the last part; ``grown``: bytes of RSS at its highest over before."""

    whole_s: float
    reading_s: float
    requests: int
    parts: int
    grown: int


def measure_summaries(effort: Effort) -> list[Figure]:
    """Figures of summarize_docs on much material."""
    files = effort.of(FILES, FILES // 5)
    with tempfile.TemporaryDirectory() as folder:
        rules = Path(folder) / "faults.json"
        rules.write_text(json.dumps([{"do": "delay", "seconds": UPSTREAM_S}]))
        project = Path(folder) / "project"
        _write(project, files, BYTES * files // FILES)
        with stand_in(rules) as url, temporary_home() as home:
            run = anyio.run(_run, url, home, project)
    at_once = run.parts * UPSTREAM_S / run.reading_s
    share = at_once / AT_ONCE
    material = f"{files} files, {BYTES * files // FILES // MB} MB"
    note = (
        f"{run.parts} parts, {run.requests} requests; the whole call {run.whole_s:.1f} s, reading and planning included"
    )
    return [
        Figure(
            "14",
            f"{material}: parts read at the same time, at {UPSTREAM_S:g} s an answer",
            f"{at_once:.1f} ({run.reading_s:.1f} s)",
            f"one after the other {run.parts * UPSTREAM_S:.0f} s; at most {AT_ONCE} are asked at once",
            f"{share:.2f} of {AT_ONCE}",
            "at least 0.80",
            share >= 0.8,
            note,
        ),
        Figure(
            "14",
            f"{material}: RSS at its highest, over that before the call",
            f"+{run.grown / MB:.0f} MB",
            "-",
            "-",
            "at most +150 MB",
            run.grown <= 150 * MB,
            "VmHWM of the server's process, read from /proc, over VmRSS after a first small call",
        ),
    ]


def _write(project: Path, files: int, total: int) -> None:
    random = Random(1)
    for number in range(files):
        path = project / f"chapter{number % 20:02d}" / f"text{number:03d}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(random, number, total // files))


def _text(random: Random, number: int, size: int) -> str:
    blocks, length = [f"# Chapter {number}\n"], 0
    while length < size:
        sentences = (" ".join(random.choices(WORDS, k=12)).capitalize() + "." for _ in range(6))
        blocks.append(" ".join(sentences) + "\n")
        length += len(blocks[-1]) + 1
    return "\n".join(blocks)


async def _run(url: str, home: Path, project: Path) -> Run:
    spec = product(url, home, GEMINI_AGENTS_ROOTS=str(project), GEMINI_AGENTS_LOG="warning")
    pid_file = home.parent / "pid"
    argv = ["-c", f'echo $$ > {pid_file}; exec "$@"', "sh", *spec.argv]
    parameters = StdioServerParameters(command="/bin/sh", args=argv, env=spec.env)
    async with Client(stdio_client(parameters), mode="legacy", read_timeout_seconds=600) as client:
        await client.call_tool("delegate_task", {"task": "What is 2+2?"})
        pid = int(pid_file.read_text())
        before = _memory(pid, "VmRSS")
        began = time.monotonic()
        moments: list[tuple[float, str]] = []

        async def tell(progress: float, total: float | None, message: str | None) -> None:
            moments.append((time.monotonic(), message or ""))

        result = await client.call_tool("summarize_docs", {"sources": ["."]}, progress_callback=tell)
        whole_s = time.monotonic() - began
        if result.is_error:
            raise RuntimeError(str(result.content))
        receipt: dict[str, Any] = (result.meta or {})["gemini-agents/receipt"]
        read = [at for at, message in moments if message.endswith("parts read")]
        planned = next(at for at, message in moments if " parts and " in message)
        highest = _memory(pid, "VmHWM")
        return Run(whole_s, max(read) - planned, len(receipt["attempts"]), len(read), highest - before)


def _memory(pid: int, name: str) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(f"{name}:")) * 1_024
