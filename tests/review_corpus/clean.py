"""40 clean changes, four to each of ten files: nothing is wrong with them, and all that is said of them is false."""

from collections.abc import Iterator

from .cases import Case, change

_QUEUE = '''\
from collections import deque


class Queue:
    """First in, first out."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._items: deque[str] = deque()

    def put(self, item: str) -> bool:
        if len(self._items) >= self._most:
            return False
        self._items.append(item)
        return True

    def take(self) -> str | None:
        if not self._items:
            return None
        return self._items.popleft()

    def __len__(self) -> int:
        return len(self._items)
'''
_SLUG = '''\
import re
import unicodedata

_LONGEST = 80


def slug(title: str) -> str:
    """A title as a part of an address."""
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    words = re.findall(r"[a-z0-9]+", plain.lower())
    return "-".join(words)[:_LONGEST].rstrip("-")


def unique(title: str, taken: set[str]) -> str:
    base = slug(title)
    number = 1
    name = base
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name
'''
_INTERVALS = """\
from dataclasses import dataclass


@dataclass(frozen=True)
class Interval:
    start: int
    end: int

    def overlaps(self, other: "Interval") -> bool:
        return self.start < other.end and other.start < self.end


def merged(intervals: list[Interval]) -> list[Interval]:
    result: list[Interval] = []
    for interval in sorted(intervals, key=lambda each: each.start):
        if result and interval.start <= result[-1].end:
            last = result.pop()
            result.append(Interval(last.start, max(last.end, interval.end)))
        else:
            result.append(interval)
    return result
"""
_CONFIG = '''\
import json
from pathlib import Path
from typing import Any

DEFAULTS: dict[str, Any] = {"retries": 3, "verbose": False}


def read(path: Path) -> dict[str, Any]:
    """The settings in a file over the defaults."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        return dict(DEFAULTS)
    loaded = json.loads(text)
    if not isinstance(loaded, dict):
        raise ValueError(f"{path} holds no object")
    return DEFAULTS | loaded


def write(path: Path, settings: dict[str, Any]) -> None:
    path.write_text(json.dumps(settings, indent=2), "utf-8")
'''
_BUCKET = '''\
import time
from collections.abc import Callable


class Bucket:
    """Allows ``rate`` calls a second, and ``burst`` at once."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._last = clock()

    def allow(self) -> bool:
        now = self._clock()
        gained = (now - self._last) * self._rate
        self._tokens = min(self._burst, self._tokens + gained)
        self._last = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
'''
_TREE = '''\
from collections.abc import Iterator
from pathlib import Path

SKIPPED = {".git", "node_modules", "__pycache__"}


def files(folder: Path) -> Iterator[Path]:
    """All files below a folder, in order."""
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink():
            continue
        if entry.is_dir():
            if entry.name not in SKIPPED:
                yield from files(entry)
        elif entry.is_file():
            yield entry


def size(folder: Path) -> int:
    return sum(file.stat().st_size for file in files(folder))
'''
_STORE_JS = """\
export class Store {
  constructor(initial = {}) {
    this.state = { ...initial };
    this.listeners = new Set();
  }

  subscribe(listener) {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  update(changes) {
    const next = { ...this.state, ...changes };
    this.state = next;
    for (const listener of this.listeners) {
      listener(next);
    }
  }
}
"""
_FORMAT_TS = """\
export interface Money {
  cents: number;
  currency: string;
}

export function format(money: Money, locale = "en"): string {
  const amount = money.cents / 100;
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency: money.currency,
  }).format(amount);
}

export function sum(amounts: Money[]): Money | undefined {
  if (amounts.length === 0) {
    return undefined;
  }
  const currency = amounts[0].currency;
  if (amounts.some((money) => money.currency !== currency)) {
    throw new Error("amounts in several currencies");
  }
  return { cents: amounts.reduce((total, money) => total + money.cents, 0), currency };
}
"""
_COUNTER_GO = """\
package counter

import "sync"

type Counter struct {
	mu     sync.Mutex
	counts map[string]int
}

func New() *Counter {
	return &Counter{counts: make(map[string]int)}
}

func (c *Counter) Add(name string, by int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts[name] += by
	return c.counts[name]
}

func (c *Counter) Get(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[name]
}
"""
_RING_C = """\
#include <stdbool.h>
#include <stddef.h>

#define CAPACITY 64

struct ring {
    int items[CAPACITY];
    size_t head;
    size_t count;
};

bool ring_put(struct ring *ring, int item)
{
    if (ring->count == CAPACITY)
        return false;
    ring->items[(ring->head + ring->count) % CAPACITY] = item;
    ring->count++;
    return true;
}

bool ring_take(struct ring *ring, int *item)
{
    if (ring->count == 0)
        return false;
    *item = ring->items[ring->head];
    ring->head = (ring->head + 1) % CAPACITY;
    ring->count--;
    return true;
}
"""

