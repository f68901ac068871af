"""What a file is taken for, and notebooks as text."""

import json
import random
from typing import Any

import pytest

from gemini_mcp.domain.errors import TooLarge, UnsupportedFormat
from gemini_mcp.sources.formats import HEAD_BYTES, Format, format_of, unsupported
from gemini_mcp.sources.notebooks import MOST_OUTPUT, bounded_json, notebook_text

from . import bombs, made

TEXT, HTML, NOTEBOOK = Format("text"), Format("html"), Format("notebook")
PDF = Format("pdf", "application/pdf")
DOCX, PPTX, XLSX = Format("docx"), Format("pptx"), Format("xlsx")
PNG, JPEG = Format("image", "image/png"), Format("image", "image/jpeg")
ZIP = b"PK\x03\x04" + bytes(22)
OLE = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(500)


def entry(name: bytes) -> bytes:
    return ZIP + len(name).to_bytes(2, "little") + bytes(2) + name


# ------------------------------------------------------------------------------------------------------------- formats


@pytest.mark.parametrize(
    ("name", "head", "expected"),
    [
        ("a.txt", b"hello", TEXT),
        ("a.py", b"import os\n", TEXT),
        ("README", b"hello", TEXT),
        ("a.svg", b"<svg xmlns='x'/>", TEXT),
        ("a.txt", b"", TEXT),
        ("a.md", "grüße €".encode("cp1252"), TEXT),
        ("a.txt", "日本語".encode("shift_jis"), TEXT),
        ("a.txt", "日本語".encode("iso2022_jp"), TEXT),
        ("a.txt", "hello".encode("utf-16"), TEXT),
        ("a.txt", "日本語".encode("utf-16"), TEXT),
        ("a.txt", "hello there".encode("utf-16-le"), TEXT),
        ("a.txt", "hello there".encode("utf-16-be"), TEXT),
        ("a.log", b"\x1b[31mred\x1b[0m\x0c\n", TEXT),
        ("a.txt", b"how PDF files begin: %PDF-1.7", TEXT),
        ("a.html", b"<p>no head", HTML),
        ("a.htm", b"", HTML),
        ("page", b"\n <!DOCTYPE html>\n<html>", HTML),
        ("page.txt", b"\xef\xbb\xbf<HTML lang=de>", HTML),
        ("a.pdf", b"<?xml version='1.0'?>\n<!-- not --> <!-- found -->\n<html>", HTML),
        ("a.xml", b"<htmlish/>", TEXT),
        ("a.php", b"<!DOCTYPE html>\n<?php echo 1; ?>", TEXT),
        ("a.ipynb", b'{"cells": []}', NOTEBOOK),
        ("a.pdf", b"%PDF-1.7\n%\xe2\xe3", PDF),
        ("a.txt", b"%PDF-1.7\n%\xe2\xe3", PDF),
        ("a.PDF", bytes(100) + b"%PDF-1.4", PDF),
        ("a.pdf", b"", PDF),
        ("a.pdf", b"\0\1\2\3" * 50, PDF),
        ("a.png", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", PNG),
        ("photo.png", b"\xff\xd8\xff\xe0\0\x10JFIF", JPEG),
        ("photo", b"GIF89a\1\0\1\0", Format("image", "image/gif")),
        ("photo.jpeg", b"RIFF\x10\0\0\0WEBPVP8 ", Format("image", "image/webp")),
        ("photo", b"\0\0\0\x18ftypheic\0\0\0\0", Format("image", "image/heic")),
        ("photo", b"\0\0\0\x18ftypmif1\0\0\0\0", Format("image", "image/heif")),
        ("a.jpg", b"\0\0\0\0", JPEG),
        ("a.docx", entry(b"[Content_Types].xml"), DOCX),
        ("a.docm", entry(b"[Content_Types].xml"), DOCX),
        ("a.xlsm", entry(b"[Content_Types].xml"), XLSX),
        ("a.ppsx", entry(b"[Content_Types].xml"), PPTX),
        ("a.docx", entry(b"_rels/.rels") + entry(b"xl/workbook.xml"), XLSX),
        ("a.zip", entry(b"_rels/.rels") + entry(b"ppt/presentation.xml"), PPTX),
        ("a", entry(b"_rels/.rels") + entry(b"word/document.xml"), DOCX),
    ],
)
def test_content_decides_and_then_the_name(name: str, head: bytes, expected: Format) -> None:
    assert format_of(name, head) == expected


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("a.bin", bytes(100)),
        ("a.txt", bytes(range(256))),
        ("a.txt", b"text\0text"),
        ("a.exe", b"MZ\x90\0\3\0\0\0"),
        ("a.gz", b"\x1f\x8b\x08\0\0\0\0\0"),
        ("a.py", random.Random(1).randbytes(HEAD_BYTES)),
        ("a.py", random.Random(1).randbytes(HEAD_BYTES).replace(b"\0", b"")),
        ("a.html", bytes(50)),
        ("a.mp4", b"\0\0\0\x18ftypisom\0\0\0\0"),
        ("a.wav", b"RIFF\x10\0\0\0WAVEfmt "),
        ("a.zip", entry(b"x.txt")),
        ("a.txt", entry(b"password/x.txt")),
        ("a.jar", entry(b"META-INF/MANIFEST.MF")),
        ("a.xlsb", entry(b"_rels/.rels") + entry(b"xl/workbook.bin")),
        ("a.doc", OLE),
        ("a.docx", OLE),
        ("a.rtf", b"{\\rtf1\\ansi hello}"),
    ],
)
def test_what_cannot_be_read_has_no_format(name: str, head: bytes) -> None:
    assert format_of(name, head) is None


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (made.pdf(["hello"]), PDF),
        (made.docx(made.paragraph("x")), DOCX),
        (bombs.workbook(""), XLSX),
    ],
)
def test_real_files_are_known_without_a_name(data: bytes, expected: Format) -> None:
    assert format_of("x", data) == expected


