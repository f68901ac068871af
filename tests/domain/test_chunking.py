"""Cutting and packing: nothing is lost, nothing doubled, and cuts fall where a reader would make them."""

import random
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import pytest

from gemini_mcp.domain.chunking import MOST_PAGES, Chunk, chunks, named, one_chunk, repeated_head
from gemini_mcp.domain.material import Media, Page, Source
from gemini_mcp.domain.tokens import estimate_tokens

PROSE = "A sentence of some words that says a little of something. "


def source(path: str, text: str, **more: object) -> Source:
    return replace(Source(path, text, len(text.encode()), "ab" * 32), **more)  # type: ignore[arg-type]


def document(path: str, pages: int) -> Source:
    texts = tuple(Page(number, f"Text of page {number}.") for number in range(1, pages + 1))
    return source(path, "", media=Media("application/pdf", b"%PDF", pages * 258), pages=texts, sent_as="pdf")


def pieces(text: str, path: str, budget: int) -> list[Source]:
    return [piece for chunk in chunks([source(path, text)], budget) for piece in chunk.sources]


def own_text(piece: Source) -> str:
    """A piece's text without the head of a table that was repeated above it."""
    lines, _ = repeated_head(piece) or (0, 0)
    return "".join(piece.text.splitlines(keepends=True)[lines:]) if lines else piece.text


def markdown(sections: int, words: int) -> str:
    return "\n".join(f"## Section {number}\n\n{PROSE * words}\n" for number in range(sections))


# --------------------------------------------------------------------------------------------------- nothing is lost


def random_text(rolls: random.Random) -> str:
    """Anything that files are made of, in any order, well-formed or not."""
    kinds: list[Callable[[], str]] = [
        lambda: PROSE * rolls.randrange(1, 12) + "\n",
        lambda: "\n" * rolls.randrange(1, 4),
        lambda: "#" * rolls.randrange(1, 7) + f" Heading {rolls.randrange(99)}\n",
        lambda: rolls.choice(["```", "~~~", "````python"]) + "\n" + "code();\n\n" * rolls.randrange(1, 9),
        lambda: "| a | b |\n|---|---|\n" + "".join(f"| {row} | x |\n" for row in range(rolls.randrange(0, 90))),
        lambda: "def f(x):\n    return x\n\n\n" * rolls.randrange(1, 9),
        lambda: "x" * rolls.randrange(1, 3_000),
        lambda: "{" * rolls.randrange(9) + '"k": [1, 2, 3],\r\n' * rolls.randrange(1, 40),
        lambda: "東京都は日本の首都であり、" * rolls.randrange(1, 90),
        lambda: "Title\n=====\n\r\n \t\n---\n",
        lambda: "\x0c\x85\u2028\x1c odd line ends \r and \v\n",
    ]
    return "".join(rolls.choice(kinds)() for _ in range(rolls.randrange(1, 60)))


PATHS = ["a.md", "a.py", "a.csv", "a.txt", "a.go", "a", "b.docx", "https://example.org/x", ".gitignore", "a.b.tsv"]


@pytest.mark.parametrize("path", PATHS)
def test_the_pieces_of_a_text_put_together_are_the_text(path: str) -> None:
    rolls = random.Random(path)
    for _ in range(20):
        text = random_text(rolls)
        parts = pieces(text, path, rolls.choice([60, 200, 700, 3_000]))
        # The line ends that count are "\n" alone, so the repeated head is taken off by those.
        own = []
        for part in parts:
            lines, _ = repeated_head(part) or (0, 0)
            own.append(part.text.split("\n", lines)[lines])
        assert "".join(own) == text or text.isspace()


def test_a_budget_too_small_for_anything_ends_all_the_same() -> None:
    text = "# One\n\ntwo, three\n| a |\n|---|\n| 1 |\n"
    assert "".join(own_text(piece) for piece in pieces(text, "a.md", 1)) == text


@pytest.mark.parametrize("path", PATHS)
def test_a_piece_numbers_its_lines_as_the_file_does(path: str) -> None:
    rolls = random.Random(path)
    for _ in range(20):
        text = random_text(rolls)
        done = 0
        for part in pieces(text, path, 300):
            lines, _ = repeated_head(part) or (0, 0)
            assert part.first_line + lines == 5 + text.count("\n", 0, done) - 4
            done += len(part.text.split("\n", lines)[lines])


