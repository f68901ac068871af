"""Names beneath the roots that begin with what somebody has typed so far."""

from pathlib import Path, PurePath

import anyio.to_thread

from gemini_mcp.domain.errors import AgentError


async def paths_beginning_with(roots: tuple[Path, ...], typed: str, most: int) -> list[str]:
    """Files and folders (with a slash behind), sorted; of a list with commas, for its last entry, which may be one
    that is left out (``!tests/``). Never fails."""
    if not roots:
        return []
    head, _, last = typed.rpartition(",")
    mark = "!" if last.lstrip().startswith("!") else ""
    found = await anyio.to_thread.run_sync(_beginning_with, roots, last.lstrip().removeprefix(mark), most)
    return [f"{head},{mark}{name}" if head else f"{mark}{name}" for name in found]


def _beginning_with(roots: tuple[Path, ...], typed: str, most: int) -> list[str]:
    from gemini_mcp.sources.beneath import Beneath
    from gemini_mcp.sources.places import secret_place

    folder, _, start = typed.rpartition("/")
    beneath = Beneath(roots)
    try:
        found = beneath.folder(beneath.roots.place(folder or "."), folder)
    except AgentError:
        return []
    names = sorted(name for name in found.entries if name.startswith(start) and (start or not name.startswith(".")))
    paths = [(f"{folder}/{name}" if folder else name, found.entries[name]) for name in names]
    shown = [f"{path}/" if kind == "folder" else path for path, kind in paths if not secret_place(PurePath(path))]
    return shown[:most]
