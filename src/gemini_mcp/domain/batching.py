"""A batch as Gemini shows it: requests that it answers at half the price, some time within a day."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from gemini_mcp.domain.errors import UpstreamError
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest

Phase = Literal["waiting", "running", "succeeded", "failed", "cancelled", "expired"]
UNDER_WAY: Final[frozenset[Phase]] = frozenset(("waiting", "running"))

MOST_BATCH_BYTES: Final = 19_000_000
"""Of a batch whose requests travel in its own body, which may have 20 MB."""

FIRST_POLL_S: Final = 30.0
LAST_POLL_S: Final = 300.0

Outcome = ModelAnswer | UpstreamError


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """One request of a batch, and the id that its outcome comes back with."""

    key: str
    request: ModelRequest


@dataclass(frozen=True, slots=True)
class UpstreamBatch:
    """``outcomes`` by the ids of the requests. ``charged``: whether Gemini says that it answered any request of a
    batch that did not succeed; None where it does not say."""

    name: str
    phase: Phase
    outcomes: Mapping[str, Outcome] = field(default_factory=dict)
    charged: bool | None = None
    reason: str = ""


def poll_interval(age_s: float) -> float:
    """Seconds until a batch of that age is looked at again: most are done soon, some take a day."""
    return min(LAST_POLL_S, max(FIRST_POLL_S, age_s / 4))
