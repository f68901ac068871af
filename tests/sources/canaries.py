"""Fake secrets, made when they are asked for: random values in the forms of real ones, and texts that hold them.

No form stands here whole: prefixes are put together from pieces, so that no file of this project looks as if it held a
secret. The same seed makes the same fakes.
"""

import base64
import json
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

HEX = "0123456789abcdef"
LOW = string.ascii_lowercase + string.digits
UP = string.ascii_uppercase + string.digits
B62 = string.ascii_letters + string.digits
URL = B62 + "_-"
B64 = B62 + "+/"
DASHES = "-" * 5


@dataclass(frozen=True, slots=True)
class Canary:
    """A text and the secret in it: ``value`` as its owner would type it, ``pieces`` as it stands in the text."""

    kind: str
    place: str
    text: str = field(repr=False)
    value: str = field(repr=False)
    pieces: tuple[str, ...] = field(repr=False)


class Mint:
    """Makes values."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def some(self, alphabet: str, length: int) -> str:
        """Random characters, digits and letters among them as the alphabet has both."""
        while True:
            made = "".join(self.random.choice(alphabet) for _ in range(length))
            if length < 12 or sum(c.isdigit() for c in made) >= 2 or not any(c.isdigit() for c in alphabet):
                return made

    def pem(self, name: str, length: int, width: int = 64) -> str:
        """A key in its frame."""
        body = self.some(B64, length)
        lines = [body[at : at + width] for at in range(0, length, width)]
        frame = [f"{DASHES}{word} {name}PRIVATE{' '}KEY{DASHES}" for word in ("BEGIN", "END")]
        return "\n".join([frame[0], *lines, frame[1]])

    def web_token(self) -> str:
        head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').rstrip(b"=").decode()
        body = base64.urlsafe_b64encode(json.dumps({"sub": self.some(LOW, 12)}).encode()).rstrip(b"=").decode()
        return f"{head}.{body}.{self.some(URL, 43)}"

    def discord(self) -> str:
        number = base64.b64encode(str(self.random.randrange(10**17, 10**18)).encode()).rstrip(b"=").decode()
        return f"{number}.{self.some(URL, 6)}.{self.some(URL, 38)}"

    def uuid(self) -> str:
        return "-".join(self.some(HEX, length) for length in (8, 4, 4, 4, 12))

    def password(self) -> str:
        """As a person makes one."""
        word = "".join(self.random.choice(("ka", "lo", "mi", "tu", "ren", "sol", "vik", "zan")) for _ in range(3))
        return f"{word.title()}{self.random.randrange(10, 99)}{self.random.choice('!#%&?')}{self.some(LOW, 2)}"


Made = Callable[[Mint], str]

SHAPED: dict[str, Made] = {
    "AWS access key": lambda m: "AK" + "IA" + m.some(UP, 16),
    "AWS temporary key": lambda m: "AS" + "IA" + m.some(UP, 16),
    "Gemini API key": lambda m: "AI" + "za" + "Sy" + m.some(URL, 33),
    "Gemini API key, new form": lambda m: "AQ" + "." + "Ab8RN6" + m.some(URL, 44),
    "Google OAuth token": lambda m: "ya" + "29." + m.some(URL, 120),
    "Google client secret": lambda m: "GOC" + "SPX-" + m.some(URL, 28),
    "GitHub token": lambda m: "gh" + m.random.choice("pousr") + "_" + m.some(B62, 36),
    "GitHub fine-grained token": lambda m: "github" + "_pat_" + m.some(B62, 22) + "_" + m.some(B62, 59),
    "GitLab token": lambda m: "gl" + "pat-" + m.some(URL, 20),
    "GitLab runner token": lambda m: "gl" + "rt-" + m.some(URL, 20),
    "Slack bot token": lambda m: (
        "xo" + "xb-" + f"{m.some('123456789', 12)}-{m.some('123456789', 12)}-{m.some(B62, 24)}"
    ),
    "Slack app token": lambda m: "xa" + "pp-1-" + f"A{m.some(UP, 10)}-{m.some('123456789', 13)}-{m.some(HEX, 64)}",
    "Slack webhook": lambda m: "hooks.slack" + f".com/services/T{m.some(UP, 9)}/B{m.some(UP, 10)}/{m.some(B62, 24)}",
    "Stripe key": lambda m: "sk" + "_live_" + m.some(B62, 24),
    "Stripe restricted key": lambda m: "rk" + "_live_" + m.some(B62, 99),
    "Stripe webhook secret": lambda m: "wh" + "sec_" + m.some(B62, 32),
    "OpenAI key": lambda m: "sk" + "-proj-" + m.some(URL, 74) + "T3Blbk" + "FJ" + m.some(URL, 74),
    "OpenAI key, old form": lambda m: "sk" + "-" + m.some(B62, 20) + "T3Blbk" + "FJ" + m.some(B62, 20),
    "Anthropic key": lambda m: "sk" + "-ant-" + "api03-" + m.some(URL, 93) + "AA",
    "OpenRouter key": lambda m: "sk" + "-or-v1-" + m.some(HEX, 64),
    "Hugging Face token": lambda m: "h" + "f_" + m.some(string.ascii_letters, 34),
    "Groq key": lambda m: "gs" + "k_" + m.some(B62, 52),
    "xAI key": lambda m: "xa" + "i-" + m.some(B62, 80),
    "Replicate token": lambda m: "r" + "8_" + m.some(B62, 37),
    "npm token": lambda m: "np" + "m_" + m.some(B62, 36),
    "PyPI token": lambda m: "py" + "pi-" + "AgEIcHlwaS5vcmc" + m.some(URL, 150),
    "RubyGems key": lambda m: "ruby" + "gems_" + m.some(HEX, 48),
    "Docker token": lambda m: "dckr" + "_pat_" + m.some(URL, 27),
    "SendGrid key": lambda m: "S" + "G." + m.some(URL, 22) + "." + m.some(URL, 43),
    "Twilio key": lambda m: "S" + "K" + m.some(HEX, 32),
    "Mailgun key": lambda m: "ke" + "y-" + m.some(HEX, 32),
    "Mailchimp key": lambda m: m.some(HEX, 32) + "-u" + "s14",
    "Telegram token": lambda m: m.some("123456789", 10) + ":A" + "A" + m.some(URL, 33),
    "Discord token": lambda m: m.discord(),
    "Discord webhook": lambda m: f"discord.com/api/{'web'}hooks/{m.some('123456789', 18)}/{m.some(URL, 68)}",
    "Shopify token": lambda m: "sh" + "pat_" + m.some(HEX, 32),
    "Databricks token": lambda m: "da" + "pi" + m.some(HEX, 32),
    "DigitalOcean token": lambda m: "do" + "p_v1_" + m.some(HEX, 64),
    "Azure storage key": lambda m: "Account" + "Key=" + m.some(B64, 86) + "==",
    "Azure client secret": lambda m: m.some(B62, 3) + "8" + "Q~" + m.some(B62 + "_.", 34),
    "Airtable token": lambda m: "pa" + "t" + m.some(B62, 14) + "." + m.some(HEX, 64),
    "Atlassian token": lambda m: "ATA" + "TT3" + m.some(URL, 180),
    "Vault token": lambda m: "hv" + "s." + m.some(B62, 24),
    "Terraform token": lambda m: m.some(B62, 14) + ".atlas" + "v1." + m.some(URL, 67),
    "Grafana token": lambda m: "gl" + "sa_" + m.some(B62, 32) + "_" + m.some(HEX, 8),
    "New Relic key": lambda m: "NR" + "AK-" + m.some(UP, 27),
    "Linear key": lambda m: "lin" + "_api_" + m.some(B62, 40),
    "Postman key": lambda m: "PM" + "AK-" + m.some(HEX, 24) + "-" + m.some(HEX, 34),
    "Supabase key": lambda m: "sb" + "p_" + m.some(HEX, 40),
    "Tailscale key": lambda m: "ts" + "key-auth-" + m.some(B62, 12) + "-" + m.some(B62, 32),
    "age key": lambda m: "AGE-SECRET" + "-KEY-1" + m.some("QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "JSON web token": lambda m: m.web_token(),
    "token of a provider unknown here": lambda m: m.some(string.ascii_lowercase, 4) + "_" + m.some(B62, 40),
}
"""Known by their shape, whatever they are called."""

NAMED: dict[str, Made] = {
    "password": lambda m: m.password(),
    "db_password": lambda m: m.some(B62 + "!#$%*@^", 16),
    "smtpPass": lambda m: m.some(B62, 14),
    "aws_secret_access_key": lambda m: m.some(B64, 40),
    "client_secret": lambda m: m.some(URL, 32),
    "api_key": lambda m: m.some(HEX, 32),
    "apiKey": lambda m: m.some(B62, 24),
    "SECRET_KEY": lambda m: m.some(B62, 50),
    "auth_token": lambda m: m.some(LOW, 40),
    "encryptionKey": lambda m: base64.b64encode(m.random.randbytes(32)).decode(),
    "webhook_secret": lambda m: m.some(B62, 20),
    "heroku_api_key": lambda m: m.uuid(),
    "twilio_auth_token": lambda m: m.some(HEX, 32),
    "refresh_token": lambda m: m.some(URL, 64),
}
"""Known by their names alone."""


def _around(before: str, after: str = "") -> Callable[[str, str, Mint], tuple[str, tuple[str, ...]]]:
    return lambda name, value, mint: (before.replace("NAME", name) + value + after.replace("NAME", name), (value,))


def _broken(name: str, value: str, mint: Mint) -> tuple[str, tuple[str, ...]]:
    """As text comes out of a page whose column was too narrow."""
    at = len(value) * 3 // 5
    return f"The value of {name} is\n{name}: {value[:at]}\n{value[at:]} and so on\nfor a page.", (
        value[:at],
        value[at:],
    )


def _concatenated(name: str, value: str, mint: Mint) -> tuple[str, tuple[str, ...]]:
    at = max(12, len(value) // 2) if len(value) > 16 else len(value) // 2
    return f'{name} = "{value[:at]}" + "{value[at:]}";\n', (value[:at], value[at:])


def _notebook(name: str, value: str, mint: Mint) -> tuple[str, tuple[str, ...]]:
    cell = {"cell_type": "code", "source": ["import os\n", f'{name} = "{value}"\n', f"print({name})"]}
    return json.dumps({"cells": [cell], "nbformat": 4}, indent=1), (json.dumps(value)[1:-1],)


def _notebook_over_lines(name: str, value: str, mint: Mint) -> tuple[str, tuple[str, ...]]:
    at = len(value) // 2
    cell = {"cell_type": "code", "source": [f"{name} = (\n", f'    "{value[:at]}"\n', f'    "{value[at:]}"\n', ")"]}
    return json.dumps({"cells": [cell]}, indent=1), (value[:at], value[at:])


Placed = Callable[[str, str, Mint], tuple[str, tuple[str, ...]]]

PLACES: dict[str, Placed] = {
    "Python": _around('import os\n\nNAME = "', '"\nprint(len(NAME))\n'),
    "JavaScript": _around("const NAME = '", "';\nmodule.exports = { NAME };\n"),
    "Go": _around('\tNAME := "', '"\n'),
    "typed": _around('class Settings:\n    NAME: str | None = "', '"\n'),
    "JSON": _around('{\n  "debug": true,\n  "NAME": "', '"\n}\n'),
    "JSON in JSON": _around('{"body": "{\\"NAME\\": \\"', '\\"}"}\n'),
    "YAML": _around("service:\n  replicas: 2\n  NAME: ", "\n  image: web\n"),
    "YAML, quoted": _around('service:\n  NAME: "', '"  # of the service\n'),
    "YAML, block": _around("service:\n  NAME: |\n    ", "\n  image: web\n"),
    "Kubernetes": _around("env:\n  - name: NAME\n    value: ", "\n"),
    "TOML": _around('[service]\nNAME = "', '"\n'),
    "XML": _around("<config>\n  <NAME>", "</NAME>\n</config>\n"),
    "XML attribute": _around('<add key="NAME" value="', '" />\n'),
    ".env": _around("DEBUG=1\nNAME=", "\nPORT=80\n"),
    "shell": _around("#!/bin/sh\nexport NAME='", "'\n"),
    "Windows": _around("DEBUG=1\r\nNAME=", "\r\nPORT=80\r\n"),
    "diff, added": _around('@@ -1,2 +1,3 @@\n import os\n+NAME = "', '"\n-x = 1\n'),
    "diff, removed": _around("@@ -1,2 +1,1 @@\n-NAME: ", "\n image: web\n"),
    "diff, context": _around('@@ -1,3 +1,3 @@\n NAME="', '"\n-a\n+b\n'),
    "command": _around("run --name web --NAME=", " --port 80\n"),
    "query": _around("GET /v1/items?page=2&NAME=", "&limit=10 HTTP/1.1\n"),
    "prose": _around("To log in, the NAME is ", " for now.\n"),
    "Markdown table": _around("| what | value |\n|---|---|\n| NAME | ", " |\n"),
    "Markdown code": _around("Set `NAME: ", "` first.\n"),
    "Markdown bold": _around("- **NAME:** ", "\n- **port:** 80\n"),
    "HTML": _around("<table><tr><td>NAME</td>\n <td><code>", "</code></td></tr></table>"),
    "two words": _around("The NAME: ", ".\n"),
    "text of a page": _around("Configuration\n\nNAME: ", "\n\nSave the file.\n"),
    "call": _around('client.set("NAME", "', '")\n'),
    "wide blanks": _around("NAME\u00a0=\u2003", "\u00a0\n"),
    "curly quotes": _around("NAME: \u201c", "\u201d\n"),
    "byte order mark": _around("\ufeffNAME=", "\n"),
    "comment": _around("x = 1  # NAME = ", "\n"),
    "CSV, column": _around("host,user,NAME\na.internal,app,", "\nb.internal,app,\n"),
    "TSV, column": _around("host\tNAME\tport\na.internal\t", "\t80\n"),
    "CSV, quoted": _around('"host";"NAME"\n"a;b";"', '"\n'),
    "Markdown, column": _around("| host | NAME |\n| --- | --- |\n| a.internal |  |\n| b.internal | ", " |\n"),
    "Dockerfile": _around("FROM python\nENV NAME ", "\nCMD run\n"),
    "Terraform": _around('variable "NAME" {\n  type    = string\n  default = "', '"\n}\n'),
    "output of Terraform": _around('{"NAME": {"sensitive": true, "type": "string", "value": "', '"}}\n'),
    "value on the next line": _around('conf = {\n  NAME:\n    "', '",\n};\n'),
    "argument on the next line": _around("connect(\n    NAME=\n        '", "',\n)\n"),
    "Kubernetes, value first": _around("env:\n  - value: ", "\n    name: NAME\n"),
    "JSON, value first": _around('[{"Value": "', '", "Key": "NAME"}]\n'),
    "notebook": _notebook,
    "notebook, over lines": _notebook_over_lines,
    "concatenated": _concatenated,
    "page, broken line": _broken,
}
_NAME_IN_VALUE = "Account" + "Key="
"""Of a connection string: it belongs to the form, and is no secret."""

NEUTRAL = "item"
"""A name that promises nothing."""


def canaries(seed: int, *, each: int = 3) -> Iterator[Canary]:
    """Every kind in ``each`` places, the places in turn; and those that have a place of their own."""
    mint = Mint(seed)
    places = list(PLACES)
    turn = 0
    for kinds, shaped in ((SHAPED, True), (NAMED, False)):
        for kind, made in kinds.items():
            for _ in range(each):
                yield placed(mint, kind, made, places[turn % len(places)], NEUTRAL if shaped else kind)
                turn += 1
    yield from _framed(mint)


def placed(mint: Mint, kind: str, made: Made, place: str, name: str) -> Canary:
    value = made(mint)
    text, pieces = PLACES[place](name, value, mint)
    return Canary(kind, place, text, value, tuple(piece.removeprefix(_NAME_IN_VALUE) for piece in pieces))


def _framed(mint: Mint) -> Iterator[Canary]:
    """Secrets that only their surroundings tell."""
    for place, name in (
        ("PKCS 8", ""),
        ("RSA", "RSA "),
        ("EC", "EC "),
        ("OpenSSH", "OPENSSH "),
        ("locked", "ENCRYPTED "),
    ):
        key = mint.pem(name, 400)
        yield _key(place, f"# the key\n{key}\n# end\n", key)
    key = mint.pem("RSA ", 800)
    yield _key("service account", json.dumps({"type": "service_account", "private_key": key + "\n"}, indent=1), key)
    yield _key("YAML block", "key: |\n" + "".join(f"  {line}\n" for line in key.splitlines()), key)
    yield _key("diff", "".join(f"+{line}\n" for line in key.splitlines()), key)
    yield _key("strings", "\n".join(f'    "{line}\\n"' for line in key.splitlines()), key)
    yield _key("cut off", "\n".join(key.splitlines()[:-3]) + "\n", "\n".join(key.splitlines()[:-3]))
    wrapped = base64.b64encode(mint.pem("EC ", 160).encode()).decode()
    yield Canary("private key", "in base64", f"data:\n  tls.key: {wrapped}\n", wrapped, (wrapped,))
    putty = mint.some(B64, 64) + "\n" + mint.some(B64, 60)
    text = f"PuTTY-User-Key-File-3: ssh-ed25519\nPrivate-Lines: 2\n{putty}\nPrivate-MAC: {mint.some(HEX, 64)}\n"
    yield Canary("private key", "PuTTY", text, putty, tuple(putty.split("\n")))
    part = mint.some(URL, 43)
    yield Canary("private key", "JSON web key", json.dumps({"kty": "EC", "crv": "P-256", "d": part}), part, (part,))
    for scheme in ("postgres", "mongodb+srv", "redis", "amqp", "https"):
        value = mint.some(B62, 18)
        yield Canary("password in a URL", scheme, f"url = '{scheme}://app:{value}@db.internal/main'\n", value, (value,))
    value = mint.password()
    yield Canary(
        "password", "connection string", f"Server=db;User Id=app;Password={value};Encrypt=1\n", value, (value,)
    )
    yield Canary("password", ".netrc", f"machine git.internal login ci password {value}\n", value, (value,))
    yield Canary("password", "curl", f"curl -sS -u ci:{value} https://git.internal/\n", value, (value,))
    yield Canary("password", "SQL", f"CREATE ROLE app LOGIN PASSWORD '{value}';\n", value, (value,))
    pair = base64.b64encode(f"ci:{value}".encode()).decode()
    yield Canary("registry credentials", "Docker", json.dumps({"auths": {"r.io": {"auth": pair}}}), pair, (pair,))
    yield Canary("credentials in a header", "basic", f"Authorization: Basic {pair}\n", pair, (pair,))
    yield from _of_commands(mint)
    yield from _disguised(mint)
    token = mint.some(URL, 40)
    yield Canary("bearer token", "header", f"curl -H 'Authorization: Bearer {token}' https://x\n", token, (token,))
    yield Canary("bearer token", "code", f'headers = {{"Authorization": f"Bearer {token}"}}\n', token, (token,))
    yield Canary("registry token", ".npmrc", f"//r.internal/:_authToken={token}\n", token, (token,))
    access, secret = "AK" + "IA" + mint.some(UP, 16), mint.some(B64, 40)
    yield Canary("AWS secret key", "CSV", f"Access key ID,Secret access key\n{access},{secret}\n", secret, (secret,))
    signature = mint.some(HEX, 64)
    text = f"https://b.s3.amazonaws.com/x?X-Amz-Date=1&X-Amz-Signature={signature}\n"
    yield Canary("signed URL", "S3", text, signature, (signature,))


def _of_commands(mint: Mint) -> Iterator[Canary]:
    for place, before, after in (
        ("mysql", "mysql -u root -p", " shop\n"),
        ("mysqldump", "mysqldump --single-transaction -u root -p'", "' shop > x.sql\n"),
        ("redis.conf", "port 6379\nrequirepass ", "\n"),
        ("redis-cli", "redis-cli -h cache -a ", " ping\n"),
        ("PowerShell", 'ConvertTo-SecureString "', '" -AsPlainText -Force\n'),
        ("openssl", "openssl rsa -in a.pem -passin pass:", " -out b\n"),
        ("login", 'client.login("app", "', '")\n'),
    ):
        value = mint.password()
        yield Canary("password", place, f"{before}{value}{after}", value, (value,))
    token = SHAPED["GitHub token"](mint)
    pair = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    yield Canary(
        "registry credentials", "Docker, token", json.dumps({"auths": {"r.io": {"auth": pair}}}), pair, (pair,)
    )
    yield Canary("token in base64", "alone", f"login: {pair}\n", pair, (pair,))


def _disguised(mint: Mint) -> Iterator[Canary]:
    """Written otherwise than it is meant. What stands in the text is told in pieces of some length."""
    token = SHAPED["GitHub token"](mint)
    head, middle, tail = token[:14], token[14:26], token[26:]
    for place, before, after in (
        ("bold part", "**", "**"),
        ("slanted part", "*", "*"),
        ("code part", "`", "`"),
        ("struck part", "~~", "~~"),
        ("bold part of a page", "<b>", "</b>"),
        ("span of a page", '<span class="x">', "</span>"),
    ):
        yield Canary("GitHub token", place, f"It is {head}{before}{middle}{after}{tail} today.\n", token, (head, tail))
    for place, mark in (
        ("JSON escape", "\\u005f"),
        ("hexadecimal escape", "\\x5f"),
        ("percent", "%5F"),
        ("entity", "&#95;"),
    ):
        written = token.replace("_", mark)
        yield Canary("GitHub token", place, f'{{"item": "{written}"}}\n', written, (written[8:],))
    value = mint.some(B62, 30)
    text = f"api_key: {value[:9]}**{value[9:20]}**{value[20:]}\n"
    yield Canary("secret", "bold part of a value", text, value, (value[:9], value[20:]))
    lines = mint.pem("RSA ", 800).splitlines()
    for place, kept in (("without its head", lines[1:]), ("its last lines", lines[5:])):
        yield _key(place, "\n".join(kept) + "\n", "\n".join(["", *kept]))
    body = "MII" + mint.some(B64, 3) + "IBAAKCAQEA" + mint.some(B64, 1_200)
    pieces = [body[at : at + 64] for at in range(0, len(body), 64)]
    yield Canary("private key", "without its frame", "\n".join(pieces) + "\n", body, tuple(pieces[:-1]))


def _key(place: str, text: str, key: str) -> Canary:
    return Canary("private key", place, text, key, tuple(key.splitlines()[1:-1]))


def benign(seed: int) -> Iterator[str]:
    """Lines that look like secrets and are none."""
    mint = Mint(seed)
    hex40, hex64, uuid = mint.some(HEX, 40), mint.some(HEX, 64), mint.uuid()
    certificate = "\n".join((mint.some(B64, 64), mint.some(B64, 64)))
    yield from (
        'password = "changeme"',
        'password = os.environ["DB_PASSWORD"]',
        "DB_PASSWORD=${DB_PASSWORD}",
        "API_KEY=<your key>",
        "api_key: YOUR_API_KEY_HERE",
        'token = "xxxxxxxxxxxxxxxxxxxxxxxx"',
        "password: {{ vault_password }}",
        'secret = get_secret("prod/db/password")',
        "password = getpass.getpass()",
        'PASSWORD_HASHERS = ["argon2"]',
        f"commit {hex40}",
        f"sha256:{hex64}",
        f'"integrity": "sha512-{mint.some(B64, 86)}=="',
        f"--hash=sha256:{hex64}",
        f"id: {uuid}",
        f"request_id = '{uuid}'",
        f'"token_hash": "{hex64}"',
        f"checksum token {hex64}",
        "https://user:password@example.com/",
        "https://<user>:<password>@host/",
        "postgres://$USER:$PASS@localhost/db",
        "f'https://{user}:{password}@{host}/'",
        "Authorization: Bearer <token>",
        'f"Bearer {token}"',
        "Authorization: Basic ${AUTH}",
        "max_tokens: 4096",
        "tokens = tokenizer.encode(text)",
        "next_page_token = page.token",
        'key = "primary_key_of_the_table"',
        "cache_key = f'{tenant}:{digest}'",
        "public_key: ssh-ed25519",
        "keyboard_shortcut = 'Ctrl+Shift+P'",
        "secret_name: my-app/production/database",
        "passwordField.setVisible(true)",
        "export const PASSWORD_MIN_LENGTH = 12;",
        "password?: string;",
        "token: str | None = None",
        "const token = await login()",
        'password = "*" * 8',
        'token="..."',
        "secretKeyRef: {name: db, key: password}",
        "csrf_token()",
        "TOKEN_URL=/oauth2/token",
        f"{DASHES}BEGIN CERTIFICATE{DASHES}\n{certificate}\n{DASHES}END CERTIFICATE{DASHES}",
        f"{DASHES}BEGIN {'PRIVATE'} KEY{DASHES}\n...\n{DASHES}END {'PRIVATE'} KEY{DASHES}",
        f"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{mint.some(B64, 43)} me@host",
        f"data:image/png;base64,{mint.some(B64, 600)}",
        f'etag: "{mint.some(HEX, 32)}"',
        f"color: #{mint.some(HEX, 6)}",
        f"gpg key {mint.some('0123456789ABCDEF', 40)}",
        f"arn:aws:secretsmanager:eu-west-1:123456789012:secret:prod/{mint.some(LOW, 12)}-{mint.some(B62, 6)}",
        f'"AWS::ApiGateway::ApiKey": "{mint.some(HEX, 16)}"',
        "password = sha512crypt(plain)",
        "password: hunter",
        "API keys begin with sk- and are 51 characters long",
        "AKIA" + "IOSFODNN7" + "EXAMPLE",
        "The secret is that there is no secret.",
        "token_type: bearer",
        'secret = "test-secret"',
        "pwd; ls -la",
        "Passwords must be at least 12 characters long.",
        "api_key = config.get('api_key')",
        'raise KeyError("password")',
        f"image: registry/app@sha256:{hex64}",
        f"GIT_SHA={hex40}",
        f"version: 1.2.3+g{hex40[:9]}",
        "key=lambda item: item[1]",
        "name,password,token\nbob,changeme,bearer\nal,<unset>,\n",
        "token,count,key\nthe,4123,word_the\nKaffeehaus,12,word_kaffeehaus\n",
        "| key | meaning |\n|---|---|\n| `cache_dir` | Where pages are kept |\n| `retry_after_s` | Seconds |\n",
        f"| commit | token |\n|---|---|\n| {hex40} | next |\n",
        "def connect(user, password):\n    self.user, self.password = user, hash(password)\n",
        "ENV PASSWORD_FILE /run/secrets/db\nARG TOKEN\nENV API_KEY ${API_KEY}\n",
        'variable "db_password" {\n  type      = string\n  sensitive = true\n}\n',
        'variable "db_password" {\n  default = "changeme"\n}\n',
        '"password": {"type": "string", "default": ""},',
        "password:\n  type: string\n  description: of the user\n",
        "Password:\n\nEnter the password that was sent to you.\n",
        "requirepass foobared\n",
        "mysql -u root -p shop\nmysql -p$MYSQL_PASSWORD -h db\nmysqld --port=3306 --protocol=tcp\n",
        'ConvertTo-SecureString "$password" -AsPlainText\n',
        f"digest: {base64.b64encode(bytes.fromhex(hex64)).decode()}\n",
        f"payload: {base64.b64encode(b'The quick brown fox jumps over the lazy dog.').decode()}\n",
        "area = a*b*c; x = 2**32; y = (size_t*)p",
        "it is **important** to read `this`*now*",
        f"{DASHES}END {'PRIVATE'} KEY{DASHES}\nis the last line of a key.\n",
    )
