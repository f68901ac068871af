"""Two answers that say the same in other words, and two that do not."""

import random
import string

import pytest

from gemini_mcp.domain.closed import same_answer


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("18.0", "18"),
        ("18", " 18 "),
        ("1,000", "1000"),
        ("$18.00", "18"),
        ("18%", "18"),
        ("18%", "18 percent"),
        ("18 apples", "18"),
        ("0.5", "1/2"),
        ("\\frac{1}{2}", "1/2"),
        ("\\dfrac12", "\\frac12"),
        ("2e3", "2000"),
        ("3.1416", "3.14159"),
        ("0.3333", "1/3"),
        ("27.0", "27.000000000000004"),
        ("eighteen", "18"),
        ("-5", "\u22125"),
        ("B", "(b)"),
        ("B", "b."),
        ("B)", "Option B"),
        ("x^2+1", "x^2 + 1"),
        ("$x^2+1$", "x^{2} + 1"),
        ("x = 5", "5"),
        ("y=2x+1", "2x + 1"),
        ("\\left(3, \\frac{\\pi}{2}\\right)", "(3,\\frac{\\pi}{2})"),
        ("3 \\cdot 5^2", "3*5^2"),
        ("90^\\circ", "90"),
        ("Paris", "paris"),
        ("the Seine", "Seine."),
        ("Yes", "yes."),
        ("21 November 2026", "2026-11-21"),
        ("{'a': [2]}", "{'a':[2]}"),
        ("['a b', 'c']", '["a b","c"]'),
        ("'a'", '"a"'),
        ("(1, 2)", "(1,2)"),
        ("?", "?"),
        ("v2.3.1", "2.3.1"),
        ("V2.0", "2.0"),
        ("version 2.3.1-rc.1", "2.3.1-rc.1"),
        ("Client.open_socket", "open_socket"),
        ("client.open socket", "open socket"),
        ("net.Client.open_socket()", "open_socket()"),
        ("net::open_socket", "open_socket"),
    ],
)
def test_the_same_in_other_words(one: str, other: str) -> None:
    assert same_answer(one, other) and same_answer(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("234", "234abcdefghi567"),
        ("234", "234abcdefghi"),
        ("18", "19"),
        ("18", "-18"),
        ("18", "1.8"),
        ("1/2", "1/3"),
        ("0.33", "1/3"),
        ("3.14", "3.14159"),
        ("0.001", "0.0014"),
        ("10 am", "10 pm"),
        ("5 cm", "5 m"),
        ("B", "C"),
        ("B", "8"),
        ("yes", "true"),
        ("yes", "no"),
        ("True", "False"),
        ("x^2+1", "x^2-1"),
        ("x+1", "X+1"),
        ("'Hello'", "'hello'"),
        ("'a b'", "'ab'"),
        ("[1, 2]", "[2, 1]"),
        ("{'a': 1}", "{'a': '1'}"),
        ("Paris", "London"),
        ("New York", "Newyork"),
        ("2026-11-21", "2026-11-22"),
        ("C", "C++"),
        ("a", "an"),
        ("", ""),
        ("", "18"),
        ("  ", "  "),
        ("...", "?"),
        ("v2.3.1", "2.3.2"),
        ("v8", "8"),
        ("Client.open_socket", "Server.open_socket"),
        ("reopen_socket", "open_socket"),
        ("example.com", "com"),
        ("settings.json", "json"),
        ("1.open", "open"),
        ("a/b.open", "open"),
    ],
)
def test_what_differs_is_not_the_same(one: str, other: str) -> None:
    assert not same_answer(one, other) and not same_answer(other, one)


@pytest.mark.parametrize("seed", range(60))
def test_sameness_is_symmetric_and_holds_with_itself(seed: int) -> None:
    dice = random.Random(seed)
    pieces = ["1", "/", ".", "'", '"', "\\frac", "{", "}", "a", "B", " ", "(", ")", "=", "^", "%", "the "]
    pair = [
        "".join(dice.choice([*pieces, dice.choice(string.printable)]) for _ in range(dice.randrange(1, 12)))
        for _ in range(2)
    ]
    assert same_answer(*pair) == same_answer(*reversed(pair))
    assert all(same_answer(each, each) for each in pair if each.strip())
