"""Which option a text chooses, and whether it says yes or no."""

import re
from typing import Final

from gemini_mcp.domain.stated import alone, first_line, last_line, sentence

_REACH: Final = 300

_LABEL: Final = re.compile(
    r"""\W{0,6}(?:(?i:option|choice|answer|letter|number)\b\W{0,4})?
    (?: [(\[]\ ?(?P<enclosed>[A-Za-z]|\d{1,2})\ ?[)\]] | (?P<lower>[a-z])(?=[.)]|\W{0,3}\Z)
      | (?P<bare>[A-Z]|\d{1,2})(?![\w']|\.\d|[-/]\w) )""",
    re.VERBOSE,
)
_ANOTHER: Final = re.compile(
    r"[\W_]{0,4}(?:\b(?:or|and|nor|but also)\b|[/&+,])[\W_]{0,4}(?:option\W)?\(?(?:[A-Z]|\d{1,2})\b", re.I
)
_CLEAR: Final = re.compile(r"\s*(?:\Z|[).,:;\]\"'\n(-]|(?:because|since|as|is|was|given|which|for)\b)")
_NAMED: Final = re.compile(
    r"\(?\b([A-Z])\b\)? is (?:clearly |therefore |thus |the |most |only )*(?:correct|right|best|accurate|appropriate)"
    r"|\b(?:choose|pick|select|go with|opt for) (?:option |answer |choice )?\(?([A-Z])\b\)?(?=\W|\Z)"
)
_LABELLED: Final = re.compile(r"^[ \t>#*-]{0,4}\(?([A-Z])[).:](?=\s|\Z)", re.MULTILINE)


def label(stated: str) -> str | None:
    found = _LABEL.match(stated)
    if found is None:
        return None
    if _ANOTHER.match(stated, found.end()):
        return ""
    named = found["enclosed"] or found["lower"] or found["bare"]
    doubtful = found["bare"] is not None and (named in "AI" or named.isdigit())
    return named.upper() if not doubtful or _CLEAR.match(stated, found.end()) else None


def choice_in(text: str) -> str | None:
    whole = alone(text)
    if whole is not None and (chosen := label(whole)) is not None:
        return chosen or None
    labelled = set(_LABELLED.findall(text))
    if len(labelled) == 1 and (_LABELLED.match(first_line(text)) or _LABELLED.match(last_line(text))):
        return str(labelled.pop())
    if not labelled and len(last_line(text)) <= 4 and (chosen := label(last_line(text))):
        return chosen
    named = {one or other for one, other in _NAMED.findall(text)}
    return named.pop() if len(named) == 1 else None


_VERDICT: Final = re.compile(r"\W{0,6}(?:that )?(yes|no|true|false)\b", re.IGNORECASE)
_AFTER_NO: Final = re.compile(
    r"\s*(?:\Z|[.,:;!)\]\"'\n-])|\s+(?:it|this|that|they|he|she|because|since)\b", re.IGNORECASE
)
_OPPOSITE: Final = re.compile(r"\W{0,4}(?:or|and|/)\W{0,4}(?:yes|no|true|false)\b|\W{0,3}(?:yes|no|true|false)\b", re.I)
_CONCLUDED: Final = re.compile(
    r"(?:\b(?:so|therefore|thus|hence|conclusion|verdict)\W{1,3})(yes|no|true|false)\b", re.I
)
_IS_SO: Final = re.compile(
    r"\b(?:statement|claim|assertion|proposition|conclusion|it|this|that) is"
    r" (?:therefore |thus |indeed |definitely |clearly |actually )?(true|false)\b(?! (?:if|only|that|when|for)\b)",
    re.IGNORECASE,
)


_QUALIFIED: Final = re.compile(
    r"""\b(?: but | except(?:ions?|ing)? | mostly | mainly | largely | generally | usually | partly | partial(?:ly)?
      | only | unless | depend(?:s|ing)? | in\ part | somewhat | technically | in\ (?:most|some)\ cases | sometimes
      | not\ (?:always|entirely|fully|quite|completely|necessarily|all) | however | although | though | as\ long\ as
      | provided\ that | if )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_TAKEN_BACK: Final = re.compile(r"\s*(?:but|except|however|although|though|only|unless|mostly|with\b)", re.IGNORECASE)


def _is_qualified(said: str) -> bool:
    """Whether a verdict is half taken back where it is given: of two such, each may say what the other says."""
    whole = sentence(said)
    return bool(_QUALIFIED.search(whole) or _TAKEN_BACK.match(said, len(whole)))


def verdict(stated: str) -> str | None:
    """What a statement opens with; "" where it is both, or neither wholly."""
    found = _VERDICT.match(stated)
    if found is None:
        return None
    if _OPPOSITE.match(stated, found.end()):
        return ""
    if _is_qualified(stated[found.end() :]):
        return ""
    said = found[1].lower()
    return said if said != "no" or _AFTER_NO.match(stated, found.end()) else None


def verdict_in(text: str) -> str | None:
    """What it opens with and what it closes with, where they do not contradict each other."""
    opening, closing = verdict(first_line(text)), verdict(last_line(text))
    concluded = _concluded(text, _CONCLUDED) or _concluded(text, _IS_SO)
    said = {each for each in (opening, closing, *concluded) if each is not None}
    pairs = ({"yes", "true"}, {"no", "false"})
    if len(said) == 2 and said in pairs and opening:  # "Yes, the statement is true."
        return opening
    return (said.pop() or None) if len(said) == 1 else None


def _concluded(text: str, pattern: re.Pattern[str]) -> list[str]:
    """The last such conclusion, "" where its sentence qualifies it."""
    found = [*pattern.finditer(text)][-1:]
    return ["" if _is_qualified(_sentence_around(text, each)) else each[1].lower() for each in found]


def _sentence_around(text: str, found: re.Match[str]) -> str:
    before = re.split(r"[.!?\n]", text[max(0, found.start() - _REACH) : found.start()])[-1]
    return before + text[found.start() : found.end() + _REACH].partition("\n")[0]
