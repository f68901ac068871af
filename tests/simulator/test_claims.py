"""Summaries and merges: checked with the product's own check, which drops what does not stand in its source."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from google.genai import types

from gemini_mcp.domain.chunking import chunks
from gemini_mcp.domain.claims import (
    CLAIMS_SCHEMA,
    MERGE_SCHEMA,
    Claim,
    Verified,
    claims_problem,
    merge_problem,
    merged,
    numbered,
    verified,
)
from gemini_mcp.domain.material import Page, Source
from gemini_mcp.domain.prompting import fenced
from gemini_mcp.domain.witnesses import Place
from gemini_mcp.simulator.answers import answer
from gemini_mcp.simulator.fences import Label

from .conftest import FLASH, Stand
from .made import image_source, pdf_source, picture, request, source

REPOSITORY = Path(__file__).parents[2]
HARBOUR = (
    "# The harbour\n\n## History\n\nThe harbour of Brunmouth opened in 1902 and had three piers. A storm took the "
    "longest\nof them in 1953, and nobody has built it again. It is missed.\n\n## Traffic\n\n- Coal left the harbour "
    "until 1971.\n- [Ferries](https://example.com/ferries) call twice a day, in summer **four times**.\n\n"
    "```sh\necho The code of the harbour is nothing to quote.\n```\n"
)
WOOL = "The wool market of Brunmouth moved indoors in 1887. Prices there are set by the candle, as they were in 1700.\n"


def summary(sources: list[Source], count: int = 6, focus: str = "") -> dict[str, Any]:
    asked = f"Summarise the sources in at most {count} claims."
    asked += f"\nFocus on: {focus}\nLeave out what does not bear on it." if focus else ""
    read: dict[str, Any] = json.loads(answer(request(asked, sources, CLAIMS_SCHEMA)))
    return read


def claims_of(summed: dict[str, Any]) -> list[dict[str, Any]]:
    return [claim for section in summed["sections"] for claim in section["claims"]]


def all_stand(summed: dict[str, Any], sources: list[Source]) -> Verified:
    """What the product keeps of it, which must be everything."""
    found = verified(summed, sources)
    assert (found.dropped, len(found.claims)) == (Counter(), len(claims_of(summed)))
    assert claims_problem(sources, json.dumps(summed)) is None
    return found


def test_every_claim_is_a_sentence_of_its_source_with_the_line_where_it_stands() -> None:
    sources = [source("town/harbour.md", HARBOUR), source("town/wool.md", WOOL)]
    summed = summary(sources)
    cited = {claim.text: claim.places[0].cited() for claim in all_stand(summed, sources).claims}
    assert cited["The harbour of Brunmouth opened in 1902 and had three piers."] == "[town/harbour.md:5]"
    assert cited["Ferries call twice a day, in summer four times."] == "[town/harbour.md:11]"
    assert cited["The wool market of Brunmouth moved indoors in 1887."] == "[town/wool.md:1]"
    assert {claim["source"] for claim in claims_of(summed)} == {"town/harbour.md", "town/wool.md"}


def test_code_in_a_document_is_not_quoted() -> None:
    texts = [claim["claim"] for claim in claims_of(summary([source("harbour.md", HARBOUR)], 40))]
    assert len(texts) == 4 and not any("code" in text for text in texts)


def test_quotes_are_verbatim_and_at_most_25_words() -> None:
    long = "The council " + "and the council " * 40 + "met in 1911."
    sources = [source("a.txt", long), source("harbour.md", HARBOUR)]
    for claim in claims_of(summary(sources)):
        (path,) = [each.path for each in sources if claim["quote"] in each.text]
        assert claim["source"] == path
        assert len(claim["quote"].split()) <= 25
        assert claim["claim"].endswith("\N{HORIZONTAL ELLIPSIS}") is (path == "a.txt")


def test_there_are_as_many_claims_as_were_asked_for_and_none_twice() -> None:
    text = "".join(f"The lamp number {number} of the harbour burns oil.\n\n" for number in range(400))
    for count in (1, 6, 40):
        texts = [claim["claim"] for claim in claims_of(summary([source("a.md", text)], count))]
        assert len(texts) == len(set(texts)) == count


def test_the_claims_are_spread_over_all_of_a_long_text() -> None:
    text = "".join(f"The lamp number {number} of the harbour burns oil.\n\n" for number in range(4_000))
    found = all_stand(summary([source("a.md", text)], 6), [source("a.md", text)])
    lines = [claim.places[0].line for claim in found.claims]
    assert [line // 1_334 for line in lines] == [0, 1, 2, 3, 4, 5]


def test_a_longer_source_is_quoted_more_often() -> None:
    lamps = "".join(f"The lamp number {number} of the harbour burns oil.\n\n" for number in range(400))
    piers = "".join(f"The pier number {number} of the harbour is of oak.\n\n" for number in range(400))
    named = Counter(claim["source"] for claim in claims_of(summary([source("a", lamps), source("b", piers)], 10)))
    assert named == {"a": 5, "b": 5}
    named = Counter(claim["source"] for claim in claims_of(summary([source("a", lamps), source("b", WOOL)], 10)))
    assert named["a"] > 2 * named["b"]


def test_of_more_sources_than_claims_an_even_choice_is_quoted() -> None:
    sources = [source(f"{number:02}.md", f"The pier number {number} is made of oak.") for number in range(12)]
    named = [claim["source"] for claim in claims_of(summary(sources, 4))]
    assert named == ["00.md", "03.md", "06.md", "09.md"]


def test_sentences_that_bear_on_the_focus_come_first() -> None:
    sources = [source("harbour.md", HARBOUR)]
    (claim,) = claims_of(summary(sources, 1, focus="the storm and what it took"))
    assert claim["claim"].startswith("A storm took the longest of them in 1953")


def test_headings_are_those_of_the_text_and_the_title_says_that_it_is_simulated() -> None:
    summed = summary([source("harbour.md", HARBOUR)])
    assert [section["heading"] for section in summed["sections"]] == ["History", "Traffic"]
    assert summed["title"] == "Key sentences of The harbour (simulated)"


def test_too_many_headings_give_way_to_the_names_of_the_sources() -> None:
    text = "# Town\n\n" + "".join(f"## Part {n}\n\nThe lane number {n} leads down to the sea.\n\n" for n in range(12))
    summed = summary([source("town.md", text), source("wool.txt", WOOL)], 8)
    assert [section["heading"] for section in summed["sections"]] == ["Town", "wool.txt"]


PAGES = [
    f"The report is about the tides.\nOn page {number} the tide of hall {number} is told in full."
    for number in range(41, 47)
]


def test_of_an_attached_pdf_the_page_is_named_as_the_file_numbers_it() -> None:
    part = pdf_source("docs/report.pdf", PAGES, first=41, sent_as="pdf pages 41-46")
    summed = summary([part, source("wool.md", WOOL)], 8)
    found = all_stand(summed, [part, source("wool.md", WOOL)])
    named = [claim["source"] for claim in claims_of(summed) if "tide of hall" in claim["claim"]]
    assert set(named) <= {f"docs/report.pdf p. {number}" for number in range(41, 47)} and len(named) > 2
    for claim in found.claims:
        if "tide of hall" in claim.text:
            assert claim.places[0].cited() == f"[docs/report.pdf p. {claim.text.split()[2]}]"


def test_pages_that_do_not_follow_on_one_another_keep_their_numbers() -> None:
    whole = pdf_source("r.pdf", PAGES[:3])
    numbered_pages = tuple(Page(number, page.text) for number, page in zip((3, 4, 12), whole.pages, strict=True))
    part = source("r.pdf", "", sent_as="pdf pages 3-4, 12", media=whole.media, pages=numbered_pages)
    named = {claim["source"] for claim in claims_of(summary([part], 9))}
    assert named == {"r.pdf p. 3", "r.pdf p. 4", "r.pdf p. 12"}


def test_pages_count_on_where_the_label_does_not_name_each() -> None:
    label = Label.read("docs/r (1).pdf (pdf pages 41-80)")
    assert (label.path, label.part) == ("docs/r (1).pdf", "pdf pages 41-80")
    assert [label.page_number(index, 6) for index in (0, 5)] == [41, 46]
    assert Label.read("docs/r (1).pdf").page_number(5, 6) == 6


def test_of_a_page_or_picture_without_words_it_is_said_that_a_model_is_needed() -> None:
    sources = [pdf_source("scan.pdf", [""]), image_source("quay.png", picture("red"))]
    summed = summary(sources)
    found = all_stand(summed, sources)
    assert [claim.places[0].cited() for claim in found.claims] == [
        "[scan.pdf p. 1, unchecked]",
        "[quay.png, unchecked]",
    ]
    assert all("needs a real model" in claim.text for claim in found.claims)
    assert "PNG, 8 x 8 pixels, RGB; about 100% red" in found.claims[1].text


@pytest.mark.parametrize(
    "text",
    [
        "x\n",
        "2024,12,3\n2025,14,5\n" * 50,
        "<a href='x'>The harbour of Brunmouth</a> opened in <b>1902</b> and had three piers.",
        "See [the pier](https://example.com/a b) and [c12]. Lamps burn in 1[a.py:12]000 windows of the town.",
        "The wall of Brunmouth is 100\N{SUPERSCRIPT TWO} feet long. The wall of Brunmouth is no pier at all.",
        "ab, cd.\nab, cd.\n" * 9,
        "The e\N{COMBINING ACUTE ACCENT}tude of the har\N{SOFT HYPHEN}bour lasts \N{VULGAR FRACTION ONE HALF} a day.",
        "\u201cThe wall of Brunmouth\u201d \N{EM DASH} 3 miles\r\nof it \N{EM DASH} fell.",
        "| pier | feet |\n|---|---|\n| long pier of the harbour | 1 200 |\n",
        "\u6e2f\u53e3\u4e8e1902\u5e74\u5f00\u653e\u5e76\u62e5\u6709\u4e09\u4e2a\u7801\u5934\u3002\u66b4\u98ce\u96e8\u6bc1\u574f\u4e86\u6700\u957f\u7684\u7801\u5934\u3002",
        "word " * 500,
        "w" * 5_000,
        "```\ncode that nobody closes\n",
        "\ud800 is half of a pair of characters in a file.",
    ],
)
def test_whatever_stands_in_a_source_no_claim_falls(text: str) -> None:
    part = "lines 1-900"
    named = (("a.md", "text"), ("a.csv", part), ("odd (name)", "text"), ("odd (name)", part), ("with<mark>.md", part))
    for path, sent_as in named:
        sources = [source(path, text, sent_as=sent_as), source("wool.md", WOOL)]
        all_stand(summary(sources, 12), sources)


def test_on_this_repository_no_claim_falls() -> None:
    files = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("tests/simulator/*.py"), REPOSITORY / "pyproject.toml"]
    sources = [source(str(file.relative_to(REPOSITORY)), file.read_text()) for file in files]
    for chunk in chunks(sources, 8_000):
        found = all_stand(summary(list(chunk.sources)), list(chunk.sources))
        assert len(found.claims) == 6


def merge(claims: list[Claim], count: int) -> dict[str, Any]:
    asked = f"Merge the numbered claims into a summary of at most {count} claims."
    read: dict[str, Any] = json.loads(answer(request(asked, [numbered(claims)], MERGE_SCHEMA)))
    return read


CLAIMS = [
    Claim(f"The lamp {number} | of the {path} burns oil.", f"lamp {number} | of", (Place(path, line=number),))
    for path in ("a/one.md", "a/two.md", "b/three.md")
    for number in range(1, 11)
]


def test_a_merge_takes_claims_over_with_their_numbers_from_all_sources() -> None:
    made = merge(CLAIMS, 6)
    text = json.dumps(made)
    kept = merged(made, CLAIMS, 6)
    assert merge_problem([numbered(CLAIMS)], text) is None and not kept.dropped
    assert [claim.text for claim in kept.claims] == [CLAIMS[index].text for index in (0, 1, 10, 11, 20, 21)]
    assert [claim.places for claim in kept.claims] == [CLAIMS[index].places for index in (0, 1, 10, 11, 20, 21)]
    assert [section.heading for section in kept.sections] == ["one.md", "two.md", "three.md"]


def test_of_more_sources_than_claims_a_merge_takes_an_even_choice() -> None:
    claims = [Claim(f"The pier {n} is of oak.", f"pier {n}", (Place(f"{n}.md", line=1),)) for n in range(12)]
    assert [claim["from"] for claim in claims_of(merge(claims, 4))] == [["c1"], ["c4"], ["c7"], ["c10"]]


def test_the_same_claim_from_two_sources_is_told_once_from_both() -> None:
    twice = [Claim("The pier is closed.", "pier is closed", (Place(path, line=1),)) for path in ("a.md", "b.md")]
    (claim,) = claims_of(merge(twice, 6))
    assert claim == {"claim": "The pier is closed.", "from": ["c1", "c2"]}


async def test_what_an_explicit_cache_holds_is_summarised_too(stand: Stand) -> None:
    cached = types.CreateCachedContentConfig(contents=fenced(source("wool.md", WOOL)))
    cache = await stand.sdk.aio.caches.create(model=FLASH, config=cached)
    said = await stand.ask("Summarise.", cached_content=cache.name, response_json_schema=CLAIMS_SCHEMA)
    assert {claim["source"] for claim in claims_of(json.loads(said.text or ""))} == {"wool.md"}


def test_a_schema_that_asks_for_more_gets_its_smallest_instance() -> None:
    more = json.loads(json.dumps(CLAIMS_SCHEMA))
    more["properties"]["mood"] = {"type": "string"}
    more["required"].append("mood")
    made = json.loads(answer(request("Summarise.", [source("wool.md", WOOL)], more)))
    assert made["sections"] == [] and made["mood"]
