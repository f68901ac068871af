"""What can be found in Python by its syntax tree. Code is parsed and never run."""

import ast
import re
import warnings
from collections.abc import Iterator, Sequence
from itertools import islice
from textwrap import dedent

from gemini_mcp.simulator.code_shown import Code, Line
from gemini_mcp.simulator.lint_rules import (
    ASSERTED_TUPLE,
    BARE_EXCEPT,
    BREAKPOINT,
    EMPTY_F_STRING,
    EVALUATES,
    IS_LITERAL,
    LEFT_OPEN,
    MUTABLE_DEFAULT,
    NONE_BY_VALUE,
    NOT_IMPLEMENTED,
    RETURN_IN_FINALLY,
    SHELL,
    SLEEPS,
    SWALLOWED,
    UNPICKLES,
    UNSAFE_YAML,
    UNUSED_IMPORT,
    UNVERIFIED,
    Fault,
    Rule,
)

_SUSPECT = re.compile(
    r"\bexcept\b|=\s*[\[{]|=\s*(?:list|dict|set)\(|\beval\(|\bexec\(|\bshell\s*=|\bverify\s*=|[=!]=\s*None|\bNone\s*[=!]="
    r"|\bis\s+(?:not\s+)?[\d\"'(\[{]|\bassert\s*\(|\bNotImplemented\b|\bopen\(|\b[rR]?[fF][rR]?[\"']|\bsleep\(|\bfinally\b"
    r"|\bbreakpoint\(|\bset_trace\(|\bpickle\.|\byaml\.load\("
)
_BEGINS = re.compile(r"(?!(?:else|elif|except|finally|case)\b)[@A-Za-z_]")
_BY_LINE: tuple[tuple[re.Pattern[str], Rule], ...] = (
    (re.compile(r"^\s*except\s*:"), BARE_EXCEPT),
    (re.compile(r"[=!]=\s*None\b"), NONE_BY_VALUE),
    (re.compile(r"\bshell\s*=\s*True\b"), SHELL),
)
_IMPORT = re.compile(r"^(?:import|from)\b", re.MULTILINE)
_KEPT_UNUSED = re.compile(r"#\s*(?:noqa|type:|pylint|isort)|__future__")


def python_faults(code: Code) -> Iterator[Fault]:
    """In no order, some of them perhaps in lines that are not under review."""
    for run in code.runs():
        yield from _in_run(run)
    if code.whole and not code.path.endswith("__init__.py"):
        yield from _unused_imports(code)


def _in_run(run: tuple[Line, ...]) -> Iterator[Fault]:
    """Statement by statement, and only where there is something to look for."""
    texts = dedent("\n".join(line.text for line in run)).split("\n")
    for start, end in _statements(texts):
        source = "\n".join(texts[start:end])
        if not _SUSPECT.search(source):
            continue
        tree = _parsed(source)
        if tree is None and (tree := _parsed("\n".join(texts))) is not None:
            # A string that goes over several lines may have been cut: the run is parsed as one.
            yield from _numbered(tree, run)
            return
        yield from _numbered(tree, run[start:end]) if tree else _by_line(run[start:end])


def _statements(texts: Sequence[str]) -> Iterator[tuple[int, int]]:
    """From each line that may begin a statement of the outermost level to the next."""
    start = 0
    for index, text in enumerate(texts):
        if index > start and _BEGINS.match(text) and not texts[index - 1].startswith("@"):
            yield start, index
            start = index
    yield start, len(texts)


