"""Which tasks are closed questions, and which look like one and are open."""

import random
import string
from typing import Any

import pytest

from gemini_mcp.domain.closed import closed_kind
from gemini_mcp.domain.task import Expect, Task

OPTIONS = "\n(A) iron\n(B) copper\n(C) zinc\n(D) lead"


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("Which metal is liquid?\nA) iron\nB) mercury\nC) zinc", id="parentheses"),
        pytest.param("Which metal is liquid?\nA. iron\nB. mercury\nC. zinc\nAnswer:", id="full stops"),
        pytest.param("What melts first?" + OPTIONS, id="in parentheses"),
        pytest.param("The metal that conducts best is" + OPTIONS, id="a sentence to complete"),
        pytest.param("Which one of the following statements is true?" + OPTIONS, id="of statements"),
        pytest.param("Choose the right option.\n1. iron\n2. copper\n3. zinc", id="numbered"),
        pytest.param("Pick one:\na) iron\nb) copper", id="small letters"),
        pytest.param("Which is heavier? (A) iron (B) lead (C) cork", id="on one line"),
        pytest.param(
            "Which is heavier?" + OPTIONS + "\nThink step by step, then answer with the letter.", id="reasoned"
        ),
        pytest.param("Select the best answer.\n- A) iron\n- B) copper\n- C) zinc", id="as a list"),
        pytest.param(
            "Which of these should run first?\nA. Add the index\nB. Drop the table", id="things to do, to choose"
        ),
        pytest.param("**Which?**\n**A)** iron\n**B)** copper", id="bold"),
        pytest.param("Which?\r\nA) iron\r\nB) copper\r\n", id="other line ends"),
    ],
)
def test_labelled_options_make_a_choice(words: str) -> None:
    assert closed_kind(Task(words)) == "choice"


@pytest.mark.parametrize(
    "words",
    [
        "Do this:\nA. Summarise the file\nB. List its functions\nC. Fix the bug",
        "Write a function.\n1. It takes a list\n2. It returns a number",
        "Which of these apply? Choose all that apply." + OPTIONS,
        "Select two." + OPTIONS,
        "Compare these metals. Which is best for wires?" + OPTIONS,
        "Rank the options." + OPTIONS,
        "Which metal?\nA) iron\nB) copper\n\nWhich colour?\nA) red\nB) blue",
        "Which metal?\nB) iron\nD) copper",
        "Which metal?\nA) iron",
        "Steps:\n1. Read a.py\n2. Find the bug\n3. Fix it",
        "Answer the following questions.\nA. What is iron?\nB. What is copper?\nC. What is zinc?",
        "Plan the release:\n1. tag\n2. build\n3. upload",
    ],
)
def test_lists_of_things_to_do_are_no_choice(words: str) -> None:
    assert closed_kind(Task(words)) is None


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        ("Is 91 a prime number?", "yes_no"),
        ("Does the contract allow subletting?", "yes_no"),
        ("Did the build pass? Answer yes or no.", "yes_no"),
        ("Say whether the claim holds. Reply with only 'yes' or 'no'.", "yes_no"),
        ("True or false: whales are fish.", "yes_no"),
        ("Whales are fish. True/False?", "yes_no"),
        ("The claim: water is wet. Answer true or false", "yes_no"),
        ("Is the invoice overdue (yes/no)?", "yes_no"),
        ("How many files import httpx?", "number"),
        ("Tom has 3 apples and eats 1. How many apples does he have left?", "number"),
        ("Tom saves $5 a day for a week. If a toy costs $20, how much does he have left after buying it?", "number"),
        ("What is the total amount of the invoice?", "number"),
        ("A rope of 12 m is cut into 3 parts. What is the length of one part?", "number"),
        ("Ann is 12 and Bob is 9. What is the difference in their ages?", "number"),
        ("What is the difference between 17 and 5?", "number"),
        ("What's the total cost if she buys 3 books at $5 each?", "number"),
        ("What is the best-selling item? Reply with the name only.", "short"),
        ("She does well: 5 points in game 1 and 7 in game 2. What is the average score?", "number"),
        ("At a rate of 5 mph, how many miles does he run in 3 hours?", "number"),
        ("A box is 3 by 4 by 5. Find the volume of the box.", "number"),
        ("Apples cost $2 and pears twice as much. What is the cost of one of each?", "number"),
        ("Jo walks 3 km in 40 minutes. How long does she walk for 9 km?", None),
        ("Jo walks 3 km in 40 minutes. At that rate, how far does she walk in 2 hours?", "number"),
        ("Jo guesses 40, Mo guesses 44, which is best. How many is that together?", "number"),
        ("It rates 4 films at 5 stars and 3 at 2 stars. How many stars is that?", "number"),
        ("The jar feels heavy: 3 kg of glass, 4 kg of jam. How much is that in grams?", "number"),
        ("What is the total of the column? Answer with a number.", "number"),
        ("Look at the picture and answer with a single number: the people in it.", "number"),
        ("Count the errors. Return only the number.", "number"),
        ("How many words are there? Round to the nearest hundred.", "number"),
        ("Calculate the average of 3, 5 and 10.", "number"),
        ("What percentage of the rows are empty?", "number"),
        ("What is the sentiment of this review? Answer with one word.", "short"),
        ("Who signed the letter? Give only the name.", "short"),
        ("When was it signed? Reply with the date only.", "short"),
        ("Name the capital of France in one word.", "short"),
        ("Which version is installed? Output only the version.", "short"),
    ],
)
def test_one_thing_asked_for_plainly_is_closed(words: str, kind: str | None) -> None:
    assert closed_kind(Task(words)) == kind
    assert closed_kind(Task(words, agent="analyze_image")) == kind


