"""No secret leaves: what is found, what is said of it, what is left alone. The secrets here are made at run time."""

import base64
import json
import subprocess
import sysconfig
from collections.abc import Iterator
from itertools import islice
from pathlib import Path, PurePath

import pytest

from gemini_mcp.domain.errors import SecretFound
from gemini_mcp.sources.names import secret_name
from gemini_mcp.sources.secret_shapes import SHAPES
from gemini_mcp.sources.secrets import Kingfisher, Policy, Screen, SecretHit, found_secrets, redacted

from .canaries import (
    B62,
    B64,
    HEX,
    NAMED,
    NEUTRAL,
    PLACES,
    SHAPED,
    UP,
    URL,
    Canary,
    Mint,
    benign,
    canaries,
    placed,
)

REPOSITORY = Path(__file__).resolve().parents[2]
SEED = 20_260_101
BROKEN = ("page, broken line", "notebook, over lines", "concatenated")
"""Places in which a value stands in two pieces."""

MARK_LAST = ("Mailchimp key", "token of a provider unknown here")
"""What tells these is not at their beginning: they are not known when they are broken."""


def survivors(canary: Canary, text: str) -> list[str]:
    """Pieces of the secret, 6 characters or longer, that are in ``text``."""
    pieces = [canary.value, *canary.pieces, *canary.value.split()]
    return [piece for piece in pieces if len(piece) >= 6 and piece in text]


def assert_found(canary: Canary) -> None:
    """Found, named without its value, and wholly redacted."""
    hits = found_secrets(canary.text)
    where = f"{canary.kind} in {canary.place}"
    assert hits, where
    assert not survivors(canary, repr(hits)), where
    left = redacted(canary.text, hits)
    assert not survivors(canary, left), where
    assert left.count("\n") == canary.text.count("\n"), where
    with pytest.raises(SecretFound) as caught:
        Screen("refuse").screened("a/file.txt", canary.text)
    said = (
        f"{caught.value!s} {caught.value!r} {caught.value.fix} {caught.value.__cause__!r} {caught.value.__context__!r}"
    )
    assert not survivors(canary, said), where


# ------------------------------------------------------------------------------------------------------------- found


@pytest.mark.parametrize("kind", SHAPED)
def test_a_token_is_found_by_its_shape_wherever_it_stands(kind: str) -> None:
    mint = Mint(SEED)
    for place in PLACES:
        if place not in BROKEN or kind not in MARK_LAST:
            assert_found(placed(mint, kind, SHAPED[kind], place, NEUTRAL))


@pytest.mark.parametrize("name", [name for name in NAMED if name not in ("password", "smtpPass")])
def test_a_value_is_found_by_its_name_in_every_notation(name: str) -> None:
    mint = Mint(SEED + 1)
    for place in PLACES:
        if place != "page, broken line":
            assert_found(placed(mint, name, NAMED[name], place, name))


@pytest.mark.parametrize("place", [place for place in PLACES if place != "page, broken line"])
def test_a_password_that_a_person_made_is_found_by_its_name(place: str) -> None:
    mint = Mint(SEED + 2)
    for name in ("password", "DB_PASSWORD", "userPassword", "passphrase"):
        assert_found(placed(mint, "password", NAMED["password"], place, name))


def test_keys_addresses_headers_and_files_are_found_by_what_surrounds_them() -> None:
    framed = [canary for canary in canaries(SEED, each=0)]
    assert len(framed) > 25
    for canary in framed:
        assert_found(canary)


def test_this_projects_own_keys_are_found_in_both_their_forms() -> None:
    mint = Mint(SEED)
    for kind in ("Gemini API key", "Gemini API key, new form"):
        value = SHAPED[kind](mint)
        for text in (
            value,
            f"x={value}",
            f"curl 'https://host/v1beta/models?key={value}'",
            f"x-goog-api-key: {value}\r\n",
        ):
            (hit,) = found_secrets(text)
            assert text[hit.start : hit.end] == value
            assert hit.kind in ("Google API key", "Gemini API key")


def test_a_hit_says_line_kind_and_place() -> None:
    token = SHAPED["GitHub token"](Mint(SEED))
    text = f"first\r\nsecond\rthird: {token}\nfourth\n"
    assert found_secrets(text) == [SecretHit(3, "GitHub token", text.index(token), text.index(token) + len(token))]


def test_an_escape_before_a_token_does_not_hide_it() -> None:
    token = SHAPED["GitHub token"](Mint(SEED))
    for before in (r"\n", r"\t", r"\u003d", "%3D", "%20", "\x1b[31m", "=", "_", "(", "\u200b"):
        assert [hit.kind for hit in found_secrets(f"log: a{before}{token}")] == ["GitHub token"], before


