"""What became of answers, by family and tier: counts, how often they stood, and where a family starts and why."""

import math
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from gemini_mcp.domain.catalog import TIERS, Tier
from gemini_mcp.engine.outcomes import GAINS

_COUNT = """SELECT family, tier, outcome, COUNT(*) FROM outcomes WHERE at >= ? GROUP BY family, tier, outcome"""
_Z = 1.96
STOOD = ("accepted",)
FELL = ("climbed_better", "climbed_same", "rejected_by_caller")


@dataclass(slots=True)
class Counted:
    """Outcomes of one family on one tier."""

    family: str
    tier: str
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def judged(self) -> int:
        """Answers that stood or fell; trials are another matter."""
        return sum(self.counts.get(kind, 0) for kind in (*STOOD, *FELL)) - self._rejected_later

    @property
    def stood(self) -> int:
        """Accepted, and not turned down by the caller since."""
        return self.counts.get("accepted", 0) - self._rejected_later

    @property
    def _rejected_later(self) -> int:
        return min(self.counts.get("accepted", 0), self.counts.get("rejected_by_caller", 0))

    def row(self) -> dict[str, Any]:
        """For programs: shares are null without a case; ``stood_95`` is Wilson's interval."""
        low, high = wilson(self.stood, self.judged)
        return {
            "family": self.family,
            "tier": self.tier,
            **{kind: self.counts.get(kind, 0) for kind in GAINS},
            "stood": round(self.stood / self.judged, 4) if self.judged else None,
            "stood_95": [round(low, 4), round(high, 4)] if self.judged else None,
        }


def count(connection: sqlite3.Connection, since: float | None = None) -> list[Counted]:
    """By family, then by tier from the cheapest."""
    found: dict[tuple[str, str], Counted] = {}
    for family, tier, kind, number in connection.execute(_COUNT, (since or 0.0,)):
        found.setdefault((family, tier), Counted(family, tier)).counts[kind] = number
    order: dict[str, int] = {tier: place for place, tier in enumerate(TIERS)}
    return sorted(found.values(), key=lambda one: (one.family, order.get(one.tier, len(order))))


def wilson(good: int, cases: int) -> tuple[float, float]:
    """The 95 % interval of a share, as Wilson has it; everything without a case."""
    if cases <= 0:
        return 0.0, 1.0
    share, scale = good / cases, _Z * _Z / cases
    middle = (share + scale / 2) / (1 + scale)
    margin = _Z * math.sqrt(share * (1 - share) / cases + scale / (4 * cases)) / (1 + scale)
    return max(0.0, middle - margin), min(1.0, middle + margin)


StartOf = Callable[[str], tuple[Tier, str]]


def starts(counted: Iterable[Counted], start_of: StartOf) -> list[dict[str, Any]]:
    """Where tasks of each family that was seen begin, and why."""
    by_family: dict[str, list[Counted]] = {}
    for one in counted:
        by_family.setdefault(one.family, []).append(one)
    return [_start(family, found, start_of) for family, found in by_family.items()]


def _start(family: str, found: list[Counted], start_of: StartOf) -> dict[str, Any]:
    tier, why = start_of(family)
    told = [f"{one.tier}: {one.stood} of {one.judged} answers stood" for one in found if one.judged]
    return {"family": family, "start": tier, "why": "; ".join([why, *told])}
