"""The only reader of the environment. Everything else is handed a ``Settings``."""

import math
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast, get_args
from urllib.parse import urlsplit

LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
SecretsPolicy = Literal["refuse", "redact", "allow"]
_AMOUNT = re.compile(r"\d{1,12}(?:\.\d{1,9})?|\.\d{1,9}")
_SHARE = re.compile(r"[01]?\.\d{1,6}|[01]")
LOG_LEVELS = ("debug", "info", "warning", "error")


class BadSetting(ValueError):
    """A variable whose value cannot be used; the message names it and the fix."""


@dataclass(frozen=True, slots=True)
class Trials:
    """Which share of calls (above 0, at most 1) is tried on another tier too, and what that may cost a day, in USD."""

    share: float
    usd_a_day: str


@dataclass(frozen=True, slots=True)
class Settings:
    """What the user set. Times in seconds, money in USD as text; ``api_key`` stays out of every repr and log."""

    api_key: str | None = field(repr=False)
    key_variable: str | None
    both_keys_set: bool
    base_url: str | None
    api_version: str | None
    home: Path
    roots: tuple[Path, ...]
    tier_models: Mapping[str, str]
    cache_ttl_s: float
    keep_days: float
    deadline_s: float
    log_level: str
    secrets: SecretsPolicy
    session_budget_usd: str | None
    day_budget_usd: str | None
    free_tier: bool
    learning: bool
    second_opinions: bool
    trials: Trials | None
    session_id: str | None
    project_dir: Path | None

    @property
    def ledger_path(self) -> Path:
        return self.home / "ledger.sqlite3"


def load_settings(environ: Mapping[str, str] = os.environ, *, http: bool = False) -> Settings:
    """Read the environment; over ``http`` no folder is open unless set. Raises BadSetting."""
    gemini, google = _text(environ, "GEMINI_API_KEY"), _text(environ, "GOOGLE_API_KEY")
    project = _text(environ, "CLAUDE_PROJECT_DIR")
    return Settings(
        api_key=gemini or google,
        key_variable="GEMINI_API_KEY" if gemini else "GOOGLE_API_KEY" if google else None,
        both_keys_set=bool(gemini and google),
        base_url=_base_url(environ),
        api_version=_text(environ, "GEMINI_AGENTS_API_VERSION"),
        home=_home(environ),
        roots=_roots(environ, http),
        tier_models=_tier_models(environ),
        cache_ttl_s=_number(environ, "GEMINI_AGENTS_CACHE_TTL_S", 86_400),
        keep_days=_number(environ, "GEMINI_AGENTS_KEEP_DAYS", 30),
        deadline_s=_number(environ, "GEMINI_AGENTS_DEADLINE_S", 300),
        log_level=_log_level(environ),
        secrets=_secrets(environ),
        session_budget_usd=_budget(environ, "SESSION", "5"),
        day_budget_usd=_budget(environ, "DAY", "20"),
        free_tier=_flag(environ, "GEMINI_AGENTS_FREE_TIER", default="0"),
        learning=_flag(environ, "GEMINI_AGENTS_LEARNING", default="1"),
        second_opinions=_flag(environ, "GEMINI_AGENTS_SECOND_OPINIONS", default="1"),
        trials=_trials(environ),
        session_id=None if http else _text(environ, "CLAUDE_CODE_SESSION_ID"),
        project_dir=Path(project) if project else None,
    )


def environment() -> dict[str, str]:
    """The whole environment, for a child process of ours that is to see what this one sees. Never logged."""
    return dict(os.environ)


def _text(environ: Mapping[str, str], name: str) -> str | None:
    """A variable's value, blanks aside; an unexpanded ``${VAR}`` of a configuration file counts as not set."""
    value = environ.get(name, "").strip()
    return None if not value or value.startswith("${") else value


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    text = _text(environ, name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value) or value <= 0:
        raise BadSetting(
            f"{name}={text!r} is not a positive number. Set it to one, {default:g} for instance, or unset it."
        )
    return value


def _base_url(environ: Mapping[str, str]) -> str | None:
    """https anywhere, http on this machine only: the key goes along in a header."""
    text = _text(environ, "GEMINI_AGENTS_BASE_URL")
    if text is None:
        return None
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    plain_is_safe = parts.scheme == "http" and host in LOOPBACK_HOSTS
    if not host or "@" in parts.netloc or not (parts.scheme == "https" or plain_is_safe):
        raise BadSetting(
            "GEMINI_AGENTS_BASE_URL must be https://HOST, or http on 127.0.0.1, localhost or [::1]."
            " Unset it to use Gemini."
        )
    return text.rstrip("/")


