"""The ledger read back: by session, by day, by model, tool or family. Money as decimal strings in USD."""

import sqlite3
import time
from dataclasses import dataclass
from typing import Any, Literal

from gemini_mcp.domain.budgets import BudgetKind, Budgets
from gemini_mcp.domain.choices import Scope as Scope
from gemini_mcp.domain.money import usd_text
from gemini_mcp.engine import counters
from gemini_mcp.engine.counters import Standing
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import UNLIMITED, local_day, local_moment
from gemini_mcp.engine.outcome_report import count
from gemini_mcp.engine.ports import Caller

GroupBy = Literal["model", "tool", "session", "day", "family"]

_TOKENS = ("input_tokens", "cached_tokens", "output_tokens", "thinking_tokens", "tool_use_tokens", "search_queries")
_SUMS = ", ".join(f"COALESCE(SUM({name}), 0) AS {name}" for name in _TOKENS) + (
    ", COUNT(*) AS attempts, COALESCE(SUM(cost_nano), 0) AS priced_nano"
    ", COALESCE(SUM(state = 'settled' AND cost_nano IS NULL), 0) AS unpriced"
    ", COALESCE(SUM(state = 'settled' AND usage_known = 0), 0) AS unknown"
    ", COALESCE(SUM(CASE WHEN state = 'reserved' THEN reserved_nano END), 0) AS reserved_nano"
    ", COALESCE(SUM(simulated IS NOT NULL), 0) AS simulated"
    ", COALESCE(SUM(context_nano), 0) AS context_nano"
    ", COALESCE(SUM(CASE service_tier WHEN 'batch' THEN discount_nano END), 0) AS batch_nano"
    ", COALESCE(SUM(CASE service_tier WHEN 'flex' THEN discount_nano END), 0) AS flex_nano"
)
_GROUPS: dict[str, str] = {
    "model": "CASE model_served WHEN '' THEN model ELSE model_served END",
    "tool": "tool",
    "session": "session_id",
    "day": "day",
    "family": "family",
}
BASELINE_METHOD = (
    "baseline_usd: the tokens of every accepted answer at the pro tier's first model's price of that day;"
    " saved_usd: by how much the bill was less. cache: what reused answers had cost; context_cache: the discount on"
    " tokens in explicit caches, less what making and keeping them cost; batch, flex: against standard prices;"
    " cascade: the rest, below 0 when failed or rejected attempts cost more than they saved"
)
DAYS_SHOWN = 30
SESSIONS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Where:
    """A part of the ledger: SQL over columns that attempts and calls share, and its values."""

    sql: str
    values: tuple[Any, ...]

    def also(self, sql: str, *values: Any) -> "Where":
        return Where(f"{self.sql} AND {sql}", (*self.values, *values))


def of_principal(principal: str) -> Where:
    return Where("principal = ?", (principal,))


EVERYTHING = Where("1", ())


class Reports:
    """Reads the ledger, all that was written before included."""

    def __init__(self, database: Database, budgets: Budgets = UNLIMITED) -> None:
        self._database = database
        self._budgets = budgets

    async def session(self, caller: Caller) -> dict[str, Any]:
        """``usage://session``."""
        where = of_principal(caller.principal).also("session_id = ?", caller.session_id)

        def read(connection: sqlite3.Connection) -> dict[str, Any]:
            whole = _summary(connection, where)
            started = connection.execute(
                f"SELECT MIN(started_at) FROM calls WHERE {where.sql}", where.values
            ).fetchone()[0]
            account = counters.Account(caller.principal, caller.session_id, local_day(time.time()))
            whole.pop("_reserved_nano")
            budget = _budget(self._budgets, counters.standings(connection, account))
            head = {"session_id": caller.session_id, "started_at": _moment(started)}
            return head | whole | {"budget": budget, "method": BASELINE_METHOD}

        return await self._database.read(read)

    async def left(self, caller: Caller) -> tuple[BudgetKind, int] | None:
        """The budget of which least is unspent, and how much, in nano-USD, below 0 when it is overdrawn; None where
        nothing is limited. What is reserved is not spent: most of it comes back."""
        if not self._budgets.limited:
            return None
        account = counters.Account(caller.principal, caller.session_id, local_day(time.time()))
        found = await self._database.read(lambda connection: counters.standings(connection, account))
        limits = [(kind, self._budgets.limit(kind), standing.spent_nano) for kind, standing in found.items()]
        return min(
            ((kind, limit - spent) for kind, limit, spent in limits if limit is not None), key=lambda one: one[1]
        )

    async def today(self, principal: str) -> dict[str, Any]:
        """``usage://today``: one day."""
        return await self._database.read(lambda c: {"days": _days(c, of_principal(principal), local_day(time.time()))})

    async def history(self, principal: str) -> dict[str, Any]:
        """``usage://history``: 30 days, newest first, and the 20 latest sessions."""
        since = local_day(time.time() - (DAYS_SHOWN - 1) * 86_400)
        mine = of_principal(principal)
        return await self._database.read(lambda c: {"days": _days(c, mine, since), "sessions": _sessions(c, mine)})

    async def scope(self, scope: Scope, caller: Caller) -> dict[str, Any]:
        """What ``usage_report`` answers."""
        if scope == "session":
            return await self.session(caller)
        if scope == "today":
            return await self.today(caller.principal)
        if scope == "all":
            return await self.history(caller.principal)
        since = local_day(time.time() - 6 * 86_400)
        return await self._database.read(lambda c: {"days": _days(c, of_principal(caller.principal), since)})

    async def spending(self, by: GroupBy, since: float | None) -> dict[str, Any]:
        """For ``gemini-agents usage``, of every principal, since a Unix time: rows, what they come to, and the days on
        which it was spent: ``{rows, totals, days, method}``; by family also what became of answers, ``outcomes``."""
        where = _since(since)

        def read(connection: sqlite3.Connection) -> dict[str, Any]:
            rows = _grouped(connection, where, by)
            outcomes = {"outcomes": [one.row() for one in count(connection, since)]} if by == "family" else {}
            return {
                "rows": rows,
                "totals": _totals(connection, where),
                "days": rows if by == "day" else _grouped(connection, where, "day"),
                "method": BASELINE_METHOD,
                **outcomes,
            }

        return await self._database.read(read)


