"""The one answer in a text, however it is put; and texts that give none."""

import random
import string
from typing import get_args

import pytest

from gemini_mcp.domain.closed import Kind, closed_answer, same_answer

KINDS: tuple[Kind, ...] = get_args(Kind)


@pytest.mark.parametrize(
    "text",
    [
        "B",
        "b",
        "B.",
        "(B)",
        "(b)",
        "b)",
        "[B]",
        "**B**",
        "`B`",
        '"B"',
        "B) Paris",
        "**B)** Paris",
        "**(B)** Paris",
        "B. Paris",
        "B: Paris, since it is the capital",
        "B - Paris",
        "Option B",
        "Option (B) is correct.",
        "Answer: B",
        "answer: b",
        "**Answer:** B",
        "**Answer: (B) Paris**",
        "Answer:\nB",
        "The answer is B.",
        "The answer is (B).",
        "The answer is: **B**",
        "The correct answer is B) Paris.",
        "The correct option is B, since it is the capital.",
        "The best answer choice is B.",
        "the answer to this question is B",
        "So, the final answer is \\boxed{B}.",
        "\\boxed{\\text{B}}",
        "\\boxed{\\textbf{(B)}}",
        "A is wrong because it is in Spain. C is in Italy. Therefore, the answer is B.",
        "Let us see.\n\nA) no\nB) yes\nC) no\n\nAnswer: B",
        "At first the answer is A. Wait, no: the answer is B.",
        "Answer: A\n\nOn second thought, that is wrong.\n\nAnswer: B",
        "It is the capital.\n\n**Final Answer**\n\nB",
        "Long reasoning.\n\nB",
        "Long reasoning.\n\n#### B",
        "Reasons first.\n\n**B) Paris**",
        "B) Paris\n\nIt is the capital of France.",
        "I would choose option B here. It is the capital.\nNothing else fits.",
        "B is correct. A was the capital once.\nNot any more.",
        "The answer is B because A and C are wrong.",
        '{"answer": "B"}',
        "Answer\u00a0: B",
    ],
)
def test_an_option_is_found_however_it_is_put(text: str) -> None:
    assert closed_answer("choice", text) == "B"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("A", "A"),
        ("Answer: A", "A"),
        ("The answer is A.", "A"),
        ("The answer is A because it fits.", "A"),
        ("The answer is (I).", "I"),
        ("2", "2"),
        ("(3)", "3"),
        ("The answer is 2.", "2"),
        ("Option 4 is right.", "4"),
        ("J. none", "J"),
    ],
)
def test_articles_and_numbers_can_be_labels(text: str, label: str) -> None:
    assert closed_answer("choice", text) == label


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "\n",
        "I cannot tell.",
        "I think it depends.",
        "B or C",
        "The answer is B or C.",
        "The answer is B and C.",
        "Answer: A, C",
        "Answer: B/D",
        "The answer is not B.",
        "The answer is B. No, the answer is neither.",
        "None of the options fit.",
        "A dog walks by.",
        "The answer is a dog.",
        "Answer: A dog",
        "Answer: I think that none fits",
        "A) wrong\nB) right\nC) wrong",
        "The answer is Paris.",
        "The answer is 3.5 metres.",
        "A is correct.\nB is correct.\nBoth are.",
        "Because of this, everything follows.",
    ],
)
def test_what_chooses_nothing_or_twice_gives_no_option(text: str) -> None:
    assert closed_answer("choice", text) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Yes", "yes"),
        ("yes.", "yes"),
        ("**No**", "no"),
        ("No, it is not.", "no"),
        ("No\n\n91 is 7 times 13.", "no"),
        ("Yes, 97 is prime.", "yes"),
        ("Answer: no", "no"),
        ("The answer is yes.", "yes"),
        ("The answer is **No**, since 91 = 7 * 13.", "no"),
        ("91 is 7 times 13.\n\nAnswer: No", "no"),
        ("91 is 7 times 13. Therefore, no.", "no"),
        ("91 is 7 times 13.\nSo no", "no"),
        ("91 is 7 times 13.\n\nNo.", "no"),
        ("\\boxed{Yes}", "yes"),
        ("#### no", "no"),
        ("Yes. The cache is dropped in `put`. Only tests bypass it.", "yes"),
        ("No. It is kept. But that is documented.", "no"),
        ("No, it never was", "no"),
        ("True", "true"),
        ("FALSE", "false"),
        ("False. Whales are mammals.", "false"),
        ("The statement is false.", "false"),
        ("Whales breathe air, so the claim is therefore false.", "false"),
        ("The answer is true, since whales are mammals.", "true"),
        ("Yes, the statement is true.", "yes"),
        ('{"answer": "yes"}', "yes"),
        ("Yes... no wait. The answer is no.", "no"),
    ],
)
def test_a_verdict_is_found_and_yes_is_kept_apart_from_true(text: str, said: str) -> None:
    assert closed_answer("yes_no", text) == said


