"""The checks on an answer: what they catch, and above all what they must let pass."""

import json
import warnings
from dataclasses import replace
from typing import Any

import pytest

from gemini_mcp.domain.forms import unwrap
from gemini_mcp.domain.messages import FinishReason, ModelAnswer
from gemini_mcp.domain.task import Expect, Task
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.checks import CHECKS, Objection, check_answer

from .conftest import a_source, an_answer

PROSE = "The parser reads one token at a time and never looks back. "
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 0}},
    "required": ["name"],
    "additionalProperties": False,
}


def judged(text: str, expect: Expect = "text", finish: FinishReason = "stop", **task: Any) -> Objection | None:
    asked = Task("x", expect=expect, **task)
    answer = an_answer(text, finish)
    return check_answer(asked, answer, unwrap(asked, text))


def test_every_check_has_a_name_of_its_own() -> None:
    assert len({name for name, _ in CHECKS}) == len(CHECKS)


# -------------------------------------------------------------------------------------------- complete and not empty


@pytest.mark.parametrize("text", ["", " \n\t ", "\n\n"])
def test_an_empty_answer_is_turned_down(text: str) -> None:
    found = judged(text)
    assert found and (found.check, found.cut_short) == ("empty", False)


def test_an_answer_cut_off_at_the_limit_wants_more_room() -> None:
    found = judged(PROSE * 50, finish="max_tokens")
    assert found and found.check == "truncated" and found.cut_short and "cut off" in found.reason


def test_thinking_that_left_no_answer_is_told_from_an_answer_cut_off() -> None:
    found = judged("", finish="max_tokens")
    assert found and found.cut_short and "thinking" in found.reason


@pytest.mark.parametrize("finish", ["safety", "recitation", "other"])
def test_an_answer_that_stopped_early_is_turned_down_with_geminis_own_word(finish: FinishReason) -> None:
    answer = replace(an_answer(PROSE, finish), finish_detail="PROHIBITED_CONTENT")
    found = check_answer(Task("x"), answer, PROSE)
    assert found and found.check == "finish_reason" and "PROHIBITED_CONTENT" in found.reason and not found.cut_short


# ------------------------------------------------------------------------------------------------------------- JSON


@pytest.mark.parametrize(
    "text", ["{}", "[]", "0", '"x"', "null", "true", '{"a": [1, {"b": null}]}', "```json\n[1]\n```"]
)
def test_json_of_any_kind_passes(text: str) -> None:
    assert judged(text, "json") is None


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1',
        "{'a': 1}",
        '{"a": 1,}',
        "NaN",
        '{"a": Infinity}',
        "-Infinity",
        '{"a": 1} trailing',
        "Sure, here is the JSON",
        "[" * 100_000,
        "9" * 10_000,
    ],
)
def test_what_is_not_json_is_turned_down(text: str) -> None:
    found = judged(text, "json")
    assert found and found.check == "json" and len(found.reason) < 300


@pytest.mark.parametrize("value", [{"name": "A"}, {"name": "A", "age": 0}])
def test_json_that_fits_its_schema_passes(value: Any) -> None:
    assert judged(json.dumps(value), "json", output_schema=SCHEMA) is None


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ({"name": "A", "age": -1}, "$.age"),
        ({"name": 5}, "$.name"),
        ({"age": 5}, "the whole"),
        ({"name": "A", "extra": 1}, "the whole"),
        ([], "the whole"),
    ],
)
def test_json_that_breaks_its_schema_is_turned_down_with_the_place(value: Any, where: str) -> None:
    found = judged(json.dumps(value), output_schema=SCHEMA)
    assert found and found.check == "json" and where in found.reason


def test_a_schema_asks_for_json_even_where_the_form_is_text() -> None:
    found = judged("The name is A.", output_schema=SCHEMA)
    assert found and found.check == "json"


# ----------------------------------------------------------------------------------------------------------- Python


@pytest.mark.parametrize(
    "text",
    [
        "x = 1",
        "def f():\n    return 'I cannot help with that'",
        "```python\nasync def f():\n    await g()\n```",
        "# Please provide the file\nraise SystemExit",
        "class A:\n\tpass\r\n",
        "match x:\n    case 1:\n        pass\n",
    ],
)
def test_python_that_parses_passes(text: str) -> None:
    assert judged(text, "python") is None


@pytest.mark.parametrize(
    "text",
    [
        "def f(:",
        "x = ",
        "  x = 1\n y = 2",
        "Here is the code:\nx = 1",
        "x = '\x00'",
        "(" * 5_000,
        "```python\nx =\n```\nand so on",
    ],
)
def test_python_that_does_not_parse_is_turned_down(text: str) -> None:
    found = judged(text, "python")
    assert found and found.check == "python"


