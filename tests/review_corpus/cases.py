"""The form of the corpus: code under review, as whole files or as a change, and the bugs that were planted in it."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gemini_mcp.domain.findings import Category, Finding, Severity


@dataclass(frozen=True, slots=True)
class Bug:
    """Where a bug is (``line`` on the new side), the lines at fault word for word, and what a reviewer would say."""

    file: str
    line: int
    quote: str
    severity: Severity
    category: Category
    message: str
    suggestion: str = "Mend it."

    @property
    def finding(self) -> Finding:
        end = self.line + self.quote.count("\n")
        return Finding(
            self.file, self.line, end, self.severity, self.category, self.message, self.quote, self.suggestion
        )


@dataclass(frozen=True, slots=True)
class Case:
    """``files``: path to text, of a change the new side. ``diff``: the change, empty where whole files are reviewed."""

    name: str
    files: Mapping[str, str]
    diff: str = ""
    bugs: tuple[Bug, ...] = field(default=())


def whole(name: str, path: str, text: str, bug: Bug) -> Case:
    """A file to be reviewed as it is."""
    return Case(name, {path: text}, "", (bug,))


def change(
    name: str,
    path: str,
    old: str,
    edits: Sequence[tuple[str, str]],
    bug: Bug | None = None,
    others: Mapping[str, str] | None = None,
) -> Case:
    """A file in which passages were replaced by others; ``others`` are files around it that stay as they are."""
    new = old
    for before, after in edits:
        assert new.count(before) == 1, f"{name}: {before!r} stands {new.count(before)} times in {path}"
        new = new.replace(before, after)
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), f"a/{path}", f"b/{path}", lineterm="")
    diff = "\n".join([f"diff --git a/{path} b/{path}", *lines, ""])
    return Case(name, {path: new, **(others or {})}, diff, (bug,) if bug else ())
