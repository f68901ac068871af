"""The checks against right and wrong answers of many kinds: no false alarm, and what is wrong is caught in words."""

# ruff: noqa: RUF001 - the signs of arithmetic look like letters

import random
from collections import Counter
from typing import Any

import pytest

from gemini_mcp.domain.forms import unwrap
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.checks import CHECKS, Objection, check_answer

from .answers_right import APP, LOG, PDF, right_answers
from .answers_wrong import wrong_answers
from .conftest import an_answer

RIGHT, WRONG = right_answers(), wrong_answers()
NEW = {"code", "language", "length", "citations", "arithmetic", "totals"}
LONG = 130_000


def judged(instruction: str, text: str, **task: Any) -> Objection | None:
    asked = Task(instruction, **task)
    return check_answer(asked, an_answer(text), unwrap(asked, text))


def test_the_corpus_is_large_enough_to_say_something() -> None:
    caught = Counter(check for check, *_ in WRONG)
    assert len(RIGHT) >= 150 and len(WRONG) >= 100
    assert all(caught[check] >= 8 for check in NEW)
    assert {name for name, _ in CHECKS} >= NEW


@pytest.mark.parametrize(("instruction", "text", "more"), RIGHT, ids=[f"{n}" for n in range(len(RIGHT))])
def test_nothing_objects_to_a_right_answer(instruction: str, text: str, more: dict[str, Any]) -> None:
    assert judged(instruction, text, **more) is None


@pytest.mark.parametrize(("check", "instruction", "text", "words", "more"), WRONG)
def test_a_wrong_answer_is_caught_in_words_that_say_what_to_mend(
    check: str, instruction: str, text: str, words: str, more: dict[str, Any]
) -> None:
    found = judged(instruction, text, **more)
    assert found and found.check == check and words in found.reason
    assert "\n" not in found.reason and len(found.reason) < 400


def test_of_very_many_equations_and_quotes_only_the_first_are_looked_at() -> None:
    right, wrong = "12 x 34 = 408\n", "12 x 34 = 409\n"
    assert judged("Work it out.", right * 299 + wrong)
    assert judged("Work it out.", right * 300 + wrong) is None
    said, unsaid = "the number was far too large to handle", "the number was much too small to handle"
    quoted, made_up = f'"{said}" [run.log:3]\n', f'"{unsaid}" [run.log:3]\n'
    assert judged("What is it?", quoted * 59 + made_up, sources=(LOG,))
    assert judged("What is it?", quoted * 60 + made_up, sources=(LOG,)) is None


# ----------------------------------------------------------------------------------------------------- whatever comes

ASKED = (
    "Work it out.",
    "Answer in German.",
    "Give 3 reasons.",
    "Answer in two sentences.",
    "Answer in at most 50 words.",
    "Write a Python function, a JSON file, a TOML file and an XML file.",
)
PIECES = (
    *"0123456789+-*/=×÷^%()[]{}|\"'`~.,:;!?$€#<>&\\_ \n\t",
    *(
        "12",
        "3.5",
        "1,200",
        " = ",
        " km",
        " of ",
        "x",
        "```",
        "```python\n",
        "```xml\n",
        "| a | 1 |\n",
        "| Total | 2 |\n",
    ),
    *(
        "|---|---|\n",
        "- ",
        "1. ",
        "[app.py:",
        "[book.pdf p. 9]",
        "“",
        "”",
        "und",
        " the ",
        "é",
        "中",
        "́",
        "\x00",
        "\ud83d",
    ),
    *("10^64", "9e99", "<!ENTITY", "²", "\u00a0", "I cannot ", "No veo ", "...", "…", "**", "&a;"),
)


@pytest.mark.parametrize("seed", range(200))
def test_no_check_raises_whatever_the_text(seed: int) -> None:
    chance = random.Random(seed)
    text = "".join(chance.choices(PIECES, k=chance.choice((5, 40, 300))))
    found = judged(chance.choice(ASKED), text, sources=(APP, LOG, PDF) if seed % 2 else ())
    assert found is None or ("\n" not in found.reason and len(found.reason) < 400)


HOSTILE = (
    *'0([{*`"“«|=$<-. \n',
    *(
        "1+",
        "(1",
        "1,234",
        "1 = ",
        "a=1+1 ",
        "2^64*",
        "9" * 20 + "*",
        "- a\n",
        "| 1 ",
        "|",
        "| a | 1 |\n",
        "```\n",
        "~~~",
    ),
    *(
        "[a.py:1] ",
        "[app.py:9",
        '"aaaa bbbb cccc dddd eeee ffff" [app.py:1] ',
        "a.a",
        "a/",
        "a.py:1 ",
        "[a",
        "[app.py p. 1]",
    ),
    *(
        "Mr. ",
        "a! ",
        "aaaa. Aa ",
        "I cannot ",
        "the und ",
        "1. a\n",
        "**",
        "$1",
        "10%",
        "1 km = 1 m ",
        "( ",
        ") ",
        "1 - ",
    ),
    *("\\times", "<a>", "[[", "{", '{"a":', "'", "1e9", "1.1.", "1'000", "²", "“a”", "```xml\n<a>", "#", "~"),
)


@pytest.mark.parametrize("unit", HOSTILE)
def test_every_check_comes_to_an_end_on_a_long_hostile_answer(unit: str) -> None:
    text = "ab. " + (unit * (LONG // len(unit) + 1))[:LONG] + " a1"
    for asked in ASKED:
        found = judged(asked, text, sources=(APP, LOG, PDF))
        assert found is None or len(found.reason) < 400
