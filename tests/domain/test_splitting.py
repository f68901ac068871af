"""A review in units: nothing lost, nothing twice, within the budget, cut where the code is."""

import difflib
import random
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

import gemini_mcp
from gemini_mcp.domain.excerpts import LEFT_OUT, Excerpt, together
from gemini_mcp.domain.outline import Block, outline
from gemini_mcp.domain.patches import FilePatch, parse_patch
from gemini_mcp.domain.splitting import AROUND, ReviewUnit, split_change, split_files
from gemini_mcp.domain.tokens import estimate_tokens

PACKAGE = Path(gemini_mcp.__file__).parent
OURS = {path.name: path.read_text("utf-8") for path in sorted(PACKAGE.glob("domain/*.py"))}

PYTHON = '''\
"""A module."""

import os
from typing import (
    Any,
    Final,
)

LIMIT: Final = 3


@decorated
class Shop:
    """A shop."""

    def __init__(
        self,
        name: str,
    ) -> None:
        self.name = name

    async def sell(self, what: Any) -> None:
        def inner() -> None:
            pass

        inner()


def after(a: int) -> int:
    text = """
not indented
    """
    return a
'''
JAVASCRIPT = """\
import x from "y";
const fs = require("fs");

export class Cart extends Base {
  constructor(a) {
    this.a = a;
  }

  total(items) {
    return items
      .map(i => i.p);
  }
}

export const pay = async (cart) => {
  if (cart) {
    return 1;
  } else {
    return 2;
  }
};

function big(a,
             b)
{
  return a + b;
}
"""
GO = """\
package main

import (
\t"fmt"
)

type T struct {
\ta int
\tb int
}

func (t *T) Run(x int) error {
\tfor {
\t\tfmt.Println(x)
\t}
}
"""


# ----------------------------------------------------------------------------------------------------------- outlines


def told(blocks: Iterable[Block]) -> list[tuple[str, int, int]]:
    return [(block.name, block.first, block.last) for block in blocks]


def test_python_is_outlined_by_its_syntax() -> None:
    found = outline("shop.py", PYTHON)
    assert told(found.blocks) == [("Shop", 12, 26), ("after", 29, 33)]
    assert told(found.blocks[0].children) == [("Shop.__init__", 16, 20), ("Shop.sell", 22, 26)]
    assert found.imports == (3, 4, 5, 6, 7)
    assert [block.head for block in found.blocks[0].children] == [19, 22]


def test_other_languages_are_outlined_by_indentation() -> None:
    found = outline("cart.js", JAVASCRIPT)
    assert told(found.blocks) == [("Cart", 4, 13), ("pay", 15, 21), ("big", 23, 27)]
    assert told(found.blocks[0].children) == [("Cart.constructor", 5, 7), ("Cart.total", 9, 12)]
    assert found.imports == (1, 2)
    assert told(outline("main.go", GO).blocks) == [("T", 7, 10), ("Run", 12, 16)]
    assert outline("main.go", GO).imports == (1, 3, 4, 5)


def test_python_that_does_not_parse_is_outlined_all_the_same() -> None:
    broken = PYTHON.replace("return a", "return a a")
    assert ("Shop", 13, 26) in told(outline("shop.py", broken).blocks)


def test_the_innermost_block_around_a_line_is_found() -> None:
    found = outline("shop.py", PYTHON)
    names = {line: (block.name if (block := found.enclosing(line)) else None) for line in (1, 12, 15, 19, 24, 28, 31)}
    assert names == {1: None, 12: "Shop", 15: "Shop", 19: "Shop.__init__", 24: "Shop.sell", 28: None, 31: "after"}
    assert [block.name for block in found.around(24)] == ["Shop", "Shop.sell"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "x",
        "\x00\n\x00",
        "class A:\n" * 50,
        "".join(" " * n + "class A {\n" for n in range(300)),
        "\r\r\r",
        "{" * 2_000,
    ],
)
def test_odd_texts_have_an_outline(text: str) -> None:
    for path in ("x.py", "x.js"):
        lines = len(text.split("\n"))
        assert all(1 <= block.first <= block.head <= block.last <= lines for block in outline(path, text).blocks)


# --------------------------------------------------------------------------------------------------------- whole files


def under_review(units: Iterable[ReviewUnit]) -> Counter[tuple[str, str, int, str]]:
    """How often each line is under review."""
    return Counter(
        (excerpt.path, row.sign, row.number, row.text)
        for unit in units
        for excerpt in unit.excerpts
        for row in excerpt.rows
        if row.under_review
    )


