"""What a review is about: whole files, or a change with the files around it; nothing secret in what is sent."""

import hashlib
import posixpath
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePath

import anyio.to_thread

from gemini_mcp.domain.errors import InvalidArgument, PathDenied, Refusal
from gemini_mcp.domain.excerpts import Excerpt, Row
from gemini_mcp.domain.hunks import MalformedPatch
from gemini_mcp.domain.material import Source
from gemini_mcp.domain.patches import FilePatch, new_side, parse_patch
from gemini_mcp.domain.splitting import ReviewUnit, split_change, split_files
from gemini_mcp.sources.git import Git
from gemini_mcp.sources.places import secret_place
from gemini_mcp.sources.reader import MOST_FILE_BYTES, Reader
from gemini_mcp.sources.texts import decoded

UNIT_TOKENS = 12_000
"""What one call reviews. Attention thins out long before the context is full."""

MOST_FILES_OF_A_CHANGE = 500
UNKNOWN = "new, and not known to git: git add it first"


@dataclass(frozen=True, slots=True)
class ReviewMaterial:
    """``files``: path to text, of a change the new sides that are at hand. ``patches``: None where whole files are
    reviewed. ``left_out``: what is not reviewed, and why."""

    units: tuple[ReviewUnit, ...]
    files: Mapping[str, str]
    patches: tuple[FilePatch, ...] | None
    sources: tuple[Source, ...]
    left_out: tuple[tuple[str, str], ...] = ()
    warnings: list[str] = field(default_factory=list)


TextOf = Callable[[str], Awaitable[str | None]]


async def of_files(paths: Sequence[str], reader: Reader) -> ReviewMaterial:
    """Whole files. Raises a Refusal."""
    material = await reader.read(paths)
    if unfit := next((source for source in material.sources if source.media is not None), None):
        raise InvalidArgument(f"{unfit.path} is no code", "review_code reads text; summarize_docs reads documents.")
    files = {source.path: source.text for source in material.sources if source.text}
    empty = [(source.path, "it is empty") for source in material.sources if not source.text]
    units = await anyio.to_thread.run_sync(split_files, files, UNIT_TOKENS)
    left_out = (*material.left_out, *empty)
    return ReviewMaterial(units, files, None, material.sources, left_out, list(material.warnings))


async def of_diff(text: str, reader: Reader) -> ReviewMaterial:
    """A change as the caller gives it; the files around it as they lie beneath the roots. Raises a Refusal."""
    try:
        found = parse_patch(text)
    except MalformedPatch as error:
        raise InvalidArgument(
            f"the diff cannot be read: {error}", "Give a unified diff, as git diff makes it."
        ) from None
    return await _of_change(found, lambda path: _file(path, reader), reader)


async def of_git_range(wanted: str, paths: Sequence[str], reader: Reader) -> ReviewMaterial:
    """A change that git knows: ``staged``, ``working``, ``a...b``, ``a..b`` or a commit; of ``paths`` alone where some
    are named. Raises a Refusal."""
    async with _repository(reader.beneath.roots.folders) as git:
        change = await git.change(wanted)
        patches = tuple(patch for patch in change.patches if _is_among(patch.path, paths))
        untracked = await git.untracked() if wanted == "working" else []
        unknown = [(path, UNKNOWN) for path in untracked if _is_among(path, paths)]
        contents = await git.contents(change.new, [patch.path for patch in patches])
    if not patches and not change.left_out:
        aside = f"; {len(unknown)} new files are not known to git: git add them first" if unknown else ""
        raise InvalidArgument(f"there is no change in {wanted}{aside}", "Name another: staged, working, main...HEAD.")

    async def text_of(path: str) -> str | None:
        return decoded(contents[path], path) if path in contents else None

    return await _of_change(patches, text_of, reader, (*change.left_out, *unknown))


@asynccontextmanager
async def _repository(folders: Sequence[Path]) -> AsyncIterator[Git]:
    """Of the first root that is in one. Raises what was wrong with the last."""
    if not folders:
        raise PathDenied("no folder is open for reading", "Set GEMINI_AGENTS_ROOTS for the server.")
    async with AsyncExitStack() as stack:
        for folder in folders:
            try:
                git = await stack.enter_async_context(Git(folder))
                break
            except InvalidArgument:
                if folder == folders[-1]:
                    raise
        yield git


