"""The live bench: its graders, its sandbox, what it writes, and where it stops."""

import ast
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest

from benchmarks.live import code_numbers, code_structures, code_texts, sandbox, suite, tables
from benchmarks.live.bench import run
from benchmarks.live.command import main
from benchmarks.live.estimate import likely
from benchmarks.live.problem import Problem
from benchmarks.live.reply import Reply, reply
from benchmarks.live.rows import Book, cell, read
from benchmarks.live.sandbox import Bounds, Case, passes, results
from benchmarks.live.scoring import (
    Key,
    canonical,
    extracted,
    fact,
    grounded,
    hedges,
    invented,
    numbers,
    one_number,
    one_of,
    reading,
    summarised,
)
from benchmarks.live.task import KINDS, Score, Task
from benchmarks.processes import get_json, stand_in
from gemini_mcp.gemini.catalog import load_catalogue
from gemini_mcp.server.composition import utc_today

posix = pytest.mark.skipif(os.name != "posix", reason="limits of the system")
linux = pytest.mark.skipif(sys.platform != "linux", reason="relies on limits that only Linux keeps")
TASKS = suite.tasks()
PROBLEMS: list[Problem] = [p for module in (code_texts, code_numbers, code_structures) for p in module.PROBLEMS]
HASTY = Bounds(wall_s=20, cpu_s=1)
FORGERY = """import os
for fd in range(64):
    try:
        os.write(fd, b'[["value", 8]]')
    except OSError:
        pass
os._exit(0)"""
"""It writes to every descriptor; what is right it does not know."""
NANO = Decimal(10**9)


# ---------------------------------------------------------------------------------------------------------- the tasks


def test_there_are_some_120_tasks_of_every_kind() -> None:
    assert Counter(task.kind for task in TASKS) == {
        "extract": 30,
        "code": 30,
        "grounded": 30,
        "summary": 20,
        "image": 12,
    }
    assert len({task.id for task in TASKS}) == len({task.mark for task in TASKS}) == len(TASKS)


def test_the_first_tasks_are_of_all_kinds() -> None:
    assert [task.kind for task in TASKS[:5]] == list(KINDS)


@posix
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_a_right_answer_scores_1_and_a_wrong_one_0(task: Task) -> None:
    assert (task.score(task.right).points, task.score(task.wrong).points) == (1, 0)


@posix
@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_an_empty_answer_scores_0(task: Task) -> None:
    assert task.score("").points == 0


def test_tasks_are_made_the_same_each_time() -> None:
    made = [(task.id, task.prompt, task.right, dict(task.files)) for task in suite.tasks()]
    assert made == [(task.id, task.prompt, task.right, dict(task.files)) for task in TASKS]


def test_no_file_of_one_task_is_another_of_the_same_name() -> None:
    contents: dict[str, bytes] = {}
    for task in TASKS:
        for name, content in task.files.items():
            assert contents.setdefault(name, content) == content


def test_a_third_of_the_grounded_questions_has_no_answer_and_no_family_tells_which() -> None:
    silent = [task for task in TASKS if task.kind == "grounded" and task.gold == "NOT IN THE MATERIAL"]
    assert len(silent) == 10
    assert len({task.family for task in silent}) == 6


def test_what_a_coding_task_says_never_shows_the_body() -> None:
    for task in TASKS:
        if task.kind == "code":
            assert task.prompt.endswith('"""\n    ...')


@pytest.mark.parametrize("task", [task for task in TASKS if task.family == "extract/table"], ids=lambda task: task.id)
def test_of_the_articles_one_alone_has_the_largest_stock_and_some_are_to_be_ordered(task: Task) -> None:
    listed = tables.rows(Random(f"table-{int(task.id[-2:]) - 1}"), task.difficulty)
    kept = sorted((row.pieces, row.code) for row in listed if not row.note)
    truth = json.loads(task.right)
    assert kept[-1][1] == truth["largest_stock"] and kept[-2][0] < kept[-1][0]
    assert truth["to_order"]


# -------------------------------------------------------------------------------------------------------- the graders


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ('{"a": 1234.5, "b": ["X y", null]}', 1),
        ('{"b": ["x  Y", null], "a": 1234.50}', 1),
        ('{"a": 1234.5, "b": ["X y"]}', 0),
        ('{"a": "1234.5", "b": ["X y", null]}', 0),
        ('{"a": 1234.5, "b": ["X y", null], "c": 1}', 0),
        ("1234.5", 0),
        ("no JSON", 0),
    ],
)
def test_a_record_is_right_as_a_whole_or_not_at_all(text: str, points: int) -> None:
    assert extracted(text, {"a": 1234.5, "b": ["X y", None]}).points == points


