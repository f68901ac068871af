"""Several tasks at once, a bounded number of them, each with its own outcome."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import anyio

from gemini_mcp.domain.errors import (
    AgentError,
    BudgetExceeded,
    DeadlineExceeded,
    FreeTierRefused,
    KeyRejected,
    NoApiKey,
    UpstreamUnreachable,
)

Item = TypeVar("Item")
Made = TypeVar("Made")

HOPELESS = (KeyRejected, NoApiKey, BudgetExceeded, DeadlineExceeded, FreeTierRefused, UpstreamUnreachable)
"""After one of these the tasks that have not begun would meet with the same."""


async def outcomes(
    items: Sequence[Item], work: Callable[[Item], Awaitable[Made]], most: int
) -> list[Made | AgentError]:
    """What became of each item, in their order, ``most`` at a time. What fails hopelessly ends what has not begun."""
    found: dict[int, Made | AgentError] = {}
    waiting = iter(enumerate(items))
    hopeless: AgentError | None = None

    async def worker() -> None:
        nonlocal hopeless
        for index, item in waiting:
            try:
                if hopeless is not None:
                    raise hopeless
                found[index] = await work(item)
            except AgentError as error:
                found[index] = error
                hopeless = hopeless or (error if isinstance(error, HOPELESS) else None)

    async with anyio.create_task_group() as group:
        for _ in range(min(most, len(items))):
            group.start_soon(worker)
    return [found[index] for index in range(len(items))]
