"""The catalogue for clients (JSON) and for people (a table): the prices of a day and what changes when."""

import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date
from typing import Any, Final

from gemini_mcp.domain.catalog import TIERS, Catalogue, Model, PricePeriod, Rates, Thinking, Tier, price_text
from gemini_mcp.domain.money import usd_text
from gemini_mcp.tools.services import Services

_STATUS: Final = {"ga": "GA", "preview": "preview", "deprecated": "deprecated", "shutdown": "shut down"}
_COLUMNS: Final = 110
_HEADING: Final = ("", "model", "in", "cached", "out", "status")


async def catalogue_json(services: Services) -> dict[str, Any]:
    """``models://catalog``: the catalogue, and where tasks of each family begin."""
    learning = services.learning
    families = {"learning": learning.on, "families": await learning.starts()}
    return models_json(services.catalogue, services.today()) | families


def models_json(catalogue: Catalogue, today: date) -> dict[str, Any]:
    """The whole catalogue. Prices are decimal strings in USD per 1,000,000 tokens, null when not known."""
    return {
        "as_of": catalogue.as_of.isoformat(),
        "today": today.isoformat(),
        "unit": "USD per 1,000,000 tokens, standard service tier; searches per 1,000",
        "service_tiers": {name: str(factor) for name, factor in catalogue.service_tiers.items()},
        "tiers": {tier: _tier_json(catalogue, tier, today) for tier in TIERS},
        "models": [_model_json(model, today) for model in _ordered(catalogue)],
        "limits": {name: asdict(limits) for name, limits in catalogue.limits.items()},
        "changes": [
            {"date": change.date.isoformat(), "model": change.model, "what": change.what}
            for change in catalogue.changes_after(today)
        ],
    }


def _tier_json(catalogue: Catalogue, tier: Tier, today: date) -> dict[str, Any]:
    live = catalogue.candidates(tier, today)
    return {
        "current": live[0].model.id if live else None,
        "candidates": [candidate.model.id for candidate in live],
        "warning": live[0].warning if live else None,
    }


def _model_json(model: Model, today: date) -> dict[str, Any]:
    return {
        "id": model.id,
        "tier": model.tier,
        "family": model.family,
        "status": model.status,
        "gone": model.gone(today),
        "context_tokens": model.context_tokens,
        "output_tokens": model.output_tokens,
        "capabilities": sorted(model.capabilities),
        "thinking": _thinking_json(model.thinking),
        "forbids": sorted(model.forbids),
        "retires": _day(model.retires),
        "rerouted_to": model.rerouted_to,
        "rerouted_since": _day(model.rerouted_since),
        "reroute_confirmed": model.reroute_confirmed if model.rerouted_to else None,
        "price": _price_json(model.price_on(today)),
    }


def _thinking_json(thinking: Thinking) -> dict[str, Any]:
    return {
        "kind": thinking.kind,
        "levels": list(thinking.levels),
        "default": thinking.default,
        "can_be_off": thinking.can_be_off,
        "minimum_budget": thinking.minimum_budget,
        "maximum_budget": thinking.maximum_budget,
    }


def _price_json(period: PricePeriod | None) -> dict[str, Any] | None:
    if period is None:
        return None
    rates = period.rates
    return {
        "input": usd_text(rates.input),
        "cached": usd_text(rates.cached),
        "output": usd_text(rates.output),
        "audio_input": usd_text(rates.audio_input),
        "audio_cached": usd_text(rates.audio_cached),
        "long_prompt": _long_json(rates),
        "batch_cached": usd_text(rates.batch_cached),
        "search_per_1000": usd_text(rates.search_nano_per_1000),
        "search_unit": rates.search_unit,
        "cache_storage_per_hour": usd_text(rates.cache_storage),
        "since": _day(period.since),
        "until": _day(period.until),
        "source": period.source,
        "overlay": period.overlay,
        "confirmed": period.confirmed,
    }


