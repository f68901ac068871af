"""Globs: ``*``, ``?`` and ``[...]`` within a name, ``**`` for any folders, ``{a,b}`` for either.

A hidden name is a name like any other. The time to match grows with pattern times path, whatever the pattern.
"""

import fnmatch
import re
from dataclasses import dataclass
from functools import lru_cache

from gemini_mcp.domain.errors import InvalidArgument

_MAGIC = re.compile(r"[*?\[]|\{[^{}]*,[^{}]*\}")
_BRACES = re.compile(r"\{([^{}]*,[^{}]*)\}")
_MOST_ALTERNATIVES = 64


def is_glob(name: str) -> bool:
    return bool(_MAGIC.search(name))


@dataclass(frozen=True, slots=True)
class Glob:
    """``base``: the folder before the first part that is a pattern, "." for none. ``parts``: the pattern below it."""

    base: str
    parts: tuple[str, ...]

    @property
    def depth(self) -> int | None:
        """How many names deep a match lies below the base; None: at any depth."""
        return None if "**" in self.parts else len(self.parts)

    def matches(self, path: tuple[str, ...]) -> bool:
        """Whether a path, in parts from the base, is meant."""
        reached = self._past_folders({0})
        for name in path:
            reached = self._past_folders({state for at in reached for state in self._after(at, name)})
        return len(self.parts) in reached

    def _after(self, at: int, name: str) -> tuple[int, ...]:
        if at == len(self.parts):
            return ()
        if self.parts[at] == "**":
            return (at,)
        return (at + 1,) if _part(self.parts[at]).fullmatch(name) else ()

    def _past_folders(self, reached: set[int]) -> set[int]:
        """``**`` may stand for no folder at all, but not for a file: at the end it needs a name."""
        for at in sorted(reached):
            while at < len(self.parts) and self.parts[at] == "**":
                at += 1
                reached.add(at)
        return reached


def globs(name: str) -> list[Glob]:
    """What a path from a root, with ``{a,b}`` in it, stands for. Raises InvalidArgument when that is too much."""
    done: list[str] = []
    waiting = [name]
    while waiting:
        if len(done) + len(waiting) > _MOST_ALTERNATIVES:
            what = f"a glob stands for more than {_MOST_ALTERNATIVES} others"
            raise InvalidArgument(what, "Use fewer alternatives in {}, or several globs.")
        one = waiting.pop()
        if braces := _BRACES.search(one):
            before, after = one[: braces.start()], one[braces.end() :]
            waiting += [before + either + after for either in braces[1].split(",")]
        else:
            done.append(one)
    return [_split(one) for one in done]


def _split(name: str) -> Glob:
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise InvalidArgument(f"{name} is not a glob of files", "Write it like docs/**/*.md, with no .. in braces.")
    first = next((number for number, part in enumerate(parts) if is_glob(part)), len(parts) - 1)
    return Glob("/".join(parts[:first]) or ".", tuple(parts[first:]))


@lru_cache(maxsize=256)
def _part(pattern: str) -> re.Pattern[str]:
    return re.compile(fnmatch.translate(pattern))
