"""No secret leaves with a change: each side of it is looked through whole, so that what tells a secret is seen.

A key's frame may stay where its body went; a name may stand lines above the value that was changed. So the old side is
what stood before and the new one what stands now, as far as they are at hand. Where only hunks are, pieces of a key
without its frame count too. What is found is refused, or redacted, only where some of it is sent.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from gemini_mcp.domain.patches import FilePatch, Hunk, PatchLine
from gemini_mcp.domain.splitting import ReviewUnit
from gemini_mcp.sources.secrets import Screen, SecretHit

_NEAR = 400
"""Lines of the old side looked at before and after a hunk: the longest keys take some hundred."""
_BREAK = "\n%\n"
"""Between lines that do not follow one another: it ends whatever could go on in the next."""


@dataclass(frozen=True, slots=True)
class Place:
    """A line: of the new side by its number there, or one that was ``removed``, by its number on the old side."""

    number: int
    removed: bool = False


@dataclass(frozen=True, slots=True)
class Secret:
    """``cuts``: its lines in order, each with where in it the secret begins and ends."""

    kind: str
    cuts: Mapping[Place, tuple[int, int]]

    @property
    def hit(self) -> SecretHit:
        first = next(iter(self.cuts))
        return SecretHit(first.number, f"{self.kind}, removed" if first.removed else self.kind, *self.cuts[first])


def secrets_of(patch: FilePatch, text: str | None, screen: Screen) -> tuple[Secret, ...]:
    """Every secret on either side of a change. ``text``: the file's new side, None where only the hunks are known.
    Raises TooLarge."""
    blocks = [*_old_side(patch, text), *_new_side(patch, text)]
    lines = [(place, line) for block in blocks for place, line in block]
    whole = _BREAK.join("\n".join(line for _, line in block) for block in blocks)
    starts = _starts(blocks)
    found = [_secret(hit.kind, hit.start, hit.end, lines, starts) for hit in screen.found(patch.path, whole)]
    if text is None:
        found += [secret for block in blocks for secret in _unframed(block)]
    return tuple({tuple(secret.cuts.items()): secret for secret in found if secret.cuts}.values())


def redacted_change(patch: FilePatch, text: str | None, secrets: Sequence[Secret]) -> tuple[FilePatch, str | None]:
    """The change and the file with ``[REDACTED kind]`` in place of what is secret, on each of its lines."""
    if not secrets:
        return patch, text
    cuts: dict[Place, list[tuple[int, int, str]]] = {}
    for secret in secrets:
        for place, (start, end) in secret.cuts.items():
            cuts.setdefault(place, []).append((start, end, secret.kind))
    hunks = tuple(
        replace(hunk, lines=tuple(replace(line, text=_cut(line.text, cuts.get(_place(line)))) for line in hunk.lines))
        for hunk in patch.hunks
    )
    if text is not None:
        numbered = enumerate(text.split("\n"), 1)
        text = "\n".join(_cut(line, cuts.get(Place(number))) for number, line in numbered)
    return replace(patch, hunks=hunks), text


def sent_secrets(path: str, secrets: Iterable[Secret], units: Iterable[ReviewUnit]) -> list[SecretHit]:
    """Those of a file of which something is sent. What was removed always is; of the rest what a unit shows."""
    shown = {
        row.number
        for unit in units
        for excerpt in unit.excerpts
        if excerpt.path == path
        for row in excerpt.rows
        if row.sign != "-"
    }
    sent = (secret for secret in secrets if any(place.removed or place.number in shown for place in secret.cuts))
    return sorted((secret.hit for secret in sent), key=lambda hit: (hit.line, hit.start))


# ------------------------------------------------------------------------------------------------------------- sides

_Block = list[tuple[Place, str]]
"""Lines that follow one another."""


def _place(line: PatchLine) -> Place:
    return Place(line.new) if line.new is not None else Place(line.old or 0, removed=True)


def _new_side(patch: FilePatch, text: str | None) -> Iterator[_Block]:
    hunks = [[(_place(line), line.text) for line in hunk.lines if line.mark != "-"] for hunk in patch.hunks]
    if text is None:
        yield from hunks
    else:
        lines: dict[Place, str] = {Place(number): line for number, line in enumerate(text.split("\n"), 1)}
        yield list((lines | dict(line for hunk in hunks for line in hunk)).items())


def _old_side(patch: FilePatch, text: str | None) -> Iterator[_Block]:
    """Only around what was changed: the rest of it is the new side's too."""
    after = text.split("\n") if text is not None else []
    block: _Block = []
    reached = 1
    for hunk in sorted(patch.hunks, key=lambda hunk: hunk.new_start):
        far = text is None or hunk.new_start - reached > 2 * _NEAR
        if far and block:
            yield block + _numbered(after, reached, reached + _NEAR)
            block = []
        block += _numbered(after, hunk.new_start - _NEAR if far else reached, hunk.new_start)
        block += [(_place(line), line.text) for line in hunk.lines if line.mark != "+"]
        reached = _end(hunk)
    yield block + _numbered(after, reached, reached + _NEAR)


