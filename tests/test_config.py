"""What the environment may say, and what is told when it says it wrong."""

import os
from pathlib import Path
from typing import Any

import pytest

from gemini_mcp.config import BadSetting, Settings, load_settings

KEY = "AIzaSyCANARY-0123456789-0123456789-01234"


def load(**environ: str) -> Settings:
    return load_settings(environ)


# --------------------------------------------------------------------------------------------------------------- key


@pytest.mark.parametrize(
    ("environ", "key", "variable", "both"),
    [
        ({}, None, None, False),
        ({"GEMINI_API_KEY": "a"}, "a", "GEMINI_API_KEY", False),
        ({"GOOGLE_API_KEY": "b"}, "b", "GOOGLE_API_KEY", False),
        ({"GEMINI_API_KEY": "a", "GOOGLE_API_KEY": "b"}, "a", "GEMINI_API_KEY", True),
        ({"GEMINI_API_KEY": "  ", "GOOGLE_API_KEY": "b"}, "b", "GOOGLE_API_KEY", False),
        ({"GEMINI_API_KEY": "${GEMINI_API_KEY}"}, None, None, False),
        ({"GEMINI_API_KEY": " a\n"}, "a", "GEMINI_API_KEY", False),
    ],
)
def test_the_gemini_key_wins_over_the_google_key(
    environ: dict[str, str], key: str | None, variable: str | None, both: bool
) -> None:
    settings = load_settings(environ)
    assert (settings.api_key, settings.key_variable, settings.both_keys_set) == (key, variable, both)


def test_the_key_is_in_no_repr() -> None:
    settings = load(GEMINI_API_KEY=KEY)
    assert settings.api_key == KEY and KEY not in repr(settings) and KEY not in str(settings)


# ---------------------------------------------------------------------------------------------------------- base URL


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com:8443/gemini",
        "http://127.0.0.1:1234",
        "http://localhost",
        "HTTP://LOCALHOST:80",
        "http://[::1]:1234",
    ],
)
def test_https_anywhere_and_http_on_loopback(url: str) -> None:
    assert load(GEMINI_AGENTS_BASE_URL=url).base_url == url
    assert load(GEMINI_AGENTS_BASE_URL=url + "/").base_url == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "http://127.0.0.1.example.com",
        "http://localhost.example.com",
        "http://localhost@example.com",
        "http://example.com#@127.0.0.1",
        "http://10.0.0.1",
        "http://0.0.0.0",
        "http://127.0.0.1:99999",
        "https://user@example.com",
        "https://user:pass@example.com",
        "https://:pass@example.com",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "127.0.0.1:1234",
        "https://",
        "https:///path",
        "http://[::1",
        "nonsense",
    ],
)
def test_any_other_base_url_is_refused_without_being_shown(url: str) -> None:
    with pytest.raises(BadSetting, match=r"GEMINI_AGENTS_BASE_URL must be https") as caught:
        load(GEMINI_AGENTS_BASE_URL=url)
    assert "pass" not in str(caught.value)


def test_the_sdks_own_variables_are_ignored() -> None:
    settings = load(
        GOOGLE_GEMINI_BASE_URL="https://evil.example", HTTPS_PROXY="http://evil.example", GOOGLE_GENAI_API_VERSION="v9"
    )
    assert (settings.base_url, settings.api_version) == (None, None)
    assert load(GEMINI_AGENTS_API_VERSION="v1beta").api_version == "v1beta"


# ----------------------------------------------------------------------------------------------------------- numbers

NUMBERS = [
    ("GEMINI_AGENTS_CACHE_TTL_S", "cache_ttl_s", 86_400),
    ("GEMINI_AGENTS_KEEP_DAYS", "keep_days", 30),
    ("GEMINI_AGENTS_DEADLINE_S", "deadline_s", 300),
]


