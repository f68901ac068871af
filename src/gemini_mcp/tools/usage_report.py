"""usage_report: the ledger in numbers, the same data as the usage resources."""

import json
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from gemini_mcp.engine.ports import Caller, Progress
from gemini_mcp.engine.reports import Scope
from gemini_mcp.tools.services import Delivered, Services

NAME = "usage_report"
DESCRIPTION = "What Gemini has cost: tokens and USD by model and tool, savings, cache hits. Costs nothing."


class UsageReport(BaseModel):
    """The tool's arguments."""

    model_config = ConfigDict(extra="forbid")

    scope: Annotated[Scope, Field(description="session, today, the last 7 days, or 30 days and sessions")] = "session"


async def usage_report(arguments: UsageReport, caller: Caller, progress: Progress, services: Services) -> Delivered:
    """The report as JSON text. Never fails for want of a key."""
    report = await services.reports.scope(arguments.scope, caller)
    return Delivered(json.dumps(report, indent=1, ensure_ascii=False), "application/json")
