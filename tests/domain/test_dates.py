"""Dates in one form, and texts that are none."""

import pytest

from gemini_mcp.domain.dates import iso_date


@pytest.mark.parametrize(
    "text",
    [
        "2026-09-05",
        "5 September 2026",
        "5th of Sept. 2026",
        "the 5th of September, 2026",
        "Sep 5, 2026",
        " september 5th 2026. ",
    ],
)
def test_a_date_has_one_form(text: str) -> None:
    assert iso_date(text) == "2026-09-05"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "05/09/2026",
        "2026-13-01",
        "30 February 2026",
        "0 May 2026",
        "5 Smarch 2026",
        "5 September",
        "September 2026",
        "on 5 September 2026",
        "0000-01-01",
        "2026-09-05" + " " * 60 + "x",
    ],
)
def test_what_is_no_date_or_may_be_two_is_none(text: str) -> None:
    assert iso_date(text) is None
