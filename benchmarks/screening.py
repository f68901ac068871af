"""What the secrets screen finds, what it takes for a secret, and how fast.

The baseline is kingfisher-secret-scanner with its own rules, on the same texts; the union is what a server uses where
it is installed. The fake secrets were made by the author of the built-in rules: of secrets of other forms, both find
less. Texts are files as they are; a false alarm is a finding in one that holds no secret.
"""

import argparse
import subprocess
import sysconfig
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figures import Effort, Figure
from benchmarks.report import shown
from gemini_mcp.sources.secrets import Kingfisher, found_secrets
from tests.sources.canaries import Canary, benign, canaries

ROOT = Path(__file__).resolve().parents[1]
MB = 1_000_000
SEED = 1
LEAST_RECALL = 0.99
MOST_ALARMS = 1

Spans = list[tuple[int, int]]
Scan = Callable[[str], Spans]


@dataclass(frozen=True, slots=True)
class Score:
    """Of one scanner: canaries found, canaries wholly covered by what was found, alarms, megabytes a second."""

    found: int
    removed: int
    alarms: int
    speed: float


def measure_secrets(effort: Effort) -> list[Figure]:
    """Recall, false alarms and speed, ours beside kingfisher's, and of both together."""
    made = list(canaries(SEED, each=effort.of(6, 3)))
    texts = [*benign(SEED), *(path.read_text("utf-8", errors="replace") for path in _files(effort.of(200, 20)))]
    scores = {name: _score(scan, made, texts) for name, scan in _scanners().items()}
    ours, baseline = scores["ours"], scores.get("kingfisher")
    size = sum(map(len, texts)) / MB
    note = f"{len(made)} fake secrets of {len({c.kind for c in made})} kinds in {len({c.place for c in made})} places"
    return [
        _share("made-up secrets found", scores, len(made), lambda score: score.found, note),
        _share("of them wholly redacted", scores, len(made), lambda score: score.removed, note),
        Figure(
            "12",
            "false alarms",
            str(ours.alarms),
            _others(scores, lambda score: str(score.alarms)),
            "-",
            f"at most {MOST_ALARMS}",
            ours.alarms <= MOST_ALARMS,
            f"{len(texts):,} texts, {size:.0f} MB: lines that look like secrets, this repository as tracked, and the"
            " largest modules of the standard library",
        ),
        Figure(
            "12",
            "read, MB a second of CPU",
            f"{ours.speed:.1f}",
            _others(scores, lambda score: f"{score.speed:.1f}"),
            f"{ours.speed / baseline.speed:.2f}" if baseline else "-",
            "at least 4",
            ours.speed >= 4,
            "on the same texts, one thread; rules loaded before",
        ),
    ]


def _share(what: str, scores: dict[str, Score], total: int, count: Callable[[Score], int], note: str) -> Figure:
    def share(score: Score) -> str:
        return f"{count(score) / total:.3f}"

    ours = count(scores["ours"]) / total
    met = ours >= LEAST_RECALL
    return Figure("12", what, f"{ours:.3f}", _others(scores, share), "-", f"at least {LEAST_RECALL}", met, note)


def _others(scores: dict[str, Score], say: Callable[[Score], str]) -> str:
    return ", ".join(f"{name} {say(score)}" for name, score in scores.items() if name != "ours") or "-"


def _scanners() -> dict[str, Scan]:
    if not Kingfisher.installed():
        return {"ours": _ours}
    second = Kingfisher()
    second.spans("loads its rules")

    def theirs(text: str) -> Spans:
        return [(span.start, span.end) for span in second.spans(text)]

    return {"ours": _ours, "kingfisher": theirs, "union": lambda text: [*_ours(text), *theirs(text)]}


def _ours(text: str) -> Spans:
    return [(hit.start, hit.end) for hit in found_secrets(text)]


def _score(scan: Scan, made: Sequence[Canary], texts: Sequence[str]) -> Score:
    results = [(canary, scan(canary.text)) for canary in made]
    found = sum(any(_meets(canary, span) for span in spans) for canary, spans in results)
    removed = sum(not _left(canary, spans) for canary, spans in results)
    began = time.process_time()
    alarms = sum(len(scan(text)) for text in texts)
    return Score(found, removed, alarms, sum(map(len, texts)) / MB / (time.process_time() - began))


def _meets(canary: Canary, span: tuple[int, int]) -> bool:
    return any(start < span[1] and span[0] < end for start, end in _places(canary))


def _left(canary: Canary, spans: Spans) -> bool:
    """Whether a character of the secret stands outside of every span."""
    return any(not any(a <= at < b for a, b in spans) for start, end in _places(canary) for at in range(start, end))


def _places(canary: Canary) -> Iterator[tuple[int, int]]:
    for piece in canary.pieces:
        start = canary.text.index(piece)
        yield start, start + len(piece)


def _files(most: int) -> Iterable[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    yield from (path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())
    library = Path(sysconfig.get_paths()["stdlib"])
    modules = [path for path in library.rglob("*.py") if "site-packages" not in path.parts]
    yield from sorted(modules, key=lambda path: (-path.stat().st_size, path))[:most]


def main() -> int:
    """Prints the figures; the exit code is 0 whether or not targets were met."""
    parser = argparse.ArgumentParser(description="Measure the secrets screen.")
    parser.add_argument("--quick", action="store_true", help="fewer texts: a look, not a measurement")
    for figure in measure_secrets(Effort(parser.parse_args().quick)):
        print(shown(figure), flush=True)
    return 0
