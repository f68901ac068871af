"""The models as data with dates: which to ask, what an answer cost, the most that one could cost.

Nothing here reads a clock: every question that depends on the day is given one (a UTC date, as price lists are).
Money is whole nano-USD, rates are nano-USD per 1,000,000 tokens, and a price that is not known is None, never 0.
"""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Final, Literal

from gemini_mcp.domain.money import usd_text
from gemini_mcp.domain.quotas import ModelLimits
from gemini_mcp.domain.usage import TokenUsage

Tier = Literal["lite", "flash", "pro"]
Family = Literal["gemini-4", "gemini-3", "gemini-2.5", "gemini-2.0", "gemini-1.5", "gemma"]
Status = Literal["ga", "preview", "deprecated", "shutdown"]

TIERS: Final[tuple[Tier, ...]] = ("lite", "flash", "pro")
CAPABILITIES: Final = frozenset(
    {"text", "image", "pdf", "audio", "video", "search", "json_schema", "logprobs", "explicit_cache", "flex", "batch"}
)

_PER_TOKENS: Final = 1_000_000
_NEAR_CLIFF_PERCENT: Final = 85
"""An estimate of this share of the long-prompt threshold may turn out to be over it."""

_MODELS_PREFIX: Final = re.compile(r"^(?:\S*/)?models/")
_VERSION_SUFFIX: Final = re.compile(r"-\d{3}$")


def tier_above(tier: Tier) -> Tier | None:
    return TIERS[TIERS.index(tier) + 1] if tier != TIERS[-1] else None


def tier_below(tier: Tier) -> Tier | None:
    return TIERS[TIERS.index(tier) - 1] if tier != TIERS[0] else None


class UnknownModel(Exception):
    """No such model, or none that took its place. ``suggestions``: up to 3 ids that look like the name."""

    def __init__(self, name: str, suggestions: tuple[str, ...] = (), reason: str | None = None) -> None:
        wrong = reason or f"No model in the catalogue is called {name[:80]!r}"
        hint = f" Did you mean {' or '.join(suggestions)}?" if suggestions else ""
        super().__init__(f"{wrong}.{hint} List them: gemini-agents models")
        self.name = name
        self.suggestions = suggestions


@dataclass(frozen=True, slots=True)
class Rates:
    """nano-USD per 1,000,000 tokens; None everywhere means not known (a price shared with text is written out).

    The ``long_*`` rates hold for the whole request once its prompt has more than ``long_over`` tokens (None: no
    cliff). ``batch_cached`` is for cached tokens in batch, on models without a cliff; None: no discount is known.
    ``search_nano_per_1000``: nano-USD per 1,000 queries, or prompts that were grounded, by ``search_unit``.
    ``cache_storage``: nano-USD per 1,000,000 tokens of explicit cache and hour; no part of any request's cost.
    """

    input: int | None
    cached: int | None
    output: int | None
    audio_input: int | None = None
    audio_cached: int | None = None
    long_over: int | None = None
    long_input: int | None = None
    long_cached: int | None = None
    long_output: int | None = None
    long_audio_input: int | None = None
    long_audio_cached: int | None = None
    batch_cached: int | None = None
    search_nano_per_1000: int | None = None
    search_unit: Literal["query", "prompt"] = "query"
    cache_storage: int | None = None


@dataclass(frozen=True, slots=True)
class PricePeriod:
    """Rates from ``since`` (None: always) to the day before ``until`` (None: open).

    ``source`` says where they are from; ``overlay`` which of them are not from there, and why; ``confirmed`` is
    False for prices known from third parties alone.
    """

    since: date | None
    until: date | None
    rates: Rates
    source: str
    confirmed: bool = True
    overlay: str | None = None

    def covers(self, on: date) -> bool:
        return (self.since is None or self.since <= on) and (self.until is None or on < self.until)


