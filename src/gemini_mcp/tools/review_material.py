"""What a review is about: whole files, or a change with the files around it; nothing secret in what is sent."""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import anyio.to_thread

from gemini_mcp.domain.chunking import is_blank
from gemini_mcp.domain.errors import InvalidArgument, PathDenied, Refusal
from gemini_mcp.domain.hunks import MalformedPatch
from gemini_mcp.domain.material import Source
from gemini_mcp.domain.patches import FilePatch, new_side, parse_patch
from gemini_mcp.domain.splitting import ReviewUnit, split_change, split_files
from gemini_mcp.sources import submodules
from gemini_mcp.sources.git import Git
from gemini_mcp.sources.places import secret_place
from gemini_mcp.sources.purposes import CODE
from gemini_mcp.sources.reader import MOST_FILE_BYTES, Reader
from gemini_mcp.sources.secrets import Screen
from gemini_mcp.sources.texts import decoded
from gemini_mcp.tools.omissions import worth_telling
from gemini_mcp.tools.review_paths import NamedPaths
from gemini_mcp.tools.review_screening import redacted_change, secrets_of, sent_secrets

UNIT_TOKENS = 12_000
"""What one call reviews. Attention thins out long before the context is full."""

MOST_FILES_OF_A_CHANGE = 500
UNKNOWN = "new, and not known to git: git add it first"
SUBMODULE = "a submodule, whose own changes need a diff of their own"


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
    material = await reader.read(paths, purpose=CODE)
    if unfit := next((source for source in material.sources if source.media is not None), None):
        raise InvalidArgument(f"{unfit.path} is no code", "review_code reads text; summarize_docs reads documents.")
    files = {source.path: source.text for source in material.sources if not is_blank(source)}
    units = await anyio.to_thread.run_sync(split_files, files, UNIT_TOKENS)
    empty = [(source.path, "it is empty") for source in material.sources if is_blank(source)]
    left_out = (*worth_telling(material.left_out), *empty)
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
    are named. Raises a Refusal, also for a path that is neither there nor in the change."""
    async with _repository(reader.beneath.roots.folders) as git:
        named = NamedPaths(paths, git.folder, git.top, reader.beneath)
        change = await git.change(wanted)
        patches = tuple(patch for patch in change.patches if named.include(patch.path, patch.old_path))
        aside = [*change.left_out, *(await _beside(git) if wanted == "working" else ())]
        left_out = [(path, why) for path, why in aside if named.include(path)]
        unchanged = await anyio.to_thread.run_sync(named.unchanged)
        contents = await git.contents(change.new, [patch.path for patch in patches])
    if not patches and all(why == UNKNOWN for _, why in left_out):
        of = f" of {', '.join(paths)}"[:200] if paths else ""
        new = f"; {len(left_out)} new files are not known to git: git add them first" if left_out else ""
        raise InvalidArgument(f"there is no change in {wanted}{of}{new}", "Name another: staged, working, main...HEAD.")

    async def text_of(path: str) -> str | None:
        return decoded(contents[path], path) if path in contents else None

    return await _of_change(patches, text_of, reader, (*left_out, *unchanged))


async def _beside(git: Git) -> list[tuple[str, str]]:
    """What differs in the work tree and is in no change of it."""
    unknown = [(path, UNKNOWN) for path in await git.untracked()]
    return [*unknown, *[(path, SUBMODULE) async for path in submodules.changed(git)]]


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
    files = await _new_texts(patches, text_of)
    sources = tuple(_source_of(patch, files.get(patch.path)) for patch in patches)
    screened = await anyio.to_thread.run_sync(_screened, patches, files, reader.screen)
    return ReviewMaterial(screened.units, screened.files, screened.patches, sources, left_out, screened.warnings)


def _not_reviewed(patch: FilePatch) -> str | None:
    """A file that was secret under its old name is so still: its old lines are in the change."""
    names = (PurePath(path) for path in (patch.new_path, patch.old_path) if path)
    if reason := next((reason for name in names if (reason := secret_place(name))), None):
        return reason
    if patch.is_submodule:
        return SUBMODULE
    if patch.binary:
        return "it is binary"
    return None if patch.hunks else "no line of it changed"


async def _new_texts(patches: Sequence[FilePatch], text_of: TextOf) -> dict[str, str]:
    """Of a file that several patches are of, in a row, no one text is the new side."""
    times = Counter(patch.path for patch in patches)
    once = [patch for patch in patches if times[patch.path] == 1]
    return {patch.path: text for patch in once if (text := await _new_text(patch, text_of)) is not None}


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


@dataclass(frozen=True, slots=True)
class _Screened:
    """What is sent, and what findings are looked up in: the same."""

    units: tuple[ReviewUnit, ...]
    files: dict[str, str]
    patches: tuple[FilePatch, ...]
    warnings: list[str]


def _screened(patches: Sequence[FilePatch], files: Mapping[str, str], screen: Screen) -> _Screened:
    """The change in units, without secrets. Raises SecretFound; a secret in what is not sent stays where it is."""
    found = [secrets_of(patch, files.get(patch.path), screen) for patch in patches]
    sent, texts = list(patches), dict(files)
    if screen.redacts:
        for index, (patch, secrets) in enumerate(zip(patches, found, strict=True)):
            sent[index], text = redacted_change(patch, files.get(patch.path), secrets)
            texts |= {patch.path: text} if text is not None else {}
    units = split_change(sent, texts, UNIT_TOKENS)
    warnings = [warning for patch in patches for warning in screen.check_name(patch.path)]
    for patch, secrets in zip(patches, found, strict=True):
        warnings += screen.told(patch.path, sent_secrets(patch.path, secrets, units), "line {}".format)
    return _Screened(units, texts, tuple(sent), warnings)
