"""One attempt through the real SDK: what is sent, what comes back, and how it ends."""

import asyncio
import io
import json
import socket
import time
import traceback
from contextlib import redirect_stderr, redirect_stdout
from typing import Any

import anyio
import pytest

from gemini_mcp.domain.errors import AgentError, DeadlineExceeded, NoApiKey, UpstreamError
from gemini_mcp.domain.messages import ModelAnswer
from gemini_mcp.gemini import gateway as module
from gemini_mcp.gemini.gateway import Gateway

from .conftest import FLASH, KEY, WAIT_S, Start, a_request, answering, http

# -------------------------------------------------------------------------------------------------------------- sent


async def sent(start: Start, **changes: Any) -> dict[str, Any]:
    """The body that the stand-in received."""
    stand = await start(log_body_bytes=1_000_000)
    await stand.ask(a_request(**changes))
    body: dict[str, Any] = stand.simulator.log.entries()[-1].as_json()["body"]
    return body


async def test_the_prompt_and_the_instructions_are_sent_as_they_are(start: Start) -> None:
    body = await sent(start, prompt="Grüße\n\n  😀", system="Be brief.\nAlways.")
    assert body["contents"][0]["parts"] == [{"text": "Grüße\n\n  😀"}]
    instruction = body.get("systemInstruction") or body["system_instruction"]
    assert instruction["parts"] == [{"text": "Be brief.\nAlways."}]


async def test_limits_and_forms_are_sent(start: Start) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    body = await sent(start, max_output_tokens=123, json_mode=True, json_schema=schema, thinking_level="low")
    config = body["generationConfig"]
    assert config["maxOutputTokens"] == 123 and config["responseMimeType"] == "application/json"
    assert (config.get("responseJsonSchema") or config["response_json_schema"]) == schema
    assert "low" in json.dumps(config["thinkingConfig"]).lower()
    assert "tools" not in body


async def test_a_budget_for_thinking_is_sent_even_when_it_is_none(start: Start) -> None:
    config = (await sent(start, model="gemini-2.5-flash-lite", thinking_budget=0))["generationConfig"]
    assert list(config["thinkingConfig"].values()) == [0]
    assert "responseMimeType" not in config


async def test_nothing_about_thinking_is_sent_unless_asked(start: Start) -> None:
    assert "thinkingConfig" not in (await sent(start))["generationConfig"]


async def test_a_search_is_asked_for_by_its_tool(start: Start) -> None:
    (tool,) = (await sent(start, web_search=True))["tools"]
    assert [name.replace("_", "").lower() for name in tool] == ["googlesearch"]


async def test_the_key_goes_in_a_header_and_compression_is_not_asked_for() -> None:
    async with answering(http(200, '{"candidates": [{}]}')) as wire:
        gateway = Gateway(KEY, wire.url, "v1beta")
        await gateway.generate(a_request(), time.monotonic() + WAIT_S)
        await gateway.aclose()
    (head,) = wire.seen
    assert head.startswith(f"POST /v1beta/models/{FLASH}:generateContent ".encode())
    assert f"x-goog-api-key: {KEY}\r\n".encode() in head and KEY.encode() not in head.split(b"\r\n")[0]
    assert b"accept-encoding: identity" in head.lower()


# ------------------------------------------------------------------------------------------------------------- comes


async def test_an_answer_comes_back_with_its_usage_and_the_model_that_served(start: Start) -> None:
    stand = await start(prices="list")
    answer = await stand.ask()
    assert "42" in answer.text
    assert (answer.finish_reason, answer.model_served, answer.service_tier) == ("stop", FLASH, "standard")
    assert answer.usage is not None and answer.usage.input_tokens > 0 and answer.usage.output_tokens > 0
    bill = stand.simulator.bill.as_json()["models"][FLASH]
    assert (bill["input_tokens"], bill["output_tokens"]) == (answer.usage.input_tokens, answer.usage.output_tokens)


async def test_a_rerouted_answer_names_the_model_that_served(start: Start) -> None:
    stand = await start({"do": "reroute", "to": "gemini-3.6-flash"})
    assert (await stand.ask()).model_served == "gemini-3.6-flash"


