"""Thirty extractions to a schema: invoices, logs, mails and tables made by a seeded script that knows the truth."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import Any

from benchmarks.live import invoices, logs, mails, tables
from benchmarks.live.scoring import canonical, extracted
from benchmarks.live.task import LEVELS, Difficulty, Task

Made = tuple[str, str, dict[str, Any], dict[str, Any]]
"""A document, what is to be taken out of it, the schema for that, and the truth."""

Maker = Callable[[Random, Difficulty], Made]
MAKERS: tuple[tuple[str, int, str, Maker], ...] = (
    ("invoice", 8, "txt", invoices.made),
    ("log", 8, "log", logs.made),
    ("mail", 7, "txt", mails.made),
    ("table", 7, "txt", tables.made),
)


def tasks() -> Iterator[Task]:
    for subject, count, suffix, make in MAKERS:
        for number in range(count):
            level = LEVELS[number * 3 // count]
            yield _task(subject, number + 1, suffix, level, make(Random(f"{subject}-{number}"), level))


def _task(subject: str, number: int, suffix: str, level: Difficulty, made: Made) -> Task:
    text, instruction, schema, truth = made
    name = f"{subject}-{number:02d}.{suffix}"
    return Task(
        id=f"extract/{subject}-{number:02d}",
        family=f"extract/{subject}",
        difficulty=level,
        tool="delegate_task",
        prompt=f"{text}\n\n{instruction}\n\nSchema: {json.dumps(schema)}",
        arguments={"task": instruction, "files": [name], "output_schema": schema},
        score=partial(extracted, truth=truth),
        right=json.dumps(truth, ensure_ascii=False),
        wrong=json.dumps(_spoilt(truth), ensure_ascii=False),
        mark=name,
        files={name: text.encode()},
        gold=canonical(truth),
    )


def _spoilt(truth: dict[str, Any]) -> dict[str, Any]:
    """The record with its last value left out of it, or changed."""
    name, value = list(truth.items())[-1]
    other: Any = value[:-1] if isinstance(value, list) and value else f"{value}x" if isinstance(value, str) else 4_711
    return truth | {name: other}
