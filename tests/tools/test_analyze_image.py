"""analyze_image on real images, over the stand-in."""

from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from gemini_mcp.domain.errors import FileNotFound, InvalidArgument, TooLarge, UnsupportedFormat
from gemini_mcp.engine.ports import silent
from gemini_mcp.tools.analyze_image import analyze_image
from gemini_mcp.tools.arguments import AnalyzeImage
from gemini_mcp.tools.services import Delivered

from .conftest import ME, Office, Open


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A bar chart with more pixels than any detail is billed for."""
    folder = tmp_path / "project"
    folder.mkdir(exist_ok=True)
    image = Image.new("RGB", (4_000, 3_000), "white")
    draw = ImageDraw.Draw(image)
    for number, height in enumerate((800, 1_900, 1_200)):
        draw.rectangle((500 + number * 1_000, 2_700 - height, 1_200 + number * 1_000, 2_700), fill="navy")
    image.save(folder / "chart.png")
    image.resize((40, 30)).save(folder / "small.jpg")
    (folder / "notes.txt").write_text("no image")
    return folder


async def look(office: Office, *images: str, **more: Any) -> Delivered:
    arguments = AnalyzeImage(images=list(images), question="What does it show?", **more)
    return await analyze_image(arguments, ME, silent, office.services)


async def test_an_image_is_made_smaller_and_its_tokens_are_known_before_it_is_sent(office: Open, chart: Path) -> None:
    open_office = await office()
    told: list[str] = []

    async def progress(message: str) -> None:
        told.append(message)

    arguments = AnalyzeImage(images=["chart.png"], question="What do the bars say?", detail="low")
    given = await analyze_image(arguments, ME, progress, open_office.services)
    assert given.receipt is not None
    (source,) = given.receipt["sources"]
    width, height = map(int, source["sent_as"].split()[1].split("x"))
    assert width < 4_000 and abs(width / height - 4 / 3) < 0.01
    (attempt,) = given.receipt["attempts"]
    assert 280 < attempt["input_tokens"] < 800
    assert any("1 image: about 4" in message and "$" in message for message in told)


async def test_more_detail_is_more_tokens(office: Open, chart: Path) -> None:
    open_office = await office()
    tokens = []
    for detail in ("low", "medium", "high"):
        given = await look(open_office, "chart.png", detail=detail)
        assert given.receipt is not None
        tokens.append(given.receipt["attempts"][0]["input_tokens"])
    # But for the size that stands in the name, which is a matter of a token or two.
    assert [round((later - tokens[0]) / 280) for later in tokens] == [0, 1, 3]


async def test_several_images_go_in_one_question_in_their_order(office: Open, chart: Path) -> None:
    open_office = await office()
    given = await look(open_office, "small.jpg", "chart.png")
    assert given.receipt is not None and len(open_office.asked) == 1
    assert [source["path"] for source in given.receipt["sources"]] == ["small.jpg", "chart.png"]


async def test_an_answer_by_a_schema_is_checked_json(office: Open, chart: Path) -> None:
    schema = {"type": "object", "properties": {"bars": {"type": "integer"}}, "required": ["bars"]}
    open_office = await office(
        {"do": "answer", "text": "three", "model": "gemini-3.5-flash-lite"}, {"do": "answer", "text": '{"bars": 3}'}
    )
    given = await look(open_office, "chart.png", output_schema=schema)
    assert (given.text, given.mime_type) == ('{"bars": 3}', "application/json")
    assert open_office.asked == ["gemini-3.5-flash-lite", "gemini-3.8-flash"]


async def test_an_answer_that_did_not_see_the_image_climbs(office: Open, chart: Path) -> None:
    blind = {"do": "answer", "text": "I cannot see the image.", "model": "gemini-3.5-flash-lite"}
    open_office = await office(blind, {"do": "answer", "text": "Three bars."})
    assert (await look(open_office, "chart.png")).text == "Three bars."


async def test_the_same_question_is_answered_once_and_another_detail_is_another(office: Open, chart: Path) -> None:
    open_office = await office()
    await look(open_office, "chart.png")
    await look(open_office, "chart.png")
    assert len(open_office.asked) == 1
    await look(open_office, "chart.png", detail="high")
    assert len(open_office.asked) == 2


@pytest.mark.parametrize(
    ("images", "error"),
    [
        ([], InvalidArgument),
        (["chart.png"] * 33, InvalidArgument),
        (["nothing.png"], FileNotFound),
        (["notes.txt"], UnsupportedFormat),
    ],
)
async def test_what_is_no_image_is_refused_before_anything_is_sent(
    office: Open, chart: Path, images: list[str], error: type[Exception]
) -> None:
    open_office = await office()
    with pytest.raises(error):
        await look(open_office, *images)
    assert open_office.asked == []


async def test_a_bomb_among_images_keeps_all_of_them_here(office: Open, chart: Path) -> None:
    Image.new("1", (20_000, 20_000)).save(chart / "bomb.png")
    open_office = await office()
    with pytest.raises(TooLarge, match=r"bomb\.png"):
        await look(open_office, "small.jpg", "bomb.png")
    assert open_office.asked == []
