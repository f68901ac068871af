"""The process: its one line on stdout, its signals, its exit codes, its sockets, and what it imports."""

import ast
import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import httpx2
import pytest

import gemini_mcp.simulator
from gemini_mcp.simulator.server import _listening_socket, running
from gemini_mcp.simulator.simulator import Simulator

from .conftest import FLASH, HELLO, Stand, Start

PACKAGE = Path(gemini_mcp.simulator.__file__).parent
RUN = """
import sys
from pathlib import Path
from gemini_mcp.simulator.server import run
faults = Path(sys.argv[2]) if len(sys.argv) > 2 else None
sys.exit(run(int(sys.argv[1]), faults, "list", lambda model, usage, tier: 3, frozenset(("gemini-3.8-flash",))))
"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-c", RUN, *arguments]


@pytest.fixture
def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PACKAGE.parents[1])}


@pytest.fixture
def process(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    pipe = subprocess.PIPE
    with subprocess.Popen(command("0"), stdout=pipe, stderr=pipe, text=True, env=environment) as started:
        yield started
        started.kill()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_it_says_its_url_once_and_stops_cleanly_on_a_signal(
    process: subprocess.Popen[str], sent: signal.Signals
) -> None:
    assert process.stdout and process.stderr
    url = process.stdout.readline().strip()
    with httpx2.Client(base_url=url, headers={"x-goog-api-key": "k"}, trust_env=False) as client:
        assert client.post(f"/v1/models/{FLASH}:generateContent", json=HELLO).status_code == 200
        assert client.post("/v1/models/gemini-9:generateContent", json=HELLO).status_code == 404
        assert client.get("/__bill").json()["nano_usd"] == 3
        process.send_signal(sent)
        assert process.wait(timeout=10) == 0
    assert (process.stdout.read(), process.stderr.read()) == ("", "")


@pytest.mark.parametrize(
    ("content", "words"),
    [('[{"do": "explode"}]', "rule 0: unknown do 'explode'. Use one of"), ("{", "is not JSON")],
)
def test_a_bad_faults_file_is_explained_and_exits_with_2(
    tmp_path: Path, environment: dict[str, str], content: str, words: str
) -> None:
    file = tmp_path / "faults.json"
    file.write_text(content)
    ended = subprocess.run(command("0", str(file)), capture_output=True, text=True, env=environment, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert words in ended.stderr and str(file) in ended.stderr and "Traceback" not in ended.stderr


def test_a_port_that_is_taken_is_explained_and_exits_with_1(environment: dict[str, str]) -> None:
    with _listening_socket(0) as taken:
        port = str(taken.getsockname()[1])
        ended = subprocess.run(command(port), capture_output=True, text=True, env=environment, check=False)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert f"Port {port} cannot be had" in ended.stderr and "Traceback" not in ended.stderr


async def test_connections_are_not_delayed() -> None:
    accepted: asyncio.Queue[int] = asyncio.Queue()

    def connected(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        plain = writer.get_extra_info("socket")
        accepted.put_nowait(plain.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    listener = _listening_socket(0)
    async with await asyncio.start_server(connected, sock=listener):
        with anyio.fail_after(5):
            async with await anyio.connect_tcp(*listener.getsockname()):
                assert await accepted.get() == 1


async def test_it_listens_on_loopback_only(stand: Stand) -> None:
    assert stand.url.startswith("http://127.0.0.1:")


async def test_a_connection_is_kept_and_used_again(stand: Stand) -> None:
    for _ in range(3):
        await stand.ask()
    client = httpx2.AsyncClient(base_url=stand.url, trust_env=False)
    async with client:
        streams = {
            (await client.get("/__bill")).extensions["network_stream"].get_extra_info("client_addr") for _ in "abc"
        }
    assert len(streams) == 1


async def test_it_stops_at_once_though_a_request_hangs() -> None:
    simulator = Simulator(faults=[{"do": "hang"}])
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks, running(simulator) as url:
            tasks.start_soon(_meet_the_end, url)
            await simulator.log.wait_for(lambda entry: entry.rule == 0)
    assert simulator.bill.as_json()["calls"] == 1


async def _meet_the_end(url: str) -> None:
    async with httpx2.AsyncClient(base_url=url, trust_env=False, timeout=None) as client:
        with pytest.raises(httpx2.TransportError):
            await client.post(f"/v1/models/{FLASH}:generateContent", json=HELLO, headers={"x-goog-api-key": "k"})


async def test_two_run_side_by_side(start: Start) -> None:
    first, second = await start(), await start()
    await first.ask()
    assert ((await first.bill())["calls"], (await second.bill())["calls"]) == (1, 0)


async def test_many_at_once_are_all_answered(stand: Stand) -> None:
    async def post(number: int) -> None:
        body = {"contents": [{"parts": [{"text": f"What is {number} + 1?"}]}]}
        answer = (await stand.post(f"/v1/models/{FLASH}:generateContent", body)).json()
        assert answer["candidates"][0]["content"]["parts"][0]["text"] == f"[simulated] {number + 1}"

    async with anyio.create_task_group() as tasks:
        for number in range(100):
            tasks.start_soon(post, number)
    assert (await stand.bill())["calls"] == 100


def test_the_package_itself_imports_nothing_heavy(environment: dict[str, str]) -> None:
    probe = "import sys, json, gemini_mcp.simulator; print(json.dumps(sorted(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, env=environment, check=True)
    assert not {"starlette", "uvicorn", "pydantic", "anyio"} & set(json.loads(ended.stdout))


def test_nothing_that_reads_media_is_loaded_before_there_are_media(environment: dict[str, str]) -> None:
    probe = "import sys, json, gemini_mcp.simulator.server; print(json.dumps(sorted(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, env=environment, check=True)
    assert not {"PIL", "pypdfium2"} & set(json.loads(ended.stdout))


def test_it_imports_the_domain_alone_of_our_own() -> None:
    allowed = {"anyio", "pydantic", "starlette", "uvicorn", "PIL", "pypdfium2", *sys.stdlib_module_names}
    for module in PACKAGE.glob("*.py"):
        for name in _imported(ast.parse(module.read_text())):
            own = name.startswith(("gemini_mcp.simulator", "gemini_mcp.domain"))
            assert own or name.partition(".")[0] in allowed, f"{module.name} imports {name}"


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