@pytest.mark.parametrize(
    "words",
    [
        "Rate the quality of this code from 1 to 10. Return only the number.",
        "Give the essay a score from 1 to 10. Reply with just a number.",
        "On a scale of 1-5, how urgent is this ticket? Answer with a number only.",
        "Estimate the number of tokens in this text. Answer with a number only.",
        "Roughly how many users does it have? Answer with a number.",
        "Approximately how many lines is it? Answer with a number.",
        "How many users, approximately, will it have?",
        "What is the probability that this test is flaky?",
        "What is the likelihood of rain, as a percentage? Answer with a number only.",
        "Give a single number between 0 and 1 for confidence.",
        "Guess the user's intent. Return only the label.",
        "What is the user's intent? Answer with one word.",
        "Answer in one word: what mood is this poem?",
        "What is the tone of this mail? Answer with one word.",
        "How does it feel? Answer in one word.",
        "In your opinion, is it any good? Answer yes or no.",
        "Is the tone of this mail right?",
        "Do you recommend it? Answer yes or no.",
        "What would be a good name for this package? One word only.",
        "What is a better name? Reply with the name only.",
        "Give a name for the helper. One word only.",
        "Should we use Postgres or MySQL? Answer with one word.",
        "What score would you give it? Reply with a number only.",
        "What priority should this ticket have? Answer with one word.",
        "How many story points is this? Answer with a number.",
        "How much effort is this refactoring?",
        "What is the best way to name it? One word only.",
        "Is this code good?",
        "Is this name better than the old one?",
        "Is this the best approach?",
        "Is the code readable?",
        "Pick the most important bug. Reply with the file name only.",
        "What is the number one reason to migrate?",
        "What is the average quality of these answers?",
        "Pick a colour for the button. Answer with one word.",
    ],
)
def test_a_judgement_or_a_matter_of_taste_is_not_closed(words: str) -> None:
    assert closed_kind(Task(words)) is None


@pytest.mark.parametrize(
    "words",
    [
        "Which approach do you recommend?" + OPTIONS,
        "Which is the best name for the helper?\nA) load\nB) fetch\nC) read",
        "Which option should we take?" + OPTIONS,
        "Select the best title.\nA) Sea\nB) Salt\nC) Ships",
    ],
)
def test_options_to_choose_from_by_preference_are_no_choice(words: str) -> None:
    assert closed_kind(Task(words)) is None


@pytest.mark.parametrize(
    "words",
    [
        "What is the difference between these two files?",
        "What is the difference between a mutex and a semaphore?",
        "What is the difference between Python 3.11 and Python 3.12?",
        "Find the difference between the two schemas.",
        "Determine the difference in behaviour of the two functions.",
        "What is the change in behaviour of this commit?",
        "What is the cost of this abstraction?",
        "What is the total time complexity of this algorithm?",
        "What is the total time complexity for n = 10 and m = 5?",
        "What is the total impact of this change?",
        "What is the area of concern in this code?",
        "What is the balance between readability and speed here?",
        "What is the product of this refactoring?",
        "Compute the product of the two matrices.",
        "What is its weight in the decision?",
        "What is the age of the data?",
        "What is the length limit here?",
        "What is the ratio here?",
        "Find the sum of money lost in the incident described below.",
        "Tell me how long the function blocks.",
        "So how fast is it?",
        "What is the average case of this algorithm?",
    ],
)
def test_a_measure_without_numbers_to_compute_it_from_is_not_closed(words: str) -> None:
    assert closed_kind(Task(words)) is None


