"""What to do with an answer: hand it over, climb a tier, or stop. Pure: no I/O, no clock, no SDK.

Everything is weighed in one coin. ``worth`` is the gain in quality, in answers made right, that pays for one answer
of the tier above. An answer is worth climbing from when the gain that is expected of it is more than that. A second
opinion is worth asking for when what it may change is worth more than it costs; and a task that will most likely
climb begins above at once.

Where outcomes say that the tier above is worse on the whole, only an answer that cannot be handed over climbs.

The default expectations give way only to outcomes that are beyond doubt (``_SURE`` standard deviations), so that few
outcomes cannot do harm.
"""

from dataclasses import dataclass
from typing import Literal

from gemini_mcp.domain.calibration import Calibration, Prospect
from gemini_mcp.domain.scorecard import Estimate
from gemini_mcp.domain.signals import Signals, Traits, seen

WORTH = 0.08
"""The gain, in answers made right, that is worth one answer of the tier above."""

_SURE = 0.5

Action = Literal["accept", "climb", "stop"]


@dataclass(frozen=True, slots=True)
class Prices:
    """What an answer of this tier, a second opinion and an answer of the tier above cost, as shares of an ordinary
    answer of the tier above. ``second`` is None where nobody can be asked."""

    answer: float
    above: float = 1.0
    second: float | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What is known beside the answer: what outcomes so far say, what things cost, whether there is a tier above."""

    calibration: Calibration
    prices: Prices
    may_climb: bool = True
    worth: float = WORTH


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do, and why, in words for the receipt."""

    action: Action
    reason: str


def decide(task: Traits, family: str, signals: Signals, state: State) -> Decision:
    """What to do with an answer of which this is known."""
    if signals.objection:
        return Decision("climb" if state.may_climb else "stop", signals.objection)
    if not state.may_climb:
        return Decision("accept", "passed its checks")
    if state.calibration.inverted:
        return Decision("accept", "the tier above has given worse answers")
    gain = state.calibration.gain(task, family, seen(signals), signals.agrees)
    need = _need(state)
    climbs = settled_gain(gain, need) > need
    return Decision("climb" if climbs else "accept", _because(signals, gain, climbs))


def settled_gain(gain: Estimate, need: float) -> float:
    """The gain to go by: as sure as it must be to overrule the default."""
    margin = _SURE * gain.sd
    return gain.mean + margin if gain.expected > need else gain.mean - margin


def worth_asking(task: Traits, family: str, signals: Signals, state: State) -> bool:
    """Whether a second opinion on the answer is worth its price."""
    if state.prices.second is None or signals.agrees is not None or signals.objection:
        return False
    if not state.may_climb or state.calibration.inverted:
        return False
    prospect = state.calibration.prospect(task, family, seen(signals))
    return _value_of_asking(prospect, state) > max(0.0, prospect.gain - _need(state))


def starts_above(task: Traits, family: str, state: State) -> bool:
    """Whether a task had better begin a tier above: what answers of its family look like, weighed by how likely that
    is, says whether beginning here and doing with each answer what ``decide`` would is worth more."""
    learned = state.calibration
    if not state.may_climb or not learned.informed or learned.inverted:
        return False
    need, sd = _need(state), learned.sureness(task, family)
    here = above = kept = 0.0
    for share, prospect in learned.outlook(task, family):
        climbs = settled_gain(Estimate(prospect.gain, sd, prospect.expected), need) > need
        best = prospect.gain - need if climbs else 0.0
        if state.prices.second is not None:
            best = max(best, _value_of_asking(prospect, state))
        here += share * best
        above += share * prospect.gain
        kept += 0.0 if climbs else share
    spared = state.worth * state.prices.answer
    return above - need + spared > here + kept * _SURE * sd


def _need(state: State) -> float:
    """The gain that pays for climbing."""
    return state.worth * state.prices.above


def _value_of_asking(prospect: Prospect, state: State) -> float:
    """What going on after a second opinion is expected to be worth, its price taken off."""
    need = _need(state)
    agreed, differed = max(0.0, prospect.if_agrees - need), max(0.0, prospect.if_differs - need)
    after = prospect.agreement * agreed + (1.0 - prospect.agreement) * differed
    return after - state.worth * (state.prices.second or 0.0)


def _because(signals: Signals, gain: Estimate, climbs: bool) -> str:
    told = [words for words, applies in _told(signals) if applies]
    seen_to_be = " and ".join(told) or "passed its checks"
    expected = f": climbing is expected to mend {max(0.0, gain.mean):.0%} of such answers"
    return seen_to_be + expected if climbs else seen_to_be


def _told(signals: Signals) -> tuple[tuple[str, bool], ...]:
    return (
        ("a second opinion differs", signals.agrees is False),
        ("a second opinion agrees", signals.agrees is True),
        ("a test of it failed", signals.tests is False),
        ("its form is wrong", signals.formed is False),
        ("the model was not confident", signals.confidence is not None and signals.confidence < -0.5),
        ("it says that it is unsure", (signals.hedges or 0) > 1),
    )
