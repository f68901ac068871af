"""What a settled attempt cost, by the catalogue's prices of a day; the same for every way it was asked."""

from datetime import date

from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.messages import PriceBook
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.ports import Attempt


def price(attempt: Attempt, catalogue: Catalogue, on: date) -> None:
    """Set its cost and what its service tier saved, from its usage and the model and tier that served it.

    Usage that was never learned costs the reservation, so that the ledger is never below the bill.
    """
    usage, served = attempt.usage, attempt.model_served or attempt.model
    attempt.discount_nano = 0
    if usage is None:
        attempt.cost_nano = attempt.reserved_nano
    elif attempt.simulated == "zero" or usage == TokenUsage():
        attempt.cost_nano = 0
    else:
        attempt.cost_nano = catalogue.cost(served, usage, on, attempt.service_tier)
        if attempt.cost_nano is not None and attempt.service_tier != "standard":
            attempt.discount_nano = max(0, (catalogue.cost(served, usage, on) or 0) - attempt.cost_nano)


def price_book(simulated: str | None) -> PriceBook | None:
    """The stand-in's price book as an error names it; anything but ``list`` is free of charge."""
    return None if not simulated else "list" if simulated == "list" else "zero"
