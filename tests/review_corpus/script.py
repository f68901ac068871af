"""What a model might answer for a case: the planted bug as it is, the same misplaced, and things that are not so.

true         the planted bug, its line and its quote as they are
misplaced    the planted bug with another line, another name of its file, or a quote copied carelessly
invented     no such code, no such file, code that the change has nothing to do with, a quote that says nothing
false        a real quote on changed lines of a clean change, with a claim that is not so: for the second look
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, Literal

from gemini_mcp.domain.patches import FilePatch, parse_patch
from gemini_mcp.domain.quotes import is_trivial

from .cases import Bug, Case
from .clean import CLEAN
from .planted import PLANTED

Kind = Literal["true", "misplaced", "invented", "false"]


@dataclass(frozen=True, slots=True)
class Said:
    """One finding of an answer. ``place``: file and line where it belongs, None where it belongs nowhere."""

    kind: Kind
    item: dict[str, Any]
    place: tuple[str, int] | None


@dataclass(frozen=True, slots=True)
class Script:
    case: Case
    said: tuple[Said, ...]

    @property
    def answer(self) -> str:
        return answer_of(self.said)

    @property
    def patches(self) -> tuple[FilePatch, ...] | None:
        """None where whole files are under review."""
        return parse_patch(self.case.diff) if self.case.diff else None

    def verdict(self, file: str, line: int) -> tuple[str, str]:
        """What the second look says of a finding there, and why."""
        true = any((bug.file, bug.line) == (file, line) for bug in self.case.bugs)
        return ("stands", "It fails as it is said.") if true else ("refuted", "The code around it excludes that.")


def answer_of(said: tuple[Said, ...]) -> str:
    return json.dumps({"summary": "As scripted.", "findings": [each.item for each in said]})


def scripts() -> tuple[Script, ...]:
    """All 64, always the same."""
    cases = enumerate((*PLANTED, *CLEAN))
    return tuple(
        Script(case, tuple(chain(_of_bugs(case, number), _of_nothing(case, number)))) for number, case in cases
    )


# ---------------------------------------------------------------------------------------------------- planted bugs


def _of_bugs(case: Case, number: int) -> Iterator[Said]:
    for bug in case.bugs:
        item = asdict(bug.finding)
        yield Said("true", item, (bug.file, bug.line))
        for step in (0, 3):
            careless = _CARELESS[(number + step) % len(_CARELESS)]
            yield Said("misplaced", item | careless(bug), (bug.file, bug.line))


def _by_seven(bug: Bug) -> dict[str, Any]:
    return {"line": bug.line + 7, "end_line": bug.line + 9}


def _at_the_top(bug: Bug) -> dict[str, Any]:
    return {"line": 1, "end_line": 500}


def _far_away(bug: Bug) -> dict[str, Any]:
    return {"line": 9_999, "end_line": 3}


def _nowhere(bug: Bug) -> dict[str, Any]:
    return {"line": None, "end_line": "unknown"}


def _with_numbers(bug: Bug) -> dict[str, Any]:
    lines = bug.quote.split("\n")
    quote = "\n".join(f"{bug.line + 20 + step}:{line}" for step, line in enumerate(lines))
    return {"line": bug.line + 20, "quote": quote, "file": f"./{bug.file}"}


def _with_marks(bug: Bug) -> dict[str, Any]:
    quote = "\n".join(f"+{line}" for line in bug.quote.split("\n"))
    return {"line": 2, "quote": f"```diff\n{quote}\n```", "file": f"b/{bug.file}"}


def _on_one_line(bug: Bug) -> dict[str, Any]:
    return {"line": bug.line - 4, "quote": " ".join(bug.quote.split())}


def _by_the_bare_name(bug: Bug) -> dict[str, Any]:
    return {"line": bug.line + 1, "file": bug.file.rpartition("/")[2], "quote": f"`{bug.quote.strip()}`"}


_CARELESS: tuple[Callable[[Bug], dict[str, Any]], ...] = (
    _by_seven,
    _at_the_top,
    _far_away,
    _nowhere,
    _with_numbers,
    _with_marks,
    _on_one_line,
    _by_the_bare_name,
)


# ------------------------------------------------------------------------------------------------------- not so at all

_MADE_UP = (
    'password = os.environ.get("PASSWORD", "admin")',
    'cursor.execute("DELETE FROM users WHERE id = " + user_id)',
    "except Exception:\n    pass",
    "eval(request.body)",
    "for (let i = 0; i <= list.length; i++) {",
    "strcpy(buffer, argv[1]);",
    'http.ListenAndServe("0.0.0.0:80", nil)',
)


def _of_nothing(case: Case, number: int) -> Iterator[Said]:
    path, text = next(iter(case.files.items()))
    lines = [line for line in text.split("\n") if line.strip()]
    changed = _changed(case) or lines
    yield _invented(path, 3, _MADE_UP[number % len(_MADE_UP)], "Lets in whoever asks.")
    yield _invented(path, text.count("\n"), _altered(max(changed, key=len)), "Fails in the usual case.")
    yield _invented(f"src/internal/helper_{number}.py", 4, lines[0], "Never checked.")
    yield _invented(path, 2, f"{lines[0]}\n...\n{lines[-2]}", "The two do not fit together.")
    yield _invented(path, _line_without(text, "}"), "}", "The block ends too early.")
    yield _invented(path, _line_without(text, "return"), "return", "Returns too early.")
    if case.diff:
        yield from _beside_the_change(case)
        if not case.bugs and (line := next((line for line in changed if not is_trivial(line)), "")):
            item = _invented(path, 1, line, "Breaks when it is called twice.").item
            yield Said("false", item, None)


def _invented(file: str, line: int, quote: str, message: str) -> Said:
    item = {"file": file, "line": line, "end_line": line, "severity": "high", "category": "bug", "message": message}
    return Said("invented", item | {"quote": quote, "suggestion": "Write it otherwise."}, None)


def _altered(line: str) -> str:
    """The line with its longest word misremembered."""
    word = max(re.findall(r"\w+", line), key=len)
    return line.replace(word, f"{word[: len(word) // 2]}_checked_{word[len(word) // 2 :]}", 1)


def _line_without(text: str, what: str) -> int:
    return next((number for number, line in enumerate(text.split("\n"), 1) if what not in line), 1)


def _changed(case: Case) -> list[str]:
    """The added lines of a change, or else what it removed."""
    if not case.diff:
        return []
    lines = [line for patch in parse_patch(case.diff) for hunk in patch.hunks for line in hunk.lines]
    added = [line.text for line in lines if line.mark == "+" and line.text.strip()]
    return added or [line.text for line in lines if line.mark == "-"]


def _beside_the_change(case: Case) -> Iterator[Said]:
    """Two lines that are there and that the change has nothing to do with."""
    touched = {patch.path: patch.touched for patch in parse_patch(case.diff)}
    removed = {
        line.text.strip()
        for patch in parse_patch(case.diff)
        for hunk in patch.hunks
        for line in hunk.lines
        if line.mark == "-"
    }
    for path, text in case.files.items():
        lines = text.split("\n")
        beside = [
            (number, line)
            for number, line in enumerate(lines, 1)
            if number not in touched.get(path, ())
            and text.count(line.strip()) == 1
            and line.strip() not in removed
            and not is_trivial(line)
            and not any((bug.file, bug.line) == (path, number) for bug in case.bugs)
        ]
        for number, line in beside[::3][:2]:
            yield _invented(path, number, line, "Was never right, and should be rewritten.")
