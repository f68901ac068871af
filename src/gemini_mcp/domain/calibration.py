"""What is expected of the tier above, before and after any outcome is known.

An outcome says what climbing brought, or would have: +1 an answer made right, 0 the same, -1 a right one made wrong.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

from gemini_mcp.domain.scorecard import Estimate, Scorecard, Sums
from gemini_mcp.domain.signals import TURNED_DOWN, Seen, Traits, compared

Found = TypeVar("Found")

NOISE = 0.4
"""The standard deviation of what climbing brings around its expectation, about that of recorded outcomes."""

_PATTERNS = 24
_REMEMBERED = 10_000
_BORROWED = 5.0
"""As many cases of all families as one family's own patterns are mixed with."""

_WEIGHTS: dict[str, tuple[float, float]] = {
    "base": (0.04, 0.08),
    TURNED_DOWN: (0.70, 0.20),
    "form wrong": (0.25, 0.20),
    "form right": (0.0, 0.05),
    "tests failed": (0.45, 0.20),
    "tests passed": (-0.03, 0.05),
    "hedges 1": (0.01, 0.05),
    "hedges 2": (0.02, 0.06),
    "hedges 3": (0.04, 0.08),
    "confidence 0": (0.04, 0.10),
    "confidence 1": (0.03, 0.08),
    "confidence 2": (0.02, 0.06),
    "confidence 5": (-0.01, 0.05),
    "second agrees": (-0.04, 0.10),
    "second differs": (0.17, 0.10),
}
"""What a feature adds to the expected gain of climbing as long as nothing is known, with its standard deviation: the
default policy. Set by hand; hints that an answer carries in itself stay below the price of climbing, by default."""

_OTHERWISE = (("family ", 0.15), ("second ", 0.05), ("", 0.06))
"""The standard deviations of features that add nothing as long as nothing is known, by how they begin."""


def gain_prior(feature: str) -> tuple[float, float]:
    """The prior weight of a feature on the gain."""
    return _WEIGHTS.get(feature) or (0.0, _spread(feature))


def agreement_prior(feature: str) -> tuple[float, float]:
    """The prior weight of a feature on the chance that a second opinion agrees."""
    return (0.7, 0.3) if feature == "base" else (0.0, 2 * _spread(feature))