@pytest.mark.parametrize(("variable", "name", "default"), NUMBERS)
@pytest.mark.parametrize(("text", "value"), [("", None), ("${X}", None), ("5", 5), (" 0.5 ", 0.5), ("1e3", 1_000)])
def test_a_number_is_read_or_its_default_holds(
    variable: str, name: str, default: float, text: str, value: float | None
) -> None:
    assert getattr(load_settings({variable: text}), name) == (default if value is None else value)


@pytest.mark.parametrize(("variable", "name", "default"), NUMBERS)
@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "-inf", "five", "5s", "1e999", "0x10"])
def test_what_is_no_positive_number_is_refused_by_name_with_an_example(
    variable: str, name: str, default: float, text: str
) -> None:
    with pytest.raises(BadSetting, match=f"{variable}='{text}' is not a positive number.*{default:g}"):
        load_settings({variable: text})


# ------------------------------------------------------------------------------------------------------------ others


def test_a_tiers_model_can_be_chosen() -> None:
    assert load().tier_models == {}
    settings = load(GEMINI_AGENTS_LITE="gemma-4-31b-it", GEMINI_AGENTS_PRO=" gemini-4-neon ")
    assert settings.tier_models == {"lite": "gemma-4-31b-it", "pro": "gemini-4-neon"}


@pytest.mark.parametrize(("text", "level"), [("", "warning"), ("debug", "debug"), ("INFO", "info"), ("Error", "error")])
def test_the_level_of_the_log(text: str, level: str) -> None:
    assert load(GEMINI_AGENTS_LOG=text).log_level == level


@pytest.mark.parametrize("text", ["loud", "10", "warn"])
def test_a_level_that_is_none_is_refused_with_the_choices(text: str) -> None:
    with pytest.raises(BadSetting, match="debug, info, warning, error"):
        load(GEMINI_AGENTS_LOG=text)


def test_the_session_is_claude_codes_on_stdio_only() -> None:
    environ = {"CLAUDE_CODE_SESSION_ID": "abc"}
    assert load_settings(environ).session_id == "abc"
    assert load_settings(environ, http=True).session_id is None
    assert load().session_id is None


# -------------------------------------------------------------------------------------------------------------- home


def test_the_home_is_the_platforms_data_folder_unless_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    default = load().home
    assert default.is_absolute() and default.name == "gemini-agents"
    assert tmp_path not in default.parents and ".claude" not in default.parts
    settings = load(GEMINI_AGENTS_HOME=str(tmp_path / "state"))
    assert settings.home == tmp_path / "state"
    assert settings.ledger_path.parent == settings.home
    assert not (tmp_path / "state").exists(), "reading a setting made a folder"


def test_a_tilde_in_the_home_is_the_users_folder() -> None:
    assert load(GEMINI_AGENTS_HOME="~/agents").home == Path.home() / "agents"


@pytest.mark.parametrize("text", ["state", "./state", "../state", "~nobody-by-this-name/state"])
def test_a_home_that_is_not_absolute_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="GEMINI_AGENTS_HOME"):
        load(GEMINI_AGENTS_HOME=text)


# ------------------------------------------------------------------------------------------------------------- roots


def test_the_roots_are_those_that_are_set(tmp_path: Path) -> None:
    text = os.pathsep.join([str(tmp_path / "a"), "", f" {tmp_path}/x/../b ", "~/c"])
    settings = load(GEMINI_AGENTS_ROOTS=text.replace(" ", ""), CLAUDE_PROJECT_DIR="/elsewhere")
    assert settings.roots == (tmp_path / "a", tmp_path / "b", Path.home() / "c")


@pytest.mark.parametrize("text", ["src", "./src", "/ok{sep}src", "~nobody-by-this-name/x"])
def test_a_root_that_is_not_absolute_is_refused(text: str) -> None:
    with pytest.raises(BadSetting, match="GEMINI_AGENTS_ROOTS"):
        load(GEMINI_AGENTS_ROOTS=text.format(sep=os.pathsep))


def test_the_project_is_the_root_when_none_is_set(tmp_path: Path) -> None:
    settings = load(CLAUDE_PROJECT_DIR=str(tmp_path))
    assert (settings.roots, settings.project_dir) == ((tmp_path,), tmp_path)


