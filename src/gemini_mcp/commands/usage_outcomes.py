"""What became of answers, as people read it: by family and tier."""

from collections.abc import Iterator, Sequence
from typing import Any

from gemini_mcp.commands.terminal import Terminal

_COLUMNS = {
    "accepted": "accepted",
    "climbed_better": "climbed, better",
    "climbed_same": "climbed, same",
    "rejected_by_caller": "rejected by caller",
}
_TRIALS = ("better", "same", "worse", "differs", "passed")


def outcomes(rows: Sequence[dict[str, Any]], terminal: Terminal) -> Iterator[str]:
    """A line for each family and tier, with the share of answers that stood and its 95 % interval; then the trials."""
    if not rows:
        return
    head = ["family", "tier", *_COLUMNS.values(), "stood"]
    body = [[row["family"], row["tier"], *(f"{row[name]:,}" for name in _COLUMNS), _stood(row)] for row in rows]
    yield from ("", terminal.painted("What became of answers", "bold"), *_aligned([head, *body], terminal))
    tried = [row for row in rows if any(row[f"trial_{kind}"] for kind in _TRIALS)]
    if tried:
        head = ["family", "tier", *(f"{kind}" for kind in _TRIALS)]
        body = [[row["family"], row["tier"], *(f"{row[f'trial_{kind}']:,}" for kind in _TRIALS)] for row in tried]
        title = "Trials: what the tier above made of the same task"
        yield from ("", terminal.painted(title, "bold"), *_aligned([head, *body], terminal))


def _stood(row: dict[str, Any]) -> str:
    if row["stood"] is None:
        return "-"
    low, high = row["stood_95"]
    return f"{row['stood']:.0%} ({low:.0%} to {high:.0%})"


def _aligned(table: Sequence[Sequence[str]], terminal: Terminal) -> Iterator[str]:
    """Names to the left, figures to the right."""
    widths = [max(len(line[place]) for line in table) for place in range(len(table[0]))]
    for line in table:
        cells = [terminal.printable(cell, width) for cell, width in zip(line, widths, strict=True)]
        left = [cell.ljust(width) for cell, width in zip(cells[:2], widths[:2], strict=True)]
        yield "  ".join([*left, *(cell.rjust(width) for cell, width in zip(cells[2:], widths[2:], strict=True))])
