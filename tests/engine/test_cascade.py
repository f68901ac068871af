"""The climb: what is tried after what, what is taken along, and where it ends."""

from typing import Any

import pytest

from gemini_mcp.domain.catalog import TIERS, Catalogue, Tier
from gemini_mcp.domain.errors import (
    AgentError,
    Blocked,
    BudgetExceeded,
    DailyQuotaExhausted,
    DeadlineExceeded,
    KeyRejected,
    ModelNotFound,
    NoAcceptableAnswer,
    QuotaExhausted,
    RequestRejected,
    TooLarge,
    UpstreamError,
    UpstreamUnavailable,
)
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest, WebSource
from gemini_mcp.domain.prompting import AgentPrompt
from gemini_mcp.domain.task import Rejected, Task
from gemini_mcp.engine.cascade import MOST_BEST_ATTEMPT, cascading, steps
from gemini_mcp.engine.ports import Answer, Call

from .conftest import FLASH, LITE, PRO, TODAY, Scripted, Upstream, a_call, a_source, an_answer, an_attempt, today

PROMPT = AgentPrompt.parse("Be brief.\n\n## json\nOnly JSON.\n")
PROMPTS = {"delegate_task": PROMPT}
DOWN = UpstreamUnavailable("Gemini answered 503", "Wait.")


async def climbed(
    catalogue: Catalogue, task: Task, *script: Scripted, call: Call | None = None
) -> tuple[Answer | AgentError, Upstream, Call]:
    upstream, call = Upstream(list(script)), call or a_call()
    try:
        return await cascading(upstream, catalogue, PROMPTS, today)(task, call), upstream, call
    except AgentError as error:
        return error, upstream, call


# ------------------------------------------------------------------------------------------------------------ climbs


async def test_a_good_first_answer_is_the_only_one_paid_for(catalogue: Catalogue) -> None:
    answer, upstream, call = await climbed(catalogue, Task("hi"), an_answer("Hello."))
    assert isinstance(answer, Answer)
    assert (answer.text, answer.tier, upstream.models) == ("Hello.", "lite", [LITE])
    assert [(a.verdict, a.reason) for a in call.attempts] == [("accepted", "the cheapest tier first")]


async def test_json_with_a_type_written_otherwise_is_mended_and_told_and_not_climbed_for(catalogue: Catalogue) -> None:
    task = Task("x", output_schema={"type": "object", "properties": {"price": {"type": "number"}}})
    answer, upstream, call = await climbed(catalogue, task, an_answer('{"price": "5"}'))
    assert isinstance(answer, Answer) and (answer.text, upstream.models) == ('{"price": 5}', [LITE])
    assert call.warnings == ['1 value coerced to the schema\'s types: /price from "5" to 5']


FAILING: list[tuple[str, Task, ModelAnswer, str]] = [
    ("truncated", Task("x"), an_answer("Half", "max_tokens"), "cut off"),
    ("no room", Task("x"), an_answer("", "max_tokens"), "thinking used up"),
    ("stopped", Task("x"), an_answer("", "safety", finish_detail="SAFETY"), "SAFETY"),
    ("empty", Task("x"), an_answer(""), "empty"),
    ("json", Task("x", expect="json"), an_answer("{"), "not JSON"),
    ("schema", Task("x", output_schema={"type": "array"}), an_answer("{}"), "breaks the schema"),
    ("python", Task("x", expect="python"), an_answer("def"), "does not parse"),
    ("diff", Task("x", expect="diff"), an_answer("no diff"), "no hunk"),
    ("refusal", Task("x"), an_answer("I cannot help with that."), "refused"),
    ("arithmetic", Task("x"), an_answer("In all 12 x 34 = 407."), "12 x 34 = 407"),
    ("length", Task("Give 3 reasons."), an_answer("- a\n- b"), "3 items"),
    ("missing", Task("x"), an_answer("I don't see any attached file."), "cannot see the input"),
]


@pytest.mark.parametrize(("task", "bad", "why"), [case[1:] for case in FAILING], ids=[case[0] for case in FAILING])
async def test_an_answer_that_fails_a_check_climbs_and_takes_the_reason_along(
    catalogue: Catalogue, task: Task, bad: ModelAnswer, why: str
) -> None:
    good = {"json": "{}", "python": "x = 1", "diff": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"}.get(
        task.expect, "Good."
    )
    answer, upstream, call = await climbed(catalogue, task, bad, an_answer("[]" if task.output_schema else good))
    assert isinstance(answer, Answer) and answer.tier == "flash"
    assert upstream.models == [LITE, FLASH]
    assert why in upstream.requests[1].prompt and why not in upstream.requests[0].prompt
    assert [a.verdict for a in call.attempts] == ["rejected", "accepted"]
    assert why in call.attempts[0].reason and why in call.attempts[1].reason


