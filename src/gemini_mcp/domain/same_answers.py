"""Whether two answers, already taken out of what was said around them, are the same; of whatever kind they are."""

import json
import re
import unicodedata
from fractions import Fraction
from typing import Final

from gemini_mcp.domain.closed_names import is_member, unversioned
from gemini_mcp.domain.dates import iso_date
from gemini_mcp.domain.numerals import measure, plainly

_LABEL: Final = re.compile(r"(?:option |choice |answer )?\(?([A-Za-z])[).:]?", re.IGNORECASE)
_QUOTED: Final = re.compile(r"'((?:[^'\\\n]|\\.)*)'|\"((?:[^\"\\\n]|\\.)*)\"")
_FORMAL: Final = re.compile(r"[\[\]{}()=^\\_<>'\"+*/]")
_NAMED: Final = re.compile(r"[a-zA-Z] ?= ?(?=[^=])")
_SAME_WRITTEN: Final = (
    ("\\dfrac", "\\frac"), ("\\tfrac", "\\frac"), ("\\cdot", "*"), ("\\times", "*"), ("**", "^"),
    ("^\\circ", ""), ("^{\\circ}", ""), ("°", ""), ("\\%", ""), ("\\leq", "\\le"), ("\\geq", "\\ge"),
)  # fmt: skip
_BRACED: Final = re.compile(r"([\^_])\{(-?\w)\}")
_ARTICLE: Final = re.compile(r"\b(?:the|an|a) ", re.IGNORECASE)
_DIGITS_THAT_CONVINCE: Final = 4
_NOISE: Final = Fraction(1, 10**14)
_LONGEST: Final = 20_000


def same_answer(a: str, b: str) -> bool:
    """By value where both are numbers or dates, by label where both are letters, else by what is written, blanks and
    LaTeX's dressing aside. Words may differ in case, code and formulas may not. Nothing is the same as no answer."""
    one, other = a.strip(), b.strip()
    if not one or not other:
        return False
    if one == other:
        return True
    if len(one) > _LONGEST or len(other) > _LONGEST:
        return False
    if (alike := _as_numbers(one, other)) is not None:
        return alike
    labels = _LABEL.fullmatch(one), _LABEL.fullmatch(other)
    if labels[0] and labels[1]:
        return labels[0][1].upper() == labels[1][1].upper()
    one, other = unversioned(one), unversioned(other)
    if one == other or is_member(one, other) or is_member(other, one):
        return True
    dates = iso_date(one), iso_date(other)
    if dates[0] and dates[1]:
        return dates[0] == dates[1]
    return _form(one) == _form(other)


def _as_numbers(one: str, other: str) -> bool | None:
    """None where one of them is no number. A unit that only one of them names is taken to be the other's as well."""
    first, second = measure(one), measure(other)
    if first is None or second is None:
        return None
    units = {first[1], second[1]} - {""}
    return len(units) < 2 and (first[0] == second[0] or _rounded(one, first[0], other, second[0]))


def _rounded(one: str, first: Fraction, other: str, second: Fraction) -> bool:
    """Whether one is the other with fewer decimals, of which it gives enough for that to be no chance: 3.1416. What
    binary arithmetic adds behind the fifteenth digit does not count."""
    if abs(first - second) <= max(abs(first), abs(second)) * _NOISE:
        return True
    for text, value, exact in ((one, first, second), (other, second, first)):
        decimals = _decimals(text)
        enough = decimals >= 3 and abs(value) * 10**decimals >= 10 ** (_DIGITS_THAT_CONVINCE - 1)
        if enough and abs(value - exact) * 2 <= Fraction(1, 10**decimals):
            return True
    return False


def _decimals(text: str) -> int:
    found = re.search(r"\.(\d{1,60})(?![\d.eE])", text)
    return len(found[1]) if found else 0


def _form(text: str) -> str:
    """What is left to compare: strings as they are, no blanks outside them, no dressing."""
    bare = plainly(unicodedata.normalize("NFC", text)).replace("$", "").strip().rstrip(".").strip()
    if not _FORMAL.search(bare):
        folded = " ".join(re.findall(r"[^\W_]+(?:[-'@:.#+&][^\W_]+)*[+#%]*|[^\w\s.,;!?-]", bare.casefold()))
        return _ARTICLE.sub("", folded) or folded or text
    for written, same in _SAME_WRITTEN:
        bare = bare.replace(written, same)
    return _without_blanks(_BRACED.sub(r"\1\2", _NAMED.sub("", bare, count=1) if _NAMED.match(bare) else bare))


def _without_blanks(text: str) -> str:
    """Outside quotes, which are made one kind of."""
    parts, end = [], 0
    for found in _QUOTED.finditer(text):
        parts += [
            "".join(text[end : found.start()].split()),
            json.dumps(found[1] if found[1] is not None else found[2]),
        ]
        end = found.end()
    return "".join((*parts, "".join(text[end:].split())))