def _since(moment: float | None) -> Where:
    return EVERYTHING if moment is None else Where("started_at >= ?", (moment,))


def _budget(budgets: Budgets, standings: dict[BudgetKind, Standing]) -> dict[str, Any]:
    """What counts against the budgets: costs, and reservations where a cost is not known."""
    session, day = standings["session"], standings["day"]
    return {
        "session_limit_usd": usd_text(budgets.session_nano),
        "session_spent_usd": usd_text(session.spent_nano),
        "session_reserved_usd": usd_text(session.reserved_nano),
        "day_limit_usd": usd_text(budgets.day_nano),
        "day_spent_usd": usd_text(day.spent_nano),
        "day_reserved_usd": usd_text(day.reserved_nano),
    }


def _sums(connection: sqlite3.Connection, where: Where) -> sqlite3.Row:
    row: sqlite3.Row = connection.execute(f"SELECT {_SUMS} FROM attempts WHERE {where.sql}", where.values).fetchone()
    return row


def _cost(row: sqlite3.Row) -> str | None:
    """Null as soon as one attempt's price is unknown: a sum that leaves something out is no sum."""
    return None if row["unpriced"] else usd_text(row["priced_nano"])


def _tokens(row: sqlite3.Row) -> dict[str, int]:
    return {name: row[name] for name in _TOKENS}


def _summary(connection: sqlite3.Connection, where: Where) -> dict[str, Any]:
    row = _sums(connection, where)
    calls = connection.execute(
        "SELECT COUNT(*) AS calls, COALESCE(SUM(cache IN ('hit', 'shared')), 0) AS hits,"
        " COALESCE(SUM(saved_cache_nano), 0) AS saved, COALESCE(SUM(baseline_nano), 0) AS baseline,"
        " COALESCE(SUM(status = 'done' AND baseline_nano IS NULL), 0) AS unbased,"
        f" COALESCE(SUM(simulated IS NOT NULL), 0) AS simulated FROM calls WHERE {where.sql}",
        where.values,
    ).fetchone()
    unknown = calls["unbased"] or row["unpriced"]
    named = row["context_nano"] + row["batch_nano"] + row["flex_nano"]
    return {
        "calls": calls["calls"],
        "attempts": row["attempts"],
        "cache_hits": calls["hits"],
        **_tokens(row),
        "cost_usd": _cost(row),
        "priced_usd": usd_text(row["priced_nano"]),
        "saved_usd": {
            "cache": usd_text(calls["saved"]),
            "cascade": usd_text(None if unknown else calls["baseline"] - row["priced_nano"] - calls["saved"] - named),
            "context_cache": usd_text(row["context_nano"]),
            "batch": usd_text(row["batch_nano"]),
            "flex": usd_text(row["flex_nano"]),
        },
        "baseline_usd": usd_text(None if calls["unbased"] else calls["baseline"]),
        "by_model": [_group(r, "model") for r in _groups(connection, where, "model")],
        "by_tool": _by_tool(connection, where),
        "unknown_attempts": row["unknown"],
        "simulated": bool(row["simulated"] or calls["simulated"]),
        "_reserved_nano": row["reserved_nano"],
    }


def _by_tool(connection: sqlite3.Connection, where: Where) -> list[dict[str, Any]]:
    """By tool as it was called: those that the cache answered alone have no attempts, and count all the same."""
    used = {row["name"]: row for row in _groups(connection, where, "tool")}
    counting = f"SELECT tool, COUNT(*) FROM calls WHERE {where.sql} GROUP BY tool ORDER BY SUM(cost_nano) DESC, tool"
    called = connection.execute(counting, where.values)
    none = _sums(connection, Where("0", ()))
    return [_figures({"tool": tool, "calls": calls}, used.get(tool, none)) for tool, calls in called.fetchall()]


