"""The names in a piece of code, and those whose meaning a change alters: what else it may break goes by these names."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gemini_mcp.domain.outline import Block, Outline
from gemini_mcp.domain.patches import FilePatch, Hunk

_STRING = re.compile(r"'(?:[^'\\\n]|\\.)*'|\"(?:[^\"\\\n]|\\.)*\"|`(?:[^`\\\n]|\\.)*`")
_COMMENT = re.compile(r"(?:#|//|--[ \t]).*$|/\*.*?(?:\*/|$)|^[ \t]*\*.*$", re.MULTILINE)
_NAME = re.compile(r"[^\W\d]\w{2,}")
_GIVEN = re.compile(r"([^\W\d]\w{2,})[ \t]*(?::[ \t]*[\w\[\], .|]{1,60})?[ \t]*(?:[-+*/%|&^]|:)?=(?![=>])")
_KEY = re.compile(r"^[ \t]*([^\W\d]\w{2,})[ \t]*:(?!:)", re.MULTILINE)
_DEFINED = re.compile(
    r"\b(?:def|func|function|fn|fun|sub|class|struct|interface|enum|trait|type|const|let|var)[ \t]+([^\W\d]\w{2,})"
)
_LINES = re.compile(r"\blines?[ \t]+(\d{1,9})")
_QUOTED = re.compile(r"`([^`\n]+)`")
_LOOKS_LIKE_CODE = re.compile(r"\w_\w|[a-z][A-Z]|\w\d")
_WORDS_OF_LANGUAGES = frozenset(
    {
        "and", "async", "await", "bool", "break", "case", "catch", "class", "const", "continue", "def", "default",
        "elif", "else", "enum", "except", "export", "extends", "false", "False", "finally", "float", "for", "from",
        "func", "function", "global", "import", "int", "interface", "lambda", "let", "namespace", "new", "nil",
        "None", "not", "null", "object", "package", "pass", "private", "public", "raise", "return", "self", "static",
        "str", "string", "struct", "super", "switch", "this", "throw", "true", "True", "try", "type", "undefined",
        "using", "var", "void", "while", "with", "yield",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Owner:
    """A function or the like in which something was changed: whoever uses it may notice."""

    name: str
    path: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class ChangedNames:
    """``names``: given, defined, brought in or taken out by changed lines. ``owners``: the functions around those."""

    names: frozenset[str]
    owners: tuple[Owner, ...]


def changed_names(patches: Iterable[FilePatch], outlines: Mapping[str, Outline]) -> ChangedNames:
    """What a change alters. ``outlines`` of the files' new sides, where they are at hand."""
    names: set[str] = set()
    owners: dict[Owner, None] = {}
    for patch in patches:
        for hunk in patch.hunks:
            names |= _names_of(hunk)
        owners |= dict.fromkeys(_owners(patch, outlines.get(patch.path)))
    return ChangedNames(frozenset(names), tuple(owners))


def names_in(code: str) -> Counter[str]:
    """Identifiers of three letters and more, outside of comments and strings."""
    found = _NAME.findall(_COMMENT.sub("", _STRING.sub('""', code)))
    return Counter(name for name in found if name not in _WORDS_OF_LANGUAGES)


def said_as_code(text: str) -> frozenset[str]:
    """Names that a sentence gives as code: between backticks, before a bracket, or in no spelling of prose."""
    quoted = {name for part in _QUOTED.findall(text) for name in _NAME.findall(part)}
    called = set(re.findall(r"([^\W\d]\w{2,})\(", text))
    return frozenset(quoted | called | {name for name in _NAME.findall(text) if _LOOKS_LIKE_CODE.search(name)})


def said(text: str) -> frozenset[str]:
    """All names in a sentence, and all its words."""
    return frozenset(_NAME.findall(text))


def lines_said(text: str) -> frozenset[int]:
    """The line numbers that a sentence speaks of."""
    return frozenset(int(number) for number in _LINES.findall(text))


def _names_of(hunk: Hunk) -> set[str]:
    added = "\n".join(line.text for line in hunk.lines if line.mark == "+")
    removed = "\n".join(line.text for line in hunk.lines if line.mark == "-")
    before, after = names_in(removed), names_in(added)
    changed = set((before - after) + (after - before))
    bare = _COMMENT.sub("", _STRING.sub('""', f"{removed}\n{added}"))
    given = {name for pattern in (_GIVEN, _KEY, _DEFINED) for name in pattern.findall(bare)}
    return changed | (given - _WORDS_OF_LANGUAGES)


def _owners(patch: FilePatch, outline: Outline | None) -> Iterable[Owner]:
    if outline is None:
        return [owner for hunk in patch.hunks if (owner := _owner_by_section(patch.path, hunk)) is not None]
    blocks = [block for line in sorted(patch.touched) for block in outline.around(line)]
    return [_owner(patch.path, block) for block in dict.fromkeys(blocks)]


def _owner(path: str, block: Block) -> Owner:
    return Owner(re.split(r"[.:]+", block.name)[-1], path, block.first, block.last)


def _owner_by_section(path: str, hunk: Hunk) -> Owner | None:
    """Without the file there is only what the hunk's header says to be around it."""
    found = _DEFINED.search(hunk.section) or re.search(r"([^\W\d]\w{2,})[ \t]*\(", hunk.section)
    numbers = [line.new for line in hunk.lines if line.new is not None]
    return Owner(found.group(1), path, min(numbers, default=0), max(numbers, default=0)) if found else None