def test_a_token_inside_another_word_is_none() -> None:
    token = "AK" + "IA" + Mint(SEED).some(UP, 16)
    assert found_secrets(f"x{token}") == found_secrets(f"{token}x") == []


def test_a_value_found_once_is_found_wherever_it_stands() -> None:
    value = Mint(SEED).some(B62, 20)
    text = f'password = "{value}"\n# formerly {value}\n'
    assert [hit.line for hit in found_secrets(text)] == [1, 2]
    assert value not in redacted(text, found_secrets(text))


def test_text_decoded_from_utf_16_is_read_like_any_other() -> None:
    value = Mint(SEED).some(B62, 24)
    text = f"api_key={value}\r\nname=日本\r\n".encode("utf-16").decode("utf-16-le")
    assert [hit.line for hit in found_secrets(text)] == [1]


def test_letters_that_change_their_length_when_folded_do_not_move_the_hits() -> None:
    value = Mint(SEED).some(B62, 24)
    text = f"{'İ' * 50}ẞ password = '{value}'"
    (hit,) = found_secrets(text)
    assert text[hit.start : hit.end] == value


@pytest.mark.parametrize(
    "break_", ["\n", "\r\n", "\n  ", "-\n", "\u00ad\n", "\u200b", '" +\n  "', "\\\n", "\\n", "\n+", "\n> ", "\n# "]
)
def test_a_token_broken_anyhow_is_found_whole(break_: str) -> None:
    value = SHAPED["GitHub token"](Mint(SEED))
    text = f'"see {value[:17]}{break_}{value[17:]}", it said'
    (hit,) = found_secrets(text)
    assert redacted(text, [hit]).replace("\r", "").replace("\n", "") == '"see [REDACTED GitHub token]", it said'


def test_what_follows_a_token_on_the_next_line_is_not_part_of_it() -> None:
    mint = Mint(SEED)
    for kind in ("Anthropic key", "Gemini API key, new form", "GitLab token", "JSON web token"):
        value = SHAPED[kind](mint)
        for after in ("PORT=8080", "next_setting: 1", "and so on", "Release2 = x", value):
            hits = found_secrets(f"{value}\n{after}\n")
            assert (hits[0].start, hits[0].end) == (0, len(value)), (kind, after)


def test_both_halves_of_an_aws_key_are_found() -> None:
    mint = Mint(SEED)
    access, secret = "AK" + "IA" + mint.some(UP, 16), mint.some(B64, 40)
    assert [hit.kind for hit in found_secrets(f"{access},{secret}\n")] == ["AWS access key", "AWS secret key"]


def test_a_service_accounts_file_stays_json_when_its_key_is_redacted() -> None:
    key = Mint(SEED).pem("", 800) + "\n"
    text = json.dumps({"type": "service_account", "private_key": key, "client_email": "a@b.c"})
    left = json.loads(redacted(text, found_secrets(text)))
    assert left == {
        "type": "service_account",
        "private_key": "[REDACTED private key]\\n".replace("\\n", "\n"),
        "client_email": "a@b.c",
    }


def test_a_certificate_in_base64_is_no_key() -> None:
    mint = Mint(SEED)
    pem = mint.pem("RSA ", 400).replace("RSA PRIVATE" + " KEY", "CERTIFICATE")
    assert found_secrets(pem) == found_secrets(f"tls.crt: {base64.b64encode(pem.encode()).decode()}") == []


# -------------------------------------------------------------------------------------------------------- left alone


def test_what_only_looks_like_a_secret_is_left_alone() -> None:
    alarms = [line for seed in range(5) for line in benign(seed) if found_secrets(line)]
    assert alarms == []


@pytest.mark.parametrize("mark", sorted({mark for shape in SHAPES if shape.leads == (0,) for mark in shape.marks}))
def test_an_example_in_the_shape_of_a_token_is_left_alone(mark: str) -> None:
    for rest in (
        "",
        "...",
        "x" * 40,
        "<your token>",
        "EXAMPLE" * 6,
        "your-own-token-goes-here-and-nowhere-else",
        "1234567890" * 4,
    ):
        for text in (
            f'item = "{mark}{rest}"',
            f"Tokens begin with {mark}{rest} and are secret.",
            f"{mark}{rest}\n{mark}\n",
        ):
            assert found_secrets(text) == [], text


def tracked() -> Iterator[Path]:
    done = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, timeout=60)
    if done.returncode:
        pytest.skip("not a git checkout")
    yield from (path for name in done.stdout.decode().split("\0") if name and (path := REPOSITORY / name).is_file())


