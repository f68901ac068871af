"""What a call is likely to cost, said before it is sent, and held against what the caller allows."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Final

from gemini_mcp.domain.catalog import Model, Tier
from gemini_mcp.domain.errors import AgentError, BudgetExceeded
from gemini_mcp.domain.likely import FRAME_TOKENS, LikelyCall, thinking_tokens
from gemini_mcp.domain.money import short_usd, usd_text
from gemini_mcp.domain.routing import ANSWER_TOKENS, LEAST_ANSWER_TOKENS, LEAST_THINKING_TOKENS, THINKING_TOKENS, look
from gemini_mcp.domain.task import Task
from gemini_mcp.domain.tokens import MARGIN, estimate_tokens
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.tools.calls import Common
from gemini_mcp.tools.services import Services

LIKELY_ANSWER_TOKENS: Final = 400
_CAP: Final = "max_cost_usd"


@dataclass(frozen=True, slots=True)
class Estimate:
    """Of a whole call, all its parts together. Nano-USD, None where a price is not known.

    ``enough_nano``: what leaves room for every part, since each is reserved before it is sent.
    """

    input_tokens: int
    nano: int | None
    enough_nano: int | None

    @property
    def words(self) -> str:
        return f"about {self.input_tokens:,} tokens" + (f", {short_usd(self.nano)}" if self.nano is not None else "")

    def check(self, cap_nano: int | None, instead: str) -> None:
        """Raises BudgetExceeded when the cap does not pay for the call: part of an answer is not what was asked for.

        ``instead``: what to do rather than to raise the cap.
        """
        if cap_nano is not None and self.nano is not None and self.nano > cap_nano:
            message = f"about {short_usd(self.nano)} is needed and {_CAP} is ${usd_text(cap_nano)}"
            raise BudgetExceeded(message, f"Raise {_CAP} to {self._enough}, or {instead}. Nothing was sent.")

    def remaining(self, missing: int, whole: int) -> "Estimate":
        """Of the same call when only ``missing`` of the ``whole`` tokens that it reads are still to be paid for."""
        if self.nano is None or missing >= whole:
            return self
        nano = self.nano * missing // whole
        enough = None if self.enough_nano is None else _rounded_up(self.enough_nano - self.nano + nano)
        return Estimate(self.input_tokens * missing // whole, nano, enough)

    def of_whole(self, error: AgentError, cap_nano: int | None) -> AgentError:
        """What a part says about the cap, as it is of use to who set it: in terms of the whole call."""
        if not self._too_small(error, cap_nano):
            return error
        message = f"{error.message}; the whole call is likely to cost about {short_usd(self.nano)}"
        whole = BudgetExceeded(message, f"Raise {_CAP} to {self._enough}, or name less material.")
        whole.best = error.best
        return whole

    def _too_small(self, error: AgentError, cap_nano: int | None) -> bool:
        """Whether it was the cap that the error is about, and a larger one would have helped."""
        about_cap = isinstance(error, BudgetExceeded) and _CAP in error.fix
        return about_cap and cap_nano is not None and self.enough_nano is not None and cap_nano < self.enough_nano

    @property
    def _enough(self) -> str:
        return usd_text(self.enough_nano) or "more"


def of_task(task: Task, services: Services) -> Estimate:
    """For one task that the first model asked answers well."""
    tokens = task_tokens(task) + FRAME_TOKENS[task.agent]
    tier = look(task, tokens).start
    common = Common(tier, task.pinned_model, task.max_cost_nano)
    return of_calls([LikelyCall(tier, tokens, LIKELY_ANSWER_TOKENS)], common, services)


def task_tokens(task: Task) -> int:
    """About how many tokens the task is, without its instructions."""
    text = sum(estimate_tokens(source.text) for source in task.sources if source.media is None)
    media = sum(source.media.tokens for source in task.sources if source.media)
    return text + media + estimate_tokens(task.instruction) + estimate_tokens(task.context)


def of_calls(calls: Sequence[LikelyCall], common: Common, services: Services, *, in_parts: bool = False) -> Estimate:
    """For calls, instructions included, of the first models of their tiers, or of the one that was named.

    ``in_parts``: some of them are made at the same time.
    """
    reserved_nano = worst_nano if in_parts else least_nano
    costs: list[int | None] = []
    more: list[int | None] = []
    for call in calls:
        model, tier = common.first_of(call.tier, services)
        cost, reserved = (
            _likely_nano(call, model, tier, services),
            reserved_nano(model, tier, call.input_tokens, services),
        )
        costs.append(cost)
        more.append(None if cost is None or reserved is None else reserved - cost)
    return estimate(sum(call.input_tokens for call in calls), costs, more)


def estimate(input_tokens: int, costs: Sequence[int | None], more: Sequence[int | None]) -> Estimate:
    """Of calls by what each is likely to cost, and how much more is reserved for some; unknown as soon as one is.

    A quarter more is enough at the least: the reservation for the input alone is above what is likely, and of an
    answer that takes a little more than is likely nothing must be cut off.
    """
    nano = None if any(cost is None for cost in costs) else sum(cost or 0 for cost in costs)
    if nano is None or any(each is None for each in more):
        return Estimate(input_tokens, nano, None)
    spare = max([each or 0 for each in more] + [nano // 4])
    return Estimate(input_tokens, nano, _rounded_up(nano + spare))


def worst_nano(model: Model | None, tier: Tier, input_tokens: int, services: Services) -> int | None:
    """About what is reserved for one call that answers in JSON."""
    return _reserved_nano(model, ANSWER_TOKENS["json"] + THINKING_TOKENS[tier], input_tokens, services)


def least_nano(model: Model | None, tier: Tier, input_tokens: int, services: Services) -> int | None:
    """About what must be there for a call to be sent at all, with less room for its answer."""
    return _reserved_nano(model, LEAST_ANSWER_TOKENS + LEAST_THINKING_TOKENS[tier], input_tokens, services)


def _reserved_nano(model: Model | None, room: int, input_tokens: int, services: Services) -> int | None:
    if model is None:
        return None
    return services.catalogue.worst_case(model.id, int(input_tokens * MARGIN), room, services.today())


def _likely_nano(call: LikelyCall, model: Model | None, tier: Tier, services: Services) -> int | None:
    if model is None:
        return None
    thought = thinking_tokens(model, tier, call.input_tokens)
    usage = TokenUsage(call.input_tokens, output_tokens=call.output_tokens, thinking_tokens=thought)
    return services.catalogue.cost(model.id, usage, services.today())


def _rounded_up(nano: int) -> int:
    """To two significant digits, as one would write it down."""
    amount = Decimal(max(1, nano))
    step = Decimal(1).scaleb(amount.adjusted() - 1)
    return int((amount / step).to_integral_value(ROUND_CEILING) * step)
