"""Claude Code as the user, with a scripted model: what the model is offered, and what it is told."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from .drivers import (
    GEMINI_AGENTS,
    RECEIPT_LINE,
    ClaudeCode,
    Env,
    Simulator,
    running_http_server,
    running_simulator,
)
from .scripted_model import Json, ScriptedModel, ToolUse, Turn, serving

pytestmark = pytest.mark.clients

PROMPT = "Begin the scripted conversation."
GOODBYE = "That was all."
DELEGATE = "mcp__gemini-agents__delegate_task"
REPORT = "mcp__gemini-agents__usage_report"
REVIEW = "mcp__gemini-agents__review_code"
SUMMARIZE = "mcp__gemini-agents__summarize_docs"
READ_RESOURCE = "ReadMcpResourceTool"
ANSWER_SCHEMA: Json = {"type": "object", "properties": {"answer": {"type": "integer"}}, "required": ["answer"]}


@dataclass(frozen=True)
class Conversation:
    """A conversation that went through its whole script."""

    model: ScriptedModel
    events: Sequence[Json]

    @property
    def session_id(self) -> str:
        session_id: str = self.events[0]["session_id"]
        return session_id


class Talk:
    """Holds conversations between Claude Code with the server configured and a model that follows a script."""

    def __init__(self, claude: ClaudeCode, server: Json) -> None:
        self._claude = claude
        self._servers = {"gemini-agents": server}

    def through(self, *uses: ToolUse) -> Conversation:
        """Have the model load the tools it will use, use them one after another, and end."""
        names = ",".join(dict.fromkeys(use.name for use in uses))
        return self.saying([search(f"select:{names}")], *([use] for use in uses), GOODBYE)

    def saying(self, *turns: Turn, typed: str = PROMPT, told: str = PROMPT) -> Conversation:
        """``typed`` by the user; ``told`` is what the model is to see of it."""
        model = ScriptedModel(told, turns)
        with serving(model) as url:
            events = self._claude.converse(typed, url, self._servers)
        assert events[0]["mcp_servers"][0]["status"] == "connected", events[0]["mcp_servers"]
        assert events[-1]["result"] == GOODBYE, events[-1]
        return Conversation(model, events)


@pytest.fixture
def talk(claude: ClaudeCode, server_env: Env) -> Talk:
    return Talk(claude, {"command": GEMINI_AGENTS, "args": [], "env": server_env})


def search(query: str) -> ToolUse:
    return ToolUse("search", "ToolSearch", {"query": query, "max_results": 5})


def delegate(**arguments: object) -> ToolUse:
    return ToolUse("delegate", DELEGATE, arguments)


def read(uri: str) -> ToolUse:
    return ToolUse("read", READ_RESOURCE, {"server": "gemini-agents", "uri": uri})


def test_a_search_for_gemini_finds_the_tools(talk: Talk) -> None:
    conversation = talk.saying([search("gemini")], GOODBYE)

    assert {DELEGATE, REPORT} <= set(conversation.model.tools_offered())


def test_the_model_reads_prose_and_then_the_receipt(talk: Talk) -> None:
    conversation = talk.through(delegate(task="What is 2+2?"))

    assert not conversation.model.result_seen("delegate").get("is_error")
    answer, *_, receipt_line = conversation.model.texts_seen("delegate")
    assert "4" in answer
    assert not answer.lstrip().startswith("{")
    assert "\\n" not in answer
    assert RECEIPT_LINE.search(receipt_line), receipt_line


def test_the_model_reads_code_line_by_line(talk: Talk) -> None:
    conversation = talk.through(delegate(task="Write a Python function that adds two numbers.", expect="python"))

    answer, *_, receipt_line = conversation.model.texts_seen("delegate")
    assert len(answer.splitlines()) > 1
    compile(answer, "answer.py", "exec")
    assert RECEIPT_LINE.search(receipt_line), receipt_line


@pytest.mark.parametrize(
    ("wanted", "value"),
    [({"expect": "json"}, "4"), ({"output_schema": ANSWER_SCHEMA}, 4)],
    ids=["any JSON", "JSON of a schema"],
)
def test_the_model_is_given_a_json_answer_clean_in_a_block_of_its_own(talk: Talk, wanted: Json, value: object) -> None:
    conversation = talk.through(delegate(task="What is 2+2?", **wanted))

    assert not conversation.model.result_seen("delegate").get("is_error")
    answer, *_, receipt_line = conversation.model.texts_seen("delegate")
    assert json.loads(answer) == {"answer": value}
    assert RECEIPT_LINE.search(receipt_line), receipt_line


def test_the_model_is_told_what_is_wrong_and_how_to_mend_it(talk: Talk) -> None:
    conversation = talk.through(delegate(task="What is 2+2?", tier="gemini-3.5-flash-lit"))

    assert conversation.model.result_seen("delegate")["is_error"] is True
    (text,) = conversation.model.texts_seen("delegate")
    assert text.startswith("model_not_found: ")
    assert "gemini-3.5-flash-lite" in text


def test_over_http_the_model_sees_the_same(claude: ClaudeCode, server_env: Env, tmp_path: Path) -> None:
    with running_http_server(server_env, tmp_path / "server") as url:
        conversation = Talk(claude, {"type": "http", "url": url}).through(delegate(task="What is 2+2?"))

    answer, *_, receipt_line = conversation.model.texts_seen("delegate")
    assert "4" in answer
    assert RECEIPT_LINE.search(receipt_line), receipt_line


def test_the_session_resource_tells_the_calls_and_the_cost_of_this_session(talk: Talk, simulator: Simulator) -> None:
    conversation = talk.through(delegate(task="What is 2+2?"), read("usage://session"))

    (seen,) = conversation.model.texts_seen("read")
    (content,) = json.loads(seen)["contents"]
    usage = json.loads(content["text"])
    assert usage["calls"] == 1
    assert Decimal(usage["cost_usd"]) == simulator.billed_usd() > 0
    assert usage["session_id"] == conversation.session_id


def test_the_usage_report_tells_the_same_as_the_session_resource(talk: Talk) -> None:
    report = ToolUse("report", REPORT, {})
    conversation = talk.through(delegate(task="What is 2+2?"), report, read("usage://session"))

    assert not conversation.model.result_seen("report").get("is_error")
    (content,) = json.loads(conversation.model.texts_seen("read")[0])["contents"]
    told, whole = json.loads(conversation.model.texts_seen("report")[0]), json.loads(content["text"])
    assert told["calls"] == 1
    for name in ("session_id", "started_at", "calls", "attempts", "input_tokens", "cost_usd", "baseline_usd"):
        assert told[name] == whole[name]


def test_claude_mcp_add_gives_a_connected_server(claude: ClaudeCode, server_env: Env) -> None:
    variables = [word for name, value in server_env.items() for word in ("-e", f"{name}={value}")]
    added = claude.run("mcp", "add", "gemini-agents", *variables, "--", GEMINI_AGENTS)
    assert added.returncode == 0, added.stderr

    listed = claude.run("mcp", "list")
    assert f"gemini-agents: {GEMINI_AGENTS} - ✔ Connected" in " ".join(listed.stdout.split()), listed.stdout
    shown = claude.run("mcp", "get", "gemini-agents")
    assert "Status: ✔ Connected" in shown.stdout, shown.stdout


def test_a_slash_command_tells_the_model_what_to_do_and_loses_no_word(talk: Talk) -> None:
    typed = "/mcp__gemini-agents__delegate compare all these words"
    conversation = talk.saying(GOODBYE, typed=typed, told="with the tool delegate_task")

    assert "compare all these words" in conversation.model.said_by_the_user()


def test_the_model_reads_a_review_as_data_with_its_receipt(talk: Talk) -> None:
    diff = "--- a/a.py\n+++ b/a.py\n@@ -1 +1,3 @@\n x = 1\n+try: x()\n+except: pass\n"
    conversation = talk.through(ToolUse("review", REVIEW, {"diff": diff}))

    assert not conversation.model.result_seen("review").get("is_error")
    (seen,) = conversation.model.texts_seen("review")
    review = json.loads(seen)
    assert set(review) == {"summary", "findings", "dropped", "receipt"}
    assert RECEIPT_LINE.search(review["receipt"])
    assert all(finding["file"] == "a.py" and finding["quote"] in diff for finding in review["findings"])


def test_the_model_reads_a_summary_with_its_citations(claude: ClaudeCode, server_env: Env, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "notes.md").write_text("# Harbour\n\nThe harbour opened in 1902 and has three piers for ships.\n")
    env = server_env | {"GEMINI_AGENTS_ROOTS": str(project)}
    talk = Talk(claude, {"command": GEMINI_AGENTS, "args": [], "env": env})
    conversation = talk.through(ToolUse("summary", SUMMARIZE, {"sources": ["notes.md"]}))

    answer, *_, receipt_line = conversation.model.texts_seen("summary")
    assert "[notes.md:3]" in answer and "\\n" not in answer
    assert RECEIPT_LINE.search(receipt_line), receipt_line


def test_a_long_result_is_read_on_by_its_link(claude: ClaudeCode, server_env: Env, tmp_path: Path) -> None:
    """The first part comes as the answer, and the resource named in it holds the rest: nothing is lost."""
    words = "".join(f"word{number:05d} " for number in range(9_000))
    with running_simulator(tmp_path, {"do": "answer", "text": words}) as talkative:
        env = server_env | {"GEMINI_AGENTS_BASE_URL": talkative.base_url}
        talk = Talk(claude, {"command": GEMINI_AGENTS, "args": [], "env": env})
        first = talk.through(delegate(task="Say very much."))
        part, note, *_ = first.model.texts_seen("delegate")
        (uri,) = set(re.findall(r"results://r_\w+/2", note))
        second = talk.through(read(uri))
    (content,) = json.loads(second.model.texts_seen("read")[0])["contents"]
    assert (part + content["text"]).strip() == words.strip()