def _groups(connection: sqlite3.Connection, where: Where, by: GroupBy) -> list[sqlite3.Row]:
    name = _GROUPS[by]
    return connection.execute(
        f"SELECT {name} AS name, COUNT(DISTINCT result_id) AS calls, {_SUMS} FROM attempts WHERE {where.sql}"
        f" GROUP BY {name} ORDER BY priced_nano DESC, name",
        where.values,
    ).fetchall()


def _group(row: sqlite3.Row, label: str) -> dict[str, Any]:
    return _figures({label: row["name"], "calls": row["calls"]}, row)


def _figures(head: dict[str, Any], row: sqlite3.Row) -> dict[str, Any]:
    return head | {"attempts": row["attempts"]} | _tokens(row) | {"cost_usd": _cost(row)}


KINDS: tuple[tuple[bool, str], ...] = ((False, "simulated IS NULL"), (True, "simulated IS NOT NULL"))
"""Real and simulated money, which must never be added up."""


def _grouped(connection: sqlite3.Connection, where: Where, by: GroupBy) -> list[dict[str, Any]]:
    """Real and simulated money in rows of their own."""
    found: list[dict[str, Any]] = []
    for simulated, kind in KINDS:
        made = {} if by == "model" else _made(connection, where.also(kind), by)
        used = {row["name"]: row for row in _groups(connection, where.also(kind), by)}
        none = _sums(connection, Where("0", ()))
        names = [*used, *(name for name in made if name not in used)]
        if by in ("day", "session"):
            names.sort(key=str, reverse=True)
        for name in names:
            row = used.get(name, none)
            calls = used[name]["calls"] if by == "model" else 0
            figures = _figures({by: name, "calls": calls}, row) | made.get(name, {})
            found.append(_compared(figures, row) | {"simulated": simulated})
    return found


def _made(connection: sqlite3.Connection, where: Where, by: GroupBy) -> dict[str, dict[str, Any]]:
    """Calls as they were made, those that the cache answered included; and what their work had cost on pro."""
    rows = connection.execute(
        f"SELECT {_GROUPS[by]} AS name, COUNT(*), SUM(cache IN ('hit', 'shared')), SUM(baseline_nano),"
        f" SUM(status = 'done' AND baseline_nano IS NULL) FROM calls WHERE {where.sql} GROUP BY {_GROUPS[by]}",
        where.values,
    )
    return {
        name: {"calls": calls, "cache_hits": hits, "baseline_nano": None if unbased else baseline or 0}
        for name, calls, hits, baseline, unbased in rows
    }


def _compared(figures: dict[str, Any], row: sqlite3.Row) -> dict[str, Any]:
    """With what is worked out from the figures. Baseline and savings are of calls, so models have none."""
    baseline = figures.pop("baseline_nano", None)
    unknown = baseline is None or row["unpriced"]
    return figures | {
        "cached_share": cached_share(figures),
        "baseline_usd": usd_text(baseline),
        "saved_usd": usd_text(None if unknown else baseline - row["priced_nano"]),
        "unknown_attempts": row["unknown"],
    }


def cached_share(figures: dict[str, Any]) -> float | None:
    """The share of the input that Gemini read from its caches, implicit and explicit; None without input."""
    given: int = figures["input_tokens"]
    return round(figures["cached_tokens"] / given, 4) if given else None


def _totals(connection: sqlite3.Connection, where: Where) -> list[dict[str, Any]]:
    """What each kind of money comes to, real first; a kind without a call or an attempt is left out."""
    found: list[dict[str, Any]] = []
    for simulated, kind in KINDS:
        whole = _public(_summary(connection, where.also(kind)))
        if not (whole["calls"] or whole["attempts"]):
            continue
        for part in ("by_model", "by_tool"):
            whole.pop(part)
        found.append(whole | {"cached_share": cached_share(whole), "simulated": simulated})
    return found


def _days(connection: sqlite3.Connection, mine: Where, since: str) -> list[dict[str, Any]]:
    recent = mine.also("day >= ?", since)
    days = (
        f"SELECT day FROM calls WHERE {recent.sql} UNION SELECT day FROM attempts WHERE {recent.sql} ORDER BY day DESC"
    )
    found = connection.execute(days, (*recent.values, *recent.values))
    return [_public({"date": day} | _summary(connection, mine.also("day = ?", day))) for (day,) in found.fetchall()]


def _sessions(connection: sqlite3.Connection, mine: Where) -> list[dict[str, Any]]:
    found = connection.execute(
        f"SELECT session_id, MIN(started_at), COUNT(*) FROM calls WHERE {mine.sql}"
        " GROUP BY session_id ORDER BY MAX(started_at) DESC LIMIT ?",
        (*mine.values, SESSIONS_SHOWN),
    ).fetchall()
    return [
        {"session_id": session, "started_at": _moment(started), "calls": calls}
        | {"cost_usd": _cost(_sums(connection, mine.also("session_id = ?", session)))}
        for session, started, calls in found
    ]


def _public(summary: dict[str, Any]) -> dict[str, Any]:
    summary.pop("_reserved_nano")
    return summary


def _moment(at: float | None) -> str | None:
    return None if at is None else local_moment(at)
