"""What an answer lacks: counted, each reason once, a few names."""

from gemini_mcp.domain.missing import names_of, told


def test_many_with_one_reason_are_one_line_with_three_names() -> None:
    missing = [(f"d/{n:03}.py", "no room. For them.") for n in range(137)]
    assert told(missing, "not read", 194) == [
        "137 of 194 files not read: no room. For them; e.g. d/000.py, d/001.py, d/002.py."
    ]


def test_few_are_named_whole() -> None:
    assert told([("a.py", "blank"), ("b.py", "blank")], "not read", 2) == ["2 of 2 files not read: blank; a.py, b.py."]
    assert told([("a.py", "blank")], "not reviewed", 1, "part") == ["1 of 1 part not reviewed: blank; a.py."]
    assert told([], "not read", 9) == []


def test_reasons_come_by_their_count_and_many_of_them_are_counted() -> None:
    missing = [("a", "one"), *((f"b{n}", "two") for n in range(2)), *((f"c{n}", f"other {n}") for n in range(9))]
    lines = told(missing, "not read", 20)
    assert lines[0] == "2 of 20 files not read: two; b0, b1."
    assert lines[1] == "1 of 20 files not read: one; a."
    assert lines[4:] == ["7 more not read, for 7 other reasons."]


def test_one_reason_too_many_is_told_like_the_others() -> None:
    lines = told([(f"a{n}", f"reason {n}") for n in range(5)], "not read", 5)
    assert len(lines) == 5 and lines[4] == "1 of 5 files not read: reason 4; a4."


def test_a_reason_is_whole_on_one_line_and_fetches_nothing() -> None:
    reason = "$0.0123 is left\nand it needs $0.0456 (up to $0.0789)"
    (line,) = told([("![a](https://example.org).md", reason)], "not read", 1)
    assert "is left and it needs $0.0456 (up to $0.0789);" in line and "](" not in line and "\n" not in line
    (line,) = told([("a.md", "word " * 900)], "not read", 1)
    assert len(line) < 700 and "word …; a.md." in line


def test_programs_get_all_of_it() -> None:
    assert list(names_of([("a", "b")])) == [{"path": "a", "reason": "b"}]
