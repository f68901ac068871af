"""What a machine does to a server: it stops it, fills the disk, takes the folder away, turns the clock."""

import os
import signal
import sqlite3
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

import gemini_mcp
from gemini_mcp.engine.ledger import SCHEMA_VERSION, local_day
from tests.server.driving import (
    Json,
    Stand,
    answer_of,
    bounded,
    delegate,
    error_of,
    ledger,
    over_stdio,
    raw_server,
    read_json,
    receipt_of,
)

DAY_S = 86_400
CLOCK = Path(__file__).with_name("clock")
posix = pytest.mark.skipif(os.name != "posix", reason="signals and limits of POSIX")


def error_in(result: Json) -> Json:
    assert result.get("isError"), result
    error: Json = result["_meta"]["gemini-agents/error"]
    return error


# ------------------------------------------------------------------------------------------------------------- stopped


@posix
async def test_a_frozen_server_holds_up_no_other_and_goes_on_where_it_was(
    env: dict[str, str], home: Path, stand: Stand, task: str
) -> None:
    stand.play({"do": "hang", "match": "halfway"})
    async with raw_server(env) as server:
        await server.begin_delegating(f"{task}, halfway")
        await stand.under_way("halfway")
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            async with over_stdio(env, "modern") as other:
                assert answer_of(await delegate(other, task))
            states = {row["state"] for row in ledger(home)}
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        assert states == {"reserved", "settled"}
        stand.play()
        assert (await server.delegate(f"{task}, thawed"))["content"]
        await server.closed()
    assert {row["state"] for row in ledger(home)} == {"settled"}
    assert sum(row["cost_nano"] for row in ledger(home)) >= stand.bill["nano_usd"]


# --------------------------------------------------------------------------------------------------------- a full disk


@posix
async def test_on_a_full_disk_nothing_is_sent_that_could_not_be_reserved(
    env: dict[str, str], home: Path, stand: Stand, task: str
) -> None:
    """No file of the server may grow past a size that a few calls reach."""
    limited = ("bash", "-c", f'ulimit -f 300; exec "{sys.executable}" -m gemini_mcp')
    async with raw_server(env, argv=limited) as server:
        answered, failed = 0, []
        for number in range(200):
            result = await server.delegate(f"{task} {number}. " + "All that it has to carry along. " * 300)
            if result.get("isError"):
                failed.append(error_in(result))
                if len(failed) == 3:
                    break
            else:
                answered += 1
        asked = len(stand.asked)
        assert answered and len(failed) == 3
        assert {error["code"] for error in failed} == {"state_unavailable"}
        assert all("GEMINI_AGENTS_HOME" in error["fix"] for error in failed)
        assert asked <= answered + 1
        assert (await server.ask("tools/list", {}))["result"]["tools"]
    async with over_stdio(env, "legacy") as client:
        assert answer_of(await delegate(client, f"{task}, with room again"))
        usage = await read_json(client, "usage://today")
    assert usage["days"][0]["attempts"] == len(ledger(home)) >= len(stand.asked)
    assert sum(row["cost_nano"] for row in ledger(home)) >= stand.bill["nano_usd"]


# ----------------------------------------------------------------------------------------------------- no state folder


def sealed(home: Path) -> None:
    home.mkdir()
    home.chmod(0o500)


def unsealed(home: Path) -> None:
    home.chmod(0o700)


async def test_a_folder_that_cannot_be_made_is_named_and_nothing_is_sent(
    env: dict[str, str], stand: Stand, task: str
) -> None:
    async with over_stdio(env | {"GEMINI_AGENTS_HOME": "/proc/gemini-agents"}, "legacy") as client:
        error = error_of(await delegate(client, task))
    assert error["code"] == "state_unavailable" and "/proc/gemini-agents" in error["message"] + error["fix"]
    assert stand.asked == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everything")
async def test_a_folder_that_may_not_be_written_is_named_and_nothing_is_sent(
    env: dict[str, str], home: Path, stand: Stand, task: str
) -> None:
    sealed(home)
    try:
        async with over_stdio(env, "legacy") as client:
            assert error_of(await delegate(client, task))["code"] == "state_unavailable"
    finally:
        unsealed(home)
    assert stand.asked == []


