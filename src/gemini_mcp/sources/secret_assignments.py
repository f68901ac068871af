"""Secrets known by the name they are given: ``password = "..."`` in every notation that names values."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, NamedTuple

from gemini_mcp.sources.secret_effort import Effort
from gemini_mcp.sources.secret_text import Span, broken_at, joined, positions
from gemini_mcp.sources.secret_values import (
    choppy,
    chosen_by_person,
    entropy,
    is_hex,
    is_identifier,
    is_looked_up,
    is_uuid,
    made_by_machine,
    stands_for_one,
    wordy,
)


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


Family = Literal["password", "secret", "key"]

_MARKS = (
    "passw", "pw", "pass", "masterauth", "kennwort", "contrase", "senha", "mot de passe", "пароль", "密码",
    "パスワード", "비밀번호", "secret", "token", "credential", "key", "identified by",
)  # fmt: skip
_PASSWORDS = _set(
    "password passwd passwort passphrase passcode passwords pwd pw psw requirepass masterauth bindpw rootpw kennwort"
    " contraseña contrasena senha пароль 密码 パスワード 비밀번호"
)
_SECRETS = ("secret", "token", "apikey", "secretkey", "accesskey", "privatekey", "authkey", "credential")
_QUALIFIERS = _set(
    "api access private secret auth encryption signing account master shared storage license service webhook app"
    " application client admin deploy subscription live prod production bearer session jwt hmac crypto aes ssh host"
    " server security connection consumer rest registration integration write"
)
_OPEN_KEYS = _set(
    "public pub primary foreign sort cache partition idempotency object s3 hash dict map translation i18n locale group"
    " routing row index cell column field unique natural composite lookup registry dedup event fallback row json"
)
_OTHER_TOKENS = _set(
    "next page sync continuation cancel cancellation cursor max min total num n input output prompt completion cached"
    " count stop pad bos eos unk mask special start end begin previous prev last first"
)
_NO_VALUE_OF_ONE = _set(
    "id ids name names url urls uri path paths file files filename dir directory type types field fields length len"
    " size count limit limits max min expiry expires expiration ttl lifetime policy prompt label hint placeholder regex"
    " pattern header headers param params parameter env var variable version algorithm alg format prefix suffix index"
    " usage reset required enabled disabled endpoint link page class provider manager message error info text help desc"
    " description title location source scope scopes status state mode kind arn ref reference selector store rotation"
    " hash digest checksum fingerprint sum thumbprint created updated at time date timestamp price cost"
)
_VERBS_BEFORE_PASS = _set("should must can will could to not first second single multi render blit")
_CHECKSUM = re.compile(
    r"sha-?\d|md5|checksum|digest|integrity|commit|revision|etag|fingerprint|hash|crc|blake|thumbprint", re.IGNORECASE
)

_S = r"[^\S\r\n]"
_Q = r"(?:\\{0,3}[\"'`\u2019\u201d]|&quot;|&\#3[49];|\*{2})"
_IN_ARN = re.compile(r"arn:[^\s\"']{0,150}\Z")
_LEAST: dict[Family, int] = {"password": 8, "secret": 12, "key": 24}
_BEFORE_NAMES = (" ", '"', "'", ":", "=")
_TWO_WORDS = re.compile(
    r"(?<![^\W_])(?:api|access|secret|private|auth|account|master|signing|encryption) \Z", re.IGNORECASE
)
_REST = re.compile(r"[\w.-]{0,60}+(?=[\s\"'`\\:=,(>\])|!\-&*<?|\u2019\u201d\uff1a\uff1d])")
_OPERATOR = re.compile(
    rf"""
    (?: {_S}?(?:\(\w{{0,20}}\))?{_S}?(?P<quote>{_Q})? {_S}?[\])]? )
    (?:
      (?P<block> {_S}{{0,4}}:{_S}{{0,4}} [|>][+-]?\d? {_S}{{0,8}} \r?\n {_S}{{1,40}} )
    | (?P<within> {_Q}? {_S}{{0,4}} [:=]? \s{{0,8}} \{{ [^{{}}]{{0,300}}? \b (?:default|value|defaultValue) {_Q}?
        {_S}{{0,8}} [:=] {_S}{{0,8}} )
    | (?P<beside> (?:,\s{{0,80}}|\s{{1,80}}) {_Q}? value {_Q}? {_S}{{0,4}} [:=] {_S}{{0,4}} )
    | (?P<element> </\w{{1,10}}> :? \s{{0,80}} (?:<\w{{1,10}}>\s{{0,8}}){{0,2}} | > )
    | (?P<sign> {_S}{{0,20}} (?: :{_S}{{0,4}}[\w&\[\]|.?<> ,]{{1,40}}?{_S}{{0,4}} = (?![=>])
        | [:=]= | => | ={{1,3}} | !==? | :{{1,2}} | -> | \uff1a | \uff1d | \?\?=? | \|\|=? )
        {_S}{{0,20}} (?:\*{{2}}{_S}{{1,4}})? )
    | (?P<pair> {_S}{{0,4}} (?:(?(quote),|\()) {_S}{{0,4}} )
    | (?P<cell> {_S}{{0,40}} \| {_S}{{0,40}} )
    | (?P<words> {_S}{{1,4}} (?:is|was|ist|lautet|est|es){_S}{{0,4}}:?{_S}{{1,4}} )
    | (?P<blank> {_S}{{1,8}} (?=\S) )
    )
    """,
    re.VERBOSE | re.IGNORECASE,
)
_OPENING = re.compile(
    rf"(?:\(\s{{0,80}}(?:\\n\",\s{{1,80}}\"\s{{0,80}})?)?"
    rf"(?:(?:new{_S})?[A-Za-z_][\w.:]{{0,60}}\({_S}?){{0,2}}(?:[rbfuRBFU]{{1,2}}|[@$]|N)?"
    r"(\\{0,3}[\"'`]|[\u201c\u2018\xab]|&quot;|&#3[49];|\*{2})"
)
_CLOSING = {"\u201c": "\u201d", "\u2018": "\u2019", "\xab": "\xbb"}
_BARE = re.compile(r"[^\s\"'`<>,;(){}\[\]|\\]{8,8000}")
_TO_LINE_END = re.compile(rf"[^\s\"'`][^\s]{{7,400}}(?={_S}*(?:\#.*)?(?:$|[\r\n]))")
_CODE = re.compile(r"[(){}<>\[\]|\\;,\"'`]|::|->|&&")
_HEAD = 64
_CODE_OPENS = (".", "*", "/", "&", "-")
_LINE_OPENS = re.compile(
    rf"(?:\A|[\r\n\ufeff])[+-]?{_S}*(?:#\s?)?(?:export|set|setx|env|ENV|ARG|-e|-|\$env:|SET)?{_S}*\Z"
)
_SETS = re.compile(rf"(?:\A|[\r\n\ufeff])[+-]?{_S}*(?:ENV|ARG|setenv|setx|set{_S}-\w+){_S}+\Z")
_ALONE = ("requirepass", "masterauth", "bindpw", "rootpw")
"""Settings that are followed by their value alone."""

_LINE_THEN_VALUE = re.compile(
    rf"{_S}{{0,8}}\r?\n\s{{1,80}}(?=(?:[\"'`](?![\"'`])[^\r\n]{{4,400}}[\"'`]{_S}*[,;)}}]{{0,3}}|[^\s:\"'`=\[{{(-][^\s:=]{{7,100}}){_S}*(?:\r?\n|\Z))"
)
_NAMED = re.compile(rf"\b(?:name|key){_Q}?{_S}{{0,4}}[:=]{_S}{{0,4}}{_Q}?[\w.-]{{0,40}}\Z", re.IGNORECASE)
_VALUE_BEFORE = re.compile(
    rf"\bvalue{_Q}?{_S}{{0,4}}[:=]{_S}{{0,4}}(?:({_Q})((?:(?!\1)[^\r\n]){{4,200}})\1|([^\s\"'`,]{{4,200}}))\s{{0,8}}[,;]?\s{{0,80}}(?:-\s)?"
    rf"{_Q}?(?:name|key){_Q}?{_S}{{0,4}}[:=]{_S}{{0,4}}{_Q}?[\w.-]{{0,40}}\Z",
    re.IGNORECASE,
)
_NEXT_LINE = re.compile(rf"{_S}{{0,8}}\r?\n{_S}{{0,8}}([^\s:=<>{{}}()\[\],;\"'`]{{4,64}})(?=\s|\Z)")
_DIGITS = re.compile(r"[0-9]+")
_LETTER = re.compile(r"[A-Za-z]")
_TOKEN = re.compile(r"[\w.~+/=-]+", re.ASCII)
_JOINS_STRINGS = re.compile(
    r"\s{0,80}(?:(?:\+|\.\.?|&|\|\||\\(?=\s))\s{0,80})?(?:[+-]\s{1,80}|\\n\",\s{1,80}\"\s{0,80})?[rbfuRBFU]{0,2}"
)


class Value(NamedTuple):
    """What a name is given. ``plain``: the text less quotes and joints."""

    start: int
    end: int
    plain: str
    quoted: bool
    env: bool


def marks(small: str) -> list[tuple[int, int]]:
    """Where names may stand that promise a secret, in order, and how long what tells so is. ``small``: text, folded."""
    return sorted((at, len(mark)) for mark in _MARKS for at in positions(small, mark))


def assignments(text: str, names: list[tuple[int, int]], effort: Effort) -> Iterator[Span]:
    """Values that their names call secret and that look like it. ``names`` as ``marks`` finds them."""
    done = 0
    for at, length in names:
        effort.tick()
        rest = _REST.match(text, at + length) if at >= done else None
        if rest is None:
            continue
        done = at + 1
        name = _name(text, at, rest.end())
        family = family_of(name)
        if family is None:
            continue
        if text[rest.end() - len(name) - 1 : rest.end() - len(name)] in _BEFORE_NAMES:
            yield from _before(text, name, family, at)
        operator = _OPERATOR.match(text, rest.end())
        value = _value(text, rest.end() - len(name), name, operator) if operator else None
        if value and credible(text, name, family, value) and not _IN_ARN.search(text, max(0, at - 160), at):
            done = value.end if value.quoted else _end_on_next_line(text, value.end)
            yield Span(value.start, done, family)


def _before(text: str, name: str, family: Family, at: int) -> Iterator[Span]:
    """A value that stands before the name, as in a list whose items are ``value`` and ``name``."""
    first = max(0, at - 400)
    if max(text.find("alue", first, at), text.find("ALUE", first, at)) < 0 or not _NAMED.search(
        text, max(0, at - 80), at
    ):
        return
    found = _VALUE_BEFORE.search(text, first, at)
    if found is None:
        return
    start, end = found.span(2) if found.group(2) else found.span(3)
    if credible(text, name, family, Value(start, end, text[start:end], True, False)):
        yield Span(start, end, family)


def _name(text: str, at: int, end: int) -> str:
    """The whole name around a mark; of a name of two words, such as "API key", both."""
    start, first = at, max(0, at - 60)
    while start > first and (text[start - 1].isalnum() or text[start - 1] in "_.$-"):
        start -= 1
    if text[start - 1 : start] == " " and (words := _TWO_WORDS.search(text, max(0, start - 16), start)):
        start = words.start()
    return text[start:end]


@lru_cache(maxsize=4096)
def family_of(name: str) -> Family | None:
    """What a name's words promise: a password, another secret, a key of some kind, or nothing secret."""
    words = _words(name)
    if not words or words[-1] in _NO_VALUE_OF_ONE:
        return None
    if words[-1] == "pass" and not _VERBS_BEFORE_PASS.intersection(words):
        return "password"
    if any(word in _PASSWORDS or word.endswith(("password", "passwd", "passphrase")) for word in words):
        return "password"
    if any(word.removesuffix("s").endswith(_SECRETS) for word in words):
        return None if _OTHER_TOKENS.intersection(words) and "secret" not in words else "secret"
    if words[-1] in ("key", "keys"):
        qualifier = words[-2] if len(words) > 1 else ""
        return "secret" if qualifier in _QUALIFIERS else None if qualifier in _OPEN_KEYS else "key"
    return "password" if name.lower().strip() in ("identified by", "mot de passe") else None


def _words(name: str) -> list[str]:
    """``dbPassword``, ``DB_PASSWORD`` and ``db.password`` are two words each."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return [word for word in re.split(r"[\W_]+|\d+$", parted.lower()) if word]


def _value(text: str, start: int, name: str, operator: re.Match[str]) -> Value | None:
    """What stands after ``operator``, for the name that begins at ``start``."""
    way = operator.lastgroup or ""
    at = operator.end()
    if way == "sign" and (line := _LINE_THEN_VALUE.match(text, at)):
        at = line.end()
    opening = _OPENING.match(text, at)
    if opening:
        return _quoted(text, opening) if way != "blank" or opening.group(1)[-1] in "\"'" else None
    alone = way == "blank" and (name.lower() in _ALONE or bool(_SETS.search(text, max(0, start - 24), start)))
    if way == "pair" or (way == "blank" and not name.startswith("--") and not alone):
        return None
    opens_line = (way == "sign" or alone) and _LINE_OPENS.search(text, max(0, start - 24), start) is not None
    env = way == "block" or at > operator.end() or opens_line
    return _bare(text, at, env=env, in_query=text[start - 1 : start] in ("?", "&"))


def _quoted(text: str, opening: re.Match[str]) -> Value | None:
    quote = opening.group(1)
    start = opening.end()
    end = _closing(text, quote, start)
    if end is None:
        return None
    plain = text[start:end]
    for _ in range(40):
        joint = _JOINS_STRINGS.match(text, end + len(quote))
        if joint is None or not text.startswith(quote, joint.end()):
            break
        more = joint.end() + len(quote)
        last = _closing(text, quote, more)
        if last is None:
            break
        plain, end = plain + text[more:last], last
    return Value(start, end, plain, True, False)


def _closing(text: str, quote: str, start: int) -> int | None:
    """Where a quoted value ends: on its line, escaped quotes inside it aside."""
    mark = _CLOSING.get(quote, quote)
    line_end = text.find("\n", start, start + 8_000)
    limit = line_end if line_end >= 0 else min(len(text), start + 8_000)
    end = text.find(mark, start, limit)
    while end > start and not quote.startswith("\\") and text[end - 1] == "\\" and text[end - 2] != "\\":
        end = text.find(mark, end + 1, limit)
    return end if end > start else None


def _bare(text: str, start: int, *, env: bool = False, in_query: bool = False) -> Value | None:
    head = _BARE.match(text, start, start + _HEAD)
    if head is None or (len(head.group()) == _HEAD and (entropy(head.group()) < 3.3 or wordy(head.group()))):
        return None  # before all of it is looked at
    found = (_TO_LINE_END.match(text, start) if env else None) or _BARE.match(text, start)
    if found is None:
        return None
    plain = found.group().partition("&")[0] if in_query else found.group()
    if not env:
        plain = plain.rstrip(".,:")  # of the sentence
    end = start + len(plain)
    if text[end : end + 1] in ("(", "[", "{"):
        return None
    if broken_at(text, end):
        whole = joined(text, start, cautious=True)
        if whole.end(len(whole.text)) > end:
            plain, end = whole.text, whole.end(len(whole.text))
    return Value(start, end, plain, False, env)


def _end_on_next_line(text: str, end: int) -> int:
    """Of a value that ends a line: past the rest of it on the next, if that begins with no word and no name."""
    more = _NEXT_LINE.match(text, end)
    if more is None or wordy(more.group(1)) or more.group(1).isalpha() or not _LETTER.search(more.group(1)):
        return end
    return more.end()


def credible(text: str, name: str, family: Family, value: Value) -> bool:
    """Whether what a name of that family is given looks like it."""
    plain = value.plain
    if len(plain) < _LEAST[family]:
        return False
    if stands_for_one(plain) or is_looked_up(plain):
        return False
    if not value.quoted and _is_code(plain, value.env):
        return False
    if is_uuid(plain):
        return family == "password" or (family == "secret" and "token" not in name.lower())
    if is_hex(plain):
        least = {"password": 16, "secret": 20, "key": 1_000}[family]
        return made_by_machine(plain, least) and not _is_checksum(text, value.start)
    if family == "key":
        return made_by_machine(plain, 24) and _TOKEN.fullmatch(plain) is not None
    if not value.quoted and not value.env and is_identifier(plain):
        return _is_random_identifier(plain)
    if family == "password":
        return made_by_machine(plain, 12) or chosen_by_person(plain, quoted=value.quoted or value.env)
    return made_by_machine(plain, 12 if (value.quoted or value.env) and choppy(plain) else 16)


def _is_random_identifier(value: str) -> bool:
    """No name that somebody would give a variable, though it could be one."""
    scattered = choppy(value) or len(_DIGITS.findall(value)) > 1
    random_part = any(len(part) >= 8 and not wordy(part) for part in value.split("_"))
    return random_part and _DIGITS.search(value) is not None and made_by_machine(value, 12 if scattered else 20)


def _is_code(value: str, env: bool) -> bool:
    """An expression where a value could stand. A line of settings may hold any sign, but does not open a bracket."""
    if env:
        return re.fullmatch(r"[\w.]*[(\[{].*|.*[({\[,]", value) is not None
    return _CODE.search(value) is not None or (value.startswith(_CODE_OPENS) and not choppy(value))


def _is_checksum(text: str, at: int) -> bool:
    line = text.rfind("\n", max(0, at - 80), at)
    return _CHECKSUM.search(text, line if line >= 0 else max(0, at - 80), at) is not None