async def test_a_search_counts_its_queries_and_names_its_pages(start: Start) -> None:
    answer = await (await start()).ask(a_request("What is new in Python?", web_search=True))
    assert answer.usage is not None and answer.usage.search_queries >= 1
    assert answer.web_sources and all(page.uri.startswith("http") and page.title for page in answer.web_sources)


@pytest.mark.parametrize(
    ("fault", "finish", "text"),
    [
        ({"do": "answer", "text": "Half", "finish_reason": "MAX_TOKENS"}, "max_tokens", "Half"),
        ({"do": "max_tokens_empty"}, "max_tokens", ""),
        ({"do": "safety"}, "safety", ""),
        ({"do": "safety", "finish_reason": "PROHIBITED_CONTENT"}, "safety", ""),
        ({"do": "answer", "text": "x", "finish_reason": "RECITATION"}, "recitation", "x"),
        ({"do": "answer", "text": "x", "finish_reason": "MALFORMED_FUNCTION_CALL"}, "other", "x"),
        ({"do": "no_text"}, "stop", ""),
    ],
)
async def test_how_an_answer_ended_is_told(start: Start, fault: dict[str, Any], finish: str, text: str) -> None:
    answer = await (await start(fault)).ask()
    assert (answer.finish_reason, answer.text) == (finish, text)
    assert answer.usage is not None


async def test_a_mean_log_probability_arrives_where_the_model_tells_one(start: Start) -> None:
    stand = await start({"do": "answer", "text": "42", "avg_logprobs": -0.125, "times": 1})
    told, silent = await stand.ask(), await stand.ask()
    assert told.confidence == -0.125 and silent.confidence is None


async def test_a_log_probability_is_never_asked_for(start: Start) -> None:
    body = json.dumps(await sent(start))
    assert "logprobs" not in body.lower()


async def test_an_answer_that_does_not_say_what_it_used_is_of_unknown_usage(start: Start) -> None:
    answer = await (await start({"do": "no_usage"})).ask()
    assert answer.text and answer.usage is None


async def test_an_answer_to_be_continued_is_not_continued_unasked(start: Start) -> None:
    stand = await start({"do": "continuation"})
    answer = await stand.ask()
    assert (answer.finish_reason, answer.finish_detail, stand.requests) == ("other", "CONTINUATION", 1)


async def test_calls_at_once_each_get_their_own_answer(start: Start) -> None:
    stand = await start()
    texts: dict[int, str] = {}

    async def one(number: int) -> None:
        texts[number] = (await stand.ask(a_request(f"What is {number} * 10?"))).text

    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            for number in range(20, 60):
                group.start_soon(one, number)
    assert all(str(number * 10) in text for number, text in texts.items()) and len(texts) == 40


# ---------------------------------------------------------------------------------------------------------------- key


async def test_without_a_key_nothing_is_sent(start: Start) -> None:
    stand = await start(key="")
    with pytest.raises(NoApiKey) as caught:
        await stand.ask()
    assert "GEMINI_API_KEY" in caught.value.fix and stand.requests == 0


CANARY_FAULTS: list[dict[str, Any]] = [
    {"do": "400", "message": f"Bad key {KEY} in request"},
    {"do": "401", "message": f"key={KEY}"},
    {"do": "403", "message": f"{KEY[:20]}\n{KEY}"},
    {"do": "404", "message": f"no {KEY}"},
    {"do": "429", "message": KEY},
    {"do": "500", "message": KEY},
    {"do": "503", "message": KEY},
    {"do": "malformed"},
    {"do": "html"},
    {"do": "html", "status": 403},
    {"do": "disconnect"},
    {"do": "empty_body"},
    {"do": "blocked", "reason": "OTHER"},
    {"do": "redirect", "location": "http://127.0.0.1:1/"},
]


