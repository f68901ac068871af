"""What can be found in code of any language, line by line."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from gemini_mcp.simulator.code_shown import Code
from gemini_mcp.simulator.lint_rules import (
    CONFLICT,
    CONSOLE,
    DEBUGGER,
    INNER_HTML,
    LONG_LINE,
    PLAIN_HTTP,
    TO_DO,
    UNBOUNDED_COPY,
    Fault,
    Rule,
)

_LONG = 200
_PROSE = ("md", "markdown", "rst", "txt", "html", "svg", "json", "csv", "lock", "ipynb", "xml")
_SCRIPTS = ("js", "jsx", "mjs", "ts", "tsx", "vue", "svelte")
_C = ("c", "h", "cc", "cpp", "hpp")

_Row = tuple[Rule, re.Pattern[str], tuple[str, ...]]
_RULES: tuple[_Row, ...] = (
    (TO_DO, re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b(?=[:( ]|$)"), ()),
    (
        PLAIN_HTTP,
        re.compile(
            r"[\"'`=]\s?http://(?!localhost|127\.|0\.0\.0\.0|\[::1\]|(?:[\w.-]+\.)?example\.|(?:[\w.-]+\.)?(?:w3|xmlsoap|openxmlformats|"
            r"apache|purl|json-schema)\.org|schemas?\.)\w"
        ),
        (),
    ),
    (CONFLICT, re.compile(r"^(?:<{7}|>{7}) "), ()),
    (DEBUGGER, re.compile(r"^\s*debugger\s*;?\s*$"), _SCRIPTS),
    (CONSOLE, re.compile(r"\bconsole\.(?:log|debug)\("), _SCRIPTS),
    (INNER_HTML, re.compile(r"\.innerHTML\s*\+?=(?!=)"), _SCRIPTS),
    (UNBOUNDED_COPY, re.compile(r"\b(?:gets|strcpy|strcat|sprintf|vsprintf)\s*\("), _C),
)
_ANY = re.compile(
    r"TODO|FIXME|XXX|HACK|http://|^<<<<<<< |^>>>>>>> |debugger|console\.|innerHTML|gets|strcpy|strcat|sprintf",
    re.MULTILINE,
)


def text_faults(code: Code) -> Iterator[Fault]:
    """In no order."""
    file_type = code.path.rpartition(".")[2].lower()
    texts = [line.text for line in code.lines]
    starts = list(accumulate((len(text) + 1 for text in texts), initial=0))
    for index in sorted({bisect_right(starts, hit.start()) - 1 for hit in _ANY.finditer("\n".join(texts))}):
        for rule, pattern, file_types in _RULES:
            if (not file_types or file_type in file_types) and pattern.search(texts[index]):
                yield Fault(code.lines[index].number, rule)
    if file_type not in _PROSE:
        yield from (Fault(line.number, LONG_LINE) for line in code.lines if len(line.text) > _LONG)