def _spread(feature: str) -> float:
    return next(sd for start, sd in _OTHERWISE if feature.startswith(start))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What climbing from a tier brought for one task, or would have: ``gain`` in answers made right, -1 to 1.
    ``agrees``: the second opinion, where there was one. ``weight``: how much of a case it is."""

    family: str
    traits: Traits
    seen: Seen
    gain: float
    agrees: bool | None = None
    weight: float = 1.0


@dataclass(slots=True)
class Evidence:
    """Outcomes, summed up. Two can be added."""

    answered: Sums = field(default_factory=Sums)
    compared: Sums = field(default_factory=Sums)
    agreed: Sums = field(default_factory=Sums)
    patterns: defaultdict[str, Counter[Seen]] = field(default_factory=lambda: defaultdict(Counter))

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> "Evidence":
        found = cls()
        for outcome in outcomes:
            found.add(outcome)
        return found

    def add(self, outcome: Outcome) -> None:
        answer = outcome.traits + outcome.seen
        self.answered.add(answer, outcome.gain, outcome.weight)
        self.patterns[outcome.family][outcome.seen] += 1
        if outcome.agrees is not None:
            whole = outcome.traits + compared(outcome.family, outcome.seen, outcome.agrees)
            self.compared.add(whole, outcome.gain, outcome.weight)
            self.agreed.add(answer, float(outcome.agrees))

    def __add__(self, other: "Evidence") -> "Evidence":
        both = Evidence(self.answered + other.answered, self.compared + other.compared, self.agreed + other.agreed)
        for one in (self, other):
            for family, counted in one.patterns.items():
                both.patterns[family].update(counted)
        return both


@dataclass(frozen=True, slots=True)
class Prospect:
    """What climbing from an answer is expected to bring: at once, and after a second opinion that agrees or differs;
    ``expected``: at once, before anything was learned; ``agreement``: how likely it is to agree."""

    gain: float
    expected: float
    agreement: float
    if_agrees: float
    if_differs: float


class Calibration:
    """What to expect of one tier's answers and of climbing from it, given the outcomes so far.

    Outcomes that no feature tells anything about are not learned from: then, as without any, the default holds.
    ``inverted``: on the whole, the tier above gives worse answers.
    """

    def __init__(self, evidence: Evidence | None = None) -> None:
        given = evidence or Evidence()
        learned, learned_compared = _gains(given.answered), _gains(given.compared)
        self.outcomes = given.answered.cases
        self.inverted = given.answered.surely_negative
        self.informed = learned.informed
        compares = learned_compared.informed
        self._gain = learned if self.informed else _gains(Sums())
        self._compared = learned_compared if compares else _gains(Sums())
        self._agreement = Scorecard(given.agreed if compares else Sums(), agreement_prior, NOISE)
        self._patterns = {family: Counter(counted) for family, counted in given.patterns.items()}
        self._likeliest: dict[tuple[str, ...], tuple[tuple[Seen, float], ...]] = {}
        self._estimates: dict[Seen, Estimate] = {}
        self._prospects: dict[Seen, Prospect] = {}
        self._outlooks: dict[Traits, tuple[tuple[float, Prospect], ...]] = {}

    def prepare(self) -> None:
        """Work out beforehand what takes long."""
        for card in (self._gain, self._compared):
            card.prepare()

    def seen_of(self, family: str) -> int:
        """How many answers of a family there were."""
        return self._patterns.get(family, Counter()).total()

    def gain(self, task: Traits, family: str, answer: Seen, agrees: bool | None) -> Estimate:
        """Of climbing from an answer, given what a second opinion says of it (None: nobody was asked)."""
        features = (*task, *answer) if agrees is None else (*task, *compared(family, answer, agrees))
        card = self._gain if agrees is None else self._compared
        return _remembered(self._estimates, features, lambda: card.estimate(features))

    def prospect(self, task: Traits, family: str, answer: Seen) -> Prospect:
        """What to expect of an answer, whether a second opinion is asked for or not."""
        return _remembered(self._prospects, (*task, *answer), lambda: self._prospect(task, family, answer))

    def _prospect(self, task: Traits, family: str, answer: Seen) -> Prospect:
        features = (*task, *answer)
        agreement = min(0.98, max(0.02, self._agreement.mean(features)))
        both = [self._compared.mean((*task, *compared(family, answer, agrees))) for agrees in (True, False)]
        gains = (self._gain.mean(features), self._gain.expectation(features))
        return Prospect(*gains, agreement, both[0], both[1])

    def outlook(self, task: Traits, family: str) -> tuple[tuple[float, Prospect], ...]:
        """Before there is an answer: what it may look like, each with its share and what to expect of it."""
        return _remembered(self._outlooks, task, lambda: self._outlook(task, family))

    def _outlook(self, task: Traits, family: str) -> tuple[tuple[float, Prospect], ...]:
        return tuple((share, self._prospect(task, family, answer)) for answer, share in self._shares(family))

    def sureness(self, task: Traits, family: str) -> float:
        """The standard deviation of the gain that is expected before there is an answer."""
        likeliest, _ = self._shares(family)[0]
        return self.gain(task, family, likeliest, None).sd

    def _shares(self, family: str) -> tuple[tuple[Seen, float], ...]:
        """What answers of a family look like, the likeliest first; a family of few cases borrows from all others."""
        return _remembered(self._likeliest, (family,), lambda: self._mixed(family))

    def _mixed(self, family: str) -> tuple[tuple[Seen, float], ...]:
        own, everywhere = self._patterns.get(family, Counter()), self._everywhere
        borrowed = _BORROWED / everywhere.total()
        mixed = {one: own[one] + borrowed * count for one, count in everywhere.items()}
        likeliest = sorted(mixed, key=lambda one: (-mixed[one], one))[:_PATTERNS]
        whole = sum(mixed[one] for one in likeliest)
        return tuple((one, mixed[one] / whole) for one in likeliest)

    @cached_property
    def _everywhere(self) -> Counter[Seen]:
        """What answers look like, whatever the family; nothing special as long as nothing is known."""
        found: Counter[Seen] = Counter()
        for counted in self._patterns.values():
            found.update(counted)
        return found or Counter({(): 1})


def _remembered(known: dict[tuple[str, ...], Found], key: tuple[str, ...], find: Callable[[], Found]) -> Found:
    """What was found for a key before; all is forgotten when it grows too much."""
    found = known.get(key)
    if found is None:
        if len(known) >= _REMEMBERED:
            known.clear()
        found = known[key] = find()
    return found


def _gains(sums: Sums) -> Scorecard:
    return Scorecard(sums, gain_prior, NOISE)
