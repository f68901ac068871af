"""Money as integers of nano-USD (10^-9 USD), so that sums are exact and comparisons mean what they say."""

import math
from decimal import Decimal, InvalidOperation
from fractions import Fraction

NANO_PER_USD = 1_000_000_000
_MOST_DIGITS = 30


def usd_text(nano: int | None) -> str | None:
    """A decimal string in USD, exact to the nano-dollar: ``1_200_000`` is ``"0.0012"``. An unknown price stays None."""
    if nano is None:
        return None
    sign, whole = ("-", -nano) if nano < 0 else ("", nano)
    dollars, rest = divmod(whole, NANO_PER_USD)
    return f"{sign}{dollars}.{rest:09d}".rstrip("0").rstrip(".") if rest else f"{sign}{dollars}"


def nano_from_usd(amount: str | int | float | Decimal) -> int:
    """Nano-USD for an amount in USD, rounded up. Raises ValueError for what is not a finite amount."""
    try:
        value = Decimal(str(amount))
    except InvalidOperation:
        raise ValueError(f"{amount!r} is not an amount of USD") from None
    if not value.is_finite() or value.adjusted() > _MOST_DIGITS:
        raise ValueError(f"{amount!r} is not a finite amount of USD")
    if value.adjusted() < -_MOST_DIGITS:
        return 1 if value > 0 else 0
    return math.ceil(Fraction(value) * NANO_PER_USD)


def short_usd(nano: int | None) -> str:
    """For people: ``$0.0012``, two significant digits below a cent, ``$?`` for an unknown price."""
    if nano is None:
        return "$?"
    value = Decimal(nano) / NANO_PER_USD
    if value == 0:
        return "$0"
    if abs(value) >= 1:
        return f"${value:.2f}"
    digits = max(4, 1 - value.adjusted())
    return f"${value:.{digits}f}"
