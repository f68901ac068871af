"""Four kinds of text with known facts among much that a summary can do without. Longer ones are the harder ones."""

from random import Random

from benchmarks.live.forms import PEOPLE, short_day, some_day
from benchmarks.live.scoring import Fact, fact
from benchmarks.live.task import Difficulty

Told = tuple[str, Fact]
Text = tuple[str, list[Told]]
"""A text, and the sentences of it that matter, each with what must be told of it."""

_PADDING: dict[Difficulty, int] = {"easy": 3, "medium": 9, "hard": 20}
_ASIDES = (
    "Coffee was late again, and nobody minded much.",
    "The window on the yard side still sticks when it rains.",
    "Several people said that the new chairs are better than they look.",
    "It was remarked that such things take time.",
    "The weather did not help, but it did not hurt either.",
    "Those who had been there before found little changed.",
    "A longer discussion about wording led to no other wording.",
    "As usual the projector had to be asked twice.",
    "The older members remembered how this was done in former times.",
    "Thanks went to everybody who had helped, and to the caretaker above all.",
    "There was some laughter about the name of the file.",
    "The usual caveats apply, and they were read out once more.",
    "Opinions differ on whether the colour matters.",
    "What had been said in the corridor was said again at the table.",
    "The list on the door was brought up to date by hand.",
    "One question was put back because its author was not there.",
)


def minutes(random: Random, level: Difficulty) -> Text:
    """A meeting that decides things."""
    first, second, third = random.sample(PEOPLE, 3)
    cost, crates, share = random.randint(11, 89) * 1_000, random.randint(120, 480), random.randint(12, 48)
    due, day = some_day(random), some_day(random)
    told = [
        _told(f"The new boiler may cost at most {cost:,} euros.", "boiler", f"{cost}"),
        _told(f"{first} will get three offers for it by {short_day(due)}.", _last(first), _dates(short_day(due))),
        _told(f"The archive moves to the mill on {short_day(day)}, {crates} crates in all.", "archive", f"{crates}"),
        _told(f"{second} is responsible for the move.", _last(second), ("move", "moving", "relocation", "archive")),
        _told(f"Fees for guests rise by {share} per cent from next season.", ("fees", "fee"), f"{share}"),
        _told(f"{third} voted against the rise.", _last(third), ("against", "opposed", "dissent", "dissented")),
    ]
    return _text(random, level, "Minutes of the managing committee", told)


def incident(random: Random, level: Difficulty) -> Text:
    """An outage, told from its beginning to its lessons."""
    lasted, orders, version = random.randint(23, 170), random.randint(1_100, 9_800), f"4.{random.randint(2, 19)}.1"
    owner, limit, cost = random.choice(PEOPLE), random.randint(20, 90), random.randint(31, 94) * 100
    due = some_day(random)
    told = [
        _told(f"The checkout was down for {lasted} minutes.", ("checkout", "check out"), f"{lasted}"),
        _told(f"The cause was release {version}, which opened a connection for every request.", version, _CAUSES),
        _told(f"During that time {orders:,} orders were lost.", ("orders", "order"), f"{orders}"),
        _told(f"Goodwill vouchers cost {cost:,} euros.", ("vouchers", "voucher", "goodwill"), f"{cost}"),
        _told(f"From now on the pool is limited to {limit} connections.", ("pool", "connections"), f"{limit}"),
        _told(f"{owner} will add an alarm for it by {short_day(due)}.", _last(owner), ("alarm", "alert")),
    ]
    return _text(random, level, "After the outage", told)


def release(random: Random, level: Difficulty) -> Text:
    """Notes of a new version, with what breaks."""
    number, old = f"7.{random.randint(1, 9)}", f"6.{random.randint(1, 9)}"
    faster, port, kept = random.randint(15, 70), random.randint(8_100, 8_990), random.randint(21, 90)
    limit, end = random.randint(200, 900), some_day(random)
    told = [
        _told(f"Imports in {number} are {faster} per cent faster.", ("imports", "import", "importing"), f"{faster}"),
        _told(f"The console moved to port {port}.", ("console", "port"), f"{port}"),
        _told(f"Logs are now kept for {kept} days.", ("logs", "log"), f"{kept}"),
        _told(f"Support for {old} ends on {short_day(end)}.", ("support", "supported"), old, _dates(short_day(end))),
        _told(f"Uploads of more than {limit} MB are refused.", ("uploads", "upload"), f"{limit}"),
        _told("The option --legacy-names is gone and stops the start.", "legacy names"),
    ]
    return _text(random, level, f"What is new in Tessel {number}", told)


def report(random: Random, level: Difficulty) -> Text:
    """The year of a small firm."""
    sales, before = random.randint(410, 890) * 1_000, random.randint(300, 400) * 1_000
    profit, staff, left = random.randint(11, 49) * 1_000, random.randint(14, 38), random.randint(2, 6)
    chief, opening = random.choice(PEOPLE), some_day(random)
    told = [
        _told(f"Sales were {sales:,} euros, after {before:,} the year before.", ("sales", "turnover"), f"{sales}"),
        _told(f"The profit was {profit:,} euros.", ("profit", "profits"), f"{profit}"),
        _told(f"At the end of the year {staff} people worked here.", f"{staff}", _STAFF),
        _told(f"{left} machines were sold because they stood idle.", ("machines", "machine"), f"{left}"),
        _told(f"{chief} takes over as head of the workshop.", _last(chief), ("workshop", "head", "heads")),
        _told(f"The branch in Aldermoor opens on {short_day(opening)}.", "Aldermoor", _dates(short_day(opening))),
    ]
    return _text(random, level, "The year in review", told)


_CAUSES = ("cause", "caused", "because", "due", "release", "root", "trigger", "triggered", "connection")
_STAFF = ("people", "employees", "staff", "worked", "employed", "workers", "headcount")


def _told(sentence: str, *needs: str | tuple[str, ...]) -> Told:
    return sentence, fact(*needs)


def _last(name: str) -> str:
    return name.split()[-1]


def _dates(day: str) -> tuple[str, ...]:
    """``14 November`` as others write it."""
    number, month = day.split()
    return day, f"{month} {number}", f"{number} {month[:3]}", f"{month[:3]} {number}", f"{month} {number}th"


def _text(random: Random, level: Difficulty, title: str, told: list[Told]) -> Text:
    """The facts among asides, in paragraphs of four sentences; what belongs together stays in order."""
    asides = [random.choice(_ASIDES) for _ in range(_PADDING[level])]
    places = sorted(random.sample(range(len(told) + len(asides)), len(told)))
    said, facts, rest = [], iter(sentence for sentence, _ in told), iter(asides)
    for place in range(len(told) + len(asides)):
        said.append(next(facts) if place in places else next(rest))
    paragraphs = [" ".join(said[start : start + 4]) for start in range(0, len(said), 4)]
    return "\n\n".join([f"# {title}", *paragraphs, ""]), told
