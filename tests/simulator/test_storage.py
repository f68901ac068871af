"""Files, explicit caches and batches through the real SDK."""

import io
import json
from dataclasses import dataclass
from typing import Any

import pytest
from google.genai import errors, types

from gemini_mcp.domain.usage import TokenUsage

from .conftest import FLASH, Stand, Start

TEXT = types.UploadFileConfig(mime_type="text/plain", display_name="notes")


@dataclass
class Clock:
    seconds: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


async def test_a_file_is_uploaded_in_parts_found_downloaded_and_deleted(stand: Stand) -> None:
    data = bytes(range(256)) * 36_864
    config = types.UploadFileConfig(mime_type="application/octet-stream", display_name="nine megabytes")
    file = await stand.sdk.aio.files.upload(file=io.BytesIO(data), config=config)
    assert (file.size_bytes, file.display_name) == (len(data), "nine megabytes")
    assert file.name and file.state == types.FileState.ACTIVE
    assert (await stand.sdk.aio.files.get(name=file.name)).uri == file.uri
    assert [each.name async for each in await stand.sdk.aio.files.list()] == [file.name]
    assert await stand.sdk.aio.files.download(file=file.name) == data
    await stand.sdk.aio.files.delete(name=file.name)
    assert [each.name async for each in await stand.sdk.aio.files.list()] == []
    uploads = [each for each in await stand.log() if each["path"] == "/upload/v1/files"]
    assert [each["bytes"] for each in uploads[1:]] == [8 * 1_024 * 1_024, len(data) - 8 * 1_024 * 1_024]


async def test_files_are_listed_by_pages(stand: Stand) -> None:
    names = {(await stand.sdk.aio.files.upload(file=io.BytesIO(b"x"), config=TEXT)).name for _ in range(5)}
    pager = await stand.sdk.aio.files.list(config={"page_size": 2})
    assert len(pager) == 2
    assert {each.name async for each in pager} == names


async def test_a_text_file_is_part_of_the_prompt(stand: Stand) -> None:
    file = await stand.sdk.aio.files.upload(file=io.BytesIO(b"What is 6 * 7?"), config=TEXT)
    answer = await stand.ask([file])
    assert answer.text == "[simulated] 42"


async def test_a_missing_file_is_refused_as_google_does(stand: Stand) -> None:
    with pytest.raises(errors.ClientError, match="403 PERMISSION_DENIED"):
        await stand.sdk.aio.files.get(name="files/nowhere")
    with pytest.raises(errors.ClientError, match="permission to access the File nowhere"):
        await stand.ask([types.Part.from_uri(file_uri=f"{stand.url}/v1/files/nowhere", mime_type="text/plain")])
    with pytest.raises(errors.ClientError, match="Unsupported file URI"):
        await stand.ask([types.Part.from_uri(file_uri="gs://bucket/object", mime_type="text/plain")])


async def test_an_upload_needs_a_key_to_begin_and_the_right_offset(stand: Stand) -> None:
    start = {"x-goog-upload-command": "start", "x-goog-upload-header-content-length": "3"}
    assert (await stand.http.post("/upload/v1/files", headers=start | {"x-goog-api-key": ""})).status_code == 403
    begun = await stand.http.post("/upload/v1/files", headers=start, json={"file": {"mimeType": "text/plain"}})
    url = begun.headers["x-goog-upload-url"]
    final = {"x-goog-upload-command": "upload, finalize"}
    late = await stand.http.post(url, content=b"abc", headers=final | {"x-goog-upload-offset": "5"})
    assert (late.status_code, late.headers["x-goog-upload-status"]) == (400, "final")
    short = await stand.http.post(url, content=b"ab", headers=final | {"x-goog-upload-offset": "0"})
    assert "2 bytes, 3 announced" in short.json()["error"]["message"]


async def _cache(stand: Stand, text: str = "fact " * 200, **config: Any) -> types.CachedContent:
    settings = types.CreateCachedContentConfig(contents=text, **config)
    return await stand.sdk.aio.caches.create(model=FLASH, config=settings)


