"""The processes a benchmark starts, and their end. Everything listens on loopback and lives in a temporary folder."""

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SERVERS = HERE / "servers"


@dataclass(frozen=True, slots=True)
class ServerSpec:
    """How to start an MCP server, and the tool of it to call."""

    name: str
    argv: tuple[str, ...]
    tool: str = "ask"
    env: dict[str, str] = field(default_factory=dict)


def hello() -> ServerSpec:
    return ServerSpec("hello-world", (sys.executable, str(SERVERS / "hello.py")))


def floor(upstream: str) -> ServerSpec:
    return ServerSpec("the floor", (sys.executable, str(SERVERS / "floor.py")), env={"UPSTREAM": upstream})


def product(upstream: str, home: Path, **env: str) -> ServerSpec:
    """The product as its users start it. Its budgets are out of the way, since a benchmark is one long session."""
    settings = {
        "GEMINI_API_KEY": "k",
        "GEMINI_AGENTS_BASE_URL": upstream,
        "GEMINI_AGENTS_HOME": str(home),
        "GEMINI_AGENTS_ROOTS": str(home.parent),
        "GEMINI_AGENTS_SESSION_BUDGET_USD": "100000",
        "GEMINI_AGENTS_DAY_BUDGET_USD": "100000",
    }
    return ServerSpec("gemini-agents", _command(), "delegate_task", settings | env)


def _command() -> tuple[str, ...]:
    return (sys.executable, str(SERVERS / "product.py"))


@contextmanager
def fast_upstream() -> Iterator[str]:
    """The base URL of an upstream that answers at once."""
    with _printing_its_url((sys.executable, str(HERE / "upstream.py"))) as (url, _):
        yield url


@contextmanager
def stand_in(faults: Path) -> Iterator[str]:
    """The base URL of the product's own stand-in, at list prices."""
    argv = (*_command(), "simulate", "--prices", "list", "--faults", str(faults))
    with _printing_its_url(argv) as (url, _):
        yield url


@contextmanager
def itemising_stand_in(faults: Path, items: Path) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """The same, which writes what it billed item by item to ``items`` when it is terminated."""
    with _printing_its_url((sys.executable, str(SERVERS / "itemising.py"), str(faults), str(items))) as started:
        yield started


@contextmanager
def _printing_its_url(argv: tuple[str, ...]) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


@contextmanager
def temporary_home() -> Iterator[Path]:
    """A GEMINI_AGENTS_HOME in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="gemini-agents-bench-") as folder:
        yield Path(folder) / "home"


def get_json(url: str) -> dict[str, Any]:
    """What an upstream tells about itself."""
    with urllib.request.urlopen(url, timeout=30) as response:
        found: dict[str, Any] = json.load(response)
        return found
