"""Whether a text could be a secret's value, judged by itself: made by a machine or chosen as a password,
and no placeholder, lookup, checksum or plain word."""

import math
import re
from collections import Counter
from itertools import pairwise

_LONGEST_JUDGED = 160
"""Characters: of what is longer, the beginning decides."""

_PAIRS = (
    "te st es er in re on le se at en ti co or et de al ar nt it me ed ec li ng as ro ge an io nd ra th tr ta ne lo pa "
    "ri ea ex ct pe is fi un ad ce ca si ma ss ac to na ve ck il di rt la ch am he rs no ts od nc ns ll el om pr oc ut "
    "ou ic ha ur mp op pt cl ul im ke rr pl ba mo em fo ef ot ai wi ep ig po ni su id ab tt so ol lt da sp bl ty va ho "
    "ff up os do us ag"
)
_COMMON_PAIRS = frozenset(_PAIRS.split())
"""Pairs of letters that make up three quarters of the pairs in English words and identifiers, a sixth of all pairs."""

_STANDS_FOR_ONE = re.compile(
    r"x{5}|\*{3}|\.{3}|…|•{3}|_{4}|-{5}|\?{3}|#{4}|<[^<>]*>|\$[({]|\{\{|#\{|%\(|\{[\w.]*\}|<%|@@|\[[A-Za-z _-]+\]"
    r"|example|sample|placeholder|change[ _-]?(?:me|this|it)\b|redacted|replace[ _-]|insert[ _-]"
    r"|your[ _-]|\byour|goes[ _-]?here",
    re.IGNORECASE,
)
_LOOKED_UP = re.compile(
    r"\$\w+|%\w+%|(?:env[:.]|vault:|ref\+|op://|arn:|ssm:|ENC\[|[{(]cipher|\$ANSIBLE_VAULT).*|[\w.]*\(\);?"
    r"|!(?:vault|Ref|Sub|GetAtt|ImportValue|Join|FindInMap|secret|env|include|reference)\b.*"
    r"|.*(?:environ|getenv|process\.env).*",
    re.IGNORECASE | re.DOTALL,
)
_DUMMY = re.compile(
    r"pass(?:w(?:or)?d)?|p[a4@][s5$]{2}w|pwd|secret|s3cr[e3]t|token|test|demo|dummy|fake|mock|foo|bar|baz|spam|eggs|user"
    r"|admin|root|guest|login|hello|qwert|asdf|abc|123|xxx|default|credential|none|null|undefined|true|false|optional"
    r"|required|invalid|unknown|hidden|string|value|default|blah|monkey|letmein|api.?key|hunter2",
    re.IGNORECASE,
)
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
_HEX = re.compile(r"(?:0x)?[0-9a-f]+|(?:0x)?[0-9A-F]+")
_FINGERPRINT = re.compile(
    r"(?:sha\d+|md5)[-:=].*|(?:[0-9a-f]{2}[:-]){5,}[0-9a-f]{2}|[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}", re.IGNORECASE
)
_DATE_OR_VERSION = re.compile(r"v?\d{1,4}(?:[-./:T+Z ]\d{1,6}){1,6}\w{0,6}")
_HOST = re.compile(r"(?:[a-z][\w-]*\.)*[a-z][\w-]*(?::\d{2,5})?|[\d.]+:\d{2,5}", re.IGNORECASE)
_ESCAPED = re.compile(r"\\[wWdDsSbBuUxN0-7]|\[\^|\(\?[:=!<P]|\]\)?[+*{]|\.[*+]\??[)$]")
_EXPRESSION = re.compile(r"=>|\w\(\w*\)|&&|\|\|")
_PAIR = re.compile(r"(?=([a-z]{2}))")
_DIGITS_INSIDE = re.compile(r"(?<=[a-z])[0-9]+(?=[a-z])")
_DIGIT = re.compile(r"[0-9]")
_SYMBOL = re.compile(r"[^\w\-./:, ]")
_BLANK = re.compile(r"\s")
_RUN_OF_ONE_SORT = re.compile(r"[A-Z]?[a-z]+|[A-Z]+|[0-9]+")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*(?:(?:\.|::|->|\?\.)[A-Za-z_$][\w$]*)*")


def entropy(value: str) -> float:
    """Shannon's, in bits a character."""
    total = len(value)
    return -sum(n / total * math.log2(n / total) for n in Counter(value).values()) if total else 0.0


def is_hex(value: str) -> bool:
    """Such as checksums, commits and keys are written; which of them it is, only its name tells."""
    return _HEX.fullmatch(value) is not None