@pytest.mark.parametrize("fault", CANARY_FAULTS, ids=lambda fault: "-".join(map(str, fault.values()))[:30])
async def test_no_message_holds_the_key(start: Start, fault: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    out, err = io.StringIO(), io.StringIO()
    stand = await start(fault)
    with caplog.at_level("DEBUG"), redirect_stdout(out), redirect_stderr(err), pytest.raises(AgentError) as caught:
        await stand.ask()
    error = caught.value
    shown = "".join(traceback.format_exception(error))
    told = [str(error), repr(error), error.fix, shown, out.getvalue(), err.getvalue(), caplog.text]
    assert not any(KEY in text for text in told)


@pytest.mark.parametrize("key", [KEY + "\nx: y", KEY + "é", KEY + "\x00"])
async def test_a_key_that_no_header_can_hold_is_told_without_being_shown(start: Start, key: str) -> None:
    stand = await start(key=key)
    with pytest.raises(AgentError) as caught:
        await stand.ask()
    assert KEY not in str(caught.value) and stand.requests == 0


async def test_a_rejected_key_is_told_apart(start: Start) -> None:
    stand = await start(key=KEY + "bad")
    with pytest.raises(AgentError) as caught:
        await stand.ask()
    assert caught.value.code == "key_rejected" and KEY not in str(caught.value)


# ------------------------------------------------------------------------------------------------- only to one place


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(start: Start, status: int) -> None:
    async with answering(http(200, "{}")) as elsewhere:
        stand = await start({"do": "redirect", "location": f"{elsewhere.url}/collect", "status": status})
        with pytest.raises(UpstreamError) as caught:
            await stand.ask()
    assert elsewhere.seen == [] and stand.requests == 1
    assert not caught.value.retryable and "redirect" in caught.value.message


async def test_what_the_environment_says_to_the_sdk_is_ignored(
    start: Start, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with answering(http(200, "{}")) as elsewhere:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, elsewhere.url)
            monkeypatch.setenv(name.lower(), elsewhere.url)
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        for name in ("GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL"):
            monkeypatch.setenv(name, elsewhere.url)
        for name in ("GOOGLE_GENAI_USE_VERTEXAI", "GOOGLE_GENAI_USE_ENTERPRISE"):
            monkeypatch.setenv(name, "true")
        monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "evil")
        monkeypatch.setenv("GOOGLE_GENAI_CLIENT_MODE", "record")
        monkeypatch.setenv("GOOGLE_GENAI_HTTP_CLIENT", "aiohttp")
        monkeypatch.setenv("GOOGLE_GENAI_API_VERSION", "v9")
        monkeypatch.setenv("GOOGLE_API_KEY", "another-key")
        stand = await start()
        answer = await stand.ask()
    assert answer.text and elsewhere.seen == []
    (entry,) = stand.simulator.log.entries()
    assert entry.path == f"/v1/models/{FLASH}:generateContent"
    assert capsys.readouterr().out == ""


async def test_without_a_base_url_it_is_googles() -> None:
    assert Gateway(KEY, None, None).endpoint == "https://generativelanguage.googleapis.com/v1"
    assert Gateway(KEY, "http://127.0.0.1:1", "v1beta").endpoint == "http://127.0.0.1:1/v1beta"


# ---------------------------------------------------------------------------------------------------------- simulated


@pytest.mark.parametrize("prices", ["zero", "list"])
async def test_the_stand_in_on_this_machine_may_say_what_it_is(start: Start, prices: Any) -> None:
    assert (await (await start(prices=prices)).ask()).simulated == prices


LABEL = "X-Gemini-Agents-Simulated: prices=zero"
ELSEWHERE = ["example.invalid", "127.0.0.1.example.invalid", "localhost.example.invalid", "0.0.0.0"]


