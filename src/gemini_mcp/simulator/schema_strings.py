"""The shortest sensible string for a JSON schema of type string."""

import re
from collections.abc import Mapping
from typing import Any

_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "PT0S",
    "email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_LARGEST_BOUND = 10_000
_ATOM = re.compile(r"(\\[dws]|\\.|\[\^?[^\]]+\]|\.|[^\\^$.|?*+()\[\]{}])(\{(\d+)(?:,\d*)?\}|[*+?])?")
_CLASSES = {r"\d": "0", r"\w": "a", r"\s": " ", ".": "a"}


def at_least(schema: Mapping[str, Any], name: str) -> int:
    """A lower bound; Gemini's own dialect writes it as a string. Raises ValueError for one nobody could mean."""
    bound = int(schema.get(name, 0))
    if bound > _LARGEST_BOUND:
        raise ValueError(f"{name} is {bound}")
    return bound


def string_for(schema: Mapping[str, Any], extract: str) -> str:
    """``extract`` made to fit; a format's or a simple pattern's own example when it has one."""
    if schema.get("format") in _FORMATS:
        return _FORMATS[schema["format"]]
    shortest, longest = at_least(schema, "minLength"), schema.get("maxLength")
    text = extract if len(extract) >= shortest else (extract or "a").ljust(shortest, ".")
    text = text if longest is None else text[: int(longest)]
    pattern = schema.get("pattern")
    return text if pattern is None or _matches(pattern, text) else _of_pattern(pattern, shortest) or text


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.search(pattern, text) is not None
    except re.error:
        return False


def _of_pattern(pattern: str, shortest: int) -> str:
    """A match of a plain sequence of characters and classes with counts; empty for any richer pattern."""
    inner, text, at = pattern.removeprefix("^").removesuffix("$"), "", 0
    while at < len(inner):
        atom = _ATOM.match(inner, at)
        if atom is None:
            return ""
        text += _example(atom[1]) * _count(atom[2], atom[3])
        at = atom.end()
    text = text + text[-1:] * (shortest - len(text))
    return text if _matches(pattern, text) else ""


def _example(atom: str) -> str:
    if atom in _CLASSES:
        return _CLASSES[atom]
    if not atom.startswith("["):
        return atom.removeprefix("\\")
    return next((each for each in "a0A _-./" + atom[1:] if _matches(atom, each)), "")


def _count(quantifier: str | None, times: str | None) -> int:
    if times is not None:
        return min(int(times), _LARGEST_BOUND)
    return 0 if quantifier in ("*", "?") else 1
