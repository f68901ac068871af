"""Which worth to choose, and which to keep, from cases that are not those reported on."""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.cascade.routes import WORTHS
from benchmarks.cascade.totals import Totals

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Judged:
    """What some cases say of the learned policy at every worth, and of the models alone."""

    cheap: Totals
    strong: Totals
    curve: Sequence[Totals]

    def worth_for(self, points: float) -> float | None:
        """The worth that costs least and stays within so many points of the strong model; None: the strong model
        alone is the cheapest that does."""
        wanted = self.strong.accuracy - points / 100 - _ROUNDING
        fitting = [(t.mean_cost, w) for t, w in zip(self.curve, WORTHS, strict=True) if t.accuracy >= wanted]
        best = min(fitting, default=None)
        return None if best is None or best[0] >= self.strong.mean_cost else best[1]

    @property
    def undominated(self) -> list[int]:
        """Places of the worths at which nothing cheaper was better."""
        kept: list[int] = []
        best = -1.0
        for place in sorted(range(len(WORTHS)), key=lambda place: (self.curve[place].mean_cost, place)):
            totals = self.curve[place]
            if totals.accuracy > best and totals.mean_cost <= self.strong.mean_cost:
                kept.append(place)
                best = totals.accuracy
        return kept
