"""Would a diff apply: its counts, its headers, and its old lines where the file is at hand."""

import pytest

from gemini_mcp.domain.forms import unwrap
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.checks import check_answer
from gemini_mcp.engine.diffs import diff_problem

from .conftest import a_source, an_answer

FILE = "one\ntwo\nthree\nfour\nfive\n"
FILES = {"src/a.txt": FILE, "src/b.txt": "alpha\n\nbeta\n"}
GOOD = "--- a/src/a.txt\n+++ b/src/a.txt\n@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n"


def a_diff(hunk: str, path: str = "src/a.txt") -> str:
    return f"--- a/{path}\n+++ b/{path}\n{hunk}"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(GOOD, id="plain"),
        pytest.param("diff --git a/src/a.txt b/src/a.txt\nindex 1..2 100644\n" + GOOD, id="git's own headers"),
        pytest.param(GOOD.replace("a/src", "src").replace("b/src", "src"), id="no prefixes"),
        pytest.param(GOOD.replace("a/src/", "").replace("b/src/", ""), id="without leading folders"),
        pytest.param(GOOD.replace("a/src", "a/pkg/src").replace("b/src", "b/pkg/src"), id="with more folders"),
        pytest.param(GOOD.replace("a.txt\n", "a.txt\t2026-11-21 10:00:00\n"), id="with times"),
        pytest.param(a_diff("@@ -2 +2 @@\n-two\n+TWO\n"), id="counts of one left out"),
        pytest.param(a_diff("@@ -1,3 +1,3 @@ def f():\n one\n-two\n+TWO\n three\n"), id="a section heading"),
        pytest.param(a_diff("@@ -9,3 +9,3 @@\n one\n-two\n+TWO\n three\n"), id="right lines, wrong place"),
        pytest.param(a_diff("@@ -2,0 +3,2 @@\n+new\n+newer\n"), id="only new lines"),
        pytest.param(a_diff("@@ -1,5 +0,0 @@\n-one\n-two\n-three\n-four\n-five\n"), id="emptied"),
        pytest.param(
            a_diff("@@ -1,2 +1,2 @@\n-one\n+ONE\n two\n@@ -4,2 +4,2 @@\n four\n-five\n+FIVE\n"), id="two hunks"
        ),
        pytest.param(a_diff("@@ -1,3 +1,3 @@\n alpha\n \n-beta\n+BETA\n", "src/b.txt"), id="a blank context line"),
        pytest.param(a_diff("@@ -1,3 +1,3 @@\n alpha\n\n-beta\n+BETA\n", "src/b.txt"), id="a bare blank line"),
        pytest.param(
            a_diff("@@ -5 +5 @@\n-five\n\\ No newline at end of file\n+FIVE\n\\ No newline at end of file\n"),
            id="no newline at the end",
        ),
        pytest.param("--- /dev/null\n+++ b/new.txt\n@@ -0,0 +1,2 @@\n+x\n+y\n", id="new file"),
        pytest.param(
            "--- a/src/a.txt\n+++ /dev/null\n@@ -1,5 +0,0 @@\n-one\n-two\n-three\n-four\n-five\n", id="deleted file"
        ),
        pytest.param(GOOD + a_diff("@@ -1 +1 @@\n-alpha\n+ALPHA\n", "src/b.txt"), id="several files"),
        pytest.param(
            GOOD + "\n" + a_diff("@@ -1 +1 @@\n-alpha\n+ALPHA\n", "src/b.txt"), id="a blank line between files"
        ),
        pytest.param(a_diff("@@ -1,2 +1,2 @@\n-nobody knows\n+this\n file\n", "elsewhere.txt"), id="file not at hand"),
        pytest.param(
            a_diff("@@ -1,2 +1,2 @@\n--- a comment\n+-- another\n x\n", "q.sql"), id="lines that look like headers"
        ),
    ],
)
def test_a_diff_that_applies_passes(text: str) -> None:
    assert diff_problem(text, FILES) is None


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("", "no hunk", id="nothing"),
        pytest.param("I changed line 2 to TWO.", "no hunk", id="prose"),
        pytest.param("--- a/x\n+++ b/x\n", "no hunk", id="headers alone"),
        pytest.param("@@ -1 +1 @@\n-a\n+b\n", "before any", id="no file"),
        pytest.param("--- a/x\n@@ -1 +1 @@\n-a\n+b\n", "no valid header", id="no +++"),
        pytest.param(a_diff("@@ -1,4 +1,4 @@\n one\n-two\n+TWO\n three\n"), "claims 4 old and 4 new", id="too few"),
        pytest.param(a_diff("@@ -1,2 +1,2 @@\n one\n-two\n+TWO\n three\n"), "claims 2 old and 2 new", id="too many"),
        pytest.param(a_diff("@@ -1,3 +1,4 @@\n one\n-two\n+TWO\n three\n"), "claims 3 old and 4 new", id="one side"),
        pytest.param(a_diff("@@ ... @@\n-two\n+TWO\n"), "no valid header", id="no numbers"),
        pytest.param(a_diff("@@ -1,2 +1,2 @@\n-two\n+TWO\n four\n"), "not in the file", id="lines not in a row"),
        pytest.param(a_diff("@@ -1 +1 @@\n-Two\n+TWO\n"), "not in the file", id="another case"),
        pytest.param(a_diff("@@ -1 +1 @@\n-two \n+TWO\n"), "not in the file", id="trailing blank"),
        pytest.param(
            "--- a/src/a.txt\n+++ /dev/null\n@@ -1,2 +0,0 @@\n-one\n-2\n", "not in the file", id="wrong deletion"
        ),
        pytest.param(
            GOOD + a_diff("@@ -1 +1 @@\n-gamma\n+ALPHA\n", "src/b.txt"), "src/b.txt", id="the second of two files"
        ),
        pytest.param(
            a_diff("@@ -1 +1 @@\n-one\n+ONE\n@@ -4 +4 @@\n-for\n+4\n"), "not in the file", id="the second hunk"
        ),
    ],
)
def test_a_diff_that_does_not_apply_is_turned_down_with_the_place(text: str, what: str) -> None:
    problem = diff_problem(text, FILES)
    assert problem is not None and what in problem


