"""Which URLs may be read, and which addresses connected to; decided without asking the network."""

import random
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from gemini_mcp.domain.errors import UrlDenied
from gemini_mcp.sources.addresses import MOST_CHARACTERS, Target, forbidden, redirected, target, vetted

from .url_corpus import CORPUS, PUBLIC, PUBLIC_V6, SITE, Trial

HERE = Target(SITE, "/a/b?c=d")
OPEN = [PUBLIC, PUBLIC_V6, "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "126.255.255.255", "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
        "192.0.1.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255",
        "2001:200::1", "2a00:1450:4001::1", "2400:cb00::1", "64:ff9b::8.8.8.8"]  # fmt: skip
CLOSED = ["0.0.0.0", "0.255.255.255", "10.0.0.0", "10.255.255.255", "100.64.0.0", "100.127.255.255", "127.0.0.0",
          "127.255.255.255", "168.63.129.16", "169.254.0.0", "169.254.255.255", "172.16.0.0", "172.31.255.255",
          "192.0.0.0", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.0", "192.168.255.255", "198.18.0.0",
          "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.0", "239.255.255.255", "240.0.0.0",
          "255.255.255.255", "::", "::1", "::127.0.0.1", "::8.8.8.8", "::ffff:8.8.8.8", "::ffff:0:10.0.0.1",
          "64:ff9b::10.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::8.8.8.8", "100::1", "2001::1",
          "2001:10::1", "2001:20::1", "2001:db8::1", "2002:808:808::1", "3fff::1", "4000::1", "5f00::1", "fc00::1",
          "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "2600::1%eth0", "fec0::1", "ff02::1", "ffff::1"]  # fmt: skip


@pytest.mark.parametrize("address", OPEN)
def test_public_addresses_are_open(address: str) -> None:
    assert forbidden(address) is None


@pytest.mark.parametrize("address", [*CLOSED, "", "localhost", "1.2.3", "0x7f000001", "1.2.3.4.5", "8.8.8.8 "])
def test_all_others_are_closed(address: str) -> None:
    assert forbidden(address)


def test_nothing_is_open_that_the_standard_library_calls_local() -> None:
    """Its own view of the registries, on addresses at random and at the edges of every network we name."""
    dice = random.Random(6)
    some: list[IPv4Address | IPv6Address] = [IPv4Address(dice.getrandbits(32)) for _ in range(20_000)]
    some += [IPv6Address(dice.getrandbits(125) | 1 << 125) for _ in range(5_000)]
    some += [IPv6Address(dice.getrandbits(128)) for _ in range(5_000)]
    some += [ip_address(address) for address in CLOSED]
    closed = [each for each in some if not each.is_global or each.is_multicast]
    assert len(closed) > 1_000
    assert [str(each) for each in closed if not forbidden(str(each))] == []


def test_one_forbidden_address_refuses_them_all() -> None:
    assert vetted(SITE, [PUBLIC, PUBLIC_V6, PUBLIC]) == (PUBLIC, PUBLIC_V6)
    for addresses in ([PUBLIC, "10.0.0.1"], ["::1", PUBLIC], ["nonsense"], []):
        with pytest.raises(UrlDenied, match=SITE):
            vetted(SITE, addresses)


@pytest.mark.parametrize(
    ("url", "host", "path"),
    [
        (f"https://{SITE}", SITE, "/"),
        (f"https://{SITE}?q=1", SITE, "/?q=1"),
        (f"https://{SITE}#top", SITE, "/"),
        ("hTTps://DOCS.Example.COM:443/A/b.html?c=d&e=/#f?g", SITE, "/A/b.html?c=d&e=/"),
        (f"https://{SITE}:/", SITE, "/"),
        (f"https://{SITE}./", SITE, "/"),
        (f"https://{SITE}/a@b:c//d/../e%20f;g", SITE, "/a@b:c//d/../e%20f;g"),
        (f"https://{SITE}/b\xfccher/\u65e5?\xe9", SITE, "/b%C3%BCcher/%E6%97%A5?%C3%A9"),
        ("https://B\xfccher.example.com/", "xn--bcher-kva.example.com", "/"),
        ("https://\u65e5\u672c\u8a9e\u3002example.com/", "xn--wgv71a119e.example.com", "/"),
        ("https://stra\xdfe.example.com/", "xn--strae-oqa.example.com", "/"),
        ("https://\uff45\uff58ample.com/", "example.com", "/"),
        ("https://xn--bcher-kva.example.com/", "xn--bcher-kva.example.com", "/"),
        ("https://a_b.example.com/", "a_b.example.com", "/"),
        ("https://1.example.com/", "1.example.com", "/"),
        (f"https://{PUBLIC}/", PUBLIC, "/"),
        (f"https://[{PUBLIC_V6.upper()}]:443/", PUBLIC_V6, "/"),
    ],
)
def test_a_public_url_says_its_host_and_path(url: str, host: str, path: str) -> None:
    assert target(url) == Target(host, path)
    assert target(target(url).url) == target(url)


@pytest.mark.parametrize("trial", [trial for trial in CORPUS if not (trial.names or trial.redirects)],
                         ids=lambda trial: trial.what)  # fmt: skip
def test_what_needs_no_network_to_be_refused_is_refused_without(trial: Trial) -> None:
    with pytest.raises(UrlDenied):
        target(trial.url)


@pytest.mark.parametrize(
    "ending", ["localhost", "local", "internal", "lan", "home", "corp", "home.arpa", "localdomain"]
)
@pytest.mark.parametrize("name", ["{}", "x.{}", "{}.", "X.Y.{}"])
def test_names_of_a_local_network_are_refused(name: str, ending: str) -> None:
    with pytest.raises(UrlDenied, match="local network"):
        target(f"https://{name.format(ending).upper()}/")


def test_names_that_only_begin_like_local_ones_are_not() -> None:
    assert target("https://localhost.example.com/").host == "localhost.example.com"
    assert target("https://internal.example.com/").host == "internal.example.com"


@pytest.mark.parametrize("name", ["metadata.goog", "METADATA.google.internal", "metadata.tencentyun.com."])
def test_names_of_clouds_metadata_are_refused(name: str) -> None:
    with pytest.raises(UrlDenied):
        target(f"https://{name}/computeMetadata/v1/")


def test_the_longest_url_is_read_and_a_longer_one_is_not() -> None:
    url = f"https://{SITE}/".ljust(MOST_CHARACTERS, "a")
    assert target(url).url == url
    with pytest.raises(UrlDenied, match="too long"):
        target(url + "a")


def test_an_unusual_port_is_refused_with_the_reason() -> None:
    with pytest.raises(UrlDenied, match=r"port 8443.*only 443 is read"):
        target(f"https://{SITE}:8443/")


@pytest.mark.parametrize("url", [f"https://me:pass-word@{SITE}/", f"https://pass-word@{SITE}/"])
def test_credentials_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UrlDenied, match="a user name or a password") as caught:
        target(url)
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("location", "url"),
    [
        (b"/x", f"https://{SITE}/x"),
        (b"x", f"https://{SITE}/a/x"),
        (b"../x", f"https://{SITE}/x"),
        (b"?q", f"https://{SITE}/a/b?q"),
        (b"//www.example.com/x", "https://www.example.com/x"),
        (b"HTTPS://WWW.example.com", "https://www.example.com/"),
        ("/b\xfccher".encode(), f"https://{SITE}/b%C3%BCcher"),
    ],
)
def test_a_redirect_leads_where_it_says(location: bytes, url: str) -> None:
    assert redirected(HERE, location).url == url


@pytest.mark.parametrize(
    "location",
    [b"http://docs.example.com/", b"//127.0.0.1/", b"https://[::1]/", b"ftp://x.example.com/", b"\\\\127.0.0.1\\",
     b"/\t/127.0.0.1/", b"//docs.example.com:80/", b"//u@docs.example.com/", b"\xff", b"", b"https://["],
)  # fmt: skip
def test_a_redirect_elsewhere_is_refused_and_names_the_page_it_came_from(location: bytes) -> None:
    with pytest.raises(UrlDenied, match=r"https://docs\.example\.com/a/b redirects"):
        redirected(HERE, location)
