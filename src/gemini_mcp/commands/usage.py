"""``gemini-agents usage``: the ledger as tables and bars, as JSON, as CSV."""

import csv
import json
import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import anyio

from gemini_mcp.commands.ages import age_s
from gemini_mcp.commands.terminal import Colour, Terminal
from gemini_mcp.commands.usage_outcomes import outcomes
from gemini_mcp.commands.usage_plot import MOST_DAYS, amount_of, by_day, plot
from gemini_mcp.commands.usage_table import caching, method, savings, table
from gemini_mcp.config import Settings, environment, load_settings
from gemini_mcp.engine.reports import BASELINE_METHOD, GroupBy, Reports
from gemini_mcp.server.state import opened_database

Form = Literal["table", "json", "csv"]
Spending = dict[str, Any]
"""As ``Reports.spending`` makes it."""

_COLUMNS = (
    "calls", "attempts", "cache_hits", "input_tokens", "cached_tokens", "cached_share", "output_tokens",
    "thinking_tokens", "tool_use_tokens", "search_queries", "cost_usd", "baseline_usd", "saved_usd",
    "unknown_attempts", "simulated",
)  # fmt: skip


def print_usage(since: str, by: GroupBy, form: Form) -> int:
    """What was spent since an age ago, by model, tool, session, day or family. Raises BadSetting."""
    age = age_s(since)
    settings = load_settings()
    spending = _nothing()
    if settings.ledger_path.exists():
        spending = anyio.run(_read, settings, by, None if age is None else time.time() - age)
    if form == "json":
        print(json.dumps({"since": since, "by": by} | spending, indent=2))
    elif form == "csv":
        _print_csv(spending["rows"], by)
    else:
        when = f"in the last {since}" if age is not None else "since the ledger began"
        print(shown(spending, by, when, Terminal.of(sys.stdout, environment())))
    return 0


def _nothing() -> Spending:
    return {"rows": [], "totals": [], "days": [], "method": BASELINE_METHOD}


async def _read(settings: Settings, by: GroupBy, since: float | None) -> Spending:
    database = await opened_database(settings)
    try:
        return await Reports(database).spending(by, since)
    finally:
        await database.aclose()


def shown(spending: Spending, by: str, when: str, terminal: Terminal) -> str:
    """All of it for people: the table, the bars, the savings. Real and simulated money are never added up."""
    if not spending["rows"]:
        return f"No usage {when}."
    totals = spending["totals"]
    lines = [terminal.painted(f"Usage {when}", "bold"), *table(spending["rows"], totals, by, terminal)]
    lines += [*_notes(totals), *outcomes(spending.get("outcomes", ()), terminal), *_plots(spending, by, terminal)]
    for total in totals:
        lines += ["", *_headed("Saved against always using the pro tier, USD", total, terminal)]
        lines += [*savings(total, terminal), caching(total)]
    return "\n".join([*lines, "", *method(spending["method"], terminal)])


def _notes(totals: Sequence[dict[str, Any]]) -> Iterator[str]:
    if any(total["simulated"] for total in totals):
        yield "* on the stand-in: simulated, nobody was billed"
    if unknown := sum(total["unknown_attempts"] for total in totals):
        yield f"{unknown:,} attempt{'s'[: unknown != 1]} of unknown usage at what was reserved for them"


def _plots(spending: Spending, by: str, terminal: Terminal) -> Iterator[str]:
    for total in spending["totals"]:
        mine = [row for row in spending["rows"] if row["simulated"] is total["simulated"]]
        days = [row for row in spending["days"] if row["simulated"] is total["simulated"]]
        colour: Colour = "yellow" if total["simulated"] else "cyan"
        if by != "day":
            yield from ("", *_headed(f"USD by {by}", total, terminal))
            yield from plot([(str(row[by]), amount_of(row)) for row in mine], terminal, colour)
        latest = by_day(days)
        cut = f", the latest {MOST_DAYS} days" if latest and min(row["day"] for row in days) < latest[0][0] else ""
        yield from ("", *_headed(f"USD by day{cut}", total, terminal))
        yield from plot(latest, terminal, colour)


def _headed(title: str, total: dict[str, Any], terminal: Terminal) -> list[str]:
    return [terminal.painted(f"{title}{' * simulated' if total['simulated'] else ''}", "bold")]


def _print_csv(rows: Sequence[dict[str, Any]], by: str) -> None:
    writer = csv.DictWriter(sys.stdout, [by, *_COLUMNS], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
