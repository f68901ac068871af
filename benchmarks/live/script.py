"""What the stand-in is told to answer. It understands nothing, so which answers are right is drawn by lot: the stronger
the tier, the more of them. That makes a run look like one. It says nothing about any model."""

from collections.abc import Mapping, Sequence
from random import Random
from re import escape
from typing import Any

from benchmarks.live.task import Task

CHANCES: dict[str | None, float] = {"lite": 0.55, "flash": 0.75, "pro": 0.9, None: 0.7}


def rules(tasks: Sequence[Task], models: Mapping[str, str | None]) -> list[dict[str, Any]]:
    """Fault rules for the stand-in. ``models``: their tiers, None where unknown. Summaries it makes itself."""
    return [
        {"model": model, "match": escape(task.mark), "do": "answer", "text": task.right}
        for model, tier in models.items()
        for task in tasks
        if task.kind != "summary" and Random(f"{task.id} {model}").random() < CHANCES[tier]
    ]
