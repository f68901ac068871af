"""stdout belongs to the protocol, and the key to nobody."""

import json
from pathlib import Path

from mcp_types import jsonrpc_message_adapter

from .driving import LITE, TOKENS, Era, Json, Stand, delegate, http_server, over_http, raw_server, write_tokens

CANARY = "AIzaCANARY-not-a-key-0123456789abcdefghij"
FAULTS: list[Json] = [
    {"do": "400", "message": f"API key {CANARY} is strange"},
    {"do": "401", "message": f"Bad key {CANARY}"},
    {"do": "429", "retry_delay_s": 0, "message": f"key={CANARY} is out of quota", "times": 1},
    {"do": "503", "message": CANARY, "times": 1},
    {"do": "redirect", "location": f"https://example.com/?key={CANARY}"},
    {"do": "blocked"},
    {"do": "html", "times": 1},
    {"do": "malformed", "times": 1},
    {"do": "disconnect", "times": 1},
    {"do": "answer", "text": "", "finish_reason": "SAFETY"},
    {"do": "answer", "text": "fine\u2028\n\x00 \N{PILE OF POO}"},
]


def written(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def open_to_others(path: Path) -> int:
    return path.stat().st_mode & 0o077


async def test_every_line_on_stdout_is_json_rpc_whatever_happens(
    env: dict[str, str], era: Era, stand: Stand, task: str
) -> None:
    async with raw_server(env | {"GEMINI_AGENTS_LOG": "debug"}, era) as server:
        await server.ask("tools/list", {})
        for number, fault in enumerate(FAULTS):
            stand.play(fault)
            await server.delegate(f"{task}, {number}", tier=LITE, max_cost_usd=1)
        await server.write("this is no JSON")
        await server.write('{"jsonrpc": "2.0", "id": 1e999, "method": 7}')
        await server.write("")
        requests: list[tuple[str, Json]] = [
            ("tools/call", {"name": "no_such_tool", "arguments": {}}),
            ("tools/call", {"name": "delegate_task", "arguments": {"task": 7}}),
            ("resources/read", {"uri": "nowhere://"}),
            ("no/such/method", {}),
        ]
        for method, params in requests:
            await server.ask(method, params)
        await server.ask("resources/read", {"uri": "usage://session"})
        assert await server.closed() == 0
    assert len(server.lines) >= len(FAULTS) + 6
    for line in server.lines:
        assert line.endswith("\n")
        jsonrpc_message_adapter.validate_json(line)


async def test_the_key_is_never_written_anywhere(
    env: dict[str, str], home: Path, tmp_path: Path, stand: Stand, task: str
) -> None:
    """Not when upstream quotes it back in an error, and not at the chattiest log level."""
    told = env | {"GEMINI_API_KEY": CANARY, "GEMINI_AGENTS_LOG": "debug"}
    async with raw_server(told) as server:
        await server.ask("tools/list", {})
        for number, fault in enumerate(FAULTS):
            stand.play(fault)
            await server.delegate(f"{task}, {number}", tier=LITE)
        for uri in ("usage://session", "usage://history", "results://recent", "models://catalog"):
            await server.ask("resources/read", {"uri": uri})
        open_files = written(home)
        assert await server.closed() == 0
    said = "".join(server.lines)
    assert "key_rejected" in said and "[key]" in said
    assert CANARY not in said and "CANARY" not in said
    for name, content in (open_files | written(tmp_path)).items():
        assert b"CANARY" not in content, name
    assert {"home/ledger.sqlite3", "home/cache/cache.db", "stderr.log"} <= set(written(tmp_path))


async def test_bearer_tokens_are_never_written_anywhere(env: dict[str, str], tmp_path: Path, task: str) -> None:
    (tmp_path / "secret").mkdir()
    tokens = write_tokens(tmp_path / "secret")
    chatty = env | {"GEMINI_AGENTS_LOG": "debug"}
    async with (
        http_server(chatty, "--token-file", str(tokens)) as server,
        over_http(server.url, "modern", "alice") as client,
    ):
        await delegate(client, task)
        await client.read_resource("usage://session")
    tokens.unlink()
    for name, content in written(tmp_path).items():
        assert TOKENS["alice"].encode() not in content, name


async def test_logs_are_json_lines_and_hold_no_task_above_debug(
    env: dict[str, str], tmp_path: Path, stand: Stand, task: str
) -> None:
    async with raw_server(env | {"GEMINI_AGENTS_LOG": "info"}) as server:
        for fault in FAULTS[:4]:
            stand.play(fault)
            await server.delegate(task, fresh=True, tier=LITE)
        await server.closed()
    logged = written(tmp_path)["stderr.log"].decode()
    assert task not in logged
    for line in logged.splitlines():
        assert isinstance(json.loads(line), dict)


async def test_what_is_kept_is_for_its_user_s_eyes_only(env: dict[str, str], home: Path, task: str) -> None:
    async with raw_server(env) as server:
        await server.delegate(task)
        await server.closed()
    assert [open_to_others(folder) for folder in (home, home / "cache", home / "run")] == [0, 0, 0]