def _end(hunk: Hunk) -> int:
    """The number on the new side of the line after it."""
    return hunk.new_start + len(hunk.new_lines)


def _numbered(lines: Sequence[str], first: int, end: int) -> _Block:
    numbers = range(max(1, first), min(end, len(lines) + 1))
    return [(Place(number), lines[number - 1]) for number in numbers]


def _starts(blocks: Sequence[_Block]) -> list[int]:
    """Where each line begins in the text of all blocks."""
    starts: list[int] = []
    at = 0
    for block in blocks:
        starts += accumulate((len(line) + 1 for _, line in block[:-1]), initial=at) if block else []
        at += sum(len(line) + 1 for _, line in block) - bool(block) + len(_BREAK)
    return starts


def _secret(kind: str, start: int, end: int, lines: Sequence[tuple[Place, str]], starts: Sequence[int]) -> Secret:
    cuts: dict[Place, tuple[int, int]] = {}
    for index in range(max(0, bisect_right(starts, start) - 1), bisect_right(starts, end - 1)):
        place, line = lines[index]
        first, last = max(0, start - starts[index]), min(len(line), end - starts[index])
        if first < last:
            cuts[place] = first, last
    return Secret(kind, cuts)


def _cut(line: str, cuts: Iterable[tuple[int, int, str]] | None) -> str:
    parts: list[str] = []
    at = 0
    for start, end, kind in sorted(cuts or ()):
        if start >= at:
            parts += [line[at:start], f"[REDACTED {kind}]"]
        at = max(at, end)
    return "".join([*parts, line[at:]])


# --------------------------------------------------------------------------------------------------- keys without frame

_DASHES = r"[-\u2010-\u2015]{2,5} ?"
_FRAME = re.compile(rf"{_DASHES}(BEGIN|END) ([A-Z0-9 ]{{0,60}}?) ?{_DASHES}")
_ARMOUR = re.compile(r"^[\s\"'`+>|#*,(]*([A-Za-z0-9+/]{4,}={0,2})(?:\\[nr])*[\s\"'`+,;)\\]*$")
_LINE = re.compile(r"[A-Za-z0-9+/]{60,76}")
"""A whole line of a key, as every program breaks it. Shorter ones are words; most hashes are of fewer letters."""
_LONGEST = 200


def _unframed(block: _Block) -> Iterator[Secret]:
    """Lines that are the inside of a private key: right above the end of its frame, or several whole ones. What a
    frame begins above is none of them: it was looked at with its frame, or is no private key."""
    inside: _Block = []
    framed = False
    for place, line in [*block, (Place(0), "")]:
        if len(line) <= _LONGEST and _ARMOUR.match(line):
            inside.append((place, line))
            continue
        frame = _FRAME.search(line)
        if not framed and _is_key([line for _, line in inside], frame):
            yield Secret("private key", {place: (0, len(line)) for place, line in inside})
        inside = []
        framed = frame.group(1) == "BEGIN" if frame else framed


def _is_key(lines: Iterable[str], closing: re.Match[str] | None) -> bool:
    inside = [found.group(1) for line in lines if (found := _ARMOUR.match(line)) and _is_mixed(found.group(1))]
    if closing and closing.group(1) == "END":
        return "PRIVATE KEY" in closing.group(2) and bool(inside)
    whole = [line for line in inside if _LINE.fullmatch(line)]
    return any(len(one) == len(other) for one, other in pairwise(whole))


def _is_mixed(line: str) -> bool:
    """Of letters in both cases and digits or signs, as chance makes it and words are not."""
    return line != line.lower() and line != line.upper() and not line.rstrip("=").isalpha()