async def elsewhere(host: str, status: int, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> ModelAnswer:
    """What the gateway makes of another host, which answers with the stand-in's label. All names lead here."""
    resolve = socket.getaddrinfo

    def here(host: Any, *args: Any, **options: Any) -> Any:
        return resolve("127.0.0.1", *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", here)
    async with answering(http(status, json.dumps(body), LABEL)) as wire:
        gateway = Gateway(KEY, wire.url.replace("127.0.0.1", host), None)
        try:
            return await gateway.generate(a_request(), time.monotonic() + WAIT_S)
        finally:
            await gateway.aclose()


@pytest.mark.parametrize("host", ELSEWHERE)
async def test_nobody_else_may_call_itself_simulated_and_so_free(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = await elsewhere(host, 200, {"candidates": [{"content": {"parts": [{"text": "x"}]}}]}, monkeypatch)
    assert (answer.text, answer.simulated) == ("x", None)


@pytest.mark.parametrize(
    ("status", "body"),
    [(503, {"error": {"code": 503}}), (200, {"promptFeedback": {"blockReason": "SAFETY"}}), (200, {})],
)
async def test_nor_may_an_error_of_theirs(status: int, body: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UpstreamError) as caught:
        await elsewhere("example.invalid", status, body, monkeypatch)
    assert caught.value.simulated is None


async def test_an_error_of_the_stand_in_is_labelled(start: Start) -> None:
    with pytest.raises(UpstreamError) as caught:
        await (await start({"do": "503"}, prices="list")).ask()
    assert caught.value.simulated == "list"


# -------------------------------------------------------------------------------------------------------------- ends


@pytest.mark.parametrize(
    "fault", [{"do": "hang"}, {"do": "drip", "interval_s": 0.02, "bytes": 1}, {"do": "delay", "seconds": 30}]
)
async def test_the_deadline_ends_an_attempt_whatever_upstream_does(start: Start, fault: dict[str, Any]) -> None:
    stand = await start(fault)
    await stand.gateway.load()
    with anyio.fail_after(WAIT_S), pytest.raises(DeadlineExceeded) as caught:
        await stand.ask(seconds=0.3)
    assert caught.value.usage is None
    with anyio.fail_after(WAIT_S):
        await stand.simulator.log.wait_for(lambda entry: entry.outcome == "client_closed")


async def test_a_deadline_that_has_passed_sends_nothing_and_costs_nothing(start: Start) -> None:
    stand = await start()
    await stand.gateway.load()
    with pytest.raises(DeadlineExceeded) as caught:
        await stand.ask(seconds=-1)
    assert stand.requests == 0
    assert caught.value.usage is not None


@pytest.mark.parametrize("fault", [{"do": "hang"}, {"do": "drip", "interval_s": 0.02, "bytes": 1}])
async def test_a_caller_that_leaves_closes_the_connection(start: Start, fault: dict[str, Any]) -> None:
    stand = await start(fault)
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(stand.ask)
            await stand.simulator.log.wait_for(lambda entry: entry.size > 0)
            group.cancel_scope.cancel()
        await stand.simulator.log.wait_for(lambda entry: entry.outcome == "client_closed")


async def test_after_a_caller_left_the_gateway_still_works(start: Start) -> None:
    stand = await start({"do": "hang", "times": 1})
    with anyio.fail_after(WAIT_S):
        async with anyio.create_task_group() as group:
            group.start_soon(stand.ask)
            await stand.simulator.log.wait_for(lambda entry: entry.size > 0)
            group.cancel_scope.cancel()
        assert (await stand.ask()).text


@pytest.mark.parametrize(
    "fault",
    [{"do": "503"}, {"do": "429", "retry_delay_s": 0}, {"do": "500"}, {"do": "disconnect"}, {"do": "malformed"}],
)
async def test_one_attempt_is_one_request(start: Start, fault: dict[str, Any]) -> None:
    stand = await start(fault)
    with pytest.raises(UpstreamError):
        await stand.ask()
    assert stand.requests == 1


async def test_the_sdk_is_loaded_once_for_all_who_wait(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    stand, loads = await start(), []
    load = module._import_and_warm

    def counted() -> None:
        loads.append(1)
        load()

    monkeypatch.setattr(module, "_import_and_warm", counted)
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(stand.gateway.load)
    assert len(loads) == 1 and stand.requests == 0


async def test_closing_a_gateway_that_was_never_used_is_nothing() -> None:
    await Gateway(KEY, None, None).aclose()


async def test_closing_the_gateway_closes_its_connections() -> None:
    closed = anyio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\n" + b'{"candidates": [{}]}')
        while await reader.read(65_536):
            pass
        closed.set()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        gateway = Gateway(KEY, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", None)
        await gateway.generate(a_request(), time.monotonic() + WAIT_S)
        await gateway.aclose()
        with anyio.fail_after(2):
            await closed.wait()
