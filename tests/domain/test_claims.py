"""What of a model's claims stands up: the source it names, the words it quotes, the numbers it gives."""

import json
import random
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest

from gemini_mcp.domain.chunking import chunks
from gemini_mcp.domain.claims import (
    CLAIMS_SCHEMA,
    MERGE_SCHEMA,
    Claim,
    Section,
    Verified,
    claims_problem,
    merge_problem,
    merged,
    numbered,
    selected,
    verified,
)
from gemini_mcp.domain.material import Media, Page, Source
from gemini_mcp.domain.witnesses import Place
from gemini_mcp.engine.schemas import schema_problem, schema_violation

CACHE = """# Caching

Answers are kept for one day and shared by nobody.
A call with `fresh=true` does not read the cache.

| tier | limit |
|------|-------|
| lite | 1,000 |
| pro  | 250   |
"""
BUDGET = "A call may cost at most 0.25 USD.\nA session may cost at most 5 USD, a day 20 USD.\n"


def source(path: str, text: str, **more: Any) -> Source:
    return replace(Source(path, text, len(text.encode()), "0123456789abcdef" * 4), **more)


SOURCES = (source("docs/cache.md", CACHE), source("docs/budget.md", BUDGET))


def document(*pages: str, path: str = "report.pdf", first: int = 1) -> Source:
    media = Media("application/pdf", b"%PDF", 258 * len(pages))
    return source(path, "", media=media, pages=tuple(Page(number, text) for number, text in enumerate(pages, first)))


def answer(*claims: dict[str, str], heading: str = "Topic") -> dict[str, Any]:
    return {"title": "Title", "sections": [{"heading": heading, "claims": list(claims)}]}


def one(claim: str, quote: str, name: str) -> dict[str, str]:
    return {"source": name, "quote": quote, "claim": claim}


def cited(claim: str, quote: str, name: str, *sources: Source) -> str:
    """The citation that a claim gets, or the reason for which it falls."""
    result = verified(answer(one(claim, quote, name)), sources or SOURCES)
    if result.dropped:
        assert not result.claims
        return next(iter(result.dropped))
    return " ".join(place.cited() for place in result.claims[0].places)


# ------------------------------------------------------------------------------------------------------------ places


def test_a_claim_is_kept_with_the_line_on_which_its_quote_begins() -> None:
    assert cited("Answers live a day", "Answers are kept for one day", "docs/cache.md") == "[docs/cache.md:3]"
    assert cited("fresh=true skips the cache", "`fresh=true` does not read", "docs/cache.md") == "[docs/cache.md:4]"


def test_a_quote_may_go_over_lines() -> None:
    quote = "shared by nobody. A call with fresh=true does not"
    assert cited("The cache is private", quote, "docs/cache.md") == "[docs/cache.md:3]"


def test_a_row_of_a_table_can_be_quoted() -> None:
    assert cited("Lite may call 1,000 times", "| lite | 1,000 |", "docs/cache.md") == "[docs/cache.md:8]"


def test_a_part_of_a_file_is_cited_by_the_lines_of_the_file() -> None:
    part = source("big.log", "one line\nthe disk was found to be full\n", first_line=101, sent_as="lines 101-102")
    assert cited("The disk filled up", "the disk was found to be full", "big.log", part) == "[big.log:102]"


def test_below_a_repeated_head_rows_keep_their_lines_and_the_head_is_where_it_is() -> None:
    whole = source("t.csv", "name of the thing,amount of it\n" + "".join(f"row {n} here,{n}\n" for n in range(2, 900)))
    part = chunks([whole], 900)[2].sources[0]
    row = part.text.split("\n")[5]
    line = whole.text.split("\n").index(row) + 1
    assert cited("A row", row, "t.csv", part) == f"[t.csv:{line}]"
    assert cited("Things have amounts", "name of the thing,amount of it", "t.csv", part) == "[t.csv:1]"


