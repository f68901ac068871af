"""Secrets of a change: told by lines around it that did not change, on either side, in whole files and bare hunks."""

import difflib
import json
import random
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from gemini_mcp.domain.errors import InvalidArgument, SecretFound
from gemini_mcp.domain.patches import parse_patch
from gemini_mcp.engine.ports import silent
from gemini_mcp.sources.secrets import Screen
from gemini_mcp.tools.arguments import ReviewCode, SummarizeDocs
from gemini_mcp.tools.review_code import review_code
from gemini_mcp.tools.review_screening import redacted_change, secrets_of
from gemini_mcp.tools.summarize_docs import summarize_docs
from tests.sources.canaries import B64, HEX, SHAPED, Mint
from tests.sources.repositories import a_repository, git, write

from .conftest import ME, Office, Open

MINT = Mint(random.SystemRandom().randrange(2**32))
CODE = [f"def step_{number}(value):\n    return value + {number}\n" for number in range(30)]


def upstream(office: Office) -> str:
    return json.dumps([entry.as_json() for entry in office.simulator.log.entries()])


def a_key(width: int = 64) -> tuple[str, list[str]]:
    """A framed key, and the lines inside its frame, none of which may be sent."""
    key = MINT.pem("RSA ", 1_650, width)
    return key, key.split("\n")[1:-1]


def emptied(key: str) -> str:
    """The frame with nothing secret in it."""
    lines = key.split("\n")
    return "\n".join([lines[0], "set at deployment", lines[-1]])


