"""Figure 9: the ledger against the stand-in's bill, attempt by attempt, after a thousand calls and many faults."""

import json
import signal
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from sqlite3 import Row
from typing import Any

from benchmarks import ledger
from benchmarks.figures import Effort, Figure
from benchmarks.mixture import CANCEL_AFTER_S, DEADLINE_S, FAULTS, Planned, mixture, write_files
from benchmarks.processes import get_json, itemising_stand_in, product, temporary_home
from benchmarks.raw import TIMEOUT_S, RawServer

AT_ONCE = 32
_TOKENS = ("input", "cached", "output", "thinking", "tool_use", "audio")
_COLUMNS = (*(f"{kind}_tokens" for kind in _TOKENS), "search_queries", "cost_nano")
Result = dict[str, Any]
Item = tuple[Any, ...]
"""(served model, service tier, tokens of each kind, searches, nano-USD)."""


@dataclass(frozen=True, slots=True)
class Matched:
    """The ledger laid beside the bill. Money in nano-USD."""

    known: int
    known_nano: int
    free: int
    wrong: int
    unknown: int
    unknown_nano: int
    unknown_billed: int
    unknown_billed_nano: int
    uncovered: int
    bill_nano: int


def measure_accounts(effort: Effort) -> list[Figure]:
    """Figure 9."""
    began = time.monotonic()
    calls = mixture(effort.of(1_000, 200))
    with temporary_home() as home:
        write_files(home.parent)
        faults, items = home.parent / "faults.json", home.parent / "items.json"
        faults.write_text(json.dumps(FAULTS))
        with itemising_stand_in(faults, items) as (url, process):
            with RawServer(product(url, home, GEMINI_AGENTS_DEADLINE_S=str(DEADLINE_S))) as server:
                server.shake_hands()
                with ThreadPoolExecutor(AT_ONCE) as pool:
                    results = list(pool.map(lambda planned: _made(server, planned), calls))
                server.stop()
            requests = get_json(f"{url}/__log")["requests"]
            bill = get_json(f"{url}/__bill")
            process.send_signal(signal.SIGTERM)
            process.wait(TIMEOUT_S)
        rows = ledger.attempts(home)
        matched = match(rows, [tuple(item) for item in json.loads(items.read_text())])
        reserved = ledger.count(home, "attempts WHERE state = 'reserved'")
    if matched.bill_nano != bill["nano_usd"]:
        raise RuntimeError("the items do not add up to the bill")
    ends, told = Counter(map(_end, results)), _told(results)
    mistold = sum(_is_mistold(attempt, row) for row in rows if (attempt := told.get(row["attempt_id"])))
    took_s = time.monotonic() - began
    return [_figure(matched, ends, _rules(requests), reserved, len(told), mistold, took_s)]


def _made(server: RawServer, planned: Planned) -> Result | None:
    """The call's result, None for one that was taken back."""
    number, future = server.request("tools/call", {"name": server.spec.tool, "arguments": planned.arguments})
    if planned.cancel:
        try:
            future.result(CANCEL_AFTER_S)
        except TimeoutError:
            server.notify("notifications/cancelled", {"requestId": number})
            return None
    result: Result = future.result(TIMEOUT_S)["result"]
    return result


def _end(result: Result | None) -> str:
    """ok, an error's code, or cancelled."""
    if result is None:
        return "cancelled"
    return str(result["_meta"]["gemini-agents/error"]["code"]) if result.get("isError") else "ok"


def _told(results: list[Result | None]) -> dict[str, dict[str, Any]]:
    """Every attempt that a receipt tells of, by its id."""
    metas = [result["_meta"] for result in results if result is not None]
    receipts = [
        meta.get("gemini-agents/receipt") or meta.get("gemini-agents/error", {}).get("receipt") or {} for meta in metas
    ]
    return {attempt["attempt_id"]: attempt for whole in receipts for attempt in whole.get("attempts", ())}