def test_a_page_of_a_document_is_cited() -> None:
    report = document("The opening of it all.", "Profit fell sharply in autumn.", "The end of it all.")
    assert cited("Profit fell", "Profit fell sharply in autumn", "report.pdf", report) == "[report.pdf p. 2]"


def test_the_page_is_where_the_quote_is_and_not_where_the_model_says() -> None:
    report = document("The opening of it all.", "Profit fell sharply in autumn.", first=41)
    assert cited("Profit fell", "Profit fell sharply in autumn", "report.pdf p. 41", report) == "[report.pdf p. 42]"


def test_of_several_places_the_page_that_was_named_is_cited() -> None:
    report = document(*["The running head of each page."] * 4)
    assert cited("There is a head", "The running head of each page", "report.pdf p. 3", report) == "[report.pdf p. 3]"


def test_a_quote_may_go_over_pages() -> None:
    report = document("It ends in the mid-", "dle of a word and goes on.")
    assert cited("It goes on", "It ends in the middle of a word", "report.pdf", report) == "[report.pdf p. 1]"


def test_a_page_of_the_web_is_cited_by_its_line() -> None:
    page = source("https://example.org/a/", "Title\n\nThe service was closed in spring.")
    wanted = "[https://example.org/a/ line 3]"
    assert cited("It was closed", "The service was closed in spring", "https://example.org/a", page) == wanted


# ----------------------------------------------------------------------------------------------- pictures and scans


def test_what_a_picture_of_a_page_says_cannot_be_checked_and_is_marked() -> None:
    scan = document("", "7", "Typed text that can be read by anyone.", path="scan.pdf")
    assert cited("It is signed", "signed by both parties", "scan.pdf p. 2", scan) == "[scan.pdf p. 2, unchecked]"


def test_on_a_page_with_text_an_invented_quote_falls_even_among_scans() -> None:
    scan = document("", "Typed text that can be read by anyone.", path="scan.pdf")
    assert cited("It is signed", "signed by both parties", "scan.pdf p. 2", scan) == "quote not in source"
    assert cited("It is signed", "signed by both parties", "scan.pdf", scan) == "quote not in source"


def test_a_scan_without_a_page_is_cited_as_a_whole() -> None:
    scan = document("", "", "", path="scan.pdf", first=41)
    assert cited("It is signed", "signed by both parties", "scan.pdf", scan) == "[scan.pdf pp. 41-43, unchecked]"


def test_the_first_page_of_a_part_may_be_called_the_first() -> None:
    scan = document("", "", "", path="scan.pdf", first=41)
    assert cited("It is signed", "signed by both", "scan.pdf p. 2", scan) == "[scan.pdf p. 42, unchecked]"
    assert cited("It is signed", "signed by both", "scan.pdf p. 43", scan) == "[scan.pdf p. 43, unchecked]"


def test_a_picture_cannot_be_checked() -> None:
    chart = source("chart.png", "", media=Media("image/png", b"x", 258))
    assert cited("Sales rose by 40 %", "Sales 2019-2024", "chart.png", chart) == "[chart.png, unchecked]"


# ------------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    "name",
    [
        "docs/cache.md",
        "./docs/cache.md",
        "cache.md",
        "project/docs/cache.md",
        "docs\\cache.md",
        "`docs/cache.md`",
        "[docs/cache.md]",
        "docs/cache.md:3",
        "docs/cache.md:3-4",
        "[docs/cache.md:3]",
        "docs/cache.md (lines 3-4)",
        "docs/cache.md, lines 3-4",
        "docs/cache.md#L3",
        "SOURCE 0123456789ab docs/cache.md",
        "0123456789ab docs/cache.md",
        "<<<SOURCE 0123456789ab docs/cache.md>>>",
    ],
)
def test_a_source_may_be_named_in_many_ways(name: str) -> None:
    assert cited("Answers live a day", "Answers are kept for one day", name) == "[docs/cache.md:3]"