def test_true_is_no_number_in_a_record() -> None:
    assert canonical({"a": True}) != canonical({"a": 1})


DATE = Key(("14 November",), rivals=("Grace",))


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("14 November", 1),
        ("By 14 November.", 1),
        ("**14 November**", 1),
        ("12 or 14 November", 0),
        ("114 November", 0),
        ("14 November, says Grace", 0),
        ("NOT IN THE MATERIAL", 0),
        ("14 November, though the file does not say so", 0),
        ("It is " + "really " * 30 + "14 November", 0),
        ("", 0),
    ],
)
def test_a_grounded_answer_names_the_right_thing_and_nothing_else(text: str, points: int) -> None:
    assert grounded(text, DATE, "Until when is it due?").points == points


def test_a_number_of_the_question_may_stand_in_the_answer() -> None:
    assert grounded("20 in version 3.1", Key(("20",)), "What was it in 3.1?").points == 1


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("NOT IN THE MATERIAL", 1),
        ("The file doesn\u2019t say.", 1),
        ("It is not stated.", 1),
        ("42", 0),
        ("Probably next spring", 0),
        ("", 0),
    ],
)
def test_where_there_is_no_answer_only_saying_so_is_right(text: str, points: int) -> None:
    assert grounded(text, Key(), "How many?").points == points


def test_closed_answers_that_mean_the_same_are_the_same() -> None:
    answers = {grounded(text, DATE, "").answer for text in ("The 14 November", "14 november.", "a 14 November")}
    assert answers == {"14 november"}
    assert grounded("It is not given.", Key(), "").answer == grounded("NOT IN THE MATERIAL.", Key(), "").answer


FACTS = [fact(("fee", "fees"), "1200"), fact("Rao", ("opposed", "against"))]
SOURCE = "The fee is 1,200 euros. Rao was against it. There are 3 rooms."


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("# Title 99\n\n- Fees are 1,200 euros. [a.md:12]\n- Rao opposed them. [a.pdf p. 40]", 1),
        ("- The fee is 1200.\n\n---\n\n7 claims are left out.", 0.5),
        ("- The fee is 1200, not 900.\n- Rao opposed it.", 0.5),
        ("- The fee rose.\n- 1200 rooms.", 0),
        ("- Rao paid.\n- Somebody was against it, 17 of 18.", 0),
        ("", 0),
    ],
)
def test_a_summary_gains_by_facts_and_loses_by_numbers_of_its_own(text: str, points: float) -> None:
    assert summarised(text, FACTS, SOURCE).points == points


def test_numbers_are_invented_only_where_the_source_has_them_in_no_form() -> None:
    assert numbers("1,200.50, -3, 07, v2.1, $5 and 10-15") == ["1200.5", "-3", "7", "2.1", "5", "10", "15"]
    assert invented("1. It cost 1200.00 euros, 12 % more.", SOURCE) == ["12"]


def test_a_number_read_off_a_picture_is_the_only_one() -> None:
    assert one_number("It is 40.", 40) == Score(1, "40")
    assert one_number("40 or 45", 40) == Score(0, None)
    assert one_number("45", 40) == Score(0, "45")


def test_a_code_is_read_letter_by_letter() -> None:
    assert reading("`ab3-X`\n", "AB3-X") == Score(1, "AB3-X")
    assert reading("AB8-X", "AB3-X").points == 0
    assert reading("The code is AB3-X", "AB3-X").points == 0


def test_one_choice_is_named() -> None:
    assert one_of("Bar B", "B", "ABC") == Score(1, "b")
    assert one_of("B or C", "B", "ABC") == Score(0, None)


@pytest.mark.parametrize(
    ("text", "unsure"),
    [
        ("I\u2019m not sure, perhaps 4", True),
        ("It might be B", True),
        ("NOT IN THE MATERIAL", False),
        ("It is B.", False),
    ],
)
def test_doubt_is_heard_and_silence_of_the_material_is_none(text: str, unsure: bool) -> None:
    assert hedges(text) is unsure


