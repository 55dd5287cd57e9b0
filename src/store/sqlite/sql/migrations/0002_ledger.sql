-- Money is whole millionths of a US dollar; prices are per million tokens.

-- What a job may spend over all its runs, and the sums of its calls.
CREATE TABLE budgets (
    job             BLOB PRIMARY KEY,
    max_cost        INTEGER,  -- NULL: no cap
    max_tokens      INTEGER,
    spent_cost      INTEGER NOT NULL DEFAULT 0,
    reserved_cost   INTEGER NOT NULL DEFAULT 0,
    spent_tokens    INTEGER NOT NULL DEFAULT 0,
    reserved_tokens INTEGER NOT NULL DEFAULT 0,
    unknown_costs   INTEGER NOT NULL DEFAULT 0  -- ended calls without a known cost
) STRICT, WITHOUT ROWID;
INSERT INTO budgets (job) SELECT id FROM jobs;

-- One row for each request to a provider.
CREATE TABLE calls (
    job               BLOB NOT NULL,
    id                BLOB NOT NULL,
    run               INTEGER NOT NULL,
    lease             INTEGER NOT NULL,
    key               TEXT NOT NULL,
    attempt           INTEGER NOT NULL,
    provider          TEXT NOT NULL,
    model             TEXT NOT NULL,
    state             TEXT NOT NULL,
    expected_prompt   INTEGER NOT NULL,  -- tokens, counted here
    reserved_tokens   INTEGER NOT NULL,
    reserved_cost     INTEGER,           -- NULL: the price is not known, and the three below are NULL too
    prompt_price      INTEGER,
    completion_price  INTEGER,
    cached_price      INTEGER,
    generation_id     TEXT NOT NULL DEFAULT '',
    served_by         TEXT NOT NULL DEFAULT '',  -- whom the provider asked, where it says so
    streamed_tokens   INTEGER NOT NULL DEFAULT 0,
    prompt_tokens     INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens     INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens  INTEGER NOT NULL DEFAULT 0,
    cost              INTEGER,  -- NULL: not known
    cost_from         TEXT,
    ending            TEXT NOT NULL DEFAULT '',
    cancelled_run     INTEGER,  -- the run whose cancel found it in flight
    reserved_at       INTEGER NOT NULL,
    opened_at         INTEGER,
    ended_at          INTEGER,
    PRIMARY KEY (job, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX unfinished_calls ON calls (job, id) WHERE state IN ('reserved', 'open');
CREATE INDEX unsure_calls ON calls (provider, ended_at, id) WHERE state = 'estimated' AND generation_id != '';

-- What an owner's ended calls add up to, over all jobs, deleted ones too: sums without a scan.
CREATE TABLE owner_spending (
    owner             BLOB PRIMARY KEY,
    calls             INTEGER NOT NULL,
    cost              INTEGER NOT NULL,
    prompt_tokens     INTEGER NOT NULL,
    completion_tokens INTEGER NOT NULL,
    unknown_costs     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