def test_a_head_made_to_be_hard_is_judged_at_once() -> None:
    """Without possessive patterns this would take longer than anyone waits."""
    assert format_of("a", b"<!-- -->" * 1_000 + b" " * 5_000) == TEXT
    assert format_of("a", b" " * 4_000_000) == TEXT
    assert format_of("a", b"<?xml " * 500_000) == TEXT


@pytest.mark.parametrize(
    ("name", "head", "fix"),
    [
        ("a.doc", OLE, "Save it as .docx"),
        ("a.XLS", OLE, "Save it as .xlsx"),
        ("a.ppt", OLE, "Save it as .pptx"),
        ("a.odt", ZIP, "Save it as .docx"),
        ("a.rtf", b"{\\rtf1", "Save it as .docx"),
        ("a.tiff", b"II*\0", "Save it as .png"),
        ("a.docx", OLE, "Save it as .docx without a password"),
        ("a.bin", OLE, "Save it as .docx, .xlsx or .pptx without a password"),
        ("a.zip", ZIP, "Unpack it"),
        ("a", ZIP, "Unpack it"),
        ("a.tgz", b"\x1f\x8b", "Unpack it"),
        ("a.exe", b"MZ\0", "Text, PDF, DOCX"),
    ],
)
def test_the_refusal_says_what_to_do(name: str, head: bytes, fix: str) -> None:
    error = unsupported(name, head)
    assert name in error.message
    assert error.fix.startswith(fix)


# ----------------------------------------------------------------------------------------------------------- notebooks


def notebook(*cells: dict[str, Any], **more: Any) -> str:
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, **more})


def code(source: Any, *outputs: Any) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "outputs": list(outputs), "execution_count": 1}


def test_cells_are_shown_in_order_with_code_fenced() -> None:
    text = notebook({"cell_type": "markdown", "source": ["# Title\n", "words"]}, code("x = 1\nx"), code(""), code("y"))
    assert notebook_text(text) == "# Title\nwords\n\n```python\nx = 1\nx\n```\n\n```python\ny\n```"


