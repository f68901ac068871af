"""What the cascade knows of an answer, and what the policy makes of it: signals, prices, the second opinion's worth."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from functools import partial

from gemini_mcp.domain.calibration import Calibration
from gemini_mcp.domain.catalog import TIERS, Catalogue, Model, Tier, tier_above, tier_below
from gemini_mcp.domain.closed import closed_answer, closed_kind, hedges, same_answer
from gemini_mcp.domain.messages import ModelAnswer
from gemini_mcp.domain.policy import Decision, Prices, State, decide, starts_above, worth_asking
from gemini_mcp.domain.routing import LEAST_THINKING_TOKENS, Look
from gemini_mcp.domain.signals import Signals, Traits, seen, traits
from gemini_mcp.domain.task import Task
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.ports import Judged

CalibrationOf = Callable[[Tier], Calibration]
_UNCALIBRATED = Calibration()
LEAST_SEEN = 15
"""Answers of a family's own, before it starts anywhere but where the look at the task says."""

_ORDINARY_RATIO = 4.5
"""What a tier costs against the one below where a price is not known."""

_CLIMBING = Prices(1 / _ORDINARY_RATIO)
"""For deciding on an answer that is paid for: all that counts is one of the tier above, which is the unit."""

_OUTPUT_TOKENS = {"closed": 32, "open": 1_024}
"""Of an ordinary answer, thinking apart."""


def uncalibrated(tier: Tier) -> Calibration:
    """As long as nothing was learned."""
    return _UNCALIBRATED


def usual_start(family: str, of: CalibrationOf) -> tuple[Tier, str]:
    """Where a task of a family begins when nobody says otherwise, of an ordinary wording and price; and why."""
    tier: Tier = TIERS[0]
    while (above := tier_above(tier)) is not None:
        if not _passed_over(of(tier), traits(family, ""), family, lambda: _CLIMBING):
            break
        tier = above
    calibration = of(tier_below(tier) or tier)
    if tier != TIERS[0]:
        return tier, f"learned from {calibration.outcomes:.0f} outcomes that the tier below seldom does"
    if not calibration.outcomes:
        return tier, "the cheapest tier first; no outcomes yet"
    return tier, "the cheapest tier first; outcomes do not speak against it"


def _passed_over(learned: Calibration, task: Traits, family: str, prices: Callable[[], Prices]) -> bool:
    """Whether a tier is, for what was learned of it; prices are worked out only where that can be."""
    if not learned.informed or learned.seen_of(family) < LEAST_SEEN:
        return False
    return starts_above(task, family, State(learned, prices()))


@dataclass(frozen=True, slots=True)
class Considered:
    """An answer as the policy saw it."""

    judged: Judged
    decision: Decision


class Judge:
    """For one task. ``seconding``: whether second opinions may be asked for."""

    def __init__(
        self,
        task: Task,
        family: str,
        input_tokens: int,
        catalogue: Catalogue,
        today: date,
        of: CalibrationOf,
        *,
        seconding: bool,
    ) -> None:
        self._task, self._family, self._tokens = task, family, input_tokens
        self._catalogue, self._today, self._of = catalogue, today, of
        self._kind = closed_kind(task)
        self._seconding = seconding and self._kind is not None and task.pinned_model is None
        self._traits = traits(family, task.instruction)
        self._heard: list[str] = []

    def start(self, look: Look) -> Look:
        """Where to begin, given what was learned; what the caller asked for stands."""
        free = self._task.tier is None and self._task.rejected is None and self._task.pinned_model is None
        while free and (above := tier_above(look.start)) is not None:
            if not _passed_over(
                self._of(look.start), self._traits, self._family, partial(self._prices, look.start, None)
            ):
                break
            look = Look(look.family, above, f"learned that {look.start} seldom does for {look.family}")
        return look

    def signals(self, answer: ModelAnswer, text: str, objection: str, agrees: bool | None = None) -> Signals:
        """What can be seen of an answer. An open one is not judged by its words: doubt may belong to what it says."""
        given = self.given(text)
        return Signals(
            objection=objection,
            formed=True if given is not None else None,  # an answer that we cannot read may be right
            characters=len(text),
            hedges=hedges(text) if self._kind is not None and not self._task.wants_json else None,
            confidence=answer.confidence,
            agrees=agrees,
        )

    def given(self, text: str) -> str | None:
        """The answer to a closed question, as it is compared."""
        return None if self._kind is None else closed_answer(self._kind, text)

    def heard(self, text: str) -> bool | None:
        """Whether an earlier answer to the closed question said the same; None when there was none, or none did: then
        all differ, and nobody knows who is right."""
        given = self.given(text)
        if given is None:
            return None
        same = any(same_answer(given, other) for other in self._heard)
        self._heard.append(given)
        return True if same else None

    def same(self, one: str, other: str) -> bool | None:
        """Whether two texts answer a closed question alike; None where that cannot be said."""
        first, second = self.given(one), self.given(other)
        return None if first is None or second is None else same_answer(first, second)

    def second_model(self, tier: Tier, asked: Model, needs: AbstractSet[str]) -> Model | None:
        """Another model of the tier, to ask for a second opinion: of the cheapest tier alone, where it is cheap."""
        if not self._seconding or tier != TIERS[0]:
            return None
        others = (candidate.model for candidate in self._catalogue.candidates(tier, self._today))
        able = (model for model in others if needs <= model.capabilities and self._tokens <= model.context_tokens)
        return next((model for model in able if model.id != asked.id), None)

    def wants_second(self, tier: Tier, signals: Signals, second: Model | None, *, may_climb: bool) -> bool:
        """Whether a second opinion is worth its price."""
        if second is None or not signals.formed:
            return False
        state = State(self._of(tier), self._prices(tier, second), may_climb=may_climb)
        return worth_asking(self._traits, self._family, signals, state)

    def decided(self, tier: Tier, model: str, signals: Signals, text: str, *, may_climb: bool) -> Considered:
        """What to do with the answer."""
        state = State(self._of(tier), _CLIMBING, may_climb=may_climb)
        decision = decide(self._traits, self._family, signals, state)
        given = self.given(text)
        what = (tier, model, self._family, self._traits, seen(signals), signals.agrees)
        return Considered(Judged(*what, given, signals.objection), decision)

    def _prices(self, tier: Tier, second: Model | None) -> Prices:
        """As shares of an ordinary answer of the tier above."""
        above = tier_above(tier)
        unit = self._price(above) if above else None
        if not unit:
            return Prices(1 / _ORDINARY_RATIO)
        here, other = self._price(tier), self._price(tier, second) if second else None
        answer = here / unit if here else 1 / _ORDINARY_RATIO
        return Prices(answer, second=other / unit if other else None)

    def _price(self, tier: Tier, model: Model | None = None) -> int | None:
        """nano-USD that an ordinary answer to this task costs on a tier."""
        asked = model or self._catalogue.current(tier, self._today)
        if asked is None:
            return None
        written = _OUTPUT_TOKENS["closed" if self._kind else "open"]
        thought = LEAST_THINKING_TOKENS[tier]
        usage = TokenUsage(input_tokens=self._tokens, output_tokens=written, thinking_tokens=thought)
        return self._catalogue.cost(asked.id, usage, self._today)
