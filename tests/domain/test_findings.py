"""A model's findings: read with patience, and refuted only clearly."""

import json
from typing import Any

import pytest

from gemini_mcp.domain.findings import (
    FINDINGS_SCHEMA,
    Finding,
    NoFindings,
    by_gravity,
    dropped_list,
    read_findings,
)
from gemini_mcp.domain.refutation import REFUTATION_SCHEMA, apply_verdicts, claims

ITEM: dict[str, Any] = {
    "file": "src/a.py",
    "line": 12,
    "end_line": 13,
    "severity": "high",
    "category": "bug",
    "message": "Divides by zero when items is empty.",
    "quote": "    return total / len(items)",
    "suggestion": "return total / len(items) if items else 0",
}
FINDING = Finding(**ITEM)


def answer(*items: Any, summary: str = "Fine.") -> str:
    return json.dumps({"summary": summary, "findings": list(items)})


def one(**changes: Any) -> Finding:
    (finding,) = read_findings(answer(ITEM | changes)).findings
    return finding


def test_a_finding_is_read_as_it_is_given() -> None:
    reported = read_findings(answer(ITEM))
    assert (reported.summary, reported.findings, reported.malformed) == ("Fine.", (FINDING,), 0)
    assert FINDING.as_dict() == ITEM


def test_no_findings_are_an_answer() -> None:
    assert read_findings(answer()).findings == ()


@pytest.mark.parametrize(
    "wrap",
    ["{}", "```json\n{}\n```", "Here it is:\n\n{}\n\nAll the best.", "\n\n  {}  "],
)
def test_what_stands_around_the_json_is_passed_over(wrap: str) -> None:
    assert read_findings(wrap.replace("{}", answer(ITEM))).findings == (FINDING,)


@pytest.mark.parametrize("text", [json.dumps([ITEM]), json.dumps({"issues": [ITEM]})])
def test_other_shells_are_understood(text: str) -> None:
    assert read_findings(text).findings == (FINDING,)


@pytest.mark.parametrize(
    "text", ["", "Looks good to me.", "{", '{"summary": "x"}', "7", '"findings"', "[" * 100_000, '{"findings": 3}']
)
def test_an_answer_that_is_no_review_is_told(text: str) -> None:
    with pytest.raises(NoFindings):
        read_findings(text)


@pytest.mark.parametrize(
    ("line", "end_line", "expected"),
    [
        (12, None, (12, 12)),
        ("12", "15", (12, 15)),
        ("12-15", None, (12, 15)),
        ("L12", None, (12, 12)),
        ("lines 12 to 15", None, (12, 15)),
        (12.0, 13.0, (12, 13)),
        (15, 12, (15, 15)),
        (None, None, (0, 0)),
        (0, 0, (0, 0)),
        (-3, None, (3, 3)),
        ("somewhere", None, (0, 0)),
        (True, None, (0, 0)),
        (10**30, None, None),
    ],
)
def test_lines_are_read_in_any_spelling(line: Any, end_line: Any, expected: tuple[int, int] | None) -> None:
    found = one(line=line, end_line=end_line)
    assert expected is None or (found.line, found.end_line) == expected


@pytest.mark.parametrize(
    ("file", "expected"),
    [("a.py:12", ("a.py", 12)), ("a.py#L7-L9", ("a.py", 7)), ("a.py", ("a.py", 0)), ("C:/x.py", ("C:/x.py", 0))],
)
def test_a_line_may_stand_behind_the_file_s_name(file: str, expected: tuple[str, int]) -> None:
    found = one(file=file, line=None, end_line=None)
    assert (found.file, found.line) == expected


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("HIGH", "high"),
        ("Critical!", "critical"),
        ("minor", "low"),
        ("warning", "medium"),
        ("", "medium"),
        (None, "medium"),
        ("P1", "medium"),
    ],
)
def test_a_severity_is_understood(said: Any, meant: str) -> None:
    assert one(severity=said).severity == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("Security", "security"),
        ("race condition", "concurrency"),
        ("test coverage", "tests"),
        ("logic", "bug"),
        (None, "bug"),
    ],
)
def test_a_category_is_understood(said: Any, meant: str) -> None:
    assert one(category=said).category == meant


@pytest.mark.parametrize(
    "item",
    [
        "text",
        7,
        None,
        [],
        {},
        ITEM | {"quote": ""},
        ITEM | {"quote": " \n "},
        ITEM | {"message": None},
        ITEM | {"file": ""},
        {key: value for key, value in ITEM.items() if key != "quote"},
    ],
)
def test_a_finding_that_lacks_what_can_be_looked_up_is_counted_and_left_out(item: Any) -> None:
    reported = read_findings(answer(ITEM, item))
    assert (reported.findings, reported.malformed) == ((FINDING,), 1)


def test_the_schema_asks_for_what_is_read() -> None:
    item = FINDINGS_SCHEMA["properties"]["findings"]["items"]
    assert set(item["properties"]) == set(ITEM)
    assert set(item["required"]) == set(ITEM) - {"end_line"}
    assert len(json.dumps(FINDINGS_SCHEMA)) + len(json.dumps(REFUTATION_SCHEMA)) < 2_000


def test_the_gravest_stand_first() -> None:
    low, high = one(severity="low", file="a"), one(severity="critical", file="z")
    assert by_gravity([low, FINDING, high]) == (high, FINDING, low)


def test_what_fell_is_listed_by_frequency() -> None:
    assert dropped_list({"duplicate": 1, "quote not found": 3, "malformed": 0}) == [
        {"reason": "quote not found", "count": 3},
        {"reason": "duplicate", "count": 1},
    ]


# -------------------------------------------------------------------------------------------------------- refutation

OTHER = one(file="b.py", message="Never closed.")


def verdicts(*given: tuple[str, str, str]) -> str:
    return json.dumps(
        {"verdicts": [{"id": name, "verdict": verdict, "reason": reason} for name, verdict, reason in given]}
    )


def test_claims_are_shown_under_their_ids() -> None:
    text = claims([FINDING, OTHER])
    assert "F1 · src/a.py:12 · high bug\nDivides by zero" in text and "\n>     return total / len(items)" in text
    assert "F2 · b.py:12" in text


def test_what_is_refuted_with_a_reason_falls() -> None:
    judged = apply_verdicts(
        [FINDING, OTHER], verdicts(("F1", "refuted", "line 3 returns early"), ("F2", "stands", "it does"))
    )
    assert (judged.kept, judged.refuted) == ((OTHER,), ((FINDING, "line 3 returns early"),))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(verdicts(("F1", "stands", "x")), id="stands"),
        pytest.param(verdicts(("F1", "unsure", "x")), id="unsure"),
        pytest.param(verdicts(("F1", "refuted", "")), id="no reason"),
        pytest.param(verdicts(("F1", "refuted", "x"), ("F1", "stands", "y")), id="two minds"),
        pytest.param(verdicts(("F9", "refuted", "x"), ("", "refuted", "x")), id="ids that nobody has"),
        pytest.param(verdicts(), id="nothing said"),
        pytest.param("All of them are wrong.", id="prose"),
        pytest.param('{"verdicts": "refuted"}', id="another form"),
        pytest.param('{"verdicts": [7, null, {"id": "F1"}]}', id="no verdicts in it"),
        pytest.param("", id="nothing"),
    ],
)
def test_only_a_clear_refutation_counts(text: str) -> None:
    assert apply_verdicts([FINDING, OTHER], text).kept == (FINDING, OTHER)
