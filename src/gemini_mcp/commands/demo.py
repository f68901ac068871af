"""``gemini-agents demo``: the main job, end to end, through a real MCP client over stdio."""

import json
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp_types import CallToolResult

from gemini_mcp.config import BadSetting, environment, load_settings
from gemini_mcp.domain.money import nano_from_usd
from gemini_mcp.server.surface import RECEIPT_META

_NOTES = """\
Meeting of 3 November. Present: Ada, Grace, Edsger.
Grace will migrate the billing service to the new queue by 14 November; she is blocked on credentials from Ada.
Ada hands over the credentials tomorrow. Edsger reviews the retry policy and reports on 10 November.
The dashboard rewrite is postponed until the migration is done.
"""
_ACTIONS_SCHEMA = {
    "type": "object",
    "properties": {
        "actions": {
            "type": "array",
            "minItems": 3,
            "items": {
                "type": "object",
                "properties": {"who": {"type": "string"}, "what": {"type": "string"}, "due": {"type": "string"}},
                "required": ["who", "what"],
            },
        }
    },
    "required": ["actions"],
}
_ACTIONS = {
    "actions": [
        {"who": "Grace", "what": "Migrate the billing service to the new queue", "due": "14 November"},
        {"who": "Ada", "what": "Hand over the credentials", "due": "4 November"},
        {"who": "Edsger", "what": "Review the retry policy and report", "due": "10 November"},
    ]
}
_EXTRACT = "Extract every action item from the notes."
# The stand-in computes and does not understand: for the one task that needs understanding its answers are written
# down here, the lite tier's cut short as a careless model would.
_SCRIPT = [
    {"model": "*lite*", "match": "action item", "do": "answer", "text": json.dumps(_ACTIONS)[:120]},
    {"match": "action item", "do": "answer", "text": json.dumps(_ACTIONS)},
]


def run_demo(*, live: bool) -> int:
    """Show delegation, climbing, the cache, a refusal and the bill. Exit code 1 if anything is not as it should be."""
    if live and load_settings().api_key is None:
        raise BadSetting("demo --live needs a key. Set GEMINI_API_KEY, or leave --live out to use the stand-in.")
    with tempfile.TemporaryDirectory(prefix="gemini-agents-demo-") as scratch:
        return anyio.run(_demo, Path(scratch), live)


async def _demo(scratch: Path, live: bool) -> int:
    project = scratch / "project"
    project.mkdir()
    (project / "notes.md").write_text(_NOTES, "utf-8")
    (project / ".env").write_text("TOKEN=never-sent\n", "utf-8")
    if live:
        print("gemini-agents demo on Gemini: real answers, real (tiny) costs\n")
        async with _connected(_environment(scratch, project, {})) as client:
            return await _show(client, None)
    print("gemini-agents demo on the built-in stand-in: SIMULATED, list prices, nothing leaves this machine\n")
    with _stand_in(scratch) as base_url:
        simulated = {"GEMINI_API_KEY": "not-a-key", "GEMINI_AGENTS_BASE_URL": base_url}
        async with _connected(_environment(scratch, project, simulated)) as client:
            return await _show(client, base_url)


def _environment(scratch: Path, project: Path, more: dict[str, str]) -> dict[str, str]:
    own = {"GEMINI_AGENTS_HOME": str(scratch / "home"), "GEMINI_AGENTS_ROOTS": str(project)}
    return {**environment(), **own, **more}


@contextmanager
def _stand_in(scratch: Path) -> Iterator[str]:
    script = scratch / "script.json"
    script.write_text(json.dumps(_SCRIPT), "utf-8")
    command = [sys.executable, "-m", "gemini_mcp", "simulate", "--prices", "list", "--faults", str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@asynccontextmanager
async def _connected(environment: dict[str, str]) -> AsyncIterator[Client]:
    server = StdioServerParameters(command=sys.executable, args=["-m", "gemini_mcp"], env=environment)
    async with Client(stdio_client(server), mode="auto") as client:
        yield client


async def _show(client: Client, base_url: str | None) -> int:
    fine = [
        await _step(client, "1. A question, on the cheapest tier", {"task": "What is 2+2?"}),
        await _step(
            client,
            "2. Data from a file, to a schema: a bad answer is caught, and a stronger model asked",
            {"task": _EXTRACT, "files": ["notes.md"], "output_schema": _ACTIONS_SCHEMA},
        ),
        await _step(client, "3. The first question again: from the cache, for nothing", {"task": "What is 2+2?"}),
        await _step(client, "4. A secret: refused, nothing sent", _explain(".env"), fails=True),
        await _step(client, "5. A missing file: refused, nothing charged", _explain("x.md"), fails=True),
    ]
    fine.append(await _bill(client, base_url))
    return 0 if all(fine) else 1


def _explain(name: str) -> dict[str, Any]:
    return {"task": "Explain", "files": [name]}


async def _step(client: Client, title: str, arguments: dict[str, Any], *, fails: bool = False) -> bool:
    print(f"── {title}")
    shown = {key: "{...}" if key == "output_schema" else value for key, value in arguments.items()}
    print(f"   delegate_task({', '.join(f'{key}={json.dumps(value)}' for key, value in shown.items())})")
    result = await client.call_tool("delegate_task", arguments, progress_callback=_progress)
    for block in result.content:
        print(_indented(getattr(block, "text", str(block))))
    _print_attempts(result)
    print()
    return result.is_error is fails


async def _progress(progress: float, total: float | None, message: str | None) -> None:
    print(f"   … {message}")


def _print_attempts(result: CallToolResult) -> None:
    attempts = ((result.meta or {}).get(RECEIPT_META) or {}).get("attempts", [])
    for attempt in attempts if len(attempts) > 1 else []:
        print(f"   {attempt['tier']:>5}  {attempt['verdict']:<8}  ${attempt['cost_usd']}  {attempt['reason']}")


async def _bill(client: Client, base_url: str | None) -> bool:
    """usage://session, and beside it what the stand-in says it would have billed."""
    read = await client.read_resource("usage://session")
    usage = json.loads(getattr(read.contents[0], "text", "{}"))
    print("── 6. The bill, as Claude reads it: usage://session")
    print(f"   calls {usage['calls']}, upstream attempts {usage['attempts']}, from the cache {usage['cache_hits']}")
    for row in usage["by_model"]:
        tokens = f"{row['input_tokens']:,} in / {row['output_tokens']:,} out / {row['thinking_tokens']:,} thinking"
        print(f"   {row['model']:<24} {tokens:<38} ${row['cost_usd']}")
    print(f"   cost ${usage['cost_usd']}; the same work always on pro ${usage['baseline_usd']}")
    if base_url is None:
        return True
    billed = await anyio.to_thread.run_sync(_billed, base_url)
    equal = billed == nano_from_usd(usage["cost_usd"])
    print(f"   the stand-in's own bill: {billed:,} nano-USD: {'equal to the nano-dollar' if equal else 'NOT EQUAL'}")
    return equal


def _billed(base_url: str) -> int:
    with urllib.request.urlopen(f"{base_url}/__bill", timeout=10) as response:
        return int(json.load(response)["nano_usd"])


def _indented(text: str) -> str:
    return "\n".join(f"   {line}" for line in text.splitlines())