def test_lines_go_on_from_where_the_source_began() -> None:
    part = source("big.log", "a line of a log\n" * 400, first_line=1_001, sent_as="lines 1001-1400")
    found = chunks([part], 700)
    assert len(found) > 1
    assert found[0].sources[0].sent_as.startswith("lines 1001-")
    assert found[-1].sources[0].sent_as.endswith("-1400")


def test_a_piece_is_of_the_same_file() -> None:
    whole = source("notes.txt", PROSE * 400)
    for piece in (piece for chunk in chunks([whole], 500) for piece in chunk.sources):
        assert (piece.path, piece.bytes, piece.sha256) == (whole.path, whole.bytes, whole.sha256)


def test_every_source_is_in_a_chunk_once_blank_ones_aside() -> None:
    rolls = random.Random(3)
    texts = {f"d{rolls.randrange(9)}/f{number}.txt": random_text(rolls) for number in range(120)}
    texts |= {"d1/blank.txt": " \n\t", "empty.txt": ""}
    found: dict[str, str] = defaultdict(str)
    for chunk in chunks([source(path, text) for path, text in texts.items()], 2_000):
        for piece in chunk.sources:
            found[piece.path] += own_text(piece)
    assert found == {path: text for path, text in texts.items() if text.strip()}


@pytest.mark.parametrize("path", ["a.md", "a.py", "a.csv", "a.txt"])
def test_no_piece_is_over_the_budget(path: str) -> None:
    rolls = random.Random(path)
    for _ in range(20):
        for chunk in chunks([source(path, random_text(rolls))], 3_000):
            counted = sum(estimate_tokens(piece.text) for piece in chunk.sources)
            assert chunk.tokens <= 3_000
            assert counted <= 3_000 * 1.1


def test_the_pieces_of_a_text_are_about_even() -> None:
    sizes = [chunk.tokens for chunk in chunks([source("a.txt", "A line of text, not long.\n" * 3_000)], 2_000)]
    assert min(sizes) > max(sizes) / 2


def test_a_long_text_is_measured_where_it_is_dense() -> None:
    """Its first half is words, its second digits, which are a token each."""
    text = "word by word it goes on and on\n" * 8_000 + "31415926535897932384626433832795\n" * 8_000
    for chunk in chunks([source("a.log", text)], 28_000):
        assert estimate_tokens(chunk.sources[0].text) <= 28_000 * 1.05


# ----------------------------------------------------------------------------------------- cuts follow the structure


def test_markdown_is_cut_at_headings() -> None:
    for piece in pieces(markdown(40, 10), "a.md", 900):
        assert piece.text.startswith("## Section")


def test_a_higher_heading_is_the_better_place() -> None:
    text = "".join(f"# Part {part}\n\n" + markdown(4, 10).replace("## ", "### ") for part in range(10))
    assert all(piece.text.startswith("# Part") for piece in pieces(text, "a.md", 800))


def test_what_looks_like_a_heading_in_fenced_code_is_none() -> None:
    code = "```sh\n" + "# a comment\n\nmake it\n\n" * 60 + "```\n\n"
    text = "".join(f"## Step {step}\n\n{code}" for step in range(8))
    found = pieces(text, "a.md", 1_100)
    assert len(found) > 2
    assert all(piece.text.startswith("## Step") for piece in found)


def test_a_paragraph_does_not_end_within_fenced_code() -> None:
    code = "```\n" + "first();\n\n" * 25 + "```\n\n"
    found = pieces((PROSE * 6 + "\n\n" + code) * 12, "a.md", 700)
    assert len(found) > 3
    assert all(piece.text.count("```") % 2 == 0 for piece in found)


def test_a_fence_ends_only_by_its_own_mark() -> None:
    code = "````\n```\n# not a heading\n```\n" + "x = 1\n" * 40 + "````\n\n"
    text = "".join(f"# Real {number}\n\n{code}" for number in range(10))
    assert all(piece.text.startswith("# Real") for piece in pieces(text, "a.md", 700))


