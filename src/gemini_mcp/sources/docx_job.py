"""Word documents as Markdown. Runs in the child process alone.

mammoth reads a document whole, at some 20 us an element. So the document is cut between paragraphs and rows into
pieces that are documents themselves, and these are read one after the other, a frame each: however long it is, memory
is bounded and the clock sees progress.
"""

import gc
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat

import mammoth
from bs4 import Tag
from mammoth import html
from markdownify import ATX, MarkdownConverter

from gemini_mcp.domain.errors import TooLarge
from gemini_mcp.sources.child import Frame
from gemini_mcp.sources.office_files import harmless, stored

MOST_ELEMENTS = 3_000_000
"""Some 3,000 pages, and a minute."""

_PIECE = 12_000
_SPARSE_FROM = 200_000
_SPARSE = 0.5
_DEPTH = 400
_FEED = 1 << 20
_CONTAINERS = frozenset({"document", "body", "sdt", "sdtContent", "customXml", "tbl"})
_BLOCKS = frozenset({"body", "sdt", "sdtContent", "customXml", "tbl", "p", "tr"})
_CUTTABLE = frozenset({"p", "tr", "tbl"})
_STYLES = """
p[style-name='Title'] => h1:fresh
p[style-name='Subtitle'] => p:fresh
p[style-name='Heading 7'] => h6:fresh
p[style-name='Heading 8'] => h6:fresh
p[style-name='Heading 9'] => h6:fresh
"""


def frames(arguments: dict[str, Any], payload: bytes) -> Iterator[Frame]:
    """Frames with text beside them, in order; frames without say that work goes on."""
    gc.disable()  # a tree of 100,000 elements is searched for rubbish again and again, which takes half of the time
    entries = harmless(payload)
    path = _main_part(entries)
    entries[path] = _utf8(entries[path])
    cutter = _Cutter(entries[path])
    for _ in cutter.run():
        yield Frame({})
    for piece in cutter.pieces():
        yield Frame({}, _markdown(stored({**entries, path: piece})).encode())
        gc.collect()


def _main_part(entries: dict[str, bytes]) -> str:
    """Where the document is: as the file says, else where it always is."""
    usual = "word/document.xml"
    for link in ElementTree.fromstring(entries.get("_rels/.rels") or b"<none/>"):
        target = link.get("Target", "").lstrip("/")
        if link.get("Type", "").endswith("/officeDocument") and target in entries:
            return target
    if usual not in entries:
        raise ValueError("no document in it")
    return usual


def _utf8(xml: bytes) -> bytes:
    """Word writes UTF-8; the rare file in another encoding is written again."""
    head = xml[:200]
    if not re.search(rb"\0|encoding\s*=\s*[\"'](?!utf-8|us-ascii)", head, re.I):
        return xml
    return ElementTree.tostring(ElementTree.fromstring(xml))


def _local(name: str) -> str:
    return name.rpartition(":")[2]


@dataclass(slots=True)
class _Open:
    """An element that blocks lie in. ``start`` to ``end``: what opens it again, up to a block within; -1: unknown."""

    name: str
    start: int
    end: int = -1
    blocks: int = 0

    @property
    def head(self) -> int:
        """Blocks that belong to its opening: a table's first row, so that every part of a table shows its head."""
        return 1 if _local(self.name) == "tbl" else 0


@dataclass(slots=True)
class _Cut:
    """Where a piece begins, and the elements it lies in then."""

    at: int
    opening: bytes = b""
    closing: bytes = b""