def _long_json(rates: Rates) -> dict[str, Any] | None:
    if rates.long_over is None:
        return None
    return {
        "over_tokens": rates.long_over,
        "input": usd_text(rates.long_input),
        "cached": usd_text(rates.long_cached),
        "output": usd_text(rates.long_output),
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day is not None else None


def models_table(catalogue: Catalogue, today: date) -> str:
    """Plain text for a terminal, at most 110 columns."""
    sections = [_section(catalogue, tier, today) for tier in (*TIERS, None)]
    rows = [row for section in sections for row in section]
    width = max(len(row[1]) for row in rows)
    lines = [
        f"Gemini models on {today}, in USD per 1M tokens, paid standard tier (catalogue of {catalogue.as_of})",
        "",
        _line(_HEADING, width),
    ]
    for section in sections:
        lines += [_line(row, width) for row in section]
        lines += [""] if section else []
    return "\n".join([*lines, *_footer(catalogue, today, rows), *_coming(catalogue, today)]) + "\n"


Row = tuple[str, str, str, str, str, str]


def _section(catalogue: Catalogue, tier: Tier | None, today: date) -> list[Row]:
    """A tier's candidates in order, marked, then the other models of the tier that still answer."""
    candidates = catalogue.candidates(tier, today) if tier is not None else ()
    chosen = [candidate.model for candidate in candidates]
    others = [model for model in _ordered(catalogue) if model.tier == tier and _listed(catalogue, model, today)]
    rows: list[Row] = []
    for place, model in enumerate([*chosen, *(model for model in others if model not in chosen)]):
        mark = ">" if place == 0 and chosen else str(place + 1) if model in chosen else ""
        rows += _rows(model, mark, today)
    if not rows:
        return []
    return [(tier or "other", "", "", "", "", ""), *rows]


def _listed(catalogue: Catalogue, model: Model, today: date) -> bool:
    return model.gone(today) is None and not any(model.id in names for names in catalogue.tiers.values())


def _rows(model: Model, mark: str, today: date) -> Iterator[Row]:
    period = model.price_on(today)
    if period is None:
        yield mark, model.id, "?", "?", "?", _STATUS[model.status]
        return
    rates = period.rates
    doubt = "" if period.confirmed else ", price not confirmed"
    free = ", free tier only" if rates.input == rates.output == 0 else ""
    status = f"{_STATUS[model.status]}{doubt}{free}"
    yield mark, model.id, price_text(rates.input), price_text(rates.cached), price_text(rates.output), status
    if rates.audio_input != rates.input:
        yield "", "  audio in", price_text(rates.audio_input), price_text(rates.audio_cached), "", ""
    if rates.long_over is not None:
        new, cached, output = map(price_text, (rates.long_input, rates.long_cached, rates.long_output))
        yield "", f"  prompt over {rates.long_over:,}", new, cached, output, ""


def _line(row: Row, width: int) -> str:
    mark, name, new, cached, output, status = row
    if mark and not name:
        return mark
    return f"  {mark:<2}{name:<{width}}  {new:>8}  {cached:>8}  {output:>8}   {status}".rstrip()


def _footer(catalogue: Catalogue, today: date, rows: list[Row]) -> Iterator[str]:
    yield "> is the tier's model; the numbered ones stand in for it, in that order. Thinking is billed as output."
    yield from _wrapped(f"Against these prices, input and output cost {_factors(catalogue)}.")
    yield from _wrapped(f"1,000 searches cost {_searches(catalogue, today)}.")
    if any("?" in row for row in rows):
        yield "? is a price that is not known: a usage that needs it is reported without a cost, never as free."
    for tier in TIERS:
        candidates = catalogue.candidates(tier, today)
        if not candidates:
            yield f"! tier {tier} has no model that still answers: set GEMINI_AGENTS_{tier.upper()}"
        elif candidates[0].warning:
            yield from _wrapped(f"! {candidates[0].warning}")
    rerouted = [f"{model.id} to {model.rerouted_to}" for model in _ordered(catalogue) if _rerouted(model, today)]
    if rerouted:
        yield from _wrapped(f"Rerouted by Google: {', '.join(rerouted)}.")


def _factors(catalogue: Catalogue) -> str:
    """A surcharge is an upper bound: what Google asks differs by model."""
    others = [(name, factor) for name, factor in catalogue.service_tiers.items() if factor != 1]
    return ", ".join(f"{'at most ' if factor > 1 else ''}x{factor} in {name}" for name, factor in others) or "the same"


def _searches(catalogue: Catalogue, today: date) -> str:
    """One price for each way of counting, with the families that it holds for."""
    families: dict[str, dict[str, None]] = {}
    for model in _ordered(catalogue):
        period = model.price_on(today)
        if period is not None and period.rates.search_nano_per_1000 is not None and model.gone(today) is None:
            unit = "query" if period.rates.search_unit == "query" else "grounded prompt"
            price = f"{price_text(period.rates.search_nano_per_1000)} by the {unit}"
            families.setdefault(price, {})[model.family] = None
    return ", ".join(f"{price} ({', '.join(sorted(names))})" for price, names in families.items()) or "?"


def _rerouted(model: Model, today: date) -> bool:
    return model.rerouted_to is not None and model.gone(today) is not None


def _coming(catalogue: Catalogue, today: date) -> Iterator[str]:
    changes = catalogue.changes_after(today)
    if not changes:
        return
    yield ""
    yield "What changes next"
    width = max(len(change.model) for change in changes)
    for change in changes:
        start = f"  {change.date}  {change.model:<{width}}  "
        yield from _wrapped(f"{start}{change.what}", indent=len(start))


def _wrapped(text: str, indent: int = 2) -> list[str]:
    return textwrap.wrap(text, _COLUMNS, subsequent_indent=" " * indent, break_on_hyphens=False)


def _ordered(catalogue: Catalogue) -> list[Model]:
    """By tier as the catalogue lists them, the tierless last."""
    places: dict[Tier | None, int] = {tier: place for place, tier in enumerate(TIERS)}
    return sorted(catalogue.models.values(), key=lambda model: places.get(model.tier, len(TIERS)))