def test_underlined_headings_are_headings() -> None:
    text = "".join(f"Title {number}\n=======\n\n{PROSE * 15}\n\n" for number in range(12))
    assert all(piece.text.startswith("Title") for piece in pieces(text, "a.md", 900))


@pytest.mark.parametrize("path", ["deck.pptx", "https://example.org/page", "page.html"])
def test_what_was_turned_into_markdown_is_cut_as_such(path: str) -> None:
    text = markdown(30, 10).replace("Section", "Slide")
    assert all(piece.text.startswith("## Slide") for piece in pieces(text, path, 700))


PYTHON = '''
# What this is for.
@decorated(
    by="something",
)
def function_{n}(argument: str) -> str:
    """Returns it.

At the margin, and blank lines around.

    """
    return argument.upper()


class Class_{n}:
    first = 1

    def method(self) -> None:
        pass

'''


def test_python_is_cut_between_definitions_with_what_is_above_them() -> None:
    text = "import os\n" + "".join(PYTHON.replace("{n}", str(number)) for number in range(30))
    found = pieces(text, "a.py", 600)
    assert len(found) > 4
    for piece in found[1:]:
        assert piece.text.lstrip("\n").startswith(("# What this", "class Class"))


BODY = "        x = 1\n\n"


def test_a_long_class_is_cut_between_its_methods() -> None:
    methods = "".join(f"    def m_{n}(self):\n{BODY * (n % 7 + 1)}" for n in range(60))
    found = pieces("class Long:\n" + methods, "a.py", 500)
    assert len(found) > 3
    assert all(piece.text.startswith("    def m_") for piece in found[1:])


@pytest.mark.parametrize("broken", ["def (:\n", "(" * 5_000, "\0", "x = '\\d'\n" * 10])
def test_python_that_does_not_parse_is_cut_all_the_same(broken: str) -> None:
    text = broken + "\n" + "def f(x):\n    return x\n\n\n" * 300
    found = pieces(text, "a.py", 500)
    assert "".join(piece.text for piece in found) == text
    assert all(piece.text.startswith("def f") for piece in found[-5:])


def test_other_code_is_cut_between_what_stands_at_the_margin() -> None:
    text = "".join(f"func F{n}(x int) int {{\n\ty := x\n\n\treturn y\n}}\n\n" for n in range(150))
    found = pieces(text, "main.go", 500)
    assert len(found) > 4
    assert all(piece.text.startswith("func F") for piece in found)


def test_code_without_blank_lines_is_cut_before_a_line_at_the_margin() -> None:
    text = "".join(f"item_{n}:\n  name: x\n  tags:\n    - a\n    - b\n" for n in range(200))
    assert all(piece.text.startswith("item_") for piece in pieces(text, "a.yaml", 500))


def test_plain_text_is_cut_between_paragraphs() -> None:
    for ending in ("\n", "\r\n"):
        text = (f"Here begins one. {PROSE * 5}{ending}{PROSE}{ending}{ending}") * 40
        assert all(piece.text.startswith("Here begins") for piece in pieces(text, "a.txt", 700))


def test_a_paragraph_that_is_too_long_is_cut_between_sentences() -> None:
    assert all(piece.text.startswith("A sentence") for piece in pieces(PROSE * 300, "a.txt", 500))


def test_a_giant_line_is_cut_hard_and_says_where() -> None:
    text = "0123456789abcdef" * 4_000
    found = pieces(text, "one.json", 5_000)
    assert "".join(piece.text for piece in found) == text
    assert {piece.first_line for piece in found} == {1}
    assert found[0].sent_as == f"line 1, characters 1-{len(found[0].text)}"
    assert found[-1].sent_as.endswith(f"-{len(text)}")


# -------------------------------------------------------------------------------------------------------------- tables


def test_each_piece_of_a_separated_table_has_its_head() -> None:
    head = "name,amount\n"
    found = pieces(head + "".join(f"row {n},{n}\n" for n in range(900)), "t.csv", 900)
    assert len(found) > 3
    assert all(piece.text.startswith(head) and piece.text.count(head) == 1 for piece in found)


