"""What goes to a model and what comes back, in our words; ``gemini/`` translates to and from the wire."""

from dataclasses import dataclass
from typing import Any, Literal

from gemini_mcp.domain.material import Media
from gemini_mcp.domain.usage import TokenUsage

FinishReason = Literal["stop", "max_tokens", "safety", "recitation", "other"]
PriceBook = Literal["zero", "list"]


@dataclass(frozen=True, slots=True)
class Attachment:
    """An image or a document that goes along with a prompt, which calls it by its ``label``."""

    label: str
    media: Media


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file kept by Gemini: ``name`` to delete it by, ``uri`` to speak of it in a request."""

    name: str
    uri: str


@dataclass(frozen=True, slots=True)
class Stable:
    """What a request has in common with every other about the same material: its system instruction, attachments and
    the beginning ``text`` of its prompt. ``tokens`` never undercounts on purpose; ``key`` is a hash of it all."""

    text: str
    tokens: int
    key: str


@dataclass(frozen=True, slots=True)
class ModelRequest:
    """One generateContent request.

    ``max_output_tokens`` bounds answer and thinking together; a budget may lower it to ``least_output_tokens``, and no
    further. ``thinking_level`` and ``thinking_budget``
    (tokens) are None to leave the model's default. ``estimated_input_tokens`` never undercounts on purpose.
    ``service_tier``: standard, or flex, which costs half and may wait. ``cached_content``: the name of an explicit
    cache that holds what the system instruction and the first part of the prompt would have said. ``stable``: what
    such a cache could hold.
    """

    model: str
    prompt: str
    system: str
    max_output_tokens: int
    estimated_input_tokens: int
    thinking_level: str | None = None
    thinking_budget: int | None = None
    json_mode: bool = False
    json_schema: dict[str, Any] | None = None
    web_search: bool = False
    attachments: tuple[Attachment, ...] = ()
    least_output_tokens: int = 64
    service_tier: str = "standard"
    cached_content: str = ""
    stable: Stable | None = None


@dataclass(frozen=True, slots=True)
class WebSource:
    """A page that the model's search grounding names."""

    title: str
    uri: str


@dataclass(frozen=True, slots=True)
class ModelAnswer:
    """What came back. ``usage``: None when it was not said; ``simulated``: the stand-in's price book.

    ``confidence``: the mean log-probability of the answer's tokens, at most 0; None where the model does not tell.
    It says how surprised a model is by its own words, on a scale of its own: never compare two models' by it.
    """

    text: str
    finish_reason: FinishReason
    usage: TokenUsage | None
    model_served: str
    service_tier: str = "standard"
    simulated: PriceBook | None = None
    finish_detail: str = ""
    web_sources: tuple[WebSource, ...] = ()
    confidence: float | None = None
