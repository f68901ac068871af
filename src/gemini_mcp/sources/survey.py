"""What a call is to read, before anything of it is read: its names expanded, what serves no purpose left out, counted
and weighed. The calls block; they are made in a thread."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from gemini_mcp.domain.errors import FileNotFound, InvalidArgument, PathDenied, TooLarge, UnsupportedFormat
from gemini_mcp.sources.beneath import Beneath
from gemini_mcp.sources.conversion import selection
from gemini_mcp.sources.exclusions import Exclusions, parted
from gemini_mcp.sources.formats import HEAD_BYTES
from gemini_mcp.sources.listing import MOST_FILES, Listing
from gemini_mcp.sources.purposes import Purpose, reason

MOST_FILE_BYTES = 50_000_000
MOST_TOTAL_BYTES = 100_000_000
MOST_URLS = 20
MOST_LOOKED_AT = 5_000
"""Files that folders and globs may hold, of which not all need serve."""

UNREADABLE = (UnsupportedFormat, TooLarge, PathDenied, FileNotFound)
"""What may be wrong with a file that was found: it is left out, and named. Anything else refuses the call."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:/{2}|(?:https?|file|data|ftp|javascript):", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file or a URL. ``pages``: which of a PDF's, "" for all."""

    name: str
    pages: str
    url: bool


@dataclass(slots=True)
class Selected:
    """``wanted``: each once. ``found``: those that a folder or a glob held, and nobody named. ``groups``: what each
    name stands for. ``left_out``: (path, why)."""

    wanted: dict[Wanted, None] = field(default_factory=dict)
    found: set[Wanted] = field(default_factory=set)
    groups: dict[str, tuple[Wanted, ...]] = field(default_factory=dict)
    left_out: dict[tuple[str, str], None] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def add(self, name: str, wanted: Sequence[Wanted], found: Iterable[Wanted] = ()) -> None:
        """What ``name`` stands for. What was named once is not merely found, whatever else holds it."""
        named = set(self.wanted) - self.found
        self.found |= set(found) - named
        self.found -= set(wanted) - set(found)
        self.wanted |= dict.fromkeys(wanted)
        self.groups[name] = tuple(wanted)

    def leave_out(self, one: Wanted, why: str) -> None:
        del self.wanted[one]
        self.left_out[one.name, why] = None


class Survey:
    """Looks for one server, beneath its roots."""

    def __init__(self, beneath: Beneath) -> None:
        self._beneath = beneath
        self._listing = Listing(beneath)

    def selected(self, names: Sequence[str], purpose: Purpose) -> Selected:
        """Raises a Refusal: for a name that stands for nothing, and for too much."""
        if any(not name.strip() for name in names):
            raise InvalidArgument("a source has no name", "Give paths relative to the project, or https URLs.")
        kept, patterns = parted(names)
        exclusions = Exclusions(patterns, self._beneath.roots)
        if patterns and not kept:
            fix = 'Name what it is to be left out of, too, as in ["src/", "!src/gen/"].'
            raise InvalidArgument(f"{exclusions} alone names nothing to read", fix)
        selected = Selected()
        for name in dict.fromkeys(kept):
            self._expand(name, exclusions, selected)
        if kept and not selected.wanted:
            fix = "Leave fewer out, or name more."
            raise InvalidArgument(f"{exclusions} leaves nothing of what was named", fix)
        selected.warnings += exclusions.notes
        _check_count(len(selected.wanted), MOST_LOOKED_AT)
        size = sum(self._look(one, selected, purpose) for one in list(selected.wanted) if not one.url)
        _check_counts(list(selected.wanted))
        check_total(size)
        return selected

    def _expand(self, name: str, exclusions: Exclusions, selected: Selected) -> None:
        path, pages = selection(name)
        if is_url(name):
            selected.add(name, [Wanted(path, pages, url=True)])
            return
        expansion = self._listing.expanded([path], MOST_LOOKED_AT, exclusions=exclusions)
        wanted = [Wanted(file, pages, url=False) for file in expansion.files]
        selected.add(name, wanted, [one for one in wanted if one.name in expansion.found])
        selected.left_out |= dict.fromkeys(expansion.left_out)

    def _look(self, one: Wanted, selected: Selected, purpose: Purpose) -> int:
        """The bytes that a file will take; 0 for one that is left out."""
        if one not in selected.found:
            return self._beneath.look(one.name)[0]
        try:
            size, head = self._beneath.look(one.name, HEAD_BYTES)
            why = purpose.unfit(one.name, head) or _oversized(size)
        except UNREADABLE as error:
            size, why = 0, reason(error, one.name)
        if why is None:
            return size
        selected.leave_out(one, why)
        return 0


def is_url(name: str) -> bool:
    """Whatever begins with a scheme and ``//``, so that none is ever taken for a path."""
    return bool(_SCHEME.match(name.strip()))


def check_total(size: int) -> None:
    """Raises TooLarge. Before minutes go into reading what is too much, and while it is read."""
    if size > MOST_TOTAL_BYTES:
        most = MOST_TOTAL_BYTES // 1_000_000
        raise TooLarge(f"the sources are over {most} MB together", 'Name fewer, or leave some out, as in "!data/".')


def check_served(selected: Selected, served: Iterable[Wanted], purpose: Purpose) -> None:
    """Raises UnsupportedFormat for a name of which nothing could be read."""
    readable = set(served)
    for name, wanted in selected.groups.items():
        if wanted and readable.isdisjoint(wanted):
            whys = dict(list(selected.left_out))
            told = sorted({whys[one.name] for one in wanted if one.name in whys})
            what = f"{name} holds no file that can be read for this ({len(wanted)} left out: {'; '.join(told[:3])})"
            raise UnsupportedFormat(what, purpose.fix)


def _oversized(size: int) -> str | None:
    return f"over {MOST_FILE_BYTES // 1_000_000} MB" if size > MOST_FILE_BYTES else None


def _check_counts(wanted: list[Wanted]) -> None:
    _check_count(len(wanted), MOST_FILES)
    if (urls := sum(one.url for one in wanted)) > MOST_URLS:
        raise TooLarge(f"{urls} URLs are too many for one call", f"Name at most {MOST_URLS}.")


def _check_count(count: int, most: int) -> None:
    if count > most:
        fix = f'At most {MOST_FILES} can be: name a folder further down, or leave some out, as in "!tests/".'
        raise TooLarge(f"{count:,} files are too many for one call", fix)
