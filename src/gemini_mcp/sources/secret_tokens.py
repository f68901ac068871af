"""Finds tokens by their shapes, whole or broken, and what belongs to them."""

import base64
import binascii
import re
from collections.abc import Iterator

from gemini_mcp.sources.secret_effort import Effort
from gemini_mcp.sources.secret_shapes import SHAPES, Shape
from gemini_mcp.sources.secret_text import Runs, Span, begins_at, broken_at, joined, positions
from gemini_mcp.sources.secret_values import entropy, is_hex, made_by_machine, stands_for_one

_DISCORD = Shape("Discord token", (), re.compile(r"[A-Za-z0-9]{23,28}+\.[\w-]{6}\.[\w-]{27,38}+(?![\w-])", re.ASCII))
_DISCORD_NUMBER = re.compile(r"(?<![\w-])[MNO][A-Za-z0-9]{22,27}+(?=\.)")
_AWS_SECRET = re.compile(r"(?<![A-Za-z0-9/+])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])")
_LONG_RUN = re.compile(r"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{24,600}+(={0,2})(?![\w+/=-])")
_OF_BASE64 = frozenset("=.@-_")
_PREFIX = re.compile(r"(?:(?<![\w./\\-])|(?<=\\[nrt]))(?:(?:[a-z]{2,12}[_-]){1,3}|(?:[A-Z]{2,12}[_-]){1,3})\Z")
_SURE = tuple(shape for shape in SHAPES if not shape.weak and shape.leads == (0,))
_NEAR = 160
_SAMPLE_SUBJECT = "MjM0NTY3ODkw"
"""Of the subject "1234567890" in the web token that everybody's documentation shows."""


def tokens(text: str, effort: Effort) -> Iterator[Span]:
    """Of every provider in the table."""
    runs = Runs(text)
    for shape in SHAPES:
        for mark in shape.marks:
            if mark not in text:  # as nearly all of them: a generator for each would take longer than the search
                continue
            done = 0
            for at in positions(text, mark):
                effort.tick()
                if at >= done and (span := _token(text, runs, shape, at)):
                    done = span.end
                    # What ends in "=" is the value's name.
                    yield span._replace(start=at + len(mark)) if mark.endswith("=") else span
                    if span.kind == "AWS access key":
                        yield from _aws_secrets(text, span)
    yield from _discord(text, runs)
    yield from _of_anybody(text, effort)


def _token(text: str, runs: Runs, shape: Shape, at: int) -> Span | None:
    for lead in shape.leads:
        start = at - lead
        begins = start >= 0 and begins_at(text, start, shape.inside)
        if begins and (end := _end(text, runs, shape, start)):
            return Span(start, end, shape.kind)
    return None


def _end(text: str, runs: Runs, shape: Shape, start: int) -> int | None:
    plain = shape.pattern.match(text, start)
    end = plain.end() if plain and _genuine(plain.group(), shape) else None
    if plain is None and runs.is_broken(start):
        end = _end_of_broken(text, shape, start, cautious=False)
    elif plain and shape.open and broken_at(text, plain.end()):
        end = _end_of_broken(text, shape, start, cautious=True) or end
    if end is None:
        return None
    return start + len(text[start:end].rstrip(".~")) if shape.open else end


def _end_of_broken(text: str, shape: Shape, start: int, *, cautious: bool) -> int | None:
    for hyphens in (True, False):
        whole = joined(text, start, cautious=cautious, hyphens=hyphens, stops=shape.marks)
        if len(whole.pieces) < 2:
            return None
        found = shape.pattern.match(whole.text)
        if found and _genuine(found.group(), shape) and made_by_machine(_body(found.group(), shape), 12):
            return whole.end(found.end())
    return None


def _genuine(token: str, shape: Shape) -> bool:
    """Neither an example nor, where the shape proves little, made of words."""
    body = _body(token, shape)
    if shape.kind == "JSON web token" and _SAMPLE_SUBJECT in token:
        return False
    if shape.weak:
        return made_by_machine(body, 12)
    return entropy(body) >= 2.5 and not stands_for_one(token)


def _body(token: str, shape: Shape) -> str:
    """The token less its prefix."""
    return next((token[len(mark) :] for mark in shape.marks if token.startswith(mark)), token)


def _aws_secrets(text: str, key: Span) -> Iterator[Span]:
    """The other half, which has no prefix, beside an access key."""
    for found in _AWS_SECRET.finditer(text, max(0, key.start - _NEAR), key.end + _NEAR):
        if made_by_machine(found.group(), 40) and not is_hex(found.group()):
            yield Span(found.start(), found.end(), "AWS secret key")


def _discord(text: str, runs: Runs) -> Iterator[Span]:
    """A bot's number in base64, a time, a signature: three parts without a prefix."""
    for found in _DISCORD_NUMBER.finditer(text):
        number = decoded(found.group())
        if number is not None and number.isdigit() and (end := _end(text, runs, _DISCORD, found.start())):
            yield Span(found.start(), end, _DISCORD.kind)


def _of_anybody(text: str, effort: Effort) -> Iterator[Span]:
    """Long runs: after a prefix of letters, as providers not in the table write theirs, too; a token in base64."""
    for found in _LONG_RUN.finditer(text):
        effort.tick()
        start, end = found.span()
        run = text[start:end]
        before = text[start - 1 : start]
        if before in ("_", "-") and 32 <= len(run) <= 200 and run.isalnum():
            prefix = _PREFIX.search(text, max(0, start - 40), start)
            if prefix and not is_hex(run) and made_by_machine(run, 32):
                yield Span(prefix.start(), end, "token")
        elif before not in _OF_BASE64 and run != run.lower() and _holds_token(run):
            yield Span(start, end, "token in base64")


def _holds_token(run: str) -> bool:
    """Such as a login's name and its token."""
    inside = decoded(run) or ""
    return inside.isascii() and inside.isprintable() and any(_holds(inside, shape) for shape in _SURE)


def _holds(text: str, shape: Shape) -> bool:
    places = [at for mark in shape.marks for at in positions(text, mark) if begins_at(text, at, shape.inside)]
    return any((found := shape.pattern.match(text, at)) and _genuine(found.group(), shape) for at in places)


def decoded(value: str) -> str | None:
    """What base64 text says, or None when that is no text."""
    try:
        return base64.b64decode(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
