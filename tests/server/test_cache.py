"""The cache: the same question is paid for once, by everybody who may share its answer, and by nobody else."""

import anyio
import pytest
from mcp import Client

from .driving import (
    LITE,
    Era,
    HttpServer,
    Json,
    Stand,
    Way,
    answer_of,
    bounded,
    delegate,
    ledger,
    over_http,
    over_stdio,
    receipt_of,
    texts,
)


async def test_a_repeated_call_is_answered_from_the_cache_for_nothing(way: Way, stand: Stand, task: str) -> None:
    first = await delegate(way.client, task)
    before = len(ledger(way.home))
    second = await delegate(way.client, task)
    assert answer_of(second) == answer_of(first)
    receipt = receipt_of(second)
    assert (receipt["cache"], receipt["cost_usd"], receipt["attempts"]) == ("hit", "0", [])
    assert (receipt["tier"], receipt["model"], receipt["simulated"]) == ("lite", LITE, True)
    assert receipt["result_id"] != receipt_of(first)["result_id"]
    assert " · cached" in texts(second)[-1] and "$0 " in texts(second)[-1]
    assert stand.asked == [LITE] and len(ledger(way.home)) == before


async def test_a_cached_answer_saves_what_it_had_cost(client: Client, task: str) -> None:
    paid = receipt_of(await delegate(client, task))
    reused = receipt_of(await delegate(client, task))
    assert float(reused["saved_usd"]) == pytest.approx(float(paid["saved_usd"]) + float(paid["cost_usd"]))


async def test_blanks_around_the_task_make_no_difference(client: Client, stand: Stand, task: str) -> None:
    await delegate(client, task)
    assert receipt_of(await delegate(client, f"\n  {task} \r\n"))["cache"] == "hit"


async def test_anything_that_changes_the_answer_is_another_question(way: Way, stand: Stand, task: str) -> None:
    (way.project / "draft.txt").write_text("one")
    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    questions: list[Json] = [
        {},
        {"context": "Be brief."},
        {"files": ["draft.txt"]},
        {"expect": "markdown"},
        {"expect": "json"},
        {"output_schema": schema},
        {"output_schema": schema | {"required": []}},
        {"tier": "flash"},
        {"tier": LITE},
        {"web_search": True},
    ]
    for question in questions:
        assert receipt_of(await delegate(way.client, task, **question))["cache"] == "miss", question
    asked = len(stand.asked)
    for question in questions:
        assert receipt_of(await delegate(way.client, task, **question))["cache"] == "hit", question
    assert len(stand.asked) == asked >= len(questions)


async def test_a_file_that_changed_is_another_question_and_one_that_was_only_touched_is_not(
    way: Way, stand: Stand, task: str
) -> None:
    draft = way.project / "notes.txt"
    draft.write_text("one")
    await delegate(way.client, task, files=["notes.txt"])
    draft.unlink()
    draft.write_text("one")
    assert receipt_of(await delegate(way.client, task, files=["notes.txt"]))["cache"] == "hit"
    draft.write_text("two")
    assert receipt_of(await delegate(way.client, task, files=["notes.txt"]))["cache"] == "miss"
    assert len(stand.asked) == 2


async def test_fresh_asks_again_and_keeps_the_new_answer(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "text": "old", "times": 1}, {"do": "answer", "text": "new"})
    await delegate(client, task)
    fresh = await delegate(client, task, fresh=True)
    assert answer_of(fresh) == "new" and receipt_of(fresh)["cache"] == "off"
    after = await delegate(client, task)
    assert answer_of(after) == "new" and receipt_of(after)["cache"] == "hit"
    assert len(stand.asked) == 2


async def test_identical_calls_at_once_share_one_request(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "delay", "seconds": 0.5})
    receipts = []

    async def ask() -> None:
        receipts.append(receipt_of(await delegate(client, task)))

    async with bounded(), anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(ask)
    assert stand.asked == [LITE]
    assert sorted(receipt["cache"] for receipt in receipts) == ["miss", *["shared"] * 4]
    assert len({receipt["result_id"] for receipt in receipts}) == 5
    for receipt in receipts:
        led = receipt["cache"] == "miss"
        assert receipt["cost_usd"] == (stand.billed_usd if led else "0") and len(receipt["attempts"]) == led


