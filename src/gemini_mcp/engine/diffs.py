"""Whether a unified diff would apply: its form, and its old lines where the file is at hand."""

import re
from collections.abc import Mapping

from gemini_mcp.domain.hunks import MalformedPatch, RawHunk, raw_hunks


def diff_problem(text: str, files: Mapping[str, str]) -> str | None:
    """What keeps the diff from applying, or None. ``files``: path to content, of the files that are at hand."""
    try:
        hunks = list(raw_hunks(text))
    except MalformedPatch as error:
        return str(error)
    if not hunks:
        return "no hunk in it"
    return next((problem for hunk in hunks if (problem := _hunk_problem(hunk, files))), None)


def _hunk_problem(hunk: RawHunk, files: Mapping[str, str]) -> str | None:
    old, new = len(hunk.old_lines), len(hunk.new_lines)
    if (old, new) != (hunk.old_count, hunk.new_count):
        return f"{hunk.header} claims {hunk.old_count} old and {hunk.new_count} new lines and has {old} and {new}"
    path = _path(hunk)
    content = _content(path, files)
    if content is not None and not _contains(_plain(content.split("\n")), _plain(hunk.old_lines)):
        return f"{hunk.header} of {path}: its old lines are not in the file"
    return None


def _plain(lines: list[str]) -> list[str]:
    """Line ends are not what a diff is turned down for."""
    return [line.removesuffix("\r") for line in lines]


def _content(path: str, files: Mapping[str, str]) -> str | None:
    """The file that a diff's path means: its name may have lost leading folders on the way."""
    if path in files:
        return files[path]
    fitting = [text for name, text in files.items() if name.endswith(f"/{path}") or path.endswith(f"/{name}")]
    return fitting[0] if len(fitting) == 1 else None


def _contains(lines: list[str], wanted: list[str]) -> bool:
    if not wanted:
        return True
    starts = (i for i, line in enumerate(lines) if line == wanted[0])
    return any(lines[i : i + len(wanted)] == wanted for i in starts)


def _path(hunk: RawHunk) -> str:
    return re.sub(r"^[ab]/", "", hunk.old if hunk.new == "/dev/null" else hunk.new)