async def test_a_cache_is_made_found_listed_renewed_and_deleted(start: Start) -> None:
    clock = Clock()
    stand = await start(now=clock)
    cache = await _cache(stand, ttl="60s", display_name="facts", system_instruction="Be brief.")
    assert cache.name and cache.usage_metadata and cache.usage_metadata.total_token_count == 203
    assert cache.expire_time and cache.expire_time.timestamp() == clock.seconds + 60
    renewed = await stand.sdk.aio.caches.update(name=cache.name, config={"ttl": "90s"})
    assert renewed.expire_time and renewed.expire_time.timestamp() == clock.seconds + 90
    assert [each.display_name async for each in await stand.sdk.aio.caches.list()] == ["facts"]
    await stand.sdk.aio.caches.delete(name=cache.name)
    with pytest.raises(errors.ClientError, match=r"403 PERMISSION_DENIED.*CachedContent not found"):
        await stand.sdk.aio.caches.get(name=cache.name)


async def test_a_cache_is_gone_when_its_time_is_up(start: Start) -> None:
    clock = Clock()
    stand = await start(now=clock)
    cache = await _cache(stand, ttl="60s")
    assert cache.name
    clock.seconds += 59
    assert (await stand.sdk.aio.caches.get(name=cache.name)).name == cache.name
    clock.seconds += 1
    with pytest.raises(errors.ClientError, match="CachedContent not found"):
        await stand.ask(cached_content=cache.name)
    assert [each async for each in await stand.sdk.aio.caches.list()] == []


async def test_what_is_cached_is_read_and_counted_as_cached(stand: Stand) -> None:
    cache = await _cache(stand, "The boat has 3 masts. What is 2 * 21?")
    answer = await stand.ask("Go on.", cached_content=cache.name)
    usage = answer.usage_metadata
    assert cache.usage_metadata and usage
    assert usage.cached_content_token_count == cache.usage_metadata.total_token_count
    assert usage.prompt_token_count == (usage.cached_content_token_count or 0) + 3
    assert answer.text == "[simulated] 42"
    assert (await stand.bill())["models"][FLASH]["cached_tokens"] == usage.cached_content_token_count


async def test_a_cache_goes_with_its_own_model_and_nothing_it_sets(stand: Stand) -> None:
    cache = await _cache(stand)
    with pytest.raises(errors.ClientError, match="has to be the same"):
        await stand.ask(model="gemini-3.6-flash", cached_content=cache.name)
    with pytest.raises(errors.ClientError, match="can not be used with GenerateContent request setting"):
        await stand.ask(cached_content=cache.name, system_instruction="Be long.")
    with pytest.raises(errors.ClientError, match="does not support explicit caching"):
        await stand.sdk.aio.caches.create(model="gemini-4-argon", config=types.CreateCachedContentConfig(contents="x"))
    with pytest.raises(errors.ClientError, match=r"cached_content\.ttl"):
        await _cache(stand, ttl="soon")


REQUESTS: list[Any] = [
    {"contents": "What is 2+2?", "metadata": {"key": "first"}},
    {"contents": "What is 3+3?", "config": {"system_instruction": "Be brief."}},
]


async def test_a_batch_advances_by_being_read_and_gives_its_results_inline(stand: Stand) -> None:
    batch = await stand.sdk.aio.batches.create(model=FLASH, src=REQUESTS, config={"display_name": "sums"})
    states = [batch.state]
    for _ in range(2):
        assert batch.name
        batch = await stand.sdk.aio.batches.get(name=batch.name)
        states.append(batch.state)
    assert [state.value for state in states if state] == [
        "JOB_STATE_PENDING",
        "JOB_STATE_RUNNING",
        "JOB_STATE_SUCCEEDED",
    ]
    assert batch.display_name == "sums" and batch.end_time
    assert batch.dest and batch.dest.inlined_responses
    first, second = batch.dest.inlined_responses
    assert first.response and first.response.text == "[simulated] 4" and first.metadata == {"key": "first"}
    assert second.response and second.response.text == "[simulated] 6" and second.metadata is None