def test_the_language_is_the_notebooks() -> None:
    text = notebook(code("1 + 1"), metadata={"language_info": {"name": "julia"}})
    assert notebook_text(text) == "```julia\n1 + 1\n```"
    odd = notebook(code("1"), metadata={"language_info": {"name": "x\n```\n# not a heading"}})
    assert notebook_text(odd) == "```\n1\n```"


def test_a_fence_is_longer_than_any_within() -> None:
    assert notebook_text(notebook(code("a = '''\n```\n'''"))) == "````python\na = '''\n```\n'''\n````"


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        ({"output_type": "stream", "name": "stdout", "text": ["one\n", "two\n"]}, "one\ntwo"),
        ({"output_type": "stream", "text": "\x1b[31mred\x1b[0m"}, "red"),
        ({"output_type": "execute_result", "data": {"text/plain": ["42"], "text/html": "<b>42</b>"}}, "42"),
        ({"output_type": "display_data", "data": {"text/html": "<b>bold</b>"}}, "<b>bold</b>"),
        ({"output_type": "error", "ename": "KeyError", "evalue": "'x'", "traceback": ["long"]}, "KeyError: 'x'"),
        ({"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo=", "text/plain": "<Figure>"}}, "<Figure>"),
    ],
)
def test_outputs_are_shown_as_plain_text(output: dict[str, Any], shown: str) -> None:
    assert notebook_text(notebook(code("x", output))) == f"```python\nx\n```\n\n```text\n{shown}\n```"


def test_pictures_are_left_out() -> None:
    picture = {"output_type": "display_data", "data": {"image/png": "iVBORw0KGgo=", "image/svg+xml": "<svg/>"}}
    assert notebook_text(notebook(code("plot()", picture))) == "```python\nplot()\n```"


def test_long_outputs_are_short_and_say_so() -> None:
    shown = notebook_text(notebook(code("x", {"output_type": "stream", "text": "q" * (MOST_OUTPUT + 1_234)})))
    assert shown.count("q") == MOST_OUTPUT
    assert "[1,234 characters of output left out]" in shown


def test_the_old_format_is_read() -> None:
    cell = {"cell_type": "code", "input": ["print(1)"], "outputs": [{"output_type": "stream", "text": ["1\n"]}]}
    text = json.dumps({"nbformat": 3, "worksheets": [{"cells": [cell, {"cell_type": "markdown", "source": "end"}]}]})
    assert notebook_text(text) == "```python\nprint(1)\n```\n\n```text\n1\n```\n\nend"


@pytest.mark.parametrize("value", [None, 1, "x", [], {}, {"a": 1}, [1, None], True])
def test_what_is_not_as_it_should_be_is_passed_over(value: Any) -> None:
    """Whatever stands where, a notebook is text or a refusal."""
    cell = {"cell_type": "code", "source": value, "outputs": value}
    outputs = [value, {"output_type": "stream", "text": value}, {"data": value}, {"data": {"text/plain": value}}]
    for text in (
        notebook(cell, code("x", *outputs), metadata=value),
        notebook(code("x"), metadata={"language_info": value}),
        json.dumps({"cells": [value, code("x")]}),
        json.dumps({"worksheets": [value, {"cells": [value, code("x")]}]}),
    ):
        assert "```" in notebook_text(text)


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"cells": 1}', '{"worksheets": {}}', "{}", "NaN", "{'a': 1}"])
def test_what_is_no_notebook_is_refused(text: str) -> None:
    with pytest.raises(UnsupportedFormat, match=r"a\.ipynb"):
        notebook_text(text, "a.ipynb")


@pytest.mark.parametrize("make", bombs.BOMBS["notebook"], ids=lambda make: make.__name__)
def test_a_notebook_bomb_is_too_large(make: Any) -> None:
    with pytest.raises(TooLarge, match=r"a\.ipynb"):
        notebook_text(make().decode(), "a.ipynb")


def test_json_with_many_values_is_too_large_before_it_is_read() -> None:
    bounded_json(json.dumps(list(range(1_000_000))), "a.json")
    with pytest.raises(TooLarge):
        bounded_json("[" + "1," * 2_100_000 + "1]", "a.json")
