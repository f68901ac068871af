"""What an attempt in a batch costs: reserved at its worst, settled exactly once it has come back."""

import time
from dataclasses import replace
from datetime import date, timedelta

from gemini_mcp.domain.batching import UpstreamBatch
from gemini_mcp.domain.catalog import Catalogue
from gemini_mcp.domain.errors import NOTHING_USED, UpstreamError
from gemini_mcp.domain.messages import ModelAnswer, ModelRequest
from gemini_mcp.engine.batch_work import BatchLost, Turn
from gemini_mcp.engine.ports import Attempt
from gemini_mcp.engine.pricing import price, price_book
from gemini_mcp.engine.reserving import SEARCHES_RESERVED

BATCH = "batch"
DAYS = 3
"""A batch that is not done within 48 hours expires; prices may change meanwhile."""


def worst_case(request: ModelRequest, catalogue: Catalogue, today: date) -> int | None:
    """Nano-USD at the batch price, on whichever day it is served; None when a price is not known."""
    searches = SEARCHES_RESERVED if request.web_search else 0
    sizes = (request.model, request.estimated_input_tokens, request.max_output_tokens)
    worst = [
        catalogue.worst_case(*sizes, today + timedelta(days=day), search_queries=searches, service_tier=BATCH)
        for day in range(DAYS)
    ]
    return None if any(each is None for each in worst) else max(each or 0 for each in worst)


def turn_of(asked: Attempt, upstream: UpstreamBatch, catalogue: Catalogue, today: date) -> Turn:
    """What became of an attempt, and its price."""
    outcome = upstream.outcomes.get(asked.attempt_id)
    if isinstance(outcome, ModelAnswer):
        return Turn(_answered(asked, outcome, catalogue, today), outcome)
    if outcome is not None:
        return failed_turn(asked, outcome, catalogue, today)
    lost = BatchLost(f"the batch {_ended(upstream)}", "Ask again, with or without batch.")
    lost.usage = NOTHING_USED if upstream.charged is False else None
    return failed_turn(asked, lost, catalogue, today)


def failed_turn(asked: Attempt, error: UpstreamError, catalogue: Catalogue, today: date) -> Turn:
    """An attempt without an answer: what it used, where that is known, else its reservation."""
    attempt = replace(asked, under_way=False, usage=error.usage, reason=f"{error.code}: {error.message}"[:300])
    attempt.verdict = "unknown" if error.usage is None else "failed"
    attempt.model_served = error.model_served or ""
    attempt.simulated = price_book(error.simulated)
    return Turn(_priced(attempt, catalogue, today), error)


def _answered(asked: Attempt, answer: ModelAnswer, catalogue: Catalogue, today: date) -> Attempt:
    attempt = replace(asked, under_way=False, usage=answer.usage, model_served=answer.model_served)
    attempt.simulated = answer.simulated
    if answer.usage is None:
        attempt.verdict, attempt.reason = "unknown", "the response did not say what it used"
    return _priced(attempt, catalogue, today)


def _priced(attempt: Attempt, catalogue: Catalogue, today: date) -> Attempt:
    attempt.service_tier = BATCH
    attempt.ms = int((time.time() - attempt.started_at) * 1000)
    price(attempt, catalogue, today)
    return attempt


def _ended(upstream: UpstreamBatch) -> str:
    if upstream.phase == "succeeded":
        return "came back without an answer to it"
    reason = f" ({upstream.reason})" if upstream.reason else ""
    return {"cancelled": "was cancelled", "expired": "expired at Gemini"}.get(upstream.phase, "failed") + reason
