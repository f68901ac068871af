"""URLs that try to lead where they must not, each with the name servers and the redirects that help it.

A trial says nothing about who reads it: the tests run it on the product, the benchmark on a naive client too.
"""

import asyncio
from dataclasses import dataclass, field

import httpcore2

from .tls import Asked

SITE = "docs.example.com"
PUBLIC = "93.184.215.14"
PUBLIC_V6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
OPEN = {(PUBLIC, 443), (PUBLIC_V6, 443)}
"""The one public site there is; to connect to anything else is to have been led astray."""

PAGE = b"<html><head><title>Page</title></head><body><p>A page.</p></body></html>"


@dataclass(frozen=True, slots=True)
class Trial:
    """``names``: what name servers answer for a name, time after time (the last answer stands); every other name
    under example.com is the public site. ``redirects``: where the site sends those who ask for a path. ``harmless``:
    who asks only once, and goes where the answer said, may read the page."""

    what: str
    url: str
    names: dict[str, list[list[str]]] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    harmless: bool = False


def _spelt(what: str, host: str) -> Trial:
    return Trial(what, f"https://{host}/latest/meta-data/")


def _named(what: str, *answers: list[str]) -> Trial:
    return Trial(what, f"https://{SITE}/", names={SITE: list(answers)})


def _redirected(what: str, location: str, **names: list[list[str]]) -> Trial:
    return Trial(what, f"https://{SITE}/start", names=dict(names), redirects={"/start": location})


