"""``gemini-agents doctor``: what is set up, and one fix a line for what is not. Sends nothing, makes nothing."""

import json
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from gemini_mcp.commands.claude_config import ClaudeConfig, Entry, claude_config, shown
from gemini_mcp.commands.state_folder import state_of
from gemini_mcp.commands.variables import given_by, unknown
from gemini_mcp.config import BadSetting, Settings, environment, load_settings
from gemini_mcp.gemini.gateway import DEFAULT_BASE_URL
from gemini_mcp.server.composition import utc_today
from gemini_mcp.server.state import load_models
from gemini_mcp.sources.secrets import Kingfisher

STALE_AFTER_DAYS = 120
_ROWS = {
    "GEMINI_AGENTS_BASE_URL": "base URL",
    "GEMINI_AGENTS_ROOTS": "roots",
    "GEMINI_AGENTS_HOME": "state folder",
    "GEMINI_AGENTS_SECRETS": "secrets",
    "GEMINI_AGENTS_SESSION_BUDGET_USD": "budgets",
    "GEMINI_AGENTS_DAY_BUDGET_USD": "budgets",
    "GEMINI_AGENTS_FREE_TIER": "free tier",
}
"""The line that a variable is told in; the others have one of their own when something is wrong with them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``fix`` is None where all is well."""

    what: str
    state: str
    fix: str | None = None


@dataclass(frozen=True, slots=True)
class Patient:
    """What is looked at: a server as Claude Code starts it here, or else as this shell would.

    ``bad``: the variables that cannot be used, as if they were not set, each with the reason. ``names``: of the
    variables in the shell; ``path``: where commands are looked for, None for this process's own.
    """

    settings: Settings
    claude: ClaudeConfig
    bad: Mapping[str, str]
    names: frozenset[str] = frozenset()
    path: str | None = None


def print_diagnosis(*, as_json: bool) -> int:
    """Exit code 1 when something needs a fix."""
    findings = list(diagnose(patient(environment()), utc_today()))
    if as_json:
        rows = [{"what": f.what, "state": f.state, "fix": f.fix} for f in findings]
        print(json.dumps({"ok": not any(f.fix for f in findings), "findings": rows}, indent=2))
    else:
        width = max(len(f.what) for f in findings)
        for f in findings:
            print(f"{'✗' if f.fix else '✓'} {f.what.ljust(width)}  {f.state}")
            if f.fix:
                print(f"  {' ' * width}  fix: {f.fix}")
    return 1 if any(f.fix for f in findings) else 0


def patient(environ: Mapping[str, str]) -> Patient:
    """What a server started here would be set to, but for what it would refuse to start with."""
    settings, bad = _usable(environ)
    folder = environ.get("CLAUDE_CONFIG_DIR", "").strip()
    claude = claude_config(Path(folder) if folder else Path.home(), settings.project_dir or Path.cwd())
    if claude.here:
        settings, bad = _usable(given_by(claude.here[0].settings, environ))
    return Patient(settings, claude, bad, frozenset(environ), environ.get("PATH"))


def _usable(environ: Mapping[str, str]) -> tuple[Settings, dict[str, str]]:
    """The settings without the variables that cannot be used, and these, each with the reason."""
    bad: dict[str, str] = {}
    while True:
        try:
            return load_settings({name: value for name, value in environ.items() if name not in bad}), bad
        except BadSetting as error:
            named = re.match(r"GEMINI_AGENTS_\w+", str(error))
            if named is None or named[0] in bad:
                raise
            bad[named[0]] = str(error)


def diagnose(whole: Patient, today: date) -> Iterator[Finding]:
    """Key, endpoint, roots, state folder, what may be sent and spent, catalogue, extras, clients."""
    told = {_ROWS.get(name, name): _wrong(name, said) for name, said in whole.bad.items()}
    for finding in _findings(whole, today):
        yield replace(told.pop(finding.what), what=finding.what) if finding.what in told else finding
    yield from told.values()


def _wrong(variable: str, said: str) -> Finding:
    """A message is what is wrong, and then what to do."""
    wrong, _, fix = said.partition(". ")
    return Finding(_ROWS.get(variable, variable), wrong, fix or "correct it, or unset it")


def _findings(whole: Patient, today: date) -> Iterator[Finding]:
    settings = whole.settings
    yield _key(settings, whole.claude)
    yield Finding("base URL", settings.base_url or f"{DEFAULT_BASE_URL} (default)")
    yield _roots(settings)
    yield Finding("state folder", *state_of(settings))
    yield _secrets(settings)
    yield _budgets(settings)
    yield Finding("free tier", "allowed" if settings.free_tier else "not allowed: the key is taken as paid")
    yield _catalogue(settings, today)
    yield _extras()
    yield _claude(whole.claude, whole.path)
    yield from _unknown(whole)


