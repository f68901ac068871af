"""``gemini-agents doctor``, run as its users run it: in a shell, in a project, beside Claude Code's configuration."""

import json
import os
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gemini_mcp.commands.claude_config import claude_config
from gemini_mcp.commands.doctor import diagnose, patient
from gemini_mcp.commands.variables import settings_names

KEY = "key-" + "0123456789" * 3
"""Not to be seen in anything that doctor says."""


@dataclass(frozen=True, slots=True)
class Said:
    """By line: the state, and the fix where there is something to mend."""

    rows: dict[str, tuple[str, str | None]]

    @property
    def fine(self) -> bool:
        return not self.wrong

    @property
    def wrong(self) -> set[str]:
        return {what for what, (_, fix) in self.rows.items() if fix}

    def state(self, what: str) -> str:
        return self.rows[what][0]

    def fix(self, what: str) -> str:
        return self.rows[what][1] or ""


@dataclass(frozen=True, slots=True)
class Shell:
    """``home``: where ``.claude.json`` may lie; ``project``: where doctor is run."""

    home: Path
    project: Path
    patch: pytest.MonkeyPatch

    def doctor(self, *flags: str, **variables: str) -> tuple[int, str]:
        """The command itself: its exit code, and what it prints."""
        env = {"PATH": os.defpath, "HOME": str(self.home), "PYTHONPATH": os.pathsep.join(sys.path), **variables}
        command = [sys.executable, "-m", "gemini_mcp", "doctor", *flags]
        done = subprocess.run(command, cwd=self.project, env=env, capture_output=True, text=True, timeout=60)
        assert KEY not in done.stdout and not done.stderr
        return done.returncode, done.stdout

    def rows(self, **variables: str) -> Said:
        """What it would print, without a process for each."""
        self.patch.setenv("HOME", str(self.home))
        self.patch.chdir(self.project)
        found = list(diagnose(patient(variables), date(2026, 11, 30)))
        assert KEY not in repr(found)
        return Said({finding.what: (finding.state, finding.fix) for finding in found})

    def claude_json(self, value: Any) -> None:
        (self.home / ".claude.json").write_text(value if isinstance(value, str) else json.dumps(value))


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    made = Shell(tmp_path / "home", tmp_path / "home" / "project", monkeypatch)
    made.project.mkdir(parents=True)
    return made


def server(**env: str) -> dict[str, Any]:
    """As ``claude mcp add gemini-agents -e ... -- python -m gemini_mcp`` writes it."""
    started = {"type": "stdio", "command": sys.executable, "args": ["-m", "gemini_mcp"]}
    return {"mcpServers": {"gemini-agents": {**started, "env": env}}}


# --------------------------------------------------------------------------------------------------------------- key


def test_a_key_in_the_environment_is_enough(shell: Shell) -> None:
    said = shell.rows(GEMINI_API_KEY=KEY)
    assert said.fine and said.state("API key").startswith("from GEMINI_API_KEY (not tried")


def test_without_a_key_anywhere_there_is_one_thing_to_mend(shell: Shell) -> None:
    said = shell.rows()
    assert said.wrong == {"API key"}
    assert said.state("API key") == "not set" and "claude mcp add" in said.fix("API key")


def test_a_key_that_claude_code_passes_in_all_projects_is_found(shell: Shell) -> None:
    shell.claude_json(server(GEMINI_API_KEY=KEY, GEMINI_AGENTS_LOG="info"))
    said = shell.rows()
    assert said.fine
    assert "GEMINI_API_KEY passed by Claude Code's configuration (~/.claude.json)" in said.state("API key")
    assert "with GEMINI_AGENTS_LOG, GEMINI_API_KEY" in said.state("Claude Code")


def test_a_key_that_claude_code_passes_in_this_project_is_found_below_it_too(shell: Shell) -> None:
    shell.claude_json({"projects": {str(shell.project): server(GOOGLE_API_KEY=KEY)}})
    inside = replace(shell, project=shell.project / "src")
    inside.project.mkdir()
    for each in (shell, inside):
        assert each.rows().fine and "GOOGLE_API_KEY passed by" in each.rows().state("API key")


