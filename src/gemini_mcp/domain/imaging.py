"""What an image costs, and the size beyond which more of its pixels buy nothing.

Sources, as stored in November 2026; nothing here was measured on the live API:

- ai.google.dev/gemini-api/docs/media-resolution: on Gemini 3 and 4 an image takes *at most* 280, 560 or 1,120 tokens
  at low, medium and high resolution, whatever its size (1,120 when none is asked for). The resolution of a single
  part is theirs alone; it came with API version v1alpha, the page now shows v1beta, and none names v1. On Gemini
  2.5 it holds for the whole request, and by default an image takes "256 + Pan & Scan (~2048)".
- ai.google.dev/gemini-api/docs/image-understanding: tiles of 258 tokens each. One for an image of at most 384
  pixels each way; else the sides are divided by floor(min(width, height) / 1.5) and rounded up, and a tile shows
  768 x 768 pixels at most. 960 x 540 is 3 x 2 tiles.
- ai.google.dev/gemma/docs/capabilities/vision: Gemma 4's budgets are 70 to 1,120 tokens, of 48 x 48 pixels each.
  Its API takes no resolution ("Media resolution is not enabled", as users report of Gemma 3), and which budget it
  uses is not published.
"""

from math import ceil, floor, sqrt
from typing import Final

from gemini_mcp.domain.catalog import Family
from gemini_mcp.domain.material import Detail

_BUDGETS: Final[dict[Detail, int]] = {"low": 280, "medium": 560, "high": 1_120}
_BUDGETED: Final[frozenset[Family]] = frozenset({"gemini-4", "gemini-3"})

_PIXELS_PER_TOKEN: Final = 2 * 48 * 48
"""Twice what a token of Gemma 4 shows. Its budgets are Gemini's, whose own grid is not published: pixels too few
would cost legibility, pixels too many cost bytes alone."""

_TILE_TOKENS: Final = 258
_ONE_TILE: Final = 384
_TILE: Final = 768
_SHORT_SIDES: Final[dict[Detail, int]] = {"low": _ONE_TILE, "medium": _TILE * 3 // 2, "high": _TILE * 2}
"""For tiles: up to a tile and a half across costs no more tiles than less does; two across are the next step."""


def takes_detail(family: Family) -> bool:
    """Whether a single image may ask for its resolution. Where it may not, ``target_size`` alone sets the cost."""
    return family in _BUDGETED


def tokens_of(width: int, height: int, detail: Detail, family: Family) -> int:
    """The most that Gemini counts for an image of so many pixels, at that resolution where the family takes one."""
    if family in _BUDGETED:
        return _BUDGETS[detail]
    return max(_BUDGETS.values()) if family == "gemma" else _TILE_TOKENS * _tiles(width, height)


def target_size(width: int, height: int, detail: Detail, family: Family = "gemini-3") -> tuple[int, int]:
    """The size to send an image at: never larger than it is, of the same shape, at least one pixel each way."""
    if family in _BUDGETED or family == "gemma":
        shrink = sqrt(_BUDGETS[detail] * _PIXELS_PER_TOKEN / (width * height))
    else:
        side = max(width, height) if detail == "low" else min(width, height)
        shrink = _SHORT_SIDES[detail] / side
    if shrink >= 1:
        return width, height
    return max(1, floor(width * shrink)), max(1, floor(height * shrink))


def _tiles(width: int, height: int) -> int:
    if max(width, height) <= _ONE_TILE:
        return 1
    unit = max(1, min(_TILE, floor(min(width, height) / 1.5)))
    return ceil(width / unit) * ceil(height / unit)


PDF_PAGE_TOKENS: Final = 560
"""A page of a PDF on Gemini 3 and 4 when no resolution is asked for (258 on 2.5); its text layer is not charged."""