@dataclass(frozen=True, slots=True)
class Thinking:
    """How thinking is asked for: a level, a budget in tokens, or not at all.

    ``default`` is what the API does when nothing is asked: a level, or ``off`` or ``dynamic`` for a budget.
    """

    kind: Literal["level", "budget", "none"]
    levels: tuple[str, ...] = ()
    default: str | None = None
    can_be_off: bool = False
    minimum_budget: int | None = None
    maximum_budget: int | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """One model. ``forbids`` names the parameters and levels that Gemini answers with 400.

    ``rerouted_to`` without ``rerouted_since`` means that requests are rerouted already, since a day not published.
    """

    id: str
    tier: Tier | None
    family: Family
    status: Status
    context_tokens: int
    output_tokens: int
    capabilities: frozenset[str]
    thinking: Thinking
    forbids: frozenset[str] = frozenset()
    retires: date | None = None
    rerouted_to: str | None = None
    rerouted_since: date | None = None
    reroute_confirmed: bool = True
    prices: tuple[PricePeriod, ...] = ()

    def price_on(self, on: date) -> PricePeriod | None:
        return next((period for period in self.prices if period.covers(on)), None)

    def gone(self, today: date) -> str | None:
        """Why requests no longer reach this model, with the day; None while they do."""
        if self.rerouted_to is not None and (self.rerouted_since is None or self.rerouted_since <= today):
            since = f" since {self.rerouted_since}" if self.rerouted_since else ""
            return f"{self.id} is rerouted to {self.rerouted_to}{since}"
        if self.retires is not None and self.retires <= today:
            return f"{self.id} was shut down on {self.retires}"
        return f"{self.id} was shut down" if self.status == "shutdown" else None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A live model of a tier. ``warning``, on the tier's first, names the models that the tier had to skip."""

    model: Model
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Resolution:
    """The model that a name leads to today, and a warning when it is not the one that was named."""

    model: Model
    warning: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Something to come, for people to read."""

    date: date
    model: str
    what: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What is known of the models as of a day. ``service_tiers`` multiply the price of input and output tokens;
    ``limits`` are the user's, by model id."""

    as_of: date
    models: Mapping[str, Model]
    tiers: Mapping[Tier, tuple[str, ...]]
    service_tiers: Mapping[str, Fraction]
    limits: Mapping[str, ModelLimits] = field(default_factory=dict)

    def find(self, name: str) -> Model | None:
        """The model of that name, alive or gone; takes a ``models/`` prefix and a ``-001`` suffix off."""
        model = self.models.get(name)
        if model is not None:
            return model
        plain = _MODELS_PREFIX.sub("", name.strip().lower())
        return self.models.get(plain) or self.models.get(_VERSION_SUFFIX.sub("", plain))

    def candidates(self, tier: Tier, today: date) -> tuple[Candidate, ...]:
        """The tier's live models, best first; empty when none is left."""
        listed = [self.models[name] for name in self.tiers.get(tier, ())]
        live = [model for model in listed if model.gone(today) is None]
        if not live:
            return ()
        skipped = "; ".join(reason for model in listed if (reason := model.gone(today)))
        warning = f"{skipped}; tier {tier} uses {live[0].id}" if skipped else None
        return (Candidate(live[0], warning), *(Candidate(model) for model in live[1:]))

    def current(self, tier: Tier, today: date) -> Model | None:
        """The model that the tier's calls begin with; None when none is left."""
        return next((candidate.model for candidate in self.candidates(tier, today)), None)

    def resolve(self, name: str, today: date) -> Resolution:
        """The live model that a name means today. Raises UnknownModel."""
        named = self.find(name)
        if named is None:
            raise UnknownModel(name, self._similar(name))
        reason = named.gone(today)
        if reason is None:
            return Resolution(named)
        successor = self._successor(named, today)
        if successor is None:
            raise UnknownModel(name, self._similar(name), f"{reason}, and nothing takes its place")
        told = successor.id == named.rerouted_to
        return Resolution(successor, reason if told else f"{reason}; {successor.id} is used in its place")

    def tier_of(self, model_id: str) -> Tier | None:
        """The tier a model works in: its own, unless only another tier lists it (a choice of the user's)."""
        model = self.find(model_id)
        if model is None:
            return None
        listing = [tier for tier in TIERS if model.id in self.tiers.get(tier, ())]
        return listing[0] if listing and model.tier not in listing else model.tier

    def rates(self, model_served: str, on: date) -> Rates | None:
        model = self.find(model_served)
        period = model.price_on(on) if model is not None else None
        return period.rates if period is not None else None

    def cost(self, model_served: str, usage: TokenUsage, on: date, service_tier: str = "standard") -> int | None:
        """nano-USD for the usage of one response, rounded up once; None when a price it needs is not known.

        Where the usage leaves open what was billed, the dearer reading is taken: cached tokens were text as far
        as they can have been, since the counts do not say how much audio was cached, and a discount is not
        supposed to reach cached tokens nor searches.
        """
        rates, factor = self.rates(model_served, on), self.service_tiers.get(service_tier)
        if rates is None or factor is None:
            return None
        return _cost(rates, usage, factor, batch=service_tier == "batch")

    def worst_case(
        self,
        model: str,
        input_tokens: int,
        max_output_tokens: int,
        on: date,
        *,
        search_queries: int = 0,
        audio_tokens: int = 0,
        service_tier: str = "standard",
    ) -> int | None:
        """The most nano-USD that a request of that size can cost: nothing cached, all of the output used.

        ``input_tokens`` is an estimate and counts tool use; ``max_output_tokens`` includes thinking. It covers the
        models that the request may be rerouted to, on whatever day, and the long-prompt price when the estimate
        is within 15 % of it. None when one of those prices is not known: there is no bound then.
        """
        factor = self.service_tiers.get(service_tier)
        if factor is None:
            return None
        worst = 0
        for name in self._may_serve(model):
            rates = self.rates(name, on)
            if rates is None:
                return None
            for long in _bands(rates, input_tokens):
                most = _ceiling(rates, long, input_tokens, max_output_tokens, search_queries, audio_tokens, factor)
                if most is None:
                    return None
                worst = max(worst, most)
        return worst

    def with_tier_model(self, tier: Tier, name: str) -> "Catalogue":
        """The same catalogue with that model as the tier's first candidate. Raises UnknownModel."""
        model = self.find(name)
        if model is None:
            raise UnknownModel(name, self._similar(name))
        rest = tuple(other for other in self.tiers.get(tier, ()) if other != model.id)
        return replace(self, tiers={**self.tiers, tier: (model.id, *rest)})

    def changes_after(self, today: date) -> list[Change]:
        """Price changes, reroutes and retirements to come, soonest first."""
        found = [change for model in self.models.values() for change in _changes(model) if change.date > today]
        return sorted(found, key=lambda change: (change.date, change.model, change.what))

    def _may_serve(self, name: str) -> Iterator[str]:
        """The model and, in turn, those that its requests may be rerouted to."""
        seen: set[str] = set()
        target: str | None = name
        while target is not None and target not in seen:
            seen.add(target)
            yield target
            model = self.find(target)
            target = model.rerouted_to if model is not None else None

    def _successor(self, gone: Model, today: date) -> Model | None:
        for name in self._may_serve(gone.id):
            model = self.find(name)
            if model is not None and model.gone(today) is None:
                return model
        listed = self.candidates(gone.tier, today) if gone.tier is not None else ()
        return listed[0].model if listed else None

    def _similar(self, name: str) -> tuple[str, ...]:
        lasting = [model.id for model in self.models.values() if model.status in ("ga", "preview")]
        return tuple(difflib.get_close_matches(name[:80].lower(), lasting, n=3, cutoff=0.5))


