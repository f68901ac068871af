"""stdio and streamable HTTP."""

import hmac
import ipaddress
import re
import socket
import sys
from dataclasses import dataclass
from pathlib import Path

from mcp.server.auth.provider import AccessToken
from mcp.server.stdio import stdio_server

from gemini_mcp.config import LOOPBACK_HOSTS, BadSetting, Settings
from gemini_mcp.server.app import build_server

LEAST_TOKEN_CHARACTERS = 16
BACKLOG = 512
SHUTDOWN_S = 2
"""Seconds that calls under way have when the server is told to stop; then they are cancelled and settled."""


@dataclass(frozen=True, slots=True)
class HttpOptions:
    """Where to listen and whom to let in. ``tokens``: bearer token to principal."""

    host: str
    port: int
    tokens: dict[str, str]
    allowed_hosts: tuple[str, ...]


async def serve_stdio(settings: Settings) -> None:
    """Serve the one client on stdin and stdout until it closes them."""
    server = build_server(settings, http=False)
    async with stdio_server() as (read_stream, write_stream):
        await server.run(read_stream, write_stream, server.create_initialization_options())


async def serve_http(settings: Settings, options: HttpOptions) -> None:
    """Serve at ``/mcp`` until a signal. Raises BadSetting where that would be open to strangers."""
    import uvicorn
    from mcp.server.auth.settings import AuthSettings
    from mcp.server.transport_security import TransportSecuritySettings

    check_exposure(options)
    server = build_server(settings, http=True)
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=[*_with_ports(options.allowed_hosts), *_loopback("")],
        allowed_origins=[*(f"https://{host}" for host in options.allowed_hosts), *_loopback("http://")],
    )
    issuer = {"issuer_url": f"http://{options.host}:{options.port}", "resource_server_url": None}
    # Stateless and streamed: the only mode in which a client's disconnect cancels the call in both eras.
    app = server.streamable_http_app(
        stateless_http=True,
        transport_security=security,
        host=options.host,
        auth=AuthSettings.model_validate(issuer) if options.tokens else None,
        token_verifier=StaticTokens(options.tokens) if options.tokens else None,
    )
    config = uvicorn.Config(app, log_level="warning", access_log=False, timeout_graceful_shutdown=SHUTDOWN_S)
    with _listening(options) as listener:
        print(f"gemini-agents: serving at {_url(listener)}", file=sys.stderr, flush=True)
        await uvicorn.Server(config).serve(sockets=[listener])


def _listening(options: HttpOptions) -> socket.socket:
    """A listening socket. Naming the protocol is what lets asyncio turn Nagle's delay off."""
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((options.host.strip("[]"), options.port))
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise BadSetting(
            f"cannot listen on {options.host}:{options.port} ({error.strerror}). Choose another --port."
        ) from None
    return listener


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/mcp"


def check_exposure(options: HttpOptions) -> None:
    """Anything but loopback needs tokens and names. Raises BadSetting."""
    if is_loopback(options.host):
        return
    if not options.tokens:
        raise BadSetting(
            f"--host {options.host} is reachable from elsewhere. Add --token-file FILE (principal token, one a line)."
        )
    if not options.allowed_hosts:
        raise BadSetting(
            f"--host {options.host} needs to know its names. Add --allowed-host NAME for each name clients use."
        )


def is_loopback(host: str) -> bool:
    if host in LOOPBACK_HOSTS:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def read_tokens(path: Path) -> dict[str, str]:
    """``principal token``, one a line; `` #`` begins a comment. Raises BadSetting, which never shows a token."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BadSetting(
            f"--token-file {path} cannot be read ({type(error).__name__}). Check its path and mode."
        ) from None
    tokens: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        words = re.split(r"(?:^|\s)#", line)[0].split()
        if not words:
            continue
        if len(words) != 2 or len(words[1]) < LEAST_TOKEN_CHARACTERS or words[1] in tokens:
            raise BadSetting(
                f"--token-file {path}, line {number}: expected a principal and a token of its own,"
                f" of at least {LEAST_TOKEN_CHARACTERS} characters."
            )
        tokens[words[1]] = words[0]
    if not tokens:
        raise BadSetting(f"--token-file {path} holds no token. Write a line: principal token.")
    return tokens


class StaticTokens:
    """Bearer tokens from a file. Compared in constant time."""

    def __init__(self, tokens: dict[str, str]) -> None:
        self._tokens = tokens

    async def verify_token(self, token: str) -> AccessToken | None:
        given = token.encode("utf-8", "replace")
        matching = [who for known, who in self._tokens.items() if hmac.compare_digest(known.encode(), given)]
        return AccessToken(token="-", client_id=matching[0], scopes=[]) if matching else None


def _with_ports(hosts: tuple[str, ...]) -> list[str]:
    return [name for host in hosts for name in (host, f"{host}:*")]


def _loopback(prefix: str) -> list[str]:
    names = ("127.0.0.1", "localhost", "[::1]")
    return [f"{prefix}{name}{port}" for name in names for port in ("", ":*")]
