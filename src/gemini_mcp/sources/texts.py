"""Bytes as text: Unicode when they say so or read so, another encoding when there is little doubt, else a refusal."""

import codecs
import re
from typing import TYPE_CHECKING

from gemini_mcp.domain.errors import UnsupportedFormat

if TYPE_CHECKING:
    from charset_normalizer import CharsetMatch

_FIX = "Only text can be sent: convert the file to UTF-8 first, or leave it out."
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\b\x1b")) + b"\x7f"
_MOST_CONTROLS = 0.1
"""Of all bytes, in what reads as UTF-8: some logs and old text files use a few as separators."""
_HIGH = re.compile(rb"[\x80-\xff]")
_LONE = re.compile(rb"(?<![\x80-\xff])[\x80-\xff](?![\x80-\xff])")
"""An accent now and then; in another script they come in rows."""
_SAMPLE_BYTES = 8_192
_LINE_BYTES = 400
# What files are still written in. A guess among all encodings of the world finds one for any bytes.
_WESTERN = "cp1252"
_LATIN = (_WESTERN, "cp1250", "cp1257", "iso8859_2")
_WIDE = ("cp932", "euc_jp", "gb18030", "big5", "cp949")
_OTHERS = ("cp1254", "cp1251", "koi8_r", "cp866", "cp1253", "cp1255", "cp1256", "cp874")
_NOT_WESTERN = re.compile(rb"[\x82\x83\x86-\x89\x8b\xa4\xa6\xa8\xac\xad\xaf\xb4\xb8]")
"""Signs that are rare in Western text, and what other encodings begin their letters with."""
_TURKISH_OR_ICELANDIC = re.compile(rb"[\xd0\xdd\xde\xf0\xfd\xfe]")
"""The same bytes are everyday letters of either."""
_DECLARED = re.compile(rb"(?:[^\n]{0,400}\n)?[^\n]{0,400}?coding[:=][ \t]{0,8}[\"']?([\w.-]{2,30})")
"""In the first two lines, as Python, Emacs, Vim and XML have it."""
_MOST_CHAOS = 0.15
_LEAST_COHERENCE = 0.2
_LEAST_WIDE, _MOST_LETTERS = 8, 0.8
_LEAST_UTF16 = 16
"""Bytes: shorter ones could be numbers as well."""
_FEW_HIGH = 0.25
_AS_GOOD = 0.05
"""Two readings of which neither is better: the differences are smaller than the measure is good for."""


def decoded(data: bytes, name: str) -> str:
    """The text of a file called ``name`` in errors; line ends are kept. Raises UnsupportedFormat."""
    for mark, encoding in _MARKS:
        if data.startswith(mark) and (text := _strictly(data[len(mark) :], encoding)) is not None and "\0" not in text:
            return text
    if (wide := _unmarked_utf16(data)) and (text := _strictly(data, wide)) is not None and "\0" not in text:
        return text
    if b"\0" in data or _controls(data) > _MOST_CONTROLS:
        raise UnsupportedFormat(f"{name} is binary", _FIX)
    if (text := _strictly(data, "utf-8")) is not None:
        return text
    if (
        _controls(data)
        or (found := _declared(data) or _guess(data)) is None
        or (text := _strictly(data, found)) is None
    ):
        raise UnsupportedFormat(f"{name} is not UTF-8, and its encoding cannot be told", _FIX)
    return text


def _declared(data: bytes) -> str | None:
    """The encoding that a file says itself it is in: one of those that files are written in, and no other codec."""
    found = _DECLARED.match(data)
    name = _known(found.group(1).decode("ascii", "replace")) if found else None
    return name if name in {_known(each) for each in ("latin-1", "iso8859-15", *_LATIN, *_WIDE, *_OTHERS)} else None


def _known(name: str) -> str | None:
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