def test_a_key_that_is_passed_in_another_project_is_told_and_not_counted(shell: Shell) -> None:
    shell.claude_json({"projects": {"/elsewhere": server(GEMINI_API_KEY=KEY), "/other": {"mcpServers": {}}}})
    said = shell.rows()
    assert not said.fine and "in /elsewhere alone" in said.state("API key")
    assert "--scope user" in said.fix("API key")


def test_a_key_in_the_projects_own_file_is_found(shell: Shell) -> None:
    (shell.project / ".mcp.json").write_text(json.dumps(server(GEMINI_API_KEY=KEY)))
    assert "(~/project/.mcp.json)" in shell.rows().state("API key")


def test_a_key_that_is_left_to_the_environment_is_asked_for(shell: Shell) -> None:
    (shell.project / ".mcp.json").write_text(json.dumps(server(GEMINI_API_KEY="${GEMINI_API_KEY}")))
    said = shell.rows()
    assert not said.fine and "expects GEMINI_API_KEY in the environment" in said.state("API key")
    assert shell.rows(GEMINI_API_KEY=KEY).fine


def test_the_nearest_configuration_counts(shell: Shell) -> None:
    near = {str(shell.project): server(GOOGLE_API_KEY=KEY), str(shell.home): server(GEMINI_API_KEY=KEY)}
    shell.claude_json({**server(), "projects": near})
    assert "GOOGLE_API_KEY passed by" in shell.rows().state("API key")


def test_another_folder_for_claude_codes_configuration_is_heeded(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / ".claude.json").write_text(json.dumps(server(GEMINI_API_KEY=KEY)))
    assert shell.rows(CLAUDE_CONFIG_DIR=str(tmp_path / "config")).fine


@pytest.mark.parametrize(
    ("command", "args", "ours"),
    [
        ("/home/me/.local/bin/gemini-agents", [], True),
        ("uvx", ["gemini-agents", "serve"], True),
        ("python3", ["-m", "gemini_mcp"], True),
        ("npx", ["-y", "another-server"], False),
        (None, None, False),
        (["gemini-agents"], {"a": 1}, False),
    ],
)
def test_the_server_is_known_by_what_is_started(tmp_path: Path, command: object, args: object, ours: bool) -> None:
    env = {"GEMINI_API_KEY": KEY}
    entry = {"mcpServers": {"mine": {"command": command, "args": args, "env": env}, "other": None}}
    (tmp_path / ".claude.json").write_text(json.dumps(entry))
    assert bool(claude_config(tmp_path, tmp_path).here) is ours


@pytest.mark.parametrize(
    "content", ["", "{", "[" * 100_000, '{"a": NaN', "\ud800".encode("utf-8", "surrogatepass").decode("latin-1")]
)
def test_a_configuration_that_is_no_json_is_ignored_with_a_note(shell: Shell, content: str) -> None:
    shell.claude_json(content)
    (shell.project / ".mcp.json").mkdir()
    said = shell.rows(GEMINI_API_KEY=KEY)
    assert said.fine and "~/.claude.json is ignored (it is not JSON)" in said.state("Claude Code")
    assert "~/project/.mcp.json is ignored" in said.state("Claude Code")


@pytest.mark.parametrize(
    "value",
    [[], 1, None, {"mcpServers": []}, {"projects": [1]}, {"projects": {"relative": 1, "/x": [], "": {}}},
     {"mcpServers": {"gemini-agents": 5}}, {"mcpServers": {"gemini-agents": {"env": ["GEMINI_API_KEY"]}}},
     {"mcpServers": {"gemini-agents": {"env": {"GEMINI_API_KEY": 5, "GOOGLE_API_KEY": " "}}}}],
)  # fmt: skip
def test_a_configuration_of_another_form_says_nothing(shell: Shell, value: Any) -> None:
    shell.claude_json(value)
    said = shell.rows()
    assert not said.fine and said.state("API key") == "not set"


# ------------------------------------------------------------------------------------------------------ state folder


