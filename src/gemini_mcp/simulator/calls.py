"""A request as the endpoints see it."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qs

from gemini_mcp.simulator.listing import page
from gemini_mcp.simulator.log import Entry
from gemini_mcp.simulator.reply import Reply, json_reply
from gemini_mcp.simulator.simulator import Simulator
from gemini_mcp.simulator.wire import JsonObject


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request, read whole. ``params`` are the named parts of its path."""

    path: str
    params: dict[str, str]
    query: str
    headers: list[tuple[bytes, bytes]]
    body: bytes
    entry: Entry

    def header(self, name: bytes) -> str:
        return next((value.decode("latin-1") for known, value in self.headers if known == name), "")

    def asked(self, name: str) -> str:
        """A value of the query string."""
        return parse_qs(self.query).get(name, [""])[0]

    @property
    def base(self) -> str:
        return f"http://{self.header(b'host')}/{self.params['v']}"


Handler = Callable[[Simulator, Call], Reply]
"""What an endpoint answers, from a call and the stand-in's state, without any I/O. Raises Refusal."""


def paged(call: Call, name: str, items: list[JsonObject], largest: int = 100) -> Reply:
    """The page of ``items`` the call asks for."""
    return json_reply(page(name, items, call.asked("pageSize"), call.asked("pageToken"), largest))
