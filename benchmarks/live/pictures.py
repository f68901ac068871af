"""Twelve pictures drawn here, so that what is to be seen in them is known exactly: bars, shapes, writing."""

import io
import math
from collections.abc import Callable, Iterator
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from benchmarks.live.scoring import one_number, one_of, reading
from benchmarks.live.task import LEVELS, Difficulty, Score, Task

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

SIZE = (640, 480)
INK, PAPER = (20, 20, 20), (255, 255, 255)
COLOURS = {"red": (200, 40, 40), "blue": (40, 70, 200), "green": (30, 140, 60), "orange": (240, 150, 30)}
SHAPES = ("circle", "square", "triangle")
_EACH = 4
_LETTERS = "ACDEFHJKLMNPRTUVWXY34679"
"""None that looks like another."""

Drawn = tuple[bytes, str, str, str, Callable[[str], Score]]
"""A PNG, the question, a right answer, a wrong one, and what scores them."""


def tasks() -> Iterator[Task]:
    for subject, draw in (("bars", bars), ("shapes", shapes), ("writing", writing)):
        for number in range(_EACH):
            level = LEVELS[number * 3 // _EACH]
            yield _task(subject, number + 1, level, draw(Random(f"{subject}-{number}"), level))


def _task(subject: str, number: int, level: Difficulty, drawn: Drawn) -> Task:
    png, question, right, wrong, score = drawn
    name = f"{subject}-{number:02d}.png"
    return Task(
        id=f"image/{subject}-{number:02d}",
        family=f"image/{subject}",
        difficulty=level,
        tool="analyze_image",
        prompt=f"({name}, {SIZE[0]} x {SIZE[1]})\n\n{question}",
        arguments={"images": [name], "question": question},
        score=score,
        right=right,
        wrong=wrong,
        mark=name,
        files={name: png},
        gold=right,
    )


def bars(random: Random, level: Difficulty) -> Drawn:
    """Easy: the values stand on the bars. Else they are to be read off the lines, and the hardest to be compared."""
    image, draw = _canvas()
    names = random.sample("ABCDEFGHJKLM", {"easy": 4, "medium": 6, "hard": 8}[level])
    values = dict(zip(names, random.sample(range(10, 96, 5), len(names)), strict=True))
    _axis(draw)
    for place, (name, value) in enumerate(values.items()):
        left = 80 + place * 540 // len(values)
        right, top = left + 400 // len(values), 420 - value * 4
        draw.rectangle((left, top, right, 420), fill=COLOURS["blue"])
        draw.text((left + 8, 426), name, fill=INK, font=_font(22))
        if level == "easy":
            draw.text((left + 8, top - 26), str(value), fill=INK, font=_font(20))
    if level == "hard":
        ranked = sorted(values, key=values.__getitem__, reverse=True)
        question = "Which bar is the second highest? Answer with its letter alone."
        return _png(image), question, ranked[1], ranked[0], partial(one_of, truth=ranked[1], choices=names)
    asked = random.choice(names)
    question = f"What is the value of bar {asked}? All values are multiples of 5. Answer with the number alone."
    return _png(image), question, str(values[asked]), str(values[asked] + 5), partial(one_number, truth=values[asked])


def shapes(random: Random, level: Difficulty) -> Drawn:
    """How many of one shape and colour are among others."""
    image, draw = _canvas()
    columns, rows = {"easy": (4, 3), "medium": (6, 4), "hard": (9, 7)}[level]
    colour, shape = random.choice(list(COLOURS)), random.choice(SHAPES)
    count = 0
    for place in range(columns * rows):
        if random.random() < 0.15:
            continue
        wanted = random.random() < 0.3
        this = (colour, shape) if wanted else (random.choice(list(COLOURS)), random.choice(SHAPES))
        count += this == (colour, shape)
        across, down = SIZE[0] / columns, SIZE[1] / rows
        x, y = (place % columns + 0.5) * across, (place // columns + 0.5) * down
        _shape(draw, this[1], x, y, min(across, down) * random.uniform(0.25, 0.4), COLOURS[this[0]])
    question = f"How many {colour} {shape}s are in the picture? Answer with the number alone."
    return _png(image), question, str(count), str(count + 1), partial(one_number, truth=count)


def writing(random: Random, level: Difficulty) -> Drawn:
    """A code to copy; harder ones are smaller, turned, and stand among others."""
    image, draw = _canvas()
    rows = {"easy": 1, "medium": 4, "hard": 9}[level]
    size = {"easy": 44, "medium": 26, "hard": 17}[level]
    codes = ["".join(random.choices(_LETTERS, k=4)) + "-" + "".join(random.choices(_LETTERS, k=5)) for _ in range(rows)]
    labels = random.sample(range(101, 199), rows)
    for row, (label, code) in enumerate(zip(labels, codes, strict=True)):
        draw.text((60, 40 + row * 44), f"Crate {label}", fill=INK, font=_font(size))
        draw.text((330, 40 + row * 44), code, fill=INK, font=_font(size))
    if level == "hard":
        image = image.rotate(random.uniform(3, 5), fillcolor=PAPER)
    asked = random.randrange(rows)
    question = f"Which code stands beside crate {labels[asked]}? Answer with the code alone."
    right = codes[asked]
    return _png(image), question, right, right[:-1] + ("A" if right[-1] != "A" else "C"), partial(reading, truth=right)


def _canvas() -> "tuple[Image.Image, ImageDraw.ImageDraw]":
    from PIL import Image, ImageDraw

    image = Image.new("RGB", SIZE, PAPER)
    return image, ImageDraw.Draw(image)


def _font(size: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    from PIL import ImageFont

    return ImageFont.load_default(size)


def _axis(draw: "ImageDraw.ImageDraw") -> None:
    """Lines at every ten; a bar may end halfway between two."""
    for value in range(0, 101, 10):
        y = 420 - value * 4
        draw.line((60, y, 620, y), fill=(190, 190, 190))
        draw.text((24, y - 9), str(value), fill=INK, font=_font(16))


def _shape(
    draw: "ImageDraw.ImageDraw", shape: str, x: float, y: float, half: float, colour: tuple[int, int, int]
) -> None:
    box = (x - half, y - half, x + half, y + half)
    if shape == "circle":
        draw.ellipse(box, fill=colour)
    elif shape == "square":
        draw.rectangle(box, fill=colour)
    else:
        corners = [(x + half * math.sin(a), y - half * math.cos(a)) for a in (0, math.tau / 3, 2 * math.tau / 3)]
        draw.polygon(corners, fill=colour)


def _png(image: "Image.Image") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()
