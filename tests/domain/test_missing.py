"""What an answer lacks: few by name, many counted, each reason once."""

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


def test_few_with_several_reasons_are_named_on_one_line_each_with_its_own() -> None:
    missing = [
        ("docs/blob.bin", ".bin files are not read"),
        ("docs/logo.png", "an image"),
        ("docs/old.odt", "of a format that is not read"),
    ]
    assert told(missing, "not read", 8) == [
        "3 of 8 files not read: docs/old.odt (of a format that is not read), docs/blob.bin (.bin files are not read),"
        " docs/logo.png (an image)."
    ]


def test_many_are_counted_by_reason_and_lock_files_hide_no_document() -> None:
    locks = [(f"d{n}/uv.lock", "a lock file") for n in range(9)]
    binaries = [(f"a.b{n}", f".b{n} files are not read") for n in range(12)]
    missing = [*locks, *binaries, ("old.odt", "of a format that is not read"), ("old.doc", "it has a password")]
    (line,) = told(missing, "not read", 80)
    assert line.startswith(
        "23 of 80 files not read: of a format that is not read (1: old.odt); it has a password (1: old.doc);"
        " a lock file (9: e.g. d0/uv.lock, d1/uv.lock, d2/uv.lock); .b0 files are not read (1: a.b0);"
    )
    assert line.endswith("; 7 more, for 7 other reasons.")


def test_one_reason_too_many_is_told_like_the_others() -> None:
    (line,) = told([(f"a{n}", f"reason {n}") for n in range(9)], "not read", 9)
    assert line.endswith("reason 7 (1: a7); reason 8 (1: a8).")


def test_reasons_that_are_sentences_have_a_line_each_and_many_of_them_are_counted() -> None:
    missing = [("a", "one" * 40), *((f"b{n}", "two") for n in range(2)), *((f"c{n}", f"other {n}") for n in range(9))]
    lines = told(missing, "not read", 20)
    assert lines[0] == "2 of 20 files not read: two; b0, b1."
    assert lines[1] == f"1 of 20 files not read: {'one' * 40}; a."
    assert lines[4:] == ["7 more not read, for 7 other reasons."]


def test_a_reason_is_whole_on_one_line_and_fetches_nothing() -> None:
    reason = "$0.0123 is left\nand it needs $0.0456 (up to $0.0789)"
    (line,) = told([("![a](https://example.org).md", reason)], "not read", 1)
    assert "is left and it needs $0.0456 (up to $0.0789);" in line and "](" not in line and "\n" not in line
    (line,) = told([("a.md", "word " * 900)], "not read", 1)
    assert len(line) < 700 and "word …; a.md." in line


def test_programs_get_all_of_it() -> None:
    assert list(names_of([("a", "b")])) == [{"path": "a", "reason": "b"}]
