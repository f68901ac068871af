"""Thirty functions to write from what they are to do; hidden tests decide, run in a sandboxed child."""

from collections.abc import Iterator
from functools import partial

from benchmarks.live import code_numbers, code_structures, code_texts
from benchmarks.live.problem import Problem
from benchmarks.live.sandbox import passes
from benchmarks.live.task import Score, Task

_INSTRUCTION = (
    "Write this Python function (3.11, standard library only; no input, output, network or processes). Keep its name"
    " and parameters. Hidden tests call it.\n\n{asked}"
)


def tasks() -> Iterator[Task]:
    for module in (code_texts, code_numbers, code_structures):
        yield from map(_task, module.PROBLEMS)


def _task(problem: Problem) -> Task:
    instruction = _INSTRUCTION.format(asked=problem.asked)
    return Task(
        id=f"code/{problem.name}",
        family=f"code/{problem.subject}",
        difficulty=problem.difficulty,
        tool="delegate_task",
        prompt=instruction,
        arguments={"task": instruction, "expect": "python"},
        score=partial(tested, problem=problem),
        right=problem.source,
        wrong=f"def {problem.name}(*args):\n    return args\n",
        mark=f"def {problem.name}(",
    )


def tested(source: str, problem: Problem) -> Score:
    """All hidden tests or nothing. Code is an open answer: two that do the same look different."""
    return Score(float(passes(source, problem.name, problem.cases)))
