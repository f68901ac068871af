"""Finding quoted words as a reader would: blanks and marks do not matter, words and their order do."""

import random
import subprocess
import sys

import pytest

from gemini_mcp.domain.quotable import Quotable, is_short

TEXT = """# The *cache* of answers

The cache keeps an answer for “one day”, and the exam-
ple below shows how; see [the manual](https://example.org/m) for more.
It\u2019s never shared — not even between well-known callers.

| tier  | price | limit |
|-------|-------|-------|
| lite  | 0.30  | 1,000 |
| flash | 0.75  | 400   |

> A quoted remark that
> goes on over two lines.

// the retry budget is
// shared by all workers
value = first_name[0] + 'x'
"""


def at(quote: str, text: str = TEXT) -> list[int]:
    """The lines, from 1, on which the quote is found."""
    quotable = Quotable.of(text)
    return [quotable.line(span.start) + 1 for span in quotable.find(quote)]


@pytest.mark.parametrize(
    ("quote", "line"),
    [
        pytest.param("The cache keeps an answer", 3, id="verbatim"),
        pytest.param("the cache keeps an answer", 3, id="the first letter in another case"),
        pytest.param("keeps  an\n answer for", 3, id="other blanks"),
        pytest.param('an answer for "one day"', 3, id="straight quotes"),
        pytest.param("and the example below shows", 3, id="hyphenated at the end of a line"),
        pytest.param("and the exam- ple below shows", 3, id="with its hyphen"),
        pytest.param("see the manual for more", 4, id="a link without its target"),
        pytest.param("see [the manual](https://example.org/m) for more", 4, id="a link with its target"),
        pytest.param("It's never shared - not even", 5, id="another dash"),
        pytest.param("never shared\u2014not even between wellknown callers", 5, id="no hyphen"),
        pytest.param("The cache of answers", 1, id="without emphasis"),
        pytest.param("lite | 0.30 | 1,000", 9, id="a row of a table"),
        pytest.param("lite 0.30 1,000", 9, id="a row without its bars"),
        pytest.param("A quoted remark that goes on", 12, id="through a block quote"),
        pytest.param("the retry budget is shared by all", 15, id="through a comment"),
        pytest.param("// the retry budget is // shared by all", 15, id="with the marks of a comment"),
        pytest.param("> A quoted remark that > goes on", 12, id="with the marks of a block quote"),
        pytest.param("value = first_name[0]", 17, id="code"),
        pytest.param("“The cache keeps an answer.”", 3, id="quotes and a full stop of its own"),
        pytest.param("...keeps an answer for one day…", 3, id="an ellipsis around it"),
        pytest.param("The cache keeps ... see the manual", 3, id="an ellipsis in it"),
        pytest.param("The cache keeps […] see the manual", 3, id="an ellipsis in brackets"),
        pytest.param("keeps an answer\\nfor", 3, id="escaped twice"),
        pytest.param("keeps\u00a0an\u200b answer", 3, id="blanks that cannot be seen"),
    ],
)
def test_what_a_quote_loses_on_its_way_does_not_matter(quote: str, line: int) -> None:
    assert at(quote) == [line]


@pytest.mark.parametrize(
    "quote",
    [
        pytest.param("The cache keeps an answers", id="a letter more"),
        pytest.param("The cache keeps any answer", id="another word"),
        pytest.param("The cache an answer keeps", id="another order"),
        pytest.param("The cache never keeps an answer", id="a word put in"),
        pytest.param("THE CACHE KEEPS AN ANSWER", id="shouted"),
        pytest.param("lite | 0.75 | 1,000", id="a cell of another row"),
        pytest.param("lite | 0.30 | 1000", id="a number written otherwise"),
        pytest.param("see the manual ... The cache keeps", id="parts in the wrong order"),
        pytest.param("The cache keeps ... for a week", id="a part that is not there"),
        pytest.param("...", id="nothing but an ellipsis"),
        pytest.param("**", id="nothing but marks"),
        pytest.param("", id="nothing"),
    ],
)
def test_what_is_not_in_the_text_is_not_found(quote: str) -> None:
    assert at(quote) == []


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("total = price + discount", "total = price - discount"),
        ("limit >= 5 and more", "limit = 5 and more"),
        ("limit > 5 and more", "limit < 5 and more"),
        ("value of -5 degrees", "value of 5 degrees"),
        ("a value of 1.5 seconds", "a value of 15 seconds"),
        ("if not found: return", "if found: return"),
    ],
)
def test_what_changes_the_meaning_matters(text: str, quote: str) -> None:
    assert at(quote, text) == []


