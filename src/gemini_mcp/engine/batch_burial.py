"""When a batch is given up, and what then becomes of the money that is reserved for it.

Nothing may stay reserved for ever. What is given up was perhaps paid, so it counts at its reservation: the ledger is
never below the bill.
"""

import sqlite3

from gemini_mcp.domain.errors import (
    DeadlineExceeded,
    NoApiKey,
    QuotaExhausted,
    StateUnavailable,
    UpstreamMisbehaved,
    UpstreamUnavailable,
)
from gemini_mcp.engine import counters
from gemini_mcp.engine.counters import BATCH_OWNER

EXPIRED_S = 49 * 3600.0
"""Gemini drops a batch that is not done within 48 hours; an hour more is slack."""

STUCK_S = 3600.0
STUCK_LOOKS = 5
"""A machine that slept had no trouble meanwhile, so looks are counted as well as time."""

_PASSING = (
    UpstreamUnavailable,
    QuotaExhausted,
    DeadlineExceeded,
    NoApiKey,
    StateUnavailable,
    sqlite3.Error,
    OSError,
)
_HELD = """SELECT principal, session_id, day, SUM(reserved_nano) FROM attempts
    WHERE result_id = ? AND owner = ? AND state = 'reserved' GROUP BY principal, session_id, day"""
_SETTLE = """UPDATE attempts SET state = 'settled', cost_nano = reserved_nano, usage_known = 0, verdict = 'unknown',
    reason = ?, model_served = model WHERE result_id = ? AND owner = ? AND state = 'reserved'"""
_END = """UPDATE calls SET status = 'error', error_code = 'upstream_unavailable', cost_nano =
    (SELECT SUM(cost_nano) FROM attempts WHERE attempts.result_id = calls.result_id)
    WHERE result_id = ? AND status = 'running'"""


def is_expired(age_s: float) -> bool:
    """Whether a batch of that age is none that Gemini could still answer."""
    return age_s > EXPIRED_S


def is_hopeless(age_s: float, stuck_s: float, looks: int, error: Exception) -> bool:
    """Whether a batch is to be given up whose looks have failed for so long and so often, the last with ``error``."""
    if stuck_s <= STUCK_S or looks < STUCK_LOOKS:
        return False
    lasting = isinstance(error, UpstreamMisbehaved) or not isinstance(error, _PASSING)
    return lasting or is_expired(age_s)


def bury(connection: sqlite3.Connection, result_id: str, words: str) -> None:
    """Settle at its reservation what a call still has in batches, and end the call."""
    held = connection.execute(_HELD, (result_id, BATCH_OWNER)).fetchall()
    for principal, session_id, day, reserved in held:
        counters.settle(connection, counters.Account(principal, session_id, day), reserved or 0, reserved or 0)
    connection.execute(_SETTLE, (words[:300], result_id, BATCH_OWNER))
    connection.execute(_END, (result_id,))
