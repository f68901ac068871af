"""Numbers in a claim, and whether what it rests on has them.

An invented number is the worst thing in a summary, and a true claim thrown away the second worst. So a number must
stand in the evidence, but it may stand there otherwise written: rounded ("29.7" is "30"), in another unit of the same
thing ("300000 ms" is "300 s", "0.35" is "35 %"), in words ("thirty"). Small bare counts are not looked at ("three
ways" may be counted from a list), nor are digits that belong to a name (sha256, gemini-3.5).
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

_NUMBER = re.compile(r"\d{1,3}(?: \d{3})+(?:[.,]\d{1,2})?(?![.,]?\d)|\d+(?:[.,]\d+)*", re.ASCII)
_DIGITS = re.compile(r"\d+(?:[.,]\d+)*", re.ASCII)
_IN_A_NAME = re.compile(r"[^\W\d_][-/]?$|[@._]$")
_HEDGE = re.compile(
    r"\b(?:about|around|roughly|approximately|approx|nearly|almost|over|above|under|below|some|circa|ca"
    r"|(?:more|less|fewer|greater) than)[. ]*[$€£]?$|[~≈<>]=? ?$",
    re.IGNORECASE,
)
_MEASURE = re.compile(
    r"\s?-?(?:(?P<share>%|percent\b|per ?cent\b)"
    r"|(?P<scale>(?:[kKMB]|bn|thousand|million|billion|trillion)\b|[$€£]|(?:dollars?|euros?|USD|EUR)\b)"
    r"|(?P<size>(?:[kKMGT]i?B|bytes?|bits?|px|pixels?)\b)"
    r"|(?P<time>(?:[nuµm]?s|secs?|(?:milli|micro|nano)?seconds?|min|minutes?|h|hours?|days?|weeks?|months?|years?)\b))"
)
_UNITS: Final[dict[str, tuple[float, ...]]] = {
    "share": (1e2,),
    "scale": (1e3, 1e6, 1e9),
    "size": (1e3, 1e6, 1e9, 2.0**10, 2.0**20, 2.0**30),
    "time": (1e3, 1e6, 1e9, 60.0, 3600.0, 24.0, 86400.0, 7.0),
}
"""What one unit of a measure may be of another."""

_MONEY = re.compile(r"[$€£] ?$")
_ONES: Final = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS: Final = (
    "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_BY_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_WORDS: Final[dict[str, float]] = {
    **{word: at for at, word in enumerate((*_ONES, *_TEENS), 1)},
    **{word: 10 * at for at, word in enumerate(_BY_TENS, 2)},
    **{"dozen": 12, "hundred": 100, "thousand": 1e3, "million": 1e6, "billion": 1e9, "twice": 2, "double": 2},
    **{"half": 0.5, "quarter": 0.25, "third": 1 / 3, "all": 100, "every": 100, "no": 0},
}
_TENS: Final = frozenset(_BY_TENS)
_WORD = re.compile(r"[a-z]+")
_TENS_AND_ONE = re.compile(rf"\b({'|'.join(_BY_TENS)})[ -]({'|'.join(_ONES)})\b")
_SMALL: Final = 12
_HEDGED: Final = 0.25
_CONVERTED: Final = 0.05


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as a claim has it. ``measure``: the kind of unit that stands with it ("" for none)."""

    text: str
    values: tuple[float, ...]
    decimals: int
    measure: str
    hedged: bool

    @property
    def counts_something_small(self) -> bool:
        return not self.measure and not self.decimals and max(self.values, default=_SMALL + 1) <= _SMALL

    @property
    def is_year(self) -> bool:
        return len(self.text) == 4 and self.text.isdigit() and "1500" <= self.text <= "2199"


def figures(claim: str) -> Iterator[Figure]:
    """The numbers of a claim, those in names aside."""
    for number in _NUMBER.finditer(claim):
        before, after = claim[max(0, number.start() - 24) : number.start()], claim[number.end() : number.end() + 16]
        if _IN_A_NAME.search(before):
            continue
        measure = _MEASURE.match(after)
        kind = str(measure.lastgroup) if measure else "scale" if _MONEY.search(before) else ""
        values, decimals = _read(number[0])
        if "," in number[0] and len(values) > 1:
            values = values[:1]  # a claim is in English, where a comma parts thousands
        yield Figure(number[0], values, decimals, kind, bool(_HEDGE.search(before)))


def unsupported(claim: str, evidence: str) -> list[Figure]:
    """The numbers of the claim that must stand in the evidence and do not."""
    wanted = [figure for figure in figures(claim) if not figure.counts_something_small]
    if not wanted:
        return []
    written, values = _evident(evidence)
    return [figure for figure in wanted if figure.text not in written and not _stands(figure, values)]


def are_in(claim: str, quote: str) -> bool:
    """Whether the claim has numbers, and the quote has every one of them, as they are written."""
    wanted = {figure.text for figure in figures(claim)}
    return bool(wanted) and wanted <= {number[0] for number in _NUMBER.finditer(quote)}


@lru_cache(maxsize=64)
def _evident(evidence: str) -> tuple[frozenset[str], tuple[float, ...]]:
    """The numbers as they are written, wherever they are, and what they may be worth, in order."""
    written = {number[0] for pattern in (_NUMBER, _DIGITS) for number in pattern.finditer(evidence)}
    written |= {part for number in written for part in re.split("[., ]", number)}
    values = {value for number in written for value in _read(number)[0]}
    lower = evidence.lower()
    words = _WORD.findall(lower)
    values.update(_WORDS[word] for word in words if word in _WORDS)
    if not _TENS.isdisjoint(words):
        values.update(_WORDS[pair[1]] + _WORDS[pair[2]] for pair in _TENS_AND_ONE.finditer(lower))
    return frozenset(written), tuple(sorted(values))


def _stands(figure: Figure, evident: Sequence[float]) -> bool:
    known = _UNITS.get(figure.measure, ())
    units = (1.0, *known, *(1 / unit for unit in known))
    return any(_near(figure, wanted, unit, evident) for wanted in figure.values for unit in units)


def _near(figure: Figure, wanted: float, unit: float, evident: Sequence[float]) -> bool:
    """Within half of the last digit that the claim gives, or a quarter of it all when it says "about"."""
    off = 0.5 * 10.0**-figure.decimals
    if figure.hedged:
        off = max(off, _HEDGED * wanted)
    elif unit != 1.0:
        off = min(off, _CONVERTED * wanted)
    off *= 1 + 1e-9
    at = bisect_left(evident, (wanted - off) / unit)
    return at < len(evident) and evident[at] <= (wanted + off) / unit


def _read(number: str) -> tuple[tuple[float, ...], int]:
    """What a number may be worth, and its decimals. 1.234 may be either of two, 1.2.3 is a name and worth nothing."""
    digits = number.replace(" ", "")
    parts, marks = re.split("[.,]", digits), re.findall("[.,]", digits)
    whole, decimal = float("".join(parts)), len(parts[-1])
    if not marks:
        return (whole,), 0
    grouped = len(parts[0]) <= 3 and all(len(part) == 3 for part in parts[1:])
    if len(marks) > 1 and len(set(marks)) == 1:
        return ((whole,) if grouped else ()), 0
    if marks[-1] in marks[:-1]:
        return (), 0
    broken = float("".join(parts[:-1]) + "." + parts[-1])
    return ((whole, broken), 0) if grouped else ((broken,), decimal)