@pytest.mark.parametrize(
    "words",
    [
        "",
        "   ",
        "Summarise the file.",
        "Write a haiku.",
        "Explain how many workers the pool has.",
        "How many workers are there, and where is that set?",
        "How many tests are there? Why do they fail?",
        "Write a function that returns how many words there are.",
        "Is there a bug in this file?",
        "Are there any problems with this design?",
        "Can you write a test?",
        "Should we use Redis?",
        "Is Redis or Memcached the better fit?",
        "Is it slow? Describe why.",
        "Does it scale? If not, what would you change?",
        "How do I install it?",
        "How would you name this?",
        "For each file, count how many functions it has.",
        "For each claim, answer true or false.",
        "Extract the dates only.",
        "List the names only.",
        "What is the capital of France?",
        "Translate the text. Reply only with the translation.",
        "Amy answers 90% of the true/false questions. What should she learn next?",
        "def f(x):\n    return x\n\nHow many times is f called?",
        "```\nx = 1\n```\nHow many lines is this?",
        "What is the idea of the average-case analysis?",
        "Return only the code.",
        "Give a number of reasons to migrate.",
        "Wie viele Dateien gibt es?",
        "How many tokens does it have and is it too long?",
        "Invent a code. Answer with one word.",
        "Pick a good title for this post. Reply with the title only.",
        "Rename the class; answer only with the new name.",
        "Create a name. Return only the name.",
        "Convert the number to words. Answer with the words only.",
    ],
)
def test_open_tasks_and_doubtful_ones_are_not_closed(words: str) -> None:
    assert closed_kind(Task(words)) is None


def test_only_a_plain_task_in_words_is_a_closed_question() -> None:
    words = "How many files import httpx?"
    assert closed_kind(Task(words)) == "number"
    assert closed_kind(Task(words, web_search=True)) is None
    for agent in ("review_code", "summarize_one", "review_verify", "other"):
        assert closed_kind(Task(words, agent=agent)) is None
    forms: tuple[Expect, ...] = ("markdown", "json", "python", "diff")
    assert [closed_kind(Task(words, expect=form)) for form in forms] == [None] * 4


def an_object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


NUMBER, FREE = {"type": "number"}, {"type": "string"}
ANSWERS = {
    "label": {"type": "string", "enum": ["bug", "feature"]},
    "urgent": {"type": "boolean"},
    "pages": {"type": "integer"},
    "due": {"type": "string", "format": "date"},
}


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"type": "boolean"}, id="a boolean"),
        pytest.param({"enum": ["a", "b"]}, id="an enum"),
        pytest.param(an_object(**ANSWERS), id="an object"),
        pytest.param(an_object(**ANSWERS) | {"additionalProperties": False}, id="and nothing else"),
        pytest.param(an_object(inner=an_object(**ANSWERS), kind={"const": "x"}), id="nested"),
        pytest.param(an_object(n={"type": ["number", "null"]}), id="or null"),
        pytest.param(an_object(n={"anyOf": [NUMBER, {"type": "null"}]}), id="or null, otherwise"),
        pytest.param(an_object(code={"type": "string", "maxLength": 3}), id="a short code"),
        pytest.param({"type": "array", "items": NUMBER, "minItems": 3, "maxItems": 3}, id="a triple"),
        pytest.param(an_object(l={"$ref": "#/$defs/L"}) | {"$defs": {"L": {"enum": ["a"]}}}, id="a reference"),
        pytest.param(an_object(l={"allOf": [{"enum": ["a"]}], "default": "a"}), id="wrapped"),
        pytest.param(an_object(**{f"n{i}": NUMBER for i in range(12)}), id="twelve"),
    ],
)
def test_a_schema_without_free_text_asks_for_a_record(schema: dict[str, Any]) -> None:
    assert closed_kind(Task("Extract the invoice.", output_schema=schema)) == "record"
    assert closed_kind(Task("Count them.", output_schema=schema, expect="json")) == "record"


LABELS = an_object(label=ANSWERS["label"], urgent=ANSWERS["urgent"], due=ANSWERS["due"])
SCALE = {"enum": [1, 2, 3, 4, 5]}


def test_a_record_of_labels_is_closed_whatever_is_to_be_done() -> None:
    assert closed_kind(Task("Classify the issue.", output_schema=LABELS)) == "record"
    assert closed_kind(Task("Is it on?", output_schema={"enum": [0, 1]})) == "record"


@pytest.mark.parametrize(
    "words",
    [
        "Extract the invoice.",
        "Read the figures off the picture.",
        "How many errors and warnings are there?",
        "Count the errors.",
        "Give the total of each column.",
        "Compute both sums.",
        "Calculate it.",
        "Convert 5 miles to km and m.",
    ],
)
def test_numbers_to_be_found_are_a_record_and_numbers_to_be_judged_are_none(words: str) -> None:
    assert closed_kind(Task(words, output_schema=an_object(net=NUMBER, label=ANSWERS["label"]))) == "record"
    for name in ("confidence", "score", "riskScore", "user_rating", "probability", "likelihood", "certainty"):
        assert closed_kind(Task(words, output_schema=an_object(net=NUMBER, **{name: NUMBER}))) is None
    for name in ("priority", "estimate", "estimatedHours", "weight", "severity", "rank", "pageRank"):
        assert closed_kind(Task(words, output_schema=an_object(**{name: {"type": ["integer", "null"]}}))) is None
    for name in ("frankfurt_total", "generated_lines", "server_count"):
        assert closed_kind(Task(words, output_schema=an_object(**{name: NUMBER}))) == "record"
    inner = an_object(score=an_object(value=NUMBER), label=ANSWERS["label"])
    assert closed_kind(Task(words, output_schema=inner)) is None
    assert closed_kind(Task(words, output_schema=an_object(severity=SCALE))) is None


