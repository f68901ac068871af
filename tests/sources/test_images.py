"""Images as they are read for a model: drawn here, decoded in the child."""

import os
import secrets
import struct
import subprocess
import sys
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops, ImageDraw, PngImagePlugin
from PIL.TiffImagePlugin import IFDRational

import gemini_mcp
from gemini_mcp.domain.errors import Refusal, TooLarge, UnsupportedFormat
from gemini_mcp.domain.material import Detail
from gemini_mcp.sources.child import Children
from gemini_mcp.sources.image_headers import jpeg_scans
from gemini_mcp.sources.images import MOST_BYTES, ImageRead, image_kind, image_media

RED, GREEN, BLUE, WHITE = (220, 20, 20), (20, 180, 20), (20, 20, 220), (255, 255, 255)
ORIENTATION, ARTIST, GPS = 0x0112, 0x013B, 0x8825


async def read(data: bytes, name: str = "picture", detail: Detail = "high") -> ImageRead:
    return await image_media(Children(), data, name, detail, "gemini-3")


async def refused(data: bytes, kind: type[Refusal], name: str = "picture") -> str:
    with pytest.raises(kind) as caught:
        await read(data, name)
    assert caught.value.fix
    return caught.value.message


def saved(picture: Image.Image, name: str, **options: Any) -> bytes:
    stream = BytesIO()
    picture.save(stream, name, **options)
    return stream.getvalue()


def seen(image: ImageRead) -> Image.Image:
    """What was sent, as a model would decode it."""
    picture = Image.open(BytesIO(image.media.data))
    picture.load()
    assert picture.get_format_mimetype() == image.media.mime_type
    assert picture.size == (image.sent_width, image.sent_height)
    return picture


