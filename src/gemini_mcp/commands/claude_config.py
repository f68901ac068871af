"""What Claude Code is told to start the server with: ``~/.claude.json`` and a project's ``.mcp.json``, read and never
written. Of an environment in there names and our settings are kept, and of the key whether there is one."""

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Any

NAME = "gemini-agents"
KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
_MODULES = (NAME, "gemini_mcp")
_MOST_BYTES = 64 << 20
"""The file also keeps what was typed in every project."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A server of ours in ``file``; ``project``: the folder that it is set for, None for all. ``variables``: names of
    what it is given; ``key``: the one that holds a key, as it stands there; ``expected``: the ones left to the
    environment of Claude Code, as ``${GEMINI_API_KEY}``; ``command``: what is started, None for a server elsewhere;
    ``settings``: the variables of ours, as they stand there."""

    file: Path
    project: Path | None
    variables: tuple[str, ...]
    key: str | None
    expected: tuple[str, ...]
    command: str | None = None
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class ClaudeConfig:
    """``here``: what holds in the project, the nearest first; ``elsewhere``: in other projects. ``notes``: files that
    could not be read, and why."""

    here: tuple[Entry, ...] = ()
    elsewhere: tuple[Entry, ...] = ()
    notes: tuple[str, ...] = ()


def claude_config(folder: Path, project: Path) -> ClaudeConfig:
    """``folder``: where ``.claude.json`` lies. Never fails."""
    notes: list[str] = []
    personal, shared = folder / ".claude.json", project / ".mcp.json"
    entries = [*_personal(personal, _read(personal, notes)), *_servers(shared, project, _read(shared, notes))]
    here = [entry for entry in entries if entry.project is None or project.is_relative_to(entry.project)]
    here.sort(key=lambda entry: -len(entry.project.parts) if entry.project else 0)
    elsewhere = [entry for entry in entries if entry not in here]
    return ClaudeConfig(tuple(here), tuple(elsewhere), tuple(notes))


def shown(path: Path) -> str:
    """With ``~`` for the home folder."""
    return f"~/{path.relative_to(Path.home()).as_posix()}" if path.is_relative_to(Path.home()) else str(path)


def _read(path: Path, notes: list[str]) -> dict[str, Any]:
    """A JSON object; an empty one where there is none."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ValueError("it is too large")
        value = json.loads(path.read_text("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        notes.append(f"{shown(path)} is ignored ({error.strerror})")
        return {}
    except (ValueError, RecursionError):
        notes.append(f"{shown(path)} is ignored (it is not JSON)")
        return {}
    return _table(value)


def _personal(file: Path, value: dict[str, Any]) -> Iterator[Entry]:
    for folder, project in _table(value.get("projects")).items():
        if os.path.isabs(folder):
            yield from _servers(file, Path(folder), _table(project))
    yield from _servers(file, None, value)


def _servers(file: Path, project: Path | None, value: dict[str, Any]) -> Iterator[Entry]:
    for name, server in _table(value.get("mcpServers")).items():
        if _is_ours(name, _table(server)):
            yield _entry(file, project, _table(server))


def _is_ours(name: str, server: dict[str, Any]) -> bool:
    """By its name, or by what it starts: the command itself, or as an argument of uvx, pipx or python."""
    arguments = server.get("args")
    words = [server.get("command"), *(arguments if isinstance(arguments, list) else [])]
    return name == NAME or any(PurePath(word).name in _MODULES for word in words if isinstance(word, str))


def _entry(file: Path, project: Path | None, server: dict[str, Any]) -> Entry:
    env, command = _table(server.get("env")), server.get("command")
    given = {name: value.strip() for name, value in env.items() if isinstance(value, str) and value.strip()}
    keys = [name for name in KEYS if name in given]
    held = next((name for name in keys if not given[name].startswith("${")), None)
    expected = tuple(name for name in keys if given[name].startswith("${"))
    settings = {name: value for name, value in given.items() if name.startswith("GEMINI_AGENTS_")}
    started = command if isinstance(command, str) and command else None
    return Entry(file, project, tuple(sorted(given)), held, expected, started, settings)


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
