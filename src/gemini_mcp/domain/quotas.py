"""How much a model may be sent: requests and tokens, a minute and a day. Moments are Unix times, in seconds.

A minute is the latest 60 seconds, a day is Google's, from one midnight Pacific to the next. The limits are the
user's, or those that a 429 told of. Nothing here reads a clock or a file.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

from gemini_mcp.domain.pacific import day_began, day_ends

Quota = Literal["rpm", "tpm", "rpd", "tpd", "other"]
"""Requests and tokens, a minute and a day; ``other`` is what upstream asks to wait for without naming one of them."""

MINUTE_S: Final = 60.0
LEARNED_FOR_S: Final = 25 * 3_600.0
"""What a 429 taught is forgotten after the longest day there is: the project may have got a higher limit since."""

_WORDS: Final[dict[Quota, str]] = {
    "rpm": "requests a minute",
    "tpm": "tokens a minute",
    "rpd": "requests a day",
    "tpd": "tokens a day",
    "other": "the wait that Gemini asked for",
}


@dataclass(frozen=True, slots=True)
class ModelLimits:
    """What the user says of a model; None where nothing is said."""

    rpm: int | None = None
    tpm: int | None = None
    rpd: int | None = None

    def of(self, quota: Quota) -> int | None:
        return {"rpm": self.rpm, "tpm": self.tpm, "rpd": self.rpd}.get(quota)


@dataclass(frozen=True, slots=True)
class Violation:
    """One quota that a 429 names. ``most``: its limit, None when it was not said."""

    quota: Quota
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one quota of one model: its limit, until when nothing may be sent, and since when we know."""

    most: int | None = None
    closed_until: float = 0.0
    learned_at: float = 0.0

    def joined(self, other: "Standing", now: float) -> "Standing":
        """Both together: the latest limit, the longest wait. What was learned in the future, by a clock that was
        wrong, is dropped."""
        both = Standing()
        for one in sorted((self, other), key=lambda one: one.learned_at):
            if one.learned_at <= now:
                most = one.most if one.most is not None else both.most
                both = Standing(most, max(both.closed_until, one.closed_until), one.learned_at)
        return both


Standings = Mapping[Quota, Standing]


class Window(Protocol):
    """What was sent to one model, of which each call sees what came after ``since``."""

    def requests(self, since: float) -> int: ...

    def tokens(self, since: float) -> int: ...

    def each(self, since: float) -> Iterable[tuple[float, int]]:
        """When, and how many tokens; the oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Held:
    """Why nothing may be sent yet, and until when at the earliest."""

    quota: Quota
    most: int | None
    until: float

    @property
    def daily(self) -> bool:
        return self.quota in ("rpd", "tpd")

    @property
    def words(self) -> str:
        """``15 requests a minute``."""
        return f"{self.most:,} {_WORDS[self.quota]}" if self.most else _WORDS[self.quota]

    def after(self, others: int) -> float:
        """The earliest that somebody may be sent before whom so many others go."""
        minutes = others // self.most if self.quota == "rpm" and self.most else 0
        return self.until + minutes * MINUTE_S


def quota_of(quota_id: str) -> Quota:
    """Which quota Google means by an id such as ``GenerateRequestsPerDayPerProjectPerModel``."""
    tokens = "Token" in quota_id
    if "PerDay" in quota_id:
        return "tpd" if tokens else "rpd"
    if "PerMinute" in quota_id:
        return "tpm" if tokens else "rpm"
    return "other"


def lessons(violations: Sequence[Violation], retry_after: float | None, now: float) -> dict[Quota, Standing]:
    """What a 429 teaches. Google sends short waits along with daily quotas too, which those do not mean."""
    found: dict[Quota, Standing] = {}
    for violation in violations or (Violation("other"),):
        until = _closed_until(violation, retry_after, now)
        if until is None and violation.most is None:
            continue
        lesson = Standing(violation.most or None, until or 0.0, now)
        found[violation.quota] = found.get(violation.quota, lesson).joined(lesson, now)
    return found


def _closed_until(violation: Violation, retry_after: float | None, now: float) -> float | None:
    if violation.quota in ("rpd", "tpd") or violation.most == 0:
        return day_ends(now)
    if retry_after is not None:
        return min(now + retry_after, day_ends(now))
    return None if violation.quota == "other" else now + MINUTE_S


def in_force(limits: ModelLimits, learned: Standings, now: float) -> dict[Quota, Standing]:
    """What binds at that moment: the user's limits before learned ones. Empty when no limit is known.

    What was learned in the future, by a clock that was wrong, does not bind.
    """
    valid = {quota: standing for quota, standing in learned.items() if 0 <= now - standing.learned_at < LEARNED_FOR_S}
    found: dict[Quota, Standing] = {}
    for quota in _WORDS:
        standing = valid.get(quota, Standing())
        most = limits.of(quota) or standing.most
        if most is not None or standing.closed_until > now:
            found[quota] = Standing(most, standing.closed_until, standing.learned_at)
    return found


def held(standings: Standings, window: Window, tokens: int, now: float) -> Held | None:
    """What a request of that many tokens has to wait for; None when it may be sent. The longest wait is told."""
    found = (_held(quota, standing, window, tokens, now) for quota, standing in standings.items())
    return max(filter(None, found), key=lambda one: one.until, default=None)


def window_began(standings: Standings, now: float) -> float:
    """Since when what was sent still matters."""
    counts_days = any(quota in ("rpd", "tpd") and one.most is not None for quota, one in standings.items())
    return min(day_began(now), now - MINUTE_S) if counts_days else now - MINUTE_S


def _held(quota: Quota, standing: Standing, window: Window, tokens: int, now: float) -> Held | None:
    most = standing.most
    if standing.closed_until > now:
        return Held(quota, most, standing.closed_until)
    if most is None or quota == "other":
        return None
    if quota == "rpd":
        return Held(quota, most, day_ends(now)) if window.requests(day_began(now)) >= most else None
    if quota == "tpd":
        used = window.tokens(day_began(now))
        return Held(quota, most, day_ends(now)) if used and used + tokens > most else None
    until = _minute_frees(quota, most, window, tokens, now)
    return Held(quota, most, until) if until is not None else None


def _minute_frees(quota: Quota, most: int, window: Window, tokens: int, now: float) -> float | None:
    """When enough of the latest minute has passed. A request of more tokens than a minute has goes alone: its size
    is an estimate, and upstream may find it smaller."""
    since = now - MINUTE_S
    used, weight = (window.requests(since), 1) if quota == "rpm" else (window.tokens(since), tokens)
    excess = used + weight - most
    if excess <= 0 or not used:
        return None
    until = now
    for at, size in window.each(since):
        excess -= 1 if quota == "rpm" else size
        until = at + MINUTE_S
        if excess <= 0:
            break
    return until
