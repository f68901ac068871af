"""What a file is, told by its content first and its name second; for what cannot be read, what to do instead."""

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from gemini_mcp.domain.errors import UnsupportedFormat

HEAD_BYTES = 8_192
"""Of a file, for ``format_of``; more does no harm."""

Kind = Literal["text", "html", "pdf", "docx", "pptx", "xlsx", "image", "notebook"]


@dataclass(frozen=True, slots=True)
class Format:
    """``mime_type`` is set for what may be sent as it is: images and PDFs."""

    kind: Kind
    mime_type: str = ""


_PDF = Format("pdf", "application/pdf")
_BY_EXTENSION: dict[str, Format] = {
    ".pdf": _PDF,
    **dict.fromkeys((".docx", ".docm", ".dotx", ".dotm"), Format("docx")),
    **dict.fromkeys((".pptx", ".pptm", ".ppsx", ".ppsm", ".potx", ".potm"), Format("pptx")),
    **dict.fromkeys((".xlsx", ".xlsm", ".xltx", ".xltm"), Format("xlsx")),
    ".png": Format("image", "image/png"),
    **dict.fromkeys((".jpg", ".jpeg"), Format("image", "image/jpeg")),
    ".gif": Format("image", "image/gif"),
    ".webp": Format("image", "image/webp"),
    ".heic": Format("image", "image/heic"),
    ".heif": Format("image", "image/heif"),
    **dict.fromkeys((".html", ".htm", ".xhtml"), Format("html")),
    ".ipynb": Format("notebook"),
}
_TEMPLATES = (
    ".php", ".erb", ".ejs", ".jsp", ".asp", ".aspx", ".cshtml", ".vue", ".svelte", ".jinja", ".jinja2", ".j2", ".hbs",
    ".mustache", ".tpl", ".tmpl", ".twig", ".md", ".rst",
)  # fmt: skip
"""Code that may begin as a page does."""

_TEXTUAL = ("text", "html", "notebook")
_IMAGES = (
    (rb"\x89PNG\r\n\x1a\n", "image/png"),
    (rb"\xff\xd8\xff", "image/jpeg"),
    (rb"GIF8[79]a", "image/gif"),
    (rb"RIFF.{4}WEBP", "image/webp"),
    (rb".{4}ftyp(?:hei[cxms]|hev[cxms])", "image/heic"),
    (rb".{4}ftyp(?:mif1|msf1)", "image/heif"),
)
_ZIPPED: dict[bytes, Format] = {b"word": Format("docx"), b"ppt": Format("pptx"), b"xl": Format("xlsx")}
_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_CONTROLS = bytes(code for code in range(32) if chr(code) not in "\t\n\v\f\r\x1b")
_MOST_CONTROLS = 0.02
_HTML = re.compile(rb"(?:\s++|<\?xml[^>]*+>|(?><!--.*?-->))*+<(?:!doctype\s+html|html)\b", re.I | re.S)
"""Possessive: without it, many comments would take for ever."""


def format_of(name: str, head: bytes) -> Format | None:
    """What a file called ``name`` that begins with ``head`` is read as; None for what cannot be read."""
    suffix = PurePath(name).suffix.lower()
    by_name = _BY_EXTENSION.get(suffix)
    if head.startswith(_ZIP) and suffix in _SAVE_AS:
        return None
    if found := _by_signature(head, by_name):
        return found
    if head.startswith((_ZIP, _OLE, b"{\\rtf")):
        return None
    if not head:
        return by_name or Format("text")
    if not _is_text(head):
        # A name that promises a document: its parser says what is wrong with it.
        return by_name if by_name and by_name.kind not in _TEXTUAL else None
    if suffix not in _TEMPLATES and _HTML.match(head[:HEAD_BYTES].removeprefix(_MARKS[0])):
        return Format("html")
    return by_name if by_name and by_name.kind in _TEXTUAL else Format("text")


def _by_signature(head: bytes, by_name: Format | None) -> Format | None:
    start = head.removeprefix(_MARKS[0]).lstrip()
    if start.startswith(b"%PDF-") or (by_name == _PDF and b"%PDF-" in head[:1_024]):
        return _PDF
    for pattern, mime_type in _IMAGES:
        if re.match(pattern, head, re.S):
            return Format("image", mime_type)
    return _zipped(head, by_name) if head.startswith(_ZIP) else None


def _zipped(head: bytes, by_name: Format | None) -> Format | None:
    """By the first entry that only one kind has; behind a long first entry, none may be in sight."""
    if match := re.search(rb"PK\x03\x04.{26}(word|ppt|xl)/", head, re.S):
        return _ZIPPED[match[1]]
    return by_name if by_name in _ZIPPED.values() else None


def _is_text(head: bytes) -> bool:
    """UTF-8, UTF-16 or any encoding that has ASCII within it."""
    if head.startswith(_MARKS):
        return True
    if b"\0" in head:
        return _is_unmarked_utf16(head)
    return len(head) - len(head.translate(None, _CONTROLS)) <= _MOST_CONTROLS * len(head)


def _is_unmarked_utf16(head: bytes) -> bool:
    """Every other byte, and hardly any byte between, is zero: text in a Latin alphabet."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    few, many = sorted((even, odd))
    return few == 0 and many * 2 > 0.8 * len(head)


def is_old_office(data: bytes) -> bool:
    """The container of .doc, .xls and .ppt, and of newer files with a password."""
    return data.startswith(_OLE)


_SAVE_AS = {
    ".doc": ".docx", ".dot": ".docx", ".odt": ".docx", ".rtf": ".docx", ".pages": ".pdf", ".wpd": ".docx",
    ".xls": ".xlsx", ".xlsb": ".xlsx", ".ods": ".xlsx", ".numbers": ".xlsx",
    ".ppt": ".pptx", ".pps": ".pptx", ".odp": ".pptx", ".key": ".pdf",
    ".epub": ".pdf", ".mobi": ".pdf", ".djvu": ".pdf",
    ".bmp": ".png", ".tif": ".png", ".tiff": ".png", ".avif": ".png", ".ico": ".png", ".psd": ".png",
}  # fmt: skip
_ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".7z", ".rar", ".jar", ".whl")


def unsupported(name: str, head: bytes) -> UnsupportedFormat:
    """The refusal of a file for which ``format_of`` is None."""
    suffix = PurePath(name).suffix.lower()
    if target := _SAVE_AS.get(suffix):
        return UnsupportedFormat(f"{name} is of a format that is not read", f"Save it as {target}, and name that.")
    if is_old_office(head):
        what = f"{name} has a password, or is of an old Office format"
        return UnsupportedFormat(what, f"Save it as {_newer(suffix)} without a password, and name that.")
    if suffix in _ARCHIVES or head.startswith(_ZIP):
        return UnsupportedFormat(f"{name} is an archive", "Unpack it, and name the files in it.")
    return UnsupportedFormat(f"{name} is binary", "Text, PDF, DOCX, PPTX, XLSX, HTML and images can be read.")


def _newer(suffix: str) -> str:
    return suffix if suffix in _BY_EXTENSION else ".docx, .xlsx or .pptx"
