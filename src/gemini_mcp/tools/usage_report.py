"""usage_report: the ledger in numbers, the same data as the usage resources in a form that costs its reader little."""

import json
from typing import Any

from gemini_mcp.engine.ports import Caller, Progress
from gemini_mcp.tools.arguments import UsageReport
from gemini_mcp.tools.services import Delivered, Services

NAME = "usage_report"
_ALWAYS = {"days", "calls", "cost_usd"}
"""What the report is read for: told even when there is nothing."""


async def usage_report(arguments: UsageReport, caller: Caller, progress: Progress, services: Services) -> Delivered:
    """The report as JSON text. Never fails for want of a key."""
    report = await services.reports.scope(arguments.scope, caller)
    text = json.dumps(brief(report), ensure_ascii=False, separators=(",", ":"))
    return Delivered(text, "application/json")


def brief(report: dict[str, Any]) -> dict[str, Any]:
    """The same keys and values without what is 0 or empty, and without what the resources explain at length.

    An unknown amount stays as null: that is not 0. ``priced_usd`` says something only beside an unknown cost.
    """
    known = report.get("cost_usd") is not None
    kept = {k: v for k, v in report.items() if k != "method" and not (k == "priced_usd" and known)}
    small = {key: _brief(value) for key, value in kept.items()}
    return {key: value for key, value in small.items() if key in _ALWAYS or not _is_nothing(value)}


def _brief(value: Any) -> Any:
    if isinstance(value, dict):
        return brief(value)
    return [_brief(item) for item in value] if isinstance(value, list) else value


def _is_nothing(value: Any) -> bool:
    """0, no, or empty. Not null."""
    return value is not None and value in (0, "0", "", [], {})
