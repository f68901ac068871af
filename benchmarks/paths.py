"""Figure 10: what a reader of files gives away: asked by odd names, and while another process swaps what they mean.

The baseline resolves a path, looks whether the result lies beneath the root, and opens it: as is usual. It is given
the same rules for secret names. Every reader sees the same corpus and the same swaps, in turns.
"""

import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

from benchmarks.figures import Effort, Figure
from gemini_mcp.domain.errors import Refusal
from gemini_mcp.sources.beneath import Beneath
from gemini_mcp.sources.names import secret_name
from gemini_mcp.sources.opening import Named, Openat2, Opening, Walk
from gemini_mcp.sources.places import Roots

READS, TURN = 30_000, 500
HANGS_AFTER_S = 2.0
MOST = 1 << 20
BASELINE = "realpath, then open"
OPEN, OUTSIDE, SECRET = b"may be read", b"lies outside", b"is secret by its name"
SWAP = """
import os, sys
root, target, what, *sources = sys.argv[1:]
os.chdir(root)
print("ready", flush=True)
while True:
    for source in sources:
        if what == "file":
            os.link(source, "next.tmp", follow_symlinks=False)
            os.replace("next.tmp", target)
        else:
            os.rename(source, target)
            os.rename(target, source)
"""
RACES = {
    "a file and links": ("first", ("first", "file", "in", "out", "good.txt", "secret", "magic")),
    "a folder and a link": ("second/a.txt", ("second", "folder", "good", "evil")),
    "folders that a link climbs out of": ("third/up", ("third", "folder", "near", "x/y/far")),
}
"""What is asked for; and which name the other process gives to which entries in turn."""

Read = Callable[[str], bytes]


