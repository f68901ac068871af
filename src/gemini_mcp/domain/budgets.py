"""What the user allows to be spent, and what is said about it. Amounts in nano-USD, None where there is no limit."""

from dataclasses import dataclass, replace
from typing import Literal

from gemini_mcp.domain.money import nano_from_usd, short_usd, usd_text

BudgetKind = Literal["session", "day"]
ALERT_PERCENTS = (50, 80, 95)
"""Shares of a budget that are told when they are reached."""


@dataclass(frozen=True, slots=True)
class Budgets:
    """For one principal: in one session, and on one local day over all sessions."""

    session_nano: int | None = None
    day_nano: int | None = None

    @classmethod
    def of_usd(cls, session: str | None, day: str | None) -> "Budgets":
        """From amounts in USD as text; None switches one off."""
        return cls(*(None if amount is None else nano_from_usd(amount) for amount in (session, day)))

    def within_session(self, usd: str) -> "Budgets":
        """The same, with another limit on the session."""
        return replace(self, session_nano=nano_from_usd(usd))

    def limit(self, kind: BudgetKind) -> int | None:
        return self.session_nano if kind == "session" else self.day_nano

    @property
    def limited(self) -> bool:
        return self.session_nano is not None or self.day_nano is not None


def raising(kind: BudgetKind, enough_usd: str) -> str:
    """How to have that much, in words that may go on."""
    otherwise = "begin a new session" if kind == "session" else "wait until tomorrow"
    variable = f"GEMINI_AGENTS_{kind.upper()}_BUDGET_USD"
    return f"The user can set {variable} to {enough_usd} or more and restart the server; or {otherwise}"


@dataclass(frozen=True, slots=True)
class Shortage:
    """A reservation that the budget of that kind did not allow. ``left_nano`` is what nobody has spent or reserved,
    0 at the least; ``coming_nano`` is reserved by calls that end soon, so that most of it comes back."""

    kind: BudgetKind
    limit_nano: int
    left_nano: int
    coming_nano: int = 0

    def may_fit(self, nano: int) -> bool:
        """Whether it could be reserved once what others have reserved comes back."""
        return nano <= self.left_nano + self.coming_nano

    @property
    def words(self) -> str:
        return f"{short_usd(self.left_nano)} of the {self.kind} budget of {short_usd(self.limit_nano)} is left"

    def fix(self, needed_nano: int) -> str:
        """How to get that much more."""
        return f"{raising(self.kind, usd_text(self.limit_nano - self.left_nano + needed_nano) or '')}."


@dataclass(frozen=True, slots=True)
class Alert:
    """A share of a budget that has just been reached."""

    kind: BudgetKind
    percent: int
    spent_nano: int
    limit_nano: int

    @property
    def words(self) -> str:
        spent, limit = short_usd(self.spent_nano), short_usd(self.limit_nano)
        return f"{self.percent} % of the {self.kind} budget reached: {spent} of {limit} spent"


def reached(limit_nano: int, spent_nano: int, told_nano: int) -> int | None:
    """The highest share, in percent, that is reached and was not told when ``told_nano`` had been spent."""
    found = [p for p in ALERT_PERCENTS if told_nano * 100 < limit_nano * p <= spent_nano * 100]
    return max(found, default=None)
