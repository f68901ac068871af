"""24 planted bugs: 10 in whole files, 14 in changes; two of those break what the change itself does not show."""

from .cases import Bug, Case, change, whole

_PAGING = '''\
"""Pages of a list."""


def page_count(total: int, size: int) -> int:
    """How many pages of ``size`` entries ``total`` entries need."""
    if size <= 0:
        raise ValueError("a page holds at least one entry")
    return total // size


def page(entries: list[str], number: int, size: int) -> list[str]:
    start = (number - 1) * size
    return entries[start : start + size]
'''
_REGISTRY = '''\
from collections.abc import Callable

Handler = Callable[[str], None]


class Registry:
    """Handlers by event. Each registry is on its own."""

    def __init__(self, handlers: dict[str, list[Handler]] = {}) -> None:
        self.handlers = handlers

    def on(self, event: str, handler: Handler) -> None:
        self.handlers.setdefault(event, []).append(handler)

    def fire(self, event: str, payload: str) -> None:
        for handler in self.handlers.get(event, []):
            handler(payload)
'''
_USERS = """\
import sqlite3


def connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    return connection


def by_name(connection: sqlite3.Connection, name: str) -> list[sqlite3.Row]:
    query = f"SELECT id, name, mail FROM users WHERE name = '{name}'"
    return connection.execute(query).fetchall()


def count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM users").fetchone()[0])
"""
_FETCHING = '''\
import time
import urllib.request


def fetch(url: str, pause: float = 0.5) -> bytes:
    """The body of a page; what fails for a moment is asked again."""
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return bytes(answer.read())
        except OSError:
            time.sleep(pause)
'''
_MEASURES = '''\
from collections.abc import Iterable


def mean(values: Iterable[float]) -> float:
    """The mean, 0 of nothing."""
    total, seen = 0.0, 0
    for value in values:
        total += value
        seen += 1
    return total / seen


def spread(values: list[float]) -> float:
    return max(values) - min(values) if values else 0.0
'''
_DEBOUNCE = """\
export function debounce(action, delayMs) {
  let timer = null;

  return function debounced(...args) {
    if (timer !== null) {
      clearTimeout(timer);
    }
    setTimeout(() => {
      timer = null;
      action.apply(this, args);
    }, delayMs);
  };
}
"""
_POOL = """\
package pool

import (
	"errors"
	"sync"
)

var ErrEmpty = errors.New("pool: empty")

type Pool struct {
	mu    sync.Mutex
	items []string
}

// Take removes the last item and returns it.
func (p *Pool) Take() (string, error) {
	p.mu.Lock()
	if len(p.items) == 0 {
		return "", ErrEmpty
	}
	last := p.items[len(p.items)-1]
	p.items = p.items[:len(p.items)-1]
	p.mu.Unlock()
	return last, nil
}
"""
_JOIN = """\
#include <stdlib.h>
#include <string.h>

/* A new string of both parts; NULL when there is no memory. */
char *join(const char *first, const char *second)
{
    size_t length = strlen(first) + strlen(second);
    char *joined = malloc(length);
    if (joined == NULL)
        return NULL;
    strcpy(joined, first);
    strcat(joined, second);
    return joined;
}
"""
_AUTH = """\
import { lookup } from "./sessions";

export interface Request {
  token: string;
  path: string;
}

async function isValid(token: string): Promise<boolean> {
  const session = await lookup(token);
  return session !== undefined && session.expires > Date.now();
}

export async function authorize(request: Request): Promise<void> {
  if (!isValid(request.token)) {
    throw new Error(`not allowed: ${request.path}`);
  }
}
"""
_LABEL = """\
/// The first letters of a name, in capitals, for a small label.
pub fn short_label(name: &str) -> String {
    let trimmed = name.trim();
    if trimmed.len() <= 3 {
        return trimmed.to_uppercase();
    }
    trimmed[..3].to_uppercase()
}

pub fn full_label(name: &str, city: &str) -> String {
    format!("{}, {}", name.trim(), city.trim())
}
"""

