"""A summary by key sentences: each claim is a sentence of a source, its quote the words themselves."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from gemini_mcp.simulator.material import Image, Material, Window, material
from gemini_mcp.simulator.sentences import Sentence, opening_of, sentences_of
from gemini_mcp.simulator.shown import untagged
from gemini_mcp.simulator.summary import shortened, telling_words
from gemini_mcp.simulator.wire import Blob

_WANTED = re.compile(r"\b(\d{1,4}) claims\b")
_FOCUS = re.compile(r"^Focus on: (.+)", re.MULTILINE)
_USUAL, _MOST = 6, 200
_HEADING_CHARACTERS = 60
_FEW_LETTERS = 16
"""A page that holds fewer is a picture."""


@dataclass(frozen=True, slots=True)
class _Picked:
    window: int
    start: int
    heading: str
    title: str
    source: str
    quote: str
    claim: str


def summary_by_claims(asked: str, pieces: Sequence[str | Blob]) -> dict[str, Any]:
    """As many claims as the task asks for, where there are so many sentences, spread over all that is shown."""
    task = untagged(asked)
    shown = material(pieces)
    windows = _windows(shown, wanted(task))
    picked = sorted(_picked(windows, wanted(task), _focus(task)), key=lambda each: (each.window, each.start))
    sections = [
        {
            "heading": heading,
            "claims": [{"source": each.source, "quote": each.quote, "claim": each.claim} for each in group],
        }
        for heading, group in _grouped(picked)
    ]
    return {"title": _title(shown), "sections": sections}


def wanted(task: str) -> int:
    """How many claims a task asks for."""
    found = _WANTED.findall(task)
    return max(1, min(int(found[-1]), _MOST)) if found else _USUAL


def _focus(task: str) -> frozenset[str]:
    found = _FOCUS.search(task)
    return frozenset(telling_words(found[1])) if found else frozenset()


# ------------------------------------------------------------------------------------------------------------ choice


def _windows(shown: Sequence[Material], count: int) -> list[Window]:
    """``count`` of them or so: one of each source at least, more of a long one; of too many sources an even choice."""
    if len(shown) > count:
        return [window for at in range(count) for window in shown[at * len(shown) // count].windows(1)]
    return [window for each, share in zip(shown, _shares(shown, count), strict=True) for window in each.windows(share)]


def _shares(shown: Sequence[Material], count: int) -> list[int]:
    """By length, one at least, and of a picture no more; what is left over goes to the longest."""
    total, spare = sum(each.size for each in shown), count - len(shown)
    shares = [1 + spare * each.size // total for each in shown]
    if shares:
        shares[max(range(len(shown)), key=lambda at: shown[at].size)] += count - sum(shares)
    return [1 if isinstance(each, Image) else share for each, share in zip(shown, shares, strict=True)]


def _picked(windows: Sequence[Window], count: int, focus: frozenset[str]) -> Iterator[_Picked]:
    """The best sentence of each window, then the second best of each, and so on; nothing twice."""
    waiting = [_offers(window, focus) for window in windows]
    told: set[str] = set()
    for _ in range(count):
        for index, offers in enumerate(waiting):
            fresh = next((each for each in offers if each.claim.casefold() not in told), None)
            if fresh is not None:
                told.add(fresh.claim.casefold())
                yield _of(index, windows[index], fresh)
            if len(told) == count:
                return


def _offers(window: Window, focus: frozenset[str]) -> Iterator[Sentence]:
    """What can be said of a window, the best first; worked out when it is asked for."""
    if window.fact and len("".join(window.text.split())) < _FEW_LETTERS:
        yield Sentence(window.fact, 0, 0)
    else:
        offered = (each for each in sentences_of(window, focus) if each.stands)
        first = next(offered, None)
        if first is None:
            yield from (each for each in opening_of(window) if each.stands)
        else:
            yield first
            yield from offered


def _of(index: int, window: Window, said: Sentence) -> _Picked:
    heading = window.of.heading(said.start) if window.of else ""
    return _Picked(index, said.start, heading or window.title, window.title, window.source, said.quote, said.claim)


# ---------------------------------------------------------------------------------------------------------- headings


def _grouped(picked: Sequence[_Picked]) -> list[tuple[str, list[_Picked]]]:
    """Under the headings that stand above the sentences, or if these are too many under the names of the sources."""
    near = _by_heading(picked, [each.heading for each in picked])
    return near if 2 * len(near) <= len(picked) + 2 else _by_heading(picked, [each.title for each in picked])


def _by_heading(picked: Sequence[_Picked], headings: Sequence[str]) -> list[tuple[str, list[_Picked]]]:
    groups: dict[str, list[_Picked]] = {}
    for each, heading in zip(picked, headings, strict=True):
        groups.setdefault(_plain(heading), []).append(each)
    return list(groups.items())


def _plain(heading: str) -> str:
    bare = re.sub(r"[`*\[\]]|\]\([^()]*\)", "", heading)
    return shortened(" ".join(bare.split()).rstrip("# :"), _HEADING_CHARACTERS)


def _title(shown: Sequence[Material]) -> str:
    if not shown:
        return "Nothing was shown (simulated)"
    more = f" and {len(shown) - 1} more" if len(shown) > 1 else ""
    return f"Key sentences of {_plain(shown[0].title)}{more} (simulated)"
