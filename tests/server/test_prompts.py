"""Slash commands: listed, filled in, completed; the user's own files in place of ours."""

from pathlib import Path

import pytest
from mcp.shared.exceptions import MCPError
from mcp_types import PromptReference, TextContent

from .driving import Way, over_stdio

COMMANDS = {"costs", "delegate", "look", "review", "summarize"}


async def text_of(way: Way, name: str, arguments: dict[str, str]) -> str:
    (message,) = (await way.client.get_prompt(name, arguments)).messages
    assert message.role == "user" and isinstance(message.content, TextContent)
    return message.content.text


async def completed(way: Way, name: str, argument: str, typed: str) -> list[str]:
    result = await way.client.complete(PromptReference(name=name), {"name": argument, "value": typed})
    return list(result.completion.values)


async def test_the_commands_are_listed_with_their_arguments(way: Way) -> None:
    prompts = {prompt.name: prompt for prompt in (await way.client.list_prompts()).prompts}
    assert set(prompts) == COMMANDS
    assert all(prompt.description and prompt.title for prompt in prompts.values())
    arguments = {a.name: a.required for a in prompts["summarize"].arguments or []}
    assert arguments == {"sources": True, "length": False, "focus": False}


async def test_a_command_names_the_tool_and_holds_what_was_typed(way: Way) -> None:
    text = await text_of(way, "summarize", {"sources": "docs/*.md", "length": "brief"})
    assert "summarize_docs" in text and "sources: docs/*.md" in text and "length: brief" in text
    assert "focus:" not in text


async def test_every_command_names_a_tool_that_there_is(way: Way) -> None:
    tools = {tool.name for tool in (await way.client.list_tools()).tools}
    for prompt in (await way.client.list_prompts()).prompts:
        arguments = prompt.arguments or []
        for given in (arguments, [argument for argument in arguments if argument.required]):
            text = await text_of(way, prompt.name, {argument.name: "x" for argument in given})
            assert any(tool in text for tool in tools), prompt.name


@pytest.mark.parametrize(("name", "given", "why"), [("look", {}, "image"), ("nothing", {}, "delegate")])
async def test_a_command_that_cannot_be_filled_in_says_why(
    way: Way, name: str, given: dict[str, str], why: str
) -> None:
    with pytest.raises(MCPError, match=why):
        await way.client.get_prompt(name, given)


async def test_fixed_values_are_completed(way: Way) -> None:
    assert await completed(way, "summarize", "length", "") == ["brief", "standard", "detailed"]
    assert await completed(way, "summarize", "length", "de") == ["detailed"]
    assert "staged" in await completed(way, "review", "what", "st")
    assert await completed(way, "costs", "scope", "x") == []


async def test_paths_are_completed_beneath_the_roots_and_secrets_are_not_told(way: Way) -> None:
    folder = way.project / "completed"
    (folder / "deeper").mkdir(parents=True, exist_ok=True)
    for name in ("chart.png", "cheque.txt", ".env"):
        (folder / name).write_text("x")
    assert await completed(way, "look", "image", "completed/ch") == ["completed/chart.png", "completed/cheque.txt"]
    assert await completed(way, "look", "image", "completed/d") == ["completed/deeper/"]
    assert await completed(way, "look", "image", "completed/.e") == []
    assert await completed(way, "look", "image", "../") == []
    assert await completed(way, "look", "image", "/etc/pass") == []


async def test_a_user_s_own_command_stands_in_place_of_ours_and_a_broken_one_does_not(
    env: dict[str, str], home: Path
) -> None:
    folder = home / "prompts" / "commands"
    folder.mkdir(parents=True)
    (folder / "costs.md").write_text("---\ntitle: Mine\ndescription: My costs\n---\nMine: usage_report\n")
    (folder / "extra.md").write_text("---\ndescription: More\n---\nExtra\n")
    (folder / "look.md").write_text("no head at all")
    async with over_stdio(env, "modern") as client:
        prompts = {prompt.name: prompt for prompt in (await client.list_prompts()).prompts}
        assert set(prompts) == COMMANDS | {"extra"}
        assert prompts["costs"].title == "Mine"
        assert prompts["look"].title == "Look at an image with Gemini"