WHOLE = (
    whole(
        "last page lost",
        "src/paging.py",
        _PAGING,
        Bug(
            "src/paging.py",
            8,
            "    return total // size",
            "high",
            "bug",
            "Rounds down: 11 entries at 10 a page need two pages, and the last entry is on none.",
            "return -(-total // size)",
        ),
    ),
    whole(
        "shared default",
        "src/registry.py",
        _REGISTRY,
        Bug(
            "src/registry.py",
            9,
            "def __init__(self, handlers: dict[str, list[Handler]] = {}) -> None:",
            "high",
            "bug",
            "The default dictionary is made once and shared: all registries have the same handlers.",
        ),
    ),
    whole(
        "sql injection",
        "app/users.py",
        _USERS,
        Bug(
            "app/users.py",
            11,
            "    query = f\"SELECT id, name, mail FROM users WHERE name = '{name}'\"",
            "critical",
            "security",
            "A name with a quote in it ends the string: whoever chooses the name writes the query.",
            'connection.execute("... WHERE name = ?", (name,))',
        ),
    ),
    whole(
        "asks for ever",
        "app/fetching.py",
        _FETCHING,
        Bug(
            "app/fetching.py",
            11,
            "except OSError:\n            time.sleep(pause)",
            "high",
            "bug",
            "Tries without an end: a 404 is an OSError too, so that a wrong address never returns.",
        ),
    ),
    whole(
        "mean of nothing",
        "stats/measures.py",
        _MEASURES,
        Bug(
            "stats/measures.py",
            10,
            "return total / seen",
            "medium",
            "bug",
            "Divides by zero when there are no values, where the docstring promises 0.",
        ),
    ),
    whole(
        "timer forgotten",
        "web/debounce.js",
        _DEBOUNCE,
        Bug(
            "web/debounce.js",
            8,
            "    setTimeout(() => {\n      timer = null;",
            "high",
            "bug",
            "The handle of setTimeout is not kept in timer, so that nothing is ever cleared.",
        ),
    ),
    whole(
        "lock kept",
        "pool/pool.go",
        _POOL,
        Bug(
            "pool/pool.go",
            19,
            '\t\treturn "", ErrEmpty',
            "critical",
            "concurrency",
            "Returns with the mutex locked: the next call of Take waits for ever.",
            "defer p.mu.Unlock()",
        ),
    ),
    whole(
        "no room for the end",
        "lib/join.c",
        _JOIN,
        Bug(
            "lib/join.c",
            8,
            "char *joined = malloc(length);",
            "critical",
            "security",
            "One byte short: the terminating NUL is written behind the block.",
            "malloc(length + 1)",
        ),
    ),
    whole(
        "promise as truth",
        "web/auth.ts",
        _AUTH,
        Bug(
            "web/auth.ts",
            14,
            "if (!isValid(request.token)) {",
            "critical",
            "security",
            "isValid returns a promise, which is always true: everybody is let in.",
            "if (!(await isValid(request.token)))",
        ),
    ),
    whole(
        "cut within a letter",
        "src/label.rs",
        _LABEL,
        Bug(
            "src/label.rs",
            7,
            "    trimmed[..3].to_uppercase()",
            "medium",
            "bug",
            "Slices by bytes: a name such as 'Zoë B' panics, for byte 3 is inside of a letter.",
        ),
    ),
)

