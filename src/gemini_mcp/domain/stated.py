"""Where an answer states its result: after "the answer is", in a box, behind ####, or by being nothing else.

Models reason first and may change their minds, so of several statements the last counts. English wording.
"""

import re
from collections.abc import Iterator
from typing import Final

_MOST_STATEMENTS: Final = 8
_LONGEST: Final = 300
_MARKER: Final = re.compile(
    r"""(?: \b(?:final|correct|best|right|closest|my)\ (?:answer|option|choice|result|solution|statement)
          | \b(?:the|an?)\ answer | \bthe\ (?:result|solution) | (?:^|(?<=[.!?]\ ))\W{0,6}(?:answer|result) )
        (?:\ (?:choice|option|here|to\ (?:the|this|your)\ (?:question|problem)))?
        (?: \ ?["'_]{0,3}\ ?[:=] | \ (?:is|would\ be|must\ be|should\ be)\b(?:\ (?:therefore|thus|hence)\b)?:? )
      | ^\W{0,8}(?:final\ )?answer["'_ ]{0,4}$""",
    re.VERBOSE | re.IGNORECASE | re.MULTILINE,
)
_HASHES: Final = re.compile(r"^#{3,6} ?([^\n]{1,300})\s*\Z", re.MULTILINE)
_BOXES: Final = ("\\boxed", "\\fbox")


def statements(text: str) -> Iterator[str]:
    """What the answer states as its result, the last statement first; nothing when it only ever talks."""
    marked = [*_MARKER.finditer(text)][-_MOST_STATEMENTS:]
    found = [(match.end(), _line(text, match.end())) for match in marked]
    if (hashes := _HASHES.search(text, max(0, len(text) - 2 * _LONGEST))) is not None:
        found.append((hashes.start(1), hashes[1]))
    found += [box for box in (_boxed(text, name) for name in _BOXES) if box is not None]
    for _, stated in sorted(found, key=lambda each: each[0], reverse=True):
        if stated.strip():
            yield stated.strip()


def alone(text: str) -> str | None:
    """The whole answer, where it is one line of moderate length."""
    bare = text.strip()
    return bare if bare and "\n" not in bare and len(bare) <= _LONGEST else None


def first_line(text: str) -> str:
    return text.lstrip()[: 2 * _LONGEST].partition("\n")[0].strip()[:_LONGEST]


def last_line(text: str) -> str:
    return text.rstrip()[-2 * _LONGEST :].rpartition("\n")[2].strip()[-_LONGEST:]


def sentence(text: str) -> str:
    """Its first sentence; a full stop inside a number or an abbreviation's middle ends none."""
    return re.split(r"(?<=[.!?])\s", text, maxsplit=1)[0]


def _line(text: str, start: int) -> str:
    """The rest of the line, or where that is empty the next that is not."""
    rest = text[start : start + _LONGEST].lstrip(" \t*_\"':")
    return rest.lstrip().partition("\n")[0]


def _boxed(text: str, name: str) -> tuple[int, str] | None:
    """What the last box holds, braces balanced."""
    at = text.rfind(name)
    start = text.find("{", at, at + len(name) + 2) if at >= 0 else -1
    if start < 0:
        return None
    depth = 0
    for end in range(start, min(len(text), start + _LONGEST)):
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        if depth == 0:
            return start, text[start + 1 : end]
    return None
