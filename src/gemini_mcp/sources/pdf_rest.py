"""What a PDF that PDFium wrote carries besides the words on its pages. Runs in the child process alone.

Pages bring along what belongs to them: their metadata and private data, the text that stands for a picture, comments
between drawing commands, drawings that only other pages show. None of it is seen on a page, and all of it is sent.
"""

import re
import zlib
from collections.abc import Iterator

_START = re.compile(rb"startxref\s+(\d+)\s+%%EOF\s*\Z")
_PLACE = re.compile(rb"(\d{10}) \d{5} n")
_STREAM = re.compile(rb">>\s*stream\r?\n")
_LITERAL = rb"\((?:[^()\\]|\\.|\((?:[^()\\]|\\.|\((?:[^()\\]|\\.)*+\))*+\))*+\)"
_HEXED = rb"<[0-9A-Fa-f\s]++>"
_STRING = re.compile(rb"%b|(?<!<)%b(?!>)" % (_LITERAL, _HEXED), re.DOTALL)
_PROPERTY = re.compile(rb"/(?:ActualText|Alt|E|T|Contents)\s*(%b|%b)" % (_LITERAL, _HEXED), re.DOTALL)
_COMMENT = re.compile(rb"%([ -~\t\x80-\xff]{8,4000})")
_SHOWN = re.compile(rb"\[((?:%b|[^\[\]()])*+)\]\s*TJ|(%b)\s*(?:Tj|'|\")" % (_LITERAL, _LITERAL), re.DOTALL)
_DRAWS = re.compile(rb"(?:\A|\s)(?:BT|Tj|TJ|Do|cm|re|Q|sh|gs|BDC|EMC)(?=\s|\Z)")
_FONT = re.compile(rb"/Length[123]\b|/Subtype\s*/(?:Type1C|CIDFontType0C|OpenType)\b")
_IMAGE, _FORM, _FLATE = (
    re.compile(b) for b in (rb"/Subtype\s*/Image\b", rb"/Subtype\s*/Form\b", rb"/Filter\s*\[?\s*/Fl")
)
_RUN = re.compile(rb"[ -~\t\r\n\x80-\xff]{6,}")
_ASCII_RUN = re.compile(rb"[ -~]{10,}")
_ESCAPE = re.compile(rb"\\(?:([0-7]{1,3})|(\r\n|[\r\n])|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
_CHUNK, _CARRIED = 1 << 20, 4_096
_IMAGE_HEAD = 128 << 10
_MOST_BINARY = 0.3


def rest(data: bytes) -> Iterator[str]:
    """The texts, one for each object or megabyte; often ""."""
    for head, body in _objects(data):
        yield "\n".join(_strings(_STRING, head))
        if body and not _FONT.search(head):
            yield from _of_stream(head, body)


def _objects(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each object's dictionary and stream. The table of places tells where one begins, and so where another ends."""
    start = _START.search(data, len(data) - 200)
    table = int(start[1]) if start else len(data)
    places = sorted({int(place[1]) for place in _PLACE.finditer(data, table)} | {table})
    for begin, end in zip(places or [0], places[1:] or [len(data)], strict=False):
        stream = _STREAM.search(data, begin, end)
        if stream is None:
            yield data[begin:end], b""
        else:
            yield data[begin : stream.start() + 2], data[stream.end() : data.rfind(b"endstream", begin, end)]


def _of_stream(head: bytes, body: bytes) -> Iterator[str]:
    if _IMAGE.search(head):
        yield "\n".join(run.decode() for run in _ASCII_RUN.findall(body[:_IMAGE_HEAD].partition(b"\xff\xda")[0]))
        return
    draws: bool | None = None
    carried = b""
    for chunk in _unpacked(body) if _FLATE.search(head) else _in_chunks(body):
        if draws is None:
            draws = bool(_FORM.search(head) or _DRAWS.search(chunk[:65_536]))
        found = [*_written(carried + chunk, forms=bool(_FORM.search(head)))] if draws else _runs(carried + chunk)
        yield "\n".join(found)
        carried = chunk[-_CARRIED:]


def _unpacked(body: bytes) -> Iterator[bytes]:
    """What cannot be unpacked is nothing: no reader shows it."""
    unpacking = zlib.decompressobj()
    try:
        while chunk := unpacking.decompress(body, _CHUNK):
            yield chunk
            body = unpacking.unconsumed_tail
    except zlib.error:
        yield from _in_chunks(body)


def _in_chunks(body: bytes) -> Iterator[bytes]:
    yield from (body[at : at + _CHUNK] for at in range(0, len(body), _CHUNK))


def _written(drawing: bytes, *, forms: bool) -> Iterator[str]:
    """What stands among drawing commands and is not drawn; of ``forms`` all, since no page may show them. Words for
    which others stand are not read from a page."""
    yield from _strings(_PROPERTY, drawing)
    yield from (found.decode("latin-1") for found in _COMMENT.findall(drawing))
    if forms or b"/ActualText" in drawing:
        for pieces, whole in _SHOWN.findall(drawing):
            yield "".join(_strings(_STRING, pieces or whole))


def _runs(data: bytes) -> list[str]:
    """Whatever reads as text; in two encodings, since private data is in any."""
    found = [run.decode("latin-1") for run in _RUN.findall(data)]
    if data.count(b"\0") > len(data) // 4:
        found += [data[at:].decode("utf-16-be", "ignore") for at in (0, 1)]
    return found


def _strings(pattern: re.Pattern[bytes], data: bytes) -> Iterator[str]:
    for found in pattern.finditer(data):
        text = _text(found[pattern.groups])
        if len(text) > 3 and sum(letter.isprintable() for letter in text) > (1 - _MOST_BINARY) * len(text):
            yield text


def _text(string: bytes) -> str:
    """Of a string in brackets of either kind."""
    if string.startswith(b"<"):
        digits = b"".join(string[1:-1].split()).decode()
        raw = bytes.fromhex(digits + "0" * (len(digits) % 2))
    else:
        raw = _ESCAPE.sub(_unescaped, string[1:-1])
    if raw.startswith((b"\xfe\xff", b"\xff\xfe")):
        return raw.decode("utf-16", "replace")
    return raw.removeprefix(b"\xef\xbb\xbf").decode("latin-1")


def _unescaped(escape: re.Match[bytes]) -> bytes:
    octal, line_end, letter = escape.groups()
    if octal:
        return bytes([int(octal, 8) & 255])
    return b"" if line_end else _LETTERS.get(letter, letter)
