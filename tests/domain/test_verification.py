"""Findings looked up: the file, the quote, the line, the change, and whether it was told before."""

from collections import Counter
from typing import Any

import pytest

from gemini_mcp.domain.findings import Finding
from gemini_mcp.domain.patches import parse_patch
from gemini_mcp.domain.verification import Verified, verified

SHOP = """\
import threading

RATE = 0.19


class Cart:
    def __init__(self):
        self.lock = threading.Lock()
        self.items = []

    def add(self, item):
        with self.lock:
            self.items.append(item)

    def total(self):
        result = 0
        for item in self.items:
            result += item.price
        return result


def gross(cart):
    return cart.total() * RATE


def net(cart):
    return cart.total()
"""
FILES = {
    "src/shop.py": SHOP,
    "src/other/shop.py": "def nothing():\n    return None\n",
    "lib/util.js": "let a = 1;\n}\n",
}


def a_finding(**changes: Any) -> Finding:
    fields: dict[str, Any] = {
        "file": "src/shop.py",
        "line": 23,
        "end_line": 23,
        "severity": "high",
        "category": "bug",
        "message": "The rate alone is no gross price.",
        "quote": "return cart.total() * RATE",
        "suggestion": "",
    }
    return Finding(**(fields | changes))


def checked(*findings: Finding, **more: Any) -> Verified:
    return verified(findings, FILES, **more)


def kept(**changes: Any) -> Finding:
    result = checked(a_finding(**changes))
    assert len(result.kept) == 1, result.dropped
    return result.kept[0]


def reason(**changes: Any) -> str:
    result = checked(a_finding(**changes))
    assert result.kept == ()
    ((why, count),) = result.dropped.items()
    assert count == 1
    return why


# -------------------------------------------------------------------------------------------------------------- files


@pytest.mark.parametrize(
    "file",
    [
        "src/shop.py",
        "./src/shop.py",
        "a/src/shop.py",
        "b/src/shop.py",
        "src\\shop.py",
        "`src/shop.py`",
        "/home/me/project/src/shop.py",
    ],
)
def test_a_file_is_known_under_all_its_names(file: str) -> None:
    assert kept(file=file).file == "src/shop.py"


def test_a_bare_name_is_enough_where_the_quote_tells_which() -> None:
    assert kept(file="shop.py").file == "src/shop.py"
    assert kept(file="other/shop.py", quote="def nothing():").file == "src/other/shop.py"


@pytest.mark.parametrize("file", ["src/nope.py", "op.py", "hop.py", "", "src", "/", "shop.py/src", "../src/shop.pyc"])
def test_a_file_that_is_not_in_the_review_is_not_guessed(file: str) -> None:
    assert reason(file=file) == "file not in the review"


def test_a_name_that_could_be_two_files_with_the_same_line_is_none() -> None:
    files = {"a/x.py": "value = compute()\n", "b/x.py": "value = compute()\n"}
    result = verified([a_finding(file="x.py", quote="value = compute()")], files)
    assert result.dropped == Counter({"file not in the review": 1})


# ------------------------------------------------------------------------------------------------------------- quotes


@pytest.mark.parametrize("line", [23, 1, 99, 0])
def test_a_misplaced_finding_is_put_where_its_quote_stands(line: int) -> None:
    found = kept(line=line, end_line=line)
    assert (found.line, found.end_line, found.quote) == (23, 23, "    return cart.total() * RATE")


def test_of_several_places_the_nearest_counts() -> None:
    assert kept(quote="cart.total()", line=27).line == 27
    assert kept(quote="cart.total()", line=26).line == 27
    assert kept(quote="cart.total()", line=2).line == 23


def test_several_lines_are_told_from_the_first_to_the_last_as_they_are() -> None:
    found = kept(quote="for item in self.items:\n  result+=item.price", line=1, end_line=900)
    assert (found.line, found.end_line) == (17, 18)
    assert found.quote == "        for item in self.items:\n            result += item.price"


@pytest.mark.parametrize(
    "quote", ["return cart.total() / RATE", "cursor.execute(query)", "def gross(cart): ... def net(cart):"]
)
def test_an_invented_quote_falls(quote: str) -> None:
    assert reason(quote=quote) == "quote not found"


def test_a_quote_of_another_file_of_the_review_falls() -> None:
    assert reason(file="lib/util.js") == "quote not found"


def test_a_trivial_quote_counts_only_on_its_line() -> None:
    assert kept(file="lib/util.js", quote="}", line=2).line == 2
    assert reason(file="lib/util.js", quote="}", line=1) == "quote too short to place"
    assert reason(quote="return", line=4) == "quote too short to place"


