"""Budgets as counters beside the attempts, in the same file and the same transactions: a sum over a long session
would cost more with every call. Every function here runs inside a transaction of the ledger's."""

import sqlite3
from dataclasses import dataclass

from gemini_mcp.domain.budgets import Alert, BudgetKind, Budgets, Shortage, reached

BATCH_OWNER = "batch"
"""Of attempts and calls that no process answers for: Gemini works on them while every server may be down."""

_READ = """SELECT kind, spent_nano, reserved_nano, told_nano FROM budgets
    WHERE principal = ? AND ((kind = 'session' AND period = ?) OR (kind = 'day' AND period = ?))"""
_RESERVE = """INSERT INTO budgets (principal, kind, period, reserved_nano) VALUES (?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET reserved_nano = reserved_nano + excluded.reserved_nano"""
_SETTLE = """UPDATE budgets SET reserved_nano = reserved_nano - ?, spent_nano = spent_nano + ?
    WHERE principal = ? AND kind = ? AND period = ?"""
_COMING = f"""SELECT COALESCE(SUM(reserved_nano), 0) FROM attempts
    WHERE state = 'reserved' AND owner != '{BATCH_OWNER}' AND principal = ?
    AND CASE ? WHEN 'session' THEN session_id = ? ELSE day = ? END"""
_TELL = "UPDATE budgets SET told_nano = ? WHERE principal = ? AND kind = ? AND period = ?"


@dataclass(frozen=True, slots=True)
class Account:
    """Whose money it is. ``day``: the local date on which the attempt began."""

    principal: str
    session_id: str
    day: str

    @property
    def periods(self) -> tuple[tuple[BudgetKind, str], ...]:
        return ("session", self.session_id), ("day", self.day)


@dataclass(frozen=True, slots=True)
class Standing:
    """One counter as it stands, in nano-USD."""

    spent_nano: int = 0
    reserved_nano: int = 0
    told_nano: int = 0


def standings(connection: sqlite3.Connection, account: Account) -> dict[BudgetKind, Standing]:
    """Both counters, those that do not exist at zero."""
    found: dict[BudgetKind, Standing] = {"session": Standing(), "day": Standing()}
    rows = connection.execute(_READ, (account.principal, account.session_id, account.day))
    return found | {kind: Standing(spent, reserved, told) for kind, spent, reserved, told in rows}


def reserve(connection: sqlite3.Connection, account: Account, nano: int, budgets: Budgets) -> Shortage | None:
    """Count a reservation, unless a budget does not allow it: then nothing is counted. The tightest one is told."""
    if budgets.limited and (short := _shortage(connection, account, nano, budgets)) is not None:
        return short
    rows = [(account.principal, kind, period, nano) for kind, period in account.periods]
    connection.executemany(_RESERVE, rows)
    return None


def _shortage(connection: sqlite3.Connection, account: Account, nano: int, budgets: Budgets) -> Shortage | None:
    short: list[Shortage] = []
    for kind, standing in standings(connection, account).items():
        limit = budgets.limit(kind)
        committed = standing.spent_nano + standing.reserved_nano
        if limit is not None and committed + nano > limit:
            row = connection.execute(_COMING, (account.principal, kind, account.session_id, account.day)).fetchone()
            short.append(Shortage(kind, limit, max(0, limit - committed), row[0]))
    return min(short, key=lambda one: one.left_nano, default=None)


def settle(connection: sqlite3.Connection, account: Account, reserved_nano: int, cost_nano: int) -> None:
    """Turn a reservation into what was spent."""
    rows = [(reserved_nano, cost_nano, account.principal, kind, period) for kind, period in account.periods]
    connection.executemany(_SETTLE, rows)


def alerts(connection: sqlite3.Connection, account: Account, budgets: Budgets) -> list[Alert]:
    """Shares of the budgets that are reached and were not told before. Each is told once, by whichever process."""
    if not budgets.limited:
        return []
    found: list[Alert] = []
    periods = dict(account.periods)
    for kind, standing in standings(connection, account).items():
        limit = budgets.limit(kind)
        percent = reached(limit, standing.spent_nano, standing.told_nano) if limit else None
        if limit and percent:
            connection.execute(_TELL, (standing.spent_nano, account.principal, kind, periods[kind]))
            found.append(Alert(kind, percent, standing.spent_nano, limit))
    return found
