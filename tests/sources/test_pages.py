"""HTML pages as text: what is on them is kept, and no page keeps us busy or makes us fetch anything."""

import subprocess
import sys
import textwrap

import anyio
import pytest

from gemini_mcp.domain.errors import Refusal, TooLarge, UnsupportedFormat
from gemini_mcp.sources.child import Children
from gemini_mcp.sources.pages import MOST_HTML_BYTES, page_text

WAIT_S = 30
GREETING = "<p>gr\xfc\xdfe</p>"
GERMAN = "<p>Stra\xdfe, \xc4pfel, \xd6l, M\xfcller und Gr\xfc\xdfe</p>"
SENTENCE = "This is a sentence of an article, long enough to be taken for one by whoever looks. "
ARTICLE = f"""<!doctype html><html><head><title>The  window's title</title><style>p {{color: red}}</style></head><body>
<nav><a href="/">Home</a> <a href="/about">About us</a></nav>
<main><h1>A heading</h1><p>{SENTENCE * 3}See <a href="https://www.example.com/x">the other page</a>.</p>
<h2>A table</h2><table><tr><th>name</th><th>price</th></tr><tr><td>bolt</td><td>0.35</td></tr></table>
<h2>A list</h2><ul><li>first thing</li><li>second thing</li></ul>
<h2>Some code</h2><div><pre><code>if a:
    b = 1
</code></pre><a href="https://play.example.com/?code={"x" * 200}"></a></div>
<p>{SENTENCE * 3}</p></main><script>track("everything")</script></body></html>"""


async def text_of(html: str | bytes, charset: str | None = None) -> str:
    with anyio.fail_after(WAIT_S):
        data = html if isinstance(html, bytes) else html.encode()
        return await page_text(Children(), data, "page.html", charset)


async def test_an_article_keeps_its_title_headings_tables_lists_code_and_links_text() -> None:
    text = await text_of(ARTICLE)
    assert text.startswith("# The window's title\n\n# A heading\n")
    assert text.count(SENTENCE.strip()) == 6
    assert "See the other page." in text
    assert "## A table" in text and "| name | price |" in text and "| bolt | 0.35 |" in text
    assert "- first thing\n- second thing" in text
    assert "if a:\n    b = 1" in text


async def test_what_surrounds_an_article_is_left_out() -> None:
    text = await text_of(ARTICLE)
    assert not any(other in text for other in ("About us", "track", "color: red", "<"))


SHORT = """<title>Short</title><body><nav>Menu</nav><h2>Left</h2>one<br>two <b>three</b><ul><li>a<li>b</ul>
<table><tr><td>1|<td>2<tr><td>3<p>4</table><table><tr><td><table><tr><td>inner</table>outer</table><pre>
  x
    y</pre><div hidden>not seen</div><p style="display: none">nor this</p><script>code()</script>end"""


async def test_a_page_that_is_no_article_is_taken_as_it_is_seen() -> None:
    assert await text_of(SHORT) == "\n".join(
        ["# Short", "", "Menu", "", "## Left", "", "one", "two three", "", "- a", "- b", "", "| 1\\| | 2 |",
         "| --- | --- |", "| 3 4 |", "", "| inner |", "| --- |", "", "outer", "", "```", "  x", "    y", "```", "",
         "end"]
    )  # fmt: skip


async def test_a_page_without_a_title_goes_by_its_first_heading() -> None:
    assert await text_of("<body><p>before<h3>The <i>heading</i></h3>after") == (
        "# The heading\n\nbefore\n\n### The heading\n\nafter"
    )


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        (GREETING.encode(), None),
        (GREETING.encode("latin-1"), "ISO-8859-1"),
        (f"<meta charset=iso-8859-15>{GREETING}".encode("latin-1"), None),
        (f"<meta http-equiv=content-type content='text/html; charset=latin-1'>{GREETING}".encode("latin-1"), None),
        (f"<?xml version='1.0' encoding='iso-8859-1'?><html>{GREETING}</html>".encode("latin-1"), None),
        (GREETING.encode("utf-16"), None),
        (b"\xef\xbb\xbf" + GREETING.encode(), "iso-8859-1"),
        (f"<meta charset=latin-1>{GREETING}".encode(), "utf-8"),
        (f"<meta charset=utf-16>{GREETING} ".encode(), None),
        (GREETING.encode(), "no-such-charset"),
        (GREETING.encode(), "unicode_escape"),
        ((GREETING + GERMAN * 20).encode("cp1252"), None),
    ],
)
async def test_letters_are_read_by_the_pages_encoding(data: bytes, charset: str | None) -> None:
    assert "gr\xfc\xdfe" in await text_of(data, charset)


@pytest.mark.parametrize(
    "html", ["", " ", "<html>", "<title>Only a title</title><body><div id=root></div><script>run()</script>",
             "<img src=x.png>", "\0"]
)  # fmt: skip
async def test_a_page_without_text_is_refused(html: str) -> None:
    with pytest.raises(UnsupportedFormat, match="no text"):
        await text_of(html)


async def test_the_beginning_of_a_truncated_page_is_read() -> None:
    assert "hello" in await text_of("<html><body><div><p>hello <b")


# ------------------------------------------------------------------------------------------------------------- hostile


async def test_a_page_over_the_cap_is_refused() -> None:
    with pytest.raises(TooLarge, match="8 MiB"):
        await text_of(b" " * (MOST_HTML_BYTES + 1))


