"""Equations in a line of prose that are definitely false.

Read by a scanner and a small parser over exact fractions, never evaluated. Whatever can be read in two ways is taken
in the way that makes it right, and whatever is not plain arithmetic is passed over.
"""

import re
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice, pairwise, product
from typing import Final

from gemini_mcp.engine.checking.measures import ratios
from gemini_mcp.engine.checking.numerals import LOCALES
from gemini_mcp.engine.checking.sides import plain, runs, sides_of
from gemini_mcp.engine.checking.sums import Reading, Token, Unread, Worth, is_lone, worth_of

MOST_TOKENS: Final = 60
_MOST_EQUATIONS: Final = 300
_MOST_DIGITS: Final = 60
_LEAST_COUNTED: Final = 100
_ABOUT: Final = Fraction(1, 20)
_CONVERTED: Final = Fraction(1, 50)
"""How far a conversion may be off, as a share: a mile is 1.6 km, a pound 0.45 kg."""

_AFTER_A_BARE_RESULT = frozenset(
    {
        "and", "so", "which", "that", "is", "are", "as", "for", "the", "a", "this", "these", "we", "it", "they",
        "i", "then", "thus", "but", "because", "hence", "therefore", "while", "where", "when",
    }
)  # fmt: skip


def false_equations(lines: Iterable[str]) -> Iterator[str]:
    """The equations that do not hold in any reading, as they are written; of many only the first are looked at."""
    return (written for written in islice(_looked_at(lines), _MOST_EQUATIONS) if written is not None)


def _looked_at(lines: Iterable[str]) -> Iterator[str | None]:
    for bare in map(plain, lines):
        for run in runs(bare):
            yield from _judged(bare, run)


def _judged(line: str, run: list[Token]) -> Iterator[str | None]:
    """For each equation of a run how it is written, where it is false; None where nothing is to be said."""
    if len(run) > MOST_TOKENS:
        yield None
        return
    sides, signs = sides_of(line, run), [token.text for token in run if token.kind == "equals"]
    for at, (left, right) in enumerate(pairwise(sides)):
        is_read = left and right and not _counts_something_else(line, left, right)
        holds = not is_read or _may_hold(sides, at, about=signs[at] != "=")
        yield None if holds else " ".join(line[left[0].start : right[-1].end].split())


def _counts_something_else(line: str, left: list[Token], right: list[Token]) -> bool:
    """``1 h + 30 = 90 Minuten``: a unit on one side and a word on the other that may be one."""
    word = re.match(r"[ \t]+([^\W\d_]+)", line[right[-1].end :])
    named = any(token.kind == "unit" for token in left) and not any(token.kind == "unit" for token in right)
    return named and word is not None and word[1].lower() not in _AFTER_A_BARE_RESULT


def _may_hold(sides: list[list[Token]], at: int, *, about: bool) -> bool:
    """Whether the equation between one side and the next holds in some reading, or cannot be read."""
    left, right = sides[at], sides[at + 1]
    if is_lone(left) and is_lone(right):
        return about or _converts(left, right)
    if (
        _is_doubtful(left)
        or _is_doubtful(right)
        or _is_a_name(left, right)
        or _minus(right)
        or not _same_units(left, right)
    ):
        return True
    judged = False
    for one, other in _readings(right, inner=at > 0, last=at + 2 == len(sides)):
        try:
            ways, others = _ways(left, one), [worth_of(right, other)]
        except (Unread, ZeroDivisionError):
            continue
        if not is_lone(right) and at + 2 < len(sides):
            others.append(worth_of(right[:1], other))  # 5 + 3 = 8 + 2 = 10
        judged = True
        if any(_agree(way, another, about=about) for way in ways for another in others):
            return True
    return not judged


def _readings(right: list[Token], *, inner: bool, last: bool) -> Iterator[tuple[Reading, Reading]]:
    """How both sides may be read: numbers alike; a result's percent sign may be left out or added."""
    shares = (Fraction(1, 100), Fraction(1))
    for locale, share, other in product(LOCALES, shares, shares):
        if share == other or is_lone(right):
            yield (
                Reading(locale, share, "all" if inner else "likely"),
                Reading(locale, other, "none" if last else "all"),
            )


