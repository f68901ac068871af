"""Where a quote stands: blanks do not matter, words and their order do."""

import random

import pytest

from gemini_mcp.domain.quotes import Stretch, Text, is_trivial

CODE = """\
def total(items):
    cost = 0

    for item in items:  # every one
        cost  +=  item.price
    return cost


def mean(items):
    if not items:
        return 0
    return total(items) / len(items)
}"""
ROWS = CODE.split("\n")


def places(quote: str) -> list[tuple[int, int]]:
    """Rows, from 0."""
    return [(found.first, found.last) for found in Text(ROWS).find(quote)]


@pytest.mark.parametrize(
    ("quote", "where"),
    [
        pytest.param("    return total(items) / len(items)", (11, 11), id="as it is"),
        pytest.param("cost += item.price", (4, 4), id="blanks"),
        pytest.param("cost+=item . price", (4, 4), id="more blanks"),
        pytest.param("cost = 0\n    for item in items:", (1, 3), id="a blank line left out"),
        pytest.param("if not items: return 0", (9, 10), id="two lines in one"),
        pytest.param("total(items) / len", (11, 11), id="part of a line"),
        pytest.param("5:        cost  +=  item.price", (4, 4), id="a number"),
        pytest.param("5:        cost  +=  item.price\n6:    return cost", (4, 5), id="numbers"),
        pytest.param("  5 | cost += item.price", (4, 4), id="a number and a bar"),
        pytest.param("L5: cost += item.price", (4, 4), id="a number with a letter"),
        pytest.param("5+        cost += item.price", (4, 4), id="a number and a mark"),
        pytest.param("+        cost += item.price\n+    return cost", (4, 5), id="marks"),
        pytest.param("-        cost = item.price\n+        cost += item.price", (4, 4), id="what was removed too"),
        pytest.param(
            "     for item in items:  # every one\n+        cost += item.price", (3, 4), id="context and marks"
        ),
        pytest.param("```python\nreturn total(items) / len(items)\n```", (11, 11), id="a fence"),
        pytest.param("`return total(items) / len(items)`", (11, 11), id="backticks"),
        pytest.param("cost = 0\\n\\n    for item in items", (1, 3), id="escaped twice"),
        pytest.param("otal(items) / len(ite", (11, 11), id="cut by the character"),
        pytest.param("return total(items) ...", (11, 11), id="shortened at its end"),
        pytest.param("... / len(items)", (11, 11), id="shortened at its beginning"),
        pytest.param("return total(…) / len(items)", (11, 11), id="shortened within the line"),
        pytest.param("for item in items: ...\n        cost += item.price", (3, 4), id="shortened between neighbours"),
        pytest.param("for item in items:  # ...\n        cost += item.price", (3, 4), id="shortened by a comment"),
        pytest.param("def total(items):\n    ...\n    cost = 0", (0, 1), id="nothing left out after all"),
    ],
)
def test_a_quote_is_found_however_it_was_copied(quote: str, where: tuple[int, int]) -> None:
    assert places(quote) == [where]


@pytest.mark.parametrize(
    "quote",
    [
        pytest.param("", id="nothing"),
        pytest.param(" \n ", id="blanks"),
        pytest.param("...", id="an ellipsis alone"),
        pytest.param("return sum(items)", id="invented"),
        pytest.param("cost -= item.price", id="another operator"),
        pytest.param("Return cost", id="another case"),
        pytest.param("returncost", id="a blank left out between words"),
        pytest.param("cost = 0\nreturn cost", id="lines that are not in a row"),
        pytest.param("return cost\ncost = 0", id="another order"),
        pytest.param("def total(items): ... return cost", id="an ellipsis over lines"),
        pytest.param("for item in items: ... return cost", id="an ellipsis over one line"),
        pytest.param("return cost ... cost = 0", id="an ellipsis backwards"),
        pytest.param("ost", id="a piece of a word"),
    ],
)
def test_what_does_not_stand_there_is_not_found(quote: str) -> None:
    assert places(quote) == []


def test_every_place_is_told() -> None:
    assert places("items)") == [(0, 0), (8, 8), (11, 11), (11, 11)]
    assert [first for first, _ in places("return")] == [5, 10, 11]


def test_nothing_is_found_across_a_gap() -> None:
    text = Text(["one two", "three four", "five six"], frozenset({2}))
    assert text.find("two three") == (Stretch(0, 1),)
    assert text.find("four five") == ()
    assert text.find("four ... five") == ()


@pytest.mark.parametrize(
    "quote", ["}", "return", "return None", "else:", "i += 1", "x = 0", "...", "", "12: }", "try:\n", "});"]
)
def test_a_quote_that_stands_everywhere_is_trivial(quote: str) -> None:
    assert is_trivial(quote)


@pytest.mark.parametrize("quote", ["return cost", "except ValueError:", "count += 1", "self.lock", "items[0]"])
def test_a_quote_with_a_name_in_it_is_not(quote: str) -> None:
    assert not is_trivial(quote)


def test_any_run_of_lines_is_found_with_other_blanks() -> None:
    chance = random.Random(3)
    text = Text(ROWS)
    for _ in range(300):
        first = chance.randrange(len(ROWS))
        last = min(len(ROWS) - 1, first + chance.randint(0, 4))
        picked = [row for row in ROWS[first : last + 1] if row.strip()]
        if picked:
            quote = "\n".join(chance.choice(["", "  ", "\t"]) + row.strip() for row in picked)
            filled = [row for row in range(first, last + 1) if ROWS[row].strip()]
            assert Stretch(filled[0], filled[-1]) in text.find(quote)


def test_of_a_text_that_repeats_itself_the_first_thousand_places_are_told() -> None:
    text = Text(["a a a a"] * 5_000)
    assert len(text.find("a a")) == 1_000
    for quote in ("a ... " * 200, "a " * 4_000, "... a" * 400, "\\n" * 4_000, "1: " * 2_000, "`" * 8_000):
        assert len(text.find(quote)) <= 1_000
