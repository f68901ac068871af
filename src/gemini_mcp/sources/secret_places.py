"""Secrets known by where they stand: inside a key's frame, an address, a header, a line of .netrc."""

import re
from collections.abc import Iterator
from urllib.parse import unquote

from gemini_mcp.sources.secret_text import LONGEST, Span, begins_at, broken_at, joined, positions
from gemini_mcp.sources.secret_tokens import decoded
from gemini_mcp.sources.secret_values import chosen_by_person, entropy, made_by_machine, stands_for_one, wordy

_DASHES = r"[-\u2010-\u2015]{2,5} ?"
_PEM_BEGIN = re.compile(rf"{_DASHES}BEGIN [A-Z0-9 ]{{0,40}}PRIVATE KEY(?: BLOCK)? ?{_DASHES}")
_PEM_END = re.compile(rf"{_DASHES}END [A-Z0-9 ]{{0,60}}{_DASHES}")
_PEM_FILLER = re.compile(r"(?:[A-Za-z0-9+/=\s\"'`,.:;()|>#*-]|\\[nr]|\\\r?\n){0,20000}+")
_KEY_LINE = re.compile(r"[A-Za-z0-9+/]{16,80}={0,2}")
_LINE_END = re.compile(r"\\[nr]|[\r\n]")
_BESIDE_KEY = " \t>+|#*-\"',;"
_PUTTY = re.compile(r"Private-Lines: ?\d+(?:\s|\\[nr]|[A-Za-z0-9+/=]){40,20000}+(?:Private-(?:MAC|Hash): ?[0-9a-f]+)?")
_BASE64 = re.compile(r"[A-Za-z0-9+/]{8,}={0,2}")
_JWK_VALUE = re.compile(r"\\{0,3}\"(?:d|p|q|dp|dq|qi|k)\\{0,3}\"\s{0,20}:\s{0,20}\\{0,3}\"([A-Za-z0-9_-]{16,2000})")
_JWK_KIND = re.compile(r"kty\\{0,3}\"\s{0,20}:\s{0,20}\\{0,3}\"(?:RSA|EC|OKP|oct)\b")
_WRAPPED_BEGIN = "LS0tLS1CRUdJTi"
"""A PEM frame's first line in base64."""

_USERINFO = re.compile(
    r"([^\s:/?#@\"'<>`\\,;|()\[\]]{0,100}):([^\s\"'<>`/?#]{1,200}|[^\s\"'<>`]{1,200}?)@(?=[\w\[.%-])"
    r"|([\w~.%+-]{20,200})@(?=[\w\[])"
)
_HEADER = re.compile(
    r"\b(?:proxy-)?authorization\\{0,3}[\"']?\]?\s{0,8}(?:=>|[:=,(])\s{0,8}[bfru]?\\{0,3}[\"'`]?"
    r"(?:(basic)\s{1,8}|(?:\w{2,20})\s{1,8})?([\w\-.~+/=]{8,8000}+)",
    re.IGNORECASE | re.ASCII,
)
_BEARER = re.compile(r"\bbearer[\s:=]{1,8}\\{0,3}[\"'`]?([\w\-.~+/]{12,8000}+={0,2})", re.IGNORECASE | re.ASCII)
_BASIC = re.compile(r"\bbasic\s{1,8}([A-Za-z0-9+/]{12,400}+={0,2})", re.IGNORECASE)
_NETRC = re.compile(r"\blogin\s{1,20}\S{1,100}\s{1,20}(?:account\s{1,20}\S{1,100}\s{1,20})?password\s{1,20}(\S{4,200})")
_AUTH = re.compile(r"auth(?:token)?\\{0,3}\"?\s{0,8}[:=]\s{0,8}\\{0,3}\"?([\w+/.-]{8,2000}={0,2})", re.IGNORECASE)
_USER_OPTION = re.compile(r"\s(?:-u|--user|--proxy-user)[ =]?[\"']?([\w.@+-]{1,80}):([^\s\"']{4,200})")
_PASS_OPTION = re.compile(r"sshpass\s{1,8}-p\s{0,8}[\"']?([^\s\"']{4,200})")
_OPTION_VALUE = r"(?:\"([^\"\r\n]{4,200})\"|'([^'\r\n]{4,200})'|([^\s\"'`<>$][^\s\"'`<>]{3,200}+))"
_IN_QUOTES = r"[\"']([^\"'\r\n]{4,200})[\"']"
_OPTIONS = tuple(
    (mark, re.compile(option, re.IGNORECASE))
    for mark, option in (
        *((name, rf"{name}[^\r\n]{{0,200}}?\s(?-i:-p){_OPTION_VALUE}") for name in ("mysql", "mariadb")),
        *(
            (name, rf"{name}[^\r\n]{{0,200}}?\s-[paw]\s{{1,8}}{_OPTION_VALUE}")
            for name in ("redis-cli", "sqlcmd", "mongo", "ldapsearch", "ldapmodify", "docker login")
        ),
        ("convertto-securestring", rf"convertto-securestring\s{{1,8}}(?:-string\s{{1,8}})?{_IN_QUOTES}"),
        (".login(", rf"\.login\(\s{{0,8}}[\"'][^\"'\r\n]{{1,100}}[\"'],\s{{0,8}}{_IN_QUOTES}"),
        ("pass:", r"pass:([^\s\"'`<>$][^\s\"'`<>]{3,200}+)(?=\s|\Z)"),
    )
)
"""Options end with their password. What begins a line of shell is looked at as far as 200 characters on."""

