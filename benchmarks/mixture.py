"""The calls and the faults of figure 9. A call's kind stands in its task, where the faults file finds it."""

import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

DEADLINE_S = 3.0
CANCEL_AFTER_S = 0.3
_QUOTA = "GenerateRequestsPerMinutePerProjectPerModel"
_CITIES = {
    "type": "object",
    "properties": {
        "cities": {"type": "array", "items": {"type": "string"}, "minItems": 2},
        "count": {"type": "integer"},
    },
    "required": ["cities", "count"],
}

FAULTS: list[dict[str, Any]] = [
    {"match": "kind-quota", "do": "429", "retry_delay_s": 0.05, "quota_id": _QUOTA, "probability": 0.6},
    {"match": "kind-unavailable", "do": "503", "probability": 0.5},
    {"match": "kind-slow", "do": "delay", "seconds": 0.3},
    {"match": "kind-cancelled", "do": "delay", "seconds": 2.0},
    {"match": "kind-malformed", "do": "malformed", "probability": 0.5},
    {"match": "kind-blocked", "do": "blocked"},
    {"match": "kind-safety", "do": "safety", "probability": 0.7},
    {"match": "kind-thought-out", "do": "max_tokens_empty", "probability": 0.7},
    {"match": "kind-rerouted", "do": "reroute", "to": "gemini-3.8-flash"},
    {"match": "kind-silent", "do": "no_usage"},
    {"match": "kind-hanging", "do": "hang"},
    {"match": "kind-dripping", "do": "drip", "bytes": 64, "interval_s": 0.01},
    {"match": "kind-cut-off", "do": "disconnect", "probability": 0.5},
]

KINDS: dict[str, tuple[int, dict[str, Any]]] = {
    "plain": (22, {}),
    "repeated": (8, {}),
    "schema": (8, {"output_schema": _CITIES}),
    "json": (3, {"expect": "json"}),
    "python": (3, {"expect": "python"}),
    "markdown": (3, {"expect": "markdown", "context": "For people in a hurry."}),
    "small-file": (5, {"files": ["small.txt"]}),
    "large-file": (5, {"files": ["large.txt"]}),
    "flash": (4, {"tier": "flash"}),
    "pro": (4, {"tier": "pro"}),
    "pinned": (2, {"tier": "gemini-3.8-flash"}),
    "search": (2, {"web_search": True}),
    "capped": (2, {"max_cost_usd": 0.002}),
    "fresh": (2, {"fresh": True}),
    "quota": (4, {}),
    "unavailable": (3, {}),
    "slow": (2, {}),
    "cancelled": (2, {}),
    "malformed": (3, {}),
    "blocked": (2, {}),
    "safety": (2, {}),
    "thought-out": (2, {}),
    "rerouted": (2, {}),
    "silent": (2, {}),
    "hanging": (1, {}),
    "dripping": (1, {}),
    "cut-off": (3, {}),
}
"""Kind: share in per cent, and the arguments beside the task."""


@dataclass(frozen=True, slots=True)
class Planned:
    """One call to make. ``cancel``: the client takes it back while it is under way."""

    kind: str
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def cancel(self) -> bool:
        return self.kind == "cancelled"


def mixture(calls: int) -> list[Planned]:
    """The same calls in the same order, every time."""
    dice = random.Random(9)
    names = list(KINDS)
    drawn = dice.choices(names, [KINDS[name][0] for name in names], k=calls)
    return [Planned(kind, {"task": _task(kind, number), **KINDS[kind][1]}) for number, kind in enumerate(drawn)]


def _task(kind: str, number: int) -> str:
    """Repeated calls share eight tasks; every other call has its own."""
    which = number % 8 if kind == "repeated" else number
    return f"kind-{kind}, number {which}: name the larger cities of country {which * 7 % 1000}, with a word on each."


def write_files(folder: Path) -> None:
    """Material: a page, and enough for Gemini's implicit cache to notice a prefix it has seen."""
    line = "{} The quick brown fox jumps over the lazy dog, and the dog does not mind.\n"
    folder.joinpath("small.txt").write_text("".join(line.format(n) for n in range(20)))
    folder.joinpath("large.txt").write_text("".join(line.format(n) for n in range(1_500)))