def measure_paths(effort: Effort) -> list[Figure]:
    """Figure 10."""
    with tempfile.TemporaryDirectory() as folder, corpus(Path(folder)) as names:
        root = Path(folder) / "root"
        tallies = {reader: Tally(read) for reader, read in readers(root).items()}
        for tally in tallies.values():
            tally.take_corpus(names, root)
        for name, swaps in RACES.values():
            with swapping(root, swaps):
                for _ in range(effort.of(READS, READS // 10) // len(RACES) // TURN):
                    for tally in tallies.values():
                        tally.take_turn(name)
        pace = {reader: _pace(tally.read) for reader, tally in tallies.items()}
    return [_figure(len(names), tallies, pace)]


def _figure(names: int, tallies: dict[str, "Tally"], pace: dict[str, float]) -> Figure:
    ours = {reader: tally for reader, tally in tallies.items() if reader != BASELINE}
    good = ", ".join(f"{reader} {tally.good:,}" for reader, tally in tallies.items())
    return Figure(
        "10",
        f"{names} names, and {tallies[BASELINE].reads:,} reads under swaps: leaks, hangs",
        "; ".join(f"{reader}: {tally.told()}" for reader, tally in ours.items()),
        f"{BASELINE}: {tallies[BASELINE].told()}",
        "-",
        "0 leaks, 0 hangs",
        not any(tally.leaks or tally.hangs or tally.wrongly_refused for tally in ours.values()),
        "names of what lies outside, secrets, links in and out, FIFO, device, socket, /proc, odd spellings; then "
        f"another process swaps {', '.join(RACES)}. A leak is a byte from outside or of a secret. Good reads under "
        f"swaps: {good}; of the names, wrongly refused: {sum(tally.wrongly_refused for tally in ours.values())}. "
        f"Microseconds a read: {', '.join(f'{reader} {time_us:.0f}' for reader, time_us in pace.items())}",
    )


def readers(root: Path) -> dict[str, Read]:
    """By the name they have in the report; ours in each of the ways to open."""
    roots = Roots((root,))
    ways: dict[str, Opening] = {"openat2": Openat2(roots), "walk": Walk(roots), "named": Named(roots)}
    ours = {name: _reading(Beneath((root,), way)) for name, way in ways.items()}
    return ours | {BASELINE: _usual(root)}


def _reading(beneath: Beneath) -> Read:
    return lambda name: beneath.read(name, MOST).data


def _usual(root: Path) -> Read:
    def read(name: str) -> bytes:
        real = os.path.realpath(root / name)
        if not real.startswith(f"{root}{os.sep}") or secret_name(PurePath(name)) or secret_name(PurePath(real)):
            raise PermissionError(name)
        with open(real, "rb") as file:
            return file.read(MOST)

    return read


@dataclass(slots=True)
class Tally:
    """What one reader came to."""

    read: Read
    reads: int = 0
    good: int = 0
    leaks: int = 0
    hangs: int = 0
    wrongly_refused: int = 0

    def told(self) -> str:
        return f"{self.leaks} leaks, {self.hangs} hangs"

    def take_corpus(self, names: dict[str, bool], root: Path) -> None:
        for name, allowed in names.items():
            found = self._in_time(name, root)
            self.hangs += found is None
            self.leaks += bool(found) and found != OPEN
            self.wrongly_refused += allowed and found != OPEN

    def take_turn(self, name: str) -> None:
        for _ in range(TURN):
            found = self._found(name)
            self.reads += 1
            self.good += found == OPEN
            self.leaks += bool(found) and found != OPEN

    def _in_time(self, name: str, root: Path) -> bytes | None:
        """What was read, nothing when it was refused, None when it hung."""
        done: list[bytes] = []
        thread = threading.Thread(target=lambda: done.append(self._found(name)), daemon=True)
        thread.start()
        thread.join(HANGS_AFTER_S)
        if not thread.is_alive():
            return done[0]
        with suppress(OSError):  # somebody to read from, so that the thread ends
            os.close(os.open(root / "pipe", os.O_WRONLY | os.O_NONBLOCK))
        return None

    def _found(self, name: str) -> bytes:
        try:
            return self.read(name)
        except (Refusal, OSError, ValueError):
            return b""


@contextmanager
def corpus(folder: Path) -> Iterator[dict[str, bool]]:
    """A root with all kinds of things in and around it; the names to ask for, and whether they should be read."""
    root = folder / "root"
    for inside in ("sub/deep", "good", "x/y/far", "near", ".ssh", ".ENV.d"):
        (root / inside).mkdir(parents=True)
    (folder / "root-evil").mkdir()
    for path in (
        "good.txt",
        "sub/b.txt",
        "good/a.txt",
        "sub/outside.txt",
        "x/outside.txt",
        "grüße.txt",
        "with space.txt",
    ):
        (root / path).write_bytes(OPEN)
    for path in ("outside.txt", "root-evil/a.txt"):
        (folder / path).write_bytes(OUTSIDE)
    for path in (".env", ".ENV", ".env.local", ".ssh/config", "id_rsa", "sub/.env", "server.pem", ".\u017f\u017fh"):
        (root / path).write_bytes(SECRET)
    links = {
        "in": "good.txt", "out": "../outside.txt", "secret": ".env", "magic": "/proc/self/environ",
        "evil": "../root-evil", "absolute": f"{root}/sub/b.txt", "absolute-out": f"{folder}/outside.txt",
        "chain": "sub/next", "loop": "loop", "sub/next": "../../outside.txt", "chain-in": "sub/back",
        "sub/back": "../in", "up": "..", "self": ".", "climb": "sub/deep/../../../outside.txt",
        "twin": "../root-evil/a.txt", "keys": ".ssh", "null": "/dev/null", "hop": "secret",
        "x/y/far/up": "../../outside.txt", "near/up": "../outside.txt", "dangling": "nowhere",
        "again": "self/self/self/good.txt", "root-fs": "/proc/self/root", "cwd": "/proc/self/cwd", "to-pipe": "pipe",
    }  # fmt: skip
    for name, target in links.items():
        (root / name).symlink_to(target)
    (root / "outside.txt").write_bytes(OPEN)  # where ``near/up`` leads
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as listener, (folder / "outside.txt").open("rb") as held:
        listener.bind(str(root / "socket"))
        yield {name: True for name in _allowed(root)} | {name: False for name in _forbidden(folder, held.fileno())}


def _allowed(root: Path) -> list[str]:
    return [
        "good.txt", "./good.txt", "sub/../good.txt", "sub//b.txt", f"{root}/sub/b.txt", "grüße.txt", "with space.txt",
        "in", "absolute", "chain-in", "again", "x/y/far/up", "near/up", "up/root/good.txt",
    ]  # fmt: skip


def _forbidden(folder: Path, fd: int) -> list[str]:
    return [
        "../outside.txt", "sub/../../outside.txt", "./../outside.txt", "../root-evil/a.txt", "../root/../outside.txt",
        f"{folder}/outside.txt", f"{folder}/root-evil/a.txt", f"{folder}/root/../outside.txt",
        f"//{folder}/outside.txt", "sub/deep/../../../outside.txt", "/etc/passwd", "/proc/self/environ",
        f"/proc/self/root{folder}/outside.txt", f"/proc/self/fd/{fd}", f"/dev/fd/{fd}",
        "/proc/self/cwd/pyproject.toml", "/dev/null", "/dev/zero", "/dev/stdin", "out", "absolute-out", "chain",
        "loop", "climb", "twin", "evil/a.txt", "up/outside.txt", "magic", "null", "dangling", "root-fs/etc/passwd",
        f"root-fs{folder}/outside.txt", "cwd/pyproject.toml", "hop", "secret", "keys/config", ".env", ".ENV", ".Env",
        "sub/../.env", "sub/.env", ".env/", ".env.local", ".ssh/config", ".SSH/config", "id_rsa", "server.pem",
        ".\u017f\u017fh/config", ".\uff45nv", ".e\u200bnv", ".env.", ".env ", ".env::$DATA", "self/.env",
        "up/root/.env", "pipe", "to-pipe", "socket", "sub", ".", "..", "/", "", "good.txt\0", "\0", "good.txt/x",
        "x" * 300, "d/" * 3_000, "\udcff", "..\\outside.txt", "..%2foutside.txt", "\uff0e\uff0e/outside.txt", "~/x",
        "missing.txt", "file:///etc/passwd", "GOOD.TXT/../../outside.txt",
    ]  # fmt: skip


@contextmanager
def swapping(root: Path, swaps: tuple[str, ...]) -> Iterator[None]:
    """Another process lets a name be one thing after the other, as fast as it can."""
    with subprocess.Popen([sys.executable, "-c", SWAP, str(root), *swaps], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline() == b"ready\n"
        try:
            yield
            assert process.poll() is None, "nothing was swapped"
        finally:
            process.kill()


def _pace(read: Read) -> float:
    """Microseconds for a small file that nobody touches."""
    times = []
    for _ in range(1_000):
        began = time.perf_counter()
        read("sub/b.txt")
        times.append(time.perf_counter() - began)
    return sorted(times)[len(times) // 2] * 1e6