def _home(environ: Mapping[str, str]) -> Path:
    text = _text(environ, "GEMINI_AGENTS_HOME")
    if text is None:
        from platformdirs import user_data_path

        return user_data_path("gemini-agents", appauthor=False)
    path = _expanded(text)
    if path is None:
        raise BadSetting(f"GEMINI_AGENTS_HOME={text!r} is not an absolute path. Give the whole path, or unset it.")
    return path


def _expanded(text: str) -> Path | None:
    """The absolute path, ``~`` resolved; None for any other."""
    try:
        path = Path(text).expanduser()
    except RuntimeError:  # the home of somebody unknown
        return None
    return path if path.is_absolute() else None


def _roots(environ: Mapping[str, str], http: bool) -> tuple[Path, ...]:
    """Folders that files may be read from. The whole disk or the whole home folder only when asked for by name."""
    text = _text(environ, "GEMINI_AGENTS_ROOTS")
    if text is not None:
        named = [_expanded(part.strip()) for part in text.split(os.pathsep) if part.strip()]
        found = [path for path in named if path is not None]
        if len(found) < len(named):
            raise BadSetting(f"GEMINI_AGENTS_ROOTS={text!r} holds a relative path. Give absolute folders.")
        return tuple(Path(os.path.normpath(path)) for path in found)
    if http:
        return ()
    project = _text(environ, "CLAUDE_PROJECT_DIR")
    here = Path(os.path.abspath(project)) if project is not None else Path.cwd()
    home = Path.home()
    return () if here == Path(here.anchor) or here in (home, home.resolve()) else (here,)


def _tier_models(environ: Mapping[str, str]) -> dict[str, str]:
    chosen = {tier: _text(environ, f"GEMINI_AGENTS_{tier.upper()}") for tier in ("lite", "flash", "pro")}
    return {tier: model for tier, model in chosen.items() if model is not None}


def _log_level(environ: Mapping[str, str]) -> str:
    level = (_text(environ, "GEMINI_AGENTS_LOG") or "warning").lower()
    if level not in LOG_LEVELS:
        raise BadSetting(f"GEMINI_AGENTS_LOG={level!r} is not a level. Use one of {', '.join(LOG_LEVELS)}.")
    return level


def _budget(environ: Mapping[str, str], kind: str, default: str) -> str | None:
    """An amount as it is written; None when the budget is switched off."""
    name = f"GEMINI_AGENTS_{kind}_BUDGET_USD"
    text = _text(environ, name) or default
    if text.lower() == "off":
        return None
    if not _AMOUNT.fullmatch(text):
        fix = f"Set it to one, {default} for instance, or to off."
        raise BadSetting(f"{name}={text!r} is no amount in USD. {fix}")
    return text


def _trials(environ: Mapping[str, str]) -> Trials | None:
    """``share:usd-a-day``, both above 0; None when there are to be no trials."""
    text = _text(environ, "GEMINI_AGENTS_TRIALS") or "0"
    if text == "0":
        return None
    share, _, amount = text.partition(":")
    usable = _SHARE.fullmatch(share) and _AMOUNT.fullmatch(amount)
    if not usable or not 0.0 < float(share) <= 1.0 or float(amount) <= 0.0:
        fix = "Set it to share:usd-a-day, 0.05:0.50 for instance, or to 0."
        raise BadSetting(f"GEMINI_AGENTS_TRIALS={text!r} is no share of calls with an amount in USD a day. {fix}")
    return Trials(float(share), amount)


def _flag(environ: Mapping[str, str], name: str, default: str) -> bool:
    text = _text(environ, name) or default
    if text not in ("0", "1"):
        raise BadSetting(f"{name}={text!r} is neither 0 nor 1. Set it to one of them.")
    return text == "1"


def _secrets(environ: Mapping[str, str]) -> SecretsPolicy:
    policy = (_text(environ, "GEMINI_AGENTS_SECRETS") or "refuse").lower()
    if policy not in get_args(SecretsPolicy):
        raise BadSetting(f"GEMINI_AGENTS_SECRETS={policy!r} is none of {', '.join(get_args(SecretsPolicy))}. Set one.")
    return cast(SecretsPolicy, policy)