def test_a_file_is_not_guessed_where_two_would_fit() -> None:
    files = {"x/a.txt": "one\n", "y/a.txt": "two\n"}
    assert diff_problem(a_diff("@@ -1 +1 @@\n-three\n+3\n", "a.txt"), files) is None


@pytest.mark.parametrize("ends", ["\r\n", "\n"])
def test_a_diff_against_a_file_with_crlf_applies_however_its_own_lines_end(ends: str) -> None:
    """A model that read such a file mostly answers with plain newlines."""
    files = {"src/a.txt": FILE.replace("\n", "\r\n")}
    assert diff_problem(GOOD.replace("\n", ends), files) is None


@pytest.mark.parametrize("odd", ["\x0c", "a\x0cb", "a\u2028b", "a\x85b", "a\x1cb", "a\x0bb"])
def test_only_newlines_end_a_line(odd: str) -> None:
    """Form feeds and the like stand within lines of real files."""
    files = {"a.txt": f"{odd}\nx\n"}
    assert diff_problem(a_diff(f"@@ -1,2 +1,2 @@\n {odd}\n-x\n+y\n", "a.txt"), files) is None


def test_a_signature_after_the_last_hunk_is_no_part_of_it() -> None:
    assert diff_problem(GOOD + "-- \n2.43.0\n", FILES) is None


@pytest.mark.parametrize("wrap", ["{}", "```diff\n{}```", "The patch:\n\n```diff\n{}```\n\nIt renames two."])
def test_a_diff_is_judged_as_the_caller_will_get_it(wrap: str) -> None:
    task = Task("x", expect="diff", sources=(a_source(FILE, "src/a.txt"),))
    text = wrap.format(GOOD)
    assert check_answer(task, an_answer(text), unwrap(task, text)) is None
    wrong = text.replace("-two", "-deux")
    found = check_answer(task, an_answer(wrong), unwrap(task, wrong))
    assert found and found.check == "diff" and "not in the file" in found.reason


def test_a_diff_of_garbage_never_raises() -> None:
    for text in ("@@", "--- \n+++ \n@@ -1 +1 @@\n", "+++ b/x\n--- a/x\n", "\x00" * 50, "@@ -1,99999999999 +1 @@\n" * 3):
        assert diff_problem(text, FILES) is not None
