"""Taking the answer out of what a model wraps around it, and nothing else."""

import subprocess
import sys

import pytest

from gemini_mcp.domain.forms import unwrap
from gemini_mcp.domain.task import Expect, Task

DIFF = "--- a/x.py\n+++ b/x.py\n@@ -1,2 +1,2 @@\n-a\n+b\n c\n"
CODE = 'def f():\n    return "```"\n'


def bare(expect: Expect, text: str) -> str:
    return unwrap(Task("x", expect=expect), text)


@pytest.mark.parametrize("expect", ["text", "markdown"])
@pytest.mark.parametrize("text", ["```\ncode\n```", "  indented", "a\n\n```python\nx = 1\n```\nb", "- item\n  - item"])
def test_prose_keeps_its_fences_and_its_indentation(expect: Expect, text: str) -> None:
    assert bare(expect, f"\n\n{text}\n\n") == text


@pytest.mark.parametrize(
    "text",
    [
        '{"a": 1}',
        '```json\n{"a": 1}\n```',
        '```\n{"a": 1}\n```',
        '```JSON\n{"a": 1}\n```  \n',
        '\n\n```json\n{"a": 1}```',
        'Here it is:\n\n```json\n{"a": 1}\n```\n\nI hope that helps.',
        '```json\r\n{"a": 1}\r\n```\r\n',
    ],
)
def test_json_comes_out_of_its_fence_and_of_prose_around_it(text: str) -> None:
    assert bare("json", text) == '{"a": 1}'


def test_a_schema_makes_it_json_whatever_form_was_named() -> None:
    assert unwrap(Task("x", output_schema={"type": "array"}), "```json\n[]\n```") == "[]"


def test_json_without_a_fence_is_left_for_the_check_to_judge() -> None:
    assert bare("json", 'Sure: {"a": 1}') == 'Sure: {"a": 1}'


def test_fence_marks_inside_a_json_string_stay() -> None:
    assert bare("json", '{"a": "```x```"}') == '{"a": "```x```"}'


@pytest.mark.parametrize(
    "text",
    [CODE, f"```python\n{CODE}```", f"```py\n{CODE}```\n", f"Here:\n```python\n{CODE}```\nDone.", f"```\n{CODE}```"],
)
def test_python_comes_out_whole(text: str) -> None:
    assert bare("python", text) == CODE.strip("\n")


def test_indentation_at_the_start_of_code_stays() -> None:
    assert bare("python", "```python\n    x = 1\n    y = 2\n```") == "    x = 1\n    y = 2"


@pytest.mark.parametrize(
    "text", [DIFF, DIFF.rstrip("\n"), f"```diff\n{DIFF}```", f"The patch:\n\n```patch\n{DIFF}```\nok"]
)
def test_a_diff_ends_in_exactly_one_newline(text: str) -> None:
    assert bare("diff", text) == DIFF


def test_a_diffs_last_blank_context_line_keeps_its_mark() -> None:
    text = "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n+b\n \n"
    assert bare("diff", f"```diff\n{text}```") == text


def test_of_two_blocks_none_is_chosen() -> None:
    text = "```python\nx = 1\n```\nor\n```python\nx = 2\n```"
    assert bare("python", text) == text


def test_a_block_in_another_language_is_not_the_answer() -> None:
    text = "Run it:\n```bash\nmake\n```\nThen:\n```python\nx = 1\n```"
    assert bare("python", text) == "x = 1"


def test_an_answer_that_repeats_itself_without_end_does_not_hold_up_the_process() -> None:
    """As much as one answer can hold; in a process of its own, since nothing interrupts a regular expression."""
    asked = "unwrap(Task('x', expect='python'), '```a\\n' * 26_000)"
    code = f"from gemini_mcp.domain.forms import unwrap\nfrom gemini_mcp.domain.task import Task\n{asked}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=5)
