"""Usage as people read it: a table, what it comes to, what was saved and how that is worked out."""

from collections.abc import Sequence
from decimal import Decimal
from textwrap import wrap
from typing import Any

from gemini_mcp.commands.terminal import Terminal
from gemini_mcp.commands.usage_plot import amount_of, bar, usd

_FIGURES = {
    "calls": "calls",
    "attempts": "attempts",
    "input_tokens": "in",
    "cached_share": "cached",
    "output_tokens": "out",
    "thinking_tokens": "thinking",
    "cost_usd": "USD",
    "saved_usd": "saved",
}
_SHORTEST_NAME = 12
_SAVINGS = ("cache", "cascade", "context_cache", "batch", "flex")
_BAR_CELLS = 20
MARK = " *"
"""Of what the stand-in answered: nobody was billed."""


def table(rows: Sequence[dict[str, Any]], totals: Sequence[dict[str, Any]], by: str, terminal: Terminal) -> list[str]:
    """One line for each row, then the totals: of real money, and of simulated money, which is marked."""
    columns = [name for name in _FIGURES if not (by == "model" and name == "saved_usd")]
    body = [[_marked(str(row[by]), row), *(_cell(row, name) for name in columns)] for row in rows]
    sums = [[_marked("total", total), *(_cell(_total(total), name) for name in columns)] for total in totals]
    whole = [[by, *(_FIGURES[name] for name in columns)], *body, *sums]
    widths = [max(len(cells[i]) for cells in whole) for i in range(len(whole[0]))]
    widths[0] = max(_SHORTEST_NAME, min(widths[0], terminal.columns - sum(widths[1:]) - 2 * len(columns)))
    head, *lines = [_line(cells, widths, terminal) for cells in whole]
    rule = terminal.rule * (sum(widths) + 2 * len(columns))
    return [terminal.painted(head, "bold"), rule, *lines[: len(body)], rule, *lines[len(body) :]]


def _line(cells: Sequence[str], widths: Sequence[int], terminal: Terminal) -> str:
    name, *figures = cells
    mark = MARK if name.endswith(MARK) else ""
    first = terminal.printable(name.removesuffix(MARK), widths[0] - len(mark)) + mark
    rest = (cell.rjust(width) for cell, width in zip(figures, widths[1:], strict=True))
    return "  ".join([first.ljust(widths[0]), *rest])


def _marked(name: str, row: dict[str, Any]) -> str:
    return name + MARK if row["simulated"] else name


def _total(total: dict[str, Any]) -> dict[str, Any]:
    """The total in the terms of a row."""
    baseline, cost = amount_of(total, "baseline_usd"), amount_of(total)
    saved = None if baseline is None or cost is None else str(baseline - cost)
    return total | {"saved_usd": saved}


def _cell(row: dict[str, Any], name: str) -> str:
    value = row[name]
    if name == "cached_share":
        return "-" if value is None else f"{value:.0%}"
    if name.endswith("_usd"):
        return usd(amount_of(row, name))
    return f"{value:,}"


def savings(total: dict[str, Any], terminal: Terminal) -> list[str]:
    """What the same work would have cost on pro, what it did cost, and by what it was less."""
    baseline, cost = amount_of(total, "baseline_usd"), amount_of(total)
    if baseline is None or cost is None:
        return ["unknown, since the price of some model is unknown"]
    saved = baseline - cost
    share = f"  ({saved / baseline:.0%})" if baseline > 0 else ""
    parts = {name: Decimal(total["saved_usd"][name] or 0) for name in _SAVINGS}
    most = max([*parts.values(), Decimal(0)])
    figures = [("always pro", baseline), ("paid", cost), ("saved", saved), *((f"  {n}", a) for n, a in parts.items())]
    left, right = max(len(name) for name, _ in figures), max(len(usd(amount)) for _, amount in figures)
    lines = []
    for name, amount in figures:
        drawn = bar(amount / most, _BAR_CELLS, terminal.unicode) if most and name.startswith(" ") else ""
        more = share if name == "saved" else f"  {terminal.painted(drawn, _colour(total))}" if drawn else ""
        lines.append(f"{name.ljust(left)}  {usd(amount).rjust(right)}{more}")
    return lines


def caching(total: dict[str, Any]) -> str:
    """How much of the input Gemini read from its caches, and how many calls ours answered."""
    given, cached, share = total["input_tokens"], total["cached_tokens"], total["cached_share"]
    read = f"{cached:,} of {given:,} input tokens were read from Gemini's caches" + (f" ({share:.0%})" if given else "")
    return f"{read}; {total['cache_hits']:,} of {total['calls']:,} calls were answered from ours"


def method(text: str, terminal: Terminal) -> list[str]:
    """How savings are worked out, in lines of the terminal's width."""
    return [terminal.painted(line, "dim") for line in wrap(text, terminal.columns - 2)]


def _colour(row: dict[str, Any]) -> Any:
    return "yellow" if row["simulated"] else "cyan"
