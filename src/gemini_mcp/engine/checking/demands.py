"""How many of what a task asks for, where it says so once and beyond doubt."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

Bound = Literal["exactly", "at most", "at least"]
Kind = Literal["items", "sentences", "words"]

_WORDS: Final = (
    "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
)  # fmt: skip
_NUMBERS: Final = {word: number for number, word in enumerate(_WORDS, 1)}
_N = rf"(?P<number>\d{{1,4}}|{'|'.join(_NUMBERS)})"
_MOST = r"at most|no more than|not more than|up to|a maximum of|maximum|max\.?|under|fewer than|less than|within"
_LEAST = r"at least|no fewer than|no less than|not fewer than|a minimum of|minimum"
_BOUND = rf"(?:(?P<most>{_MOST})|(?P<least>{_LEAST})|(?:only|just|exactly|precisely|(?:the|your|a)(?: list of)?|any))"
_ITEMS = (
    r"items?|bullets?(?: ?points?)?|points?|steps|reasons|examples|ideas|tips|options|suggestions"
    r"|questions|facts|benefits"
    r"|advantages|disadvantages|risks|arguments|recommendations|ways|names|titles|alternatives|takeaways|features"
)
_COUNTED = rf"(?:(?P<items>{_ITEMS})|(?P<sentences>sentences?)|(?P<words>words?))"
_VERB = (
    r"(?:give|list|name|write|provide|suggest|propose|state|mention|enumerate|return|produce|generate|output|offer|use"
    r"|answer)"
)
_NOT_MEANT = r"(?!\s+(?:or (?:more|less|fewer)|maximum|max|minimum|each))"
_DEMAND = re.compile(
    rf"(?:\b{_VERB}(?: me| us)?|\b(?:in|as|with|using|into)|(?:\b(?:of|to|summary|answer|reply|response|length)|[,(:;])"
    rf"(?=\s+(?:{_MOST}|{_LEAST}|exactly)\b))\s+"
    rf"(?:{_BOUND}\s+)?(?:top |main |key )?{_N}[ -](?:[a-z-]{{3,15}}[ -]){{0,2}}?{_COUNTED}\b{_NOT_MEANT}",
    re.IGNORECASE,
)
_ANY_AMOUNT = re.compile(
    rf"(?<![\w.])(?:\d{{1,4}}|{'|'.join(_NUMBERS)})[ -](?:[a-z-]{{3,15}}[ -]){{0,2}}?"
    rf"(?:{_ITEMS}|sentences?|words?|paragraphs?|lines?|characters?|sections?|rows?|pages?)\b",
    re.IGNORECASE,
)
_VAGUE = re.compile(
    r"\b(?:each|every|per|respective\w*|about|around|approximately|approx|roughly|some|or so|or (?:more"
    r"|less|fewer)|either"
    r"|\d+ ?(?:-|\u2013|to|or) ?\d+|(?:two|three|four|five|six|seven|eight) (?:to|or) \w+|between|ideally"
    r"|preferably|for both"
    r"|the following|these|those|below|above|given|existing|as many|if possible|if any|where possible"
    r"|long list|first|last"
    r"|next)\b|~",
    re.IGNORECASE,
)
_PARTED = re.compile(
    r"\b(?:titles?|headlines?|subjects?|captions?|slug|tagline|bullets?|items?|section|paragraph"
    r"|headings?|step|rows?|intro"
    r"|abstract|conclusion|followed by|then|plus|table|code|list|each|names?)\b",
    re.IGNORECASE,
)
_LONGEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Demand:
    """So many items, sentences or words."""

    bound: Bound
    number: int
    kind: Kind

    def is_broken(self, low: int, high: int) -> bool:
        """Whether it is missed however one counts: ``low`` and ``high`` are the least and the most one may find."""
        return (self.bound != "at least" and low > self.number) or (self.bound != "at most" and high < self.number)

    def __str__(self) -> str:
        return f"{self.bound} {self.number} {self.kind}"


def demand(instruction: str) -> Demand | None:
    """The one demand of the instruction; None where there is none, more than one, or doubt."""
    if len(instruction) > _LONGEST or _VAGUE.search(instruction):
        return None
    found = list(_demands(instruction))
    if len(found) != 1 or len(_ANY_AMOUNT.findall(instruction)) != 1:
        return None
    return None if found[0].kind != "items" and _PARTED.search(instruction) else found[0]


def _demands(instruction: str) -> Iterator[Demand]:
    for match in _DEMAND.finditer(instruction):
        number = _NUMBERS.get(match["number"].lower()) or int(match["number"])
        kind: Kind = "items" if match["items"] else "sentences" if match["sentences"] else "words"
        bound: Bound = "at most" if match["most"] else "at least" if match["least"] else "exactly"
        if match["most"] and match["most"].lower() in ("fewer than", "less than", "under"):
            number -= kind != "words"
        if number >= (2 if kind == "items" else 1):
            yield Demand(bound, number, kind)
