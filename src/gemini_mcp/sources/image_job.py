"""The child's side of ``images``: decodes one image, makes it small and plain, encodes it anew.

What is announced is checked before it is believed: size and frames are read from the header, before any pixel.
Whatever is not a pixel (EXIF with its places and times, comments, profiles, text, what follows the image in its
file) is left behind, since the picture is drawn anew. Colours are taken as sRGB.
"""

import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any

from PIL import GifImagePlugin, Image, ImageFile, ImageStat, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from gemini_mcp.domain.errors import TooLarge, UnsupportedFormat
from gemini_mcp.domain.imaging import target_size
from gemini_mcp.sources.child import Frame
from gemini_mcp.sources.image_headers import gif_frames, jpeg_scans, webp_canvas

MOST_PIXELS = 100_000_000
MOST_SIDE = 65_500
MOST_FRAMES = 10_000
MOST_SCANS = 100
"""Encoders use some ten; each takes 10 ms and more at 100 megapixels."""

_BOMB = "It may be a bomb; leave it out, or save it smaller."
_DAMAGED = "Leave it out, or save it again."
_BROKEN = (OSError, ValueError, SyntaxError, LookupError, TypeError, EOFError, struct.error, zlib.error)

_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What sets an image upright, by EXIF's orientation. From 5 on it lies on its side."""

_DRAWN_COLOURS = 16
_SAMPLE = 256
_MOST_PNG_BYTES = 4 << 20
_QUALITY = 90

Picture = Image.Image
PLUGINS = (GifImagePlugin, JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
"""Of Pillow's many, those that are loaded."""


def frames(arguments: dict[str, Any], payload: bytes) -> Iterator[Frame]:
    """Three, each in its own time: what is announced; nothing, once it is decoded; the image to be sent."""
    kind = arguments["kind"]
    with _named(kind):
        image = _opened(payload, kind)
        count = _frame_count(image, payload, kind)
        _check(image.size, count)
        turn = _orientation(image)
        width, height = image.size[::-1] if turn >= 5 else image.size
        yield Frame({"width": width, "height": height, "frames": count})
        size = target_size(*image.size, arguments["detail"], arguments["family"])
        image.draft(None, size)  # a JPEG can be decoded at a fraction of its size
        image.load()
    yield Frame({})
    picture = _upright(_plain(_fitted(_deep(image), size)), turn)
    name, data = _encoded(picture, lossy=kind in ("JPEG", "HEIF"))
    yield Frame({"format": name, "width": picture.width, "height": picture.height}, data)


@contextmanager
def _named(kind: str) -> Iterator[None]:
    """What decoders raise, in our words. Pillow refuses twice the size that we do, but before it goes on reading."""
    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    try:
        yield
    except Image.DecompressionBombError:
        raise TooLarge(f"it is an image of over {2 * MOST_PIXELS // 10**6} megapixels", _BOMB) from None
    except _BROKEN:
        raise UnsupportedFormat(f"its {kind} data is damaged, cut short, or a bomb", _DAMAGED) from None


def _opened(payload: bytes, kind: str) -> ImageFile.ImageFile:
    if kind == "WEBP":  # its decoder takes memory for the whole canvas as it opens
        _check(webp_canvas(payload), 1)
    elif kind == "JPEG" and jpeg_scans(payload, MOST_SCANS) > MOST_SCANS:
        raise TooLarge(f"it is a JPEG of over {MOST_SCANS} scans", _BOMB)
    elif kind == "HEIF":
        _add_heif()
    return Image.open(BytesIO(payload), formats=[kind])


def _add_heif() -> None:
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        what = "it is HEIC, for which this installation has no decoder"
        raise UnsupportedFormat(what, "Install gemini-agents[heic], or save it as JPEG.") from None
    register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


def _check(size: tuple[int, int], count: int) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        what = f"it is an image of {size[0]:,} x {size[1]:,} pixels, over {MOST_PIXELS // 10**6} megapixels"
        raise TooLarge(what, _BOMB)
    if max(size) > MOST_SIDE:
        raise TooLarge(f"it is an image of {size[0]:,} x {size[1]:,} pixels, over {MOST_SIDE:,} on a side", _BOMB)
    if count > MOST_FRAMES:
        raise TooLarge(f"it has over {MOST_FRAMES:,} frames", _BOMB)


def _frame_count(image: ImageFile.ImageFile, data: bytes, kind: str) -> int:
    """As announced; a GIF announces nothing. What follows a JPEG's image is a preview, or its depth."""
    if kind == "JPEG":
        return 1
    return max(1, gif_frames(data, MOST_FRAMES)) if kind == "GIF" else int(getattr(image, "n_frames", 1))


def _orientation(image: Picture) -> int:
    """1 to 8, as EXIF has it; 1, upright, where it says nothing sensible. Damaged EXIF makes no damaged image."""
    try:
        turn = image.getexif().get(_ORIENTATION)
    except (OSError, ValueError, SyntaxError, LookupError, TypeError, struct.error):
        return 1
    return turn if turn in _UPRIGHT else 1


def _deep(image: Picture) -> Picture:
    """In a mode that can be scaled: colours in place of indexes, 8 bits in place of more."""
    if image.mode == "P":
        return image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode in ("1", "PA") or "transparency" in image.info:
        return image.convert("L" if image.mode == "1" else "RGBA")
    if image.mode.startswith("I"):
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    return image


def _fitted(picture: Picture, size: tuple[int, int]) -> Picture:
    return picture if picture.size == size else picture.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _plain(picture: Picture) -> Picture:
    """Grey or RGB, and nothing else."""
    if picture.mode in ("RGBA", "LA", "RGBa", "La"):
        picture = _grounded(picture.convert("RGBA"))
    elif picture.mode not in ("L", "RGB"):
        picture = picture.convert("RGB")
    picture.info = {}
    return picture


def _grounded(picture: Picture) -> Picture:
    """On white; on black what is so light that white would swallow it."""
    alpha = picture.getchannel("A")
    light = ImageStat.Stat(picture.convert("L"), alpha.point(lambda value: 255 if value > 127 else 0))
    ground = "black" if light.count[0] and light.mean[0] > 200 else "white"
    whole = Image.new("RGB", picture.size, ground)
    whole.paste(picture, mask=alpha)
    return whole


def _upright(picture: Picture, turn: int) -> Picture:
    return picture.transpose(_UPRIGHT[turn]) if turn in _UPRIGHT else picture


def _encoded(picture: Picture, lossy: bool) -> tuple[str, bytes]:
    """PNG for what was drawn, so that text stays sharp; JPEG for photos, and where PNG would be huge."""
    if not lossy and _drawn(picture):
        data = _saved(picture, "PNG", compress_level=6)
        if len(data) <= _MOST_PNG_BYTES:
            return "PNG", data
    return "JPEG", _saved(picture, "JPEG", quality=_QUALITY, subsampling=0)


def _drawn(picture: Picture) -> bool:
    """Drawings and screenshots are mostly of a few colours, photos are not."""
    sample = picture.resize((_SAMPLE, _SAMPLE), Image.Resampling.NEAREST)
    counts = sorted((count for count, _ in sample.getcolors(_SAMPLE**2) or ()), reverse=True)
    return 2 * sum(counts[:_DRAWN_COLOURS]) > _SAMPLE**2


def _saved(picture: Picture, name: str, **options: Any) -> bytes:
    stream = BytesIO()
    picture.save(stream, name, **options)
    return stream.getvalue()
