"""MCP prompts, which clients show as slash commands, and the completion of their arguments."""

from pathlib import Path
from typing import get_args

from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CompleteRequestParams,
    CompleteResult,
    Completion,
    GetPromptResult,
    ListPromptsResult,
    Prompt,
    PromptArgument,
    PromptMessage,
    PromptReference,
    TextContent,
)

from gemini_mcp.domain.commands import Command
from gemini_mcp.domain.findings import CATEGORIES
from gemini_mcp.engine.reports import Scope
from gemini_mcp.server.prompt_files import commands
from gemini_mcp.sources.completion import paths_beginning_with

MOST_COMPLETIONS = 100
"""The protocol's own limit."""

FIXED: dict[tuple[str, str], tuple[str, ...]] = {
    ("summarize", "length"): ("brief", "standard", "detailed"),
    ("review", "what"): ("staged", "working", "main...HEAD"),
    ("review", "focus"): CATEGORIES,
    ("costs", "scope"): get_args(Scope),
}
"""The values an argument is usually given."""

PATHS = {("summarize", "sources"), ("review", "what"), ("look", "image")}
"""Arguments that may name files beneath the roots."""


class SlashCommands:
    """The commands of one server. ``roots``: whose files complete an argument."""

    def __init__(self, home: Path, roots: tuple[Path, ...]) -> None:
        self._home, self._roots = home, roots
        self._found: dict[str, Command] | None = None

    def listed(self) -> ListPromptsResult:
        return ListPromptsResult(prompts=[_described(command) for command in self._commands.values()])

    def text(self, name: str, given: dict[str, str]) -> GetPromptResult:
        """Raises MCPError for an unknown command or a missing argument."""
        command = self._commands.get(name)
        if command is None:
            raise _invalid(f"There is no command {name[:80]!r}; there are {', '.join(self._commands)}")
        if missing := command.missing(given):
            raise _invalid(f"/{name} needs {', '.join(missing)}")
        message = PromptMessage(role="user", content=TextContent(text=command.text(given)))
        return GetPromptResult(description=command.description, messages=[message])

    async def complete(self, params: CompleteRequestParams) -> CompleteResult:
        """Values for an argument that begin with what was typed; none for what we know nothing of."""
        if not isinstance(params.ref, PromptReference):
            return CompleteResult(completion=Completion(values=[]))
        place, typed = (params.ref.name, params.argument.name), params.argument.value
        found = [value for value in FIXED.get(place, ()) if value.startswith(typed)]
        if place in PATHS:
            found += await paths_beginning_with(self._roots, typed, MOST_COMPLETIONS + 1)
        more = len(found) > MOST_COMPLETIONS
        return CompleteResult(completion=Completion(values=found[:MOST_COMPLETIONS], has_more=more))

    @property
    def _commands(self) -> dict[str, Command]:
        if self._found is None:
            self._found = {command.name: command for command in commands(self._home)}
        return self._found


def _described(command: Command) -> Prompt:
    arguments = [PromptArgument(name=a.name, description=a.description, required=a.required) for a in command.arguments]
    return Prompt(name=command.name, title=command.title, description=command.description, arguments=arguments)


def _invalid(message: str) -> MCPError:
    return MCPError(code=INVALID_PARAMS, message=message)
