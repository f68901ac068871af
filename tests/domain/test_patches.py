"""Unified diffs as data: names, numbers, statuses; and what is refused, with the line that is at fault."""

import difflib
import random

import pytest

from gemini_mcp.domain.hunks import MalformedPatch, raw_hunks
from gemini_mcp.domain.patches import FilePatch, new_side, parse_patch

GIT = """\
diff --git a/src/a.py b/src/a.py
index 1111111..2222222 100644
--- a/src/a.py
+++ b/src/a.py
@@ -1,4 +1,5 @@ class A:
 one
-two
+TWO
+two and a half
 three
 four
@@ -10,3 +11,2 @@ def f():
 ten
-eleven
 twelve
"""


def one(text: str) -> FilePatch:
    (patch,) = parse_patch(text)
    return patch


def a_diff(old: str, new: str, body: str) -> str:
    return f"--- {old}\n+++ {new}\n{body}"


def test_lines_have_their_numbers_on_both_sides() -> None:
    patch = one(GIT)
    first, second = patch.hunks
    assert (patch.path, patch.status, first.section, second.section) == ("src/a.py", "modified", "class A:", "def f():")
    assert [(line.mark, line.text, line.old, line.new, line.place) for line in first.lines] == [
        (" ", "one", 1, 1, 1),
        ("-", "two", 2, None, 2),
        ("+", "TWO", None, 2, 2),
        ("+", "two and a half", None, 3, 3),
        (" ", "three", 3, 4, 4),
        (" ", "four", 4, 5, 5),
    ]
    assert [(line.old, line.new, line.place) for line in second.lines] == [(10, 11, 11), (11, None, 12), (12, 12, 12)]


def test_touched_are_added_lines_and_the_neighbours_of_mere_removals() -> None:
    assert one(GIT).touched == {2, 3, 11, 12}
    gone = one(a_diff("a/x", "b/x", "@@ -1,2 +1 @@\n-one\n two\n"))
    assert gone.touched == {1}
    assert one(a_diff("a/x", "b/x", "@@ -2,2 +1,0 @@\n-two\n-three\n")).touched == {1, 2}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param("a/x.py", "b/x.py", ("x.py", "x.py"), id="git's own"),
        pytest.param("i/x.py", "w/x.py", ("x.py", "x.py"), id="mnemonic"),
        pytest.param("x.py", "x.py", ("x.py", "x.py"), id="no prefix"),
        pytest.param("a/x.py", "a/x.py", ("a/x.py", "a/x.py"), id="a folder named a"),
        pytest.param("old/x.py", "new/x.py", ("old/x.py", "new/x.py"), id="two folders"),
        pytest.param("x.py\t2026-11-21 10:00:00", "x.py\t2026-11-21 10:00:01", ("x.py", "x.py"), id="with times"),
        pytest.param("a/with blank.py\t", "b/with blank.py\t", ("with blank.py", "with blank.py"), id="a blank"),
        pytest.param(
            '"a/sp\\303\\244\\303\\237e \\"q\\" \\\\ \\t.py"',
            '"b/sp\\303\\244\\303\\237e \\"q\\" \\\\ \\t.py"',
            ('späße "q" \\ \t.py', 'späße "q" \\ \t.py'),
            id="quoted",
        ),
        pytest.param("/dev/null", "b/x.py", (None, "x.py"), id="added"),
        pytest.param("a/x.py", "/dev/null", ("x.py", None), id="deleted"),
        pytest.param("/dev/null", "x.py", (None, "x.py"), id="added, no prefix"),
    ],
)
def test_names_are_read_as_they_are_meant(old: str, new: str, expected: tuple[str | None, str | None]) -> None:
    patch = one(a_diff(old, new, "@@ -1 +1 @@\n-x\n+y\n"))
    assert (patch.old_path, patch.new_path) == expected


