"""The catalogue's rules, on a small made-up catalogue: no price here is anybody's."""

import itertools
import random
from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from gemini_mcp.domain.catalog import (
    TIERS,
    Catalogue,
    Change,
    Model,
    PricePeriod,
    Rates,
    Thinking,
    UnknownModel,
    price_text,
    tier_above,
    tier_below,
)
from gemini_mcp.domain.usage import TokenUsage

TODAY = date(2030, 6, 1)
SERVICE_TIERS = {"standard": Fraction(1), "flex": Fraction(1, 2), "batch": Fraction(1, 2), "priority": Fraction(2)}
USD = 1_000_000_000

PLAIN = Rates(
    input=2 * USD,
    cached=USD // 5,
    output=10 * USD,
    audio_input=3 * USD,
    audio_cached=USD // 2,
    search_nano_per_1000=14 * USD,
)
CLIFF = Rates(
    input=USD,
    cached=USD // 10,
    output=5 * USD,
    audio_input=USD,
    audio_cached=USD // 10,
    long_over=200_000,
    long_input=2 * USD,
    long_cached=USD // 5,
    long_output=8 * USD,
    long_audio_input=2 * USD,
    long_audio_cached=USD // 5,
    search_nano_per_1000=35 * USD,
    search_unit="prompt",
)


def a_model(name: str, rates: Rates | None = PLAIN, **changes: object) -> Model:
    prices = (PricePeriod(None, None, rates, "made up"),) if rates else ()
    model = Model(
        id=name,
        tier="flash",
        family="gemini-3",
        status="ga",
        context_tokens=1_000_000,
        output_tokens=64_000,
        capabilities=frozenset({"text"}),
        thinking=Thinking("none"),
        prices=prices,
    )
    return replace(model, **changes)  # type: ignore[arg-type]


def a_catalogue(*models: Model, **tiers: tuple[str, ...]) -> Catalogue:
    return Catalogue(
        as_of=TODAY,
        models={model.id: model for model in models},
        tiers={tier: tiers.get(tier, ()) for tier in TIERS},
        service_tiers=SERVICE_TIERS,
    )


def cost_of(usage: TokenUsage, rates: Rates = PLAIN, service_tier: str = "standard") -> int | None:
    return a_catalogue(a_model("m", rates)).cost("m", usage, TODAY, service_tier)


# ------------------------------------------------------------------------------------------------------------ tiers


def test_tiers_climb_and_descend_and_end() -> None:
    assert [tier_above(tier) for tier in TIERS] == ["flash", "pro", None]
    assert [tier_below(tier) for tier in TIERS] == [None, "lite", "flash"]


# ------------------------------------------------------------------------------------------------------------- cost


def test_cost_adds_fresh_cached_output_and_thinking_at_their_own_rates() -> None:
    usage = TokenUsage(input_tokens=1_000, cached_tokens=400, output_tokens=50, thinking_tokens=30, tool_use_tokens=200)
    assert cost_of(usage) == (1_000 + 200 - 400) * 2_000 + 400 * 200 + (50 + 30) * 10_000


def test_audio_is_priced_apart() -> None:
    assert cost_of(TokenUsage(input_tokens=1_000, audio_tokens=300)) == 700 * 2_000 + 300 * 3_000


def test_cached_tokens_are_taken_as_text_as_far_as_they_can_have_been() -> None:
    some = TokenUsage(input_tokens=1_000, audio_tokens=600, cached_tokens=300)
    assert cost_of(some) == 100 * 2_000 + 300 * 200 + 600 * 3_000
    more_than_the_text = TokenUsage(input_tokens=1_000, audio_tokens=600, cached_tokens=500)
    assert cost_of(more_than_the_text) == 400 * 200 + 100 * 500 + 500 * 3_000


def test_searches_are_paid_by_query_or_by_prompt() -> None:
    usage = TokenUsage(search_queries=3)
    assert cost_of(usage) == 3 * 14_000_000
    assert cost_of(usage, CLIFF) == 35_000_000


def test_the_long_price_holds_for_the_whole_request_from_the_first_token_over() -> None:
    at, over = TokenUsage(input_tokens=200_000, output_tokens=10), TokenUsage(input_tokens=200_001, output_tokens=10)
    assert cost_of(at, CLIFF) == 200_000 * 1_000 + 10 * 5_000
    assert cost_of(over, CLIFF) == 200_001 * 2_000 + 10 * 8_000


