"""Closed questions: which tasks are one, what an answer says to it, and whether two answers say the same."""

from gemini_mcp.domain.closed_answers import closed_answer as closed_answer
from gemini_mcp.domain.closed_kinds import Kind as Kind
from gemini_mcp.domain.closed_kinds import closed_kind as closed_kind
from gemini_mcp.domain.hedging import hedges as hedges
from gemini_mcp.domain.same_answers import same_answer as same_answer
