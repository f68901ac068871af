"""Which URLs may be read: their form, the hosts they may name, and the addresses that may be connected to.

Pure: nothing here asks a name server or opens a connection. What is not known to be public is refused.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import quote, urljoin

from gemini_mcp.domain.errors import UrlDenied

MOST_CHARACTERS = 4096
MOST_NAME = 253
PORT = 443

_URL = re.compile(r"https://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?P<query>\?[^#]*)?(?:#.*)?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<name>[^\[\]:%@]+))(?P<port>:[0-9]*)?")
_SCHEME = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):")
_UNPRINTABLE = re.compile(
    r"[\x00-\x20\x7f-\xa0\u1680\u2000-\u200f\u2028-\u202f\u205f-\u2064\u3000\ud800-\udfff\ufeff\\]"
)
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_PRINTABLE = "".join(map(chr, range(0x21, 0x7F)))

_LOCAL_NAMES = (
    "localhost", "localdomain", "local", "internal", "intranet", "lan", "home", "corp", "private", "arpa", "test",
    "invalid", "onion", "alt",
)  # fmt: skip
"""Endings that no public name has, or that lead to no page."""

_METADATA_NAMES = frozenset(
    {"metadata.goog", "metadata.tencentyun.com", "metadata.packet.net", "metadata.platformequinix.com"}
)
"""Names by which a cloud machine asks for its own credentials; the others end in ``.internal``."""

_CLOSED_V4 = {
    IPv4Network(network): reason
    for network, reason in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "a private network"),
        ("100.64.0.0/10", "a provider's inner network"),
        ("127.0.0.0/8", "this machine"),
        ("168.63.129.16/32", "a cloud's metadata"),  # Azure's, public by its number alone
        ("169.254.0.0/16", "link-local, where clouds keep their metadata"),
        ("172.16.0.0/12", "a private network"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "for documentation"),
        ("192.88.99.0/24", "a relay"),
        ("192.168.0.0/16", "a private network"),
        ("198.18.0.0/15", "for benchmarks"),
        ("198.51.100.0/24", "for documentation"),
        ("203.0.113.0/24", "for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
}
_OPEN_V6 = IPv6Network("2000::/3")
"""All that is handed out to the public; the rest of IPv6 is local, reserved, or another spelling of IPv4."""

_CLOSED_V6 = {
    IPv6Network(network): reason
    for network, reason in (
        ("2001::/23", "reserved, or a tunnel to IPv4"),
        ("2001:db8::/32", "for documentation"),
        ("2002::/16", "a tunnel to IPv4"),
        ("3fff::/20", "for documentation"),
    )
}
_TRANSLATED = IPv6Network("64:ff9b::/96")
"""How networks without IPv4 reach an IPv4 address: what its last 32 bits say is what is connected to."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL leads. ``host``: a name in ASCII, or an address without brackets; ``path``: with its query."""

    host: str
    path: str

    @property
    def url(self) -> str:
        return f"https://{self.authority}{self.path}"

    @property
    def authority(self) -> str:
        """The host as it is written in a URL and in the header Host."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def shown(self) -> str:
        """For messages: without the query, which may hold a signature."""
        return self.url.partition("?")[0][:200]

    @property
    def address(self) -> str | None:
        """The host when it is an address; there is nothing to resolve then."""
        return self.host if ":" in self.host or _NUMBER.fullmatch(self.host.rpartition(".")[2]) else None


def target(url: str) -> Target:
    """What ``url`` means, if it may be read at all. Raises UrlDenied."""
    _check_characters(url)
    match = _URL.fullmatch(url)
    if match is None:
        raise _not_https(url)
    host = _host(match["authority"])
    # What is not ASCII is written in UTF-8, percent-encoded; all else is left as it was given.
    path = quote((match["path"] or "/") + (match["query"] or ""), safe=_PRINTABLE)
    return Target(host, path)


def redirected(source: Target, location: bytes) -> Target:
    """Where an answer's header Location leads, by the same rules. Raises UrlDenied."""
    try:
        text = location.decode()
        if not text:
            raise ValueError("no location")
        _check_characters(text)
        return target(urljoin(source.url, text))
    except ValueError:
        raise UrlDenied(f"{source.shown} redirects to nowhere", "Give the address it stands for.") from None
    except UrlDenied as error:
        raise UrlDenied(f"{source.shown} redirects to where it may not: {error.message}", error.fix) from None


