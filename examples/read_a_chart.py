"""A drawn chart is read: what it costs is known, and said, before it is sent."""

import tempfile
from pathlib import Path

import anyio
from PIL import Image, ImageDraw
from session import call, connected, texts

YEARS = {"2023": 420, "2024": 615, "2025": 980}


def draw(path: Path) -> None:
    """Bars with their years and values, larger than any detail needs."""
    image = Image.new("RGB", (2_400, 1_800), "white")
    pen = ImageDraw.Draw(image)
    for number, (year, value) in enumerate(YEARS.items()):
        left = 300 + number * 650
        pen.rectangle((left, 1_500 - value, left + 400, 1_500), fill="steelblue", outline="black", width=4)
        pen.text((left + 120, 1_530), year, fill="black", font_size=80)
        pen.text((left + 120, 1_400 - value), str(value), fill="black", font_size=80)
    image.save(path)


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder) / "chart.png")
        async with connected(Path(folder)) as client:
            question = "Read off year and value of each bar."
            result = await call(client, "analyze_image", images=["chart.png"], question=question, detail="low")
            print("\n".join(texts(result)))


if __name__ == "__main__":
    anyio.run(main)
