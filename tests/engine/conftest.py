"""A ledger in a real file, the catalogue that ships, and an upstream that answers as it is told."""

import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import anyio.to_thread
import pytest

from gemini_mcp.domain.catalog import Catalogue, Tier
from gemini_mcp.domain.errors import UpstreamError
from gemini_mcp.domain.ids import attempt_id, result_id
from gemini_mcp.domain.material import Source
from gemini_mcp.domain.messages import FinishReason, ModelAnswer, ModelRequest
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.engine.database import Database
from gemini_mcp.engine.ledger import Ledger, migrate
from gemini_mcp.engine.liveness import Owner
from gemini_mcp.engine.ports import Answer, Attempt, Call, Caller
from gemini_mcp.gemini.catalog import load_catalogue

TODAY = date(2026, 11, 21)
LITE, FLASH, PRO = "gemini-3.5-flash-lite", "gemini-3.8-flash", "gemini-4-argon"
USED = TokenUsage(input_tokens=1_000, output_tokens=200, thinking_tokens=50)
WAIT_S = 10
"""How long anything may take before a test gives up on it; nothing here comes near."""


def today() -> date:
    return TODAY


def a_call(session: str = "s1", principal: str = "me", **changes: Any) -> Call:
    now = time.monotonic()
    call = Call(result_id(), Caller(principal, session), "delegate_task", time.time(), now, now + 120)
    for name, value in changes.items():
        setattr(call, name, value)
    return call


def a_request(model: str = LITE, **changes: Any) -> ModelRequest:
    fields: dict[str, Any] = {
        "model": model,
        "prompt": "hello",
        "system": "be brief",
        "max_output_tokens": 4_096,
        "estimated_input_tokens": 1_000,
    }
    return ModelRequest(**(fields | changes))


def an_answer(
    text: str = "Good.", finish: FinishReason = "stop", usage: TokenUsage | None = USED, model: str = LITE, **more: Any
) -> ModelAnswer:
    return ModelAnswer(text, finish, usage, model, **more)


def an_attempt(call: Call, model: str = LITE, tier: Tier = "lite", **changes: Any) -> Attempt:
    """An attempt, noted in its call as the meter would."""
    attempt = Attempt(attempt_id(), model, tier, reserved_nano=5_000, started_at=call.started_at)
    for name, value in changes.items():
        setattr(attempt, name, value)
    call.attempts.append(attempt)
    return attempt


def accepted(call: Call, text: str = "Good.", **changes: Any) -> Answer:
    fields: dict[str, Any] = {
        "text": text,
        "model": LITE,
        "tier": "lite",
        "family": "text",
        "usage": USED,
        "cost_nano": call.spent_nano,
        "baseline_nano": 9_000,
        "simulated": None,
        "cache": "miss",
        "made_by": call.result_id,
    }
    return Answer(**(fields | changes))


def a_source(text: str, path: str = "a.txt") -> Source:
    import hashlib

    content = text.encode()
    return Source(path, text, len(content), hashlib.sha256(content).hexdigest())


Scripted = ModelAnswer | UpstreamError
Script = Callable[[ModelRequest], Scripted]


@dataclass
class Upstream:
    """A ``generate`` that answers from a script and notes attempts as the meter would, at 1,000 nano-USD each."""

    script: list[Scripted] | Script
    requests: list[ModelRequest] = field(default_factory=list)

    async def __call__(self, request: ModelRequest, call: Call) -> ModelAnswer:
        self.requests.append(request)
        told = self.script.pop(0) if isinstance(self.script, list) else self.script(request)
        attempt = an_attempt(call, request.model, call.tier, usage=USED, cost_nano=1_000)
        if isinstance(told, UpstreamError):
            attempt.verdict, attempt.cost_nano = "failed", 0
            raise told
        attempt.usage = told.usage
        attempt.verdict = "unknown" if told.usage is None else None
        return told

    @property
    def models(self) -> list[str]:
        return [request.model for request in self.requests]


@pytest.fixture(scope="session")
def catalogue() -> Catalogue:
    return load_catalogue(None)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = Database(tmp_path / "ledger.sqlite3", migrate)
    await anyio.to_thread.run_sync(opened.open)
    yield opened
    await opened.aclose()


@pytest.fixture
async def ledger(database: Database, tmp_path: Path) -> AsyncIterator[Ledger]:
    owner = Owner(tmp_path / "run")
    yield Ledger(database, owner)
    owner.release()


async def rows(database: Database, sql: str, *values: Any) -> list[dict[str, Any]]:
    """What the file holds, after all that was asked of it before."""
    return await database.run(lambda connection: [dict(row) for row in connection.execute(sql, values)])
