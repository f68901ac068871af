"""Parts of files as a reviewing model sees them: each line with its number, and a sign of what it is there for.

    12:code   under review             12+code   added, under review
    12|code   context                  -code     removed, under review

Lines left out show as a line of three dots.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from gemini_mcp.domain.patches import FilePatch
from gemini_mcp.domain.tokens import estimate_tokens

Sign = Literal[":", "|", "+", "-"]
LEFT_OUT = "..."
LEFT_OUT_TOKENS = 4


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a file. ``number`` is on the new side; of a removed line, that of the line which came after it."""

    number: int
    sign: Sign
    text: str

    @property
    def under_review(self) -> bool:
        return self.sign != "|"

    @property
    def shown(self) -> str:
        return f"-{self.text}" if self.sign == "-" else f"{self.number}{self.sign}{self.text}"

    @property
    def tokens(self) -> int:
        return estimate_tokens(self.shown) + 1


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Rows of one file, in order; ``whole`` where none of its lines is left out."""

    path: str
    rows: tuple[Row, ...]
    whole: bool = False

    @property
    def first_line(self) -> int:
        return self.rows[0].number if self.rows else 1

    @property
    def text(self) -> str:
        return "\n".join(self._lines())

    @property
    def tokens(self) -> int:
        """About how many its text takes."""
        return tokens_of(self.rows) + LEFT_OUT_TOKENS * sum(line == LEFT_OUT for line in self._lines())

    @property
    def focus(self) -> frozenset[int]:
        """The numbers of the lines under review."""
        return frozenset(row.number for row in self.rows if row.under_review)

    def _lines(self) -> Iterator[str]:
        before: Row | None = None
        for row in self.rows:
            if before is not None and row.number > before.number + (before.sign != "-"):
                yield LEFT_OUT
            before = row
            yield row.shown


def whole_file(text: str) -> tuple[Row, ...]:
    """Every line of a file, all under review. A newline at the end ends the last line and begins no other."""
    lines = text.removesuffix("\n").split("\n")
    return tuple(Row(number, ":", line.removesuffix("\r")) for number, line in enumerate(lines, 1)) if text else ()


def changed_file(patch: FilePatch, text: str | None) -> tuple[Row, ...]:
    """A changed file: what the change added and removed under review, the rest as context. ``text``: its new side,
    without which there are only the hunks."""
    rows = list(_hunk_rows(patch))
    if text is None:
        return tuple(rows)
    known = {row.number for row in rows if row.sign != "-"}
    others = (Row(row.number, "|", row.text) for row in whole_file(text) if row.number not in known)
    return tuple(sorted([*rows, *others], key=_place))


def _hunk_rows(patch: FilePatch) -> Iterator[Row]:
    for hunk in patch.hunks:
        for line in hunk.lines:
            sign: Sign = "+" if line.mark == "+" else "-" if line.mark == "-" else "|"
            yield Row(line.place, sign, line.text.removesuffix("\r"))


def _place(row: Row) -> tuple[int, bool]:
    """What was removed stands before the line that came after it."""
    return row.number, row.sign != "-"


def together(excerpts: Iterable[Excerpt]) -> tuple[Row, ...]:
    """The rows of several excerpts of one file, each once: what one shows as context another has under review."""
    numbered: dict[int, Row] = {}
    removed: list[Row] = []
    for row in (row for excerpt in excerpts for row in excerpt.rows):
        if row.sign == "-":
            removed.append(row)
        elif row.under_review or row.number not in numbered:
            numbered[row.number] = row
    return tuple(sorted([*numbered.values(), *removed], key=_place))


def tokens_of(rows: Iterable[Row]) -> int:
    return sum(row.tokens for row in rows)
