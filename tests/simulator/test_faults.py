"""Each fault, as the real SDK meets it, and what it costs."""

import json
import zlib
from typing import Any

import anyio
import httpx2
import pytest
from google.genai import errors, types

from .conftest import FLASH, HELLO, Stand, Start

GENERATE = f"/v1/models/{FLASH}:generateContent"
STREAM = f"/v1/models/{FLASH}:streamGenerateContent?alt=sse"


async def calls_billed(stand: Stand) -> int:
    calls: int = (await stand.bill())["calls"]
    return calls


async def test_a_scripted_answer_stands_as_it_is(start: Start) -> None:
    rule = {"do": "answer", "text": "Yes.", "thinking_tokens": 77, "finish_reason": "OTHER", "avg_logprobs": -0.25}
    stand = await start(faults=[rule])
    answer = await stand.ask(max_output_tokens=1)
    assert answer.text == "Yes."
    assert answer.usage_metadata and answer.usage_metadata.thoughts_token_count == 77
    assert answer.candidates and answer.candidates[0].avg_logprobs == -0.25
    assert answer.candidates[0].finish_reason == types.FinishReason.OTHER
    assert (await stand.bill())["models"][FLASH]["thinking_tokens"] == 77


async def test_the_quota_is_exhausted_in_geminis_words(start: Start) -> None:
    quota = "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
    rule = {"do": "429", "quota_id": quota, "retry_after": 9}
    stand = await start(faults=[rule, {"do": "429", "retry_delay_s": 0.25}])
    with pytest.raises(errors.ClientError, match="429 RESOURCE_EXHAUSTED") as caught:
        await stand.ask()
    failure, links, retry = caught.value.details["error"]["details"]
    assert failure["@type"] == "type.googleapis.com/google.rpc.QuotaFailure"
    assert failure["violations"][0]["quotaId"] == quota
    assert failure["violations"][0]["quotaMetric"].endswith("free_tier_requests")
    assert links["@type"] == "type.googleapis.com/google.rpc.Help" and links["links"][0]["url"]
    assert retry == {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "53s"}
    assert caught.value.response.headers["retry-after"] == "9"
    assert await calls_billed(stand) == 0


@pytest.mark.parametrize(("delay_s", "shown"), [(0.25, "0.250s"), (2, "2s"), (None, None)])
async def test_the_retry_delay_is_the_rules_or_none(start: Start, delay_s: float | None, shown: str | None) -> None:
    stand = await start(faults=[{"do": "429", "retry_delay_s": delay_s}])
    details = (await stand.post(GENERATE)).json()["error"]["details"]
    assert [each["retryDelay"] for each in details if "retryDelay" in each] == ([shown] if shown else [])


@pytest.mark.parametrize(
    ("status", "name", "kind"),
    [
        (400, "INVALID_ARGUMENT", errors.ClientError),
        (401, "UNAUTHENTICATED", errors.ClientError),
        (403, "PERMISSION_DENIED", errors.ClientError),
        (404, "NOT_FOUND", errors.ClientError),
        (500, "INTERNAL", errors.ServerError),
        (502, "UNAVAILABLE", errors.ServerError),
        (503, "UNAVAILABLE", errors.ServerError),
        (504, "DEADLINE_EXCEEDED", errors.ServerError),
    ],
)
async def test_a_status_has_its_name_and_bills_nothing(
    start: Start, status: int, name: str, kind: type[errors.APIError]
) -> None:
    stand = await start(faults=[{"do": str(status), "times": 1}, {"do": str(status), "message": "In my own words."}])
    with pytest.raises(kind) as caught:
        await stand.ask()
    assert (caught.value.code, caught.value.status) == (status, name)
    assert caught.value.message
    with pytest.raises(kind, match="In my own words"):
        await stand.ask()
    assert await calls_billed(stand) == 0