def test_tool_use_counts_towards_the_long_price() -> None:
    assert cost_of(TokenUsage(input_tokens=199_999, tool_use_tokens=2), CLIFF) == 200_001 * 2_000


def test_a_fraction_of_a_nano_dollar_is_rounded_up_once() -> None:
    rates = replace(PLAIN, input=1, output=1)
    assert cost_of(TokenUsage(input_tokens=1), rates) == 1
    assert cost_of(TokenUsage(input_tokens=600_000, output_tokens=600_000), rates) == 2
    assert cost_of(TokenUsage(input_tokens=1_000_000), rates) == 1


def test_more_cached_than_input_is_read_as_all_of_the_input() -> None:
    everything = TokenUsage(input_tokens=1_000, cached_tokens=1_000)
    assert cost_of(replace(everything, cached_tokens=5_000)) == cost_of(everything) == 1_000 * 200


@pytest.mark.parametrize(
    "name", ["cached_tokens", "thinking_tokens", "tool_use_tokens", "audio_tokens", "search_queries"]
)
def test_a_negative_count_does_not_lower_the_bill(name: str) -> None:
    honest = TokenUsage(input_tokens=1_000, output_tokens=100)
    assert cost_of(replace(honest, **{name: -50})) == cost_of(honest)
    assert cost_of(TokenUsage(input_tokens=-5, output_tokens=-5)) == 0


@pytest.mark.parametrize(
    ("missing", "usage"),
    [
        ("input", TokenUsage(input_tokens=1)),
        ("cached", TokenUsage(input_tokens=1, cached_tokens=1)),
        ("output", TokenUsage(thinking_tokens=1)),
        ("audio_input", TokenUsage(input_tokens=1, audio_tokens=1)),
        ("audio_cached", TokenUsage(input_tokens=1, audio_tokens=1, cached_tokens=1)),
        ("search_nano_per_1000", TokenUsage(search_queries=1)),
    ],
)
def test_a_usage_that_needs_an_unknown_price_has_no_cost(missing: str, usage: TokenUsage) -> None:
    rates = replace(PLAIN, **{missing: None})  # type: ignore[arg-type]
    assert cost_of(usage, PLAIN) is not None
    assert cost_of(usage, rates) is None


def test_an_unknown_price_that_is_not_needed_does_no_harm() -> None:
    assert cost_of(TokenUsage(input_tokens=1_000), replace(PLAIN, cached=None, output=None)) == 2_000_000


def test_an_unknown_model_or_service_tier_or_day_has_no_cost() -> None:
    usage = TokenUsage(input_tokens=1)
    later = a_model("later", prices=(PricePeriod(date(2031, 1, 1), None, PLAIN, "made up"),))
    catalogue = a_catalogue(a_model("m"), later)
    assert catalogue.cost("other", usage, TODAY) is None
    assert catalogue.cost("m", usage, TODAY, "turbo") is None
    assert catalogue.cost("later", usage, TODAY) is None


def test_a_discount_halves_tokens_but_not_cached_ones_nor_searches() -> None:
    usage = TokenUsage(input_tokens=1_000, cached_tokens=400, output_tokens=100, search_queries=2)
    halved = 600 * 1_000 + 400 * 200 + 100 * 5_000 + 2 * 14_000_000
    assert cost_of(usage, service_tier="flex") == cost_of(usage, service_tier="batch") == halved


def test_a_discount_does_not_reach_cached_audio() -> None:
    usage = TokenUsage(input_tokens=500, audio_tokens=500, cached_tokens=500)
    assert cost_of(usage, service_tier="batch") == cost_of(usage) == 500 * 500