Band = tuple[int | None, int | None, int | None, int | None, int | None]
"""Rates for input, cached, output, audio input, cached audio: those of a short or of a long prompt."""


def _band(rates: Rates, long: bool) -> Band:
    if long:
        return rates.long_input, rates.long_cached, rates.long_output, rates.long_audio_input, rates.long_audio_cached
    return rates.input, rates.cached, rates.output, rates.audio_input, rates.audio_cached


def _bands(rates: Rates, estimate: int) -> tuple[bool, ...]:
    """The sides of the long-prompt cliff that an estimated prompt may land on."""
    near = rates.long_over is not None and estimate * 100 >= rates.long_over * _NEAR_CLIFF_PERCENT
    return (False, True) if near else (False,)


def _cost(rates: Rates, usage: TokenUsage, factor: Fraction, *, batch: bool) -> int | None:
    # The counts come off the wire. One below zero, or a part beyond its whole, must not make the bill smaller.
    sent = max(0, usage.input_tokens)
    cached, audio = max(0, min(usage.cached_tokens, sent)), max(0, min(usage.audio_tokens, sent))
    cached_audio = max(0, cached - (sent - audio))
    prompt = sent + max(0, usage.tool_use_tokens)

    long = rates.long_over is not None and prompt > rates.long_over
    fresh_rate, cached_rate, output_rate, audio_rate, cached_audio_rate = _band(rates, long)
    times, parts = factor.numerator, factor.denominator
    dearest = max(times, parts)

    cached_times = dearest
    if batch and rates.batch_cached is not None and not long:
        cached_rate, cached_times = rates.batch_cached, parts

    total = 0
    for count, rate, scale in (
        (prompt - cached - audio + cached_audio, fresh_rate, times),
        (audio - cached_audio, audio_rate, times),
        (cached - cached_audio, cached_rate, cached_times),
        (cached_audio, cached_audio_rate, dearest),
        (usage.output_tokens, output_rate, times),
        (usage.thinking_tokens, output_rate, times),
        (_searches(rates, usage.search_queries) * 1_000, rates.search_nano_per_1000, dearest),
    ):
        if count > 0:
            if rate is None:
                return None
            total += count * rate * scale
    return -(-total // (_PER_TOKENS * parts))


def _ceiling(
    rates: Rates, long: bool, input_tokens: int, output_tokens: int, searches: int, audio_tokens: int, factor: Fraction
) -> int | None:
    """The dearest way to fill those bounds. A cached rate counts too, should a price list ever make it the dearer."""
    fresh_rate, cached_rate, output_rate, audio_rate, cached_audio_rate = _band(rates, long)
    times, parts = factor.numerator, factor.denominator
    dearest = max(times, parts)
    audio = min(audio_tokens, input_tokens)
    text_most = _most(fresh_rate, times, cached_rate, dearest)
    audio_most = _most(audio_rate, times, cached_audio_rate, dearest)
    if audio_most is not None and text_most is not None:
        audio_most = max(audio_most, text_most)  # fewer of the tokens may turn out to be audio
    total = 0
    for count, most in (
        (input_tokens - audio, text_most),
        (audio, audio_most),
        (output_tokens, _most(output_rate, times, None, dearest)),
        (_searches(rates, searches) * 1_000, _most(rates.search_nano_per_1000, dearest, None, dearest)),
    ):
        if count > 0:
            if most is None:
                return None
            total += count * most
    return -(-total // (_PER_TOKENS * parts))


def _most(rate: int | None, times: int, other: int | None, other_times: int) -> int | None:
    if rate is None:
        return None
    return max(rate * times, other * other_times) if other is not None else rate * times


def _searches(rates: Rates, queries: int) -> int:
    return min(queries, 1) if rates.search_unit == "prompt" else queries


def price_text(nano: int | None) -> str:
    """A rate for people: ``$0.075``, at least two decimals, ``?`` when it is not known."""
    text = usd_text(nano)
    if text is None:
        return "?"
    dollars, _, cents = text.partition(".")
    return f"${dollars}.{cents:0<2}"


def _short(nano: int | None) -> str:
    return price_text(nano).removesuffix(".00")


_NAMED_RATES: Final = (
    ("in", "input"),
    ("cached", "cached"),
    ("out", "output"),
    ("long in", "long_input"),
    ("long cached", "long_cached"),
    ("long out", "long_output"),
    ("1,000 searches", "search_nano_per_1000"),
)


def _changes(model: Model) -> Iterator[Change]:
    if model.rerouted_to is not None and model.rerouted_since is not None:
        doubt = "" if model.reroute_confirmed else " (unconfirmed)"
        yield Change(model.rerouted_since, model.id, f"rerouted to {model.rerouted_to}, at its price{doubt}")
    if model.retires is not None:
        yield Change(model.retires, model.id, "shut down")
    for day in sorted({day for period in model.prices for day in (period.since, period.until) if day is not None}):
        if model.gone(day) is None and (what := _price_change(model, day)):
            yield Change(day, model.id, what)


def _price_change(model: Model, day: date) -> str | None:
    before, after = model.price_on(day - timedelta(days=1)), model.price_on(day)
    if after is None:
        return "no price is known from this day on"
    moves = [
        f"{label} {_short(old)} -> {_short(new)}"
        for label, name in _NAMED_RATES
        if (old := getattr(before.rates, name) if before else None) != (new := getattr(after.rates, name))
    ]
    doubt = "" if after.confirmed else " (unconfirmed)"
    return f"{', '.join(moves)}{doubt}" if moves else None
