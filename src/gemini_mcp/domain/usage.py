"""Tokens as Gemini counts them."""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """What one upstream response says it used, in tokens (``search_queries``: in queries).

    ``input_tokens`` includes ``cached_tokens``; ``output_tokens`` leaves out ``thinking_tokens``;
    ``tool_use_tokens`` stand apart from ``input_tokens``. ``audio_tokens`` is the part of
    ``input_tokens`` in the AUDIO modality, which some models price apart.
    """

    input_tokens: int = 0
    cached_tokens: int = 0
    output_tokens: int = 0
    thinking_tokens: int = 0
    tool_use_tokens: int = 0
    audio_tokens: int = 0
    search_queries: int = 0

    def __add__(self, other: "TokenUsage") -> "TokenUsage":
        return TokenUsage(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(TokenUsage)))
