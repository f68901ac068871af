"""Pages from the web: nothing that is not public is connected to, and nothing keeps us busy. Real TLS on loopback."""

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import httpcore2
import pytest

from gemini_mcp.domain.errors import FileNotFound, Refusal, TooLarge, UnsupportedFormat, UrlDenied
from gemini_mcp.sources.web import MOST_BYTES, MOST_REDIRECTS, Fetched, Web, resolve

from .tls import Asked, Authority, Respond, Site, serving
from .url_corpus import CORPUS, PAGE, PUBLIC, PUBLIC_V6, SITE, Trial, World, answer

WAIT_S = 20
PLAIN = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"
URL = f"https://{SITE}/page"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


def says(*pieces: bytes) -> Respond:
    """A site that sends these bytes, whatever it is asked."""

    async def respond(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.writelines(pieces)
        await writer.drain()

    return respond


def endless(head: bytes, piece: bytes) -> Respond:
    """A site that goes on until its client has gone."""

    async def respond(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        while True:
            writer.write(piece)
            await writer.drain()

    return respond


@asynccontextmanager
async def at(authority: Authority, respond: Respond, *names: str, **options: int) -> AsyncIterator[Site]:
    async with serving(respond, authority.server(*(names or (SITE, "*.example.com")), **options)) as site:
        yield site


def web_at(
    site: Site, authority: Authority, trial: Trial | None = None, *, most: int = MOST_BYTES, deadline_s: float = WAIT_S
) -> tuple[Web, World]:
    world = World(trial or Trial("", ""), site.port)
    return Web(world.resolve, world.connect, authority.trust, most_bytes=most, deadline_s=deadline_s), world


async def read(
    authority: Authority, respond: Respond, url: str = URL, *, most: int = MOST_BYTES, deadline_s: float = WAIT_S
) -> Fetched:
    """What is read of a site."""
    with anyio.fail_after(2 * WAIT_S):
        async with at(authority, respond) as site:
            return await web_at(site, authority, most=most, deadline_s=deadline_s)[0].fetch(url)


async def refused(
    authority: Authority, respond: Respond, url: str = URL, *, most: int = MOST_BYTES, deadline_s: float = WAIT_S
) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await read(authority, respond, url, most=most, deadline_s=deadline_s)
    return caught.value


# ------------------------------------------------------------------------------------------------- where it may not go


@pytest.mark.parametrize("trial", CORPUS, ids=lambda trial: trial.what)
async def test_nothing_but_the_public_site_is_ever_connected_to(authority: Authority, trial: Trial) -> None:
    with anyio.fail_after(WAIT_S):
        async with at(authority, partial(answer, redirects=trial.redirects)) as site:
            web, world = web_at(site, authority, trial)
            try:
                assert (await web.fetch(trial.url)).data == PAGE
                refusal = None
            except UrlDenied as error:
                refusal = error
            assert world.astray == []
            assert (refusal is None) == trial.harmless


def test_the_corpus_is_large_enough() -> None:
    assert len({trial.url for trial in CORPUS} | {str(trial.names) for trial in CORPUS}) >= 100


async def test_a_name_is_asked_for_once_and_its_first_address_connected_to(authority: Authority) -> None:
    trial = Trial("", URL, names={SITE: [[PUBLIC_V6, PUBLIC], ["127.0.0.1"]]})
    async with at(authority, partial(answer, redirects={})) as site:
        web, world = web_at(site, authority, trial)
        await web.fetch(URL)
    assert world.connected == [(PUBLIC_V6, 443)]


async def test_the_next_address_is_tried_when_one_cannot_be_reached(authority: Authority) -> None:
    unreachable = "8.8.8.8"
    trial = Trial("", URL, names={SITE: [[unreachable, PUBLIC]]})
    async with at(authority, partial(answer, redirects={})) as site:
        web, world = web_at(site, authority, trial)
        assert (await web.fetch(URL)).data == PAGE
    assert world.connected == [(unreachable, 443), (PUBLIC, 443)]


async def test_an_address_is_not_resolved(authority: Authority) -> None:
    async def never(name: str, port: int) -> list[str]:
        raise AssertionError(f"{name} was asked for")

    async with at(authority, partial(answer, redirects={}), PUBLIC, PUBLIC_V6) as site:
        world = World(Trial("", ""), site.port)
        web = Web(never, world.connect, authority.trust)
        assert (await web.fetch(f"https://{PUBLIC}/")).url == f"https://{PUBLIC}/"
        assert (await web.fetch(f"https://[{PUBLIC_V6}]/")).url == f"https://[{PUBLIC_V6}]/"
        assert [asked.host for asked in site.asked] == [PUBLIC, f"[{PUBLIC_V6}]"]


async def test_a_refusal_says_why_and_shows_no_password(authority: Authority) -> None:
    async with at(authority, says()) as site:
        web, _ = web_at(site, authority, Trial("", "", names={SITE: [["10.1.2.3"]]}))
        with pytest.raises(UrlDenied, match=r"docs\.example\.com leads to 10\.1\.2\.3, which is a private network"):
            await web.fetch(URL)
        with pytest.raises(UrlDenied) as caught:
            await web.fetch(f"https://someone:hunter@{SITE}/")
    assert "hunter" not in str(caught.value)


# -------------------------------------------------------------------------------------------------------- what it reads


async def test_a_page_comes_with_its_type_its_charset_and_its_address(authority: Authority) -> None:
    page = await read(authority, partial(answer, redirects={}), "HTTPS://DOCS.example.com.:443/a/../b?q=\xe9#part")
    assert page == Fetched(f"https://{SITE}/a/../b?q=%C3%A9", "text/html", "utf-8", PAGE)


async def test_an_international_name_is_asked_for_in_punycode(authority: Authority) -> None:
    async with at(authority, partial(answer, redirects={}), "xn--bcher-kva.example.com") as site:
        web, _ = web_at(site, authority)
        await web.fetch("https://b\xfccher.example.com/")
        assert site.asked[0].host == "xn--bcher-kva.example.com"


async def test_up_to_three_redirects_are_followed_each_to_where_it_says(authority: Authority) -> None:
    redirects = {"/1": "2?x=1", "/2?x=1": "//www.example.com/3", "/3": f"https://{SITE}/4#top"}
    assert len(redirects) == MOST_REDIRECTS
    async with at(authority, partial(answer, redirects=redirects)) as site:
        web, _ = web_at(site, authority)
        assert (await web.fetch(f"https://{SITE}/1")).url == f"https://{SITE}/4"
        assert [asked.host for asked in site.asked] == [SITE, SITE, "www.example.com", SITE]


async def test_a_request_carries_nothing_of_ours_and_no_cookie(authority: Authority) -> None:
    async def respond(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 302 Found\r\nset-cookie: a=b\r\ncontent-length: 0\r\nlocation: /page\r\n\r\n")
        await writer.drain()

    async with at(authority, respond) as site:
        web, _ = web_at(site, authority)
        with pytest.raises(UrlDenied, match="more than 3 times"):
            await web.fetch(URL)
    assert len(site.asked) == MOST_REDIRECTS + 1
    assert {frozenset(asked.headers) for asked in site.asked} == {
        frozenset({"host", "accept", "accept-encoding", "user-agent", "connection"})
    }
    assert {asked.headers["accept-encoding"] for asked in site.asked} == {"identity"}


async def test_the_environment_names_no_proxy_and_no_authority(
    authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.setblocking(False)
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
        async with at(authority, partial(answer, redirects={})) as site:
            world = World(Trial("", ""), site.port)
            assert (await Web(world.resolve, world.connect, authority.trust).fetch(URL)).data == PAGE
            with pytest.raises(UrlDenied, match="no valid certificate"):
                await Web(world.resolve, world.connect).fetch(URL)
        with pytest.raises(BlockingIOError):
            proxy.accept()


async def test_many_pages_are_read_at_once(authority: Authority) -> None:
    async def echo(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(PLAIN + b"content-length: %d\r\n\r\n%s" % (len(asked.path), asked.path.encode()))
        await writer.drain()

    found: dict[int, bytes] = {}
    async with at(authority, echo) as site:
        web, _ = web_at(site, authority)

        async def fetch(number: int) -> None:
            found[number] = (await web.fetch(f"https://{SITE}/{number}")).data

        with anyio.fail_after(WAIT_S):
            async with anyio.create_task_group() as group:
                for number in range(20):
                    group.start_soon(fetch, number)
    assert found == {number: f"/{number}".encode() for number in range(20)}


async def test_the_real_resolver_gives_addresses() -> None:
    assert set(await resolve("127.0.0.1", 443)) == {"127.0.0.1"}


# --------------------------------------------------------------------------------------------------------- certificates


async def test_a_certificate_for_another_name_is_refused_before_anything_is_asked(authority: Authority) -> None:
    async with at(authority, says(), "other.example.com") as site:
        web, _ = web_at(site, authority)
        with pytest.raises(UrlDenied, match=r"docs\.example\.com has no valid certificate"):
            await web.fetch(URL)
        assert site.asked == []


async def test_a_certificate_for_the_name_does_not_do_for_the_address(authority: Authority) -> None:
    async with at(authority, says(), SITE) as site:
        web, _ = web_at(site, authority)
        with pytest.raises(UrlDenied, match="no valid certificate"):
            await web.fetch(f"https://{PUBLIC}/")


async def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    async with at(authority, says(), SITE, ends_in_days=-1) as site:
        web, _ = web_at(site, authority)
        with pytest.raises(UrlDenied, match="expired"):
            await web.fetch(URL)
        assert site.asked == []


async def test_an_unknown_authority_is_refused(authority: Authority, tmp_path: Path) -> None:
    async with at(Authority(tmp_path), says()) as site:
        web, _ = web_at(site, authority)
        with pytest.raises(UrlDenied, match="no valid certificate"):
            await web.fetch(URL)
        assert site.asked == []


async def test_a_server_without_tls_is_refused(authority: Authority) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 This is not TLS\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(plain, "127.0.0.1", 0) as server:
        web, _ = web_at(Site(server.sockets[0].getsockname()[1]), authority)
        with anyio.fail_after(WAIT_S), pytest.raises(UrlDenied, match="cannot be reached"):
            await web.fetch(URL)


# ------------------------------------------------------------------------------------------------- answers to turn down


@pytest.mark.parametrize(
    ("status", "error"),
    [
        ("404 Not Found", FileNotFound),
        ("410 Gone", FileNotFound),
        ("401 Unauthorized", UrlDenied),
        ("403 Forbidden", UrlDenied),
        ("500 Oops", UrlDenied),
        ("206 Partial Content", UrlDenied),
        ("304 Not Modified", UrlDenied),
        ("300 Multiple Choices", UrlDenied),
    ],
)
async def test_only_a_whole_page_is_read(authority: Authority, status: str, error: type[Refusal]) -> None:
    head = f"HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\n".encode()
    refusal = await refused(authority, says(head, b"no"))
    assert type(refusal) is error
    assert status[:3] in refusal.message


@pytest.mark.parametrize(
    "mime_type", ["application/octet-stream", "application/zip", "video/mp4", "image/x-icon", "", "\xff/evil <b>"]
)
async def test_other_types_are_refused(authority: Authority, mime_type: str) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-type: " + mime_type.encode("latin-1") + b"\r\ncontent-length: 2\r\n\r\n"
    refusal = await refused(authority, says(head, b"no"))
    assert isinstance(refusal, UnsupportedFormat)
    assert "<" not in refusal.message


@pytest.mark.parametrize(
    "mime_type",
    ["text/plain", "text/markdown", "application/json", "application/ld+json", "application/xhtml+xml",
     "application/pdf", "image/png", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"],
)  # fmt: skip
async def test_readable_types_are_read(authority: Authority, mime_type: str) -> None:
    head = f"HTTP/1.1 200 OK\r\ncontent-type: {mime_type.upper()}\r\ncontent-length: 2\r\n\r\n".encode()
    page = await read(authority, says(head, b"ok"))
    assert (page.mime_type, page.charset, page.data) == (mime_type, None, b"ok")


async def test_a_compressed_body_is_refused_not_unpacked(authority: Authority) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    head = PLAIN + b"content-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(bomb)
    assert isinstance(await refused(authority, says(head, bomb)), UnsupportedFormat)


async def test_a_body_that_says_it_is_too_large_is_not_read(authority: Authority) -> None:
    head = PLAIN + b"content-length: 999999999999\r\n\r\n"
    assert isinstance(await refused(authority, says(head)), TooLarge)


async def test_a_body_that_says_nothing_is_read_up_to_the_cap(authority: Authority) -> None:
    respond = endless(PLAIN + b"\r\n", b"x" * 10_000)
    assert isinstance(await refused(authority, respond, most=500_000), TooLarge)


async def test_a_chunked_body_is_read_up_to_the_cap(authority: Authority) -> None:
    respond = endless(PLAIN + b"transfer-encoding: chunked\r\n\r\n", b"1000\r\n" + b"x" * 0x1000 + b"\r\n")
    assert isinstance(await refused(authority, respond, most=500_000), TooLarge)


async def test_a_body_of_just_the_cap_is_read(authority: Authority) -> None:
    body = b"x" * 500_000
    assert (await read(authority, says(PLAIN, b"\r\n", body), most=len(body))).data == body


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"x-more: and more\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n"),
        (PLAIN + b"transfer-encoding: chunked\r\n\r\n", b"1;" + b"x" * 1_000 + b"\r\nx\r\n"),
        (PLAIN + b"transfer-encoding: chunked\r\n\r\n0\r\n", b"x-trailer: and more\r\n"),
    ],
    ids=["headers", "early hints", "chunk extensions", "trailers"],
)
async def test_endless_framing_is_refused(authority: Authority, head: bytes, piece: bytes) -> None:
    assert isinstance(await refused(authority, endless(head, piece)), TooLarge)


async def test_what_comes_after_the_stated_length_is_not_read(authority: Authority) -> None:
    page = await read(authority, says(PLAIN, b"content-length: 5\r\n\r\n", b"hello, and something else"))
    assert page.data == b"hello"


@pytest.mark.parametrize(
    "answer",
    [
        PLAIN + b"content-length: 100\r\n\r\nshort",
        PLAIN + b"transfer-encoding: chunked\r\n\r\n5\r\nhello",
        PLAIN + b"transfer-encoding: chunked\r\n\r\nnonsense\r\n",
        PLAIN + b"content-length: -5\r\n\r\nhello",
        PLAIN + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        PLAIN + b"content-length: " + b"9" * 5_000 + b"\r\n\r\nhello!",
        PLAIN,
        b"SSH-2.0-OpenSSH\r\n",
        b"",
    ],
)
async def test_an_answer_that_is_broken_off_or_makes_no_sense_is_refused(authority: Authority, answer: bytes) -> None:
    assert isinstance(await refused(authority, says(answer)), UrlDenied)


@pytest.mark.parametrize("location", [b"", b"\xff\xfe", b"https://[", b"https://", b"https://a b/"])
async def test_a_redirect_to_nowhere_is_refused(authority: Authority, location: bytes) -> None:
    head = b"HTTP/1.1 301 Moved\r\ncontent-length: 0\r\nlocation: " + location + b"\r\n\r\n"
    assert isinstance(await refused(authority, says(head)), UrlDenied)


async def test_a_redirect_shows_no_query_of_the_page_before_it(authority: Authority) -> None:
    refusal = await refused(authority, partial(answer, redirects={"/a?signature=abc": "http://x.example.com/"}),
                            f"https://{SITE}/a?signature=abc")  # fmt: skip
    assert "signature" not in str(refusal)


async def test_a_server_that_is_not_there_is_a_refusal(authority: Authority) -> None:
    async def nobody(address: str, port: int) -> httpcore2.AsyncNetworkStream:
        raise ConnectionRefusedError("nobody is there")

    with pytest.raises(UrlDenied, match="cannot be reached"):
        await Web(World(Trial("", ""), 0).resolve, nobody, authority.trust).fetch(URL)


async def test_an_unknown_name_is_a_refusal(authority: Authority) -> None:
    with pytest.raises(UrlDenied, match="not known"):
        await Web(World(Trial("", ""), 0).resolve, trust=authority.trust).fetch("https://nowhere.example.org/")


# ----------------------------------------------------------------------------------------------------------- slow ones


async def _drip(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(PLAIN + b"\r\n")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def _drip_headers(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        writer.write(b"a: b\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("respond", [_drip, _drip_headers], ids=["body", "headers"])
async def test_who_sends_a_little_at_a_time_for_ever_meets_the_deadline(authority: Authority, respond: Respond) -> None:
    with anyio.fail_after(WAIT_S):
        async with at(authority, respond) as site:
            with pytest.raises(UrlDenied, match=r"takes longer than 0\.5 s"):
                await web_at(site, authority, deadline_s=0.5)[0].fetch(URL)
            await site.left.wait()  # and the connection is closed


async def test_the_deadline_is_one_for_all_redirects(authority: Authority) -> None:
    async def respond(asked: Asked, writer: asyncio.StreamWriter) -> None:
        if asked.path == "/page":
            await answer(asked, writer, {"/page": "/next"})
        else:
            await _drip(asked, writer)

    assert "takes longer" in (await refused(authority, respond, deadline_s=0.5)).message


async def test_a_handshake_that_never_ends_meets_the_deadline_and_is_closed(authority: Authority) -> None:
    gone = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()  # to its end: the client has gone
        gone.set()
        writer.close()

    with anyio.fail_after(WAIT_S):
        async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
            site = Site(server.sockets[0].getsockname()[1])
            with pytest.raises(UrlDenied, match="takes longer"):
                await web_at(site, authority, deadline_s=0.3)[0].fetch(URL)
            await gone.wait()


async def test_a_name_server_that_never_answers_meets_the_deadline(authority: Authority) -> None:
    async def silent(name: str, port: int) -> list[str]:
        await anyio.sleep_forever()
        return []

    with anyio.fail_after(WAIT_S), pytest.raises(UrlDenied, match="takes longer"):
        await Web(silent, trust=authority.trust, deadline_s=0.1).fetch(URL)


async def test_a_fetch_that_is_cancelled_closes_its_connection(authority: Authority) -> None:
    asked = anyio.Event()

    async def respond(_: Asked, writer: asyncio.StreamWriter) -> None:
        asked.set()
        await _drip(_, writer)

    with anyio.fail_after(WAIT_S):
        async with at(authority, respond) as site:
            web, _ = web_at(site, authority)
            async with anyio.create_task_group() as group:
                group.start_soon(_fetch, web)
                await asked.wait()
                group.cancel_scope.cancel()
            await site.left.wait()


async def _fetch(web: Web) -> None:
    await web.fetch(URL)
