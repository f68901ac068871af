"""A job that the budgets or the cap do not pay for is refused before anything is sent."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gemini_mcp.domain.errors import BudgetExceeded
from gemini_mcp.engine.ports import silent
from gemini_mcp.tools.arguments import ReviewCode, SummarizeDocs
from gemini_mcp.tools.review_code import review_code
from gemini_mcp.tools.services import Delivered
from gemini_mcp.tools.summarize_docs import summarize_docs

from .conftest import ME, Office, Open

SESSION, DAY = "GEMINI_AGENTS_SESSION_BUDGET_USD", "GEMINI_AGENTS_DAY_BUDGET_USD"
SMALL = {SESSION: "0.02"}


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """A review of it takes more than a cent or two, a summary less than that."""
    folder = tmp_path / "project"
    folder.mkdir(exist_ok=True)
    for name in ("one", "two"):
        body = "".join(f"def {name}_{n}(value):\n    return value + {n} * len(str(value))\n\n\n" for n in range(400))
        (folder / f"{name}.py").write_text(body)
    return folder


async def review(office: Office, **arguments: Any) -> Delivered:
    return await review_code(ReviewCode(paths=["*.py"], **arguments), ME, silent, office.services)


async def summarize(office: Office, **arguments: Any) -> Delivered:
    return await summarize_docs(SummarizeDocs(sources=["*.py"], **arguments), ME, silent, office.services)


def named(refusal: BudgetExceeded, variable: str) -> str:
    """The amount that the fix says is enough."""
    return refusal.fix.partition(f"{variable} to ")[2].partition(" ")[0].rstrip(",")


@pytest.mark.parametrize(("kind", "variable"), [("session", SESSION), ("day", DAY)])
async def test_a_job_above_what_is_left_of_a_budget_is_refused_and_nothing_is_sent(
    office: Open, code: Path, kind: str, variable: str
) -> None:
    here = await office(**{variable: "0.02"})
    words = rf"about \$0\.\d\d is needed and \$0\.02 of the {kind} budget of \$0\.02 is left"
    with pytest.raises(BudgetExceeded, match=words) as refusal:
        await review(here)
    assert here.asked == [] and refusal.value.fix.endswith("or name fewer files. Nothing was sent.")
    enough = named(refusal.value, variable)
    assert Decimal(enough) == round(Decimal(enough), 2) > Decimal("0.02")


async def test_the_budget_that_a_refusal_names_is_enough(office: Open, code: Path) -> None:
    with pytest.raises(BudgetExceeded) as refusal:
        await review(await office(**SMALL))
    again = await office(**{SESSION: named(refusal.value, SESSION)})
    assert "INCOMPLETE" not in (await review(again)).text


async def test_what_was_spent_before_counts(office: Open, code: Path) -> None:
    here = await office(**{SESSION: "0.03"})
    await summarize(here, fresh=True)
    with pytest.raises(BudgetExceeded, match=r"\$0\.02 of the session budget of \$0\.03 is left"):
        await review(here)


async def test_what_the_cache_holds_needs_no_money(office: Open, code: Path) -> None:
    here = await office()
    first = await summarize(here)
    asked = len(here.asked)
    again = await summarize(here, max_cost_usd=0.000001)
    assert again.text == first.text and len(here.asked) == asked
    saved = (await here.services.reports.session(ME))["saved_usd"]["cache"]
    assert Decimal(saved) * 10**9 == here.billed_nano  # counted once, though it was looked for twice
    with pytest.raises(BudgetExceeded):
        await summarize(here, max_cost_usd=0.000001, fresh=True)


async def test_a_cap_below_the_estimate_of_one_call_is_refused_with_one_that_is_enough(
    office: Open, code: Path
) -> None:
    here = await office()
    with pytest.raises(BudgetExceeded, match=r"is needed and max_cost_usd is \$0\.001") as refusal:
        await summarize(here, max_cost_usd=0.001)
    assert here.asked == []
    enough = float(named(refusal.value, "max_cost_usd"))
    needed = float(refusal.value.message.partition("$")[2].partition(" ")[0])
    assert needed < enough < 1.5 * needed
    assert (await summarize(here, max_cost_usd=enough)).text and len(here.asked) == 1
