"""Claims that carry their source: what a model may answer, and what of it stands up.

A model that reads gives each claim with a quote. Only a claim whose quote stands in the source that it names, and
whose numbers stand in the quote or near it, is kept; the line or page is found here, never believed. A model that
merges is given numbered claims and answers with their numbers, so that it has no source to invent.
"""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final, Literal

from gemini_mcp.domain.figures import are_in, unsupported
from gemini_mcp.domain.material import Source
from gemini_mcp.domain.quotable import Span, is_short
from gemini_mcp.domain.witnesses import Place, Witness, Witnesses

Reason = Literal[
    "malformed",
    "source not sent",
    "no quote",
    "quote not in source",
    "quote too short",
    "number not in source",
    "not among the claims",
]

_MOST_CHARACTERS: Final = 600
_MOST_QUOTED: Final = 2_000
_NEAR: Final = 1_500
_OPENING: Final = 800
_TRAILING = re.compile(
    r"\s*(?:\[(?P<named>(?:[^\[\]\n]|\[[^\[\]\n]*\])+)\]|[\[(](?P<numbers>c\d+(?:,\s*c\d+)*)[\])])(?P<end>[.!?;]?)$"
)
_LOCATED = re.compile(r"(?::| lines? | pp?\. ?)\d")
_BESIDE = re.compile(r"[\d -]+|unchecked")
_NAME = re.compile(r"^c\d{1,9}$", re.ASCII)
_NUMBERED = re.compile(r"^c(\d+) \|", re.MULTILINE)


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_TEXT: Final = {"type": "string"}
CLAIMS_SCHEMA: Final = _object(
    title=_TEXT,
    sections=_list(_object(heading=_TEXT, claims=_list(_object(source=_TEXT, quote=_TEXT, claim=_TEXT)))),
)
"""Of an answer about sources. The quote comes before the claim: what is written first is what is leaned on."""

MERGE_SCHEMA: Final = _object(
    title=_TEXT,
    sections=_list(_object(heading=_TEXT, claims=_list(_object(**{"claim": _TEXT, "from": _list(_TEXT)})))),
)
"""Of an answer about numbered claims."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement on one line, the words it rests on, and where they stand."""

    text: str
    quote: str
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Claims under a heading, which may be blank."""

    heading: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Verified:
    """What is left of an answer, and how much of it fell for which reason."""

    title: str = ""
    sections: tuple[Section, ...] = ()
    dropped: Counter[Reason] = field(default_factory=Counter)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return tuple(claim for section in self.sections for claim in section.claims)


def verified(parsed: Any, sources: Sequence[Source]) -> Verified:
    """The claims of an answer by ``CLAIMS_SCHEMA`` that stand up against the sources that were sent.

    ``parsed`` is JSON of any form. Time is linear in the sources and, for each claim, in the source that it names.
    """
    witnesses, dropped = Witnesses(sources), Counter[Reason]()
    sections = [
        Section(heading, _kept((_judged(item, witnesses) for item in items), dropped))
        for heading, items in _sections(parsed)
    ]
    return Verified(_title(parsed), _distinct(sections), dropped)


@lru_cache(maxsize=64)
def verified_answer(text: str, sources: tuple[Source, ...]) -> Verified:
    """The same of an answer's text. Asked twice, by the check of the answer and by whoever uses it, looked up once."""
    return verified(_parsed(text), sources)


def merged(parsed: Any, claims: Sequence[Claim], most: int) -> Verified:
    """The claims of an answer by ``MERGE_SCHEMA`` about ``numbered(claims)``, with the places of those they are from.

    A merged claim with a number that none of them has is replaced by the claims themselves. ``most``: no more claims
    than this, whatever was answered.
    """
    dropped = Counter[Reason]()
    sections = [
        Section(heading, tuple(claim for item in items for claim in _merged(item, claims, dropped)))
        for heading, items in _sections(parsed)
    ]
    return Verified(_title(parsed), selected(_distinct(sections), most), dropped)


