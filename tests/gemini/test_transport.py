"""The HTTP client under the SDK: caps, no compression, no way around it."""

import gzip
import tracemalloc

import anyio
import httpx2
import pytest

from gemini_mcp.domain.errors import UpstreamError, UpstreamMisbehaved
from gemini_mcp.gemini import transport
from gemini_mcp.gemini.transport import MOST_RESPONSE_BYTES, new_client, refusing_client

from .conftest import WAIT_S, Start, http, told

GOOD = b'{"candidates": [{"content": {"parts": [{"text": "fine"}]}}]}'


async def test_a_body_over_the_cap_is_refused_and_of_unknown_cost(start: Start) -> None:
    stand = await start({"do": "oversize", "bytes": MOST_RESPONSE_BYTES})
    with anyio.fail_after(WAIT_S), pytest.raises(UpstreamMisbehaved) as caught:
        await stand.ask()
    assert not caught.value.retryable and caught.value.usage is None


async def test_a_body_below_the_cap_is_read(start: Start) -> None:
    assert (await (await start({"do": "oversize", "bytes": 1_000_000})).ask()).text


async def test_a_body_that_does_not_say_its_size_is_read_up_to_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "MOST_RESPONSE_BYTES", 10_000)
    head = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n"
    chunk = b"3e8\r\n" + b" " * 1_000 + b"\r\n"
    last = f"{len(GOOD):x}\r\n".encode() + GOOD + b"\r\n0\r\n\r\n"
    assert (await told(head, *[chunk] * 9, last)).text == "fine"
    with pytest.raises(UpstreamMisbehaved):
        await told(head, *[chunk] * 10_000, last)


async def test_a_bomb_is_refused_before_it_is_unpacked(start: Start) -> None:
    stand = await start({"do": "gzip_bomb", "bytes": 200_000_000})
    await stand.gateway.load()
    tracemalloc.start()
    try:
        with anyio.fail_after(WAIT_S), pytest.raises(UpstreamMisbehaved, match="gzip"):
            await stand.ask()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize(
    "encoding", ["gzip", "GZIP", "deflate", "br", "zstd", "gzip, gzip", "identity, gzip", "nonsense"]
)
async def test_a_compressed_body_is_refused_however_it_is_called(encoding: str) -> None:
    with pytest.raises(UpstreamMisbehaved) as caught:
        await told(http(200, gzip.compress(GOOD), f"content-encoding: {encoding}"))
    assert caught.value.usage is None


@pytest.mark.parametrize("encoding", ["identity", "Identity"])
async def test_a_body_that_says_it_is_not_compressed_is_read(encoding: str) -> None:
    assert (await told(http(200, GOOD, f"content-encoding: {encoding}"))).text == "fine"


async def test_an_error_may_not_be_compressed_either() -> None:
    with pytest.raises(UpstreamError) as caught:
        await told(http(503, gzip.compress(b"{}"), "content-encoding: gzip"))
    assert isinstance(caught.value, UpstreamMisbehaved)


async def test_the_client_follows_nothing_and_trusts_no_environment() -> None:
    async with new_client() as client:
        assert not client.follow_redirects and not client.trust_env
        assert client.headers["accept-encoding"] == "identity"


def test_nothing_goes_out_through_the_synchronous_client() -> None:
    with refusing_client() as client, pytest.raises(httpx2.UnsupportedProtocol):
        client.get("https://example.com")