_WORDS_OF_WALLET = re.compile(r"[\"']?\W{1,12}((?:[a-z]{3,8}\s){11,23}[a-z]{3,8})\b")
_NAMES_OF_WALLET = ("mnemonic", "seed phrase", "seed_phrase", "recovery phrase", "recovery_phrase", "secret phrase")
_USUAL = re.compile(
    r"(?:pass(?:w(?:or)?d|wd|phrase)?|pwd?|p[a4@]ss?w0?r?d|secret|s3cret|test(?:ing)?|user(?:name|pass)?|guest|admin|root"
    r"|postgres|mysql|foo|bar|baz|spam|joe|me|us|credentials?|token|api_?key|key|changeme|default|demo|dummy|hunter2|pat"
    r"|host|name|abc|x+|y+|z+|\W*|%\w|%\(\w+\)s?|(?-i:[A-Z]+(?:_[A-Z]+)*)|\$.*)\d{0,4}",
    re.IGNORECASE,
)


def keys(text: str) -> Iterator[Span]:
    """Private keys: framed, in base64 once more, as PuTTY writes them, as JSON web keys."""
    if "PRIVATE KEY" in text:
        for found in _PEM_BEGIN.finditer(text):
            if end := _pem_end(text, found.end()):
                yield Span(found.start(), end, "private key")
        yield from _headless(text)
    if "Private-Lines" in text:
        yield from (Span(found.start(), found.end(), "private key") for found in _PUTTY.finditer(text))
    yield from _wrapped(text)
    yield from _web_keys(text)


def _pem_end(text: str, start: int) -> int | None:
    """Past the frame, or past what looks like the key where the frame is cut off; None where no key follows."""
    last = text.find("BEGIN ", start, start + LONGEST)
    last = start + LONGEST if last < 0 else last
    closing = _PEM_END.search(text, start, last)
    if closing:
        return closing.end() if _is_key(text[start : closing.start()]) else None
    filler = _PEM_FILLER.match(text, start, last)
    chunks = list(_BASE64.finditer(text, start, filler.end())) if filler else []
    lines = [chunk for chunk in chunks if len(chunk.group()) >= 24 and not wordy(chunk.group())]
    return lines[-1].end() if lines and _is_key(text[start : lines[-1].end()]) else None


def _headless(text: str) -> Iterator[Span]:
    """The rest of a key whose first lines are missing: the lines before its end, as long as they are base64."""
    done = 0
    for found in _PEM_END.finditer(text):
        if "PRIVATE KEY" not in found.group():
            continue
        first = max(done, found.start() - LONGEST)
        start = _first_key_line(text[first : found.start()]) + first
        if _is_key(text[start : found.start()]):
            yield Span(start, found.end(), "private key")
        done = found.end()


def _first_key_line(before: str) -> int:
    """Where the lines of base64 begin that ``before`` ends in."""
    breaks = [(found.start(), found.end()) for found in _LINE_END.finditer(before)]
    start = end = len(before)
    for last, following in reversed([(0, 0), *breaks]):
        line = before[following:end].strip(_BESIDE_KEY)
        if line and not _KEY_LINE.fullmatch(line):
            break
        start, end = (following if line else start), last
    return start


def _is_key(body: str) -> bool:
    plain = re.sub(r"\\[nr]", "\n", body)
    payload = "".join(_BASE64.findall(plain))
    return len(payload) >= 40 and entropy(payload[:2000]) >= 4 and not wordy(payload) and not stands_for_one(payload)


