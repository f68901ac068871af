"""The composition's part that deals in batches."""

from collections.abc import Callable, Mapping
from datetime import date

from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.prompting import AgentPrompt
from gemini_mcp.engine.batch_cache import Caching, KeptAnswers
from gemini_mcp.engine.batch_creation import Creation
from gemini_mcp.engine.batch_desk import BatchDesk, Finish
from gemini_mcp.engine.batch_replay import batchable
from gemini_mcp.engine.batch_rounds import Rounds
from gemini_mcp.engine.batches import Batches
from gemini_mcp.engine.cascade import cascading
from gemini_mcp.engine.ledger import Ledger
from gemini_mcp.engine.ports import AnswerTask, Generate
from gemini_mcp.gemini.batch_gateway import BatchGateway
from gemini_mcp.gemini.gateway import Gateway


def batch_desk(
    gateway: Gateway,
    table: Batches,
    ledger: Ledger,
    catalogue: Catalogue,
    prompts: Mapping[str, AgentPrompt],
    today: Callable[[], date],
    caching: Caching,
    finish: Finish,
    deadline_s: float,
) -> BatchDesk:
    """What submits batches, and polls them once it runs."""
    able = batchable(catalogue)

    def climbing(generate: Generate) -> AnswerTask:
        return cascading(generate, able, prompts, today)

    rounds = Rounds(climbing, catalogue, table, ledger, today)
    return BatchDesk(Creation(BatchGateway(gateway), table), rounds, KeptAnswers(caching), finish, deadline_s)
