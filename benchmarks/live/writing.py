"""Twenty texts to summarise, made by a seeded script that knows which facts a summary of them must tell."""

from collections.abc import Callable, Iterator
from functools import partial
from random import Random

from benchmarks.live import texts
from benchmarks.live.scoring import Fact, summarised
from benchmarks.live.task import LEVELS, Difficulty, Task

_EACH = 5
_ANSWER_TOKENS = 900
_FOCUS = "results, decisions, dates, amounts and who is responsible, with their numbers as they stand"
Maker = Callable[[Random, Difficulty], tuple[str, list[tuple[str, Fact]]]]
MAKERS: dict[str, Maker] = {
    "minutes": texts.minutes,
    "incident": texts.incident,
    "release": texts.release,
    "report": texts.report,
}


def tasks() -> Iterator[Task]:
    for subject, make in MAKERS.items():
        for number in range(_EACH):
            level = LEVELS[number * 3 // _EACH]
            yield _task(subject, number + 1, level, *make(Random(f"{subject}-{number}"), level))


def _task(subject: str, number: int, level: Difficulty, text: str, told: list[tuple[str, Fact]]) -> Task:
    name = f"{subject}-{number:02d}.md"
    facts = [fact for _, fact in told]
    return Task(
        id=f"summary/{subject}-{number:02d}",
        family=f"summary/{subject}",
        difficulty=level,
        tool="summarize_docs",
        prompt=f"{text}\n\nSummarise it, with a focus on {_FOCUS}.",
        arguments={"sources": [name], "focus": _FOCUS},
        score=partial(summarised, facts=facts, source=text),
        right="\n".join(f"- {sentence} [{name}:3]" for sentence, _ in told),
        wrong="- Much was said and 98,765 things were decided.",
        mark=name,
        files={name: text.encode()},
        answer_tokens=_ANSWER_TOKENS,
    )
