"""Bombs, how we read them, and how a program that trusts its libraries would."""

import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from benchmarks.bombs_images import image_bombs
from gemini_mcp.sources.child import Children
from gemini_mcp.sources.documents import OfficeKind, office_text, pdf_pages
from gemini_mcp.sources.images import image_media
from gemini_mcp.sources.notebooks import notebook_text
from tests.sources.bombs import BOMBS


@dataclass(frozen=True, slots=True)
class Case:
    """``kind`` is what cases are summed up by; ``ours`` and ``naive`` read what ``make`` made."""

    kind: str
    name: str
    make: Callable[[], bytes]
    ours: Callable[[Children, bytes], Awaitable[object]]
    naive: Callable[[bytes], object]


def cases() -> list[Case]:
    """All there are."""
    return [*_documents(), *_images()]


def _documents() -> list[Case]:
    ways: dict[str, tuple[Callable[[Children, bytes], Awaitable[object]], Callable[[bytes], object]]] = {
        "pdf": (_pdf, _naive_pdf),
        "docx": (_office("docx"), _naive_docx),
        "xlsx": (_office("xlsx"), _naive_xlsx),
        "pptx": (_office("pptx"), _naive_pptx),
        "notebook": (_notebook, json.loads),
    }
    return [Case(kind, make.__name__, make, *ways[kind]) for kind, makers in BOMBS.items() for make in makers]


def _images() -> list[Case]:
    return [Case("image", name, partial(bytes, data), _image(name), _naive_image) for name, data in image_bombs()]


# ---------------------------------------------------------------------------------------------------------------- ours


async def _pdf(children: Children, data: bytes) -> object:
    return await pdf_pages(children, data, "bomb.pdf")


def _office(kind: OfficeKind) -> Callable[[Children, bytes], Awaitable[object]]:
    async def read(children: Children, data: bytes) -> object:
        return await office_text(children, data, f"bomb.{kind}", kind)

    return read


def _image(name: str) -> Callable[[Children, bytes], Awaitable[object]]:
    async def read(children: Children, data: bytes) -> object:
        return await image_media(children, data, name, "medium", "gemini-3")

    return read


async def _notebook(children: Children, data: bytes) -> object:
    return notebook_text(data.decode("utf-8", "replace"), "bomb.ipynb")


# --------------------------------------------------------------------------------------------------------------- naive


def _naive_pdf(data: bytes) -> object:
    import pypdfium2

    document = pypdfium2.PdfDocument(data)
    return [document[i].get_textpage().get_text_bounded() for i in range(len(document))]


def _naive_docx(data: bytes) -> object:
    import mammoth
    import markdownify

    return markdownify.markdownify(mammoth.convert_to_html(io.BytesIO(data)).value)


def _naive_xlsx(data: bytes) -> object:
    import openpyxl

    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    return ["|".join(map(str, row)) for sheet in book.worksheets for row in sheet.iter_rows(values_only=True)]


def _naive_pptx(data: bytes) -> object:
    import pptx

    shapes: list[Any] = [shape for slide in pptx.Presentation(io.BytesIO(data)).slides for shape in slide.shapes]
    return [shape.text_frame.text for shape in shapes if shape.has_text_frame]


def _naive_image(data: bytes) -> object:
    from PIL import Image, ImageSequence
    from pillow_heif import register_heif_opener

    register_heif_opener()
    return [frame.convert("RGB") for frame in ImageSequence.Iterator(Image.open(io.BytesIO(data)))]
