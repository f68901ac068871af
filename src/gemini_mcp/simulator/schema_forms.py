"""Which of the answers the stand-in can work out a schema asks for."""

from typing import Any, Literal

Form = Literal["claims", "merge", "findings", "verdicts", ""]

_FINDING = {"file", "line", "end_line", "severity", "category", "message", "quote", "suggestion"}


def form_of(schema: Any) -> Form:
    """Told by the names of its fields; "" for a schema that asks for anything more, or anything else."""
    if _asks(schema, {"title", "sections"}):
        section = _items(schema, "sections")
        claim = _items(section, "claims")
        if (
            _asks(section, {"heading", "claims"})
            and _asks(claim, {"source", "quote", "claim"})
            and "quote" in _names(claim)
        ):
            return "claims"
        return "merge" if _asks(section, {"heading", "claims"}) and _asks(claim, {"claim", "from"}) else ""
    if _asks(schema, {"summary", "findings"}) and _asks(_items(schema, "findings"), _FINDING):
        return "findings"
    if _asks(schema, {"verdicts"}) and _asks(_items(schema, "verdicts"), {"id", "verdict", "reason"}):
        return "verdicts"
    return ""


def _asks(schema: Any, known: set[str]) -> bool:
    """Whether an object has fields, the last of the known ones among them, and requires none beyond these."""
    required = schema.get("required") if isinstance(schema, dict) else None
    return bool(_names(schema)) and set(required or ()) <= known and bool(_names(schema) & known)


def _names(schema: Any) -> set[str]:
    properties = schema.get("properties") if isinstance(schema, dict) else None
    return set(properties) if isinstance(properties, dict) else set()


def _items(schema: Any, name: str) -> Any:
    """The schema of the items of a list."""
    if name not in _names(schema):
        return None
    found = schema["properties"][name]
    return found.get("items") if isinstance(found, dict) else None
