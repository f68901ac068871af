ALTER TABLE attempts ADD COLUMN discount_nano INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN context_nano INTEGER NOT NULL DEFAULT 0;

CREATE TABLE budgets (
    principal TEXT NOT NULL, kind TEXT NOT NULL, period TEXT NOT NULL,
    spent_nano INTEGER NOT NULL DEFAULT 0, reserved_nano INTEGER NOT NULL DEFAULT 0,
    told_nano INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (principal, kind, period)
) WITHOUT ROWID;
INSERT INTO budgets (principal, kind, period, spent_nano, reserved_nano)
    SELECT principal, 'session', session_id,
        COALESCE(SUM(CASE WHEN state = 'settled' THEN COALESCE(cost_nano, reserved_nano) END), 0),
        COALESCE(SUM(CASE WHEN state = 'reserved' THEN reserved_nano END), 0)
    FROM attempts GROUP BY principal, session_id;
INSERT INTO budgets (principal, kind, period, spent_nano, reserved_nano)
    SELECT principal, 'day', day,
        COALESCE(SUM(CASE WHEN state = 'settled' THEN COALESCE(cost_nano, reserved_nano) END), 0),
        COALESCE(SUM(CASE WHEN state = 'reserved' THEN reserved_nano END), 0)
    FROM attempts GROUP BY principal, day;

ALTER TABLE calls ADD COLUMN tool_use_id TEXT NOT NULL DEFAULT '';
ALTER TABLE calls ADD COLUMN arguments_sha256 TEXT NOT NULL DEFAULT '';
CREATE INDEX calls_by_tool_use ON calls (principal, tool_use_id) WHERE tool_use_id != '';
ALTER TABLE results ADD COLUMN delivered TEXT NOT NULL DEFAULT '';

CREATE TABLE quotas (
    model TEXT NOT NULL, quota TEXT NOT NULL, most INTEGER, closed_until REAL NOT NULL DEFAULT 0,
    learned_at REAL NOT NULL,
    PRIMARY KEY (model, quota)
) WITHOUT ROWID;
CREATE TABLE sent (sent_id INTEGER PRIMARY KEY, model TEXT NOT NULL, at REAL NOT NULL, tokens INTEGER NOT NULL);
CREATE INDEX sent_by_model ON sent (model, at);

CREATE TABLE contexts (
    context_key TEXT PRIMARY KEY, principal TEXT NOT NULL, model TEXT NOT NULL, owner TEXT NOT NULL DEFAULT '',
    name TEXT NOT NULL DEFAULT '', tokens INTEGER NOT NULL DEFAULT 0, asked INTEGER NOT NULL DEFAULT 0,
    last_asked_at REAL NOT NULL DEFAULT 0, expires_at REAL NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE batches (
    batch_id TEXT PRIMARY KEY, result_id TEXT NOT NULL, principal TEXT NOT NULL, session_id TEXT NOT NULL,
    tool TEXT NOT NULL, endpoint TEXT NOT NULL, state TEXT NOT NULL, name TEXT NOT NULL DEFAULT '',
    work TEXT NOT NULL, error TEXT NOT NULL DEFAULT '', created_at REAL NOT NULL, next_poll_at REAL NOT NULL,
    lease_owner TEXT NOT NULL DEFAULT '', lease_until REAL NOT NULL DEFAULT 0,
    failing_since REAL NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX batches_open ON batches (next_poll_at) WHERE state NOT IN ('done', 'failed');
