"""The estimate that money is reserved on: within reason, and not below what a tokenizer is known to count."""

import base64
import json
import random
import subprocess
import sys

import pytest

from gemini_mcp.domain.tokens import MARGIN, estimate_tokens, safe_tokens

CODE = '''def settle(self, attempt: Attempt) -> None:
    """Write what the attempt used."""
    usage = attempt.usage or TokenUsage()
    if attempt.verdict is None and usage.input_tokens > 0:
        self._database.post(lambda connection: connection.execute(_SETTLE, values))
'''
LOG = "2026-11-21T10:32:07.123Z ERROR [worker-17] db.pool: timeout after 30000ms (conn=0x7f3a9c, retry=3/5)\n"
DATA = json.dumps([{"id": n, "name": f"user{n}", "score": n * 1.37, "tags": ["a", "b"]} for n in range(20)], indent=2)
NOISE = base64.b64encode(random.Random(7).randbytes(3_000)).decode()
CJK = "東京都は日本の首都であり、世界最大級の都市圏を形成している。"
HANGUL = "서울특별시는 대한민국의 수도이자 최대 도시이다."
CYRILLIC = "Быстрая коричневая лиса перепрыгивает через ленивую собаку."


@pytest.mark.parametrize(
    ("text", "least"),
    [
        pytest.param("The quick brown fox jumps over the lazy dog.", 10, id="prose: a token a word"),
        pytest.param(CODE, len(CODE) / 4.5, id="code"),
        pytest.param(DATA, len(DATA) / 4, id="JSON"),
        pytest.param(LOG, sum(c.isdigit() for c in LOG) + 10, id="logs: a token a digit"),
        pytest.param("3141592653589793" * 50, 16 * 50, id="digits: a token each"),
        pytest.param(CJK, len(CJK) * 0.6, id="CJK"),
        pytest.param(HANGUL, len(HANGUL) * 0.5, id="Hangul"),
        pytest.param(CYRILLIC, len(CYRILLIC) / 4, id="Cyrillic"),
        pytest.param(NOISE, len(NOISE) / 2, id="base64: at most two characters a token"),
        pytest.param("😀🎉🚀" * 20, 60, id="emoji: a token each"),
        pytest.param("{}[]();,.!=<>" * 30, 13 * 30 / 2, id="punctuation"),
    ],
)
def test_a_safe_size_is_not_below_what_a_tokenizer_makes_of_it(text: str, least: float) -> None:
    assert safe_tokens(text) >= least


@pytest.mark.parametrize("text", [" " * 1_000, "\n" * 10_000, "\x00" * 1_000, "\t \r" * 999, "é" * 999, "\ud800" * 99])
def test_no_text_is_taken_for_smaller_than_a_quarter_of_its_bytes(text: str) -> None:
    assert safe_tokens(text) >= len(text.encode("utf-8", "replace")) // 4


@pytest.mark.parametrize("text", [CODE, DATA, LOG, NOISE, CJK])
def test_the_margin_is_added_to_the_estimate(text: str) -> None:
    assert safe_tokens(text) >= estimate_tokens(text) * MARGIN


@pytest.mark.parametrize("text", [CODE, DATA, LOG, CYRILLIC, CJK])
def test_the_estimate_stays_in_proportion(text: str) -> None:
    assert estimate_tokens(text) <= len(text)


def test_the_frame_of_a_request_counts_even_when_it_is_empty() -> None:
    assert safe_tokens() == safe_tokens("", "") > 0


def test_several_texts_count_at_least_as_their_parts() -> None:
    parts = [CODE, DATA, LOG]
    assert safe_tokens(*parts) >= sum(int(estimate_tokens(part) * MARGIN) for part in parts)


def test_a_long_text_is_sampled_within_a_tenth_of_a_full_count() -> None:
    text = (CODE + LOG + DATA) * 600
    assert len(text) > 1_000_000
    full = estimate_tokens(CODE + LOG + DATA) * 600
    assert abs(estimate_tokens(text) - full) < full / 10


def test_a_long_text_whose_samples_are_blank_still_counts_by_its_bytes() -> None:
    size = 2_000_000
    step, sample = size // 10, 5_000
    text = "".join("\n" * sample + "x" * (step - sample) for _ in range(10))
    assert safe_tokens(text) >= size // 4


@pytest.mark.parametrize("text", ["' ' * 200_000", "'\\t' * 200_000 + 'x'", "('a' + ' ' * 99_000 + '\\n') * 2"])
def test_a_long_run_of_blanks_does_not_hold_up_the_process(text: str) -> None:
    """In a process of its own, since nothing can interrupt a regular expression at work."""
    code = f"from gemini_mcp.domain.tokens import safe_tokens; assert safe_tokens({text})"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=5)