@dataclass
class _Cutter:
    """Finds where a document may be cut: before a block in nothing but containers. Works on the bytes of UTF-8."""

    xml: bytes
    elements: int = 0
    characters: int = 0
    _cuts: list[_Cut] = field(default_factory=list)
    _path: list[_Open] = field(default_factory=list)
    _depth: int = 0
    _next: int = _PIECE

    def run(self) -> Iterator[None]:
        """Yields now and then. Raises TooLarge."""
        parser = self._parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._stop
        parser.CharacterDataHandler = self._text
        for start in range(0, len(self.xml), _FEED):
            parser.Parse(self.xml[start : start + _FEED], False)
            if self.elements > _SPARSE_FROM and self.characters < _SPARSE * self.elements:
                raise TooLarge("it holds hardly any text for its size", "It may be a bomb; leave it out.")
            yield
        parser.Parse(b"", True)

    def pieces(self) -> Iterator[bytes]:
        ends = [cut.at for cut in self._cuts] + [len(self.xml)]
        first = _Cut(0)
        for cut, following, end in zip([first, *self._cuts], [*self._cuts, None], ends, strict=True):
            yield cut.opening + self.xml[cut.at : end] + (following.closing if following else b"")

    def _text(self, text: str) -> None:
        self.characters += len(text.strip())

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.elements += 1
        local = _local(name)
        if self.elements > MOST_ELEMENTS:
            raise TooLarge(f"it has over {MOST_ELEMENTS:,} elements", "Save it in smaller parts.")
        if self._depth == len(self._path):  # nothing but containers around it
            at = self._parser.CurrentByteIndex
            if local in _BLOCKS and self._path:
                self._block(local, at)
            if local in _CONTAINERS:
                self._path.append(_Open(name, at))
        self._depth += 1
        if self._depth > _DEPTH:
            raise TooLarge("its XML is nested too deeply", "It may be a bomb; leave it out.")

    def _stop(self, name: str) -> None:
        self._depth -= 1
        if self._depth < len(self._path):
            self._path.pop()

    def _block(self, local: str, at: int) -> None:
        holder = self._path[-1]
        if holder.blocks == holder.head:
            holder.end = at
        holder.blocks += 1
        if self.elements >= self._next and local in _CUTTABLE and all(holder.end >= 0 for holder in self._path):
            self._cut(at)

    def _cut(self, at: int) -> None:
        opening = b"".join(self.xml[holder.start if i else 0 : holder.end] for i, holder in enumerate(self._path))
        closing = "".join(f"</{holder.name}>" for holder in reversed(self._path))
        self._cuts.append(_Cut(at, opening, closing.encode()))
        self._next = self.elements + _PIECE


def _markdown(document: io.BytesIO) -> str:
    page = mammoth.convert_to_html(
        document,
        style_map=_STYLES,
        convert_image=_picture,
        include_embedded_style_map=False,
        external_file_access=False,
    )
    text: str = _Markdown().convert(page.value)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def _picture(image: Any) -> list[Any]:
    """What a picture is said to show."""
    return [html.text(f"[picture: {image.alt_text}]")] if image.alt_text else []


class _Markdown(MarkdownConverter):
    """Words stay as they are, so that they can be quoted: nothing is escaped."""

    class Options:
        heading_style = ATX
        bullets = "-"
        escape_asterisks = False
        escape_underscores = False
        table_infer_header = True
        autolinks = False

    def convert_a(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        """A note's mark keeps its number in the file; other links within the document are just their text."""
        target = str(el.get("href") or "")
        if match := re.match(r"#(foot|end)note-(\d+)$", target):
            return _mark(match)
        if re.match(r"#(foot|end)note-ref-", target):
            return ""
        if target.startswith("#") or not target:
            return text
        return str(super().convert_a(el, text, parent_tags))  # type: ignore[misc]  # not in its stubs

    def convert_li(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        if match := re.match(r"(foot|end)note-(\d+)$", str(el.get("id") or "")):
            return f"{_mark(match)}: {text.strip()}\n"
        return str(super().convert_li(el, text, parent_tags))  # type: ignore[misc]

    def convert_td(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return str(super().convert_td(el, text.replace("|", "\\|"), parent_tags))  # type: ignore[misc]

    def convert_th(self, el: Tag, text: str, parent_tags: set[str]) -> str:
        return str(super().convert_th(el, text.replace("|", "\\|"), parent_tags))  # type: ignore[misc]


def _mark(match: re.Match[str]) -> str:
    return f"[^{match[2]}]" if match[1] == "foot" else f"[^e{match[2]}]"
