"""No secret leaves the machine: text is screened before it is sent, whatever it was read from.

The rules here are always on. They know secrets by their shape (``secret_shapes``), by the place they stand in
(``secret_places``) and by the name they are given (``secret_assignments``). What is said of a secret is its file, its
line and its kind, never its value.
"""

import importlib
import importlib.util
from bisect import bisect_right
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import accumulate, pairwise
from typing import Any, Literal

import anyio.to_thread

from gemini_mcp.domain.errors import SecretFound
from gemini_mcp.domain.material import Page
from gemini_mcp.sources.secret_search import LINE_BREAK, Search, SecretHit, found_secrets
from gemini_mcp.sources.secret_text import Span

__all__ = ["Kingfisher", "Policy", "Screen", "SecretHit", "found_secrets", "redacted"]

Policy = Literal["refuse", "redact", "allow"]
Where = Callable[[int], str]

MOST_NAMED = 5
_ENOUGH = 20
"""Secrets after which a text that is to be refused is not looked at any further."""


def redacted(text: str, hits: Sequence[SecretHit]) -> str:
    """The text with ``[REDACTED kind]`` in place of each value. It keeps its lines: what follows keeps its number."""
    parts: list[str] = []
    at = 0
    for hit in sorted(hits, key=lambda hit: hit.start):
        breaks = "".join(LINE_BREAK.findall(text[hit.start : hit.end]))
        parts += [text[at : hit.start], f"[REDACTED {hit.kind}]", breaks]
        at = max(at, hit.end)
    return "".join([*parts, text[at:]])


class Screen:
    """What the user's configuration says is done with secrets: ``refuse`` them, ``redact`` them, or ``allow`` them.

    ``kingfisher``: where the package kingfisher-secret-scanner is installed, what it finds counts too. All methods
    raise SecretFound, which names file, lines and kinds only, and TooLarge for what takes too long to look through.
    """

    def __init__(self, policy: Policy = "refuse", *, kingfisher: bool = False) -> None:
        self._policy = policy
        self._kingfisher = Kingfisher() if kingfisher and Kingfisher.installed() else None

    def screened(self, name: str, text: str, first_line: int = 1) -> tuple[str, list[str]]:
        """The text to send, and warnings in words.

        ``first_line``: the number of the text's first line in the file ``name``.
        """
        search = self._search(name, text)
        while search.step():
            pass
        return self._done_with(name, text, search, lambda line: f"line {line + first_line - 1}")

    async def looked_through(self, name: str, text: str, where: Where | None = None) -> tuple[str, list[str]]:
        """The same for long texts, in threads; it can be cancelled. ``where``: how a line is called."""
        search = self._search(name, text)
        while await anyio.to_thread.run_sync(search.step):
            pass
        where = where or (lambda line: f"line {line}")
        return await anyio.to_thread.run_sync(self._done_with, name, text, search, where)

    async def pages(self, name: str, pages: Sequence[Page]) -> tuple[tuple[Page, ...], list[str]]:
        """The same for the pages of a document, as one text: a secret may begin on one and end on the next."""
        text = "\n".join(page.text for page in pages)
        first_lines = list(accumulate((len(LINE_BREAK.split(page.text)) for page in pages), initial=1))

        def where(line: int) -> str:
            place = bisect_right(first_lines, line) - 1
            return f"p. {pages[place].number} line {line - first_lines[place] + 1}"

        shown, warnings = await self.looked_through(name, text, where)
        if shown == text:
            return tuple(pages), warnings
        lines = LINE_BREAK.split(shown)  # which redaction keeps
        parts = zip(pages, pairwise(first_lines), strict=True)
        return tuple(Page(page.number, "\n".join(lines[a - 1 : b - 1])) for page, (a, b) in parts), warnings

    def name(self, name: str) -> tuple[str, list[str]]:
        """A file's name as it is sent, and warnings."""
        search = self._search("a name", name)
        search.step()
        hits = search.hits()
        if not hits:
            return name, []
        shown = redacted(name, hits)
        if self._policy == "refuse":
            raise SecretFound(f"the name {shown} holds a secret", "Nothing was sent. Rename the file, or leave it out.")
        if self._policy == "redact":
            return shown, [f"the name {shown} held a secret, which is redacted"]
        return name, [f"a secret sent with the name {shown}, as GEMINI_AGENTS_SECRETS=allow says"]

    def check_name(self, name: str) -> list[str]:
        """Warnings of a name that can only be sent as it is."""
        shown, warnings = self.name(name)
        if shown != name:
            raise SecretFound(f"the name {shown} holds a secret", "Nothing was sent. Rename the file, or leave it out.")
        return warnings

    def _search(self, name: str, text: str) -> Search:
        enough = _ENOUGH if self._policy == "refuse" else None
        return Search(name, text, enough=enough, more=self._kingfisher.spans if self._kingfisher else None)

    def _done_with(self, name: str, text: str, search: Search, where: Where) -> tuple[str, list[str]]:
        hits = search.hits()
        told = self.told(name, hits, where, "at least " if search.cut_short else "")
        return (redacted(text, hits) if self.redacts else text), told

    def found(self, name: str, text: str) -> list[SecretHit]:
        """Every secret in it, whatever is to be done with them. Blocks. Raises TooLarge alone."""
        search = Search(name, text, more=self._kingfisher.spans if self._kingfisher else None)
        while search.step():
            pass
        return search.hits()

    def told(self, name: str, hits: Sequence[SecretHit], where: Where, about: str = "") -> list[str]:
        """Warnings in words of secrets found in what is to be sent, unless they are to be refused."""
        if not hits:
            return []
        count, places = f"{len(hits)} {'secret' if len(hits) == 1 else 'secrets'}", named(hits, where)
        if self._policy == "refuse":
            raise SecretFound(
                f"{name} holds {about}{count} ({places})",
                "Nothing was sent. Remove or move what is named, or leave the file out; no argument allows it, but the"
                " user may set GEMINI_AGENTS_SECRETS=redact for the server.",
            )
        if self.redacts:
            return [f"{count} redacted in {name} ({places})"]
        return [f"{count} sent with {name}, as GEMINI_AGENTS_SECRETS=allow says ({places})"]

    @property
    def redacts(self) -> bool:
        return self._policy == "redact"


def named(hits: Sequence[SecretHit], where: Where) -> str:
    """Lines and kinds in words, the first few."""
    words = [f"{where(hit.line)}: {hit.kind}" for hit in hits[:MOST_NAMED]]
    if len(hits) > MOST_NAMED:
        words.append(f"and {len(hits) - MOST_NAMED} more")
    return ", ".join(words)


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
