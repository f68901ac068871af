"""Whether a task offers options to choose one from, and not a list of things to do."""

import re
from typing import Final

_MOST: Final = 26
_OPTION: Final = re.compile(r"^[ \t]{0,8}(?:[-*][ ])?[(\[]?([A-Z]|[a-z]|\d{1,2})[).:\]][ \t]+(?=\S)", re.MULTILINE)
_INLINE: Final = re.compile(r"(?:(?<=\s)|^)\(?([A-Z]|[a-z])\)[ \t]+(?=\S)")
_CHOOSING: Final = re.compile(
    r"""\b(?:which|choose|select|pick|multiple[- ]choice|options?)\b|\?\s*$
      | \b(?:correct\ (?:answer|option|choice|statement)|best\ (?:answer|option|choice|describes))\b
      | \banswer:?\s*\Z""",
    re.IGNORECASE | re.MULTILINE | re.VERBOSE,
)
_CHOOSING_PLAINLY: Final = re.compile(
    r"""\bmultiple[- ]choice | \bwhich\ (?:one\ )?of\ (?:the\ following|these)\b
      | \b(?:choose|select|pick)\ (?:one|the)\b | \banswer:\s*\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_SEVERAL: Final = re.compile(
    r"""\b(?:all\ (?:that|which)\ (?:apply|are) | one\ or\ more\ (?:of|options|answers)
      | answer\ the\ following\ questions
      | (?:choose|select|pick|name|mark)\ (?:two|three|\d|all|any\ number) )\b""",
    re.IGNORECASE | re.VERBOSE,
)
_OPEN: Final = re.compile(
    r"""(?: ^ | [.!?:;\n]\s{0,4} | \b(?:please|then|also)\ )
        (?: write | draft | implement | rewrite | translate | compare | rank | list | generate | create | refactor
          | summari[sz]e | discuss | describe | do | perform | follow | complete )\b | ```""",
    re.IGNORECASE | re.VERBOSE,
)
_DOING: Final = re.compile(
    r"""(?: add | analy[sz]e | build | change | check | compare | compute | create | delete | describe | do | explain
      | extract | find | fix | for | generate | give | identify | if | implement | list | make | move | name | note
      | provide | read | refactor | remove | rename | replace | return | review | rewrite | show | suggest
      | summari[sz]e | tell | translate | update | use | what | which | who | why | how | write )\b""",
    re.IGNORECASE | re.VERBOSE,
)


def offers_options(words: str) -> bool:
    """One run of options, labelled from A (a, 1) on, and a word of choosing before or after it; options by capital
    letters alone will do where they end a sentence that they complete."""
    options = list(_OPTION.finditer(words))
    if len(options) < 2:
        options = list(_INLINE.finditer(words))
    labels = [option[1] for option in options]
    if not _in_sequence(labels):
        return False
    stem, tail = words[: options[0].start()], words[options[-1].end() :].partition("\n")[2]
    around = f"{stem}\n{tail}"
    if _SEVERAL.search(around) or _OPEN.search(stem) or _OPEN.search(tail):
        return False
    doing = sum(bool(_DOING.match(words, option.end())) for option in options)
    if _CHOOSING.search(stem) or _CHOOSING.search(tail):
        return doing < len(options) or bool(_CHOOSING_PLAINLY.search(around))
    return bool(stem.strip()) and not tail.strip() and labels[0] == "A" and len(labels) >= 3 and not doing


def _in_sequence(labels: list[str]) -> bool:
    if not 2 <= len(labels) <= _MOST:
        return False
    first = labels[0]
    if first == "1":
        return labels == [str(number) for number in range(1, len(labels) + 1)]
    return first in "Aa" and labels == [chr(ord(first) + at) for at in range(len(labels))]
