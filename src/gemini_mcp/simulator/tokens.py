"""Estimates of tokens: text by a regular expression, media by what Gemini's documentation says of each modality."""

import re
import struct
from functools import lru_cache
from itertools import islice

from gemini_mcp.domain.imaging import PDF_PAGE_TOKENS, tokens_of
from gemini_mcp.simulator.documents import page_count
from gemini_mcp.simulator.pictures import size_of
from gemini_mcp.simulator.wire import Blob

Counts = dict[str, int]
"""Tokens by modality: TEXT, IMAGE, DOCUMENT, AUDIO, VIDEO."""

_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]|[^\W\d_]{1,8}|\d|_|[^\w\s]|\n+")
_SHORT = 20_000
_LONG, _SAMPLES, _SAMPLE = 60_000, 12, 1_000
_TILED = ("gemini-2.5", "gemini-2.0", "gemini-1")
_IMAGE_TOKENS = {"LOW": 280, "MEDIUM": 560, "HIGH": 1_120, "ULTRA_HIGH": 2_240}
_PAGE_TOKENS = {"LOW": 280, "MEDIUM": PDF_PAGE_TOKENS, "HIGH": 1_120}
_OLD_PAGE_TOKENS, _AUDIO_TOKENS_S, _VIDEO_TOKENS_S = 258, 32, 300
_MP3_BYTES_S, _MP4_BYTES_S = 16_000, 125_000


def count_text(text: str) -> int:
    """A text of over 60,000 characters is judged by twelve samples of 1,000."""
    if len(text) <= _SHORT:
        return _remembered(text)
    return len(_TOKEN.findall(text)) if len(text) <= _LONG else _sampled(text)


@lru_cache(maxsize=2_048)
def _remembered(text: str) -> int:
    return len(_TOKEN.findall(text))


def _sampled(text: str) -> int:
    step = len(text) // _SAMPLES
    counted = sum(len(_TOKEN.findall(text, start, start + _SAMPLE)) for start in range(0, step * _SAMPLES, step))
    return counted * len(text) // (_SAMPLES * _SAMPLE)


def cut(text: str, tokens: int) -> str:
    """The first so many tokens of ``text``."""
    last = next(islice(_TOKEN.finditer(text), tokens - 1, None), None) if tokens > 0 else None
    return text[: last.end()] if last else "" if tokens <= 0 else text


def count_blob(blob: Blob, model: str, resolution: str = "") -> tuple[str, int]:
    """Modality and tokens; ``resolution`` is the request's, which the part's own overrules."""
    kind = blob.mime.partition("/")[0]
    modality = {"image": "IMAGE", "audio": "AUDIO", "video": "VIDEO"}.get(kind, "DOCUMENT")
    if blob.tokens is not None:
        return modality, blob.tokens
    level = (blob.resolution or resolution).upper().removeprefix("MEDIA_RESOLUTION_")
    if modality == "IMAGE":
        return modality, _image_tokens(blob, model, level)
    if modality == "DOCUMENT":
        return modality, page_count(blob) * _page_tokens(model, level)
    return modality, _by_length(modality, blob.data)


def _image_tokens(blob: Blob, model: str, level: str) -> int:
    """By the resolution asked for alone, or before the third generation by the tiles the image takes."""
    if model.startswith(_TILED):
        return tokens_of(*(size_of(blob) or (1, 1)), "high", "gemini-2.5")
    return _IMAGE_TOKENS["HIGH"] if model.startswith("gemma") else _IMAGE_TOKENS.get(level, _IMAGE_TOKENS["HIGH"])


def _page_tokens(model: str, level: str) -> int:
    return _OLD_PAGE_TOKENS if model.startswith(_TILED) else _PAGE_TOKENS.get(level, PDF_PAGE_TOKENS)


def _by_length(modality: str, data: bytes) -> int:
    if modality == "AUDIO":
        return max(1, round(_AUDIO_TOKENS_S * _audio_seconds(data)))
    return max(1, round(_VIDEO_TOKENS_S * len(data) / _MP4_BYTES_S))


def _audio_seconds(data: bytes) -> float:
    """By the byte rate in a WAV header; otherwise a guess at 128 kbit/s."""
    if data[:4] == b"RIFF" and len(data) >= 44:
        rate: int = struct.unpack_from("<I", data, 28)[0]
        return (len(data) - 44) / max(1, rate)
    return len(data) / _MP3_BYTES_S
