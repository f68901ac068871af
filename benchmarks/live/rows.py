"""What is written: one row a task, as recorded outcomes are replayed from. See the format in README.md."""

import gzip
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.live.reply import Reply
from benchmarks.live.scoring import hedges
from benchmarks.live.task import Score, Task

Cell = dict[str, Any]
Row = dict[str, Any]
OUTAGES = frozenset({"upstream_unavailable", "deadline_exceeded", "quota_exhausted", "state_unavailable"})
"""Errors that say nothing about the model: with --resume they are asked again."""


def cell(reply: Reply, score: Score | None, *, prose: bool) -> Cell:
    """What one model made of a task. An answer that the product's checks turned down scores 0, since a caller does not
    get it; ``s_best`` is what it would have scored. Only ``prose`` of the model's own can say that it is unsure. Money
    in USD, left out where it is unknown: that is never 0."""
    found: Cell = {"s": 0.0 if reply.error or score is None else round(score.points, 4)}
    if score is not None and score.answer is not None:
        found["ans"] = score.answer
    if reply.error and score is not None:
        found["s_best"] = round(score.points, 4)
    found |= {
        "fmt_ok": int(not reply.error),
        "hedge": int(prose and hedges(reply.text)),
        "out_chars": len(reply.text),
        "in_tok": reply.input_tokens,
        "out_tok": reply.output_tokens,
    }
    if reply.cost_usd is not None:
        found["cost"] = float(reply.cost_usd)
    if reply.error:
        found["err"] = reply.error
    if reply.served and reply.served != reply.model:
        found["served"] = reply.served
    return found | ({"simulated": 1} if reply.simulated else {})


class Book:
    """The rows of a file, written anew and whole with each cell: a run that is killed loses what was under way."""

    def __init__(self, path: Path | None, tasks: Sequence[Task]) -> None:
        self._path = path
        self._tasks = {task.id: task for task in tasks}
        self.rows: dict[str, Row] = {}

    def load(self) -> None:
        """What the file holds. Raises OSError, ValueError."""
        if self._path is not None and self._path.exists():
            self.rows = {row["id"]: row for row in read(self._path)}

    def has(self, task: Task, model: str) -> bool:
        """Whether it was asked before: the same thing, and not in vain."""
        row = self.rows.get(task.id)
        found = row["m"].get(model) if row is not None and row["prompt"] == task.prompt else None
        return found is not None and found.get("err") not in OUTAGES

    def add(self, task: Task, model: str, made: Cell) -> None:
        row = self.rows.get(task.id)
        if row is None or row["prompt"] != task.prompt:
            row = self.rows[task.id] = _row(task)
        row["m"][model] = made
        self._save()

    def _save(self) -> None:
        if self._path is None:
            return
        beside = self._path.with_name(f"{self._path.name}.new")
        known = [self.rows[name] for name in self._tasks if name in self.rows]
        others = [row for name, row in self.rows.items() if name not in self._tasks]
        lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in [*others, *known])
        beside.write_bytes(gzip.compress(lines.encode(), mtime=0))
        os.replace(beside, self._path)


def _row(task: Task) -> Row:
    row: Row = {"id": task.id, "family": task.family, "difficulty": task.difficulty, "prompt": task.prompt}
    return row | ({"gold": task.gold} if task.gold is not None else {}) | {"m": {}}


def read(path: Path) -> list[Row]:
    """Raises OSError, ValueError."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def simulated(rows: Iterable[Row]) -> bool:
    """Whether the stand-in had a part in them."""
    return any("simulated" in made for row in rows for made in row["m"].values())
