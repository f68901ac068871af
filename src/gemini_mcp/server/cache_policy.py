"""What an answer is kept under, and for how long."""

from collections.abc import Mapping
from datetime import date
from functools import cache

from gemini_mcp.domain.catalog import TIERS, Catalogue
from gemini_mcp.domain.prompting import AgentPrompt
from gemini_mcp.domain.task import Task
from gemini_mcp.engine.cache import key_of
from gemini_mcp.engine.ports import Call, Today

SEARCH_TTL_S = 3_600.0


class CachePolicy:
    """For one server: its models, its prompts, its endpoint are part of every key."""

    def __init__(
        self, catalogue: Catalogue, prompts: Mapping[str, AgentPrompt], endpoint: str, ttl_s: float, today: Today
    ) -> None:
        self._prompts, self._endpoint, self._ttl_s, self._today = prompts, endpoint, ttl_s, today

        @cache
        def plan(on: date) -> list[str]:
            return [candidate.model.id for tier in TIERS for candidate in catalogue.candidates(tier, on)]

        self._plan = plan

    def key(self, task: Task, call: Call) -> str:
        version = self._prompts[task.agent].version
        surroundings = {"plan": self._plan(self._today()), "prompt": version, "endpoint": self._endpoint}
        return key_of(task, call.caller.principal, surroundings)

    def lifetime_s(self, task: Task) -> float:
        """What a search found is out of date sooner."""
        return min(SEARCH_TTL_S, self._ttl_s) if task.web_search else self._ttl_s
