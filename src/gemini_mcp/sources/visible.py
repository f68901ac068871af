"""All that can be seen on an HTML page, as Markdown: headings, lists, tables and preformatted text keep their form.

One walk over the tree without recursion, in time linear in its size. For the child process that parses pages.
"""

from typing import Any

_UNSEEN = frozenset(
    {"head", "script", "style", "noscript", "template", "svg", "iframe", "object", "canvas", "audio", "video", "select",
     "map"}
)  # fmt: skip
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "caption", "center", "dd", "details", "dialog", "div", "dl",
     "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hgroup", "hr", "legend", "main", "menu",
     "nav", "ol", "p", "section", "summary", "table", "tbody", "tfoot", "thead", "ul"}
)  # fmt: skip
_BEGINNINGS = {f"h{level}": "#" * level + " " for level in range(1, 7)} | {"li": "- "}
_BREAK = "\0"
"""Stands for a line's end within a block; no parsed text holds it."""


class Visible:
    """A page as it is seen. ``depth``: of its deepest element; ``title``: of the window, else the first heading."""

    def __init__(self, tree: Any) -> None:
        from lxml.etree import iterwalk

        self.depth = 0
        self._depth, self._hidden, self._preformatted = 0, 0, 0
        self._blocks: list[str] = []
        self._pieces: list[str] = []
        self._beginning, self._heading = "", ""
        self._cells: list[list[str]] | None = None
        self._rows = 0
        for event, element in iterwalk(tree, events=("start", "end")):
            if event == "start":
                self._open(element)
            else:
                self._close(element)
        self._flush()
        self.markdown = "\n".join(self._blocks).strip()
        self.title = _title(tree) or self._heading

    def _open(self, element: Any) -> None:
        self._depth += 1
        self.depth = max(self.depth, self._depth)
        if self._hidden or _unseen(element):
            self._hidden += 1
            return
        self._begin(element.tag, element)
        self._say(element.text)

    def _close(self, element: Any) -> None:
        self._depth -= 1
        if self._hidden:
            self._hidden -= 1
        else:
            self._end(element.tag)
        if not self._hidden:
            self._say(element.tail)

    def _begin(self, tag: str, element: Any) -> None:
        if self._preformatted or tag == "pre":
            if tag == "pre" and not self._preformatted:
                self._flush()
            self._preformatted += tag == "pre"
        elif tag == "br":
            self._pieces_now.append(_BREAK)
        elif self._cells is not None:
            self._begin_in_row(tag)
        elif tag == "tr":
            self._flush()
            # A row that holds a table is there for the layout.
            self._cells = [] if element.find(".//table") is None else None
        elif tag in _BEGINNINGS or tag in _BLOCKS or tag in ("td", "th"):
            self._flush()
            self._beginning = _BEGINNINGS.get(tag, self._beginning)
            self._rows = 0 if tag == "table" else self._rows

    def _begin_in_row(self, tag: str) -> None:
        assert self._cells is not None
        if tag in ("td", "th"):
            self._cells.append([])
        elif tag in _BLOCKS or tag in _BEGINNINGS:
            self._say(" ")

    def _end(self, tag: str) -> None:
        if self._preformatted:
            self._preformatted -= tag == "pre"
            if tag == "pre" and not self._preformatted:
                self._flush_preformatted()
            elif tag == "br":
                self._say("\n")
        elif tag == "tr" and self._cells is not None:
            self._end_row()
        elif self._cells is not None:
            self._say(" " if tag in _BLOCKS or tag in _BEGINNINGS else None)
        elif tag in _BEGINNINGS or tag in _BLOCKS or tag in ("td", "th", "tr"):
            self._flush()
            self._beginning = "" if tag in _BEGINNINGS else self._beginning

    @property
    def _pieces_now(self) -> list[str]:
        """Where text goes: the cell of a row, or the block."""
        return self._cells[-1] if self._cells else self._pieces

    def _say(self, text: str | None) -> None:
        if text:
            self._pieces_now.append(text)

    def _flush(self) -> None:
        lines = [" ".join(line.split()) for line in "".join(self._pieces).split(_BREAK)]
        self._pieces.clear()
        if text := "\n".join(lines).strip():
            listed = self._beginning == "- " and self._blocks and self._blocks[-1].lstrip("\n").startswith("- ")
            self._blocks.append(("" if listed else "\n") + self._beginning + text)
            if self._beginning.startswith("#") and not self._heading:
                self._heading = text.replace("\n", " ")
            self._beginning = ""

    def _flush_preformatted(self) -> None:
        text = "".join(self._pieces).strip("\n")
        self._pieces.clear()
        self._beginning = ""
        if text.strip():
            self._blocks.append(f"\n```\n{text}\n```")

    def _end_row(self) -> None:
        cells = [" ".join("".join(cell).replace(_BREAK, " ").split()).replace("|", "\\|") for cell in self._cells or ()]
        self._cells = None
        if any(cells):
            self._blocks.append(("" if self._rows else "\n") + f"| {' | '.join(cells)} |")
            if not self._rows:
                self._blocks.append("|" + " --- |" * len(cells))
            self._rows += 1


def _unseen(element: Any) -> bool:
    if element.tag in _UNSEEN or "hidden" in element.attrib or element.get("aria-hidden") == "true":
        return True
    style = element.get("style")
    return bool(style) and "display:none" in style[:500].replace(" ", "").lower()


def _title(tree: Any) -> str:
    found = tree.findtext("head/title") or next(iter(tree.xpath("head/meta[@property='og:title']/@content")), "")
    return " ".join(found.split())[:300]
