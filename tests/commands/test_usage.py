"""``gemini-agents usage``, run as people run it: in a process of its own, on a ledger with real and simulated money."""

import csv
import io
import json
import os
import re
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import anyio
import pytest

import gemini_mcp
from gemini_mcp.domain.ids import attempt_id, result_id
from gemini_mcp.domain.messages import PriceBook
from gemini_mcp.domain.money import NANO_PER_USD
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import Finished, Ledger, local_day, migrate
from gemini_mcp.engine.liveness import Owner
from gemini_mcp.engine.ports import Answer, Attempt, CacheState, Call, Caller

LITE, FLASH = "gemini-3.5-flash-lite", "gemini-3.8-flash"
DAY_S = 86_400.0
Json = dict[str, Any]


def noon(days_ago: int) -> float:
    now = time.localtime()
    return time.mktime((now.tm_year, now.tm_mon, now.tm_mday - days_ago, 12, 0, 0, 0, 0, -1))


async def spend(
    ledger: Ledger,
    usd: str | None,
    *,
    days_ago: int = 0,
    session: str = "s1",
    tool: str = "delegate_task",
    model: str = LITE,
    baseline: str = "1",
    cache: CacheState = "miss",
    saved: str = "0",
    simulated: PriceBook | None = None,
    **attempt: Any,
) -> None:
    """A call that ended well at noon of some day; without an attempt when the cache answered."""
    at = noon(days_ago)
    call = Call(result_id(), Caller("me", session), tool, at, time.monotonic(), time.monotonic() + 60, family="text")
    call.saved_by_cache_nano = nano(saved) or 0
    if cache == "miss":
        made = Attempt(attempt_id(), model, "lite", 1_000, at, model_served=model, verdict="accepted")
        made.usage, made.cost_nano, made.simulated = TokenUsage(1_000, 250, 100, 50), nano(usd), simulated
        for name, value in attempt.items():
            setattr(made, name, value)
        call.attempts.append(made)
        await ledger.reserve(call, made)
        ledger.settle(made)
    answer = Answer("Good.", model, "lite", "text", TokenUsage(), nano(usd), nano(baseline), simulated, cache)
    await ledger.finish(call, Finished(answer))


def nano(usd: str | None) -> int | None:
    return None if usd is None else int(Decimal(usd) * NANO_PER_USD)


async def _fill(home: Path, spent: list[Json]) -> None:
    database = Database(home / "ledger.sqlite3", migrate)
    await anyio.to_thread.run_sync(database.open)
    owner = Owner(home / "run")
    for each in spent:
        await spend(Ledger(database, owner), **each)
    await database.aclose()
    owner.release()


def fill(home: Path, spent: list[Json]) -> None:
    """A ledger with these calls."""
    home.mkdir()
    anyio.run(_fill, home, spent)


def usage(home: Path, *arguments: str, **environ: str) -> str:
    """What the command prints, on a ledger in that folder."""
    env = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(Path(gemini_mcp.__file__).parents[1]),
        "PYTHONIOENCODING": "utf-8",
        "HOME": str(home.parent),
        "GEMINI_AGENTS_HOME": str(home),
        "COLUMNS": "100",
    }
    command = [sys.executable, "-m", "gemini_mcp", "usage", *arguments]
    done = subprocess.run(command, env=env | environ, cwd=home.parent, capture_output=True, timeout=60, check=True)
    assert done.stderr == b""
    return done.stdout.decode()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


SPENT: list[Json] = [
    {"usd": "0.4", "days_ago": 0, "model": FLASH, "tool": "review_code"},
    {"usd": "0.1", "days_ago": 2, "session": "s2"},
    {"usd": "0.1", "days_ago": 2, "session": "s2", "service_tier": "batch", "discount_nano": 100_000_000},
    {"usd": "0.4", "cache": "hit", "saved": "0.4", "tool": "analyze_image"},
    {"usd": "7", "baseline": "9", "simulated": "list", "days_ago": 1},
]


