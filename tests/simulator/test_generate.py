"""Generating through the real SDK: the wire, the usage, and what Gemini refuses."""

from typing import Any

import pytest
from google.genai import errors, types

from .conftest import FLASH, HELLO, Stand, Start, sdk_for

GENERATE = f"/v1beta/models/{FLASH}:generateContent"
ASK_4 = "What is 2+2?"


async def test_an_answer_names_its_model_its_usage_and_that_it_is_simulated(stand: Stand) -> None:
    answer = await stand.ask(ASK_4)
    assert answer.text == "[simulated] 4"
    assert answer.model_version == FLASH
    assert answer.candidates and answer.candidates[0].finish_reason == types.FinishReason.STOP
    usage = answer.usage_metadata
    assert usage and usage.prompt_token_count and usage.candidates_token_count and usage.thoughts_token_count
    assert usage.total_token_count == sum(
        (usage.prompt_token_count, usage.candidates_token_count, usage.thoughts_token_count)
    )
    assert answer.sdk_http_response and answer.sdk_http_response.headers
    assert answer.sdk_http_response.headers["x-gemini-agents-simulated"] == "prices=zero"
    assert answer.sdk_http_response.headers["x-gemini-service-tier"] == "standard"


async def test_the_same_request_gets_the_same_answer_under_another_id(stand: Stand) -> None:
    first, second = await stand.ask("Tell me about rivers."), await stand.ask("Tell me about rivers.")
    assert first.text == second.text
    assert first.text and first.text.startswith("[simulated] ")
    assert first.response_id != second.response_id


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
async def test_any_api_version_is_served(start: Start, version: str) -> None:
    stand = await start()
    async with sdk_for(stand.url, version=version) as sdk:
        answer = await sdk.aio.models.generate_content(model=FLASH, contents=ASK_4)
    assert answer.text == "[simulated] 4"
    assert (await stand.log())[0]["path"] == f"/{version}/models/{FLASH}:generateContent"


@pytest.mark.parametrize(("prices", "label"), [("zero", "prices=zero"), ("list", "prices=list")])
@pytest.mark.parametrize("path", [GENERATE, "/v1/models/none-such:generateContent", "/nowhere", "/v1/files"])
async def test_every_response_is_labelled_with_its_prices(start: Start, prices: str, label: str, path: str) -> None:
    stand = await start(prices=prices)
    assert (await stand.post(path)).headers["x-gemini-agents-simulated"] == label


async def test_a_stream_comes_in_pieces_that_make_the_whole_answer(stand: Stand) -> None:
    whole = (await stand.ask("Tell me about rivers.")).text
    chunks = [
        chunk
        async for chunk in await stand.sdk.aio.models.generate_content_stream(
            model=FLASH, contents="Tell me about rivers."
        )
    ]
    assert len(chunks) > 1
    assert "".join(chunk.text or "" for chunk in chunks) == whole
    last = chunks[-1]
    assert last.usage_metadata and last.usage_metadata.candidates_token_count
    assert last.candidates and last.candidates[0].finish_reason == types.FinishReason.STOP
    assert {chunk.response_id for chunk in chunks} == {chunks[0].response_id}


async def test_a_stream_is_framed_as_google_frames_it(stand: Stand) -> None:
    path = f"/v1/models/{FLASH}:streamGenerateContent"
    events = await stand.post(f"{path}?alt=sse")
    assert events.headers["content-type"] == "text/event-stream"
    assert events.text.startswith("data: {") and events.text.endswith("}\r\n\r\n")
    assert isinstance((await stand.post(path)).json(), list)


async def test_tokens_are_counted_as_they_are_later_billed(stand: Stand) -> None:
    counted = await stand.sdk.aio.models.count_tokens(model=FLASH, contents="Count these five words, please.")
    answer = await stand.ask("Count these five words, please.")
    assert answer.usage_metadata and counted.total_tokens == answer.usage_metadata.prompt_token_count
    assert (await stand.bill())["calls"] == 1


async def test_tokens_are_counted_of_a_whole_request_too(stand: Stand) -> None:
    whole = HELLO | {"model": f"models/{FLASH}", "systemInstruction": {"parts": [{"text": "one two three"}]}}
    path = f"/v1/models/{FLASH}:countTokens"
    bare = (await stand.post(path)).json()["totalTokens"]
    assert (await stand.post(path, {"generateContentRequest": whole})).json()["totalTokens"] == bare + 3


