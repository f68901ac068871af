"""Images and PDFs: what they count for, and what can be said of them without looking as a person does."""

import io
import json
import zlib
from typing import Any

import pytest
from google.genai import types
from PIL import Image

from gemini_mcp.domain.imaging import tokens_of
from gemini_mcp.simulator.answers import answer
from gemini_mcp.simulator.pictures import Picture, picture_of
from gemini_mcp.simulator.tokens import count_text
from gemini_mcp.simulator.wire import Blob

from .conftest import FLASH, Stand
from .made import image_source, pdf, pdf_source, picture, request

LOW, MEDIUM, HIGH = (types.MediaResolution(f"MEDIA_RESOLUTION_{level}") for level in ("LOW", "MEDIUM", "HIGH"))


async def counted(stand: Stand, *parts: types.Part, model: str = FLASH, **config: Any) -> dict[str, int]:
    """Tokens of the prompt by modality, which must be what is billed and what is counted beforehand."""
    usage = (await stand.ask([*parts, "Well?"], model=model, **config)).usage_metadata
    assert usage and usage.prompt_tokens_details
    found = {each.modality.value: each.token_count or 0 for each in usage.prompt_tokens_details if each.modality}
    assert usage.prompt_token_count == sum(found.values())
    return found


def image(data: bytes) -> types.Part:
    return types.Part.from_bytes(data=data, mime_type="image/png")


def document(pages: int) -> types.Part:
    return types.Part.from_bytes(data=pdf([f"Page {number}" for number in range(pages)]), mime_type="application/pdf")


@pytest.mark.parametrize(("resolution", "tokens"), [(None, 1_120), (LOW, 280), (MEDIUM, 560), (HIGH, 1_120)])
@pytest.mark.parametrize("model", [FLASH, "gemini-4-argon"])
async def test_an_image_counts_by_the_resolution_asked_for(
    stand: Stand, model: str, resolution: Any, tokens: int
) -> None:
    part = image(picture(size=(2_000, 1_000)))
    assert (await counted(stand, part, model=model, media_resolution=resolution))["IMAGE"] == tokens


@pytest.mark.parametrize("size", [(300, 300), (960, 540), (2_000, 1_000)])
async def test_before_the_third_generation_it_counts_by_tiles(stand: Stand, size: tuple[int, int]) -> None:
    tokens = (await counted(stand, image(picture(size=size)), model="gemini-2.5-flash"))["IMAGE"]
    assert tokens == tokens_of(*size, "high", "gemini-2.5")


@pytest.mark.parametrize(
    ("model", "resolution", "tokens"),
    [(FLASH, None, 560), (FLASH, LOW, 280), ("gemini-4-argon", HIGH, 1_120), ("gemini-2.5-flash", None, 258)],
)
async def test_a_pdf_counts_by_its_pages(stand: Stand, model: str, resolution: Any, tokens: int) -> None:
    assert (await counted(stand, document(3), model=model, media_resolution=resolution))["DOCUMENT"] == 3 * tokens


async def test_an_uploaded_file_counts_as_it_would_inside_the_request(stand: Stand) -> None:
    data = pdf(["One", "Two"])
    headers = {"x-goog-upload-command": "start", "x-goog-upload-header-content-type": "application/pdf"}
    began = await stand.http.post("/upload/v1beta/files", json={"file": {}}, headers=headers)
    ending = {"x-goog-upload-command": "upload, finalize", "x-goog-upload-offset": "0"}
    file = (await stand.http.post(began.headers["x-goog-upload-url"], content=data, headers=ending)).json()["file"]
    part = types.Part(file_data=types.FileData(file_uri=file["uri"], mime_type="application/pdf"))
    assert (await counted(stand, part))["DOCUMENT"] == 2 * 560


def test_the_facts_of_an_image_are_told_and_nothing_is_judged() -> None:
    said = answer(request("What is in it?", [image_source("docs/quay.png", picture("red"))]))
    assert said == (
        "[simulated] quay.png: PNG, 8 x 8 pixels, RGB; about 100% red\n"
        "What is to be seen there, and the answer to the question, need a real model."
    )


def test_several_media_are_told_apart_by_name() -> None:
    sources = [image_source("a.png", picture("white")), pdf_source("b.pdf", ["One", "Two"])]
    said = answer(request("Summarise.", sources))
    assert "a.png: PNG" in said and "b.pdf: PDF, 2 pages" in said


def test_with_a_schema_the_facts_fill_its_strings() -> None:
    schema = {"type": "object", "properties": {"seen": {"type": "string"}, "count": {"type": "integer"}}}
    made = json.loads(answer(request("How many?", [image_source("a.png", picture("blue"))], schema)))
    assert made == {"seen": "a.png: PNG, 8 x 8 pixels, RGB; about 100% blue", "count": 0}


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP"])
def test_formats_that_the_product_sends_are_read(form: str) -> None:
    found = picture_of(Blob("image/x", picture("white", (30, 20), form)))
    assert found and (found.format, found.width, found.height, found.colours) == (form, 30, 20, (("white", 1.0),))


def test_colours_are_named_by_their_share() -> None:
    canvas = Image.new("RGBA", (48, 48), (0, 0, 0, 0))
    canvas.paste((20, 35, 105, 255), (0, 0, 48, 12))
    canvas.save(buffer := io.BytesIO(), "PNG")
    found = picture_of(Blob("image/png", buffer.getvalue()))
    assert found == Picture("PNG", 48, 48, "RGBA", (("white", 0.75), ("dark blue", 0.25)))
    assert str(found) == "PNG, 48 x 48 pixels, RGBA; about 75% white, 25% dark blue"


def test_what_is_no_image_is_named_by_its_type_alone() -> None:
    assert picture_of(Blob("image/png", b"")) is None
    assert picture_of(Blob("image/png", picture()[:50])) == Picture("PNG", 8, 8, "RGB")
    said = answer(request("Well?", [image_source("a.png", b"pixels")]))
    assert "a.png: image/png, which cannot be read" in said


@pytest.mark.parametrize(
    ("side", "facts"), [(10_000, Picture("PNG", 10_000, 10_000, "RGB")), (60_000, None)], ids=["large", "bomb"]
)
def test_an_image_that_would_fill_the_memory_is_not_decoded(side: int, facts: Picture | None) -> None:
    huge = bytearray(picture())
    huge[16:24] = side.to_bytes(4, "big") * 2
    huge[29:33] = zlib.crc32(huge[12:29]).to_bytes(4, "big")
    assert picture_of(Blob("image/png", bytes(huge))) == facts


def test_a_long_text_is_counted_by_samples_and_about_right() -> None:
    assert 49_000 <= count_text("word " * 50_000) <= 51_000
    assert count_text("word " * 12_000) == 12_000
