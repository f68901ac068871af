"""The form of an answer: taking the text the caller wants out of what a model wrapped around it."""

import re

from gemini_mcp.domain.task import Task

_ONLY_FENCE = re.compile(r"\A\s*```[\w+.-]*[ \t]*\n(.*?)\n?```\s*\Z", re.DOTALL)
_ANY_FENCE = re.compile(r"^```([\w+.-]*)[ \t]*\n(.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)
_FENCE_NAMES = {"python": {"python", "py", ""}, "diff": {"diff", "patch", ""}, "json": {"json", ""}}


def unwrap(task: Task, text: str) -> str:
    """The bare JSON, code or diff of an answer; prose comes back as it is, outer blank lines aside."""
    form = "json" if task.wants_json else task.expect
    if form not in _FENCE_NAMES:
        return text.strip("\n")
    if whole := _ONLY_FENCE.match(text):
        inner = whole.group(1)
        if "\n```" not in inner:
            return _ended(inner, form)
    blocks = [body for name, body in _ANY_FENCE.findall(text) if name.lower() in _FENCE_NAMES[form]]
    return _ended(blocks[0] if len(blocks) == 1 else text, form)


def _ended(text: str, form: str) -> str:
    """A diff must end in a newline to apply and may begin with a space; JSON and code lose outer blank lines only."""
    if form == "diff":  # a last line that is blank may be a line of the hunk
        return text.lstrip("\n") if text.endswith("\n") else text.lstrip("\n") + "\n"
    return text.strip() if form == "json" else text.strip("\n")
