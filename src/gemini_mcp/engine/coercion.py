"""Types mended without loss: ``"5"`` where the schema wants 5. What is changed is told, and checked again.

Mended are a numeric string for a number, "true" and "false" for a boolean, an integral number for an integer, and a
lone scalar for an array. Nothing is added, dropped or guessed.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from copy import deepcopy
from decimal import Decimal
from itertools import islice
from typing import Any, Final

from gemini_mcp.domain.task import Task
from gemini_mcp.engine.schemas import schema_breaches, schema_violation, shown

_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,300})(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_MOST_ROUNDS: Final = 4
_MOST_MENDED: Final = 200
_TOLD: Final = 3
_NOTHING: Final = object()
_SEVERAL = re.compile(r"[,;|\n\[{]")
"""What a text has that may be a list of its own, and not one item."""

Path = tuple[str | int, ...]
Fix = list[tuple[Path, Any]]
"""Values to put in places, seen from where a breach is."""

Changes = dict[Path, str]


def mended(task: Task, text: str) -> tuple[str, tuple[str, ...]]:
    """JSON text that fits the task's schema, and what was changed; the text as it is where that cannot be had."""
    if task.output_schema is None:
        return text, ()
    try:
        value = json.loads(text, parse_float=_exact, parse_constant=_unfit, object_pairs_hook=_distinct)
    except (ValueError, RecursionError):
        return text, ()
    better, report = coerced(task.output_schema, value)
    if not report:
        return text, ()
    return json.dumps(better, ensure_ascii=False, indent=2 if "\n" in text else None), report


def coerced(schema: dict[str, Any], value: Any) -> tuple[Any, tuple[str, ...]]:
    """The value with its types mended, and the report in words; the value itself and () if that does not do."""
    try:
        better, changes = _better(schema, value)
    except RecursionError:
        return value, ()
    if changes and schema_violation(schema, better) is None:
        return better, _report(changes)
    return value, ()


def _better(schema: dict[str, Any], value: Any) -> tuple[Any, Changes]:
    """The value after all that could be mended, round by round: what a list holds shows when it is a list. Where there
    is more amiss than is worth the time, nothing is mended."""
    root, changes = [deepcopy(value)], Changes()
    for _ in range(_MOST_ROUNDS):
        breaches = list(islice(schema_breaches(schema, root[0]), _MOST_MENDED + 1))
        if len(breaches) > _MOST_MENDED:
            return value, Changes()
        if not breaches:
            break
        if not all([_mend(root, each, changes) for each in breaches]):
            break
    return root[0], changes


def _mend(root: list[Any], breach: Any, changes: Changes) -> bool:
    """Put right what a breach complains of, below ``root[0]``. False: it cannot be."""
    fixes = {json.dumps(each): each for each in _fixes(breach)}
    if len(fixes) != 1:
        return False
    (fix,) = fixes.values()
    for path, new in fix:
        where = (*breach.absolute_path, *path)
        old = _put(root, where, new)
        changes[where] = f"{_pointer(where)} from {_brief(old)} to {_brief(new)}"
    return True


def _fixes(breach: Any) -> Iterator[Fix]:
    if breach.validator == "type":
        new = _fitting(breach.validator_value, breach.instance)
        if new is not _NOTHING:
            yield [((), new)]
    elif breach.validator in ("anyOf", "oneOf"):
        branches: dict[Any, list[Any]] = defaultdict(list)
        for inner in breach.context:
            branches[inner.relative_schema_path[0]].append(inner)
        for complaints in branches.values():
            news = [_fitting(each.validator_value, each.instance) for each in complaints if each.validator == "type"]
            if len(news) == len(complaints) and all(new is not _NOTHING for new in news):
                yield [(tuple(each.relative_path), new) for each, new in zip(complaints, news, strict=True)]


def _fitting(types: Any, value: Any) -> Any:
    """The same value in one of the types, or _NOTHING."""
    wanted: Sequence[str] = [types] if isinstance(types, str) else types
    for kind in ("integer", "number", "boolean"):
        if kind in wanted and (new := _scalar(kind, value)) is not _NOTHING:
            return new
    is_one = isinstance(value, int | float) or (isinstance(value, str) and value and not _SEVERAL.search(value))
    return [value] if "array" in wanted and is_one else _NOTHING


def _scalar(kind: str, value: Any) -> Any:
    if kind == "boolean":
        return {"true": True, "false": False}.get(value, _NOTHING) if isinstance(value, str) else _NOTHING
    if (isinstance(value, str) and _NUMBER.fullmatch(value)) or (isinstance(value, float) and kind == "integer"):
        exact = Decimal(value)
    else:
        return _NOTHING
    if exact == exact.to_integral_value() and abs(exact.adjusted()) < 300:
        whole = not isinstance(value, str) or kind == "integer" or re.fullmatch(r"-?\d+", value)
        return int(exact) if whole else float(exact)
    return float(exact) if kind == "number" and Decimal(repr(float(exact))) == exact else _NOTHING


def _put(root: list[Any], where: Path, new: Any) -> Any:
    holder: Any = root
    steps = (0, *where)
    for step in steps[:-1]:
        holder = holder[step]
    old, holder[steps[-1]] = holder[steps[-1]], new
    return old


def _report(changes: Changes) -> tuple[str, ...]:
    count = "1 value" if len(changes) == 1 else f"{len(changes)} values"
    told = list(changes.values())[:_TOLD]
    more = ", ..." if len(changes) > _TOLD else ""
    return (f"{count} coerced to the schema's types: {', '.join(told)}{more}",)


def _pointer(path: Path) -> str:
    return shown("".join(f"/{step}" for step in path)) or "the whole"


def _brief(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _exact(text: str) -> float:
    """A number that would come out otherwise than it went in must not go through our hands."""
    value = float(text)
    if Decimal(repr(value)) != Decimal(text):
        raise ValueError("more digits than can be kept")
    return value


def _unfit(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name that stands twice")
    return dict(pairs)
