"""The agents' instructions and the slash commands: Markdown files that come with the package and that a user may
replace."""

import logging
from collections.abc import Iterator
from pathlib import Path

from gemini_mcp.domain.commands import BadCommand, Command
from gemini_mcp.domain.prompting import AgentPrompt

logger = logging.getLogger(__name__)
_PACKAGE = Path(__file__).resolve().parents[1]
_SHIPPED = (_PACKAGE / "prompts", _PACKAGE.parents[1] / "prompts")
"""In an installed package, and in a checkout of the project."""


def agent_prompt(name: str, home: Path) -> AgentPrompt:
    """``agents/NAME.md``: the user's under GEMINI_AGENTS_HOME/prompts if there is one. Raises FileNotFoundError."""
    for folder in _folders(home):
        try:
            return AgentPrompt.parse((folder / "agents" / f"{name}.md").read_text("utf-8"))
        except FileNotFoundError:
            continue
    raise FileNotFoundError(f"prompts/agents/{name}.md is missing from the installation; reinstall gemini-agents")


def commands(home: Path) -> tuple[Command, ...]:
    """The slash commands by name: ours, the user's in place of ours of that name, and those the user added. A file
    that cannot be used is passed over, and the log says why."""
    found: dict[str, Command] = {}
    for folder in reversed(list(_folders(home))):
        for file in (folder / "commands").glob("*.md"):
            try:
                found[file.stem] = Command.parse(file.stem, file.read_text("utf-8"))
            except (BadCommand, OSError, UnicodeDecodeError) as error:
                logger.warning("%s is no slash command: %s", file, error)
    return tuple(found[name] for name in sorted(found))


def _folders(home: Path) -> Iterator[Path]:
    yield from (home / "prompts", *_SHIPPED)
