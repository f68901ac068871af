"""A loopback Anthropic Messages API that plays a script, so that the real Claude Code runs with no model behind it.

The main conversation is the requests that offer tools and hold the prompt. Each is answered with the turn whose number
is the count of assistant messages it already holds, so that a repeated request gets the same answer. Everything else
that Claude Code asks for (titles, probes, token counts) is answered harmlessly. What was asked is kept in `requests`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar, TypeAlias

Json: TypeAlias = dict[str, Any]

SCRIPT_IS_OVER = "The script has no further turn."
SIDE_ANSWER = "Nothing to add."


@dataclass(frozen=True)
class ToolUse:
    """A tool that the model asks for; `id` names its result in what the model is told next."""

    id: str
    name: str
    input: Json


Turn: TypeAlias = str | Sequence[ToolUse]


@dataclass
class ScriptedModel:
    prompt: str
    turns: Sequence[Turn]
    requests: list[Json] = field(default_factory=list)

    def answer(self, request: Json) -> Json:
        self.requests.append(request)
        messages: list[Json] = request["messages"]
        spoken = sum(message["role"] == "assistant" for message in messages)
        turn: Turn = SIDE_ANSWER
        if self._is_main(request):
            turn = self.turns[spoken] if spoken < len(self.turns) else SCRIPT_IS_OVER
        return {
            "id": f"msg_{len(self.requests)}",
            "type": "message",
            "role": "assistant",
            "model": request["model"],
            "content": _content(turn),
            "stop_reason": "end_turn" if isinstance(turn, str) else "tool_use",
            "stop_sequence": None,
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }

    def main_requests(self) -> list[Json]:
        return [request for request in self.requests if self._is_main(request)]

    def tools_offered(self) -> list[str]:
        """Names of the tools in the last request of the main conversation, those found by a search included."""
        return [tool["name"] for tool in self.main_requests()[-1]["tools"]]

    def result_seen(self, tool_use_id: str) -> Json:
        """The tool_result block exactly as the model was given it."""
        results = [
            block
            for message in self.main_requests()[-1]["messages"]
            for block in _blocks(message)
            if block.get("type") == "tool_result" and block["tool_use_id"] == tool_use_id
        ]
        assert len(results) == 1, f"{len(results)} results for {tool_use_id}"
        return results[0]

    def texts_seen(self, tool_use_id: str) -> list[str]:
        """The text blocks of a tool's result, one string for each."""
        content = self.result_seen(tool_use_id)["content"]
        if isinstance(content, str):
            return [content]
        assert all(block["type"] == "text" for block in content), content
        return [block["text"] for block in content]

    def _is_main(self, request: Json) -> bool:
        return bool(request.get("tools")) and any(self.prompt in text for text in _texts(request))

    def said_by_the_user(self) -> str:
        """All that the model was told in the first turn of the main conversation."""
        return "\n".join(_texts(self.main_requests()[0]))


@contextmanager
def serving(model: ScriptedModel) -> Iterator[str]:
    """Serve the model on a free loopback port; gives the base URL."""

    class Handler(_Handler):
        scripted = model

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    scripted: ClassVar[ScriptedModel]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        path = self.path.partition("?")[0]
        if path == "/v1/messages":
            request = json.loads(body)
            message = self.scripted.answer(request)
            if request.get("stream"):
                self._send(HTTPStatus.OK, "text/event-stream", _as_events(message))
            else:
                self._send_json(HTTPStatus.OK, message)
        elif path == "/v1/messages/count_tokens":
            self._send_json(HTTPStatus.OK, {"input_tokens": 1})
        else:
            self._not_found()

    def do_GET(self) -> None:
        self._not_found()

    def do_HEAD(self) -> None:
        self._send(HTTPStatus.OK, "application/json", "")

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the tests' output clean."""

    def _not_found(self) -> None:
        error = {"type": "not_found_error", "message": f"no {self.path} here"}
        self._send_json(HTTPStatus.NOT_FOUND, {"type": "error", "error": error})

    def _send_json(self, status: HTTPStatus, value: Json) -> None:
        self._send(status, "application/json", json.dumps(value))

    def _send(self, status: HTTPStatus, content_type: str, text: str) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("content-type", content_type)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def _content(turn: Turn) -> list[Json]:
    if isinstance(turn, str):
        return [{"type": "text", "text": turn}]
    return [{"type": "tool_use", "id": use.id, "name": use.name, "input": use.input} for use in turn]


def _texts(request: Json) -> list[str]:
    return [block.get("text", "") for message in request["messages"] for block in _blocks(message)]


def _blocks(message: Json) -> list[Json]:
    content: str | list[Json] = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _as_events(message: Json) -> str:
    events: list[Json] = [{"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}]
    for index, block in enumerate(message["content"]):
        empty: Json
        if block["type"] == "text":
            empty = {"type": "text", "text": ""}
            delta = {"type": "text_delta", "text": block["text"]}
        else:
            empty = {**block, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
        events += [
            {"type": "content_block_start", "index": index, "content_block": empty},
            {"type": "content_block_delta", "index": index, "delta": delta},
            {"type": "content_block_stop", "index": index},
        ]
    stop = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    events += [{"type": "message_delta", "delta": stop, "usage": message["usage"]}, {"type": "message_stop"}]
    return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