@pytest.mark.parametrize(
    "name",
    [
        "report.pdf",
        "report.pdf p. 2",
        "report.pdf, page 2",
        "report.pdf (p. 2)",
        "report.pdf pages 2-3",
        "report.pdf p.2",
    ],
)
def test_a_page_may_be_named_in_many_ways(name: str) -> None:
    report = document("The opening of it all.", "Profit fell sharply in autumn.")
    assert cited("Profit fell", "Profit fell sharply in autumn", name, report) == "[report.pdf p. 2]"


@pytest.mark.parametrize(
    "name", ["", "other.md", "docs", "ache.md", "docs/cache.txt", "/etc/passwd", "p. 3", "[]", "./"]
)
def test_a_source_that_was_not_sent_is_none(name: str) -> None:
    assert cited("Answers live a day", "Answers are kept for one day", name) == "source not sent"


def test_a_name_that_fits_two_sources_is_none() -> None:
    both = source("a/notes.md", CACHE), source("b/notes.md", CACHE)
    assert cited("Answers live a day", "Answers are kept for one day", "notes.md", *both) == "source not sent"
    assert cited("Answers live a day", "Answers are kept for one day", "b/notes.md", *both) == "[b/notes.md:3]"


@pytest.mark.parametrize("path", ["app/[id]/page.tsx", "a (1).md", "notes p. 3", "weird:12", "a b.md", "<x>.md"])
def test_any_path_can_be_named_as_it_is_shown(path: str) -> None:
    odd = source(path, CACHE)
    shown = path.replace("<", "?").replace(">", "?")
    assert cited("Answers live a day", "Answers are kept for one day", shown, odd) == f"[{path}:3]"


def test_two_pieces_of_a_file_are_one_source() -> None:
    first = source("a.txt", "The first half says little.\n", sent_as="lines 1-1")
    second = source("a.txt", "The second half says it all.\n", first_line=2, sent_as="lines 2-2")
    for name in ("a.txt", "a.txt (lines 1-1)"):
        assert cited("It says all", "The second half says it all", name, first, second) == "[a.txt:2]"


# ------------------------------------------------------------------------------------------------------------ quotes


@pytest.mark.parametrize(
    ("quote", "reason"),
    [
        pytest.param("Answers are kept for two days", "quote not in source", id="a word changed"),
        pytest.param("Answers are never kept for one day", "quote not in source", id="a word put in"),
        pytest.param("Answers are kept ... for ever", "quote not in source", id="a part that is not there"),
        pytest.param("A session may cost at most 5 USD", "quote not in source", id="from another source"),
        pytest.param("", "no quote", id="none"),
        pytest.param(" \n", "no quote", id="blank"),
        pytest.param("...", "quote not in source", id="nothing but an ellipsis"),
    ],
)
def test_a_claim_falls_with_its_quote(quote: str, reason: str) -> None:
    assert cited("Answers live a day", quote, "docs/cache.md") == reason


def test_a_short_quote_counts_when_there_is_but_one_place_for_it() -> None:
    text = source("a.txt", "It is late.\nIt was ready.\nIt is late, and it is not ready.\n")
    assert cited("It was ready", "was ready", "a.txt", text) == "[a.txt:2]"
    assert cited("It is late", "is late", "a.txt", text) == "quote too short"


def test_a_short_quote_counts_when_it_has_the_numbers_of_the_claim() -> None:
    text = source("a.txt", "port 8080\nport 8080\n")
    assert cited("It listens on 8080", "port 8080", "a.txt", text) == "[a.txt:1]"
    assert cited("It listens on ports", "port 8080", "a.txt", text) == "quote too short"


def test_a_number_that_is_not_near_the_quote_is_not_borne_out() -> None:
    far = "Nothing of note is said here at all. " * 120
    text = source("a.txt", f"{far}\nThe limit is 250 calls a minute.\n{far}\nThe budget is 730 USD.\n{far}\n")
    quote = "The limit is 250 calls a minute"
    assert cited("At most 250 calls a minute are let through", quote, "a.txt", text) == "[a.txt:2]"
    assert cited("At most 730 calls a minute are let through", quote, "a.txt", text) == "number not in source"
    assert cited("At most 251 calls a minute are let through", quote, "a.txt", text) == "number not in source"


