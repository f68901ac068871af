"""The form of an answer: taking the text the caller wants out of what a model wrapped around it."""

from collections.abc import Iterator
from dataclasses import dataclass

from gemini_mcp.domain.task import Task

_FENCE = "```"
_FENCE_NAMES = {"python": {"python", "py", ""}, "diff": {"diff", "patch", ""}, "json": {"json", ""}}


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the name behind its opening fence, and the text between the fences."""

    name: str
    text: str


def unwrap(task: Task, text: str) -> str:
    """The bare JSON, code or diff of an answer; prose comes back as it is, outer blank lines aside."""
    form = "json" if task.wants_json else task.expect
    if form not in _FENCE_NAMES:
        return text.strip("\n")
    lines = text.split("\n") if form == "diff" else text.replace("\r\n", "\n").split("\n")
    whole = "\n".join(lines)
    blocks = list(_blocks(lines))
    if whole.strip().startswith(_FENCE) and whole.strip().endswith(_FENCE):
        if len(blocks) == 1:
            return _ended(blocks[0].text, form)
        if not blocks:  # closed on its last line of text
            return _ended(whole.strip().removesuffix(_FENCE).partition("\n")[2], form)
    fitting = [block.text for block in blocks if block.name.lower() in _FENCE_NAMES[form]]
    return _ended(fitting[0] if len(fitting) == 1 else whole, form)


def _blocks(lines: list[str]) -> Iterator[Block]:
    """Closed fenced blocks, in one pass: an answer may repeat itself without end."""
    name: str | None = None
    start = 0
    for number, line in enumerate(lines):
        mark = line.strip()
        if name is None and mark.startswith(_FENCE) and "`" not in mark[3:]:
            name, start = mark[3:].strip(), number + 1
        elif name is not None and mark == _FENCE:
            yield Block(name, "\n".join(lines[start:number]))
            name = None


def _ended(text: str, form: str) -> str:
    """A diff must end in a newline to apply, and its last line may be blank; other forms lose outer blank lines."""
    if form == "diff":
        return text.lstrip("\n") if text.endswith("\n") else text.lstrip("\n") + "\n"
    return text.strip() if form == "json" else text.strip("\n")