_LEDGER = '''\
import threading


class Ledger:
    """Balances by account, for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._balances: dict[str, int] = {}

    def book(self, account: str, cents: int) -> int:
        with self._lock:
            balance = self._balances.get(account, 0) + cents
            self._balances[account] = balance
            return balance

    def balance(self, account: str) -> int:
        with self._lock:
            return self._balances.get(account, 0)
'''
_PRICES = '''\
from decimal import Decimal

RATES = {"book": Decimal("0.07"), "toy": Decimal("0.19")}


def with_tax(net: Decimal, kind: str) -> Decimal:
    """The price with tax."""
    rate = RATES.get(kind, Decimal("0.19"))
    return (net * (1 + rate)).quantize(Decimal("0.01"))
'''
_INVOICE = """\
from decimal import Decimal

from shop.prices import with_tax


def invoice_total(lines: list[tuple[str, Decimal]]) -> Decimal:
    total = Decimal(0)
    for kind, net in lines:
        total += with_tax(net, kind)
    return total
"""
_AGES = '''\
ADULT = 18


def may_enter(age: int, accompanied: bool) -> bool:
    """Adults, and children with somebody."""
    return age >= ADULT or accompanied


def fee(age: int) -> int:
    if age < 6:
        return 0
    return 5 if age < ADULT else 10
'''
_SETTINGS = '''\
from pathlib import Path
from typing import Any

import yaml


def load(path: Path) -> dict[str, Any]:
    """Settings that users upload."""
    text = path.read_text("utf-8")
    settings = yaml.safe_load(text)
    return settings or {}
'''
_ORDERS = """\
from shop.store import Store


async def place(store: Store, customer: str, goods: list[str]) -> str:
    order = await store.create(customer, goods)
    await store.reserve(order, goods)
    await store.notify(customer, order)
    return order
"""
_RANKING = '''\
from dataclasses import dataclass


@dataclass
class Entry:
    name: str
    points: int


def ranking(entries: list[Entry]) -> list[Entry]:
    """The best first."""
    return sorted(entries, key=lambda entry: -entry.points)


def winner(entries: list[Entry]) -> Entry:
    return ranking(entries)[0]
'''
_DOWNLOADS = '''\
from pathlib import Path

ROOT = Path("/srv/public").resolve()


def resolve(name: str) -> Path:
    """A file below ROOT. Raises PermissionError for any other."""
    path = (ROOT / name).resolve()
    if not path.is_relative_to(ROOT):
        raise PermissionError(name)
    return path
'''
_TEST_PARSER = """\
from shop.parser import parse


def test_a_line_is_parsed() -> None:
    assert parse("a=1") == {"a": 1}


def test_blanks_do_not_matter() -> None:
    assert parse(" a = 1 ") == {"a": 1}
"""
_FORM = """\
export function validate(form) {
  const errors = [];
  if (form.name === "") {
    errors.push("name");
  }
  if (form.state === "draft") {
    errors.push("state");
  }
  return errors;
}

export function summary(form) {
  return `${form.name} (${form.state})`;
}
"""
_MERGE = """\
export function merge(first, second) {
  const known = new Set(first.map((entry) => entry.id));
  const merged = [...first];
  for (const entry of second) {
    if (!known.has(entry.id)) {
      merged.push(entry);
    }
  }
  return merged;
}
"""
_QUERY = """\
package store

import (
	"context"
	"database/sql"
)

func Names(ctx context.Context, db *sql.DB) ([]string, error) {
	rows, err := db.QueryContext(ctx, "SELECT name FROM users")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}
"""
_ROLES = """\
package app;

import java.util.List;

public final class Roles {
    private final List<String> admins;

    public Roles(List<String> admins) {
        this.admins = List.copyOf(admins);
    }

    public boolean isOwner(String name, String owner) {
        return name.equals(owner);
    }

    public boolean isAdmin(String name) {
        return admins.contains(name);
    }
}
"""
_MAILS = '''\
from shop.store import Store


def newsletter(store: Store, names: list[str]) -> list[str]:
    """The addresses of all who want it."""
    users = store.users(names)
    return [user.mail for user in users if user.wants_news]
'''
_TIMEOUTS = '''\
DEFAULT_TIMEOUT = 30
"""Seconds."""


def deadline(now: float, timeout: float = DEFAULT_TIMEOUT) -> float:
    return now + timeout
'''
_WORKER = """\
import time

from jobs.timeouts import DEFAULT_TIMEOUT


def wait_for(ready, poll: float = 0.1) -> bool:
    started = time.monotonic()
    while not ready():
        if time.monotonic() - started > DEFAULT_TIMEOUT:
            return False
        time.sleep(poll)
    return True
"""