def test_of_several_places_one_that_bears_out_the_numbers_is_cited() -> None:
    far = "Nothing of note is said here at all. " * 120
    text = source("a.txt", f"The usual words of it. 111\n{far}\nThe usual words of it. 222\n")
    assert cited("It says 222", "The usual words of it", "a.txt", text) == "[a.txt:3]"


def test_what_stands_in_the_path_or_the_opening_is_near() -> None:
    text = source(
        "reports/2023-q4-v118.md", "Figures in 407 parts\n" + "Filler.\n" * 900 + "Profit fell sharply in autumn.\n"
    )
    for claim in ("In report 118 profit fell", "Of 407 parts, profit fell", "In 2023 profit fell"):
        assert cited(claim, "Profit fell sharply in autumn", text.path, text).startswith("[reports/")


def test_a_year_may_stand_anywhere_in_the_source() -> None:
    filler = "Filler.\n" * 900
    text = source("a.md", f"{filler}## Figures of 2019\n{filler}Profit fell sharply in autumn.\n")
    assert cited("In 2019 profit fell", "Profit fell sharply in autumn", "a.md", text).startswith("[a.md:")
    assert cited("In 2018 profit fell", "Profit fell sharply in autumn", "a.md", text) == "number not in source"


# ----------------------------------------------------------------------------------------------------------- answers


def test_each_reason_is_counted() -> None:
    result = verified(
        answer(
            one("Answers live a day", "Answers are kept for one day", "cache.md"),
            one("They live two", "Answers are kept for two days", "cache.md"),
            one("They live three", "Answers are kept for three days", "cache.md"),
            one("They live", "Answers are kept for one day", "other.md"),
            one("  ", "Answers are kept for one day", "cache.md"),
        ),
        SOURCES,
    )
    assert [claim.text for claim in result.claims] == ["Answers live a day"]
    assert result.dropped == {"quote not in source": 2, "source not sent": 1, "malformed": 1}


@pytest.mark.parametrize(
    "parsed",
    [
        None,
        7,
        "text",
        [],
        {},
        {"sections": None},
        {"sections": [None, 1, "x", {}, {"claims": 3}]},
        {"title": 3, "sections": {"claims": []}},
    ],
)
def test_json_of_any_form_is_an_answer_without_claims(parsed: Any) -> None:
    assert verified(parsed, SOURCES) == merged(parsed, [], 10) == Verified()


@pytest.mark.parametrize(
    "claim",
    [
        None,
        1,
        "x",
        {},
        [],
        {"claim": 1, "source": [], "quote": {}},
        {"claim": "x" * 601},
        {"claim": "x", "quote": "y" * 2_001},
    ],
)
def test_a_claim_of_any_other_form_falls(claim: Any) -> None:
    result = verified({"sections": [{"heading": "x", "claims": [claim]}]}, SOURCES)
    assert (result.claims, sum(result.dropped.values())) == ((), 1)


