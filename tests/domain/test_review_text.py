"""A review as its reader sees it: what was not reviewed first, then the totals, the findings, and few words besides."""

from collections import Counter

import pytest

from gemini_mcp.domain.findings import Finding
from gemini_mcp.domain.review_text import Extent, Review, rendered, structured

FOUND = Finding("a.py", 3, 4, "high", "bug", "It fails.", "x = 1\ny = 2", "Mend it.")


def review(*summaries: str, **more: object) -> Review:
    fields: dict[str, object] = {"findings": (), "dropped": Counter()} | more
    return Review(summaries, **fields)  # type: ignore[arg-type]


def test_a_whole_review_is_told_by_its_totals_and_then_its_findings() -> None:
    dropped = Counter({"refuted": 2, "duplicate": 1})
    given = review("Sound.", findings=(FOUND,), dropped=dropped, extent=Extent(3, 1))
    assert rendered(given) == (
        "3 files reviewed: 1 finding; 3 dropped (2 refuted, 1 duplicate).\nSound.\n\n"
        "**high · bug · a.py:3-4** It fails.\n\n    x = 1\n    y = 2\n\nMend it."
    )


def test_a_review_of_which_parts_are_lost_never_reads_as_clean() -> None:
    lost = tuple((f"d/{n}.py", "budget_exceeded: no room. Raise it.") for n in range(10))
    given = review("Clean.", lost=lost, extent=Extent(30, 11, 27, 10))
    assert rendered(given) == (
        "INCOMPLETE: only 1 of 11 parts reviewed (3 of 30 files whole). In these: no findings.\n"
        "10 of 11 parts not reviewed: budget_exceeded: no room. Raise it; e.g. d/0.py, d/1.py, d/2.py."
    )
    assert structured(given, "", "")["summary"] == rendered(given)


@pytest.mark.parametrize(("parts", "told"), [(1, ["One."]), (3, ["- One.", "- Two.", "- Three."]), (4, [])])
def test_words_on_the_parts_are_told_of_few_parts_alone(parts: int, told: list[str]) -> None:
    words = ("One.", "Two.", "Three.", "Four.")[:parts]
    assert review(*words, extent=Extent(9, parts)).summary.split("\n")[1:] == told


def test_what_was_not_to_be_reviewed_is_counted() -> None:
    given = review(left_out=tuple((f"{n}.bin", "it is binary") for n in range(5)), extent=Extent(2, 1))
    assert given.summary == (
        "2 files reviewed: no findings.\n5 of 7 files not reviewed: it is binary; e.g. 0.bin, 1.bin, 2.bin."
    )