@pytest.mark.parametrize(
    "text",
    [
        "",
        "It depends.",
        "Yes and no.",
        "yes or no",
        "The answer is yes or no.",
        "No one knows.",
        "No information is given on this.",
        "Not necessarily.",
        "The claim is not true.",
        "It is true only if the limit is set.",
        "Yes, at first glance. Looking closer, it fails.\n\nTherefore, no.",
        "The document does not say.",
        "Nothing is known about true north.",
        "The answer is not yes.",
        "Yes, in `put`, but not in `put_many`.",
        "Yes, with one exception: negative numbers are not covered.",
        "Yes. With one exception: negative numbers.",
        "Yes. However, negative numbers are not covered.",
        "Mostly. The empty list is covered.",
        "Yes, mostly.",
        "No, only `put` does.",
        "No, except on Windows.",
        "Yes, unless it is empty.",
        "Yes, partly.",
        "Yes, in part.",
        "No, not always.",
        "Yes, depending on the version.",
        "The answer is yes, if the flag is set.",
        "It writes through.\n\nSo, yes, but only in `put`.",
        "The claim is true, except for whales.",
    ],
)
def test_what_is_undecided_gives_no_verdict(text: str) -> None:
    assert closed_answer("yes_no", text) is None


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("18", "18"),
        ("18.0", "18"),
        ("18.", "18"),
        ("18.50", "18.5"),
        ("-3", "-3"),
        ("\u22123", "-3"),
        ("$18", "18"),
        ("$1,234.50", "1234.5"),
        ("\u20ac1,000", "1000"),
        ("18%", "18"),
        ("18 apples", "18"),
        ("18 km/h", "18"),
        ("1/2", "0.5"),
        ("1/3", "1/3"),
        ("2/6", "1/3"),
        ("\u00bd", "0.5"),
        ("3 1/2", "3.5"),
        ("3\u00bd", "3.5"),
        ("\\frac{1}{3}", "1/3"),
        ("$\\dfrac{3}{4}$", "0.75"),
        ("1.5e3", "1500"),
        ("1.5 \u00d7 10^6", "1500000"),
        ("1.5 \\times 10^{6}", "1500000"),
        ("2 million", "2000000"),
        ("$2.5 billion", "2500000000"),
        ("eighteen", "18"),
        ("Twenty-one.", "21"),
        ("exactly 40", "40"),
        ("x = 5", "5"),
        ("**42**", "42"),
        ("The answer is 42.", "42"),
        ("The answer is $42.", "42"),
        ("The final answer is: **42 dollars**", "42"),
        ("Answer: 42", "42"),
        ("Answer: 42 (6 times 7)", "42"),
        ("Answer: 6 * 7 = 42", "42"),
        ("The answer is 50 - 8 = 42.", "42"),
        ("The answer is therefore 42, since 6 * 7 = 42.", "42"),
        ("The result is 1,024 bytes.", "1024"),
        ("\\boxed{42}", "42"),
        ("So \\(x = \\boxed{\\frac{7}{2}}\\).", "3.5"),
        ("So \\[\\boxed{1{,}000 \\text{ cm}}\\]", "1000"),
        ("6 * 7 = 42\n#### 42", "42"),
        ("There are 42 apples.", "42"),
        ("There are **42** apples in 3 baskets.", "42"),
        ("42\n\nThat is 6 times 7.", "42"),
        ("First 6, then 7.\n\nThus 6 * 7 = 42", "42"),
        ("He has 6 rows of 7.\nIn all there are 42 trees.", "42"),
        ("The answer is 40. Wait, I forgot 2. The answer is 42.", "42"),
        ("Answer: twelve", "12"),
        ("The answer is 1.2.", "1.2"),
        ('{"answer": 42}', "42"),
        ("Final answer:\n\n42", "42"),
    ],
)
def test_a_number_is_read_by_its_value(text: str, number: str) -> None:
    assert closed_answer("number", text) == number


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I do not know.",
        "between 10 and 15",
        "10-15",
        "10 \u2013 15",
        "The answer is 10 to 15.",
        "The answer is 10 or 15.",
        "There are 3 baskets with 14 apples.",
        "The answer is 2x + 1.",
        "The answer is 2\\sqrt{3}.",
        "\\boxed{2\\pi}",
        "3,5",
        "1.2.3",
        "5/0",
        "2026-11-21",
        "12:30",
        "sha256",
        "1e999",
        "9" * 100,
        "The answer is not 5.",
        "The answer is 6 * 7.",
        "many",
        "about 40",
        "About 40 MB at peak.",
        "Roughly 38 MB.",
        "~40",
        "The answer is approximately 40.",
        "Approximately **40** files.",
        "There are about **40** files.",
        "about 40\n\nI did not count all of them.",
        "I counted.\n\nThere are around 40.",
    ],
)
def test_what_is_no_single_number_gives_none(text: str) -> None:
    assert closed_answer("number", text) is None


