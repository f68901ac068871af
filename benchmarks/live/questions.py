"""Thirty questions on six pieces of our own writing. To ten of them the material has no answer, and the right answer
is to say so; most of those ask for what a reader would expect to find there."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from benchmarks.live.scoring import NOT_THERE, Key, grounded
from benchmarks.live.task import Difficulty, Task

MATERIAL = Path(__file__).with_name("material")
_INSTRUCTION = (
    "{question}\nAnswer from the file alone, in at most ten words, without a sentence around it. If the file does not"
    f" say, answer exactly {NOT_THERE}."
)
Question = tuple[str, Difficulty, Key]


def _of(*accepted: str, rivals: tuple[str, ...] = ()) -> Key:
    return Key(accepted, rivals)


_UNSAID = Key()

QUESTIONS: dict[str, tuple[Question, ...]] = {
    "lighthouse": (
        (
            "How far is the Skerry Point light seen in clear weather?",
            "easy",
            _of("21 nautical miles", "21 miles", "21 nm"),
        ),
        (
            "In which month and year did the gallery's windows break?",
            "easy",
            _of("February 2024", "Feb 2024", "02 2024"),
        ),
        ("In which year is the tower due to be painted next?", "hard", _of("2027")),
        ("How many tins of paint had Firth & Daughters quoted for?", "hard", _UNSAID),
        ("When will the railing of the visitors' gallery be tested?", "medium", _UNSAID),
    ),
    "queue": (
        ("Which port serves the metrics in Ferrule 3.2?", "easy", _of("9140")),
        ("What was the default batch size of ferrule pull before 3.2?", "medium", _of("20")),
        (
            "With two of three brokers down, does Ferrule still hand out jobs that it accepted before? Yes or no.",
            "medium",
            _of("yes", rivals=("no",)),
        ),
        ("How many times may a job's lease fail before it is parked?", "easy", _of("5", "five")),
        ("For how many days are the backups of the parked list kept?", "hard", _UNSAID),
    ),
    "orchard": (
        ("How many trees stand on the plots that are watered?", "hard", _of("240")),
        ("Which of the two varieties flowers later?", "medium", _of("Linden Gold", rivals=("Red Harrow",))),
        ("What is the pH of the soil on plot C?", "medium", _UNSAID),
        (
            "Which plot gave the fewest kilograms in the second year?",
            "easy",
            _of("B", "plot B", rivals=("plot A", "plot C")),
        ),
        ("How many kilograms did plot A give in the first year?", "hard", _UNSAID),
    ),
    "museum": (
        (
            "What does a student pay for admission to the Tannery Museum?",
            "easy",
            _of("4 euros", "4", "EUR 4", "four euros"),
        ),
        ("Which key switches off the alarm?", "easy", _of("grey", "gray", rivals=("red",))),
        ("Until what time is the museum open on the last Friday of the month?", "medium", _of("20:00", "20", "8 pm")),
        ("How much does a group of twelve announced adults pay in all?", "hard", _of("60 euros", "60", "EUR 60")),
        ("How many hides hang on the wall?", "medium", _UNSAID),
    ),
    "expedition": (
        ("How much had the second marker sunk?", "easy", _of("58 cm", "58 centimetres", "58 centimeters", "58")),
        ("On which day was the third marker searched for in vain?", "medium", _of("16 July", "July 16", "16")),
        ("What made the radio fail?", "hard", _UNSAID),
        ("By how many degrees did the temperature vary on 12 July?", "hard", _of("7", "seven", "7 degrees")),
        ("How old was Isolde on her birthday?", "medium", _UNSAID),
    ),
    "lease": (
        ("What is the deposit for 14 Canal Row in euros?", "medium", _of("1,880", "1880")),
        ("Until what time is noise allowed on Saturdays?", "easy", _of("14:00", "14", "2 pm")),
        (
            "Who pays for a broken window that costs 90 euros to mend, the owner or the user?",
            "hard",
            _of("owner", rivals=("user",)),
        ),
        ("What interest does the deposit bear?", "medium", _UNSAID),
        ("What is the telephone number of Odile Marchetti?", "medium", _UNSAID),
    ),
}


def tasks() -> Iterator[Task]:
    for subject, questions in QUESTIONS.items():
        material = (MATERIAL / f"{subject}.md").read_bytes()
        for number, question in enumerate(questions, 1):
            yield _task(subject, number, material, question)


def _task(subject: str, number: int, material: bytes, question: Question) -> Task:
    asked, level, key = question
    instruction = _INSTRUCTION.format(question=asked)
    name = f"{subject}.md"
    return Task(
        id=f"grounded/{subject}-{number:02d}",
        family=f"grounded/{subject}",
        difficulty=level,
        tool="delegate_task",
        prompt=f"{material.decode()}\n\n{instruction}",
        arguments={"task": instruction, "files": [name]},
        score=partial(grounded, key=key, question=asked),
        right=key.gold,
        wrong="It says 4711." if key.accepted else "42",
        mark=asked,
        files={name: material},
        gold=key.gold,
    )
