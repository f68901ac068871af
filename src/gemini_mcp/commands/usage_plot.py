"""Bars in plain text: amounts beside one another, on one scale."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from gemini_mcp.commands.terminal import Colour, Terminal

_EIGHTHS = " ▏▎▍▌▋▊▉"
_WIDEST_NAME = 24
_WIDEST_BAR = 60
_SHORTEST_BAR = 8
MOST_DAYS = 31

Amount = tuple[str, Decimal | None]
"""A name, and USD; None where a price is not known."""


def bar(share: Decimal, cells: int, unicode: bool) -> str:
    """A bar over that share of so many cells. What is more than nothing shows; a loss has no bar."""
    if share <= 0:
        return ""
    eighths = max(1, round(min(share, Decimal(1)) * cells * 8))
    if not unicode:
        return "#" * max(1, round(eighths / 8))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def plot(amounts: Sequence[Amount], terminal: Terminal, colour: Colour) -> list[str]:
    """One line for each amount: name, bar, USD."""
    names = [terminal.printable(name, _WIDEST_NAME) for name, _ in amounts]
    texts = [usd(amount) for _, amount in amounts]
    left, right = max(map(len, names), default=0), max(map(len, texts), default=0)
    cells = min(_WIDEST_BAR, max(_SHORTEST_BAR, terminal.columns - left - right - 4))
    most = max((amount for _, amount in amounts if amount is not None), default=Decimal(0))
    lines = []
    for name, text, (_, amount) in zip(names, texts, amounts, strict=True):
        drawn = bar(amount / most, cells, terminal.unicode) if amount and most > 0 else ""
        gap = " " * (cells - len(drawn))
        lines.append(f"{name.ljust(left)}  {terminal.painted(drawn, colour)}{gap}  {text.rjust(right)}")
    return lines


def by_day(rows: Sequence[dict[str, Any]]) -> list[Amount]:
    """Days in their order, those without spending between them included, the latest 31 at the most."""
    spent = {row["day"]: amount_of(row) for row in rows}
    if not spent:
        return []
    first, last = date.fromisoformat(min(spent)), date.fromisoformat(max(spent))
    first = max(first, last - timedelta(days=MOST_DAYS - 1))
    days = [(first + timedelta(days=n)).isoformat() for n in range((last - first).days + 1)]
    return [(day, spent.get(day, Decimal(0))) for day in days]


def amount_of(row: dict[str, Any], name: str = "cost_usd") -> Decimal | None:
    """An amount of a report, in USD."""
    return None if row[name] is None else Decimal(row[name])


def usd(amount: Decimal | None) -> str:
    """For people: two digits from a dollar on, and at least two that say something below; ``?`` for the unknown."""
    if amount is None:
        return "?"
    digits = 2 if abs(amount) >= 1 or amount == 0 else max(4, 1 - amount.adjusted())
    return f"{amount:.{digits}f}"
