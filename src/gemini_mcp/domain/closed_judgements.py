"""Tasks that ask for a judgement, an estimate or a matter of taste: two right answers to them need not be equal."""

import re
from typing import Final

from gemini_mcp.domain.numerals import numerals, plainly

_BEGINS: Final = r"(?:(?:^|[.!?:;\n])\s{0,4}(?:[-*]\ |\d\.\ )?|\b(?:please|then|also|and)\ )"
_A_NAME: Final = r"(?:name|title|label|colou?r|word|slogan|headline|tagline|caption|nickname|emoji)"
_JUDGING: Final = re.compile(
    rf"""{_BEGINS} (?: rate | score | grade | estimate | guess | judge | recommend )\b
      | \b(?: rating\ (?:from|between|of|out\ of|on)
          | (?:rate|rating|score|grade|mark|number)s?\b[^.?!\n]{{0,80}}?\b(?:scale|out\ of)\ (?:of\ )?\d+
          | (?:rates?|rating|scored?|grade|mark)\b[^.?!\n]{{0,80}}?\b(?:from|between)\ \d{{1,3}}\ (?:to|and|-)\ \d+
          | on\ an?\ (?:[\w.,-]+\ ){{0,4}}?scale
          | (?:for|your|of|the)\ (?:confidence|certainty)(?!\ (?:interval|level|limit))
          | (?:good|best|better|nicer?|suitable|fitting|catchy)\ (?:\w+\ )?{_A_NAME} | name\ for
          | intents? | opinions? | recommend(?:s|ed|ations?)? | taste
          | should\ (?:we|i) | (?:do|would|are)\ you\ (?:think|feel|prefer|suggest|sure|say|choose|pick|give|rate|score)
          | (?:what|which)\ (?:\w+\ )?(?:priority|severity|urgency|importance) | story\ points | how\ much\ effort
          | (?:pick|choose|think\ of)\ (?:me\ )?an?\ (?!.{{0,30}}\bfrom\b) )\b""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
"""Wherever it stands: that is what is asked for."""

_VAGUE: Final = re.compile(
    r"""\b(?: rating | estimat(?:e|ed|es|ion|ing) | guess | rough(?:ly)? | approximat(?:e|ely|ion) | probabilit(?:y|ies)
      | likelihood | (?:how|most)\ likely | feels? | feeling | mood | tone | plausible )\b""",
    re.VERBOSE | re.IGNORECASE,
)
"""Words that a story may hold as well: a sum in which somebody guesses is still a sum."""

_PRAISING: Final = re.compile(
    r"""\b(?: good | better | best | nicer? | clean(?:er)? | elegant | readable | idiomatic | worth(?:while)? | well
      | most\ (?:important|serious|relevant|interesting|readable|suitable) )\b(?!-)""",
    re.VERBOSE | re.IGNORECASE,
)
_SHORT: Final = 160
"""Characters of a task that is nothing but its question."""

_PREFERENCE: Final = re.compile(
    r"""\b(?: (?:do|would)\ you\ (?:prefer|suggest|choose|pick|recommend)
      | should\ we | your\ (?:opinion|view|preference|favou?rite|recommendation) | an?\ name\ for
      | (?:good|best|better|nicer?|catchiest)\ (?:(?:variable|function|class|package)\ )?
          (?:name|title|headline|slogan) )\b""",
    re.VERBOSE | re.IGNORECASE,
)
_QUANTITY: Final = re.compile(
    r"\b(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twice|half|third|quarter|double|triple|dozen)\b",
    re.IGNORECASE,
)


def judges(words: str, asked: str) -> bool:
    """Whether a judgement is asked for. ``asked``: the question itself, where a story with numbers stands before it."""
    if _JUDGING.search(words):
        return True
    is_story = holds_numbers(words)
    if _VAGUE.search(asked if is_story else words):
        return True
    return not is_story and _PRAISING.search(asked if len(words) > _SHORT else words) is not None


def prefers(words: str) -> bool:
    """Whether of several options the one is asked for that the answerer likes best."""
    return _PREFERENCE.search(words) is not None


def holds_numbers(words: str) -> bool:
    """Whether there is something to compute with: two numbers, one of them at least in digits."""
    figures = sum(1 for _ in numerals(plainly(words)))
    return figures >= 2 or (figures == 1 and _QUANTITY.search(words) is not None)
