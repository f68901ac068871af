"""review_code on real files and a real repository, with a model that says what the test wants said."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from gemini_mcp.domain.errors import BudgetExceeded, FileNotFound, InvalidArgument, PathDenied, UnsupportedFormat
from gemini_mcp.engine.ports import silent
from gemini_mcp.tools.arguments import ReviewCode
from gemini_mcp.tools.review_code import review_code
from gemini_mcp.tools.services import Delivered, ToolFailure

from .conftest import ME, Office, Open

CODE = """def total(items):
    result = 0
    for item in items:
        result = result + item.price
    return result


def average(items):
    return total(items) / len(items)
"""
DIVISION = "return total(items) / len(items)"
MESSAGE = "average divides by len(items), which is 0 for an empty list: ZeroDivisionError."


def finding(quote: str = DIVISION, line: int = 9, **changes: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "file": "shop.py",
        "line": line,
        "end_line": line,
        "severity": "high",
        "category": "bug",
        "message": MESSAGE,
        "quote": quote,
        "suggestion": "return total(items) / len(items) if items else 0",
    }
    return fields | changes


def saying(*findings: dict[str, Any], match: str = "Review th", **more: Any) -> dict[str, Any]:
    answer = json.dumps({"summary": "Sums and averages.", "findings": findings})
    return {"do": "answer", "text": answer, "match": match, **more}


def judging(*verdicts: str) -> dict[str, Any]:
    said = [{"id": f"F{n}", "verdict": v, "reason": "Line 9 decides it."} for n, v in enumerate(verdicts, 1)]
    return {"do": "answer", "text": json.dumps({"verdicts": said}), "match": "Try to refute"}


async def review(office: Office, **arguments: Any) -> Delivered:
    return await review_code(ReviewCode(**arguments), ME, silent, office.services)


def findings_of(given: Delivered) -> list[dict[str, Any]]:
    assert given.structured is not None
    found: list[dict[str, Any]] = given.structured["findings"]
    return found


def dropped_of(given: Delivered) -> dict[str, int]:
    assert given.structured is not None
    return {each["reason"]: each["count"] for each in given.structured["dropped"]}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir(exist_ok=True)
    (folder / "shop.py").write_text(CODE)
    return folder


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def repository(shop: Path) -> Path:
    (shop / "shop.py").write_text(CODE.split("\n\n\ndef average")[0] + "\n")
    git(shop, "init", "-q")
    git(shop, "add", ".")
    git(shop, "commit", "-qm", "total")
    (shop / "shop.py").write_text(CODE)
    return shop


async def test_a_finding_that_stands_comes_with_its_place_and_quote(office: Open, shop: Path) -> None:
    open_office = await office(saying(finding(line=3)), judging("stands"))
    given = await review(open_office, paths=["shop.py"])
    (found,) = findings_of(given)
    assert (found["file"], found["line"], found["quote"].strip(), found["severity"]) == ("shop.py", 9, DIVISION, "high")
    assert given.structured is not None and given.structured["receipt"] == given.receipt_line
    assert "shop.py:9" in given.text and given.structured["dropped"] == []


async def test_what_is_not_in_the_code_falls_and_is_counted(office: Open, shop: Path) -> None:
    invented = [finding("eval(items)", 2), finding(file="other.py"), finding(quote=""), finding()]
    open_office = await office(saying(*invented), judging("unsure"))
    given = await review(open_office, paths=["shop.py"])
    assert len(findings_of(given)) == 1
    assert dropped_of(given) == {"quote not found": 1, "file not in the review": 1, "malformed": 1}


async def test_a_refuted_finding_falls_and_an_unsure_one_stays(office: Open, shop: Path) -> None:
    other = finding("result = result + item.price", 4, message="total fails for items without price: AttributeError.")
    open_office = await office(saying(finding(), other), judging("refuted", "unsure"))
    given = await review(open_office, paths=["shop.py"])
    assert [found["line"] for found in findings_of(given)] == [9]
    assert dropped_of(given) == {"refuted": 1}


async def test_the_review_starts_on_flash_and_the_second_look_on_lite(office: Open, shop: Path) -> None:
    open_office = await office(saying(finding()), judging("stands"))
    given = await review(open_office, paths=["shop.py"])
    assert open_office.asked == ["gemini-3.8-flash", "gemini-3.5-flash-lite"]
    assert given.receipt is not None and given.receipt["model"] == "gemini-3.8-flash"
    assert given.receipt["cost_usd"] == f"{open_office.billed_nano / 1e9:.9f}".rstrip("0")


async def test_nothing_found_needs_no_second_look(office: Open, shop: Path) -> None:
    open_office = await office(saying())
    given = await review(open_office, paths=["shop.py"])
    assert findings_of(given) == [] and len(open_office.asked) == 1 and "Sums and averages." in given.text


async def test_a_failed_second_look_drops_nothing_and_says_so(office: Open, shop: Path) -> None:
    open_office = await office(saying(finding()), {"do": "blocked", "match": "Try to refute"})
    given = await review(open_office, paths=["shop.py"])
    assert len(findings_of(given)) == 1 and "no second look" in given.receipt_line


async def test_focus_and_severity_are_kept(office: Open, shop: Path) -> None:
    slow = finding("result = result + item.price", 4, category="performance", severity="low", message="total is slow")
    open_office = await office(saying(finding(), slow), judging("stands"))
    assert len(findings_of(await review(open_office, paths=["shop.py"], focus=["security"], fresh=True))) == 0
    given = await review(open_office, paths=["shop.py"], min_severity="high", fresh=True)
    assert [found["severity"] for found in findings_of(given)] == ["high"]
    assert dropped_of(given) == {"below min_severity": 1}


@pytest.mark.parametrize("git_range", ["working", "staged", "HEAD~1...HEAD", "HEAD"])
async def test_a_change_is_reviewed_with_the_code_around_it(office: Open, repository: Path, git_range: str) -> None:
    if git_range != "working":
        git(repository, "add", ".")
    if git_range.startswith("HEAD"):
        git(repository, "commit", "-qm", "average")
    outside = finding("result = 0", 2, message="result should be a Decimal, says taste.")
    open_office = await office(saying(finding(), outside), judging("stands"))
    given = await review(open_office, git_range=git_range)
    assert [found["line"] for found in findings_of(given)] == [9]
    assert dropped_of(given) == {"outside the change": 1}


async def test_a_range_without_a_change_is_refused_for_nothing(office: Open, repository: Path) -> None:
    open_office = await office()
    with pytest.raises(InvalidArgument, match="no change in staged"):
        await review(open_office, git_range="staged")
    assert open_office.asked == []


async def test_new_files_that_git_does_not_know_are_named(office: Open, repository: Path) -> None:
    (repository / "new.py").write_text("x = 1\n")
    open_office = await office(saying(), judging())
    given = await review(open_office, git_range="working")
    assert given.structured is not None and "new.py" in given.structured["summary"]
    assert "git add" in given.structured["summary"]


async def test_only_the_named_paths_of_a_range_are_reviewed(office: Open, repository: Path) -> None:
    (repository / "docs").mkdir()
    (repository / "docs" / "a.md").write_text("text\n")
    git(repository, "add", ".")
    open_office = await office(saying())
    given = await review(open_office, git_range="staged", paths=["docs"])
    assert given.receipt is not None and [source["path"] for source in given.receipt["sources"]] == ["docs/a.md"]


async def test_a_diff_of_the_caller_s_own_is_reviewed(office: Open, shop: Path) -> None:
    diff = "--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,3 @@\n def f(a):\n+    return 1 / a\n     pass\n"
    said = finding("return 1 / a", 2, file="x.py", message="f divides by a, which may be 0.")
    open_office = await office(saying(said), judging("stands"))
    assert [(f["file"], f["line"]) for f in findings_of(await review(open_office, diff=diff))] == [("x.py", 2)]


async def test_a_large_review_is_split_and_a_lost_part_is_named(office: Open, shop: Path) -> None:
    for name in ("one", "two"):
        body = "".join(f"def {name}_{n}(value):\n    return value + {n} * len(str(value))\n\n\n" for n in range(400))
        (shop / f"{name}.py").write_text(body)
    open_office = await office({"do": "blocked", "match": r"def one_399\("}, saying())
    given = await review(open_office, paths=["one.py", "two.py"])
    assert given.structured is not None and len(open_office.asked) > 2
    lines = given.structured["summary"].split("\n")
    assert re.match(
        r"INCOMPLETE: only \d of \d parts reviewed \(1 of 2 files whole\)\. In these: no findings", lines[0]
    )
    assert re.match(r"1 of \d parts not reviewed: blocked: .*; one\.py lines \d+-\d+\.", lines[1])
    assert len(lines) == 2 and given.text.startswith(lines[0])
    assert given.receipt is not None and [lost["path"][:6] for lost in given.receipt["not_read"]] == ["one.py"]


@pytest.fixture
def large(shop: Path) -> Path:
    for name in ("one", "two"):
        body = "".join(f"def {name}_{n}(value):\n    return value + {n} * len(str(value))\n\n\n" for n in range(400))
        (shop / f"{name}.py").write_text(body)
    return shop


async def test_a_cap_below_the_estimate_of_a_review_in_parts_is_refused_and_nothing_is_sent(
    office: Open, large: Path
) -> None:
    open_office = await office(saying())
    with pytest.raises(BudgetExceeded, match=r"about \$0\.\d+ is needed and max_cost_usd is \$0\.01") as refusal:
        await review(open_office, paths=["one.py", "two.py"], max_cost_usd=0.01)
    assert open_office.asked == []
    enough = float(refusal.value.fix.removeprefix("Raise max_cost_usd to ").partition(",")[0])
    given = await review(open_office, paths=["one.py", "two.py"], max_cost_usd=enough)
    assert given.structured is not None and "INCOMPLETE" not in given.structured["summary"]


async def test_a_review_in_one_part_that_the_cap_does_not_allow_is_refused_with_one_that_does(
    office: Open, shop: Path
) -> None:
    open_office = await office(saying())
    with pytest.raises(BudgetExceeded, match=r"about \$0\.00\d+ is needed") as refusal:
        await review(open_office, paths=["shop.py"], max_cost_usd=0.00001)
    assert open_office.asked == []
    enough = float(refusal.value.fix.removeprefix("Raise max_cost_usd to ").partition(",")[0])
    assert (await review(open_office, paths=["shop.py"], max_cost_usd=enough)).text


async def test_a_review_in_many_parts_is_told_by_its_totals(office: Open, large: Path) -> None:
    open_office = await office(saying(finding()), judging("stands"))
    given = await review(open_office, paths=["."])
    assert given.structured is not None
    told = given.structured["summary"]
    assert re.fullmatch(r"3 files reviewed in \d parts: 1 finding; \d+ dropped \(.*\d duplicate.*\)\.", told)
    assert given.text.startswith(told + "\n\n**high · bug · shop.py:9**")


async def test_a_file_without_text_is_refused_and_beside_others_named(office: Open, shop: Path) -> None:
    (shop / "zero.md").write_text("")
    (shop / "blank.md").write_text("\n \n")
    open_office = await office(saying())
    with pytest.raises(UnsupportedFormat, match="there is no text"):
        await review(open_office, paths=["zero.md", "blank.md"])
    assert open_office.asked == []
    given = await review(open_office, paths=["zero.md", "shop.py"])
    assert given.structured is not None
    assert "1 of 2 files not reviewed: it is empty; zero.md." in given.structured["summary"]


async def test_when_no_part_could_be_reviewed_the_reason_is_raised_with_what_was_paid(office: Open, shop: Path) -> None:
    open_office = await office({"do": "blocked"})
    with pytest.raises(ToolFailure) as failure:
        await review(open_office, paths=["shop.py"])
    assert failure.value.error.code == "blocked" and failure.value.receipt["attempts"]


async def test_a_review_with_more_findings_than_fit_keeps_the_gravest_and_says_where_the_rest_is(
    office: Open, shop: Path
) -> None:
    lines = [f"value_{number} = compute_{number}({number})" for number in range(300)]
    (shop / "many.py").write_text("\n".join(lines) + "\n")
    said = [
        finding(
            line, number + 1, file="many.py", message=f"value_{number} is wrong. " + "Really. " * 40, severity="low"
        )
        for number, line in enumerate(lines)
    ]
    said[250]["severity"] = "critical"
    open_office = await office(saying(*said), judging())
    given = await review(open_office, paths=["many.py"])
    assert given.structured is not None and len(json.dumps(given.structured)) < 45_000
    assert given.structured["findings"][0]["severity"] == "critical"
    assert f"results://{given.result_id}" in given.structured["more"]
    kept = await open_office.services.results.get("me", given.result_id)
    assert kept is not None and kept.text.count("**low · ") + kept.text.count("**critical · ") == 300


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({}, InvalidArgument),
        ({"diff": "no diff at all"}, InvalidArgument),
        ({"diff": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n", "git_range": "working"}, InvalidArgument),
        ({"git_range": "working"}, InvalidArgument),
        ({"git_range": "--output=x"}, InvalidArgument),
        ({"paths": ["nothing.py"]}, FileNotFound),
        ({"paths": ["../x.py"]}, PathDenied),
    ],
)
async def test_what_cannot_be_reviewed_is_refused_before_anything_is_sent(
    office: Open, shop: Path, arguments: dict[str, Any], error: type[Exception]
) -> None:
    open_office = await office()
    with pytest.raises(error):
        await review(open_office, **arguments)
    assert open_office.asked == []
