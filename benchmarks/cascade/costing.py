"""What each recorded call cost, from what its row has: dollars, tokens, characters, or only that there was a call.

Tokens and characters become a cost by one price ratio between strong and cheap; output counts five times as much as
input, as in the price list of the tiers flash and pro. Costs are relative: only their shares are reported.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from benchmarks.cascade.recordings import Row, number_of

RATIO = 4.5
"""What pro costs against lite in the catalogue of November 2026 for a request of two tokens in and one out."""

OUTPUT_WEIGHT = 5.0

Basis = Literal["cost", "usage", "tokens", "characters", "calls"]
Counts = tuple[float, float]
"""Of input and output, in tokens or characters."""

_GIVEN = ("input", "inputtokens", "inputtokencount", "prompt", "prompttokens", "prompttokencount", "intok")
_WRITTEN = (
    *("output", "outputtokens", "outputtokencount", "completion", "completiontokens"),
    *("candidatestokencount", "candidatestokens", "outtok"),
)
_THOUGHT = ("thinking", "thinkingtokens", "thoughts", "thoughtstokencount", "thoughttokens", "reasoningtokens")
_WHOLE = ("total", "totaltokens", "totaltokencount")
_SPELLING = re.compile(r"[^a-z]")


def basis_of(rows: Sequence[Row], models: Sequence[str], strong: str) -> Basis:
    """The best that every row has for every model, if it makes the strong one cost anything."""
    for basis, counted in _COUNTS.items():
        has = rows and all(counted(row, row["m"][model]) for row in rows for model in models)
        if has and any(cost(row, strong, basis, 1.0) > 0.0 for row in rows):
            return basis
    return "calls"


def cost(row: Row, model: str, basis: Basis, price: float) -> float:
    """Of one recorded call. ``price``: of the model's unit of input against the strong model's; dollars need none."""
    if basis == "calls":
        return price
    given, written = _COUNTS[basis](row, row["m"][model]) or (0.0, 0.0)
    return given if basis == "cost" else price * (given + OUTPUT_WEIGHT * written)


def _dollars(row: Row, made: Mapping[str, Any]) -> Counts | None:
    found = number_of(made.get("cost"))
    return None if found is None else (found, 0.0)


def _usage(row: Row, made: Mapping[str, Any]) -> Counts | None:
    """Where a total says that there was more than input and output, the rest was thinking: output."""
    usage = made.get("usage")
    if not isinstance(usage, Mapping):
        return None
    known = {_SPELLING.sub("", str(name).lower()): number_of(value) for name, value in usage.items()}
    given, written, thought, whole = (_first(known, names) for names in (_GIVEN, _WRITTEN, _THOUGHT, _WHOLE))
    if whole is not None and given is not None:
        return given, max(written or 0.0, whole - given)
    if whole is not None and written is not None:
        return max(0.0, whole - written), written
    if given is None or written is None:
        return None
    return given, written + (thought or 0.0)


def _first(known: Mapping[str, float | None], names: Sequence[str]) -> float | None:
    return next((value for name in names if (value := known.get(name)) is not None), None)


def _tokens(row: Row, made: Mapping[str, Any]) -> Counts | None:
    return _both(number_of(made.get("in_tok")), number_of(made.get("out_tok")))


def _characters(row: Row, made: Mapping[str, Any]) -> Counts | None:
    return _both(row["in_chars"] or float(len(row["prompt"])), number_of(made.get("out_chars")))


def _both(given: float | None, written: float | None) -> Counts | None:
    return None if given is None or written is None else (given, written)


_COUNTS: dict[Basis, Callable[[Row, Mapping[str, Any]], Counts | None]] = {
    "cost": _dollars,
    "usage": _usage,
    "tokens": _tokens,
    "characters": _characters,
}
