"""Decks as Markdown: a heading a slide, its text, tables, charts and notes. Runs in the child process alone."""

from collections.abc import Iterable, Iterator
from itertools import zip_longest
from typing import Any

import pptx
from lxml import etree
from pptx.enum.shapes import PP_PLACEHOLDER

from gemini_mcp.sources.child import Frame
from gemini_mcp.sources.markdown import number, table
from gemini_mcp.sources.office_files import harmless, stored

_BULLETED = (PP_PLACEHOLDER.BODY, PP_PLACEHOLDER.OBJECT, PP_PLACEHOLDER.VERTICAL_BODY, PP_PLACEHOLDER.VERTICAL_OBJECT)
_TITLES = (PP_PLACEHOLDER.TITLE, PP_PLACEHOLDER.CENTER_TITLE, PP_PLACEHOLDER.VERTICAL_TITLE)
_FURNITURE = (PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.SLIDE_NUMBER)
_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_SHOWS = (b"presentationml.slideshow.", b"presentationml.template.", b"powerpoint.slideshow.", b"powerpoint.template.")


def frames(arguments: dict[str, Any], payload: bytes) -> Iterator[Frame]:
    """Frames with text beside them, one a slide."""
    entries = harmless(payload)
    yield Frame({})
    deck = pptx.Presentation(stored(_as_deck(entries)))
    yield Frame({})
    for place, slide in enumerate(deck.slides, 1):
        yield Frame({}, _slide(place, slide).encode())


def _as_deck(entries: dict[str, bytes]) -> dict[str, bytes]:
    """Shows and templates are decks by another name, which python-pptx refuses."""
    name = "[Content_Types].xml"
    types = entries.get(name, b"")
    for other in _SHOWS:
        types = types.replace(other, other.replace(b"slideshow", b"presentation").replace(b"template", b"presentation"))
    return {**entries, name: types}


def _slide(place: int, slide: Any) -> str:
    title = " ".join(slide.shapes.title.text_frame.text.split()) if slide.shapes.title is not None else ""
    hidden = " (hidden)" if slide.element.get("show") in ("0", "false") else ""
    parts = [f"## Slide {place}{hidden}: {title}" if title else f"## Slide {place}{hidden}"]
    parts += filter(None, _shapes(slide.shapes))
    if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame) and frame.text.strip():
        parts.append(f"Notes: {frame.text.strip()}")
    return "\n\n".join(part.replace("\v", "\n") for part in parts)


def _shapes(shapes: Iterable[Any]) -> Iterator[str]:
    for shape in shapes:
        kind = shape.placeholder_format.type if shape.is_placeholder else None
        if kind in _TITLES or kind in _FURNITURE:
            continue
        if hasattr(shape, "shapes"):
            yield from _shapes(shape.shapes)
        elif shape.has_text_frame:
            yield _text(shape.text_frame, kind in _BULLETED)
        elif getattr(shape, "has_table", False) and shape.has_table:
            yield table([[cell.text for cell in row.cells] for row in shape.table.rows])
        elif getattr(shape, "has_chart", False) and shape.has_chart:
            yield _chart(shape.chart)
        else:
            yield _diagram(shape)


def _text(frame: Any, bulleted: bool) -> str:
    lines = []
    for paragraph in frame.paragraphs:
        if text := paragraph.text.strip():
            lines.append(f"{'  ' * paragraph.level}- {text}" if bulleted or paragraph.level else text)
    return "\n".join(lines)


def _chart(chart: Any) -> str:
    """The numbers that a chart draws, as the deck keeps them beside the drawing."""
    title = chart.chart_title.text_frame.text.strip() if chart.has_title and chart.chart_title.has_text_frame else ""
    parts = [f"Chart: {title}" if title else "Chart"]
    for plot in chart.plots:
        columns = [["", *map(str, plot.categories)]]
        columns += [[series.name, *map(_value, series.values)] for series in plot.series]
        parts.append(table(list(zip_longest(*columns, fillvalue=""))))
    return "\n\n".join(parts)


def _value(value: float | None) -> str:
    return "" if value is None else number(value)


def _diagram(shape: Any) -> str:
    """The texts of a SmartArt, which python-pptx does not know; a picture's description; else nothing."""
    relations = shape.element.find(f".//{_DIAGRAM}relIds")
    if relations is None:
        described = shape.element.find(".//{*}cNvPr[@descr]")
        text = described.get("descr").strip() if described is not None else ""
        return f"[picture: {text}]" if text else ""
    part = shape.part.related_part(relations.get(f"{_RELATION}dm"))
    tree = etree.fromstring(part.blob, etree.XMLParser(resolve_entities=False, no_network=True))
    paragraphs = ("".join(run.text or "" for run in p.iter(f"{_DRAWING}t")) for p in tree.iter(f"{_DRAWING}p"))
    return "\n".join(f"- {text.strip()}" for text in paragraphs if text.strip())
