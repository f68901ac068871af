"""What arithmetic is worth: sums of products of powers over exact fractions, worked out and never evaluated as code."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, Literal

from gemini_mcp.engine.checking.measures import SCALES
from gemini_mcp.engine.checking.numerals import Locale, Numeral, numeral

_MOST_DEPTH: Final = 8
_MOST_POWER: Final = 64
_MOST_DIGITS: Final = 60
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` as the scanner names it; ``tight``: no blank stands before it."""

    kind: str
    text: str
    start: int
    end: int
    tight: bool = False


@dataclass(frozen=True, slots=True)
class Worth:
    """What a side may be worth, from ``low`` to ``high``. ``step``: of the last digit, where it is a lone number."""

    low: Fraction
    high: Fraction
    step: Fraction = Fraction(0)

    @property
    def is_whole(self) -> bool:
        """Exactly one integer."""
        return self.low == self.high and self.low.denominator == 1


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read a side. ``rounded``: which numbers with decimals may stand for something more exact."""

    locale: Locale
    percent: Fraction
    rounded: Literal["none", "likely", "all"] = "none"


class Unread(Exception):
    """The tokens are not plain arithmetic."""


def is_lone(side: list[Token]) -> bool:
    """Whether it is one number, with whatever unit."""
    return sum(token.kind == "number" for token in side) == 1 and not any(token.kind == "operator" for token in side)


def worth_of(side: list[Token], reading: Reading) -> Worth:
    """What the tokens are worth in a reading. Raises Unread, and ZeroDivisionError."""
    return _Parser(side, reading).whole()


class _Parser:
    """Sums of products of powers, over intervals. Raises Unread for anything else."""

    def __init__(self, side: list[Token], reading: Reading) -> None:
        self._side, self._reading, self._at, self._depth = side, reading, 0, 0
        self._step = Fraction(0)

    def whole(self) -> Worth:
        worth = self._sum()
        if self._at != len(self._side):
            raise Unread
        return replace(worth, step=self._step) if is_lone(self._side) else worth

    def _peek(self) -> Token | None:
        return self._side[self._at] if self._at < len(self._side) else None

    def _take(self, *texts: str) -> str | None:
        token = self._peek()
        if token is None or token.kind not in ("operator", "bracket") or token.text not in texts:
            return None
        self._at += 1
        return token.text

    def _sum(self) -> Worth:
        worth = self._product()
        while sign := self._take("+", "-"):
            other = self._product()
            low, high = (other.low, other.high) if sign == "+" else (-other.high, -other.low)
            worth = Worth(worth.low + low, worth.high + high)
        return worth

    def _product(self) -> Worth:
        worth = self._power()
        while sign := self._take("*", "/", "of"):
            other = self._power()
            worth = _bounded(_spread(worth, other) if sign != "/" else _spread(worth, _inverse(other)))
        return worth

    def _power(self) -> Worth:
        negative = self._take("-") is not None
        base = self._atom()
        exponent = self._exponent()
        if exponent is not None:
            if negative:
                raise Unread
            base = _bounded(_raised(base, exponent))
        return Worth(-base.high, -base.low) if negative else base

    def _exponent(self) -> int | None:
        token = self._peek()
        if token is not None and token.kind == "power":
            self._at += 1
            return _small(int(token.text.translate(_SUPERSCRIPT)))
        if not self._take("^"):
            return None
        sign = -1 if self._take("-") else 1
        found = self._number()
        if found.value.denominator != 1:
            raise Unread
        return sign * _small(found.value.numerator)

    def _atom(self) -> Worth:
        if self._take("("):
            self._depth += 1
            if self._depth > _MOST_DEPTH:
                raise Unread
            worth = self._sum()
            if not self._take(")"):
                raise Unread
            self._depth -= 1
            return worth
        self._skip("currency")
        found = self._number()
        factor = self._factor()
        slack = found.step / 2 if self._is_rounded(found) else Fraction(0)
        self._step = found.step * factor
        return Worth((found.value - slack) * factor, (found.value + slack) * factor)

    def _is_rounded(self, found: Numeral) -> bool:
        if found.step >= 1 or self._reading.rounded == "none":
            return False
        return self._reading.rounded == "all" or found.looks_rounded

    def _factor(self) -> Fraction:
        factor = Fraction(1)
        token = self._peek()
        if token is not None and token.kind == "scale":
            factor = Fraction(SCALES[token.text])
            self._at += 1
        self._skip("unit")
        self._skip("currency")
        token = self._peek()
        if token is not None and token.kind == "percent":
            factor *= self._reading.percent
            self._at += 1
        return factor

    def _skip(self, kind: str) -> None:
        token = self._peek()
        if token is not None and token.kind == kind:
            self._at += 1

    def _number(self) -> Numeral:
        token = self._peek()
        found = numeral(token.text, self._reading.locale) if token is not None and token.kind == "number" else None
        if found is None:
            raise Unread
        self._at += 1
        return found


def _small(power: int) -> int:
    if power > _MOST_POWER:
        raise Unread
    return power


def _spread(one: Worth, other: Worth) -> Worth:
    ends = [a * b for a in (one.low, one.high) for b in (other.low, other.high)]
    return Worth(min(ends), max(ends))


def _inverse(worth: Worth) -> Worth:
    if worth.low <= 0 <= worth.high:
        raise Unread
    return Worth(1 / worth.high, 1 / worth.low)


def _raised(base: Worth, power: int) -> Worth:
    if base.low <= 0 <= base.high and (power < 0 or base.low != base.high):
        raise Unread
    ends = (base.low**power, base.high**power)
    return Worth(min(ends), max(ends))


def _bounded(worth: Worth) -> Worth:
    longest = max(abs(part) for end in (worth.low, worth.high) for part in (end.numerator, end.denominator))
    if longest.bit_length() > 4 * _MOST_DIGITS:
        raise Unread
    return worth
