"""The zip that an Office file is, made harmless before a library sees it.

Libraries trust what a zip says of itself, and inflate all of it. Here its directory is judged first, then its XML is
inflated in pieces against a limit of its own, since a directory may lie; document types, where entities come from,
are refused; all else, pictures and files within the file, is left empty. What is handed on is stored, not deflated.
"""

import io
import zipfile
import zlib
from collections.abc import Iterator
from xml.parsers import expat

from gemini_mcp.domain.errors import TooLarge, UnsupportedFormat

MOST_ENTRIES = 10_000
"""A deck of 1,500 slides with notes has some 7,000."""

MOST_XML = 64 << 20
"""Bytes of XML, inflated: a workbook of 500,000 cells has some 30 MB."""

MOST_RATIO = 200
"""Of inflated to deflated, where it matters (``_RATIO_FROM``): repetitive sheets come to 60, a bomb to 1,000."""

_RATIO_FROM = 1 << 20
_PIECE = 256 << 10
_ENCRYPTED = 1
_DAMAGED = "Save it again with the program that made it."
_BOMB = "It may be a bomb; leave it out, or save it in smaller parts."


def harmless(payload: bytes) -> dict[str, bytes]:
    """The entries by name, XML inflated and everything else empty. Raises TooLarge and UnsupportedFormat."""
    if payload.count(b"PK\x01\x02") > MOST_ENTRIES:  # before the directory is read: each entry of it takes a kilobyte
        raise TooLarge(f"it holds over {MOST_ENTRIES:,} files", _BOMB)
    try:
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            entries = archive.infolist()
            _judge(entries)
            return _inflated(archive, entries)
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, EOFError, NotImplementedError):
        raise UnsupportedFormat("it is damaged, or no Office file", _DAMAGED) from None


def stored(entries: dict[str, bytes]) -> io.BytesIO:
    """A zip of these entries, not deflated."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer


def _judge(entries: list[zipfile.ZipInfo]) -> None:
    """By what the directory says of the XML."""
    xml = [entry for entry in entries if _is_xml(entry.filename)]
    if any(entry.flag_bits & _ENCRYPTED for entry in xml):
        raise UnsupportedFormat("it is encrypted with a password", "Save a copy without a password, and name that.")
    if any(entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for entry in xml):
        raise UnsupportedFormat("it is packed in an unusual way", _DAMAGED)
    if sum(entry.file_size for entry in xml) > MOST_XML:
        raise TooLarge(f"it unpacks to over {MOST_XML >> 20} MiB of XML", _BOMB)
    for entry in xml:
        if entry.file_size > _RATIO_FROM and entry.file_size > MOST_RATIO * entry.compress_size:
            raise TooLarge(f"it unpacks to over {MOST_RATIO} times its size", _BOMB)


def _inflated(archive: zipfile.ZipFile, entries: list[zipfile.ZipInfo]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    left = MOST_XML
    for entry in entries:
        found[entry.filename] = _xml(archive, entry, left) if _is_xml(entry.filename) else b""
        left -= len(found[entry.filename])
    return found


def _is_xml(name: str) -> bool:
    """What libraries parse; ``customXml`` is what other programs leave there for themselves."""
    return name.lower().endswith((".xml", ".rels")) and not name.lower().startswith("customxml/")


def _xml(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = _refuse_doctype
    content = bytearray()
    for piece in _pieces(archive, entry):
        content += piece
        if len(content) > most:
            raise TooLarge(f"it unpacks to over {MOST_XML >> 20} MiB of XML", _BOMB)
        parser.Parse(piece, False)
    if content:
        parser.Parse(b"", True)
    return bytes(content)


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(entry) as file:
        while piece := file.read(_PIECE):
            yield piece


def _refuse_doctype(*_: object) -> None:
    raise UnsupportedFormat("its XML declares a document type", "No Office program writes one; leave the file out.")
