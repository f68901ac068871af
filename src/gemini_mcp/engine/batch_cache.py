"""The exact cache, for answers that come in batches: looked into before anything is queued, filled when they come."""

from collections.abc import Callable
from dataclasses import replace

from gemini_mcp.domain.task import Task
from gemini_mcp.engine.ports import Answer, AnswerTask, Call

Caching = Callable[[AnswerTask], AnswerTask]
"""Puts the exact cache around whatever answers a task."""


class _NotKept(Exception):
    pass


class KeptAnswers:
    """``caching`` must have flights of its own: those who ask directly must not wait for one that only looks."""

    def __init__(self, caching: Caching) -> None:
        self._caching = caching
        self._looking = caching(_absent)

    async def find(self, task: Task, call: Call) -> Answer | None:
        """The answer that is in the cache, unless a fresh one is wanted."""
        if task.fresh:
            return None
        progress = call.progress
        try:
            return await self._looking(task, call)
        except _NotKept:
            return None
        finally:
            call.progress = progress

    async def keep(self, task: Task, answer: Answer, call: Call) -> Answer:
        """Put it into the cache, as its task's."""

        async def made(_: Task, __: Call) -> Answer:
            return answer

        kept = await self._caching(made)(replace(task, fresh=True), call)
        return replace(kept, cache="off" if task.fresh else "miss")


async def _absent(task: Task, call: Call) -> Answer:
    raise _NotKept
