"""``gemini-agents usage``: the ledger as a table, as JSON, as CSV."""

import csv
import json
import sys
import time
from collections.abc import Sequence
from decimal import Decimal
from typing import Any, Literal

import anyio

from gemini_mcp.commands.ages import age_s
from gemini_mcp.config import Settings, load_settings
from gemini_mcp.engine.reports import GroupBy, Reports
from gemini_mcp.server.composition import opened_database

Form = Literal["table", "json", "csv"]
_COLUMNS = ("calls", "attempts", "input_tokens", "cached_tokens", "output_tokens", "thinking_tokens", "cost_usd")
_HEADS = ("calls", "attempts", "in", "cached", "out", "thinking", "USD")


def print_usage(since: str, by: GroupBy, form: Form) -> int:
    """What was spent since an age ago, by model, tool, session, day or family. Raises BadSetting."""
    age = age_s(since)
    settings = load_settings()
    rows = anyio.run(_read, settings, by, None if age is None else time.time() - age) if _exists(settings) else []
    if form == "json":
        print(json.dumps({"since": since, "by": by, "rows": rows}, indent=2))
    elif form == "csv":
        _print_csv(rows, by)
    else:
        print(usage_table(rows, by, f"in the last {since}" if age is not None else "since the ledger began"))
    return 0


def _exists(settings: Settings) -> bool:
    return settings.ledger_path.exists()


async def _read(settings: Settings, by: GroupBy, since: float | None) -> list[dict[str, Any]]:
    database = await opened_database(settings)
    try:
        return await Reports(database).grouped(by, since)
    finally:
        await database.aclose()


def usage_table(rows: Sequence[dict[str, Any]], by: str, since: str) -> str:
    """Rows as people read them; simulated spending is marked, unknown prices are ``?``."""
    if not rows:
        return f"No usage {since}."
    kinds = [[row for row in rows if row["simulated"] is kind] for kind in (False, True)]
    body = [[_name(row, by), *(_cell(row[column]) for column in _COLUMNS)] for row in rows]
    totals = [_total(kind, by) for kind in kinds if kind]
    table = [[by, *_HEADS], *body, *totals]
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    head, *lines = [_line(line, widths) for line in table]
    rule = "─" * len(head)
    notes = ["* on the stand-in: simulated, nobody was billed"] if kinds[1] else []
    return "\n".join([f"Usage {since}", head, rule, *lines[: len(body)], rule, *lines[len(body) :], *notes])


def _total(rows: Sequence[dict[str, Any]], by: str) -> list[str]:
    """Calls are not added up by model: one that climbed counts with each model that it asked."""
    priced = [Decimal(row["cost_usd"]) for row in rows if row["cost_usd"] is not None]
    cost = f"{sum(priced, Decimal(0)):f}" if len(priced) == len(rows) else "?"
    calls = "" if by == "model" else _cell(sum(row["calls"] for row in rows))
    sums = [_cell(sum(row[column] for row in rows)) for column in _COLUMNS[1:-1]]
    return ["total *" if rows[0]["simulated"] else "total", calls, *sums, cost]


def _name(row: dict[str, Any], by: str) -> str:
    return f"{row[by]}{' *' if row['simulated'] else ''}"


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *rest = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)])


def _cell(value: Any) -> str:
    if value is None:
        return "?"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _print_csv(rows: Sequence[dict[str, Any]], by: str) -> None:
    writer = csv.DictWriter(sys.stdout, [by, *_COLUMNS, "unknown_attempts", "simulated"], extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
