"""All tasks, in an order in which the first few are of every kind."""

from collections.abc import Callable, Iterator
from itertools import zip_longest

from benchmarks.live import coding, extraction, pictures, questions, writing
from benchmarks.live.task import KINDS, Kind, Task

_MAKERS: dict[Kind, Callable[[], Iterator[Task]]] = {
    "extract": extraction.tasks,
    "code": coding.tasks,
    "grounded": questions.tasks,
    "summary": writing.tasks,
    "image": pictures.tasks,
}
_STRIDE = 7
"""With which each kind is gone through: no divisor of any kind's number, and levels and subjects come mixed."""


def tasks(only: str | None = None, limit: int | None = None) -> list[Task]:
    """The first ``limit`` tasks of one kind, or of all in turn: a run that ends early has tried all of them."""
    kinds = [list(_MAKERS[kind]()) for kind in KINDS if only in (None, kind)]
    mixed = [[kind[i * _STRIDE % len(kind)] for i in range(len(kind))] for kind in kinds]
    return [task for turn in zip_longest(*mixed) for task in turn if task is not None][:limit]