def example(problem: Problem) -> tuple[list[Any], Any]:
    """The arguments and the value that a docstring gives."""
    said = " ".join((problem.reference.__doc__ or "").split())
    found = re.search(rf"({problem.name}\(.*?\)) is (.+?)(?:\.$|;|: 5, and)", said)
    assert found
    call = ast.parse(found[1], mode="eval").body
    assert isinstance(call, ast.Call)
    return [ast.literal_eval(each) for each in call.args], ast.literal_eval(found[2])


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: problem.name)
def test_what_a_docstring_gives_as_an_example_is_what_its_reference_returns(problem: Problem) -> None:
    arguments, value = example(problem)
    assert sandbox.same(value, json.loads(json.dumps(problem.reference(*arguments))))


# -------------------------------------------------------------------------------------------------------- the sandbox


@pytest.fixture(params=["apart", "in the same spaces"])
def spaces(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a network and processes of its own where the system allows it, and without."""
    if request.param != "apart":
        monkeypatch.setattr(sandbox, "apart", lambda: ())


def called(source: str, *arguments: Any, bounds: Bounds = HASTY) -> list[Any] | None:
    sent = results(source, "f", [arguments], bounds)
    return None if sent is None else sent[0]


@posix
@pytest.mark.usefixtures("spaces")
class TestSandbox:
    def test_what_the_code_returns_comes_back(self) -> None:
        assert called("def f(x): return {'a': (x, None)}", 1) == ["value", {"a": [1, None]}]

    def test_code_that_is_no_python_raises(self) -> None:
        assert called("def f(x: return") == ["raised", "SyntaxError"]

    def test_common_modules_may_be_used(self) -> None:
        source = "import heapq, re, datetime\nfrom collections import namedtuple\nP = namedtuple('P', 'x')\n"
        assert called(source + "def f(x): return P(heapq.nsmallest(1, x)[0])", [3, 1]) == ["value", [1]]

    def test_an_endless_loop_is_ended(self) -> None:
        assert called("def f():\n    while True: pass") is None

    def test_an_endless_wait_is_ended(self) -> None:
        assert called("import time\ndef f(): time.sleep(3600)", bounds=Bounds(wall_s=1)) is None

    @linux
    def test_much_memory_is_not_to_be_had(self) -> None:
        assert called("def f(): return len(bytearray(4 << 30))") == ["raised", "MemoryError"]

    def test_a_file_outside_its_folder_is_not_written(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o777)
        target = tmp_path / "x"
        for how in ("open(path, 'w')", "__import__('os').open(path, 65)", "__import__('os').mkdir(path)"):
            assert called(f"def f(path): {how}", str(target)) == ["raised", "PermissionError"]
        assert not target.exists()

    def test_a_file_outside_its_folder_is_not_read(self, tmp_path: Path) -> None:
        (tmp_path / "x").write_text("private")
        assert called("def f(path): return open(path).read()", str(tmp_path / "x")) == ["raised", "PermissionError"]

    def test_its_own_folder_is_its_to_write_within_bounds(self) -> None:
        assert called("def f():\n    open('x', 'w').write('1')\n    return open('x').read()") == ["value", "1"]
        much = "def f():\n    with open('x', 'wb') as file:\n        file.write(bytes(4 << 20))\n    return 'done'"
        assert called(much) != ["value", "done"]

    def test_the_network_is_out_of_reach(self) -> None:
        source = "def f():\n    import socket\n    socket.create_connection(('127.0.0.1', 9), 1)"
        said = called(source)
        assert said is not None and said[0] == "raised"
        assert said[1] in ("PermissionError", "ModuleNotFoundError")

    def test_processes_are_not_started(self) -> None:
        for how in ("os.fork()", "os.system('true')", "os.posix_spawn('/bin/true', ['true'], {})"):
            assert called(f"import os\ndef f(): return {how}") == ["raised", "PermissionError"]

    @linux
    def test_the_system_itself_refuses_to_start_more(self) -> None:
        """A thread is a process to the system, and nothing but the limit stands in its way."""
        source = "import _thread\ndef f():\n    while True: _thread.start_new_thread(print, ())"
        assert called(source) == ["raised", "RuntimeError"]

    def test_the_environment_is_empty(self) -> None:
        said = called("import os\ndef f(): return [name for name in os.environ if not name.startswith('LC_')]")
        assert said == ["value", []]

    def test_too_much_to_send_back_is_nothing(self) -> None:
        assert called("def f(): return 'a' * (4 << 20)") is None

    @pytest.mark.parametrize(
        "source",
        [
            "print('PASS')\nprint([['value', 7]])\ndef f(): return 8",
            "import sys\nsys.exit(0)",
            "import os\nos._exit(0)",
            FORGERY,
            "import json\njson.dumps = lambda *a: '[\"value\", true]'\ndef f(): return object()",
            "class Any:\n    def __eq__(self, other): return True\ndef f(): return Any()",
            "class Seven(int):\n    def __repr__(self): return '7'\ndef f(): return Seven(8)",
            "def f(): return True",
            "def f(): return '7'",
            "def f(): raise SystemExit(0)",
            "import builtins\nbuiltins.ValueError = type('ValueError', (Exception,), {})\ndef f(): raise ValueError",
        ],
    )
    def test_a_pass_cannot_be_forged(self, source: str) -> None:
        assert not passes(source, "f", [Case((), 7)], HASTY)

    def test_a_pass_takes_every_case(self) -> None:
        cases = [Case((1,), 2), Case((2,), 4), Case(("",), raises="TypeError")]
        assert passes("def f(x): return x / 1 * 2", "f", cases, HASTY)
        assert not passes("def f(x): return 2", "f", cases, HASTY)


# ----------------------------------------------------------------------------------------------- replies and the book


def receipt(**changes: Any) -> dict[str, Any]:
    attempt = {
        "model_served": "m",
        "service_tier": "standard",
        "input_tokens": 10,
        "tool_use_tokens": 0,
        "output_tokens": 5,
        "thinking_tokens": 7,
    }
    return {"cost_usd": "0.001", "simulated": False, "attempts": [attempt | changes]}


def made(text: str = "B", **changes: Any) -> Reply:
    return reply("m", [text], {"gemini-agents/receipt": receipt(**changes)}, is_error=False)


def failed(code: str, *texts: str, paid: dict[str, Any] | None = None) -> Reply:
    return reply("m", texts, {"gemini-agents/error": {"code": code, "receipt": paid}}, is_error=True)


def test_a_cell_has_the_receipts_tokens_and_cost() -> None:
    assert cell(made(), Score(1, "b"), prose=True) == {
        "s": 1,
        "ans": "b",
        "fmt_ok": 1,
        "hedge": 0,
        "out_chars": 1,
        "in_tok": 10,
        "out_tok": 12,
        "cost": 0.001,
    }


def test_an_answer_that_was_turned_down_scores_0_and_says_what_it_would_have() -> None:
    turned_down = failed("no_acceptable_answer", "no_acceptable_answer: ...", "B", paid=receipt())
    found = cell(turned_down, Score(1, "b"), prose=True)
    assert (found["s"], found["s_best"], found["fmt_ok"], found["err"]) == (0, 1, 0, "no_acceptable_answer")
    assert found["cost"] == 0.001


def test_an_unknown_price_is_no_cost_of_0() -> None:
    unknown = reply("m", ["B"], {"gemini-agents/receipt": receipt() | {"cost_usd": None}}, is_error=False)
    assert "cost" not in cell(unknown, Score(1), prose=True)


def test_another_model_that_served_is_named() -> None:
    assert cell(made(model_served="n"), Score(1), prose=True)["served"] == "n"


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(tmp_path / "o.jsonl.gz", TASKS)


async def test_what_failed_for_want_of_service_is_asked_again_and_nothing_else_is(book: Book, tmp_path: Path) -> None:
    first, second = TASKS[:2]
    book.add(first, "m", cell(failed("upstream_unavailable", "..."), None, prose=False))
    book.add(second, "m", cell(failed("blocked", "..."), None, prose=False))
    again = Book(tmp_path / "o.jsonl.gz", TASKS)
    again.load()
    asked = []

    async def ask(task: Task, model: str) -> Reply:
        asked.append((task.id, model))
        return made()

    await run([first, second], ["m"], again, ask, 2)
    assert asked == [(first.id, "m")]
    assert again.rows[first.id]["m"]["m"]["fmt_ok"] == 1


async def test_a_task_that_is_not_what_it_was_is_asked_again(book: Book) -> None:
    book.add(TASKS[0], "m", cell(made(), Score(1), prose=False))
    book.rows[TASKS[0].id]["prompt"] = "something else"
    assert not book.has(TASKS[0], "m")


@pytest.mark.parametrize(
    ("end", "has_failed"),
    [
        (failed("budget_exceeded", "budget_exceeded: spent"), False),
        (made(service_tier="flex"), False),
        (failed("key_rejected", "key_rejected: no"), True),
    ],
)
async def test_it_stops_where_going_on_is_of_no_use(book: Book, end: Reply, has_failed: bool) -> None:
    replies = iter([made(), end])

    async def ask(task: Task, model: str) -> Reply:
        return next(replies)

    grounded_tasks = [task for task in TASKS if task.kind == "grounded"][:4]
    outcome = await run(grounded_tasks, ["m"], book, ask, 1)
    assert outcome.stopped and outcome.failed is has_failed
    assert len(book.rows) == 1
    assert [task for task, _ in outcome.left_out] == grounded_tasks[1:]


def test_an_estimate_of_a_dearer_tier_is_dearer() -> None:
    catalogue, today = load_catalogue(None), utc_today()
    lite, pro = (catalogue.candidates(tier, today)[0].model for tier in ("lite", "pro"))
    cheap, dear = likely(TASKS, lite, "lite", catalogue, today), likely(TASKS, pro, "pro", catalogue, today)
    assert cheap.nano is not None and dear.nano is not None
    assert 0 < cheap.nano < dear.nano


# --------------------------------------------------------------------------------------------------------- whole runs


@pytest.fixture
def url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A stand-in of the test's own, which the bench takes for Gemini."""
    rules = tmp_path / "rules.json"
    rules.write_text("[]")
    with stand_in(rules) as base_url:
        monkeypatch.setenv("GEMINI_AGENTS_BASE_URL", base_url)
        monkeypatch.setenv("GEMINI_API_KEY", "any-key")
        yield base_url


def cells(file: Path) -> list[dict[str, Any]]:
    return [made for row in read(file) for made in row["m"].values()]


@posix
def test_a_simulated_run_writes_rows_and_calls_itself_simulated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    out = tmp_path / "out.jsonl.gz"
    assert main(["--simulated", "--limit", "6", "--out", str(out)]) == 0
    rows, shown = read(out), capsys.readouterr().out
    assert [row["id"] for row in rows] == [task.id for task in TASKS[:6]]
    assert all(len(row["m"]) == 3 and row["prompt"] for row in rows)
    assert all(each["fmt_ok"] == 1 and each["cost"] > 0 and 0 <= each["s"] <= 1 for each in cells(out))
    assert "equal to the nano-dollar" in shown and "SIMULATED" in shown


@posix
def test_the_costs_of_the_rows_are_the_bill_and_what_is_there_is_not_asked_again(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl.gz"
    options = ["--limit", "6", "--tiers", "lite,flash", "--out", str(out)]
    assert main(options) == 0
    bill = get_json(f"{url}/__bill")
    costs = sum(Decimal(str(each["cost"])) for each in cells(out))
    assert (bill["calls"], bill["nano_usd"]) == (12, costs * NANO)
    assert sum(each["in_tok"] for each in cells(out)) == sum(m["input_tokens"] for m in bill["models"].values())
    assert main(options) == 1
    assert "--resume" in capsys.readouterr().err
    assert get_json(f"{url}/__bill")["calls"] == 12


@posix
def test_a_simulated_file_is_not_gone_on_with_for_real(
    url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.jsonl.gz"
    assert main(["--limit", "1", "--tiers", "lite", "--out", str(out)]) == 0
    assert main(["--limit", "1", "--tiers", "lite", "--out", str(out), "--resume"]) == 1
    assert "simulated" in capsys.readouterr().err
    assert main(["--simulated", "--limit", "1", "--tiers", "lite", "--out", str(out), "--resume"]) == 0
    assert "0 calls" in capsys.readouterr().out
    assert get_json(f"{url}/__bill")["calls"] == 1


@posix
def test_a_cap_ends_it_before_it_is_passed(url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.jsonl.gz"
    assert main(["--limit", "40", "--tiers", "lite,flash", "--max-usd", "0.1", "--out", str(out)]) == 0
    shown, bill = capsys.readouterr().out, get_json(f"{url}/__bill")
    assert 0 < bill["nano_usd"] <= Decimal("0.1") * NANO
    assert 0 < len(cells(out)) < 80
    assert f"Left out: {80 - len(cells(out))} calls" in shown


def test_without_a_key_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("GEMINI_API_KEY", "GOOGLE_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    assert main(["--limit", "1"]) == 1
    assert "no_api_key" in (said := capsys.readouterr().err)
    assert "GEMINI_API_KEY" in said and "--simulated" in said


def test_an_estimate_needs_no_key_and_sends_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("GEMINI_API_KEY", raising=False)
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    assert main(["--estimate", "--only", "image"]) == 0
    assert "Nothing was sent." in capsys.readouterr().out


@pytest.mark.parametrize("wrong", [["--tiers", "lite,x"], ["--models", "gemini-9"]])
def test_a_model_that_is_none_is_refused(wrong: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--simulated", *wrong]) == 1
    assert "benchmarks.live: " in capsys.readouterr().err
