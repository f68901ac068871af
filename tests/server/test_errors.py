"""Every error a caller can meet: what it says, how it says to mend it, and what it cost (mostly nothing)."""

import json
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from mcp import Client

from .driving import (
    CANDIDATES,
    FLASH,
    LITE,
    PRO,
    Era,
    Json,
    Stand,
    Way,
    bounded,
    delegate,
    error_of,
    ledger,
    over_stdio,
    receipt_of,
    texts,
    verdicts,
)

DAILY = "GenerateRequestsPerDayPerProjectPerModel"


def lay_out(project: Path) -> None:
    """Files that must not, or cannot, be sent; once for all tests."""
    if (project / "link.txt").is_symlink():
        return
    (project / ".env").write_text("SECRET=1")
    (project / "server.pem").write_text("-----BEGIN-----")
    (project / "drawer").mkdir()
    (project / ".ssh").mkdir()
    (project / ".ssh" / "config").write_text("Host *")
    (project / "photo.bin").write_bytes(b"\x89PNG\0\0")
    (project / "latin.txt").write_bytes("naïve".encode("latin-1"))
    (project / "huge.txt").write_bytes(b"x\n" * (8 * 1024 * 1024 + 1))
    (project / "large").mkdir()
    (project / "large" / "0.txt").write_bytes(b"x\n" * (7 * 1024 * 1024))
    for number in range(1, 7):
        (project / "large" / f"{number}.txt").hardlink_to(project / "large" / "0.txt")
    (project / "many").mkdir()
    for number in range(501):
        (project / "many" / f"{number}.txt").write_text("x")
    (project / "link.txt").symlink_to("/etc/hostname")


@dataclass(frozen=True)
class Refused:
    """Arguments that are refused before anything is sent; ``says`` stands in the message."""

    name: str
    code: str
    says: str
    arguments: Json = field(default_factory=dict)


def bad(name: str, says: str, **arguments: Any) -> Refused:
    return Refused(name, "invalid_argument", says, arguments)


def file(name: str, code: str, path: str, says: str = "") -> Refused:
    return Refused(name, code, says or path, {"files": [path]})


REFUSED = [
    bad("an empty task", "task", task=""),
    bad("a blank task", "task", task=" \n "),
    bad("a task that is no text", "task", task=7),
    bad("an argument that does not exist", "colour", colour="blue"),
    bad("an unknown form", "expect", expect="poem"),
    bad("files that are no list", "files", files=7),
    bad("a file that is no text", "files", files=[7]),
    bad("a file without a name", "name", files=[""]),
    bad("a file name with a NUL", "name", files=["a\0b"]),
    bad("a file name that is too long", "too long", files=["x" * 5_000]),
    bad("a schema that is no object", "output_schema", output_schema="number"),
    bad("a schema that is no schema", "output_schema", output_schema={"type": "nonsense"}),
    bad("a schema that refers to nothing", "$ref", output_schema={"$ref": "#/$defs/missing"}),
    bad("a schema that refers elsewhere", "$ref", output_schema={"$ref": "https://example.com/schema.json"}),
    bad("a schema and another form", "output_schema", output_schema={"type": "object"}, expect="python"),
    bad("feedback on nothing", "feedback", feedback="No."),
    bad("a follow-up to nobody's result", "r_00000000000000000000000000", follow_up_to="r_00000000000000000000000000"),
    bad("a follow-up to what is no id", "no such thing", follow_up_to="no such thing"),
    bad("a cap of nothing", "max_cost_usd", max_cost_usd=0),
    bad("a cap below nothing", "max_cost_usd", max_cost_usd=-1),
    bad("a cap that is no number", "max_cost_usd", max_cost_usd="cheap"),
    bad("a tier that is no text", "tier", tier=["lite"]),
    bad("a flag that is neither", "fresh", fresh="perhaps"),
    Refused("an unknown model", "model_not_found", "gemini-9-lite", {"tier": "gemini-9-lite"}),
    Refused("a model of somebody else's", "model_not_found", "gpt-7", {"tier": "gpt-7"}),
    file("a file that is not there", "file_not_found", "missing.txt"),
    file("a file in a folder that is not there", "file_not_found", "nowhere/missing.txt"),
    file("a file elsewhere", "path_denied", "/etc/hostname"),
    file("a way out of the project", "path_denied", "../../etc/hostname"),
    file("a link out of the project", "path_denied", "link.txt"),
    file("a file below a file", "path_denied", "latin.txt/inside"),
    file("an environment file", "secret_found", ".env"),
    file("a private key", "secret_found", "server.pem"),
    file("a folder of credentials", "secret_found", ".ssh/config"),
    file("a file that is too large", "too_large", "huge.txt"),
    Refused("files that are too large together", "too_large", "MB", {"files": ["large"]}),
    Refused("too many files", "too_large", "501", {"files": ["many"]}),
    file("a binary file", "unsupported_format", "photo.bin"),
    file("a folder with nothing in it", "file_not_found", "drawer"),
]


