"""Types mended without loss, what is left alone, and the report."""

import json
from typing import Any

import pytest

from gemini_mcp.domain.task import Task
from gemini_mcp.engine.checks import examined
from gemini_mcp.engine.coercion import coerced, mended
from gemini_mcp.engine.schemas import schema_violation

from .conftest import an_answer

NUMBER, INTEGER, BOOLEAN = {"type": "number"}, {"type": "integer"}, {"type": "boolean"}
WORDS = {"type": "array", "items": {"type": "string"}}
PRICED: dict[str, Any] = {
    "type": "object",
    "properties": {"price": NUMBER, "count": INTEGER, "sold": BOOLEAN, "tags": WORDS, "name": {"type": "string"}},
    "required": ["price"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("schema", "value", "better"),
    [
        (NUMBER, "5", 5),
        (NUMBER, "-2.50", -2.5),
        (NUMBER, "1e3", 1000.0),
        (INTEGER, "12", 12),
        (INTEGER, "5.0", 5),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "type": "integer"}, 5.0, 5),
        (BOOLEAN, "true", True),
        (BOOLEAN, "false", False),
        (WORDS, "one", ["one"]),
        ({"type": "array", "items": NUMBER}, 5, [5]),
        ({"type": "array", "items": NUMBER}, "5", [5]),
        ({"type": ["number", "null"]}, "5", 5),
        ({"anyOf": [NUMBER, {"type": "null"}]}, "5", 5),
        (
            {"type": "array", "items": {"anyOf": [PRICED, {"type": "null"}]}},
            [{"price": "5"}, None],
            [{"price": 5}, None],
        ),
        (PRICED, {"price": "5", "sold": "true", "tags": "new"}, {"price": 5, "sold": True, "tags": ["new"]}),
    ],
)
def test_what_is_merely_written_otherwise_is_mended(schema: dict[str, Any], value: Any, better: Any) -> None:
    found, report = coerced(schema, value)
    assert found == better and type(found) is type(better) and len(report) == 1
    assert schema_violation(schema, found) is None


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (NUMBER, "five"),
        (NUMBER, "1,200"),
        (NUMBER, "007"),
        (NUMBER, "5 kg"),
        (NUMBER, "NaN"),
        (NUMBER, ""),
        (NUMBER, "0.12345678901234567890123"),
        (NUMBER, True),
        (NUMBER, None),
        (INTEGER, "5.5"),
        (INTEGER, 5.5),
        (BOOLEAN, "yes"),
        (BOOLEAN, 1),
        (WORDS, "one, two"),
        (WORDS, ""),
        (WORDS, None),
        (WORDS, {"a": "b"}),
        ({"type": "string"}, 5),
        ({**NUMBER, "minimum": 10}, "5"),
        ({"enum": [1, 2]}, "1"),
        ({"anyOf": [NUMBER, BOOLEAN]}, "yes"),
        (PRICED, {"price": "5", "extra": 1}),
        (PRICED, {"count": "5"}),
        (PRICED, {"price": "5", "count": "many"}),
        ({"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]}, "5"),
    ],
)
def test_what_cannot_be_mended_without_loss_is_left_alone(schema: dict[str, Any], value: Any) -> None:
    found, report = coerced(schema, value)
    assert found == value and report == ()


def test_the_value_that_came_in_is_not_changed_in_place() -> None:
    value = {"price": "5"}
    assert coerced(PRICED, value)[0] == {"price": 5} and value == {"price": "5"}


def test_the_report_counts_and_shows_the_first_few() -> None:
    _, report = coerced({"type": "array", "items": NUMBER}, [str(n) for n in range(9)])
    assert report == (
        '9 values coerced to the schema\'s types: /0 from "0" to 0, /1 from "1" to 1, /2 from "2" to 2, ...',
    )
    _, report = coerced(PRICED, {"price": "5"})
    assert report == ('1 value coerced to the schema\'s types: /price from "5" to 5',)


def test_where_very_much_is_amiss_nothing_is_mended() -> None:
    numbers = {"type": "array", "items": NUMBER}
    assert coerced(numbers, ["5"] * 200)[0] == [5] * 200
    assert coerced(numbers, ["5"] * 201) == (["5"] * 201, ())


@pytest.mark.parametrize(
    "text",
    [
        '{"price": "5", "price": "6"}',
        '{"price": "5", "count": 1.00000000000000000001}',
        '{"price": "5", "count": 1e999}',
        '{"price": NaN}',
        '{"price": "5"',
        "[" * 50_000,
        '{"price": ' * 400 + '"5"' + "}" * 400,
    ],
)
def test_json_that_would_lose_something_on_the_way_is_left_alone(text: str) -> None:
    assert mended(Task("x", output_schema=PRICED), text) == (text, ())


def test_an_answer_that_is_mended_is_accepted_with_its_report() -> None:
    found = examined(
        Task("x", output_schema=PRICED), an_answer('```json\n{\n  "price": "5",\n  "name": "Füller"\n}\n```')
    )
    assert found.objection is None and len(found.mended) == 1
    assert json.loads(found.text) == {"price": 5, "name": "Füller"} and "Füller" in found.text and "\n" in found.text


def test_an_answer_that_fits_is_delivered_as_it_came() -> None:
    found = examined(Task("x", output_schema=PRICED), an_answer('{"price":5.0,  "count":1}'))
    assert (found.text, found.mended, found.objection) == ('{"price":5.0,  "count":1}', (), None)


def test_an_answer_that_cannot_be_mended_is_turned_down_for_what_is_wrong_with_it() -> None:
    found = examined(Task("x", output_schema=PRICED), an_answer('{"price": "5", "extra": 1}'))
    assert found.objection and found.objection.check == "json" and found.mended == ()