def test_a_state_folder_that_is_yet_to_be_made_is_not_made(shell: Shell) -> None:
    said = shell.rows(GEMINI_API_KEY=KEY, GEMINI_AGENTS_HOME=str(shell.home / "a" / "b"))
    assert said.fine and "made at the first call" in said.state("state folder")
    assert not (shell.home / "a").exists()


def test_a_state_folder_that_cannot_be_made_is_to_be_mended(shell: Shell) -> None:
    (shell.home / "file").write_text("")
    (shell.home / "lost").symlink_to("nowhere")
    for home in (shell.home / "file", shell.home / "file" / "x", shell.home / "lost"):
        said = shell.rows(GEMINI_API_KEY=KEY, GEMINI_AGENTS_HOME=str(home))
        assert not said.fine and "GEMINI_AGENTS_HOME" in said.fix("state folder"), home


@pytest.mark.skipif(sys.platform != "linux", reason="only there")
@pytest.mark.parametrize("home", ["/proc/x", "/proc", "/proc/self/x", "/sys/x/y"])
def test_what_the_kernel_makes_up_is_no_state_folder(shell: Shell, home: str) -> None:
    said = shell.rows(GEMINI_API_KEY=KEY, GEMINI_AGENTS_HOME=home)
    assert not said.fine and "nothing can be written" in said.fix("state folder")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everything")
def test_a_state_folder_without_permission_is_to_be_mended(shell: Shell) -> None:
    shell.home.joinpath("shut").mkdir(0o500)
    assert shell.rows(GEMINI_API_KEY=KEY, GEMINI_AGENTS_HOME=str(shell.home / "shut" / "x")).fix("state folder")


def test_a_ledger_is_counted_and_one_that_is_none_is_told(shell: Shell) -> None:
    state = shell.home / "state"
    state.mkdir()
    connection = sqlite3.connect(state / "ledger.sqlite3")
    connection.execute("CREATE TABLE attempts (id)")
    connection.close()
    variables = {"GEMINI_API_KEY": KEY, "GEMINI_AGENTS_HOME": str(state)}
    assert "ledger: 0 attempts" in shell.rows(**variables).state("state folder")
    (state / "ledger.sqlite3").write_text("no database at all")
    assert "move the ledger away" in shell.rows(**variables).fix("state folder")


# ---------------------------------------------------------------------------------------------------------- settings


def test_all_variables_that_cannot_be_used_are_told_in_the_table(shell: Shell) -> None:
    bad = {
        "GEMINI_AGENTS_SECRETS": "maybe",
        "GEMINI_AGENTS_DAY_BUDGET_USD": "much",
        "GEMINI_AGENTS_FREE_TIER": "yes",
        "GEMINI_AGENTS_LOG": "loud",
        "GEMINI_AGENTS_BASE_URL": "ftp://x",
        "GEMINI_AGENTS_HOME": "relative",
    }
    said = shell.rows(GEMINI_API_KEY=KEY, **bad)
    assert said.wrong == {"secrets", "budgets", "free tier", "GEMINI_AGENTS_LOG", "base URL", "state folder"}
    assert said.state("secrets") == "GEMINI_AGENTS_SECRETS='maybe' is none of refuse, redact, allow"
    assert "20 for instance" in said.fix("budgets") and not said.fix("API key")


def test_the_command_prints_a_table_and_ends_with_what_there_is_to_mend(shell: Shell) -> None:
    code, text = shell.doctor(GEMINI_API_KEY=KEY, GEMINI_AGENTS_SECRETS="maybe")
    assert code == 1 and "✗ secrets " in text and "✓ API key " in text and "fix: Set one." in text


def test_the_command_prints_the_same_for_programs(shell: Shell) -> None:
    shell.claude_json(server(GEMINI_API_KEY=KEY))
    code, text = shell.doctor("--json")
    found = json.loads(text)
    assert code == 0 and found["ok"] is True
    assert {"what": "API key", "state": shell.rows().state("API key"), "fix": None} in found["findings"]