def selected(sections: Sequence[Section], most: int) -> tuple[Section, ...]:
    """At most so many claims: the first of each section, then the second of each, and so on; in their own order."""
    ranked = sorted((rank, at) for at, section in enumerate(sections) for rank in range(len(section.claims)))
    taken = Counter(at for _, at in ranked[:most])
    return tuple(replace(each, claims=each.claims[: taken[at]]) for at, each in enumerate(sections) if taken[at])


def numbered(claims: Sequence[Claim]) -> Source:
    """Claims as material for a merge: each on a line, with its number and the file that it is from."""
    text = "\n".join(listed(number, claim) for number, claim in enumerate(claims, 1))
    content = text.encode()
    return Source("claims", text, len(content), hashlib.sha256(content).hexdigest())


def listed(number: int, claim: Claim) -> str:
    """A claim's line in the material for a merge."""
    return f"c{number} | {claim.text} | {flat(claim.places[0].path) if claim.places else ''}"


def claims_problem(sources: Sequence[Source], text: str, *, may_be_empty: bool = False) -> str | None:
    """Why an answer by ``CLAIMS_SCHEMA`` is not good enough, or None.

    ``may_be_empty``: sources that have nothing to say on the caller's focus are no fault of the answer.
    """
    answer = verified_answer(text, tuple(sources))
    return _problem(len(answer.claims), answer.dropped, may_be_empty=may_be_empty)


def merge_problem(sources: Sequence[Source], text: str) -> str | None:
    """Why an answer by ``MERGE_SCHEMA`` about numbered claims is not good enough, or None."""
    known = {f"c{number}" for source in sources for number in _NUMBERED.findall(source.text)}
    cited = [bool(known.intersection(_names(item))) for _, items in _sections(_parsed(text)) for item in items]
    return _problem(cited.count(True), Counter({"not among the claims": cited.count(False)}), may_be_empty=False)


def _problem(kept: int, dropped: Mapping[Reason, int], *, may_be_empty: bool) -> str | None:
    lost = sum(dropped.values())
    if not kept and not lost:
        return None if may_be_empty else "no claims in it"
    if lost <= kept:
        return None
    reason = max(dropped, key=lambda reason: dropped[reason])
    return f"{lost} of {kept + lost} claims do not stand up, most often: {reason}"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _sections(parsed: Any) -> Iterator[tuple[str, list[Any]]]:
    for section in _items(parsed, "sections"):
        yield flat(_text(section, "heading"))[:_MOST_CHARACTERS], _items(section, "claims")


def _items(value: Any, name: str) -> list[Any]:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, list) else []


def _text(value: Any, name: str) -> str:
    found = value.get(name) if isinstance(value, dict) else None
    return found if isinstance(found, str) else ""


def _title(parsed: Any) -> str:
    return flat(_text(parsed, "title"))[:_MOST_CHARACTERS]


def flat(text: str) -> str:
    """Somebody else's words on one line, without what cannot be seen."""
    seen = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(seen.split())


def _claim_text(item: Any, is_source: Callable[[str], bool]) -> str:
    """The claim without citations of its own at its end: those that readers see there are ours."""
    text = _text(item, "claim")
    return _uncited(flat(text), is_source) if len(text) <= _MOST_CHARACTERS else ""


def _uncited(text: str, is_source: Callable[[str], bool]) -> str:
    """Brackets that end the text and name a source fall; any other stand for themselves, as those of code do."""
    while found := _TRAILING.search(text):
        in_code = text.count("`", 0, found.start()) % 2
        named = found["numbers"] or found["named"]
        if in_code or not _cites(named, is_source):
            break
        text = text[: found.start()] + found["end"]
    return text


def _cites(named: str, is_source: Callable[[str], bool]) -> bool:
    """``a.md:3``, ``a.md:3, 7-9``, ``a.md:3; b.pdf p. 2, unchecked``, ``c3, c14``, of known sources alone."""
    if is_source(named.removesuffix(", unchecked")):
        return True
    pieces = [piece for piece in re.split(r"\s*[,;]\s*", named) if piece and not _BESIDE.fullmatch(piece)]
    return bool(pieces) and all(map(is_source, pieces))


