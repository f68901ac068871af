"""Slash commands as text: a head that describes them, a body with places for their arguments."""

import re
from dataclasses import dataclass

_HEAD = re.compile(r"\A---\n(.*?)^---\n(.*)\Z", re.DOTALL | re.MULTILINE)
_PLACE = re.compile(r"\{(\w+)\}")


class BadCommand(ValueError):
    """A command's file that cannot be used; the message says why."""


@dataclass(frozen=True, slots=True)
class Argument:
    name: str
    description: str
    required: bool


@dataclass(frozen=True, slots=True)
class Command:
    """One slash command. In the head ``name: what it is`` is an argument, ``name?:`` one that may be left out."""

    name: str
    title: str
    description: str
    arguments: tuple[Argument, ...]
    body: str

    @classmethod
    def parse(cls, name: str, markdown: str) -> "Command":
        """Raises BadCommand."""
        found = _HEAD.match(markdown.replace("\r\n", "\n"))
        if found is None:
            raise BadCommand("it must begin with a head between two lines of ---")
        pairs = [line.partition(":") for line in found.group(1).splitlines() if line.strip()]
        head = {key.strip(): value.strip() for key, _, value in pairs}
        title, description = head.pop("title", name), head.pop("description", "")
        arguments = tuple(Argument(key.rstrip("?"), text, not key.endswith("?")) for key, text in head.items())
        unknown = set(_PLACE.findall(found.group(2))) - {argument.name for argument in arguments}
        if unknown:
            raise BadCommand(f"its text has a place for {{{min(unknown)}}}, which the head does not name")
        return cls(name, title, description, arguments, found.group(2).strip())

    def text(self, given: dict[str, str]) -> str:
        """The body with its arguments in place; a line that needs one that was not given is left out."""
        known = {name: value.strip() for name, value in given.items() if value.strip()}
        lines = [line for line in self.body.split("\n") if set(_PLACE.findall(line)) <= known.keys()]
        return _PLACE.sub(lambda place: known[place.group(1)], "\n".join(lines))

    def missing(self, given: dict[str, str]) -> list[str]:
        return [a.name for a in self.arguments if a.required and not given.get(a.name, "").strip()]
