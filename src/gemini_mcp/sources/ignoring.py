"""What ``.gitignore`` files say, where git itself is not asked.

The patterns are a stranger's, and matching one may take time that grows with a power of its stars: those with many
are passed over, as are oversized files. What should have been ignored is then listed.
"""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

_MOST_LINES = 1_000
_MOST_LINE = 200
_MOST_STARS, _MOST_STARS_IN_A_NAME = 3, 2
_MOST_PATH = 1_000
_STARS = re.compile(r"\*+")
_ODD_SET = re.compile(r"\[.*(?:\[|--|&&|\|\||~~)")
"""Sets that regular expressions may one day read in another way; Python warns of them."""


class Rules:
    """The patterns of one ``.gitignore``; paths are taken from the folder that it lies in."""

    def __init__(self, lines: Iterable[str]) -> None:
        kept = [line for line in lines if _is_bounded(line)]
        self._patterns = [pattern for line in kept[:_MOST_LINES] if (pattern := _pattern(line)) is not None]

    def ignores(self, path: str) -> bool | None:
        """Whether a path, with a slash behind a folder's, is ignored; None when nothing is said of it."""
        if len(path) > _MOST_PATH:
            return None
        found = (pattern.include for pattern in reversed(self._patterns) if pattern.match_file(path) is not None)
        return next(found, None)


def _is_bounded(line: str) -> bool:
    stars = [len(_STARS.findall(name)) for name in line.split("/")]
    few = sum(stars) <= _MOST_STARS and max(stars) <= _MOST_STARS_IN_A_NAME
    return few and len(line) <= _MOST_LINE and not _ODD_SET.search(line)


def _pattern(line: str) -> "GitIgnoreSpecPattern | None":
    """None for a comment, an empty line and what is no pattern."""
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    try:
        pattern = GitIgnoreSpecPattern(line)
    except ValueError:
        return None
    return pattern if pattern.include is not None else None
