"""An MCP client that is nothing but lines of JSON on pipes: it costs next to nothing, and can kill what it talks to."""

import json
import os
import resource
import signal
import subprocess
import threading
from concurrent.futures import Future
from contextlib import suppress
from types import TracebackType
from typing import Any

from mcp.client.stdio import get_default_environment

from benchmarks.processes import ServerSpec

TIMEOUT_S = 60.0
Answer = dict[str, Any]


class ServerDied(Exception):
    """The server went before it answered."""


class RawServer:
    """A server over stdio. ``request`` returns at once; the future holds the whole JSON-RPC message."""

    def __init__(self, spec: ServerSpec) -> None:
        self.spec = spec
        self.lines: dict[int, str] = {}
        self._waiting: dict[int, Future[Answer]] = {}
        self._next_id = 0
        self._lock = threading.Lock()
        environment = get_default_environment() | spec.env
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(spec.argv, stdin=pipe, stdout=pipe, env=environment, start_new_session=True)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> "RawServer":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def in_flight(self) -> int:
        with self._lock:
            return len(self._waiting)

    def request(self, method: str, params: dict[str, Any] | None = None) -> "tuple[int, Future[Answer]]":
        future: Future[Answer] = Future()
        with self._lock:
            self._next_id += 1
            number = self._next_id
            self._waiting[number] = future
        self._send({"jsonrpc": "2.0", "id": number, "method": method, "params": params or {}})
        return number, future

    def notify(self, method: str, params: dict[str, Any] | None = None) -> None:
        self._send({"jsonrpc": "2.0", "method": method, **({"params": params} if params else {})})

    def ask(self, method: str, params: dict[str, Any] | None = None) -> Answer:
        """The result. Raises ServerDied, TimeoutError, or RuntimeError for a JSON-RPC error."""
        message = self.request(method, params)[1].result(TIMEOUT_S)
        if "error" in message:
            raise RuntimeError(f"{method}: {message['error']}")
        result: Answer = message["result"]
        return result

    def call(self, task: str, **arguments: Any) -> Answer:
        return self.ask("tools/call", {"name": self.spec.tool, "arguments": {"task": task, **arguments}})

    def shake_hands(self) -> None:
        client = {"name": "benchmark", "version": "1"}
        self.ask("initialize", {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client})
        self.notify("notifications/initialized")

    def list_tools(self) -> str:
        """The answer of tools/list as it came over the wire."""
        number, future = self.request("tools/list")
        future.result(TIMEOUT_S)
        return self.lines[number]

    def freeze(self) -> None:
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def resident_bytes(self) -> int:
        with open(f"/proc/{self.pid}/statm") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()

    def stop(self) -> None:
        """End it as a client does, by closing its input."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(TIMEOUT_S)

    def kill(self) -> float:
        """SIGKILL to the whole group. Returns the CPU seconds that it and its children had used; 0 when it was gone."""
        if self._process.returncode is not None:
            return 0.0
        os.killpg(self.pid, signal.SIGKILL)
        _, status, used = os.wait4(self.pid, 0)
        self._process.returncode = os.waitstatus_to_exitcode(status)
        self._reader.join(TIMEOUT_S)
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(BrokenPipeError):
                pipe.close()
        return used.ru_utime + used.ru_stime

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        line = json.dumps(message).encode() + b"\n"
        with self._lock:
            try:
                self._process.stdin.write(line)
                self._process.stdin.flush()
            except (BrokenPipeError, ValueError):
                raise ServerDied from None

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            message = json.loads(line)
            with self._lock:
                future = self._waiting.pop(message["id"], None) if "id" in message else None
            if future is not None:
                self.lines[message["id"]] = line.decode()
                future.set_result(message)
        with self._lock:
            left, self._waiting = list(self._waiting.values()), {}
        for future in left:
            future.set_exception(ServerDied())
