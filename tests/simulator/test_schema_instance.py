"""Instances of schemas: checked by a validator that had no part in making them."""

from importlib import import_module
from typing import Any

import pytest
from google.genai import types
from pydantic import BaseModel

from gemini_mcp.simulator.schema_instance import smallest

from .conftest import Stand

jsonschema = import_module("jsonschema")

TREE = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "name": {"type": "string"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["name", "children"],
        }
    },
}
SCHEMAS: list[Any] = [
    {},
    {"type": "null"},
    {"type": "boolean"},
    {"type": ["string", "null"]},
    {"enum": ["b", "a"]},
    {"const": {"x": 1}},
    {"type": "integer", "minimum": 7},
    {"type": "integer", "exclusiveMinimum": 7, "multipleOf": 5},
    {"type": "integer", "maximum": -3},
    {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
    {"type": "number", "multipleOf": 0.5, "minimum": 1.2},
    {"type": "string", "minLength": 400},
    {"type": "string", "maxLength": 3},
    {"type": "string", "pattern": "^[a-z]{3}-\\d+$"},
    {"type": "string", "pattern": "^\\w{8}$", "minLength": 8},
    {"type": "string", "pattern": "[A-Z]"},
    {"type": "string", "format": "date-time"},
    {"type": "string", "format": "email"},
    {"type": "array", "items": {"type": "string"}},
    {"type": "array", "items": {"type": "integer"}, "minItems": 3, "uniqueItems": True},
    {"type": "array", "items": {"type": "string"}, "minItems": 9, "uniqueItems": True},
    {"type": "array", "items": {"enum": [1, 2, 3]}, "minItems": 2, "uniqueItems": True},
    {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 3},
    {"type": "object", "properties": {"a": {"type": "string"}, "b": {"type": "integer"}}, "required": ["b"]},
    {"type": "object", "properties": {"a": {"type": "string"}}},
    {"type": "object", "minProperties": 2, "additionalProperties": {"type": "integer"}},
    {"type": "object", "required": ["free"]},
    {"anyOf": [{"type": "integer", "minimum": 5}, {"type": "null"}]},
    {"oneOf": [{"type": "object", "required": ["kind"], "properties": {"kind": {"const": "x"}}}, {"type": "string"}]},
    {
        "allOf": [
            {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]},
            {"properties": {"b": {"type": "integer"}}, "required": ["b"]},
        ]
    },
    {
        "type": "object",
        "properties": {"min_items": {"type": "string"}, "$ref": {"type": "integer"}},
        "required": ["$ref"],
    },
    TREE,
    TREE | {"properties": {"extra": {"type": "integer"}}, "required": ["extra"]},
    True,
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_an_instance_satisfies_its_schema(schema: Any) -> None:
    made = smallest(schema, ["A sentence from the material.", "Another."])
    jsonschema.validate(made, schema, jsonschema.Draft202012Validator)


def test_it_is_the_smallest() -> None:
    schema = {
        "type": "object",
        "properties": {"list": {"type": "array", "items": {"type": "string"}}, "extra": {"type": "string"}},
        "required": ["list"],
    }
    assert smallest(schema) == {"list": []}


def test_an_object_that_requires_nothing_is_filled() -> None:
    assert smallest({"type": "OBJECT", "properties": {"a": {"type": "STRING"}}}, ["text"]) == {"a": "text"}


def test_strings_are_extracts_in_turn_and_a_number_is_the_one_worked_out() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "string"}, "b": {"type": "string"}, "n": {"type": "integer"}},
        "required": ["a", "b", "n"],
    }
    assert smallest(schema, ["first", "second"], 42) == {"a": "first", "b": "second", "n": 42}
    assert smallest({"type": "integer", "maximum": 9}, number=42) == 0


def test_geminis_own_dialect_is_read_in_both_casings() -> None:
    camel = {"type": "ARRAY", "items": {"type": "INTEGER", "minimum": 3}, "minItems": "2"}
    snake = {"type": "ARRAY", "items": {"any_of": [{"ref": "#/defs/n"}]}, "min_items": 2}
    assert smallest(camel) == [3, 3]
    assert smallest(snake | {"defs": {"n": {"type": "INTEGER", "minimum": 3}}}) == [3, 3]


def test_a_schema_that_requires_itself_for_ever_ends() -> None:
    endless = {"type": "object", "properties": {"next": {"$ref": "#"}}, "required": ["next"]}
    assert "next" in smallest(endless)
    assert smallest({"$ref": "#"}) is not None


class Finding(BaseModel):
    title: str
    lines: list[int]


class Review(BaseModel):
    summary: str
    best: Finding | None
    findings: list[Finding]


async def test_the_sdk_parses_what_it_asked_for_by_model(stand: Stand) -> None:
    answer = await stand.ask(
        "Review: the boat leaks badly.", response_schema=Review, response_mime_type="application/json"
    )
    assert isinstance(answer.parsed, Review)
    assert answer.parsed.summary == "Review: the boat leaks badly."


async def test_the_sdk_gets_what_it_asked_for_by_json_schema(stand: Stand) -> None:
    schema = Review.model_json_schema()
    answer = await stand.ask("Review it.", response_json_schema=schema, response_mime_type="application/json")
    assert answer.text
    assert Review.model_validate_json(answer.text).findings == []


async def test_an_enumeration_is_answered_bare(stand: Stand) -> None:
    schema = types.Schema(type=types.Type.STRING, enum=["yes", "no"])
    assert (await stand.ask(response_schema=schema, response_mime_type="text/x.enum")).text == "yes"


@pytest.mark.parametrize("schema", [{"type": "object", "properties": 5}, {"type": "array", "minItems": 10**9}])
async def test_what_is_no_schema_or_a_monstrous_one_is_refused(stand: Stand, schema: dict[str, Any]) -> None:
    config = {"responseJsonSchema": schema}
    body = {"contents": [{"parts": [{"text": "a"}]}], "generationConfig": config}
    answer = await stand.post("/v1/models/gemini-3.8-flash:generateContent", body)
    assert (answer.status_code, answer.json()["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert (await stand.bill())["calls"] == 0
