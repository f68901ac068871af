"""What estimates suppose about instructions and thinking."""

import json
from pathlib import Path
from typing import Any

import pytest

from gemini_mcp.domain.catalog import TIERS
from gemini_mcp.domain.claims import CLAIMS_SCHEMA, MERGE_SCHEMA
from gemini_mcp.domain.findings import FINDINGS_SCHEMA
from gemini_mcp.domain.likely import FRAME_TOKENS, THINKING_TOKENS, thought_about
from gemini_mcp.domain.refutation import REFUTATION_SCHEMA
from gemini_mcp.domain.routing import THINKING_TOKENS as ROOM
from gemini_mcp.domain.tokens import estimate_tokens

AGENTS = Path(__file__).parents[2] / "prompts" / "agents"
SCHEMAS: dict[str, dict[str, Any] | None] = {
    "delegate_task": None,
    "analyze_image": None,
    "review_code": FINDINGS_SCHEMA,
    "review_refute": REFUTATION_SCHEMA,
    "summarize_one": CLAIMS_SCHEMA,
    "summarize_map": CLAIMS_SCHEMA,
    "summarize_reduce": MERGE_SCHEMA,
}


def test_every_agent_has_its_frame() -> None:
    assert FRAME_TOKENS.keys() == SCHEMAS.keys() == {file.stem for file in AGENTS.glob("*.md")}


@pytest.mark.parametrize("agent", SCHEMAS)
def test_a_frame_holds_instructions_and_schema_and_is_not_twice_as_much(agent: str) -> None:
    schema = SCHEMAS[agent]
    text = (AGENTS / f"{agent}.md").read_text("utf-8") + (json.dumps(schema) if schema else "")
    assert estimate_tokens(text) <= FRAME_TOKENS[agent] <= 2 * estimate_tokens(text)


def test_a_long_prompt_is_thought_about_at_most_as_long_as_there_is_room() -> None:
    for tier in TIERS:
        assert 0 < thought_about(THINKING_TOKENS[tier], 0) < thought_about(THINKING_TOKENS[tier], 4_000)
        assert thought_about(THINKING_TOKENS[tier], 1_000_000) == THINKING_TOKENS[tier] < ROOM[tier]
