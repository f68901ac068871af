"""What an image file announces, read from its bytes where a decoder would begin to decode in order to know."""

import re

_JPEG_MARKER = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
"""Within a scan, 0xff stands before 0x00, before one of eight restarts, or before the marker that ends it."""

_SCAN, _END = 0xDA, 0xD9
_GIF_FRAME, _GIF_EXTENSION = 0x2C, 0x21


def webp_canvas(data: bytes) -> tuple[int, int]:
    """Width and height of a still or animated image, from its first chunk; 0 where that is cut short."""
    if data[12:16] == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF


def gif_frames(data: bytes, most: int) -> int:
    """Frames, counted block by block up to one more than ``most``. Raises IndexError on less than a header."""
    at, count = 13 + _gif_table(data[10]), 0
    while at + 10 < len(data) and count <= most and data[at] in (_GIF_FRAME, _GIF_EXTENSION):
        if data[at] == _GIF_FRAME:
            count += 1
            at += 11 + _gif_table(data[at + 9])
        else:
            at += 2
        while at < len(data) and data[at]:
            at += data[at] + 1
        at += 1
    return count


def _gif_table(flags: int) -> int:
    """Bytes of the colour table that follows."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def jpeg_scans(data: bytes, most: int) -> int:
    """How often a decoder goes over the first image, counted up to one more than ``most``.

    A progressive image may be told to be gone over thousands of times, at a few bytes each.
    """
    at, count = 2, 0
    while count <= most and (found := _JPEG_MARKER.search(data, at)):
        marker, at = found[1][0], found.end()
        if marker == _END:
            break
        count += marker == _SCAN
        at += int.from_bytes(data[at : at + 2], "big")
    return count
