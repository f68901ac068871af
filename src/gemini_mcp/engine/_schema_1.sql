CREATE TABLE attempts (
    attempt_id TEXT PRIMARY KEY, result_id TEXT NOT NULL, owner TEXT NOT NULL, state TEXT NOT NULL,
    principal TEXT NOT NULL, session_id TEXT NOT NULL, tool TEXT NOT NULL, family TEXT NOT NULL, tier TEXT NOT NULL,
    model TEXT NOT NULL, model_served TEXT NOT NULL DEFAULT '', service_tier TEXT NOT NULL DEFAULT 'standard',
    verdict TEXT, reason TEXT NOT NULL DEFAULT '',
    reserved_nano INTEGER, cost_nano INTEGER, usage_known INTEGER NOT NULL DEFAULT 0,
    input_tokens INTEGER NOT NULL DEFAULT 0, cached_tokens INTEGER NOT NULL DEFAULT 0,
    output_tokens INTEGER NOT NULL DEFAULT 0, thinking_tokens INTEGER NOT NULL DEFAULT 0,
    tool_use_tokens INTEGER NOT NULL DEFAULT 0, audio_tokens INTEGER NOT NULL DEFAULT 0,
    search_queries INTEGER NOT NULL DEFAULT 0,
    simulated TEXT, started_at REAL NOT NULL, day TEXT NOT NULL, ms INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX attempts_by_session ON attempts (principal, session_id);
CREATE INDEX attempts_by_day ON attempts (day);
CREATE INDEX attempts_reserved ON attempts (owner) WHERE state = 'reserved';

CREATE TABLE calls (
    result_id TEXT PRIMARY KEY, owner TEXT NOT NULL, principal TEXT NOT NULL, session_id TEXT NOT NULL,
    tool TEXT NOT NULL, family TEXT NOT NULL, tier TEXT NOT NULL DEFAULT '', model TEXT NOT NULL DEFAULT '',
    status TEXT NOT NULL, error_code TEXT NOT NULL DEFAULT '', cache TEXT NOT NULL DEFAULT 'off',
    cost_nano INTEGER, saved_cache_nano INTEGER NOT NULL DEFAULT 0, baseline_nano INTEGER,
    simulated TEXT, cache_key TEXT, follow_up_to TEXT NOT NULL DEFAULT '',
    started_at REAL NOT NULL, day TEXT NOT NULL, ms INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE INDEX calls_by_session ON calls (principal, session_id);
CREATE INDEX calls_by_day ON calls (day);
CREATE INDEX calls_running ON calls (owner) WHERE status = 'running';

CREATE TABLE results (
    result_id TEXT PRIMARY KEY, principal TEXT NOT NULL, session_id TEXT NOT NULL, tool TEXT NOT NULL,
    created_at REAL NOT NULL, instruction TEXT NOT NULL, text TEXT NOT NULL, mime_type TEXT NOT NULL,
    cost_nano INTEGER
);
CREATE INDEX results_by_principal ON results (principal, result_id);

CREATE TABLE outcomes (
    result_id TEXT NOT NULL, family TEXT NOT NULL, tier TEXT NOT NULL, model TEXT NOT NULL,
    outcome TEXT NOT NULL, detail TEXT NOT NULL DEFAULT '', at REAL NOT NULL
);
CREATE INDEX outcomes_by_family ON outcomes (family, tier);