@pytest.mark.parametrize(
    ("headers", "status", "names", "binary"),
    [
        ("new file mode 100644\nindex 0000000..e69de29", "added", (None, "n"), False),
        ("deleted file mode 100644\nindex e69de29..0000000", "deleted", ("n", None), False),
        ("old mode 100644\nnew mode 100755", "mode changed", ("n", "n"), False),
        ("similarity index 100%\nrename from n\nrename to sub/m", "renamed", ("n", "sub/m"), False),
        ("similarity index 90%\ncopy from n\ncopy to m", "copied", ("n", "m"), False),
        (
            "old mode 100644\nnew mode 100755\nsimilarity index 90%\nrename from n\nrename to m",
            "renamed",
            ("n", "m"),
            False,
        ),
        ("index 1..2 100644\nBinary files a/n and b/n differ", "modified", ("n", "n"), True),
        ("new file mode 100644\nindex 0..2\nBinary files /dev/null and b/n differ", "added", (None, "n"), True),
        (
            "index 1..2 100644\nGIT binary patch\nliteral 3\nKcmZQzWMT#Y01f~L\n\nliteral 2\nJcmZQz000310RR91\n",
            "modified",
            ("n", "n"),
            True,
        ),
    ],
)
def test_files_without_hunks_are_told(
    headers: str, status: str, names: tuple[str | None, str | None], binary: bool
) -> None:
    first, second = parse_patch(f"diff --git a/n b/n\n{headers}\n{GIT}")
    assert (first.status, (first.old_path, first.new_path), first.binary, first.hunks) == (status, names, binary, ())
    assert second.path == "src/a.py" and len(second.hunks) == 2


def test_a_rename_with_changes_has_both() -> None:
    text = (
        "diff --git a/x b/y\nsimilarity index 90%\nrename from x\nrename to y\n--- a/x\n+++ b/y\n@@ -1 +1 @@\n-a\n+b\n"
    )
    patch = one(text)
    assert (patch.status, patch.old_path, patch.path, len(patch.hunks)) == ("renamed", "x", "y", 1)


@pytest.mark.parametrize("name", ["with blank", "a b/c d"])
def test_a_name_with_blanks_is_found_in_git_s_first_line(name: str) -> None:
    assert one(f"diff --git a/{name} b/{name}\nold mode 100644\nnew mode 100755\n").path == name


def test_several_plain_files_are_told_apart() -> None:
    text = "diff -ru old/a new/a\n" + a_diff("old/a", "new/a", "@@ -1 +1 @@\n-x\n+y\n")
    text += "Only in new: c\nBinary files old/b and new/b differ\n" + a_diff("d", "d", "@@ -1 +1 @@\n-x\n+y\n")
    assert [(patch.path, patch.binary) for patch in parse_patch(text)] == [
        ("new/a", False),
        ("new/b", True),
        ("d", False),
    ]


def test_talk_around_a_diff_is_passed_over() -> None:
    text = f"From 1234 Mon Sep 17\nSubject: [PATCH] it\n\nBecause.\n---\n src/a.py | 4 ++--\n\n{GIT}-- \n2.39.5\n"
    assert one(text) == one(GIT)


def test_line_ends_that_came_on_the_way_are_taken_off_and_the_file_s_own_are_kept() -> None:
    assert one(GIT.replace("\n", "\r\n")) == one(GIT)
    (hunk,) = one(a_diff("a/x", "b/x", "@@ -1 +1 @@\n-one\r\n+ONE\r\n")).hunks
    assert hunk.new_lines == ["ONE\r"]


def test_a_missing_newline_at_the_end_is_no_line() -> None:
    body = "@@ -1 +1 @@\n-one\n\\ No newline at end of file\n+ONE\n\\ No newline at end of file\n"
    (hunk,) = one(a_diff("a/x", "b/x", body)).hunks
    assert (hunk.old_lines, hunk.new_lines) == (["one"], ["ONE"])


def test_lines_that_look_like_headers_are_lines() -> None:
    body = "@@ -1,3 +1,3 @@\n--- a comment\n+-- another\n @@ -1 +1 @@\n diff --git a/x b/x\n"
    assert [line.text for line in one(a_diff("a/q.sql", "b/q.sql", body)).hunks[0].lines] == [
        "-- a comment",
        "-- another",
        "@@ -1 +1 @@",
        "diff --git a/x b/x",
    ]


