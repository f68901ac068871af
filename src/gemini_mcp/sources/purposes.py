"""What a tool reads files for, and why it leaves one out that it found by itself: in a folder, or by a glob."""

from dataclasses import dataclass

from gemini_mcp.domain.errors import Refusal
from gemini_mcp.sources.formats import Kind, format_of, unsupported


@dataclass(frozen=True, slots=True)
class Purpose:
    """``kinds`` of files that serve it; ``else_called``: what any other is, in its eyes; ``fix``: where none serves."""

    kinds: frozenset[Kind]
    else_called: str
    fix: str

    def unfit(self, name: str, head: bytes) -> str | None:
        """Why a file called ``name`` that begins with ``head`` does not serve, or None."""
        form = format_of(name.rpartition("/")[2], head)
        if form is None:
            return reason(unsupported(name, head), name)
        return None if form.kind in self.kinds else self.else_called


TEXTS: frozenset[Kind] = frozenset({"text", "html", "notebook"})
DOCUMENTS = Purpose(TEXTS | {"pdf", "docx", "pptx", "xlsx"}, "an image", "Give images to analyze_image.")
IMAGES = Purpose(
    frozenset({"image"}),
    "no image that can be read",
    "Name PNG, JPEG, WebP, GIF or HEIC files; give documents to delegate_task or summarize_docs.",
)
CODE = Purpose(TEXTS, "no code", "review_code reads text; give documents to delegate_task or summarize_docs.")


def reason(refusal: Refusal, name: str) -> str:
    """A refusal's message as it is told behind the name of the file in question."""
    return refusal.message.removeprefix(name).lstrip(": ").removeprefix("is ")
