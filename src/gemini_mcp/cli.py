"""The command line: arguments in, one function of ours out. Imports only what the chosen command needs."""

import argparse
import gc
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    options = parser().parse_args(argv)
    from gemini_mcp.config import BadSetting

    try:
        code = _COMMANDS[options.command](options)
        sys.stdout.flush()
        return code
    except BadSetting as error:
        print(f"gemini-agents: {error}", file=sys.stderr)
        return 1 if options.command == "doctor" else 2
    except sqlite3.Error as error:
        print(f"gemini-agents: the ledger cannot be used ({error}). gemini-agents doctor tells more.", file=sys.stderr)
        return 1
    except BrokenPipeError:  # the reader had enough, as head has
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    """All commands and their flags."""
    from gemini_mcp import __version__

    top = argparse.ArgumentParser(prog="gemini-agents", description="Gemini agents for Claude Code, over MCP.")
    top.add_argument("--version", action="version", version=f"gemini-agents {__version__}")
    top.set_defaults(command="serve", http=False, host="127.0.0.1", token_file=None, allowed_host=[])
    commands = top.add_subparsers(metavar="COMMAND")

    serve = _command(commands, "serve", "MCP over stdio (the default), or over HTTP")
    serve.add_argument("--http", action="store_true", help="streamable HTTP at /mcp")
    serve.add_argument("--host", default="127.0.0.1", help="with --http; default 127.0.0.1")
    serve.add_argument("--port", type=_port, default=8765, help="with --http; default 8765")
    serve.add_argument("--token-file", type=Path, help="bearer tokens: one 'principal token' a line")
    serve.add_argument("--allowed-host", action="append", default=[], metavar="NAME", help="a name that clients use")

    demo = _command(commands, "demo", "the main job, end to end, on the stand-in")
    demo.add_argument("--live", action="store_true", help="on Gemini itself; costs a fraction of a cent")

    simulate = _command(commands, "simulate", "the loopback stand-in for the Gemini API")
    simulate.add_argument("--port", type=_port, default=0, help="default 0: any free one")
    simulate.add_argument("--faults", type=Path, metavar="FILE", help="JSON list of rules")
    simulate.add_argument("--prices", choices=("zero", "list"), default="zero", help="of its bill; default zero")

    usage = _command(commands, "usage", "what was spent, from the ledger")
    usage.add_argument("--since", default="7d", metavar="AGE", help="7d, 12h; all for everything")
    usage.add_argument("--by", choices=("model", "tool", "session", "day", "family"), default="model")
    form = usage.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true")
    form.add_argument("--csv", action="store_true")

    models = _command(commands, "models", "the models, their prices today, what changes next")
    models.add_argument("--json", action="store_true")

    purge = _command(commands, "purge", "delete what is kept")
    purge.add_argument("--older-than", default="30d", metavar="AGE", help="30d, 12h; all for everything; default 30d")
    purge.add_argument("--results", action="store_true")
    purge.add_argument("--cache", action="store_true")
    purge.add_argument("--ledger", action="store_true")

    doctor = _command(commands, "doctor", "check the set-up; exit 1 with one fix a line")
    doctor.add_argument("--json", action="store_true")
    return top


def _port(text: str) -> int:
    number = int(text)
    if not 0 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"{number} is not a port: 0 to 65535")
    return number


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str
) -> argparse.ArgumentParser:
    added = commands.add_parser(name, help=text, description=text)
    added.set_defaults(command=name)
    return added


def _serve(options: argparse.Namespace) -> int:
    # Imports make tens of thousands of objects that all stay: collecting garbage meanwhile only costs time.
    gc.disable()
    import anyio

    from gemini_mcp.config import BadSetting, load_settings
    from gemini_mcp.server import transports

    gc.enable()
    gc.freeze()
    settings = load_settings(http=options.http)
    # uvloop takes a tenth off a call; Windows does without.
    loop = {"use_uvloop": find_spec("uvloop") is not None}
    if not options.http:
        if options.token_file or options.allowed_host or options.host != "127.0.0.1":
            raise BadSetting("--host, --token-file and --allowed-host need --http.")
        # A thread that waits for stdin cannot be interrupted; what was under way is settled at the next start.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if sys.stdin.isatty():
            print("gemini-agents: waiting for an MCP client on stdin; Ctrl-C ends it.", file=sys.stderr)
        anyio.run(transports.serve_stdio, settings, backend_options=loop)
        return 0
    tokens = transports.read_tokens(options.token_file) if options.token_file else {}
    where = transports.HttpOptions(options.host, options.port, tokens, tuple(options.allowed_host))
    transports.check_exposure(where)
    anyio.run(transports.serve_http, settings, where, backend_options=loop)
    return 0


def _demo(options: argparse.Namespace) -> int:
    from gemini_mcp.commands.demo import run_demo

    return run_demo(live=options.live)


def _simulate(options: argparse.Namespace) -> int:
    from datetime import UTC, datetime

    from gemini_mcp.domain.context_caching import storage_nano
    from gemini_mcp.domain.usage import TokenUsage
    from gemini_mcp.gemini.catalog import load_catalogue
    from gemini_mcp.simulator.server import run

    catalogue = load_catalogue()

    def price(model: str, usage: TokenUsage, service_tier: str) -> int | None:
        return catalogue.cost(model, usage, datetime.now(UTC).date(), service_tier)

    def storage_price(model: str, tokens: int, seconds: float) -> int | None:
        return storage_nano(catalogue.rates(model, datetime.now(UTC).date()), tokens, seconds)

    return run(options.port, options.faults, options.prices, price, None, storage_price)


def _usage(options: argparse.Namespace) -> int:
    from gemini_mcp.commands.usage import print_usage

    return print_usage(options.since, options.by, "json" if options.json else "csv" if options.csv else "table")


def _models(options: argparse.Namespace) -> int:
    from gemini_mcp.commands.models import print_models

    return print_models(as_json=options.json)


def _purge(options: argparse.Namespace) -> int:
    from gemini_mcp.commands.purge import purge

    chosen = {name for name in ("results", "cache", "ledger") if getattr(options, name)}
    return purge(options.older_than, chosen)


def _doctor(options: argparse.Namespace) -> int:
    from gemini_mcp.commands.doctor import print_diagnosis

    return print_diagnosis(as_json=options.json)


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "serve": _serve,
    "demo": _demo,
    "simulate": _simulate,
    "usage": _usage,
    "models": _models,
    "purge": _purge,
    "doctor": _doctor,
}
