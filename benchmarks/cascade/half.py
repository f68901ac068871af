"""Cases that were measured together, by what was learned from others."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.cascade.cases import Case
from benchmarks.cascade.judged import Judged
from benchmarks.cascade.measures import Ends
from benchmarks.cascade.routes import WORTHS, alone
from benchmarks.cascade.totals import Totals, summed, summed_curves
from gemini_mcp.domain.policy import WORTH

DEFAULT, LEARNED = "default", "learned"
EQUAL = "equal quality"
AIMS = {EQUAL: 0.0, "half a point less": 0.5, "one point less": 1.0}
"""How far below the strong model, in points."""

_RANDOM_STEPS = 50


@dataclass(slots=True)
class Half:
    """What was measured: the models alone, the policies by name, and the learned policy at every worth, of which
    ``kept`` are the places that other cases found worth keeping. ``random``: shares of the cases, drawn at random,
    sent to the strong model."""

    cheap: Totals
    strong: Totals
    policies: dict[str, Totals] = field(default_factory=dict)
    at_worths: list[Totals] = field(default_factory=list)
    kept: list[int] = field(default_factory=list)
    random: list[Totals] = field(default_factory=list)

    @property
    def curve(self) -> list[Totals]:
        return [self.at_worths[place] for place in self.kept]

    @property
    def ends(self) -> Ends:
        return Ends(self.cheap.accuracy, self.strong.accuracy, self.cheap.mean_cost, self.strong.mean_cost)

    def at(self, worth: float | None) -> Totals:
        """The learned policy at a worth; None: the strong model alone."""
        return self.strong if worth is None else self.at_worths[WORTHS.index(worth)]


def measured(cases: Sequence[Case], curve: list[Totals], default: Totals, judged: Judged, dice: random.Random) -> Half:
    """Cases, and what the policies made of them."""
    half = Half(alone(cases, strong=False), alone(cases, strong=True), at_worths=curve, kept=judged.undominated)
    half.policies = {DEFAULT: default, LEARNED: half.at(WORTH)}
    half.policies |= {name: half.at(judged.worth_for(points)) for name, points in AIMS.items()}
    half.random = _at_random(cases, dice)
    return half


def _at_random(cases: Sequence[Case], dice: random.Random) -> list[Totals]:
    """Ever more of the cases, in an order drawn at random, sent to the strong model and the rest to the cheap one."""
    shuffled = list(cases)
    dice.shuffle(shuffled)
    running = alone(shuffled, strong=False)
    found = [Totals(running.cases, running.right, running.cost)]
    for step in range(_RANDOM_STEPS):
        for case in shuffled[len(shuffled) * step // _RANDOM_STEPS : len(shuffled) * (step + 1) // _RANDOM_STEPS]:
            running.right += case.weight * (case.strong - case.cheap)
            running.cost += case.weight * (case.strong_cost - case.cheap_cost)
        found.append(Totals(running.cases, running.right, running.cost))
    return found


def pooled(halves: Sequence[Half]) -> Half:
    """Disjoint halves as one, each policy with itself; of the worths those that most of them kept."""
    whole = Half(summed(half.cheap for half in halves), summed(half.strong for half in halves))
    whole.policies = {name: summed(half.policies[name] for half in halves) for name in halves[0].policies}
    whole.random = summed_curves(half.random for half in halves)
    whole.at_worths = summed_curves(half.at_worths for half in halves)
    votes = Counter(place for half in halves for place in half.kept)
    whole.kept = [place for place, count in votes.items() if 2 * count > len(halves)]
    return whole