CORPUS = (
    _spelt("loopback", "127.0.0.1"),
    _spelt("loopback, another", "127.8.9.10"),
    _spelt("metadata", "169.254.169.254"),
    _spelt("private, class A", "10.0.0.1"),
    _spelt("private, class B", "172.31.255.255"),
    _spelt("private, class C", "192.168.1.1"),
    _spelt("carrier-grade NAT", "100.100.100.200"),
    _spelt("unspecified", "0.0.0.0"),
    _spelt("broadcast", "255.255.255.255"),
    _spelt("multicast", "224.0.0.1"),
    _spelt("reserved", "240.0.0.1"),
    _spelt("benchmark network", "198.18.0.1"),
    _spelt("documentation network", "192.0.2.1"),
    _spelt("a cloud's own public address", "168.63.129.16"),
    _spelt("decimal", "2130706433"),
    _spelt("decimal metadata", "2852039166"),
    _spelt("octal", "0177.0.0.1"),
    _spelt("octal in one", "017700000001"),
    _spelt("hexadecimal", "0x7f.0.0.1"),
    _spelt("hexadecimal in one", "0x7f000001"),
    _spelt("hexadecimal, upper case", "0XA9FEA9FE"),
    _spelt("short, two parts", "127.1"),
    _spelt("short, three parts", "127.0.1"),
    _spelt("zero", "0"),
    _spelt("mixed bases", "0xa9.254.0251.0376"),
    _spelt("leading zeros", "127.000.000.001"),
    _spelt("trailing dot", "127.0.0.1."),
    _spelt("fullwidth digits", "\uff11\uff12\uff17.0.0.1"),
    _spelt("ideographic dots", "127\u30020\u30020\u30021"),
    _spelt("circled digits", "\u2460\u2461\u2466.\u24ea.\u24ea.\u2460"),
    _spelt("percent-encoded digits", "%31%32%37.0.0.1"),
    _spelt("IPv6 loopback", "[::1]"),
    _spelt("IPv6 loopback, long", "[0000:0000:0000:0000:0000:0000:0000:0001]"),
    _spelt("IPv6 unspecified", "[::]"),
    _spelt("IPv6 mapped", "[::ffff:127.0.0.1]"),
    _spelt("IPv6 mapped, hexadecimal", "[::ffff:a9fe:a9fe]"),
    _spelt("IPv6 compatible", "[::127.0.0.1]"),
    _spelt("IPv6 translated", "[64:ff9b::169.254.169.254]"),
    _spelt("IPv6 translated, local", "[64:ff9b:1::a9fe:a9fe]"),
    _spelt("6to4", "[2002:7f00:1::]"),
    _spelt("Teredo", "[2001:0:4136:e378:8000:63bf:3fff:fdd2]"),
    _spelt("IPv6 private", "[fd00:ec2::254]"),
    _spelt("IPv6 link-local", "[fe80::1]"),
    _spelt("IPv6 link-local with a zone", "[fe80::1%25eth0]"),
    _spelt("IPv6 site-local", "[fec0::1]"),
    _spelt("IPv6 multicast", "[ff02::1]"),
    _spelt("IPv6 documentation", "[2001:db8::1]"),
    _spelt("localhost", "localhost"),
    _spelt("localhost with a dot", "localhost."),
    _spelt("localhost, upper case", "LOCALHOST"),
    _spelt("localhost below", "anything.localhost"),
    _spelt("localhost in other letters", "\u24db\u24de\u24d2\u24d0\u24db\u24d7\u24de\u24e2\u24e3"),
    _spelt("one label", "router"),
    Trial("local name", "https://printer.local/", names={"printer.local": [["192.168.1.9"]]}),
    Trial("metadata by name", "https://metadata.google.internal/", names={
        "metadata.google.internal": [["169.254.169.254"]]
    }),
    Trial("metadata by name, with a dot", "https://metadata.google.internal./", names={
        "metadata.google.internal.": [["169.254.169.254"]]
    }),
    _named("a public name of loopback", ["127.0.0.1"]),
    _named("a public name of metadata", ["169.254.169.254"]),
    _named("a public name of IPv6 loopback", ["::1"]),
    _named("a public name of mapped loopback", ["::ffff:127.0.0.1"]),
    _named("a public name of a translated private address", ["64:ff9b::a00:1"]),
    _named("a public name of a link-local address", ["fe80::1%lo"]),
    _named("a public name of a carrier's network", ["100.64.0.1"]),
    _named("public and private", [PUBLIC, "10.0.0.1"]),
    _named("private and public", ["10.0.0.1", PUBLIC]),
    _named("A public, AAAA private", [PUBLIC, "fd00::1"]),
    _named("no address", []),
    _named("no address that makes sense", ["localhost"]),
    Trial("flips after the first answer", f"https://{SITE}/", names={SITE: [[PUBLIC], ["127.0.0.1"]]}, harmless=True),
    Trial("flips to metadata", f"https://{SITE}/", names={SITE: [[PUBLIC], ["169.254.169.254"]]}, harmless=True),
    Trial("flips between redirects", f"https://{SITE}/start", names={SITE: [[PUBLIC], ["10.0.0.1"]]},
          redirects={"/start": "/next"}),
    _redirected("redirect to metadata", "https://169.254.169.254/latest/meta-data/"),
    _redirected("redirect to metadata over http", "http://169.254.169.254/latest/meta-data/"),
    _redirected("redirect to loopback", "https://127.0.0.1/"),
    _redirected("redirect to decimal loopback", "https://2130706433/"),
    _redirected("redirect to localhost", "//localhost/"),
    _redirected("redirect to another port", f"https://{SITE}:8443/"),
    _redirected("redirect to http", f"http://{SITE}/"),
    _redirected("redirect to a file", "file:///etc/passwd"),
    _redirected("redirect to gopher", "gopher://127.0.0.1:6379/_FLUSHALL"),
    _redirected("redirect to data", "data:text/html,hello"),
    _redirected("redirect to a name of loopback", "https://evil.example.com/", **{"evil.example.com": [["127.0.0.1"]]}),
    _redirected("redirect with credentials", "https://user:word@10.0.0.1/"),
    _redirected("redirect with a backslash", "https:\\\\127.0.0.1\\"),
    _redirected("redirect with a tab", "ht\ttps://127.0.0.1/"),
    Trial("redirect chain to loopback", f"https://{SITE}/1",
          redirects={"/1": "/2", "/2": "/3", "/3": "https://127.0.0.1/"}),
    Trial("redirect chain of four", f"https://{SITE}/1", redirects={"/1": "/2", "/2": "/3", "/3": "/4", "/4": "/5"}),
    Trial("redirect in a circle", f"https://{SITE}/1", redirects={"/1": "/1"}),
    Trial("http", f"http://{SITE}/"),
    Trial("http to loopback", "http://127.0.0.1:8080/"),
    Trial("file", "file:///etc/passwd"),
    Trial("file with a host", "file://127.0.0.1/etc/passwd"),
    Trial("ftp", "ftp://127.0.0.1/"),
    Trial("gopher", "gopher://127.0.0.1:6379/_INFO"),
    Trial("data", "data:text/html,hello"),
    Trial("javascript", "javascript:alert(1)"),
    Trial("no scheme", "//127.0.0.1/"),
    Trial("scheme twice", "https:https://127.0.0.1/"),
    Trial("one slash", "https:/127.0.0.1/"),
    Trial("no host", "https:///etc/passwd"),
    Trial("only a port", "https://:443/"),
    Trial("SSH's port", f"https://{SITE}:22/"),
    Trial("another port", f"https://{SITE}:8443/"),
    Trial("a port too many", f"https://{SITE}:443:80/"),
    Trial("a port that wraps", f"https://{SITE}:65979/"),
    Trial("credentials", f"https://user:word@{SITE}/"),
    Trial("an empty user", f"https://@{SITE}/"),
    Trial("user information that looks like the host", f"https://{SITE}@127.0.0.1/"),
    Trial("user information with a port", f"https://{SITE}:443@127.0.0.1/"),
    Trial("user information, encoded", f"https://{SITE}%40127.0.0.1/"),
    Trial("fragment before the user information", f"https://127.0.0.1#@{SITE}/"),
    Trial("question mark before the user information", f"https://127.0.0.1?@{SITE}/"),
    Trial("backslash before the user information", f"https://127.0.0.1\\@{SITE}/"),
    Trial("backslashes for slashes", "https:\\\\127.0.0.1\\"),
    Trial("tab in the host", "https://127.0.\t0.1/"),
    Trial("newline in the host", "https://127.0.0.1\n/"),
    Trial("newline in the path", f"https://{SITE}/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"),
    Trial("space before", " https://127.0.0.1/"),
    Trial("NUL in the host", f"https://127.0.0.1\0.{SITE}/"),
    Trial("zero-width space", "https://127.0.0.\u200b1/"),
    Trial("soft hyphen", "https://local\u00adhost/"),
    Trial("a half of a surrogate pair", f"https://{SITE}/\ud800"),
    Trial("slash in other letters", f"https://127.0.0.1\u2215.{SITE}/",
          names={f"127.0.0.1\u2215.{SITE}": [["10.0.0.1"]]}),
    Trial("at sign in other letters", f"https://{SITE}\uff20127.0.0.1/"),
    Trial("colon in other letters", f"https://{SITE}\uff1a22/"),
    Trial("brackets without an address", "https://[127.0.0.1]/"),
    Trial("brackets around a future address", "https://[v1.fe80::1]/"),
    Trial("brackets left open", "https://[::1/"),
    Trial("host of 300 characters", f"https://{'a.' * 150}com/"),
    Trial("label of 64 characters", f"https://{'a' * 64}.com/"),
    Trial("very long", f"https://{SITE}/{'a' * 100_000}"),
    Trial("empty labels", "https://docs..example.com/"),
    Trial("empty", ""),
)  # fmt: skip
"""None of these may be read but the harmless ones, and none may connect to anything but the public site."""