async def test_only_the_latest_objection_is_taken_along(catalogue: Catalogue) -> None:
    _, upstream, _ = await climbed(catalogue, Task("x"), an_answer(""), an_answer("Half", "max_tokens"), an_answer())
    assert "cut off" in upstream.requests[2].prompt and "empty answer" not in upstream.requests[2].prompt


async def test_an_answer_cut_short_gets_twice_the_room_on_the_next_tier(catalogue: Catalogue) -> None:
    _, plain, _ = await climbed(catalogue, Task("x"), an_answer(""), an_answer())
    _, roomy, _ = await climbed(catalogue, Task("x"), an_answer("Half", "max_tokens"), an_answer())
    assert roomy.requests[1].max_output_tokens == 2 * plain.requests[1].max_output_tokens


async def test_a_tier_whose_answer_was_turned_down_is_left_with_all_its_candidates(catalogue: Catalogue) -> None:
    _, upstream, _ = await climbed(catalogue, Task("x"), an_answer(""), an_answer(""), an_answer())
    assert [catalogue.tier_of(model) for model in upstream.models] == ["lite", "flash", "pro"]


async def test_progress_tells_each_step_and_why(catalogue: Catalogue) -> None:
    told: list[str] = []

    async def progress(message: str) -> None:
        told.append(message)

    await climbed(catalogue, Task("x"), an_answer(""), an_answer(), call=a_call(progress=progress))
    assert told == [f"lite: asking {LITE}", f"flash: asking {FLASH}; empty answer"]


# ------------------------------------------------------------------------------------------------------------- start


@pytest.mark.parametrize("tier", TIERS)
async def test_a_tier_that_was_asked_for_is_where_the_climb_starts(catalogue: Catalogue, tier: Tier) -> None:
    _, upstream, call = await climbed(catalogue, Task("x", tier=tier), an_answer())
    assert catalogue.tier_of(upstream.models[0]) == tier == call.tier


async def test_a_pinned_model_is_the_only_one_asked(catalogue: Catalogue) -> None:
    error, upstream, call = await climbed(catalogue, Task("x", pinned_model=FLASH), an_answer(""))
    assert isinstance(error, NoAcceptableAnswer)
    assert (upstream.models, call.attempts[0].tier) == ([FLASH], "flash")


async def test_a_pinned_model_that_is_down_is_not_replaced(catalogue: Catalogue) -> None:
    error, upstream, _ = await climbed(catalogue, Task("x", pinned_model=FLASH), DOWN)
    assert isinstance(error, UpstreamUnavailable) and upstream.models == [FLASH]


async def test_a_pinned_model_that_is_rerouted_says_so(catalogue: Catalogue) -> None:
    _, upstream, call = await climbed(catalogue, Task("x", pinned_model="gemini-3.7-flash"), an_answer())
    assert upstream.models == [FLASH]
    assert any("rerouted" in warning for warning in call.warnings)


async def test_a_follow_up_starts_a_tier_up_with_the_answer_and_the_feedback(catalogue: Catalogue) -> None:
    rejected = Rejected("r_1", "OLD ANSWER", "TEST FAILED", "lite")
    _, upstream, call = await climbed(catalogue, Task("x", rejected=rejected), an_answer())
    assert upstream.models == [FLASH]
    assert "OLD ANSWER" in upstream.requests[0].prompt and "TEST FAILED" in upstream.requests[0].prompt
    assert "the caller rejected the lite answer" in call.attempts[0].reason


def test_the_steps_are_the_live_candidates_from_the_start_up(catalogue: Catalogue) -> None:
    planned = steps(Task("x"), "flash", catalogue, TODAY)
    expected = [c.model.id for tier in ("flash", "pro") for c in catalogue.candidates(tier, TODAY)]
    assert [step.model.id for step in planned] == expected


# ------------------------------------------------------------------------------------------------------------ errors


