"""Money is exact, rounds against us when it must round, and never turns the unknown into nothing."""

from decimal import Decimal

import pytest

from gemini_mcp.domain.money import NANO_PER_USD, nano_from_usd, short_usd, usd_text


@pytest.mark.parametrize(
    ("nano", "text"),
    [
        (0, "0"),
        (1, "0.000000001"),
        (1_200_000, "0.0012"),
        (NANO_PER_USD, "1"),
        (10 * NANO_PER_USD, "10"),
        (2_500_000_000, "2.5"),
        (123_456_789_012_345_678, "123456789.012345678"),
        (-1, "-0.000000001"),
        (-1_500_000_000, "-1.5"),
    ],
)
def test_usd_text_shows_every_nano_dollar_and_no_more(nano: int, text: str) -> None:
    assert usd_text(nano) == text
    assert Decimal(text) * NANO_PER_USD == nano


@pytest.mark.parametrize("nano", [0, 1, 999_999_999, 1_000_000_001, 7 * 10**17 + 3])
def test_an_amount_survives_the_way_to_text_and_back(nano: int) -> None:
    text = usd_text(nano)
    assert text is not None and nano_from_usd(text) == nano


def test_an_unknown_price_is_never_zero() -> None:
    assert usd_text(None) is None
    assert short_usd(None) == "$?"


@pytest.mark.parametrize(
    ("amount", "nano"),
    [
        ("0.0000000001", 1),
        ("0.0000000010000000001", 2),
        ("-0.0000000019", -1),
        (0.1, 100_000_000),
        (0.3, 300_000_000),
        (5, 5 * NANO_PER_USD),
        (Decimal("1.0000000005"), 1_000_000_001),
        ("1.00000000000000000000000000000000001", 1_000_000_001),
    ],
)
def test_amounts_are_rounded_up_to_the_nano_dollar(amount: str | float | Decimal, nano: int) -> None:
    assert nano_from_usd(amount) == nano


@pytest.mark.parametrize("amount", ["", "free", "1,5", "$3", "nan", "inf", float("inf"), float("nan"), "1e999999"])
def test_what_is_no_finite_amount_is_refused(amount: str | float) -> None:
    with pytest.raises(ValueError, match="amount of USD"):
        nano_from_usd(amount)


@pytest.mark.parametrize(
    ("nano", "shown"),
    [
        (0, "$0"),
        (1_200_000, "$0.0012"),
        (12_000, "$0.000012"),
        (1_234, "$0.0000012"),
        (500_000_000, "$0.5000"),
        (1_234_567_890, "$1.23"),
        (-1_500_000_000, "$-1.50"),
    ],
)
def test_short_usd_keeps_two_significant_digits_however_small(nano: int, shown: str) -> None:
    assert short_usd(nano) == shown