# ------------------------------------------------------------------------------------------------------------ changes

NEW = SHOP.replace(
    "        with self.lock:\n            self.items.append(item)", "        self.items.append(item)"
).replace("* RATE", "* (1 + RATE)")
DIFF = """\
diff --git a/src/shop.py b/src/shop.py
--- a/src/shop.py
+++ b/src/shop.py
@@ -9,6 +9,5 @@ class Cart:
         self.items = []
\x20
     def add(self, item):
-        with self.lock:
-            self.items.append(item)
+        self.items.append(item)
\x20
     def total(self):
@@ -21,5 +20,5 @@ def gross(cart):
 def gross(cart):
-    return cart.total() * RATE
+    return cart.total() * (1 + RATE)
\x20
\x20
 def net(cart):
"""
PATCHES = parse_patch(
    DIFF.replace("@@ -9,6 +9,5 @@", "@@ -9,7 +9,6 @@").replace("@@ -21,5 +20,5 @@", "@@ -22,5 +21,5 @@")
)
CALLER = "from shop import gross\n\n\ndef invoice(cart):\n    amount = gross(cart)\n    return round(amount)\n"


def of_change(*, whole: bool = True, **changes: Any) -> Finding | str:
    files = {"src/shop.py": NEW, "src/invoice.py": CALLER} if whole else {}
    result = verified([a_finding(**changes)], files, PATCHES)
    return result.kept[0] if result.kept else next(iter(result.dropped))


@pytest.mark.parametrize("whole", [True, False])
def test_an_added_line_is_in_the_change(whole: bool) -> None:
    found = of_change(whole=whole, quote="return cart.total() * (1 + RATE)", line=3)
    assert isinstance(found, Finding) and found.line == 22


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize(
    "quote", ["with self.lock:", "-        with self.lock:", "with self.lock:\n            self.items.append(item)"]
)
def test_a_removed_line_may_be_quoted(whole: bool, quote: str) -> None:
    found = of_change(whole=whole, quote=quote, message="The lock is gone.", line=12)
    assert isinstance(found, Finding) and found.line == 12 and "with self.lock:" in found.quote


@pytest.mark.parametrize("whole", [True, False])
def test_lines_removed_and_added_may_be_quoted_together(whole: bool) -> None:
    quote = "-    return cart.total() * RATE\n+    return cart.total() * (1 + RATE)"
    found = of_change(whole=whole, quote=quote, line=22)
    assert isinstance(found, Finding) and found.line == 22


def test_what_was_wrong_before_and_was_not_touched_falls() -> None:
    assert (
        of_change(quote="result += item.price", message="Prices of several currencies are added.")
        == "outside the change"
    )
    assert of_change(quote="RATE = 0.19", message="The constant should be configurable.") == "outside the change"
    assert of_change(quote="class Cart:", message="Cart has no docstring.") == "outside the change"


def test_a_caller_that_the_change_breaks_is_kept() -> None:
    found = of_change(
        file="src/invoice.py", quote="amount = gross(cart)", message="gross now includes the price itself."
    )
    assert isinstance(found, Finding) and (found.file, found.line) == ("src/invoice.py", 5)
    assert (
        of_change(file="src/invoice.py", quote="return round(amount)", message="Rounds half to even.")
        == "outside the change"
    )


def test_a_place_in_the_same_function_needs_a_name_of_the_change() -> None:
    said = "Without `lock` two threads may add at once."
    assert isinstance(of_change(quote="def add(self, item):", message=said), Finding)
    assert of_change(quote="def add(self, item):", message="No type annotations.") == "outside the change"


def test_a_name_of_the_change_alone_does_not_tie_it_to_a_place_elsewhere() -> None:
    assert of_change(quote="for item in self.items:", message="As with `lock`, order matters.") == "outside the change"


def test_a_value_that_changed_its_meaning_is_tied_to_its_uses() -> None:
    new = "limit = 30_000\n\n\ndef late(now, then):\n    return now - then > limit\n"
    patches = parse_patch("--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-limit = 30\n+limit = 30_000\n")
    finding = a_finding(file="x.py", quote="return now - then > limit", line=5, message="The limit is in milliseconds.")
    assert [found.line for found in verified([finding], {"x.py": new}, patches).kept] == [5]


