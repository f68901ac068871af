"""The agents' instructions: Markdown files that come with the package and that a user may replace."""

from pathlib import Path

from gemini_mcp.domain.prompting import AgentPrompt

_PACKAGE = Path(__file__).resolve().parents[1]
_SHIPPED = (_PACKAGE / "prompts", _PACKAGE.parents[1] / "prompts")
"""In an installed package, and in a checkout of the project."""


def agent_prompt(name: str, home: Path) -> AgentPrompt:
    """``agents/NAME.md``: the user's under GEMINI_AGENTS_HOME/prompts if there is one. Raises FileNotFoundError."""
    for folder in (home / "prompts", *_SHIPPED):
        try:
            return AgentPrompt.parse((folder / "agents" / f"{name}.md").read_text("utf-8"))
        except FileNotFoundError:
            continue
    raise FileNotFoundError(f"prompts/agents/{name}.md is missing from the installation; reinstall gemini-agents")
