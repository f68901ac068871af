"""Arithmetic found in a prompt, worked out over the syntax tree: never evaluated as code, bounded in size."""

import ast
import operator
import re
from collections.abc import Callable

Number = int | float

_WORDS = {"plus": "+", "minus": "-", "times": "*", "multiplied by": "*", "divided by": "/", "^": "**"}
_WORDS |= {"\N{MULTIPLICATION SIGN}": "*", "\N{DIVISION SIGN}": "/"}
# Every count is bounded, so that no text can make the search slow.
_OPERAND = r"[\s(]{0,8}-?\s{0,2}\d{1,30}(?:\.\d{1,30})?[\s)]{0,8}"
_OPERATOR = r"(?:\*\*|//|[-+*/%])"
_EXPRESSION = rf"{_OPERAND}(?:{_OPERATOR}{_OPERAND}){{1,30}}"
_POSED = re.compile(
    rf"(?:what(?:'s| is)|how much is|compute|calculate|evaluate|work out)\s{{0,8}}:?\s{{0,8}}`?({_EXPRESSION})(?![\w.])"
    rf"|(?<![\w.])({_EXPRESSION})`?\s{{0,8}}=?\s{{0,8}}\?"
    rf"|\A\s*({_EXPRESSION})\s*=?\s*\Z",
    re.IGNORECASE,
)
_LIKELY = re.compile(r"\d[\s)]{0,8}(?:[-+*/%^\u00d7\u00f7]|plus|minus|times|multiplied|divided)", re.IGNORECASE)
_SEARCHED_CHARS, _EXPRESSION_CHARS = 2_000, 200
_LARGEST, _LARGEST_POWER = 10**30, 64

_BINARY: dict[type[ast.operator], Callable[[Number, Number], Number]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Pow: operator.pow,
}


def posed(text: str) -> Number | None:
    """The value of the first expression ``text`` asks for, such as ``what is 6 * 7`` or ``2+2?``; None without one.
    Of a long text only the beginning and the end are searched."""
    searched = text if len(text) <= 2 * _SEARCHED_CHARS else f"{text[:_SEARCHED_CHARS]}\n{text[-_SEARCHED_CHARS:]}"
    if _LIKELY.search(searched) is None:
        return None
    for found in _POSED.finditer(_symbols(searched)):
        value = evaluate(next(filter(None, found.groups())))
        if value is not None:
            return value
    return None


def _symbols(text: str) -> str:
    for word, symbol in _WORDS.items():
        text = re.sub(rf"(?<=[\d)])\s*{re.escape(word)}\s*(?=[\d(-])", symbol, text, flags=re.IGNORECASE)
    return text


def evaluate(expression: str) -> Number | None:
    """None for what is not plain arithmetic, is too large, or divides by zero."""
    if len(expression) > _EXPRESSION_CHARS:
        return None
    try:
        return _tidy(_value(ast.parse(" ".join(expression.split()), mode="eval").body))
    except (SyntaxError, ValueError, ArithmeticError, RecursionError):
        return None


def _value(node: ast.expr) -> Number:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return _bounded(node.value)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _value(node.left), _value(node.right)
        if isinstance(node.op, ast.Pow) and not 0 <= right <= _LARGEST_POWER:
            raise ValueError("power out of bounds")
        return _bounded(_BINARY[type(node.op)](left, right))
    raise ValueError("not arithmetic")


def _bounded(value: Number | complex) -> Number:
    if isinstance(value, complex) or abs(value) > _LARGEST:
        raise ValueError("out of bounds")
    return value


def _tidy(value: Number) -> Number:
    rounded = round(value, 10)
    return int(rounded) if rounded == int(rounded) else rounded
