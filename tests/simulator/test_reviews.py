"""Computed reviews: each rule on code that breaks it and on code that does not, and the product's own check on all."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import gemini_mcp
from gemini_mcp.domain.excerpts import Excerpt, whole_file
from gemini_mcp.domain.findings import FINDINGS_SCHEMA, Finding, read_findings
from gemini_mcp.domain.patches import parse_patch
from gemini_mcp.domain.refutation import REFUTATION_SCHEMA, apply_verdicts, claims
from gemini_mcp.domain.splitting import split_change, split_files
from gemini_mcp.domain.verification import verified
from gemini_mcp.simulator.answers import answer

from .made import request, source

PACKAGE = Path(gemini_mcp.__file__).parent
NOTE = "TO" + "DO: mend this"


def review(files: dict[str, str], task: str = "Review these files.", sent_as: str = "text") -> dict[str, Any]:
    sources = [source(path, text, sent_as=sent_as) for path, text in files.items()]
    read: dict[str, Any] = json.loads(answer(request(task, sources, FINDINGS_SCHEMA)))
    return read


def shown(text: str) -> str:
    """A whole file as a review shows it."""
    return Excerpt("", whole_file(text)).text


def found(text: str, path: str = "a.py", **more: str) -> list[tuple[int, str]]:
    """Line and category of each finding."""
    return [(each["line"], each["message"]) for each in review({path: shown(text)}, **more)["findings"]]


@pytest.mark.parametrize(
    ("faulty", "says", "sound"),
    [
        ("try:\n    f()\nexcept:\n    g()\n", "bare except", "try:\n    f()\nexcept ValueError:\n    g()\n"),
        ("try:\n    f()\nexcept Exception:\n    pass\n", "silence", "try:\n    f()\nexcept Exception:\n    g()\n"),
        ("def f(a, b=[]):\n    return b\n", "mutable default", "def f(a, b=()):\n    return b\n"),
        ("f = lambda a={}: a\n", "mutable default", "f = lambda a=None: a\n"),
        ("x = eval(text)\n", "eval and exec", "x = literal_eval(text)\n"),
        ("run(\n    line,\n    shell=True,\n)\n", "shell", "run(\n    line,\n    shell=False,\n)\n"),
        ("get(url, verify=False)\n", "TLS", "get(url, verify=True)\n"),
        ("pickle.loads(data)\n", "pickle", "json.loads(data)\n"),
        ("yaml.load(text)\n", "safe loader", "yaml.load(text, Loader=SafeLoader)\n"),
        ("if x == None:\n    f()\n", "by value", "if x is None:\n    f()\n"),
        ("if x is 'a':\n    f()\n", "identity", "if x is a:\n    f()\n"),
        ("assert (x, 'why')\n", "always holds", "assert x, 'why'\n"),
        ("raise NotImplemented('f')\n", "NotImplemented", "raise NotImplementedError('f')\n"),
        ("text = open(path).read()\n", "without `with`", "with open(path) as file:\n    text = file.read()\n"),
        ("file = open(path)\n", "without `with`", "self.file = open(path)\n"),
        ("x = f'abc'\n", "placeholder", "x = f'{a:>10}' f'abc'\n"),
        ("async def f():\n    time.sleep(1)\n", "event loop", "def f():\n    time.sleep(1)\n"),
        ("def f():\n    try:\n        g()\n    finally:\n        return 1\n", "swallows", "def f():\n    return 1\n"),
        ("import os\nx = 1\n", "`os` is imported", "import os\nx = os.sep\n"),
        ("breakpoint()\n", "breakpoint", "break_point()\n"),
        (f"x = 1  # {NOTE}\n", "left to do", "x = 1  # to do with y\n"),
        ("url = 'http://shop.test/'\n", "plain http", "url = 'http://localhost:80/'\n"),
        ("<<<<<<< ours\nx = 1\n", "merge conflict", "x = 1 <<1\n"),
        (f"x = '{'a' * 200}'\n", "very long", f"x = '{'a' * 150}'\n"),
    ],
)
def test_a_rule_is_found_where_it_is_broken_and_only_there(faulty: str, says: str, sound: str) -> None:
    findings = review({"a.py": shown(faulty)})["findings"]
    assert len(findings) == 1 and says in findings[0]["message"]
    assert faulty.split("\n")[findings[0]["line"] - 1].strip().startswith(findings[0]["quote"])
    assert found(sound) == []


@pytest.mark.parametrize(
    ("path", "faulty", "says"),
    [
        ("a.js", "box.innerHTML = text;", "innerHTML"),
        ("a.ts", "console.log(x);", "debugging"),
        ("a.c", "strcpy(to, from);", "size of its target"),
        ("a.go", f"// {NOTE}", "left to do"),
    ],
)
def test_other_languages_are_read_line_by_line(path: str, faulty: str, says: str) -> None:
    findings = review({path: shown(f"one\n{faulty}\n")})["findings"]
    assert [(each["line"], each["quote"]) for each in findings] == [(2, faulty)]
    assert says in findings[0]["message"]


def test_no_finding_is_grave_and_the_summary_says_that_nothing_was_judged() -> None:
    made = review({"a.py": shown("x = eval(y)\nif x == None:\n    x = eval(z)\n")})
    assert {each["severity"] for each in made["findings"]} == {"low", "medium"}
    assert made["summary"].startswith("Simulated: 3 findings in 1 file") and "no judgement" in made["summary"]
    assert review({"a.py": shown("x = 1\n")})["findings"] == []


def test_all_of_it_stands_up_when_it_is_looked_up() -> None:
    text = "import os\n\n\ndef f(a=[]):\n    try:\n        return eval(a)\n    except:\n        return a == None\n"
    files = {"pkg/a.py": text, "pkg/b.py": text}
    (unit,) = split_files(files, 12_000)
    made = review({each.path: each.text for each in unit.excerpts})
    looked_up = verified(read_findings(json.dumps(made)).findings, files)
    assert not looked_up.dropped and len(looked_up.kept) == 10
    assert [(each.file, each.line) for each in looked_up.kept if each.severity == "low"] == [
        *(("pkg/a.py", line) for line in (1, 8)),
        *(("pkg/b.py", line) for line in (1, 8)),
    ]


def test_unused_imports_are_told_of_whole_files_alone() -> None:
    text = shown("import os\nx = 1\n")
    assert review({"a.py": text}, sent_as="in part")["findings"] == []
    assert review({"pkg/__init__.py": text})["findings"] == []
    assert found("from __future__ import annotations\nfrom a import b as b\nimport c  # noqa\n") == []


DIFF = """\
--- a/shop.py
+++ b/shop.py
@@ -10,5 +10,6 @@ def load(path):
     old = eval(path)