# --------------------------------------------------------------------------------------------------------------- key


def _key(settings: Settings, claude: ClaudeConfig) -> Finding:
    untried = "(not tried: doctor sends nothing)"
    if settings.api_key is not None:
        both = "; GOOGLE_API_KEY is set too and ignored" if settings.both_keys_set else ""
        return Finding("API key", f"from {settings.key_variable}{both} {untried}")
    if passed := next((entry for entry in claude.here if entry.key), None):
        where = shown(passed.file)
        return Finding("API key", f"{passed.key} passed by Claude Code's configuration ({where}) {untried}")
    if expected := next((entry for entry in claude.here if entry.expected), None):
        what = f"{shown(expected.file)} expects {expected.expected[0]} in the environment, where it is not set"
        return Finding("API key", what, f"export {expected.expected[0]} before Claude Code starts")
    if others := [entry for entry in claude.elsewhere if entry.key]:
        state = f"not set here; passed by Claude Code's configuration in {_projects(others)} alone"
        return Finding("API key", state, "add it for all projects: claude mcp add --scope user ...")
    fix = "get one at https://aistudio.google.com/apikey and set GEMINI_API_KEY for the server (claude mcp add -e)"
    return Finding("API key", "not set", fix)


def _projects(entries: list[Entry]) -> str:
    first = entries[0].project
    return str(first) if len(entries) == 1 else f"{first} and {len(entries) - 1} more"


# ----------------------------------------------------------------------------------------------------------- folders


def _roots(settings: Settings) -> Finding:
    if not settings.roots:
        return Finding("roots", "none: no file can be read", "start it in a project, or set GEMINI_AGENTS_ROOTS")
    missing = [root for root in settings.roots if not root.is_dir()]
    shown = os.pathsep.join(str(root) for root in settings.roots)
    if missing:
        return Finding("roots", shown, f"{missing[0]} is no folder: correct GEMINI_AGENTS_ROOTS")
    return Finding("roots", shown)


# ------------------------------------------------------------------------------------------ what may be sent and spent


def _secrets(settings: Settings) -> Finding:
    means = {
        "refuse": "what holds one is not sent",
        "redact": "the rest is sent",
        "allow": "they are sent, and that is said",
    }
    rules = "built-in rules and kingfisher's" if Kingfisher.installed() else "built-in rules"
    return Finding("secrets", f"{settings.secrets}: {means[settings.secrets]} ({rules})")


def _budgets(settings: Settings) -> Finding:
    amounts = ("session", settings.session_budget_usd), ("day", settings.day_budget_usd)
    told = [f"${amount} a {kind}" if amount is not None else f"no limit for a {kind}" for kind, amount in amounts]
    return Finding("budgets", ", ".join(told))


def _catalogue(settings: Settings, today: date) -> Finding:
    try:
        catalogue = load_models(settings)
    except ValueError as error:
        return Finding("catalogue", "unusable", str(error))
    age = (today - catalogue.as_of).days
    state = f"of {catalogue.as_of} ({max(age, 0)} days old)"
    return Finding(
        "catalogue", state, "update gemini-agents: prices may have changed" if age > STALE_AFTER_DAYS else None
    )


# ------------------------------------------------------------------------------------------------- what is installed


def _extras() -> Finding:
    """They are not needed: none is missing."""
    installed = {"heic": find_spec("pillow_heif") is not None, "secrets": Kingfisher.installed()}
    told = [name if there else f"{name} not installed" for name, there in installed.items()]
    return Finding("extras", ", ".join(told))


def _claude(claude: ClaudeConfig, path: str | None) -> Finding:
    told = [shutil.which("claude") or "not on PATH (any MCP client will do)"]
    fix = None
    for entry in claude.here[:1]:
        given = f", with {', '.join(entry.variables)}" if entry.variables else ""
        told.append(f"starts gemini-agents by {shown(entry.file)}{given}")
        if entry.command and not entry.command.startswith("${") and shutil.which(entry.command, path=path) is None:
            told.append(f"its command {entry.command} is not there, or is no program")
            fix = f"install it, or correct the command in {shown(entry.file)} (claude mcp remove, then add)"
    return Finding("Claude Code", "; ".join([*told, *claude.notes]), fix)


def _unknown(whole: Patient) -> Iterator[Finding]:
    """Names that nothing reads, in the shell and in what Claude Code passes."""
    places = {"the environment": list(unknown(whole.names))}
    for entry in whole.claude.here[:1]:
        places[shown(entry.file)] = list(unknown(entry.settings))
    wrong = {place: sentences for place, sentences in places.items() if sentences}
    if wrong:
        told = "; ".join(dict.fromkeys(sentence for sentences in wrong.values() for sentence in sentences))
        yield Finding("variables", told, f"rename or remove it in {' and in '.join(wrong)}")