def lines_of(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n") if text else []


def all_lines(files: dict[str, str]) -> Counter[tuple[str, str, int, str]]:
    return Counter(
        (path, ":", number, line) for path, text in files.items() for number, line in enumerate(lines_of(text), 1)
    )


FILES = {
    "shop.py": PYTHON,
    "cart.js": JAVASCRIPT,
    "main.go": GO,
    "empty.py": "",
    "end.txt": "no newline",
    "blank.c": "\n\n\n",
}


@pytest.mark.parametrize("budget", [60, 150, 400, 1_000, 5_000, 100_000])
def test_every_line_of_every_file_is_under_review_once(budget: int) -> None:
    for files in (FILES, OURS):
        units = split_files(files, budget)
        assert under_review(units) == all_lines(files)
        assert all(unit.tokens <= budget or single_row(unit) for unit in units)


def single_row(unit: ReviewUnit) -> bool:
    return sum(row.under_review for excerpt in unit.excerpts for row in excerpt.rows) == 1


def test_the_tokens_of_a_unit_are_about_those_of_its_text() -> None:
    for unit in split_files(OURS, 4_000):
        text = "\n".join(excerpt.text for excerpt in unit.excerpts)
        assert 0.9 * unit.tokens <= estimate_tokens(text) + 24 * len(unit.excerpts) <= 1.02 * unit.tokens


def test_small_files_share_a_unit_and_are_whole() -> None:
    (unit,) = split_files({"a.py": "x = 1\n", "b.py": "y = 2\n"}, 1_000)
    assert unit.label == "a.py and 1 more"
    assert [(excerpt.path, excerpt.whole, excerpt.text) for excerpt in unit.excerpts] == [
        ("a.py", True, "1:x = 1"),
        ("b.py", True, "1:y = 2"),
    ]


def test_a_file_that_fits_a_unit_is_not_torn() -> None:
    body = "value = compute(1)\n" * 40
    units = split_files({"a.py": body, "b.py": body, "c.py": body}, 700)
    assert [[(excerpt.path, excerpt.whole) for excerpt in unit.excerpts] for unit in units] == [
        [("a.py", True)],
        [("b.py", True)],
        [("c.py", True)],
    ]


def functions(*names: str, lines: int = 6) -> str:
    bodies = ("".join(f"    {name}_{number} = work({number})\n" for number in range(lines)) for name in names)
    return "import os\n\n\n" + "\n\n".join(f"def {name}(a):\n{body}" for name, body in zip(names, bodies, strict=True))


def test_a_long_file_is_cut_between_functions_and_knows_the_other_ones() -> None:
    units = split_files({"a.py": functions("first", "second", "third", "fourth")}, 260)
    assert len(units) > 1
    for unit in units:
        (excerpt,) = unit.excerpts
        assert not excerpt.whole and unit.label.startswith("a.py lines ")
        shown = {row.text for row in excerpt.rows}
        assert "import os" in shown
        assert {"def first(a):", "def second(a):", "def third(a):", "def fourth(a):"} <= shown
        for name in ("first", "second", "third", "fourth"):
            assert sum(row.under_review and f" {name}_" in row.text for row in excerpt.rows) in (0, 6)


def test_a_long_class_is_cut_between_its_methods() -> None:
    methods = "\n".join(f"    def m{n}(self):\n" + f"        self.a{n} = work({n})\n" * 8 for n in range(6))
    units = split_files({"a.py": f"class Long(Base):\n{methods}"}, 300)
    assert len(units) > 1
    for unit in units:
        (excerpt,) = unit.excerpts
        assert any(row.text == "class Long(Base):" for row in excerpt.rows)
        for n in range(6):
            assert sum(row.under_review and f"self.a{n} " in row.text for row in excerpt.rows) in (0, 8)


def test_a_function_longer_than_a_unit_is_cut_at_a_blank_line() -> None:
    paragraphs = "\n".join(f"    value_{n} = compute({n})\n" * 5 for n in range(20))
    units = split_files({"a.py": f"def long(a):\n{paragraphs}"}, 300)
    ends = [next(row for row in reversed(unit.excerpts[0].rows) if row.under_review) for unit in units[:-1]]
    assert len(ends) > 2 and all(row.text == "" for row in ends)


def test_a_line_longer_than_a_unit_stands_alone() -> None:
    units = split_files({"a.js": "one();\n" + "x();" * 5_000 + "\ntwo();\n"}, 200)
    assert [sorted(excerpt.focus) for unit in units for excerpt in unit.excerpts] == [[1], [2], [3]]


def test_context_is_told_from_what_is_under_review() -> None:
    units = split_files({"a.py": functions("first", "second", lines=20)}, 300)
    text = units[-1].excerpts[0].text
    assert "1|import os" in text and LEFT_OUT in text.split("\n") and "def first(a):" in text
    assert not any(line.startswith("4:") for line in text.split("\n"))


# -------------------------------------------------------------------------------------------------------------- changes


def a_patch(path: str, old: str, new: str) -> FilePatch:
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), f"a/{path}", f"b/{path}", lineterm="")
    (patch,) = parse_patch("\n".join(lines) + "\n")
    return patch


def changed_lines(patches: Iterable[FilePatch]) -> Counter[tuple[str, str, int, str]]:
    return Counter(
        (patch.path, line.mark, line.place, line.text)
        for patch in patches
        for hunk in patch.hunks
        for line in hunk.lines
        if line.mark != " "
    )


