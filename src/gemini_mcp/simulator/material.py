"""What a request is about, in the forms that a stand-in can quote from: texts, documents with pages, pictures."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from gemini_mcp.simulator.documents import page_count, page_texts
from gemini_mcp.simulator.fences import Label, fences
from gemini_mcp.simulator.pictures import picture_of
from gemini_mcp.simulator.wire import Blob

_BY_LINE = re.compile(
    r"\.(?:py|pyi|m?jsx?|tsx?|go|rs|cc?|cpp|h|hpp|java|kt|cs|php|rb|sh|bash|sql|r|lua|swift|scala|pl|s?css|jsonl?|ya?ml"
    r"|toml|ini|cfg|conf|[ct]sv|log|xml|svg|lock|mk|diff|patch|proto)$",
    re.IGNORECASE,
)
"""Files in which a line break ends a sentence."""

_MARKS = re.compile(r"^(?:(?P<fence>```|~~~)|(?P<level>#{1,6}) +(?P<heading>\S[^\n]*))", re.MULTILINE)
_SHORTEST = 1_000
"""Characters that a stretch of a text has."""

_NEEDS_A_MODEL = "what it shows needs a real model."


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of material to take sentences from. ``source`` is what to call it by. ``by_line``: no running text.
    ``fact``: what there is to say of it when there are no words in it."""

    source: str
    title: str
    text: str
    start: int = 0
    by_line: bool = False
    fact: str = ""
    of: "Text | None" = None


class Text:
    """A text that stands in the prompt."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self.size = len(text)
        self._by_line = _BY_LINE.search(name) is not None

    def windows(self, count: int) -> list[Window]:
        """As many stretches of even length, one after the other; of a short text fewer."""
        count = min(count, 1 + self.size // _SHORTEST)
        edges = [at * self.size // count for at in range(count)]
        title = self.title
        return [Window(self.name, title, self.text, start, self._by_line, of=self) for start in edges]

    @property
    def title(self) -> str:
        """Its first line where that is a heading, else its file's name."""
        opening = _MARKS.match(self.text)
        named = opening is not None and opening["level"] == "#" and not self._by_line
        return opening["heading"] if opening and named else file_name(self.name)

    def heading(self, offset: int) -> str:
        """The nearest heading above of the first two levels; "" without one."""
        starts, texts = self._headings
        at = bisect_right(starts, offset) - 1
        return texts[at] if at >= 0 else ""

    def in_code(self, offset: int) -> bool:
        """Whether that is within a fenced block of code."""
        return bisect_right(self._fences, offset) % 2 == 1

    @cached_property
    def _marks(self) -> list[re.Match[str]]:
        return [] if self._by_line else list(_MARKS.finditer(self.text))

    @cached_property
    def _fences(self) -> list[int]:
        return [mark.start() for mark in self._marks if mark["fence"]]

    @cached_property
    def _headings(self) -> tuple[list[int], list[str]]:
        found = [mark for mark in self._marks if mark["level"] in ("#", "##") and not self.in_code(mark.start())]
        return [mark.start() for mark in found], [mark["heading"] for mark in found]


class Document:
    """A PDF that goes along with the prompt."""

    def __init__(self, label: Label, blob: Blob) -> None:
        self.label, self.blob, self.title = label, blob, file_name(label.path)
        self.pages = page_count(blob)
        self.size = self.pages * 2_000

    def windows(self, count: int) -> list[Window]:
        """Pages spread over the document, each of them one window."""
        indexes = list(dict.fromkeys(at * self.pages // count for at in range(count)))
        texts = page_texts(self.blob, indexes)
        return [self._window(index, text) for index, text in zip(indexes, texts or (), strict=False)]

    def _window(self, index: int, text: str) -> Window:
        number = self.label.page_number(index, self.pages)
        fact = f"Page {number} of {self.title} holds no words that can be taken out of it; {_NEEDS_A_MODEL}"
        return Window(f"{self.label.name} p. {number}", self.title, text, fact=fact)


class Image:
    """A picture that goes along with the prompt."""

    size = 1

    def __init__(self, label: Label, blob: Blob) -> None:
        self.label, self.blob, self.title = label, blob, file_name(label.path)

    def windows(self, count: int) -> list[Window]:
        """One, which holds no words."""
        fact = f"{self.title} is a picture ({picture_of(self.blob) or self.blob.mime}); {_NEEDS_A_MODEL}"
        return [Window(self.label.name, self.title, "", fact=fact)]


Material = Text | Document | Image


def material(pieces: Sequence[str | Blob]) -> list[Material]:
    """What is attached under a name, and what stands between marks, in order."""
    found: list[Material] = []
    for index, piece in enumerate(pieces):
        if isinstance(piece, str):
            found += [Text(fence.label.name, fence.text) for fence in fences(piece) if fence.text.strip()]
        elif piece.mime == "application/pdf":
            found.append(Document(name_before(pieces, index), piece))
        elif piece.mime.startswith("image/"):
            found.append(Image(name_before(pieces, index), piece))
    return found


def name_before(pieces: Sequence[str | Blob], index: int) -> Label:
    """Media is named by the text right before it, when that is a name and a colon."""
    before = pieces[index - 1] if index else ""
    named = isinstance(before, str) and _is_name(before)
    return Label.read(str(before)[:-1] if named else f"attachment {index + 1}")


def media_facts(pieces: Sequence[str | Blob]) -> list[str]:
    """A line for each of the media: its name, and what can be told of it without judging it."""
    return [
        f"{file_name(name_before(pieces, index).path)}: {_facts(piece)}"
        for index, piece in enumerate(pieces)
        if isinstance(piece, Blob)
    ]


def _facts(blob: Blob) -> str:
    if blob.mime.startswith("image/"):
        return str(picture_of(blob) or f"{blob.mime}, which cannot be read")
    if blob.mime == "application/pdf":
        pages = page_count(blob)
        return f"PDF, {pages} page{'s'[: pages != 1]}"
    return blob.mime


def without_names(pieces: Sequence[str | Blob]) -> str:
    """The text, without the lines that only name what is attached."""
    following = [*pieces[1:], ""]
    return "\n\n".join(
        piece
        for piece, after in zip(pieces, following, strict=True)
        if isinstance(piece, str) and not (isinstance(after, Blob) and _is_name(piece))
    )


def _is_name(piece: str) -> bool:
    return piece.endswith(":") and "\n" not in piece


def file_name(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2] or path