@pytest.mark.parametrize(
    "filler", [" ", "\n", "[", "(", ".", "1", ",", "c1,", "[a:1", "p. 3", "\u2026", "- ", "./", "\\"]
)
def test_no_answer_holds_up_its_check(filler: str) -> None:
    """In a process of its own, since nothing can interrupt a regular expression at work."""
    code = f"""
from gemini_mcp.domain.claims import verified
from gemini_mcp.domain.material import Source
source = Source("a.md", "some text to be quoted here", 1, "ab" * 32)
for size in (500, 1_900, 100_000):
    text = "x" + {filler!r} * (size // len({filler!r})) + "x"
    for claim, quote, name in (text, "some text to be quoted", "a.md"), ("x", text, "a.md"), ("x", "y", text):
        items = [dict(claim=claim, quote=quote, source=name)] * 20
        verified(dict(title=text, sections=[dict(heading=text, claims=items)]), [source])
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)


def test_a_claim_said_twice_is_kept_once_with_both_places() -> None:
    again = one("answers live a day", "Answers are kept for one day", "docs/cache.md")
    other = one("Answers live a day", "A call may cost at most", "docs/budget.md")
    (claim,) = verified(answer(again, again, other), SOURCES).claims
    assert [place.cited() for place in claim.places] == ["[docs/cache.md:3]", "[docs/budget.md:1]"]


def test_a_section_without_claims_that_stand_falls_away() -> None:
    result = verified(answer(one("It lives", "is invented altogether", "docs/cache.md")), SOURCES)
    assert result.sections == ()


ROUTE = source("app/[id]/x.tsx", "Answers are kept for one day here, too.\n")
REPORT = document("Answers are kept for one day, says the report.", "More.")


@pytest.mark.parametrize(
    "own",
    [
        "[docs/cache.md:99]",
        "[cache.md:3-5]",
        "[docs/cache.md:3, 7-9]",
        "[docs/cache.md:3; docs/budget.md:1]",
        "[report.pdf p. 3]",
        "[docs/cache.md:1, unchecked]",
        "[app/[id]/x.tsx:7]",
        "[docs/cache.md:3] [report.pdf p. 1]",
    ],
)
def test_citations_of_the_models_own_are_taken_off_the_end(own: str) -> None:
    item = one(f"Answers live a day {own}.", "Answers are kept for one day", "docs/cache.md")
    assert verified(answer(item), (*SOURCES, ROUTE, REPORT)).claims[0].text == "Answers live a day."


@pytest.mark.parametrize(
    "said",
    [
        "The slice row[1:2] is kept and row[3:4] is not",
        "A server on [::1] is asked, or one on [::1]:80",
        "It is kept in [12:30]",
        "The line [docs/cache.md:3] says so in the middle",
        "The mark `a[docs/cache.md:3]`",
        "The mark `a [docs/cache.md:3]",
        "Of [other.pdf p. 3]",
        "Of [c1]",
        "A list [cache]",
    ],
)
def test_brackets_that_name_no_source_at_the_end_are_the_claims_own(said: str) -> None:
    item = one(said, "12:30 1:2 3:4 :80 3", "a.md")
    notes = source("a.md", "So 12:30 1:2 3:4 :80 3 it is.\n")
    assert verified(answer(item), (notes, *SOURCES)).claims[0].text == said


def test_brackets_that_cite_nothing_stay() -> None:
    item = one("Takes `names[0]` of [a, b]", "Answers are kept for one day", "docs/cache.md")
    assert verified(answer(item), SOURCES).claims[0].text == "Takes `names[0]` of [a, b]"


def test_a_claim_is_one_line_of_what_can_be_seen() -> None:
    item = one("Answers\nlive\u202e a\x00 day", "Answers are kept for one day", "docs/cache.md")
    assert verified(answer(item), SOURCES).claims[0].text == "Answers live a day"


# ------------------------------------------------------------------------------------------------------------ merging


def claim(text: str, *places: Place, quote: str = "") -> Claim:
    return Claim(text, quote, places or (Place("a.md", 1),))


NOTES = (
    claim("Answers live 24 hours", Place("a.md", 1)),
    claim("Nobody shares them", Place("b.md", 2), quote="shared by nobody in 2019"),
    claim("They cost nothing", Place("a.md", 1), Place("c.md", 3)),
)


@pytest.mark.parametrize("own", ["[c3]", "(c1, c2)", "[a.md:1]", "[b.md:2] [c3]"])
def test_a_merges_own_citations_are_taken_off_the_end(own: str) -> None:
    assert merge(f"Answers live a day {own}.", "c1").claims[0].text == "Answers live a day."


@pytest.mark.parametrize("said", ["It binds [::1]", "It takes (c4)", "It takes [c9, c1]", "By [d.md:a]"])
def test_brackets_that_name_no_claim_stay_in_a_merge(said: str) -> None:
    assert merge(said, "c1").claims[0].text == said


def merge(text: str, *numbers: str) -> Verified:
    return merged(
        {"title": "T", "sections": [{"heading": "H", "claims": [{"claim": text, "from": list(numbers)}]}]}, NOTES, 9
    )


def test_a_merged_claim_has_the_places_of_those_it_is_from() -> None:
    (made,) = merge("They live a day, cost nothing", "c1", "c3").claims
    assert [place.cited() for place in made.places] == ["[a.md:1]", "[c.md:3]"]


@pytest.mark.parametrize("numbers", [(), ("c0",), ("c4",), ("1",), ("c-1",), ("c",), ("a.md",), ("c99999999999",)])
def test_a_merged_claim_that_is_from_none_falls(numbers: tuple[str, ...]) -> None:
    result = merge("They live a day", *numbers)
    assert (result.claims, dict(result.dropped)) == ((), {"not among the claims": 1})


def test_numbers_that_were_never_given_are_passed_over() -> None:
    (made,) = merge("They live a day", "c1", "c77", "[c2]").claims
    assert len(made.places) == 2


def test_a_merged_claim_with_a_new_number_gives_way_to_those_it_is_from() -> None:
    assert merge("They live 48 hours", "c1", "c2").claims == NOTES[:2]
    assert [made.text for made in merge("They live 24 hours", "c1").claims] == ["They live 24 hours"]
    assert [made.text for made in merge("In 2019 nobody", "c2").claims] == ["In 2019 nobody"]


def test_claims_to_merge_are_numbered_lines_that_nothing_in_them_can_break() -> None:
    parsed = answer(one("Answers live\nc9 | a day", "Answers are kept for one day", "docs/cache.md"))
    listed = numbered(verified(parsed, SOURCES).claims + NOTES[:1])
    assert listed.text == "c1 | Answers live c9 | a day | docs/cache.md\nc2 | Answers live 24 hours | a.md"
    assert (listed.bytes, len(listed.sha256)) == (len(listed.text), 64)


def test_no_more_claims_are_merged_than_were_asked_for() -> None:
    items = [{"claim": f"Claim {word}", "from": ["c1"]} for word in "abcdef"]
    parsed = {
        "sections": [{"heading": "1", "claims": items}, {"heading": "2", "claims": [{"claim": "x", "from": ["c2"]}]}]
    }
    result = merged(parsed, NOTES, 3)
    assert [[made.text for made in section.claims] for section in result.sections] == [["Claim a", "Claim b"], ["x"]]


def test_a_selection_takes_from_each_section_in_turn() -> None:
    sections = [
        Section(name, tuple(claim(f"{name}{n}") for n in range(size))) for name, size in (("a", 5), ("b", 1), ("c", 3))
    ]
    taken = [[each.text for each in section.claims] for section in selected(sections, 6)]
    assert taken == [["a0", "a1", "a2"], ["b0"], ["c0", "c1"]]
    assert selected(sections, 99) == tuple(sections)
    assert selected(sections, 0) == ()


# ---------------------------------------------------------------------------------------------------------- objections

TRUE = one("Answers live a day", "Answers are kept for one day", "docs/cache.md")
FALSE = one("Answers live two days", "Answers are kept for two days", "docs/cache.md")


def test_an_answer_whose_claims_stand_is_not_objected_to() -> None:
    assert claims_problem(SOURCES, json.dumps(answer(TRUE))) is None


def test_half_of_the_claims_may_fall_but_no_more() -> None:
    more = [{**TRUE, "claim": f"{TRUE['claim']}, {word}"} for word in "ab"]
    assert claims_problem(SOURCES, json.dumps(answer(*more, FALSE, FALSE))) is None
    problem = claims_problem(SOURCES, json.dumps(answer(TRUE, FALSE, FALSE)))
    assert problem == "2 of 3 claims do not stand up, most often: quote not in source"


@pytest.mark.parametrize("text", ['{"title": "", "sections": []}', "{}", "not JSON", "[" * 100_000])
def test_an_answer_without_claims_is_objected_to_unless_there_may_be_none(text: str) -> None:
    assert claims_problem(SOURCES, text) == "no claims in it"
    assert claims_problem(SOURCES, text, may_be_empty=True) is None


def test_a_merge_is_objected_to_when_its_claims_are_from_nowhere() -> None:
    def problem(*froms: list[str]) -> str | None:
        items = [{"claim": "x", "from": names} for names in froms]
        return merge_problem([numbered(NOTES)], json.dumps({"sections": [{"heading": "", "claims": items}]}))

    assert problem(["c1"], ["c3", "c9"]) is None
    assert problem(["c1"], ["c4"]) is None
    assert problem(["c1"], ["c4"], []) == "2 of 3 claims do not stand up, most often: not among the claims"
    assert problem() == "no claims in it"


def test_the_schemas_can_be_used_and_ask_for_what_is_verified() -> None:
    assert schema_problem(CLAIMS_SCHEMA) is schema_problem(MERGE_SCHEMA) is None
    assert schema_violation(CLAIMS_SCHEMA, answer(TRUE)) is None
    assert schema_violation(CLAIMS_SCHEMA, {"title": "", "sections": [{"heading": "", "claims": [{}]}]}) is not None
    merge = {"title": "", "sections": [{"heading": "", "claims": [{"claim": "x", "from": ["c1"]}]}]}
    assert schema_violation(MERGE_SCHEMA, merge) is None


# ------------------------------------------------------------------------------------------------------------ at random


def changed(quote: str, rolls: random.Random) -> str:
    """The quote as an honest model might write it."""
    quote = quote.replace(" ", rolls.choice([" ", "  ", "\n", "\n  "]))
    quote = quote.replace("'", rolls.choice(["'", "\u2019"])).replace("-", rolls.choice(["-", "\u2010", ""]))
    return rolls.choice(["{}", "{}.", "...{}", '"{}"', "`{}`", "**{}**", "{}\u2026"]).format(quote)


def misquoted(words: list[str], rolls: random.Random) -> str:
    """The quote as a model should not write it: a word invented, left out or in another place."""
    at = rolls.randrange(1, len(words) - 1)
    kind = rolls.randrange(3)
    if kind == 0:
        return " ".join([*words[:at], "invented", *words[at:]])
    if kind == 1:
        return " ".join([*words[:at], *words[at + 1 :]])
    return " ".join([*words[:at], words[at + 1], words[at], *words[at + 2 :]])


def test_true_quotes_are_found_on_their_line_and_changed_ones_are_not() -> None:
    rolls = random.Random(5)
    texts = {}
    for number in range(20):
        words = [
            f"{rolls.choice('bdfgklm')}{rolls.choice('aeiou')}{rolls.randrange(10**6):06}-x'{n}" for n in range(400)
        ]
        texts[f"d/{number}.txt"] = "".join(word + rolls.choice(["\n", " ", " ", " "]) for word in words)
    sources = [source(path, text) for path, text in texts.items()]
    for _ in range(400):
        path = rolls.choice(list(texts))
        words = texts[path].split()
        start = rolls.randrange(len(words) - 9)
        quoted = words[start : start + rolls.randrange(4, 9)]
        line = texts[path][: texts[path].index(quoted[0])].count("\n") + 1
        assert cited("A claim", changed(" ".join(quoted), rolls), path, *sources) == f"[{path}:{line}]"
        assert cited("A claim", misquoted(quoted, rolls), path, *sources) == "quote not in source"
        other = rolls.choice([each for each in texts if each != path])
        assert cited("A claim", " ".join(quoted), other, *sources) == "quote not in source"


def test_a_quote_is_found_in_the_piece_that_was_sent_whatever_the_cut() -> None:
    rolls = random.Random(9)
    lines = [f"line {n} says {rolls.randrange(10**9):09} and no more" for n in range(1, 2_000)]
    whole = source("big.log", "\n".join(lines))
    for chunk in chunks([whole], 2_500):
        (piece,) = chunk.sources
        for text in rolls.sample(piece.text.strip("\n").split("\n"), 3):
            assert cited("It says so", text, "big.log", piece) == f"[big.log:{lines.index(text) + 1}]"
