"""Numbered claims merged: some of them are taken over as they are, from as many sources as there are."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from gemini_mcp.simulator.claims import wanted
from gemini_mcp.simulator.material import file_name
from gemini_mcp.simulator.shown import shown_files, untagged

_FEW = 3
_NUMBERED = re.compile(r"^(c\d{1,9}) \| (.*)$")


@dataclass(frozen=True, slots=True)
class _Claim:
    text: str
    source: str
    names: list[str] = field(default_factory=list)


def merged_claims(asked: str) -> dict[str, Any]:
    """As many claims as the task asks for; the same words from several sources count once, from all of them."""
    claims = _read(asked)
    chosen = _spread(claims, wanted(untagged(asked)))
    sections = [
        {"heading": heading, "claims": [{"claim": claim.text, "from": claim.names} for claim in group]}
        for heading, group in _grouped(chosen)
    ]
    return {"title": _title(list(dict.fromkeys(claim.source for claim in claims))), "sections": sections}


def _title(sources: Sequence[str]) -> str:
    more = f" and {len(sources) - 1} more" if len(sources) > 1 else ""
    return f"Key sentences of {file_name(sources[0]) if sources else 'nothing'}{more} (simulated)"


def _read(asked: str) -> list[_Claim]:
    lines = [line for file in shown_files(asked) for line in file.lines]
    known: dict[str, _Claim] = {}
    for found in filter(None, map(_NUMBERED.match, lines)):
        text, _, source = found[2].rpartition(" | ")
        if text:
            known.setdefault(text.casefold(), _Claim(text, source.strip())).names.append(found[1])
    return list(known.values())


def _spread(claims: Sequence[_Claim], count: int) -> list[_Claim]:
    """The first of each source, then the second of each; of too many sources an even choice. In their order."""
    turns: dict[str, int] = {}
    ranked: list[tuple[int, int]] = []
    for index, claim in enumerate(claims):
        turn = turns[claim.source] = turns.get(claim.source, -1) + 1
        ranked.append((turn, index))
    taken: list[int] = []
    for _, group in groupby(sorted(ranked), key=lambda each: each[0]):
        indexes = [index for _, index in group]
        room = min(len(indexes), count - len(taken))
        taken += [indexes[at * len(indexes) // room] for at in range(room)]
    return [claims[index] for index in sorted(taken)]


def _grouped(claims: Sequence[_Claim]) -> list[tuple[str, list[_Claim]]]:
    """By file; if these are too many, a file of which little is told goes with its folder."""
    by_file = [file_name(claim.source) for claim in claims]
    if _FEW * len(set(by_file)) <= len(claims) + _FEW:
        return _by(claims, by_file)
    told = Counter(claim.source for claim in claims)
    folders = [claim.source.rpartition("/")[0] for claim in claims]
    return _by(
        claims,
        [
            file if told[claim.source] >= _FEW else folder
            for claim, file, folder in zip(claims, by_file, folders, strict=True)
        ],
    )


def _by(claims: Sequence[_Claim], headings: Sequence[str]) -> list[tuple[str, list[_Claim]]]:
    groups: dict[str, list[_Claim]] = {}
    for claim, heading in zip(claims, headings, strict=True):
        groups.setdefault(heading or "Key sentences", []).append(claim)
    return list(groups.items())
