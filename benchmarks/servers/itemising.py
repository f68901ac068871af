"""The stand-in at list prices, which writes down each thing it bills: ``itemising.py FAULTS ITEMS``.

Its first line on stdout is the base URL. After SIGTERM the file ITEMS holds a JSON list of
``[served model, service tier, tokens of each kind, nano-USD]``.
"""

import asyncio
import json
import sys
from dataclasses import astuple
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gemini_mcp.domain.context_caching import storage_nano
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.gemini.catalog import load_catalogue
from gemini_mcp.simulator.bill import Bill
from gemini_mcp.simulator.faults import read_rules
from gemini_mcp.simulator.server import serve
from gemini_mcp.simulator.simulator import Simulator

catalogue = load_catalogue()
items: list[list[Any]] = []


def price(model: str, usage: TokenUsage, service_tier: str) -> int | None:
    return catalogue.cost(model, usage, datetime.now(UTC).date(), service_tier)


def storage_price(model: str, tokens: int, seconds: float) -> int | None:
    return storage_nano(catalogue.rates(model, datetime.now(UTC).date()), tokens, seconds)


class ItemisedBill(Bill):
    """The stand-in's own bill, and its items."""

    def charge(self, model: str, usage: TokenUsage, service_tier: str) -> None:
        super().charge(model, usage, service_tier)
        items.append([model, service_tier, *astuple(usage), price(model, usage, service_tier) or 0])

    def charge_cache(self, model: str, tokens: int, seconds: float) -> None:
        super().charge_cache(model, tokens, seconds)
        usage = TokenUsage(input_tokens=tokens)
        nano = (price(model, usage, "standard") or 0) + (storage_price(model, tokens, seconds) or 0)
        items.append([model, "standard", *astuple(usage), nano])


simulator = Simulator(prices="list", price=price, faults=read_rules(Path(sys.argv[1])), storage_price=storage_price)
simulator.bill = ItemisedBill(price, storage_price)
asyncio.run(serve(simulator, 0))
Path(sys.argv[2]).write_text(json.dumps(items))