def test_of_two_like_places_the_changed_one_is_meant_unless_the_other_is_named() -> None:
    old = "start()\nwork(1)\nwork(2)\nstop()\n"
    new = "start()\nwork(1)\nwork(2)\nstop()\nwork(1)\n"
    patches = parse_patch("--- a/x.py\n+++ b/x.py\n@@ -4 +4,2 @@\n stop()\n+work(1)\n")
    assert old != new

    def line(claimed: int) -> int | str:
        finding = a_finding(file="x.py", quote="work(1)", line=claimed, message="It is wrong.")
        result = verified([finding], {"x.py": new}, patches)
        return result.kept[0].line if result.kept else next(iter(result.dropped))

    assert (line(5), line(3), line(2)) == (5, 5, "outside the change")


def test_a_renamed_file_is_known_by_both_names() -> None:
    patches = parse_patch(
        "diff --git a/x.py b/y.py\nrename from x.py\nrename to y.py\n"
        "--- a/x.py\n+++ b/y.py\n@@ -1 +1 @@\n-value = 1\n+value = 2\n"
    )
    for name in ("x.py", "y.py"):
        result = verified([a_finding(file=name, quote="value = 2", line=1)], {}, patches)
        assert [found.file for found in result.kept] == ["y.py"]


def test_a_deleted_file_is_told_by_its_old_lines() -> None:
    patches = parse_patch("--- a/x.py\n+++ /dev/null\n@@ -1,3 +0,0 @@\n-one = 1\n-two = 2\n-three = 3\n")
    result = verified([a_finding(file="x.py", quote="three = 3", line=1)], {}, patches)
    assert [(found.file, found.line) for found in result.kept] == [("x.py", 3)]


def test_what_was_removed_at_the_end_of_a_file_is_told_at_its_last_line() -> None:
    patches = parse_patch("--- a/x.py\n+++ b/x.py\n@@ -1,2 +1 @@\n one = 1\n-close_it()\n")
    result = verified([a_finding(file="x.py", quote="close_it()", line=2)], {"x.py": "one = 1\n"}, patches)
    assert [found.line for found in result.kept] == [1]


def test_an_empty_change_has_no_findings() -> None:
    assert verified([a_finding()], FILES, []).dropped == Counter({"outside the change": 1})


# --------------------------------------------------------------------------------------------------------- duplicates


def test_what_is_told_twice_is_told_once_by_the_graver_with_the_longer_suggestion() -> None:
    first = a_finding(severity="medium", suggestion="return cart.total() * (1 + RATE)")
    second = a_finding(severity="critical", suggestion="Add 1.", line=1)
    result = checked(first, second)
    (found,) = result.kept
    assert (found.severity, found.suggestion) == ("critical", "return cart.total() * (1 + RATE)")
    assert found.message == "The rate alone is no gross price."
    assert result.dropped == Counter({"duplicate": 1})


def test_two_things_said_of_the_same_lines_are_both_told() -> None:
    result = checked(a_finding(message="Gross lacks the price."), a_finding(message="Fails for an empty basket."))
    (found,) = result.kept
    assert found.message == "Gross lacks the price. Also: Fails for an empty basket."


def test_another_category_with_other_words_is_no_duplicate() -> None:
    result = checked(a_finding(), a_finding(category="performance", message="Walks through all goods each time."))
    assert len(result.kept) == 2 and not result.dropped


def test_the_same_words_elsewhere_are_no_duplicate() -> None:
    result = checked(
        a_finding(),
        a_finding(quote="return cart.total()\n", line=27),
        a_finding(file="lib/util.js", quote="let a = 1;", line=1),
    )
    assert [found.line for found in result.kept] == [1, 23, 27]


def test_what_is_not_grave_enough_is_counted_apart() -> None:
    low = a_finding(severity="low", quote="RATE = 0.19", category="style", message="A constant.")
    result = checked(a_finding(), low, min_severity="medium")
    assert [found.severity for found in result.kept] == ["high"]
    assert result.dropped == Counter({"below min_severity": 1})


def test_a_grave_duplicate_lifts_a_light_one() -> None:
    result = checked(a_finding(severity="low"), a_finding(severity="critical"), min_severity="high")
    assert [found.severity for found in result.kept] == ["critical"]
    assert result.dropped == Counter({"duplicate": 1})


def test_every_finding_is_either_kept_or_counted() -> None:
    findings = [a_finding(), a_finding(file="x"), a_finding(quote="nope nope"), a_finding(quote="}"), a_finding(line=9)]
    result = checked(*findings)
    assert len(result.kept) + sum(result.dropped.values()) == len(findings)
