"""Estimates of tokens: text by a regular expression, media by what Gemini's documentation says of each modality."""

import re
import struct
from functools import lru_cache
from itertools import islice

from gemini_mcp.simulator.wire import Blob

Counts = dict[str, int]
"""Tokens by modality: TEXT, IMAGE, DOCUMENT, AUDIO, VIDEO."""

_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_]{1,8}|\d|_|[^\w\s]|\n+")
_SHORT = 20_000
_PAGE = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
_IMAGE_TOKENS = {"LOW": 280, "MEDIUM": 560, "HIGH": 1_120, "ULTRA_HIGH": 2_240}
_PAGE_TOKENS, _AUDIO_TOKENS_S, _VIDEO_TOKENS_S = 258, 32, 300
_MP3_BYTES_S, _MP4_BYTES_S = 16_000, 125_000


def count_text(text: str) -> int:
    return _remembered(text) if len(text) < _SHORT else len(_TOKEN.findall(text))


@lru_cache(maxsize=2_048)
def _remembered(text: str) -> int:
    return len(_TOKEN.findall(text))


def cut(text: str, tokens: int) -> str:
    """The first so many tokens of ``text``."""
    last = next(islice(_TOKEN.finditer(text), tokens - 1, None), None) if tokens > 0 else None
    return text[: last.end()] if last else "" if tokens <= 0 else text


def count_blob(blob: Blob, resolution: str = "") -> tuple[str, int]:
    """Modality and tokens; ``resolution`` is the request's, which the part's own overrules."""
    kind = blob.mime.partition("/")[0]
    modality = {"image": "IMAGE", "audio": "AUDIO", "video": "VIDEO"}.get(kind, "DOCUMENT")
    if blob.tokens is not None:
        return modality, blob.tokens
    if modality == "IMAGE":
        level = (blob.resolution or resolution).upper().removeprefix("MEDIA_RESOLUTION_")
        return modality, _IMAGE_TOKENS.get(level, _IMAGE_TOKENS["HIGH"])
    return modality, _by_length(modality, blob.data)


def _by_length(modality: str, data: bytes) -> int:
    if modality == "DOCUMENT":
        return _PAGE_TOKENS * max(1, len(_PAGE.findall(data)))
    if modality == "AUDIO":
        return max(1, round(_AUDIO_TOKENS_S * _audio_seconds(data)))
    return max(1, round(_VIDEO_TOKENS_S * len(data) / _MP4_BYTES_S))


def _audio_seconds(data: bytes) -> float:
    """By the byte rate in a WAV header; otherwise a guess at 128 kbit/s."""
    if data[:4] == b"RIFF" and len(data) >= 44:
        rate: int = struct.unpack_from("<I", data, 28)[0]
        return (len(data) - 44) / max(1, rate)
    return len(data) / _MP3_BYTES_S