def quarters(width: int = 160, height: int = 120) -> Image.Image:
    """Red and green above, blue and white below."""
    picture = Image.new("RGB", (width, height), WHITE)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, width // 2 - 1, height // 2 - 1), RED)
    draw.rectangle((width // 2, 0, width, height // 2 - 1), GREEN)
    draw.rectangle((0, height // 2, width // 2 - 1, height), BLUE)
    return picture


def photo(width: int, height: int) -> Image.Image:
    """Noise upon shades, of which no colour stands out."""
    bands = [Image.linear_gradient("L").rotate(90 * turn).resize((width, height)) for turn in range(3)]
    noise = Image.effect_noise((width, height), 40)
    return Image.merge("RGB", [ImageChops.add(band, noise, 2) for band in bands])


def corners(picture: Image.Image) -> list[tuple[int, ...]]:
    """The colours in the middle of the quarters, row by row."""
    width, height = picture.size
    at = [(width // 4 + x * width // 2, height // 4 + y * height // 2) for y in (0, 1) for x in (0, 1)]
    rgb = picture.convert("RGB")
    found = [rgb.getpixel(place) for place in at]
    return [colour for colour in found if isinstance(colour, tuple)]


def near(found: list[tuple[int, ...]], wanted: list[tuple[int, ...]], by: int = 12) -> bool:
    return len(found) == len(wanted) and all(
        abs(a - b) <= by for one, other in zip(found, wanted, strict=True) for a, b in zip(one, other, strict=True)
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, pixels: bytes, *, before: bytes = b"") -> bytes:
    """Grey, of 8 bits, put together by hand; ``before`` are chunks that come before the pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    end = chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + before + end


def png_chunks(data: bytes) -> set[bytes]:
    found, at = set(), 8
    while at < len(data):
        found.add(data[at + 4 : at + 8])
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return found


def jpeg_segments(data: bytes) -> set[int]:
    """Markers from the start to the pixels."""
    found, at = set(), 2
    while data[at + 1] != 0xDA:
        found.add(data[at + 1])
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return found


# What is read


@pytest.mark.parametrize(
    ("name", "options"),
    [("PNG", {}), ("JPEG", {"quality": 95}), ("WEBP", {"lossless": True}), ("GIF", {})],
)
async def test_a_picture_arrives_as_it_was_drawn(name: str, options: dict[str, Any]) -> None:
    image = await read(saved(quarters(), name, **options))
    assert near(corners(seen(image)), [RED, GREEN, BLUE, WHITE])
    assert (image.format, image.width, image.height, image.frames, image.warnings) == (name, 160, 120, 1, ())
    assert (image.sent_width, image.sent_height) == (160, 120)
    assert (image.media.tokens, image.media.detail) == (1_120, "high")
    assert image.sent_as == f"{image.media.mime_type} 160x120"


async def test_heic_arrives_as_it_was_drawn() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    image = await read(saved(quarters(), "HEIF", quality=90))
    assert near(corners(seen(image)), [RED, GREEN, BLUE, WHITE])
    assert (image.format, image.media.mime_type) == ("HEIF", "image/jpeg")


async def test_without_its_decoder_heic_is_refused_with_the_way_to_get_it() -> None:
    blocked = "import sys; sys.modules['pillow_heif'] = None; from gemini_mcp.sources.worker import main; main()"
    data = b"\0\0\0\x18ftypheic" + bytes(100)
    with pytest.raises(UnsupportedFormat) as caught:
        await image_media(Children(worker=("-c", blocked)), data, "a.heic", "high", "gemini-3")
    assert "no decoder" in caught.value.message
    assert "gemini-agents[heic]" in caught.value.fix


async def test_the_kind_is_what_the_file_holds_not_what_it_is_called() -> None:
    image = await read(saved(quarters(), "JPEG"), "screenshot.png")
    assert (image.format, image.media.mime_type) == ("JPEG", "image/jpeg")


async def test_a_drawing_is_sent_pixel_for_pixel() -> None:
    picture = Image.new("RGB", (600, 200), WHITE)
    ImageDraw.Draw(picture).text((10, 10), "def f(x): return x  # in small print", (60, 60, 60))
    image = await read(saved(picture, "PNG"))
    assert image.media.mime_type == "image/png"
    assert seen(image).tobytes() == picture.tobytes()


@pytest.mark.parametrize("name", ["PNG", "WEBP"])
async def test_a_photo_is_sent_as_jpeg_however_it_was_kept(name: str) -> None:
    image = await read(saved(photo(900, 600), name, lossless=True))
    assert image.media.mime_type == "image/jpeg"
    assert len(image.media.data) < 900 * 600 * 3 / 2


async def test_a_drawing_too_heavy_for_png_is_sent_as_jpeg() -> None:
    picture = Image.new("RGB", (2200, 2200), WHITE)
    picture.paste(photo(2200, 1000), (0, 1200))
    assert len(saved(picture, "PNG")) > 4 << 20
    image = await read(saved(picture, "PNG"))
    assert image.media.mime_type == "image/jpeg"


# At which size


@pytest.mark.parametrize(("detail", "sent"), [("low", (1311, 983)), ("medium", (1854, 1391)), ("high", (2400, 1800))])
async def test_a_large_photo_is_sent_at_the_size_of_its_detail(detail: Detail, sent: tuple[int, int]) -> None:
    image = await read(saved(quarters(2400, 1800), "JPEG"), detail=detail)
    assert (image.width, image.height) == (2400, 1800)
    assert (image.sent_width, image.sent_height) == sent
    assert near(corners(seen(image)), [RED, GREEN, BLUE, WHITE])


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA"])
async def test_every_kind_of_png_is_made_smaller(mode: str) -> None:
    image = await read(saved(quarters(2000, 1000).convert(mode), "PNG"), detail="low")
    assert (image.sent_width, image.sent_height) == (1606, 803)
    assert seen(image).mode in ("L", "RGB")
    assert near(corners(seen(image))[3:], [WHITE])


async def test_where_no_detail_can_be_asked_for_the_size_alone_sets_the_tokens() -> None:
    data = saved(quarters(2000, 1500), "JPEG")
    low = await image_media(Children(), data, "a.jpg", "low", "gemini-2.5")
    assert (low.sent_width, low.sent_height, low.media.tokens, low.media.detail) == (384, 288, 258, None)


async def test_a_strip_made_too_small_to_read_is_warned_of() -> None:
    image = await read(saved(Image.new("L", (1200, 30_000), 255), "PNG"), "shots/page.png", detail="low")
    assert image.warnings == (
        "page.png is long and narrow and sent at 19 % of its size; cut it up if it has small text",
    )


# Upright and in its colours


@pytest.mark.parametrize(
    ("turn", "wanted"),
    [
        (1, [RED, GREEN, BLUE, WHITE]),
        (2, [GREEN, RED, WHITE, BLUE]),
        (3, [WHITE, BLUE, GREEN, RED]),
        (4, [BLUE, WHITE, RED, GREEN]),
        (5, [RED, BLUE, GREEN, WHITE]),
        (6, [BLUE, RED, WHITE, GREEN]),
        (7, [WHITE, GREEN, BLUE, RED]),
        (8, [GREEN, WHITE, RED, BLUE]),
        (9, [RED, GREEN, BLUE, WHITE]),
    ],
)
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
async def test_a_picture_that_lies_on_its_side_is_set_upright(name: str, turn: int, wanted: list[Any]) -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = turn
    image = await read(saved(quarters(), name, exif=exif.tobytes()))
    assert near(corners(seen(image)), wanted, by=40)
    assert (image.width, image.height) == ((120, 160) if 5 <= turn <= 8 else (160, 120))


async def test_a_sideways_photo_is_made_smaller_the_right_way_round() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    image = await read(saved(quarters(2400, 1800), "JPEG", exif=exif.tobytes()), detail="low")
    assert (image.width, image.height, image.sent_width, image.sent_height) == (1800, 2400, 983, 1311)
    assert near(corners(seen(image)), [BLUE, RED, WHITE, GREEN])


async def test_a_sideways_heic_is_turned_once() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    image = await read(saved(quarters(), "HEIF", quality=90, exif=exif.tobytes()))
    assert (image.width, image.height) == (120, 160)
    assert near(corners(seen(image)), [BLUE, RED, WHITE, GREEN], by=20)


@pytest.mark.parametrize(
    "exif", [b"no TIFF at all", b"II", b"II*\0" + b"\xff" * 40, b"II*\0\x08\0\0\0\1\0\x12\1\2\0\2\0\0\0AB\0\0"]
)
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
async def test_damaged_exif_does_not_make_a_damaged_picture(name: str, exif: bytes) -> None:
    image = await read(saved(quarters(), name, exif=b"Exif\0\0" + exif))
    assert near(corners(seen(image)), [RED, GREEN, BLUE, WHITE], by=20)


async def test_print_colours_become_screen_colours() -> None:
    image = await read(saved(quarters().convert("CMYK"), "JPEG", quality=95))
    assert near(corners(seen(image)), [RED, GREEN, BLUE, WHITE], by=16)


async def test_of_16_bits_the_upper_8_are_sent() -> None:
    deep = Image.new("I;16", (64, 64), 0x8000)
    deep.paste(0xFFFF, (32, 0, 64, 64))
    assert corners(seen(await read(saved(deep, "PNG"))))[:2] == [(128,) * 3, (255,) * 3]


@pytest.mark.parametrize(("ink", "ground"), [((0, 0, 0), 255), ((255, 255, 255), 0), ((200, 0, 0), 255)])
async def test_what_is_transparent_gets_a_ground_that_ink_shows_on(ink: tuple[int, ...], ground: int) -> None:
    picture = Image.new("RGBA", (200, 100), (0, 0, 0, 0))
    ImageDraw.Draw(picture).rectangle((0, 0, 99, 99), (*ink, 255))
    assert corners(seen(await read(saved(picture, "PNG"))))[:2] == [ink, (ground,) * 3]


async def test_a_palette_with_a_transparent_colour_gets_a_ground() -> None:
    picture = Image.new("P", (200, 100), 0)
    picture.putpalette([10, 10, 10, 200, 0, 0])
    picture.paste(1, (0, 0, 100, 100))
    for name in ("GIF", "PNG"):
        image = await read(saved(picture, name, transparency=0))
        assert corners(seen(image))[:2] == [(200, 0, 0), WHITE]


# What stays at home


async def test_nothing_but_pixels_leaves_a_photo() -> None:
    canary = secrets.token_hex(12)
    exif = Image.Exif()
    exif[ARTIST] = canary
    exif.get_ifd(GPS).update({1: "N", 2: tuple(IFDRational(each) for each in (48, 51, 30)), 29: canary})
    kept = {"comment": canary.encode(), "xmp": f"<x:xmpmeta>{canary}</x:xmpmeta>".encode()}
    data = saved(quarters(), "JPEG", exif=exif, icc_profile=canary.encode() * 20, **kept) + canary.encode()
    assert data.count(canary.encode()) >= 6
    image = await read(data)
    assert canary.encode() not in image.media.data
    assert jpeg_segments(image.media.data) <= {0xE0, 0xDB, 0xC0, 0xC4}
    assert not seen(image).getexif()


@pytest.mark.parametrize("detail", ["low", "high"])
@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA"])
async def test_nothing_but_pixels_leaves_a_screenshot(mode: str, detail: Detail) -> None:
    canary = secrets.token_hex(12)
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", canary)
    notes.add_itxt("XML:com.adobe.xmp", canary)
    exif = Image.Exif()
    exif[ARTIST] = canary
    options: dict[str, Any] = {"pnginfo": notes, "exif": exif, "icc_profile": canary.encode() * 20, "dpi": (72, 72)}
    data = saved(quarters(1200, 900).convert(mode), "PNG", **options) + canary.encode()
    image = await read(data, detail=detail)
    assert canary.encode() not in image.media.data
    assert png_chunks(image.media.data) == {b"IHDR", b"IDAT", b"IEND"}


async def test_what_is_hidden_under_full_transparency_is_not_sent() -> None:
    picture = Image.new("RGBA", (100, 100), (0, 0, 0, 255))
    picture.paste((200, 10, 10, 0), (0, 0, 50, 50))
    assert corners(seen(await read(saved(picture, "PNG"))))[0] == WHITE


def test_the_process_that_asks_never_loads_a_decoder(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(saved(quarters(), "PNG"))
    code = """
import asyncio, pathlib, sys
from gemini_mcp.sources.child import Children
from gemini_mcp.sources.image_headers import jpeg_scans
from gemini_mcp.sources.images import image_media
image = asyncio.run(image_media(Children(), pathlib.Path(sys.argv[1]).read_bytes(), "a.png", "high", "gemini-3"))
print(image.sent_as, sorted({name.split(".")[0] for name in sys.modules} & {"PIL", "pillow_heif", "_pillow_heif"}))
"""
    env = {**os.environ, "PYTHONPATH": str(Path(gemini_mcp.__file__).parents[1])}
    command = [sys.executable, "-c", code, str(tmp_path / "a.png")]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "image/png 160x120 []"


# Several frames


@pytest.mark.parametrize("name", ["GIF", "WEBP", "PNG"])
async def test_of_an_animation_the_first_frame_is_sent_and_said_so(name: str) -> None:
    others = [Image.new("RGB", (160, 120), colour) for colour in (RED, BLUE)]
    options = {"lossless": True} if name == "WEBP" else {}
    data = saved(quarters(), name, save_all=True, append_images=others, duration=100, **options)
    image = await read(data, "films/clip")
    assert near(corners(seen(image)), [RED, GREEN, BLUE, WHITE])
    assert image.frames == 3
    assert image.warnings == ("clip is animated; only the first of its 3 frames is sent",)


async def test_a_photo_with_a_preview_behind_it_is_one_photo() -> None:
    data = saved(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (16, 16))])
    image = await read(data)
    assert (image.format, image.frames, image.warnings) == ("JPEG", 1, ())
    assert near(corners(seen(image)), [RED, GREEN, BLUE, WHITE], by=40)


async def test_of_several_heic_pictures_the_main_one_is_sent_and_said_so() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    other = Image.new("RGB", (160, 120), RED)
    image = await read(saved(quarters(), "HEIF", save_all=True, append_images=[other], quality=90), "burst.heic")
    assert near(corners(seen(image)), [RED, GREEN, BLUE, WHITE])
    assert image.warnings == ("burst.heic holds 2 pictures; only the main one is sent",)


# Bombs


async def test_20_kilobytes_that_claim_50000_by_50000_pixels_are_refused() -> None:
    data = png(50_000, 50_000, zlib.compress(bytes(20 << 20), 9))
    assert len(data) < 25_000
    assert "megapixels" in await refused(data, TooLarge, "a.png")


async def test_a_little_over_100_megapixels_is_refused_by_its_size() -> None:
    assert "10,001 x 10,000 pixels" in await refused(png(10_001, 10_000, zlib.compress(b"")), TooLarge)


@pytest.mark.parametrize("size", [(2**31 - 1, 2**31 - 1), (1, 90_000_000), (70_000, 10)])
async def test_sides_that_nobody_has_are_refused(size: tuple[int, int]) -> None:
    assert "it is an image of" in await refused(png(*size, zlib.compress(bytes(1 << 20))), TooLarge)


@pytest.mark.parametrize("kind", [b"zTXt", b"iCCP"])
async def test_text_that_swells_beside_the_pixels_is_refused(kind: bytes) -> None:
    swollen = chunk(kind, b"key\0\0" + zlib.compress(bytes(64 << 20), 9))
    data = png(8, 8, zlib.compress(bytes(72)), before=swollen)
    assert "bomb" in await refused(data, UnsupportedFormat)


async def test_much_text_beside_the_pixels_is_refused() -> None:
    swollen = chunk(b"zTXt", b"key\0\0" + zlib.compress(bytes(1 << 20), 9)) * 100
    assert "bomb" in await refused(png(8, 8, zlib.compress(bytes(72)), before=swollen), UnsupportedFormat)


def gif(width: int, height: int, frames: int, frame: tuple[int, int] = (1, 1)) -> bytes:
    picture = b"," + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + picture * frames + b";"


async def test_a_gif_of_100000_frames_is_refused() -> None:
    assert await refused(gif(16, 16, 100_000), TooLarge, "a.gif") == "a.gif: it has over 10,000 frames"


async def test_a_gif_of_fewer_frames_is_counted_exactly() -> None:
    assert (await read(gif(16, 16, 10_000))).frames == 10_000


@pytest.mark.parametrize(("canvas", "frame"), [((65_535, 65_535), (1, 1)), ((16, 16), (65_535, 65_535))])
async def test_a_gif_that_claims_a_huge_canvas_or_frame_is_refused(
    canvas: tuple[int, int], frame: tuple[int, int]
) -> None:
    assert "megapixels" in await refused(gif(*canvas, 1, frame), TooLarge)


def riff(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def animated_webp(width: int, height: int, frames: int) -> bytes:
    still = saved(Image.new("RGB", (1, 1)), "WEBP", lossless=True)[12:]
    frame = riff(b"ANMF", bytes(16) + still)
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = riff(b"VP8X", b"\x02\0\0\0" + canvas) + riff(b"ANIM", bytes(6)) + frame * frames
    return riff(b"RIFF", b"WEBP" + chunks)


async def test_a_webp_of_20000_frames_is_refused() -> None:
    assert (await read(animated_webp(16, 16, 20))).frames == 20
    assert "frames" in await refused(animated_webp(16, 16, 20_000), TooLarge)


async def test_a_webp_that_claims_a_huge_canvas_is_refused_before_its_decoder_takes_memory() -> None:
    assert "16,777,216 x 200 pixels" in await refused(animated_webp(1 << 24, 200, 1), TooLarge)


@pytest.mark.parametrize("kind", [b"VP8 ", b"VP8L"])
async def test_a_still_webp_that_claims_a_huge_size_is_refused(kind: bytes) -> None:
    lossy = b"\x30\x01\0\x9d\x01\x2a" + struct.pack("<HH", 16_383, 16_383)
    lossless = b"\x2f" + struct.pack("<I", 16_382 | 16_382 << 14)
    body = (lossy if kind == b"VP8 " else lossless) + bytes(100)
    assert "16,383 x 16,383" in await refused(riff(b"RIFF", b"WEBP" + riff(kind, body)), TooLarge)


async def test_a_jpeg_that_claims_65000_by_65000_pixels_is_refused() -> None:
    data = saved(Image.new("L", (8, 8)), "JPEG")
    at = data.index(b"\xff\xc0") + 5
    assert "megapixels" in await refused(data[:at] + struct.pack(">HH", 65_000, 65_000) + data[at + 4 :], TooLarge)


def scanned(times: int) -> bytes:
    """A progressive JPEG whose last scan comes so many times more."""
    data = saved(photo(64, 64), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * times + b"\xff\xd9"


async def test_a_jpeg_of_2000_scans_is_refused() -> None:
    assert await refused(scanned(2_000), TooLarge, "a.jpg") == "a.jpg: it is a JPEG of over 100 scans"


async def test_scans_are_those_of_the_picture_and_not_what_looks_like_them_elsewhere() -> None:
    preview = saved(quarters(), "JPEG", exif=b"Exif\0\0" + b"\xff\xda\0\2" * 1_000) + b"\xff\xda\0\2" * 1_000
    assert near(corners(seen(await read(preview))), [RED, GREEN, BLUE, WHITE])
    assert jpeg_scans(preview, 100) == 1
    assert jpeg_scans(scanned(0), 100) == 10
    assert jpeg_scans(scanned(50), 100) == 60


async def test_a_heic_that_claims_30000_by_30000_pixels_is_refused() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    said, claimed = (struct.pack(">4sIII", b"ispe", 0, side, side) for side in (64, 30_000))
    data = saved(Image.new("RGB", (64, 64)), "HEIF")
    assert said in data
    assert "megapixels" in await refused(data.replace(said, claimed), TooLarge)


# What cannot be read


@pytest.mark.parametrize("name", ["PNG", "JPEG", "WEBP", "GIF"])
async def test_a_file_cut_short_is_refused(name: str) -> None:
    data = saved(photo(300, 200), name)
    for share in (0.9, 0.5, 0.01):
        assert f"its {name} data is damaged" in await refused(data[: int(len(data) * share)], UnsupportedFormat)


async def test_a_magic_number_alone_is_refused() -> None:
    for start in (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP"):
        await refused(start, UnsupportedFormat)
        await refused(start + bytes(2_000), Refusal)


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"%PDF-1.7", "PDF"),
        (b"II*\0", "TIFF"),
        (b"MM\0*", "TIFF"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "PostScript"),
        (b"8BPS\0\1", "PSD"),
        (b"BM\x36\0", "BMP"),
        (b"\0\0\1\0", "icon"),
        (b"\0\0\0\x1cftypavif", "AVIF"),
        (b"<?xml version='1.0'?>\n<svg xmlns='x'>", "SVG"),
        (b"\0\0\0\x0cjP  \r\n", "JPEG 2000"),
    ],
)
async def test_other_formats_are_refused_by_name_whatever_the_file_is_called(start: bytes, kind: str) -> None:
    assert await refused(start + bytes(50), UnsupportedFormat, "a.png") == f"a.png is {kind}"


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh", b"P6\n10 10\n255\n" + bytes(300), b"<html><svg/>"])
async def test_what_is_no_image_is_refused(data: bytes) -> None:
    assert image_kind(data) is None
    assert (await refused(data, UnsupportedFormat, "a.png")).startswith("a.png is ")


async def test_a_file_over_the_cap_is_refused() -> None:
    assert "64 MiB" in await refused(b"\xff\xd8\xff" + bytes(MOST_BYTES), TooLarge)


@pytest.mark.parametrize(
    "frames",
    ["", "{}", '{"width": 1, "height": 1, "frames": 1}', '{"width": "x", "height": [], "frames": {}}'],
)
async def test_a_child_that_was_taken_over_can_write_what_it_likes(frames: str) -> None:
    script = f"""
import sys
from gemini_mcp.sources.child import END, HEAD, READY
for text in ['{{"%s": 1}}' % READY, {frames!r}, '{{"%s": 1}}' % END]:
    if text:
        sys.stdout.buffer.write(HEAD.pack(len(text), 0) + text.encode())
"""
    with pytest.raises(UnsupportedFormat):
        await image_media(Children(worker=("-c", script)), b"\xff\xd8\xff", "a.jpg", "high", "gemini-3")