CHANGES = (
    change(
        "lock removed",
        "bank/ledger.py",
        _LEDGER,
        [
            (
                "        with self._lock:\n            balance = self._balances.get(account, 0) + cents\n"
                "            self._balances[account] = balance\n            return balance\n",
                "        balance = self._balances.get(account, 0) + cents\n"
                "        self._balances[account] = balance\n        return balance\n",
            )
        ],
        Bug(
            "bank/ledger.py",
            12,
            "        balance = self._balances.get(account, 0) + cents\n        self._balances[account] = balance",
            "critical",
            "concurrency",
            "Reads and writes without the lock: of two bookings at once one is lost.",
        ),
    ),
    change(
        "caller of a changed function",
        "shop/prices.py",
        _PRICES,
        [
            (
                "def with_tax(net: Decimal, kind: str) -> Decimal:",
                "def with_tax(net: Decimal, kind: str) -> tuple[Decimal, Decimal]:",
            ),
            ('    """The price with tax."""', '    """The price with tax, and the tax."""'),
            (
                '    return (net * (1 + rate)).quantize(Decimal("0.01"))',
                '    tax = (net * rate).quantize(Decimal("0.01"))\n    return net + tax, tax',
            ),
        ],
        Bug(
            "shop/invoice.py",
            9,
            "total += with_tax(net, kind)",
            "high",
            "bug",
            "with_tax returns a pair now: adding it to a Decimal raises TypeError.",
        ),
        {"shop/invoice.py": _INVOICE},
    ),
    change(
        "edge moved",
        "club/ages.py",
        _AGES,
        [("return age >= ADULT or accompanied", "return age > ADULT or accompanied")],
        Bug("club/ages.py", 6, "return age > ADULT or accompanied", "high", "bug", "Who is exactly 18 is turned away."),
    ),
    change(
        "unsafe loader",
        "app/settings.py",
        _SETTINGS,
        [("yaml.safe_load(text)", "yaml.load(text, Loader=yaml.UnsafeLoader)")],
        Bug(
            "app/settings.py",
            10,
            "    settings = yaml.load(text, Loader=yaml.UnsafeLoader)",
            "critical",
            "security",
            "Runs whatever code an uploaded file asks for.",
            "yaml.safe_load(text)",
        ),
    ),
    change(
        "await dropped",
        "shop/orders.py",
        _ORDERS,
        [("    await store.reserve(order, goods)\n", "    store.reserve(order, goods)\n")],
        Bug(
            "shop/orders.py",
            6,
            "    store.reserve(order, goods)",
            "high",
            "concurrency",
            "The coroutine is made and never awaited: nothing is reserved.",
        ),
    ),
    change(
        "nothing returned",
        "game/ranking.py",
        _RANKING,
        [
            (
                "return sorted(entries, key=lambda entry: -entry.points)",
                "return entries.sort(key=lambda entry: -entry.points)",
            )
        ],
        Bug(
            "game/ranking.py",
            12,
            "return entries.sort(key=lambda entry: -entry.points)",
            "high",
            "bug",
            "sort() returns None, so that winner() fails with a TypeError.",
        ),
    ),
    change(
        "prefix for folder",
        "web/downloads.py",
        _DOWNLOADS,
        [("if not path.is_relative_to(ROOT):", "if not str(path).startswith(str(ROOT)):")],
        Bug(
            "web/downloads.py",
            9,
            "    if not str(path).startswith(str(ROOT)):",
            "critical",
            "security",
            "/srv/public-private begins with /srv/public too: its files can be had.",
        ),
    ),
    change(
        "test that cannot fail",
        "tests/test_parser.py",
        _TEST_PARSER,
        [('assert parse(" a = 1 ") == {"a": 1}', 'assert (parse(" a = 1 ") == {"a": 1}, "blanks")')],
        Bug(
            "tests/test_parser.py",
            9,
            'assert (parse(" a = 1 ") == {"a": 1}, "blanks")',
            "medium",
            "tests",
            "Asserts a tuple, which is always true.",
        ),
    ),
    change(
        "assigned, not compared",
        "web/form.js",
        _FORM,
        [('if (form.state === "draft") {', 'if (form.state = "draft") {')],
        Bug(
            "web/form.js",
            6,
            '  if (form.state = "draft") {',
            "high",
            "bug",
            "Sets the state to draft and is always true.",
        ),
    ),
    change(
        "list instead of set",
        "web/merge.js",
        _MERGE,
        [
            ("new Set(first.map((entry) => entry.id))", "first.map((entry) => entry.id)"),
            ("known.has(entry.id)", "known.includes(entry.id)"),
        ],
        Bug(
            "web/merge.js",
            5,
            "    if (!known.includes(entry.id)) {",
            "medium",
            "performance",
            "Searches a list for every entry: the cost grows with the product of both lengths.",
        ),
    ),
    change(
        "never closed",
        "store/query.go",
        _QUERY,
        [("\tdefer rows.Close()\n", "")],
        Bug(
            "store/query.go",
            13,
            "\tdefer rows.Close()",
            "high",
            "bug",
            "Without it an error of Scan leaves the connection in use for good.",
        ),
    ),
    change(
        "same object",
        "app/Roles.java",
        _ROLES,
        [("return name.equals(owner);", "return name == owner;")],
        Bug(
            "app/Roles.java",
            13,
            "return name == owner;",
            "high",
            "bug",
            "Compares references: two equal strings from different places are not the same.",
        ),
    ),
    change(
        "one query each",
        "shop/mails.py",
        _MAILS,
        [
            (
                "    users = store.users(names)\n    return [user.mail for user in users if user.wants_news]\n",
                "    found = []\n    for name in names:\n        user = store.users([name])[0]\n"
                "        if user.wants_news:\n            found.append(user.mail)\n    return found\n",
            )
        ],
        Bug(
            "shop/mails.py",
            8,
            "        user = store.users([name])[0]",
            "medium",
            "performance",
            "One query for every name, where there was one for all.",
        ),
    ),
    change(
        "unit of a constant",
        "jobs/timeouts.py",
        _TIMEOUTS,
        [
            ("DEFAULT_TIMEOUT = 30\n", "DEFAULT_TIMEOUT = 30_000\n"),
            ('"""Seconds."""', '"""Milliseconds."""'),
            ("now + timeout", "now + timeout / 1_000"),
        ],
        Bug(
            "jobs/worker.py",
            9,
            "        if time.monotonic() - started > DEFAULT_TIMEOUT:",
            "high",
            "bug",
            "DEFAULT_TIMEOUT is in milliseconds now and is compared with seconds: it waits for eight hours.",
        ),
        {"jobs/worker.py": _WORKER},
    ),
)

PLANTED: tuple[Case, ...] = (*WHOLE, *CHANGES)