async def test_identical_calls_at_once_share_one_failure(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "blocked"})
    results = []

    async def ask() -> None:
        results.append(await delegate(client, task))

    async with bounded(), anyio.create_task_group() as group:
        for _ in range(3):
            group.start_soon(ask)
    assert [result.is_error for result in results] == [True] * 3
    assert all(texts(result)[0].startswith("blocked: ") for result in results)


async def test_fresh_calls_at_once_are_each_asked(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "delay", "seconds": 0.2})
    async with bounded(), anyio.create_task_group() as group:
        for _ in range(2):
            group.start_soon(lambda: delegate(client, task, fresh=True))
    assert stand.asked == [LITE, LITE]


async def test_the_others_still_get_their_answer_when_the_one_that_asked_first_leaves(
    way: Way, stand: Stand, task: str
) -> None:
    stand.play({"do": "delay", "seconds": 0.8})
    joined = anyio.Event()
    answers = []

    async def told(progress: float, total: float | None, message: str | None) -> None:
        joined.set()

    async def follow() -> None:
        arguments = {"task": task}
        answers.append(await way.client.call_tool("delegate_task", arguments, progress_callback=told))

    async with bounded(), anyio.create_task_group() as group:
        leader = anyio.CancelScope()

        async def lead() -> None:
            with leader:
                await delegate(way.client, task)

        group.start_soon(lead)
        await stand.under_way(task)
        group.start_soon(follow)
        await joined.wait()
        leader.cancel()
    (result,) = answers
    assert receipt_of(result)["cache"] == "shared" and receipt_of(result)["cost_usd"] == "0"
    assert stand.asked == [LITE] and stand.simulator.log.entries()[0].outcome == "answered"
    (row,) = [row for row in ledger(way.home) if row["started_at"] == max(r["started_at"] for r in ledger(way.home))]
    assert (row["state"], row["verdict"], row["usage_known"]) == ("settled", "accepted", 1)
    assert row["cost_nano"] == stand.bill["nano_usd"]


async def test_the_cache_survives_a_restart(env: dict[str, str], era: Era, stand: Stand, task: str) -> None:
    async with over_stdio(env, era) as client:
        first = await delegate(client, task)
    async with over_stdio(env, era) as client:
        second = await delegate(client, task)
    assert receipt_of(second)["cache"] == "hit" and answer_of(second) == answer_of(first)
    assert stand.asked == [LITE]


async def test_principals_do_not_share_answers(http: HttpServer, era: Era, stand: Stand, task: str) -> None:
    async with over_http(http.url, era, "alice") as alice, over_http(http.url, era, "bob") as bob:
        assert receipt_of(await delegate(alice, task))["cache"] == "miss"
        assert receipt_of(await delegate(bob, task))["cache"] == "miss"
        assert receipt_of(await delegate(bob, task))["cache"] == "hit"
    assert len(stand.asked) == 2


async def test_principals_do_not_share_a_request_under_way(http: HttpServer, stand: Stand, task: str) -> None:
    stand.play({"do": "delay", "seconds": 0.3})
    states = []
    async with over_http(http.url, "modern", "alice") as alice, over_http(http.url, "legacy", "bob") as bob:

        async def ask(client: Client) -> None:
            states.append(receipt_of(await delegate(client, task))["cache"])

        async with bounded(), anyio.create_task_group() as group:
            group.start_soon(ask, alice)
            group.start_soon(ask, bob)
    assert states == ["miss", "miss"] and len(stand.asked) == 2


async def test_the_sessions_of_one_principal_share_answers(http: HttpServer, stand: Stand, task: str) -> None:
    async with (
        over_http(http.url, "modern", "alice", "one") as one,
        over_http(http.url, "legacy", "alice", "two") as two,
    ):
        await delegate(one, task)
        assert receipt_of(await delegate(two, task))["cache"] == "hit"
    assert len(stand.asked) == 1
