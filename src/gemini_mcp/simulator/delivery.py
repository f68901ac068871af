"""The one place that awaits: reads a request, sends a reply, and notices at once when the client has gone."""

from itertools import islice

import anyio
from starlette.types import Receive, Scope, Send

from gemini_mcp.simulator.log import Entry
from gemini_mcp.simulator.reply import Reply

HANG_UP = "gemini_agents.hang_up"
"""The ASGI extension by which the server closes a connection without an answer."""


async def read_body(receive: Receive) -> bytes | None:
    """The whole body, or None when the client went away while sending it."""
    parts = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return parts[0] if len(parts) == 1 else b"".join(parts)


async def deliver(reply: Reply, entry: Entry, scope: Scope, receive: Receive, send: Send) -> None:
    """Sends ``reply``; afterwards ``entry`` says whether the client was there to hear it."""
    if reply.wait_s and not await _still_there(receive, reply.wait_s):
        entry.settle("client_closed")
    elif reply.hang_up:
        scope["extensions"][HANG_UP]()
        await _gone(receive)
        entry.settle("hung_up")
    else:
        entry.status = reply.status
        await send({"type": "http.response.start", "status": reply.status, "headers": _headers(reply)})
        entry.settle("answered" if await _send_chunks(reply, receive, send) else "client_closed")


def _headers(reply: Reply) -> list[tuple[bytes, bytes]]:
    headers = [(b"content-type", reply.content_type), *reply.headers]
    if reply.sized and reply.drip is None:
        headers.append((b"content-length", str(sum(map(len, reply.chunks))).encode()))
    return headers


async def _send_chunks(reply: Reply, receive: Receive, send: Send) -> bool:
    chunks, interval_s = _paced(reply)
    for chunk in islice(chunks, len(chunks) - 1):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if not await _still_there(receive, interval_s):
            return False
    await send({"type": "http.response.body", "body": chunks[-1] if chunks else b""})
    return True


def _paced(reply: Reply) -> tuple[tuple[bytes, ...], float]:
    if reply.drip is None:
        return reply.chunks, 0.0
    size, interval_s = reply.drip
    body = b"".join(reply.chunks)
    return tuple(body[start : start + size] for start in range(0, len(body), size)), interval_s


async def _still_there(receive: Receive, seconds: float) -> bool:
    """Waits ``seconds``; False as soon as the client goes."""
    with anyio.move_on_after(seconds):
        await _gone(receive)
        return False
    return True


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
