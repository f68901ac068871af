"""The functions and classes of a source file, by line: exactly for Python, by indentation for everything else.

Formatted code of almost any language puts what belongs to a function deeper than its first line, and its closing
brace or ``end`` below that line. Where that is not so, the outline is coarser, never wrong about which lines exist.
"""

import ast
import re
import warnings
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_CLOSES = re.compile(r"[ \t]*(?:[})\]{]|end\b|else\b|catch\b|finally\b|rescue\b|ensure\b|fi\b|done\b|esac\b)")
_CONTAINER = re.compile(
    r"\b(?:class|struct|interface|impl|namespace|module|mod|enum|trait|object|extension|protocol|union|record|package"
    r"|describe|contract)\b"
)
_IMPORT = re.compile(
    r"(?:import|from|use|using|require|require_relative|include|#[ \t]*include|package|@import|open|export \* from)\b"
    r"|(?:const|let|var)[^=]{1,200}=[ \t]*require\b"
)
_NAMED = re.compile(
    r"\b(?:def|func|function|fn|fun|sub|proc|class|struct|interface|impl|enum|trait|module|mod|namespace|type|object"
    r"|protocol|record|macro_rules!)(?![\w(])\s*\*?\s*(?:<[^>]*>\s*)?(?:\([^)]*\)\s*)?([\w$]+(?:(?:::|\.)[\w$]+)*)"
)
_CALLED = re.compile(r"([\w$~]+)\s*[(:=]")
_LEAST = 2
_LONGEST_HEAD = 20
_LEVELS = 5
_MOST_SHOWN = 400


@dataclass(frozen=True, slots=True)
class Block:
    """A function, a class or the like: lines ``first`` to ``last``, its signature up to ``head``. Blocks of a class or
    the like stand in it as ``children``; those within functions are not told apart."""

    name: str
    first: int
    head: int
    last: int
    children: tuple["Block", ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """``blocks`` are in order and apart from one another; ``imports`` are the lines that say what a file uses."""

    blocks: tuple[Block, ...]
    imports: tuple[int, ...]

    def enclosing(self, line: int) -> Block | None:
        """The innermost block around a line."""
        return _innermost(self.blocks, line)

    def around(self, line: int) -> tuple[Block, ...]:
        """All blocks around a line, the outermost first."""
        return tuple(_path(self.blocks, line))


def outline(path: str, text: str) -> Outline:
    """The outline of a file; its name tells the language."""
    if path.endswith((".py", ".pyi")) and (module := _module(text)) is not None:
        return Outline(tuple(_python_blocks(module.body, "")), tuple(_python_imports(module)))
    lines = text.split("\n")
    imports = {number for number, line in enumerate(lines, 1) if _IMPORT.match(line[:_MOST_SHOWN])}
    blocks = tuple(_blocks(lines, 1, "", _LEVELS))
    listed = {number for block in blocks if block.first in imports for number in range(block.first, block.last + 1)}
    return Outline(tuple(block for block in blocks if block.first not in imports), tuple(sorted(imports | listed)))


def _innermost(blocks: Sequence[Block], line: int) -> Block | None:
    *_, found = (None, *_path(blocks, line))
    return found


def _path(blocks: Sequence[Block], line: int) -> Iterator[Block]:
    at = bisect_right(blocks, line, key=lambda block: block.first) - 1
    if at >= 0 and line <= blocks[at].last:
        yield blocks[at]
        yield from _path(blocks[at].children, line)


# ------------------------------------------------------------------------------------------------------------ Python


def _module(text: str) -> ast.Module | None:
    """None where it does not parse, or where Python counts lines otherwise than we do."""
    if "\r" in text.replace("\r\n", "\n"):
        return None
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _python_blocks(body: Sequence[ast.stmt], within: str) -> Iterator[Block]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{within}.{node.name}" if within else node.name
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            head = max(node.lineno, min(node.body[0].lineno - 1, node.lineno + _LONGEST_HEAD))
            children = tuple(_python_blocks(node.body, name)) if isinstance(node, ast.ClassDef) else ()
            yield Block(name, first, head, node.end_lineno or head, children)


def _python_imports(module: ast.Module) -> Iterator[int]:
    for node in module.body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from range(node.lineno, (node.end_lineno or node.lineno) + 1)


# -------------------------------------------------------------------------------------------------------- indentation


def _blocks(lines: Sequence[str], first: int, within: str, levels: int) -> Iterator[Block]:
    """Blocks among ``lines``, the first of which is line ``first``: a line, and what is deeper or closes it."""
    depth = min((_depth(line) for line in lines if line.strip()), default=0)
    opened: int | None = None
    last = 0
    for index, line in enumerate(lines):
        if not line.strip():
            continue
        if opened is not None and (_depth(line) > depth or _CLOSES.match(line) or line.startswith("#")):
            last = index
        else:
            yield from _closed(lines, opened, last, first, within, levels)
            opened, last = index, index
    yield from _closed(lines, opened, last, first, within, levels)


def _closed(
    lines: Sequence[str], opened: int | None, last: int, first: int, within: str, levels: int
) -> Iterator[Block]:
    if opened is None or last - opened < _LEAST:
        return
    line = lines[opened][:_MOST_SHOWN]
    name = ".".join(part for part in (within, _block_name(line) or f"line {first + opened}") if part)
    inner = lines[opened + 1 : last] if levels and _CONTAINER.search(line) else []
    children = tuple(_blocks(inner, first + opened + 1, name, levels - 1))
    yield Block(name, first + opened, first + opened, first + last, children)


def _block_name(line: str) -> str:
    found = _NAMED.search(line) or _CALLED.search(line)
    return found.group(1) if found else ""


def _depth(line: str) -> int:
    expanded = line.expandtabs(4)
    return len(expanded) - len(expanded.lstrip())
