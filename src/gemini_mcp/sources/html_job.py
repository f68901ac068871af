"""HTML to readable Markdown, in a child process.

Trafilatura keeps what a page is about and leaves out what surrounds it. It is given a parsed tree and a little time;
where it finds next to nothing, or is not done, all that is visible on the page is taken instead.
"""

import codecs
import re
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from gemini_mcp.domain.errors import TooLarge
from gemini_mcp.sources.child import Frame
from gemini_mcp.sources.visible import Visible

PATIENCE_S = 1.5
"""From the job's start to when trafilatura must be done; some shapes of page cost it the square of their size."""

MOST_DEPTH = 200
"""Of elements within elements, for trafilatura, which recurses."""

LITTLE = 200
"""Characters: less than this is no page."""

_OUTWARD = frozenset(
    f"socket.{call}" for call in ("connect", "sendto", "sendmsg", "getaddrinfo", "gethostbyname", "gethostbyaddr")
)
"""Events that Python announces before anything goes out."""

_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED = re.compile(
    rb"<(?:meta\b[^>]{0,200}?\bcharset|\?xml\b[^>]{0,100}?\bencoding)\s*=\s*[\"']?\s*([\w.:-]{1,40})", re.IGNORECASE
)
_CHARSETS = re.compile(
    r"utf-?8|utf-?16(?:[-_]?[lb]e)?|(?:us-)?ascii|latin-?1|iso[-_]?8859[-_]?\d+|windows-\d+|cp\d+|koi8-[ru]|macintosh|"
    r"gbk|gb2312|gb18030|big5(?:-hkscs)?|shift[-_]?jis|x?-?sjis|euc-(?:jp|kr)|iso-2022-(?:jp|kr)|tis-620",
    re.IGNORECASE,
)
"""Only encodings of text: Python knows others, such as escapes."""

_SUPERSETS = {"iso-8859-1": "cp1252", "latin-1": "cp1252", "latin1": "cp1252", "ascii": "cp1252", "us-ascii": "cp1252"}
"""As browsers read them."""


def frames(arguments: dict[str, Any], payload: bytes) -> Iterator[Frame]:
    """One frame with the text beside it. ``arguments``: the ``name`` for errors, and the ``charset`` or None."""
    until = time.monotonic() + PATIENCE_S
    _go_offline()
    tree, too_deep = _parsed(_decoded(payload, arguments["charset"]))
    if too_deep:
        raise TooLarge(f"{arguments['name']} nests its elements too deeply", "It may be a bomb; leave it out.")
    if tree is None:
        return
    visible = Visible(tree)
    body = visible.markdown
    if visible.depth <= MOST_DEPTH:
        # Last, for it changes the tree; and never past its time, for the plain text is good enough.
        best = _extracted(tree, until)
        body = best if len(best) >= min(LITTLE, len(body)) else body
    if body:  # a title alone is no page
        yield Frame({}, _titled(visible.title, body).encode("utf-8", "replace"))


def _go_offline() -> None:
    """Nothing in this process opens a connection from here on, whatever a library would like to fetch."""

    def refuse(event: str, _: tuple[Any, ...]) -> None:
        if event in _OUTWARD:
            raise PermissionError("a page is read without the network")

    sys.addaudithook(refuse)


def _decoded(payload: bytes, charset: str | None) -> str:
    """By its byte order mark, what the server says, what the page says, or what it looks like."""
    for mark, encoding in _MARKS:
        if payload.startswith(mark):
            return payload[len(mark) :].decode(encoding, "replace")
    declared = found[1].decode("latin-1") if (found := _DECLARED.search(payload[:4096])) else ""
    if declared.lower().startswith("utf-16"):  # it could be read as ASCII, and so is not true
        declared = ""
    for name in filter(_CHARSETS.fullmatch, (charset or "", declared, "utf-8")):
        try:
            return payload.decode(_SUPERSETS.get(name.lower(), name))
        except (UnicodeDecodeError, LookupError):
            continue
    return payload.decode(_guessed(payload), "replace")


def _guessed(payload: bytes) -> str:
    from charset_normalizer import from_bytes

    best = from_bytes(payload[:65_536]).best()
    return best.encoding if best else "cp1252"


def _parsed(text: str) -> tuple[Any, bool]:
    """The tree, None when there is nothing; and whether it is deeper than the parser goes.

    An HTML parser reads no DTD and no entity but HTML's own, and fetches nothing.
    """
    from lxml import etree, html

    parser = html.HTMLParser(
        encoding="utf-8", no_network=True, huge_tree=True, remove_comments=True, remove_pis=True, collect_ids=False
    )
    try:
        tree = html.document_fromstring(text.replace("\0", "").encode("utf-8", "replace"), parser=parser)
    except etree.ParserError:  # an empty document
        return None, False
    return tree, any("depth" in error.message for error in parser.error_log)


def _extracted(tree: Any, until: float) -> str:
    """What trafilatura makes of the tree by then, else nothing."""
    from trafilatura.core import extract

    for link in tree.findall(".//a"):
        if len(link.text_content().strip()) <= 1:  # anchors and buttons, for which code beside them would be dropped
            link.drop_tree()
    found: list[str] = []
    thread = threading.Thread(target=_extract, args=(extract, tree, found), daemon=True)
    thread.start()
    thread.join(max(0.0, until - time.monotonic()))
    return found[0] if found else ""


def _extract(extract: Callable[..., str | None], tree: Any, found: list[str]) -> None:
    with suppress(Exception):  # whatever it stumbles over, the plain text is there
        found.append(
            extract(tree, output_format="markdown", fast=True, favor_recall=True, include_comments=False) or ""
        )


def _titled(title: str, body: str) -> str:
    if not title or body.startswith(f"# {title}\n") or body == f"# {title}":
        return body
    return f"# {title}\n\n{body}".rstrip()
