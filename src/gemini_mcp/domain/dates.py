"""A date as people write it, in the one form that compares: 21 November 2026, Nov. 21st, 2026 and 2026-11-21."""

import re
from datetime import date
from typing import Final

_LONGEST: Final = 60
_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTH: Final = rf"(?P<month>{'|'.join(f'{name[:3]}(?:{name[3:]})?' for name in _MONTHS)}|sept)\.?"
_DAY: Final = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_FORMS: Final = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?P<year>\d{4})-(?P<number>\d{2})-(?P<day>\d{2})",
        rf"(?:the )?{_DAY}(?: of)? {_MONTH},? (?P<year>\d{{4}})",
        rf"{_MONTH} {_DAY},? (?P<year>\d{{4}})",
    )
)


def iso_date(text: str) -> str | None:
    """YYYY-MM-DD where the whole text is one date; None for what is none, or may be two (03/04/2026)."""
    bare = " ".join(text.split()).strip(" .,;:!\"'") if len(text) <= _LONGEST else ""
    found = next((match for form in _FORMS if (match := form.fullmatch(bare))), None)
    if found is None:
        return None
    named = found.groupdict()
    month = int(named["number"]) if named.get("number") else _MONTHS.index(_whole(named["month"]))
    try:
        return date(int(named["year"]), month if named.get("number") else month + 1, int(named["day"])).isoformat()
    except ValueError:
        return None


def _whole(month: str) -> str:
    return next(name for name in _MONTHS if name.startswith(month.lower()[:3]))
