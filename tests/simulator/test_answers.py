"""Answers worked out from the request: right where they can be, well-formed always, the same each time."""

import ast
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from gemini_mcp.simulator.answers import answer
from gemini_mcp.simulator.arithmetic import evaluate, posed
from gemini_mcp.simulator.shown import ShownFile, instruction, shown_files
from gemini_mcp.simulator.wire import read_generate

ARTICLE = (
    "Rivers carry water to the sea. Rivers carry sediment, and sediment builds deltas where rivers meet the sea. "
    "My aunt owns a bicycle. Water in rivers comes from rain, from snow and from springs."
)
FILE = '<file path="src/greet.py">\ndef greet(name):\n    return "hello " + name\n\n\ngreet("you")\n</file>'


def said(asked: str, system: str = "", **config: Any) -> str:
    body = {"contents": [{"parts": [{"text": asked}]}], "generationConfig": config}
    return answer(read_generate(body | {"systemInstruction": {"parts": [{"text": system}]}}, "gemini-x", _no_files))


def _no_files(uri: str) -> tuple[str, bytes]:
    raise AssertionError(uri)


@pytest.mark.parametrize(
    ("asked", "value"),
    [
        ("2+2?", 4),
        ("What is 6 * 7?", 42),
        ("what's (1 + 2) * 3", 9),
        ("How much is 7 plus 5?", 12),
        ("Calculate 10 divided by 4", 2.5),
        ("Compute: 2^10", 1_024),
        ("12 / 5 = ?", 2.4),
        ("17 % 5", 2),
        ("A task.\n\nWhat is -3 + 10 ?\n", 7),
        ("What is 0.1 + 0.2?", 0.3),
        ("How much is 3 \N{MULTIPLICATION SIGN} 4?", 12),
    ],
)
def test_arithmetic_that_is_asked_for_is_worked_out(asked: str, value: float) -> None:
    assert posed(asked) == value
    assert said(asked) == f"[simulated] {value}"


@pytest.mark.parametrize(
    "text",
    [
        "Released on 2026-11-21, see pages 3-5.",
        "Version 1.2.3-4 is out",
        "Call 555-1234 now.",
        "What is the difference between TCP and UDP?",
        "How many of the 3 boats sank?",
    ],
)
def test_numbers_that_are_no_question_are_left_alone(text: str) -> None:
    assert posed(text) is None


@pytest.mark.parametrize(
    "expression",
    ["9**9**9", "2**65", "1/0", "10**30*10", "__import__('os')", "a+1", "(-8)**0.5", "1+" * 150 + "1", "True+1"],
)
def test_what_is_no_plain_arithmetic_or_too_large_is_not_evaluated(expression: str) -> None:
    assert evaluate(expression) is None


def test_a_question_at_the_end_of_a_long_text_is_found() -> None:
    assert posed("Some prose about boats. " * 10_000 + "What is 3 * 5?") == 15


def test_a_summary_is_made_of_the_sentences_that_share_most_words() -> None:
    summary = said(f"Summarise this text.\n\n{ARTICLE}")
    assert summary.startswith("[simulated] ")
    assert "sediment builds deltas" in summary
    assert "aunt" not in summary
    assert all(sentence.strip(". ") in ARTICLE for sentence in summary.removeprefix("[simulated] ").split(". "))


def test_a_summary_of_files_gives_path_and_line() -> None:
    numbered = f'<file path="docs/rivers.md">\nIntroduction\n\n{ARTICLE}\n</file>'
    assert "sediment builds deltas where rivers meet the sea. [docs/rivers.md:3]" in said(f"Summarise.\n{numbered}")


def test_other_prose_says_that_a_judgement_needs_a_model() -> None:
    prose = said("Is this plan any good? I would sell the boat.")
    assert prose.startswith("[simulated] The prompt holds 10 words in 2 sentences")
    assert prose.endswith("A judgement needs a real model.")


def test_sources_between_marks_are_files_like_others() -> None:
    fenced = "<<<SOURCE 0123456789ab notes.md (lines 40-41)>>>\none\ntwo\n<<<END 0123456789ab>>>"
    assert shown_files(f"{fenced}\n\nTask:\nGo.") == (ShownFile("notes.md", ("one", "two"), 40),)
    assert instruction(f"{fenced}\n\nTask:\nGo.").strip() == "Task:\nGo."


@pytest.mark.parametrize(
    ("asked", "system"),
    [
        ("Write a Python function `slug(text: Slug, sep='-')` that makes slugs.", ""),
        ("Make slugs: def slug(text, sep): ...", "Answer with Python code only, without Markdown fences."),
        ("def slug(text, sep) is missing its body. Implement it in Python.", ""),
    ],
)
def test_python_asked_for_is_a_module_that_runs_and_has_the_function(asked: str, system: str) -> None:
    code = said(asked, system)
    space: dict[str, Any] = {}
    exec(compile(code, "answer", "exec"), space)
    assert isinstance(space["slug"]("a", "b"), int)


