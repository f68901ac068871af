"""summarize_docs on real files, with a model that says what the test wants said."""

import json
import secrets
import string
from pathlib import Path
from typing import Any

import pytest

from gemini_mcp.domain.errors import BudgetExceeded, FileNotFound, InvalidArgument, SecretFound
from gemini_mcp.engine.ports import silent
from gemini_mcp.tools.arguments import SummarizeDocs
from gemini_mcp.tools.services import Delivered, ToolFailure
from gemini_mcp.tools.summarize_docs import summarize_docs
from tests.sources.made import pdf

from .conftest import ME, Office, Open

NOTES = "# Notes\n\nThe harbour opened in 1902 and has three piers.\n\nIt closed after the storm of 1953.\n"
FILLER = "".join(f"Line {number} speaks of nothing in particular at all.\n" for number in range(6_000))


def claims(*found: tuple[str, str, str], title: str = "Harbour") -> str:
    told = [{"source": source, "quote": quote, "claim": claim} for source, quote, claim in found]
    return json.dumps({"title": title, "sections": [{"heading": "History", "claims": told}]})


def merge(*found: tuple[str, list[str]]) -> str:
    told = [{"claim": claim, "from": names} for claim, names in found]
    return json.dumps({"title": "All of it", "sections": [{"heading": "Everything", "claims": told}]})


OPENED = ("notes.md", "The harbour opened in 1902", "The harbour opened in 1902.")
CLOSED = ("notes.md", "closed after the storm of 1953", "The harbour closed after the storm of 1953.")
INVENTED = ("notes.md", "The harbour was sold to Norway in 1960", "The harbour was sold in 1960.")


async def summarize(office: Office, *sources: str, **arguments: Any) -> Delivered:
    return await summarize_docs(SummarizeDocs(sources=list(sources), **arguments), ME, silent, office.services)


def saying(text: str, match: str = "", **more: Any) -> dict[str, Any]:
    return {"do": "answer", "text": text, "match": match, **more}


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir(exist_ok=True)
    (folder / "notes.md").write_text(NOTES)
    return folder


async def test_each_claim_comes_with_the_line_it_stands_on(office: Open, notes: Path) -> None:
    open_office = await office(saying(claims(OPENED, CLOSED)))
    given = await summarize(open_office, "notes.md")
    assert given.mime_type == "text/markdown"
    assert "- The harbour opened in 1902. [notes.md:3]" in given.text
    assert "- The harbour closed after the storm of 1953. [notes.md:5]" in given.text
    assert given.receipt is not None
    (source,) = given.receipt["sources"]
    assert (source["path"], source["bytes"], len(source["sha256"])) == ("notes.md", len(NOTES), 64)


async def test_an_invented_quote_never_reaches_the_reader_and_is_counted(office: Open, notes: Path) -> None:
    open_office = await office(saying(claims(OPENED, CLOSED, INVENTED)))
    given = await summarize(open_office, "notes.md")
    assert "Norway" not in given.text and "sold" not in given.text
    assert "1 claim" in given.text and "not in the sources" in given.text


async def test_an_answer_that_is_mostly_invented_climbs(office: Open, notes: Path) -> None:
    lite, flash = "gemini-3.5-flash-lite", "gemini-3.8-flash"
    open_office = await office(saying(claims(OPENED, INVENTED, INVENTED), model=lite), saying(claims(OPENED)))
    given = await summarize(open_office, "notes.md")
    assert open_office.asked == [lite, flash]
    assert "1902" in given.text and given.receipt is not None
    assert [attempt["verdict"] for attempt in given.receipt["attempts"]] == ["rejected", "accepted"]


@pytest.fixture
def library(notes: Path) -> Path:
    """More than one call reads."""
    for name in ("a.txt", "b.txt"):
        (notes / name).write_text(f"The file {name} is worth reading once.\n{FILLER}")
    return notes


def reading(name: str) -> dict[str, Any]:
    claim = (name, f"The file {name} is worth reading once", f"File {name} is worth reading.")
    return saying(claims(claim), match=f"The file {name} is worth")


EMPTY = saying(json.dumps({"title": "Nothing", "sections": []}))


async def test_much_material_is_read_in_parts_and_merged_a_tier_up(office: Open, library: Path) -> None:
    merged = saying(merge(("Both files are worth reading.", ["c1", "c2"])), match=r"c1 \|")
    open_office = await office(merged, reading("a.txt"), reading("b.txt"), EMPTY)
    given = await summarize(open_office, "*.txt")
    assert "- Both files are worth reading. [a.txt:1] [b.txt:1]" in given.text
    assert open_office.asked[-1] == "gemini-3.8-flash" and len(open_office.asked) > 4
    assert set(open_office.asked[:-1]) == {"gemini-3.5-flash-lite"}
    assert given.receipt is not None and len(given.receipt["attempts"]) == len(open_office.asked)
    assert given.receipt["cost_usd"] == f"{open_office.billed_nano / 1e9:.9f}".rstrip("0")


