"""Large attachments travel through the Files API: uploaded once for all models that are asked, and deleted after."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Protocol

import anyio
import structlog

from gemini_mcp.domain.errors import AgentError
from gemini_mcp.domain.material import Media, Source
from gemini_mcp.domain.messages import Uploaded
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.ports import Answer, AnswerTask, Call

MOST_INLINE_BYTES = 12 * 1024 * 1024
"""A request may have 20 MB, in which attachments take a third more than their size."""

DELETE_S = 10.0
log = structlog.get_logger()


class Files(Protocol):
    """The Files API. What is not deleted Gemini itself deletes after 48 hours."""

    async def upload(self, media: Media, deadline: float) -> Uploaded: ...

    async def delete(self, name: str) -> None: ...


def uploading(answer: AnswerTask, files: Files) -> AnswerTask:
    """The same callable, with attachments uploaded first where they are too large to go along."""

    async def uploaded_answer(task: Task, call: Call) -> Answer:
        if sum(len(source.media.data) for source in task.attached if source.media) <= MOST_INLINE_BYTES:
            return await answer(task, call)
        async with _uploaded(task, call, files) as sent:
            return await answer(sent, call)

    return uploaded_answer


@asynccontextmanager
async def _uploaded(task: Task, call: Call, files: Files) -> AsyncIterator[Task]:
    kept: list[Uploaded] = []
    sources: list[Source] = []
    try:
        for source in task.sources:
            if source.media is not None:
                await call.progress(f"uploading {source.path}")
                kept.append(await files.upload(source.media, call.deadline))
                source = replace(source, media=replace(source.media, data=b"", uri=kept[-1].uri))
            sources.append(source)
        yield replace(task, sources=tuple(sources))
    finally:
        with anyio.CancelScope(shield=True), anyio.move_on_after(DELETE_S):
            for file in kept:
                await _delete(files, file)


async def _delete(files: Files, file: Uploaded) -> None:
    try:
        await files.delete(file.name)
    except AgentError as error:
        log.warning("upload_not_deleted", name=file.name, error=str(error))
