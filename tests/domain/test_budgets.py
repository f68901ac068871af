"""What is said of budgets."""

import pytest

from gemini_mcp.domain.budgets import Alert, Budgets, Shortage, reached

USD = 1_000_000_000


@pytest.mark.parametrize(
    ("spent", "told", "percent"),
    [
        (0, 0, None),
        (49, 0, None),
        (50, 0, 50),
        (79, 50, None),
        (80, 50, 80),
        (99, 0, 95),
        (120, 95, None),
        (120, 94, 95),
    ],
)
def test_a_share_is_told_when_it_is_reached_and_once(spent: int, told: int, percent: int | None) -> None:
    assert reached(100, spent, told) == percent


def test_a_raised_limit_is_told_again_by_its_own_shares() -> None:
    assert reached(100, 96, 96) is None
    assert reached(200, 100, 96) == 50


def test_a_shortage_says_what_is_left_and_how_much_would_do() -> None:
    short = Shortage("session", 5 * USD, USD // 4)
    assert short.words == "$0.2500 of the session budget of $5.00 is left"
    assert "GEMINI_AGENTS_SESSION_BUDGET_USD to 5.75 or more" in short.fix(USD)
    assert "tomorrow" in Shortage("day", USD, 0).fix(1) and "GEMINI_AGENTS_DAY_BUDGET_USD" in Shortage("day", 1, 0).fix(
        1
    )


def test_an_alert_names_the_share_the_budget_and_the_money() -> None:
    assert Alert("day", 80, 16 * USD, 20 * USD).words == "80 % of the day budget reached: $16.00 of $20.00 spent"


def test_a_budget_is_limited_by_either() -> None:
    assert not Budgets().limited and Budgets(session_nano=1).limited and Budgets(day_nano=0).limited
