"""Python and diffs the stand-in can make: small and well-formed, without any claim to solve the task."""

import ast
import re
from keyword import iskeyword

from gemini_mcp.simulator.arithmetic import Number
from gemini_mcp.simulator.shown import ShownFile
from gemini_mcp.simulator.summary import shortened

_SIGNATURE = re.compile(r"\bdef\s+([A-Za-z_]\w*)\s*\(([^()]*)\)|`([A-Za-z_]\w*)\(([^()`]*)\)`?")
_CALLED = re.compile(r"\b(?:function|method)\s+(?:called|named)?\s*`?([A-Za-z_]\w*)`?", re.IGNORECASE)
_COMMENTS = {
    **dict.fromkeys(("py", "pyi", "sh", "rb", "yml", "yaml", "toml", "cfg", "ini", "r", "mk"), "# {}"),
    **dict.fromkeys(("js", "jsx", "ts", "tsx", "go", "rs", "c", "h", "cc", "cpp", "java", "kt", "cs", "php"), "// {}"),
    **dict.fromkeys(("md", "html", "xml", "svg"), "<!-- {} -->"),
    "sql": "-- {}",
}
_NO_NAMES = frozenset(("that", "which", "to", "of", "takes", "returns"))
_REMARK = "Touched by the stand-in: a change that means something needs a real model."


def python_module(asked: str, extract: str, value: Number) -> str:
    """A module that compiles and runs: one function, named as in ``asked``, that returns ``value``."""
    name, parameters = _named(asked)
    about = shortened(re.sub(r"[\"\\\x00-\x1f\ud800-\udfff]", "", extract), 80)
    return (
        '"""Made by the stand-in: a body that does the task needs a real model."""\n\n\n'
        f'def {name}({parameters}):\n    """{about}"""\n    return {value!r}\n'
    )


def _named(asked: str) -> tuple[str, str]:
    if signature := _SIGNATURE.search(asked):
        name, parameters = signature[1] or signature[3], signature[2] or signature[4] or ""
        return ("answer", "") if iskeyword(name) else (name, _parameter_names(parameters))
    called = _CALLED.search(asked)
    plain = called is None or iskeyword(called[1]) or called[1].lower() in _NO_NAMES
    return "answer" if called is None or plain else called[1], ""


def _parameter_names(parameters: str) -> str:
    """Names alone: annotations and defaults may mention what the module does not define."""
    source = f"def _({parameters}): ..."
    try:
        # Compiled as well, because the syntax tree alone lets a name appear twice.
        compile(source, "parameters", "exec")
        plain = next(node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.arguments))
    except (SyntaxError, ValueError):
        return "*args, **kwargs"
    names = [each.arg for each in (*plain.posonlyargs, *plain.args)]
    starred = [f"*{plain.vararg.arg}"] if plain.vararg else ["*"] if plain.kwonlyargs else []
    keywords = [each.arg for each in plain.kwonlyargs] + ([f"**{plain.kwarg.arg}"] if plain.kwarg else [])
    return ", ".join(names + starred + keywords)


def unified_diff(files: tuple[ShownFile, ...], extract: str) -> str:
    """A remark added to the first file shown under a path; without one, a new file that holds ``extract``."""
    file = next((each for each in files if each.path), None)
    if file is None:
        return "--- /dev/null\n+++ b/ANSWER.md\n@@ -0,0 +1 @@\n+" + shortened(extract) + "\n"
    return _with_remark(file)


def _with_remark(file: ShownFile) -> str:
    """One hunk, numbered as the file was shown: the remark goes first, or second after a ``#!`` line."""
    path = file.path.removeprefix("./")
    lines = [line for line in file.lines[:4] if file.text]
    before = lines[:1] if lines and lines[0].startswith("#!") else []
    after = lines[len(before) : len(before) + 3]
    size = len(before) + len(after)
    start = file.first_line if size else 0
    hunk = [
        f"@@ -{start},{size} +{max(1, start)},{size + 1} @@",
        *_context(before),
        f"+{_comment(path)}",
        *_context(after),
    ]
    return "\n".join([f"--- a/{path}", f"+++ b/{path}", *hunk, ""])


def _context(lines: list[str]) -> list[str]:
    return [f" {line}" for line in lines]


def _comment(path: str) -> str:
    return _COMMENTS.get(path.rpartition(".")[2].lower(), "{}").format(_REMARK)
