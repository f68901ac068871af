"""A call that a client sends twice is answered once and paid once.

Claude Code names each call of a tool by an id. While the first call with an id is under way, another one with the
same id, tool and arguments waits for its result, error or not; afterwards it is answered from the ledger, even after
a restart. Errors are not remembered: a client that tries again after one means it.
"""

import asyncio
import json
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import anyio

from gemini_mcp.domain.errors import AgentError
from gemini_mcp.engine.answered import Delivery, Request
from gemini_mcp.engine.flights import WAITING, tell_all
from gemini_mcp.engine.ledger import Ledger
from gemini_mcp.engine.ports import Caller, Progress
from gemini_mcp.tools.services import Delivered, ToolFailure

TOOL_USE_ID = "claudecode/toolUseId"
MARK = "answered before"
_LONGEST_ID = 200

Work = Callable[[Progress], Awaitable[Delivered]]


def request_of(tool: str, given: Mapping[str, Any], caller: Caller, meta: Mapping[str, Any]) -> Request | None:
    """How a call is known again; None for a client that does not name its calls."""
    named = meta.get(TOOL_USE_ID)
    if not isinstance(named, str) or not 0 < len(named) <= _LONGEST_ID:
        return None
    try:
        text = json.dumps([tool, given], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:  # for the tool to refuse
        return None
    return Request(caller.principal, named, sha256(text.encode("utf-8", "surrogatepass")).hexdigest())


@dataclass(slots=True)
class _UnderWay:
    """One call, and the progress of everybody who waits for it."""

    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    over: anyio.Event = field(default_factory=anyio.Event)
    listeners: list[Progress] = field(default_factory=list)
    result: Delivered | None = None
    error: Exception | None = None
    task: "asyncio.Task[None] | None" = None

    async def tell(self, message: str) -> None:
        await tell_all(self.listeners, message)


class Repeats:
    """The calls under way in one server, by what makes them one."""

    def __init__(self) -> None:
        self._under_way: dict[Request, _UnderWay] = {}

    async def once(self, request: Request, ledger: Ledger, progress: Progress, work: Work) -> Delivered:
        """The result of ``work``, run at most once for this request. It is cancelled when nobody waits for it."""
        joined = self._under_way.get(request)
        if joined is not None:
            return _again(await self._waited(request, joined, progress, WAITING))
        # Entered before the ledger is asked: a repeat that comes meanwhile must find this one.
        led = self._under_way[request] = _UnderWay()
        # A task of its own, since whoever came first may leave first.
        led.task = asyncio.create_task(self._run(request, led, ledger, work))
        return await self._waited(request, led, progress)

    async def _run(self, request: Request, call: _UnderWay, ledger: Ledger, work: Work) -> None:
        with call.scope:
            try:
                call.result = await _found(request, ledger)
                if call.result is None:
                    call.result = await work(call.tell)
                    _remember(request, call.result, ledger)
            except Exception as error:
                call.error = error
            finally:
                self._forget(request, call)
                call.over.set()

    async def _waited(self, request: Request, call: _UnderWay, progress: Progress, told: str = "") -> Delivered:
        call.listeners.append(progress)
        try:
            if told:
                await progress(told)
            await call.over.wait()
        finally:
            await self._leave(request, call, progress)
        return _outcome(call)

    async def _leave(self, request: Request, call: _UnderWay, progress: Progress) -> None:
        call.listeners.remove(progress)
        if call.listeners or call.over.is_set():
            return
        self._forget(request, call)
        call.scope.cancel()
        with anyio.CancelScope(shield=True):
            await call.over.wait()

    def _forget(self, request: Request, call: _UnderWay) -> None:
        if self._under_way.get(request) is call:
            del self._under_way[request]


def _outcome(call: _UnderWay) -> Delivered:
    if call.result is not None:
        return call.result
    if call.error is None:
        raise AgentError("the shared call was cancelled", "Call again.")
    raise call.error.with_traceback(None) if isinstance(call.error, AgentError | ToolFailure) else call.error


async def _found(request: Request, ledger: Ledger) -> Delivered | None:
    """What was delivered, marked; None as well when the ledger cannot be read or holds what this version cannot."""
    with suppress(sqlite3.Error, ValueError, TypeError, KeyError):
        found = await ledger.answer_to(request)
        return None if found is None else _again(_delivered(found))
    return None


def _remember(request: Request, result: Delivered, ledger: Ledger) -> None:
    if result.result_id:
        told = {"line": result.receipt_line, "receipt": result.receipt, "structured": result.structured}
        ledger.remember(request, result.result_id, json.dumps(told, ensure_ascii=False))


def _delivered(found: Delivery) -> Delivered:
    if not found.told:  # a batch, queued or done
        text = found.text or f"The same call is queued. Its answer will be at results://{found.result_id}"
        receipt = {"result_id": found.result_id}
        return Delivered(text, found.mime_type or "text/plain", found.result_id, f"[{found.result_id}]", receipt)
    told = json.loads(found.told)
    about = (found.result_id, told["line"], told["receipt"], told["structured"])
    return Delivered(found.text or "", found.mime_type or "text/plain", *about)


def _again(result: Delivered) -> Delivered:
    """The same, said to be the same: its cost was paid by the call that made it."""
    if not result.receipt_line or (result.receipt or {}).get("answered_before"):
        return result
    line = f"{result.receipt_line.removesuffix(']')} · {MARK}]"
    receipt = {**(result.receipt or {}), "answered_before": True}
    structured = {**result.structured, "receipt": line} if result.structured else result.structured
    return replace(result, receipt_line=line, receipt=receipt, structured=structured)
