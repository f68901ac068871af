"""What the composition hands to every tool."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.errors import AgentError
from gemini_mcp.engine.batch_desk import BatchDesk
from gemini_mcp.engine.learning import Learning
from gemini_mcp.engine.ledger import Ledger
from gemini_mcp.engine.ports import AnswerTask
from gemini_mcp.engine.reports import Reports
from gemini_mcp.engine.results import Results
from gemini_mcp.sources.reader import Reader


@dataclass(frozen=True, slots=True)
class Services:
    """The engine, as tools see it. ``ready`` loads what a call needs, or raises NoApiKey; ``forget`` drops a
    cache entry by its key; ``notices`` are told with the next call, once; ``batches`` is None where nobody polls
    them."""

    answer: AnswerTask
    ledger: Ledger
    reports: Reports
    results: Results
    reader: Reader
    catalogue: Catalogue
    learning: Learning
    ready: Callable[[], Awaitable[None]]
    forget: Callable[[str], None]
    today: Callable[[], date]
    deadline_s: float
    notices: list[str] = field(default_factory=list)
    batches: BatchDesk | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a tool gives back: the text as the caller wants it, and the receipt, short and whole."""

    text: str
    mime_type: str = "text/plain"
    result_id: str = ""
    receipt_line: str = ""
    receipt: dict[str, Any] | None = None
    structured: dict[str, Any] | None = None


class ToolFailure(Exception):
    """An error after the call had begun; the receipt says what was paid."""

    def __init__(self, error: AgentError, receipt: dict[str, Any]) -> None:
        super().__init__(str(error))
        self.error = error
        self.receipt = receipt
