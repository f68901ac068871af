"""The summary as its reader sees it."""

from collections import Counter

import pytest

from gemini_mcp.domain.claims import Claim, Reason, Section
from gemini_mcp.domain.summary_text import SHOWN, Gaps, rendered
from gemini_mcp.domain.witnesses import Place


def claim(text: str, *places: Place) -> Claim:
    return Claim(text, "a quote", places or (Place("a.md", 7),))


CACHE = Section("Caching", (claim("Answers live a day."), claim("Nobody shares them.", Place("b.pdf", pages="3"))))
COSTS = Section("Costs", (claim("A call costs little.", Place("a.md", 1), Place("https://example.org/x", 2)),))


def test_sections_are_headings_and_claims_are_items_with_their_sources() -> None:
    assert rendered("On caches", [CACHE, COSTS], "standard") == (
        "# On caches\n\n"
        "## Caching\n\n"
        "- Answers live a day. [a.md:7]\n"
        "- Nobody shares them. [b.pdf p. 3]\n\n"
        "## Costs\n\n"
        "- A call costs little. [a.md:1] [https://example.org/x line 2]"
    )


def test_a_brief_summary_is_one_list() -> None:
    text = rendered("T", [CACHE, COSTS], "brief")
    assert text.count("\n- ") == 3
    assert "##" not in text


def test_the_same_claims_make_the_same_text() -> None:
    dropped = Counter[Reason]({"quote not in source": 2, "no quote": 1})
    other = Counter[Reason]({"no quote": 1, "quote not in source": 2})
    assert rendered("T", [CACHE], "standard", dropped=dropped) == rendered("T", [CACHE], "standard", dropped=other)


def test_at_most_three_sources_are_cited_checked_ones_and_different_files_first() -> None:
    places = (
        Place("scan.pdf", pages="2", checked=False),
        Place("a.md", 1),
        Place("a.md", 2),
        Place("b.md", 3),
        Place("a.md", 4),
    )
    assert rendered("T", [Section("", (claim("It is so.", *places),))], "standard").endswith(
        "- It is so. [a.md:1] [b.md:3] [a.md:2]"
    )
    assert "[scan.pdf p. 2, unchecked]" in rendered("T", [Section("", (claim("So.", *places[:2]),))], "standard")


def test_what_is_not_in_it_is_said_at_the_end() -> None:
    text = rendered(
        "T",
        [CACHE],
        "standard",
        dropped=Counter({"number not in source": 1, "quote not in source": 2}),
        gaps=Gaps(
            lost=[("big.log lines 1-400", "deadline"), ("a.md", "blocked"), ("b.md", "deadline")],
            pieces=9,
            parts=4,
            parts_lost=2,
            left_out=[("empty.txt", "blank")],
            sources=7,
        ),
    )
    assert text.partition("\n\n---\n\n")[2] == (
        "3 claims left out, with quotes that are not in the sources (2), numbers that are not in the sources (1).\n\n"
        "3 of 9 pieces not summarised: big.log lines 1-400 (deadline), b.md (deadline), a.md (blocked).\n\n"
        "1 of 7 files not read: blank; empty.txt."
    )


def test_a_summary_of_some_parts_says_so_before_all_else() -> None:
    lines = rendered("T", [CACHE], "standard", gaps=Gaps(parts=14, parts_lost=11)).split("\n")
    assert lines[:3] == ["# T", "", "**Incomplete: only 3 of 14 parts could be read; see the end.**"]
    assert "Incomplete" not in rendered("T", [CACHE], "standard", gaps=Gaps(parts=14, left_out=[("a", "b")]))


def test_a_single_claim_is_one() -> None:
    assert "\n1 claim left out, with no quote (1)." in rendered("T", [CACHE], "brief", dropped=Counter({"no quote": 1}))


def test_nothing_left_out_is_not_mentioned() -> None:
    assert "---" not in rendered("T", [CACHE], "standard", dropped=Counter({"no quote": 0}))


def test_more_claims_than_the_length_allows_are_counted_and_every_section_keeps_some() -> None:
    sections = [Section(f"S{n}", tuple(claim(f"Claim {n}.{m}") for m in range(100))) for n in range(5)]
    text = rendered("T", sections, "standard")
    assert text.count("\n- ") == SHOWN["standard"]
    assert all(f"## S{n}" in text for n in range(5))
    assert "470 more claims are not shown; ask for a longer summary to see more." in text
    assert "420 more claims are not shown." in rendered("T", sections, "detailed")


def test_a_summary_without_claims_says_so() -> None:
    assert "No claim with a source that bears it out." in rendered("", [], "standard")
    assert rendered("", [], "standard").startswith("# Summary\n")


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("![x](https://example.org/?q=1)", "[x] (https://example.org/?q=1)"),
        ("See [this](https://example.org)", "See [this] (https://example.org)"),
        ("# A heading", "A heading"),
        ("- an item", "an item"),
        ("1. first", "first"),
        ("two\n\n# lines", "two # lines"),
        ("a <img src=x>", "a < img src=x>"),
        ("`names[0](x)` and Vec<u8>", "`names[0] (x)` and Vec<u8>"),
    ],
)
def test_a_models_words_are_text_and_nothing_else(said: str, shown: str) -> None:
    text = rendered(said, [Section(said, (claim(said),)), Section("Other", (claim("x"),))], "standard")
    assert text.startswith(f"# {shown}\n\n## {shown}\n\n- {shown} [a.md:7]")


def test_a_path_cannot_break_the_line() -> None:
    gaps = Gaps(lost=[("c\nd", "e\nf")], pieces=2, parts=2, parts_lost=1)
    text = rendered("T", [Section("", (claim("So.", Place("a\n# b.md", 1)),))], "standard", gaps=gaps)
    assert "[a # b.md:1]" in text
    assert "1 of 2 pieces not summarised: e f; c d." in text
