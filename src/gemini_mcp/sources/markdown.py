"""Tables and numbers in Markdown."""

from collections.abc import Sequence


def table(rows: Sequence[Sequence[str]]) -> str:
    """The first row as the head; short rows are filled up."""
    width = max(map(len, rows))
    lines = [_line([*map(cell, row), *[""] * (width - len(row))]) for row in rows]
    return "\n".join([lines[0], _line(["---"] * width), *lines[1:]])


def cell(text: str) -> str:
    """On one line, with bars escaped."""
    return " ".join(text.split()).replace("|", "\\|")


def number(value: float) -> str:
    """Without a fraction that says nothing, and with every digit that says something."""
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(value)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
