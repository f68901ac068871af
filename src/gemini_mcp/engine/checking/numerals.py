"""Numbers as they are written: the English way (1,234.5) and the continental (1.234,5), and how exactly."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

Locale = Literal["point", "comma", "clock"]
"""What stands before the decimals; by the clock, 9.30 is half past nine."""

LOCALES: Final[tuple[Locale, ...]] = ("point", "comma", "clock")
NUMBER: Final = (
    r"(?:\d{1,3}(?:[,.'\u2019\u00a0\u202f\u2009]\d{3})+(?:[.,]\d+)?|\d{1,2}(?:,\d{2}){1,4},\d{3}(?:\.\d+)?|\d+(?:[.,]\d+)?)"
    r"(?:[eE][+-]?\d{1,2}(?!\d))?"
)
_CLOCK = re.compile(r"(\d{1,2})\.([0-5]\d)")
_FORMS: Final[dict[Locale, re.Pattern[str]]] = {
    "point": re.compile(
        r"(?P<whole>\d{1,3}(?:[,'\u2019\u00a0\u202f\u2009]\d{3})+|\d{1,2}(?:,\d{2}){1,4},\d{3}|\d+)(?:\.(?P<part>\d+))?"
        r"(?:[eE](?P<power>[+-]?\d+))?"
    ),
    "comma": re.compile(
        r"(?P<whole>\d{1,3}(?:[.'\u2019\u00a0\u202f\u2009]\d{3})+|\d+)(?:,(?P<part>\d+))?(?:[eE](?P<power>[+-]?\d+))?"
    ),
}
_LONGEST: Final = 20
_PARTS: Final = (3, 6, 7, 9)
"""What is often divided by, and then written with as many digits as there is room for."""

_FAMOUS: Final = ("3.14159265", "2.71828182", "1.41421356", "1.73205080", "1.61803398")


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number as written. ``step``: what one more in its last digit is worth."""

    value: Fraction
    step: Fraction

    @property
    def is_whole(self) -> bool:
        return self.step >= 1 and self.value.denominator == 1

    @property
    def looks_rounded(self) -> bool:
        """Whether it may stand for a value with more digits: 0.67 for two thirds, 3.14 for pi."""
        if self.step > Fraction(1, 100):
            return False
        near = (Fraction(round(self.value * parts), parts) for parts in _PARTS)
        constants = (Fraction(text) for text in _FAMOUS)
        return any(0 < abs(exact - self.value) < self.step for exact in (*near, *constants))


def numeral(text: str, locale: Locale) -> Numeral | None:
    """The number, or None: it is not written so, it is too long, or its leading zero makes it a name."""
    if locale == "clock":
        clock = _CLOCK.fullmatch(text)
        return (
            Numeral(int(clock[1]) + Fraction(int(clock[2]), 60), Fraction(1, 60)) if clock else numeral(text, "point")
        )
    found = _FORMS[locale].fullmatch(text)
    if found is None or len(text) > _LONGEST:
        return None
    whole = re.sub(r"\D", "", found["whole"])
    if len(whole) > 1 and whole.startswith("0"):
        return None
    part, power = found["part"] or "", Fraction(10) ** int(found["power"] or 0)
    return Numeral(Fraction(int(whole + part), 10 ** len(part)) * power, Fraction(1, 10 ** len(part)) * power)
