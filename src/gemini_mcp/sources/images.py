"""Images, read for a model: decoded out of this process, upright, without metadata, no larger than what is billed.

Which kind a file is, its first bytes say, never its name. Of what it holds, pixels alone are sent.
"""

import re
from dataclasses import dataclass
from pathlib import PurePath

from gemini_mcp.domain.catalog import Family
from gemini_mcp.domain.errors import TooLarge, UnsupportedFormat
from gemini_mcp.domain.imaging import takes_detail, tokens_of
from gemini_mcp.domain.material import Detail, Media
from gemini_mcp.sources.child import Children, Frame, Limits
from gemini_mcp.sources.formats import HEAD_BYTES, format_of

MOST_BYTES = 64 << 20
LIMITS = Limits(frame_s=2.5, total_s=30.0, memory=768 << 20, output=32 << 20)
"""Memory for 100 megapixels, decoded, and most of a copy; time for decoding, and as much for making smaller."""

_KINDS = (
    ("PNG", re.compile(rb"\x89PNG\r\n\x1a\n")),
    ("JPEG", re.compile(rb"\xff\xd8\xff")),
    ("GIF", re.compile(rb"GIF8[79]a")),
    ("WEBP", re.compile(rb"RIFF....WEBP", re.DOTALL)),
    ("HEIF", re.compile(rb"....ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL)),
)
_OTHERS = (
    ("AVIF", re.compile(rb"....ftypavi[fs]", re.DOTALL)),
    ("TIFF", re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+")),
    ("BMP", re.compile(rb"BM")),
    ("PSD", re.compile(rb"8BPS")),
    ("JPEG 2000", re.compile(rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51")),
    ("JPEG XL", re.compile(rb"\0\0\0\x0cJXL |\xff\x0a")),
    ("icon", re.compile(rb"\0\0[\1\2]\0")),
    ("PostScript", re.compile(rb"%!PS|\xc5\xd0\xd3\xc6")),
    ("PDF", re.compile(rb"%PDF-")),
    ("SVG", re.compile(rb"\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)?(?:<!DOCTYPE[^>]*>\s*)?<svg\b", re.DOTALL)),
)
"""What else people have, for the sake of a message that names it."""


_DOCUMENTS = "Ask delegate_task about it (name it in files), or have summarize_docs sum it up."


@dataclass(frozen=True, slots=True)
class ImageRead:
    """An image ready to be sent.

    ``format`` as found: PNG, JPEG, GIF, WEBP or HEIF. Sizes in pixels, as it is looked at: ``width`` and ``height``
    of the file, ``sent_width`` and ``sent_height`` of ``media``. ``frames`` in the file, of which the first (in
    HEIF: the main one) is sent. ``warnings``: what the model does not see of it, in words.
    """

    media: Media
    format: str
    width: int
    height: int
    sent_width: int
    sent_height: int
    frames: int
    warnings: tuple[str, ...] = ()

    @property
    def sent_as(self) -> str:
        return f"{self.media.mime_type} {self.sent_width}x{self.sent_height}"


async def image_media(children: Children, data: bytes, name: str, detail: Detail, family: Family) -> ImageRead:
    """The image in ``data``, called ``name`` in errors. Raises TooLarge or UnsupportedFormat."""
    kind = image_kind(data)
    if kind is None:
        raise _unknown(data, name)
    if len(data) > MOST_BYTES:
        raise TooLarge(f"{name} is over {MOST_BYTES >> 20} MiB", "Save it smaller, or cut out the part that matters.")
    arguments = {"kind": kind, "detail": detail, "family": family}
    frames = await children.run("image", arguments, data, name=name, limits=LIMITS)
    try:
        return _read(frames[0], frames[-1], kind, name, detail, family)
    except (LookupError, TypeError, ValueError):  # a child may write anything
        raise UnsupportedFormat(f"{name} confuses its reader", "It may be damaged; leave it out.") from None


def image_kind(data: bytes) -> str | None:
    """Which of the kinds that can be sent the first bytes announce."""
    return next((kind for kind, start in _KINDS if start.match(data)), None)


def _unknown(data: bytes, name: str) -> UnsupportedFormat:
    head = data[:1_024]
    other = next((kind for kind, start in _OTHERS if start.match(head)), None)
    if not data:
        return UnsupportedFormat(f"{name} is empty", "Check the path.")
    what = f"{name} is {other}" if other else f"{name} is no image that can be read"
    document = other == "PDF" or (other is None and format_of(PurePath(name).name, data[:HEAD_BYTES]) is not None)
    return UnsupportedFormat(what, _DOCUMENTS if document else "Convert it to PNG, JPEG, WebP, GIF or HEIC.")


def _read(found: Frame, sent: Frame, kind: str, name: str, detail: Detail, family: Family) -> ImageRead:
    width, height, frames = (int(found.value[key]) for key in ("width", "height", "frames"))
    sent_width, sent_height = int(sent.value["width"]), int(sent.value["height"])
    media = Media(
        "image/png" if sent.value["format"] == "PNG" else "image/jpeg",
        sent.data,
        tokens_of(sent_width, sent_height, detail, family),
        detail if takes_detail(family) else None,
    )
    warnings = _warnings(name, kind, frames, (width, height), (sent_width, sent_height))
    return ImageRead(media, kind, width, height, sent_width, sent_height, frames, warnings)


def _warnings(name: str, kind: str, frames: int, size: tuple[int, int], sent: tuple[int, int]) -> tuple[str, ...]:
    found: list[str] = []
    short = PurePath(name).name or name
    if frames > 1 and kind == "HEIF":
        found.append(f"{short} holds {frames:,} pictures; only the main one is sent")
    elif frames > 1:
        found.append(f"{short} is animated; only the first of its {frames:,} frames is sent")
    if max(size) > 4 * min(size) and sent[0] * 2 < size[0]:
        share = f"{100 * sent[0] / size[0]:.0f} %"
        found.append(f"{short} is long and narrow and sent at {share} of its size; cut it up if it has small text")
    return tuple(found)
