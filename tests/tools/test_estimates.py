"""What calls are said to cost, against what the stand-in bills for them; and what a cap makes of it."""

import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from gemini_mcp.domain.errors import BudgetExceeded, InvalidArgument
from gemini_mcp.tools.analyze_image import analyze_image
from gemini_mcp.tools.arguments import AnalyzeImage, ReviewCode, SummarizeDocs
from gemini_mcp.tools.estimates import Estimate, estimate
from gemini_mcp.tools.review_code import review_code
from gemini_mcp.tools.summarize_docs import summarize_docs

from .conftest import ME, Office, Open

CENT = 10_000_000
TOO_DEAR = BudgetExceeded("$0.0010 of this call's max_cost_usd is left", "Raise max_cost_usd to 0.02.")


@pytest.fixture
def code(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir(exist_ok=True)
    for name in ("one", "two"):
        body = "".join(f"def {name}_{n}(value):\n    return value + {n} * len(str(value))\n\n\n" for n in range(900))
        (folder / f"{name}.py").write_text(body)
    Image.new("RGB", (900, 700), "navy").save(folder / "a.png")
    return folder


async def said_and_billed(office: Office, tool: Any, arguments: Any) -> float:
    """How many times the bill it was said to be."""
    told: list[str] = []

    async def progress(message: str) -> None:
        told.append(message)

    await tool(arguments, ME, progress, office.services)
    (said,) = (found[1] for message in told if (found := re.search(r"\$([\d.]+)$", message)))
    return float(said) * 1e9 / office.billed_nano


@pytest.mark.parametrize("tier", ["lite", "flash", "pro", "gemini-3.1-pro-preview"])
@pytest.mark.parametrize("tool", ["summary", "review"])
async def test_an_estimate_is_above_the_bill_and_at_most_about_twice_as_much(
    office: Open, code: Path, tool: str, tier: str
) -> None:
    here = await office()
    if tool == "summary":
        times = await said_and_billed(here, summarize_docs, SummarizeDocs(sources=["*.py"], tier=tier))
    else:
        times = await said_and_billed(here, review_code, ReviewCode(paths=["*.py"], tier=tier))
    assert 1 <= times < 2.3


async def test_the_estimate_of_a_look_at_an_image_is_above_the_bill(office: Open, code: Path) -> None:
    times = await said_and_billed(await office(), analyze_image, AnalyzeImage(images=["a.png"], question="What is it?"))
    assert 1 <= times < 6  # the stand-in is brief


def test_a_cap_that_is_not_above_the_estimate_is_refused_with_one_that_is_enough() -> None:
    whole = estimate(1_000, [20 * CENT, 4 * CENT], [CENT, 7 * CENT])
    assert estimate(1_000, [20 * CENT], [CENT]).enough_nano == 25 * CENT
    assert whole == Estimate(1_000, 24 * CENT, 31 * CENT)
    with pytest.raises(BudgetExceeded) as refusal:
        whole.check(5 * CENT, "name fewer files")
    assert str(refusal.value) == (
        "budget_exceeded: about $0.2400 is needed and max_cost_usd is $0.05."
        " Raise max_cost_usd to 0.31, or name fewer files. Nothing was sent."
    )
    whole.check(24 * CENT, "")
    whole.check(None, "")


def test_without_a_price_nothing_is_refused_by_the_estimate() -> None:
    unknown = estimate(1_000, [None, CENT], [None, CENT])
    assert unknown == Estimate(1_000, None, None) and unknown.words == "about 1,000 tokens"
    unknown.check(1, "")
    assert unknown.of_whole(TOO_DEAR, 1) is TOO_DEAR


def test_only_what_is_not_paid_for_yet_is_held_against_a_cap() -> None:
    whole = estimate(1_000, [24 * CENT], [7 * CENT])
    assert whole.remaining(250, 1_000) == Estimate(250, 6 * CENT, 13 * CENT)
    assert whole.remaining(0, 1_000).nano == 0 and whole.remaining(1_000, 1_000) is whole
    assert estimate(1_000, [None], [None]).remaining(250, 1_000).nano is None


def test_what_a_part_says_about_the_cap_is_told_of_the_whole_call() -> None:
    whole = estimate(1_000, [24 * CENT], [7 * CENT])
    told = whole.of_whole(TOO_DEAR, 5 * CENT)
    assert told.message == f"{TOO_DEAR.message}; the whole call is likely to cost about $0.2400"
    assert told.fix == "Raise max_cost_usd to 0.31, or name less material."


@pytest.mark.parametrize(
    ("error", "cap"),
    [
        (TOO_DEAR, 40 * CENT),
        (TOO_DEAR, None),
        (BudgetExceeded("$0 of the session budget is left", "Begin a new session."), CENT),
        (InvalidArgument("max_cost_usd is no number", "Give max_cost_usd."), CENT),
    ],
)
def test_what_a_larger_cap_would_not_mend_stays_as_it_is(error: Any, cap: int | None) -> None:
    assert estimate(1_000, [24 * CENT], [7 * CENT]).of_whole(error, cap) is error