@pytest.mark.parametrize("kind", [UpstreamUnavailable, ModelNotFound, QuotaExhausted, DailyQuotaExhausted])
async def test_an_error_that_escalates_moves_on_to_the_tiers_next_candidate(
    catalogue: Catalogue, kind: type[UpstreamError]
) -> None:
    answer, upstream, call = await climbed(catalogue, Task("x"), kind("it is down", "Wait."), an_answer())
    second = catalogue.candidates("lite", TODAY)[1].model.id
    assert isinstance(answer, Answer) and answer.tier == "lite"
    assert upstream.models == [LITE, second]
    assert any(LITE in warning and "it is down" in warning for warning in call.warnings)


async def test_a_tier_whose_candidates_are_all_down_is_followed_by_the_next(catalogue: Catalogue) -> None:
    lite = len(catalogue.candidates("lite", TODAY))
    answer, upstream, _ = await climbed(catalogue, Task("x"), *[DOWN] * lite, an_answer())
    assert isinstance(answer, Answer) and answer.tier == "flash" and len(upstream.models) == lite + 1


@pytest.mark.parametrize("kind", [KeyRejected, Blocked, RequestRejected, DeadlineExceeded])
async def test_an_error_that_no_other_model_mends_is_raised_at_once(
    catalogue: Catalogue, kind: type[UpstreamError]
) -> None:
    error, upstream, _ = await climbed(catalogue, Task("x"), kind("no", "Mend it."))
    assert type(error) is kind and upstream.models == [LITE]


async def test_when_every_model_is_down_the_last_error_is_raised(catalogue: Catalogue) -> None:
    every = sum(len(catalogue.candidates(tier, TODAY)) for tier in TIERS)
    last = UpstreamUnavailable("the last one", "Wait.")
    error, upstream, _ = await climbed(catalogue, Task("x"), *[DOWN] * (every - 1), last)
    assert error is last and len(upstream.models) == every


async def test_an_error_after_an_answer_was_turned_down_still_gives_the_best_attempt(catalogue: Catalogue) -> None:
    above = sum(len(catalogue.candidates(tier, TODAY)) for tier in ("flash", "pro"))
    error, _, _ = await climbed(catalogue, Task("x", expect="json"), an_answer("almost"), *[DOWN] * above)
    assert isinstance(error, NoAcceptableAnswer) and error.best == "almost"


async def test_an_early_error_does_not_hide_that_the_last_answers_failed(catalogue: Catalogue) -> None:
    error, upstream, _ = await climbed(catalogue, Task("x"), DOWN, an_answer(""), an_answer(""), an_answer(""))
    assert len(upstream.models) == 4
    assert isinstance(error, NoAcceptableAnswer)


# --------------------------------------------------------------------------------------------------------------- top


async def test_when_the_top_fails_too_the_last_answer_is_given_with_the_reason_and_the_cost(
    catalogue: Catalogue,
) -> None:
    texts = ["{", "[", "{{"]
    error, _, call = await climbed(catalogue, Task("x", expect="json"), *map(an_answer, texts))
    assert isinstance(error, NoAcceptableAnswer)
    assert error.best == "{{" and "not JSON" in error.message and "$0.000003" in error.message
    assert [a.verdict for a in call.attempts] == ["rejected"] * 3


async def test_an_empty_last_answer_leaves_the_best_of_those_before(catalogue: Catalogue) -> None:
    error, _, _ = await climbed(catalogue, Task("x"), an_answer("Half", "max_tokens"), an_answer(""), an_answer(""))
    assert isinstance(error, NoAcceptableAnswer) and error.best == "Half"


async def test_a_best_attempt_is_not_longer_than_can_be_shown(catalogue: Catalogue) -> None:
    long = "x" * (MOST_BEST_ATTEMPT + 1)
    error, _, _ = await climbed(catalogue, Task("x", expect="json"), *[an_answer(long)] * 3)
    assert isinstance(error, NoAcceptableAnswer) and len(error.best) == MOST_BEST_ATTEMPT


# ------------------------------------------------------------------------------------------------------------- money


async def test_a_budget_that_ends_in_mid_climb_says_what_failed_below(catalogue: Catalogue) -> None:
    answers: list[Any] = [an_answer("{")]

    async def generate(request: ModelRequest, call: Call) -> ModelAnswer:
        if not answers:
            raise BudgetExceeded("$0.0001 is left", "Raise max_cost_usd.")
        an_attempt(call, request.model, call.tier, cost_nano=1_000)
        made: ModelAnswer = answers.pop()
        return made

    call = a_call()
    with pytest.raises(BudgetExceeded) as caught:
        await cascading(generate, catalogue, PROMPTS, today)(Task("x", expect="json"), call)
    assert "lite answer failed" in caught.value.message and "not JSON" in caught.value.message
    assert "$0.0001 is left" in caught.value.message and caught.value.fix == "Raise max_cost_usd."
    assert caught.value.best == "{"
    assert call.attempts[0].verdict == "rejected"


