"""How a summary is worked out: in one call, or part by part and then merged; and about what that costs.

One call costs least up to the price cliff at 200,000 tokens: nothing is read twice and nothing merged. But a small
model reads a long input worse, its middle above all, and one failure loses everything. So one call reads up to 60,000
tokens, some 150 pages of a book, far from cliff and context limit. Beyond, parts of 28,000 tokens are read in parallel
by the cheapest tier, and what they claim, a fiftieth of it, is merged a tier up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from gemini_mcp.domain.choices import Length as Length
from gemini_mcp.domain.chunking import MOST_PAGES, PAGE_TOKENS, Chunk, chunks, is_blank, one_chunk
from gemini_mcp.domain.claims import Claim, listed
from gemini_mcp.domain.likely import FRAME_TOKENS, thought_about
from gemini_mcp.domain.material import Source
from gemini_mcp.domain.money import short_usd
from gemini_mcp.domain.tokens import estimate_tokens

ONE_CALL_TOKENS: Final = 60_000
CHUNK_TOKENS: Final = 28_000
WIDEST_CHUNK_TOKENS: Final = 100_000
MOST_CHUNKS: Final = 250
"""More parts than this do not end within a call's deadline: of a larger body of material the parts are larger."""

MERGE_TOKENS: Final = 24_000
"""What one merge reads: some five hundred claims."""

WANTED: Final[dict[Length, int]] = {"brief": 6, "standard": 15, "detailed": 40}
"""Claims in a summary."""

WANTED_OF_PART: Final[dict[Length, int]] = {"brief": 3, "standard": 6, "detailed": 10}
WANTED_OF_GROUP: Final = 60
"""Claims that a merge hands on to the merge above it."""

_FOCUS: Final = "\nFocus on: "
_PAGE_TOKENS: Final = CHUNK_TOKENS // MOST_PAGES
"""What a page of a PDF counts for when it is asked how much there is to read."""

_FRAME_TOKENS: Final = FRAME_TOKENS["summarize_map"]
_LISTED_TOKENS: Final = 48
_CLAIM_TOKENS: Final = 110
_LEAST_CLAIMED: Final = 200
_MERGED_TOKENS: Final = 70
_PER_TOKENS: Final = 1_000_000
_LEAST_CHARACTERS_PER_TOKEN: Final = 10
"""No text that is worth a call has more: one that is over the limit by this need not be counted."""


@dataclass(frozen=True, slots=True)
class Terms:
    """``context_tokens`` of the model that reads; nano-USD per 1,000,000 tokens, None where they are not known.

    ``reading_thinking``, ``merging_thinking``: tokens that one call thinks about a long prompt.
    """

    context_tokens: int
    reading_input: int | None
    reading_output: int | None
    merging_input: int | None
    merging_output: int | None
    reading_thinking: int = 0
    merging_thinking: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """``merges``: calls that merge, level by level. ``estimated_nano``: nano-USD, None where a price is not known."""

    kind: Literal["one", "map_reduce"]
    chunks: tuple[Chunk, ...]
    claims_wanted: int
    claims_per_chunk: int
    merges: tuple[int, ...]
    estimated_input_tokens: int
    estimated_output_tokens: int
    estimated_nano: int | None
    blank: tuple[str, ...]

    @property
    def calls(self) -> int:
        return len(self.chunks) + sum(self.merges)

    def words(self) -> str:
        """For a progress message."""
        price = f"about {self.estimated_input_tokens:,} tokens, {short_usd(self.estimated_nano)}"
        if self.kind == "one":
            return f"one call, {price}"
        merges = sum(self.merges)
        return f"{len(self.chunks)} parts and {merges} {'merge' if merges == 1 else 'merges'}, {price}"


def plan(sources: Sequence[Source], length: Length, terms: Terms) -> Plan:
    """How to summarise the sources. Linear in their text. A plan without chunks: there is nothing to read."""
    whole = _whole(sources, terms)
    parts = (whole,) if whole is not None else tuple(chunks(sources, _budget(sources, terms)))
    if len(parts) <= 1:
        return _plan("one", parts, length, (), terms, sources)
    return _plan("map_reduce", parts, length, _merges(len(parts) * WANTED_OF_PART[length]), terms, sources)


def merge_groups(claims: Sequence[Claim]) -> list[tuple[Claim, ...]]:
    """The claims, in order, by what one merge can read. While there are several groups, merge each by itself, to
    ``WANTED_OF_GROUP`` claims, and group what comes of it; the last merge makes the summary. Every round at least
    halves the claims of all groups but the last."""
    groups: list[list[Claim]] = [[]]
    size = 0
    for claim in claims:
        tokens = estimate_tokens(listed(len(claims), claim))
        if groups[-1] and size + tokens > MERGE_TOKENS and len(groups[-1]) >= 2 * WANTED_OF_GROUP:
            groups.append([])
            size = 0
        groups[-1].append(claim)
        size += tokens
    return [tuple(group) for group in groups if group]


