"""The corpus is what it says it is, and a scripted model's answers come down to what is true in them."""

from collections import Counter

import pytest

from gemini_mcp.domain.findings import read_findings
from gemini_mcp.domain.patches import new_side
from gemini_mcp.domain.verification import Reason, verified

from .cases import Bug, Case
from .clean import CLEAN
from .planted import PLANTED
from .script import Said, Script, answer_of, scripts

SCRIPTS = scripts()
REASONS: set[Reason] = {"quote not found", "file not in the review", "outside the change", "quote too short to place"}


def seen(script: Script, *said: Said) -> tuple[set[tuple[str, int]], Counter[Reason]]:
    """Where a user sees findings, and what fell."""
    result = verified(read_findings(answer_of(said)).findings, script.case.files, script.patches)
    return {(found.file, found.line) for found in result.kept}, result.dropped


def test_there_are_24_planted_bugs_and_40_clean_changes() -> None:
    assert [len(case.bugs) for case in PLANTED] == [1] * 24
    assert [len(case.bugs) for case in CLEAN] == [0] * 40
    assert all(case.diff for case in CLEAN)
    assert len({case.name for case in (*PLANTED, *CLEAN)}) == 64
    kinds = Counter(said.kind for script in SCRIPTS for said in script.said)
    assert kinds["true"] == 24 and kinds["misplaced"] == 48 and kinds["invented"] > 400 and kinds["false"] == 40


@pytest.mark.parametrize(
    ("case", "bug"), [pytest.param(case, bug, id=case.name) for case in PLANTED for bug in case.bugs]
)
def test_a_bug_stands_where_it_is_said_to(case: Case, bug: Bug) -> None:
    lines = case.files[bug.file].split("\n")[bug.line - 1 :]
    removed = [line[1:] for line in case.diff.split("\n") if line.startswith("-")]
    wanted = bug.quote.split("\n")
    stands = all(quoted.strip() in line for quoted, line in zip(wanted, lines, strict=False))
    assert stands or set(wanted) <= set(removed)


@pytest.mark.parametrize("script", [pytest.param(script, id=script.case.name) for script in SCRIPTS])
def test_of_an_answer_the_true_and_the_misplaced_are_kept_and_the_invented_fall(script: Script) -> None:
    for said in script.said:
        places, dropped = seen(script, said)
        if said.kind == "invented":
            assert not places and set(dropped) <= REASONS and dropped.total() == 1, said
        elif said.place is not None:
            assert places == {said.place}, said
    told = [said for said in script.said if said.kind != "false"]
    places, dropped = seen(script, *told)
    assert places == {(bug.file, bug.line) for bug in script.case.bugs}
    assert dropped["duplicate"] == 2 * len(script.case.bugs)


@pytest.mark.parametrize(
    "script", [pytest.param(script, id=script.case.name) for script in SCRIPTS if script.case.diff]
)
def test_the_files_of_a_change_are_its_new_side(script: Script) -> None:
    for patch in script.patches or ():
        assert new_side(patch, script.case.files[patch.path]) == script.case.files[patch.path]