def test_a_trimmed_diff_may_lack_its_last_blank_line() -> None:
    whole = a_diff("a/x", "b/x", "@@ -1,3 +1,3 @@\n-one\n+ONE\n two\n \n")
    assert one(whole.rstrip()).hunks[0].new_lines == ["ONE", "two"]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        pytest.param("", "no change", id="nothing"),
        pytest.param("I changed two lines.", "no change", id="prose"),
        pytest.param("--- a/x\n+++ b/x\n", "no change", id="headers alone"),
        pytest.param("@@ -1 +1 @@\n-a\n+b\n", "line 1: a hunk before any", id="no file"),
        pytest.param("--- a/x\n@@ -1 +1 @@\n-a\n+b\n", "line 1 is no valid header", id="no +++"),
        pytest.param(a_diff("a/x", "b/x", "@@ ... @@\n-a\n+b\n"), "line 3 is no valid header", id="no numbers"),
        pytest.param(a_diff("a/x", "b/x", "@@ -1,3 +1,3 @@\n-a\n+b\n"), "line 3: .* claims 3 old", id="too few"),
        pytest.param(a_diff("a/x", "b/x", "@@ -1 +1 @@\n-a\n+b\n+c\n"), "line 3: .* has 1 and 2", id="too many"),
        pytest.param(a_diff("a/x", "b/x", "@@ -0,1 +0,1 @@\n-a\n+b\n"), "line 3: .* lines count from 1", id="line 0"),
        pytest.param("diff --cc x\nindex 1,2..3\n--- a/x\n+++ b/x\n@@@ -1 -1 +1 @@@\n- a\n", "combined", id="merge"),
        pytest.param("--- a/x\n+++ b/x\n@@@ -1 -1 +1 @@@\n- a\n", "line 3 .*combined", id="merge without its header"),
    ],
)
def test_what_is_no_diff_is_refused_with_the_place(text: str, what: str) -> None:
    with pytest.raises(MalformedPatch, match=what):
        parse_patch(text)


def test_garbage_is_refused_or_read_and_never_breaks_anything() -> None:
    chance = random.Random(7)
    pieces = [
        *GIT.splitlines(keepends=True),
        "@@ -1,2 +1 @@\n",
        "\x00",
        "\ud800",
        '--- "a/\\777\n',
        "+++ b/x\n",
        "\\\n",
        "-",
        "\r\n",
    ]
    for _ in range(3_000):
        text = "".join(chance.choices(pieces, k=chance.randint(1, 12)))
        try:
            for patch in parse_patch(text):
                assert patch.path is not None and all(number > 0 for number in patch.touched)
        except MalformedPatch as error:
            assert str(error)


def test_a_diff_made_of_two_texts_leads_from_one_to_the_other() -> None:
    chance = random.Random(11)
    for _ in range(300):
        old = [chance.choice("abcdefgh \t") * chance.randint(0, 3) for _ in range(chance.randint(0, 30))]
        new = [line for line in old if chance.random() > 0.2]
        for _ in range(chance.randint(1, 6)):
            new.insert(chance.randint(0, len(new)), f"new {chance.random()}")
        text = "\n".join(difflib.unified_diff(old, new, "a/x", "b/x", n=chance.choice([1, 3]), lineterm="")) + "\n"
        patch = one(text)
        before, after = "\n".join([*old, ""]), "\n".join([*new, ""])
        assert new_side(patch, before) == after
        assert new_side(patch, after) == after
        assert {new[number - 1] for number in patch.touched if number <= len(new)} >= {
            x for x in new if x.startswith("new")
        }


def test_a_file_that_the_diff_does_not_fit_is_not_taken_for_either_side() -> None:
    assert new_side(one(GIT), "something\nelse\n") is None


def test_a_change_that_only_removes_is_applied_to_the_side_that_still_has_it() -> None:
    patch = one(a_diff("a/x", "b/x", "@@ -2 +1,0 @@\n-two\n"))
    assert new_side(patch, "one\ntwo\nthree\n") == "one\nthree\n"


def test_raw_hunks_keep_the_counts_that_are_claimed() -> None:
    (hunk,) = raw_hunks(a_diff("a/x", "b/x", "@@ -1,9 +1,9 @@\n-a\n+b\n"))
    assert (hunk.old_count, hunk.new_count, hunk.old_lines, hunk.new_lines) == (9, 9, ["a"], ["b"])
