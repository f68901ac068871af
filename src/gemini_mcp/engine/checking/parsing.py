"""Whether code parses, in the languages that the standard library has a parser for. Nothing is ever run."""

import ast
import json
import re
import tomllib
import warnings
from collections.abc import Callable, Mapping
from typing import Final

from gemini_mcp.engine.schemas import shown

_NEWER = re.compile(
    r"^[ \t]*type\s+\w+|^[ \t]*(?:async\s+)?(?:def|class)\s+\w+\[|^[ \t]*except\*?\s+\w[\w.]*\s*,|\bt[\"']",
    re.MULTILINE,
)
"""Syntax that Pythons after ours know: our parser is no judge of it."""


def python_problem(code: str) -> str | None:
    """Where the code does not parse, or None."""
    try:
        with warnings.catch_warnings(action="ignore"):  # what Python merely warns of is no reason to turn it down
            ast.parse(code)
    except SyntaxError as error:
        if (error.msg or "").startswith("f-string") or _NEWER.search(code):
            return None
        return f"line {error.lineno}: {error.msg}"
    except (ValueError, RecursionError, MemoryError) as error:
        return shown(str(error) or type(error).__name__)
    return None


def json_problem(code: str) -> str | None:
    """The same of JSON; JSON lines pass, too."""
    try:
        json.loads(code)
    except RecursionError:
        return "nested too deep"
    except ValueError as error:
        return None if _are_json_lines(code) else shown(str(error))
    return None


def toml_problem(code: str) -> str | None:
    """The same of TOML."""
    try:
        tomllib.loads(code)
    except RecursionError:
        return "nested too deep"
    except ValueError as error:
        return shown(str(error))
    return None


def xml_problem(code: str) -> str | None:
    """The same of XML. A text that declares entities or a document type is not looked at; nothing is expanded."""
    from xml.parsers import expat

    if "<!DOCTYPE" in code or "<!ENTITY" in code:
        return None
    found = ""
    for whole in (code.strip(), f"<x>{code}</x>"):  # several elements side by side are a fragment, not a fault
        try:
            expat.ParserCreate("utf-8").Parse(whole.encode(errors="replace"), True)
        except expat.ExpatError as error:
            found = found or f"line {error.lineno}: {expat.ErrorString(error.code)}"
            if "entity" in found:
                return None
        else:
            return None
    return found


def _are_json_lines(code: str) -> bool:
    lines = [line for line in code.splitlines() if line.strip()]
    try:
        return len(lines) > 1 and all(isinstance(json.loads(line), dict | list) for line in lines)
    except (ValueError, RecursionError):
        return False


PARSERS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "python": python_problem,
    "json": json_problem,
    "toml": toml_problem,
    "xml": xml_problem,
}
