"""A request's two texts: the agent's instructions and the prompt. Pure, and stable where caches want it stable."""

import hashlib
import re
from dataclasses import dataclass, replace

from gemini_mcp.domain.catalog import Family
from gemini_mcp.domain.imaging import takes_detail
from gemini_mcp.domain.material import Source
from gemini_mcp.domain.messages import Attachment
from gemini_mcp.domain.task import Rejected, Task

_HEADING = re.compile(r"^## +(\w+)[ \t]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class AgentPrompt:
    """An agent's instructions: ``base`` always, and of ``sections`` the one that the task's form calls for."""

    base: str
    sections: dict[str, str]
    version: str

    @classmethod
    def parse(cls, markdown: str) -> "AgentPrompt":
        """Text before the first ``## name`` heading is the base; each heading opens the section of that name."""
        head, *rest = _HEADING.split(markdown)
        sections = {name: body.strip() for name, body in zip(rest[::2], rest[1::2], strict=True)}
        return cls(head.strip(), sections, hashlib.sha256(markdown.encode()).hexdigest()[:16])

    def system(self, task: Task) -> str:
        names = [name for name, applies in _conditions(task) if applies and name in self.sections]
        return "\n".join([self.base, *(self.sections[name] for name in names)])


def _conditions(task: Task) -> list[tuple[str, bool]]:
    form = "schema" if task.output_schema is not None else task.expect
    return [(form, True), ("sources", bool(task.sources)), ("search", task.web_search)]


def user_prompt(task: Task, *, failed: str = "") -> str:
    """Sources first, then context, then the task: what repeats between calls stands at the front, where
    Gemini's implicit cache finds it. ``failed`` is why the tier below was turned down."""
    blocks = _material(task)
    if task.context and task.sources:
        blocks.append(f"Context:\n{task.context}")
    if task.rejected is not None:
        blocks.append(_rejection(task.rejected))
    blocks.append(f"Task:\n{task.instruction}" if blocks else task.instruction)
    if failed:
        blocks.append(f"An earlier attempt was turned down: {failed}. Avoid that.")
    return "\n\n".join(blocks)


def stable_prompt(task: Task) -> str:
    """The beginning of the task's every prompt that the next question about the same material shares."""
    return "\n\n".join(_material(task))


def _material(task: Task) -> list[str]:
    """The sources; without any, the context is what questions are asked about."""
    if not task.sources:
        return [f"Context:\n{task.context}"] if task.context else []
    return [fenced(source) for source in task.sources if source.media is None]


def attachments(task: Task, family: Family) -> tuple[Attachment, ...]:
    """What travels beside the prompt, each under the name by which the prompt and the answer call it.

    Models that take no resolution refuse to be asked for one.
    """
    keeps = takes_detail(family)
    sent = [(source, source.media) for source in task.sources if source.media is not None]
    return tuple(Attachment(label(s), media if keeps else replace(media, detail=None)) for s, media in sent)


def fenced(source: Source) -> str:
    """Material between marks that the material itself cannot contain, since they hold a part of its own hash."""
    mark = source.sha256[:12]
    return f"<<<SOURCE {mark} {label(source)}>>>\n{source.text}\n<<<END {mark}>>>"


def label(source: Source) -> str:
    """The source's name as the model sees it, and which part of it that is."""
    path = "".join(character if character.isprintable() and character not in "<>" else "?" for character in source.path)
    return path if source.sent_as == "text" else f"{path} ({source.sent_as})"


def _rejection(rejected: Rejected) -> str:
    return f"An earlier answer:\n{rejected.answer}\n\nThe caller rejected it:\n{rejected.feedback}"
