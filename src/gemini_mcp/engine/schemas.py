"""JSON schemas: whether one can be used at all, and where a value breaks one. Resolves nothing outside the schema."""

from collections.abc import Iterator
from typing import Any

_SHOWN = 160


def schema_problem(schema: dict[str, Any]) -> str | None:
    """Why a schema cannot be used, or None. Found before anything is sent, so that no answer is paid for in vain."""
    from jsonschema.exceptions import SchemaError
    from referencing.exceptions import Unresolvable

    try:
        validator = _validator(schema)
        for reference in _references(schema):
            validator._resolver.lookup(reference)
    except SchemaError as error:
        return f"{error.json_path}: {shown(error.message)}"
    except Unresolvable as error:
        return f"$ref {shown(str(error.ref))} leads nowhere inside the schema"
    except RecursionError:
        return "it is nested too deep"
    return None


def schema_violation(schema: dict[str, Any], value: Any) -> str | None:
    """The first place where a value breaks the schema, or None."""
    from jsonschema.exceptions import best_match

    error = best_match(_validator(schema).iter_errors(value))
    if error is None:
        return None
    where = error.json_path if error.json_path != "$" else "the whole"
    return f"JSON breaks the schema at {where}: {shown(error.message)}"


def shown(text: str) -> str:
    """Somebody else's words on one line, shortened."""
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN else flat[: _SHOWN - 1] + "…"


def _validator(schema: dict[str, Any]) -> Any:
    from jsonschema.validators import Draft202012Validator, validator_for
    from referencing import Registry

    kind = validator_for(schema, default=Draft202012Validator)
    kind.check_schema(schema)
    return kind(schema, registry=Registry())


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        for name, value in schema.items():
            if name in ("$ref", "$dynamicRef") and isinstance(value, str):
                yield value
            elif name not in ("enum", "const", "default", "examples"):
                yield from _references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _references(value)
