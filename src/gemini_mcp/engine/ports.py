"""The shapes that the engine's parts share, so that the composition can stack them.

generate : (ModelRequest, Call) -> ModelAnswer        gateway, metered(...), retrying(...)
answer   : (Task, Call)         -> Answer             cascading(...), cached(...)
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal, Protocol

import anyio

from gemini_mcp.domain.catalog import Tier
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest, PriceBook
from gemini_mcp.domain.signals import Seen, Traits
from gemini_mcp.domain.task import Task
from gemini_mcp.domain.usage import TokenUsage

Verdict = Literal["accepted", "rejected", "failed", "retried", "timed_out", "cancelled", "unknown"]
CacheState = Literal["hit", "miss", "off", "shared"]


class Progress(Protocol):
    """Tells the caller what is going on, in a few words."""

    async def __call__(self, message: str) -> None: ...


async def silent(message: str) -> None:
    """Progress that nobody asked for."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls: usage and results are kept apart by ``principal`` and told together by ``session_id``."""

    principal: str
    session_id: str


@dataclass(slots=True)
class Attempt:
    """One request to a model, as the ledger keeps it. Money in nano-USD, None where the price is unknown.

    ``discount_nano``: what the service tier that served it (flex, batch) saved against standard; ``context_nano``:
    what an explicit cache saved on the tokens that it held. ``shrunk``: the budget left less room for the answer than
    it was to have. ``reserved``: its row is in the ledger; ``under_way``: not settled yet.
    ``keeps``: no question, but material kept in an explicit cache. ``advises``: a second opinion on another's answer.
    ``written``: verdict and reason as its row has them.
    """

    attempt_id: str
    model: str
    tier: Tier
    reserved_nano: int | None
    started_at: float
    model_served: str = ""
    service_tier: str = "standard"
    verdict: Verdict | None = None
    reason: str = ""
    usage: TokenUsage | None = None
    cost_nano: int | None = None
    ms: int = 0
    simulated: PriceBook | None = None
    discount_nano: int = 0
    context_nano: int = 0
    shrunk: bool = False
    reserved: bool = False
    under_way: bool = True
    keeps: bool = False
    advises: bool = False
    written: tuple[Verdict | None, str] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """An answer as the cascade's policy saw it. ``given``: what it says to a closed question, as it is compared;
    ``objection``: why it could not be handed over."""

    tier: Tier
    model: str
    family: str
    traits: Traits
    seen: Seen
    agrees: bool | None
    given: str | None
    objection: str


@dataclass(slots=True)
class Call:
    """One call of a tool on its way through the engine: who, until when, what it has spent so far.

    ``judged``: the answers that were looked at, in turn. ``deadline`` is on the monotonic clock, in seconds;
    ``started_at`` is Unix time. ``lowered``: a cheaper tier than the one asked for answered, for want of money.
    ``stands``: what was handed over had been doubted, and nothing above did better.
    """

    result_id: str
    caller: Caller
    tool: str
    started_at: float
    started_monotonic: float
    deadline: float
    progress: Progress = silent
    family: str = ""
    tier: Tier = "lite"
    max_cost_nano: int | None = None
    attempts: list[Attempt] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    cache_key: str | None = None
    saved_by_cache_nano: int = 0
    lowered: bool = False
    stands: bool = False
    whole: "Call | None" = None
    settled: anyio.Event = field(default_factory=anyio.Event)
    changed: anyio.Event = field(default_factory=anyio.Event)

    def part(self) -> "Call":
        """One of several tasks that this call consists of: it has attempts, family and tier of its own; its money,
        deadline and warnings are the whole call's."""
        return replace(self, attempts=[], judged=[], whole=self.of_record)

    @property
    def of_record(self) -> "Call":
        """The call that the ledger and the receipt know."""
        return self.whole or self

    def begin(self, attempt: Attempt) -> None:
        """From now on the attempt's reservation counts against the cap."""
        self.attempts.append(attempt)
        if self.whole is not None:
            self.whole.attempts.append(attempt)

    def withdraw(self, attempt: Attempt) -> None:
        """An attempt that could not be reserved, and so was never sent."""
        self.attempts.remove(attempt)
        if self.whole is not None:
            self.whole.attempts.remove(attempt)
        _set_anew(self.of_record, "changed")

    def came_back(self) -> None:
        """Tells who waits for money that an attempt was settled: ``settled`` is set, and replaced. ``changed`` is set
        also when an attempt was withdrawn, which gives room under the cap."""
        _set_anew(self.of_record, "settled")
        _set_anew(self.of_record, "changed")

    @property
    def under_way(self) -> bool:
        """Whether some part of the call has a reservation that is not settled."""
        return any(attempt.under_way and attempt.reserved for attempt in self.of_record.attempts)

    @property
    def wanting(self) -> bool:
        """Whether some part of the call has one, or asks for one: what it asks for counts against the cap."""
        return any(attempt.under_way for attempt in self.of_record.attempts)

    @property
    def committed_nano(self) -> int:
        """What counts against a cap: costs, and reservations where the cost is not known, or not yet."""
        attempts = self.of_record.attempts
        return sum(a.cost_nano if a.cost_nano is not None else a.reserved_nano or 0 for a in attempts)

    @property
    def spent_nano(self) -> int:
        """What the attempts cost so far, those of unknown usage at their reservation; unknown prices count as 0."""
        return sum(a.cost_nano or 0 for a in self.attempts)


def _set_anew(call: Call, name: Literal["settled", "changed"]) -> None:
    waited_for: anyio.Event = getattr(call, name)
    setattr(call, name, anyio.Event())
    waited_for.set()


@dataclass(frozen=True, slots=True)
class Answer:
    """An accepted answer. ``usage`` and ``cost_nano`` are of the accepted attempt and of the whole call; a
    cached answer keeps those of the call that made it."""

    text: str
    model: str
    tier: Tier
    family: str
    usage: TokenUsage
    cost_nano: int | None
    baseline_nano: int | None
    simulated: PriceBook | None
    cache: CacheState = "off"
    made_by: str = ""
    web_sources: tuple[tuple[str, str], ...] = ()


Today = Callable[[], date]
Generate = Callable[[ModelRequest, Call], Awaitable[ModelAnswer]]
AnswerTask = Callable[[Task, Call], Awaitable[Answer]]


class Store(Protocol):
    """A cache of accepted answers as JSON values. It fails open: a broken store is a miss."""

    async def get(self, key: str) -> dict[str, Any] | None: ...

    def put(self, key: str, value: dict[str, Any], ttl_s: float) -> None: ...

    def drop(self, key: str) -> None: ...
