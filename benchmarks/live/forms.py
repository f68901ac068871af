"""Small pieces of JSON Schema, and of made documents."""

from datetime import date
from random import Random
from typing import Any

TEXT: dict[str, Any] = {"type": "string"}
NUMBER: dict[str, Any] = {"type": "number"}
COUNT: dict[str, Any] = {"type": "integer"}
DAY: dict[str, Any] = {"type": "string", "description": "YYYY-MM-DD"}

PEOPLE = (
    *("Amara Osei", "Bruno Keller", "Chiara Lodi", "Dmitri Aran", "Elif Sayin", "Farid Noor", "Greta Holm"),
    *("Hiro Tanabe", "Ines Duarte", "Jonas Berg", "Kavya Rao", "Lukas Wirth", "Mina Petrova", "Noor Haddad"),
)
MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def record(**fields: dict[str, Any]) -> dict[str, Any]:
    """An object that must have all of these."""
    return {"type": "object", "properties": fields, "required": list(fields)}


def several(item: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": item}


def long_day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def short_day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}"


def some_day(random: Random) -> date:
    """In 2026; never a day that could be read as a month."""
    return date(2026, random.randint(1, 11), random.randint(13, 27))


def comma(cents: int) -> str:
    """As it is written in Germany: 1.234,50."""
    return point(cents).translate(str.maketrans(",.", ".,"))


def point(cents: int) -> str:
    return f"{cents / 100:,.2f}"
