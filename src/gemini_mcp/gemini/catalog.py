"""Reads the catalogue: the file in the package, and a user's of the same form over it. Imports no SDK."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal, TypeVar, get_args

from gemini_mcp.domain.catalog import (
    CAPABILITIES,
    TIERS,
    Catalogue,
    Family,
    Model,
    PricePeriod,
    Rates,
    Status,
    Thinking,
    Tier,
)
from gemini_mcp.domain.money import nano_from_usd
from gemini_mcp.domain.quotas import ModelLimits

_T = TypeVar("_T")
_REQUIRED: Final[Any] = object()
_UNKNOWN: Final = "unknown"
_TOP_KEYS: Final = ("as_of", "tiers", "service_tiers", "families", "models", "limits")
_USD: Final = f'give USD as a number, or "{_UNKNOWN}"'


def load_catalogue(override: Path | None = None) -> Catalogue:
    """The catalogue of the package, with ``override`` merged in; a file that is not there overrides nothing.

    Raises ValueError, which names the key and the fix.
    """
    packaged = _parsed(files("gemini_mcp.gemini").joinpath("catalog.toml").read_text(encoding="utf-8"), "catalog.toml")
    text = _text(override) if override is not None else None
    if text is None:
        return _catalogue(_Table("catalog.toml", "", packaged))
    where = str(override)
    return _catalogue(_Table(where, "", _merged(packaged, _parsed(text, where), where)))


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path}: cannot be read: {error}. Mend it, or take it away.") from None


def _parsed(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{where}: not valid TOML: {error}. Mend that line, or take the file away.") from None


def _merged(base: Mapping[str, Any], over: Mapping[str, Any], where: str) -> dict[str, Any]:
    """``over`` over ``base``: keys within a model, family and table are replaced one by one, lists as a whole."""
    theirs = _Table(where, "", over)
    theirs.only(_TOP_KEYS)
    merged = {**base, **over}
    for key in ("tiers", "service_tiers"):
        merged[key] = {**base[key], **theirs.table(key).values}
    for key in ("families", "models"):
        tables = theirs.table(key)
        changed = {name: {**base[key].get(name, {}), **tables.table(name).values} for name in tables.values}
        merged[key] = {**base[key], **changed}
    merged["limits"] = theirs.table("limits").values
    return merged


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of the file that knows where it stands, so that what is wrong in it can be named."""

    file: str
    path: str
    values: Mapping[str, Any]

    def wrong(self, key: str, fix: str) -> ValueError:
        return ValueError(f"{self.file}: {self.path}{key}: {fix}.")

    def only(self, known: Iterable[str]) -> None:
        for key in self.values:
            if key not in known:
                raise self.wrong(key, f"no such key; known are {', '.join(known)}")

    def get(self, key: str, kind: type[_T], fix: str, default: Any = _REQUIRED) -> _T:
        value = self.values.get(key, default)
        if value is _REQUIRED:
            raise self.wrong(key, f"missing; {fix}")
        if value is default:
            return value  # type: ignore[no-any-return]
        # TOML keeps its kinds apart, Python does not: True is an int, a datetime is a date.
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool) or isinstance(value, datetime):
            raise self.wrong(key, f"is {value!r}; {fix}")
        return value

    def table(self, key: str) -> "_Table":
        return _Table(self.file, f"{self.path}{key}.", self.get(key, dict, "give a table", {}))

    def day(self, key: str) -> date | None:
        return self.get(key, date, "give a date such as 2026-12-01", None)

    def whole(self, key: str, default: Any = _REQUIRED) -> int:
        number = self.get(key, int, "give a whole number of tokens", default)
        if number is not None and number < 0:
            raise self.wrong(key, f"is {number}; give a whole number of tokens")
        return number

    def one_of(self, key: str, choices: tuple[str, ...], default: Any = _REQUIRED) -> Any:
        fix = f"give one of {', '.join(choices)}"
        value = self.get(key, str, fix, default)
        if value is not default and value not in choices:
            raise self.wrong(key, f"is {value!r}; {fix}")
        return value

    def names(self, key: str, default: Any = _REQUIRED) -> tuple[str, ...]:
        fix = 'give a list of strings such as ["text"]'
        values = self.get(key, list, fix, default)
        if not all(isinstance(value, str) for value in values):
            raise self.wrong(key, f"is {values!r}; {fix}")
        return tuple(values)

    def nano(self, key: str, default: Any = _REQUIRED) -> int | None:
        """nano-USD for an amount of USD; None for ``"unknown"``."""
        value = self.values.get(key, default)
        if value is _REQUIRED:
            raise self.wrong(key, f"missing; {_USD}")
        if value is default:
            return value  # type: ignore[no-any-return]
        if value == _UNKNOWN:
            return None
        if isinstance(value, bool) or not isinstance(value, int | Decimal):
            raise self.wrong(key, f"is {value!r}; {_USD}")
        if not Decimal(value).is_finite() or value < 0:
            raise self.wrong(key, f"is {value}; {_USD}")
        return nano_from_usd(value)