def test_what_may_be_sent_and_spent_is_told(shell: Shell) -> None:
    said = shell.rows(GEMINI_API_KEY=KEY)
    assert said.state("secrets").startswith("refuse: ") and said.state("budgets") == "$5 a session, $20 a day"
    assert said.state("free tier").startswith("not allowed")
    more = {"GEMINI_AGENTS_SECRETS": "allow", "GEMINI_AGENTS_SESSION_BUDGET_USD": "off", "GEMINI_AGENTS_FREE_TIER": "1"}
    said = shell.rows(GEMINI_API_KEY=KEY, **more)
    assert said.fine and said.state("secrets").startswith("allow: ") and said.state("free tier") == "allowed"
    assert said.state("budgets") == "no limit for a session, $20 a day"


def test_extras_are_told_whether_or_not_they_are_there(shell: Shell) -> None:
    """Here they are: the tests need them."""
    assert shell.rows(GEMINI_API_KEY=KEY).state("extras") == "heic, secrets"


# ------------------------------------------------------------------------------- the server as Claude Code starts it


def test_what_claude_code_sets_is_what_is_looked_at(shell: Shell) -> None:
    state = str(shell.home / "state")
    variables = {"GEMINI_AGENTS_HOME": state, "GEMINI_AGENTS_DAY_BUDGET_USD": "7", "GEMINI_AGENTS_LOG": "loud"}
    shell.claude_json(server(GEMINI_API_KEY=KEY, **variables))
    said = shell.rows(GEMINI_AGENTS_DAY_BUDGET_USD="9", GEMINI_AGENTS_SESSION_BUDGET_USD="3")
    assert state in said.state("state folder") and said.state("budgets") == "$3 a session, $7 a day"
    assert said.wrong == {"GEMINI_AGENTS_LOG"}


def test_what_claude_code_fills_in_is_filled_in(shell: Shell) -> None:
    variables = {"DAY_BUDGET_USD": "${DAY}", "SESSION_BUDGET_USD": "${NONE:-2}", "SECRETS": "${NONE}"}
    shell.claude_json(server(**{f"GEMINI_AGENTS_{name}": value for name, value in variables.items()}))
    said = shell.rows(GEMINI_API_KEY=KEY, DAY="8")
    assert said.fine and said.state("budgets") == "$2 a session, $8 a day"
    assert said.state("secrets").startswith("refuse")


@pytest.mark.parametrize("command", ["no-such-program", "/no/such/program", "."])
def test_a_command_that_is_not_there_is_to_be_mended(shell: Shell, command: str) -> None:
    value = server(GEMINI_API_KEY=KEY)
    value["mcpServers"]["gemini-agents"]["command"] = command
    shell.claude_json(value)
    said = shell.rows()
    assert said.wrong == {"Claude Code"} and f"its command {command} is not there" in said.state("Claude Code")


def test_a_variable_that_nothing_reads_is_told_with_what_was_meant(shell: Shell) -> None:
    shell.claude_json(server(GEMINI_API_KEY=KEY, GEMINI_AGENTS_SESSION_BUDGET=KEY))
    said = shell.rows(GEMINI_AGENTS_ROOT=KEY, GEMINI_AGENTS_ZZZZ=KEY, GEMINI_AGENTS_LOG="info")
    assert said.wrong == {"variables"}
    assert said.state("variables") == (
        "GEMINI_AGENTS_ROOT is no setting; did you mean GEMINI_AGENTS_ROOTS?; GEMINI_AGENTS_ZZZZ is no setting; "
        "GEMINI_AGENTS_SESSION_BUDGET is no setting; did you mean GEMINI_AGENTS_SESSION_BUDGET_USD?"
    )
    assert said.fix("variables").endswith("in the environment and in ~/.claude.json")


def test_every_variable_that_is_read_is_known(shell: Shell) -> None:
    said = shell.rows(GEMINI_API_KEY=KEY, **dict.fromkeys(settings_names(), " "))
    assert said.fine and {"GEMINI_AGENTS_FLASH", "GEMINI_AGENTS_HOME"} <= set(settings_names())
