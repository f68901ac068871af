"""Totals of tables: a column's parts add up to what its last row says."""

import re
from collections.abc import Iterator
from fractions import Fraction
from typing import Final

from gemini_mcp.domain.messages import ModelAnswer
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.checking.measures import unit_named
from gemini_mcp.engine.checking.numerals import LOCALES, NUMBER, Locale, Numeral, numeral
from gemini_mcp.engine.checking.prose import is_prose, material, read, sees_pictures
from gemini_mcp.engine.schemas import shown

_RULE = re.compile(r"^[|:\s-]+$")
_TOTAL = re.compile(
    r"(?:grand |overall |the )?(?:total|totals|sum|gesamt|gesamtsumme|summe|totale?|suma)(?: général)?:?", re.I
)
_PARTIAL = re.compile(
    r"total|sum\b|average|mean|median|share|tax|vat|discount|refund|less\b|minus|of which|thereof|other|remaining|net\b"
    r"|gross|balance|including|difference|change|zwischen|davon|mwst|rabatt|carried|opening|closing|\.{3}|…|%",
    re.IGNORECASE,
)
_NOT_ADDED = re.compile(
    r"rate|ratio|%|percent|share|avg|average|mean|median|per\b|/|unit|price|score|rank|min|max|year"
    r"|\bid\b|#|\bno\b|number"
    r"|version|date|age|latency|p\d\d|density|temperature|cumul|running|balance|unique|distinct|peak|rating|index|grade"
    r"|speed|factor|weight|throughput|level|percentage|growth|change|delta|diff|active|users|order|step"
    r"|day\b|week|month"
    r"|time|start|end|from|to\b",
    re.IGNORECASE,
)
_EXCERPT = re.compile(
    r"\b(?:top|largest|main|major|selected|some|sample|samples|excerpt|examples?|biggest|leading|partial"
    r"|overlap\w*|wrong|mistakes?"
    r"|errors?|incorrect|not (?:shown|listed)|among|rounded|rounding|approximate\w*|estimates?)\b",
    re.IGNORECASE,
)
_CELL = re.compile(
    rf"(?P<before>[$€£¥]?)\s?(?P<sign>[-\u2212]?)(?P<number>{NUMBER})\s?(?P<unit>[^\W\d_]{{1,12}}|[€£$¥])?"
)
_MOST_ROWS: Final = 2_000
_MOST_COLUMNS: Final = 40

Rows = list[list[str]]


def totals_add_up(task: Task, answer: ModelAnswer, text: str) -> str | None:
    """The parts of each table that is whole add up to its stated total, unless that was in what was given."""
    if not is_prose(task) or "|" not in text or sees_pictures(task) or _EXCERPT.search(task.instruction):
        return None
    if _EXCERPT.search(text[:100_000]):
        return None
    for rows in _tables(read(text).lines):
        for column in range(1, min(len(rows[0]), _MOST_COLUMNS)):
            if (problem := _column_problem(rows, column)) and not _is_given(task, rows[-1][column]):
                return problem
    return None


def _tables(lines: tuple[str, ...]) -> Iterator[Rows]:
    """Tables with a head and a last row of totals, all rows of one width and none of them partial sums."""
    rows: Rows = []
    for line in (*lines, ""):
        if line.lstrip().startswith("|"):
            rows.append(_cells(line))
            continue
        if _has_total(rows):
            yield rows
        rows = []


def _cells(line: str) -> list[str]:
    bare = line.strip().strip("|")
    return [cell.strip().strip("*_ ") for cell in bare.split("|")]


def _has_total(rows: Rows) -> bool:
    if not 5 <= len(rows) <= _MOST_ROWS or len({len(row) for row in rows}) != 1:
        return False
    is_ruled = all(_RULE.match(cell or "-") for cell in rows[1])
    labels = [row[0] for row in rows[2:-1]]
    return is_ruled and bool(_TOTAL.fullmatch(rows[-1][0])) and not any(_PARTIAL.search(each) for each in labels)


def _column_problem(rows: Rows, column: int) -> str | None:
    head = rows[0][column]
    if _NOT_ADDED.search(head):
        return None
    cells = [row[column] for row in rows[2:]]
    read_as = [found for locale in LOCALES if (found := _read(cells, locale)) is not None]
    if not read_as or any(_adds_up(numbers, head) for numbers in read_as):
        return None
    *parts, _ = read_as[0]
    stated = sum(part.value for part in parts)
    said = f"{float(stated):,.2f}".rstrip("0").rstrip(".")
    return f"the total of the column {shown(head)!r} is given as {shown(cells[-1])}, and its rows add up to {said}"


def _read(cells: list[str], locale: Locale) -> list[Numeral] | None:
    """The cells as numbers of one unit, or None."""
    found = [_CELL.fullmatch(cell) for cell in cells]
    numbers: list[Numeral] = []
    units = set()
    for match in found:
        number = numeral(match["number"], locale) if match else None
        if match is None or number is None:
            return None
        units.add((match["before"], match["unit"] or ""))
        numbers.append(Numeral(-number.value if match["sign"] else number.value, number.step))
    known = all(not unit or unit in "€£$¥" or unit_named(unit) for _, unit in units)
    return numbers if len(units) == 1 and known else None


def _adds_up(numbers: list[Numeral], head: str) -> bool:
    *parts, total = numbers
    gap = abs(sum((part.value for part in parts), Fraction(0)) - total.value)
    step = max(number.step for number in numbers)
    counted = step >= 1 and not re.search(r"[($€£]|\b(?:k|m|mio|thousand|million|billion)\b", head, re.IGNORECASE)
    return gap <= (0 if counted else step * len(numbers) / 2)


def _is_given(task: Task, cell: str) -> bool:
    return any(cell in given for given in material(task))
