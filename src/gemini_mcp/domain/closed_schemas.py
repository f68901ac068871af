"""Whether a JSON schema leaves so little freedom that two right answers to it are equal.

Every leaf one of a few values, a boolean, a short string of a fixed format or a number that is to be found, in a fixed
shape: no free text, no lists of any length, no keys that are not named, no number that is a judgement.
"""

import re
from typing import Any, Final

_MOST_LEAVES: Final = 12
_MOST_STEPS: Final = 200
_DEEPEST: Final = 8
_NUMBERS: Final = frozenset(("number", "integer"))
_PLAIN: Final = _NUMBERS | {"boolean"}
_JUDGED: Final = re.compile(
    r"confiden|scor|rating|probab|likel|certain|priorit|estimat|weight|sever|(?<![fc])rank|urgen|relevan|qualit",
    re.IGNORECASE,
)
"""In a property's name: a number that two models will never give alike."""
_FORMATS: Final = frozenset(("date", "time", "date-time", "duration", "email", "uuid", "ipv4", "ipv6"))
_SHORTEST_FREE: Final = 8
"""A string of no more characters than this is a code or an abbreviation."""

_OPEN_KEYWORDS: Final = ("patternProperties", "if", "not", "dependentSchemas", "propertyNames", "$dynamicRef")


def is_closed(schema: dict[str, Any], *, numbers: bool) -> bool:
    """At most twelve leaves, each closed, at least one of them not known before. ``numbers``: the task asks for such
    as are to be found, not thought of."""
    try:
        leaves = _Walk(schema).leaves(schema, 0, numbers)
    except (_Open, RecursionError):
        return False
    return 1 <= leaves <= _MOST_LEAVES


class _Open(Exception):
    """Some part of the schema leaves room for free text, or for any number of things."""


class _Walk:
    def __init__(self, root: dict[str, Any]) -> None:
        self._root, self._steps = root, 0

    def leaves(self, schema: Any, depth: int, numbers: bool) -> int:
        """How many values an answer gives that are not known before. ``numbers``: may be among them. Raises _Open."""
        self._steps += 1
        if not isinstance(schema, dict) or depth > _DEEPEST or self._steps > _MOST_STEPS:
            raise _Open
        if any(keyword in schema for keyword in _OPEN_KEYWORDS):
            raise _Open
        if "const" in schema:
            return 0
        if "enum" in schema:
            return _of_values(schema["enum"], numbers)
        if "$ref" in schema:
            return self.leaves(self._referred(schema["$ref"]), depth + 1, numbers)
        for keyword in ("anyOf", "oneOf", "allOf"):
            if keyword in schema:
                return self._of_branches(schema[keyword], keyword, depth, numbers)
        return self._of_type(schema, depth, numbers)

    def _of_branches(self, branches: Any, keyword: str, depth: int, numbers: bool) -> int:
        if not isinstance(branches, list) or not branches or (keyword == "allOf" and len(branches) != 1):
            raise _Open
        counted = [self.leaves(branch, depth + 1, numbers) for branch in branches]
        return max(1, *counted) if len(branches) > 1 else counted[0]

    def _of_type(self, schema: dict[str, Any], depth: int, numbers: bool) -> int:
        said = schema.get("type")
        named = {str(each) for each in (said if isinstance(said, list) else [said])}
        types = named - {"null"}
        if types == {"object"}:
            return self._of_object(schema, depth, numbers)
        if types == {"array"}:
            return self._of_array(schema, depth, numbers)
        if types == {"string"}:
            return _of_string(schema)
        if named and types <= _PLAIN and (numbers or not types & _NUMBERS):
            return 1
        raise _Open

    def _of_object(self, schema: dict[str, Any], depth: int, numbers: bool) -> int:
        properties = schema.get("properties")
        if (
            not isinstance(properties, dict)
            or not properties
            or schema.get("additionalProperties") not in (None, False)
        ):
            raise _Open
        return sum(
            self.leaves(each, depth + 1, numbers and not _JUDGED.search(name)) for name, each in properties.items()
        )

    def _of_array(self, schema: dict[str, Any], depth: int, numbers: bool) -> int:
        least, most = schema.get("minItems"), schema.get("maxItems")
        if type(least) is not int or least != most or not 1 <= least <= _MOST_LEAVES or "prefixItems" in schema:
            raise _Open
        return least * self.leaves(schema.get("items"), depth + 1, numbers)

    def _referred(self, reference: Any) -> Any:
        """Where a reference leads inside the schema."""
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise _Open
        found: Any = self._root
        for name in reference[2:].split("/"):
            key = name.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or key not in found:
                raise _Open
            found = found[key]
        return found


def _of_values(values: Any, numbers: bool) -> int:
    """A scale from 1 to 5 is a number, however it is written down."""
    is_scale = isinstance(values, list) and len(values) > 2 and all(type(each) in (int, float) for each in values)
    if is_scale and not numbers:
        raise _Open
    return 1


def _of_string(schema: dict[str, Any]) -> int:
    longest = schema.get("maxLength")
    short = type(longest) is int and 0 < longest <= _SHORTEST_FREE
    named = schema.get("format")
    if short or (isinstance(named, str) and named in _FORMATS):
        return 1
    raise _Open
