"""A Gemini that answers at once: the same loopback upstream for the floor and for the product.

``python benchmarks/upstream.py`` prints its base URL and serves until it is killed. ``GET /__last``: the size of the
latest request's body, in bytes.
"""

import asyncio
import json

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


def answer(model: str) -> bytes:
    """A whole and valid response of generateContent."""
    return json.dumps(
        {
            "candidates": [
                {"content": {"parts": [{"text": "4"}], "role": "model"}, "finishReason": "STOP", "index": 0}
            ],
            "usageMetadata": {"promptTokenCount": 5, "candidatesTokenCount": 1, "totalTokenCount": 6},
            "modelVersion": model,
            "responseId": "r",
        }
    ).encode()


class Upstream(asyncio.Protocol):
    """One connection. Knows Content-Length and nothing else, which is what both clients send."""

    last_bytes = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._received = transport, b""

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end]
            size = _content_length(head)
            if len(self._received) < end + 4 + size:
                return
            self._received = self._received[end + 4 + size :]
            self._reply(head.split(b" ", 2)[1].decode("latin-1"), size)

    def _reply(self, path: str, size: int) -> None:
        if path == "/__last":
            body = json.dumps({"bytes": Upstream.last_bytes}).encode()
        else:
            Upstream.last_bytes = size
            body = answer(path.rpartition("/")[2].partition(":")[0])
        self._transport.write(HEAD % len(body) + body)


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