def _catalogue(top: _Table) -> Catalogue:
    top.only(_TOP_KEYS)
    families, models = top.table("families"), top.table("models")
    known = {name: _model(name, models.table(name), families) for name in models.values}
    for name, model in known.items():
        if model.rerouted_to is not None and model.rerouted_to not in known:
            raise models.table(name).wrong("rerouted_to", f"is {model.rerouted_to!r}; give a model under [models]")
    return Catalogue(
        as_of=top.get("as_of", date, "give a date such as 2026-11-21"),
        models=MappingProxyType(known),
        tiers=MappingProxyType(_tiers(top.table("tiers"), known)),
        service_tiers=MappingProxyType(_service_tiers(top.table("service_tiers"))),
        limits=MappingProxyType(_limits(top.table("limits"), known)),
    )


def _tiers(table: _Table, known: Mapping[str, Model]) -> dict[Tier, tuple[str, ...]]:
    table.only(TIERS)
    tiers = {tier: table.names(tier) for tier in TIERS}
    for tier, names in tiers.items():
        for name in names:
            if name not in known:
                raise table.wrong(tier, f"lists {name!r}, which is not under [models]; add it there or take it out")
    return tiers


def _service_tiers(table: _Table) -> dict[str, Fraction]:
    fix = 'give a multiple of the standard price, such as "1/2"'
    tiers: dict[str, Fraction] = {}
    for name in table.values:
        text = table.get(name, str, fix)
        try:
            tiers[name] = Fraction(text)
        except (ValueError, ZeroDivisionError):
            raise table.wrong(name, f"is {text!r}; {fix}") from None
        if tiers[name] <= 0:
            raise table.wrong(name, f"is {text!r}; {fix}")
    return tiers


def _limits(table: _Table, known: Mapping[str, Model]) -> dict[str, ModelLimits]:
    for name in table.values:
        if name not in known:
            raise table.wrong(name, "is not under [models]; add it there, or mend the name")
    return {name: _model_limits(table.table(name)) for name in table.values}


def _model_limits(table: _Table) -> ModelLimits:
    table.only(_LIMIT_KEYS)
    fix = "give a whole number from 1"
    found = {key: table.get(key, int, fix) for key in table.values}
    for key, most in found.items():
        if most < 1:
            raise table.wrong(key, f"is {most}; {fix}")
    return ModelLimits(**found)


_LIMIT_KEYS: Final = ("rpm", "tpm", "rpd")
_MODEL_KEYS: Final = (
    *("tier", "family", "status", "context_tokens", "output_tokens", "capabilities", "thinking", "forbids"),
    *("retires", "rerouted_to", "rerouted_since", "reroute_confirmed", "prices"),
)
_FAMILY_KEYS: Final = ("context_tokens", "output_tokens", "capabilities", "forbids")


def _model(name: str, own: _Table, families: _Table) -> Model:
    own.only(_MODEL_KEYS)
    family: Family = own.one_of("family", get_args(Family))
    defaults = families.table(family)
    defaults.only(_FAMILY_KEYS)
    table = _Table(own.file, own.path, {**defaults.values, **own.values})
    capabilities = frozenset(table.names("capabilities"))
    if not capabilities <= CAPABILITIES:
        raise table.wrong("capabilities", f"{sorted(capabilities - CAPABILITIES)}; known are {sorted(CAPABILITIES)}")
    tier: Tier | None = table.one_of("tier", TIERS, None)
    status: Status = table.one_of("status", get_args(Status))
    return Model(
        id=name,
        tier=tier,
        family=family,
        status=status,
        context_tokens=table.whole("context_tokens"),
        output_tokens=table.whole("output_tokens"),
        capabilities=capabilities,
        thinking=_thinking(table.table("thinking")),
        forbids=frozenset(table.names("forbids", [])),
        retires=table.day("retires"),
        rerouted_to=table.get("rerouted_to", str, "give the id of a model", None),
        rerouted_since=table.day("rerouted_since"),
        reroute_confirmed=table.get("reroute_confirmed", bool, "give true or false", True),
        prices=_prices(table),
    )