@pytest.mark.parametrize(
    "asked",
    [
        "Write Python: def f(a, a): ...",
        "Write Python: `class(x)`",
        "Write Python: def f(a: List[int] = UNKNOWN, *rest, key=None, **more): ...",
        "Write a Python function that returns pi.",
        'Write Python. Say """quoted\\" things.',
        "Write Python: def f(a\x00): ...",
    ],
)
def test_python_runs_whatever_was_asked(asked: str) -> None:
    exec(compile(said(asked), "answer", "exec"), {})


def test_python_that_is_to_compute_returns_the_value() -> None:
    space: dict[str, Any] = {}
    exec(said("What is 6 * 7? Answer with Python code."), space)
    assert space["answer"]() == 42


def test_python_is_fenced_when_the_instructions_speak_of_a_fence() -> None:
    fenced = said("Make a parser.", "Answer with one fenced block of Python code: ```python ... ```.")
    assert fenced.startswith("```python\n") and fenced.endswith("\n```")
    assert ast.parse(fenced.removeprefix("```python\n").removesuffix("```")).body


@pytest.mark.parametrize("asked", ["Explain what this Python code does: x = 1", "Summarise this Python module."])
def test_python_that_is_only_talked_about_gets_prose(asked: str) -> None:
    assert said(asked).startswith("[simulated] ")


@pytest.mark.parametrize(
    ("shown", "path", "before"),
    [
        (FILE, "src/greet.py", 'def greet(name):\n    return "hello " + name\n\n\ngreet("you")\n'),
        ("`web/app.ts`\n```ts\nlet a = 1;\n```", "web/app.ts", "let a = 1;\n"),
        ("```sh run.sh\n#!/bin/sh\necho 1\n```", "run.sh", "#!/bin/sh\necho 1\n"),
        ("--- notes.md ---\n# Notes\n\nText\n", "notes.md", "# Notes\n\nText\n"),
        ('<file path="a.py">\n1: x = 1\n2: y = 2\n</file>', "a.py", "x = 1\ny = 2\n"),
        ('<file path="empty.py">\n</file>', "empty.py", ""),
    ],
)
def test_a_diff_applies_to_the_first_file_shown(tmp_path: Path, shown: str, path: str, before: str) -> None:
    diff = said(f"Mend it. Answer with a unified diff.\n\n{shown}")
    target = tmp_path / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(before)
    applied = subprocess.run(
        ["git", "apply", "-"], input=diff, text=True, cwd=tmp_path, capture_output=True, check=False
    )
    assert applied.returncode == 0, applied.stderr + diff
    after = target.read_text()
    assert after != before
    assert [line for line in after.splitlines() if "stand-in" not in line] == before.splitlines()


def test_a_diff_of_a_part_of_a_file_is_numbered_as_it_was_shown() -> None:
    part = '<file path="a.py">\n41: x = 1\n42: y = 2\n</file>'
    assert "@@ -41,2 +41,3 @@" in said(f"Answer with a unified diff.\n{part}")


def test_a_diff_without_a_file_makes_one(tmp_path: Path) -> None:
    diff = said("Return a unified diff that adds a note about boats.")
    subprocess.run(["git", "apply", "-"], input=diff, text=True, cwd=tmp_path, check=True)
    assert "boats" in (tmp_path / "ANSWER.md").read_text()


def test_files_are_read_out_of_a_prompt_and_the_task_is_what_remains() -> None:
    text = f"Look at this.\n{FILE}\nThen answer.\n\n```json\n{{}}\n```\nEnd."
    assert [file.path for file in shown_files(text)] == ["src/greet.py", ""]
    task = instruction(text)
    assert "Look at this." in task and "Then answer." in task and "End." in task
    assert "greet" not in task and "{}" not in task


def test_line_numbers_shown_beside_the_text_are_not_part_of_it() -> None:
    file = shown_files('<file path="a.md">\n 9 | nine\n10 | ten\n</file>')[0]
    assert file == ShownFile("a.md", ("nine", "ten"), 9)


@pytest.mark.parametrize("text", ["<file path='a'>\n", "1+", "(", "1 ", "```\nx\n", "what is (", "- ", "write "])
def test_no_text_is_slow_to_answer(text: str) -> None:
    began = time.process_time()
    said(text * (400_000 // len(text)))
    assert time.process_time() - began < 5


def test_json_without_a_schema_is_an_object_without_the_label() -> None:
    assert json.loads(said("What is 2+2?", responseMimeType="application/json")) == {"answer": "4"}


def test_an_answer_is_the_same_each_time() -> None:
    assert len({said(f"Summarise. {ARTICLE}") for _ in range(3)}) == 1
