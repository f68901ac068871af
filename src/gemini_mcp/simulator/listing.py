"""What the stored things share: names, times as Google writes them, and pages of a list."""

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from gemini_mcp.simulator.refusals import Refusal

_ID_LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"


def new_id() -> str:
    return "".join(secrets.choice(_ID_LETTERS) for _ in range(12))


def timestamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def page(name: str, items: Sequence[dict[str, Any]], size: str, token: str, largest: int = 100) -> dict[str, Any]:
    """``items`` from ``token`` (a position) on under ``name``, and the next token while there are more.
    Raises Refusal (400) for a size or token that is no number."""
    if not (size or "0").isdecimal() or not (token or "0").isdecimal():
        raise Refusal(400, "Invalid page size or page token.")
    start, count = int(token or 0), min(int(size or 0) or largest, largest)
    shown: dict[str, Any] = {name: list(items[start : start + count])}
    return shown | ({"nextPageToken": str(start + count)} if start + count < len(items) else {})