async def test_models_are_listed_and_found(start: Start) -> None:
    stand = await start(known_models=frozenset((FLASH, "gemini-4-argon")))
    listed = [model.name async for model in await stand.sdk.aio.models.list()]
    assert listed == [f"models/{FLASH}", "models/gemini-4-argon"]
    found = await stand.sdk.aio.models.get(model=FLASH)
    assert (found.name, found.input_token_limit) == (f"models/{FLASH}", 1_048_576)
    with pytest.raises(errors.ClientError, match="404 NOT_FOUND"):
        await stand.sdk.aio.models.get(model="gemini-3.5-flash")


@pytest.mark.parametrize(
    "thinking",
    [
        {"thinkingConfig": {"thinkingLevel": "HIGH"}, "maxOutputTokens": 4},
        {"thinking_config": {"thinking_level": "HIGH"}, "max_output_tokens": 4},
    ],
)
@pytest.mark.parametrize("config", ["generationConfig", "generation_config"])
@pytest.mark.parametrize("system", ["systemInstruction", "system_instruction"])
async def test_both_casings_mean_the_same(stand: Stand, thinking: dict[str, object], config: str, system: str) -> None:
    body = HELLO | {config: thinking, system: {"parts": [{"text": "Be brief."}]}}
    usage = (await stand.post(GENERATE, body)).json()["usageMetadata"]
    assert usage["thoughtsTokenCount"] == 4
    assert usage["promptTokenCount"] == 4


@pytest.mark.parametrize("headers", [{}, {"x-goog-api-key": ""}])
async def test_a_missing_or_blank_key_is_refused(stand: Stand, headers: dict[str, str]) -> None:
    del stand.http.headers["x-goog-api-key"]
    answer = await stand.post(GENERATE, **headers)
    assert answer.status_code == 403
    assert answer.json()["error"]["status"] == "PERMISSION_DENIED"


async def test_a_key_may_stand_in_the_query(stand: Stand) -> None:
    del stand.http.headers["x-goog-api-key"]
    assert (await stand.post(f"{GENERATE}?key=abc")).status_code == 200


async def test_a_bad_key_is_refused_in_geminis_words(stand: Stand) -> None:
    async with sdk_for(stand.url, key="a-bad-key") as sdk:
        with pytest.raises(errors.ClientError) as caught:
            await sdk.aio.models.generate_content(model=FLASH, contents="hello")
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")
    assert caught.value.details["error"]["details"][0]["reason"] == "API_KEY_INVALID"


@pytest.mark.parametrize("model", ["gemini-9", "llama-3"])
async def test_an_unknown_model_is_not_found(start: Start, model: str) -> None:
    stand = await start(known_models=frozenset((FLASH,)))
    with pytest.raises(errors.ClientError, match=f"models/{model} is not found for API version v1") as caught:
        await stand.ask(model=model)
    assert (caught.value.code, caught.value.status) == (404, "NOT_FOUND")


async def test_without_a_set_of_names_every_gemini_and_gemma_is_known(stand: Stand) -> None:
    assert (await stand.ask(model="gemini-9-future")).model_version == "gemini-9-future"
    assert (await stand.ask(model="gemma-4-31b-it")).model_version == "gemma-4-31b-it"
    with pytest.raises(errors.ClientError, match="404"):
        await stand.ask(model="llama-3")


