"""Logs of a service: what failed first, how often, where, and which request was the slowest."""

from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any

from benchmarks.live.forms import COUNT, TEXT, record, several
from benchmarks.live.task import Difficulty

_SERVICES = ("auth", "billing", "catalog", "mailer", "search")
_PATHS = ("/cart", "/login", "/orders", "/orders/export", "/reports/daily", "/search", "/stock")
_FAILURES = ("connection reset", "queue full", "no route to replica", "lock wait timed out")
_INSTRUCTION = (
    "From the log in the file take: the time of the first line of level ERROR (as it is written there, the clock time"
    " alone), how many lines have level ERROR, the services that have such lines, in alphabetical order, and the path"
    " and the milliseconds of the slowest request."
)
_SCHEMA = record(
    first_error_at=TEXT, error_lines=COUNT, failing_services=several(TEXT), slowest_path=TEXT, slowest_ms=COUNT
)
_LINES = {"easy": 14, "medium": 36, "hard": 80}


def made(random: Random, level: Difficulty) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    moment = datetime(2026, 3, random.randint(1, 28), random.randint(1, 20), random.randint(0, 59))
    failing = random.sample(_SERVICES, {"easy": 1, "medium": 2, "hard": 3}[level])
    errors: Counter[str] = Counter()
    lines, first, slowest = [], "", (0, "")
    taken = random.sample(range(12, 4_000), _LINES[level])
    for number, ms in enumerate(taken):
        moment += timedelta(seconds=random.randint(1, 40))
        clock = moment.strftime("%H:%M:%S")
        dice = random.random()
        if dice < 0.2 or number == _LINES[level] // 2:
            service = random.choice(failing)
            errors[service] += 1
            first = first or clock
            lines.append(f"{moment.date()} {clock} ERROR {service}: {random.choice(_FAILURES)}")
        elif dice < 0.35 and level != "easy":
            lines.append(f"{moment.date()} {clock} {_distraction(random)}")
        else:
            path = random.choice(_PATHS)
            slowest = max(slowest, (ms, path))
            lines.append(f"{moment.date()} {clock} INFO  {random.choice(_SERVICES)}: GET {path} 200 in {ms} ms")
    truth = {
        "first_error_at": first,
        "error_lines": errors.total(),
        "failing_services": sorted(errors),
        "slowest_path": slowest[1],
        "slowest_ms": slowest[0],
    }
    return "\n".join([*lines, ""]), _INSTRUCTION, _SCHEMA, truth


def _distraction(random: Random) -> str:
    """Speaks of errors, and is none."""
    service = random.choice(_SERVICES)
    return random.choice(
        (
            f"WARN  {service}: ERROR budget at {random.randint(60, 95)} %",
            f"INFO  {service}: recovered from ERROR after {random.randint(2, 9)} tries",
            f"WARN  {service}: slow disk, {random.randint(5_000, 9_000)} ms behind",
        )
    )
