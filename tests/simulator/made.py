"""Requests and documents as the product makes them, from real parts."""

import hashlib
import io
from collections.abc import Sequence
from typing import Any

from PIL import Image

from gemini_mcp.domain.material import Media, Page, Source
from gemini_mcp.domain.prompting import attachments, user_prompt
from gemini_mcp.domain.task import Task
from gemini_mcp.simulator.wire import Blob, GenerateRequest, Settings


def source(path: str, text: str, **more: Any) -> Source:
    content = text.encode("utf-8", "surrogatepass")
    return Source(path, text, len(content), hashlib.sha256(content).hexdigest(), **more)


def pdf_source(path: str, pages: Sequence[str], *, first: int = 1, sent_as: str = "text") -> Source:
    """A PDF of these pages, numbered from ``first``."""
    data = pdf(pages)
    numbered = tuple(Page(number, text) for number, text in enumerate(pages, first))
    return source(path, "", sent_as=sent_as, media=Media("application/pdf", data, 0), pages=numbered)


def image_source(path: str, data: bytes) -> Source:
    return source(path, "", sent_as="image/png 8x8", media=Media("image/png", data, 0))


def request(instruction: str, sources: Sequence[Source], schema: Any = None, mime: str = "") -> GenerateRequest:
    """What the stand-in reads when this task is sent."""
    task = Task(instruction=instruction, sources=tuple(sources), output_schema=schema)
    pieces: list[str | Blob] = []
    for each in attachments(task, "gemini-3"):
        pieces += [f"{each.label}:", Blob(each.media.mime_type, each.media.data)]
    pieces.append(user_prompt(task))
    asked = "\n\n".join(piece for piece in pieces if isinstance(piece, str))
    settings = Settings(schema=schema, mime=mime)
    return GenerateRequest("gemini-3.8-flash", pieces=tuple(pieces), asked=asked, settings=settings)


def picture(colour: str = "white", size: tuple[int, int] = (8, 8), form: str = "PNG") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, form)
    return buffer.getvalue()


def pdf(texts: Sequence[str]) -> bytes:
    """A PDF with one page for each text, line by line."""
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(texts)))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {len(texts)}/Kids[{kids}]>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for index, text in enumerate(texts):
        lines = "".join(f"({line}) Tj T*\n" for line in text.split("\n"))
        drawn = f"BT /F 11 Tf 14 TL 40 800 Td\n{lines}ET"
        fonts = "/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>"
        objects.append(f"<</Type/Page/Parent 2 0 R{fonts}/Contents {5 + 2 * index} 0 R>>")
        objects.append(f"<</Length {len(drawn)}>>stream\n{drawn}\nendstream")
    return _file(objects)


def _file(objects: Sequence[str]) -> bytes:
    out, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n".encode()
    table = len(out)
    out += f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n".encode()
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += f"trailer\n<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n".encode()
    return bytes(out)
