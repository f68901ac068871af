"""The command line: what to ask whom, at most for how much, and where to write it."""

import argparse
import json
import os
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import anyio

from benchmarks.live import suite, table
from benchmarks.live.bench import Outcome, run
from benchmarks.live.connection import connected, settings_of, write_material
from benchmarks.live.estimate import Likely, likely
from benchmarks.live.rows import Book, simulated
from benchmarks.live.script import rules
from benchmarks.live.task import KINDS, Task
from benchmarks.processes import get_json, stand_in
from gemini_mcp.config import BadSetting, load_settings
from gemini_mcp.domain.catalog import TIERS, Catalogue, Tier, UnknownModel
from gemini_mcp.domain.errors import AgentError, InvalidArgument, NoApiKey, UnknownModelName
from gemini_mcp.domain.money import nano_from_usd, usd_text
from gemini_mcp.server.composition import utc_today
from gemini_mcp.server.state import load_models

AT_ONCE = 4
Models = dict[str, Tier | None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, also when the cap ended it; 1 for what kept it from working, with the fix on stderr."""
    options = parser().parse_args(arguments)
    try:
        return _main(options)
    except (AgentError, BadSetting, OSError, ValueError) as error:
        print(f"benchmarks.live: {error}", file=sys.stderr)
        return 1


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.live", description="Own tasks on real tiers, under a cap."
    )
    made.add_argument("--simulated", action="store_true", help="on the stand-in: no key, nothing leaves this machine")
    made.add_argument("--estimate", action="store_true", help="print what it is likely to cost, and send nothing")
    made.add_argument("--tiers", default=",".join(TIERS), help="which tiers, each by its first model (%(default)s)")
    made.add_argument("--models", default="", metavar="ID,...", help="these models instead of tiers")
    made.add_argument(
        "--max-usd", type=_usd, default="1", metavar="USD", help="stop before this is passed (%(default)s)"
    )
    made.add_argument("--only", choices=KINDS, help="one kind of task")
    made.add_argument("--limit", type=_positive, metavar="N", help="the first N tasks; they are of all kinds in turn")
    made.add_argument("--out", type=Path, metavar="FILE", help="write the rows here (gzip JSONL)")
    made.add_argument("--resume", action="store_true", help="skip what FILE holds already")
    made.add_argument("--at-once", type=_positive, default=AT_ONCE, metavar="N", help="tasks at a time (%(default)s)")
    return made


def _main(options: argparse.Namespace) -> int:
    settings = {} if options.simulated else settings_of(os.environ)
    loaded = load_settings(settings)
    catalogue = load_models(loaded)
    models = chosen(options, catalogue)
    tasks = suite.tasks(options.only, options.limit)
    if options.estimate:
        print(_estimate(tasks, models, catalogue))
        return 0
    if not options.simulated and loaded.api_key is None:
        fix = "Set GEMINI_API_KEY, or give --simulated to run on the stand-in."
        raise NoApiKey("the live bench asks real models, and there is no key", fix)
    if not options.simulated and options.out is None:
        raise InvalidArgument("what is paid for is to be kept", "Give --out FILE.jsonl.gz.")
    if os.name != "posix" and any(task.kind == "code" for task in tasks):
        raise InvalidArgument("a model's code is not run on this system", "Give --only with another kind.")
    book = _book(options, tasks)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gemini-agents-live-")))
        write_material(folder / "material", tasks)
        url = stack.enter_context(stand_in(_script(folder, tasks, models))) if options.simulated else loaded.base_url

        async def session() -> Outcome:
            async with connected(url or "", settings, folder, options.max_usd) as ask:
                return await run(tasks, list(models), book, ask, options.at_once)

        outcome = anyio.run(session)
        bill = get_json(f"{url}/__bill")["nano_usd"] if options.simulated else None
    _tell(outcome, book, models, options, bill)
    return 1 if outcome.failed else 0


def chosen(options: argparse.Namespace, catalogue: Catalogue) -> Models:
    """The models to ask, each with its tier. Raises UnknownModelName, InvalidArgument."""
    today = utc_today()
    if options.models:
        try:
            found = [catalogue.resolve(name, today).model.id for name in _listed(options.models)]
        except UnknownModel as error:
            raise UnknownModelName(str(error), "Name others with --models.") from None
        return {name: catalogue.tier_of(name) for name in found}
    models: Models = {}
    for name in _listed(options.tiers):
        tier = next((each for each in TIERS if each == name), None)
        live = catalogue.candidates(tier, today) if tier else ()
        if not live:
            raise InvalidArgument(f"there is no tier {name!r} with a live model", f"Tiers are {', '.join(TIERS)}.")
        models[live[0].model.id] = tier
    return models


def _book(options: argparse.Namespace, tasks: Sequence[Task]) -> Book:
    out: Path | None = options.out
    if out is not None and out.exists() and not options.resume:
        raise InvalidArgument(f"{out} is there already, and was paid for", "Give --resume, or another --out.")
    book = Book(out, tasks)
    if options.resume:
        book.load()
    if book.rows and simulated(book.rows.values()) != options.simulated:
        raise InvalidArgument(
            f"{out} holds {'real' if options.simulated else 'simulated'} answers", "Name another --out."
        )
    return book


def _script(folder: Path, tasks: Sequence[Task], models: Mapping[str, str | None]) -> Path:
    script = folder / "script.json"
    script.write_text(json.dumps(rules(tasks, models)), "utf-8")
    return script


def _estimate(tasks: Sequence[Task], models: Models, catalogue: Catalogue) -> str:
    today, found = utc_today(), {}
    for kind in (*KINDS, "all"):
        for name, tier in models.items():
            some = [task for task in tasks if kind in ("all", task.kind)]
            if some:
                found[kind, name] = likely(some, catalogue.models[name], tier or "pro", catalogue, today)
    return f"{table.estimated(found, models)}\n{_together(found)}"


def _together(found: Mapping[tuple[str, str], Likely]) -> str:
    costs = [each.nano for (kind, _), each in found.items() if kind == "all"]
    whole = None if None in costs else sum(cost or 0 for cost in costs)
    return f"In all about ${usd_text(whole) or '?'} at the prices of today. Nothing was sent."


def _tell(outcome: Outcome, book: Book, models: Models, options: argparse.Namespace, bill: int | None) -> None:
    print(table.measured(list(book.rows.values()), models))
    print(f"This run: {outcome.asked} calls, ${outcome.spent_usd.normalize():f} of at most ${options.max_usd}.")
    if bill is not None:
        equal = "equal to the nano-dollar" if bill == nano_from_usd(outcome.spent_usd) else "NOT EQUAL"
        print(f"The stand-in's own bill: {bill:,} nano-USD, {equal}.")
    if outcome.stopped:
        kinds = Counter(task.kind for task, _ in outcome.left_out)
        listed = ", ".join(f"{count} of {kind}" for kind, count in kinds.items())
        print(f"Stopped: {outcome.stopped}")
        print(f"Left out: {len(outcome.left_out)} calls ({listed}). With --resume and --out it goes on from here.")
    if simulated(book.rows.values()):
        print(table.NO_JUDGEMENT)


def _listed(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _usd(text: str) -> str:
    """As the product's settings take it."""
    try:
        nano = nano_from_usd(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
    if nano <= 0:
        raise argparse.ArgumentTypeError("must be more than 0")
    return usd_text(nano) or ""


def _positive(text: str) -> int:
    if not text.isdigit() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)