@pytest.mark.parametrize(
    "config",
    [
        {"thinking_config": types.ThinkingConfig(thinking_budget=100)},
        {"thinking_config": types.ThinkingConfig(thinking_level=types.ThinkingLevel.MINIMAL)},
        {"frequency_penalty": 0.5},
        {"presence_penalty": 0.5},
        {"candidate_count": 2},
    ],
)
async def test_the_fourth_generation_refuses_what_the_third_takes(stand: Stand, config: dict[str, object]) -> None:
    assert (await stand.ask(model=FLASH, **config)).text
    with pytest.raises(errors.ClientError, match="400 INVALID_ARGUMENT"):
        await stand.ask(model="gemini-4-argon", **config)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "Invalid JSON payload"),
        (b"[]", "not an object"),
        (b"{}", "contents is not specified"),
        (b'{"contents": "hello"}', "Invalid value"),
        (b'{"contents": [{"parts": [{"inlineData": {"mimeType": "image/png", "data": "***"}}]}]}', "Base64"),
        (b'{"contents": [{"parts": [{"text": "a"}]}], "generationConfig": {"maxOutputTokens": "x"}}', "Invalid"),
        (b'{"contents": [{"parts": [{"text": "a"}]}], "tools": [1]}', "Invalid value"),
        (b'{"contents": [{"parts": [{"text": "a"}]}], "generationConfig": {"candidateCount": 9}}', "from 1 to 8"),
        (
            b'{"contents": [{"parts": [{"text": "a"}]}],'
            b' "generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW", "thinkingBudget": 1}}}',
            "only set only one",
        ),
    ],
)
async def test_a_bad_body_is_refused_and_not_billed(stand: Stand, body: bytes, words: str) -> None:
    answer = await stand.http.post(GENERATE, content=body)
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert words in answer.json()["error"]["message"]
    assert (await stand.bill())["calls"] == 0


async def test_half_a_surrogate_pair_is_survived(stand: Stand) -> None:
    answer = await stand.http.post(GENERATE, content=rb'{"contents": [{"parts": [{"text": "odd \ud800 boat"}]}]}')
    assert answer.status_code == 200
    assert "odd ? boat" in answer.json()["candidates"][0]["content"]["parts"][0]["text"]


async def test_a_prompt_over_the_limit_is_refused(stand: Stand) -> None:
    with pytest.raises(errors.ClientError, match="exceeds the maximum number of tokens allowed \\(262144\\)"):
        await stand.ask("1" * 300_000, model="gemma-4-31b-it")


@pytest.mark.parametrize(("asked", "served"), [("flex", "flex"), ("priority", "priority"), ("unspecified", "standard")])
async def test_the_service_tier_asked_for_serves(stand: Stand, asked: str, served: str) -> None:
    answer = await stand.ask(service_tier=types.ServiceTier(asked))
    assert answer.sdk_http_response and answer.sdk_http_response.headers
    assert answer.sdk_http_response.headers["x-gemini-service-tier"] == served
    raw = await stand.post(GENERATE, HELLO | {"service_tier": asked})
    assert raw.headers["x-gemini-service-tier"] == served


async def test_thinking_eats_the_output_budget_first(stand: Stand) -> None:
    thought = types.ThinkingConfig(thinking_budget=6)
    empty = await stand.ask("Tell me about rivers.", max_output_tokens=6, thinking_config=thought)
    cut = await stand.ask("Tell me about rivers.", max_output_tokens=9, thinking_config=thought)
    whole = await stand.ask("Tell me about rivers.", max_output_tokens=900, thinking_config=thought)
    assert [_outcome(each) for each in (empty, cut)] == [("MAX_TOKENS", 6, 0), ("MAX_TOKENS", 6, 3)]
    assert _outcome(whole)[0] == "STOP"
    assert empty.text is None
    assert cut.text and whole.text and whole.text.startswith(cut.text)


def _outcome(answer: types.GenerateContentResponse) -> tuple[str, int, int]:
    assert answer.candidates and answer.usage_metadata
    reason = answer.candidates[0].finish_reason
    assert reason
    usage = answer.usage_metadata
    return reason.value, usage.thoughts_token_count or 0, usage.candidates_token_count or 0


async def test_thinking_grows_with_level_and_model_and_can_be_off(stand: Stand) -> None:
    async def thoughts(model: str, **thinking: object) -> int:
        answer = await stand.ask(model=model, thinking_config=types.ThinkingConfig(**thinking))  # type: ignore[arg-type]
        return _outcome(answer)[1]

    low, high = await thoughts(FLASH, thinking_level="LOW"), await thoughts(FLASH, thinking_level="HIGH")
    pro = await thoughts("gemini-3.1-pro-preview", thinking_level="HIGH")
    assert 0 < low < high < pro
    assert await thoughts(FLASH, thinking_budget=0) == await thoughts(FLASH, thinking_level="MINIMAL") == 0
    assert await thoughts(FLASH, thinking_budget=-1) > 0
    assert await thoughts("gemini-3.5-flash-lite") == 0


