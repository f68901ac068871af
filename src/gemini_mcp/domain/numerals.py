"""Numbers as answers state them, read exactly: 1,234.50, $18, 3 1/2, \\frac{1}{2}, 1.5 x 10^6, 2 million, eighteen.

A comma parts thousands or is not understood: "3,5" may be a list of two or a German three and a half. What is read
is bounded in digits and exponents, so that no text makes a number that takes long to compute with.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from gemini_mcp.domain.typed import typed

_MOST_EXPONENT: Final = 300
_ONES: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
    "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES: Final = {word: at for at, word in enumerate(_ONES)} | {word: 10 * at for at, word in enumerate(_TENS, 2)}
_WORD: Final = re.compile(rf"({'|'.join(_TENS)})(?:[- ]({'|'.join(_ONES[1:10])}))?|({'|'.join(_ONES)})")
_SCALES: Final = {"": 0, "hundred": 2, "thousand": 3, "million": 6, "billion": 9, "bn": 9, "trillion": 12}
_NUMBER: Final = re.compile(
    r"""(?<![\w.,/^]) (?<!\d:) (?P<sign>-\ ?)? (?:[$€£¥]\ ?)? (?P<inner>-)?
    (?: \\[dt]?frac\ ?\{ (?P<above>-?\d{1,60}) \}\ ?\{ (?P<below>\d{1,60}) \}
      | (?P<whole>\d{1,60}) \  (?P<top>\d{1,60})/(?P<bottom>\d{1,60})
      | (?P<over>\d{1,60}) \ ?/\ ? (?P<under>\d{1,60})
      | (?P<plain> (?: \d{1,3}(?:,\d{3}){1,12} (?!\d) | \d{1,60} ) (?:\.\d{1,60})? | \.\d{1,60} )
        (?: e (?P<e>[+-]?\d{1,4})
          | \ ?(?:x|\*|\\times|\\cdot)\ ?10(?:\^|\*\*)\{?(?P<power>[+-]?\d{1,4})\}? )?
    )
    (?! [,.:/]?\d )
    (?: \ ?(?P<scale>hundred|thousand|million|billion|bn|trillion)\b )?
    (?P<more> [xyznπ]\b | \^ | \ ?\\(?:sqrt|pi) | \ ?[π√] )?""",
    re.VERBOSE | re.IGNORECASE,
)
_WRAPPED: Final = re.compile(r"\\(?:text|mathrm|mathbf|textbf)\ ?\{([^{}\n]{0,200})\}")
_DRESSING: Final = re.compile(r"\\left|\\right|\\[()\[\]!,;:]|\\(?=[$%#& ])|\{(?=,\})|(?<=\{,)\}")
_VULGAR: Final = str.maketrans(
    {mark: f" {unicodedata.normalize('NFKC', mark).replace(chr(0x2044), '/')} " for mark in "½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"}
)
_NAME: Final = r"[^\W\d_][^\W\d_/]{0,15}(?:/[^\W\d_]{1,8})?[\u00b2\u00b3]?\.?"
_UNIT: Final = re.compile(
    rf" ?([%°]|(?<!\d){_NAME}(?: {_NAME}){{0,2}}|[^\W\d_]{{1,5}}(?:/[^\W\d_]{{1,5}})?[\u00b2\u00b3]?)?[\s$.]*"
)
_BEFORE: Final = re.compile(r"\W{0,4}?(?:(?:about|approximately|approx\.?|roughly|around|[a-z] ?=|=|≈|~)\s*)?", re.I)


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number where it stands in a text. ``expression``: it is but a part of one, as 2 is of 2x."""

    value: Fraction
    start: int
    end: int
    expression: bool


def plainly(text: str) -> str:
    """The text as ``typed``, without LaTeX's dressing and vulgar fractions."""
    bare = typed(text.translate(_VULGAR))
    bare = _WRAPPED.sub(r" \1", bare) if "\\" in bare else bare
    return _DRESSING.sub("", bare).replace("{,", ",") if "\\" in bare or "{," in bare else bare


def numerals(text: str) -> Iterator[Numeral]:
    """The numbers of a text that went through ``plainly``; not those in names (sha256), versions, times and dates."""
    for found in _NUMBER.finditer(text):
        if (value := _value(found)) is not None:
            yield Numeral(value, found.start(), found.end(), bool(found["more"]))


def measure(text: str) -> tuple[Fraction, str] | None:
    """The number that the whole text is, and its unit, casefolded ("" for none); None when it is more or less."""
    bare = plainly(text).strip().strip("$*`\"' ").strip()
    if (in_words := _in_words(bare.rstrip("."))) is not None:
        return Fraction(in_words), ""
    before = _BEFORE.match(bare)
    for start in {before.end() if before else 0, 0}:
        found = _NUMBER.match(bare, start)
        unit = _UNIT.fullmatch(bare, found.end()) if found else None
        if found and unit and not found["more"] and (value := _value(found)) is not None:
            named = (unit[1] or "").casefold().rstrip(".")
            return value, "%" if named in ("percent", "per cent") else named
    return None


def shown(value: Fraction) -> str:
    """The one way to write a number: as a decimal where that is exact and short, else as a fraction."""
    if value.denominator == 1:
        return str(value.numerator)
    decimals = next((places for places in range(1, 13) if 10**places % value.denominator == 0), None)
    if decimals is None:
        return f"{value.numerator}/{value.denominator}"
    digits = str(abs(value.numerator) * 10**decimals // value.denominator).rjust(decimals + 1, "0")
    return f"{'-' if value < 0 else ''}{digits[:-decimals]}.{digits[-decimals:]}"


def _in_words(text: str) -> int | None:
    found = _WORD.fullmatch(text.lower())
    return sum(_VALUES[word] for word in found.groups() if word) if found else None


def _value(found: re.Match[str]) -> Fraction | None:
    """None for what divides by zero, or is beyond all bounds."""
    sign = -1 if found["sign"] or found["inner"] else 1
    power = int(found["e"] or found["power"] or 0) + _SCALES[(found["scale"] or "").lower()]
    if abs(power) > _MOST_EXPONENT:
        return None
    try:
        return sign * _magnitude(found) * Fraction(10) ** power
    except ZeroDivisionError:
        return None


def _magnitude(found: re.Match[str]) -> Fraction:
    if found["above"]:
        return Fraction(int(found["above"]), int(found["below"]))
    if found["whole"]:
        return int(found["whole"]) + Fraction(int(found["top"]), int(found["bottom"]))
    if found["over"]:
        return Fraction(int(found["over"]), int(found["under"]))
    whole, _, decimals = found["plain"].replace(",", "").partition(".")
    return Fraction(int(whole + decimals), 10 ** len(decimals))
