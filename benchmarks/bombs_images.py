"""Images that would cost far more than they weigh: built byte by byte, each refused for its own reason."""

import struct
import zlib
from io import BytesIO

_PNG = b"\x89PNG\r\n\x1a\n"
_MEBI = 1 << 20


def image_bombs() -> list[tuple[str, bytes]]:
    """File names and contents. One in HEIC is among them where pillow-heif is installed."""
    return [
        ("50000x50000.png", _png(50_000, 50_000, _deflated_zeros(20 * _MEBI))),
        ("2147483647x2147483647.png", _png(2**31 - 1, 2**31 - 1, _deflated_zeros(_MEBI))),
        ("1x100000000.png", _png(1, 100_000_000, _deflated_zeros(_MEBI))),
        (
            "text-200-mib.png",
            _png(8, 8, zlib.compress(bytes(72)), _chunk(b"zTXt", b"k\0\0" + _deflated_zeros(200 * _MEBI))),
        ),
        (
            "text-200-times.png",
            _png(8, 8, zlib.compress(bytes(72)), _chunk(b"zTXt", b"k\0\0" + _deflated_zeros(_MEBI)) * 200),
        ),
        (
            "profile-200-mib.png",
            _png(8, 8, zlib.compress(bytes(72)), _chunk(b"iCCP", b"k\0\0" + _deflated_zeros(200 * _MEBI))),
        ),
        ("100000-frames.png", _png(8, 8, zlib.compress(bytes(72)), _chunk(b"acTL", struct.pack(">II", 100_000, 0)))),
        ("cut-short.png", _png(4_000, 4_000, _deflated_zeros(8_000_000))),
        ("100000-frames.gif", _gif(16, 16, frames=100_000)),
        ("65535x65535.gif", _gif(65_535, 65_535)),
        ("frame-beyond-its-canvas.gif", _gif(16, 16, frame=(65_535, 65_535))),
        ("canvas-16777216x256.webp", _webp(1 << 24, 256, frames=1)),
        ("20000-frames.webp", _webp(16, 16, frames=20_000)),
        ("65500x65500.jpg", _jpeg(65_500, 65_500, scans=1)),
        ("2000-scans.jpg", _jpeg(9_984, 9_984, scans=2_000)),
        *_heic_bombs(),
    ]


def _deflated_zeros(size: int) -> bytes:
    squeezer = zlib.compressobj(9)
    return b"".join(squeezer.compress(bytes(_MEBI)) for _ in range(size // _MEBI + 1)) + squeezer.flush()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _png(width: int, height: int, pixels: bytes, before: bytes = b"") -> bytes:
    """Grey, of 8 bits."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return _PNG + header + before + _chunk(b"IDAT", pixels) + _chunk(b"IEND", b"")


def _gif(width: int, height: int, *, frames: int = 1, frame: tuple[int, int] = (1, 1)) -> bytes:
    picture = b"," + struct.pack("<HHHHB", 0, 0, *frame, 0) + b"\x02\x02\x44\x01\x00"
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + bytes(6) + picture * frames + b";"


def _webp(width: int, height: int, *, frames: int) -> bytes:
    """Animated: the canvas is as said, every frame a single pixel."""
    pixel = _riff(b"VP8L", bytes.fromhex("2f00000000078810fdfe0722a2ff01"))
    frame = _riff(b"ANMF", bytes(6) + bytes(6) + bytes(4) + pixel)
    canvas = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    chunks = _riff(b"VP8X", b"\x02\0\0\0" + canvas) + _riff(b"ANIM", bytes(6)) + frame * frames
    return _riff(b"RIFF", b"WEBP" + chunks)


def _riff(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + bytes(len(data) % 2)


def _jpeg(width: int, height: int, *, scans: int) -> bytes:
    """Progressive: every scan has the decoder go over the whole image again, to find one run of nothing in it."""
    tables = _segment(0xDB, b"\0" + b"\1" * 64) + _segment(0xC4, b"\x00\1" + bytes(15) + b"\0")
    tables += _segment(0xC4, b"\x10\1" + bytes(15) + b"\xe0")  # one code: a run of 2^14 blocks
    frame = _segment(0xC2, struct.pack(">BHHB", 8, height, width, 1) + b"\1\x11\0")
    first = _segment(0xDA, b"\1\1\0\0\0\0") + bytes(width // 8 * (height // 8) // 8 + 1)
    blocks = -(-(width // 8) * (height // 8) // (1 << 14))
    more = _segment(0xDA, b"\1\1\0\1\x3f\0") + bytes(2 * blocks + 1)
    return b"\xff\xd8" + tables + frame + first + more * scans + b"\xff\xd9"


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _heic_bombs() -> list[tuple[str, bytes]]:
    try:
        from PIL import Image
        from pillow_heif import register_heif_opener
    except ImportError:
        return []
    register_heif_opener()
    stream = BytesIO()
    Image.new("RGB", (64, 64)).save(stream, "HEIF")
    said = struct.pack(">4sIII", b"ispe", 0, 64, 64)
    claimed = struct.pack(">4sIII", b"ispe", 0, 30_000, 30_000)
    return [("30000x30000.heic", stream.getvalue().replace(said, claimed))]
