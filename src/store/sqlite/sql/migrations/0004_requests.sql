-- Answers to requests that carried an Idempotency-Key, written with what they changed. Dropped after a day.
CREATE TABLE kept_answers (
    owner       BLOB NOT NULL,
    key         TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    status      INTEGER NOT NULL,
    body        TEXT NOT NULL,
    kept_at     INTEGER NOT NULL,
    PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX kept_answers_by_time ON kept_answers (kept_at);
