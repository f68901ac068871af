"""What was asked of the stand-in, and what became of it: bounded, and without keys."""

import json
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import anyio

_SHOWN_HEADERS = (b"content-type", b"accept-encoding")


@dataclass(slots=True)
class Entry:
    """One request. ``at`` is in seconds since the log began, ``opened`` a monotonic clock reading.

    ``outcome``: ``in_flight``, ``answered``, ``client_closed`` (the client went first), ``hung_up`` (a fault had the
    stand-in close the connection).
    """

    n: int
    method: str
    path: str
    at: float
    opened: float
    headers: dict[str, str | None]
    on_settled: Callable[[], None]
    model: str | None = None
    body: bytes = b""
    size: int = 0
    status: int | None = None
    rule: int | None = None
    service_tier: str = "standard"
    outcome: str = "in_flight"
    closed_after_ms: float | None = None

    def settle(self, outcome: str) -> None:
        self.outcome = outcome
        if outcome == "client_closed":
            self.closed_after_ms = round((time.monotonic() - self.opened) * 1000, 3)
        self.on_settled()

    def as_json(self) -> dict[str, Any]:
        shown = {
            "n": self.n,
            "method": self.method,
            "path": self.path,
            "model": self.model,
            "bytes": self.size,
            "status": self.status,
            "at": round(self.at, 6),
            "rule": self.rule,
            "outcome": self.outcome,
            "body": _readable(self.body),
            "headers": self.headers,
        }
        return shown if self.closed_after_ms is None else shown | {"closed_after_ms": self.closed_after_ms}


def _readable(body: bytes) -> Any:
    """JSON decoded; otherwise text; None for nothing or for what is not text."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        text = body.decode(errors="replace")
        return None if "\x00" in text or text.count("\ufffd") > 1 else text


def _named(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str | None]:
    """Names with None, except the two headers whose values are harmless and worth seeing."""
    return {name.decode("latin-1"): _shown(name, value) for name, value in headers}


def _shown(name: bytes, value: bytes) -> str | None:
    return value.decode("latin-1") if name in _SHOWN_HEADERS else None


@dataclass(slots=True)
class RequestLog:
    """The latest ``keep`` requests, of each body the first ``body_bytes`` bytes."""

    keep: int = 5_000
    body_bytes: int = 4_096
    _entries: deque[Entry] = field(init=False)
    _began: float = field(init=False, default_factory=time.monotonic)
    _opened: int = field(init=False, default=0)
    _changed: anyio.Event | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._entries = deque(maxlen=self.keep)

    def unlisted(self, method: str, path: str, headers: Iterable[tuple[bytes, bytes]]) -> Entry:
        """An entry that only carries what happens to a request, for those the log does not list."""
        now = time.monotonic()
        return Entry(0, method, path, now - self._began, now, {}, self._wake)

    def open(self, method: str, path: str, headers: Iterable[tuple[bytes, bytes]]) -> Entry:
        now = time.monotonic()
        self._opened += 1
        entry = Entry(self._opened, method, path, now - self._began, now, _named(headers), self._wake)
        self._entries.append(entry)
        self._wake()
        return entry

    def note_body(self, entry: Entry, body: bytes) -> None:
        entry.size = len(body)
        entry.body = body if len(body) <= self.body_bytes else body[: self.body_bytes]
        self._wake()

    def entries(self, limit: int | None = None) -> list[Entry]:
        """Oldest first; with ``limit`` only the latest so many."""
        entries = list(self._entries)
        return entries if limit is None else entries[max(0, len(entries) - limit) :]

    async def wait_for(self, wanted: Callable[[Entry], bool]) -> Entry:
        """The first entry that is as ``wanted``, as soon as there is one."""
        while True:
            found = next(filter(wanted, self._entries), None)
            if found is not None:
                return found
            self._changed = self._changed or anyio.Event()
            await self._changed.wait()

    def clear(self) -> None:
        self._entries.clear()
        self._opened = 0
        self._began = time.monotonic()

    def _wake(self) -> None:
        if self._changed is not None:
            self._changed.set()
            self._changed = None