def reading_task(plan: Plan, focus: str) -> str:
    """What is asked of the model that reads: the whole, or one part."""
    if plan.kind == "one":
        return _asked(f"Summarise the sources in at most {plan.claims_wanted} claims.", focus)
    return _asked(f"Take from the sources the {plan.claims_per_chunk} claims that matter most, at most.", focus)


def merging_task(wanted: int, focus: str) -> str:
    """What is asked of the model that merges: ``claims_wanted`` of the last merge, ``WANTED_OF_GROUP`` below it."""
    return _asked(f"Merge the numbered claims into a summary of at most {wanted} claims.", focus)


def has_focus(instruction: str) -> bool:
    """Whether a task asks for what bears on a focus, so that there may be nothing to say."""
    return _FOCUS in instruction


def _asked(what: str, focus: str) -> str:
    return f"{what}{_FOCUS}{focus.strip()}\nLeave out what does not bear on it." if focus.strip() else what


def _whole(sources: Sequence[Source], terms: Terms) -> Chunk | None:
    """All in one, if one call can read it well."""
    most = min(ONE_CALL_TOKENS, terms.context_tokens // 2)
    characters = sum(len(source.text) for source in sources if source.media is None)
    if characters > most * _LEAST_CHARACTERS_PER_TOKEN:
        return None
    chunk = one_chunk(sources)
    pages = sum(len(source.pages) for source in chunk.sources if source.media is not None)
    to_read = chunk.tokens + pages * (_PAGE_TOKENS - PAGE_TOKENS)
    return chunk if chunk.sources and to_read <= most else None


def _budget(sources: Sequence[Source], terms: Terms) -> int:
    characters = sum(len(source.text) for source in sources if source.media is None and not is_blank(source))
    even = characters // 3 // MOST_CHUNKS
    return min(max(CHUNK_TOKENS, even), WIDEST_CHUNK_TOKENS, terms.context_tokens // 4)


def _merges(claims: int) -> tuple[int, ...]:
    fitting = MERGE_TOKENS // _LISTED_TOKENS
    levels = []
    while claims > fitting:
        levels.append(-(-claims // fitting))
        claims = levels[-1] * WANTED_OF_GROUP
    return (*levels, 1)


def _plan(
    kind: Literal["one", "map_reduce"],
    parts: tuple[Chunk, ...],
    length: Length,
    merges: tuple[int, ...],
    terms: Terms,
    sources: Sequence[Source],
) -> Plan:
    claims = WANTED[length] if kind == "one" else WANTED_OF_PART[length]
    read, written = _reading(parts, claims, terms)
    merge_read, merge_written = _merging(merges, len(parts) * claims, WANTED[length], terms)
    cost = _cost(
        (read, terms.reading_input),
        (written, terms.reading_output),
        (merge_read, terms.merging_input),
        (merge_written, terms.merging_output),
    )
    return Plan(
        kind=kind,
        chunks=parts,
        claims_wanted=WANTED[length],
        claims_per_chunk=claims,
        merges=merges,
        estimated_input_tokens=read + merge_read,
        estimated_output_tokens=written + merge_written,
        estimated_nano=cost,
        blank=tuple(source.path for source in sources if is_blank(source)),
    )


def _reading(parts: tuple[Chunk, ...], claims: int, terms: Terms) -> tuple[int, int]:
    """Tokens in and out of the calls that read, thinking among the latter."""
    written = sum(_claimed(chunk, claims) + thought_about(terms.reading_thinking, chunk.tokens) for chunk in parts)
    return sum(chunk.tokens + _FRAME_TOKENS for chunk in parts), written


def _claimed(chunk: Chunk, claims: int) -> int:
    """Tokens of what a part claims: little of little."""
    return min(claims * _CLAIM_TOKENS, _LEAST_CLAIMED + chunk.tokens // 2)


def _merging(merges: tuple[int, ...], claims: int, wanted: int, terms: Terms) -> tuple[int, int]:
    """Tokens in and out of the calls that merge, all levels together."""
    if not merges:
        return 0, 0
    handed_on = sum(merges[:-1]) * WANTED_OF_GROUP
    listed_tokens = (claims + handed_on) * _LISTED_TOKENS
    thought = sum(merges) * thought_about(terms.merging_thinking, listed_tokens // sum(merges))
    return listed_tokens + sum(merges) * _FRAME_TOKENS, (handed_on + wanted) * _MERGED_TOKENS + thought


def _cost(*bill: tuple[int, int | None]) -> int | None:
    total = 0
    for tokens, rate in bill:
        if tokens and rate is None:
            return None
        total += tokens * (rate or 0)
    return -(-total // _PER_TOKENS)
