"""How often an answer says that it is unsure, counted in English words: in other languages the count says nothing."""

import re
from typing import Final

from gemini_mcp.domain.typed import typed

_MOST_QUOTED: Final = 500
_FENCE: Final = re.compile(r"\s{0,3}(```|~~~)")
_INLINE: Final = re.compile(r"``?[^`\n]{1,200}``?")
_QUOTED: Final = re.compile(rf"\"[^\"\n]{{1,{_MOST_QUOTED}}}\"")
_HEDGE: Final = re.compile(
    r"""\b(?:
        not\ (?:(?:entirely|completely|fully|absolutely|quite|totally|really|so|100\ ?%)\ )?
          (?:sure|certain|confident|clear)\b
      | (?:unsure|uncertain|unclear)\b
      | i(?:'m|\ am)\ (?:just\ )?guessing\b | (?:my|a|an)\ (?:best\ |educated\ |rough\ )?guess\b
      | i\ (?:would\ |'d\ )?(?:think|believe|guess|suspect|assume|suppose|presume)\b
      | (?:presumably|perhaps|maybe|possibly|probably|plausibly|supposedly|arguably)\b
      | (?:most\ |very\ )?likely\b
      | might\b | (?:could|may)\ (?:\w+\ )?(?:be|have)\b
      | (?:seems?|appears?)\ (?:to\b|like\b|that\b|likely\b) | looks\ like\b
      | if\ i\ (?:recall|remember)\b | as\ far\ as\ i\ (?:know|can)\b | to\ the\ best\ of\ my\ knowledge\b
      | (?:hard|difficult|impossible)\ to\ (?:say|tell|know|determine|be\ (?:sure|certain))\b
      | (?:cannot|can't|can\ not|could\ not|couldn't|unable\ to)\ (?:be\ (?:sure|certain|determined)
          |determine|tell|verify|confirm|say\ (?:for\ (?:sure|certain)|with))\b
      | (?:do\ not|don't)\ (?:really\ |actually\ )?(?:know|remember|recall)\b
      | (?:not\ enough|insufficient)\ (?:information|data|context|detail)\b
      | it\ depends\b
      | hold\ on\b | hmm+\b | on\ second\ thought\b | scratch\ that\b
      | wait(?=\s?[,.!:-]|\ (?:no|actually|that|let|the|i|maybe|but)\b)
      | let\ me\ (?:re-?(?:check|consider|think|do|calculate|evaluate|examine|read)|double[- ]check
          |try\ again|start\ over)\b
      | however,\ if\b | alternatively\b
      | none\ of\ the\ (?:\w+\ )?(?:options|answers|choices)\ (?:match|fit|seem|appear|is|are)
    )""",
    re.VERBOSE | re.IGNORECASE,
)


def hedges(text: str) -> int:
    """The number of hedges in an answer's own words: code, quotes and quoted lines say nothing about its writer."""
    own = "\n".join(_own_lines(typed(text)))
    return sum(1 for _ in _HEDGE.finditer(_QUOTED.sub(" ", _INLINE.sub(" ", own))))


def _own_lines(text: str) -> list[str]:
    """The lines outside fenced code and block quotes, runs of blanks made one."""
    own, fence = [], ""
    for line in text.split("\n"):
        mark = _FENCE.match(line)
        if mark is not None and fence in ("", mark[1]):
            fence = "" if fence else mark[1]
        elif not fence and not line.lstrip().startswith(">"):
            own.append(" ".join(line.split()))
    return own