def test_a_row_below_a_repeated_head_keeps_its_number() -> None:
    lines = ["name,amount", *(f"row {n},{n}" for n in range(2, 900))]
    for piece in pieces("\n".join(lines), "t.csv", 900)[1:]:
        rows = piece.text.split("\n")
        assert lines[piece.first_line] == rows[1]
        assert repeated_head(piece) == (1, 1)


def test_a_table_in_markdown_is_cut_with_its_head_and_only_that() -> None:
    table = "| id | word |\n| --- | --- |\n" + "".join(f"| {n} | some |\n" for n in range(300))
    found = pieces(f"# Before\n\n{PROSE}\n\n{table}\nAfter it. {PROSE}\n", "sheet.xlsx", 600)
    assert len(found) > 3
    for piece in found[1:]:
        assert piece.text.startswith("| id | word |\n| --- | --- |\n|")
        assert "under the table head of line 5" in piece.sent_as
    assert "".join(own_text(piece) for piece in found).count("| id |") == 1


def test_what_follows_a_table_has_no_head_above_it() -> None:
    table = "| a |\n|---|\n" + "| x |\n" * 30
    assert sum(piece.text.count("|---|") for piece in pieces((table + f"\n{PROSE * 20}\n\n") * 4, "a.md", 500)) == 4


def test_a_table_is_not_cut_between_its_head_and_its_rows() -> None:
    for budget in range(300, 500, 7):
        found = pieces("| a |\n|---|\n| x |\nA line.\n" * 200, "a.md", budget)
        assert not any(piece.text.endswith(("|---|\n", "| a |\n")) for piece in found)


def test_a_row_that_looks_like_a_head_is_a_row() -> None:
    table = "| id |\n|---|\n" + ("| 1 |\n" * 40 + "| - |\n|---|\n") * 20
    assert all(piece.text.startswith("| id |") for piece in pieces(table, "a.md", 600))


def test_a_head_too_long_to_repeat_is_not_repeated() -> None:
    text = ",".join(f"column {n}" for n in range(900)) + "\n" + "1,2,3,4\n" * 900
    assert "".join(piece.text for piece in pieces(text, "t.csv", 3_000)) == text


# --------------------------------------------------------------------------------------------------------------- pages


def test_a_document_is_cut_by_runs_of_pages() -> None:
    found = chunks([document("book.pdf", 1_500)], 28_000)
    numbers = [page.number for chunk in found for page in chunk.sources[0].pages]
    assert numbers == list(range(1, 1_501))
    assert max(len(chunk.sources[0].pages) for chunk in found) <= MOST_PAGES
    assert found[1].sources[0].sent_as == "pdf pages 40-78"
    assert found[1].label == "book.pdf pages 40-78"


def test_a_page_counts_for_what_is_billed() -> None:
    (chunk,) = chunks([document("a.pdf", 10)], 28_000)
    assert 5_600 <= chunk.tokens <= 5_600 + 100


def test_a_budget_for_few_pages_is_kept() -> None:
    assert all(chunk.tokens <= 1_000 for chunk in chunks([document("a.pdf", 50)], 1_000))


def test_a_document_that_fits_stays_as_it_is() -> None:
    whole = document("a.pdf", 12)
    assert chunks([whole], 28_000)[0].sources == (whole,)


def test_a_part_of_a_document_brings_the_whole_file_to_take_its_pages_from() -> None:
    whole = document("a.pdf", 100)
    assert all(chunk.sources[0].media is whole.media for chunk in chunks([whole], 28_000))


def test_pages_that_were_chosen_keep_their_numbers() -> None:
    whole = document("a.pdf", 300)
    chosen = replace(whole, pages=tuple(page for page in whole.pages if page.number % 3), sent_as="pdf pages 1-2, 4-5")
    assert chunks([chosen], 3_400)[1].sources[0].sent_as == "pdf pages 8, 10-11, 13-14, 16"


def test_no_chunk_has_more_pages_than_can_be_read_well() -> None:
    found = chunks([document(f"{n}.pdf", 15) for n in range(20)], 28_000)
    assert all(sum(len(source.pages) for source in chunk.sources) <= MOST_PAGES for chunk in found)


