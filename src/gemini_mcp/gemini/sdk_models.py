"""The SDK's request models, quicker to look into.

For each of some sixty fields the SDK asks ``name in model``, which on a pydantic model walks all fields and never
finds anything, since iterating one yields pairs. Saying no at once, and not copying the configuration deeply,
takes a third off the SDK's part of a call.
"""

from typing import Any

from google.genai import types

from gemini_mcp.domain.material import Media
from gemini_mcp.domain.messages import Attachment


class _NotAContainer:
    def __contains__(self, name: object) -> bool:
        return False


class Part(_NotAContainer, types.Part):
    """A part of a content."""


class Content(_NotAContainer, types.Content):
    """What a request says, in the words of the SDK."""

    @classmethod
    def of(cls, text: str, attachments: tuple[Attachment, ...] = ()) -> "Content":
        """The attachments first, each behind its name, then the text: what repeats between calls stands in front."""
        named = [part for each in attachments for part in (Part(text=f"{each.label}:"), _media(each.media))]
        return cls(role="user", parts=[*named, Part(text=text)])


def _media(media: Media) -> Part:
    if media.uri:
        return Part(file_data=types.FileData(file_uri=media.uri, mime_type=media.mime_type))
    return Part(inline_data=types.Blob(data=media.data, mime_type=media.mime_type))


class Config(_NotAContainer, types.GenerateContentConfig):
    """The settings of one request. Made for it and never changed, so that a shallow copy serves."""

    def model_copy(self, *, update: Any = None, deep: bool = False) -> "Config":
        return super().model_copy(update=update)