@pytest.mark.parametrize(
    "words", ["Rate the essay.", "Classify the issue.", "Fill it in.", "Estimate the total cost.", "Guess the count."]
)
def test_numbers_that_nobody_asked_to_find_make_no_record(words: str) -> None:
    for number in (NUMBER, SCALE, {"type": ["integer", "null"]}, {"anyOf": [NUMBER, {"type": "null"}]}):
        assert closed_kind(Task(words, output_schema=an_object(label=ANSWERS["label"], n=number))) is None


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({}, id="anything"),
        pytest.param({"type": "string"}, id="free text"),
        pytest.param({"type": "object"}, id="any object"),
        pytest.param(an_object(**ANSWERS, note=FREE), id="one free string"),
        pytest.param(an_object(name={"type": "string", "maxLength": 200}), id="a long string"),
        pytest.param({"type": "array", "items": NUMBER}, id="a list of any length"),
        pytest.param({"type": "array", "items": NUMBER, "minItems": 1, "maxItems": 3}, id="one to three"),
        pytest.param({"type": "array", "items": NUMBER, "minItems": 99, "maxItems": 99}, id="many"),
        pytest.param(an_object(**ANSWERS) | {"additionalProperties": True}, id="more keys"),
        pytest.param(an_object(**ANSWERS) | {"additionalProperties": NUMBER}, id="more keys of a kind"),
        pytest.param(an_object(**ANSWERS) | {"patternProperties": {"^x": NUMBER}}, id="keys by a pattern"),
        pytest.param(an_object(n={"anyOf": [NUMBER, FREE]}), id="or free text"),
        pytest.param(an_object(n={"type": ["number", "string"]}), id="or free text, otherwise"),
        pytest.param(an_object(**{f"n{i}": NUMBER for i in range(13)}), id="thirteen"),
        pytest.param({"const": 1}, id="nothing to answer"),
        pytest.param({"$ref": "#"}, id="itself"),
        pytest.param({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}}, id="a circle"),
        pytest.param({"$ref": "#/$defs/none"}, id="a reference that leads nowhere"),
        pytest.param({"$ref": "https://example.com/a.json"}, id="a reference outside"),
        pytest.param({"$ref": 5}, id="no reference"),
        pytest.param({"type": "object", "properties": {"a": True}}, id="a schema that is true"),
        pytest.param({"type": {}}, id="no type"),
        pytest.param({"type": [["x"]]}, id="no types"),
        pytest.param({"anyOf": []}, id="no branches"),
        pytest.param({"type": "string", "format": ["date"]}, id="no format"),
    ],
)
def test_a_schema_that_leaves_freedom_is_open(schema: dict[str, Any]) -> None:
    assert closed_kind(Task("How many files are there?", output_schema=schema)) is None


def test_a_schema_that_grows_without_end_is_open() -> None:
    branching = {"a": {"anyOf": [{"$ref": "#/$defs/a"}] * 50}}
    assert closed_kind(Task("x", output_schema={"$ref": "#/$defs/a", "$defs": branching})) is None


@pytest.mark.parametrize("seed", range(40))
def test_any_words_make_a_kind_or_none(seed: int) -> None:
    dice = random.Random(seed)
    pieces = [
        "How many ",
        "A) x\n",
        "(B) y ",
        "yes or no",
        "? ",
        "\n",
        "answer with ",
        "only the ",
        "number",
        "**",
        " ",
    ]
    words = "".join(dice.choice([*pieces, dice.choice(string.printable)]) for _ in range(dice.randrange(400)))
    assert closed_kind(Task(words)) in {"choice", "yes_no", "number", "short", None}


@pytest.mark.parametrize(
    "piece", ["A) x\n", "yes or no ", "How many ", "a " * 30, "answer ", "only the ", " ", "\n", "?"]
)
def test_long_tasks_are_looked_at_but_once(piece: str) -> None:
    """Quadratic work on 20,000 characters would take minutes; beyond that a task is no plain case."""
    closed_kind(Task(piece * (20_000 // len(piece))))
    assert closed_kind(Task(piece * 20_000 + "\nHow many are there? Answer with a number.")) is None