def rows(home: Path) -> tuple[int, int, int]:
    attempts, calls, results = (len(ledger(home, table)) for table in ("attempts", "calls", "results"))
    return attempts, calls, results


@pytest.mark.parametrize("refused", REFUSED, ids=lambda refused: refused.name)
async def test_what_can_be_refused_is_refused_before_anything_is_sent_or_written(
    way: Way, stand: Stand, task: str, refused: Refused
) -> None:
    lay_out(way.project)
    before = rows(way.home)
    result = await way.client.call_tool("delegate_task", {"task": task, **refused.arguments})
    error = error_of(result)
    assert error["code"] == refused.code and refused.says in error["message"]
    assert error["message"] and error["fix"].rstrip().endswith((".", "!", "?"))
    assert set(error) == {"code", "message", "fix", "receipt"} and error["receipt"] is None
    assert texts(result) == [f"{refused.code}: {error['message'].rstrip('.')}. {error['fix']}"]
    assert stand.asked == []
    assert rows(way.home) == before


async def test_a_call_without_a_task_is_refused(way: Way, stand: Stand) -> None:
    result = await way.client.call_tool("delegate_task", {})
    assert error_of(result)["code"] == "invalid_argument" and "task" in texts(result)[0]
    assert stand.asked == []


async def test_usage_report_refuses_an_unknown_scope(client: Client) -> None:
    result = await client.call_tool("usage_report", {"scope": "century"})
    assert error_of(result)["code"] == "invalid_argument" and "scope" in texts(result)[0]


async def test_a_name_that_is_almost_a_model_s_is_answered_with_the_model_meant(any_way: Way) -> None:
    error = error_of(await delegate(any_way.client, "x", tier=LITE.replace("flash", "flsh")))
    assert LITE in error["fix"]


async def test_a_cap_too_small_for_any_answer_sends_nothing(way: Way, stand: Stand, task: str) -> None:
    before = len(ledger(way.home))
    error = error_of(await delegate(way.client, task, max_cost_usd=0.000_000_1))
    assert error["code"] == "budget_exceeded" and "max_cost_usd" in error["fix"]
    assert error["receipt"]["attempts"] == [] and error["receipt"]["cost_usd"] == "0"
    assert stand.asked == [] and len(ledger(way.home)) == before


async def test_a_cap_that_the_climb_would_break_stops_the_climb(way: Way, stand: Stand, task: str) -> None:
    stand.play({"do": "answer", "text": "", "thinking_tokens": 300})
    error = error_of(await delegate(way.client, task, max_cost_usd=0.001))
    assert error["code"] == "budget_exceeded" and "lite" in error["message"] and "empty" in error["message"]
    assert verdicts(error["receipt"]) == [("lite", "rejected")] and stand.asked == [LITE]
    assert error["receipt"]["cost_usd"] == stand.billed_usd
    assert 0 < Decimal(error["receipt"]["cost_usd"]) <= Decimal("0.001")


async def test_a_cap_holds_however_far_the_call_climbs(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "max_tokens_empty"})
    for cap in (0.001, 0.005, 0.02, 0.08):
        receipt = error_of(await delegate(client, f"{task} within {cap}", max_cost_usd=cap))["receipt"]
        assert Decimal(receipt["cost_usd"]) <= Decimal(str(cap))


@dataclass(frozen=True)
class Upstream:
    """What upstream does to every request, and what becomes of a call to one model."""

    name: str
    code: str
    says: str
    rule: Json
    charged: bool = False


