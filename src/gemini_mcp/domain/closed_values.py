"""The number, or the few words, that a text gives as its answer."""

import re
import unicodedata
from typing import Final

from gemini_mcp.domain.closed_names import unversioned
from gemini_mcp.domain.dates import iso_date
from gemini_mcp.domain.numerals import Numeral, measure, numerals, plainly, shown
from gemini_mcp.domain.stated import alone, first_line, last_line, sentence

_SHORT: Final = 100
_FILLER: Final = re.compile(
    r"[\s:≈~(\"']{0,6}(?:(?:exactly|precisely|equal to|simply|just|only"
    r"|[a-zA-Z] ?=|=|≈)\s{0,3}){0,2}[\s≈~(]{0,3}"
)
_ROUGHLY: Final = re.compile(
    r"(?:\b(?:about|approximately|approx\.?|roughly|around|circa|nearly|almost|some(?:where|thing) (?:around|like|near)"
    r"|(?:is|of) the order of)|~)[\s*(]{0,4}[-$€£]?\d",
    re.IGNORECASE,
)
"""An estimate: that another model estimates otherwise says nothing."""

_MORE_NUMBERS: Final = re.compile(r"\s{0,3}(?:-|to|or|and|±|\+/-)\s{0,3}[$€£]?\d", re.IGNORECASE)
_OPERATOR: Final = re.compile(r"\s{0,3}(?:[-+*/÷·^]\s?[\d(]|\\times|\\cdot|\\div|x\s?\d)")
_BOLD: Final = re.compile(r"\*\*([^*\n]{1,80})\*\*")


def number(stated: str) -> str | None:
    """The number that a statement leads with, else the only one in its first sentence."""
    said = sentence(plainly(stated))
    if _ROUGHLY.search(said):
        return ""
    if (whole := measure(said)) is not None:
        return shown(whole[0])
    found = list(numerals(said))
    if not found:
        return None
    filler = _FILLER.match(said)
    first = found[0]
    if filler is not None and first.start <= filler.end():
        return _leading(said, first)
    if "=" in said:
        return _after_equals(said)
    return shown(first.value) if len(found) == 1 and not first.expression else ""


def _leading(said: str, first: Numeral) -> str:
    if first.expression or _OPERATOR.match(said, first.end):
        return _after_equals(said)
    return "" if _MORE_NUMBERS.match(said, first.end) else shown(first.value)


def _after_equals(said: str) -> str:
    """What a sum comes to, "" where that is not said."""
    _, equals, result = said.rpartition("=")
    found = list(numerals(result)) if equals else []
    return shown(found[0].value) if len(found) == 1 and not found[0].expression else ""


def number_in(text: str) -> str | None:
    """The whole text, its only bold number, its first line if that is but a number, or its last line."""
    bold = [found[1] for found in _BOLD.finditer(text) if not _ROUGHLY.search(text[: found.end()][-_SHORT:])]
    bare = text.replace("**", "").replace("`", "")
    if (whole := alone(bare)) is not None and (found := number(whole)):
        return found
    if (leading := measure(first_line(bare))) is not None:
        return None if _ROUGHLY.search(first_line(bare)) else shown(leading[0])
    if _ROUGHLY.search(_last_sentence(bare)):
        return None
    figures = {shown(one[0]) for each in bold if (one := measure(each)) is not None}
    if len(figures) == 1:
        return figures.pop()
    return number(_last_sentence(bare)) or None


def _last_sentence(text: str) -> str:
    return re.split(r"(?<=[.!?])\s", last_line(text))[-1]


_ARTICLES: Final = frozenset(("a", "an", "the"))
_LEAD: Final = re.compile(r"(?:it is|it's|it was|this is|that is|they are)\s+", re.IGNORECASE)
_WORD: Final = re.compile(r"[^\W_]+(?:[-.'@:/+#&][^\W_]+)*[+#%]*")


def brief(stated: str) -> str | None:
    whole = unversioned(_LEAD.sub("", stated.strip(), count=1))
    if (date := iso_date(whole) or iso_date(sentence(whole))) is not None:
        return date
    said = sentence(whole).strip()
    if not said or len(said) > _SHORT or _ROUGHLY.search(said):
        return None
    if (number := measure(said)) is not None and not number[1]:
        return shown(number[0])
    folded = unicodedata.normalize("NFKC", said).casefold()
    words = [word for word in _WORD.findall(folded) if word not in _ARTICLES] or _WORD.findall(folded)
    return " ".join(words) or None


def brief_in(text: str) -> str | None:
    whole = alone(text)
    return brief(whole) if whole is not None and len(whole) <= _SHORT else None