class World:
    """The network as a trial has it: names, the public site on ``port`` of loopback, and a note of every attempt."""

    def __init__(self, trial: Trial, port: int) -> None:
        self._trial, self._port = trial, port
        self._times: dict[str, int] = {}
        self.connected: list[tuple[str, int]] = []

    @property
    def astray(self) -> list[tuple[str, int]]:
        """The attempts to connect to what is not the public site."""
        return [attempt for attempt in self.connected if attempt not in OPEN]

    async def resolve(self, name: str, port: int) -> list[str]:
        time = self._times[name] = self._times.get(name, 0) + 1
        if name in self._trial.names:
            answers = self._trial.names[name]
            return answers[min(time, len(answers)) - 1]
        if name.endswith(".example.com"):
            return [PUBLIC]
        raise OSError(f"{name} is not known")

    async def connect(self, address: str, port: int) -> httpcore2.AsyncNetworkStream:
        """Only an address is taken, and only the public site's leads anywhere: to loopback."""
        self.connected.append((address, port))
        if (address, port) not in OPEN:
            raise ConnectionRefusedError(f"{address} is out of bounds")
        return await httpcore2.AnyIOBackend().connect_tcp("127.0.0.1", self._port)


async def answer(asked: Asked, writer: asyncio.StreamWriter, redirects: dict[str, str]) -> None:
    """The public site: redirects as told, and else a page."""
    if asked.path in redirects:
        writer.write(b"HTTP/1.1 302 Found\r\nlocation: %s\r\n" % redirects[asked.path].encode())
        writer.write(b"content-length: 0\r\n\r\n")
    else:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=UTF-8\r\n")
        writer.write(b"content-length: %d\r\n\r\n%s" % (len(PAGE), PAGE))
    await writer.drain()
