"""The one answer that a text gives to a closed question, so written that two can be compared; None rather than a guess.

Two models asked the same will word it differently: "B", "**(B)** Paris", "So the answer is B." Reasoning may come
first, and the last statement counts. What answers twice ("B or C", "between 10 and 15") gives no answer at all.
"""

import re
from collections.abc import Callable
from typing import Final

from gemini_mcp.domain.closed_choices import choice_in, label, verdict, verdict_in
from gemini_mcp.domain.closed_kinds import Kind
from gemini_mcp.domain.closed_records import record
from gemini_mcp.domain.closed_values import brief, brief_in, number, number_in
from gemini_mcp.domain.numerals import plainly
from gemini_mcp.domain.stated import statements
from gemini_mcp.domain.typed import typed

Reader = Callable[[str], str | None]
"""None: not said here; "": said twice over, so that no earlier statement is to be asked."""

_NEGATED: Final = re.compile(r"\W*(?:not|neither|none|nor)\b", re.IGNORECASE)
_READERS: Final[dict[Kind, tuple[Reader, Reader]]] = {
    "choice": (label, choice_in),
    "yes_no": (verdict, verdict_in),
    "number": (number, number_in),
    "short": (brief, brief_in),
}
"""How each kind reads what is stated as the answer, and a text that states none."""


def closed_answer(kind: Kind, text: str) -> str | None:
    """The normalised answer, None when no single one can be found. Compare two by ``same_answer``."""
    if kind == "record":
        return record(text)
    read, otherwise = _READERS[kind]
    marked = typed(text)
    bare = marked.replace("**", "").replace("__", "").replace("`", "")
    for stated in map(plainly, statements(bare)):
        if _NEGATED.match(stated):
            return None
        if (found := read(stated)) is not None:
            return found or None
    return otherwise(marked if kind == "number" else bare)
