"""What an answer lacks, told in a line where that can be: few by name, many counted by reason, each reason once."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

Missing = tuple[str, str]
"""What is missing and why: ``("big.log lines 1-400", "deadline")``."""

MOST_NAMED: Final = 3
_MOST_LISTED: Final = 5
_MOST_REASONS: Final = 8
_MOST_SENTENCES: Final = 4
_LONGEST_PHRASE: Final = 100
"""Characters of a reason that may stand in brackets, or beside others; a longer one has a line of its own."""

_LONGEST_REASON: Final = 600
_EXPECTED: Final = re.compile(r"a lock file|generated|an image|\S+ files are not read")
"""Reasons that surprise nobody: told last, so that they hide no document."""

_Group = tuple[str, list[str]]
"""A reason, and the names of what it holds for."""


def told(missing: Sequence[Missing], fate: str, whole: int, noun: str = "file") -> list[str]:
    """``3 of 8 files not read: a.bin (.bin files are not read), b.png (an image), c.odt (of a format ...).``

    More than five by reason: ``9 of 80 files not read: of an old format (1: a.doc); a lock file (8: e.g. ...).``
    Reasons that are sentences have a line each. ``fate``: what did not happen to them; ``whole``: of how many;
    ``noun``: of what, in the singular.
    """
    by_reason = _grouped(missing)
    of_what = f"{noun}{'s'[: whole != 1]} {fate}"
    if len(by_reason) < 2 or any(len(inert(reason)) > _LONGEST_PHRASE for reason, _ in by_reason):
        return _sentences(by_reason, of_what, whole, fate)
    count = _count(by_reason)
    what = _listed(by_reason) if count <= _MOST_LISTED else _counted(by_reason)
    return [f"{count:,} of {whole:,} {of_what}: {what}."]


def inert(text: str) -> str:
    """Somebody else's words on one line, that makes no link and fetches no image."""
    seen = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(seen.split()).replace("](", "] (").replace("![", "[").replace("<img", "< img")


def _grouped(missing: Sequence[Missing]) -> list[_Group]:
    """What surprises first, then the most frequent."""
    found: dict[str, list[str]] = {}
    for name, reason in dict.fromkeys(missing):
        found.setdefault(reason, []).append(name)
    return sorted(found.items(), key=lambda each: (_EXPECTED.fullmatch(each[0]) is not None, -len(each[1])))


def _count(groups: Sequence[_Group]) -> int:
    return sum(len(names) for _, names in groups)


def _listed(groups: Sequence[_Group]) -> str:
    return ", ".join(f"{inert(name)} ({_phrase(reason)})" for reason, names in groups for name in names)


def _counted(groups: Sequence[_Group]) -> str:
    shown, rest = list(groups[:_MOST_REASONS]), groups[_MOST_REASONS:]
    if len(rest) == 1:
        shown, rest = [*shown, *rest], []
    told = [f"{_phrase(reason)} ({len(names):,}: {_few(names)})" for reason, names in shown]
    if rest:
        told.append(f"{_count(rest):,} more, for {len(rest)} other reasons")
    return "; ".join(told)


def _sentences(groups: Sequence[_Group], of_what: str, whole: int, fate: str) -> list[str]:
    lines = [f"{len(names):,} of {whole:,} {of_what}: {_phrase(reason)}; {_few(names)}." for reason, names in groups]
    rest = groups[_MOST_SENTENCES:]
    if len(rest) > 1:
        lines[_MOST_SENTENCES:] = [f"{_count(rest):,} more {fate}, for {len(rest)} other reasons."]
    return lines


def _few(names: Sequence[str]) -> str:
    example = "e.g. " if len(names) > MOST_NAMED else ""
    return example + ", ".join(inert(name) for name in names[:MOST_NAMED])


def _phrase(reason: str) -> str:
    """Cut only where it is beyond all measure, and then between words."""
    words = inert(reason).rstrip(".")
    return words if len(words) <= _LONGEST_REASON else f"{words[:_LONGEST_REASON].rpartition(' ')[0]} …"


def names_of(missing: Sequence[Missing]) -> Iterator[dict[str, str]]:
    """All of it, for programs."""
    return ({"path": name, "reason": reason} for name, reason in missing)
