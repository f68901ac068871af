"""``python benchmarks/urls.py [--trials]``: where URLs lead that must lead nowhere, for the product and for two naive
clients, on one corpus and one recording network. ``--trials`` names the trials that led each astray.

The corpus and the network are the tests' own. Nothing leaves this machine: a connection to what is out of bounds is
noted and refused; the one public site there is answers on loopback, over real TLS.
"""

import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).resolve().parents[1])

import argparse
import asyncio
import socket
import ssl
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

import httpcore2

from benchmarks.figures import Effort, Figure
from benchmarks.report import shown
from gemini_mcp.domain.errors import Refusal
from gemini_mcp.sources.web import Web
from tests.sources.tls import Authority, serving
from tests.sources.url_corpus import CORPUS, PAGE, PUBLIC, PUBLIC_V6, SITE, Trial, World, answer

NAIVE_REDIRECTS = 10
BLOCKED = {"localhost", "127.0.0.1", "0.0.0.0", "::1", "169.254.169.254", "metadata.google.internal"}


class Denied(Exception):
    """A naive client's own refusal."""


Fetch = Callable[[World, ssl.SSLContext, str], Awaitable[bytes]]
Check = Callable[[World, str], Awaitable[None]]


async def product(world: World, trust: ssl.SSLContext, url: str) -> bytes:
    """Ours, as a server builds it but for the network."""
    return (await Web(world.resolve, world.connect, lambda: trust).fetch(url)).data


async def naive(check: Check, world: World, trust: ssl.SSLContext, url: str) -> bytes:
    """Checks the first URL, and leaves the rest to an HTTP client: that resolves the name again, goes to its first
    address, and follows redirects."""
    await check(world, _parts(url)[1])
    for _ in range(NAIVE_REDIRECTS):
        scheme, host, port, path = _parts(url)
        address = (await _resolved(world, host))[0]
        stream = await world.connect(address, port)
        try:
            if scheme == "https":
                stream = await stream.start_tls(trust, host)
            response = await _got(stream, scheme, host, path)
        finally:
            await stream.aclose()
        location = {name.lower(): value for name, value in response.headers}.get(b"location")
        if location is None:
            return response.content
        url = urljoin(url, location.decode())
    raise Denied("too many redirects")


async def looks_at_the_name(world: World, host: str) -> None:
    """A list of names, and the private networks for what is written as an address."""
    if host.lower() in BLOCKED:
        raise Denied(host)
    try:
        private = ip_address(host).is_private
    except ValueError:
        return
    if private:
        raise Denied(host)


async def looks_at_the_address(world: World, host: str) -> None:
    """Resolves the name, and looks at its first address."""
    await looks_at_the_name(world, host)
    if ip_address((await _resolved(world, host))[0]).is_private:
        raise Denied(host)


async def _resolved(world: World, host: str) -> list[str]:
    """As a system does: numbers in every spelling, this machine's own name, and then the name servers."""
    name = host.encode("idna").decode()
    if name.lower() == "localhost":
        return ["127.0.0.1"]
    try:
        found = socket.getaddrinfo(name, 443, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except OSError:
        addresses = await world.resolve(name, 443)
    else:
        addresses = [str(address[0]) for *_, address in found]
    if not addresses:
        raise OSError("no address")
    return addresses


async def _got(stream: httpcore2.AsyncNetworkStream, scheme: str, host: str, path: str) -> httpcore2.Response:
    origin = httpcore2.Origin(scheme.encode(), host.encode("idna"), 443)
    connection = httpcore2.AsyncHTTP11Connection(origin, stream)
    url = httpcore2.URL(scheme=scheme.encode(), host=host.encode("idna"), port=443, target=path.encode())
    response = await connection.handle_async_request(httpcore2.Request(b"GET", url, headers=[(b"host", host.encode())]))
    await response.aread()
    return response


def _parts(url: str) -> tuple[str, str, int, str]:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise Denied(url)
    default = 443 if parts.scheme == "https" else 80
    return parts.scheme, parts.hostname, parts.port or default, parts.path or "/"


CLIENTS: dict[str, Fetch] = {
    "gemini-agents": product,
    "naive: looks at the resolved address": partial(naive, looks_at_the_address),
    "naive: looks at the name": partial(naive, looks_at_the_name),
}


@dataclass(slots=True)
class Tally:
    """``astray``: connections to anything but the public site, ``elsewhere`` those not to its address; ``read``: pages
    of it; ``trials``: what led astray."""

    astray: int = 0
    elsewhere: int = 0
    read: int = 0
    trials: list[str] = field(default_factory=list)


async def run() -> dict[str, Tally]:
    """Every client through every trial."""
    with tempfile.TemporaryDirectory(prefix="gemini-agents-bench-") as folder:
        authority = Authority(Path(folder))
        context, trust = authority.server(SITE, "*.example.com"), authority.trust()
        tallies = {name: Tally() for name in CLIENTS}
        for trial in CORPUS:
            async with serving(partial(answer, redirects=trial.redirects), context) as site:
                for name, fetch in CLIENTS.items():
                    await _tried(fetch, trial, World(trial, site.port), trust, tallies[name])
    return tallies


async def _tried(fetch: Fetch, trial: Trial, world: World, trust: ssl.SSLContext, tally: Tally) -> None:
    with suppress(Refusal, Denied, OSError, ValueError, httpcore2.NetworkError, httpcore2.ProtocolError):
        tally.read += await fetch(world, trust, trial.url) == PAGE
    tally.astray += len(world.astray)
    tally.elsewhere += sum(address not in (PUBLIC, PUBLIC_V6) for address, _ in world.astray)
    if world.astray:
        tally.trials.append(f"{trial.what} -> {', '.join(f'{address} port {port}' for address, port in world.astray)}")


def measure_urls(effort: Effort) -> list[Figure]:
    """The figure for RESULTS.md."""
    return [_figure(asyncio.run(run()))]


def _figure(tallies: dict[str, Tally]) -> Figure:
    ours, *others = tallies.values()
    named = zip(list(tallies)[1:], others, strict=True)
    baseline = "; ".join(f"{name} {tally.astray}, {tally.elsewhere} not to the public site" for name, tally in named)
    what = f"connections to what is forbidden, {len(CORPUS)} URLs that try"
    harmless = sum(trial.harmless for trial in CORPUS)
    note = (
        f"forbidden is all but the one public site on port 443; of {harmless} URLs that are harmless to who resolves"
        f" once and keeps to the answer, {ours.read} were read; real TLS on loopback, all clients on the same network"
    )
    met = ours.astray == 0 and ours.read == harmless
    return Figure("11", what, str(ours.astray), baseline, "-", "0", met, note)


def main() -> int:
    """Prints the figure; the exit code is 1 when it misses its target."""
    parser = argparse.ArgumentParser(description="Count connections to what is forbidden.")
    parser.add_argument("--trials", action="store_true", help="name the trials that led a client astray")
    options = parser.parse_args()
    tallies = asyncio.run(run())
    figure = _figure(tallies)
    print(shown(figure))
    for name, tally in tallies.items() if options.trials else ():
        print("\n".join([f"{name}:", *(f"  {trial}" for trial in tally.trials)]))
    return 0 if figure.met else 1


if __name__ == "__main__":
    sys.exit(main())