_FILES = {
    "core/queue.py": _QUEUE,
    "core/slug.py": _SLUG,
    "core/intervals.py": _INTERVALS,
    "app/config.py": _CONFIG,
    "net/bucket.py": _BUCKET,
    "tools/tree.py": _TREE,
    "web/store.js": _STORE_JS,
    "web/format.ts": _FORMAT_TS,
    "counter/counter.go": _COUNTER_GO,
    "lib/ring.c": _RING_C,
}

_CHANGES = '''\
#### core/queue.py
        if len(self._items) >= self._most:
=>
        if len(self) >= self._most:
#### core/queue.py
        if not self._items:
            return None
        return self._items.popleft()
=>
        return self._items.popleft() if self._items else None
#### core/queue.py
    def __len__(self) -> int:
=>
    @property
    def full(self) -> bool:
        return len(self._items) >= self._most

    def __len__(self) -> int:
#### core/queue.py
    """First in, first out."""
=>
    """First in, first out; what is too much is turned away."""
#### core/slug.py
_LONGEST = 80
=>
_LONGEST = 80
_WORD = re.compile(r"[a-z0-9]+")
====
    words = re.findall(r"[a-z0-9]+", plain.lower())
=>
    words = _WORD.findall(plain.lower())
#### core/slug.py
    number = 1
    name = base
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name
=>
    if base not in taken:
        return base
    number = 2
    while f"{base}-{number}" in taken:
        number += 1
    return f"{base}-{number}"
#### core/slug.py
def unique(title: str, taken: set[str]) -> str:
=>
def unique(title: str, taken: set[str]) -> str:
    """A slug that is not among ``taken``."""
#### core/slug.py
    plain = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
=>
    decomposed = unicodedata.normalize("NFKD", title)
    plain = decomposed.encode("ascii", "ignore").decode("ascii")
#### core/intervals.py
@dataclass(frozen=True)
=>
@dataclass(frozen=True, order=True)
====
    for interval in sorted(intervals, key=lambda each: each.start):
=>
    for interval in sorted(intervals):
#### core/intervals.py
            last = result.pop()
            result.append(Interval(last.start, max(last.end, interval.end)))
=>
            result[-1] = Interval(result[-1].start, max(result[-1].end, interval.end))
#### core/intervals.py
    end: int

=>
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start

#### core/intervals.py
def merged(intervals: list[Interval]) -> list[Interval]:
=>
def merged(intervals: list[Interval]) -> list[Interval]:
    """Intervals that touch become one."""
#### app/config.py
        return dict(DEFAULTS)
=>
        return DEFAULTS.copy()
#### app/config.py
        raise ValueError(f"{path} holds no object")
=>
        raise ValueError(f"{path} must hold a JSON object, not {type(loaded).__name__}")
#### app/config.py
    path.write_text(json.dumps(settings, indent=2), "utf-8")
=>
    path.write_text(json.dumps(settings, indent=2, sort_keys=True), "utf-8")
#### app/config.py
    loaded = json.loads(text)
=>
    loaded: Any = json.loads(text)
#### net/bucket.py
        gained = (now - self._last) * self._rate
        self._tokens = min(self._burst, self._tokens + gained)
        self._last = now
=>
        self._refill(now)
====
        self._tokens -= 1
        return True
=>
        self._tokens -= 1
        return True

    def _refill(self, now: float) -> None:
        gained = (now - self._last) * self._rate
        self._tokens = min(self._burst, self._tokens + gained)
        self._last = now
#### net/bucket.py
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
=>
        allowed = self._tokens >= 1
        if allowed:
            self._tokens -= 1
        return allowed
#### net/bucket.py
    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
=>
    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError("a bucket lets something through")
#### net/bucket.py
    def allow(self) -> bool:
=>
    def allow(self) -> bool:
        """Whether one more call is allowed now; takes a token if so."""
#### tools/tree.py
SKIPPED = {".git", "node_modules", "__pycache__"}
=>
SKIPPED = frozenset({".git", ".hg", "node_modules", "__pycache__"})
#### tools/tree.py
        if entry.is_dir():
            if entry.name not in SKIPPED:
                yield from files(entry)
=>
        if entry.is_dir() and entry.name not in SKIPPED:
            yield from files(entry)
#### tools/tree.py
def size(folder: Path) -> int:
=>
def size(folder: Path) -> int:
    """In bytes."""
#### tools/tree.py
    for entry in sorted(folder.iterdir()):
=>
    entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    for entry in entries:
#### web/store.js
    const next = { ...this.state, ...changes };
    this.state = next;
=>
    this.state = { ...this.state, ...changes };
====
      listener(next);
=>
      listener(this.state);
#### web/store.js
    return () => this.listeners.delete(listener);
=>
    return () => {
      this.listeners.delete(listener);
    };
#### web/store.js
    for (const listener of this.listeners) {
=>
    for (const listener of [...this.listeners]) {
#### web/store.js
  update(changes) {
=>
  get size() {
    return this.listeners.size;
  }

  update(changes) {
#### web/format.ts
  if (amounts.length === 0) {
    return undefined;
  }
  const currency = amounts[0].currency;
=>
  const currency = amounts[0]?.currency;
  if (currency === undefined) {
    return undefined;
  }
#### web/format.ts
export interface Money {
  cents: number;
  currency: string;
}
=>
export interface Money {
  readonly cents: number;
  readonly currency: string;
}
#### web/format.ts
  const amount = money.cents / 100;
=>
====
  }).format(amount);
=>
  }).format(money.cents / 100);
#### web/format.ts
    throw new Error("amounts in several currencies");
=>
    throw new Error(`not all amounts are in ${currency}`);
#### counter/counter.go
	mu     sync.Mutex
=>
	mu     sync.RWMutex
====
func (c *Counter) Get(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
=>
func (c *Counter) Get(name string) int {
	c.mu.RLock()
	defer c.mu.RUnlock()
#### counter/counter.go
	c.counts[name] += by
	return c.counts[name]
=>
	count := c.counts[name] + by
	c.counts[name] = count
	return count
#### counter/counter.go
func New() *Counter {
=>
// New returns a counter of nothing.
func New() *Counter {
#### counter/counter.go
type Counter struct {
=>
// Counter counts by name; several goroutines may use one.
type Counter struct {
#### lib/ring.c
    if (ring->count == CAPACITY)
=>
    if (ring->count >= CAPACITY)
#### lib/ring.c
    ring->items[(ring->head + ring->count) % CAPACITY] = item;
=>
    size_t tail = (ring->head + ring->count) % CAPACITY;
    ring->items[tail] = item;
#### lib/ring.c
#define CAPACITY 64
=>
enum { CAPACITY = 64 };
#### lib/ring.c
bool ring_take(struct ring *ring, int *item)
=>
/* The oldest item; false when there is none. */
bool ring_take(struct ring *ring, int *item)
'''
"""Each to one file: lines, ``=>``, and the lines in their place; ``====`` before the next such lines of the file."""


def _edits(body: str) -> list[tuple[str, str]]:
    pairs = (part.partition("=>\n") for part in body.split("====\n"))
    return [(before, after) for before, _, after in pairs]


def _cases() -> Iterator[Case]:
    for number, part in enumerate(_CHANGES.split("#### ")[1:], 1):
        path, _, body = part.partition("\n")
        yield change(f"{path} {number}", path, _FILES[path], _edits(body))


CLEAN: tuple[Case, ...] = tuple(_cases())
