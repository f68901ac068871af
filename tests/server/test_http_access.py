"""Who gets in over HTTP: bearers of a token, by a known name, from no foreign page."""

from pathlib import Path

import httpx2
import pytest

from gemini_mcp.config import BadSetting
from gemini_mcp.server.transports import read_tokens

from .driving import (
    ERAS,
    TOKENS,
    Era,
    HttpServer,
    Json,
    Stand,
    delegate,
    environment,
    free_port,
    headers_of,
    http_server,
    over_http,
    read_json,
    receipt_of,
    run_to_the_end,
)

LIST: Json = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
PLAIN = {"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-11-25"}


async def asked(url: str, headers: dict[str, str], method: str = "POST") -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False, timeout=20) as caller:
        return await caller.request(method, url, headers=PLAIN | headers, json=LIST if method == "POST" else None)


async def test_a_bearer_of_a_token_gets_in(http: HttpServer) -> None:
    reply = await asked(http.url, headers_of("alice"))
    assert reply.status_code == 200 and "delegate_task" in reply.text


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer alice",
        "Bearer wrong-0123456789abcdef",
        f"Bearer {TOKENS['alice'][:-1]}",
        f"Bearer {TOKENS['alice']}x",
        f"Bearer {TOKENS['alice'].upper()}",
        f"Basic {TOKENS['alice']}",
        TOKENS["alice"],
    ],
)
async def test_without_a_good_token_nobody_gets_in(http: HttpServer, stand: Stand, authorization: str | None) -> None:
    reply = await asked(http.url, {} if authorization is None else {"authorization": authorization})
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith("Bearer")
    assert "delegate_task" not in reply.text and "alice" not in reply.text
    assert stand.asked == []


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_other_methods_need_a_token_too(http: HttpServer, method: str) -> None:
    assert (await asked(http.url, {}, method)).status_code == 401


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8765", "127.0.0.1.evil.example", "10.0.0.1"])
async def test_a_foreign_host_name_is_misdirected(http: HttpServer, host: str) -> None:
    assert (await asked(http.url, headers_of("alice") | {"host": host})).status_code == 421


@pytest.mark.parametrize("origin", ["https://evil.example", "http://127.0.0.1.evil.example", "null", "file://"])
async def test_a_foreign_origin_is_forbidden(http: HttpServer, origin: str) -> None:
    assert (await asked(http.url, headers_of("alice") | {"origin": origin})).status_code == 403


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "[::1]"])
async def test_loopback_names_and_origins_are_let_in(http: HttpServer, name: str) -> None:
    port = http.origin.rpartition(":")[2]
    headers = headers_of("alice") | {"host": f"{name}:{port}", "origin": f"http://{name}:{port}"}
    assert (await asked(http.url, headers)).status_code == 200


async def test_principals_are_kept_apart(http: HttpServer, era: Era, task: str) -> None:
    async with over_http(http.url, era, "alice") as alice, over_http(http.url, era, "bob") as bob:
        one, two = receipt_of(await delegate(alice, task)), receipt_of(await delegate(bob, task))
        assert one["session_id"].split("/")[0] == "alice" and two["session_id"].split("/")[0] == "bob"
        assert (await read_json(alice, "usage://session"))["session_id"] == one["session_id"]
        assert (await read_json(bob, "usage://session"))["session_id"] == two["session_id"]


async def test_on_loopback_no_token_is_needed_but_names_are_still_checked(env: dict[str, str], task: str) -> None:
    async with http_server(env) as server:
        for era in ERAS:
            async with over_http(server.url, era) as client:
                assert receipt_of(await delegate(client, task))["session_id"].startswith("local/")
        assert (await asked(server.url, {"host": "evil.example"})).status_code == 421
        assert (await asked(server.url, {"origin": "https://evil.example"})).status_code == 403


async def test_no_folder_is_open_over_http_unless_named(env: dict[str, str], tmp_path: Path, task: str) -> None:
    (tmp_path / "readable.txt").write_text("readable")
    named = {name: value for name, value in env.items() if name != "GEMINI_AGENTS_ROOTS"}
    named["CLAUDE_PROJECT_DIR"] = str(tmp_path)
    async with http_server(named) as server, over_http(server.url, "modern") as client:
        result = await delegate(client, task, files=["readable.txt"])
    assert result.is_error and (result.meta or {})["gemini-agents/error"]["code"] == "path_denied"
    assert "GEMINI_AGENTS_ROOTS" in (result.meta or {})["gemini-agents/error"]["fix"]


async def test_a_name_that_was_allowed_is_let_in(env: dict[str, str]) -> None:
    async with http_server(env, "--allowed-host", "agents.example") as server:
        assert (await asked(server.url, {"host": "agents.example"})).status_code == 200
        assert (await asked(server.url, {"host": "agents.example:443"})).status_code == 200
        assert (await asked(server.url, {"origin": "https://agents.example"})).status_code == 200
        assert (await asked(server.url, {"origin": "http://agents.example"})).status_code == 403


GOOD = "alice alice-0123456789abcdef\n"


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (["--host", "0.0.0.0"], "--token-file"),
        (["--host", "0.0.0.0", "--token-file", "tokens"], "--allowed-host"),
        (["--host", "agents.example", "--allowed-host", "agents.example"], "--token-file"),
        (["--token-file", "nowhere"], "cannot be read"),
    ],
)
async def test_a_server_that_would_be_open_to_strangers_does_not_start(
    tmp_path: Path, flags: list[str], says: str
) -> None:
    (tmp_path / "tokens").write_text(GOOD)
    arguments = ["serve", "--http", "--port", str(free_port()), *flags]
    code, out, err = await run_to_the_end(environment(tmp_path / "home", "http://127.0.0.1:9"), arguments)
    assert (code, out) == (2, "")
    (line,) = err.splitlines()
    assert line.startswith("gemini-agents: --") and says in line
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "holds no token"),
        ("# nobody\n\n", "holds no token"),
        ("alice-0123456789abcdef\n", "line 1"),
        (f"{GOOD}bob short\n", "line 2"),
        (f"{GOOD}bob alice-0123456789abcdef\n", "line 2"),
        (f"{GOOD}\nbob two words-0123456789\n", "line 3"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_token_file_that_is_not_one_is_refused_without_showing_a_token(
    tmp_path: Path, content: str | bytes, says: str
) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(BadSetting) as caught:
        read_tokens(tokens)
    assert says in str(caught.value) and str(tokens) in str(caught.value) and "0123456789" not in str(caught.value)


def test_comments_and_blank_lines_in_a_token_file_are_passed_over(tmp_path: Path) -> None:
    tokens = tmp_path / "tokens"
    tokens.write_text(f"# ours\n\n{GOOD.strip()} # her laptop\n")
    assert read_tokens(tokens) == {"alice-0123456789abcdef": "alice"}
