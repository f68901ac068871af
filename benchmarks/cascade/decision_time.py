"""``python benchmarks/cascade/decision_time.py``: how long the cascade takes to decide, without I/O.

A decision is all three: whether to begin above, whether to ask for a second opinion, and what to do with the answer,
from the words of the task and the signals of its answer on. The state has learned from made-up outcomes.
"""

import random
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).resolve().parents[2] / "src")]

from benchmarks.figures import Effort, Figure
from gemini_mcp.domain.calibration import Calibration, Evidence, Outcome
from gemini_mcp.domain.policy import Prices, State, decide, starts_above, worth_asking
from gemini_mcp.domain.signals import Signals, seen, traits

OUTCOMES, FAMILIES, DECISIONS = 5_000, 50, 4_000
_WORDS = ("find", "not", "Statement", "x = 2 + 3", "the", "river", "if", "1912", "prove", "a", "summary", "of")


def measure_decisions(effort: Effort) -> list[Figure]:
    """Against deciding by the default alone."""
    dice, rounds = random.Random(1), effort.of(DECISIONS, 400)
    learned, default = _state(dice), State(Calibration(), Prices(answer=0.22, second=0.22))
    for state in (learned, default):
        _decided(state, "family 0", "warm up", Signals(formed=True))
    both = [(_timed(learned, dice), _timed(default, dice)) for _ in range(rounds)]
    told, usual = (sorted(times) for times in zip(*both, strict=True))
    p50, plain = _quantile(told, 0.5), _quantile(usual, 0.5)
    what = f"one decision after {OUTCOMES:,} outcomes of {FAMILIES} families, p50, ms (p99)"
    measured, baseline = f"{p50:.3f} ({_quantile(told, 0.99):.3f})", f"nothing learned {plain:.3f}"
    return [Figure("31", what, measured, baseline, f"{p50 / plain:.1f}", "under 1 ms", p50 < 1.0)]


def main() -> int:
    dice = random.Random(1)
    began = time.perf_counter()
    state = _state(dice)
    _decided(state, "family 0", "warm up", Signals(formed=True))
    print(f"learned from {OUTCOMES:,} outcomes of {FAMILIES} families in {time.perf_counter() - began:.2f} s")
    durations = sorted(_timed(state, dice) for _ in range(DECISIONS))
    p50, p99 = _quantile(durations, 0.5), _quantile(durations, 0.99)
    print(f"{DECISIONS:,} decisions: p50 {p50:.3f} ms, p99 {p99:.3f} ms, worst {durations[-1]:.3f} ms")
    return 0


def _state(dice: random.Random) -> State:
    evidence = Evidence.of(_outcome(dice) for _ in range(OUTCOMES))
    return State(Calibration(evidence), Prices(answer=0.22, second=0.22))


def _outcome(dice: random.Random) -> Outcome:
    family, text, signals = _drawn(dice)
    agrees = dice.random() < 0.7
    gain = 1.0 if dice.random() < (0.05 if agrees else 0.3) else -1.0 if dice.random() < 0.05 else 0.0
    return Outcome(family, traits(family, text), seen(signals), gain, agrees)


def _drawn(dice: random.Random) -> tuple[str, str, Signals]:
    text = " ".join(dice.choices(_WORDS, k=dice.randint(5, 400)))
    signals = Signals(formed=dice.random() < 0.95, characters=int(dice.lognormvariate(6, 1)), hedges=dice.randint(0, 4))
    return f"family {dice.randrange(FAMILIES)}", text, signals


def _timed(state: State, dice: random.Random) -> float:
    """In milliseconds."""
    drawn = _drawn(dice)
    began = time.perf_counter()
    _decided(state, *drawn)
    return 1_000 * (time.perf_counter() - began)


def _decided(state: State, family: str, text: str, signals: Signals) -> None:
    task = traits(family, text)
    starts_above(task, family, state)
    if worth_asking(task, family, signals, state):
        signals = replace(signals, agrees=len(text) % 2 == 0)
    decide(task, family, signals, state)


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[round(share * (len(ordered) - 1))]


if __name__ == "__main__":
    sys.exit(main())