def is_uuid(value: str) -> bool:
    return _UUID.fullmatch(value) is not None


def is_identifier(value: str) -> bool:
    """A name, or names joined by dots: code that mentions a secret rather than holds it."""
    return _IDENTIFIER.fullmatch(value) is not None


def stands_for_one(value: str) -> bool:
    """A placeholder or a template: what is written where a secret would go."""
    value = value[:_LONGEST_JUDGED]
    return bool(_STANDS_FOR_ONE.search(value)) or _patterned(value)


def is_looked_up(value: str) -> bool:
    """A reference to where the secret is kept, or the secret encrypted."""
    return _LOOKED_UP.fullmatch(value[:_LONGEST_JUDGED]) is not None


def _patterned(value: str) -> bool:
    """Typed along the keyboard or the alphabet, or one short text again and again."""
    if len(value) < 4:
        return True
    steps = [abs(ord(a) - ord(b)) <= 1 for a, b in pairwise(value)]
    repeats = (value + value).find(value, 1) <= len(value) // 2
    return repeats or sum(steps) > 0.5 * len(steps)


def wordy(value: str) -> bool:
    """Made of words, as identifiers, paths and prose are: most pairs of neighbouring letters are common ones."""
    small = value[:_LONGEST_JUDGED].lower()
    pairs = _PAIR.findall(small)
    if not pairs or len(_DIGITS_INSIDE.findall(small)) > 2 or choppy(value):
        return False
    return sum(map(_COMMON_PAIRS.__contains__, pairs)) >= 0.5 * len(pairs)


def choppy(value: str) -> bool:
    """Changes between small letters, capitals and digits more often than words and numbers side by side do."""
    runs = _RUN_OF_ONE_SORT.findall(value[:_LONGEST_JUDGED])
    return len(runs) >= 4 and sum(map(len, runs)) < 2.6 * len(runs)


def _classes(value: str) -> tuple[bool, bool, bool, bool]:
    """Has lower case, upper case, digits, symbols (what joins words does not count)."""
    lower, upper = value != value.upper(), value != value.lower()
    return lower, upper, _DIGIT.search(value) is not None, _SYMBOL.search(value) is not None


def made_by_machine(value: str, least: int = 16) -> bool:
    """Random characters, at least ``least``; hexadecimal ones too."""
    value = value[:_LONGEST_JUDGED]
    if len(value) < least or _BLANK.search(value) or entropy(value) < _least_entropy(value):
        return False
    if stands_for_one(value) or is_looked_up(value):
        return False
    if _DATE_OR_VERSION.fullmatch(value) or _FINGERPRINT.fullmatch(value) or "://" in value:
        return False
    if _ESCAPED.search(value) or _EXPRESSION.search(value):
        return False
    lower, upper, digit, _ = _classes(value)
    if not ((digit and (lower or upper)) or (lower and upper and (choppy(value) or len(value) >= 20))):
        return False
    return is_hex(value) or (not wordy(value) and _has_random_part(value))


def _least_entropy(value: str) -> float:
    most = 2.7 if is_hex(value) else 3.5
    return min(most, 0.75 * math.log2(len(value)))


def _has_random_part(value: str) -> bool:
    """Paths, dates and names with numbers have parts, but each is short or a word."""
    if choppy(value):
        return True
    parts = re.split(r"[^A-Za-z0-9]+", value)
    return any(len(part) >= 8 and not part.isdigit() and not wordy(part) for part in parts) or all(_classes(value)[2:])


def chosen_by_person(value: str, *, quoted: bool) -> bool:
    """A password as people make them: a word with digits or signs, 8 to 64 characters, none of the usual dummies."""
    if not 8 <= len(value) <= 64 or _BLANK.search(value) or stands_for_one(value) or is_looked_up(value):
        return False
    if _DUMMY.search(value) or _DATE_OR_VERSION.fullmatch(value) or "://" in value or not value.isprintable():
        return False
    if (_HOST.fullmatch(value) and not value.isalnum()) or _ESCAPED.search(value):
        return False
    lower, upper, digit, symbol = _classes(value)
    if not (lower or upper) or not (digit or symbol):
        return False
    if is_identifier(value) or not symbol:
        return (quoted and bool(re.search(r"\d{2,}\W*$", value))) or (digit and (choppy(value) or not wordy(value)))
    return digit or (lower and upper and symbol and not _is_code(value))


def _is_code(value: str) -> bool:
    """Expressions and markup that stand where a value could."""
    return re.search(r"[(){}<>\[\]|\\;=]|::|->|&&|^[.*/&@#-]|[.,:/-]$", value) is not None
