"""Jupyter notebooks as text: cells in order, code fenced, outputs short, pictures left out."""

import json
import re
from collections.abc import Iterator
from typing import Any

from gemini_mcp.domain.errors import TooLarge, UnsupportedFormat

MOST_OUTPUT = 2_000
"""Characters kept of a cell's outputs: enough for an error or the head of a table."""

_MOST_BRACKETS = 400_000
_MOST_VALUES = 2_000_000
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def notebook_text(text: str, name: str = "the notebook") -> str:
    """A notebook's JSON as Markdown. Raises UnsupportedFormat and TooLarge."""
    language, cells = _read(text, name)
    return _whole("\n\n".join(shown for cell in cells if (shown := _shown(cell, language))))


def notebook_code(text: str, name: str = "the notebook") -> str:
    """A notebook's JSON as a program with its cells marked, as editors write it; prose and outputs are comments.

    Raises UnsupportedFormat and TooLarge.
    """
    _, cells = _read(text, name)
    return _whole("\n\n".join(_as_code(number, cell) for number, cell in enumerate(cells, 1)))


def _read(text: str, name: str) -> tuple[str, list[dict[str, Any]]]:
    """The language and the cells."""
    notebook = bounded_json(text, name)
    cells = _cells(notebook)
    if cells is None:
        raise UnsupportedFormat(f"{name} is no Jupyter notebook", "Save it again with Jupyter.")
    return _language(notebook), cells


def _whole(text: str) -> str:
    """JSON can hold half of a character, which nothing else can."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _as_code(number: int, cell: dict[str, Any]) -> str:
    source = _source(cell)
    if cell.get("cell_type") != "code":
        return f"# %% [cell {number}, prose]\n{_commented(source)}"
    outputs = _short("\n".join(_outputs(cell)).strip("\n"))
    return f"# %% [cell {number}]\n{source}" + (f"\n# output:\n{_commented(outputs)}" if outputs else "")


def _commented(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.split("\n"))


def _source(cell: dict[str, Any]) -> str:
    return _joined(cell.get("source", cell.get("input"))).strip("\n")


def bounded_json(text: str, name: str) -> Any:
    """What ``text`` holds, unless it is nested too deeply, or would take far more memory than it takes itself.

    Brackets and commas inside strings count too: who has so many of them there has little to lose.
    """
    fix = "Name a smaller file, or a part of it."
    if text.count("[") + text.count("{") > _MOST_BRACKETS or text.count(",") > _MOST_VALUES:
        raise TooLarge(f"{name} holds too many values", fix)
    try:
        return json.loads(text)
    except RecursionError:
        raise TooLarge(f"{name} is nested too deeply", fix) from None
    except ValueError as error:
        raise UnsupportedFormat(f"{name} is not JSON ({error})", "Mend it, or leave it out.") from None


def _cells(notebook: Any) -> list[dict[str, Any]] | None:
    """Also of the format before 2015, which kept them in worksheets."""
    if not isinstance(notebook, dict):
        return None
    found = notebook.get("cells")
    if found is None and isinstance(sheets := notebook.get("worksheets"), list):
        found = [cell for sheet in sheets if isinstance(sheet, dict) for cell in _list(sheet.get("cells"))]
    return [cell for cell in found if isinstance(cell, dict)] if isinstance(found, list) else None


def _language(notebook: dict[str, Any]) -> str:
    info = _dict(_dict(notebook.get("metadata")).get("language_info"))
    name = str(info.get("name") or "python")
    return name if re.fullmatch(r"[\w+#.-]{1,30}", name) else ""


def _shown(cell: dict[str, Any], language: str) -> str:
    source = _source(cell)
    if cell.get("cell_type") != "code":
        return source
    outputs = _short("\n".join(_outputs(cell)).strip("\n"))
    parts = [_fenced(source, language) if source else "", _fenced(outputs, "text") if outputs else ""]
    return "\n\n".join(part for part in parts if part)


def _outputs(cell: dict[str, Any]) -> Iterator[str]:
    for output in _list(cell.get("outputs")):
        output = _dict(output)
        if output.get("output_type") in ("error", "pyerr"):
            yield f"{output.get('ename')}: {_ESCAPES.sub('', str(output.get('evalue')))}"
        elif "text" in output and "data" not in output:
            yield _ESCAPES.sub("", _joined(output["text"]))
        else:
            yield _displayed(_dict(output.get("data")))


def _displayed(data: dict[str, Any]) -> str:
    """The plain form of what may be there in several."""
    if "text/plain" in data:
        return _ESCAPES.sub("", _joined(data["text/plain"]))
    readable = next((kind for kind in ("text/markdown", "text/latex", "text/html") if kind in data), None)
    return _joined(data[readable]) if readable else ""


def _short(text: str) -> str:
    left = len(text) - MOST_OUTPUT
    return text if left <= 0 else f"{text[:MOST_OUTPUT]}\n[{left:,} characters of output left out]"


def _fenced(text: str, language: str) -> str:
    longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _joined(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value or "")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