@pytest.fixture
def spent(home: Path) -> Path:
    fill(home, SPENT)
    return home


def section(text: str, heading: str) -> list[str]:
    """The lines below the heading that reads so, until the next blank one."""
    lines = text.splitlines()
    start = lines.index(heading) + 1
    return lines[start : next(i for i in range(start, len(lines) + 1) if i == len(lines) or not lines[i])]


def drawn(line: str) -> int:
    return line.count("█")


# ------------------------------------------------------------------------------------------------------------- people


def test_real_and_simulated_money_have_rows_totals_and_bars_of_their_own(spent: Path) -> None:
    text = usage(spent)
    real, simulated = [line.split() for line in text.splitlines() if line.startswith("total")]
    assert real == ["total", "4", "3", "3,000", "25%", "300", "150", "0.6000"]
    assert simulated == ["total", "*", "1", "1", "1,000", "25%", "100", "50", "7.00"]
    assert "nobody was billed" in text
    assert [line.split()[0] for line in section(text, "USD by model")] == [FLASH, LITE]
    assert [line.split()[0] for line in section(text, "USD by model * simulated")] == [LITE]
    assert "7.6" not in text


def test_every_bar_is_as_long_as_its_share_of_the_most(spent: Path) -> None:
    flash, lite = section(usage(spent), "USD by model")
    assert (drawn(flash), drawn(lite)) == (60, 30) and max(len(flash), len(lite)) <= 100


def test_days_without_spending_are_shown_between_days_with(spent: Path) -> None:
    days = [line.split() for line in section(usage(spent, "--by", "tool"), "USD by day")]
    assert [day[0] for day in days] == [local_day(noon(ago)) for ago in (2, 1, 0)]
    assert [day[-1] for day in days] == ["0.2000", "0.00", "0.4000"] and len(days[1]) == 2


def test_savings_are_told_by_what_saved_them_and_how_they_are_worked_out(spent: Path) -> None:
    text = usage(spent)
    lines = section(text, "Saved against always using the pro tier, USD")
    found = [re.match(r" *(\w+(?: pro)?) +([\d.]+)", line) for line in lines]
    told = {each.group(1): each.group(2) for each in found if each}
    assert told["always pro"] == "4.00" and told["paid"] == "0.6000" and told["saved"] == "3.40"
    parts = {name: Decimal(told[name]) for name in ("cache", "cascade", "context_cache", "batch", "flex")}
    assert parts == {
        "cache": Decimal("0.4"),
        "cascade": Decimal("2.9"),
        "context_cache": 0,
        "batch": Decimal("0.1"),
        "flex": 0,
    }
    assert "(85%)" in text and "baseline_usd: the tokens of every accepted answer" in text
    assert "750 of 3,000 input tokens were read from Gemini's caches (25%); 1 of 4 calls" in text


def test_calls_that_the_cache_answered_count_with_their_tool(spent: Path) -> None:
    row = next(line.split() for line in usage(spent, "--by", "tool").splitlines() if line.startswith("analyze_image"))
    assert row == ["analyze_image", "1", "0", "0", "-", "0", "0", "0.00", "1.00"]


@pytest.mark.parametrize(
    ("by", "names"),
    [
        ("model", [FLASH, LITE, f"{LITE} *"]),
        ("tool", ["review_code", "delegate_task", "analyze_image", "delegate_task *"]),
        ("session", ["s2", "s1", "s1 *"]),
        ("family", ["text", "text *"]),
        ("day", [local_day(noon(0)), local_day(noon(2)), f"{local_day(noon(1))} *"]),
    ],
)
def test_the_table_is_grouped_as_asked(spent: Path, by: str, names: list[str]) -> None:
    lines = usage(spent, "--by", by).splitlines()
    rules = [number for number, line in enumerate(lines) if line.startswith("──")]
    shown = [line.split("  ")[0].strip() for line in lines[rules[0] + 1 : rules[1]]]
    assert shown == names and lines[rules[0] - 1].startswith(by)


