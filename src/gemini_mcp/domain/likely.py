"""What calls are likely to use beyond the material itself: instructions, thinking, answers. For estimates, which rather
err on the high side; no bound, which is what ``Catalogue.worst_case`` gives."""

from dataclasses import dataclass
from typing import Final

from gemini_mcp.domain.catalog import Model, Tier

FRAME_TOKENS: Final[dict[str, int]] = {
    "delegate_task": 300,
    "analyze_image": 200,
    "review_code": 1_200,
    "review_refute": 500,
    "summarize_one": 800,
    "summarize_map": 800,
    "summarize_reduce": 750,
}
"""An agent's instructions and schema; a test holds them against ``prompts/agents``."""

THINKING_TOKENS: Final[dict[Tier, int]] = {"lite": 60, "flash": 900, "pro": 5_000}
"""What models think about a long prompt at the level that the tier asks for."""

_LONG_PROMPT: Final = 8_000
_BY_ANY_MEANS: Final = 0.2
"""The part of that which a short prompt is thought about, too."""


@dataclass(frozen=True, slots=True)
class LikelyCall:
    """Tokens of one call. ``output_tokens`` leave out thinking."""

    tier: Tier
    input_tokens: int
    output_tokens: int


def thinking_tokens(model: Model, tier: Tier, input_tokens: int) -> int:
    """How much a model of a tier is likely to think about a prompt of that length."""
    return 0 if model.thinking.kind == "none" else thought_about(THINKING_TOKENS[tier], input_tokens)


def thought_about(most: int, input_tokens: int) -> int:
    """Of ``most``, which a long prompt takes, the part that a prompt of this length does."""
    length = min(1.0, input_tokens / _LONG_PROMPT)
    return int(most * (_BY_ANY_MEANS + (1 - _BY_ANY_MEANS) * length))