def largest_of_the_standard_library() -> list[Path]:
    library = Path(sysconfig.get_paths()["stdlib"])
    files = [path for path in library.rglob("*.py") if "site-packages" not in path.parts]
    return sorted(files, key=lambda path: (-path.stat().st_size, path))[:200]


def test_this_repository_and_the_standard_library_raise_at_most_one_false_alarm() -> None:
    paths = [*tracked(), *largest_of_the_standard_library()]
    assert len(paths) > 400
    alarms = [
        f"{path} line {hit.line}: {hit.kind}"
        for path in paths
        for hit in found_secrets(path.read_text("utf-8", errors="replace"))
    ]
    assert len(alarms) <= 1, alarms


# ---------------------------------------------------------------------------------------------------------- bounded


@pytest.mark.parametrize(
    "unit",
    [
        "password=",
        'token: "',
        "key:",
        "eyJ-",
        "gh" + "p_\n",
        "sk-",
        "://a:",
        '"kty":"EC",',
        "LS0tLS1CRUdJTi\n",
        "-",
        "\\n",
        '"+"',
        " ",
    ],
)
def test_a_long_line_made_to_be_slow_is_read_in_steps_that_grow_with_its_length(unit: str) -> None:
    """It would take minutes if any rule looked at the whole line again for each of its parts."""
    assert found_secrets(unit * (400_000 // len(unit))) == []


def test_a_secret_at_the_end_of_a_long_line_is_found() -> None:
    mint = Mint(SEED)
    token = SHAPED["Gemini API key"](mint)
    assert [hit.kind for hit in found_secrets(mint.some(B64, 1_000_000) + "\\n" + token)] == ["Google API key"]


# ----------------------------------------------------------------------------------------------------------- screen


def two(mint: Mint) -> tuple[str, str, str]:
    token, password = SHAPED["GitHub token"](mint), mint.password()
    return f"a: 1\nb: {token}\nc: 3\npassword: {password}\n", token, password


def test_a_secret_is_refused_with_file_line_and_kind() -> None:
    text, token, password = two(Mint(SEED))
    with pytest.raises(SecretFound) as caught:
        Screen("refuse").screened("conf/app.yaml", text)
    assert caught.value.message == "conf/app.yaml holds 2 secrets (line 2: GitHub token, line 4: password)"
    assert "GEMINI_AGENTS_SECRETS=redact" in caught.value.fix and "no argument" in caught.value.fix
    assert token not in repr(caught.value.args) and password not in repr(caught.value.args)


def test_lines_are_counted_from_the_first_one_of_the_part_that_is_sent() -> None:
    text, _, _ = two(Mint(SEED))
    _, warnings = Screen("redact").screened("a.yaml", text, first_line=100)
    assert warnings == ["2 secrets redacted in a.yaml (line 101: GitHub token, line 103: password)"]


def test_redaction_keeps_everything_else_and_every_line() -> None:
    text, _, _ = two(Mint(SEED))
    left, _ = Screen("redact").screened("a.yaml", text)
    assert left == "a: 1\nb: [REDACTED GitHub token]\nc: 3\npassword: [REDACTED password]\n"
    key = Mint(SEED).pem("RSA ", 400)
    left, _ = Screen("redact").screened("a.txt", f"one\r\n{key}\r\nlast")
    assert left == "one\r\n[REDACTED private key]" + "\n" * key.count("\n") + "\r\nlast"


def test_redacted_text_is_clean() -> None:
    screen = Screen("redact")
    for canary in canaries(SEED, each=1):
        left, _ = screen.screened("x", canary.text)
        assert screen.screened("x", left) == (left, []), canary.kind


def test_what_the_user_allows_is_sent_with_a_warning() -> None:
    text, token, _ = two(Mint(SEED))
    sent, (warning,) = Screen("allow").screened("a.yaml", text)
    assert sent == text and "2 secrets" in warning and "line 2: GitHub token" in warning and token not in warning


@pytest.mark.parametrize("policy", ["refuse", "redact", "allow"])
def test_text_without_secrets_passes_as_it_is(policy: Policy) -> None:
    text = "def password_of(user: str) -> str:\r\n    return lookup(user)\n"
    assert Screen(policy).screened("a.py", text) == (text, [])


def test_many_secrets_are_counted_and_the_first_five_named() -> None:
    mint = Mint(SEED)
    text = "".join(f"{SHAPED['npm token'](mint)}\n" for _ in range(12))
    _, (warning,) = Screen("redact").screened("list.txt", text)
    assert warning.startswith("12 secrets redacted in list.txt (line 1: npm token, ")
    assert warning.endswith("line 5: npm token, and 7 more)")


def test_one_secret_is_one() -> None:
    _, (warning,) = Screen("redact").screened("a", SHAPED["npm token"](Mint(SEED)))
    assert warning == "1 secret redacted in a (line 1: npm token)"


# ------------------------------------------------------------------------------------------------------- kingfisher


needs_kingfisher = pytest.mark.skipif(not Kingfisher.installed(), reason="kingfisher-secret-scanner is not installed")


def only_kingfisher_knows() -> tuple[str, str]:
    """An identifier of the provider "adobe", which the built-in rules take for a checksum."""
    value = Mint(SEED).some(HEX, 32)
    return f"ä日\nadobe := '{value}'\n", value


@needs_kingfisher
def test_what_only_kingfisher_knows_counts_too() -> None:
    text, value = only_kingfisher_knows()
    assert found_secrets(text) == []
    left, (warning,) = Screen("redact", kingfisher=True).screened("a.txt", text)
    assert value not in left and left.startswith("ä日\nadobe := '[REDACTED") and left.endswith("'\n")
    assert "line 2: " in warning and value not in warning


@needs_kingfisher
def test_what_both_know_is_one_secret() -> None:
    text = SHAPED["GitHub token"](Mint(SEED))
    assert Screen("redact", kingfisher=True).screened("a", text)[0] == "[REDACTED GitHub token]"


def test_without_the_wish_for_it_kingfisher_is_not_asked() -> None:
    text, _ = only_kingfisher_knows()
    assert Screen("refuse").screened("a.txt", text) == (text, [])


# ------------------------------------------------------------------------------------------------------------ names


@pytest.mark.parametrize(
    "name",
    [
        ".flaskenv", "prod.env.local", "app.env.production", "deploy_rsa", "github_ed25519", "ssh_host_rsa_key",
        "vpn.ovpn", "Login Data", "key4.db", "cookies.sqlite", ".vault_pass.txt", ".s3cfg", "rclone.conf",
        "prod-secrets.yaml",
        "db.secret", "passwords.txt", "passwords.xlsx", "my-credentials.json", "AccessKeys.csv", "x_accessKeys.csv",
        ".psql_history", ".python_history", "auth.json", "firebase-adminsdk-x.json", "app-firebase-adminsdk-1.json",
        "id_rsa.bak", ".id_rsa.swp", "#id_rsa#", ".#id_rsa", "server.key~", "credentials (1).json", "Copy of id_rsa",
        "id_rsa - Copy", "secrets/db_password", "secrets/prod.yaml", "conf/credentials/api.json",
        "Chrome Passwords.csv", "my-passwords.xlsx", "Firefox Logins.csv", ".codex/auth.json", "gcloud/x.json",
        ".local/share/tool/auth.json", ".docker/config.json", "passwords",
        ".config/gh/hosts.yml", ".secrets/x", ".s\u200bsh/config", ".\u017fsh/config", "\uff0eenv",
        ".ssh::$INDEX_ALLOCATION/config",
        ".oci/config",
    ],
)  # fmt: skip
def test_a_name_that_may_hold_secrets_is_refused(name: str) -> None:
    assert secret_name(PurePath(name))


@pytest.mark.parametrize(
    "name",
    [
        "credentials.py", "src/secrets.ts", "secrets/manager.py", "secrets/README.md", "secrets/Makefile", "tokens.py",
        "passwords.go", "kubeconfig.py", "prod.env.example", ".env.template", "vite-env.d.ts", "shadow.glsl", "keys.md",
        "passwords.md", "docs/passwords.html", "gcloud/README.md", "gcloud/deploy.py", ".docker/Dockerfile",
        "locales/en/auth.json", "app.config.env.development.ts", "environment.env.ts", "reset_passwords.py",
        "history.py", "cookies.js", "keyboard.json", "authors.json", "tokenizer.json", "environment.yml", "src/key.ts",
    ],
)  # fmt: skip
def test_a_name_of_code_or_of_an_example_is_not(name: str) -> None:
    assert secret_name(PurePath(name)) is None


def test_every_file_of_this_repository_but_one_may_be_read_by_its_name() -> None:
    names = [path.relative_to(REPOSITORY) for path in islice(tracked(), 2_000)]
    assert [name.as_posix() for name in names if secret_name(name)] == ["tests/clients/.npmrc"]


def test_the_canaries_are_not_all_of_one_place_or_kind() -> None:
    made = list(canaries(SEED))
    assert len(made) >= 180
    assert len({canary.kind for canary in made}) >= 60 and len({canary.place for canary in made}) >= 40
    assert all(piece in canary.text for canary in made for piece in canary.pieces)
    assert len({canary.value for canary in made if len(canary.value) > 20 and URL}) > 150