def _is_mistold(attempt: dict[str, Any], row: Row) -> bool:
    """Whether a receipt and the ledger disagree."""
    nano = int(Decimal(attempt["cost_usd"]).scaleb(9))
    tokens = [attempt[column] or 0 for column in _COLUMNS if column in attempt]
    written = [row[column] for column in _COLUMNS if column in attempt]
    return (attempt["verdict"], nano, tokens) != (row["verdict"], row["cost_nano"], written)


def match(rows: Iterable[Row], billed: list[Item]) -> Matched:
    """Every attempt of known usage needs an item of its own that is like it in model, tier, tokens and price.
    What is left of the bill belongs to attempts of unknown usage: each item needs one that covers it."""
    rows = list(rows)
    known = [_item(row) for row in rows if row["usage_known"] and any(_tokens(row))]
    unknown = [row for row in rows if not row["usage_known"]]
    left = list((Counter(billed) - Counter(known)).elements())
    return Matched(
        known=len(known),
        known_nano=sum(item[-1] for item in known),
        free=len(rows) - len(known) - len(unknown),
        wrong=(Counter(known) - Counter(billed)).total(),
        unknown=len(unknown),
        unknown_nano=sum(row["cost_nano"] for row in unknown),
        unknown_billed=len(left),
        unknown_billed_nano=sum(item[-1] for item in left),
        uncovered=_uncovered(left, unknown),
        bill_nano=sum(item[-1] for item in billed),
    )


def _item(row: Row) -> Item:
    return (row["model_served"], row["service_tier"], *(row[column] for column in _COLUMNS))


def _tokens(row: Row) -> tuple[int, ...]:
    return tuple(row[column] for column in _COLUMNS[:-1])


def _uncovered(left: list[Item], unknown: list[Row]) -> int:
    """Items that no unknown attempt at the same model is left to cover: the dearest with the dearest."""
    count = 0
    for model in {item[0] for item in left}:
        items = sorted((item[-1] for item in left if item[0] == model), reverse=True)
        covers = sorted((row["cost_nano"] for row in unknown if row["model_served"] == model), reverse=True)
        covers += [-1] * (len(items) - len(covers))
        count += sum(cover < item for item, cover in zip(items, covers, strict=False))
    return count


def _rules(requests: list[dict[str, Any]]) -> Counter[str]:
    """How many requests met which fault."""
    return Counter("none" if r["rule"] is None else FAULTS[r["rule"]]["do"] for r in requests)


def _figure(
    matched: Matched,
    ends: Counter[str],
    rules: Counter[str],
    reserved: int,
    told: int,
    mistold: int,
    took_s: float,
) -> Figure:
    m = matched
    total = m.known_nano + m.unknown_nano
    equal = m.known_nano == m.bill_nano - m.unknown_billed_nano and not m.wrong
    met = equal and not m.uncovered and m.unknown_billed <= m.unknown and not reserved
    met = met and total >= m.bill_nano and not mistold
    note = (
        f"ends: {_listed(ends)}; requests by fault: {_listed(rules)}. {m.known:,} attempts of known usage came to"
        f" {m.known_nano:,} nano-USD; {m.free:,} were refused with an HTTP error or never sent, at nothing."
        f" {m.unknown:,} are flagged as unknown, at {m.unknown_nano:,}; the bill has {m.unknown_billed:,} items for"
        f" them, at {m.unknown_billed_nano:,}, {m.uncovered} of them above what the ledger holds. Matched item by item:"
        " every attempt of known usage has an item of the bill of its own, equal in served model, service tier, tokens"
        " of each kind, searches and nano-USD; both sides price by the same catalogue."
        f" {told:,} attempts in receipts, {mistold} unlike their row in verdict, usage or cost;"
        f" {reserved} left reserved; {took_s:.0f} s"
    )
    measured = f"{m.wrong} of {m.known:,} known attempts differ; ledger {total:,} nano-USD"
    return Figure(
        "9",
        f"the ledger against the bill, {ends.total():,} mixed calls with faults",
        measured,
        f"bill {m.bill_nano:,} nano-USD",
        f"{total / m.bill_nano:.2f}",
        "known attempts equal; never below the bill",
        met,
        note,
    )


def _listed(counted: Counter[str]) -> str:
    return ", ".join(f"{name} {n:,}" for name, n in counted.most_common())