def _ways(side: list[Token], reading: Reading) -> list[Worth]:
    """The side as it is, and without a label that a dash sets apart from it: ``Step 2 - 12 * 3``."""
    ways = [worth_of(side, reading)]
    for at in _minus(side):
        try:
            ways.append(worth_of(side[at + 1 :], reading))
        except (Unread, ZeroDivisionError):
            continue
    return ways


def _minus(side: list[Token]) -> list[int]:
    """Where a dash stands between two values outside brackets."""
    depth, found = 0, []
    for at, token in enumerate(side):
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "-" and depth == 0 and at > 0:
            found.append(at)
    return found


def _agree(left: Worth, right: Worth, *, about: bool) -> bool:
    gap = max(Fraction(0), right.low - left.high, left.low - right.high)
    if not gap or (about and gap <= max(abs(left.high), abs(right.high)) * _ABOUT):
        return True
    if not left.is_whole or not right.is_whole:
        return gap < max(left.step, right.step)
    return gap <= max(_rounded_off(left), _rounded_off(right))


def _rounded_off(worth: Worth) -> Fraction:
    """Half of what 31,500,000 leaves open: three noughts or more behind two digits or more."""
    if not worth.step or worth.low.denominator != 1:
        return Fraction(0)
    digits = str(abs(worth.low.numerator))
    noughts = len(digits) - len(digits.rstrip("0"))
    return Fraction(10**noughts, 2) if noughts >= 3 and len(digits) - noughts >= 2 else Fraction(0)


def _is_doubtful(side: list[Token]) -> bool:
    """Dates, scores and the like; a percentage beside a plain number in a sum; a product behind a division."""
    signs = [token for token in side if token.kind == "operator"]
    tight = [token for token in signs if token.tight and token.text in "-/"]
    if len(tight) > 1 and len(tight) == len(signs) and len({token.text for token in tight}) == 1:
        return True
    numbers = sum(token.kind == "number" for token in side)
    shares = sum(token.kind == "percent" for token in side)
    if shares and shares != numbers and any(token.text in "+-" for token in signs):
        return True
    products = [token for token in signs if token.text != "^"]
    return any(
        one.text == "/" and other.text in ("*", "of") and one.tight == other.tight for one, other in pairwise(products)
    )


def _is_a_name(side: list[Token], result: list[Token]) -> bool:
    """``24/7``, ``9/11``, ``555-1234``: two whole numbers, tight around a sign, that do not come out even."""
    if result[-1].kind == "percent" or not all(token.text.isdigit() for token in result if token.kind == "number"):
        return False
    if [token.kind for token in side] != ["number", "operator", "number"] or not (side[1].tight and side[2].tight):
        return False
    if not (side[0].text.isdigit() and side[2].text.isdigit()) or len(side[0].text + side[2].text) > _MOST_DIGITS:
        return False
    one, other = int(side[0].text), int(side[2].text)
    if side[1].text == "-":  # office hours, scores
        return one < _LEAST_COUNTED or one < other
    return side[1].text == "/" and (not other or one % other != 0)


def _same_units(left: list[Token], right: list[Token]) -> bool:
    tokens = [*left, *right]
    named = {token.text.rstrip("²³") for token in tokens if token.kind in ("unit", "currency")}
    if named == {"°"}:
        return False  # angles go round
    return len(named) <= 1


def _converts(left: list[Token], right: list[Token]) -> bool:
    """Whether ``1 km = 1000 m`` may hold: only known units of the same thing are judged."""
    units = [next((token.text for token in side if token.kind == "unit"), "") for side in (left, right)]
    known = ratios(*units) if all(units) and units[0] != units[1] else ()
    if not known or any(token.kind not in ("number", "unit", "scale") for token in (*left, *right)):
        return True
    for locale in LOCALES:
        try:
            one, other = worth_of(left, Reading(locale, Fraction(1))), worth_of(right, Reading(locale, Fraction(1)))
        except Unread:
            continue
        if any(_is_near(one, ratio, other) for ratio in known):
            return True
    return False


def _is_near(one: Worth, ratio: Fraction, other: Worth) -> bool:
    """Within half of the last digit of either, where it has decimals, or a fiftieth of it all."""
    gap = abs(one.low * ratio - other.low)
    steps = [step for step in (one.step * ratio, other.step) if step]
    shown = max((step for step, written in zip(steps, (one.step, other.step), strict=False) if written < 1), default=0)
    return gap <= max(abs(other.low) * _CONVERTED, Fraction(shown) / 2)
