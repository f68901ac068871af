"""Images and documents through the real SDK: inside the request, or kept by the Files API and deleted after."""

import time
from dataclasses import replace
from typing import Any

import pytest

from gemini_mcp.domain.errors import UpstreamError
from gemini_mcp.domain.material import Media, Source
from gemini_mcp.domain.messages import Attachment
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.ports import Answer, Call, Caller, silent
from gemini_mcp.engine.uploads import MOST_INLINE_BYTES, uploading

from .conftest import FLASH, WAIT_S, Stand, Start, a_request

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415408d763f8cfc000000301010018dd8db00000000049454e44ae426082"
)
LARGE = Media("application/pdf", b"%PDF-1.4\n" + b"0" * MOST_INLINE_BYTES, 560)


def a_source(media: Media, path: str) -> Source:
    return Source(path, "", len(media.data), "0" * 64, media.mime_type, media)


def a_call() -> Call:
    now = time.monotonic()
    return Call("r_x", Caller("me", "s"), "summarize_docs", time.time(), now, now + WAIT_S)


async def body_of(start: Start, *media: Media) -> dict[str, Any]:
    stand = await start(log_body_bytes=1_000_000)
    attachments = tuple(Attachment(f"image {number}", each) for number, each in enumerate(media))
    await stand.ask(a_request("What is it?", attachments=attachments))
    body: dict[str, Any] = stand.simulator.log.entries()[-1].as_json()["body"]
    return body


async def test_an_image_goes_before_the_question_and_behind_its_name(start: Start) -> None:
    parts = (await body_of(start, Media("image/png", PNG, 280)))["contents"][0]["parts"]
    assert [list(part) for part in parts] == [["text"], ["inlineData"], ["text"]]
    assert (parts[0]["text"], parts[2]["text"]) == ("image 0:", "What is it?")
    blob = parts[1]["inlineData"]
    assert blob.get("mimeType", blob.get("mime_type")) == "image/png"


async def test_the_finest_detail_asked_for_holds_for_the_request(start: Start) -> None:
    low, high = Media("image/png", PNG, 280, "low"), Media("image/png", PNG, 1_120, "high")
    assert (await body_of(start, low, high))["generationConfig"]["mediaResolution"] == "MEDIA_RESOLUTION_HIGH"
    assert (await body_of(start, low))["generationConfig"]["mediaResolution"] == "MEDIA_RESOLUTION_LOW"


async def test_no_resolution_is_sent_where_none_was_asked_for(start: Start) -> None:
    assert "mediaResolution" not in (await body_of(start, Media("image/png", PNG, 280)))["generationConfig"]


def kept(stand: Stand) -> list[Any]:
    return stand.simulator.files.listed()


async def test_what_is_too_large_to_go_along_is_uploaded_once_and_deleted_after(start: Start) -> None:
    stand = await start()
    seen: list[tuple[Source, int]] = []

    async def twice(task: Task, call: Call) -> Answer:
        for source in task.attached:
            assert source.media is not None and source.media.data == b""
            for _ in range(2):
                await stand.ask(a_request(attachments=(Attachment(source.path, source.media),)))
            seen.append((source, len(kept(stand))))
        raise UpstreamError("enough", "Nothing to mend.")

    task = Task("What is it?", sources=(a_source(LARGE, "a.pdf"), Source("b.txt", "b", 1, "1" * 64)))
    with pytest.raises(UpstreamError, match="enough"):
        await uploading(twice, stand.gateway)(task, a_call())
    assert [(source.path, count) for source, count in seen] == [("a.pdf", 1)]
    assert kept(stand) == []


async def test_small_attachments_are_not_uploaded(start: Start) -> None:
    stand = await start()
    told: list[Task] = []

    async def answer(task: Task, call: Call) -> Answer:
        told.append(task)
        raise UpstreamError("enough", "Nothing to mend.")

    task = Task("What is it?", sources=(a_source(Media("image/png", PNG, 280), "a.png"),))
    with pytest.raises(UpstreamError):
        await uploading(answer, stand.gateway)(task, a_call())
    assert told == [task] and stand.requests == 0


async def test_a_deadline_that_has_passed_sends_no_file(start: Start) -> None:
    stand = await start()

    async def answer(task: Task, call: Call) -> Answer:
        raise AssertionError("nothing is to be asked")

    task = Task("What is it?", sources=(a_source(LARGE, "a.pdf"),))
    late = replace(a_call(), deadline=time.monotonic() - 1, progress=silent)
    with pytest.raises(UpstreamError, match="deadline"):
        await uploading(answer, stand.gateway)(task, late)
    assert kept(stand) == []


async def test_an_uploaded_file_is_read_by_its_uri(start: Start) -> None:
    stand = await start()
    file = await stand.gateway.upload(replace(LARGE, mime_type="image/png", data=PNG), time.monotonic() + WAIT_S)
    media = Media("image/png", b"", 280, uri=file.uri)
    answer = await stand.ask(a_request("Describe it.", model=FLASH, attachments=(Attachment("a.png", media),)))
    assert "image/png" in answer.text or answer.text
    await stand.gateway.delete(file.name)
    with pytest.raises(UpstreamError):
        await stand.ask(a_request("Describe it again.", attachments=(Attachment("a.png", media),)))
