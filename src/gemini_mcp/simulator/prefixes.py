"""Implicit caching: how much of a prompt's beginning the same model has seen before."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from gemini_mcp.simulator.tokens import count_text

Piece = str | tuple[int, int]
"""Text, or media as (hash of its bytes, tokens)."""

_BLOCK_CHARS = 128
_KEPT_BLOCKS = 200_000


def minimum(model: str) -> int:
    """Tokens below which nothing is cached."""
    return 2_048 if model.startswith("gemini-2.5") else 4_096


@dataclass(slots=True)
class Prefixes:
    """Prompts seen, as chained hashes of blocks of 128 characters: a shared beginning is found block by block."""

    _seen: dict[int, None] = field(default_factory=dict)

    def cached_tokens(self, model: str, pieces: Iterable[Piece], prompt_tokens: int) -> int:
        """Tokens of the longest beginning seen before, 0 below the model's minimum; remembers this prompt."""
        if prompt_tokens < minimum(model):
            return 0
        known = self._known(model, pieces)
        self._forget_oldest()
        text = "".join(block for block in known if isinstance(block, str))
        media = sum(block[1] for block in known if not isinstance(block, str))
        cached = min(prompt_tokens, count_text(text) + media)
        return cached if cached >= minimum(model) else 0

    def _known(self, model: str, pieces: Iterable[Piece]) -> list[Piece]:
        known, chain, unbroken = [], hash(model), True
        for block in _blocks(pieces):
            chain = hash((chain, block))
            unbroken = unbroken and chain in self._seen
            if unbroken:
                known.append(block)
            self._seen[chain] = None
        return known

    def clear(self) -> None:
        self._seen.clear()

    def _forget_oldest(self) -> None:
        surplus = len(self._seen) - _KEPT_BLOCKS
        for chain in list(islice(self._seen, max(0, surplus))):
            del self._seen[chain]


def _blocks(pieces: Iterable[Piece]) -> Iterator[Piece]:
    for piece in pieces:
        if isinstance(piece, str):
            yield from (piece[start : start + _BLOCK_CHARS] for start in range(0, len(piece), _BLOCK_CHARS))
        else:
            yield piece
