"""Figure 22: a document of 200,000 tokens that is asked 20 questions, by the ledger, against 20 plain calls."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from sqlite3 import Row
from typing import Any

from benchmarks import ledger
from benchmarks.figures import Effort, Figure
from benchmarks.processes import get_json, product, stand_in, temporary_home
from benchmarks.raw import RawServer
from benchmarks.summaries import WORDS

QUESTIONS = 20
WORDS_EACH = 173_000
"""About 200,000 tokens, as the stand-in counts full stops too."""

MOST = 0.25
USD = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a server's ledger holds after its questions, and what the stand-in billed. Money in nano-USD. ``left``:
    caches that the server made and had not deleted when it stopped."""

    rows: list[Row]
    billed_nano: int
    left: int

    @property
    def cost_nano(self) -> int:
        return sum(row["cost_nano"] for row in self.rows)

    @property
    def saved_nano(self) -> int:
        return sum(row["context_nano"] for row in self.rows)

    @property
    def answers(self) -> list[Row]:
        """The attempts that were questions, and not the making or extending of a cache."""
        return [row for row in self.rows if row["context_nano"] >= 0]

    @property
    def hit_rate(self) -> float:
        """The share of the questions' input tokens that was paid at the cached price."""
        cached, sent = (sum(int(row[name]) for row in self.answers) for name in ("cached_tokens", "input_tokens"))
        return cached / sent


def measure_contexts(effort: Effort) -> list[Figure]:
    """Figure 22. It takes a minute: there is no quicker way."""
    kept = _asked([_document(0)] * QUESTIONS)
    plain = _asked([_document(number) for number in range(1, QUESTIONS + 1)])
    if len(plain.answers) != len(plain.rows) or plain.hit_rate:
        raise RuntimeError("a plain call met a cache")
    return [_figure(kept, plain)]


def _asked(documents: Sequence[str]) -> Asked:
    """A new server and a new stand-in; one question after the other, each about its document."""
    with temporary_home() as home:
        rules = home.parent / "faults.json"
        rules.write_text(json.dumps([]))
        with stand_in(rules) as url:
            with RawServer(product(url, home)) as server:
                server.shake_hands()
                for number, text in enumerate(documents):
                    _ask(server, home.parent, number, text)
                server.stop()
            billed = int(get_json(f"{url}/__bill")["nano_usd"])
            left = _caches_left(get_json(f"{url}/__log")["requests"])
        return Asked(ledger.attempts(home), billed, left)


def _caches_left(requests: list[dict[str, Any]]) -> int:
    done = [each["method"] for each in requests if "cachedContents" in each["path"] and each["status"] == 200]
    return done.count("POST") - done.count("DELETE")


def _ask(server: RawServer, folder: Path, number: int, text: str) -> None:
    folder.joinpath("document.md").write_text(text)
    result = server.call(f"Question {number}: what is {number} + 40?", files=["document.md"])
    if result.get("isError"):
        raise RuntimeError(str(result["content"])[:500])


def _document(number: int) -> str:
    """The same length under every number, and another beginning."""
    random = Random(1)
    lines = (" ".join(random.choices(WORDS, k=13)).capitalize() + "." for _ in range(WORDS_EACH // 13))
    return f"# Document {number:02d}\n\n" + "\n".join(lines) + "\n"


def _figure(kept: Asked, plain: Asked) -> Figure:
    ratio = kept.cost_nano / plain.cost_nano
    tokens = plain.answers[0]["input_tokens"]
    covered = kept.cost_nano >= kept.billed_nano and plain.cost_nano >= plain.billed_nano
    note = (
        f"{plain.answers[0]['model']}, {tokens:,} input tokens a question, one after the other, by the ledger of a"
        f" server over stdio. Plain calls: as many documents of the same length that begin differently, each asked"
        f" once, since the stand-in's implicit cache would otherwise help them too (0 cached tokens). Of the input of"
        f" the {len(kept.answers)} questions {kept.hit_rate:.0%} came from the explicit cache;"
        f" {len(kept.rows) - len(kept.answers)} more attempt(s) made and kept it. saved_usd.context_cache would say"
        f" {kept.saved_nano / USD:.4f}. The bill: {kept.billed_nano / USD:.4f} and {plain.billed_nano / USD:.4f} USD,"
        f" {'never' if covered else 'NOT always'} above the ledger; {kept.left} caches left when the server had stopped"
    )
    return Figure(
        "22",
        f"a document of {tokens // 1000}k tokens asked {QUESTIONS} questions, USD",
        f"{kept.cost_nano / USD:.4f}",
        f"{QUESTIONS} plain calls {plain.cost_nano / USD:.4f}",
        f"{ratio:.3f}",
        f"at most {MOST}",
        ratio <= MOST and covered and not kept.left,
        note,
    )
