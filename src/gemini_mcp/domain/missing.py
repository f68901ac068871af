"""What an answer lacks, told in a line or two: counted by reason, each reason once and whole, with a few names."""

from collections.abc import Iterator, Sequence
from typing import Final

Missing = tuple[str, str]
"""What is missing and why: ``("big.log lines 1-400", "deadline")``."""

MOST_NAMED: Final = 3
_MOST_REASONS: Final = 4
_LONGEST_REASON: Final = 600


def told(missing: Sequence[Missing], fate: str, whole: int, noun: str = "file") -> list[str]:
    """A line a reason, the most frequent first: ``137 of 194 files not read: no room for them; e.g. a.py, b.py, c.py.``

    ``fate``: what did not happen to them; ``whole``: of how many; ``noun``: of what, in the singular.
    """
    by_reason = _grouped(missing)
    lines = [_line(names, reason, f"{noun}{'s'[: whole != 1]} {fate}", whole) for reason, names in by_reason]
    rest = by_reason[_MOST_REASONS:]
    if len(rest) > 1:
        count = sum(len(names) for _, names in rest)
        lines[_MOST_REASONS:] = [f"{count:,} more {fate}, for {len(rest)} other reasons."]
    return lines


def inert(text: str) -> str:
    """Somebody else's words on one line, that makes no link and fetches no image."""
    seen = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(seen.split()).replace("](", "] (").replace("![", "[").replace("<img", "< img")


def _grouped(missing: Sequence[Missing]) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for name, reason in dict.fromkeys(missing):
        found.setdefault(reason, []).append(name)
    return sorted(found.items(), key=lambda each: -len(each[1]))


def _line(names: list[str], reason: str, of_what: str, whole: int) -> str:
    few = ", ".join(inert(name) for name in names[:MOST_NAMED])
    example = "e.g. " if len(names) > MOST_NAMED else ""
    return f"{len(names):,} of {whole:,} {of_what}: {_sentence(reason)}; {example}{few}."


def _sentence(reason: str) -> str:
    """Cut only where it is beyond all measure, and then between words."""
    words = inert(reason).rstrip(".")
    return words if len(words) <= _LONGEST_REASON else f"{words[:_LONGEST_REASON].rpartition(' ')[0]} …"


def names_of(missing: Sequence[Missing]) -> Iterator[dict[str, str]]:
    """All of it, for programs."""
    return ({"path": name, "reason": reason} for name, reason in missing)
