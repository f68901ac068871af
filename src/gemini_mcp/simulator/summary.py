"""Extractive summaries: sentences ranked by how frequent their words are, given back in their order."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nlargest
from itertools import chain

from gemini_mcp.simulator.shown import ShownFile

_WORD = re.compile(r"[^\W\d_]{3,}")
_SPLIT = re.compile(r"(?<=[.!?])\s+(?=\S)|\n\s*\n|\n(?=\s*(?:[-*#>]|\d+[.)])\s)")
_STOP_TEXT = (
    "the and for are but not you all any can her was one our out has have this that with from they will would there "
    "their what about which when make like into time than then its over also after use two how were been had his she "
    "who may more these some could other only new should each such does did"
)
_STOP_WORDS = frozenset(_STOP_TEXT.split())
_READ_CHARS, _SENTENCE_CHARS, _SCORED_WORDS = 200_000, 300, 8


@dataclass(frozen=True, slots=True)
class Sentence:
    text: str
    line: int


def sentences(text: str) -> list[Sentence]:
    """Of the first 200,000 characters; ``line`` counts from 0."""
    text = text[:_READ_CHARS]
    found, line, at = [], 0, 0
    for start, end in _spans(text):
        words = text[start:end].split()
        if words:
            first = text.index(words[0], start)
            line += text.count("\n", at, first)
            at = first
            found.append(Sentence(" ".join(words), line))
    return found


def _spans(text: str) -> Iterator[tuple[int, int]]:
    start = 0
    for cut in _SPLIT.finditer(text):
        yield start, cut.start()
        start = cut.end()
    yield start, len(text)


def key_sentences(text: str, count: int) -> list[Sentence]:
    """The ``count`` sentences whose words are the most frequent, in their order in ``text``."""
    return ranked(sentences(text), count)


def ranked(candidates: list[Sentence], count: int) -> list[Sentence]:
    words = [telling_words(each.text) for each in candidates]
    frequency = Counter(chain.from_iterable(words))
    scores = [sum(map(frequency.__getitem__, set(each))) / max(_SCORED_WORDS, len(each)) for each in words]
    best = nlargest(count, range(len(candidates)), key=lambda index: (scores[index], -index))
    return [candidates[index] for index in sorted(best)]


def telling_words(text: str) -> list[str]:
    """In lower case, without those that stand in every text."""
    return [word for word in _WORD.findall(text.lower()) if word not in _STOP_WORDS]


def shortened(text: str, limit: int = _SENTENCE_CHARS) -> str:
    """``text`` cut at a word near ``limit`` characters."""
    if len(text) <= limit:
        return text
    return text[:limit].rpartition(" ")[0] or text[:limit]


def summary(files: tuple[ShownFile, ...], loose: str, count: int = 3) -> str:
    """Key sentences of the files, each with its ``[path:line]``, or of ``loose`` text when no file is shown."""
    if not files:
        return " ".join(shortened(each.text) for each in key_sentences(loose, count))
    share = max(1, count // len(files))
    return "\n".join(line for file in files for line in _claims(file, share))


def _claims(file: ShownFile, count: int) -> list[str]:
    return [f"- {shortened(each.text)}{_source(file, each.line)}" for each in key_sentences(file.text, count)]


def _source(file: ShownFile, line: int) -> str:
    return f" [{file.path}:{file.first_line + line}]" if file.path else ""
