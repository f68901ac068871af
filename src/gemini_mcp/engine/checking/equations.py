"""Equations in a line of prose: where one begins and ends, what its sides are worth, whether they agree.

Read by a scanner and a small parser over exact fractions, never evaluated. Whatever can be read in two ways is taken
in the way that makes it right, and whatever is not plain arithmetic is passed over.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise, product
from typing import Final

from gemini_mcp.engine.checking.measures import SCALES, ratios, unit_named
from gemini_mcp.engine.checking.numerals import LOCALES, NUMBER
from gemini_mcp.engine.checking.sums import Reading, Token, Unread, Worth, is_lone, worth_of

MOST_TOKENS: Final = 60
_LEAST_COUNTED: Final = 100
_MOST_DIGITS: Final = 60
_ABOUT: Final = Fraction(1, 20)
_CONVERTED: Final = Fraction(1, 50)
"""How far a conversion may be off, as a share: a mile is 1.6 km, a pound 0.45 kg."""

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
_AFTER_A_BARE_RESULT = frozenset(
    {
        "and", "so", "which", "that", "is", "are", "as", "for", "the", "a", "this", "these", "we", "it", "they",
        "i", "then", "thus", "but", "because", "hence", "therefore", "while", "where", "when",
    }
)  # fmt: skip


def false_equations(line: str) -> Iterator[str]:
    """The equations of a line that do not hold in any reading, as they are written."""
    plain = _plain(line)
    for run in _runs(plain):
        yield from _judged(plain, run)


def _plain(line: str) -> str:
    for pattern, put in _LATEX if "\\" in line else ():
        line = pattern.sub(put, line)
    return _MARKER.sub("", _BOLD.sub("", line))


# ---------------------------------------------------------------------------------------------------------- scanning


def _runs(line: str) -> Iterator[list[Token]]:
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


def _judged(line: str, run: list[Token]) -> Iterator[str]:
    if len(run) > MOST_TOKENS:
        return
    sides, signs = _sides(line, run), [token.text for token in run if token.kind == "equals"]
    for at, (left, right) in enumerate(pairwise(sides)):
        if not left or not right or _counts_something_else(line, left, right):
            continue
        if not _may_hold(sides, at, about=signs[at] != "="):
            yield " ".join(line[left[0].start : right[-1].end].split())


def _counts_something_else(line: str, left: list[Token], right: list[Token]) -> bool:
    """``1 h + 30 = 90 Minuten``: a unit on one side and a word on the other that may be one."""
    word = re.match(r"[ \t]+([^\W\d_]+)", line[right[-1].end :])
    named = any(token.kind == "unit" for token in left) and not any(token.kind == "unit" for token in right)
    return named and word is not None and word[1].lower() not in _AFTER_A_BARE_RESULT


def _sides(line: str, run: list[Token]) -> list[list[Token]]:
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


# ----------------------------------------------------------------------------------------------------------- judging


def _may_hold(sides: list[list[Token]], at: int, *, about: bool) -> bool:
    """Whether the equation between one side and the next holds in some reading, or cannot be read."""
    left, right = sides[at], sides[at + 1]
    if is_lone(left) and is_lone(right):
        return about or _converts(left, right)
    if (
        _is_doubtful(left)
        or _is_doubtful(right)
        or _is_a_name(left, right)
        or _minus(right)
        or not _same_units(left, right)
    ):
        return True
    judged = False
    for one, other in _readings(right, inner=at > 0, last=at + 2 == len(sides)):
        try:
            ways, others = _ways(left, one), [worth_of(right, other)]
        except (Unread, ZeroDivisionError):
            continue
        if not is_lone(right) and at + 2 < len(sides):
            others.append(worth_of(right[:1], other))  # 5 + 3 = 8 + 2 = 10
        judged = True
        if any(_agree(way, another, about=about) for way in ways for another in others):
            return True
    return not judged


def _readings(right: list[Token], *, inner: bool, last: bool) -> Iterator[tuple[Reading, Reading]]:
    """How both sides may be read: numbers alike; a result's percent sign may be left out or added."""
    shares = (Fraction(1, 100), Fraction(1))
    for locale, share, other in product(LOCALES, shares, shares):
        if share == other or is_lone(right):
            yield (
                Reading(locale, share, "all" if inner else "likely"),
                Reading(locale, other, "none" if last else "all"),
            )


