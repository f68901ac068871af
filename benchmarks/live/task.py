"""A task of the live bench: what is asked, on which material, and how an answer to it is scored."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["extract", "code", "grounded", "summary", "image"]
KINDS: tuple[Kind, ...] = ("extract", "code", "grounded", "summary", "image")
Difficulty = Literal["easy", "medium", "hard"]
LEVELS: tuple[Difficulty, ...] = ("easy", "medium", "hard")


@dataclass(frozen=True, slots=True)
class Score:
    """``points`` from 0 (wrong) to 1 (right). ``answer``: a closed answer in the form in which two that mean the same
    are the same text; None where the answer is open, or is none at all."""

    points: float
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """One task. ``family`` is ``kind/subject`` and never tells what the answer is like.

    ``arguments`` are those of ``tool``, but for the tier. ``files``: the material by name, written to the folder that
    the server may read. ``prompt`` is all of it as text, for who replays the outcomes. ``mark``: words that no other
    task's request has. ``right`` and ``wrong``: an answer of each kind, as the tool would give it back.
    """

    id: str
    family: str
    difficulty: Difficulty
    tool: str
    prompt: str
    arguments: Mapping[str, Any]
    score: Callable[[str], Score]
    right: str
    wrong: str
    mark: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    gold: str | None = None
    answer_tokens: int | None = None

    @property
    def kind(self) -> str:
        return self.family.partition("/")[0]
