"""Calls that a client may send twice, found again in the ledger. Runs inside the ledger's transactions."""

import sqlite3
from dataclasses import dataclass

_REMEMBER = "UPDATE calls SET tool_use_id = ?, arguments_sha256 = ? WHERE result_id = ? AND principal = ?"
_DELIVERED = "UPDATE results SET delivered = ? WHERE result_id = ? AND principal = ?"
# tool_use_id != '' is said for SQLite, which would not use the partial index otherwise. A batch has no result yet
# while it is under way, and its result, once it is there, comes without what was told when it was submitted.
_FIND = """SELECT c.result_id, r.text, r.mime_type, COALESCE(r.delivered, '')
    FROM calls c LEFT JOIN results r ON r.result_id = c.result_id AND r.principal = c.principal
    WHERE c.principal = ? AND c.tool_use_id = ? AND c.tool_use_id != '' AND c.arguments_sha256 = ?
    AND (r.result_id IS NOT NULL OR (c.owner = ? AND c.status = 'running')) ORDER BY c.started_at DESC LIMIT 1"""


@dataclass(frozen=True, slots=True)
class Request:
    """What makes two calls one: the same principal, the client's own id of the call, the same tool and arguments."""

    principal: str
    tool_use_id: str
    arguments_sha256: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was given to the caller: the kept result, and as JSON text what was told about it (empty when that is not
    kept). ``text`` is None while a batch is under way."""

    result_id: str
    text: str | None
    mime_type: str | None
    told: str


def remember(connection: sqlite3.Connection, request: Request, result_id: str, told: str) -> None:
    """Note that this request was answered by that result."""
    row = (request.tool_use_id, request.arguments_sha256, result_id, request.principal)
    connection.execute(_REMEMBER, row)
    connection.execute(_DELIVERED, (told, result_id, request.principal))


def find(connection: sqlite3.Connection, request: Request, batch_owner: str) -> Delivery | None:
    """The latest answer to this request, for as long as its result is kept."""
    values = (request.principal, request.tool_use_id, request.arguments_sha256, batch_owner)
    row = connection.execute(_FIND, values).fetchone()
    return None if row is None else Delivery(*row)