-    first = eval(path)
+    second = eval(path)
+    third = 3
     if old == None:
         return old
     return second
"""


def test_of_a_change_only_what_it_adds_is_reviewed() -> None:
    assert [each["line"] for each in review({"change.diff": DIFF})["findings"]] == [11]
    (unit,) = split_change(parse_patch(DIFF), {}, 12_000)
    (excerpt,) = unit.excerpts
    made = review({excerpt.path: excerpt.text}, "Review this change.", "in part")
    assert [(each["file"], each["line"], each["quote"]) for each in made["findings"]] == [
        ("shop.py", 11, "second = eval(path)")
    ]
    looked_up = verified(read_findings(json.dumps(made)).findings, {}, parse_patch(DIFF))
    assert len(looked_up.kept) == 1 and not looked_up.dropped


def test_code_that_is_no_whole_program_is_reviewed_as_far_as_it_goes() -> None:
    part = "40:        return 1\n41:    except:\n42:        return eval(x)\n...\n80:    y = eval(x)"
    made = review({"a.py": part}, sent_as="in part")["findings"]
    assert [(each["line"], each["quote"]) for each in made] == [(41, "except:"), (80, "y = eval(x)")]


def test_a_string_over_several_lines_hides_nothing_behind_it() -> None:
    assert [line for line, _ in found('x = """\nimport this\n""" + eval(y)\nz = eval(y)\n')] == [3, 4]


def test_categories_and_severity_are_as_the_task_wants_them() -> None:
    text = "x = eval(y)\nif x == None:\n    x = f'a'\n"
    only = "Report only findings of these categories: security, bug."
    assert [line for line, _ in found(text, task=f"Review these files. {only}")] == [1]
    assert [line for line, _ in found(text, task="Review. Leave out what is less grave than medium.")] == [1]
    assert found(text, task="Review. Leave out what is less grave than high.") == []


def test_one_rule_does_not_flood_a_review() -> None:
    assert len(found("x = eval(y)\n" * 100)) == 5


def test_this_package_has_nothing_that_falls_when_it_is_looked_up() -> None:
    files = {str(path.relative_to(PACKAGE)): path.read_text() for path in (PACKAGE / "engine").glob("*.py")}
    dropped: Counter[str] = Counter()
    for unit in split_files(files, 12_000):
        made = review({each.path: each.text for each in unit.excerpts})
        dropped += verified(read_findings(json.dumps(made)).findings, files).dropped
    assert not dropped


@pytest.mark.parametrize(
    "text",
    ["(" * 100_000, "x = [" * 50_000, "'''" * 30_000, "@@ -1 +1 @@\n+++ \n" * 5_000, "1:a\n" * 50_000, "\0eval(x)"],
)
def test_whatever_is_shown_the_review_ends_well(text: str) -> None:
    assert isinstance(review({"a.py": text})["findings"], list)


FINDINGS = [
    Finding("a.py", 3, 3, "high", "bug", "It breaks.", "F9 · x = 1", ""),
    Finding("b.py", 7, 8, "low", "style", "It is long.", "y = 2\nz = 3", ""),
]


def test_the_second_look_decides_nothing_and_says_why() -> None:
    task = f"Try to refute these findings:\n\n{claims(FINDINGS)}"
    code = source("a.py", "F7 · z\nx = 1")
    said = answer(request(task, [code], REFUTATION_SCHEMA))
    verdicts = json.loads(said)["verdicts"]
    assert [(each["id"], each["verdict"]) for each in verdicts] == [("F1", "unsure"), ("F2", "unsure")]
    assert all("needs a real model" in each["reason"] for each in verdicts)
    assert apply_verdicts(FINDINGS, said).kept == tuple(FINDINGS)
