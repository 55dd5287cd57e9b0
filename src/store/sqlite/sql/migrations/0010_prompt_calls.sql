-- Requests to a provider outside any job: one row each, kept when the project or the user is gone. Money and prices as
-- in `calls`.
CREATE TABLE prompt_calls (
    owner             BLOB NOT NULL,
    id                BLOB NOT NULL,
    project           BLOB,           -- that it was made for; NULL: none
    purpose           TEXT NOT NULL,  -- format_prompt
    provider          TEXT NOT NULL,
    model             TEXT NOT NULL,
    is_byok           INTEGER NOT NULL,
    state             TEXT NOT NULL,     -- reserved, then settled, estimated or released
    expected_prompt   INTEGER NOT NULL,  -- tokens, counted here
    reserved_cost     INTEGER,           -- NULL: the price is not known, and the three below are NULL too
    prompt_price      INTEGER,
    completion_price  INTEGER,
    cached_price      INTEGER,
    generation_id     TEXT NOT NULL DEFAULT '',
    served_by         TEXT NOT NULL DEFAULT '',
    prompt_tokens     INTEGER NOT NULL DEFAULT 0,
    completion_tokens INTEGER NOT NULL DEFAULT 0,
    cached_tokens     INTEGER NOT NULL DEFAULT 0,
    reasoning_tokens  INTEGER NOT NULL DEFAULT 0,
    cost              INTEGER,  -- NULL: not known
    cost_from         TEXT,
    ending            TEXT NOT NULL DEFAULT '',
    reserved_at       INTEGER NOT NULL,
    ended_at          INTEGER,
    PRIMARY KEY (owner, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX unfinished_prompt_calls ON prompt_calls (owner, id) WHERE state = 'reserved';