def forbidden(address: str) -> str | None:
    """Why ``address`` is not to be connected to, or None. What cannot be read as an address is forbidden too."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return "not an address"
    return _closed_v4(parsed) if isinstance(parsed, IPv4Address) else _closed_v6(parsed)


def vetted(host: str, addresses: list[str]) -> tuple[str, ...]:
    """All of a host's addresses, in order. One that is forbidden refuses the host. Raises UrlDenied."""
    if not addresses:
        raise UrlDenied(f"{host} has no address", "Check the name.")
    for address in addresses:
        if reason := forbidden(address):
            fix = "Only public addresses are read; save the page as a file and give its path."
            raise UrlDenied(f"{host} leads to {address[:60]}, which is {reason}", fix)
    return tuple(dict.fromkeys(addresses))


def _check_characters(url: str) -> None:
    if len(url) > MOST_CHARACTERS:
        raise UrlDenied(f"a URL of {len(url):,} characters is too long", f"At most {MOST_CHARACTERS:,} are read.")
    if _UNPRINTABLE.search(url):
        fix = "Percent-encode what belongs to it (a space is %20)."
        raise UrlDenied("a URL holds a space, a control character or a backslash", fix)


def _not_https(url: str) -> UrlDenied:
    scheme = match["scheme"].lower()[:20] if (match := _SCHEME.match(url)) else ""
    if scheme == "https":
        return UrlDenied("a URL is not written as https://host/path", "Write it out.")
    what = f"{scheme}: URLs are not read" if scheme else "this is not a URL"
    return UrlDenied(f"{what}, only https:", "Give an https address, or the path of a file.")


def _host(authority: str) -> str:
    if "@" in authority:
        raise UrlDenied("a URL holds a user name or a password", "Leave them out; only public pages are read.")
    match = _AUTHORITY.fullmatch(authority)
    if match is None:
        raise UrlDenied("a URL's host is neither a name nor an address", "Check how it is written.")
    if match["port"] not in (None, ":", f":{PORT}"):
        fix = f"Services on other ports are rarely meant for the public; only {PORT} is read."
        raise UrlDenied(f"a URL names port {match['port'][1:7]}", fix)
    return _checked_address(match["v6"]) if match["v6"] else _checked_name(_ascii(match["name"]))


def _ascii(name: str) -> str:
    """The name as name servers know it: letters beyond ASCII in Punycode, other scripts' dots and digits as ours."""
    if len(name) > MOST_NAME:
        raise UrlDenied("a URL's host is too long for a name", "Check how it is written.")
    if name.isascii():
        return name.lower()
    import idna

    try:
        return idna.encode(name, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        raise UrlDenied("a URL's host is no valid international name", "Check how it is written.") from None


def _checked_name(name: str) -> str:
    name = name.removesuffix(".")
    labels = name.split(".")
    if len(name) > MOST_NAME or not all(map(_LABEL.fullmatch, labels)):
        raise UrlDenied("a URL's host is no valid name", "Check how it is written.")
    if _NUMBER.fullmatch(labels[-1]):  # programs differ in what such a host means
        return _checked_address(name)
    if len(labels) == 1 or labels[-1] in _LOCAL_NAMES or name in _METADATA_NAMES:
        fix = "Only public pages are read; save it as a file and give its path."
        raise UrlDenied(f"{name} is a name of a local network or of this machine", fix)
    return name


def _checked_address(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError:
        fix = "Write an IPv4 address as four decimal numbers."
        raise UrlDenied("a URL's host is an address in an unusual spelling", fix) from None
    return vetted(str(address), [str(address)])[0]


def _closed_v4(address: IPv4Address) -> str | None:
    return next((reason for network, reason in _CLOSED_V4.items() if address in network), None)


def _closed_v6(address: IPv6Address) -> str | None:
    if address.scope_id is not None:
        return "of this machine's own network"
    if address in _TRANSLATED:
        return _closed_v4(IPv4Address(int(address) & 0xFFFFFFFF))
    if address not in _OPEN_V6:
        return "local, reserved, or IPv4 in another spelling"
    return next((reason for network, reason in _CLOSED_V6.items() if address in network), None)