def _wrapped(text: str) -> Iterator[Span]:
    for at in positions(text, _WRAPPED_BEGIN):
        if not begins_at(text, at):
            continue
        whole = joined(text, at, cautious=True, stops=(_WRAPPED_BEGIN,))
        inside = decoded(whole.text[: min(len(whole.text) // 4 * 4, 80)])
        if inside and "PRIVATE KEY" in inside:
            yield Span(at, whole.end(len(whole.text)), "private key")


def _web_keys(text: str) -> Iterator[Span]:
    done = 0
    for at in positions(text, "kty"):
        if at >= done and _JWK_KIND.match(text, at):
            done = at + 4_000
            for found in _JWK_VALUE.finditer(text, max(0, at - 4_000), at + 8_000):
                if made_by_machine(found.group(1)):
                    yield Span(found.start(1), found.end(1), "private key")


def addresses(text: str) -> Iterator[Span]:
    """``scheme://user:password@host``, and a token where the user's name would be."""
    for at in positions(text, "://"):
        found = _USERINFO.match(text, at + 3) if text[at - 1 : at].isalnum() else None
        if found and found.group(2) and _is_address_password(found.group(1), found.group(2)):
            yield Span(found.start(2), found.end(2), "password in a URL")
        elif found and found.group(3) and made_by_machine(found.group(3), 20) and "sentry" not in text[at : at + 300]:
            yield Span(found.start(3), found.end(3), "token in a URL")


def _is_address_password(user: str, value: str) -> bool:
    value = unquote(value)
    if value == unquote(user) or _is_usual(value) or stands_for_one(value) or "{" in value:
        return False
    return _is_password(value) or (len(value) >= 8 and not any(c.isspace() for c in value) and "://" not in value)


def _is_usual(value: str) -> bool:
    """What examples and tests write for a password."""
    return _USUAL.fullmatch(value) is not None or _USUAL.fullmatch(re.sub(r"[\W_]", "", value)) is not None


def _is_password(value: str) -> bool:
    return not _is_usual(value) and (made_by_machine(value, 8) or chosen_by_person(value, quoted=True))


def headers(text: str, small: str) -> Iterator[Span]:
    """Of HTTP, and the options of commands that become them."""
    for at in positions(small, "authorization"):
        found = _HEADER.match(text, at)
        if found and (_is_basic(found.group(2)) if found.group(1) else made_by_machine(found.group(2))):
            yield _extended(text, found.start(2), found.end(2), "credentials in a header")
    for at in positions(small, "bearer"):
        if (found := _BEARER.match(text, at)) and made_by_machine(found.group(1)):
            yield _extended(text, found.start(1), found.end(1), "bearer token")
    for at in positions(small, "basic "):
        if (found := _BASIC.match(text, at)) and _is_basic(found.group(1)):
            yield Span(found.start(1), found.end(1), "credentials in a header")
    for at in positions(small, "curl"):
        for found in _USER_OPTION.finditer(text, at, _line_end(text, at, 600)):
            if _is_password(found.group(2)):
                yield Span(found.start(2), found.end(2), "password")


def _extended(text: str, start: int, end: int, kind: str) -> Span:
    """To its last piece, where a line's end broke it."""
    if broken_at(text, end):
        whole = joined(text, start, cautious=True)
        end = max(end, whole.end(len(whole.text)))
    return Span(start, end, kind)


def _line_end(text: str, at: int, most: int) -> int:
    end = text.find("\n", at, at + most)
    return end if end >= 0 else min(len(text), at + most)


def _is_basic(value: str) -> bool:
    """Credentials as Basic authentication writes them, the password none of the usual examples."""
    inside = decoded(value)
    user, colon, password = (inside or "").partition(":")
    return bool(colon) and password.isprintable() and len(password) >= 4 and _is_address_password(user, password)


def commands(text: str, small: str) -> Iterator[Span]:
    """Passwords given to programs that take them as an option, or as an argument."""
    for mark, option in _OPTIONS:
        done = 0
        for at in positions(small, mark):
            end = _line_end(text, at, 400)
            if at >= done and (found := option.match(text, at, end)):
                done = found.end()
                value = found.span(found.lastindex or 0)
                if _is_password(text[slice(*value)]):
                    yield Span(*value, "password")


def files(text: str, small: str) -> Iterator[Span]:
    """Lines of .netrc, .npmrc, Docker's configuration, sshpass; the words of a wallet."""
    for at in positions(small, "login"):
        if (found := _NETRC.match(text, at)) and _is_password(found.group(1)):
            yield Span(found.start(1), found.end(1), "password")
    for at in (*positions(small, '"auth'), *positions(small, "_auth")):
        found = _AUTH.match(text, at + 1)
        named_token = "token" in small[at : at + 10]
        if found and (_is_basic(found.group(1)) or (named_token and made_by_machine(found.group(1)))):
            yield Span(found.start(1), found.end(1), "registry credentials")
    for at in positions(small, "sshpass"):
        if (found := _PASS_OPTION.match(text, at)) and _is_password(found.group(1)):
            yield Span(found.start(1), found.end(1), "password")
    for mark in _NAMES_OF_WALLET:
        for at in positions(small, mark):
            if found := _WORDS_OF_WALLET.match(text, at + len(mark)):
                yield Span(found.start(1), found.end(1), "wallet phrase")