BOMBS = {
    "nested": "<div>" * 200_000 + "x" + "</div>" * 200_000,
    "nested and never closed": "<blockquote><b>" * 200_000,
    "nested tables": "<table><tr><td>" * 100_000,
    "formatting within paragraphs": "<p>" + "<b>word </b>" * 30_000,
    "attributes": "<p " + " ".join(f"a{i}=1" for i in range(150_000)) + ">x</p>",
    "elements": "<br>" * 2_000_000,
    "one attribute": f"<p class='{'a ' * 3_000_000}'>x</p>",
    "less-than signs": "<" * 6_000_000,
    "declarations": "<!" * 3_000_000,
    "comments": "<!--" * 2_000_000,
}


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
async def test_a_bomb_is_text_or_a_refusal(bomb: str) -> None:
    with anyio.fail_after(WAIT_S):
        try:
            assert await text_of(f"<html><body>{bomb}</body></html>")
        except Refusal as error:
            assert isinstance(error, TooLarge | UnsupportedFormat)


async def test_a_page_too_deep_for_the_parser_is_refused_not_cut() -> None:
    with pytest.raises(TooLarge, match="nests"):
        await text_of("<p>before</p>" + "<div>" * 10_000 + "deep within" + "</div>" * 10_000 + "<p>after</p>")


async def test_a_page_that_takes_too_long_to_judge_is_taken_as_it_is_seen() -> None:
    assert await text_of(BOMBS["formatting within paragraphs"]) == " ".join(["word"] * 30_000)


async def test_a_page_too_deep_for_recursion_is_still_read() -> None:
    html = "<body>" + "<div>" * 1_000 + "deep within" + "</div>" * 1_000
    assert await text_of(html) == "deep within"


async def test_entities_and_dtds_are_not_expanded() -> None:
    doubling = "".join(f"<!ENTITY e{i + 1} '&e{i};&e{i};'>" for i in range(30))
    dtd = f"<!ENTITY e0 'boom'>{doubling}<!ENTITY f SYSTEM 'file:///etc/passwd'>"
    text = await text_of(f"<!DOCTYPE html [{dtd}]><p>before &e30; &f; after")
    assert "before" in text and "after" in text
    assert "boomboom" not in text and "root:" not in text


REFERENCES = """<!DOCTYPE html PUBLIC "x" "{0}/a.dtd" [<!ENTITY e SYSTEM "{0}/b"><!ENTITY % p SYSTEM "{0}/c">%p;]>
<?xml-stylesheet href="{0}/d"?><html xmlns:xi="http://www.w3.org/2001/XInclude" manifest="{0}/e"><base href="{0}/">
<link rel=stylesheet href="{0}/f"><link rel=canonical href="{0}/g"><script src="{0}/h"></script>
<meta http-equiv=refresh content="0;url={0}/i"><body><xi:include href="{0}/j"/><p>a page &e;</p><img src="{0}/k">
<iframe src="{0}/l"></iframe><object data="{0}/m"></object><svg><use href="{0}/n"/></svg></body></html>"""


async def test_nothing_that_a_page_refers_to_is_fetched() -> None:
    connected = []

    async def note(stream: anyio.abc.SocketStream) -> None:
        connected.append(stream)
        await stream.aclose()

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(anyio.abc.SocketAttribute.local_port)
        async with anyio.create_task_group() as group:
            group.start_soon(listener.serve, note)
            assert "a page" in await text_of(REFERENCES.format(f"http://127.0.0.1:{port}"))
            async with await anyio.connect_tcp("127.0.0.1", port) as ours:
                with pytest.raises(anyio.EndOfStream):
                    await ours.receive()
            group.cancel_scope.cancel()
    assert len(connected) == 1, "our own, which shows that it listened"


def test_the_job_could_not_connect_if_it_wanted_to() -> None:
    code = """
        import socket
        from gemini_mcp.sources.html_job import frames
        with socket.create_server(("127.0.0.1", 0)) as server:
            socket.create_connection(server.getsockname()).close()
            list(frames({"name": "page", "charset": None}, b"<p>hello</p>"))
            for attempt in (lambda: socket.create_connection(server.getsockname()),
                            lambda: socket.getaddrinfo("localhost", 80)):
                try:
                    attempt()
                except PermissionError as error:
                    print(error)
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=WAIT_S)
    assert done.stdout.splitlines() == ["a page is read without the network"] * 2, done.stderr


def test_bombs_cost_the_parent_little_memory() -> None:
    """In a process of its own, where the peak is of nothing else. Kilobytes on Linux, bytes on macOS."""
    pytest.importorskip("resource")
    code = """
        import resource, sys
        import anyio
        from gemini_mcp.domain.errors import Refusal
        from gemini_mcp.sources.child import Children
        from gemini_mcp.sources.pages import page_text

        def peak():
            unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit

        async def main():
            children = Children()
            await page_text(children, b"<p>to warm up</p>", "page", None)
            bombs = [b"<div>" * 200_000 + b"x" + b"</div>" * 200_000, b"<br>x" * 1_000_000, b"<p>x " * 1_200_000]
            before = peak()
            for bomb in bombs:
                try:
                    await page_text(children, bomb, "page", None)
                except Refusal:
                    pass
            print(peak() - before)

        anyio.run(main)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=2 * WAIT_S, check=True
    )
    assert float(done.stdout) <= 20, "MiB"