UPSTREAM = [
    Upstream("an unknown key", "key_rejected", "401", {"do": "401"}),
    Upstream("a key without permission", "key_rejected", "403", {"do": "403"}),
    Upstream("an unknown model", "model_not_found", LITE, {"do": "404"}),
    Upstream("a bad request", "invalid_argument", "400", {"do": "400", "message": "Strange."}),
    Upstream("a redirect", "upstream_unavailable", "302", {"do": "redirect", "location": "https://example.com/"}),
    Upstream("a blocked prompt", "blocked", "SAFETY", {"do": "blocked"}, charged=True),
    Upstream("a body that swells", "upstream_unavailable", "gzip", {"do": "gzip_bomb", "bytes": 64}, charged=True),
]


@pytest.mark.parametrize("upstream", UPSTREAM, ids=lambda upstream: upstream.name)
async def test_what_upstream_refuses_is_told_with_what_it_cost(
    way: Way, stand: Stand, task: str, upstream: Upstream
) -> None:
    stand.play(upstream.rule)
    result = await delegate(way.client, task, tier=LITE)
    error = error_of(result)
    assert error["code"] == upstream.code and upstream.says in error["message"] and error["fix"]
    assert texts(result) == [f"{upstream.code}: {error['message'].rstrip('.')}. {error['fix']}"]
    receipt = error["receipt"]
    assert verdicts(receipt) == [("lite", "failed")] and stand.asked == [LITE]
    (row,) = [row for row in ledger(way.home) if row["result_id"] == receipt["result_id"]]
    assert (row["state"], row["verdict"]) == ("settled", "failed") and upstream.code in row["reason"]
    assert (row["cost_nano"] > 0) == upstream.charged and row["cost_nano"] >= stand.bill["nano_usd"]


async def test_a_rejected_key_never_climbs(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "401"})
    assert error_of(await delegate(client, task))["code"] == "key_rejected"
    assert stand.asked == [LITE]


async def test_a_blocked_prompt_costs_its_input_exactly(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "blocked", "reason": "PROHIBITED_CONTENT"})
    error = error_of(await delegate(client, task))
    assert error["code"] == "blocked" and "PROHIBITED_CONTENT" in error["message"]
    assert error["receipt"]["cost_usd"] == stand.billed_usd != "0"


async def test_a_quota_used_up_on_every_model_is_told_and_not_asked_about_again_today(
    env: dict[str, str], era: Era, stand: Stand, task: str
) -> None:
    every = [model for tier in ("lite", "flash", "pro") for model in CANDIDATES[tier]]
    stand.play({"do": "429", "quota_id": DAILY})
    async with over_stdio(env, era) as client:
        first, again = error_of(await delegate(client, task)), error_of(await delegate(client, f"{task}, again"))
    for error in (first, again):
        assert error["code"] == "quota_exhausted" and "midnight" in error["fix"]
        assert error["receipt"]["cost_usd"] == "0"
    assert DAILY in first["message"] and stand.asked == every
    assert len(first["receipt"]["attempts"]) == len(every) and again["receipt"]["attempts"] == []


async def test_a_quota_used_up_on_one_model_is_answered_by_the_next(
    env: dict[str, str], era: Era, stand: Stand, task: str
) -> None:
    stand.play({"do": "429", "quota_id": DAILY, "model": LITE})
    async with over_stdio(env, era) as client:
        receipt = receipt_of(await delegate(client, task))
        later = receipt_of(await delegate(client, f"{task}, later"))
    assert verdicts(receipt) == [("lite", "failed"), ("lite", "accepted")] and verdicts(later) == [("lite", "accepted")]
    assert all(any(LITE in warning for warning in each["warnings"]) for each in (receipt, later))


async def test_a_key_of_the_free_tier_stops_the_call_unless_it_is_allowed(
    env: dict[str, str], era: Era, stand: Stand, task: str
) -> None:
    stand.play({"do": "429", "quota_id": f"{DAILY}-FreeTier", "model": LITE})
    async with over_stdio(env, era) as client:
        error = error_of(await delegate(client, task))
    assert error["code"] == "quota_exhausted" and "GEMINI_AGENTS_FREE_TIER=1" in error["fix"]
    assert stand.asked == [LITE]
    async with over_stdio(env | {"GEMINI_AGENTS_FREE_TIER": "1"}, era) as client:
        assert receipt_of(await delegate(client, task))["tier"] == "lite"
    assert len(stand.asked) == 3


