"""What became of answers: what is kept of it in the ledger, and how much of a case each is. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from gemini_mcp.domain.calibration import Outcome
from gemini_mcp.domain.catalog import Tier
from gemini_mcp.domain.closed import same_answer
from gemini_mcp.domain.signals import Seen, Traits
from gemini_mcp.engine.ports import Judged

Kind = Literal[
    "accepted", "climbed_better", "climbed_same", "rejected_by_caller",
    "trial_better", "trial_same", "trial_worse", "trial_differs", "trial_passed",
]  # fmt: skip

GAINS: Final[dict[str, tuple[float, float]]] = {
    "accepted": (0.0, 0.5),
    "climbed_better": (1.0, 1.0),
    "climbed_same": (0.0, 1.0),
    "rejected_by_caller": (1.0, 0.5),
    "trial_better": (1.0, 1.0),
    "trial_same": (0.0, 1.0),
    "trial_worse": (-1.0, 1.0),
    "trial_differs": (0.3, 0.5),
    "trial_passed": (0.0, 0.5),
}
"""What each says of climbing, in answers made right, and how much of a case it is: that nobody complained proves
little, and of two answers that differ nobody knows which is right."""


@dataclass(frozen=True, slots=True)
class Noted:
    """A row of the ledger's outcomes. ``upper`` is the tier that a lower tier's answer was compared with, if any."""

    family: str
    tier: str
    model: str
    kind: Kind
    upper: str = ""
    traits: Traits = ()
    seen: Seen = ()
    agrees: bool | None = None
    detail: str = ""

    @property
    def outcome(self) -> Outcome | None:
        """As a case to learn from; None for a kind that a later version wrote, and for what nobody saw: a result that
        was answered from what was kept, or by a version that noted rejections alone."""
        if self.kind not in GAINS or not self.traits:
            return None
        gain, weight = GAINS[self.kind]
        return Outcome(self.family, self.traits, self.seen, gain, self.agrees, weight)


def noted(judged: Sequence[Judged], *, accepted: bool) -> Iterator[Noted]:
    """What a climb shows of each tier that was asked, the last one accepted or not."""
    for lower, upper in pairwise(judged):
        yield _of(lower, "climbed_better" if _better(lower, upper) else "climbed_same", upper.tier)
    if judged and accepted:
        yield _of(judged[-1], "accepted", "")


def compared(lower: Judged, upper: Judged) -> Noted:
    """What a trial shows: the same task on two tiers, whatever was handed over."""
    kind: Kind = "trial_passed"
    if lower.objection and upper.objection:
        kind = "trial_same"
    elif bool(lower.objection) != bool(upper.objection):
        kind = "trial_better" if lower.objection else "trial_worse"
    elif lower.given is not None and upper.given is not None:
        kind = "trial_same" if same_answer(lower.given, upper.given) else "trial_differs"
    return _of(lower, kind, upper.tier)


def _better(lower: Judged, upper: Judged) -> bool:
    """An answer that was merely doubted counts as mended when the tier above says otherwise."""
    if upper.objection:
        return False
    if lower.objection:
        return True
    return lower.given is not None and upper.given is not None and not same_answer(lower.given, upper.given)


def _of(judged: Judged, kind: Kind, upper: Tier | Literal[""]) -> Noted:
    what = (judged.traits, judged.seen, judged.agrees)
    return Noted(judged.family, judged.tier, judged.model, kind, upper, *what, judged.objection[:200])


def cases(rows: Iterable[Noted]) -> Iterator[Outcome]:
    """What can be learned from."""
    return (outcome for row in rows if (outcome := row.outcome) is not None)
