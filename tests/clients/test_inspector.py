"""The MCP Inspector against the installed server: what any MCP client sees, by both transports and in both eras."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from .conftest import Reach
from .drivers import RECEIPT_LINE, Env, Inspector, Simulator
from .scripted_model import Json

pytestmark = pytest.mark.clients

FIRST_TOOLS = {"delegate_task", "usage_report"}
LATER_TOOLS = {"summarize_docs", "analyze_image", "review_code"}
FIXED_RESOURCES = {"usage://session", "usage://today", "usage://history", "models://catalog", "results://recent"}
EXIT_IS_ERROR = 5


def delegating(**arguments: object) -> list[str]:
    call = ["--method", "tools/call", "--tool-name", "delegate_task"]
    return [*call, "--tool-args-json", json.dumps(arguments)]


def texts(result: Json) -> list[str]:
    assert [block["type"] for block in result["content"]] == ["text"] * len(result["content"])
    return [block["text"] for block in result["content"]]


def test_tools_are_listed_with_portable_schemas(inspector: Inspector, reach: Reach, server_env: Env) -> None:
    listed = inspector.run(*reach(server_env), "--method", "tools/list", "--strict")

    assert listed.exit_code == 0, listed.stderr
    names = {tool["name"] for tool in listed.result["tools"]}
    assert names >= FIRST_TOOLS
    assert names <= FIRST_TOOLS | LATER_TOOLS


def test_a_delegated_task_gives_the_answer_and_its_receipt(
    inspector: Inspector, reach: Reach, server_env: Env, simulator: Simulator
) -> None:
    called = inspector.run(*reach(server_env), *delegating(task="What is 2+2?"))

    assert called.exit_code == 0, called.stderr
    answer, *_, receipt_line = texts(called.result)
    assert "4" in answer
    assert not answer.lstrip().startswith("{")
    line = RECEIPT_LINE.search(receipt_line)
    assert line, receipt_line
    receipt = called.result["_meta"]["gemini-agents/receipt"]
    assert (line["model"], line["tier"], line["result_id"]) == (
        receipt["model"],
        receipt["tier"],
        receipt["result_id"],
    )
    assert isinstance(receipt["cost_usd"], str)
    assert Decimal(receipt["cost_usd"]) == simulator.billed_usd() > 0
    assert receipt["simulated"] is True
    assert "SIMULATED" in line["notes"]


def test_without_a_key_the_caller_is_told_how_to_set_one(
    inspector: Inspector, reach: Reach, server_env: Env, simulator: Simulator
) -> None:
    del server_env["GEMINI_API_KEY"]

    called = inspector.run(*reach(server_env), *delegating(task="What is 2+2?"))

    assert called.exit_code == EXIT_IS_ERROR, called.stderr
    assert called.result["isError"] is True
    text = texts(called.result)[0]
    assert text.startswith("no_api_key: ")
    assert "GEMINI_API_KEY" in text
    assert called.result["_meta"]["gemini-agents/error"]["code"] == "no_api_key"
    assert simulator.requests() == []


def test_an_unknown_model_is_refused_with_suggestions_and_nothing_is_sent(
    inspector: Inspector, reach: Reach, server_env: Env, simulator: Simulator
) -> None:
    called = inspector.run(*reach(server_env), *delegating(task="What is 2+2?", tier="gemini-3.5-flash-lit"))

    assert called.exit_code == EXIT_IS_ERROR, called.stderr
    text = texts(called.result)[0]
    assert text.startswith("model_not_found: ")
    assert "gemini-3.5-flash-lite" in text
    assert simulator.requests() == []


def test_fixed_resources_are_listed(inspector: Inspector, reach: Reach, server_env: Env) -> None:
    listed = inspector.run(*reach(server_env), "--method", "resources/list")

    assert listed.exit_code == 0, listed.stderr
    assert {resource["uri"] for resource in listed.result["resources"]} >= FIXED_RESOURCES


def test_the_session_resource_counts_the_call_and_its_cost(
    inspector: Inspector, reach: Reach, server_env: Env, simulator: Simulator
) -> None:
    server = reach(server_env | {"CLAUDE_CODE_SESSION_ID": "one-session"})
    called = inspector.run(*server, *delegating(task="What is 2+2?"))
    assert called.exit_code == 0, called.stderr

    read = inspector.run(*server, "--method", "resources/read", "--uri", "usage://session")

    assert read.exit_code == 0, read.stderr
    (content,) = read.result["contents"]
    assert content["mimeType"] == "application/json"
    usage = json.loads(content["text"])
    assert usage["calls"] == 1
    assert Decimal(usage["cost_usd"]) == simulator.billed_usd() > 0
    assert usage["session_id"] == called.result["_meta"]["gemini-agents/receipt"]["session_id"]