def test_else_it_is_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load().roots == (tmp_path,)


def test_but_never_the_whole_disk_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert load().roots == ()
    assert load(GEMINI_AGENTS_ROOTS="/").roots == (Path("/"),)


@pytest.mark.parametrize("through_a_link", [False, True])
def test_nor_the_whole_home_folder_unasked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, through_a_link: bool
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "alias").symlink_to(home)
    monkeypatch.setenv("HOME", str(tmp_path / "alias" if through_a_link else home))
    monkeypatch.chdir(home)
    assert load().roots == ()


def test_over_http_nothing_is_open_unless_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    environ: dict[str, Any] = {"CLAUDE_PROJECT_DIR": str(tmp_path)}
    assert load_settings(environ, http=True).roots == ()
    assert load_settings(environ | {"GEMINI_AGENTS_ROOTS": str(tmp_path)}, http=True).roots == (tmp_path,)


def test_an_empty_list_of_roots_opens_nothing_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(GEMINI_AGENTS_ROOTS=os.pathsep).roots == ()


def test_budgets_are_five_and_twenty_dollars_unless_set_or_switched_off() -> None:
    settings = load_settings({})
    assert (settings.session_budget_usd, settings.day_budget_usd) == ("5", "20")
    chosen = {"GEMINI_AGENTS_SESSION_BUDGET_USD": "0.25", "GEMINI_AGENTS_DAY_BUDGET_USD": "Off"}
    settings = load_settings(chosen)
    assert (settings.session_budget_usd, settings.day_budget_usd) == ("0.25", None)


@pytest.mark.parametrize("amount", ["-1", "five", "1e3", "nan", "$5", "5,00"])
def test_a_budget_that_is_no_amount_is_refused_with_the_fix(amount: str) -> None:
    with pytest.raises(BadSetting, match=r"GEMINI_AGENTS_DAY_BUDGET_USD.*off"):
        load_settings({"GEMINI_AGENTS_DAY_BUDGET_USD": amount})


def test_the_free_tier_is_allowed_by_one_word_alone() -> None:
    assert not load_settings({}).free_tier and load_settings({"GEMINI_AGENTS_FREE_TIER": "1"}).free_tier
    with pytest.raises(BadSetting, match="GEMINI_AGENTS_FREE_TIER"):
        load_settings({"GEMINI_AGENTS_FREE_TIER": "yes"})


@pytest.mark.parametrize("name", ["LEARNING", "SECOND_OPINIONS"])
def test_learning_and_second_opinions_are_on_until_switched_off(name: str) -> None:
    def switched(environ: dict[str, str]) -> bool:
        settings = load_settings(environ)
        return settings.learning if name == "LEARNING" else settings.second_opinions

    assert switched({}) and not switched({f"GEMINI_AGENTS_{name}": "0"})
    with pytest.raises(BadSetting, match=f"GEMINI_AGENTS_{name}"):
        load_settings({f"GEMINI_AGENTS_{name}": "off"})


def test_trials_are_off_until_a_share_and_an_amount_are_set() -> None:
    assert load_settings({}).trials is None and load_settings({"GEMINI_AGENTS_TRIALS": "0"}).trials is None
    chosen = load_settings({"GEMINI_AGENTS_TRIALS": "0.05:0.50"}).trials
    assert chosen is not None and (chosen.share, chosen.usd_a_day) == (0.05, "0.50")


@pytest.mark.parametrize("text", ["0.05", "1", "2:1", "0.0:1", "0.1:0", "0.1:", ":1", "-0.1:1", "5%:1", "0.1:1:2"])
def test_trials_that_make_no_sense_are_refused_with_the_fix(text: str) -> None:
    with pytest.raises(BadSetting, match=r"GEMINI_AGENTS_TRIALS.*0\.05:0\.50"):
        load_settings({"GEMINI_AGENTS_TRIALS": text})