def _thinking(table: _Table) -> Thinking:
    table.only(("kind", "levels", "default", "can_be_off", "minimum_budget", "maximum_budget"))
    kind: Literal["level", "budget", "none"] = table.one_of("kind", ("level", "budget", "none"), "none")
    levels = table.names("levels", [])
    if (kind == "level") != bool(levels):
        raise table.wrong("levels", 'give the levels, lowest first, when kind is "level" and only then')
    return Thinking(
        kind=kind,
        levels=levels,
        default=table.one_of("default", levels or ("off", "dynamic"), None),
        can_be_off=table.get("can_be_off", bool, "give true or false", False),
        minimum_budget=table.whole("minimum_budget", None),
        maximum_budget=table.whole("maximum_budget", None),
    )


def _prices(model: _Table) -> tuple[PricePeriod, ...]:
    entries = model.get("prices", list, "give a list of tables", [])
    tables = [_Table(model.file, f"{model.path}prices[{number}].", entry) for number, entry in enumerate(entries)]
    periods = tuple(_period(table) for table in tables)
    for earlier, later in pairwise(periods):
        if earlier.until is None or later.since is None or later.since < earlier.until:
            raise model.wrong("prices", "periods overlap; list them by date, each from the day the one before it ends")
    return periods


_PERIOD_KEYS: Final = (
    *("since", "until", "input", "cached", "output", "audio_input", "audio_cached"),
    *("long_over", "long_input", "long_cached", "long_output", "long_audio_input", "long_audio_cached"),
    *("batch_cached", "search_per_query", "search_per_prompt", "cache_storage", "source", "overlay", "confirmed"),
)


def _period(table: _Table) -> PricePeriod:
    if not isinstance(table.values, dict):
        raise ValueError(f"{table.file}: {table.path.rstrip('.')}: give a table such as {{ input = 0.30, ... }}.")
    table.only(_PERIOD_KEYS)
    since, until = table.day("since"), table.day("until")
    if since is not None and until is not None and since >= until:
        raise table.wrong("until", f"is {until}; give a day after since, {since}")
    return PricePeriod(
        since=since,
        until=until,
        rates=_rates(table),
        source=table.get("source", str, "say where the prices are from"),
        confirmed=table.get("confirmed", bool, "give true or false", True),
        overlay=table.get("overlay", str, "say which prices are not from the source, and why", None),
    )


def _rates(table: _Table) -> Rates:
    """The rates with what the file leaves out filled in: audio costs what text does unless it says otherwise."""
    new, cached, output = table.nano("input"), table.nano("cached"), table.nano("output")
    long_over = table.whole("long_over", None)
    if long_over is None and any(key.startswith("long_") for key in table.values):
        raise table.wrong("long_over", "missing; give the prompt tokens above which the long_* prices hold")
    if long_over is not None and "batch_cached" in table.values:
        raise table.wrong("batch_cached", "not supported beside long_over; take it out, cached tokens keep their price")
    if "search_per_query" in table.values and "search_per_prompt" in table.values:
        raise table.wrong("search_per_prompt", "give either this or search_per_query")
    by_prompt = "search_per_prompt" in table.values
    needed = None if long_over is None else _REQUIRED
    long_new, long_cached = table.nano("long_input", needed), table.nano("long_cached", needed)
    return Rates(
        input=new,
        cached=cached,
        output=output,
        audio_input=table.nano("audio_input", new),
        audio_cached=table.nano("audio_cached", cached),
        long_over=long_over,
        long_input=long_new,
        long_cached=long_cached,
        long_output=table.nano("long_output", needed),
        long_audio_input=table.nano("long_audio_input", long_new),
        long_audio_cached=table.nano("long_audio_cached", long_cached),
        batch_cached=table.nano("batch_cached", None),
        search_nano_per_1000=table.nano("search_per_prompt" if by_prompt else "search_per_query", None),
        search_unit="prompt" if by_prompt else "query",
        cache_storage=table.nano("cache_storage", None),
    )
