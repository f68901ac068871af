"""Where an equation begins and ends in a line of prose, and what stands on its sides: a scanner's work.

What stands right before and behind decides whether a side is whole: ``log 8 + 2 = 5`` begins earlier than it seems.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gemini_mcp.engine.checking.measures import SCALES, unit_named
from gemini_mcp.engine.checking.numerals import NUMBER
from gemini_mcp.engine.checking.sums import Token

_TOKEN = re.compile(
    rf"(?P<space>\s+)|(?P<number>{NUMBER})|(?P<other>(?:[:!<>+*/%|&^~-]=|=[=><~]|->|\.{{2,}}))|(?P<equals>[=≈≃≅])"
    r"|(?P<operator>\*\*|[-+*/^\u00d7÷·⋅∙\u2212\u2013])|(?P<bracket>[()])|(?P<percent>%)|(?P<currency>[$€£¥])"
    r"|(?P<power>[⁰¹²³⁴⁵⁶⁷⁸⁹]+)|(?P<word>[^\W\d_]+(?:/[^\W\d_]+)?[²³]?|°[CF]?)|(?P<else>.)",
)
_LATEX = (
    (re.compile(r"\\(?:times|cdot)(?![a-z])"), "\u00d7"),
    (re.compile(r"\\div(?![a-z])"), "÷"),
    (re.compile(r"\\approx(?![a-z])"), "≈"),
    (re.compile(r"\\[,;! ]|\\(?:left|right)(?![a-z])|\\(?=[%$])"), " "),
)
_BOLD = re.compile(r"(?<![\d)])\*\*|\*\*(?![\d(])")
_MARKER = re.compile(r"^\s*(?:(?:[-*+•]|#{1,6}|\(?[a-zA-Z\d]{1,3}[.)])\s+){1,3}")
_SIGNS = {
    "\u2212": "-",
    "\u2013": "-",
    "\u00d7": "*",
    "·": "*",
    "⋅": "*",
    "∙": "*",
    "÷": "/",
    "**": "^",
    "x": "*",
    "X": "*",
}
_NO_OPENING = frozenset(
    {
        "log", "ln", "lg", "lb", "exp", "sin", "cos", "tan", "cot", "sec", "arcsin", "arccos", "arctan", "sqrt",
        "root", "of", "minus", "plus", "times", "over", "per", "squared", "cubed", "mod", "modulo", "negative",
        "min", "max", "floor", "ceil", "abs", "gcd", "lcm", "det", "half", "twice", "double", "triple",
        "thrice", "quarter", "third", "dozen", "hundred", "thousand", "million", "billion", "divided",
        "multiplied", "by", "to", "sum", "product", "mean", "average", "than",
    }
)  # fmt: skip
_NUMBERED = frozenset(
    {
        "question", "exercise", "version", "port", "page", "day", "chapter", "option", "row", "column",
        "section", "step", "item", "figure", "table", "part", "level", "phase", "week", "line", "problem",
        "task", "team", "group", "round", "game", "set", "lesson", "unit", "volume", "type", "class", "room",
        "case", "rule", "test", "sample", "player", "score", "mon", "tue", "wed", "thu", "fri", "sat", "sun",
        "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday", "python", "node", "java",
    }
)  # fmt: skip
"""What bears a number as its name, one or several."""

_NO_CLOSING = frozenset(
    {
        "mod", "modulo", "remainder", "rest", "r", "in", "million", "billion", "trillion", "thousand",
        "hundred", "dozen", "k", "percent", "of", "times", "x", "plus", "minus", "to", "or", "squared", "cubed",
        "factorial", "pi", "over", "divided", "e", "am", "pm", "uhr", "o'clock", "january", "february", "march",
        "april", "may", "june", "july", "august", "september", "october", "november", "december", "jan", "feb",
        "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "base",
    }
)  # fmt: skip


def plain(line: str) -> str:
    for pattern, put in _LATEX if "\\" in line else ():
        line = pattern.sub(put, line)
    return _MARKER.sub("", _BOLD.sub("", line))


def runs(line: str) -> Iterator[list[Token]]:
    """Stretches of tokens that may be an equation: numbers, signs, brackets and known units, with an equals sign."""
    run: list[Token] = []
    tight = True
    for found in _TOKEN.finditer(line):
        kind = str(found.lastgroup)
        if kind == "space":
            tight = False
            continue
        token = Token(kind, found[0], found.start(), found.end(), tight)
        tight = True
        fitting = _fitting(token, run)
        if fitting is not None:
            run.append(fitting)
            continue
        if any(each.kind == "equals" for each in run):
            yield run
        run = []
    if any(each.kind == "equals" for each in run):
        yield run


def _fitting(token: Token, run: Sequence[Token]) -> Token | None:
    """The token as a part of an equation after what is there, or None: it ends there."""
    if token.kind == "word":
        return _fitting_word(token, run[-1]) if run else None
    if token.kind in ("else", "other"):
        return None
    if token.kind == "operator":
        return replace(token, text=_SIGNS.get(token.text, token.text))
    return token


def _fitting_word(token: Token, last: Token) -> Token | None:
    lower = token.text.lower()
    valued = last.kind in ("number", "unit", "percent", "currency", "power", "scale") or last.text == ")"
    if lower == "x" and valued:
        return replace(token, kind="operator", text="*")
    if lower == "of" and last.kind == "percent":
        return replace(token, kind="operator", text="of")
    if lower == "percent" and last.kind == "number":
        return replace(token, kind="percent")
    if lower in SCALES and last.kind == "number":
        return replace(token, kind="scale", text=lower)
    unit = unit_named(token.text) if last.kind in ("number", "scale") else None
    if unit and token.text[-1] in "²³":
        unit += token.text[-1]
    return replace(token, kind="unit", text=unit) if unit else None


def sides_of(line: str, run: list[Token]) -> list[list[Token]]:
    """What stands between the equals signs; an outer side that runs on beyond what can be read is left blank."""
    sides: list[list[Token]] = [[]]
    for token in run:
        if token.kind == "equals":
            sides.append([])
        else:
            sides[-1].append(token)
    first, last = _opened(line, sides[0]), _closed(line, sides[-1])
    return [first, *sides[1:-1], last]


def _opened(line: str, side: list[Token]) -> list[Token]:
    """The first side, from behind a bracket that it does not close; blank if what stands before belongs to it."""
    depth = 0
    for at in range(len(side) - 1, -1, -1):
        depth += (side[at].text == ")") - (side[at].text == "(")
        if depth < 0:
            return side[at + 1 :]
    if not side or (side[0].kind == "operator" and line[: side[0].start].strip()):
        return []
    return side if _may_open(line[: side[0].start]) else []


def _may_open(before: str) -> bool:
    bare = before.rstrip()
    apart = len(bare) < len(before)
    if not bare:
        return True
    last = bare[-1]
    if last.isalpha():
        word = re.search(r"[^\W\d_]{1,20}$", bare[-20:])
        known = word[0].lower() if word else ""
        return (
            apart
            and bool(known)
            and known not in _NO_OPENING
            and known.removesuffix("s") not in _NUMBERED
            and (len(known) > 1 or known in ("a", "i"))
        )
    if last in ".?!":
        return apart and not (last == "!" and bare[-2:-1].isdigit())
    if last in ":;,":
        return apart and not bare[:-1].endswith((" ", "\t"))
    return last in "|—→⇒•>(["


def _closed(line: str, side: list[Token]) -> list[Token]:
    """The last side, up to a bracket that it does not open; blank if what stands behind belongs to it."""
    depth = 0
    for at, token in enumerate(side):
        depth += (token.text == "(") - (token.text == ")")
        if depth < 0:
            return side[:at]
    while side and side[-1].kind == "currency" and len(side) > 1 and side[-1].text == "$":
        side = side[:-1]  # closes a formula
    if len(side) > 1 and side[-1].text in ("-", "(") and re.match(r"\s*(?:[^\W\d_]{2,}|$)", line[side[-1].end :]):
        side = side[:-1]
    return side if side and _may_close(line[side[-1].end :].lstrip("$"), side) else []


def _may_close(after: str, side: list[Token]) -> bool:
    bare = after.lstrip(" \t")
    if not bare:
        return True
    if len(bare) == len(after) and not re.match(r"[.,;:?)\]|—(](?!\d)|\.(?=\s|$)|\*+(?!\d)", bare):
        return False
    word = re.match(r"[^\W\d_]+(?:'[a-z]+)?", bare)
    if word:
        lower = word[0].lower()
        named = any(token.kind == "unit" for token in side)
        return (
            lower not in _NO_CLOSING
            and (len(lower) > 1 or lower in ("a", "i"))
            and (named or unit_named(lower) is None)
        )
    return re.match(r"[.,;:?)\]|—\[*>•→⇒(\u2013-]", bare) is not None and not bare.startswith(("..", "…", "(mod"))