def test_batch_has_its_own_cached_price_where_one_is_known() -> None:
    rates = replace(PLAIN, batch_cached=USD // 10)
    usage = TokenUsage(input_tokens=400, cached_tokens=400)
    assert cost_of(usage, rates, "batch") == 400 * 100
    assert cost_of(usage, rates, "flex") == cost_of(usage, rates) == 400 * 200


def test_a_surcharge_reaches_everything() -> None:
    usage = TokenUsage(input_tokens=1_000, cached_tokens=400, output_tokens=100, search_queries=2)
    standard = cost_of(usage)
    assert standard is not None
    assert cost_of(usage, service_tier="priority") == 2 * standard


def test_prices_change_on_their_day() -> None:
    change = date(2030, 7, 1)
    dearer = replace(PLAIN, input=4 * USD)
    periods = (PricePeriod(None, change, PLAIN, "made up"), PricePeriod(change, None, dearer, "made up"))
    catalogue = a_catalogue(a_model("m", prices=periods))
    usage = TokenUsage(input_tokens=1_000)
    assert catalogue.cost("m", usage, date(2030, 6, 30)) == 2_000_000
    assert catalogue.cost("m", usage, change) == 4_000_000


@pytest.mark.parametrize("name", ["m-1", "models/m-1", "m-1-001", "publishers/google/models/m-1-002", " M-1 "])
def test_the_names_that_responses_use_find_their_model(name: str) -> None:
    catalogue = a_catalogue(a_model("m-1"))
    assert catalogue.rates(name, TODAY) == PLAIN


@pytest.mark.parametrize("name", ["tunedModels/m-1", "m-1-preview", "m-1-01", "openrouter/m-1"])
def test_other_models_with_a_similar_name_have_no_price(name: str) -> None:
    assert a_catalogue(a_model("m-1")).rates(name, TODAY) is None


# ------------------------------------------------------------------------------------------------------- worst case


def test_worst_case_is_nothing_cached_and_all_output_used() -> None:
    catalogue = a_catalogue(a_model("m"))
    worst = catalogue.worst_case("m", 1_000, 500, TODAY, search_queries=2, audio_tokens=300)
    assert worst == 700 * 2_000 + 300 * 3_000 + 500 * 10_000 + 2 * 14_000_000


def test_worst_case_near_the_cliff_takes_the_long_price() -> None:
    catalogue = a_catalogue(a_model("m", CLIFF))
    assert catalogue.worst_case("m", 169_999, 0, TODAY) == 169_999 * 1_000
    assert catalogue.worst_case("m", 170_000, 0, TODAY) == 170_000 * 2_000


def test_worst_case_covers_the_models_it_may_be_rerouted_to_even_before_their_day() -> None:
    dear = replace(PLAIN, output=100 * USD)
    catalogue = a_catalogue(
        a_model("a", rerouted_to="b", rerouted_since=date(2031, 1, 1)),
        a_model("b", rerouted_to="c"),
        a_model("c", dear, rerouted_to="a"),
    )
    assert catalogue.worst_case("a", 0, 1_000, TODAY) == 1_000 * 100_000


def test_worst_case_is_unknown_when_a_price_it_may_need_is() -> None:
    catalogue = a_catalogue(
        a_model("a", rerouted_to="b"), a_model("b", None), a_model("c", replace(PLAIN, search_nano_per_1000=None))
    )
    assert catalogue.worst_case("a", 1, 1, TODAY) is None
    assert catalogue.worst_case("nobody", 1, 1, TODAY) is None
    assert catalogue.worst_case("c", 1, 1, TODAY, search_queries=1) is None
    assert catalogue.worst_case("c", 1, 1, TODAY, service_tier="turbo") is None
    assert catalogue.worst_case("c", 1, 1, TODAY) == 12_000


def test_worst_case_needs_no_cached_price() -> None:
    assert a_catalogue(a_model("m", replace(PLAIN, cached=None))).worst_case("m", 1_000, 0, TODAY) == 2_000_000


ODD = Rates(  # cached dearer than fresh, audio cheaper than text, a long price below the short one
    input=3 * USD,
    cached=4 * USD,
    output=USD,
    audio_input=USD,
    audio_cached=2 * USD,
    long_over=1_000,
    long_input=USD,
    long_cached=USD,
    long_output=USD // 2,
    long_audio_input=USD,
    long_audio_cached=USD,
    search_nano_per_1000=USD,
    search_unit="prompt",
)


@pytest.mark.parametrize("rates", [PLAIN, CLIFF, ODD, replace(PLAIN, batch_cached=USD // 10)])
@pytest.mark.parametrize("service_tier", ["standard", "flex", "batch", "priority"])
def test_worst_case_is_never_below_the_cost_of_a_usage_within_its_bounds(rates: Rates, service_tier: str) -> None:
    draw = random.Random(20261121)
    catalogue = a_catalogue(a_model("m", PLAIN, rerouted_to="other"), a_model("other", rates), a_model("alone", rates))
    for _ in range(1_500):
        limit, room = draw.choice([10, 1_000, 1_100, 170_000, 200_000, 230_000]), draw.randint(0, 5_000)
        audio_limit, search_limit = draw.randint(0, limit), draw.randint(0, 4)
        prompt = draw.choice([limit, draw.randint(0, limit)])
        tool_use = draw.choice([0, draw.randint(0, prompt)])
        given = prompt - tool_use
        thinking = draw.randint(0, room)
        usage = TokenUsage(
            input_tokens=given,
            cached_tokens=draw.choice([0, given, draw.randint(0, given)]),
            output_tokens=draw.randint(0, room - thinking),
            thinking_tokens=thinking,
            tool_use_tokens=tool_use,
            audio_tokens=draw.choice([0, min(given, audio_limit)]),
            search_queries=draw.randint(0, search_limit),
        )
        for asked, served in (("m", "m"), ("m", "other"), ("alone", "alone")):
            worst = catalogue.worst_case(
                *(asked, limit, room, TODAY),
                search_queries=search_limit,
                audio_tokens=audio_limit,
                service_tier=service_tier,
            )
            cost = catalogue.cost(served, usage, TODAY, service_tier)
            assert cost is not None and worst is not None
            assert cost <= worst, (asked, served, usage, limit, room)


# --------------------------------------------------------------------------------------- candidates and resolution


def test_candidates_are_the_tiers_models_in_order() -> None:
    catalogue = a_catalogue(a_model("a"), a_model("b"), flash=("b", "a"))
    found = catalogue.candidates("flash", TODAY)
    assert [candidate.model.id for candidate in found] == ["b", "a"]
    assert [candidate.warning for candidate in found] == [None, None]


def test_a_retired_or_rerouted_candidate_is_skipped_and_named_with_its_day() -> None:
    catalogue = a_catalogue(
        a_model("old", retires=date(2030, 5, 1)),
        a_model("moved", rerouted_to="new", rerouted_since=date(2030, 5, 2)),
        a_model("new"),
        a_model("spare"),
        flash=("old", "moved", "new", "spare"),
    )
    first, second = catalogue.candidates("flash", TODAY)
    assert (first.model.id, second.model.id) == ("new", "spare")
    assert first.warning == (
        "old was shut down on 2030-05-01; moved is rerouted to new since 2030-05-02; tier flash uses new"
    )
    assert second.warning is None


def test_a_model_is_live_until_its_day_comes() -> None:
    catalogue = a_catalogue(
        a_model("a", retires=date(2030, 6, 2)),
        a_model("b", rerouted_to="a", rerouted_since=date(2030, 6, 2)),
        flash=("a", "b"),
    )
    assert len(catalogue.candidates("flash", TODAY)) == 2
    assert catalogue.candidates("flash", date(2030, 6, 2)) == ()


def test_a_live_name_resolves_to_itself_without_a_warning() -> None:
    catalogue = a_catalogue(a_model("m-1"))
    resolution = catalogue.resolve("models/m-1-001", TODAY)
    assert (resolution.model.id, resolution.warning) == ("m-1", None)


def test_a_rerouted_name_resolves_to_where_its_requests_go() -> None:
    catalogue = a_catalogue(
        a_model("a", rerouted_to="b"),
        a_model("b", rerouted_to="c", rerouted_since=date(2030, 5, 1)),
        a_model("c"),
    )
    resolution = catalogue.resolve("a", TODAY)
    assert resolution.model.id == "c"
    assert resolution.warning == "a is rerouted to b; c is used in its place"


def test_a_retired_name_resolves_to_its_tiers_next_candidate() -> None:
    catalogue = a_catalogue(a_model("old", status="shutdown"), a_model("new"), flash=("old", "new"))
    resolution = catalogue.resolve("old", TODAY)
    assert resolution.model.id == "new"
    assert resolution.warning == "old was shut down; new is used in its place"


def test_a_reroute_that_ends_nowhere_falls_back_on_the_tier() -> None:
    catalogue = a_catalogue(
        a_model("a", rerouted_to="b"), a_model("b", rerouted_to="a"), a_model("new"), flash=("new",)
    )
    assert catalogue.resolve("a", TODAY).model.id == "new"


def test_a_gone_model_that_nothing_replaces_is_an_error_that_says_so() -> None:
    catalogue = a_catalogue(a_model("old", status="shutdown", tier=None))
    with pytest.raises(UnknownModel, match="old was shut down, and nothing takes its place"):
        catalogue.resolve("old", TODAY)


def test_an_unknown_name_comes_with_at_most_three_living_suggestions() -> None:
    models = [a_model(f"model-{number}-flash") for number in range(5)]
    catalogue = a_catalogue(*models, a_model("model-9-flash", status="shutdown"))
    with pytest.raises(UnknownModel) as caught:
        catalogue.resolve("model-9-flas", TODAY)
    assert len(caught.value.suggestions) == 3
    assert "model-9-flash" not in caught.value.suggestions
    assert "gemini-agents models" in str(caught.value)
    assert caught.value.suggestions[0] in str(caught.value)


def test_an_unknown_name_without_a_likeness_suggests_nothing() -> None:
    with pytest.raises(UnknownModel) as caught:
        a_catalogue(a_model("model-1")).resolve("zzz", TODAY)
    assert caught.value.suggestions == ()
    assert "mean" not in str(caught.value)


def test_an_override_puts_its_model_first_and_keeps_the_others_behind_it() -> None:
    catalogue = a_catalogue(a_model("a"), a_model("b"), a_model("c"), flash=("a", "b"), pro=("c",))
    changed = catalogue.with_tier_model("flash", "models/c")
    assert changed.tiers["flash"] == ("c", "a", "b")
    assert catalogue.with_tier_model("flash", "b").tiers["flash"] == ("b", "a")
    assert catalogue.tiers["flash"] == ("a", "b")
    with pytest.raises(UnknownModel):
        catalogue.with_tier_model("flash", "nobody")


def test_a_model_works_in_its_own_tier_unless_only_another_lists_it() -> None:
    catalogue = a_catalogue(
        a_model("a", tier="pro"), a_model("b", tier="pro"), a_model("c", tier=None), pro=("b",), lite=("b",)
    )
    assert catalogue.tier_of("a") == "pro"
    assert catalogue.tier_of("b") == "pro"
    assert catalogue.tier_of("c") is None
    assert catalogue.tier_of("nobody") is None
    assert catalogue.with_tier_model("flash", "a").tier_of("models/a") == "flash"


# ---------------------------------------------------------------------------------------------------------- changes


def test_changes_to_come_are_told_soonest_first() -> None:
    july, august = date(2030, 7, 1), date(2030, 8, 1)
    dearer = replace(PLAIN, input=4 * USD, cached=None)
    catalogue = a_catalogue(
        a_model("z", retires=july),
        a_model("moving", rerouted_to="z", rerouted_since=august, reroute_confirmed=False),
        a_model("dear", prices=(PricePeriod(None, july, PLAIN, "s"), PricePeriod(july, None, dearer, "s", False))),
        a_model("ending", prices=(PricePeriod(None, august, PLAIN, "s"),)),
        a_model("past", retires=TODAY),
    )
    assert catalogue.changes_after(TODAY) == [
        Change(july, "dear", "in $2 -> $4, cached $0.20 -> ? (unconfirmed)"),
        Change(july, "z", "shut down"),
        Change(august, "ending", "no price is known from this day on"),
        Change(august, "moving", "rerouted to z, at its price (unconfirmed)"),
    ]
    assert [change.model for change in catalogue.changes_after(july)] == ["ending", "moving"]


def test_the_price_of_a_model_that_is_gone_by_then_is_no_news() -> None:
    july = date(2030, 7, 1)
    periods = (PricePeriod(None, july, PLAIN, "s"), PricePeriod(july, None, CLIFF, "s"))
    assert a_catalogue(a_model("m", rerouted_to="n", prices=periods), a_model("n")).changes_after(TODAY) == []


def test_prices_for_people_keep_what_is_not_known_apart_from_nothing() -> None:
    assert [price_text(nano) for nano in (None, 0, 2 * USD, 75_000_000, 300_000_000)] == [
        "?",
        "$0.00",
        "$2.00",
        "$0.075",
        "$0.30",
    ]


def test_costs_are_monotone_in_every_count() -> None:
    counts = ("input_tokens", "output_tokens", "thinking_tokens", "tool_use_tokens", "search_queries")
    for rates, name in itertools.product((PLAIN, CLIFF), counts):
        usage = TokenUsage(input_tokens=199_990, cached_tokens=50, output_tokens=10, search_queries=1)
        bills = [cost_of(replace(usage, **{name: getattr(usage, name) + more}), rates) for more in (0, 1, 20, 1_000)]
        assert bills == sorted(bill for bill in bills if bill is not None)