def test_a_picture_is_never_cut() -> None:
    picture = source("a.png", "", media=Media("image/png", b"x", 5_000), sent_as="image/png 10x10")
    assert chunks([picture], 1_000)[0].sources == (picture,)


# ------------------------------------------------------------------------------------------------------------- packing


def test_small_files_go_together() -> None:
    found = chunks([source(f"d/f{n:03}.txt", PROSE) for n in range(100)], 1_000)
    assert len(found) < 10
    assert [piece.path for chunk in found for piece in chunk.sources] == [f"d/f{n:03}.txt" for n in range(100)]


def test_files_of_a_folder_go_together_before_those_of_the_folders_in_it() -> None:
    paths = ["b/x.txt", "a/z.txt", "a/sub/y.txt", "a/b.txt", "top.txt"]
    (chunk,) = chunks([source(path, PROSE) for path in paths], 5_000)
    assert [piece.path for piece in chunk.sources] == ["top.txt", "a/b.txt", "a/z.txt", "a/sub/y.txt", "b/x.txt"]


def test_a_folder_that_does_not_fit_any_more_begins_a_chunk_of_its_own() -> None:
    files = [source(f"{folder}/{n}.txt", PROSE * 8) for folder in "ab" for n in range(6)]
    size = sum(chunk.tokens for chunk in chunks(files[:6], 10_000))
    first, second = chunks(files, size * 3 // 2)
    assert {piece.path[0] for piece in first.sources} == {"a"}
    assert {piece.path[0] for piece in second.sources} == {"b"}


def test_the_order_in_which_sources_come_does_not_matter() -> None:
    files = [source(f"d{n % 4}/f{n}.txt", PROSE * n) for n in range(40)]
    shuffled = random.Random(1).sample(files, len(files))
    assert chunks(shuffled, 900) == chunks(files, 900)


def test_a_chunk_says_in_few_words_what_is_in_it_and_in_full_when_asked() -> None:
    (chunk,) = chunks([source(f"d/f{n}.txt", PROSE) for n in range(5)], 5_000)
    assert chunk.label == "d/f0.txt, d/f1.txt and 3 more"
    assert chunk.parts == tuple(f"d/f{n}.txt" for n in range(5))


def test_a_name_says_which_part_it_is_of() -> None:
    assert named(source("a.csv", "", sent_as="lines 7-9 under the table head of line 1")) == "a.csv lines 7-9"
    assert named(source("a.png", "", sent_as="image/png 10x20")) == "a.png"


def test_how_a_text_came_about_is_still_told_of_its_parts() -> None:
    found = chunks([source("a.docx", markdown(20, 10), sent_as="docx as Markdown")], 900)
    assert found[0].sources[0].sent_as.startswith("docx as Markdown, lines 1-")
    assert found[0].label.startswith("a.docx lines 1-")


def test_nothing_to_read_makes_no_chunk() -> None:
    assert chunks([], 1_000) == chunks([source("a.txt", " \n")], 1_000) == []
    assert one_chunk([source("a.txt", "\n")]) == Chunk((), "", 0)


def test_one_chunk_holds_all_of_it() -> None:
    files = [source(f"{n}.txt", PROSE * 50) for n in range(9)] + [document("a.pdf", 90), source("blank", " ")]
    assert {piece.path for piece in one_chunk(files).sources} == {file.path for file in files} - {"blank"}


@pytest.mark.parametrize("path", ["a.md", "a.py", "a.c", "a.csv", "a.txt"])
def test_no_text_holds_up_the_cutting(path: str) -> None:
    """In a process of its own, since nothing can interrupt a regular expression at work."""
    hostile = ["' ' * 2_000_000", "'\\n' * 2_000_000", "'\\n \\t' * 700_000", "'-' * 2_000_000", "'\\n---' * 500_000"]
    hostile += ["'```\\n' * 500_000", "'|-|\\n' * 500_000", "'# \\n' * 600_000", "'\\n' + '=' * 2_000_000 + 'x'"]
    texts = ", ".join(hostile)
    code = f"""
from gemini_mcp.domain.chunking import chunks
from gemini_mcp.domain.material import Source
for text in ({texts}):
    chunks([Source({path!r}, text + "x", 1, "a" * 64)], 28_000)
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)
