"""The real worker with jobs that misbehave, and processes that are no worker at all. Run by ``test_child``."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Iterator
from types import ModuleType
from typing import Any

from gemini_mcp.domain.errors import SecretFound
from gemini_mcp.sources import worker
from gemini_mcp.sources.child import HEAD, MOST_VALUE, Frame

Arguments = dict[str, Any]


def echo(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    yield Frame({"arguments": arguments, "size": len(payload)}, payload[::-1])


def many(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    for number in range(arguments["count"]):
        yield Frame({"number": number}, b"x" * arguments["size"])


def environment(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    with open("/proc/self/environ" if sys.platform == "linux" else os.devnull, "rb") as file:
        at_start = file.read()
    shown = "\n".join(f"{key}={value}" for key, value in os.environ.items())
    yield Frame({"names": sorted(os.environ), "folder": os.getcwd()}, shown.encode() + at_start)


def prints(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    print("a library that prints")
    os.write(1, b"or writes to what it takes for standard output")
    os.write(2, b"or to standard error")
    yield Frame({"printed": True})


def writes_a_file(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    with open(arguments["path"], "wb") as file:
        file.write(payload)
    yield Frame({"wrote": True})


def starts_another(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    if os.fork() == 0:
        with open(arguments["fifo"], "wb", buffering=0) as fifo:
            fifo.write(b"1")  # it lives until this end is closed
            time.sleep(600)
    yield Frame({"started": True})
    time.sleep(600)


def refuses(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    raise SecretFound("line 3 holds a key", "Take it out.")
    yield Frame({})


def raises(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    yield Frame({"so": "far"})
    raise KeyError("what a parser raises")


def computes(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    while True:
        pass
    yield Frame({})


def computes_in_c(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    sum(range(10**12))
    yield Frame({})


def waits(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    yield Frame({"waiting": True})
    time.sleep(600)


def clock(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    at_first = signal.getitimer(signal.ITIMER_PROF)[0]
    while signal.getitimer(signal.ITIMER_PROF)[0] > at_first - 0.2:
        pass
    yield Frame({"left": signal.getitimer(signal.ITIMER_PROF)[0]})
    yield Frame({"left": signal.getitimer(signal.ITIMER_PROF)[0]})


def drips(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    while True:
        yield Frame({"drop": True})


def hoards(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    hoard = [b"x" * (64 << 20) for _ in range(1_000)]
    yield Frame({"hoard": len(hoard)})


def recurses(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    yield from recurses(arguments, payload)


def crashes(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    ctypes.string_at(0)
    yield Frame({})


def aborts(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    os.abort()
    yield Frame({})


def exits(arguments: Arguments, payload: bytes) -> Iterator[Frame]:
    os._exit(3)
    yield Frame({})


JOBS = (
    echo, many, environment, prints, writes_a_file, starts_another, refuses, raises, computes, computes_in_c, waits,
    clock, drips, hoards, recurses, crashes, aborts, exits,
)  # fmt: skip

READY = HEAD.pack(15, 0) + b'{"ready": true}'
GARBAGE = {
    "noise": os.urandom(4_096).replace(b"\0", b"\xff"),
    "claims_a_huge_value": READY + HEAD.pack(MOST_VALUE + 1, 0),
    "claims_huge_data": READY + HEAD.pack(2, 0xFFFFFFFF) + b"{}",
    "no_json": READY + HEAD.pack(4, 0) + b"\xff\xfe{]",
    "no_object": READY + HEAD.pack(4, 0) + b"[{}]",
    "deep_json": READY + HEAD.pack(200_000, 0) + b"[" * 200_000,
    "half_a_frame": READY + HEAD.pack(100, 0) + b'{"a"',
    "an_unknown_refusal": READY + HEAD.pack(15, 0) + b'{"refused": []}',
    "never_ready": HEAD.pack(2, 0) + b"{}",
    "says_nothing": b"",
}


def main() -> None:
    name = sys.argv[1]
    if name in GARBAGE:  # and standard input is never read
        os.write(1, GARBAGE[name])
        return
    for job in JOBS:
        module = ModuleType(f"odd_{job.__name__}")
        module.__dict__["frames"] = job
        sys.modules[module.__name__] = module
        worker.JOBS[job.__name__] = module.__name__
    worker.JOBS["missing"] = "a_library_that_nobody_has"
    worker.main()


if __name__ == "__main__":
    main()
