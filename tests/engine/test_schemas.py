"""Schemas are judged before anything is paid for, and nothing outside them is looked up."""

from typing import Any

import pytest

from gemini_mcp.engine.schemas import schema_problem, schema_violation

TREE: dict[str, Any] = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "value": {"type": "integer"},
                "children": {"type": "array", "items": {"$ref": "#/$defs/node"}},
            },
            "required": ["value"],
        }
    },
}


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object"},
        {"type": ["string", "null"]},
        TREE,
        {"$defs": {"a": {"$anchor": "here", "type": "string"}}, "$ref": "#here"},
        {"$schema": "http://json-schema.org/draft-07/schema#", "definitions": {"a": {}}, "$ref": "#/definitions/a"},
        {"properties": {"$ref": {"type": "string"}}},
        {"const": {"$ref": "https://example.com/data.json"}},
        {"enum": [{"$ref": "https://example.com/data.json"}]},
    ],
)
def test_a_usable_schema_has_no_problem(schema: dict[str, Any]) -> None:
    assert schema_problem(schema) is None


@pytest.mark.parametrize(
    ("schema", "what"),
    [
        ({"type": "strin"}, "$.type"),
        ({"type": "object", "properties": {"a": {"type": 5}}}, "$.properties.a.type"),
        ({"properties": []}, "$.properties"),
        ({"required": "name"}, "$.required"),
        ({"minimum": "0"}, "$.minimum"),
        ({"type": "string", "pattern": "("}, "pattern"),
        ({"patternProperties": {"(": {}}}, "("),
        ({"$ref": "#/$defs/missing"}, "$ref"),
        ({"items": {"$ref": "#nowhere"}}, "$ref"),
    ],
)
def test_an_unusable_schema_is_refused_with_the_place(schema: dict[str, Any], what: str) -> None:
    problem = schema_problem(schema)
    assert problem is not None and what in problem


@pytest.mark.parametrize(
    "reference",
    [
        "https://example.com/schema.json",
        "http://127.0.0.1:1/schema.json",
        "file:///etc/passwd",
        "other.json",
        "https://json-schema.org/draft/2020-12/schema#/nothing",
    ],
)
def test_a_reference_out_of_the_schema_is_refused_and_never_followed(
    reference: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    def connect(*_: Any) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket.socket, "connect", connect)
    problem = schema_problem({"properties": {"a": {"$ref": reference}}})
    assert problem is not None and "$ref" in problem and "leads" in problem


@pytest.mark.parametrize("name", ["enum", "const", "default", "examples"])
def test_a_property_may_have_the_name_of_a_keyword_and_its_references_are_checked(name: str) -> None:
    problem = schema_problem({"properties": {name: {"$ref": "https://example.com/s.json"}}})
    assert problem is not None and "$ref" in problem and "leads" in problem


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"},
        {"allOf": [{"$ref": "#"}]},
    ],
)
def test_a_schema_that_never_ends_is_told_before_or_after_and_never_raises(schema: dict[str, Any]) -> None:
    problem = schema_problem(schema)
    assert problem is not None or isinstance(schema_violation(schema, {}), str)


def test_a_schema_nested_too_deep_is_refused() -> None:
    schema: dict[str, Any] = {}
    for _ in range(5_000):
        schema = {"items": schema}
    problem = schema_problem(schema)
    assert problem is not None and "deep" in problem


@pytest.mark.parametrize("dialect", [5, [], {}, "http://example.com/unheard-of"])
def test_a_strange_dialect_never_raises(dialect: Any) -> None:
    schema = {"$schema": dialect, "type": "object"}
    assert schema_problem(schema) is not None or schema_violation(schema, 5) is not None


def test_a_recursive_schema_judges_values_of_any_depth() -> None:
    assert schema_violation(TREE, {"value": 1, "children": [{"value": 2, "children": [{"value": 3}]}]}) is None
    found = schema_violation(TREE, {"value": 1, "children": [{"value": 2, "children": [{"value": "3"}]}]})
    assert found is not None and "$.children[0].children[0].value" in found


def test_a_violation_is_one_short_line_whatever_the_value() -> None:
    found = schema_violation({"type": "integer"}, "x\n" * 5_000)
    assert found is not None and "\n" not in found and len(found) < 300
