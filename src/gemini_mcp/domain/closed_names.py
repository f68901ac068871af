"""Names that are the same though one is said with more: ``v2.3.1`` and ``2.3.1``, ``Client.open`` and ``open``."""

import re
from typing import Final

_VERSION: Final = re.compile(
    r"(?:v|version )\.? ?(?=\d{1,9}(?:\.\d{1,9}){1,4}(?:[-+ ][\w.+-]{1,40})?\.?\s*\Z)", re.IGNORECASE
)
_INSIDE: Final = re.compile(r"(?:[^\W\d]\w{0,60}(?:\.|::|#)){1,6}", re.ASCII)
_MEMBER: Final = re.compile(r"[^\W\d][\w ]{2,80}(?:\(\))?", re.ASCII)
_ENDINGS: Final = frozenset(
    (
        "com", "net", "org", "dev", "info", "html", "json", "yaml", "toml", "lock", "text", "conf", "java", "rust",
        "scala", "swift", "ipynb", "docx", "pptx", "xlsx", "jpeg", "tiff", "webp", "mjs", "cjs", "jsx", "tsx", "yml",
        "xml", "csv", "pdf", "txt", "css", "cpp", "hpp", "exe", "bat", "cfg", "ini", "log", "sql", "php",
    )
)  # fmt: skip
"""What stands behind the point of a file's or a host's name, not of a class's."""


def unversioned(text: str) -> str:
    """``2.3.1`` of ``v2.3.1``; any other text as it is."""
    return _VERSION.sub("", text, count=1) if text[:1] in ("v", "V") else text


def is_member(whole: str, name: str) -> bool:
    """Whether ``whole`` is ``name``, said with the class or module that it is in."""
    if not whole.endswith(name) or not _MEMBER.fullmatch(name) or name.lower() in _ENDINGS:
        return False
    return _INSIDE.fullmatch(whole[: -len(name)]) is not None
