"""The catalogue file: it agrees with genai-prices where it says so, loads fast, and takes a user's changes."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from importlib.metadata import version
from pathlib import Path

import genai_prices
import pytest

from gemini_mcp.domain.catalog import TIERS, Catalogue, Model, PricePeriod
from gemini_mcp.domain.money import NANO_PER_USD
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.gemini.catalog import load_catalogue

TODAY = date(2026, 11, 21)
CATALOGUE = load_catalogue(None)
FROM_GENAI_PRICES = "genai-prices 0.2.3"
BATCH_IN_GENAI_PRICES_SINCE = date(2026, 10, 14)
BATCH_NOT_IN_GENAI_PRICES = {"gemini-3.5-flash", "gemini-3.7-flash", "gemma-4-31b-it"}

USAGES = {
    "plain": TokenUsage(input_tokens=12_345, output_tokens=678),
    "thinking": TokenUsage(input_tokens=1_000, output_tokens=10, thinking_tokens=4_321),
    "cached": TokenUsage(input_tokens=50_000, cached_tokens=40_961, output_tokens=900),
    "all cached": TokenUsage(input_tokens=4_096, cached_tokens=4_096, output_tokens=1),
    "audio": TokenUsage(input_tokens=9_000, audio_tokens=8_100, output_tokens=250),
    "audio cached": TokenUsage(input_tokens=9_000, audio_tokens=8_100, cached_tokens=5_000, output_tokens=250),
    "tool use": TokenUsage(input_tokens=700, tool_use_tokens=15_000, output_tokens=300),
    "at the cliff": TokenUsage(input_tokens=200_000, cached_tokens=1_000, output_tokens=5_000),
    "over the cliff": TokenUsage(input_tokens=200_001, cached_tokens=1_000, output_tokens=5_000, thinking_tokens=70),
    "over by tool use": TokenUsage(input_tokens=150_000, tool_use_tokens=60_000, output_tokens=10),
    "searches": TokenUsage(input_tokens=1_000, output_tokens=100, search_queries=3),
    "one token": TokenUsage(input_tokens=1),
}


def proved_periods() -> Iterator[tuple[str, PricePeriod]]:
    for model in CATALOGUE.models.values():
        for period in model.prices:
            if period.source == FROM_GENAI_PRICES:
                yield model.id, period


def days_of(period: PricePeriod) -> list[date]:
    """The first and last days of a period and one within; open ends are looked at well beyond today."""
    first = period.since or date(2026, 10, 15)
    last = period.until - timedelta(days=1) if period.until else max(first, TODAY) + timedelta(days=400)
    return sorted({first, first + (last - first) // 2, last})


def reference_nano(model_id: str, usage: TokenUsage, on: date, *, batch: bool = False) -> int:
    """nano-USD by genai-prices, rounded up once. Its counts include tool use, and cached audio is what must be."""
    rates = CATALOGUE.rates(model_id, on)
    assert rates is not None
    audio_cached = max(0, usage.cached_tokens - (usage.input_tokens - usage.audio_tokens))
    priced_by_prompt = rates.search_unit == "prompt"
    reference = genai_prices.calc_price(
        genai_prices.Usage(
            input_tokens=usage.input_tokens + usage.tool_use_tokens,
            cache_read_tokens=usage.cached_tokens,
            input_audio_tokens=usage.audio_tokens,
            cache_audio_read_tokens=audio_cached,
            output_tokens=usage.output_tokens + usage.thinking_tokens,
            web_searches=min(usage.search_queries, 1) if priced_by_prompt else usage.search_queries,
        ),
        model_id,
        provider_id="google",
        genai_request_timestamp=datetime(on.year, on.month, on.day, 12, tzinfo=UTC),
        price_context={"processing": "batch"} if batch else None,
    )
    nano: Decimal = reference.total_price * NANO_PER_USD
    return int(nano.to_integral_value(ROUND_CEILING))


@pytest.mark.parametrize("usage", list(USAGES.values()), ids=list(USAGES))
@pytest.mark.parametrize(
    ("model_id", "period"),
    list(proved_periods()),
    ids=lambda value: value if isinstance(value, str) else str(value.since),
)
def test_genai_prices_gives_the_same_cost(model_id: str, period: PricePeriod, usage: TokenUsage) -> None:
    if usage.search_queries and period.rates.search_nano_per_1000 is None:
        assert CATALOGUE.cost(model_id, usage, days_of(period)[0]) is None
        return
    for day in days_of(period):
        assert CATALOGUE.cost(model_id, usage, day) == reference_nano(model_id, usage, day), day


@pytest.mark.parametrize("usage", ["plain", "cached", "audio", "over the cliff", "searches"])
@pytest.mark.parametrize(
    ("model_id", "period"),
    [(name, period) for name, period in proved_periods() if name not in BATCH_NOT_IN_GENAI_PRICES],
    ids=lambda value: value if isinstance(value, str) else str(value.since),
)
def test_genai_prices_gives_the_same_cost_in_batch(model_id: str, period: PricePeriod, usage: str) -> None:
    for day in days_of(period):
        if day >= BATCH_IN_GENAI_PRICES_SINCE:
            expected = reference_nano(model_id, USAGES[usage], day, batch=True)
            assert CATALOGUE.cost(model_id, USAGES[usage], day, "batch") == expected, day


@pytest.mark.parametrize("model_id", ["gemini-3.5-flash", "gemini-3.7-flash"])
def test_the_overlay_on_batch_is_still_needed(model_id: str) -> None:
    """When this fails, genai-prices has learned these batch prices: drop the overlay and prove them instead."""
    usage = USAGES["plain"]
    standard = reference_nano(model_id, usage, TODAY)
    assert reference_nano(model_id, usage, TODAY, batch=True) == standard
    assert CATALOGUE.cost(model_id, usage, TODAY, "batch") == -(-standard // 2)


@pytest.mark.parametrize("model_id", ["gemini-4-carbon", "gemini-4-hydrogen", "gemini-4-neon"])
def test_the_overlay_on_models_is_still_needed(model_id: str) -> None:
    """When this fails, genai-prices knows the model: take its prices and say so."""
    with pytest.raises(LookupError):
        genai_prices.calc_price(genai_prices.Usage(input_tokens=1), model_id, provider_id="google")


def test_the_version_that_prices_are_said_to_be_from_is_the_one_that_proves_them() -> None:
    assert f"genai-prices {version('genai-prices')}" == FROM_GENAI_PRICES
    assert len(list(proved_periods())) > len(TIERS)


def test_every_price_says_where_it_is_from_and_only_doubtful_ones_are_unconfirmed() -> None:
    for model in CATALOGUE.models.values():
        for period in model.prices:
            assert period.source == FROM_GENAI_PRICES or period.source.startswith("overlay 2026-11-21: ")
            assert period.confirmed == (period.source == FROM_GENAI_PRICES), model.id


def test_tiers_rest_on_live_models_with_confirmed_prices_from_cheap_to_dear() -> None:
    usage = TokenUsage(input_tokens=3_000, output_tokens=1_000)
    costs = []
    for tier in TIERS:
        for candidate in CATALOGUE.candidates(tier, TODAY):
            period = candidate.model.price_on(TODAY)
            assert period is not None and period.confirmed
            assert candidate.warning is None
            assert candidate.model.tier == tier
        costs.append(CATALOGUE.cost(CATALOGUE.candidates(tier, TODAY)[0].model.id, usage, TODAY))
    assert costs == sorted(cost for cost in costs if cost is not None)


def test_what_google_announced_comes_on_its_day() -> None:
    december, new_year = date(2026, 12, 1), date(2027, 1, 1)
    usage = TokenUsage(input_tokens=1_000_000)

    def on(day: date, model_id: str) -> int | None:
        return CATALOGUE.cost(model_id, usage, day)

    eve = december - timedelta(days=1)
    assert (on(eve, "gemini-4-argon"), on(december, "gemini-4-argon")) == (2 * NANO_PER_USD, 4 * NANO_PER_USD)
    assert CATALOGUE.resolve("gemini-2.5-pro", eve).model.id == "gemini-2.5-pro"
    assert CATALOGUE.resolve("gemini-2.5-pro", december).model.id == "gemini-3.8-flash"
    assert CATALOGUE.resolve("gemini-2.5-flash", december).model.id == "gemini-3.5-flash-lite"
    doubled = on(new_year, "gemini-3.8-flash")
    assert doubled == 2 * (on(new_year - timedelta(days=1), "gemini-3.8-flash") or 0) == NANO_PER_USD * 3 // 2
    lite = [candidate.model.id for candidate in CATALOGUE.candidates("lite", date(2027, 5, 7))]
    assert lite == ["gemini-3.5-flash-lite", "gemini-2.5-flash-lite"]


@pytest.mark.parametrize(
    ("gone", "successor"),
    [
        ("gemini-3.7-flash", "gemini-3.8-flash"),
        ("gemini-3.5-flash", "gemini-3.6-flash"),
        ("gemini-2.0-flash-001", "gemini-3.8-flash"),
        ("gemini-1.5-flash-8b", "gemini-3.5-flash-lite"),
        ("models/gemini-1.5-pro-002", "gemini-4-argon"),
        ("gemini-3-pro-preview", "gemini-4-argon"),
    ],
)
def test_models_that_are_gone_lead_to_what_took_their_place(gone: str, successor: str) -> None:
    resolution = CATALOGUE.resolve(gone, TODAY)
    assert resolution.model.id == successor
    assert resolution.warning is not None and successor in resolution.warning


def test_searches_are_paid_by_prompt_on_2_5_and_by_query_since() -> None:
    for model in CATALOGUE.models.values():
        for period in model.prices:
            if "search" in model.capabilities:
                assert period.rates.search_unit == ("prompt" if model.family == "gemini-2.5" else "query"), model.id
                assert period.rates.search_nano_per_1000 is not None, model.id


def test_neon_has_a_cost_only_without_its_unknown_cached_price() -> None:
    assert CATALOGUE.cost("gemini-4-neon", TokenUsage(input_tokens=10, output_tokens=1), TODAY) == 45_000
    assert CATALOGUE.cost("gemini-4-neon", TokenUsage(input_tokens=10, cached_tokens=1), TODAY) is None


def test_storage_is_priced_wherever_a_cache_may_be_made_and_its_price_says_where_it_is_from() -> None:
    for model in CATALOGUE.models.values():
        for period in model.prices:
            assert (period.rates.cache_storage is not None) == ("explicit_cache" in model.capabilities), model.id
            if period.rates.cache_storage is not None:
                assert "cache storage: " in (period.overlay or ""), model.id


def test_the_one_unconfirmed_storage_price_is_an_upper_bound_among_its_like() -> None:
    alike = [
        period.rates.cache_storage or 0
        for model in CATALOGUE.models.values()
        for period in model.prices
        if "flash" in model.id
    ]
    (period,) = CATALOGUE.models["gemini-3.5-flash-lite"].prices
    assert "not confirmed" in (period.overlay or "")
    assert period.rates.cache_storage == max(alike) == NANO_PER_USD


def test_storage_doubles_with_the_other_introductory_prices() -> None:
    eve, day = date(2026, 12, 31), date(2027, 1, 1)
    for name in ("gemini-3.8-flash", "gemini-3.7-flash", "gemini-3.6-flash"):
        before, after = CATALOGUE.rates(name, eve), CATALOGUE.rates(name, day)
        assert before and after
        assert (before.cache_storage, after.cache_storage) == (NANO_PER_USD // 2, NANO_PER_USD), name


def test_gemini_4_takes_none_of_what_answers_400() -> None:
    forbidden = {"thinking_budget", "MINIMAL", "frequency_penalty", "presence_penalty", "candidate_count"}
    models = [model for model in CATALOGUE.models.values() if model.family == "gemini-4"]
    assert len(models) == 4
    for model in models:
        assert model.forbids == forbidden
        assert "explicit_cache" not in model.capabilities


def test_a_forbidden_level_is_not_offered_and_the_default_is() -> None:
    for model in CATALOGUE.models.values():
        offered = {level.upper() for level in model.thinking.levels}
        assert not offered & model.forbids, model.id
        if model.thinking.kind == "level":
            assert model.thinking.default in model.thinking.levels, model.id
            assert ("MINIMAL" in offered) != ("MINIMAL" in model.forbids), model.id


def test_worst_case_bounds_cost_for_every_priced_model() -> None:
    for model_id, _ in proved_periods():
        for usage in USAGES.values():
            cost = CATALOGUE.cost(model_id, usage, TODAY)
            worst = CATALOGUE.worst_case(
                model_id,
                usage.input_tokens + usage.tool_use_tokens,
                usage.output_tokens + usage.thinking_tokens,
                TODAY,
                search_queries=usage.search_queries,
                audio_tokens=usage.audio_tokens,
            )
            assert cost is None or (worst is not None and cost <= worst), (model_id, usage)


def quickest_s(run: object, times: int) -> float:
    assert callable(run)
    best = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - start)
    return best


def test_loading_and_pricing_are_quick() -> None:
    usage = TokenUsage(100_000, 4_000, 900, 300, 20, 500, 2)
    assert quickest_s(load_catalogue, 5) < 0.010
    assert quickest_s(lambda: [CATALOGUE.cost("gemini-3.8-flash", usage, TODAY) for _ in range(100)], 5) < 100 * 20e-6
    assert (
        quickest_s(lambda: [CATALOGUE.worst_case("gemini-2.5-pro", 190_000, 900, TODAY) for _ in range(100)], 5)
        < 100 * 20e-6
    )


def test_loading_imports_neither_the_sdk_nor_the_price_library() -> None:
    code = (
        "import json, sys\n"
        "from gemini_mcp.gemini.catalog import load_catalogue\n"
        "load_catalogue(None)\n"
        "heavy = ('google.genai', 'genai_prices', 'pydantic')\n"
        "print(json.dumps([name for name in sys.modules if name.startswith(heavy)]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


# ------------------------------------------------------------------------------------------------ a user's changes


def loaded(folder: Path, text: str) -> Catalogue:
    path = folder / "catalog.toml"
    path.write_text(text, encoding="utf-8")
    return load_catalogue(path)


def test_no_file_overrides_nothing(tmp_path: Path) -> None:
    assert load_catalogue(tmp_path / "catalog.toml") == CATALOGUE


def test_a_user_s_keys_replace_a_model_s_own_and_leave_the_others(tmp_path: Path) -> None:
    catalogue = loaded(
        tmp_path,
        """
        as_of = 2026-12-24
        [models."gemini-4-neon"]
        prices = [{ input = 3, cached = 0.15, output = 15.00, source = "my invoice" }]
        """,
    )
    neon, before = catalogue.models["gemini-4-neon"], CATALOGUE.models["gemini-4-neon"]
    assert catalogue.cost("gemini-4-neon", TokenUsage(input_tokens=10, cached_tokens=10), TODAY) == 1_500
    assert neon.prices[0].source == "my invoice"
    assert (neon.thinking, neon.forbids, neon.status) == (before.thinking, before.forbids, before.status)
    assert catalogue.as_of == date(2026, 12, 24)
    others = {name: model for name, model in catalogue.models.items() if name != "gemini-4-neon"}
    assert others == {name: model for name, model in CATALOGUE.models.items() if name != "gemini-4-neon"}


def test_a_user_may_add_a_model_and_replace_a_tier_s_list(tmp_path: Path) -> None:
    catalogue = loaded(
        tmp_path,
        """
        [tiers]
        pro = ["gemini-5-xenon"]
        [service_tiers]
        priority = "9/5"
        [models."gemini-5-xenon"]
        tier = "pro"
        family = "gemini-4"
        status = "preview"
        prices = [{ input = 5.00, cached = "unknown", output = 25.00, source = "a guess", confirmed = false }]
        """,
    )
    xenon: Model = catalogue.candidates("pro", TODAY)[0].model
    assert [candidate.model.id for candidate in catalogue.candidates("pro", TODAY)] == ["gemini-5-xenon"]
    assert xenon.context_tokens == CATALOGUE.models["gemini-4-argon"].context_tokens
    assert catalogue.tiers["lite"] == CATALOGUE.tiers["lite"]
    assert catalogue.cost("gemini-5-xenon", TokenUsage(input_tokens=10), TODAY, "priority") == 90_000


def test_audio_costs_what_text_does_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    start = '[models."m"]\nfamily = "gemini-3"\nstatus = "ga"\nprices = [{ input = 1, cached = 0.1, output = 2, '
    same = loaded(tmp_path, start + 'source = "s" }]').models["m"].prices[0].rates
    assert (same.audio_input, same.audio_cached) == (same.input, same.cached)
    apart = loaded(tmp_path, start + 'audio_input = "unknown", source = "s" }]').models["m"].prices[0].rates
    assert (apart.audio_input, apart.audio_cached) == (None, apart.cached)


ONE_PRICE = '[models."gemini-4-argon"]\nprices = [{ %s }]'


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("as_of = 2026-", ["not valid TOML"]),
        ('as_of = "soon"', ["as_of", "2026-11-21"]),
        ("as_of = 2026-11-21T10:00:00", ["as_of", "give a date"]),
        ("prices = 1", ["prices", "no such key"]),
        ("models = 1", ["models", "give a table"]),
        ('[tiers]\nbest = ["x"]', ["tiers.best", "lite, flash, pro"]),
        ('[tiers]\npro = ["gemini-9"]', ["tiers.pro", "gemini-9", "[models]"]),
        ('[tiers]\npro = "gemini-4-argon"', ["tiers.pro", "list"]),
        ("[tiers]\npro = [1]", ["tiers.pro", "list of strings"]),
        ('[service_tiers]\nflex = "half"', ["service_tiers.flex", '"1/2"']),
        ('[service_tiers]\nflex = "1/0"', ["service_tiers.flex"]),
        ('[service_tiers]\nflex = "0"', ["service_tiers.flex"]),
        ("[service_tiers]\nflex = 0.5", ["service_tiers.flex", '"1/2"']),
        ('[models."new"]\nstatus = "ga"', ["models.new.family", "missing"]),
        ('[models."new"]\nfamily = "gpt"', ["models.new.family", "gemini-4"]),
        ('[models."gemini-4-argon"]\nstatus = "alive"', ["models.gemini-4-argon.status", "preview"]),
        ('[models."gemini-4-argon"]\nprice = 1', ["models.gemini-4-argon.price", "no such key", "prices"]),
        ('[models."gemini-4-argon"]\ncapabilities = ["telepathy"]', ["capabilities", "telepathy"]),
        ('[models."gemini-4-argon"]\ncontext_tokens = -1', ["context_tokens", "whole number"]),
        ('[models."gemini-4-argon"]\ncontext_tokens = true', ["context_tokens", "whole number"]),
        ('[models."gemini-4-argon"]\nrerouted_to = "gemini-9"', ["rerouted_to", "gemini-9"]),
        ('[models."gemini-4-argon"]\nreroute_confirmed = 1', ["reroute_confirmed", "true or false"]),
        ('[models."gemini-4-argon"]\nthinking = { kind = "level" }', ["thinking.levels", "lowest first"]),
        ('[models."gemini-4-argon"]\nthinking = { kind = "none", default = "low" }', ["thinking.default"]),
        ('[models."gemini-4-argon"]\nprices = [1]', ["models.gemini-4-argon.prices[0]", "give a table"]),
        (ONE_PRICE % "cached = 1, output = 1, source = 's'", ["prices[0].input", "missing", "unknown"]),
        (ONE_PRICE % "input = 'cheap', cached = 1, output = 1, source = 's'", ["prices[0].input", "cheap"]),
        (ONE_PRICE % "input = -1, cached = 1, output = 1, source = 's'", ["prices[0].input", "-1"]),
        (ONE_PRICE % "input = nan, cached = 1, output = 1, source = 's'", ["prices[0].input"]),
        (ONE_PRICE % "input = true, cached = 1, output = 1, source = 's'", ["prices[0].input"]),
        (ONE_PRICE % "input = 1, cached = 1, output = 1", ["prices[0].source", "missing"]),
        (ONE_PRICE % "input = 1, cached = 1, output = 1, source = 's', long_input = 2", ["prices[0].long_over"]),
        (ONE_PRICE % "input = 1, cached = 1, output = 1, source = 's', long_over = 9", ["prices[0].long_input"]),
        (
            ONE_PRICE % "input = 1, cached = 1, output = 1, source = 's', search_per_query = 1, search_per_prompt = 1",
            ["prices[0].search_per_prompt"],
        ),
        (
            ONE_PRICE % "input = 1, cached = 1, output = 1, source = 's', batch_cached = 1, long_over = 9",
            ["prices[0].batch_cached"],
        ),
        (
            ONE_PRICE % "since = 2027-01-01, until = 2027-01-01, input = 1, cached = 1, output = 1, source = 's'",
            ["prices[0].until", "after"],
        ),
        (
            '[models."gemini-4-argon"]\nprices = [{ input = 1, cached = 1, output = 1, source = "s" }, '
            '{ since = 2027-01-01, input = 1, cached = 1, output = 1, source = "s" }]',
            ["models.gemini-4-argon.prices", "overlap"],
        ),
        (
            '[models."gemini-4-argon"]\n'
            'prices = [{ until = 2027-01-02, input = 1, cached = 1, output = 1, source = "s" }, '
            '{ since = 2027-01-01, input = 1, cached = 1, output = 1, source = "s" }]',
            ["models.gemini-4-argon.prices", "overlap"],
        ),
    ],
)
def test_what_is_wrong_in_a_user_s_file_is_named_with_the_fix(tmp_path: Path, text: str, names: list[str]) -> None:
    with pytest.raises(ValueError) as caught:
        loaded(tmp_path, text)
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "catalog.toml"))
    for name in names:
        assert name in message, message


def test_a_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    path = tmp_path / "catalog.toml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="cannot be read"):
        load_catalogue(path)
    with pytest.raises(ValueError, match="cannot be read"):
        load_catalogue(tmp_path)