async def test_a_part_that_fails_is_tried_again_by_itself(office: Open, library: Path) -> None:
    merged = saying(merge(("Both.", ["c1", "c2"])), match=r"c1 \|")
    broken = {"do": "404", "match": "The file a.txt is worth", "times": 4}
    open_office = await office(merged, broken, reading("a.txt"), reading("b.txt"), EMPTY)
    given = await summarize(open_office, "*.txt")
    assert "[a.txt:1] [b.txt:1]" in given.text and "Not summarised" not in given.text


async def test_a_part_that_is_lost_is_named(office: Open, library: Path) -> None:
    broken = {"do": "blocked", "match": "The file a.txt is worth"}
    open_office = await office(broken, saying(merge(("B.", ["c1"])), match=r"c1 \|"), reading("b.txt"), EMPTY)
    given = await summarize(open_office, "*.txt")
    assert given.text.split("\n")[2].startswith("**Incomplete: only ")
    assert given.text.count(" not summarised: blocked: Gemini blocked the prompt") == 1
    assert "; a.txt lines 1-" in given.text and "[b.txt:1]" in given.text
    assert given.receipt is not None
    assert any(lost["path"].startswith("a.txt lines 1-") for lost in given.receipt["not_read"])


async def test_a_failed_merge_leaves_the_claims_as_they_are(office: Open, library: Path) -> None:
    broken = {"do": "blocked", "match": r"c1 \|"}
    open_office = await office(broken, reading("a.txt"), reading("b.txt"), EMPTY)
    given = await summarize(open_office, "*.txt")
    assert "[a.txt:1]" in given.text and "[b.txt:1]" in given.text
    assert "not merged" in given.receipt_line


async def test_when_every_part_is_lost_the_reason_is_raised_with_what_was_paid(office: Open, library: Path) -> None:
    open_office = await office({"do": "blocked"})
    with pytest.raises(ToolFailure) as failure:
        await summarize(open_office, "*.txt")
    assert failure.value.error.code == "blocked" and failure.value.receipt["attempts"]


async def test_a_second_time_costs_nothing_and_a_changed_file_costs_its_own_part(office: Open, library: Path) -> None:
    merged = saying(merge(("Both.", ["c1", "c2"])), match=r"c1 \|")
    open_office = await office(merged, reading("a.txt"), reading("b.txt"), EMPTY)
    await summarize(open_office, "*.txt")
    first = len(open_office.asked)
    again = await summarize(open_office, "*.txt")
    assert len(open_office.asked) == first and again.receipt is not None
    assert again.receipt["cache"] == "hit" and "cache saved" in again.receipt_line
    text = (library / "b.txt").read_text()
    (library / "b.txt").write_text(text.replace("Line 5999 ", "Line 6999 "))
    await summarize(open_office, "*.txt")
    assert first < len(open_office.asked) < 2 * first


async def test_a_secret_in_any_file_keeps_all_of_them_here(office: Open, library: Path) -> None:
    canary = "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(36))
    (library / "z.txt").write_text("token = " + "gh" + "p_" + canary + "\n")
    open_office = await office()
    with pytest.raises(SecretFound, match=r"z\.txt") as refusal:
        await summarize(open_office, "*.txt")
    assert canary not in str(refusal.value) and open_office.asked == []


def spoken(count: int) -> bytes:
    return pdf([f"Page {number} speaks of ship {number} at length." for number in range(1, count + 1)])


def of_page(number: int) -> tuple[str, str, str]:
    return ("a.pdf", f"Page {number} speaks of ship {number}", f"Ship {number} is spoken of.")


@pytest.mark.parametrize(("pages", "cited"), [("2", [2]), ("2-4", [2, 4]), ("3,5", [3, 5]), ("1-5", [1, 5])])
async def test_chosen_pages_of_a_pdf_are_cited_by_their_numbers_in_the_file(
    office: Open, notes: Path, pages: str, cited: list[int]
) -> None:
    (notes / "a.pdf").write_bytes(spoken(5))
    open_office = await office(saying(claims(*map(of_page, cited), of_page(9))))
    given = await summarize(open_office, f"a.pdf#pages={pages}")
    for number in cited:
        assert f"Ship {number} is spoken of. [a.pdf p. {number}]" in given.text
    assert "ship 9" not in given.text.lower()


async def test_two_choices_of_pages_that_look_alike_are_both_read(office: Open, notes: Path) -> None:
    (notes / "a.pdf").write_bytes(pdf(["The same on each page."] * 3))
    (notes / "b.pdf").write_bytes(pdf(["The same on each page."] * 3))
    open_office = await office(saying(claims(("b.pdf", "The same on each page", "All are the same."))))
    given = await summarize(open_office, "a.pdf#pages=1", "b.pdf#pages=3")
    assert "[b.pdf p. 3]" in given.text