def test_parts_around_an_ellipsis_stand_near_each_other() -> None:
    far = f"The first part of it. {'filler ' * 400}And the last part of it."
    assert at("The first part ... And the last part", far) == []
    assert at("The first part ... filler filler filler", far) == [1]
    near = f"The first part of it. {'x' * 100}. {'y' * 70}. And the last part of it."
    assert at("The first part ... And the last part", near) == [1]


@pytest.mark.parametrize(
    "left_out",
    [
        "not",
        "no longer",
        "Never",
        "without doubt",
        "neither",
        "don't",
        "don\u2019t",
        "can't",
        "cannot",
        "isn't",
        "nicht",
        "keine",
    ],
)
def test_a_negation_may_not_be_left_out(left_out: str) -> None:
    text = f"The project does indeed {left_out} at all support Windows on any machine."
    assert at("The project does indeed ... support Windows on any machine", text) == []
    assert at(f"The project does indeed {left_out} ... support Windows on any machine", text) == [1]


@pytest.mark.parametrize("left_out", ["on the whole", "as noted in part two", "to know and nothing", "on tour"])
def test_what_only_begins_like_a_negation_may(left_out: str) -> None:
    text = f"The project does indeed {left_out} support Windows on any machine."
    assert at("The project does indeed ... support Windows on any machine", text) == [1]


@pytest.mark.parametrize(
    "quote", ["The project does ... support Windows", "... The project ...", "The project ...", "the ... the ... the"]
)
def test_no_part_around_an_ellipsis_is_short(quote: str) -> None:
    assert at(quote, "The project does at the time and in the main support Windows.") == []


@pytest.mark.parametrize("quote", ["wait for it ... now", "def f(x): ...", "f(...)"])
def test_an_ellipsis_of_the_text_s_own_is_quoted_as_it_is(quote: str) -> None:
    assert at(quote, f"one\nand {quote}\nthree") == [2]


def test_a_short_quote_is_no_part_of_longer_words() -> None:
    assert at("cat", "concatenate\nthe cat sat") == [2]
    assert at("12", "120 or 312\nor 12") == [2]


@pytest.mark.parametrize(
    ("text", "quote"),
    [
        ("東京都は日本の首都\nであり、人口が多い。", "日本の首都であり、人口が多い"),
        ("Быстрая «лиса» пере-" + "\n" + "прыгивает", 'Быстрая "лиса" перепрыгивает'),
        ("e\u0301tude de cas", "\u00e9tude de cas"),
        ("ef\ufb01cient of\ufb01ce", "efficient office"),
        ("Fläche: 20 m²", "Fläche: 20 m2"),
    ],
)
def test_any_script_can_be_quoted(text: str, quote: str) -> None:
    assert at(quote, text) == [1]


def test_a_place_is_exact_however_long_the_lines_and_whatever_is_between() -> None:
    rolls = random.Random(11)
    for _ in range(60):
        words = [f"w{rolls.randrange(10**9)}x" for _ in range(rolls.randrange(30, 900))]
        gaps = [rolls.choice([" ", " ", " ", "\n", "\n\n", "  \t ", "  \n"]) for _ in words]
        text = "".join(word + gap for word, gap in zip(words, gaps, strict=True))
        first = rolls.randrange(len(words) - 6)
        line = text[: text.index(words[first])].count("\n") + 1
        assert at(" ".join(words[first : first + 6]), text) == [line]


def test_the_text_around_a_place_is_the_text() -> None:
    quotable = Quotable.of("one two three four five six seven")
    (span,) = quotable.find("three four")
    assert quotable.text[span.start : span.end] == "three four"
    assert quotable.around(span, 4) == "two three four fiv"


@pytest.mark.parametrize(
    "quote", ["12 items", "}", "return None", "a b c d", "首都", "...", "a ... the cache keeps answers"]
)
def test_little_is_short(quote: str) -> None:
    assert is_short(quote)


@pytest.mark.parametrize(
    "quote",
    [
        "the cache keeps answers",
        "most_files_in_one_call_of_it",
        "日本の首都であり人口が多い",
        "the cache of all answers ... keeps them for a day",
    ],
)
def test_a_phrase_is_not_short(quote: str) -> None:
    assert not is_short(quote)


@pytest.mark.parametrize(
    "text",
    [
        "'ab' * 1_000_000",
        "' ' * 2_000_000",
        "'-' * 2_000_000",
        "'](' * 1_000_000",
        "'<b ' * 700_000",
        "('> ' * 1_000 + '\\n') * 900",
        "'\\n' * 2_000_000",
        "'...' * 700_000",
    ],
)
def test_no_text_holds_up_the_search(text: str) -> None:
    """In a process of its own, since nothing can interrupt a regular expression at work."""
    code = (
        f"from gemini_mcp.domain.quotable import Quotable; Quotable.of({text}).find('ab' * 500 + ' ... ' + 'ab' * 20)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=20)
