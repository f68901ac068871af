"""Progress: at every step for whoever asked, and often enough that no idle limit strikes."""

from types import SimpleNamespace
from typing import Any, cast

import anyio
import pytest
from mcp import Client

from gemini_mcp.server import progress as progress_module

from .driving import CANDIDATES, FLASH, LITE, PRO, Stand, Way, bounded, delegate, receipt_of


class Told:
    """What a client was told about one call."""

    def __init__(self) -> None:
        self.counts: list[float] = []
        self.totals: list[float | None] = []
        self.messages: list[str] = []

    async def __call__(self, progress: float, total: float | None, message: str | None) -> None:
        self.counts.append(progress)
        self.totals.append(total)
        self.messages.append(message or "")


async def told_about(client: Client, task: str, **arguments: Any) -> Told:
    told = Told()
    await client.call_tool("delegate_task", {"task": task, **arguments}, progress_callback=told)
    return told


async def test_every_step_of_the_climb_is_told_with_its_reason(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "text": "", "model": LITE}, {"do": "max_tokens_empty", "model": FLASH})
    told = await told_about(client, task)
    first, second, third = told.messages
    assert first == f"lite: asking {LITE}"
    assert second == f"flash: asking {FLASH}; empty answer"
    assert third.startswith(f"pro: asking {PRO}; thinking used up")


async def test_counts_only_go_up(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "text": ""})
    told = await told_about(client, task)
    assert told.counts == sorted(set(told.counts)) and len(told.counts) == 3
    assert told.totals == [None] * 3


async def test_a_wait_before_another_attempt_is_told(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "429", "retry_delay_s": 0, "times": 1})
    told = await told_about(client, task)
    assert len(told.messages) == 2 and "trying again" in told.messages[1]


async def test_another_candidate_is_told(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "404", "model": LITE})
    told = await told_about(client, task)
    assert told.messages == [f"lite: asking {model}" for model in CANDIDATES["lite"][:2]]


async def test_a_cached_answer_needs_no_progress(client: Client, task: str) -> None:
    await delegate(client, task)
    assert (await told_about(client, task)).messages == []


async def test_those_who_share_a_call_are_told_too(way: Way, stand: Stand, task: str) -> None:
    stand.play({"do": "delay", "seconds": 0.5})
    leading, following = Told(), Told()
    async with bounded(), anyio.create_task_group() as group:
        arguments = {"task": task}
        group.start_soon(lambda: way.client.call_tool("delegate_task", arguments, progress_callback=leading))
        await stand.under_way(task)
        group.start_soon(lambda: way.client.call_tool("delegate_task", arguments, progress_callback=following))
    assert leading.messages == [f"lite: asking {LITE}"]
    assert following.messages == ["the same call is under way; waiting for its answer"]


async def test_without_a_progress_token_nothing_is_sent_and_the_call_goes_well(client: Client, task: str) -> None:
    assert receipt_of(await delegate(client, task))["cache"] == "miss"


async def test_a_heartbeat_repeats_the_last_step_while_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_module, "HEARTBEAT_S", 0.001)
    sent: list[tuple[float, str | None]] = []
    enough = anyio.Event()

    async def report_progress(count: float, total: float | None, message: str | None) -> None:
        sent.append((count, message))
        if len(sent) == 4:
            enough.set()

    context = SimpleNamespace(session=SimpleNamespace(report_progress=report_progress), params={})
    reporter = progress_module._Reporter(cast(Any, context))
    await reporter("lite: asking a model")
    async with bounded(), anyio.create_task_group() as group:
        group.start_soon(reporter.beat)
        await enough.wait()
        group.cancel_scope.cancel()
    counts = [count for count, _ in sent]
    assert counts == sorted(set(counts))
    assert all((message or "").startswith("lite: asking a model (") for _, message in sent[1:4])


async def test_a_client_that_left_does_not_break_the_call_by_its_heartbeat() -> None:
    async def report_progress(count: float, total: float | None, message: str | None) -> None:
        raise anyio.ClosedResourceError

    context = SimpleNamespace(session=SimpleNamespace(report_progress=report_progress), params={})
    reporter = progress_module._Reporter(cast(Any, context))
    await reporter("still here")
    assert reporter._count == 1


async def test_the_interval_keeps_clear_of_the_clients_idle_limits() -> None:
    assert progress_module.HEARTBEAT_S <= 10
