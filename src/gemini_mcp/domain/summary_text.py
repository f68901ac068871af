"""A summary as its reader sees it: Markdown, every claim with its sources, and at the end what is not in it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gemini_mcp.domain.claims import Claim, Reason, Section, flat, selected
from gemini_mcp.domain.missing import Missing, inert, told
from gemini_mcp.domain.summary_plan import Length
from gemini_mcp.domain.witnesses import Place

SHOWN: Final[dict[Length, int]] = {"brief": 10, "standard": 30, "detailed": 80}
"""Claims in a summary at most. More are wanted of no model, but where a merge was lost there are more."""

_MOST_CITED: Final = 3
_FALLEN: Final[dict[Reason, str]] = {
    "quote not in source": "quotes that are not in the sources",
    "number not in source": "numbers that are not in the sources",
    "source not sent": "sources that were not sent",
    "no quote": "no quote",
    "quote too short": "quotes too short to tell",
    "malformed": "no usable form",
    "not among the claims": "no claim that they were merged from",
}
_LEADING = re.compile(r"^(?:[#>*+-]+|\d+[.)])\s+")


@dataclass(frozen=True, slots=True)
class Gaps:
    """What a summary lacks. ``lost``: pieces that no call could read, of ``pieces`` in ``parts``, of which
    ``parts_lost``; ``left_out``: of ``sources``, those that none was to read."""

    lost: Sequence[Missing] = ()
    pieces: int = 0
    parts: int = 0
    parts_lost: int = 0
    left_out: Sequence[Missing] = ()
    sources: int = 0

    @property
    def warning(self) -> str:
        """What a reader must know first, or nothing."""
        if not self.parts_lost:
            return ""
        return f"**Incomplete: only {self.parts - self.parts_lost} of {self.parts} parts could be read; see the end.**"


NO_GAPS: Final = Gaps()


def rendered(
    title: str,
    sections: Sequence[Section],
    length: Length,
    *,
    dropped: Mapping[Reason, int] | None = None,
    gaps: Gaps = NO_GAPS,
) -> str:
    """The summary in Markdown."""
    shown = selected(sections, SHOWN[length])
    blocks = [f"# {_inert(title) or 'Summary'}", *filter(None, [gaps.warning]), *_body(shown, length)]
    cut = sum(len(section.claims) for section in sections) - sum(len(section.claims) for section in shown)
    notes = list(_notes(dropped or {}, cut, length, gaps))
    return "\n\n".join([*blocks, *(["---", *notes] if notes else [])])


def _body(sections: Sequence[Section], length: Length) -> Iterator[str]:
    """A brief summary is one list, as is one with a single section."""
    if not sections:
        yield "No claim with a source that bears it out."
    elif length == "brief" or len(sections) == 1:
        yield "\n".join(_bullet(claim) for section in sections for claim in section.claims)
    else:
        for section in sections:
            yield f"## {_inert(section.heading) or 'Other'}"
            yield "\n".join(_bullet(claim) for claim in section.claims)


def _bullet(claim: Claim) -> str:
    return " ".join([f"- {_inert(claim.text)}", *(flat(place.cited()) for place in _cited(claim.places))])


def _cited(places: Sequence[Place]) -> list[Place]:
    """Three places at most: those that were checked first, and of each file one before a second of any."""
    turns: dict[str, int] = {}
    ranked = []
    for place in sorted(places, key=lambda place: not place.checked):
        turn = turns[place.path] = turns.get(place.path, 0) + 1
        ranked.append((not place.checked, turn, place))
    return [place for _, _, place in sorted(ranked, key=lambda each: each[:2])[:_MOST_CITED]]


def _inert(text: str) -> str:
    """A model's words as text on a line: no heading, list or link, no image to be fetched."""
    return _LEADING.sub("", inert(text))


def _notes(dropped: Mapping[Reason, int], cut: int, length: Length, gaps: Gaps) -> Iterator[str]:
    if cut:
        more = "; ask for a longer summary to see more" if length != "detailed" else ""
        yield f"{cut:,} more {'claim is' if cut == 1 else 'claims are'} not shown{more}."
    fallen = {reason: count for reason, count in dropped.items() if count}
    if fallen:
        why = ", ".join(f"{_FALLEN[reason]} ({fallen[reason]})" for reason in _FALLEN if reason in fallen)
        yield f"{_claims(sum(fallen.values()))} left out, with {why}."
    yield from told(gaps.lost, "not summarised", gaps.pieces, "piece")
    yield from told(gaps.left_out, "not read", gaps.sources)


def _claims(count: int) -> str:
    return "1 claim" if count == 1 else f"{count:,} claims"