def test_the_line_of_a_syntax_error_is_told() -> None:
    found = judged("x = 1\ny = (\n", "python")
    assert found and "line 2" in found.reason


@pytest.mark.parametrize("text", [r'pattern = "\d+"', "x = 1 if 1else 2"])
def test_code_that_python_merely_warns_of_passes_and_leaves_no_warning_behind(text: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert judged(text, "python") is None
    assert not caught


# ---------------------------------------------------------------------------------------------------- refused or not


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m sorry, but I can\u2019t assist with that request.",
        "I cannot provide that information.",
        "As an AI, I am unable to complete this request.",
        "Sorry, I won't be able to help with this.",
        "I apologize, but I cannot generate that.",
        "I am unable to comply with this request.",
        "**I can't assist with that.**",
        "Unfortunately, I am unable to help with that.",
    ],
)
def test_a_refusal_is_turned_down(text: str) -> None:
    found = judged(text)
    assert found and found.check == "refusal"


@pytest.mark.parametrize(
    "text",
    [
        "I don't see any attached file. Could you please share it?",
        "I do not have access to the file you mentioned.",
        "Please provide the code you would like me to review.",
        "It looks like no file was attached to your message.",
        "I'm unable to open the document.",
        "You haven't provided the text to summarize.",
        "I can't see the image.",
    ],
)
def test_an_answer_that_says_it_saw_no_input_is_turned_down(text: str) -> None:
    found = judged(text)
    assert found and found.check == "missing_input"


@pytest.mark.parametrize(
    "text",
    [
        "Yes.",
        "42",
        "No issues found.",
        "The error says 'I cannot open the file': the path is wrong.",
        PROSE * 10 + "I cannot help with that is what the old bot said. " + PROSE * 10,
        "I cannot recommend this design: " + PROSE * 20,
        "I'm sorry to say that the build is broken. " + PROSE * 20,
        "Unfortunately for the attacker, the token has expired; nothing else is wrong.",
        "# Review\n\nThe function does what it says. Please note that `open` may raise.",
    ],
)
def test_a_good_answer_that_uses_such_words_passes(text: str) -> None:
    assert judged(text) is None
    assert judged(text, "markdown") is None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("Unfortunately, the retry loop does not help when the request times out.", id="a finding"),
        pytest.param("Unfortunately, no: the parser does not complete the last record.", id="a no"),
        pytest.param("I cannot find any code path that answers such a request twice.", id="an absence of requests"),
        pytest.param("I don't see any data race in this code.", id="an absence of races"),
        pytest.param("I could not find the word 'refund' anywhere; I do not see any text about it.", id="not found"),
        pytest.param("I do not see an input that makes it fail.", id="no such input"),
    ],
)
def test_an_answer_that_reports_an_absence_is_an_answer(text: str) -> None:
    assert judged(text, sources=(a_source("x = 1", "x.py"),)) is None


@pytest.mark.parametrize(
    "text",
    [
        "Subject: Invoice 1042\n\nDear Ms Ito,\n\ncould you please send the signed document by Friday?\n\nBest regards",
        "Hi team,\n\nplease share your code with me before noon so that I can merge it.\n\nThanks",
        "Reply to the reporter:\n\nPlease attach the file to the ticket.",
        "No file was uploaded for 12 of the 300 orders; the rest are complete.",
    ],
)
def test_a_draft_that_asks_its_own_reader_for_something_is_an_answer(text: str) -> None:
    assert judged(text) is None


@pytest.mark.parametrize("expect", ["json", "python"])
def test_data_and_code_may_hold_the_words_of_a_refusal(expect: Expect) -> None:
    value = json.dumps("I'm sorry, I cannot help with that. Please provide the file.")
    assert judged(value, expect) is None
    assert judged(json.dumps({"reply": "I cannot assist with that request."}), "json") is None


# --------------------------------------------------------------------------------------------------------- in general


def test_the_first_objection_decides() -> None:
    found = judged("I cannot help with that", "json", finish="max_tokens")
    assert found and found.check == "truncated"


@pytest.mark.parametrize("expect", ["text", "markdown", "json", "python", "diff"])
def test_an_objections_reason_is_one_short_line(expect: Expect) -> None:
    found = judged("I cannot help\n with that. " + "x" * 600 + "\n" * 3, expect)
    assert found is None or ("\n" not in found.reason and len(found.reason) < 300)


def test_an_answer_of_unknown_usage_is_judged_like_any_other() -> None:
    answer = ModelAnswer("Good.", "stop", None, "m")
    assert check_answer(Task("x"), answer, "Good.") is None
    assert check_answer(Task("x"), replace(answer, text="", usage=TokenUsage()), "") is not None
