"""What can be seen of a task before it is asked, and of an answer before anybody knows whether it is right.

All of it as features: short words that a scorecard can weigh and a person can read.
"""

import math
import re
from dataclasses import dataclass

Traits = tuple[str, ...]
"""Features of a task, its family first."""

Seen = tuple[str, ...]
"""Features of an answer."""

TURNED_DOWN = "turned down"
"""The feature of an answer that could not be handed over."""

_MOST_READ = 20_000
_LENGTHS = (150, 300, 600, 1_200, 2_400, 9_600)
_DIGITS = (0.002, 0.02, 0.06)
_ANSWER_LENGTHS = tuple(100 * 1.5**step for step in range(12))
_HEDGES = (0, 1, 3)
_CONFIDENCES = (-1.0, -0.5, -0.25, -0.1, -0.03)
_WORDS = {
    "negated": re.compile(r"\b(?:not|except|false|incorrect|least|never)\b", re.IGNORECASE),
    "supposes": re.compile(r"\b(?:if|suppose|assume|would|calculate|find|determine|prove|how many)\b", re.IGNORECASE),
    "formulas": re.compile(r"[=^\\√∫≤≥]|\d\s*[-+*/]\s*\d"),
    "statements": re.compile(r"\b(?:I{1,3}\.|Statement|Scenario)"),
}


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known of an answer; None is what nobody looked at, or what the model does not offer.

    ``objection``: why it cannot be handed over at all, in words. ``formed``: whether it has the form that was asked
    for, where that is no reason to turn it down. ``characters``: its length. ``hedges``: how often it says that it is
    unsure. ``confidence``: the mean log-probability of its tokens. ``tests``: whether a test of it passed.
    ``agrees``: whether an independent second opinion came to the same.
    """

    objection: str = ""
    formed: bool | None = None
    characters: int | None = None
    hedges: int | None = None
    confidence: float | None = None
    tests: bool | None = None
    agrees: bool | None = None


def traits(family: str, text: str) -> Traits:
    """The features of a task of that family, from its words. A long text is judged by its beginning."""
    read = text[:_MOST_READ]
    digits = sum(map(str.isdigit, read)) / max(1, len(read))
    words = tuple(f"task {name}" for name, pattern in _WORDS.items() if pattern.search(read))
    bands = (f"task length {_band(len(text), _LENGTHS)}", f"digits {_band(digits, _DIGITS)}")
    return ("base", f"family {family}", *bands, *words)


def seen(signals: Signals) -> Seen:
    """The features of an answer, the second opinion's aside."""
    if signals.objection:
        return (TURNED_DOWN,)
    found: list[str] = []
    if signals.formed is not None:
        found.append("form right" if signals.formed else "form wrong")
    if signals.characters is not None:
        found.append(f"answer length {_band(signals.characters, _ANSWER_LENGTHS)}")
    if signals.hedges is not None:
        found.append(f"hedges {_band(signals.hedges, _HEDGES)}")
    if signals.confidence is not None and math.isfinite(signals.confidence):
        found.append(f"confidence {_band(signals.confidence, _CONFIDENCES)}")
    if signals.tests is not None:
        found.append("tests passed" if signals.tests else "tests failed")
    return tuple(found)


def compared(family: str, answer: Seen, agrees: bool) -> Seen:
    """The features of an answer whose second opinion is known. What the second opinion says weighs differently by
    family, and by what else is seen."""
    word = "agrees" if agrees else "differs"
    return (*answer, f"second {word}", f"second {word}, family {family}", *(f"second {word}, {one}" for one in answer))


def _band(value: float, edges: tuple[float, ...]) -> int:
    """The number of edges that lie below the value."""
    return sum(value > edge for edge in edges)
