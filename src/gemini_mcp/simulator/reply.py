"""What the stand-in will send, decided before anything is sent."""

import json
import math
from dataclasses import dataclass
from typing import Any

JSON_TYPE = b"application/json; charset=UTF-8"
SSE_TYPE = b"text/event-stream"
FOR_EVER = math.inf


@dataclass(frozen=True, slots=True)
class Reply:
    """Chunks of a body under a status, after ``wait_s`` seconds.

    ``hang_up``: close the connection after the wait instead of answering. ``drip``: send the body in pieces of so
    many bytes, one every so many seconds. ``sized``: announce the length (a stream does not).
    """

    chunks: tuple[bytes, ...] = ()
    status: int = 200
    content_type: bytes = JSON_TYPE
    headers: tuple[tuple[bytes, bytes], ...] = ()
    wait_s: float = 0.0
    hang_up: bool = False
    drip: tuple[int, float] | None = None
    sized: bool = True


def json_reply(value: Any, headers: tuple[tuple[bytes, bytes], ...] = ()) -> Reply:
    return Reply((_encoded(value),), headers=headers)


def sse_reply(values: list[Any]) -> Reply:
    """Server-sent events as Gemini frames them."""
    chunks = tuple(b"data: " + _encoded(value) + b"\r\n\r\n" for value in values)
    return Reply(chunks, content_type=SSE_TYPE, sized=False)


def _encoded(value: Any) -> bytes:
    """Half a surrogate pair, which a prompt may hold, has no encoding: it becomes a question mark."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