def edited(text: str, chance: random.Random) -> str:
    lines = text.splitlines()
    for _ in range(chance.randint(1, 25)):
        at = chance.randrange(len(lines) or 1)
        match chance.randint(0, 2):
            case 0:
                lines[at : at + chance.randint(1, 12)] = []
            case 1:
                lines[at:at] = [f"    added_{chance.randint(0, 9_999)} = {n}" for n in range(chance.randint(1, 30))]
            case _:
                lines[at : at + 1] = [f"changed_{chance.randint(0, 9_999)}()"]
        lines = lines or ["rest"]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("budget", [80, 300, 1_500, 50_000])
@pytest.mark.parametrize("at_hand", [True, False])
def test_every_changed_line_is_under_review_once(budget: int, at_hand: bool) -> None:
    chance = random.Random(budget)
    for _ in range(4):
        olds = dict(chance.sample(sorted(OURS.items()), 4)) | {"cart.js": JAVASCRIPT}
        news = {path: edited(text, chance) for path, text in olds.items()}
        patches = [a_patch(path, olds[path], news[path]) for path in olds]
        units = split_change(patches, news if at_hand else {}, budget)
        assert under_review(units) == changed_lines(patches)
        for unit in units:
            assert unit.tokens <= budget or single_row(unit)
            for excerpt in unit.excerpts:
                assert_true_to_the_file(excerpt, news[excerpt.path].splitlines())


def assert_true_to_the_file(excerpt: Excerpt, lines: list[str]) -> None:
    shown = [row for row in excerpt.rows if row.sign != "-"]
    assert all(lines[row.number - 1] == row.text for row in shown)
    numbers = [row.number for row in shown]
    assert numbers == sorted(set(numbers))


def test_a_change_is_shown_in_its_function() -> None:
    old = functions("first", "second", "third")
    new = old.replace("second_3 = work(3)", "second_3 = work(4)")
    (unit,) = split_change([a_patch("a.py", old, new)], {"a.py": new}, 2_000)
    (excerpt,) = unit.excerpts
    rows = {row.text.strip(): row.sign for row in excerpt.rows}
    assert rows["second_3 = work(3)"] == "-" and rows["second_3 = work(4)"] == "+"
    assert rows["def second(a):"] == rows["second_0 = work(0)"] == rows["import os"] == rows["def first(a):"] == "|"
    lines = excerpt.text.split("\n")
    at = lines.index("-    second_3 = work(3)")
    assert lines[at + 1] == "17+    second_3 = work(4)" and lines[at - 1] == "16|    second_2 = work(2)"


def test_around_a_change_in_a_long_function_there_are_some_lines_and_its_signature() -> None:
    old = functions("long", lines=400)
    new = old.replace("long_200 = work(200)", "long_200 = work(0)")
    (unit,) = split_change([a_patch("a.py", old, new)], {"a.py": new}, 1_500)
    numbers = [row.number for row in unit.excerpts[0].rows if row.sign == "|"]
    assert 4 in numbers and len([number for number in numbers if 100 < number < 300]) == 2 * AROUND


def test_without_the_file_the_hunks_are_what_is_shown() -> None:
    old = functions("first", "second")
    new = old.replace("first_3 = work(3)", "first_3 = 0").replace("second_3 = work(3)", "second_3 = 0")
    patch = a_patch("a.py", old, new)
    (unit,) = split_change([patch], {}, 2_000)
    assert len(unit.excerpts[0].rows) == sum(len(hunk.lines) for hunk in patch.hunks)
    assert unit.excerpts[0].text.split("\n").count(LEFT_OUT) == len(patch.hunks) - 1


def test_the_units_of_a_file_can_be_laid_together() -> None:
    chance = random.Random(5)
    old = functions("first", "second", "third", lines=30)
    for _ in range(20):
        new = edited(old, chance)
        patch = a_patch("a.py", old, new)
        units = split_change([patch], {"a.py": new}, 300)
        rows = together(excerpt for unit in units for excerpt in unit.excerpts)
        assert under_review([ReviewUnit("", (Excerpt("a.py", rows),), 0)]) == changed_lines([patch])
        assert_true_to_the_file(Excerpt("a.py", rows), new.splitlines())


def test_what_is_left_out_between_is_counted_too() -> None:
    hunks = "".join(f"@@ -{n} +{n} @@\n-x\n+y\n" for n in range(10, 1_000, 10))
    patches = parse_patch(f"--- a/x.py\n+++ b/x.py\n{hunks}")
    text = "\n".join("y" if n % 10 == 0 else "" for n in range(1, 1_000))
    for files in ({}, {"x.py": text}):
        for unit in split_change(patches, files, 120):
            assert estimate_tokens(unit.excerpts[0].text) <= unit.tokens <= 120


def test_what_has_no_lines_has_no_unit() -> None:
    patches = parse_patch("diff --git a/x b/x\nold mode 100644\nnew mode 100755\n")
    assert split_change(patches, {}, 1_000) == split_files({}, 1_000) == split_files({"a.py": ""}, 1_000) == ()
