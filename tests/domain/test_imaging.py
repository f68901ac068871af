"""What an image costs by model family, and the size it is sent at."""

from typing import get_args

import pytest

from gemini_mcp.domain.catalog import Family
from gemini_mcp.domain.imaging import takes_detail, target_size, tokens_of
from gemini_mcp.domain.material import Detail

DETAILS: tuple[Detail, ...] = get_args(Detail)
FAMILIES: tuple[Family, ...] = get_args(Family)
TILED: tuple[Family, ...] = ("gemini-2.5", "gemini-2.0", "gemini-1.5")
SIZES = [
    (1, 1),
    (1, 90_000),
    (384, 384),
    (640, 480),
    (1080, 1920),
    (2560, 1440),
    (4032, 3024),
    (11_547, 8_660),
    (1200, 35_000),
]


@pytest.mark.parametrize("family", ["gemini-3", "gemini-4"])
@pytest.mark.parametrize(("detail", "tokens"), [("low", 280), ("medium", 560), ("high", 1_120)])
def test_the_later_families_count_by_detail_alone(family: Family, detail: Detail, tokens: int) -> None:
    assert {tokens_of(*size, detail, family) for size in SIZES} == {tokens}


@pytest.mark.parametrize(
    ("size", "tiles"),
    [
        ((16, 16), 1),
        ((384, 384), 1),
        ((385, 384), 4),
        ((960, 540), 6),
        ((540, 960), 6),
        ((768, 768), 4),
        ((3840, 2160), 15),
    ],
)
def test_the_earlier_families_count_tiles(size: tuple[int, int], tiles: int) -> None:
    assert {tokens_of(*size, detail, family) for detail in DETAILS for family in TILED} == {258 * tiles}


def test_gemma_is_counted_at_its_dearest() -> None:
    assert {tokens_of(10, 10, detail, "gemma") for detail in DETAILS} == {1_120}


def test_only_the_later_families_are_asked_for_a_detail() -> None:
    assert {family for family in FAMILIES if takes_detail(family)} == {"gemini-3", "gemini-4"}


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("size", SIZES)
def test_an_image_is_never_enlarged_and_keeps_its_shape(size: tuple[int, int], detail: Detail, family: Family) -> None:
    width, height = target_size(*size, detail, family)
    assert 1 <= width <= size[0]
    assert 1 <= height <= size[1]
    # Each side is rounded down by less than a pixel, and no side vanishes.
    assert abs(width / size[0] - height / size[1]) <= max(1 / size[0], 1 / size[1])


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("detail", DETAILS)
@pytest.mark.parametrize("size", SIZES)
def test_what_was_fitted_fits(size: tuple[int, int], detail: Detail, family: Family) -> None:
    once = target_size(*size, detail, family)
    assert target_size(*once, detail, family) == once


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("size", SIZES)
def test_more_detail_is_never_sent_smaller_nor_counted_lower(size: tuple[int, int], family: Family) -> None:
    sent = [target_size(*size, detail, family) for detail in DETAILS]
    counted = [tokens_of(*sent[rank], detail, family) for rank, detail in enumerate(DETAILS)]
    assert sent == sorted(sent)
    assert counted == sorted(counted)


def test_a_photo_of_12_megapixels_is_sent_at_what_its_budget_shows() -> None:
    sent = {detail: target_size(4032, 3024, detail) for detail in DETAILS}
    assert sent == {"low": (1311, 983), "medium": (1854, 1391), "high": (2623, 1967)}


@pytest.mark.parametrize("size", [(4032, 3024), (3024, 4032), (3000, 3000), (1920, 1080)])
def test_low_detail_is_one_tile_where_images_are_tiled(size: tuple[int, int]) -> None:
    assert tokens_of(*target_size(*size, "low", "gemini-2.5"), "low", "gemini-2.5") == 258


def test_medium_detail_costs_no_more_tiles_than_half_its_size_would() -> None:
    width, height = target_size(4032, 3024, "medium", "gemini-2.5")
    assert (width, height) == (1536, 1152)
    assert tokens_of(width, height, "medium", "gemini-2.5") == tokens_of(
        width // 2, height // 2, "medium", "gemini-2.5"
    )
