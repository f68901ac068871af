"""Tables of stock, as CSV, Markdown and plain columns: which articles are to be ordered, and what is on hand."""

from dataclasses import dataclass
from random import Random
from typing import Any

from benchmarks.live.forms import COUNT, TEXT, record, several
from benchmarks.live.task import Difficulty

_ARTICLES = (
    *("Anchor bolt", "Angle grinder", "Cable tie", "Drill bit 6 mm", "Epoxy resin", "Fuse 16 A", "Gasket", "Hex key"),
    *("Hose clamp", "Insulating tape", "Joist hanger", "Masking film", "O-ring", "Pipe wrench", "Rivet", "Sander"),
    *("Sealant", "Spirit level", "Tape measure", "Wall plug", "Washer", "Wire brush", "Wood screw", "Zip bag"),
)
_INSTRUCTION = (
    "From the table in the file take, in the order of the table, every article whose stock is below its minimum (equal"
    " is not below), with its code and how many are missing to the minimum; then the code of the article with the"
    " largest stock. {more}"
)
_SCHEMA = record(
    to_order=several(record(code=TEXT, article=TEXT, missing=COUNT)), largest_stock=TEXT, articles_in_all=COUNT
)
_NOTES = {
    "easy": "articles_in_all counts the rows.",
    "medium": "Leave out articles marked as discontinued, everywhere. articles_in_all counts the others.",
    "hard": "Stock in crates counts 24 pieces a crate; minimums are in pieces. Leave out articles marked as"
    " discontinued, everywhere. articles_in_all counts the others.",
}
_ROWS = {"easy": 6, "medium": 12, "hard": 20}
CRATE = 24


@dataclass(frozen=True, slots=True)
class Row:
    code: str
    article: str
    stock: str
    pieces: int
    minimum: int
    note: str


def made(random: Random, level: Difficulty) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    listed = rows(random, level)
    kept = [row for row in listed if not row.note]
    truth = {
        "to_order": [
            {"code": row.code, "article": row.article, "missing": row.minimum - row.pieces}
            for row in kept
            if row.pieces < row.minimum
        ],
        "largest_stock": max(kept, key=lambda row: row.pieces).code,
        "articles_in_all": len(kept),
    }
    shape = {"easy": _csv, "medium": _markdown, "hard": _columns}[level]
    return shape(listed), _INSTRUCTION.format(more=_NOTES[level]), _SCHEMA, truth


def rows(random: Random, level: Difficulty) -> list[Row]:
    return [_row(random, level, article) for article in random.sample(_ARTICLES, _ROWS[level])]


def _row(random: Random, level: Difficulty, article: str) -> Row:
    crates = random.randint(1, 9) if level == "hard" and random.random() < 0.3 else 0
    pieces = crates * CRATE if crates else random.randint(3, 240)
    minimum = pieces if random.random() < 0.1 else random.randint(10, 160)
    note = "discontinued" if level != "easy" and random.random() < 0.2 else ""
    stock = f"{crates} crates" if crates else str(pieces)
    return Row(f"{random.choice('BDHKT')}{random.randint(10_000, 99_999)}", article, stock, pieces, minimum, note)


def _cells(row: Row) -> list[str]:
    return [row.code, row.article, row.stock, str(row.minimum), row.note]


def _csv(rows: list[Row]) -> str:
    return "\n".join(["code,article,stock,minimum,note", *(",".join(_cells(row)) for row in rows), ""])


def _markdown(rows: list[Row]) -> str:
    head = ["| code | article | stock | minimum | note |", "|---|---|---|---|---|"]
    return "\n".join([*head, *(f"| {' | '.join(_cells(row))} |" for row in rows), ""])


def _columns(rows: list[Row]) -> str:
    """With the minimum before the stock, and a line between that says nothing."""
    lines = [f"{'article':<18}{'code':<9}{'min.':>6}{'stock':>12}  remarks"]
    for number, row in enumerate(rows):
        lines.append(f"{row.article:<18}{row.code:<9}{row.minimum:>6}{row.stock:>12}  {row.note}".rstrip())
        if number % 7 == 6:
            lines.append(f"{'carried forward':<18}{'':<9}{'':>6}{sum(r.pieces for r in rows[: number + 1]):>12}")
    return "\n".join([*lines, ""])