def _is_among(path: str, wanted: Sequence[str]) -> bool:
    """Whether a path is one of those named, or lies in one, or matches one."""
    if not wanted:
        return True
    named = [posixpath.normpath(name) for name in wanted]
    inside = any(name in (".", path) or path.startswith(f"{name}/") for name in named)
    return inside or any(fnmatchcase(path, name) for name in named)


async def _of_change(
    found: Sequence[FilePatch], text_of: TextOf, reader: Reader, left_out: tuple[tuple[str, str], ...] = ()
) -> ReviewMaterial:
    unfit = {patch.path: why for patch in found if (why := _not_reviewed(patch))}
    left_out = (*left_out, *unfit.items())
    patches = tuple(patch for patch in found if patch.path not in unfit)
    if not patches:
        why = "; ".join(f"{path}: {reason}" for path, reason in left_out)
        raise InvalidArgument(f"nothing in the change can be reviewed ({why[:300]})", "Name another change.")
    if len(patches) > MOST_FILES_OF_A_CHANGE:
        fix = f"At most {MOST_FILES_OF_A_CHANGE} can be; name paths beside the range."
        raise InvalidArgument(f"the change is of {len(patches)} files", fix)
    files = {patch.path: text for patch in patches if (text := await _new_text(patch, text_of)) is not None}
    units = await anyio.to_thread.run_sync(split_change, patches, files, UNIT_TOKENS)
    warnings: list[str] = []
    units = tuple([await anyio.to_thread.run_sync(_screened, unit, reader, warnings) for unit in units])
    sources = tuple(_source_of(patch, files.get(patch.path)) for patch in patches)
    return ReviewMaterial(units, files, patches, sources, left_out, warnings)


def _not_reviewed(patch: FilePatch) -> str | None:
    if reason := secret_place(PurePath(patch.path)):
        return reason
    if patch.binary:
        return "it is binary"
    return None if patch.hunks else "no line of it changed"


async def _new_text(patch: FilePatch, text_of: TextOf) -> str | None:
    """The whole file after the change. Where it cannot be had, the hunks must do."""
    if patch.new_path is None:
        return None
    try:
        text = await text_of(patch.path)
    except Refusal:
        return None
    return None if text is None else new_side(patch, text)


async def _file(path: str, reader: Reader) -> str | None:
    raw = await anyio.to_thread.run_sync(reader.beneath.read, path, MOST_FILE_BYTES)
    return decoded(raw.data, raw.path)


def _source_of(patch: FilePatch, text: str | None) -> Source:
    """For the receipt: the change and, where it went along, the file around it."""
    hunks = "\n".join(f"{line.mark}{line.text}" for hunk in patch.hunks for line in hunk.lines)
    content = (text if text is not None else hunks).encode("utf-8", "replace")
    sent_as = "change, with the code around it" if text is not None else "change"
    return Source(patch.path, "", len(content), hashlib.sha256(content).hexdigest(), sent_as)


# ----------------------------------------------------------------------------------------------------------- secrets


def _screened(unit: ReviewUnit, reader: Reader, warnings: list[str]) -> ReviewUnit:
    """What is sent, and no more, is looked through: a secret elsewhere in the file stays where it is."""
    return replace(unit, excerpts=tuple(_clean(excerpt, reader, warnings) for excerpt in unit.excerpts))


def _clean(excerpt: Excerpt, reader: Reader, warnings: list[str]) -> Excerpt:
    shown = _clean_rows([row for row in excerpt.rows if row.sign != "-"], excerpt.path, reader, warnings)
    removed = _clean_rows([row for row in excerpt.rows if row.sign == "-"], excerpt.path, reader, warnings)
    texts = {id(row): text for row, text in (*shown, *removed)}
    return replace(excerpt, rows=tuple(replace(row, text=texts[id(row)]) for row in excerpt.rows))


def _clean_rows(rows: Sequence[Row], path: str, reader: Reader, warnings: list[str]) -> Iterable[tuple[Row, str]]:
    """Scanned as a text whose line numbers are the file's, so that a refusal names the right one."""
    if not rows:
        return []
    lines: list[str] = []
    at: list[int] = []
    for row in rows:
        lines += [""] * (row.number - rows[0].number - len(lines))
        at.append(len(lines))
        lines.append(row.text)
    text, told = reader.screened_file(path, "\n".join(lines), rows[0].number)
    warnings += told
    clean = text.split("\n")
    return [(row, clean[place]) for row, place in zip(rows, at, strict=True)]
