"""Where a task starts, and the room and thinking that an attempt is given, on the catalogue that ships."""

from typing import Any

import pytest

from gemini_mcp.domain.catalog import TIERS, Catalogue, Tier
from gemini_mcp.domain.families import LONG_INPUT_TOKENS, family_of
from gemini_mcp.domain.routing import (
    ANSWER_TOKENS,
    HARD_FORM_INPUT_TOKENS,
    MOST_OUTPUT_TOKENS,
    THINKING_TOKENS,
    look,
    output_limit,
    thinking_budget,
    thinking_level,
)
from gemini_mcp.domain.task import Expect, Rejected, Task
from gemini_mcp.gemini.catalog import load_catalogue

SCHEMA: dict[str, Any] = {"type": "object"}


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue(None)


# ----------------------------------------------------------------------------------------------------------- family


@pytest.mark.parametrize(
    ("task", "input_tokens", "family"),
    [
        (Task("x"), 10, "text"),
        (Task("x", expect="markdown"), 10, "text"),
        (Task("x"), LONG_INPUT_TOKENS + 1, "long_text"),
        (Task("x", expect="json"), 10, "json"),
        (Task("x", expect="python"), LONG_INPUT_TOKENS + 1, "python"),
        (Task("x", expect="diff"), 10, "diff"),
        (Task("x", output_schema=SCHEMA), 10, "schema"),
        (Task("x", expect="json", output_schema=SCHEMA), 10, "schema"),
        (Task("x", web_search=True), LONG_INPUT_TOKENS + 1, "search"),
        (Task("x", web_search=True, output_schema=SCHEMA), 10, "schema"),
    ],
)
def test_a_family_is_the_form_first_then_the_tools_then_the_size(task: Task, input_tokens: int, family: str) -> None:
    assert family_of(task, input_tokens) == family


# ------------------------------------------------------------------------------------------------------------ start


@pytest.mark.parametrize("expect", ["text", "markdown", "json", "python", "diff"])
def test_every_small_task_starts_on_the_cheapest_tier(expect: Expect) -> None:
    assert look(Task("x", expect=expect), 100).start == "lite"


def test_a_diff_against_much_code_starts_on_flash() -> None:
    assert look(Task("x", expect="diff"), HARD_FORM_INPUT_TOKENS).start == "lite"
    assert look(Task("x", expect="diff"), HARD_FORM_INPUT_TOKENS + 1).start == "flash"


@pytest.mark.parametrize("tier", TIERS)
def test_a_tier_that_was_asked_for_is_where_it_starts(tier: Tier) -> None:
    looked = look(Task("x", expect="diff", tier=tier), HARD_FORM_INPUT_TOKENS + 1)
    assert (looked.start, looked.reason) == (tier, "asked for")


def rejection(tier: Tier | None) -> Rejected:
    return Rejected("r_1", "the answer", "a test fails", tier)


@pytest.mark.parametrize(("tier", "start"), [("lite", "flash"), ("flash", "pro"), ("pro", "pro"), (None, "flash")])
def test_a_rejected_answer_is_followed_up_a_tier_higher(tier: Tier | None, start: Tier) -> None:
    assert look(Task("x", rejected=rejection(tier)), 10).start == start


def test_a_follow_up_starts_no_lower_than_the_tier_that_was_asked_for() -> None:
    assert look(Task("x", tier="pro", rejected=rejection("lite")), 10).start == "pro"
    assert look(Task("x", tier="lite", rejected=rejection("flash")), 10).start == "pro"


# ------------------------------------------------------------------------------------------------------------- room


@pytest.mark.parametrize(("tier", "model"), [("lite", "gemini-3.5-flash-lite"), ("flash", "gemini-3.8-flash")])
@pytest.mark.parametrize("expect", ["text", "markdown", "json", "python", "diff"])
def test_thinking_has_room_of_its_own_beside_the_answer(
    catalogue: Catalogue, expect: Expect, tier: Tier, model: str
) -> None:
    limit = output_limit(Task("x", expect=expect), tier, catalogue.models[model], more_room=False)
    assert limit == ANSWER_TOKENS[expect] + THINKING_TOKENS[tier]