def diff_of(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", "diff", *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout


async def refused(office: Office, secrets: Sequence[str], **arguments: Any) -> str:
    """What the refusal says; nothing of the secrets is in it, and nothing was sent."""
    with pytest.raises(SecretFound) as refusal:
        await review_code(ReviewCode(**arguments), ME, silent, office.services)
    assert office.asked == [] and not any(secret in str(refusal.value) for secret in secrets)
    return str(refusal.value)


def key_in_code() -> tuple[str, str, list[str]]:
    key, inside = a_key()
    return f'KEY = """\n{key}\n"""\n', f'KEY = """\n{emptied(key)}\n"""\n', inside


def password_in_yaml() -> tuple[str, str, list[str]]:
    value = MINT.some(B64, 20)
    return f"db:\n  password: |\n    {value}\n  port: 1\n", "db:\n  password: |\n    ${PW}\n  port: 1\n", [value]


def password_in_brackets() -> tuple[str, str, list[str]]:
    value = MINT.some(B64, 20)
    form = "connect(\n    password=(\n        {}\n    ),\n)\n"
    return form.format(f"'{value}'"), form.format("os.environ['PW']"), [value]


MADE = [key_in_code, password_in_yaml, password_in_brackets]


@pytest.mark.parametrize("made", MADE)
@pytest.mark.parametrize("way", ["staged", "diff", "diff alone", "added"])
async def test_a_secret_whose_name_or_frame_did_not_change_is_refused(
    office: Open, made: Callable[[], tuple[str, str, list[str]]], way: str
) -> None:
    open_office = await office()
    old, new, secrets = made()
    if way == "added":
        old, new = new, old
    a_repository(open_office.project, {"conf.txt": old})
    write(open_office.project, {"conf.txt": new})
    diff = diff_of(open_office.project)
    git(open_office.project, "add", ".")
    if way == "diff alone":
        (open_office.project / "conf.txt").unlink()
    arguments = {"git_range": "staged"} if way in ("staged", "added") else {"diff": diff}
    said = await refused(open_office, secrets, **arguments)
    assert "conf.txt" in said


@pytest.mark.parametrize("way", ["working", "diff", "diff alone"])
async def test_the_end_of_a_key_is_no_context_of_a_change_below_it(office: Open, way: str) -> None:
    open_office = await office()
    key, inside = a_key()
    old = f'KEY = """\n{key}\n"""\n' + "".join(CODE)
    a_repository(open_office.project, {"conf.py": old})
    write(open_office.project, {"conf.py": old.replace('"""\ndef', '"""\nLIMIT = 5\ndef')})
    diff = diff_of(open_office.project)
    if way == "diff alone":
        (open_office.project / "conf.py").unlink()
    said = await refused(open_office, inside, **({"git_range": "working"} if way == "working" else {"diff": diff}))
    assert "private key" in said


async def test_a_change_far_from_a_secret_of_the_same_file_is_reviewed_without_it(office: Open) -> None:
    open_office = await office()
    key, inside = a_key()
    old = "".join(CODE) + f'KEY = """\n{key}\n"""\n'
    a_repository(open_office.project, {"conf.py": old})
    write(open_office.project, {"conf.py": old.replace("value + 3\n", "value + 4\n")})
    await review_code(ReviewCode(git_range="working"), ME, silent, open_office.services)
    sent = upstream(open_office)
    assert "value + 4" in sent and not any(line in sent for line in inside)


async def test_redaction_covers_every_line_of_a_secret_on_both_sides_and_sends_the_rest(office: Open) -> None:
    open_office = await office(GEMINI_AGENTS_SECRETS="redact")
    key, inside = a_key()
    token = SHAPED["GitHub token"](MINT)
    old = f'KEY = """\n{key}\n"""\nTOKEN = "{token}"\nLAST = 1\n'
    a_repository(open_office.project, {"conf.py": old})
    write(open_office.project, {"conf.py": old.replace(key, emptied(key)).replace("LAST = 1", "LAST = 2")})
    given = await review_code(ReviewCode(git_range="working"), ME, silent, open_office.services)
    sent = upstream(open_office)
    assert not any(secret in sent for secret in [*inside, token])
    assert "REDACTED private key" in sent and "REDACTED GitHub token" in sent and "LAST = 2" in sent
    assert "2 secrets redacted in conf.py" in given.receipt_line


async def test_a_finding_that_quotes_what_was_redacted_stands(office: Open) -> None:
    token = SHAPED["GitHub token"](MINT)
    said = {
        "file": "conf.py",
        "line": 1,
        "end_line": 1,
        "severity": "high",
        "category": "security",
        "message": "A token stands in the code.",
        "quote": 'TOKEN = "[REDACTED GitHub token]"',
        "suggestion": "",
    }
    text = json.dumps({"summary": "", "findings": [said]})
    faults = {"do": "answer", "text": text, "match": "Review th"}
    judged = {"verdicts": [{"id": "F1", "verdict": "stands", "reason": "Line 1."}]}
    open_office = await office(
        faults,
        {"do": "answer", "text": json.dumps(judged), "match": "Try to refute"},
        GEMINI_AGENTS_SECRETS="redact",
    )
    a_repository(open_office.project, {"conf.py": "TOKEN = 1\n"})
    write(open_office.project, {"conf.py": f'TOKEN = "{token}"\n'})
    given = await review_code(ReviewCode(git_range="working"), ME, silent, open_office.services)
    assert given.structured is not None and [found["line"] for found in given.structured["findings"]] == [1]
    assert token not in given.text


@pytest.mark.parametrize(
    "header", ["rename from {}\nrename to settings.txt\n", "copy from {}\ncopy to settings.txt\n", ""]
)
@pytest.mark.parametrize("name", [".env", "deploy/id_rsa", "certs/server.key"])
async def test_what_was_secret_by_its_old_name_is_not_reviewed_under_a_new_one(
    office: Open, header: str, name: str
) -> None:
    open_office = await office()
    value = MINT.password()
    diff = f"--- a/{name}\n+++ b/settings.txt\n@@ -1,2 +1,2 @@\n HOST\n-{value}\n+none\n"
    if header:
        diff = f"diff --git a/{name} b/settings.txt\nsimilarity index 60%\n{header.format(name)}{diff}"
    with pytest.raises(InvalidArgument, match=r"settings\.txt"):
        await review_code(ReviewCode(diff=diff), ME, silent, open_office.services)
    assert open_office.asked == []


# ------------------------------------------------------------------------------------------------------- bare hunks


def hunk(*lines: str) -> str:
    """A diff of lines with their marks."""
    old, new = (sum(line[0] != mark for line in lines) for mark in "+-")
    return f"--- a/x\n+++ b/x\n@@ -40,{old} +40,{new} @@\n" + "".join(f"{line}\n" for line in lines)


def marked(mark: str, lines: Sequence[str], form: str = "{}") -> list[str]:
    return [mark + form.format(line) for line in lines]


@pytest.mark.parametrize("form", ["{}", "    {}", '"{}\\n"', "        '{}' +", "# {}", "> {}"])
@pytest.mark.parametrize("mark", [" ", "-", "+"])
@pytest.mark.parametrize("width", [64, 70, 76])
def test_a_key_without_its_frame_is_told_in_a_hunk(form: str, mark: str, width: int) -> None:
    key, inside = a_key(width)
    last = key.split("\n")[-1]
    (several,) = parse_patch(hunk(" a = 1", *marked(mark, inside[4:8], form), "+b = 2"))
    (closed,) = parse_patch(hunk(*marked(mark, inside[-1:], form), *marked(mark, [last], form), "+b = 2"))
    for patch, pieces in ((several, inside[4:8]), (closed, inside[-1:])):
        secrets = secrets_of(patch, None, Screen())
        sent, _ = redacted_change(patch, None, secrets)
        left = "\n".join(line.text for each in sent.hunks for line in each.lines)
        assert not any(piece in left for piece in pieces) and "b = 2" in left


def test_what_only_resembles_a_key_is_left_alone() -> None:
    begin = f"{'-' * 5}BEGIN CERTIFICATE{'-' * 5}"
    end = f"{'-' * 5}END CERTIFICATE{'-' * 5}"
    body = [MINT.some(B64, 64) for _ in range(3)]
    for lines in (
        [f" {begin}", *marked("+", body)],
        [*marked("-", body), f" {end}"],
        marked("+", [MINT.some(HEX, 64) for _ in range(3)]),
        marked("+", [MINT.some(B64, 64), "x = 1", MINT.some(B64, 64)]),
        ["+set", "+at", "+deployment", f" {'-' * 5}END RSA {'PRIVATE'} KEY{'-' * 5}"],
        marked("+", ["a" * 64, "b" * 64]),
    ):
        (patch,) = parse_patch(hunk(*lines, "+end"))
        assert secrets_of(patch, None, Screen()) == (), lines


def test_a_value_that_one_side_names_is_found_bare_on_the_other() -> None:
    value = MINT.some(B64, 24)
    (patch,) = parse_patch(hunk(f"-password = '{value}'", f"+connect('{value}')"))
    sent, _ = redacted_change(patch, None, secrets_of(patch, None, Screen()))
    assert not any(value in line.text for each in sent.hunks for line in each.lines)


def test_a_value_and_all_places_of_it_are_found_however_the_change_is_cut() -> None:
    """Random changes of a file with keys in it: no line of a key is left on either side."""
    rolls = random.Random(7)
    for _ in range(40):
        key, inside = a_key()
        old = [*CODE[0].split("\n"), "KEY = '''", *key.split("\n"), "'''", *("".join(CODE[1:20])).split("\n")]
        new = list(old)
        for _ in range(rolls.randrange(1, 6)):
            at = rolls.randrange(len(new))
            new[at : at + rolls.randrange(3)] = [f"# changed {rolls.random()}"]
        text = "\n".join(new)
        (patch,) = parse_patch(diffed(old, new))
        sent, left = redacted_change(patch, text, secrets_of(patch, text, Screen()))
        shown = "\n".join(line.text for each in sent.hunks for line in each.lines)
        framed_still = sum(line in inside for line in new) > len(inside) // 2
        assert not any(line in shown for line in inside)
        assert left is not None and left.count("\n") == text.count("\n")
        assert not framed_still or not any(line in left for line in inside)


def diffed(old: list[str], new: list[str]) -> str:
    return "".join(difflib.unified_diff([f"{x}\n" for x in old], [f"{x}\n" for x in new], "a/x", "b/x"))


# ----------------------------------------------------------------------------------------------------- what is kept


async def test_what_is_kept_of_a_call_holds_no_secret_of_its_words_either(office: Open) -> None:
    open_office = await office(GEMINI_AGENTS_SECRETS="redact")
    token = SHAPED["GitHub token"](MINT)
    words = f"Say what {token} is for."
    write(open_office.project, {"a.md": "The harbour has three piers.\n"})
    given = [
        await open_office.delegate(words),
        await summarize_docs(SummarizeDocs(sources=["a.md"], focus=words), ME, silent, open_office.services),
    ]
    for each in given:
        kept = await open_office.services.results.get("me", each.result_id)
        assert kept is not None and "[REDACTED GitHub token]" in kept.instruction
    files = [path for path in open_office.home.rglob("*") if path.is_file()]
    assert files and not any(token.encode() in path.read_bytes() for path in files)
