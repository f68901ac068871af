"""Second opinions on closed questions: who is asked, what follows, and that nothing ever depends on getting one."""

from decimal import Decimal
from typing import Any

import pytest

from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.errors import AgentError, BudgetExceeded, UpstreamUnavailable
from gemini_mcp.domain.prompting import AgentPrompt
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.cascade import cascading
from gemini_mcp.engine.ports import Answer, Call
from gemini_mcp.engine.receipts import receipt, receipt_line

from .conftest import FLASH, LITE, PRO, Scripted, Upstream, a_call, an_answer, today

PROMPTS = {"delegate_task": AgentPrompt.parse("Be brief."), "analyze_image": AgentPrompt.parse("Look.")}
OTHER_LITE = "gemini-3.1-flash-lite"
QUESTION = Task("Which is a harbour?\n(A) a hill\n(B) a port\n(C) a lake\nAnswer with the letter only.")
A, B, C = (an_answer(letter) for letter in "ABC")
DOWN = UpstreamUnavailable("Gemini answered 503", "Wait.")


async def asked(
    catalogue: Catalogue, *script: Scripted, task: Task = QUESTION, seconding: bool = True
) -> tuple[Answer | AgentError, Upstream, Call]:
    upstream, call = Upstream(list(script)), a_call()
    try:
        answer = await cascading(upstream, catalogue, PROMPTS, today, seconding=seconding)(task, call)
        return answer, upstream, call
    except AgentError as error:
        return error, upstream, call


def told(call: Call) -> list[tuple[str, str | None, str]]:
    return [(attempt.model, attempt.verdict, attempt.reason) for attempt in call.attempts]


async def test_one_that_agrees_settles_it(catalogue: Catalogue) -> None:
    answer, upstream, call = await asked(catalogue, B, an_answer("The answer is (B)."))
    assert isinstance(answer, Answer) and (answer.text, answer.tier) == ("B", "lite")
    assert upstream.models == [LITE, OTHER_LITE]
    assert told(call)[1] == (OTHER_LITE, "accepted", "second opinion: agrees")
    assert upstream.requests[0].prompt == upstream.requests[1].prompt, "independent: it knows of no other answer"


async def test_one_that_differs_climbs_and_the_tier_above_is_asked_afresh(catalogue: Catalogue) -> None:
    answer, upstream, call = await asked(catalogue, A, B, B)
    assert isinstance(answer, Answer) and (answer.text, answer.tier) == ("B", "flash")
    assert upstream.models == [LITE, OTHER_LITE, FLASH]
    assert told(call)[0][1] == "rejected" and "a second opinion differs" in told(call)[0][2]
    assert told(call)[1] == (OTHER_LITE, "rejected", "second opinion: differs")
    assert told(call)[2][1] == "accepted" and "climbed: a second opinion differs" in told(call)[2][2]
    assert upstream.requests[2].prompt == upstream.requests[0].prompt


async def test_three_answers_that_all_differ_go_no_further_than_the_tier_above(catalogue: Catalogue) -> None:
    answer, upstream, _ = await asked(catalogue, A, B, C)
    assert isinstance(answer, Answer) and (answer.text, answer.tier) == ("C", "flash")
    assert upstream.models == [LITE, OTHER_LITE, FLASH]


@pytest.mark.parametrize(
    "second",
    [DOWN, BudgetExceeded("the budget is spent", "Wait."), an_answer(""), an_answer("B or C"), an_answer("Who knows?")],
    ids=["unavailable", "no money", "empty", "two answers", "no answer"],
)
async def test_one_that_cannot_be_had_or_read_changes_nothing(catalogue: Catalogue, second: Any) -> None:
    if isinstance(second, BudgetExceeded):

        class Poor(Upstream):
            async def __call__(self, request: Any, call: Call) -> Any:
                if request.model == OTHER_LITE:
                    self.requests.append(request)
                    raise second
                return await super().__call__(request, call)

        upstream: Upstream = Poor([B])
        call = a_call()
        answer: Any = await cascading(upstream, catalogue, PROMPTS, today, seconding=True)(QUESTION, call)
    else:
        answer, upstream, call = await asked(catalogue, B, second)
    assert isinstance(answer, Answer) and (answer.text, answer.tier) == ("B", "lite")
    assert upstream.models == [LITE, OTHER_LITE] and told(call)[0][1] == "accepted"


@pytest.mark.parametrize(
    "task",
    [
        Task("Tell me about harbours."),
        Task(QUESTION.instruction, tier="flash"),
        Task(QUESTION.instruction, pinned_model=LITE),
        Task(QUESTION.instruction, web_search=True),
    ],
    ids=["open", "asked of flash", "pinned", "searched"],
)
async def test_nobody_else_is_asked(catalogue: Catalogue, task: Task) -> None:
    answer, upstream, _ = await asked(catalogue, B, task=task)
    assert isinstance(answer, Answer) and len(upstream.models) == 1


async def test_nobody_else_is_asked_where_it_is_switched_off(catalogue: Catalogue) -> None:
    _, upstream, _ = await asked(catalogue, B, seconding=False)
    assert upstream.models == [LITE]


async def test_nobody_else_is_asked_about_an_answer_that_failed_its_check(catalogue: Catalogue) -> None:
    _, upstream, _ = await asked(catalogue, an_answer(""), B)
    assert upstream.models == [LITE, FLASH]


@pytest.mark.parametrize("above", [[DOWN, DOWN, DOWN, DOWN], [an_answer(""), an_answer("")]], ids=["down", "empty"])
async def test_an_answer_that_was_merely_doubted_stands_when_nothing_above_does_better(
    catalogue: Catalogue, above: list[Scripted]
) -> None:
    answer, upstream, call = await asked(catalogue, A, B, *above)
    assert isinstance(answer, Answer) and (answer.text, answer.tier, call.tier) == ("A", "lite", "lite")
    assert upstream.models[2:3] == [FLASH] and told(call)[0][1] == "accepted"
    assert any("the lite answer stands" in warning for warning in call.warnings)


async def test_an_unreadable_answer_to_a_closed_question_is_no_reason_to_climb(catalogue: Catalogue) -> None:
    answer, upstream, _ = await asked(catalogue, an_answer("A port is where ships lie."))
    assert isinstance(answer, Answer) and answer.tier == "lite" and upstream.models == [LITE]


async def test_the_receipt_tells_of_the_second_opinion_and_pays_for_it(catalogue: Catalogue) -> None:
    answer, _, call = await asked(catalogue, B, B)
    assert isinstance(answer, Answer)
    line = receipt_line(call, answer)
    assert line.startswith(f"[{LITE} · lite · 2,000 in / 400 out · ")
    assert f"second opinion: agrees ({OTHER_LITE})" in line
    whole = receipt(call, answer)
    assert len(whole["attempts"]) == 2 and Decimal(whole["cost_usd"]) == Decimal("0.000002")


async def test_what_was_judged_is_noted_for_learning(catalogue: Catalogue) -> None:
    _, _, call = await asked(catalogue, A, B, B)
    lite, flash = call.judged
    assert (lite.tier, lite.given, lite.agrees, lite.family) == ("lite", "A", False, "choice")
    assert (flash.tier, flash.given, flash.agrees) == ("flash", "B", True)
    assert "form right" in lite.seen and lite.traits[1] == "family choice" and PRO not in (lite.model, flash.model)
