"""This project's own documents and a generated PDF as a summary whose every claim names its source."""

import tempfile
from pathlib import Path

import anyio
from session import HERE, call, connected, texts

PROJECT = HERE.parent
PAGES = (
    "Minutes of the harbour board, 3 March 1953. The storm of 31 January broke two of the three piers.",
    "Costs. Rebuilding the northern pier was estimated at 48,000 pounds, the southern pier at 61,500 pounds.",
    "Decision. The board rebuilds the northern pier alone, and closes the southern pier to ships for good.",
)


def pdf_of(pages: tuple[str, ...]) -> bytes:
    """A plain PDF, a sentence a line on each page."""
    objects: list[bytes] = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"",
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Times-Roman >>",
    ]
    kids = []
    for text in pages:
        lines = " ".join(f"({line.strip()}.) Tj T*" for line in text.split(".") if line.strip())
        content = f"BT /F1 12 Tf 16 TL 60 740 Td {lines} ET".encode("latin-1")
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(content), content))
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents %d 0 R"
            b" /Resources << /Font << /F1 3 0 R >> >> >>" % len(objects)
        )
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Count %d /Kids [%s] >>" % (len(kids), b" ".join(kids))
    body, places = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        places.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    return (
        body
        + head
        + table
        + b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(body))
    )


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "minutes.pdf").write_bytes(pdf_of(PAGES))
        async with connected(PROJECT, Path(folder)) as client:
            sources = ["README.md", "ARCHITECTURE.md", "minutes.pdf"]
            result = await call(client, "summarize_docs", sources=sources, length="brief")
            print("\n\n".join(texts(result)))


if __name__ == "__main__":
    anyio.run(main)
