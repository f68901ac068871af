"""What is seen of tasks and answers, as features."""

import math

import pytest

from gemini_mcp.domain.families import family_of
from gemini_mcp.domain.signals import Signals, compared, seen, traits
from gemini_mcp.domain.task import Task


def test_a_task_is_told_by_family_length_digits_and_words() -> None:
    told = traits("number", "Suppose x = 3 * 4. Which is NOT a divisor of x?")
    assert told[:2] == ("base", "family number") and "task length 0" in told
    assert {"task negated", "task supposes", "task formulas"} <= set(told)
    assert "task statements" not in told


def test_each_feature_comes_once() -> None:
    told = traits("text", "if if if not not 1 + 1 = 2, 2 + 2 = 4 " * 400)
    assert len(told) == len(set(told))


@pytest.mark.parametrize(
    ("signals", "features"),
    [
        (Signals(), ()),
        (Signals(objection="empty", formed=True, characters=9), ("turned down",)),
        (Signals(formed=False), ("form wrong",)),
        (Signals(characters=0), ("answer length 0",)),
        (Signals(characters=10**7), ("answer length 12",)),
        (Signals(hedges=2), ("hedges 2",)),
        (Signals(confidence=-0.2), ("confidence 3",)),
        (Signals(confidence=math.nan), ()),
        (Signals(tests=True, agrees=False), ("tests passed",)),
    ],
)
def test_an_answer_is_told_by_what_was_looked_at(signals: Signals, features: tuple[str, ...]) -> None:
    assert seen(signals) == features


def test_a_second_opinion_is_weighed_with_all_else_that_is_seen() -> None:
    told = compared("choice", ("form right", "hedges 0"), False)
    assert told[:4] == ("form right", "hedges 0", "second differs", "second differs, family choice")
    assert told[4:] == ("second differs, form right", "second differs, hedges 0")


@pytest.mark.parametrize(
    ("task", "family"),
    [
        (Task("Say hello."), "text"),
        (Task("x", family="review"), "review"),
        (Task("Extract all names.", output_schema={"type": "object"}), "schema"),
        (Task("Translate this into French.", expect="json"), "json"),
        (Task("Who won?", web_search=True), "search"),
        (Task("Which one?\n(A) a pier\n(B) a ship\nAnswer with the letter only."), "choice"),
        (Task("Is the harbour open? Answer yes or no."), "yes_no"),
        (Task("Translate the letter into Finnish."), "translation"),
        (Task("Summarise what the council decided."), "summary"),
        (Task("Write a function that adds up the tides."), "code"),
        (Task("Extract every date and place."), "extraction"),
        (Task("Classify these complaints by department."), "classification"),
        (Task("Rewrite this paragraph for a child."), "rewriting"),
        (Task("Explain how locks work."), "explanation"),
    ],
    ids=lambda value: value if isinstance(value, str) else None,
)
def test_a_family_is_the_first_that_fits(task: Task, family: str) -> None:
    assert family_of(task, 100) == family
