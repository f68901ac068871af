"""How often an answer says that it is unsure, and what is no word of its own."""

import random
import string

import pytest

from gemini_mcp.domain.closed import hedges


@pytest.mark.parametrize(
    "text",
    [
        "It might be 5.",
        "I'm not sure.",
        "I am not entirely certain.",
        "I\u2019m not 100 % sure",
        "I think it is 5.",
        "I believe so",
        "My best guess is 5.",
        "This could be 5.",
        "It may have been removed.",
        "Perhaps 5.",
        "Probably 5.",
        "The most likely answer is 5.",
        "It seems to be 5.",
        "Approximately the answer could be 5.",
        "So 6. Wait, that is wrong.",
        "Wait - no.",
        "Wait no",
        "Hmm.",
        "Let me recheck that.",
        "Let me double-check.",
        "On second thought, 6.",
        "However, if the list is empty, it is 0.",
        "Alternatively, 6.",
        "That is hard to say.",
        "It cannot be determined.",
        "I do not know.",
        "As far as I know, 5.",
        "There is not enough information.",
        "It depends.",
        "None of the options match.",
        "It is unclear",
        "might\n\nbe",
    ],
)
def test_a_hedge_is_counted_once(text: str) -> None:
    assert hedges(text) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The answer is 5.",
        "Call wait() before close.",
        "The server waits for the client.",
        "Wait for the lock, then go on.",
        "Mighty rivers flow in May.",
        "He was certain of it.",
        "`I think` is a string.",
        "```python\n# might be wrong, not sure\nwait()\n```",
        "~~~\nperhaps\n~~~",
        "```\nperhaps, never closed",
        "> I think this is wrong",
        'The text says "I think it might be 5".',
        "The text says \u201cit is probably 5\u201d.",
        "Unlikely as it was, it is so.",
    ],
)
def test_plain_words_code_and_quotes_are_no_hedges(text: str) -> None:
    assert hedges(text) == 0


def test_hedges_add_up() -> None:
    said = "I think it is 5. Wait, maybe 6?\n```\nperhaps\n```\nI'm not sure."
    assert hedges(said) == 4


@pytest.mark.parametrize(
    "piece", ["`", '"', "```\n", "> ", "wait ", "not ", "i ", "may ", "\n", " ", "let me ", "none of the "]
)
def test_a_long_answer_is_read_in_one_pass(piece: str) -> None:
    assert hedges(piece * (130_000 // len(piece))) >= 0


@pytest.mark.parametrize("seed", range(20))
def test_any_text_has_a_count(seed: int) -> None:
    dice = random.Random(seed)
    pieces = ["`", "```", "\n", '"', ">", "might ", "I think ", "wait, "]
    text = "".join(dice.choice([*pieces, dice.choice(string.printable)]) for _ in range(300))
    assert 0 <= hedges(text) <= len(text)