def _parsed(source: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _numbered(tree: ast.Module, lines: Sequence[Line]) -> Iterator[Fault]:
    finder = _Finder()
    try:
        finder.visit(tree)
    except RecursionError:
        return
    yield from (Fault(lines[line - 1].number, rule) for line, rule in finder.found if line <= len(lines))


def _by_line(lines: Sequence[Line]) -> Iterator[Fault]:
    """Of what does not parse, as a part of a function may not."""
    for line in lines:
        yield from (Fault(line.number, rule) for pattern, rule in _BY_LINE if pattern.search(line.text))


class _Finder(ast.NodeVisitor):
    """``found``: a line of the source, counted from 1, and the rule that it breaks."""

    def __init__(self) -> None:
        self.found: list[tuple[int, Rule]] = []
        self._in_async = False

    def _add(self, node: ast.expr | ast.stmt | ast.excepthandler, rule: Rule) -> None:
        self.found.append((node.lineno, rule))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._function(node, is_async=False)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._function(node, is_async=True)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._defaults(node.args)
        self.generic_visit(node)

    def _function(self, node: ast.FunctionDef | ast.AsyncFunctionDef, *, is_async: bool) -> None:
        self._defaults(node.args)
        outer, self._in_async = self._in_async, is_async
        self.generic_visit(node)
        self._in_async = outer

    def _defaults(self, arguments: ast.arguments) -> None:
        for default in filter(None, (*arguments.defaults, *arguments.kw_defaults)):
            made = isinstance(default, ast.Call) and _name(default.func) in ("list", "dict", "set")
            if made or isinstance(default, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp):
                self._add(default, MUTABLE_DEFAULT)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.type is None:
            self._add(node, BARE_EXCEPT)
        elif _name(node.type) in ("Exception", "BaseException") and all(
            isinstance(each, ast.Pass) for each in node.body
        ):
            self._add(node, SWALLOWED)
        self.generic_visit(node)

    def visit_Try(self, node: ast.Try) -> None:
        for returned in (each for each in node.finalbody if isinstance(each, ast.Return)):
            self._add(returned, RETURN_IN_FINALLY)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        if rule := _called(node, in_async=self._in_async):
            self._add(node, rule)
        for keyword in node.keywords:
            if rule := _passed(keyword):
                self._add(keyword.value, rule)
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for operator, right in zip(node.ops, node.comparators, strict=True):
            if isinstance(operator, ast.Eq | ast.NotEq) and _is_none(right, node.left):
                self._add(right, NONE_BY_VALUE)
            if isinstance(operator, ast.Is | ast.IsNot) and _is_literal(right):
                self._add(right, IS_LITERAL)
        self.generic_visit(node)

    def visit_Assert(self, node: ast.Assert) -> None:
        if isinstance(node.test, ast.Tuple) and node.test.elts:
            self._add(node, ASSERTED_TUPLE)
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        if raised is not None and _name(raised) == "NotImplemented":
            self._add(node, NOT_IMPLEMENTED)
        self.generic_visit(node)

    def visit_Assign(self, node: ast.Assign) -> None:
        if _opens(node.value) and all(isinstance(target, ast.Name) for target in node.targets):
            self._add(node.value, LEFT_OPEN)
        self.generic_visit(node)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if _opens(node.value):
            self._add(node.value, LEFT_OPEN)
        self.generic_visit(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        if not any(isinstance(value, ast.FormattedValue) for value in node.values):
            self._add(node, EMPTY_F_STRING)
        self.generic_visit(node)

    def visit_FormattedValue(self, node: ast.FormattedValue) -> None:
        # Not the format behind the colon, which the tree has as an f-string of its own.
        self.visit(node.value)


def _called(node: ast.Call, *, in_async: bool) -> Rule | None:
    name = _name(node.func)
    if name in ("eval", "exec") and not (node.args and isinstance(node.args[0], ast.Constant)):
        return EVALUATES
    if name in ("pickle.loads", "pickle.load"):
        return UNPICKLES
    if name == "yaml.load" and len(node.args) == 1 and not node.keywords:
        return UNSAFE_YAML
    if name in ("breakpoint", "pdb.set_trace"):
        return BREAKPOINT
    return SLEEPS if name == "time.sleep" and in_async else None


def _passed(keyword: ast.keyword) -> Rule | None:
    value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
    if keyword.arg == "shell" and value is True:
        return SHELL
    return UNVERIFIED if keyword.arg == "verify" and value is False else None


def _is_none(*nodes: ast.expr) -> bool:
    return any(isinstance(node, ast.Constant) and node.value is None for node in nodes)


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float | str | bytes) and not isinstance(node.value, bool)
    return isinstance(node, ast.List | ast.Dict | ast.Set | ast.Tuple)


def _opens(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and _name(node.func) == "open"


def _name(node: ast.expr) -> str:
    """``open``, ``time.sleep``; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        return f"{node.value.id}.{node.attr}"
    return ""


# ----------------------------------------------------------------------------------------------------------- imports


def _unused_imports(code: Code) -> Iterator[Fault]:
    """Names that stand nowhere else in the file, be it in a comment."""
    text = "\n".join(line.text for line in code.lines)
    if not _IMPORT.search(text):
        return
    texts = [line.text for line in code.lines]
    for start, end in _statements(texts):
        source = "\n".join(texts[start:end])
        if not _IMPORT.match(source) or _KEPT_UNUSED.search(source):
            continue
        tree = _parsed(source)
        for line, name in _imported(tree) if tree else ():
            if not _stands_twice(name, text):
                message = UNUSED_IMPORT.message.format(name)
                rule = Rule(UNUSED_IMPORT.severity, UNUSED_IMPORT.category, message, UNUSED_IMPORT.suggestion)
                yield Fault(code.lines[start + line - 1].number, rule)


def _imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """The names that imports of the outermost level bind; not those that are handed on under their own name."""
    for node in tree.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                if alias.name != "*" and alias.asname != alias.name:
                    yield alias.lineno, alias.asname or alias.name.partition(".")[0]


def _stands_twice(name: str, text: str) -> bool:
    return len(list(islice(re.finditer(rf"\b{re.escape(name)}\b", text), 2))) == 2
