"""Citations in an answer: the file is one that was sent, the line or page is in it, and a quote beside it, too."""

import re
from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from typing import Final

from gemini_mcp.domain.messages import ModelAnswer
from gemini_mcp.domain.task import Task
from gemini_mcp.domain.witnesses import Witness, Witnesses
from gemini_mcp.engine.checking.excused import Citation, is_a_port, is_repeated, is_to_be_made
from gemini_mcp.engine.checking.languages import plain_language
from gemini_mcp.engine.checking.prose import is_prose, material, read
from gemini_mcp.engine.schemas import shown

_NAME = r"[^\s\[\]()<>:;,\"'`*|]{1,200}"
_BRACKETED = re.compile(
    rf"\[(?P<name>{_NAME})(?::(?P<line>\d{{1,7}})(?:\s?[-\u2013]\s?(?P<end>\d{{1,7}}))?"
    r"|,? (?:pp?\.? ?|pages? )(?P<page>\d{1,6}))\](?!\(|:)"
)
_BARE = re.compile(
    r"(?<![\w/.:@\[-])(?P<name>[\w-][\w./-]{0,200}\.[A-Za-z]\w{0,7}):(?P<line>\d{1,7})(?:-(?P<end>\d{1,7}))?(?![\w%]|[.:,]\d"
    r")"
)
_FILE_ENDING = re.compile(
    r"\.(?:py|pyi|js|jsx|ts|tsx|md|rst|txt|c|h|cc|cpp|hpp|cs|java|kt|go|rs|rb|php|swift|scala|sh|sql"
    r"|html?|css|json|ya?ml"
    r"|toml|ini|cfg|xml|csv|tsv|pdf|docx|pptx|xlsx|ipynb|log|tex)$",
    re.IGNORECASE,
)
_QUOTE = re.compile(
    rf"(?:\"(?P<straight>[^\"\n]{{20,600}})\"|“(?P<curly>[^“”\n]{{20,600}})”)[.,;]?\s?\(?{_BRACKETED.pattern}"
)
_COUNTING = re.compile(
    r"\b(?:counts?|how many|number of|sizes?|ports?|bytes|loc|invent|imagine|hypothetical|template"
    r"|placeholder|fictional|fixtures?|sample|create|new files?|translat\w+|paraphras\w+|fix|correct"
    r"|rewrite|edit\w*)\b",
    re.IGNORECASE,
)
_LEFT_OUT = re.compile(r"\.{3,}|…|\[[^\[\]]{0,80}\]")
_SLACK: Final = 2
"""How many lines a count may be off: the marks around the material may be counted in."""

_MOST_CITATIONS: Final = 400
_MOST_QUOTES: Final = 60
_AROUND: Final = 300
_LEAST_WORDS: Final = 6

LastLine = Callable[[Witness], int]


def citations_stand(task: Task, answer: ModelAnswer, text: str) -> str | None:
    """What the answer cites was sent, has that line or page, and holds the words that are quoted from it."""
    if not is_prose(task) or not any(source.text or source.pages for source in task.sources):
        return None
    if _COUNTING.search(task.instruction):
        return None
    prose = "\n".join(read(text).lines)
    witnesses = Witnesses(task.sources)
    last_line = cache(_last_line)  # of a long file, cited a hundred times
    problems = (_problem(task, witnesses, each, text, last_line) for each in islice(_citations(prose), _MOST_CITATIONS))
    return next((problem for problem in problems if problem), None) or _misquoted(task, witnesses, prose)


def _citations(prose: str) -> Iterator[Citation]:
    for pattern in (_BRACKETED, _BARE):
        for found in pattern.finditer(prose):
            groups = found.groupdict()
            lines = [int(groups[name]) for name in ("line", "end") if groups.get(name)]
            yield Citation(
                found[0],
                found["name"],
                max(lines, default=0),
                int(groups.get("page") or 0),
                pattern is _BRACKETED,
                _line_around(prose, found),
            )


def _line_around(prose: str, found: re.Match[str]) -> str:
    before = prose[max(0, found.start() - _AROUND) : found.start()].rpartition("\n")[2]
    return before + prose[found.end() : found.end() + _AROUND].partition("\n")[0]


def _problem(task: Task, witnesses: Witnesses, citation: Citation, text: str, last_line: LastLine) -> str | None:
    named, _ = witnesses.named(citation.name)
    if not named:
        if citation.bracketed and _is_unheard_of(task, citation) and not is_to_be_made(task, citation, text):
            return f"it cites {shown(citation.written)}, and no such file was given"
        return None
    problem = _misplaced(named, citation, last_line)
    return None if problem is None or is_a_port(citation) or is_repeated(task, citation) else problem


def _misplaced(named: list[Witness], citation: Citation, last_line: LastLine) -> str | None:
    if citation.line and not any(_has_line(each, citation.line, last_line) for each in named):
        lines = max(last_line(each) for each in named)
        return f"it cites {shown(citation.written)}, and that file has {lines} lines"
    if citation.page and not any(_has_page(each, citation.page) for each in named):
        return f"it cites {shown(citation.written)}, and that file has no such page"
    return None


def _is_unheard_of(task: Task, citation: Citation) -> bool:
    """A name that looks like a file's and stands nowhere in what was sent, be it in a log or in a listing."""
    if task.web_search or "://" in citation.name or not _FILE_ENDING.search(citation.name):
        return False
    base = citation.base
    if any(base in source.path for source in task.sources) or any(source.media for source in task.sources):
        return False
    return not any(base in given for given in material(task))


def _has_line(witness: Witness, line: int, last_line: LastLine) -> bool:
    source = witness.source
    partial = source.sent_as != "text" or source.first_line > 1
    return bool(source.pages) or source.media is not None or partial or line <= last_line(witness) + _SLACK


def _last_line(witness: Witness) -> int:
    return witness.source.first_line + witness.source.text.rstrip("\n").count("\n")


def _has_page(witness: Witness, page: int) -> bool:
    """Its own number, its place among those sent, or the number that is printed on it."""
    pages = witness.source.pages
    if not pages or witness.quotable.is_sparse(len(pages) * 16):
        return True
    printed = re.compile(rf"(?<!\d){page}(?!\d)")
    return page <= max(len(pages), *(each.number for each in pages)) or any(printed.search(p.text) for p in pages)


def _misquoted(task: Task, witnesses: Witnesses, prose: str) -> str | None:
    for found in islice(_QUOTE.finditer(prose), _MOST_QUOTES):
        quote = found["straight"] or found["curly"]
        named, _ = witnesses.named(found["name"])
        is_told = quote in task.instruction or quote in task.context
        if not is_told and named and any(all(_lacks(each, part) for each in named) for part in _telling(quote)):
            return f"these words are not in {shown(found['name'])}: {shown(quote)}"
    return None


def _telling(quote: str) -> list[str]:
    """What of a quote is long enough to be looked up: its parts around what it leaves out."""
    return [part for part in _LEFT_OUT.split(quote) if len(part.split()) >= _LEAST_WORDS]


def _lacks(witness: Witness, quote: str) -> bool:
    """Whether the words are surely not there: neither as they are nor, as far as can be told, in another language."""
    if witness.source.media is not None or witness.source.sent_as != "text" or witness.find(quote, 0):
        return False
    known = set(re.findall(r"\w+", witness.quotable.text.lower()))
    words = re.findall(r"\w+", quote.lower())
    if sum(word in known for word in words) * 2 >= len(words):
        return True
    spoken = plain_language(witness.source.text[:20_000])
    return spoken is not None and spoken == plain_language(quote)