async def test_a_budget_too_small_for_the_first_attempt_is_told_as_it_is(catalogue: Catalogue) -> None:
    async def generate(request: ModelRequest, call: Call) -> ModelAnswer:
        raise BudgetExceeded("too little", "Raise it.")

    with pytest.raises(BudgetExceeded, match="too little"):
        await cascading(generate, catalogue, PROMPTS, today)(Task("x"), a_call())


async def test_the_cost_of_an_answer_is_that_of_the_whole_climb(catalogue: Catalogue) -> None:
    answer, _, call = await climbed(catalogue, Task("x"), an_answer(""), an_answer())
    assert isinstance(answer, Answer) and answer.cost_nano == 2_000 == call.spent_nano


async def test_the_baseline_is_the_accepted_answers_tokens_on_the_pro_tier(catalogue: Catalogue) -> None:
    answer, _, call = await climbed(catalogue, Task("x"), an_answer())
    usage = call.attempts[0].usage
    assert isinstance(answer, Answer) and usage is not None
    assert answer.baseline_nano == catalogue.cost(PRO, usage, TODAY)


async def test_a_cost_with_an_unknown_part_is_unknown(catalogue: Catalogue) -> None:
    async def generate(request: ModelRequest, call: Call) -> ModelAnswer:
        an_attempt(call, request.model, call.tier, cost_nano=None)
        return an_answer()

    answer = await cascading(generate, catalogue, PROMPTS, today)(Task("x"), a_call())
    assert answer.cost_nano is None


# ----------------------------------------------------------------------------------------------------------- request


async def test_a_request_carries_the_form_the_limits_and_the_thinking_of_its_tier(catalogue: Catalogue) -> None:
    schema = {"type": "array"}
    task = Task("x", expect="json", output_schema=schema, web_search=True)
    _, upstream, _ = await climbed(catalogue, task, an_answer("{}"), an_answer("{}"), an_answer("[]"))
    lite, flash, pro = upstream.requests
    assert [request.thinking_level for request in upstream.requests] == ["minimal", "low", None]
    assert (lite.json_mode, lite.json_schema, lite.web_search) == (True, schema, True)
    assert lite.max_output_tokens < flash.max_output_tokens <= pro.max_output_tokens
    assert lite.system.startswith("Be brief.")


async def test_the_estimate_of_the_input_covers_the_prompt_the_instructions_and_the_reason(
    catalogue: Catalogue,
) -> None:
    source = a_source("word " * 4_000)
    _, upstream, _ = await climbed(catalogue, Task("x", sources=(source,)), an_answer(""), an_answer())
    first, second = upstream.requests
    assert first.estimated_input_tokens > 4_000
    assert second.estimated_input_tokens > first.estimated_input_tokens


async def test_a_large_schema_counts_as_input(catalogue: Catalogue) -> None:
    schema = {"type": "object", "properties": {f"property_{n}": {"type": "string"} for n in range(1_000)}}
    _, plain, _ = await climbed(catalogue, Task("x", output_schema={}), an_answer("{}"))
    _, large, _ = await climbed(catalogue, Task("x", output_schema=schema), an_answer("{}"))
    assert large.requests[0].estimated_input_tokens > plain.requests[0].estimated_input_tokens + 5_000


async def test_what_fits_no_model_is_too_large_and_nothing_is_sent(catalogue: Catalogue) -> None:
    source = a_source("0123456789" * 150_000)
    error, upstream, call = await climbed(catalogue, Task("x", sources=(source,)))
    assert (upstream.models, call.attempts) == ([], [])
    assert isinstance(error, AgentError) and error.code == TooLarge.code


async def test_the_pages_a_search_named_come_with_the_answer(catalogue: Catalogue) -> None:
    found = an_answer(web_sources=(WebSource("A page", "https://example.com/a"),))
    answer, _, _ = await climbed(catalogue, Task("x", web_search=True), found)
    assert isinstance(answer, Answer) and answer.web_sources == (("A page", "https://example.com/a"),)


async def test_an_answer_is_handed_on_bare(catalogue: Catalogue) -> None:
    answer, _, _ = await climbed(catalogue, Task("x", expect="json"), an_answer('```json\n{"a": 1}\n```'))
    assert isinstance(answer, Answer) and answer.text == '{"a": 1}'
