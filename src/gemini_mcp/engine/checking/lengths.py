"""How long the answer was to be: items of its list, sentences or words, counted where the task says how many."""

import re
from typing import Final

from gemini_mcp.domain.messages import ModelAnswer
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.checking.demands import Demand, demand
from gemini_mcp.engine.checking.prose import is_prose, read

_ITEM = re.compile(r"^(?P<indent>\s*)(?:(?P<bullet>[-*+•\u2013])|(?P<number>\d{1,3})(?P<mark>[.)]))\s+\S")
_HEADING = re.compile(r"^\s*(?:#{1,6}\s+\S|\*\*[^*\n]{1,200}\*\*:?\s*$)")
_STRUCTURE = re.compile(r"^[ \t]*(?:#{1,6}\s|\||[-*+•]\s|\d{1,3}[.)]\s|={3,}|-{3,})", re.MULTILINE)
_FEWER = re.compile(
    r"\b(?:only|fewer|less|not|no|none|unable|cannot|can't|isn't|aren't|doesn't|there (?:is|are)|found"
    r"|exist\w*|just)\b",
    re.I,
)
_SEARCHING = re.compile(r"\b(?:find|identify|extract|spot|detect|search|look for|check|review)\b", re.IGNORECASE)
_ENDS = re.compile(r"(?<![.!?])[.!?。\uff01\uff1f]+[\"'”\u2019)\]*_]*(?=\s|$)")
_SURE_END = re.compile(r"(?<![.\w])(?P<word>[a-z]{2,30})[.!?][\"\u201d\u2019)*_]*\s+(?=[\"\u201c(*_]?[A-ZÄÖÜÉ][a-z])")
_ABBREVIATED = frozenset(
    {
        "al", "approx", "art", "assn", "assoc", "bspw", "bzw", "ca", "cf", "ch", "chap", "co", "cont", "corp",
        "dept", "dr", "ed", "eds", "eq", "est", "etc", "evtl", "ex", "fig", "figs", "ggf", "hr", "illus", "inc",
        "jr", "lt", "ltd", "max", "min", "mr", "mrs", "ms", "no", "nos", "nr", "op", "pp", "prof", "resp",
        "sec", "sr", "st", "str", "usw", "vgl", "vol", "vs",
    }
)  # fmt: skip
_WORDLESS = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff]")
_TOLERANCE: Final = 0.1


def as_many_as_asked(task: Task, answer: ModelAnswer, text: str) -> str | None:
    """The answer has as many items, sentences or words as the task says, however one counts."""
    if not is_prose(task) or task.rejected is not None:
        return None
    wanted = demand(task.instruction)
    if wanted is None:
        return None
    prose = read(text)
    if wanted.kind == "items":
        return _items_problem(task, wanted, prose.lines)
    if prose.blocks or not prose.is_whole or _WORDLESS.search(text) or _STRUCTURE.search(text):
        return None
    count = _words_problem if wanted.kind == "words" else _sentences_problem
    return count(wanted, text.strip())


def _items_problem(task: Task, wanted: Demand, lines: tuple[str, ...]) -> str | None:
    """A list that is the answer's only one, of one kind of mark, and of the wrong length."""
    found = [match for line in lines if (match := _ITEM.match(line))]
    if len(found) < 2 or any(_HEADING.match(line) or line.lstrip().startswith("|") for line in lines):
        return None
    least = min(len(match["indent"]) for match in found)
    top = [match for match in found if len(match["indent"]) == least]
    if len({match["bullet"] or match["mark"] for match in top}) != 1 or _is_broken_up(lines, least):
        return None
    count = len(top)
    if not wanted.is_broken(count, count):
        return None
    fewer = count < wanted.number
    if fewer and (_SEARCHING.search(task.instruction) or _FEWER.search(" ".join(_around(lines)))):
        return None
    return f"{wanted} were asked for, and the list has {count}"


def _around(lines: tuple[str, ...]) -> list[str]:
    return [line for line in lines if line.strip() and not _ITEM.match(line)]


def _is_broken_up(lines: tuple[str, ...], indent: int) -> bool:
    """Whether plain text at the items' own depth stands between them: they may be several lists."""
    places = [at for at, line in enumerate(lines) if _ITEM.match(line)]
    between = lines[places[0] : places[-1]]
    plain = [line for line in between if line.strip() and not _ITEM.match(line)]
    return any(len(line) - len(line.lstrip()) <= indent for line in plain)


def _words_problem(wanted: Demand, text: str) -> str | None:
    tokens = text.split()
    low = sum(1 for token in tokens if any(character.isalpha() for character in token))
    high = len(re.findall(r"\w+", text))
    slack = wanted.number * _TOLERANCE
    over = wanted.bound != "at least" and low > wanted.number + slack
    under = wanted.bound != "at most" and high < wanted.number - slack
    if wanted.bound == "exactly" and wanted.number > 20:  # "in 100 words" is an aim
        over, under = low > 2 * wanted.number, 2 * high < wanted.number
    return f"{wanted} were asked for, and the answer has {low}" if over or under else None


def _sentences_problem(wanted: Demand, text: str) -> str | None:
    """Between the ends that are beyond doubt and everything that may be one."""
    sure = sum(found["word"] not in _ABBREVIATED for found in _SURE_END.finditer(_unquoted(text))) + 1
    possible = len(_ENDS.findall(text)) + sum(1 for line in text.split("\n") if line.strip()) + text.count(";")
    if not wanted.is_broken(sure, possible):
        return None
    return f"{wanted} were asked for, and the answer has {sure if sure > wanted.number else possible}"


def _unquoted(text: str) -> str:
    return re.sub(r"\"[^\"\n]{1,600}\"|“[^“”\n]{1,600}”|\([^()\n]{1,600}\)", "quoted", text)
