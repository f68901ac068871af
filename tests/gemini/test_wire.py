"""Response bodies as our answers, and strange ones as our errors."""

import json
from typing import Any

import pytest

from gemini_mcp.domain.errors import Blocked, UpstreamError, UpstreamMisbehaved
from gemini_mcp.domain.messages import ModelAnswer, WebSource
from gemini_mcp.domain.usage import TokenUsage
from gemini_mcp.gemini.wire import read_answer, read_usage

WHOLE: dict[str, Any] = {
    "candidates": [
        {
            "content": {
                "parts": [
                    {"text": "thinking aloud", "thought": True},
                    {"text": "Hello, "},
                    {"inlineData": {}},
                    {"text": "you."},
                ]
            },
            "finishReason": "STOP",
            "groundingMetadata": {
                "webSearchQueries": ["a", "b", "a"],
                "groundingChunks": [
                    {"web": {"uri": "https://example.com/1", "title": "One"}},
                    {"web": {"uri": "https://example.com/2"}},
                    {"web": {"title": "no address"}},
                    {"retrievedContext": {}},
                ],
            },
        }
    ],
    "usageMetadata": {
        "promptTokenCount": 100,
        "cachedContentTokenCount": 20,
        "candidatesTokenCount": 30,
        "thoughtsTokenCount": 40,
        "toolUsePromptTokenCount": 50,
        "totalTokenCount": 220,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 93}, {"modality": "AUDIO", "tokenCount": 7}],
    },
    "modelVersion": "gemini-3.8-flash",
}


def read(body: Any, headers: dict[str, str] | None = None, *, trust: bool = True) -> ModelAnswer:
    text = body if isinstance(body, str) else json.dumps(body)
    return read_answer(text, headers or {}, "asked", trust_simulated=trust)


def test_a_whole_answer_is_read() -> None:
    answer = read(WHOLE, {"x-gemini-service-tier": "FLEX"})
    assert answer.text == "Hello, you."
    assert answer.usage == TokenUsage(100, 20, 30, 40, 50, 7, 2)
    assert (answer.finish_reason, answer.finish_detail) == ("stop", "STOP")
    assert (answer.model_served, answer.service_tier) == ("gemini-3.8-flash", "flex")
    assert answer.web_sources == (
        WebSource("One", "https://example.com/1"),
        WebSource("https://example.com/2", "https://example.com/2"),
    )


def test_what_is_not_said_is_what_was_asked_for() -> None:
    answer = read({"candidates": [{"content": {"parts": [{"text": "x"}]}}]})
    assert (answer.model_served, answer.service_tier, answer.finish_reason) == ("asked", "standard", "stop")
    assert answer.usage is None and answer.simulated is None


def test_a_models_prefix_is_taken_off() -> None:
    assert read(WHOLE | {"modelVersion": "models/gemini-4-argon"}).model_served == "gemini-4-argon"


@pytest.mark.parametrize(
    ("said", "usage"),
    [
        (None, None),
        ({}, None),
        ({"candidatesTokenCount": 5}, None),
        ({"promptTokenCount": 5}, TokenUsage(input_tokens=5)),
        ({"promptTokenCount": 5, "candidatesTokenCount": None}, TokenUsage(input_tokens=5)),
        ([], None),
        ("many", None),
    ],
)
def test_usage_is_unknown_unless_the_prompt_was_counted(said: Any, usage: TokenUsage | None) -> None:
    assert read_usage({"usageMetadata": said}) == usage


@pytest.mark.parametrize(
    ("header", "trust", "simulated"),
    [
        ("prices=zero", True, "zero"),
        ("prices=list", True, "list"),
        ("", True, "zero"),
        ("prices=zero", False, None),
        ("prices=list", False, None),
    ],
)
def test_the_stand_ins_label_counts_only_where_it_is_trusted(header: str, trust: bool, simulated: str | None) -> None:
    assert read(WHOLE, {"X-Gemini-Agents-Simulated": header}, trust=trust).simulated == simulated


@pytest.mark.parametrize(
    ("said", "confidence"),
    [
        ("-0.25", -0.25),
        ("-3", -3.0),
        ("0", 0.0),
        ("0.0", 0.0),
        ("-1e-9", -1e-9),
        ("0.5", None),
        ("1e-9", None),
        ("NaN", None),
        ("-Infinity", None),
        ("Infinity", None),
        ("-1e999", None),
        ("-1" + 400 * "0", None),
        ("-1e7", None),
        ("null", None),
        ("true", None),
        ("false", None),
        ('"-0.25"', None),
        ("[-0.25]", None),
        ("{}", None),
    ],
)
def test_a_mean_log_probability_is_read_where_it_can_be_one(said: str, confidence: float | None) -> None:
    answer = read('{"candidates": [{"content": {"parts": [{"text": "x"}]}, "avgLogprobs": ' + said + "}]}")
    assert answer.text == "x" and answer.confidence == confidence


def test_a_model_that_tells_no_log_probability_has_no_confidence() -> None:
    assert read(WHOLE).confidence is None


def test_a_blocked_prompt_is_an_error_with_its_usage() -> None:
    with pytest.raises(Blocked) as caught:
        read({"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 9}})
    assert caught.value.usage == TokenUsage(input_tokens=9) and "SAFETY" in caught.value.message


@pytest.mark.parametrize("body", [{}, {"candidates": []}, {"candidates": None}, {"promptFeedback": {}}])
def test_an_answer_without_a_candidate_is_an_error_that_no_retry_mends(body: Any) -> None:
    with pytest.raises(UpstreamMisbehaved) as caught:
        read(body)
    assert caught.value.usage is None and not caught.value.retryable


@pytest.mark.parametrize("body", ["", "null", "5", '"text"', "[]", "{", "<html>", "[" * 100_000])
def test_what_is_no_object_is_an_error_of_unknown_usage(body: str) -> None:
    with pytest.raises(UpstreamError) as caught:
        read(body)
    assert caught.value.usage is None


@pytest.mark.parametrize(
    "body",
    [
        {"candidates": "x"},
        {"candidates": [None]},
        {"candidates": ["x"]},
        {"candidates": {"0": {}}},
        {"candidates": [{"content": "x"}]},
        {"candidates": [{"content": {"parts": "x"}}]},
        {"candidates": [{"content": {"parts": [None]}}]},
        {"candidates": [{"content": {"parts": [{"text": 5}]}}]},
        {"candidates": [{"groundingMetadata": "x"}]},
        {"candidates": [{"groundingMetadata": {"groundingChunks": [None]}}]},
        {
            "candidates": [{"groundingMetadata": {"webSearchQueries": [["x"]]}}],
            "usageMetadata": {"promptTokenCount": 1},
        },
        {"candidates": [{}], "usageMetadata": {"promptTokenCount": "5"}},
        {"candidates": [{}], "usageMetadata": {"promptTokenCount": 5, "promptTokensDetails": [None]}},
        {"promptFeedback": "x"},
    ],
)
def test_an_answer_of_a_strange_shape_is_read_or_is_our_error(body: Any) -> None:
    """A proxy in between can say anything; no other exception may come of it, nor a count that is no number."""
    try:
        answer = read(body)
    except UpstreamError:
        return
    assert isinstance(answer.text, str)
    assert answer.usage is None or isinstance(answer.usage.input_tokens, int)
