"""JSON schemas: whether one can be used at all, and where a value breaks one.

Both come from outside, so nothing is resolved outside the schema, patterns run on a linear-time engine, and a
schema that cannot be used is found out before anything is sent, so that no answer is paid for in vain.
"""

import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

_SHOWN = 160
_REFERENCES = ("$ref", "$dynamicRef", "$recursiveRef")
_NAMED = ("properties", "$defs", "definitions", "dependentSchemas")
_VALUES = ("enum", "const", "default", "examples")
_APPLIED = ("allOf", "anyOf", "oneOf", "not", "if", "then", "else")
"""Keywords that apply to the very value that the schema applies to: a cycle of them never ends."""


def schema_problem(schema: dict[str, Any]) -> str | None:
    """Why a schema cannot be used, or None."""
    from referencing.exceptions import Unresolvable

    try:
        validator = _validator(schema)
        for keyword, value in _keywords(schema):
            if keyword == "patternProperties":
                return "patternProperties is not supported"
            if keyword == "pattern":
                _pattern(value)
            if keyword in _REFERENCES and (problem := _reference_problem(schema, validator, value)):
                return problem
    except RecursionError:
        return "it is nested too deep"
    except Unresolvable as error:
        return f"$ref {shown(json.dumps(error.ref))} leads nowhere inside the schema"
    except Exception as error:  # the libraries raise whatever they stumble over
        where = getattr(error, "json_path", None)
        return f"{where}: {shown(error.message)}" if where else shown(str(error)) or type(error).__name__  # type: ignore[attr-defined]
    return None


def schema_violation(schema: dict[str, Any], value: Any) -> str | None:
    """The first place where a value breaks the schema, or None."""
    from jsonschema.exceptions import best_match

    try:
        error = best_match(_validator(schema).iter_errors(value))
    except Exception as failure:
        return f"JSON that could not be checked against the schema ({type(failure).__name__})"
    if error is None:
        return None
    where = error.json_path if error.json_path != "$" else "the whole"
    return f"JSON breaks the schema at {where}: {shown(error.message)}"


def schema_breaches(schema: dict[str, Any], value: Any) -> Iterator[Any]:
    """All that breaks the schema, as jsonschema's own errors; nothing where that cannot be checked."""
    try:
        yield from _validator(schema).iter_errors(value)
    except Exception:  # ``schema_violation`` says so in words
        return


def shown(text: str) -> str:
    """Somebody else's words on one line, shortened."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1] + "…"


def _validator(schema: dict[str, Any]) -> Any:
    return _made(json.dumps(schema))


@lru_cache(maxsize=32)
def _made(schema_text: str) -> Any:
    """Checking a schema and preparing to check by it takes 10 ms, and the tools' own schemas come again and again."""
    from jsonschema.validators import Draft202012Validator, extend, validator_for
    from referencing import Registry

    schema = json.loads(schema_text)
    kind = validator_for(schema, default=Draft202012Validator)
    kind.check_schema(schema)
    checked: Any = extend(kind, {"pattern": _check_pattern})  # type: ignore[no-untyped-call]
    return checked(schema, registry=Registry())


def _check_pattern(validator: Any, pattern: Any, instance: Any, schema: Any) -> Iterator[Any]:
    from jsonschema.exceptions import ValidationError
    from pydantic import ValidationError as Mismatch

    if not isinstance(instance, str):
        return
    try:
        _pattern(pattern).validate_python(instance)
    except Mismatch:
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


@lru_cache(maxsize=256)
def _pattern(pattern: str) -> Any:
    """The pattern on Rust's engine, which never backtracks. Raises for what it cannot take, such as look-around."""
    from typing import Annotated

    from pydantic import StringConstraints, TypeAdapter

    return TypeAdapter(Annotated[str, StringConstraints(pattern=pattern)])


def _reference_problem(schema: dict[str, Any], validator: Any, reference: Any) -> str | None:
    if not isinstance(reference, str) or not reference.startswith("#"):
        return f"$ref {shown(json.dumps(reference))} leads nowhere inside the schema"
    target = validator._resolver.lookup(reference).contents
    if not isinstance(target, dict | bool):
        return f"$ref {shown(reference)} does not lead to a schema"
    return f"$ref {shown(reference)} leads back to itself" if _circles(validator, target) else None


def _circles(validator: Any, schema: Any, above: tuple[int, ...] = ()) -> bool:
    """Whether references alone lead from a schema back to itself, without taking a step into the value."""
    if not isinstance(schema, dict):
        return False
    if id(schema) in above:
        return True
    found = [schema[keyword] for keyword in _REFERENCES if isinstance(schema.get(keyword), str)]
    applied = [schema.get(keyword) for keyword in _APPLIED]
    within = [item for each in applied for item in (each if isinstance(each, list) else [each])]
    next_ones = [validator._resolver.lookup(reference).contents for reference in found] + within
    return any(_circles(validator, each, (*above, id(schema))) for each in next_ones)


def _keywords(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every keyword of the schema and of the schemas within it, with its value."""
    if isinstance(schema, list):
        for item in schema:
            yield from _keywords(item)
    if not isinstance(schema, dict):
        return
    for name, value in schema.items():
        yield name, value
        if name in _NAMED and isinstance(value, dict):
            for inner in value.values():
                yield from _keywords(inner)
        elif name not in _VALUES:
            yield from _keywords(value)