async def test_a_blocked_prompt_has_no_candidates_and_bills_its_input(start: Start) -> None:
    stand = await start(faults=[{"do": "blocked", "reason": "PROHIBITED_CONTENT"}])
    answer = await stand.ask()
    assert answer.candidates is None
    assert answer.prompt_feedback
    assert answer.prompt_feedback.block_reason == types.BlockedReason.PROHIBITED_CONTENT
    line = (await stand.bill())["models"][FLASH]
    assert line["input_tokens"] > 0
    assert (line["calls"], line["output_tokens"], line["thinking_tokens"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("rule", "reason", "parts"),
    [
        ({"do": "safety"}, "SAFETY", None),
        ({"do": "safety", "finish_reason": "RECITATION"}, "RECITATION", None),
        ({"do": "max_tokens_empty"}, "MAX_TOKENS", None),
        ({"do": "no_text"}, "STOP", []),
    ],
)
async def test_an_answer_without_text_has_its_reason_and_bills_its_thinking(
    start: Start, rule: dict[str, Any], reason: str, parts: list[Any] | None
) -> None:
    stand = await start(faults=[rule])
    answer = await stand.ask(max_output_tokens=900)
    assert answer.text in (None, "")
    assert answer.candidates and answer.candidates[0].finish_reason
    assert answer.candidates[0].finish_reason.value == reason
    content = answer.candidates[0].content
    assert (content.parts if content else None) == parts
    line = (await stand.bill())["models"][FLASH]
    assert line["output_tokens"] == 0 and line["thinking_tokens"] > 0
    assert (line["thinking_tokens"] == 900) == (rule["do"] == "max_tokens_empty")


async def test_an_answer_without_usage_is_billed_all_the_same(start: Start) -> None:
    stand = await start(faults=[{"do": "no_usage"}])
    answer = await stand.ask("What is 2+2?")
    assert (answer.text, answer.usage_metadata) == ("[simulated] 4", None)
    assert (await stand.bill())["models"][FLASH]["output_tokens"] > 0


async def test_a_reroute_is_served_and_priced_as_the_other_model(start: Start) -> None:
    stand = await start(
        faults=[{"do": "reroute", "to": "gemini-4-argon", "model": FLASH}],
        prices="list",
        price=lambda model, usage, tier: {"gemini-4-argon": 7}.get(model, 1_000),
    )
    assert (await stand.ask()).model_version == "gemini-4-argon"
    bill = await stand.bill()
    assert list(bill["models"]) == ["gemini-4-argon"] and bill["nano_usd"] == 7


async def test_an_interrupted_answer_goes_on_with_its_token(start: Start) -> None:
    stand = await start(faults=[{"do": "continuation"}])
    whole = (await (await start()).ask("Tell me about rivers.")).text
    first = await stand.ask("Tell me about rivers.")
    assert first.candidates and first.candidates[0].finish_reason == types.FinishReason.CONTINUATION
    token = first.candidates[0].continuation_token
    rest = await stand.ask("Tell me about rivers.", continuation_token=token)
    assert first.text and rest.text and first.text + rest.text == whole
    merged = await stand.sdk.aio.models.generate_content(model=FLASH, contents="Tell me about rivers.")
    assert merged.text == whole
    assert await calls_billed(stand) == 4


async def test_a_delay_is_followed_by_a_normal_answer(start: Start) -> None:
    stand = await start(faults=[{"do": "delay", "seconds": 0.05}])
    assert (await stand.ask("What is 2+2?")).text == "[simulated] 4"
    assert await calls_billed(stand) == 1


async def test_a_hang_ends_with_the_connection(start: Start) -> None:
    stand = await start(faults=[{"do": "hang", "seconds": 0.05}])
    with pytest.raises(httpx2.RemoteProtocolError):
        await stand.ask()
    assert await calls_billed(stand) == 1


async def test_a_disconnect_gives_no_answer_but_is_billed(start: Start) -> None:
    stand = await start(faults=[{"do": "disconnect"}])
    with pytest.raises(httpx2.RemoteProtocolError, match="disconnected without sending a response"):
        await stand.ask()
    assert await calls_billed(stand) == 1
    assert [each["outcome"] for each in await stand.log()] == ["hung_up"]


async def test_a_drip_trickles_and_is_whole_in_the_end(start: Start) -> None:
    stand = await start(faults=[{"do": "drip", "interval_s": 0.001, "bytes": 64}])
    async with stand.http.stream("POST", GENERATE, json=HELLO) as answer:
        pieces = [piece async for piece in answer.aiter_raw()]
    assert len(pieces) > 3
    assert json.loads(b"".join(pieces))["modelVersion"] == FLASH


@pytest.mark.parametrize("path", [GENERATE, STREAM])
async def test_malformed_json_breaks_off(start: Start, path: str) -> None:
    stand = await start(faults=[{"do": "malformed"}])
    answer = await stand.post(path)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.text.rpartition("data: ")[2])
    assert await calls_billed(stand) == 1


async def test_the_sdk_meets_malformed_json(start: Start) -> None:
    stand = await start(faults=[{"do": "malformed"}])
    with pytest.raises(json.JSONDecodeError):
        await stand.ask()


async def test_an_empty_body_is_billed(start: Start) -> None:
    stand = await start(faults=[{"do": "empty_body"}])
    answer = await stand.post(GENERATE)
    assert (answer.status_code, answer.content) == (200, b"")
    assert await calls_billed(stand) == 1


