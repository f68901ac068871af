"""Midnight Pacific, when Google's daily quotas renew. Moments are Unix times, in seconds."""

from datetime import datetime, time, timedelta, tzinfo
from functools import cache


def day_began(now: float) -> float:
    """The midnight before that moment, or that moment itself."""
    return _midnight(now, 0)


def day_ends(now: float) -> float:
    """The midnight after that moment."""
    return _midnight(now, 1)


def _midnight(now: float, days: int) -> float:
    zone = _zone()
    day = datetime.fromtimestamp(now, zone).date() + timedelta(days=days)
    return datetime.combine(day, time(), zone).timestamp()


@cache
def _zone() -> tzinfo:
    """Windows and small containers come without a time zone database: there the rule in force since 2007 is used."""
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        return ZoneInfo("America/Los_Angeles")
    except (ZoneInfoNotFoundError, OSError):
        return PacificRule()


class PacificRule(tzinfo):
    """UTC-8, and UTC-7 from the second Sunday of March to the first of November, at two in the morning."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        return timedelta(hours=-8) + self.dst(moment)

    def dst(self, moment: datetime | None) -> timedelta:
        if moment is None:
            return timedelta()
        local = moment.replace(tzinfo=None)
        summer = _sunday(local.year, 3, 8) <= local < _sunday(local.year, 11, 1)
        return timedelta(hours=1 if summer else 0)

    def tzname(self, moment: datetime | None) -> str:
        return "PDT" if self.dst(moment) else "PST"


def _sunday(year: int, month: int, first: int) -> datetime:
    """Two in the morning of the first Sunday from that day on."""
    day = datetime(year, month, first, 2)
    return day + timedelta(days=6 - day.weekday())