def test_a_schema_gets_the_room_of_json(catalogue: Catalogue) -> None:
    model = catalogue.models["gemini-3.5-flash-lite"]
    task = Task("x", output_schema=SCHEMA)
    assert output_limit(task, "lite", model, more_room=False) == ANSWER_TOKENS["json"] + THINKING_TOKENS["lite"]


def test_a_model_that_does_not_think_gets_no_room_for_it(catalogue: Catalogue) -> None:
    gemma = catalogue.models["gemma-4-31b-it"]
    assert output_limit(Task("x"), "lite", gemma, more_room=False) == ANSWER_TOKENS["text"]


def test_an_answer_that_was_cut_short_is_given_twice_the_room(catalogue: Catalogue) -> None:
    model = catalogue.models["gemini-3.5-flash-lite"]
    once, twice = (output_limit(Task("x"), "lite", model, more_room=more) for more in (False, True))
    assert twice == 2 * once


@pytest.mark.parametrize("more_room", [False, True])
@pytest.mark.parametrize("expect", ["text", "diff"])
@pytest.mark.parametrize("tier", TIERS)
def test_no_limit_is_over_what_a_model_gives(catalogue: Catalogue, tier: Tier, expect: Expect, more_room: bool) -> None:
    for model in catalogue.models.values():
        limit = output_limit(Task("x", expect=expect), tier, model, more_room=more_room)
        assert 0 < limit <= min(model.output_tokens, MOST_OUTPUT_TOKENS)


# --------------------------------------------------------------------------------------------------------- thinking


@pytest.mark.parametrize(
    ("name", "tier", "level"),
    [
        ("gemini-3.5-flash-lite", "lite", "minimal"),
        ("gemini-3.5-flash-lite", "flash", "low"),
        ("gemini-3.5-flash-lite", "pro", None),
        ("gemini-3.8-flash", "lite", "low"),
        ("gemini-3.8-flash", "flash", "low"),
        ("gemini-4-argon", "lite", "low"),
        ("gemini-4-argon", "flash", "low"),
        ("gemini-4-argon", "pro", None),
        ("gemini-2.5-pro", "flash", None),
        ("gemma-4-31b-it", "flash", None),
    ],
)
def test_the_level_is_least_on_lite_low_on_flash_and_the_models_own_on_pro(
    catalogue: Catalogue, name: str, tier: Tier, level: str | None
) -> None:
    assert thinking_level(catalogue.models[name], tier) == level


@pytest.mark.parametrize(
    ("name", "tier", "budget"),
    [
        ("gemini-2.5-flash-lite", "lite", 0),
        ("gemini-2.5-flash", "flash", 8_192),
        ("gemini-2.5-pro", "lite", 2_048),
        ("gemini-2.5-pro", "pro", 16_384),
        ("gemini-3.5-flash-lite", "lite", None),
        ("gemini-4-argon", "pro", None),
        ("gemma-4-31b-it", "lite", None),
    ],
)
def test_the_budget_is_none_on_lite_where_it_can_be_off_and_else_the_tiers_room(
    catalogue: Catalogue, name: str, tier: Tier, budget: int | None
) -> None:
    assert thinking_budget(catalogue.models[name], tier) == budget


@pytest.mark.parametrize("tier", TIERS)
def test_no_model_is_sent_what_it_forbids_or_two_ways_of_thinking_at_once(catalogue: Catalogue, tier: Tier) -> None:
    for model in catalogue.models.values():
        level, budget = thinking_level(model, tier), thinking_budget(model, tier)
        forbidden = {name.lower() for name in model.forbids}
        assert level is None or budget is None
        assert level is None or (level in model.thinking.levels and level.lower() not in forbidden)
        assert budget is None or "thinking_budget" not in forbidden
        if budget:
            assert (model.thinking.minimum_budget or 0) <= budget <= (model.thinking.maximum_budget or budget)
