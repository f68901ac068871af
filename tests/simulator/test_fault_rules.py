"""Rules: how they are read, and which one applies."""

import json
from pathlib import Path
from typing import Any

import pytest

from gemini_mcp.simulator import faults
from gemini_mcp.simulator.faults import Faults, checked_rules, read_rules


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ({"do": "explode"}, "unknown do 'explode'. Use one of 400,"),
        ({}, "unknown do ''"),
        ("503", "is not an object"),
        ({"do": "503", "match": "("}, "match '(' is no pattern"),
        ({"do": "503", "times": "2"}, "times is '2'. Make it a whole number"),
        ({"do": "503", "times": True}, "times is True"),
        ({"do": "503", "times": -1}, "times is -1"),
        ({"do": "503", "probability": 1.5}, "from 0 to 1"),
        ({"do": "503", "model": 7}, "model is 7. Make it a string"),
        ({"do": "503", "txt": "a"}, "503 has no field 'txt'. Use only"),
        ({"do": "answer"}, "answer lacks text"),
        ({"do": "answer", "text": 5}, "text is 5"),
        ({"do": "delay"}, "delay lacks seconds"),
        ({"do": "delay", "seconds": -1}, "seconds is -1"),
        ({"do": "429", "retry_delay_s": "53"}, "retry_delay_s is '53'"),
        ({"do": "503", "path": "/v1/*", "model": "x"}, "path stands alone"),
        ({"do": "answer", "text": "x", "path": "/v1/*"}, "answer needs a prompt"),
        ({"do": "drip", "bytes": 0}, "cannot be 0"),
        ({"do": "redirect"}, "redirect lacks location"),
    ],
)
def test_a_bad_rule_is_named_with_its_index_and_its_mending(rule: Any, words: str) -> None:
    with pytest.raises(ValueError, match=r"^rule 1") as caught:
        checked_rules([{"do": "503"}, rule])
    assert words in str(caught.value)


def test_a_status_may_be_a_number() -> None:
    assert checked_rules([{"do": 503}])[0].do == "503"


def test_every_action_is_documented() -> None:
    documented = faults.__doc__ or ""
    for action in faults._FIELDS:
        assert action in documented


@pytest.mark.parametrize(("content", "words"), [("{", "is not JSON"), ("{}", "no JSON list"), (None, "cannot be read")])
def test_a_bad_file_is_said_to_be_so(tmp_path: Path, content: str | None, words: str) -> None:
    file = tmp_path / "faults.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ValueError, match=words):
        read_rules(file)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    file = tmp_path / "faults.json"
    file.write_text(json.dumps([{"do": "503", "times": 1}]))
    assert checked_rules(read_rules(file))[0].times == 1


def indices(rules: list[dict[str, Any]], *prompts: tuple[str, str]) -> list[int | None]:
    told = Faults(rules)
    found = [told.for_prompt(model, text) for model, text in prompts]
    return [rule.index if rule else None for rule in found]


def test_the_first_rule_that_fits_applies_until_it_is_spent() -> None:
    rules = [{"do": "503", "times": 2}, {"do": "500", "times": 1}]
    assert indices(rules, *[("m", "")] * 4) == [0, 0, 1, None]


def test_a_rule_fits_by_model_name_or_glob_and_by_text() -> None:
    rules = [
        {"do": "503", "model": "gemini-4-argon"},
        {"do": "503", "model": "gemini-*-pro*", "match": "(?i)boat"},
        {"do": "503", "match": "^rain"},
    ]
    prompts = [("gemini-4-argon", ""), ("gemini-3.1-pro-preview", "a Boat"), ("gemini-3.1-pro-preview", "a car")]
    assert indices(rules, *prompts, ("gemini-3.8-flash", "rain"), ("x", "no rain")) == [0, 1, None, 2, None]


def test_a_rule_that_does_not_fit_is_not_spent() -> None:
    assert indices([{"do": "503", "match": "a", "times": 1}], ("m", "b"), ("m", "a")) == [None, 0]


def test_chance_is_seeded_and_begins_again_when_cleared() -> None:
    told = Faults([{"do": "503", "probability": 0.5, "seed": 7}])

    def draws() -> list[bool]:
        return [told.for_prompt("m", "") is not None for _ in range(200)]

    first = draws()
    assert 60 < sum(first) < 140
    told.clear()
    assert draws() == first
    assert [rule is None for rule in [Faults([{"do": "503", "probability": 0}]).for_prompt("m", "")]] == [True]


def test_a_path_rule_fits_paths_and_no_prompts() -> None:
    told = Faults([{"do": "503", "path": "/upload/*"}])
    assert told.for_path("/upload/v1/files") is not None
    assert told.for_path("/v1/files") is None
    assert told.for_prompt("m", "/upload/v1/files") is None
