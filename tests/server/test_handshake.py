"""What a client learns before it calls anything: who we are, when to use us, two tools that cost little context."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from mcp import Client
from mcp.shared.exceptions import MCPError
from mcp_types import Tool

import gemini_mcp

from .driving import MODERN_VERSION, Json, Way

DELEGATE_TASK_DEFAULTS: Json = {
    "context": "",
    "files": [],
    "tier": "auto",
    "expect": "text",
    "output_schema": None,
    "web_search": False,
    "follow_up_to": "",
    "feedback": "",
    "max_cost_usd": None,
    "fresh": False,
    "batch": False,
}
MOST_CHARACTERS = 2_500 * 3.6
TOOLS = {"delegate_task", "summarize_docs", "analyze_image", "review_code", "usage_report"}


async def tools_of(client: Client) -> dict[str, Tool]:
    return {tool.name: tool for tool in (await client.list_tools()).tools}


def parts_of(value: Any) -> Iterator[Json]:
    """Every object inside a JSON value."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from parts_of(each)
    elif isinstance(value, list):
        for each in value:
            yield from parts_of(each)


async def test_the_server_says_who_it_is(way: Way) -> None:
    info = way.client.server_info
    assert info is not None
    assert (info.name, info.version) == ("gemini-agents", gemini_mcp.__version__)


async def test_both_protocol_eras_are_spoken(way: Way) -> None:
    expected = MODERN_VERSION if way.era == "modern" else "2025-11-25"
    assert way.client.protocol_version == expected


async def test_the_instructions_are_short_and_tell_when_to_delegate_and_when_not_to(client: Client) -> None:
    instructions = client.instructions or ""
    assert 0 < len(instructions) <= 1_500
    for words in ("delegate_task does any other", "Do not delegate", "follow_up_to", "receipt"):
        assert words in instructions


async def test_tools_resources_and_subscriptions_are_announced(way: Way) -> None:
    capabilities = way.client.server_capabilities
    assert capabilities.tools is not None and capabilities.resources is not None
    assert bool(capabilities.resources.subscribe) == (way.name != "http-legacy")
    assert capabilities.prompts is not None


async def test_the_tools_are_those_of_the_contract_and_cost_little_context(client: Client) -> None:
    listed = (await client.list_tools()).tools
    assert {tool.name for tool in listed} == TOOLS
    wire = json.dumps([tool.model_dump(by_alias=True, exclude_none=True) for tool in listed], ensure_ascii=False)
    assert len(wire) <= MOST_CHARACTERS


async def test_input_schemas_hold_no_title_and_no_top_level_alternatives(client: Client) -> None:
    for tool in (await tools_of(client)).values():
        schema = tool.input_schema
        assert schema["type"] == "object" and "anyOf" not in schema
        properties = schema["properties"]
        assert not [part for part in parts_of({**schema, "properties": list(properties.values())}) if "title" in part]


async def test_delegate_task_takes_the_arguments_of_the_contract(client: Client) -> None:
    schema = (await tools_of(client))["delegate_task"].input_schema
    assert set(schema["properties"]) == {"task", *DELEGATE_TASK_DEFAULTS}
    assert schema["required"] == ["task"]
    assert schema["properties"]["expect"]["enum"] == ["text", "markdown", "json", "python", "diff"]
    assert all("description" in each for each in schema["properties"].values())


async def test_shown_defaults_are_those_of_the_contract(client: Client) -> None:
    """A default that is not shown is empty, false or null, which goes without saying."""
    properties = (await tools_of(client))["delegate_task"].input_schema["properties"]
    for name, default in DELEGATE_TASK_DEFAULTS.items():
        assert properties[name].get("default", default) == default
        assert "default" in properties[name] or default in ("", [], None, False)


async def test_usage_report_takes_a_scope(client: Client) -> None:
    schema = (await tools_of(client))["usage_report"].input_schema
    assert list(schema["properties"]) == ["scope"] and "required" not in schema
    scope = schema["properties"]["scope"]
    assert (scope["enum"], scope["default"]) == (["session", "today", "week", "all"], "session")


async def test_every_tool_has_a_title_a_description_and_honest_hints(client: Client) -> None:
    tools = await tools_of(client)
    for tool in tools.values():
        assert tool.title and tool.description and tool.output_schema is None
        assert tool.annotations is not None and tool.annotations.read_only_hint
        assert tool.annotations.destructive_hint is False
    delegate, usage = (tools[name].annotations for name in ("delegate_task", "usage_report"))
    assert delegate is not None and usage is not None
    assert (delegate.open_world_hint, usage.open_world_hint) == (True, False)


async def test_an_unknown_tool_is_a_protocol_error(client: Client) -> None:
    with pytest.raises(MCPError) as caught:
        await client.call_tool("delegate_tasks", {"task": "x"})
    assert caught.value.code == -32602 and "delegate_tasks" in caught.value.message