async def test_a_batch_can_take_its_time_by_the_clock(start: Start) -> None:
    clock = Clock()
    stand = await start(now=clock, batch_seconds=60)
    batch = await stand.sdk.aio.batches.create(model=FLASH, src=REQUESTS)
    assert batch.name
    states = []
    for _ in range(5):
        states.append((await stand.sdk.aio.batches.get(name=batch.name)).state)
        clock.seconds += 20
    assert [state.value.removeprefix("JOB_STATE_") for state in states if state] == [
        "PENDING",
        "PENDING",
        "RUNNING",
        "SUCCEEDED",
        "SUCCEEDED",
    ]


async def test_a_batch_is_billed_once_when_it_succeeds_at_the_batch_rate(start: Start) -> None:
    tiers: list[str] = []

    def price(_model: str, _usage: TokenUsage, tier: str) -> int:
        tiers.append(tier)
        return 5

    stand = await start(prices="list", price=price)
    batch = await stand.sdk.aio.batches.create(model=FLASH, src=REQUESTS)
    assert batch.name
    assert (await stand.bill())["calls"] == 0
    for _ in range(4):
        await stand.sdk.aio.batches.get(name=batch.name)
    assert tiers == ["batch", "batch"]
    assert (await stand.bill())["nano_usd"] == 10


async def test_a_batch_is_cancelled_listed_and_deleted(stand: Stand) -> None:
    batch = await stand.sdk.aio.batches.create(model=FLASH, src=REQUESTS)
    assert batch.name
    await stand.sdk.aio.batches.cancel(name=batch.name)
    assert [each.state.value async for each in await stand.sdk.aio.batches.list() if each.state] == [
        "JOB_STATE_CANCELLED"
    ]
    assert (await stand.bill())["calls"] == 0
    await stand.sdk.aio.batches.delete(name=batch.name)
    with pytest.raises(errors.ClientError, match="404 NOT_FOUND"):
        await stand.sdk.aio.batches.get(name=batch.name)


async def test_a_batch_from_a_file_gives_its_results_as_a_file_too(stand: Stand) -> None:
    lines = [
        {"key": each, "request": {"contents": [{"parts": [{"text": f"What is {each} + 1?"}]}]}} for each in ("1", "2")
    ]
    source = "\n".join(json.dumps(line) for line in lines).encode()
    file = await stand.sdk.aio.files.upload(file=io.BytesIO(source), config=TEXT)
    assert file.name
    batch = await stand.sdk.aio.batches.create(model=FLASH, src=file.name)
    assert batch.name
    await stand.sdk.aio.batches.get(name=batch.name)
    batch = await stand.sdk.aio.batches.get(name=batch.name)
    assert batch.dest and batch.dest.file_name and batch.dest.inlined_responses
    assert [each.metadata for each in batch.dest.inlined_responses] == [{"key": "1"}, {"key": "2"}]
    results = (await stand.sdk.aio.files.download(file=batch.dest.file_name)).splitlines()
    texts = [json.loads(line)["response"]["candidates"][0]["content"]["parts"][0]["text"] for line in results]
    assert texts == ["[simulated] 2", "[simulated] 3"]


async def test_a_bad_batch_is_refused(stand: Stand) -> None:
    file = await stand.sdk.aio.files.upload(file=io.BytesIO(b'{"request": {}}\nnonsense'), config=TEXT)
    assert file.name
    with pytest.raises(errors.ClientError, match="Line 2 of the batch file"):
        await stand.sdk.aio.batches.create(model=FLASH, src=file.name)
    answer = await stand.post(f"/v1/models/{FLASH}:batchGenerateContent", {"batch": {"inputConfig": {"requests": [1]}}})
    assert answer.status_code == 400


async def test_one_request_of_a_batch_can_fail_alone(start: Start) -> None:
    stand = await start(faults=[{"match": "2\\+2", "do": "503"}])
    batch = await stand.sdk.aio.batches.create(model=FLASH, src=REQUESTS)
    assert batch.name
    await stand.sdk.aio.batches.get(name=batch.name)
    batch = await stand.sdk.aio.batches.get(name=batch.name)
    assert batch.dest and batch.dest.inlined_responses
    first, second = batch.dest.inlined_responses
    assert first.error and first.error.code == 14 and first.response is None
    assert second.response and second.response.text == "[simulated] 6"
    assert (await stand.bill())["calls"] == 1