def _kept(judged: Iterable[Claim | Reason], dropped: Counter[Reason]) -> tuple[Claim, ...]:
    kept: list[Claim] = []
    for outcome in judged:
        if isinstance(outcome, Claim):
            kept.append(outcome)
        else:
            dropped[outcome] += 1
    return tuple(kept)


def _judged(item: Any, witnesses: Witnesses) -> Claim | Reason:
    text = _claim_text(item, lambda name: bool(_LOCATED.search(name) and witnesses.named(name)[0]))
    quote = _text(item, "quote").strip()
    if not text or len(quote) > _MOST_QUOTED:
        return "malformed"
    found, page = witnesses.named(_text(item, "source"))
    if not found:
        return "source not sent"
    if not quote:
        return "no quote"
    outcomes = [_place(text, quote, page, witness) for witness in found]
    places = [outcome for outcome in outcomes if isinstance(outcome, Place)]
    if places:
        return Claim(text, flat(quote), (places[0],))
    reasons: list[Reason] = [outcome for outcome in outcomes if not isinstance(outcome, Place)]
    return next((reason for reason in reasons if reason != "quote not in source"), "quote not in source")


def _place(text: str, quote: str, page: int, witness: Witness) -> Place | Reason:
    """Where the quote stands in one source, or why it does not count."""
    spans = witness.find(quote, page)
    if not spans:
        return witness.unchecked(page) or "quote not in source"
    if is_short(quote) and len(spans) > 1 and not are_in(text, quote):
        return "quote too short"
    span = next((span for span in spans if _numbers_stand(text, span, witness)), None)
    return witness.place(span) if span is not None else "number not in source"


def _numbers_stand(text: str, span: Span, witness: Witness) -> bool:
    """The path and the source's opening count as near: names, titles and the heads of tables stand there.

    A year is looked for in the whole source: it often stands in a heading alone.
    """
    quotable = witness.quotable
    evidence = f"{witness.source.path}\n{quotable.text[:_OPENING]}\n{quotable.around(span, _NEAR)}"
    return all(figure.is_year and figure.text in quotable.text for figure in unsupported(text, evidence))


def _distinct(sections: list[Section]) -> tuple[Section, ...]:
    """Each claim once, at its first place, with the places of its repetitions; sections without claims fall away."""
    places: dict[str, dict[Place, None]] = {}
    for claim in (claim for section in sections for claim in section.claims):
        places.setdefault(claim.text.casefold(), {}).update(dict.fromkeys(claim.places))
    distinct = []
    for section in sections:
        claims = tuple(
            replace(claim, places=tuple(found))
            for claim in section.claims
            if (found := places.pop(claim.text.casefold(), None)) is not None
        )
        distinct += [Section(section.heading, claims)] if claims else []
    return tuple(distinct)


def _names(item: Any) -> list[str]:
    return [name.strip().strip("[]") for name in _items(item, "from") if isinstance(name, str)]


def _is_of(name: str, claims: Sequence[Claim]) -> bool:
    """Whether it names one of the claims, or a place of one."""
    if _NAME.match(name):
        return 0 < int(name[1:]) <= len(claims)
    located = list(_LOCATED.finditer(name))
    path = name[: located[-1].start()] if located else ""
    return bool(path) and any(place.path == path for claim in claims for place in claim.places)


def _merged(item: Any, claims: Sequence[Claim], dropped: Counter[Reason]) -> list[Claim]:
    text = _claim_text(item, lambda name: _is_of(name, claims))
    numbers = dict.fromkeys(int(name[1:]) for name in _names(item) if _NAME.match(name))
    origins = [claims[number - 1] for number in numbers if 0 < number <= len(claims)]
    if not text or not origins:
        dropped["not among the claims" if text else "malformed"] += 1
        return []
    if unsupported(text, "\n".join(f"{claim.text}\n{claim.quote}" for claim in origins)):
        return origins
    places = dict.fromkeys(place for claim in origins for place in claim.places)
    return [Claim(text, origins[0].quote, tuple(places))]
