"""What a benchmark hands to the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of RESULTS.md. ``note`` says how it was measured where the line cannot."""

    number: str
    what: str
    measured: str
    baseline: str
    ratio: str
    target: str
    met: bool
    note: str = ""


@dataclass(frozen=True, slots=True)
class Effort:
    """How often to repeat; ``quick`` is for a look, not for RESULTS.md."""

    quick: bool = False

    def of(self, usual: int, quick: int) -> int:
        return quick if self.quick else usual


def ratio_of(measured: Sequence[float], baseline: Sequence[float]) -> float:
    """The median of the ratios of neighbours: what slows the machine for a while slows both."""
    return median(a / b for a, b in zip(measured, baseline, strict=True))


def spread(values: Sequence[float], form: str) -> str:
    """The median, with the smallest and the largest."""
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"
