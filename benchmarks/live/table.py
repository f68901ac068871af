"""What a run prints: how right each tier was on each kind of task, and what that cost."""

from collections.abc import Iterator, Mapping, Sequence

from benchmarks.live.estimate import Likely
from benchmarks.live.rows import Cell, Row
from benchmarks.live.task import KINDS
from gemini_mcp.domain.money import short_usd

NO_JUDGEMENT = (
    "SIMULATED: the stand-in answered, by a script that draws the right answers by lot. These figures show that the"
    " bench works. They say nothing about the quality of Gemini's models."
)
Names = Mapping[str, str | None]
"""The models, and the tier that each stands for."""


def measured(rows: Sequence[Row], models: Names) -> str:
    """Of tasks that every model was asked. Accuracy is the mean score; errors count as 0. A sum with an unknown price
    is shown as $?."""
    complete = [row for row in rows if models.keys() <= row["m"].keys()]
    lines = [["kind", "model", "tasks", "accuracy", "turned down", "failed", "USD a task", "USD"]]
    for kind in (*KINDS, "all"):
        for model, tier in models.items():
            cells = list(_cells(complete, kind, model))
            if cells:
                lines.append([kind, _named(model, tier), *_figures(cells)])
    aside = len(rows) - len(complete)
    note = f"\n{aside} tasks that not every model was asked are left out of the table." if aside else ""
    return _aligned(lines) + note


def _cells(rows: Sequence[Row], kind: str, model: str) -> Iterator[Cell]:
    for row in rows:
        if kind in ("all", row["family"].partition("/")[0]) and model in row["m"]:
            yield row["m"][model]


def _figures(cells: Sequence[Cell]) -> list[str]:
    costs = [round(made["cost"] * 1e9) if "cost" in made else None for made in cells]
    nano = None if None in costs else sum(cost or 0 for cost in costs)
    turned_down = sum(made.get("err") == "no_acceptable_answer" for made in cells)
    failed = sum("err" in made for made in cells) - turned_down
    accuracy = sum(made["s"] for made in cells) / len(cells)
    each = None if nano is None else nano // len(cells)
    return [str(len(cells)), f"{accuracy:.1%}", str(turned_down), str(failed), short_usd(each), short_usd(nano)]


def estimated(found: Mapping[tuple[str, str], Likely], models: Names) -> str:
    """By kind and model. Nothing was sent for it."""
    lines = [["kind", "model", "tasks", "tokens in", "tokens out", "USD"]]
    for (kind, model), each in found.items():
        tokens = [f"{each.input_tokens:,}", f"{each.output_tokens:,}"]
        lines.append([kind, _named(model, models[model]), str(each.tasks), *tokens, short_usd(each.nano)])
    return _aligned(lines)


def _named(model: str, tier: str | None) -> str:
    return f"{model} ({tier})" if tier else model


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            text.ljust(width) if place < 2 else text.rjust(width)
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
