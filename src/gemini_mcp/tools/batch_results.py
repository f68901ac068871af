"""What a call in batches comes to, once its tasks are through: each tool puts its own result together."""

from gemini_mcp.engine.batch_desk import Ends
from gemini_mcp.engine.batch_work import Work
from gemini_mcp.engine.ledger import Finished
from gemini_mcp.engine.ports import Call
from gemini_mcp.tools import delegate_task, summarize_docs, summary_batch
from gemini_mcp.tools.services import Services


async def batch_finished(work: Work, call: Call, ends: Ends, services: Services) -> Finished:
    """The call's result. Raises AgentError when there is none."""
    if work.tool == summarize_docs.NAME:
        return await summary_batch.batch_finished(work, call, ends, services)
    return delegate_task.batch_finished(work, ends)
