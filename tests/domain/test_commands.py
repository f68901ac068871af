import pytest

from gemini_mcp.domain.commands import BadCommand, Command

LOOK = """---
title: Look
description: See an image
image: A path
question?: What to find out
---
Look at {image}.
The question: {question}

Say what you see.
"""


def test_a_command_is_described_by_its_head() -> None:
    command = Command.parse("look", LOOK)
    assert (command.name, command.title, command.description) == ("look", "Look", "See an image")
    assert [(a.name, a.description, a.required) for a in command.arguments] == [
        ("image", "A path", True), ("question", "What to find out", False),
    ]  # fmt: skip


def test_arguments_take_their_places() -> None:
    text = Command.parse("look", LOOK).text({"image": " a.png ", "question": "How many?"})
    assert text == "Look at a.png.\nThe question: How many?\n\nSay what you see."


@pytest.mark.parametrize("given", [{"image": "a.png"}, {"image": "a.png", "question": "  "}])
def test_a_line_without_its_argument_is_left_out(given: dict[str, str]) -> None:
    assert Command.parse("look", LOOK).text(given) == "Look at a.png.\n\nSay what you see."


def test_an_argument_that_looks_like_a_place_is_not_one() -> None:
    assert "Look at {question}." in Command.parse("look", LOOK).text({"image": "{question}", "question": "x"})


def test_what_is_required_and_missing_is_named() -> None:
    command = Command.parse("look", LOOK)
    assert command.missing({"question": "x"}) == ["image"] and command.missing({"image": "a"}) == []


def test_windows_line_ends_are_read() -> None:
    assert Command.parse("look", LOOK.replace("\n", "\r\n")) == Command.parse("look", LOOK)


@pytest.mark.parametrize(
    ("text", "why"), [("no head", "head"), ("---\ntitle: x\n---\nA {place}", r"\{place\}"), ("", "head")]
)
def test_a_file_that_is_no_command_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(BadCommand, match=why):
        Command.parse("x", text)