@pytest.mark.parametrize(
    ("text", "short"),
    [
        ("Paris", "paris"),
        ("**Paris**.", "paris"),
        ("The Seine", "seine"),
        ("Answer: Paris", "paris"),
        ("The answer is Paris. It lies on the Seine.", "paris"),
        ("It is Paris.", "paris"),
        ('"Paris"', "paris"),
        ("Reasoning first.\n\nFinal answer: Marie Curie", "marie curie"),
        ("MARIE  CURIE", "marie curie"),
        ("O\u2019Brien", "o'brien"),
        ("21 November 2026", "2026-11-21"),
        ("November 21st, 2026", "2026-11-21"),
        ("Nov. 21, 2026", "2026-11-21"),
        ("2026-11-21", "2026-11-21"),
        ("1999", "1999"),
        ("C++", "c++"),
        ("3.11.2", "3.11.2"),
        ("v3.11.2", "3.11.2"),
        ("Version 3.11.2", "3.11.2"),
        ("v8", "v8"),
        ("a@example.com", "a@example.com"),
        ("not stated", "not stated"),
    ],
)
def test_a_short_answer_is_folded(text: str, short: str) -> None:
    assert closed_answer("short", text) == short


@pytest.mark.parametrize("text", ["", "...", "about 40 MB", "One line.\nAnother line.", "word " * 60])
def test_what_is_not_short_gives_none(text: str) -> None:
    assert closed_answer("short", text) is None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 1, "b": true}', '{"b":true,"a":1.0}'),
        ('{"a": 1}', '```json\n{"a": 1e0}\n```'),
        ("[1, 2.50]", "[1.0,2.5]"),
        ('{"a": {"x": null, "y": "bug"}}', '\n{"a": {"y": "bug ", "x": null}}\n'),
        ("0.1", "1e-1"),
        ('{"a": 1, "b": null}', '{"a": 1}'),
        ('{"a": {"x": null, "y": [{"z": null}]}}', '{"a": {"y": [{}]}}'),
        ("-0", "0"),
    ],
)
def test_records_are_equal_by_what_they_hold(one: str, other: str) -> None:
    first, second = closed_answer("record", one), closed_answer("record", other)
    assert first is not None and second is not None and same_answer(first, second)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a": 1}', '{"a": 2}'),
        ('{"a": 1}', '{"a": "1"}'),
        ('{"a": 1}', '{"a": true}'),
        ('{"a": 1, "b": null}', '{"a": 1, "b": 0}'),
        ("[1, null]", "[1]"),
        ("[1, 2]", "[2, 1]"),
        ('{"a": "bug"}', '{"a": "feature"}'),
        ("1e400", "1e401"),
    ],
)
def test_records_that_differ_are_not_the_same(one: str, other: str) -> None:
    first, second = closed_answer("record", one), closed_answer("record", other)
    assert first is not None and second is not None and not same_answer(first, second)


@pytest.mark.parametrize("text", ["", "no JSON", "{", '{"a": NaN}', "[Infinity]", "[" * 100_000, '{"a": 1} and more'])
def test_what_is_no_json_gives_no_record(text: str) -> None:
    assert closed_answer("record", text) is None


@pytest.mark.parametrize("seed", range(60))
def test_any_text_gives_an_answer_that_is_the_same_as_itself_or_none(seed: int) -> None:
    dice = random.Random(seed)
    pieces = ["Answer: ", "the answer is ", "\\boxed{", "}", "####", "(B)", "B", " or ", "no", "yes", "12", ",", ".5",
              "/", "=", "\n", "**", "\\frac{1}{2}", "million", "{", '"a":', "[", "]"]  # fmt: skip
    text = "".join(dice.choice([*pieces, dice.choice(string.printable)]) for _ in range(dice.randrange(200)))
    for kind in KINDS:
        found = closed_answer(kind, text)
        assert found is None or (found.strip() and same_answer(found, found))


@pytest.mark.parametrize(
    "piece",
    [
        "1", "1 ", "1,", "1,111,", "1 1/1 ", "-", "$", "\\frac{", "{,", "\\boxed{", "Answer: ", "the answer is ",
        "#### ", "B) ", "B is correct ", "A or ", "\n", " ", "**", "*", '"', "(", "[", "{", "=", ". ", "yes ", "so no ",
        "final ", "answer", "\\text{", "the ", "'", "\u00bd", "#", "final answer\n",
    ],
)  # fmt: skip
def test_an_answer_of_130_000_characters_is_read_in_one_pass(piece: str) -> None:
    """Quadratic work on as much would take minutes."""
    text = piece * (130_000 // len(piece))
    for kind in KINDS:
        closed_answer(kind, text)
        closed_answer(kind, text + "\nthe end")
    same_answer(text, text + "x")
