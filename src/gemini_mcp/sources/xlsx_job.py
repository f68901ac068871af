"""Workbooks as Markdown, a heading a sheet and a table for each block of rows. Runs in the child process alone."""

import gc
import io
import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any
from xml.etree import ElementTree

from openpyxl.reader.excel import ExcelReader
from openpyxl.worksheet.worksheet import Worksheet

from gemini_mcp.domain.errors import TooLarge
from gemini_mcp.sources.child import Frame
from gemini_mcp.sources.markdown import number, table
from gemini_mcp.sources.office_files import harmless, stored

MOST_CELLS = 500_000
"""With something in them, in all sheets: some 3 MB of text, and 4 s."""

MOST_ROWS = 1_500_000
"""Empty ones too: one sheet may have 1,048,576."""

MOST_CHARACTERS = 12_000_000
"""Counted where they stand: a workbook keeps a text once that stands in many cells."""

_MOST_EMPTY_CELLS = 1_500_000
_MOST_PLACES = 4 * MOST_CELLS
_MOST_CELL = 32_767
_BATCH = 2_000
_STRINGS = "xl/sharedStrings.xml"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_FIX = "Save the sheets that matter in a workbook of their own, or as CSV."

Row = tuple[str, ...]


def frames(arguments: dict[str, Any], payload: bytes) -> Iterator[Frame]:
    """Frames with text beside them, in order; frames without say that work goes on."""
    gc.disable()  # half a million cells are searched for rubbish again and again, and there is hardly any
    entries = harmless(payload)
    _check_counts(entries)
    strings: list[str] = []
    for _ in _read_strings(entries, strings):
        yield Frame({})
    reader = _Reader(stored(entries), strings)
    reader.read()
    yield Frame({})
    counts = _Counts()
    for sheet in reader.wb.worksheets:
        rows: list[Row] = []
        for _ in _read(sheet, rows, counts):
            yield Frame({})
        yield Frame({}, _shown(sheet, rows).encode())


def _check_counts(entries: dict[str, bytes]) -> None:
    """At a glance, before anything is parsed. Where tags are written in another way, cells are counted as they come."""
    sheets = [xml for name, xml in entries.items() if name.startswith("xl/worksheets/")]
    if sum(xml.count(b"<v>") + xml.count(b"<is>") for xml in sheets) > MOST_CELLS:
        raise TooLarge(f"it has over {MOST_CELLS:,} cells", _FIX)
    if sum(xml.count(b"<c ") + xml.count(b"<c>") for xml in sheets) > _MOST_EMPTY_CELLS:
        raise TooLarge(f"it has over {_MOST_EMPTY_CELLS:,} cells, most of them empty", _FIX)
    if entries.get(_STRINGS, b"").count(b"<si") > MOST_CELLS:
        raise TooLarge(f"it has over {MOST_CELLS:,} texts", _FIX)


class _Reader(ExcelReader):  # type: ignore[misc]  # it is not typed
    """openpyxl's own, but for the table of texts, which it takes ten times as long to read, and in one go."""

    def __init__(self, file: io.BytesIO, strings: list[str]) -> None:
        super().__init__(file, read_only=True, data_only=True, keep_links=False)
        self._strings = strings

    def read_strings(self) -> None:
        self.shared_strings = self._strings


def _read_strings(entries: dict[str, bytes], strings: list[str]) -> Iterator[None]:
    """Adds the texts that cells refer to by number."""
    if not entries.get(_STRINGS):
        return
    for _, element in ElementTree.iterparse(io.BytesIO(entries[_STRINGS])):
        if element.tag.endswith("}si"):
            strings.append(_text(element))
            element.clear()
            if len(strings) % _BATCH == 0:
                yield


def _text(element: ElementTree.Element) -> str:
    """In one piece, or in several of their own look; beside it may stand how it is spoken, which is left out."""
    pieces = (child for child in element if child.tag.endswith(("}t", "}r")))
    text = "".join(part for piece in pieces for part in piece.itertext())
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


class _Counts:
    """Of all sheets together."""

    def __init__(self) -> None:
        self._cells = self._rows = self._characters = 0

    def add(self, row: Row) -> None:
        self._rows += 1
        self._cells += len(row) - row.count("")
        if self._cells > MOST_CELLS:
            raise TooLarge(f"it has over {MOST_CELLS:,} cells", _FIX)
        if self._rows > MOST_ROWS:
            raise TooLarge(f"it has over {MOST_ROWS:,} rows", _FIX)
        self._characters += sum(map(len, row))
        if self._characters > MOST_CHARACTERS:
            raise TooLarge(f"it holds over {MOST_CHARACTERS:,} characters", _FIX)


def _read(sheet: Worksheet, rows: list[Row], counts: _Counts) -> Iterator[None]:
    """Adds a sheet's rows, without their empty tails. What the sheet says of its own size is not believed."""
    sheet.reset_dimensions()
    for count, values in enumerate(sheet.iter_rows(values_only=True), 1):
        row = _row(values)
        counts.add(row)
        if row or (rows and rows[-1]):  # one empty row says as much as many
            rows.append(row)
        if count % _BATCH == 0:
            yield


def _row(values: Sequence[Any]) -> Row:
    shown = [_cell(value) for value in values]
    while shown and not shown[-1]:
        shown.pop()
    return tuple(shown)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float):
        return number(value)
    if isinstance(value, datetime):
        return value.isoformat(" ").removesuffix(" 00:00:00")
    return value.isoformat() if isinstance(value, date) else str(value)[:_MOST_CELL].strip()


def _shown(sheet: Worksheet, rows: list[Row]) -> str:
    hidden = "" if sheet.sheet_state == "visible" else " (hidden)"
    blocks = [list(block) for full, block in groupby(rows, bool) if full]
    return "\n\n".join([f"## Sheet {' '.join(sheet.title.split())}{hidden}", *map(_block, blocks)])


def _block(rows: list[Row]) -> str:
    """Rows without an empty one between: a table, or lines when there is one column. Empty columns are left out."""
    used = sorted({column for row in rows for column, value in enumerate(row) if value})
    if len(used) * len(rows) > _MOST_PLACES:
        raise TooLarge(f"a table of {len(rows):,} rows and {len(used):,} columns is nearly empty", _FIX)
    cells = [[row[column] if column < len(row) else "" for column in used] for row in rows]
    return table(cells) if len(used) > 1 else "\n".join(line[0] for line in cells)