def _unmarked_utf16(data: bytes) -> str | None:
    """Text in a Latin alphabet without a mark: every other byte, and hardly any between, is zero."""
    head = data[: _SAMPLE_BYTES // 2 * 2]
    even, odd = head[::2].count(0), head[1::2].count(0)
    if len(data) < _LEAST_UTF16 or max(even, odd) * 2 < 0.8 * len(head) or min(even, odd):
        return None
    return "utf-16-be" if even > odd else "utf-16-le"


def _strictly(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _controls(data: bytes) -> float:
    """The share of control characters that text has no use for."""
    return 1 - len(data.translate(None, _CONTROLS)) / len(data) if data else 0.0


def _guess(data: bytes) -> str | None:
    """The encoding of what is not UTF-8, when there is little doubt. Looks at a sample: its time does not grow."""
    sample = _sample(data)
    if _is_damaged_unicode(sample):
        return None
    high = len(_HIGH.findall(sample))
    accents = len(_LONE.findall(sample)) * 2 >= high and high <= _FEW_HIGH * len(sample)
    return _latin(sample) if accents else _another(sample)


def _latin(sample: bytes) -> str | None:
    """Text in Latin letters with some accents: Western when nothing speaks for another reading."""
    western = _strictly(sample, _WESTERN) or ""
    plausible = western and not _NOT_WESTERN.search(sample)
    if plausible and not any(letter.isalpha() for letter in western if letter > "\x7f"):
        return _WESTERN  # (c), degrees, quotation marks
    matches = _matches(sample, _LATIN)
    coherence = max((match.coherence for match in matches if match.encoding == _WESTERN and plausible), default=0.0)
    best = max(matches, key=lambda match: match.coherence, default=None)
    if best and best.coherence >= max(_LEAST_COHERENCE, coherence + _AS_GOOD):
        return best.encoding
    return _WESTERN if plausible and not _TURKISH_OR_ICELANDIC.search(sample) else None


def _another(sample: bytes) -> str | None:
    """Another script, or letters with so many accents that they stand in rows."""
    matches = _matches(sample, (*_LATIN, *_OTHERS, *_WIDE))
    if not matches:
        return None
    best = matches[0]
    if best.encoding in _WIDE:  # no language is told for these: they must read as letters, and enough of them
        foreign = [letter for letter in str(best) if letter > "\x7f"]
        return best.encoding if len(foreign) >= _LEAST_WIDE and _letters(foreign) >= _MOST_LETTERS else None
    # The Latin ones differ in few letters: two that read as well leave a doubt.
    rivals = [match for match in matches if match.coherence > best.coherence - _AS_GOOD and str(match) != str(best)]
    doubtful = best.encoding in _LATIN and rivals
    return best.encoding if best.coherence >= _LEAST_COHERENCE and not doubtful else None


def _matches(sample: bytes, encodings: tuple[str, ...]) -> "list[CharsetMatch]":
    """The readings that make little enough mess, the best first."""
    from charset_normalizer import from_bytes

    return [match for match in from_bytes(sample, cp_isolation=list(encodings)) if match.chaos <= _MOST_CHAOS]


def _letters(text: list[str]) -> float:
    return sum(letter.isalpha() for letter in text) / len(text)


def _sample(data: bytes) -> bytes:
    """The first lines that are not ASCII, or the pieces of lines around what is not."""
    pieces: list[bytes] = []
    size = end = 0
    while size < _SAMPLE_BYTES and (found := _HIGH.search(data, end)):
        start = max(end, data.rfind(b"\n", end, found.start()) + 1, found.start() - _LINE_BYTES)
        line = data.find(b"\n", found.start(), found.start() + _LINE_BYTES)
        end = line + 1 if line >= 0 else found.start() + _LINE_BYTES
        pieces.append(data[start:end])
        size += len(pieces[-1])
    return b"".join(pieces)


def _is_damaged_unicode(sample: bytes) -> bool:
    """Whether most of what is not ASCII is UTF-8 after all: some bytes were lost, or are of another encoding."""
    text = sample.decode("utf-8", "surrogateescape")
    stray = sum("\udc80" <= letter <= "\udcff" for letter in text)
    return sum(letter > "\x7f" for letter in text) > 2 * stray
