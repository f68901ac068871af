"""What can be told of an image without judging it: its format, its size, and which colours it is made of."""

import io
import warnings
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gemini_mcp.simulator.remembered import Remembered
from gemini_mcp.simulator.wire import Blob

if TYPE_CHECKING:
    from PIL.Image import Image

_MOST_PIXELS = 40_000_000
"""Beyond this an image is not decoded."""

_SAMPLED = (48, 48)
_LEAST_SHARE = 0.05
_MOST_COLOURS = 3
_NAMED = {
    "black": (0, 0, 0),
    "dark grey": (70, 70, 70),
    "grey": (128, 128, 128),
    "light grey": (200, 200, 200),
    "white": (255, 255, 255),
    "dark red": (130, 15, 20),
    "red": (220, 30, 30),
    "pink": (250, 170, 190),
    "orange": (245, 135, 30),
    "brown": (125, 75, 35),
    "beige": (230, 210, 175),
    "yellow": (245, 220, 40),
    "dark green": (20, 85, 35),
    "green": (50, 165, 70),
    "light green": (160, 220, 150),
    "teal": (20, 140, 140),
    "light blue": (150, 200, 240),
    "blue": (40, 100, 215),
    "dark blue": (20, 35, 105),
    "purple": (125, 50, 150),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """``colours``: names with their share of the pixels (0 to 1), the most frequent first; empty when not looked at."""

    format: str
    width: int
    height: int
    mode: str
    colours: tuple[tuple[str, float], ...] = ()

    def __str__(self) -> str:
        shares = [f"{share:.0%} {name}" for name, share in self.colours]
        coloured = f"; about {', '.join(shares)}" if shares else ""
        return f"{self.format}, {self.width} x {self.height} pixels, {self.mode}{coloured}"


_SIZES: Remembered[tuple[int, int] | None] = Remembered(1_024)
_PICTURES: Remembered[Picture | None] = Remembered(1_024)


def size_of(blob: Blob) -> tuple[int, int] | None:
    """Width and height in pixels, by the header alone; None when it cannot be read."""
    return _SIZES.get(blob.digest, lambda: _size(blob.data))


def picture_of(blob: Blob) -> Picture | None:
    """None for what cannot be read as an image."""
    return _PICTURES.get(blob.digest, lambda: _picture(blob.data))


def _size(data: bytes) -> tuple[int, int] | None:
    image = _opened(data)
    return (image.width, image.height) if image else None


def _picture(data: bytes) -> Picture | None:
    image = _opened(data)
    if image is None:
        return None
    facts = Picture(image.format or "unknown format", image.width, image.height, image.mode)
    looked_at = image.width * image.height <= _MOST_PIXELS
    return Picture(facts.format, facts.width, facts.height, facts.mode, _colours(image) if looked_at else ())


def _opened(data: bytes) -> "Image | None":
    """Not decoded yet. None also where Pillow is not installed, and for an image that it refuses as a bomb."""
    try:
        from PIL import Image
    except ImportError:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        try:
            return Image.open(io.BytesIO(data))
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
            return None


def _colours(image: "Image") -> tuple[tuple[str, float], ...]:
    """Of an even sample of the pixels; what can be seen through counts as it looks on white."""
    try:
        image.draft("RGB", (4 * _SAMPLED[0], 4 * _SAMPLED[1]))
        small = image.convert("RGBA").resize(_SAMPLED, 0)
    except (OSError, ValueError, SyntaxError):
        return ()
    pixels: Any = small.tobytes()
    seen = Counter(zip(pixels[0::4], pixels[1::4], pixels[2::4], pixels[3::4], strict=True))
    named: Counter[str] = Counter()
    for (red, green, blue, opacity), count in seen.items():
        named[_nearest(*(255 - (255 - each) * opacity // 255 for each in (red, green, blue)))] += count
    shares = [(name, count / named.total()) for name, count in named.most_common(_MOST_COLOURS)]
    return tuple((name, share) for name, share in shares if share >= _LEAST_SHARE)


def _nearest(red: int, green: int, blue: int) -> str:
    def distance(name: str) -> int:
        other = _NAMED[name]
        return (red - other[0]) ** 2 + (green - other[1]) ** 2 + (blue - other[2]) ** 2

    return min(_NAMED, key=distance)