async def test_upstream_that_stays_away_is_asked_three_times_and_no_more(any_way: Way, stand: Stand, task: str) -> None:
    stand.play({"do": "429", "retry_delay_s": 0})
    error = error_of(await delegate(any_way.client, task, tier=LITE))
    assert error["code"] == "quota_exhausted"
    assert [attempt["verdict"] for attempt in error["receipt"]["attempts"]] == ["retried", "retried", "failed"]
    assert stand.asked == [LITE] * 3


async def test_an_overloaded_model_that_recovers_is_asked_again(any_way: Way, stand: Stand, task: str) -> None:
    stand.play({"do": "503", "times": 1})
    receipt = receipt_of(await delegate(any_way.client, task))
    assert [attempt["verdict"] for attempt in receipt["attempts"]] == ["retried", "accepted"]
    assert stand.asked == [LITE, LITE]


@pytest.mark.parametrize("do", ["disconnect", "empty_body", "malformed", "html"])
async def test_an_answer_that_never_arrives_whole_is_paid_for_and_asked_again(
    any_way: Way, stand: Stand, task: str, do: str
) -> None:
    """Google bills what it generated, however little of it arrived: the ledger must not be below that."""
    stand.play({"do": do, "times": 1})
    receipt = receipt_of(await delegate(any_way.client, task))
    assert [attempt["verdict"] for attempt in receipt["attempts"]] == ["retried", "accepted"]
    assert Decimal(receipt["attempts"][0]["cost_usd"]) > 0
    assert Decimal(receipt["cost_usd"]) * 10**9 >= stand.bill["nano_usd"]


async def test_upstream_out_of_reach_is_unavailable(env: dict[str, str]) -> None:
    async with over_stdio(env | {"GEMINI_AGENTS_BASE_URL": "http://127.0.0.1:9"}, "legacy") as client:
        error = error_of(await delegate(client, "x", tier=PRO))
    assert error["code"] == "upstream_unavailable" and "GEMINI_AGENTS_BASE_URL" in error["fix"]
    assert error["receipt"]["cost_usd"] == "0"


async def test_the_deadline_ends_a_call_that_hangs(env: dict[str, str], home: Path, stand: Stand, task: str) -> None:
    async with over_stdio(env | {"GEMINI_AGENTS_DEADLINE_S": "1"}, "modern") as client:
        async with bounded():
            while (await delegate(client, f"Warm up for {task}")).is_error:
                pass  # the first call may spend its whole second on loading the SDK
        stand.reset()
        stand.play({"do": "hang"})
        error = error_of(await delegate(client, task))
        entry = await stand.under_way(task)
        await stand.given_up(entry)
    assert error["code"] == "deadline_exceeded" and "GEMINI_AGENTS_DEADLINE_S" in error["fix"]
    assert [attempt["verdict"] for attempt in error["receipt"]["attempts"]] == ["timed_out"]
    assert stand.asked == [LITE]
    (row,) = [row for row in ledger(home) if row["result_id"] == error["receipt"]["result_id"]]
    assert (row["verdict"], row["usage_known"]) == ("timed_out", 0)
    assert row["cost_nano"] == row["reserved_nano"] >= stand.bill["nano_usd"] > 0


async def test_loading_the_sdk_is_not_on_the_clock_of_the_first_call(env: dict[str, str], task: str) -> None:
    """It takes longer than this call has; a deadline is about Gemini's answer, not about our own start."""
    async with over_stdio(env | {"GEMINI_AGENTS_DEADLINE_S": "0.2"}, "legacy") as client:
        result = await delegate(client, task)
    assert not result.is_error


async def test_an_error_says_nothing_of_the_task(client: Client, task: str) -> None:
    """Errors end up in logs; the task belongs to its caller."""
    result = await delegate(client, task, files=["missing.txt"])
    assert task not in json.dumps(result.model_dump(mode="json"))


async def test_a_climb_without_a_live_candidate_left_tells_the_last_error(
    client: Client, stand: Stand, task: str
) -> None:
    stand.play({"do": "404"})
    error = error_of(await delegate(client, task, tier="flash"))
    assert error["code"] == "model_not_found"
    assert stand.asked == [*CANDIDATES["flash"], *CANDIDATES["pro"]]


async def test_a_good_answer_survives_errors_of_the_models_before_it(client: Client, stand: Stand, task: str) -> None:
    stand.play({"do": "404", "model": "*lite*"}, {"do": "answer", "text": "", "model": FLASH})
    receipt = receipt_of(await delegate(client, task))
    assert receipt["tier"] == "pro" and receipt["cost_usd"] == stand.billed_usd
