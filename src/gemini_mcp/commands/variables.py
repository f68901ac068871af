"""Variables of the server: which there are, what an entry in Claude Code's configuration makes of the environment, and
names that nothing reads."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from gemini_mcp.config import load_settings

PREFIX = "GEMINI_AGENTS_"
_EXPANDED = re.compile(r"\$\{(\w+)(?::-([^}]*))?\}")
_LIKENESS = 0.6


class _Asked(dict[str, str]):
    """An empty environment that keeps what it is asked for: so no list of names can fall behind the settings."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return default


def settings_names() -> list[str]:
    """Every variable of ours that a server reads."""
    asked = _Asked()
    load_settings(asked)
    return sorted(name for name in asked.names if name.startswith(PREFIX))


def given_by(entry: Mapping[str, str], environ: Mapping[str, str]) -> dict[str, str]:
    """The environment of a server that an entry starts, whose ``${NAME}`` and ``${NAME:-else}`` are filled in."""

    def filled(found: re.Match[str]) -> str:
        return environ.get(found[1]) or (found[2] if found[2] is not None else found[0])

    return {**environ, **{name: _EXPANDED.sub(filled, value) for name, value in entry.items()}}


def unknown(names: Iterable[str]) -> Iterator[str]:
    """A sentence for each that looks like a setting and is none. Values are not looked at."""
    known = settings_names()
    endings = {name.removeprefix(PREFIX): name for name in known}
    for name in sorted(name for name in names if name.startswith(PREFIX) and name not in known):
        near = get_close_matches(name.removeprefix(PREFIX).upper(), endings, 1, _LIKENESS)
        yield f"{name} is no setting" + (f"; did you mean {endings[near[0]]}?" if near else "")
