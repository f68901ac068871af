"""Files shown in a prompt, and the prompt without them: what is asked, apart from what it is asked about."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from gemini_mcp.simulator.fences import Fence, fences, unfenced

_OPENING = re.compile(r"<(file|document|doc|source|code|material|content|diff)\b([^>\n]*)>\n?")
_NAMED = re.compile(r"""\b(?:path|name|file|src|source)\s*=\s*["']([^"']+)["']""")
_FENCED = re.compile(
    r"^(?:(?!```|~~~)([^\n]*)\n\n?)?(?:```|~~~)([^\n`]*)\n(.*?)\n?^(?:```|~~~)[ \t]*$", re.DOTALL | re.MULTILINE
)
_BANNER = re.compile(r"^(?:(?:---|===)\s+(\S+\.\w+)\s+(?:---|===)|File:\s*`?(\S+\.\w+)`?)[ \t]*$", re.MULTILINE)
_PATH = re.compile(r"(?<![\w/:.])[\w./-]*\w\.[A-Za-z]\w{0,7}\b")
_NUMBERED = re.compile(r"\s*(\d+)\s?(?:[|:→]|\t)[ \t]?")


@dataclass(frozen=True, slots=True)
class ShownFile:
    """``path`` is empty for material without a name; ``first_line`` is the number of its first line."""

    path: str
    lines: tuple[str, ...]
    first_line: int = 1

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True, slots=True)
class _Span:
    start: int
    end: int
    attributes: str
    body: str


def shown_files(text: str) -> tuple[ShownFile, ...]:
    """Sources between marks, tagged files, fenced blocks, files under a banner such as ``--- a.py ---``; each kind in
    order of appearance."""
    sources = fences(text)
    loose = unfenced(text, sources)
    rest = _untagged(loose)
    tagged = [_file(_attribute(span.attributes), span.body) for span in _tagged(loose)]
    fenced = [_file(_path_in(found[2]) or _path_in(found[1] or ""), found[3]) for found in _FENCED.finditer(rest)]
    return (*map(_source, sources), *tagged, *fenced, *_under_banners(_FENCED.sub("", rest)))


def instruction(text: str) -> str:
    """``text`` without the files and blocks it shows."""
    rest = _FENCED.sub(lambda found: found[1] or "", untagged(text))
    banner = _BANNER.search(rest)
    return rest[: banner.start()] if banner else rest


def untagged(text: str) -> str:
    """``text`` without sources between marks, and what stands between tags such as ``<file path="a.py">``."""
    return _untagged(unfenced(text, fences(text)))


def _untagged(text: str) -> str:
    kept, at = [], 0
    for span in _tagged(text):
        kept.append(text[at : span.start])
        at = span.end
    return "".join(kept) + text[at:]


def _tagged(text: str) -> Iterator[_Span]:
    at, unclosed = 0, set()
    while opening := _OPENING.search(text, at):
        closing = f"</{opening[1]}>"
        end = -1 if closing in unclosed else text.find(closing, opening.end())
        if end < 0:
            # Once known to be missing it is not looked for again, so that a long text is read in linear time.
            unclosed.add(closing)
            at = opening.end()
            continue
        at = end + len(closing)
        yield _Span(opening.start(), at, opening[2], text[opening.end() : end].removesuffix("\n"))


def _source(fence: Fence) -> ShownFile:
    """Its lines as they are: nobody numbers them."""
    return ShownFile(fence.label.path, tuple(fence.text.removesuffix("\n").split("\n")), fence.label.first_line)


def _attribute(attributes: str) -> str:
    named = _NAMED.search(attributes)
    return named[1] if named else ""


def _path_in(line: str) -> str:
    found = _PATH.search(line) if len(line) < 200 else None
    return found[0] if found else ""


def _under_banners(text: str) -> Iterator[ShownFile]:
    banners = list(_BANNER.finditer(text))
    ends = [*(after.start() for after in banners[1:]), len(text)]
    for banner, end in zip(banners, ends, strict=False):
        yield _file(banner[1] or banner[2], text[banner.end() : end].strip("\n"))


def _file(path: str, body: str) -> ShownFile:
    lines = body.split("\n")
    marks = [_NUMBERED.match(line) for line in lines]
    numbers = [int(mark[1]) for mark in marks[:5] if mark]
    if len(lines) < 2 or len(numbers) < len(marks[:5]) or not _counts_up(numbers):
        return ShownFile(path, tuple(lines))
    bare = (line[mark.end() :] if mark else line for line, mark in zip(lines, marks, strict=True))
    return ShownFile(path, tuple(bare), numbers[0])


def _counts_up(numbers: list[int]) -> bool:
    return all(after == before + 1 for before, after in pairwise(numbers))
