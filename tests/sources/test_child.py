"""Jobs in a child process: what comes back, what it may cost, and what is left behind."""

import os
import select
import sys
from pathlib import Path
from typing import Any

import anyio
import psutil
import pytest

from gemini_mcp.domain.errors import AgentError, Refusal, SecretFound, TooLarge, UnsupportedFormat
from gemini_mcp.sources.child import Children, Frame, Limits

WAIT_S = 60
NAME = "report.pdf"
LIMITS = Limits(frame_s=20, total_s=30, memory=1 << 30, output=64 << 20)
HASTY = Limits(frame_s=0.3, total_s=30)
WORKER = (str(Path(__file__).with_name("odd_worker.py")),)
posix = pytest.mark.skipif(os.name != "posix", reason="limits of the system")
linux = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, or relies on its limits")


@pytest.fixture
def children() -> Children:
    return Children(worker=WORKER)


async def run(
    children: Children, job: str, arguments: dict[str, Any] | None = None, payload: bytes = b"", limits: Limits = LIMITS
) -> list[Frame]:
    with anyio.fail_after(WAIT_S):
        return await children.run(job, arguments or {}, payload, name=NAME, limits=limits)


async def refused(
    children: Children, job: str, arguments: dict[str, Any] | None = None, payload: bytes = b"", limits: Limits = LIMITS
) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await run(children, job, arguments, payload, limits)
    assert NAME in caught.value.message
    assert not offspring()
    return caught.value


_BEFORE: set[int] = set()


@pytest.fixture(autouse=True)
def _others() -> None:
    """Processes that other tests of this run keep are not of interest."""
    _BEFORE.clear()
    _BEFORE.update(process.pid for process in psutil.Process().children(recursive=True))


def offspring() -> list[psutil.Process]:
    """Living and undead, of this test."""
    return [process for process in psutil.Process().children(recursive=True) if process.pid not in _BEFORE]


# -------------------------------------------------------------------------------------------------------- what returns


async def test_a_job_is_given_its_arguments_and_payload_and_its_frames_return(children: Children) -> None:
    (frame,) = await run(children, "echo", {"pages": "3-7", "name": "größe\udcff"}, b"abc")
    assert frame == Frame({"arguments": {"pages": "3-7", "name": "größe\udcff"}, "size": 3}, b"cba")
    assert not offspring()


async def test_many_frames_keep_their_order(children: Children) -> None:
    frames = await run(children, "many", {"count": 500, "size": 7})
    assert [frame.value["number"] for frame in frames] == list(range(500))
    assert {frame.data for frame in frames} == {b"x" * 7}


async def test_a_payload_of_many_megabytes_goes_there_and_back(children: Children) -> None:
    payload = os.urandom(20 << 20)
    (frame,) = await run(children, "echo", payload=payload)
    assert frame.data[::-1] == payload


async def test_what_a_library_prints_does_not_garble_the_frames(children: Children) -> None:
    assert await run(children, "prints") == [Frame({"printed": True})]


async def test_no_more_children_run_at_once_than_allowed() -> None:
    children = Children(most=2, worker=WORKER)
    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(run, children, "waits")
        with anyio.fail_after(WAIT_S):
            while len(offspring()) < 2:
                await anyio.lowlevel.checkpoint()
            for _ in range(500):
                assert len(offspring()) <= 2
                await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert not offspring()


# ------------------------------------------------------------------------------------------------------ what is raised


async def test_a_jobs_refusal_is_raised_here_with_the_files_name(children: Children) -> None:
    error = await refused(children, "refuses")
    assert (type(error), error.message, error.fix) == (SecretFound, f"{NAME}: line 3 holds a key", "Take it out.")


async def test_a_job_that_refuses_before_it_has_read_a_large_payload_is_heard(children: Children) -> None:
    error = await refused(children, "missing", payload=b"x" * (5 << 20))
    assert isinstance(error, UnsupportedFormat)
    assert "a_library_that_nobody_has" in error.message


async def test_what_a_parser_raises_says_that_the_file_cannot_be_read(children: Children) -> None:
    error = await refused(children, "raises")
    assert isinstance(error, UnsupportedFormat)
    assert "KeyError" in error.message


@pytest.mark.parametrize("job", ["hoards", "recurses"])
@linux
async def test_too_much_memory_is_too_large(children: Children, job: str) -> None:
    error = await refused(children, job)
    assert isinstance(error, TooLarge)
    assert "memory" in error.message


@pytest.mark.parametrize("job", ["computes", "computes_in_c"])
async def test_too_long_without_a_frame_is_too_large(children: Children, job: str) -> None:
    error = await refused(children, job, limits=HASTY)
    assert isinstance(error, TooLarge)
    assert "too long" in error.message


@posix
async def test_the_childs_own_clock_counts_what_it_computes_for_a_frame(children: Children) -> None:
    """Ours waits longer, so that a busy machine is not taken for a bomb."""
    first, second = await run(children, "clock", limits=Limits(frame_s=20))
    assert 10 < first.value["left"] < second.value["left"] < 21