def _ways(side: list[Token], reading: Reading) -> list[Worth]:
    """The side as it is, and without a label that a dash sets apart from it: ``Step 2 - 12 * 3``."""
    ways = [worth_of(side, reading)]
    for at in _minus(side):
        try:
            ways.append(worth_of(side[at + 1 :], reading))
        except (Unread, ZeroDivisionError):
            continue
    return ways


def _minus(side: list[Token]) -> list[int]:
    """Where a dash stands between two values outside brackets."""
    depth, found = 0, []
    for at, token in enumerate(side):
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "-" and depth == 0 and at > 0:
            found.append(at)
    return found


def _agree(left: Worth, right: Worth, *, about: bool) -> bool:
    gap = max(Fraction(0), right.low - left.high, left.low - right.high)
    if not gap or (about and gap <= max(abs(left.high), abs(right.high)) * _ABOUT):
        return True
    if not left.is_whole or not right.is_whole:
        return gap < max(left.step, right.step)
    return gap <= max(_rounded_off(left), _rounded_off(right))


def _rounded_off(worth: Worth) -> Fraction:
    """Half of what 31,500,000 leaves open: three noughts or more behind two digits or more."""
    if not worth.step or worth.low.denominator != 1:
        return Fraction(0)
    digits = str(abs(worth.low.numerator))
    noughts = len(digits) - len(digits.rstrip("0"))
    return Fraction(10**noughts, 2) if noughts >= 3 and len(digits) - noughts >= 2 else Fraction(0)


def _is_doubtful(side: list[Token]) -> bool:
    """Dates, scores and the like; a percentage beside a plain number in a sum; a product behind a division."""
    signs = [token for token in side if token.kind == "operator"]
    tight = [token for token in signs if token.tight and token.text in "-/"]
    if len(tight) > 1 and len(tight) == len(signs) and len({token.text for token in tight}) == 1:
        return True
    numbers = sum(token.kind == "number" for token in side)
    shares = sum(token.kind == "percent" for token in side)
    if shares and shares != numbers and any(token.text in "+-" for token in signs):
        return True
    products = [token for token in signs if token.text != "^"]
    return any(
        one.text == "/" and other.text in ("*", "of") and one.tight == other.tight for one, other in pairwise(products)
    )


def _is_a_name(side: list[Token], result: list[Token]) -> bool:
    """``24/7``, ``9/11``, ``555-1234``: two whole numbers, tight around a sign, that do not come out even."""
    if result[-1].kind == "percent" or not all(token.text.isdigit() for token in result if token.kind == "number"):
        return False
    if [token.kind for token in side] != ["number", "operator", "number"] or not (side[1].tight and side[2].tight):
        return False
    if not (side[0].text.isdigit() and side[2].text.isdigit()) or len(side[0].text + side[2].text) > _MOST_DIGITS:
        return False
    one, other = int(side[0].text), int(side[2].text)
    if side[1].text == "-":  # office hours, scores
        return one < _LEAST_COUNTED or one < other
    return side[1].text == "/" and (not other or one % other != 0)


def _same_units(left: list[Token], right: list[Token]) -> bool:
    tokens = [*left, *right]
    named = {token.text.rstrip("²³") for token in tokens if token.kind in ("unit", "currency")}
    if named == {"°"}:
        return False  # angles go round
    return len(named) <= 1


def _converts(left: list[Token], right: list[Token]) -> bool:
    """Whether ``1 km = 1000 m`` may hold: only known units of the same thing are judged."""
    units = [next((token.text for token in side if token.kind == "unit"), "") for side in (left, right)]
    known = ratios(*units) if all(units) and units[0] != units[1] else ()
    if not known or any(token.kind not in ("number", "unit", "scale") for token in (*left, *right)):
        return True
    for locale in LOCALES:
        try:
            one, other = worth_of(left, Reading(locale, Fraction(1))), worth_of(right, Reading(locale, Fraction(1)))
        except Unread:
            continue
        if any(_is_near(one, ratio, other) for ratio in known):
            return True
    return False


def _is_near(one: Worth, ratio: Fraction, other: Worth) -> bool:
    """Within half of the last digit of either, where it has decimals, or a fiftieth of it all."""
    gap = abs(one.low * ratio - other.low)
    steps = [step for step in (one.step * ratio, other.step) if step]
    shown = max((step for step, written in zip(steps, (one.step, other.step), strict=False) if written < 1), default=0)
    return gap <= max(abs(other.low) * _CONVERTED, Fraction(shown) / 2)
