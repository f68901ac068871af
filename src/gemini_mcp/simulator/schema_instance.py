"""The smallest instance of a JSON schema (or of Gemini's OpenAPI dialect), its strings taken from the material."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, cycle
from typing import Any

from gemini_mcp.simulator.arithmetic import Number
from gemini_mcp.simulator.schema_strings import at_least, string_for

_DEEPEST = 24
_OPTIONAL_DEPTH = 4
_SNAKE = re.compile(r"_([a-z])")
_LITERAL = frozenset(("enum", "const", "default", "examples", "example", "required", "propertyOrdering"))
_BY_NAME = frozenset(("properties", "$defs", "definitions"))
_EMPTY: Mapping[str, Any] = {"null": None, "boolean": False, "array": [], "object": {}, "string": "", "number": 0}


def smallest(schema: Any, extracts: Sequence[str] = (), number: Number | None = None) -> Any:
    """An instance of ``schema``; numbers are ``number`` where it fits. Properties nothing requires are left out,
    unless the object requires none at all."""
    root = _normal(schema)
    return _Builder(root, cycle(list(extracts) or ["simulated"]), number).build(root, 0)


def _normal(schema: Any) -> Any:
    """Field names in camelCase, with ``$``; what users named themselves stays as it is."""
    if isinstance(schema, list):
        return [_normal(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {name: _inside(name, value) for name, value in ((_keyword(key), value) for key, value in schema.items())}


def _inside(name: str, value: Any) -> Any:
    if name in _LITERAL:
        return value
    if name in _BY_NAME and isinstance(value, dict):
        return {own: _normal(each) for own, each in value.items()}
    return _normal(value)


def _keyword(name: str) -> str:
    camel = _SNAKE.sub(lambda found: found[1].upper(), name)
    return {"ref": "$ref", "defs": "$defs"}.get(camel, camel)


@dataclass(slots=True)
class _Builder:
    root: Any
    extracts: Iterator[str]
    number: Number | None
    serial: Iterator[int] = field(default_factory=count)

    def build(self, schema: Any, depth: int) -> Any:
        schema = self._resolved(schema)
        if not isinstance(schema, dict) or depth > _DEEPEST:
            return _EMPTY.get(_type_of(schema)) if isinstance(schema, dict) else None
        if "const" in schema:
            return schema["const"]
        if schema.get("enum"):
            return schema["enum"][0]
        return self._by_type(_type_of(schema), schema, depth)

    def _by_type(self, kind: str, schema: dict[str, Any], depth: int) -> Any:
        if kind == "object":
            return self._object(schema, depth)
        if kind == "array":
            return self._array(schema, depth)
        if kind in ("integer", "number"):
            return _number(schema, kind, self.number)
        return string_for(schema, next(self.extracts)) if kind == "string" else _EMPTY[kind]

    def _object(self, schema: dict[str, Any], depth: int) -> dict[str, Any]:
        properties = schema.get("properties") or {}
        required = schema.get("required") or (list(properties) if depth < _OPTIONAL_DEPTH else [])
        built = {name: self.build(properties.get(name, {"type": "string"}), depth + 1) for name in required}
        extra = schema.get("additionalProperties")
        while len(built) < at_least(schema, "minProperties"):
            built[f"key{next(self.serial)}"] = self.build(extra if isinstance(extra, dict) else {}, depth + 1)
        return built

    def _array(self, schema: dict[str, Any], depth: int) -> list[Any]:
        first = [self.build(each, depth + 1) for each in schema.get("prefixItems", ())]
        missing = max(0, at_least(schema, "minItems") - len(first))
        items = first + [self.build(schema.get("items", {}), depth + 1) for _ in range(missing)]
        return _distinct(items, self._resolved(schema.get("items"))) if schema.get("uniqueItems") else items

    def _resolved(self, schema: Any) -> Any:
        """References followed, the first branch of a choice taken, all of ``allOf`` merged in."""
        for _ in range(_DEEPEST):
            if not isinstance(schema, dict):
                return schema
            if "$ref" in schema:
                beside = {name: value for name, value in schema.items() if name != "$ref"}
                schema = _merged([self._target(schema["$ref"]), beside])
                continue
            branch = schema.get("anyOf") or schema.get("oneOf")
            if not branch and not schema.get("allOf"):
                return schema
            rest = {name: value for name, value in schema.items() if name not in ("anyOf", "oneOf", "allOf")}
            parts = [*schema.get("allOf", ()), *(branch or ())[:1]]
            schema = _merged([rest, *(self._resolved(part) for part in parts)])
        return {}

    def _target(self, reference: str) -> dict[str, Any]:
        node: Any = self.root
        for step in filter(None, reference.removeprefix("#").split("/")):
            name = {"defs": "$defs"}.get(step, step).replace("~1", "/").replace("~0", "~")
            node = node.get(name, {}) if isinstance(node, dict) else {}
        return node if isinstance(node, dict) else {}


def _merged(parts: list[Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for part in filter(lambda each: isinstance(each, dict), parts):
        properties = {**merged.get("properties", {}), **part.get("properties", {})}
        required = [*merged.get("required", ()), *part.get("required", ())]
        merged |= part | {"properties": properties, "required": required}
    return merged


def _type_of(schema: dict[str, Any]) -> str:
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    if isinstance(kind, str) and kind.lower() in (*_EMPTY, "integer"):
        return kind.lower()
    if schema.get("properties") or schema.get("required"):
        return "object"
    return "array" if "items" in schema or "prefixItems" in schema else "string"


def _number(schema: dict[str, Any], kind: str, wanted: Number | None) -> Number:
    low, high = _bounds(schema, kind)
    step = schema.get("multipleOf") or (1 if kind == "integer" else None)
    if wanted is not None and low <= wanted <= high and (step is None or wanted % step == 0):
        return int(wanted) if kind == "integer" else wanted
    value: Number = 0 if low <= 0 <= high else low if low > 0 else high
    value = math.ceil(value / step) * step if step and low > 0 else math.floor(value / step) * step if step else value
    return int(value) if value == int(value) else value


def _bounds(schema: dict[str, Any], kind: str) -> tuple[float, float]:
    nudge = 1 if kind == "integer" else 0.5
    lows = [schema.get("minimum", -math.inf), _beyond(schema, "exclusiveMinimum", nudge, -math.inf)]
    highs = [schema.get("maximum", math.inf), _beyond(schema, "exclusiveMaximum", -nudge, math.inf)]
    return max(map(float, lows)), min(map(float, highs))


def _beyond(schema: dict[str, Any], name: str, nudge: float, otherwise: float) -> float:
    limit = schema.get(name)
    return otherwise if limit is None or isinstance(limit, bool) else float(limit) + nudge


def _distinct(items: list[Any], schema: Any) -> list[Any]:
    """Equal items told apart: by the enumeration when there is one, else by counting."""
    if isinstance(schema, dict) and schema.get("enum"):
        return list(schema["enum"][: len(items)])
    return [item + number if type(item) in (int, float) else _marked(item, number) for number, item in enumerate(items)]


def _marked(item: Any, number: int) -> Any:
    return f"{item} {number}" if isinstance(item, str) and number else item