# ---------------------------------------------------------------------------------------------------- the clock jumps


@pytest.mark.parametrize("jump_s", [-3 * DAY_S, 400 * DAY_S], ids=["back", "forward"])
async def test_when_the_clock_jumps_calls_go_on_and_the_books_stay_right(
    env: dict[str, str], home: Path, tmp_path: Path, stand: Stand, task: str, jump_s: int
) -> None:
    clock = tmp_path / "clock"
    clock.write_text("0")
    paths = os.pathsep.join([str(CLOCK), env["PYTHONPATH"]])
    turned = env | {"PYTHONPATH": paths, "CLOCK_FILE": str(clock), "CLAUDE_CODE_SESSION_ID": "one"}
    async with over_stdio(turned, "legacy") as client:
        first = receipt_of(await delegate(client, task))
    async with over_stdio(turned, "modern") as client, bounded():
        await read_json(client, "usage://session")
        clock.write_text(str(jump_s))
        second = receipt_of(await delegate(client, f"{task}, after the jump"))
        again = receipt_of(await delegate(client, task))
        today = await read_json(client, "usage://today")
        budget = (await read_json(client, "usage://session"))["budget"]
    rows = ledger(home)
    assert {row["state"] for row in rows} == {"settled"} and {row["verdict"] for row in rows} == {"accepted"}
    assert sum(row["cost_nano"] for row in rows) == stand.bill["nano_usd"]
    assert budget["session_spent_usd"] == stand.billed_usd and budget["session_reserved_usd"] == "0"
    now = time.time()
    assert {row["day"] for row in rows} <= {local_day(now - 60), local_day(now), local_day(now + jump_s)}
    assert local_day(now + jump_s) in {row["day"] for row in rows}
    assert today["days"] and first["cache"] == second["cache"] == "miss"
    assert again["cache"] == ("hit" if jump_s < 0 else "miss")  # what was kept for a day has run out


# -------------------------------------------------------------------------------------------------------- two versions


def of_the_first_form(home: Path) -> None:
    """A ledger as the first version left it: an attempt that was paid, one of unknown price, one never settled."""
    home.mkdir()
    schema = Path(gemini_mcp.__file__).with_name("engine") / "_schema_1.sql"
    day, now = local_day(time.time()), time.time()
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as connection:
        connection.executescript(schema.read_text())
        connection.execute("PRAGMA user_version = 1")
        for number, (state, cost) in enumerate([("settled", 700_000_000), ("settled", None), ("reserved", None)]):
            connection.execute(
                "INSERT INTO attempts (attempt_id, result_id, owner, state, principal, session_id, tool, family, tier,"
                " model, model_served, reserved_nano, cost_nano, usage_known, started_at, day) VALUES"
                " (?, 'r_1', 'gone', ?, 'local', 'earlier', 'delegate_task', 'text', 'lite', 'm', 'm', 1000000, ?, 1,"
                " ?, ?)",
                (f"a_{number}", state, cost, now, day),
            )
        connection.commit()


async def test_a_ledger_of_the_first_form_is_taken_over_with_what_it_holds(
    env: dict[str, str], home: Path, stand: Stand, task: str
) -> None:
    of_the_first_form(home)
    async with over_stdio(env, "legacy") as client:
        cost = receipt_of(await delegate(client, task))["cost_usd"]
        budget = (await read_json(client, "usage://session"))["budget"]
    rows = ledger(home)
    principal = next(row["principal"] for row in rows if row["attempt_id"] not in ("a_0", "a_1", "a_2"))
    assert principal == "local"
    assert {row["state"] for row in rows} == {"settled"}
    spent = (
        700_000_000 + 1_000_000 + 1_000_000 + sum(row["cost_nano"] for row in rows if row["session_id"] != "earlier")
    )
    assert budget["session_spent_usd"] == cost
    assert [row["spent_nano"] for row in ledger(home, "budgets") if row["kind"] == "day"] == [spent]
    with closing(sqlite3.connect(home / "ledger.sqlite3")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