async def test_many_chosen_pages_of_a_pdf_are_read_in_parts_each_with_its_own(office: Open, notes: Path) -> None:
    (notes / "a.pdf").write_bytes(spoken(400))
    merged = saying(merge(("Ships are spoken of.", ["c1", "c2"])), match=r"c1 \|")
    first, last = saying(claims(of_page(12)), match=r"pages 11-"), saying(claims(of_page(399)), match=r"pages \d+-400")
    open_office = await office(merged, first, last, EMPTY)
    given = await summarize(open_office, "a.pdf#pages=11-210,301-400")
    assert len(open_office.asked) > 3 and "Incomplete" not in given.text
    assert "[a.pdf p. 12] [a.pdf p. 399]" in given.text


async def test_chosen_pages_of_a_pdf_are_queued_in_a_batch(office: Open, notes: Path) -> None:
    (notes / "a.pdf").write_bytes(spoken(5))
    given = await summarize(await office(), "a.pdf#pages=2-4", batch=True)
    assert given.text.startswith("Queued as ") and given.receipt is not None
    assert [source["sent_as"] for source in given.receipt["sources"]] == ["pdf pages 2-4"]


@pytest.mark.parametrize(
    ("sources", "error"), [([], InvalidArgument), (["nothing.md"], FileNotFound), (["*.none"], FileNotFound)]
)
async def test_what_cannot_be_read_is_refused_before_anything_is_sent(
    office: Open, notes: Path, sources: list[str], error: type[Exception]
) -> None:
    open_office = await office()
    with pytest.raises(error):
        await summarize(open_office, *sources)
    assert open_office.asked == []


async def test_what_a_folder_holds_besides_is_named(office: Open, notes: Path) -> None:
    (notes / ".env").write_text("A=1")
    open_office = await office(saying(claims(OPENED)))
    given = await summarize(open_office, ".")
    assert ".env" in given.text and "1902" in given.text


async def test_a_cap_below_the_estimate_of_all_parts_is_refused_and_nothing_is_sent(
    office: Open, library: Path
) -> None:
    open_office = await office(reading("a.txt"), reading("b.txt"), EMPTY)
    told: list[str] = []

    async def progress(message: str) -> None:
        told.append(message)

    arguments = SummarizeDocs(sources=["*.txt"], max_cost_usd=0.01)
    with pytest.raises(BudgetExceeded) as refusal:
        await summarize_docs(arguments, ME, progress, open_office.services)
    (said,) = (message for message in told if "$" in message)
    needed = said.rpartition(", ")[2]
    assert refusal.value.message == f"about {needed} is needed and max_cost_usd is $0.01"
    assert "name fewer sources" in refusal.value.fix and open_office.asked == []


async def test_the_cap_that_a_refusal_names_is_enough(office: Open, library: Path) -> None:
    merged = saying(merge(("Both files are worth reading.", ["c1", "c2"])), match=r"c1 \|")
    open_office = await office(merged, reading("a.txt"), reading("b.txt"), EMPTY)
    with pytest.raises(BudgetExceeded) as refusal:
        await summarize(open_office, "*.txt", max_cost_usd=0.01)
    enough = float(refusal.value.fix.removeprefix("Raise max_cost_usd to ").partition(",")[0])
    given = await summarize(open_office, "*.txt", max_cost_usd=enough)
    assert "[a.txt:1] [b.txt:1]" in given.text and "Incomplete" not in given.text
    assert given.receipt is not None and "not_read" not in given.receipt


async def test_one_call_that_the_cap_does_not_allow_is_refused_with_one_that_does(office: Open, notes: Path) -> None:
    open_office = await office(saying(claims(OPENED)))
    with pytest.raises(BudgetExceeded, match=r"about \$0\.00\d+ is needed and max_cost_usd is \$0\.0001") as refusal:
        await summarize(open_office, "notes.md", max_cost_usd=0.0001)
    assert open_office.asked == []
    enough = float(refusal.value.fix.removeprefix("Raise max_cost_usd to ").partition(",")[0])
    assert (await summarize(open_office, "notes.md", max_cost_usd=enough)).text


async def test_what_nobody_expects_to_be_read_is_not_mentioned(office: Open, notes: Path) -> None:
    for folder in ("__pycache__", "node_modules/x"):
        (notes / folder).mkdir(parents=True)
        (notes / folder / "a.md").write_text("text")
    (notes / "a.bin").write_bytes(b"")
    open_office = await office(saying(claims(OPENED)))
    given = await summarize(open_office, ".")
    assert "1 of 2 files not read: .bin files are not read; a.bin." in given.text
    assert "__pycache__" not in given.text and "node_modules" not in given.text
