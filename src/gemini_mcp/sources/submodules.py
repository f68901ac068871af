"""Repositories within a repository: a change of the outer one tells nothing of what changed in them."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import anyio.to_thread

from gemini_mcp.domain.errors import Refusal
from gemini_mcp.sources.git import Git

MOST = 50


async def changed(git: Git) -> AsyncIterator[str]:
    """Of the first fifty those whose work tree differs from the commit which the outer repository has of them, and
    those that cannot be looked into: better one too many is named than one passed over."""
    for path, commit in (await git.submodules())[:MOST]:
        if await _differs(git.folder / path, commit):
            yield path


async def _differs(folder: Path, commit: str) -> bool:
    """Each is seen as its parent is, through a stand-in: neither trusted, nor followed to elsewhere."""
    if not await anyio.to_thread.run_sync(os.path.lexists, folder / ".git"):
        return False  # never fetched
    if Path(await anyio.to_thread.run_sync(os.path.realpath, folder)) != folder:
        return True
    try:
        async with Git(folder) as inner:
            if await inner.head() != commit:
                return True
            change = await inner.change("working")
            return bool(change.patches or change.left_out)
    except Refusal:
        return True
