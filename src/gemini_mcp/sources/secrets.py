"""No secret leaves the machine: text is screened before it is sent, whatever it was read from.

The rules here are always on. They know secrets by their shape (``secret_shapes``), by the place they stand in
(``secret_places``) and by the name they are given (``secret_assignments``). What is said of a secret is its file, its
line and its kind, never its value.
"""

import importlib
import importlib.util
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any, Literal

from gemini_mcp.domain.errors import SecretFound
from gemini_mcp.sources.secret_assignments import assignments
from gemini_mcp.sources.secret_places import addresses, files, headers, keys
from gemini_mcp.sources.secret_text import Span, folded, positions
from gemini_mcp.sources.secret_tokens import tokens

Policy = Literal["refuse", "redact", "allow"]

MOST_NAMED = 5
_MOST_SEARCHED = 2_000_000_000
"""Characters looked through for the other places of values already found."""

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_LOOSE = ("password", "secret", "key", "token", "credentials in a header", "bearer token")
"""Kinds that a name or a place gave; a shape says more."""


@dataclass(frozen=True, slots=True)
class SecretHit:
    """A secret at ``text[start:end]``, beginning on a line counted from 1. Its value is kept nowhere."""

    line: int
    kind: str
    start: int
    end: int


def found_secrets(text: str) -> list[SecretHit]:
    """Every secret that the built-in rules know, in order, without overlaps."""
    return _hits(text, _everywhere(text, _merged(_spans(text))))


def redacted(text: str, hits: Sequence[SecretHit]) -> str:
    """The text with ``[REDACTED kind]`` in place of each value. It keeps its lines: what follows keeps its number."""
    parts: list[str] = []
    at = 0
    for hit in sorted(hits, key=lambda hit: hit.start):
        breaks = "".join(_LINE_BREAK.findall(text[hit.start : hit.end]))
        parts += [text[at : hit.start], f"[REDACTED {hit.kind}]", breaks]
        at = max(at, hit.end)
    return "".join([*parts, text[at:]])


class Screen:
    """What the user's configuration says is done with secrets: ``refuse`` them, ``redact`` them, or ``allow`` them.

    ``kingfisher``: where the package kingfisher-secret-scanner is installed, what it finds counts too.
    """

    def __init__(self, policy: Policy = "refuse", *, kingfisher: bool = False) -> None:
        self._policy = policy
        self._kingfisher = Kingfisher() if kingfisher and Kingfisher.installed() else None

    def screened(self, name: str, text: str, first_line: int = 1) -> tuple[str, list[str]]:
        """The text to send, and warnings in words. Raises SecretFound, which names file, lines and kinds only.

        ``first_line``: the number of the text's first line in the file ``name``.
        """
        hits = self._found(text)
        if not hits:
            return text, []
        places = named([replace(hit, line=hit.line + first_line - 1) for hit in hits])
        count = f"{len(hits)} {'secret' if len(hits) == 1 else 'secrets'}"
        if self._policy == "refuse":
            raise SecretFound(
                f"{name} holds {count} ({places})",
                "Nothing was sent. Remove or move what is named, or leave the file out; no argument allows it, but the"
                " user may set GEMINI_AGENTS_SECRETS=redact for the server.",
            )
        if self._policy == "redact":
            return redacted(text, hits), [f"{count} redacted in {name} ({places})"]
        return text, [f"{count} sent with {name}, as GEMINI_AGENTS_SECRETS=allow says ({places})"]

    def _found(self, text: str) -> list[SecretHit]:
        spans = _merged(_spans(text))
        if self._kingfisher is not None:
            spans = _merged([*spans, *self._kingfisher.spans(text)])
        return _hits(text, _everywhere(text, spans))


def named(hits: Sequence[SecretHit]) -> str:
    """Lines and kinds in words, the first few."""
    words = [f"line {hit.line}: {hit.kind}" for hit in hits[:MOST_NAMED]]
    if len(hits) > MOST_NAMED:
        words.append(f"and {len(hits) - MOST_NAMED} more")
    return ", ".join(words)


def _spans(text: str) -> Iterator[Span]:
    small = folded(text)
    yield from tokens(text)
    yield from keys(text)
    yield from addresses(text)
    yield from headers(text, small)
    yield from files(text, small)
    yield from assignments(text, small)


def _merged(spans: Iterable[Span]) -> list[Span]:
    """In order; those that overlap become one, of the kind that says most."""
    merged: list[Span] = []
    for span in sorted(spans):
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Span(last.start, max(last.end, span.end), _better(last, span).kind)
        else:
            merged.append(span)
    return merged


def _better(first: Span, second: Span) -> Span:
    def rank(span: Span) -> tuple[bool, int]:
        return span.kind not in _LOOSE, span.end - span.start

    return second if rank(second) > rank(first) else first


def _everywhere(text: str, spans: list[Span]) -> list[Span]:
    """With every other place of the same values: what was found by its name may stand elsewhere without it."""
    values = {text[span.start : span.end]: span.kind for span in spans if span.end - span.start >= 8}
    more: list[Span] = []
    for value, kind in islice(values.items(), max(1, _MOST_SEARCHED // (len(text) + 1))):
        if not value.isalpha():
            more += [Span(at, at + len(value), kind) for at in positions(text, value)]
    return _merged([*spans, *more])


def _hits(text: str, spans: list[Span]) -> list[SecretHit]:
    hits: list[SecretHit] = []
    line, at = 1, 0
    for span in spans:
        line += sum(1 for _ in _LINE_BREAK.finditer(text, at, span.start))
        at = span.start
        hits.append(SecretHit(line, span.kind, span.start, span.end))
    return hits


class Kingfisher:
    """A second pair of eyes: the rules of kingfisher-secret-scanner, in process, without the network."""

    @staticmethod
    def installed() -> bool:
        return importlib.util.find_spec("kingfisher_sdk") is not None

    @cached_property
    def _scanner(self) -> Any:
        """Loaded at its first use: it takes seconds the first time on a machine, a third of one after that."""
        return importlib.import_module("kingfisher_sdk").Scanner(redact=True)

    def spans(self, text: str) -> list[Span]:
        """What it finds, in positions of ``text``."""
        data = text.encode("utf-8", "replace")
        findings = [finding for finding in self._scanner.scan(data) if finding.visible]
        places = [(finding.location["start_offset"], finding.location["end_offset"]) for finding in findings]
        characters = _characters(data, sorted({at for place in places for at in place}))
        kinds = [_kind(finding.rule_id) for finding in findings]
        return [Span(characters[a], characters[b], kind) for (a, b), kind in zip(places, kinds, strict=True)]


def _characters(data: bytes, offsets: list[int]) -> dict[int, int]:
    """How many characters stand before each of these bytes of UTF-8."""
    counted: dict[int, int] = {}
    characters = last = 0
    for offset in offsets:
        characters += len(data[last:offset].decode("utf-8", "ignore"))
        counted[offset] = characters
        last = offset
    return counted


def _kind(rule: str) -> str:
    return rule.rpartition(".")[2].strip("0123456789").replace("-", " ") or rule.replace("-", " ")
