"""``gemini-agents doctor``: what is set up, and one fix a line for what is not. Sends nothing."""

import json
import os
import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from gemini_mcp.config import Settings, load_settings
from gemini_mcp.gemini.gateway import DEFAULT_BASE_URL
from gemini_mcp.server.composition import load_models, utc_today

STALE_AFTER_DAYS = 120


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. ``fix`` is None where all is well."""

    what: str
    state: str
    fix: str | None = None


def print_diagnosis(*, as_json: bool) -> int:
    """Exit code 1 when something needs a fix. Raises BadSetting for a variable that cannot be read."""
    findings = list(diagnose(load_settings(), utc_today()))
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


def diagnose(settings: Settings, today: date) -> Iterator[Finding]:
    """Key, endpoint, roots, state folder, catalogue, clients."""
    yield _key(settings)
    yield Finding("base URL", settings.base_url or f"{DEFAULT_BASE_URL} (default)")
    yield _roots(settings)
    yield _state(settings)
    yield _catalogue(settings, today)
    yield _claude()


def _key(settings: Settings) -> Finding:
    if settings.api_key is None:
        fix = "get one at https://aistudio.google.com/apikey and set GEMINI_API_KEY for the server (claude mcp add -e)"
        return Finding("API key", "not set", fix)
    both = "; GOOGLE_API_KEY is set too and ignored" if settings.both_keys_set else ""
    return Finding("API key", f"from {settings.key_variable}{both} (not tried: doctor sends nothing)")


def _roots(settings: Settings) -> Finding:
    if not settings.roots:
        return Finding("roots", "none: no file can be read", "start it in a project, or set GEMINI_AGENTS_ROOTS")
    missing = [root for root in settings.roots if not root.is_dir()]
    shown = os.pathsep.join(str(root) for root in settings.roots)
    if missing:
        return Finding("roots", shown, f"{missing[0]} is no folder: correct GEMINI_AGENTS_ROOTS")
    return Finding("roots", shown)


def _state(settings: Settings) -> Finding:
    """Looks without making anything: a doctor who changes the patient finds other things than the server will."""
    home = settings.home
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK | os.X_OK):
        return Finding("state folder", str(home), f"{existing} cannot be written: mend it or set GEMINI_AGENTS_HOME")
    if not settings.ledger_path.exists():
        return Finding("state folder", f"{home} (made at the first call)")
    try:
        connection = sqlite3.connect(f"{settings.ledger_path.as_uri()}?mode=ro", uri=True)
        try:
            (attempts,) = connection.execute("SELECT COUNT(*) FROM attempts").fetchone()
        finally:
            connection.close()
    except sqlite3.Error as error:
        return Finding("state folder", f"{settings.ledger_path}: {error}", "move the ledger away; a new one is made")
    return Finding("state folder", f"{home} (ledger: {attempts:,} attempts)")


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


def _claude() -> Finding:
    found = shutil.which("claude")
    return Finding("Claude Code", found or "not on PATH (any MCP client will do)")
