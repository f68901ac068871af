"""Invoices: lines, tax and a total; later ones with discounts, other dates, and amounts as they write them abroad."""

from collections.abc import Callable
from datetime import date, timedelta
from random import Random
from typing import Any

from benchmarks.live.forms import DAY, NUMBER, TEXT, comma, long_day, point, record, several, some_day
from benchmarks.live.task import Difficulty

_SUPPLIERS = ("Brightwater Supplies", "Oakfield Tools", "Nordlys Components", "Helix Paper", "Kestrel Optics")
_GOODS = ("Desk lamp", "Cable reel 25 m", "Label printer", "Filter cartridge", "Safety gloves", "Steel shelf", "Toner")
_INSTRUCTION = (
    "Extract the invoice in the file: its own number, the supplier, the date of the invoice, the lines in the order in"
    " which they stand (quantity, price of one), the tax, and the amount that is to be paid now. Amounts are plain"
    " numbers; a line that gives money back has a negative unit_price."
)
_SCHEMA = record(
    number=TEXT,
    supplier=TEXT,
    date=DAY,
    lines=several(record(item=TEXT, quantity=NUMBER, unit_price=NUMBER)),
    tax=NUMBER,
    amount_due=NUMBER,
)


def made(random: Random, level: Difficulty) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    day, supplier, number = some_day(random), random.choice(_SUPPLIERS), f"R-2026-{random.randint(1_000, 9_999)}"
    count = {"easy": 2, "medium": 4, "hard": 5}[level]
    lines = [(item, random.randint(1, 24), random.randint(250, 98_000)) for item in random.sample(_GOODS, count)]
    if level != "easy":
        lines.append(("Discount for early order", 1, -random.randint(300, 2_000)))
    tax = round(sum(quantity * price for _, quantity, price in lines) * 19 / 100)
    paid = random.randint(2_000, 9_000) if level == "hard" else 0
    due = sum(quantity * price for _, quantity, price in lines) + tax - paid
    truth = {
        "number": number,
        "supplier": supplier,
        "date": day.isoformat(),
        "lines": [{"item": item, "quantity": n, "unit_price": price / 100} for item, n, price in lines],
        "tax": tax / 100,
        "amount_due": due / 100,
    }
    text = _text(random, level, day, supplier, number, lines, tax, paid, due)
    return text, _INSTRUCTION, _SCHEMA, truth


def _text(
    random: Random,
    level: Difficulty,
    day: date,
    supplier: str,
    number: str,
    lines: list[tuple[str, int, int]],
    tax: int,
    paid: int,
    due: int,
) -> str:
    amount: Callable[[int], str] = comma if level == "hard" else point
    net = due + paid - tax
    written = day.isoformat() if level == "easy" else long_day(day)
    head = [f"{supplier}", "", f"INVOICE {number}", f"Date of invoice: {written}"]
    if level != "easy":
        head.append(f"Your order A-{random.randint(100, 999)} of {long_day(day - timedelta(days=9))}")
        head.append(f"Delivered {long_day(day - timedelta(days=3))}; payable by {long_day(day + timedelta(days=14))}")
    if level == "hard":
        head.append(f"This invoice replaces R-2026-{random.randint(100, 999)}, which is void. All amounts in EUR.")
    body = [f"{i}. {item}: {n} x {amount(price)} = {amount(n * price)}" for i, (item, n, price) in enumerate(lines, 1)]
    foot = [f"Net {amount(net)}", f"Tax (19 %) {amount(tax)}", f"Total {amount(net + tax)}"]
    if level == "hard":
        foot += [f"Received in advance {amount(paid)}, with thanks", f"Remains to be paid: {amount(due)}"]
    return "\n".join([*head, "", *body, "", *foot, ""])