async def test_a_child_that_only_waits_is_ended_by_our_clock(children: Children) -> None:
    assert isinstance(await refused(children, "waits", limits=Limits(frame_s=0.05)), TooLarge)


async def test_frames_without_end_are_ended_by_the_clock_for_all(children: Children) -> None:
    assert isinstance(await refused(children, "drips", limits=Limits(total_s=0.3)), TooLarge)


async def test_more_output_than_allowed_is_too_large(children: Children) -> None:
    error = await refused(children, "many", {"count": 9, "size": 1_000_000}, limits=Limits(output=8_000_000))
    assert isinstance(error, TooLarge)
    await run(children, "many", {"count": 7, "size": 1_000_000}, limits=Limits(output=8_000_000))


@pytest.mark.parametrize(("job", "ended"), [("crashes", "SIGSEGV"), ("exits", "exit 3")])
@posix
async def test_a_crash_is_the_files_and_not_ours(children: Children, job: str, ended: str) -> None:
    error = await refused(children, job)
    assert isinstance(error, UnsupportedFormat)
    assert ended in error.message


@posix
async def test_a_library_that_gives_up_without_memory_is_too_large(children: Children) -> None:
    assert isinstance(await refused(children, "aborts"), TooLarge)


@pytest.mark.parametrize(
    ("job", "message"),
    [
        ("noise", "too large"),
        ("claims_a_huge_value", "confuses its reader"),
        ("claims_huge_data", "too large"),
        ("no_json", "confuses its reader"),
        ("no_object", "confuses its reader"),
        ("deep_json", "confuses its reader"),
        ("half_a_frame", "crash"),
        ("an_unknown_refusal", "None"),
        ("never_ready", "confuses its reader"),
    ],
)
async def test_garbage_from_a_child_that_reads_nothing_is_a_refusal(children: Children, job: str, message: str) -> None:
    assert message in (await refused(children, job, payload=b"x" * (3 << 20))).message


async def test_a_child_that_does_not_start_is_our_fault_and_not_the_files() -> None:
    for worker in (("-c", "raise SystemExit(1)"), ("-m", "a_module_that_nobody_has"), (*WORKER, "says_nothing")):
        with anyio.fail_after(WAIT_S), pytest.raises(AgentError) as caught:
            await Children(worker=worker).run("echo", {}, b"", name=NAME, limits=LIMITS)
        assert caught.value.code == "internal_error"
    assert not offspring()


async def test_a_refused_job_frees_its_turn() -> None:
    children = Children(most=1, worker=WORKER)
    await refused(children, "exits")
    await refused(children, "refuses")
    assert await run(children, "prints")


# -------------------------------------------------------------------------------------------------- what is left behind


async def test_nothing_of_our_environment_reaches_a_child(
    children: Children, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    canary = "canary" + "-of-" + "this-test"
    monkeypatch.setenv("GEMINI_API_KEY", canary)
    monkeypatch.setenv("PYTHONSTARTUP", canary)
    monkeypatch.chdir(tmp_path)
    (frame,) = await run(children, "environment")
    assert canary.encode() not in frame.data
    # LC_CTYPE is Python's own, where the locale is C.
    assert set(frame.value["names"]) <= {"PYTHONPATH", "SYSTEMROOT", "LC_CTYPE"}
    assert frame.value["folder"] != str(tmp_path)


async def test_a_child_imports_nothing_from_where_we_happen_to_be(
    children: Children, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "json.py").write_text("raise RuntimeError('planted')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for entry in ("", ".", "sub"):
        monkeypatch.syspath_prepend(entry)
    assert await run(children, "prints")


@linux
async def test_a_child_writes_no_files(children: Children, tmp_path: Path) -> None:
    path = tmp_path / "planted"
    assert isinstance(await refused(children, "writes_a_file", {"path": str(path)}, b"x"), UnsupportedFormat)
    assert not path.exists() or path.read_bytes() == b""


async def test_cancelling_ends_the_child_and_leaves_no_zombie(children: Children) -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(run, children, "waits")
        with anyio.fail_after(WAIT_S):
            while not offspring():
                await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert not offspring()


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 13, 21, 34])
async def test_cancelling_at_any_time_leaves_no_child(children: Children, turns: int) -> None:
    """Before it exists, while it starts, and while it works."""
    async with anyio.create_task_group() as group:
        group.start_soon(run, children, "computes", {}, b"x" * 1_000_000)
        for _ in range(turns):
            await anyio.lowlevel.checkpoint()
        group.cancel_scope.cancel()
    assert not offspring()


@posix
async def test_what_a_child_started_ends_with_it(children: Children, tmp_path: Path) -> None:
    fifo = tmp_path / "alive"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    async with anyio.create_task_group() as group:
        group.start_soon(run, children, "starts_another", {"fifo": str(fifo)})
        assert await said(reader) == b"1"
        group.cancel_scope.cancel()
    assert await said(reader) == b""
    os.close(reader)


async def said(reader: int) -> bytes:
    await anyio.to_thread.run_sync(select.select, [reader], [], [], WAIT_S)
    return os.read(reader, 1)
