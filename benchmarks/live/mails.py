"""Threads of mail that settle a meeting; later mails change what earlier ones said."""

from datetime import timedelta
from random import Random
from typing import Any

from benchmarks.live.forms import DAY, PEOPLE, TEXT, long_day, record, several, short_day, some_day
from benchmarks.live.task import Difficulty

_ROOMS = ("Birch", "Cedar", "Larch", "Maple", "Rowan")
_SUBJECTS = ("budget for the north depot", "change of the print supplier", "winter schedule", "new badge readers")
_INSTRUCTION = (
    "Read the thread in the file, oldest mail first, and give the meeting as it stands at its end: the day, the time"
    " it begins (HH:MM, 24 hours), the room, who called it, and who will be there, the caller included, in"
    " alphabetical order of full names. The year is 2026."
)
_SCHEMA = record(day=DAY, begins=TEXT, room=TEXT, called_by=TEXT, attending=several(TEXT))


def made(random: Random, level: Difficulty) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    caller, *others = random.sample(PEOPLE, {"easy": 3, "medium": 4, "hard": 6}[level])
    room, later_room = random.sample(_ROOMS, 2)
    day, hour = some_day(random), random.randint(9, 14)
    subject = random.choice(_SUBJECTS)
    mails = [
        f"From: {caller}\nTo: {', '.join(others)}\nSubject: {subject}\n\nDear all,\nlet us meet on {long_day(day)} at"
        f" {hour}:30 in {room} about the {subject}. Please say whether you can make it.\n{caller}"
    ]
    attending = [caller, *others]
    if level == "easy":
        mails += [_reply(name, subject, "I will be there.") for name in others]
        return _made(mails, day.isoformat(), f"{hour:02d}:30", room, caller, attending)
    mails += [_reply(name, subject, "Fine with me.") for name in others[:-1]]
    mails.append(_reply(others[-1], subject, f"{short_day(day)} does not suit me. Could we do it a day later?"))
    day += timedelta(days=1)
    mails.append(_reply(caller, subject, f"Then {short_day(day)}, at the same time, but in {later_room}. All agreed?"))
    mails.append(_reply(others[0], subject, "Sorry, that day I am travelling. Go ahead without me."))
    attending.remove(others[0])
    if level == "hard":
        guest = random.choice([name for name in PEOPLE if name not in (caller, *others)])
        mails.append(
            _reply(
                others[1],
                subject,
                f"I can, and I bring {guest}, who knows the figures. I'd rather start an hour later, though.",
            )
        )
        mails.append(_reply(caller, subject, "An hour later it is; nothing else changes. Good that your guest comes."))
        mails.append(_reply(others[2], subject, f"Then I have to leave early, but I'll come. {room} was nicer."))
        mails.append(_reply(others[0], subject, "My journey was called off, so count me in after all."))
        attending += [guest, others[0]]
        hour += 1
    return _made(mails, day.isoformat(), f"{hour:02d}:30", later_room, caller, attending)


def _reply(name: str, subject: str, text: str) -> str:
    return f"From: {name}\nSubject: Re: {subject}\n\n{text}\n{name.split()[0]}"


def _made(
    mails: list[str], day: str, begins: str, room: str, caller: str, attending: list[str]
) -> tuple[str, str, dict[str, Any], dict[str, Any]]:
    truth = {"day": day, "begins": begins, "room": room, "called_by": caller, "attending": sorted(attending)}
    return "\n\n-----\n\n".join(mails) + "\n", _INSTRUCTION, _SCHEMA, truth