@pytest.mark.parametrize("status", [200, 502])
async def test_html_comes_from_in_between_and_bills_nothing(start: Start, status: int) -> None:
    stand = await start(faults=[{"do": "html", "status": status}])
    answer = await stand.post(GENERATE)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html") and answer.text.startswith("<!DOCTYPE html>")
    assert await calls_billed(stand) == 0


@pytest.mark.parametrize(("fields", "status"), [({}, 302), ({"status": 307}, 307)])
async def test_a_redirect_points_elsewhere(start: Start, fields: dict[str, int], status: int) -> None:
    stand = await start(faults=[{"do": "redirect", "location": "https://example.com/x"} | fields])
    answer = await stand.post(GENERATE)
    assert (answer.status_code, answer.headers["location"]) == (status, "https://example.com/x")
    assert await calls_billed(stand) == 0


async def test_an_oversize_answer_is_still_an_answer(start: Start) -> None:
    stand = await start(faults=[{"do": "oversize", "bytes": 3_000_000}])
    answer = await stand.post(GENERATE)
    assert len(answer.content) > 3_000_000
    assert answer.json()["modelVersion"] == FLASH
    assert await calls_billed(stand) == 1


async def test_a_gzip_bomb_is_small_on_the_wire_and_sent_unasked(start: Start) -> None:
    stand = await start(faults=[{"do": "gzip_bomb", "bytes": 5_000_000}])
    for _ in range(2):
        headers = {"accept-encoding": "identity"}
        async with stand.http.stream("POST", GENERATE, json=HELLO, headers=headers) as answer:
            packed = b"".join([piece async for piece in answer.aiter_raw()])
        assert answer.headers["content-encoding"] == "gzip"
        assert len(packed) < 20_000
        unpacked = zlib.decompress(packed, wbits=31)
        assert len(unpacked) > 5_000_000 and json.loads(unpacked)["modelVersion"] == FLASH


async def test_faults_meet_streams_too(start: Start) -> None:
    stand = await start(faults=[{"do": "503", "times": 1}, {"do": "answer", "text": "scripted"}])
    with pytest.raises(errors.ServerError):
        await _streamed(stand)
    assert await _streamed(stand) == "scripted"


async def _streamed(stand: Stand) -> str:
    stream = await stand.sdk.aio.models.generate_content_stream(model=FLASH, contents="hello")
    return "".join([chunk.text or "" async for chunk in stream])


async def test_a_rule_sees_the_system_instruction_and_what_is_cached(start: Start) -> None:
    stand = await start(faults=[{"match": "haddock", "do": "503"}])
    with pytest.raises(errors.ServerError):
        await stand.ask(system_instruction="Mention haddock.")
    cache = await stand.sdk.aio.caches.create(model=FLASH, config=types.CreateCachedContentConfig(contents="haddock"))
    with pytest.raises(errors.ServerError):
        await stand.ask(cached_content=cache.name)
    assert (await stand.ask()).text


async def test_a_path_rule_meets_any_endpoint_and_no_other(start: Start) -> None:
    stand = await start(faults=[{"path": "/upload/*", "do": "503", "times": 1}])
    start_upload = {"x-goog-upload-command": "start"}
    assert (await stand.post("/upload/v1/files", {}, **start_upload)).status_code == 503
    assert (await stand.post("/upload/v1/files", {}, **start_upload)).status_code == 200
    assert (await stand.post(GENERATE)).status_code == 200
    assert [each["rule"] for each in await stand.log()] == [0, None, None]


@pytest.mark.parametrize(
    "rule",
    [
        {"do": "hang"},
        {"do": "delay", "seconds": 600},
        {"do": "drip", "interval_s": 600, "bytes": 10},
        {"do": "oversize", "bytes": 2_000_000_000},
    ],
    ids=lambda rule: str(rule["do"]),
)
async def test_a_client_that_goes_away_is_noticed_at_once_and_billed(start: Start, rule: dict[str, Any]) -> None:
    stand = await start(faults=[rule])
    with anyio.fail_after(5):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_read_for_ever, stand.url)
            await stand.simulator.log.wait_for(lambda entry: entry.rule == 0)
            tasks.cancel_scope.cancel()
        entry = await stand.simulator.log.wait_for(lambda entry: entry.outcome == "client_closed")
    assert entry.closed_after_ms is not None and entry.closed_after_ms < 5_000
    assert await calls_billed(stand) == 1
    assert (await stand.log())[0]["closed_after_ms"] == entry.closed_after_ms


async def _read_for_ever(url: str) -> None:
    async with (
        httpx2.AsyncClient(base_url=url, trust_env=False, timeout=None) as client,
        client.stream("POST", GENERATE, json=HELLO, headers={"x-goog-api-key": "k"}) as answer,
    ):
        async for _ in answer.aiter_raw():
            await anyio.sleep_forever()
