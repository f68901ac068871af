"""Arithmetic in an answer, worked out again: only what is plainly said and definitely false is objected to."""

import re
from collections.abc import Iterator
from typing import Final

from gemini_mcp.domain.messages import ModelAnswer
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.checking.equations import false_equations
from gemini_mcp.engine.checking.prose import is_prose, material, read, sees_pictures
from gemini_mcp.engine.schemas import shown

_OTHER_RULES = re.compile(
    r"\b(?:binary|hexa?decimal|hex|octal|base[- ]\d+|bitwise|xor|boolean|[pb]?mod\d*|modul[io]\w*|modular\w*|modulus"
    r"|remainders?|residues?|congruen\w+|overflow\w*|underflow\w*|wrap(?:s|ped|ping)?[ -]?(?:a?round|over|back|to)"
    r"|wrapping|roll(?:s|ed|ing)?[ -]?over|saturat\w+|two's complement|unsigned|signed int\w*|u?int\d+(?:_t)?"
    r"|[ui](?:8|16|32|64|128)"
    r"|gf(?=\s?\(|\d|_)|(?:finite|galois|prime) fields?|fields? (?:of|with) \w+ elements|z/\d+z?|cyclic\w*"
    r"|floating[- ]point|floats?|concatenat\w*|matri(?:x|ces)|vectors?|riddles?|puzzles?|jokes?|orwell|1984|fallac\w+"
    r"|clock|cipher|cryptarithm\w*|bin[äa]r\w*|binaire)\b",
    re.IGNORECASE,
)
"""What a text is about when numbers are not added up in the usual way."""

_MISTAKES = re.compile(
    r"\b(?:wrong|incorrect|false|mistake|error|flaw|buggy|broken|typo|invalid|untrue|misprint|falsch"
    r"|fehler|faux|erreur)",
    re.IGNORECASE,
)
_DOUBT = re.compile(
    r"\b(?:wrong\w*|incorrect\w*|false|falsely|mistak\w+|errors?|erroneous\w*|invalid|instead|claim\w*|sa(?:ys?|id)"
    r"|states?|stated|reads?|typos?|suppos\w+|assum\w+|contradict\w*|absurd|impossible|bits?|strings?"
    r"|synerg\w+|students?"
    r"|answered|wrote|not|never|cannot|isn't|doesn't|can't|aren't|won't|if \d|falsch\w*|nicht|faux|fausse|incorrecto"
    r"|rounds?|rounded|rounding|truncat\w+|integer division|scale|map|model|lesson|game|drawing)\b"
    r"|[≠✗✘❌]|~~|!=|\\neq",
    re.IGNORECASE,
)
"""Words beside an equation that say it is somebody else's, or no equation of plain numbers."""

_DIFF = re.compile(r"^(?:@@ |diff --git |\+\+\+ )", re.MULTILINE)
_LONGEST_LINE: Final = 4_000
_IDIOMS = re.compile(r"^1 ?\+ ?1 ?=")


def equations_hold(task: Task, answer: ModelAnswer, text: str) -> str | None:
    """What is worked out in the answer is right. What the task's own material says is no calculation of the answer."""
    if not _applies(task, text):
        return None
    for equation in false_equations(_calculating(read(text).lines)):
        if not _IDIOMS.match(equation) and not _is_given(task, equation):
            return f"arithmetic that does not hold: {shown(equation)}"
    return None


def _applies(task: Task, text: str) -> bool:
    if not is_prose(task) or not ("=" in text or "≈" in text) or sees_pictures(task) or task.web_search:
        return False
    asked = task.instruction
    return not (
        _OTHER_RULES.search(asked) or _MISTAKES.search(asked) or _OTHER_RULES.search(text) or _DIFF.search(text)
    )


def _calculating(lines: tuple[str, ...]) -> Iterator[str]:
    """Lines with an equation, without those that are called into doubt in themselves or in the line before."""
    before = ""
    for line in lines:
        if ("=" in line or "≈" in line) and len(line) <= _LONGEST_LINE:
            doubted = _DOUBT.search(line) or (before.rstrip().endswith(":") and _DOUBT.search(before[-_LONGEST_LINE:]))
            if not doubted:
                yield line
        before = line if line.strip() else before


def _is_given(task: Task, equation: str) -> bool:
    bare = "".join(equation.split())
    return any(bare in "".join(given.split()) for given in material(task))
