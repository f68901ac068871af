"""What a call did not read, or lost on its way: which of it is worth telling, and in which words."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from gemini_mcp.domain.chunking import is_blank
from gemini_mcp.domain.errors import AgentError, DeadlineExceeded
from gemini_mcp.domain.missing import MOST_NAMED, Missing, inert, names_of, told
from gemini_mcp.sources.reader import Material
from gemini_mcp.sources.sifting import folder_left_out
from gemini_mcp.tools.estimates import Estimate
from gemini_mcp.tools.services import Delivered

Lost = tuple[str, AgentError]
"""A part by name, and what became of it."""

_NOT_MISSED = frozenset({folder_left_out(PurePath("node_modules")), folder_left_out(PurePath(".git"))})


def worth_telling(left_out: Sequence[Missing]) -> tuple[Missing, ...]:
    """Without what nobody expects to be read: installed and generated files, version control's own."""
    return tuple((path, why) for path, why in left_out if why not in _NOT_MISSED and not _is_beneath_such(path))


def _is_beneath_such(path: str) -> bool:
    inside = PurePath(path)
    return any(folder_left_out(folder) in _NOT_MISSED for folder in (inside, *inside.parents))


def reasons(lost: Sequence[Lost], estimate: Estimate, cap_nano: int | None) -> tuple[Missing, ...]:
    """Why each was lost. Errors of one kind are told by the first of them: they differ in a figure or two."""
    words: dict[str, str] = {}
    for _, error in lost:
        words.setdefault(error.code, _words(estimate.of_whole(error, cap_nano)))
    return tuple((name, words[error.code]) for name, error in lost)


def _words(error: AgentError) -> str:
    if isinstance(error, DeadlineExceeded):
        return f"the deadline passed. {error.fix}"
    return f"{error.code}: {error.message.rstrip('.')}. {error.fix}"


def notes(material: Material) -> list[str]:
    """For the receipt's line: warnings, what was left out, and what is empty."""
    left_out = worth_telling(material.left_out)
    lines = told(left_out, "not read", len(material.sources) + len(left_out))
    return [*material.warnings, *(line.rstrip(".") for line in lines), *_empty(material)]


def _empty(material: Material) -> list[str]:
    paths = [source.path for source in material.sources if is_blank(source)]
    more = f" and {len(paths) - MOST_NAMED} more" if len(paths) > MOST_NAMED else ""
    return [f"nothing to read in {', '.join(map(inert, paths[:MOST_NAMED]))}{more}"] if paths else []


def with_omissions(given: Delivered, missing: Sequence[Missing]) -> Delivered:
    """The full list, in the receipt."""
    if not missing or given.receipt is None:
        return given
    return replace(given, receipt={**given.receipt, "not_read": list(names_of(missing))})
