"""A JSON answer in the one form in which two that hold the same are equal."""

import json
from collections.abc import Iterable
from typing import Any

from gemini_mcp.domain.numerals import measure, shown


class _Number(str):
    """A number of a JSON text, in its one form."""

    __slots__ = ()


def record(text: str) -> str | None:
    """The JSON value in one form: numbers by value, keys in order, a null as if it were not said. None for what is no
    JSON, or not finite."""
    try:
        value = json.loads(_unfenced(text), parse_int=_exact, parse_float=_exact, parse_constant=_refused)
        return _canonical(value)
    except (ValueError, RecursionError):
        return None


def _unfenced(text: str) -> str:
    bare = text.strip()
    if not bare.startswith("```") or not bare.endswith("```") or "\n" not in bare:
        return bare
    return bare.removesuffix("```").partition("\n")[2]


def _exact(text: str) -> _Number:
    found = measure(text)
    return _Number(shown(found[0]) if found is not None else text)


def _refused(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _canonical(value: Any) -> str:
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return (
            "{"
            + _joined(
                f"{json.dumps(name)}:{_canonical(value[name])}" for name in sorted(value) if value[name] is not None
            )
            + "}"
        )
    if isinstance(value, list):
        return "[" + _joined(map(_canonical, value)) + "]"
    return json.dumps(value.strip() if isinstance(value, str) else value)


def _joined(parts: Iterable[str]) -> str:
    return ",".join(parts)