async def test_media_is_counted_by_modality(stand: Stand) -> None:
    pdf = b"%PDF-1.4 /Type /Pages /Count 2 /Type /Page /Type/Page"
    contents = [
        types.Part.from_bytes(data=b"\xff\xfe\x00pixels", mime_type="image/png"),
        types.Part.from_bytes(data=pdf, mime_type="application/pdf"),
        types.Part.from_bytes(data=bytes(32_000), mime_type="audio/mpeg"),
        types.Part.from_bytes(data=b"three more words", mime_type="text/plain"),
        types.Part(text="What is this?"),
    ]
    assert await _modalities(stand, contents) == {"TEXT": 3 + 4, "IMAGE": 1_120, "DOCUMENT": 1_120, "AUDIO": 64}
    assert (await stand.bill())["models"][FLASH]["input_tokens"] == 7 + 1_120 + 1_120 + 64


async def _modalities(stand: Stand, contents: list[types.Part], **config: Any) -> dict[str, int]:
    usage = (await stand.ask(contents, **config)).usage_metadata
    assert usage and usage.prompt_tokens_details
    return {each.modality.value: each.token_count or 0 for each in usage.prompt_tokens_details if each.modality}


async def test_media_resolution_sets_the_tokens_of_an_image(stand: Stand) -> None:
    image = types.Part.from_bytes(data=b"pixels", mime_type="image/png")
    low = types.MediaResolution.MEDIA_RESOLUTION_LOW
    ultra = types.PartMediaResolution(level=types.PartMediaResolutionLevel.MEDIA_RESOLUTION_ULTRA_HIGH)
    fine = image.model_copy(update={"media_resolution": ultra})
    assert (await _modalities(stand, [image], media_resolution=low))["IMAGE"] == 280
    assert (await _modalities(stand, [fine], media_resolution=low))["IMAGE"] == 2_240


async def test_a_search_is_grounded_and_its_tokens_stand_apart(stand: Stand) -> None:
    search = types.Tool(google_search=types.GoogleSearch())
    answer = await stand.ask("Who won the race today?", tools=[search])
    assert answer.candidates and answer.candidates[0].grounding_metadata
    assert answer.candidates[0].grounding_metadata.web_search_queries == ["Who won the race today?"]
    assert answer.usage_metadata and answer.usage_metadata.tool_use_prompt_token_count
    line = (await stand.bill())["models"][FLASH]
    assert line["search_queries"] == 1
    assert line["tool_use_tokens"] == answer.usage_metadata.tool_use_prompt_token_count


async def test_a_long_prefix_seen_before_is_cached_on_the_same_model_only(stand: Stand) -> None:
    async def cached(model: str, words: int, question: str) -> int:
        usage = (await stand.ask(["word " * words, question], model=model)).usage_metadata
        return (usage and usage.cached_content_token_count) or 0

    assert await cached(FLASH, 5_000, "First?") == 0
    assert 4_900 <= await cached(FLASH, 5_000, "Second?") <= 5_000
    assert await cached("gemini-3.6-flash", 5_000, "Second?") == 0
    assert [await cached(FLASH, 3_000, "First?"), await cached(FLASH, 3_000, "Second?")] == [0, 0]
    assert (await stand.bill())["models"][FLASH]["cached_tokens"] >= 4_900


async def test_another_beginning_is_not_cached(stand: Stand) -> None:
    await stand.ask("word " * 5_000)
    usage = (await stand.ask("other " + "word " * 5_000)).usage_metadata
    assert usage and usage.cached_content_token_count is None


async def test_a_declared_function_and_a_schema_are_part_of_the_prompt(stand: Stand) -> None:
    plain = (await stand.ask("hello")).usage_metadata
    schema = (await stand.ask("hello", response_json_schema={"type": "object"})).usage_metadata
    assert plain and schema and (schema.prompt_token_count or 0) > (plain.prompt_token_count or 0)


async def test_an_unknown_path_is_not_found(stand: Stand) -> None:
    answer = await stand.http.put("/v1/models")
    assert (answer.status_code, answer.json()["error"]["status"]) == (404, "NOT_FOUND")