def test_a_price_that_is_not_known_makes_its_sums_unknown_and_not_zero(home: Path) -> None:
    fill(home, [{"usd": None, "model": "gemini-9-nobody"}, {"usd": "0.5"}])
    text = usage(home)
    assert section(text, "USD by model")[-1].split() == ["gemini-9-nobody", "?"]
    assert next(line for line in text.splitlines() if line.startswith("total")).split()[-1] == "?"
    assert "unknown, since the price of some model is unknown" in text


def test_attempts_of_unknown_usage_are_told(home: Path) -> None:
    fill(home, [{"usd": "0.5", "usage": None, "verdict": "unknown"}])
    assert "1 attempt of unknown usage at what was reserved" in usage(home)


def test_what_cannot_be_shown_in_utf_8_is_drawn_in_ascii(spent: Path) -> None:
    text = usage(spent, PYTHONIOENCODING="ascii")
    assert text.isascii() and "####" in text and "----" in text


def test_a_pipe_gets_no_colours(spent: Path) -> None:
    assert "\x1b" not in usage(spent)


def test_names_cannot_steer_the_terminal(home: Path) -> None:
    fill(home, [{"usd": "0.5", "session": "s\x1b[2Jx\u202e"}])
    text = usage(home, "--by", "session")
    assert "\x1b" not in text and "\u202e" not in text and "s?[2Jx?" in text


def test_a_long_name_is_shortened_so_that_a_row_stays_one_line(home: Path) -> None:
    fill(home, [{"usd": "0.5", "session": "0123456789" * 9}])
    text = usage(home, "--by", "session", COLUMNS="80")
    table = text.split("\n\n")[0].splitlines()
    assert max(map(len, table)) <= 80 and "0123" in text and "…" in text


# ----------------------------------------------------------------------------------------------------------- programs


def test_json_has_the_rows_the_totals_the_days_and_the_method(spent: Path) -> None:
    told = json.loads(usage(spent, "--json", "--by", "tool"))
    assert (told["since"], told["by"]) == ("7d", "tool") and "baseline_usd" in told["method"]
    real, simulated = told["totals"]
    assert (real["cost_usd"], real["simulated"], real["saved_usd"]["batch"]) == ("0.6", False, "0.1")
    assert (simulated["cost_usd"], simulated["simulated"]) == ("7", True)
    rows = {row["tool"]: row for row in told["rows"] if not row["simulated"]}
    assert sum(Decimal(row["cost_usd"]) for row in rows.values()) == Decimal(real["cost_usd"])
    assert sum(Decimal(row["saved_usd"]) for row in rows.values()) == sum(map(Decimal, real["saved_usd"].values()))
    assert sum(row["calls"] for row in rows.values()) == real["calls"] == 4
    assert rows["delegate_task"]["cached_share"] == 0.25
    assert {day["day"] for day in told["days"]} == {local_day(noon(ago)) for ago in (0, 1, 2)}


def test_csv_has_a_row_for_each_group_with_the_figures_of_json(spent: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(usage(spent, "--csv", "--by", "session"))))
    told = json.loads(usage(spent, "--json", "--by", "session"))["rows"]
    assert [row["session"] for row in rows] == ["s2", "s1", "s1"]
    for row, same in zip(rows, told, strict=True):
        assert row == {name: str(same[name]) for name in row}


def test_only_what_is_recent_enough_counts(spent: Path) -> None:
    recent, whole = (json.loads(usage(spent, "--json", "--since", since))["totals"] for since in ("30h", "all"))
    assert recent[0]["calls"] == 2 and [total["calls"] for total in whole] == [4, 1]


def test_without_a_ledger_there_is_no_usage(home: Path) -> None:
    home.mkdir()
    assert usage(home) == "No usage in the last 7d.\n"
    assert json.loads(usage(home, "--json"))["rows"] == []
    assert usage(home, "--csv").startswith("model,calls,")
    assert not (home / "ledger.sqlite3").exists()
